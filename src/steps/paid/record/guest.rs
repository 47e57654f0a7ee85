//! Calls that only visitors reach: what stands where nobody is signed in is no user's.

use tree_sitter::Node;

use crate::sites::{Identity, plain};
use crate::steps::paid::with_source;
use crate::steps::support::Kit;
use crate::steps::support::identity::there;
use crate::syntax::source::Source;
use crate::syntax::{FunctionId, Span};
use crate::workspace::FileId;

/// Whether a place lies in a branch that is taken only where this user is missing.
pub fn is_for_visitors(
    kit: &Kit<'_>,
    (file, function): (FileId, Option<FunctionId>),
    at: Span,
    identity: &Identity,
) -> bool {
    let asked = function.and_then(|function| there(kit, file, function, identity));
    let user = User { id: plain(&identity.id), asked: asked.map(|there| plain(&there.test)) };
    with_source(kit, file, |source| Ok::<_, String>(in_branch(source, at, &user))).unwrap_or(false)
}

/// A user as conditions name them, both without spaces and marks.
struct User {
    /// The id.
    id: String,
    /// What asks whether they are there.
    asked: Option<String>,
}

impl User {
    /// Whether a condition names the user, what holds them, or what asks for them.
    fn is_meant(&self, path: &str) -> bool {
        let holds =
            self.id.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        holds || self.asked.as_deref() == Some(path)
    }
}

fn in_branch(source: &Source<'_>, at: Span, user: &User) -> bool {
    let mut node = source.node(&at.range());
    while let Some(inner) = node {
        let Some(parent) = inner.parent() else { return false };
        let test = parent.child_by_field_name("condition");
        let taken = |field: &str| parent.child_by_field_name(field).is_some_and(|n| n.id() == inner.id());
        if let Some(test) = test {
            let says = says(source, test, user);
            if (taken("consequence") && says == Some(false)) || (taken("alternative") && says == Some(true)) {
                return true;
            }
        }
        node = Some(parent);
    }
    false
}

/// What a condition says of a user: there, not there, or nothing.
fn says(source: &Source<'_>, test: Node<'_>, user: &User) -> Option<bool> {
    let written = source.of(test).trim();
    let written = written.strip_prefix('(').and_then(|t| t.strip_suffix(')')).unwrap_or(written).trim();
    if user.is_meant(&plain(written)) && !written.starts_with('!') {
        return Some(true);
    }
    let plain = plain(written);
    let negated = written.starts_with('!').then_some(plain.as_str());
    let missing = [
        negated,
        written.strip_prefix("not ").and_then(|_| plain.strip_prefix("not")),
        plain.strip_suffix("isNone"),
        plain.strip_suffix("==null"),
        plain.strip_suffix("===null"),
    ];
    missing.into_iter().flatten().any(|path| user.is_meant(path)).then_some(false)
}
