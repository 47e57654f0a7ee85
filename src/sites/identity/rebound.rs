//! Whether a name still holds the user it was seen to hold: another value may have been given to it since, or an inner
//! function or loop may have a variable of the same name.
//!
//! ```text
//! def ask(body, user_id=Depends(user_id)):
//!     user_id = body.on_behalf_of or user_id     // no longer the user
//!     for user in team: …                        // nor is this one
//! ```

use super::doubt::plain;
use super::flow;
use crate::sites::cx::Cx;
use crate::sites::handlers::Reached;
use crate::sites::{Identity, IdentitySource};
use crate::syntax::{Binding, BindingKind, Expr, FunctionId, Span};
use crate::workspace::{FileId, Language};

/// The identity, unless its name may mean another at the offset. Where a name is given several values, the flow through
/// the handler says whether each of them is the user.
pub(super) fn settled(cx: &Cx<'_>, reached: &Reached<'_>, at: u32, identity: Identity) -> Option<Identity> {
    if another(cx, (reached.file, reached.function), at, &identity).is_none() {
        return Some(identity);
    }
    flow::in_handler(cx, reached, at).filter(|followed| followed.id == identity.id)
}

/// Where the name of an identity is given another value, or another meaning, on the way to an offset of a function.
pub fn another(
    cx: &Cx<'_>,
    (file, function): (FileId, FunctionId),
    at: u32,
    identity: &Identity,
) -> Option<Span> {
    let facts = cx.program.facts(file);
    let root = identity.id.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).next()?;
    let whole = facts.function(function);
    if !whole.span.has(at) {
        return None;
    }
    let around = |f: FunctionId| {
        let inner = facts.function(f).span;
        inner.has(at) && whole.span.start <= inner.start && inner.end <= whole.span.end
    };
    let taken = facts.function_ids().find(|f| {
        let params = &facts.function(*f).params;
        *f != function && around(*f) && params.iter().any(|p| p.names.iter().any(|n| n.local == root))
    });
    if let Some(taken) = taken {
        return Some(facts.function(taken).span);
    }
    let python = cx.workspace().entry(file).language == Some(Language::Python);
    let seen = |b: &&Binding| {
        let early = b.statement.start < at;
        // A name is of the function that binds it from that function's first line on, in a script from the block's.
        let in_reach = match (python, b.kind) {
            (true, _) => early || b.function != Some(function),
            (false, BindingKind::Assigned) => early,
            (false, _) => b.scope.has(at),
        };
        b.names.iter().any(|n| n.local == root)
            && b.function.is_some_and(around)
            && in_reach
            && !b.value.is_null()
            && !is_itself(&b.value, root)
    };
    let id = plain(&identity.id);
    let member = facts.assigns.iter().find(|a| {
        let target = plain(&cx.slice(file, a.target.span));
        let holds =
            id.strip_prefix(target.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        holds && a.function.is_some_and(around) && a.statement.start < at
    });
    if let Some(member) = member {
        return Some(member.statement);
    }
    let mut bound: Vec<&Binding> = facts.bindings.iter().filter(seen).collect();
    // A loop's variable is one thing with what is made of it at once.
    bound.sort_by_key(|b| b.statement);
    let last = bound.last()?;
    let given = whole.params.iter().any(|p| p.names.iter().any(|n| n.local == root));
    let held = facts.imports.iter().any(|i| i.local == root);
    let own = match &identity.source {
        IdentitySource::Call { statement, .. } => bound.len() == 1 && last.statement == *statement,
        _ => bound.len() == 1 && last.kind != BindingKind::Loop && !given && !held,
    };
    (!own).then_some(last.statement)
}

/// Whether a value is only another form of what the name holds already: `str(user_id)`.
fn is_itself(value: &Expr, root: &str) -> bool {
    value.unawaited().as_path().is_some_and(|path| path.as_name() == Some(root))
}
