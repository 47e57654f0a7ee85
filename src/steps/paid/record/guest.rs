//! Calls that only visitors reach: what stands where nobody is signed in is no user's.

use tree_sitter::Node;

use crate::sites::Identity;
use crate::steps::paid::with_source;
use crate::steps::support::Kit;
use crate::syntax::Span;
use crate::syntax::source::Source;
use crate::workspace::FileId;

/// Whether a place lies in a branch that is taken only where this user is missing.
pub fn is_for_visitors(kit: &Kit<'_>, file: FileId, at: Span, identity: &Identity) -> bool {
    let id = plain(&identity.id);
    with_source(kit, file, |source| Ok::<_, String>(in_branch(source, at, &id))).unwrap_or(false)
}

fn in_branch(source: &Source<'_>, at: Span, id: &str) -> bool {
    let mut node = source.node(&at.range());
    while let Some(inner) = node {
        let Some(parent) = inner.parent() else { return false };
        let test = parent.child_by_field_name("condition");
        let taken = |field: &str| parent.child_by_field_name(field).is_some_and(|n| n.id() == inner.id());
        if let Some(test) = test {
            let says = says(source, test, id);
            if (taken("consequence") && says == Some(false)) || (taken("alternative") && says == Some(true)) {
                return true;
            }
        }
        node = Some(parent);
    }
    false
}

/// What a condition says of a user: there, not there, or nothing.
fn says(source: &Source<'_>, test: Node<'_>, id: &str) -> Option<bool> {
    let text = plain(source.of(test));
    let text = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')).unwrap_or(&text);
    let is_user =
        |path: &str| id == path || id.strip_prefix(path).is_some_and(|rest| rest.starts_with(['.', '[']));
    let missing = [
        text.strip_prefix("not"),
        text.strip_suffix("isNone"),
        text.strip_suffix("==null"),
        text.strip_suffix("===null"),
    ];
    let negated = source.of(test).trim_start_matches('(').trim_start().starts_with('!').then_some(text);
    if missing
        .into_iter()
        .flatten()
        .chain(negated)
        .any(|path| is_user(path.trim_end_matches(".is_authenticated")))
    {
        return Some(false);
    }
    is_user(text.trim_end_matches(".is_authenticated")).then_some(true)
}

/// Code without spaces and marks of what may be missing.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '?' | '!') && !c.is_whitespace()).collect()
}
