//! Request handlers, by the shapes the picked frameworks' entries describe, and the way from a call up to them.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::cx::{Cx, after};
use super::{dispatch, runners};
use crate::catalog::{ArgumentChoice, Entry, Handler, HandlerShape, Kind, Symbol};
use crate::resolve::Def;
use crate::syntax::{Binding, Call, CallId, ExportTarget, Expr, Facts, FunctionId, FunctionKind, Path, Root};
use crate::workspace::FileId;

/// Calls followed upwards before giving up; a request seldom goes through more layers.
const MAX_HOPS: usize = 8;

/// A function on the way up, with the calls from it down to the start.
type Standing = (FileId, Option<FunctionId>, Way);

/// Calls from the top down.
type Way = Vec<(FileId, CallId)>;

/// A function that is a handler.
#[derive(Clone, Copy)]
pub struct Found<'a> {
    /// The entry of the framework, or of what listens in its place.
    pub framework: &'a Entry,
    /// The shape that fits.
    pub handler: &'a Handler,
    /// The call that registers it, for frameworks that have one.
    pub route: Option<(FileId, CallId)>,
}

/// A handler from which a function is reached.
#[derive(Clone)]
pub struct Reached<'a> {
    /// The handler's file.
    pub file: FileId,
    /// The handler.
    pub function: FunctionId,
    /// What it is.
    pub found: Found<'a>,
    /// The calls on the way, from the handler down; empty when the handler holds the call itself.
    pub calls: Vec<(FileId, CallId)>,
}

/// What kind of handler a function is, `None` when it is none.
pub fn handler_of<'a>(cx: &Cx<'a>, file: FileId, function: FunctionId) -> Option<Found<'a>> {
    cx.handler(file, function)
}

/// The search behind [`handler_of`], which keeps what it found.
pub(super) fn find_handler<'a>(cx: &Cx<'a>, file: FileId, function: FunctionId) -> Option<Found<'a>> {
    // What is built on another framework says more of its handlers than that one does.
    let built_on = |entry: &&Entry| !entry.implies.is_empty();
    let first = cx.entries(Kind::Framework).filter(built_on);
    let rest = cx.entries(Kind::Framework).filter(|entry| !built_on(entry));
    for framework in first.chain(rest).chain(cx.entries(Kind::Worker)) {
        if runs_elsewhere(cx, framework, file) {
            continue;
        }
        let listening = framework.worker.iter().flat_map(|w| &w.handlers);
        for handler in framework.framework.iter().flat_map(|f| &f.handlers).chain(listening) {
            let route = match fits(cx, &handler.shape, file, function) {
                Fit::No => continue,
                Fit::Yes => None,
                Fit::Route(file, call) => Some((file, call)),
            };
            return Some(Found { framework, handler, route });
        }
    }
    None
}

/// Whether a module says by a directive that it runs where no request is handled: in the browser.
fn runs_elsewhere(cx: &Cx<'_>, framework: &Entry, file: FileId) -> bool {
    let runtimes = framework.framework.iter().flat_map(|f| &f.runtimes);
    let mut directives = runtimes.filter_map(|runtime| runtime.directive.as_ref());
    directives.any(|text| cx.program.facts(file).has_directive(text))
}

enum Fit {
    No,
    Yes,
    Route(FileId, CallId),
}

