//! The payer at the call itself: from the function's own session call, or handed down from the handler.

use super::Paid;
use super::entry::{function_ref, reached_by};
use super::others::{Slot, is_receiver, is_sent};
use crate::catalog::Kind;
use crate::resolve::Def;
use crate::sites::cx::Cx;
use crate::sites::handlers::{Reached, argument_for};
use crate::sites::payer::{self, Place};
use crate::sites::{EntryRef, Identity, IdentityAt, IdentityRef, identity, owner};
use crate::syntax::{Call, CallId, Expr, FunctionId};
use crate::workspace::FileId;

/// Who pays for a call, and where that is known.
pub(super) struct Payer {
    pub(super) identity: Option<Identity>,
    pub(super) at: IdentityAt,
    /// The same in the handler.
    pub(super) entry_identity: Option<Identity>,
    /// The function that knows the payer, where the handler proper (a bot's listener) does not.
    pub(super) entry: Option<EntryRef>,
    /// The signed-in user, where somebody else pays.
    pub(super) user: Option<IdentityRef>,
    /// Why nobody is named, where that is not for want of a user.
    pub(super) missing: Option<String>,
}

impl Payer {
    fn user(identity: Option<Identity>, at: IdentityAt, entry_identity: Option<Identity>) -> Self {
        Self { identity, at, entry_identity, entry: None, user: None, missing: None }
    }
}

/// The signed-in user at the call, then in the handler; without one, the owner of the record that either has loaded.
pub(super) fn payer_of(cx: &Cx<'_>, paid: &Paid<'_>, call: &Call, reached: Option<&Reached<'_>>) -> Payer {
    let at_call = identity_at_call(cx, paid, call, reached);
    let in_entry = reached.and_then(|r| identity::in_handler(cx, r, reached_by(cx, paid, r).start));
    let same = reached.is_some_and(|r| r.calls.is_empty());
    if cx.payers().paying().is_shared() {
        return organisation_of(cx, paid, call, reached, (at_call, in_entry));
    }
    let certain = [&at_call, &in_entry].into_iter().flatten().any(|i| !i.nullable);
    if !certain && let Some(owned) = owned(cx, paid, call, reached, same) {
        return owned;
    }
    let entry_identity = in_entry.clone();
    let (identity, at) = match (at_call, in_entry) {
        (Some(identity), _) => (Some(identity), IdentityAt::Call),
        (None, Some(identity)) => (Some(identity), if same { IdentityAt::Call } else { IdentityAt::Entry }),
        (None, None) => (None, IdentityAt::None),
    };
    Payer::user(identity, at, entry_identity)
}

/// The organisation of the signed-in user at the call, then in the handler; where nobody signs in, the one that the record
/// which either has loaded belongs to.
fn organisation_of(
    cx: &Cx<'_>,
    paid: &Paid<'_>,
    call: &Call,
    reached: Option<&Reached<'_>>,
    (at_call, in_entry): (Option<Identity>, Option<Identity>),
) -> Payer {
    let same = reached.is_some_and(|r| r.calls.is_empty());
    let nobody = at_call.is_none() && in_entry.is_none();
    let user = match (&at_call, &in_entry) {
        (Some(identity), _) => IdentityRef { expr: Some(identity.id.clone()), at: IdentityAt::Call },
        (None, Some(identity)) => IdentityRef {
            expr: Some(identity.id.clone()),
            at: if same { IdentityAt::Call } else { IdentityAt::Entry },
        },
        (None, None) => IdentityRef { expr: None, at: IdentityAt::None },
    };
    let entry = reached.map(|r| {
        let at = reached_by(cx, paid, r).start;
        let place =
            Place { file: r.file, function: r.function, at, user: in_entry.as_ref(), reached: Some(r) };
        payer::at_place(cx, &place)
    });
    let here = call.function.filter(|_| !same).and_then(|function| {
        let at = call.span.start;
        let place = Place { file: paid.file, function, at, user: at_call.as_ref(), reached: None };
        payer::at_place(cx, &place).ok()
    });
    let (entry, missing) = match entry {
        Some(Ok(identity)) => (Some(identity), None),
        Some(Err(missing)) => (None, Some(missing)),
        None => (None, None),
    };
    let carried = || carried_down(cx, paid, reached.filter(|_| !same)?, entry.clone()?);
    let (identity, at) = match here.or_else(carried) {
        Some(identity) => (Some(identity), IdentityAt::Call),
        None if same => (entry.clone(), IdentityAt::Call),
        None => (entry.clone(), IdentityAt::Entry),
    };
    if identity.is_none()
        && nobody
        && let Some(owned) = owned(cx, paid, call, reached, same)
    {
        return Payer { user: Some(user), ..owned };
    }
    let at = if identity.is_some() { at } else { IdentityAt::None };
    let missing = missing.filter(|_| identity.is_none() && !nobody);
    Payer { user: Some(user), missing, ..Payer::user(identity, at, entry) }
}

