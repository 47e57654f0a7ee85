//! The payer at the call itself: from the function's own session call, or handed down from the handler.

use super::Paid;
use super::entry::{function_ref, reached_by};
use super::handed::{self, carried_down};
use crate::catalog::Kind;
use crate::sites::cx::Cx;
use crate::sites::handlers::{Reached, all_reached_from};
use crate::sites::payer::{self, Place};
use crate::sites::{EntryRef, Identity, IdentityAt, IdentityRef, identity, owner};
use crate::syntax::{Call, FunctionId, Span};
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
    /// Why what is handed down to the call is not who pays, in words.
    pub(super) doubt: Option<String>,
}

impl Payer {
    fn user(identity: Option<Identity>, at: IdentityAt, entry_identity: Option<Identity>) -> Self {
        Self { identity, at, entry_identity, entry: None, user: None, missing: None, doubt: None }
    }
}

/// The signed-in user at the call, then in the handler; without one, the owner of the record that either has loaded.
pub(super) fn payer_of(cx: &Cx<'_>, paid: &Paid<'_>, call: &Call, reached: Option<&Reached<'_>>) -> Payer {
    let (at_call, doubt) = match identity_at_call(cx, paid, call, reached) {
        Some((identity, None)) => (Some(identity), None),
        Some((_, doubt)) => (None, doubt),
        None => (None, None),
    };
    let same = reached.is_some_and(|r| r.calls.is_empty());
    let in_entry = reached.and_then(|r| identity::in_handler(cx, r, reached_by(cx, paid, r).start));
    // An inner function or loop around the call may have another of that name.
    let hidden = in_entry.as_ref().filter(|_| same).and_then(|found| {
        let r = reached?;
        identity::another(cx, (r.file, r.function), call.span.start, found)
    });
    let lost = || {
        reached
            .filter(|_| in_entry.is_none())
            .and_then(|r| identity::renamed(cx, r, reached_by(cx, paid, r).start))
    };
    let missing = match hidden {
        Some(span) => Some(hides(cx, paid.file, in_entry.as_ref(), span)),
        None => lost().and_then(|(identity, span)| Some(hides(cx, reached?.file, Some(&identity), span))),
    };
    let in_entry = match hidden {
        Some(_) => reached.and_then(|r| identity::in_handler(cx, r, call.span.start)),
        None => in_entry,
    };
    if cx.payers().paying().is_shared() {
        return organisation_of(cx, paid, call, reached, (at_call, in_entry));
    }
    let certain = [&at_call, &in_entry].into_iter().flatten().any(|i| !i.nullable);
    if !certain && let Some(owned) = owned(cx, paid, call, reached, same) {
        return owned;
    }
    // Where nobody is signed in on some way to the call, the owner who is known at it pays on all of them.
    if at_call.is_none()
        && !same
        && let Some(owned) = owned(cx, paid, call, reached, same)
        && owned.at == IdentityAt::Call
        && all_reached_from(cx, paid.file, call.function).iter().any(|way| is_open(cx, way))
    {
        return Payer { entry_identity: in_entry, ..owned };
    }
    let entry_identity = in_entry.clone();
    let (identity, at) = match (at_call, in_entry) {
        (Some(identity), _) => (Some(identity), IdentityAt::Call),
        (None, Some(identity)) => (Some(identity), if same { IdentityAt::Call } else { IdentityAt::Entry }),
        (None, None) => (None, IdentityAt::None),
    };
    // A session without an id is not for want of a sign-in.
    let lacks = |file, function, at| identity::lacking_at(cx, file, function, at);
    let missing = identity.is_none().then(|| {
        if missing.is_some() {
            return missing;
        }
        let here = call.function.and_then(|f| lacks(paid.file, f, call.span.start));
        here.or_else(|| reached.and_then(|r| lacks(r.file, r.function, reached_by(cx, paid, r).start)))
    });
    Payer { doubt, missing: missing.flatten(), ..Payer::user(identity, at, entry_identity) }
}

/// Why the user who is known in a handler is not had at a call in it.
fn hides(cx: &Cx<'_>, file: FileId, identity: Option<&Identity>, span: Span) -> String {
    let id = identity.map(|identity| identity.id.as_str()).unwrap_or_default();
    let root = id.split(['.', '?', '!', '[']).next().unwrap_or_default();
    let (path, line) = (cx.path(file), cx.line(file, span.start));
    format!(
        "`{root}` means another than the signed-in user there ({path}:{line}); give the user's id a name of its own in front of that"
    )
}

/// Whether a handler serves visitors who are not signed in where it reaches what it calls.
fn is_open(cx: &Cx<'_>, way: &Reached<'_>) -> bool {
    let at = way
        .calls
        .first()
        .map_or(u32::MAX, |(file, call)| cx.program.facts(*file).call(*call).statement.start);
    identity::in_handler(cx, way, at).is_none_or(|identity| identity.nullable)
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
    let carried = || {
        let inside = carried_down(cx, paid, reached.filter(|_| !same)?, entry.clone()?)?;
        handed::doubt(cx, paid, call, &inside).is_none().then_some(inside)
    };
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
        let inside = inside.filter(|inside| handed::doubt(cx, paid, call, inside).is_none());
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

/// The payer in scope at the call itself: from the function's own session call, or handed down as an argument; then with
/// what speaks against it.
fn identity_at_call(
    cx: &Cx<'_>,
    paid: &Paid<'_>,
    call: &Call,
    reached: Option<&Reached<'_>>,
) -> Option<(Identity, Option<String>)> {
    let reached = reached?;
    if reached.calls.is_empty() {
        return None;
    }
    let outer: Option<FunctionId> = cx.program.facts(paid.file).enclosing(call.function).last();
    let is_another = |found: &Identity| {
        outer.is_some_and(|f| identity::another(cx, (paid.file, f), call.span.start, found).is_some())
    };
    if let Some(function) = call.function
        && let Some(own) = identity::in_function(cx, paid.file, function, call.span.start)
        && !is_another(&own)
    {
        return Some((own, None));
    }
    let (first_file, first_call) = *reached.calls.first()?;
    let at = cx.program.facts(first_file).call(first_call).span.start;
    let carried = identity::in_handler(cx, reached, at);
    let carried = carried.and_then(|carried| carried_down(cx, paid, reached, carried));
    let carried = carried.filter(|found| !is_another(found));
    let inside = carried.or_else(|| identity::flow::at_call(cx, reached, (paid.file, paid.call)))?;
    let doubt = handed::doubt(cx, paid, call, &inside);
    Some((inside, doubt))
}
