//! Whether visitors are turned away before a handler spends, though it does not read the user itself.

use crate::catalog::Kind;
use crate::resolve::Def;
use crate::sites::handlers::Reached;
use crate::sites::{depends_on_sign_in, identity};
use crate::steps::support::{Kit, route};
use crate::syntax::source::Source;
use crate::syntax::{FunctionId, Span, place};
use crate::workspace::FileId;

/// Whether one of these is so where a handler spends: a dependency of the route or its router asks for the user; something
/// that it calls first throws where there is none; the file in front of all routes turns visitors away.
pub(super) fn is(kit: &Kit<'_>, reached: &Reached<'_>, at: u32) -> bool {
    depends_on_sign_in(kit.graph(), reached.file, reached.function)
        || calls_what_throws(kit, reached, at)
        || is_behind_front(kit, reached.file)
}

/// Whether a function of the app that a handler calls in any case before an offset makes sure of the user, and throws where
/// there is none.
fn calls_what_throws(kit: &Kit<'_>, reached: &Reached<'_>, at: u32) -> bool {
    let cx = kit.graph();
    let facts = cx.program.facts(reached.file);
    let text = kit.text(reached.file);
    let language = kit.cx.workspace.entry(reached.file).language;
    let Some(source) = language.and_then(|language| Source::parse(language, text.as_str())) else {
        return false;
    };
    let own = facts.call_ids().filter(|id| facts.call(*id).function == Some(reached.function));
    own.filter(|id| facts.call(*id).statement.end <= at).any(|id| match cx.callee(reached.file, id) {
        Def::Function(file, function) => {
            place::is_unconditional(&source, &facts.call(id).span.range()) && makes_sure(kit, file, function)
        }
        _ => false,
    })
}

/// Whether a function of the app goes on with a signed-in user only, and leaves by an exception without one.
fn makes_sure(kit: &Kit<'_>, file: FileId, function: FunctionId) -> bool {
    let cx = kit.graph();
    let body = cx.program.facts(file).function(function).body;
    let known = identity::in_function(cx, file, function, body.end.saturating_sub(1));
    known.filter(|identity| !identity.nullable).is_some_and(|identity| {
        let before = cx.slice(file, Span { start: body.start, end: identity.ready_at });
        !before.split(|c: char| !c.is_alphanumeric()).any(|word| word == "return")
    })
}

/// Whether the file in front of the app's routes turns visitors away from the path that a file serves.
fn is_behind_front(kit: &Kit<'_>, file: FileId) -> bool {
    let Some(path) = route::served_at(kit, file) else { return false };
    let entries = kit.entries(Kind::Framework);
    let fronts = entries.into_iter().filter_map(|e| e.framework.as_ref()?.front.as_ref());
    fronts.into_iter().any(|front| route::turns_visitors_away(kit, front, &path, |at| called(kit, at)))
}

/// The texts of the app's functions that a file calls.
fn called(kit: &Kit<'_>, file: FileId) -> Vec<String> {
    let cx = kit.graph();
    let defs = cx.program.facts(file).call_ids().map(|call| cx.callee(file, call));
    let functions = defs.filter_map(|def| match def {
        Def::Function(at, function) => Some(cx.slice(at, cx.program.facts(at).function(function).span)),
        _ => None,
    });
    functions.collect()
}