impl From<bool> for Fit {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

fn fits(cx: &Cx<'_>, shape: &HandlerShape, file: FileId, function: FunctionId) -> Fit {
    let facts = cx.program.facts(file);
    let f = facts.function(function);
    match shape {
        HandlerShape::FileExport { files, exports, members } => {
            if !cx.matches(file, files) {
                return Fit::No;
            }
            if *members {
                return (f.kind == FunctionKind::Property && f.parent.is_none()).into();
            }
            let names = exports.iter().filter(|name| name.as_str() == f.name || name.as_str() == "default");
            let itself = names.into_iter().any(|name| exported_as(cx, file, function, name));
            (itself || exports.iter().any(|name| wrapped_as(cx, file, function, name))).into()
        }
        HandlerShape::Directive { text } => {
            let own = facts.directives.iter().any(|(t, at)| t == text && *at == Some(function));
            let exported = f.parent.is_none() && facts.exports.iter().any(|e| e.name == f.name);
            (own || (facts.has_directive(text) && exported)).into()
        }
        HandlerShape::RouteCall { routers, usual_names, methods, ends, itself, handlers } => {
            if cx.path_in_app(file).is_none() {
                return Fit::No;
            }
            let known = Router { routers, usual_names, gives: &[methods.as_slice(), itself.as_slice()] };
            let taken = match handlers {
                ArgumentChoice::Key(key) => in_objects(cx, file, function, key),
                _ => registrations(cx, file, function),
            };
            let is_end = |c: &Call, member: &String| {
                ends.as_ref().is_some_and(|ends| {
                    let below =
                        c.args.first().and_then(Expr::as_str).is_some_and(|path| path.starts_with('/'));
                    below && f.params.len() <= ends.params && ends.methods.contains(member)
                })
            };
            let call = taken.into_iter().find(|(at, call, position)| {
                let facts = cx.program.facts(*at);
                let c = facts.call(*call);
                let last = c.callee.segments.last();
                last.is_some_and(|m| methods.contains(m) || is_end(c, m))
                    && chosen(handlers, *position, c.args.len())
                    && known.is(cx, *at, &c.callee, c.function)
            });
            call.map_or(Fit::No, |(at, call, _)| Fit::Route(at, call))
        }
        HandlerShape::RouterDecorator { routers, methods } => f
            .decorators
            .iter()
            .any(|d| {
                d.path.segments.last().is_some_and(|m| methods.contains(m))
                    && Router { routers, usual_names: &[], gives: &[] }.is(cx, file, &d.path, f.parent)
            })
            .into(),
        HandlerShape::Decorator { symbols } => {
            f.decorators.iter().any(|d| is_symbol(symbols, &cx.def(file, f.parent, &d.path))).into()
        }
        HandlerShape::ClassMethod { bases, methods } => {
            let named = if methods.is_empty() { !f.name.starts_with('_') } else { methods.contains(&f.name) };
            (named && f.class.is_some_and(|class| has_base(cx, file, facts, class, bases, 0))).into()
        }
        HandlerShape::DecoratedMethod { class, method } => {
            let decorated = |decorators: &[crate::syntax::Decorator], symbols: &[Symbol]| {
                decorators.iter().any(|d| is_symbol(symbols, &cx.def(file, None, &d.path)))
            };
            let in_class = f.class.is_some_and(|c| decorated(&facts.class(c).decorators, class));
            (in_class && decorated(&f.decorators, method)).into()
        }
        HandlerShape::Wrapped { wrappers, globals, files, handlers } => {
            if !files.is_empty() && !cx.matches(file, files) {
                return Fit::No;
            }
            let Some((call, position)) = f.argument_of else {
                // An object of handlers: `createFileRoute(…)({ server: { handlers: { POST } } })`.
                return Fit::No;
            };
            let c = facts.call(call);
            let global = c.callee.as_name().is_some_and(|n| globals.iter().any(|g| g == n));
            let wrapper = global || is_symbol(wrappers, &cx.def(file, c.function, &c.callee));
            (wrapper && chosen(handlers, position, c.args.len())).into()
        }
        HandlerShape::RouteTable { symbols, files, handlers } => {
            let row = cx.handed_over(file, function).iter().copied().find(|(at, call, position)| {
                let facts = cx.program.facts(*at);
                let c = facts.call(*call);
                cx.matches(*at, files)
                    && chosen(handlers, *position, c.args.len())
                    && is_symbol(symbols, &cx.def(*at, c.function, &c.callee))
            });
            row.map_or(Fit::No, |(at, call, _)| Fit::Route(at, call))
        }
        HandlerShape::ChainEnd { packages, methods, handlers, context: _ } => {
            let Some((call, position)) = f.argument_of else { return Fit::No };
            let c = facts.call(call);
            let chained = c.callee.segments.last().is_some_and(|m| methods.contains(m));
            let depends = || {
                let manifests = cx.workspace().files().filter(|(_, e)| e.name() == "package.json");
                manifests.into_iter().any(|(id, _)| {
                    cx.workspace()
                        .text(id)
                        .is_ok_and(|t| packages.iter().any(|p| t.as_str().contains(&format!("\"{p}\""))))
                })
            };
            (chained && chosen(handlers, position, c.args.len()) && depends()).into()
        }
    }
}

/// Calls that take the function, also inside a wrapper call: `router.post("/", catchAsync(handler))`.
fn registrations(cx: &Cx<'_>, file: FileId, function: FunctionId) -> Vec<(FileId, CallId, usize)> {
    let mut found = cx.handed_over(file, function).to_vec();
    let mut next = 0;
    while next < found.len() && found.len() < 64 {
        let (at, call, _) = found[next];
        next += 1;
        let facts = cx.program.facts(at);
        for outer in facts.call_ids() {
            let position = facts.call(outer).args.iter().position(|a| a.as_call() == Some(call));
            if let Some(position) = position
                && !found.iter().any(|(f, c, _)| (*f, *c) == (at, outer))
            {
                found.push((at, outer, position));
            }
        }
    }
    found
}

fn exported_as(cx: &Cx<'_>, file: FileId, function: FunctionId, name: &str) -> bool {
    cx.program.export(file, name, 0) == Def::Function(file, function)
}

/// `export const POST = withUser(draft);`: what a wrapper makes of a function of the same file.
fn wrapped_as(cx: &Cx<'_>, file: FileId, function: FunctionId, name: &str) -> bool {
    let facts = cx.program.facts(file);
    let Some(export) = facts.exports.iter().find(|e| e.name == name) else { return false };
    if facts.function(function).parent.is_some() {
        return false;
    }
    // `export default withUser(async function handler() { … })`
    if let ExportTarget::Value(value) = &export.target
        && let Some(call) = value.as_call()
    {
        return facts.call(call).args.iter().any(|arg| match arg {
            Expr::Function(inner) => *inner == function,
            Expr::Path(path) => cx.def(file, None, path) == Def::Function(file, function),
            _ => false,
        });
    }
    let given = |binding: &Binding| {
        let call = facts.call(binding.value.as_call()?);
        let first = call.args.iter().find_map(Expr::as_path)?;
        Some(cx.def(file, None, first) == Def::Function(file, function))
    };
    let named =
        |b: &&Binding| b.function.is_none() && b.names.iter().any(|n| n.local == name && n.path.is_empty());
    facts.bindings.iter().find(named).and_then(given).unwrap_or_default()
}

fn chosen(choice: &ArgumentChoice, position: usize, count: usize) -> bool {
    match choice {
        ArgumentChoice::Last => position + 1 == count,
        ArgumentChoice::At(at) => position == *at,
        // The last is the handler proper, those before are its middleware.
        ArgumentChoice::From(from) => position >= *from && position + 1 == count,
        ArgumentChoice::Key(_) => true,
    }
}

fn is_symbol(symbols: &[Symbol], def: &Def) -> bool {
    symbols.iter().any(|s| after(s, def).is_some_and(<[String]>::is_empty))
}

/// Calls that take a function at a key of an object: `app.route({ url: "/", handler })`.
fn in_objects(cx: &Cx<'_>, file: FileId, function: FunctionId, key: &str) -> Vec<(FileId, CallId, usize)> {
    let name = &cx.program.facts(file).function(function).name;
    let named = if name.is_empty() { Vec::new() } else { cx.program.files_with_word(name) };
    let files: BTreeSet<FileId> = named.into_iter().filter(|at| cx.holds(*at)).chain([file]).collect();
    let mut found = Vec::new();
    for at in files {
        let facts = cx.program.facts(at);
        let is_it = |of: Option<FunctionId>, value: &Expr| match value {
            Expr::Function(id) => (at, *id) == (file, function),
            Expr::Path(path) => cx.def(at, of, path) == Def::Function(file, function),
            _ => false,
        };
        for id in facts.call_ids() {
            let call = facts.call(id);
            let holds = |arg: &Expr| arg.property(key).is_some_and(|value| is_it(call.function, value));
            found.extend(call.args.iter().position(holds).map(|position| (at, id, position)));
        }
    }
    found
}

/// What is known of a framework's routers.
struct Router<'s> {
    /// What makes one.
    routers: &'s [Symbol],
    /// Usual names of parameters that are one.
    usual_names: &'s [String],
    /// Members that give the router back.
    gives: &'s [&'s [String]],
}

