//! The ways in to a paid call that is not told who pays: from each request handler down, call by call.
//!
//! A payer that the handler names for the time of one call is still named at the paid call when everything between runs
//! within that call. So only plain calls count as steps, and functions that are run at once by what they are given to; a
//! generator runs when it is read, a stored callback when somebody else likes. Such a way is a fault in words, and the
//! calls behind it are not billed.

use std::collections::BTreeSet;

use crate::catalog::Kind;
use crate::edit::Edit;
use crate::resolve::Def;
use crate::sites::cx::Cx;
use crate::sites::handlers::{Reached, handler_of};
use crate::sites::{
    HandlerRef, Hands, Identity, Producer, is_queued, payer, producers, runners, runs_in_context,
};
use crate::steps::paid::record::Reason;
use crate::syntax::source::Source;
use crate::syntax::{CallId, FunctionId, FunctionKind, Param, Path};
use crate::workspace::FileId;

/// Steps upwards before giving up; a request seldom goes through more layers.
pub(super) const MAX_STEPS: usize = 8;

/// Members that run what they are given before their own value is there.
const RUN_AT_ONCE: &[&str] =
    &["map", "flatMap", "filter", "forEach", "reduce", "some", "every", "find", "then", "catch", "finally"];

/// The call in a handler through which a paid call is reached.
#[derive(Clone)]
pub struct Door {
    /// The handler.
    pub handler: HandlerRef,
    /// The call in it, in the handler's file.
    pub call: CallId,
    /// Who is signed in there.
    pub identity: Option<Identity>,
    /// The calls from the handler's down to the function of the paid call, that one included.
    pub steps: Vec<(FileId, CallId)>,
    /// Edits by which who pays comes there.
    pub brings: Vec<(FileId, Vec<Edit>)>,
}

/// Every way in.
#[derive(Default)]
pub struct Ways {
    /// Those on which a payer that is named in the handler is known at the paid call.
    pub doors: Vec<Door>,
    /// Those on which it is not, each with its place.
    pub faults: Vec<Reason>,
    /// Calls on the way that stand in no handler and have no caller: scripts and jobs.
    pub others: Vec<(FileId, Option<CallId>)>,
}

/// A function on the way up, with the calls from it down to the paid one's function.
struct Standing {
    file: FileId,
    function: Option<FunctionId>,
    steps: Vec<(FileId, CallId)>,
}

/// Climbs from a paid call in a function.
pub fn ways(cx: &Cx<'_>, file: FileId, function: Option<FunctionId>) -> Ways {
    let mut ways = Ways::default();
    let mut seen: BTreeSet<(FileId, FunctionId)> = BTreeSet::new();
    let mut level = vec![Standing { file, function, steps: Vec::new() }];
    for _ in 0..MAX_STEPS {
        let mut next = Vec::new();
        for standing in level {
            climb(cx, &standing, &mut seen, &mut ways, &mut next);
        }
        if next.is_empty() {
            break;
        }
        level = next;
    }
    runners::keep_starting(cx, &mut ways.doors, |d| &d.steps);
    ways.doors.sort_by_key(|d| (d.handler.file, d.call));
    ways.doors.dedup_by_key(|d| (d.handler.file, d.call));
    ways
}

fn climb(
    cx: &Cx<'_>,
    from: &Standing,
    seen: &mut BTreeSet<(FileId, FunctionId)>,
    ways: &mut Ways,
    next: &mut Vec<Standing>,
) {
    let facts = cx.program.facts(from.file);
    let handler = facts.enclosing(from.function).find(|id| handler_of(cx, from.file, *id).is_some());
    if let Some(handler) = handler {
        ways.doors.extend(door(cx, from, handler));
        return;
    }
    let mut at = from.function;
    while let Some(id) = at {
        let function = facts.function(id);
        let fault =
            |why: &str| Reason { why: why.to_owned(), file: from.file, at: function.span.start, whole: true };
        if function.is_generator {
            ways.faults.push(fault(
                "what it yields is read outside of the request's own run; hand the user's id down to this generator",
            ));
            return;
        }
        if is_queued(cx, from.file, id) {
            ways.faults.push(fault("a queue runs it, elsewhere; hand the user's id down to it"));
            return;
        }
        let callers = cx.callers(from.file, id);
        let known = known_runs(cx, from.file, id);
        if !callers.is_empty() || !known.is_empty() {
            ways.faults.extend(run_later(cx, from.file, id, &known));
            if seen.insert((from.file, id)) {
                for (file, call) in callers.iter().copied().chain(known) {
                    if cx.is_aside(file) {
                        continue;
                    }
                    let mut steps = from.steps.clone();
                    steps.push((file, call));
                    next.push(Standing { file, function: cx.program.facts(file).call(call).function, steps });
                }
            }
            return;
        }
        if function.parent.is_none() {
            let stored =
                matches!(function.kind, FunctionKind::Property) || !cx.handed_over(from.file, id).is_empty();
            if stored {
                ways.faults.push(fault(
                    "it is handed to code that runs it in its own time; hand the user's id down to it",
                ));
            } else {
                ways.others.push((from.file, from.steps.last().map(|(_, call)| *call)));
            }
            return;
        }
        if !runs_at_once(cx, from.file, id) {
            ways.faults.push(fault(
                "it is a callback that others run in their own time; hand the user's id down to it",
            ));
            return;
        }
        at = function.parent;
    }
    ways.others.push((from.file, from.steps.last().map(|(_, call)| *call)));
}

