//! Who pays: the expression that names the signed-in user in a handler, and what makes it trustworthy.
//!
//! Only what the auth knowledge vouches for counts: the value of a session call, a request member that a guard sets, an
//! injected dependency that reaches a token check. An id from a body, query or header is never an identity, whatever it is
//! called. The member that is the id is read off the code, not guessed: `session.userId` only where the code says so.

mod bound;
mod claimed;
mod doubt;
mod evidence;
pub(super) mod flow;
mod handed;
mod injected;
mod member;
mod object;
mod param;
mod provided;
mod rebound;
mod typed;
mod verifier;
mod vouched;

use super::cx::Cx;
use super::guard;
use super::handlers::Reached;
use super::{Identity, IdentitySource};
use crate::catalog::{self, Entry, Kind, Role};
use crate::syntax::{Binding, Facts, FunctionId, Span};
use crate::workspace::FileId;
use bound::{from_call, from_getter, from_session_reader, reader_binding};
pub use claimed::named_by;
pub use doubt::plain;
pub(super) use evidence::{lacking, lacking_at};
pub(super) use handed::{Known as Handed, Wrapped};
use injected::injected;
pub(super) use injected::{dependency_of, names_in};
use member::{from_member, from_object};
use param::from_param;
pub use provided::are_providers;
pub use rebound::another;
pub(super) use typed::all_added;
pub use typed::asserted;
pub(super) use verifier::find_verifier;
pub use verifier::reaches_verifier;

/// The identity that can be used in a handler at an offset; one that is certain before one that may be
/// missing, in the order of the entries. What the types of the place have no room for is none.
pub fn in_handler(cx: &Cx<'_>, reached: &Reached<'_>, at: u32) -> Option<Identity> {
    let mut lost = Vec::new();
    let found = of_handler(cx, reached, at, &mut lost)?;
    if !doubt::is_doubted(cx, reached, &found.id) {
        return Some(found);
    }
    // Somebody else may be signed in where this user is missing.
    let source = match found.source {
        IdentitySource::RequestProperty { guard, from, imported, defined_in, sure, .. } => {
            IdentitySource::RequestProperty { guard, from, imported, defined_in, sure, filled: false }
        }
        other => other,
    };
    Some(Identity { nullable: true, source, ..found })
}

/// Of a handler in which nobody is named at an offset: a user whose name means another there, and where it came to.
pub(super) fn renamed(cx: &Cx<'_>, reached: &Reached<'_>, at: u32) -> Option<(Identity, Span)> {
    let mut lost = Vec::new();
    let found = of_handler(cx, reached, at, &mut lost);
    lost.into_iter().next().filter(|_| found.is_none())
}

/// `lost` takes the users whose name means another at the offset.
fn of_handler(
    cx: &Cx<'_>,
    reached: &Reached<'_>,
    at: u32,
    lost: &mut Vec<(Identity, Span)>,
) -> Option<Identity> {
    let place = (reached.file, reached.function);
    let mut readable = |identity| {
        let found = typed::readable(cx, place, at, identity)?;
        let settled = rebound::settled(cx, reached, at, found.clone());
        if settled.is_none() {
            lost.extend(another(cx, place, at, &found).map(|span| (found, span)));
        }
        settled
    };
    let values: Vec<&str> = cx.entries(Kind::Framework).map(Entry::value).collect();
    let mut unsure = None;
    for entry in cx.entries(Kind::Auth) {
        for source in evidence::sources(cx, entry, Some((reached.file, reached.function))) {
            let fits = source.frameworks.is_empty()
                || source.frameworks.iter().any(|f| values.contains(&f.as_str()));
            let found = || from_source(cx, entry, source, reached, at);
            if fits && let Some(identity) = found().and_then(&mut readable) {
                if !identity.nullable {
                    return Some(identity);
                }
                unsure = Some(likelier(unsure, identity));
            }
        }
    }
    let own = [
        evidence::by_cast(cx, reached.file, reached.function, at),
        from_session_reader(cx, reached, at),
        handed::from_reader(cx, reached.file, reached.function, at),
        handed::in_wrapped(cx, reached, at),
    ];
    for identity in own.into_iter().flatten().filter_map(|own| rebound::settled(cx, reached, at, own)) {
        if !identity.nullable {
            return Some(identity);
        }
        unsure = Some(likelier(unsure, identity));
    }
    let followed = flow::in_handler(cx, reached, at).and_then(|found| typed::readable(cx, place, at, found));
    match (unsure, followed) {
        (_, Some(certain)) if !certain.nullable => Some(certain),
        (unsure, followed) => unsure.or(followed),
    }
}