impl Router<'_> {
    /// Whether the object in front of the last member is a router: made by a router's constructor, a parameter with a
    /// usual name, or what a router gives back of itself.
    fn is(&self, cx: &Cx<'_>, file: FileId, callee: &Path, function: Option<FunctionId>) -> bool {
        let mut object = callee.clone();
        if object.segments.pop().is_none() {
            return false;
        }
        if let (Root::Call(inner), []) = (&object.root, object.segments.as_slice()) {
            let inner = cx.program.facts(file).call(*inner);
            let last = inner.callee.segments.last();
            let again = last.is_some_and(|m| self.gives.iter().any(|names| names.contains(m)));
            if again && self.is(cx, file, &inner.callee, inner.function) {
                return true;
            }
        }
        let def = cx.def(file, function, &object);
        let makes = |r: &Symbol| after(r, &def).is_some_and(|rest| rest.first().is_some_and(|m| m == "()"));
        let unknown = matches!(def, Def::Unknown | Def::Param(..) | Def::Value(..));
        self.routers.iter().any(makes)
            || (unknown && object.last().is_some_and(|n| self.usual_names.iter().any(|u| u == n)))
    }
}

fn has_base(
    cx: &Cx<'_>,
    file: FileId,
    facts: &Facts,
    class: crate::syntax::ClassId,
    bases: &[Symbol],
    hops: usize,
) -> bool {
    if hops > 5 {
        return false;
    }
    let class = facts.class(class);
    class.bases.iter().any(|base| match cx.def(file, class.parent, base) {
        Def::Class(at, id) => has_base(cx, at, cx.program.facts(at), id, bases, hops + 1),
        def => is_symbol(bases, &def),
    })
}

