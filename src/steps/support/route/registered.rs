//! What an app registers in one of its files: the handlers of an app or router, in order, and where the list ends.

use super::mounts::{mounting, mounts};
use crate::catalog::{HandlerShape, Role};
use crate::resolve::Def;
use crate::steps::support::Kit;
use crate::syntax::source::Source;
use crate::syntax::{Call, Expr, Facts, FunctionId, Span, place};
use crate::workspace::FileId;

/// A handler that is registered on an app or a router.
#[derive(Debug, Clone)]
pub(super) struct Registered {
    /// The app or router.
    pub(super) receiver: String,
    /// The path, as written.
    pub(super) path: String,
    /// The statement: the call, or the function below its decorators.
    pub(super) statement: Span,
}

/// The handlers that a file always registers, in order, up to what answers all the rest: a page for unknown addresses, a
/// handler of errors.
pub(super) fn registered(kit: &Kit<'_>, file: FileId) -> Vec<Registered> {
    let facts = kit.cx.program.facts(file);
    let text = kit.text(file);
    let Some(source) =
        kit.cx.workspace.entry(file).language.and_then(|language| Source::parse(language, text.as_str()))
    else {
        return Vec::new();
    };
    let mut all: Vec<Registered> = facts.calls.iter().filter_map(|call| by_call(kit, call)).collect();
    all.extend(facts.function_ids().filter_map(|f| by_decorator(kit, facts, f)));
    all.retain(|one| place::is_unconditional(&source, &one.statement.range()));
    all.sort_by_key(|one| one.statement.start);
    let ends: Vec<Ending<'_>> = facts.calls.iter().filter_map(|call| ending(kit, file, call)).collect();
    let is_rest =
        |one: &Registered| mounting(kit).catch_all.iter().any(|mark| one.path.contains(mark.as_str()));
    let mut closed: Vec<String> = Vec::new();
    all.retain(|one| {
        if is_rest(one) {
            closed.push(one.receiver.clone());
        }
        let ended = ends.iter().any(|end| end.receiver == one.receiver && end.at < one.statement.start);
        !ended && !closed.contains(&one.receiver)
    });
    all
}

/// `app.get("/path", handler)`
fn by_call(kit: &Kit<'_>, call: &Call) -> Option<Registered> {
    let verb = call.callee.segments.last().filter(|_| call.callee.segments.len() == 1)?;
    let known = handlers(kit).any(|shape| match shape {
        HandlerShape::RouteCall { methods, .. } => methods.contains(verb),
        _ => false,
    });
    let path = call.args.first()?.as_str().filter(|path| path.starts_with(['/', '*']))?;
    (known && call.args.len() > 1).then(|| Registered {
        receiver: call.callee.root_name().unwrap_or_default().to_owned(),
        path: path.to_owned(),
        statement: call.statement,
    })
}

/// `@app.get("/path")`
fn by_decorator(kit: &Kit<'_>, facts: &Facts, function: FunctionId) -> Option<Registered> {
    let f = facts.function(function);
    f.decorators.iter().find_map(|decorator| {
        let verb = decorator.path.segments.last().filter(|_| decorator.path.segments.len() == 1)?;
        let known = handlers(kit).any(|shape| match shape {
            HandlerShape::RouterDecorator { methods, .. } => methods.contains(verb),
            _ => false,
        });
        let path = decorator.args.first().and_then(Expr::as_str).filter(|_| known)?;
        Some(Registered {
            receiver: decorator.path.root_name().unwrap_or_default().to_owned(),
            path: path.to_owned(),
            statement: f.statement,
        })
    })
}

fn handlers<'a>(kit: &Kit<'a>) -> impl Iterator<Item = &'a HandlerShape> {
    kit.framework.framework.iter().flat_map(|f| &f.handlers).map(|h| &h.shape)
}

/// A call after which no address is left to others.
struct Ending<'f> {
    receiver: &'f str,
    at: u32,
}

fn ending<'f>(kit: &Kit<'_>, file: FileId, call: &'f Call) -> Option<Ending<'f>> {
    let member = call.callee.segments.last().filter(|_| call.callee.segments.len() == 1)?;
    let receiver = call.callee.root_name()?;
    let ends = mounts(kit).any(|known| known == member) && answers_the_rest(kit, file, call)
        || mounting(kit).ends.contains(member)
            && call.args.first().and_then(Expr::as_str).is_none_or(|p| p == "/");
    ends.then_some(Ending { receiver, at: call.span.start })
}

/// A function without an address that leaves nothing to the next one, or that takes an error in front of what a handler
/// takes.
fn answers_the_rest(kit: &Kit<'_>, file: FileId, call: &Call) -> bool {
    let [only] = call.args.as_slice() else { return false };
    let def = match only {
        Expr::Function(id) => Def::Function(file, *id),
        Expr::Path(path) => kit.cx.program.resolve_path(file, call.function, path),
        _ => return false,
    };
    let Def::Function(at, id) = def else { return false };
    let params = kit.cx.program.facts(at).function(id).params.len();
    let handlers = kit.framework.framework.iter().flat_map(|f| &f.handlers);
    let mut roles = handlers.map(|h| h.params.as_slice()).filter(|roles| roles.contains(&Role::Next));
    let next = roles.next().map(|roles| (roles.iter().position(|r| *r == Role::Next), roles.len()));
    matches!(next, Some((Some(next), all)) if params <= next || params > all)
}
