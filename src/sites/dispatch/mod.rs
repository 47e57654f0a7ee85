//! Who has a function run later: the calls that put its work into a queue count as its callers.

mod event;
mod passed;
mod producers;
mod queue;
mod task;

use super::cx::{Cx, is_callee};
use crate::catalog::{Callee, Dispatch, Kind};
use crate::resolve::Def;
use crate::syntax::{CallId, Expr, FunctionId};
use crate::workspace::FileId;
pub(super) use passed::passed;
pub use producers::{Hands, Producer, producers};
use queue::{by_queue, declared, work_of};

/// How functions of the app run later, by the picked entries.
fn known<'c>(cx: &'c Cx<'_>) -> impl Iterator<Item = &'c Dispatch> {
    let workers = cx.entries(Kind::Worker).filter_map(|e| e.worker.as_ref()).flat_map(|w| &w.dispatches);
    let frameworks = cx.entries(Kind::Framework).filter_map(|e| e.framework.as_ref());
    workers.chain(frameworks.flat_map(|f| &f.dispatches))
}

/// Calls after which a function runs without being called by name.
pub(super) fn callers(cx: &Cx<'_>, file: FileId, function: FunctionId) -> Vec<(FileId, CallId)> {
    let mut found = Vec::new();
    for dispatch in known(cx) {
        match dispatch {
            Dispatch::Method { methods, .. } => by_method(cx, file, function, methods, &mut found),
            Dispatch::Named { methods, .. } => by_name(cx, file, function, methods, &mut found),
            Dispatch::Call { .. } => by_call(cx, file, function, dispatch, &mut found),
            Dispatch::Event { listeners, listens, starts, methods, name, .. } => {
                let Some(names) = event::heard(cx, file, function, (listeners, listens, starts)) else {
                    continue;
                };
                event::sent(cx, &names, (methods, name), &mut found);
            }
            Dispatch::Task { .. } => {
                let Some(names) = task_names(dispatch) else { continue };
                let Some(made) = task::maker(cx, file, function, names) else { continue };
                task::runs(cx, file, made, names, &mut found);
            }
            Dispatch::Started { .. } | Dispatch::Queued { .. } => {}
            Dispatch::Queue { queues, methods, workers, jobs, class, .. } => {
                let Some(work) = work_of(cx, file, function, (workers, jobs, class.as_ref())) else {
                    continue;
                };
                by_queue(cx, &work, (queues, methods, class.as_ref()), &mut found);
            }
        }
    }
    found
}

/// What names one run of a job in the function that a queue runs, as the queue's entry writes it; `None` for other
/// functions, and for queues of which that is not known.
pub fn attempt<'c>(cx: &'c Cx<'_>, file: FileId, function: FunctionId) -> Option<&'c str> {
    known(cx).find_map(|dispatch| {
        let mut calls = Vec::new();
        let (runs, attempt) = match dispatch {
            Dispatch::Method { methods, attempt, .. } => {
                by_method(cx, file, function, methods, &mut calls);
                (!calls.is_empty(), attempt)
            }
            Dispatch::Named { methods, attempt } => {
                by_name(cx, file, function, methods, &mut calls);
                (!calls.is_empty(), attempt)
            }
            Dispatch::Queue { workers, jobs, class, attempt, .. } => {
                (work_of(cx, file, function, (workers, jobs, class.as_ref())).is_some(), attempt)
            }
            Dispatch::Event { listeners, listens, starts, attempt, .. } => {
                (event::heard(cx, file, function, (listeners, listens, starts)).is_some(), attempt)
            }
            Dispatch::Task { attempt, .. } => {
                (task::maker(cx, file, function, task_names(dispatch)?).is_some(), attempt)
            }
            // What is gone with the process is not tried again.
            Dispatch::Call { .. } | Dispatch::Started { .. } | Dispatch::Queued { .. } => return None,
        };
        attempt.as_deref().filter(|_| runs)
    })
}

fn task_names(dispatch: &Dispatch) -> Option<task::Names<'_>> {
    let Dispatch::Task { makers, run, id, methods, named, many, .. } = dispatch else { return None };
    Some(task::Names { makers, run, id, methods, named, many })
}

/// The member of a function's first parameter that is the event which it listens to.
pub fn event_member<'c>(cx: &'c Cx<'_>, file: FileId, function: FunctionId) -> Option<&'c str> {
    known(cx).find_map(|dispatch| match dispatch {
        Dispatch::Event { listeners, listens, starts, member, .. } => {
            event::heard(cx, file, function, (listeners, listens, starts)).map(|_| member.as_str())
        }
        _ => None,
    })
}

/// Whether a function goes into a queue when it is called like any other.
pub fn is_queued(cx: &Cx<'_>, file: FileId, function: FunctionId) -> bool {
    let f = cx.program.facts(file).function(function);
    let is = |callees: &Vec<Callee>| {
        f.decorators.iter().any(|d| {
            let def = cx.def(file, f.parent, &d.path);
            callees.iter().any(|callee| is_callee(callee, &def))
        })
    };
    known(cx).any(|dispatch| matches!(dispatch, Dispatch::Queued { decorators } if is(decorators)))
}

/// Calls of files that hold a word and whose last member is one of the methods.
fn calls_with<'c>(
    cx: &'c Cx<'_>,
    word: &str,
    methods: &'c [String],
) -> impl Iterator<Item = (FileId, CallId)> + 'c {
    cx.program.files_calling(word, methods).into_iter().filter(|f| cx.holds(*f)).flat_map(move |at| {
        let facts = cx.program.facts(at);
        let ids = facts
            .call_ids()
            .filter(move |id| facts.call(*id).callee.segments.last().is_some_and(|m| methods.contains(m)));
        ids.map(move |id| (at, id))
    })
}

