//! Whether visitors are turned away before a handler spends, though it does not read the user itself.
//!
//! A wrong yes locks visitors out of what they may use, so only two things count, both of which run before anything else that
//! the handler does. What stands in front of all routes is not read for this: which paths it lets through can be said in
//! too many ways.

use crate::resolve::{Def, has_word, is_word};
use crate::sites::handlers::Reached;
use crate::sites::{asked_before, identity};
use crate::steps::support::Kit;
use crate::steps::support::identity::Signed;
use crate::syntax::source::Source;
use crate::syntax::{Call, FunctionId, Span};
use crate::workspace::FileId;

/// Whether the reading asks nothing of a request that is not asked already: it is the parameter of a dependency that the
/// route or its router has, or something that the handler calls first throws without a user.
pub(super) fn is(kit: &Kit<'_>, reached: &Reached<'_>, signed: &Signed, at: u32) -> bool {
    match &signed.param {
        Some(param) => is_dependency(kit, reached, signed, param),
        None => calls_what_throws(kit, reached, at),
    }
}

/// Whether a parameter is filled by what the route or its router depends on anyhow: named in it, or in the app's type for it.
fn is_dependency(kit: &Kit<'_>, reached: &Reached<'_>, signed: &Signed, param: &str) -> bool {
    let Some((shown, function)) = signed.shown_by else { return false };
    let program = kit.cx.program;
    let at = function.map_or(0, |f| program.facts(shown).function(f).span.start);
    let mut filled: Vec<(FileId, FunctionId)> = Vec::new();
    for word in words(param) {
        match program.name(shown, None, word, at) {
            Def::Function(file, function) => filled.push((file, function)),
            // `CurrentUser = Annotated[User, Depends(get_current_user)]`
            Def::Value(file, index, rest) if rest.is_empty() => {
                let Some(binding) = program.binding(file, index) else { continue };
                let text = kit.graph().slice(file, binding.statement);
                filled.extend(words(&text).filter_map(|word| {
                    match program.name(file, None, word, binding.statement.start) {
                        Def::Function(file, function) => Some((file, function)),
                        _ => None,
                    }
                }));
            }
            _ => {}
        }
    }
    asked_before(kit.graph(), reached.file, reached.function).iter().any(|front| {
        let Some(file) = kit.cx.workspace.find(&front.file) else { return false };
        let at = program.facts(reached.file).function(reached.function).span.start;
        match program.name(file, None, &front.name, at) {
            Def::Function(file, function) => filled.contains(&(file, function)),
            _ => false,
        }
    })
}

/// The names in a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !is_word(c)).filter(|word| !word.is_empty())
}

/// Whether a function of the app that a handler calls in a statement of its own, before it returns or spends, makes sure of the
/// user, and throws where there is none.
fn calls_what_throws(kit: &Kit<'_>, reached: &Reached<'_>, at: u32) -> bool {
    let cx = kit.graph();
    let facts = cx.program.facts(reached.file);
    let function = facts.function(reached.function);
    let text = kit.text(reached.file);
    let language = kit.cx.workspace.entry(reached.file).language;
    let Some(source) = language.and_then(|language| Source::parse(language, text.as_str())) else {
        return false;
    };
    let own = facts.call_ids().filter(|id| facts.call(*id).function == Some(reached.function));
    own.filter(|id| facts.call(*id).statement.end <= at).any(|id| {
        let call = facts.call(id);
        let before = cx.slice(reached.file, Span { start: function.body.start, end: call.statement.start });
        match cx.callee(reached.file, id) {
            Def::Function(file, inner) => {
                let is_async = cx.program.facts(file).function(inner).is_async;
                !has_word(&before, "return")
                    && is_plain_statement(&source, call, function.body, is_async)
                    && makes_sure(kit, file, inner)
            }
            _ => false,
        }
    })
}

/// Whether a call is all that a statement right in the body of a function does, waited for where it has to be: nothing
/// catches what it throws.
fn is_plain_statement(source: &Source<'_>, call: &Call, body: Span, is_async: bool) -> bool {
    let statement = source.slice(call.statement.range()).trim_end_matches(';');
    let called = source.slice(call.span.range());
    let Some(head) = statement.strip_suffix(called) else { return false };
    let waited = head.trim_end().ends_with("await");
    let head = head.trim_end().trim_end_matches("await").trim_end();
    let node = source.whole_node(&call.statement.range());
    let in_body = std::iter::successors(node, tree_sitter::Node::parent)
        .find(|node| node.byte_range() != call.statement.range())
        .is_some_and(|parent| parent.byte_range() == body.range());
    in_body && (waited || !is_async) && (head.is_empty() || head.ends_with('='))
}

/// Whether a function of the app goes on with a signed-in user only, and leaves by an exception without one.
fn makes_sure(kit: &Kit<'_>, file: FileId, function: FunctionId) -> bool {
    let cx = kit.graph();
    let body = cx.program.facts(file).function(function).body;
    let known = identity::in_function(cx, file, function, body.end.saturating_sub(1));
    known.filter(|identity| !identity.nullable).is_some_and(|identity| {
        let before = cx.slice(file, Span { start: body.start, end: identity.ready_at });
        !has_word(&before, "return") && !has_word(&before, "try")
    })
}