/// The door of a handler around a call; none when the paid call itself stands in the handler.
fn door(cx: &Cx<'_>, from: &Standing, function: FunctionId) -> Option<Door> {
    let found = handler_of(cx, from.file, function)?;
    let (_, call) = *from.steps.last()?;
    let statement = cx.program.facts(from.file).call(call).statement;
    let steps: Vec<_> = from.steps.iter().rev().copied().collect();
    let reached = Reached { file: from.file, function, found, calls: steps.clone() };
    let identity = payer::in_handler(cx, &reached, statement.start).filter(|i| i.ready_at <= statement.start);
    let handler = HandlerRef::of(&reached);
    Some(Door { handler, call, identity, steps, brings: Vec::new() })
}

/// Calls that have a function run in its own time, where others call it too.
fn run_later(cx: &Cx<'_>, file: FileId, function: FunctionId, known: &[(FileId, CallId)]) -> Vec<Reason> {
    let later = producers(cx, file, function).unwrap_or_default();
    let others = later.iter().filter(|p| p.hands != Hands::Called && !known.contains(&(p.file, p.call)));
    let fault = |producer: &Producer| {
        let call = cx.program.facts(producer.file).call(producer.call);
        Reason {
            why: format!(
                "what `{}` has run in its own time is not billed: hand the user's id down to it",
                cx.written(producer.file, &call.callee)
            ),
            file: producer.file,
            at: call.span.start,
            whole: false,
        }
    };
    others.map(fault).collect()
}

/// Calls that run a function they are given, with the context of their caller.
fn known_runs(cx: &Cx<'_>, file: FileId, function: FunctionId) -> Vec<(FileId, CallId)> {
    let handed = cx.handed_over(file, function);
    // The node of a graph runs in the context of whoever starts the graph.
    let of_graph = |at: FileId, call: CallId| {
        matches!(cx.callee(at, call), Def::Outside(..)) && runners::module(cx, at, call).is_some()
    };
    let runs = handed.iter().filter(|taker| runs_in_context(cx, taker) || of_graph(taker.0, taker.1));
    runs.map(|(at, call, _)| (*at, *call)).collect()
}

/// Whether a function written in place is run by what it is given to before that is done.
fn runs_at_once(cx: &Cx<'_>, file: FileId, function: FunctionId) -> bool {
    let facts = cx.program.facts(file);
    let Some((call, position)) = facts.function(function).argument_of else { return false };
    let call_facts = facts.call(call);
    let method = call_facts.callee.segments.last();
    let member = method.is_some_and(|m| RUN_AT_ONCE.contains(&m.as_str()));
    let orms = cx.entries(Kind::Orm).filter_map(|e| e.orm.as_ref());
    if method.is_some_and(|m| orms.flat_map(|o| &o.transactions).any(|t| t == m)) {
        return true;
    }
    match cx.callee(file, call) {
        // The app's own wrapper: it calls its parameter itself.
        Def::Function(at, wrapper) => {
            let facts = cx.program.facts(at);
            let name = facts.function(wrapper).params.get(position).and_then(Param::name);
            name.is_some_and(|name| {
                facts.calls.iter().any(|c| c.callee.as_name() == Some(name) && c.function == Some(wrapper))
            })
        }
        Def::Outside(..) => false,
        _ => member || (call_facts.is_new && call_facts.callee.as_name() == Some("Promise")),
    }
}

/// What a function gives back is the value of one call: its only `return`, directly or by name.
pub fn gives_back(cx: &Cx<'_>, file: FileId, function: FunctionId, call: CallId) -> bool {
    let facts = cx.program.facts(file);
    let mut returns = facts.returns.iter().filter(|(f, _)| *f == function).map(|(_, value)| value);
    let (Some(value), None) = (returns.next(), returns.next()) else { return false };
    if value.as_call() == Some(call) {
        return true;
    }
    let Some(name) = value.unawaited().as_path().and_then(Path::as_name) else { return false };
    let mut bound = facts
        .bindings
        .iter()
        .filter(|b| b.function == Some(function) && b.names.iter().any(|n| n.local == name));
    let (Some(binding), None) = (bound.next(), bound.next()) else { return false };
    let whole = matches!(binding.names.as_slice(), [one] if one.path.is_empty());
    whole && binding.value.as_call() == Some(call) && facts.call(call).function == Some(function)
}

/// The one call in a handler whose value is the paid call's own: nobody else gets there, and every function between
/// only gives back what it was given.
pub fn same_value<'w>(cx: &Cx<'_>, ways: &'w Ways, paid: (FileId, CallId)) -> Option<&'w Door> {
    let [door] = ways.doors.as_slice() else { return None };
    if !ways.faults.is_empty() || !ways.others.is_empty() {
        return None;
    }
    let below = door.steps.iter().skip(1).copied().chain([paid]);
    let passes = door.steps.iter().zip(below).all(|(step, (file, call))| match cx.callee(step.0, step.1) {
        Def::Function(at, function) => {
            at == file && gives_back(cx, at, function, call) && !is_caught(cx, file, call)
        }
        _ => false,
    });
    passes.then_some(door)
}

/// Whether an error of a call is caught in its own function, so that the function may go on without the value.
fn is_caught(cx: &Cx<'_>, file: FileId, call: CallId) -> bool {
    let facts = cx.program.facts(file);
    let call = facts.call(call);
    let text = cx.workspace().text(file);
    let language = cx.workspace().entry(file).language;
    let Some((text, language)) = text.ok().zip(language) else { return true };
    let Some(source) = Source::parse(language, text.as_str()) else { return true };
    let body = call.function.map(|f| facts.function(f).body);
    let mut node = source.node(&call.span.range());
    while let Some(inner) = node {
        if inner.kind() == "try_statement" {
            return true;
        }
        node = inner.parent().filter(|p| body.is_none_or(|b| p.start_byte() >= b.start as usize));
    }
    false
}