/// The nearest handlers from which a function is reached; ties in file order. What is further away only sees the same
/// spend from there.
pub fn reached_from<'a>(cx: &Cx<'a>, file: FileId, function: Option<FunctionId>) -> Vec<Reached<'a>> {
    climb(cx, file, function, true)
}

/// Every handler from which a function is reached, nearest first.
pub fn all_reached_from<'a>(cx: &Cx<'a>, file: FileId, function: Option<FunctionId>) -> Vec<Reached<'a>> {
    climb(cx, file, function, false)
}

fn climb<'a>(
    cx: &Cx<'a>,
    file: FileId,
    function: Option<FunctionId>,
    only_nearest: bool,
) -> Vec<Reached<'a>> {
    let mut level: Vec<Standing> = vec![(file, function, Vec::new())];
    let mut seen: BTreeSet<(FileId, FunctionId)> = BTreeSet::new();
    let mut found: Vec<Reached<'a>> = Vec::new();
    for _ in 0..MAX_HOPS {
        let mut open: Vec<(FileId, FunctionId, Way)> = Vec::new();
        for (file, function, calls) in level {
            let facts = cx.program.facts(file);
            let around: Vec<FunctionId> = facts.enclosing(function).collect();
            let handler = around.iter().find_map(|id| handler_of(cx, file, *id).map(|found| (*id, found)));
            // What listens to something that the app itself sends is reached by whoever sends it.
            let told = |function| {
                handler.is_some_and(|(_, found)| found.framework.kind == Kind::Worker)
                    && !dispatch::callers(cx, file, function).is_empty()
            };
            if let Some((function, handler)) = handler
                && !told(function)
            {
                let calls = calls.iter().rev().copied().collect();
                keep_earliest(cx, &mut found, Reached { file, function, found: handler, calls });
                continue;
            }
            open.extend(
                around.into_iter().filter(|id| seen.insert((file, *id))).map(|id| (file, id, calls.clone())),
            );
        }
        if only_nearest && !found.is_empty() {
            break;
        }
        // Their callers are found side by side; the order stays that of the functions.
        let above = |(file, function, calls): (FileId, FunctionId, Way)| {
            let callers = callers_of(cx, file, function).into_iter();
            let callers = callers.filter(|(at, _)| !cx.is_aside(*at));
            callers.map(move |(at, call)| {
                let mut calls = calls.clone();
                calls.push((at, call));
                (at, cx.program.facts(at).call(call).function, calls)
            })
        };
        let next: Vec<Standing> = open.into_par_iter().flat_map_iter(above).collect();
        if next.is_empty() {
            break;
        }
        level = next;
    }
    runners::keep_starting(cx, &mut found, |r| &r.calls);
    found
}