/// Of two that may be missing the first, unless only of the other is known that it names whoever is signed in.
fn likelier(first: Option<Identity>, other: Identity) -> Identity {
    let filled = |i: &Identity| !matches!(i.source, IdentitySource::RequestProperty { filled: false, .. });
    match first {
        Some(first) if filled(&first) || !filled(&other) => first,
        _ => other,
    }
}

/// The identity that a function which is no handler has from its own session call.
pub fn in_function(cx: &Cx<'_>, file: FileId, function: FunctionId, at: u32) -> Option<Identity> {
    for entry in cx.entries(Kind::Auth) {
        for source in evidence::sources(cx, entry, Some((file, function))) {
            if let catalog::IdentitySource::Call(callee) = &source.source
                && let Some(identity) = from_call(cx, entry, source, callee, file, function, at)
            {
                return Some(identity);
            }
        }
    }
    let own = reader_binding(cx, file, function, at);
    if own.as_ref().is_some_and(|identity| !identity.nullable) {
        return own;
    }
    handed::from_reader(cx, file, function, at).filter(|read| own.is_none() || !read.nullable).or(own)
}

/// The identity that a function has because it is injected there, handler or not.
pub(super) fn in_params(cx: &Cx<'_>, file: FileId, function: FunctionId) -> Option<Identity> {
    cx.entries(Kind::Auth).find_map(|entry| {
        entry.auth.iter().flat_map(|auth| &auth.identities).find_map(|source| match &source.source {
            catalog::IdentitySource::Injected { marker, callee } => {
                injected(cx, entry, source, marker, callee.as_ref(), (file, function))
            }
            _ => None,
        })
    })
}

/// The declared type of a parameter that the framework fills.
pub(super) fn injected_type(cx: &Cx<'_>, file: FileId, param: &crate::syntax::Param) -> Option<String> {
    cx.entries(Kind::Auth).flat_map(|e| e.auth.iter().flat_map(|auth| &auth.identities)).find_map(|source| {
        match &source.source {
            catalog::IdentitySource::Injected { marker, .. } => dependency_of(cx, file, param, marker)?.2,
            _ => None,
        }
    })
}

/// The organisation that the signed-in user of a handler is acting for, where the sign-in library says so.
pub(super) fn organisation(cx: &Cx<'_>, reached: &Reached<'_>, at: u32) -> Option<Identity> {
    cx.entries(Kind::Auth).find_map(|entry| {
        entry.auth.iter().flat_map(|auth| &auth.identities).find_map(|source| {
            let user = source.organisation.clone()?;
            let source = catalog::Identity { user, nullable: true, ..source.clone() };
            from_source(cx, entry, &source, reached, at)
        })
    })
}

/// The same in a function that is no handler.
pub(super) fn organisation_in(cx: &Cx<'_>, file: FileId, function: FunctionId, at: u32) -> Option<Identity> {
    cx.entries(Kind::Auth).find_map(|entry| {
        entry.auth.iter().flat_map(|auth| &auth.identities).find_map(|source| {
            let catalog::IdentitySource::Call(callee) = &source.source else { return None };
            let user = source.organisation.clone()?;
            let source = catalog::Identity { user, nullable: true, ..source.clone() };
            from_call(cx, entry, &source, callee, file, function, at)
        })
    })
}

