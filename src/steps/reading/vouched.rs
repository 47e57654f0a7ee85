//! Whether visitors are turned away before a handler spends, though it does not read the user itself.
//!
//! A wrong yes locks visitors out of what they may use, so only two things count, both of which run before anything else that
//! the handler does. What stands in front of all routes is not read for this: which paths it lets through can be said in
//! too many ways.

use crate::resolve::Def;
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
        Some(param) => is_dependency(kit, reached, param),
        None => calls_what_throws(kit, reached, at),
    }
}

/// Whether a parameter is filled by what the route or its router depends on anyhow, named in it or in the app's type for it.
fn is_dependency(kit: &Kit<'_>, reached: &Reached<'_>, param: &str) -> bool {
    let in_front = asked_before(kit.graph(), reached.file, reached.function);
    let mut meant = param.to_owned();
    for file in &kit.files {
        let facts = kit.cx.program.facts(*file);
        let named = |name: &str| has_word(param, name);
        let types =
            facts.bindings.iter().filter(|b| b.function.is_none() && b.names.iter().any(|n| named(&n.local)));
        meant.extend(types.map(|b| kit.graph().slice(*file, b.statement)));
    }
    in_front.iter().any(|front| has_word(&meant, front.name.rsplit('.').next().unwrap_or(&front.name)))
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|other| other == word)
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
                !has_word(&before, "return")
                    && is_plain_statement(
                        &source,
                        call,
                        function.body,
                        cx.program.facts(file).function(inner).is_async,
                    )
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