fn owned(
    cx: &Cx<'_>,
    paid: &Paid<'_>,
    call: &Call,
    reached: Option<&Reached<'_>>,
    same: bool,
) -> Option<Payer> {
    let reached = reached?;
    let start = reached_by(cx, paid, reached).start;
    if let Some(owner) = owner::in_function(cx, reached.file, reached.function, start) {
        let at = if same { IdentityAt::Call } else { IdentityAt::Entry };
        let inside = (!same).then(|| carried_down(cx, paid, reached, owner.clone())).flatten();
        let (identity, at) = inside.map_or((owner.clone(), at), |inside| (inside, IdentityAt::Call));
        return Some(Payer::user(Some(identity), at, Some(owner)));
    }
    let function = call.function.filter(|_| !same)?;
    let identity = owner::in_function(cx, paid.file, function, call.span.start)?;
    // Nobody is signed in where a bot listens: what holds the check is the function that knows the owner.
    let listens = reached.found.framework.kind == Kind::Worker;
    let entry = listens.then(|| function_ref(cx, paid.file, function));
    Some(Payer { entry, ..Payer::user(Some(identity), IdentityAt::Call, None) })
}

/// The payer in scope at the call itself: from the function's own session call, or handed down as an argument.
pub(super) fn identity_at_call(
    cx: &Cx<'_>,
    paid: &Paid<'_>,
    call: &Call,
    reached: Option<&Reached<'_>>,
) -> Option<Identity> {
    let reached = reached?;
    if reached.calls.is_empty() {
        return None;
    }
    if let Some(function) = call.function
        && let Some(own) = identity::in_function(cx, paid.file, function, call.span.start)
    {
        return Some(own);
    }
    let (first_file, first_call) = *reached.calls.first()?;
    let at = cx.program.facts(first_file).call(first_call).span.start;
    carried_down(cx, paid, reached, identity::in_handler(cx, reached, at)?)
}

/// The identity of the handler under the name it has at the call, when every call on the way hands it over.
fn carried_down(
    cx: &Cx<'_>,
    paid: &Paid<'_>,
    reached: &Reached<'_>,
    mut carried: Identity,
) -> Option<Identity> {
    for (index, (file, hop)) in reached.calls.iter().enumerate() {
        let Def::Function(to, callee) = cx.callee(*file, *hop) else { return None };
        carried = handed_down(cx, *file, *hop, (to, callee), &carried)?;
        if index + 1 == reached.calls.len() && to != paid.file {
            return None;
        }
    }
    Some(carried)
}

/// The identity under the name it has inside the called function, when the call hands it over.
fn handed_down(
    cx: &Cx<'_>,
    file: FileId,
    call: CallId,
    (to, callee): (FileId, FunctionId),
    identity: &Identity,
) -> Option<Identity> {
    let facts = cx.program.facts(file);
    let target = cx.program.facts(to).function(callee);
    let wanted = plain(&identity.id);
    let skip = usize::from(target.params.first().is_some_and(is_receiver));
    let sent = |position, name, keys: &[String]| {
        is_sent(cx, &Slot { file: to, function: callee, position, name, keys }, 0)
    };
    for (position, param) in target.params.iter().skip(skip).enumerate() {
        let Some(value) = argument_for(facts, call, position, param.name()) else { continue };
        for name in &param.names {
            let Some(expr) = name.path.iter().try_fold(value, |v, key| v.property(key)) else { continue };
            if let Some(id) = expression_inside(cx, file, call, expr, &wanted, &name.local) {
                if sent(position, param.name(), &name.path) {
                    return None;
                }
                return Some(renamed(identity, id, cx, to, callee));
            }
        }
        // `{ userId: session.user.id }` given to a parameter that is read by member.
        if let (Some(local), Expr::Object(pairs)) = (param.name(), value) {
            for (key, v) in pairs {
                if let Some(id) = expression_inside(cx, file, call, v, &wanted, &format!("{local}.{key}")) {
                    if sent(position, param.name(), std::slice::from_ref(key)) {
                        return None;
                    }
                    return Some(renamed(identity, id, cx, to, callee));
                }
            }
        }
    }
    None
}

/// `wanted` inside the callee, when `value` (as written at the call) is it or one of its owners.
fn expression_inside(
    cx: &Cx<'_>,
    file: FileId,
    call: CallId,
    value: &Expr,
    wanted: &str,
    local: &str,
) -> Option<String> {
    let facts = cx.program.facts(file);
    let path = match value {
        Expr::Path(path) => path,
        // `String(user.id)`, `str(user.id)`
        Expr::Call(inner) => facts
            .call(*inner)
            .args
            .first()
            .and_then(Expr::as_path)
            .filter(|p| plain(&p.dotted()) == wanted)?,
        _ => return None,
    };
    let mut written = plain(&path.dotted());
    if written != wanted
        && let Some(name) = path.as_name()
        && let Def::Value(_, index, members) =
            cx.program.name(file, facts.call(call).function, name, path.span.start)
        && members.is_empty()
        && let Some(Expr::Path(origin)) = facts.bindings.get(index).map(|b| &b.value)
    {
        // `const userId = session.user.id` before the call.
        written = plain(&origin.dotted());
    }
    let rest = if wanted == written { "" } else { wanted.strip_prefix(&written)?.strip_prefix('.')? };
    Some(if rest.is_empty() { local.to_owned() } else { format!("{local}.{rest}") })
}

/// An expression without `!` and `?`.
fn plain(expr: &str) -> String {
    expr.replace(['!', '?'], "")
}

fn renamed(identity: &Identity, id: String, cx: &Cx<'_>, file: FileId, function: FunctionId) -> Identity {
    let f = cx.program.facts(file).function(function);
    let mut inner = identity.clone();
    inner.evidence.push(format!("handed down as `{id}` ({}:{})", cx.path(file), cx.line(file, f.span.start)));
    inner.id = id;
    inner.email = None;
    inner.name = None;
    inner.ready_at = f.body.start;
    inner
}