fn from_source(
    cx: &Cx<'_>,
    entry: &Entry,
    source: &catalog::Identity,
    reached: &Reached<'_>,
    at: u32,
) -> Option<Identity> {
    match &source.source {
        catalog::IdentitySource::Call(callee) => {
            let found = from_call(cx, entry, source, callee, reached.file, reached.function, at)?;
            if !found.nullable || !guard::is_wrapped(cx, reached, &source.wrapped_by) {
                return Some(found);
            }
            // A new handler without the wrapper would have to ask in other words.
            let handed = super::IdentitySource::Handed { origin: None, take: None };
            Some(Identity { nullable: false, source: handed, ..found })
        }
        catalog::IdentitySource::Member { of, path } => {
            let source = &as_put(cx, source, path)?;
            let own =
                || (*of == Role::Request).then(|| from_param(cx, entry, source, reached, path)).flatten();
            from_member(cx, entry, source, reached, *of, path, at).or_else(own)
        }
        catalog::IdentitySource::Getter { of, method, key } => {
            from_getter(cx, entry, source, reached, *of, method, key)
        }
        catalog::IdentitySource::Object(symbol) => from_object(cx, entry, source, symbol, reached, at),
        catalog::IdentitySource::Injected { marker, callee } => {
            injected(cx, entry, source, marker, callee.as_ref(), (reached.file, reached.function))
        }
        catalog::IdentitySource::Decorated { symbols, unless, default, of, path } => {
            let by_default = || {
                default.as_ref().is_some_and(|rule| vouched::by_default(cx, reached, rule, (symbols, unless)))
            };
            if !guard::is_vouched(cx, reached, symbols, unless) && !by_default() {
                return None;
            }
            let found = from_member(cx, entry, source, reached, *of, path, at)?;
            let line =
                cx.line(reached.file, cx.program.facts(reached.file).function(reached.function).span.start);
            let evidence = vec![format!("only signed-in users get to the handler (line {line})")];
            Some(Identity { nullable: false, evidence, ..found })
        }
    }
}

/// The source with the ids that the app's own strategies put there; `None` when that is none of them.
fn as_put(cx: &Cx<'_>, source: &catalog::Identity, path: &str) -> Option<catalog::Identity> {
    let mut source = source.clone();
    source.user.id = guard::ids_put(cx, path, &source.user.id);
    (!source.user.id.is_empty()).then_some(source)
}

/// Bindings of a function and those around it that stand before an offset, nearest first.
pub(super) fn bindings_before(
    facts: &Facts,
    function: FunctionId,
    at: u32,
) -> impl Iterator<Item = &Binding> {
    let around: Vec<FunctionId> = facts.enclosing(Some(function)).collect();
    let fits = move |b: &&Binding| {
        b.function.is_some_and(|f| around.contains(&f))
            && b.statement.start < at
            && (at == u32::MAX || b.scope.has(at))
    };
    facts.bindings.iter().rev().filter(fits)
}

/// The name of a handler's parameter with a role.
pub fn parameter(facts: &Facts, reached: &Reached<'_>, of: Role) -> Option<String> {
    let f = facts.function(reached.function);
    let by_position =
        reached.found.handler.params.iter().position(|r| *r == of).and_then(|at| f.params.get(at)?.name());
    let by_name = || {
        let named = reached.found.handler.named_params.iter().filter(|n| n.role == of);
        named.into_iter().find_map(|n| {
            f.params.iter().find(|p| {
                n.annotation
                    .as_deref()
                    .is_some_and(|a| p.annotation_text.as_deref().is_some_and(|t| t.contains(a)))
                    || n.name.as_deref().is_some_and(|name| p.name() == Some(name))
            })
        })
    };
    let named = by_position.or_else(|| by_name().and_then(crate::syntax::Param::name));
    let held = || held_request(reached.found.handler, f, of);
    named.map(str::to_owned).or_else(held)
}

/// `self.request`, where the request of a handler is a member of its instance.
pub fn held_request(
    handler: &catalog::Handler,
    function: &crate::syntax::Function,
    of: Role,
) -> Option<String> {
    let member = handler.held_request.as_ref().filter(|_| of == Role::Request)?;
    Some(format!("{}.{member}", function.params.first()?.name()?))
}

fn function_text(cx: &Cx<'_>, file: FileId, function: FunctionId) -> String {
    cx.slice(file, cx.program.facts(file).function(function).span)
}

fn start_of(facts: &Facts, function: FunctionId) -> Span {
    let body = facts.function(function).body;
    Span { start: body.start, end: body.start }
}