/// One way a handler: by the first of its statements, before which everything must be settled.
fn keep_earliest<'a>(cx: &Cx<'a>, found: &mut Vec<Reached<'a>>, reached: Reached<'a>) {
    let start = |r: &Reached<'_>| {
        r.calls.first().map(|(file, call)| cx.program.facts(*file).call(*call).statement.start)
    };
    let same = found.iter_mut().find(|r| (r.file, r.function) == (reached.file, reached.function));
    match same {
        Some(known) if start(known) > start(&reached) => *known = reached,
        Some(_) => {}
        None => found.push(reached),
    }
}

/// Calls of a function, and calls it is handed to inside other functions (`asyncio.to_thread(f, x)`).
fn callers_of(cx: &Cx<'_>, file: FileId, function: FunctionId) -> Vec<(FileId, CallId)> {
    let mut callers = cx.callers(file, function).to_vec();
    let given = cx.program.facts(file).function(function).argument_of;
    callers.extend(
        cx.handed_over(file, function)
            .iter()
            .filter(|(at, call, _)| {
                let facts = cx.program.facts(*at);
                let own = given.is_some_and(|(c, _)| *at == file && c == *call);
                !own && facts.call(*call).function.is_some()
            })
            .map(|(at, call, _)| (*at, *call)),
    );
    for later in dispatch::callers(cx, file, function) {
        if !callers.contains(&later) {
            callers.push(later);
        }
    }
    let f = cx.program.facts(file).function(function);
    if callers.is_empty() && f.kind == FunctionKind::Property && !f.name.is_empty() {
        callers = members_named(cx, file, &f.name);
    }
    if callers.is_empty() && f.kind == FunctionKind::Property && f.parent.is_none() {
        callers = takers(cx, file, function);
    }
    if callers.is_empty() && f.parent.is_none() && f.class.is_none() {
        callers = runs_of_list(cx, file, function);
    }
    callers
}

/// Calls on the value that was made with a list of functions: `agent.stream(…)` where
/// `agent = create_agent(model, tools=[draw])`.
fn runs_of_list(cx: &Cx<'_>, file: FileId, function: FunctionId) -> Vec<(FileId, CallId)> {
    let facts = cx.program.facts(file);
    let name = &facts.function(function).name;
    if name.is_empty() {
        return Vec::new();
    }
    let target = Def::Function(file, function);
    let mut found = Vec::new();
    for at in cx.program.files_with_word(name).into_iter().filter(|f| cx.holds(*f)) {
        let facts = cx.program.facts(at);
        for id in facts.call_ids() {
            let call = facts.call(id);
            let given = call.args.iter().chain(call.keywords.iter().map(|(_, value)| value));
            let mut lists = given.filter(|arg| matches!(arg, Expr::List(_) | Expr::Object(_)));
            let mut is_it = |path: &Path| {
                path.last() == Some(name) && cx.program.resolve_path(at, call.function, path) == target
            };
            if lists.any(|list| holds(list, &mut is_it)) {
                found.extend(runs_of(cx, at, id));
            }
        }
    }
    found
}