fn by_method(
    cx: &Cx<'_>,
    file: FileId,
    function: FunctionId,
    methods: &[String],
    found: &mut Vec<(FileId, CallId)>,
) {
    let name = &cx.program.facts(file).function(function).name;
    if name.is_empty() {
        return;
    }
    found.extend(calls_with(cx, name, methods).filter(|(at, id)| {
        let call = cx.program.facts(*at).call(*id);
        let mut callee = call.callee.clone();
        callee.segments.pop();
        callee.last() == Some(name) && cx.def(*at, call.function, &callee) == Def::Function(file, function)
    }));
}

fn by_name(
    cx: &Cx<'_>,
    file: FileId,
    function: FunctionId,
    methods: &[String],
    found: &mut Vec<(FileId, CallId)>,
) {
    let f = cx.program.facts(file).function(function);
    if f.name.is_empty() || f.decorators.is_empty() {
        return;
    }
    let path = cx.path(file).trim_end_matches(".py").replace('/', ".");
    let whole = format!("{path}.{}", f.name);
    found.extend(calls_with(cx, &f.name, methods).filter(|(at, id)| {
        let told = cx.program.facts(*at).call(*id).args.first().and_then(Expr::as_str);
        told.is_some_and(|told| whole == told || told.contains('.') && whole.ends_with(&format!(".{told}")))
    }));
}

/// Calls that are given the function along with its arguments.
fn by_call(
    cx: &Cx<'_>,
    file: FileId,
    function: FunctionId,
    dispatch: &Dispatch,
    found: &mut Vec<(FileId, CallId)>,
) {
    let takers = cx.handed_over(file, function);
    let takes = |taker: &&(FileId, CallId, usize)| takes(cx, dispatch, taker);
    let calls: Vec<_> = takers.iter().filter(takes).map(|(at, call, _)| (*at, *call)).collect();
    found.extend(calls);
}

/// Whether a call that is given a function at a position has it run so.
fn takes(cx: &Cx<'_>, dispatch: &Dispatch, (file, call, position): &(FileId, CallId, usize)) -> bool {
    let Dispatch::Call { callees, function, keyword, .. } = dispatch else { return false };
    let c = cx.program.facts(*file).call(*call);
    // Keywords count on after the arguments.
    let named = position.checked_sub(c.args.len()).and_then(|at| c.keywords.get(at)).map(|(name, _)| name);
    let there = named.map_or_else(|| position == function, |name| keyword.as_ref() == Some(name));
    there && calls_one(cx, (*file, *call), callees)
}

/// Whether a call is of one of these, also of a member of what a parameter is declared to be.
fn calls_one(cx: &Cx<'_>, (file, call): (FileId, CallId), callees: &[Callee]) -> bool {
    let def = cx.callee(file, call);
    if callees.iter().any(|callee| is_callee(callee, &def)) {
        return true;
    }
    let c = cx.program.facts(file).call(call);
    let mut object = c.callee.clone();
    let Some(method) = object.segments.pop() else { return false };
    let of_type = declared(cx, &cx.def(file, c.function, &object));
    let is_it = |callee: &Callee| {
        let whole = Callee { made: None, ..callee.clone() };
        callee.made.as_deref() == Some(method.as_str()) && is_callee(&whole, &of_type)
    };
    callees.iter().any(is_it)
}

/// Where the arguments are in a call that is given a function along with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Along {
    /// Among its own, from one on.
    From(usize),
    /// In a list and a dictionary.
    Packed,
}

/// Where the arguments are in a call that is given a function along with them; `None` for other calls.
fn along(cx: &Cx<'_>, (file, call): (FileId, CallId), (to, callee): (FileId, FunctionId)) -> Option<Along> {
    let handed = cx.handed_over(to, callee);
    let taker = handed.iter().find(|(at, id, _)| (*at, *id) == (file, call))?;
    let c = cx.program.facts(file).call(call);
    let is_packed = c.keywords.iter().any(|(name, _)| name == "args" || name == "kwargs");
    let mut fitting = known(cx).filter(|dispatch| takes(cx, dispatch, taker)).filter_map(|d| match d {
        Dispatch::Call { arguments, .. } => Some(arguments.map_or(Along::Packed, Along::From)),
        _ => None,
    });
    let first = fitting.next()?;
    let wanted = |along: &Along| (*along == Along::Packed) == is_packed;
    Some(std::iter::once(first).chain(fitting).find(wanted).unwrap_or(first))
}

/// Whether a call runs the function it is given with the context of its caller, and is done when that is.
pub fn runs_in_context(cx: &Cx<'_>, taker: &(FileId, CallId, usize)) -> bool {
    known(cx).any(|d| matches!(d, Dispatch::Call { in_context: true, .. }) && takes(cx, d, taker))
}

/// Whether a call is given to another that runs what it gives with the context of its caller.
pub fn is_started(cx: &Cx<'_>, file: FileId, call: CallId) -> bool {
    let facts = cx.program.facts(file);
    let mut outer = facts.call_ids().filter(|id| {
        let outer = facts.call(*id);
        let mut given = outer.args.iter().chain(outer.keywords.iter().map(|(_, value)| value));
        given.any(|arg| arg.as_call() == Some(call))
    });
    outer.any(|id| {
        known(cx).any(|d| matches!(d, Dispatch::Started { callees } if calls_one(cx, (file, id), callees)))
    })
}

#[cfg(test)]
mod tests;