/// Calls of members of the value that a call gives, where that is kept under a name.
fn runs_of(cx: &Cx<'_>, file: FileId, maker: CallId) -> Vec<(FileId, CallId)> {
    let facts = cx.program.facts(file);
    let kept = facts.bindings.iter().position(|b| b.value.as_call() == Some(maker));
    let Some(index) = kept else { return Vec::new() };
    let Some(name) = facts.bindings[index].names.first().filter(|n| n.path.is_empty()) else {
        return Vec::new();
    };
    let target = Def::Value(file, index, Vec::new());
    let mut found = Vec::new();
    for at in cx.program.files_with_word(&name.local).into_iter().filter(|f| cx.holds(*f)) {
        let facts = cx.program.facts(at);
        found.extend(facts.call_ids().filter_map(|id| {
            let call = facts.call(id);
            let root = call.callee.root_name().filter(|_| !call.callee.segments.is_empty())?;
            let object = cx.program.name(at, call.function, root, call.callee.span.start);
            (object == target && call.function.is_some()).then_some((at, id))
        }));
    }
    found
}

/// Calls that are given the value in which a function is wrapped: `const lookUp = tool({ execute })`, and then
/// `streamText({ tools: { lookUp } })`.
fn takers(cx: &Cx<'_>, file: FileId, function: FunctionId) -> Vec<(FileId, CallId)> {
    let facts = cx.program.facts(file);
    let span = facts.function(function).span;
    let holder = facts.bindings.iter().position(|b| {
        let wraps = b.value.as_call().is_some_and(|call| facts.call(call).args_span.contains(span));
        wraps && b.function.is_none()
    });
    let Some(index) = holder else { return Vec::new() };
    let Some(name) = facts.bindings[index].names.first().filter(|n| n.path.is_empty()) else {
        return Vec::new();
    };
    let target = Def::Value(file, index, Vec::new());
    let mut found = Vec::new();
    for candidate in cx.program.files_with_word(&name.local).into_iter().filter(|f| cx.holds(*f)) {
        let facts = cx.program.facts(candidate);
        found.extend(facts.call_ids().filter_map(|id| {
            let call = facts.call(id);
            let taken = call.args.iter().any(|arg| {
                holds(arg, &mut |path| {
                    path.last() == Some(&name.local)
                        && cx.program.origin(candidate, call.function, path) == target
                })
            });
            taken.then_some((candidate, id))
        }));
    }
    found
}

/// Whether a path stands in a value written in place.
fn holds(value: &Expr, is: &mut impl FnMut(&Path) -> bool) -> bool {
    match value.unawaited() {
        Expr::Path(path) => is(path),
        Expr::Object(pairs) => pairs.iter().any(|(_, v)| holds(v, is)),
        Expr::List(items) => items.iter().any(|v| holds(v, is)),
        _ => false,
    }
}

/// A function that is the value of a property is called through the object: every call of a member with that name
/// that leads nowhere else is taken, when the name is rare enough to mean this property.
fn members_named(cx: &Cx<'_>, file: FileId, name: &str) -> Vec<(FileId, CallId)> {
    const COMMON: &[&str] =
        &["get", "post", "run", "start", "call", "execute", "handler", "then", "create", "update", "fetch"];
    if COMMON.contains(&name) || name.len() < 5 {
        return Vec::new();
    }
    let mut found = Vec::new();
    for candidate in cx.program.files_calling(name, &[name]) {
        if candidate == file || !cx.holds(candidate) {
            continue;
        }
        let facts = cx.program.facts(candidate);
        found.extend(facts.call_ids().filter_map(|id| {
            let call = facts.call(id);
            let member = call.callee.segments.last().is_some_and(|s| s == name);
            (member && !matches!(cx.callee(candidate, id), Def::Function(..) | Def::Outside(..)))
                .then_some((candidate, id))
        }));
    }
    if found.len() > 6 { Vec::new() } else { found }
}

/// The value an argument has at a call, by parameter of the called function: used to follow an identity downwards.
pub fn argument_for<'f>(
    facts: &'f Facts,
    call: CallId,
    position: usize,
    name: Option<&str>,
) -> Option<&'f Expr> {
    let call = facts.call(call);
    name.and_then(|n| call.keywords.iter().find(|(k, _)| k == n).map(|(_, v)| v))
        .or_else(|| call.args.get(position))
}
