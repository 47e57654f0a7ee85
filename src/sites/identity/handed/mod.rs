//! Users that a wrapper of the app's own hands to a handler: `withUser((request) => … request.auth.userId …)`, or a chain
//! of such functions in front of it: `client.use(…).action(({ ctx }) => … ctx.userId …)`.
//!
//! What the handler's parameter holds is followed back through the wrapper to the value of a session call that the
//! sign-in library vouches for. Whatever is met on the way counts only when the code says it in plain words: an object,
//! a member that was set, what a function of the app returns. What comes from the request itself is met as a parameter
//! that nobody vouches for, and is nobody.

mod chain;
mod class;
mod follow;
mod names;
mod record;
mod runs;
mod session;
mod shape;
mod take;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::bindings_before;
use super::bound::{User, bound_identity};
use crate::catalog::HandlerShape;
use crate::resolve::Def;
use crate::sites::cx::{Cx, written_member};
use crate::sites::handlers::Reached;
use crate::sites::holds;
use crate::sites::owner::{Chain, reads};
use crate::sites::{Identity, IdentitySource, Take};
use crate::syntax::{CallId, Expr, FunctionId, PatternName, Root, Span};
use crate::workspace::{FileId, Language};
use follow::{Bound, Follow, Place, Session};
use shape::{Leaf, Part, Shape};

/// The user in one of a handler's parameters, as far as its wrapper says.
#[derive(Debug, Clone)]
pub(in crate::sites) struct Wrapped {
    position: usize,
    /// The wrapper, as the handler's file calls it.
    by: String,
    user: Arc<Known>,
}

/// The user in what a wrapper hands over.
#[derive(Debug)]
pub(in crate::sites) struct Known {
    ids: Vec<Leaf>,
    emails: Vec<Leaf>,
    names: Vec<Leaf>,
    /// Of each session call: the entry, the user there, and where that is, in words.
    sessions: Vec<Origin>,
}

#[derive(Debug, Clone)]
struct Origin {
    auth: String,
    identity: Option<Box<(FileId, Identity)>>,
    words: String,
}

/// The user that a handler is given by what it is wrapped in.
pub(super) fn in_wrapped(cx: &Cx<'_>, reached: &Reached<'_>, at: u32) -> Option<Identity> {
    let place = (reached.file, reached.function);
    let is_script = cx.workspace().entry(reached.file).language.is_some_and(Language::is_ecmascript);
    if !is_script {
        return None;
    }
    let wrapped = cx.wrapped(place, || find(cx, reached).into());
    let facts = cx.program.facts(reached.file);
    let params = &facts.function(reached.function).params;
    let own = cx.slice(reached.file, facts.function(reached.function).span);
    let found = wrapped.iter().flat_map(|w| {
        let names = params.get(w.position).map_or(&[][..], |p| p.names.as_slice());
        names.iter().filter_map(|name| in_name(w, name, &own).map(|found| (w, found))).collect::<Vec<_>>()
    });
    let named = found.min_by_key(|(_, user)| (user.maybe, user.id.len()));
    let (wrapped, user) = named.or_else(|| wrapped.iter().find_map(|w| Some((w, untaken(cx, place, w)?))))?;
    Some(identity(cx, reached, at, wrapped, user))
}

/// The user in what a function of the app gives back: `const user = await requireUser()`, certain where that function
/// leaves without one.
pub(super) fn from_reader(cx: &Cx<'_>, file: FileId, function: FunctionId, at: u32) -> Option<Identity> {
    if !cx.workspace().entry(file).language.is_some_and(Language::is_ecmascript) {
        return None;
    }
    let facts = cx.program.facts(file);
    let own = cx.slice(file, facts.function(function).span);
    let mut unsure = None;
    for binding in bindings_before(facts, function, at) {
        let Some(call) = binding.value.as_call() else { continue };
        let user = if let Def::Function(reader_file, reader) = cx.callee(file, call) {
            let read = || read(cx, reader_file, reader).map(Arc::new);
            cx.handed_over_by(format!("read {reader_file:?} {reader:?}"), read)
        } else {
            loaded(cx, file, function, call).map(Arc::new)
        };
        let Some(user) = user else { continue };
        let wrapped = Wrapped { position: 0, by: String::new(), user };
        let found = binding.names.iter().filter_map(|name| in_name(&wrapped, name, &own));
        let Some(named) = found.min_by_key(|user| (user.maybe, user.id.len())) else { continue };
        let origin = &wrapped.user.sessions[named.from];
        let Some(entry) = cx.catalog.get(&origin.auth) else { continue };
        let user = User { id: named.id, email: named.email, name: named.name };
        let mut identity = bound_identity(cx, entry, named.maybe, file, call, binding, user, at);
        identity.evidence.push(origin.words.clone());
        if !identity.nullable {
            return Some(identity);
        }
        unsure = unsure.or(Some(identity));
    }
    unsure
}

/// The user in a record that a function loads itself by what it knows of who is signed in.
fn loaded(cx: &Cx<'_>, file: FileId, function: FunctionId, call: CallId) -> Option<Known> {
    let facts = cx.program.facts(file);
    reads(cx, &Chain::of(facts, call).words(facts))?;
    let place = Place { file, function: Some(function), at: facts.call(call).span.start, calls: None };
    let mut follow = Follow::new(cx);
    let shape = follow.value(&place, &Expr::Call(call));
    known_of(cx, &follow, &shape)
}

/// The user in what a function gives back, whatever it is called with.
fn read(cx: &Cx<'_>, file: FileId, function: FunctionId) -> Option<Known> {
    let mut follow = Follow::new(cx);
    let shape = follow.returned(file, function, None);
    known_of(cx, &follow, &shape)
}

/// The user under one name of a parameter.
struct Named {
    local: String,
    id: String,
    email: Option<String>,
    name: Option<String>,
    maybe: bool,
    from: usize,
    take: Option<Take>,
}

/// The user that a pattern could take and does not.
fn untaken(cx: &Cx<'_>, (file, function): (FileId, FunctionId), wrapped: &Wrapped) -> Option<Named> {
    // What may be missing needs a check, and the code that has one names it.
    let sure = wrapped.user.ids.iter().filter(|leaf| leaf.rank == 0 && !leaf.maybe);
    sure.into_iter().find_map(|leaf| {
        let (take, id) = take::take(cx, file, function, wrapped.position, &leaf.path)?;
        let local = take.name.clone();
        Some(Named { local, id, email: None, name: None, maybe: false, from: leaf.from, take: Some(take) })
    })
}

fn in_name(wrapped: &Wrapped, name: &PatternName, own: &str) -> Option<Named> {
    let below = |leaf: &Leaf| {
        let rest = leaf.path.strip_prefix(name.path.as_slice())?.join(".");
        if rest.is_empty() {
            return Some(name.local.clone());
        }
        let written = written_member(own, &name.local, &rest);
        // One of several names that it may go by: the code has to say which.
        let sure = leaf.rank == 0 || written.is_some();
        sure.then(|| written.unwrap_or_else(|| format!("{}.{rest}", name.local)))
    };
    let (leaf, id) = wrapped.user.ids.iter().find_map(|leaf| Some((leaf, below(leaf)?)))?;
    let beside = |leaves: &[Leaf]| {
        let mut sure = leaves.iter().filter(|l| l.from == leaf.from && l.maybe <= leaf.maybe && l.rank == 0);
        sure.find_map(below)
    };
    Some(Named {
        local: name.local.clone(),
        id,
        email: beside(&wrapped.user.emails),
        name: beside(&wrapped.user.names),
        maybe: leaf.maybe,
        from: leaf.from,
        take: None,
    })
}

fn identity(cx: &Cx<'_>, reached: &Reached<'_>, at: u32, wrapped: &Wrapped, user: Named) -> Identity {
    let facts = cx.program.facts(reached.file);
    let f = facts.function(reached.function);
    let start = Span { start: f.body.start, end: f.body.start };
    let names = [user.local.as_str(), user.id.as_str()];
    let guarded = user.maybe.then(|| holds::end_of_guard(cx, reached.file, start, &names, at)).flatten();
    let origin = &wrapped.user.sessions[user.from];
    let line = cx.line(reached.file, f.span.start);
    let mut evidence = vec![format!("`{}` hands over the user as `{}` (line {line})", wrapped.by, user.id)];
    evidence.push(origin.words.clone());
    evidence.extend(guarded.map(|at| format!("checked before use (line {})", cx.line(reached.file, at))));
    Identity {
        id: user.id,
        email: user.email,
        name: user.name,
        auth: origin.auth.clone(),
        ready_at: guarded.unwrap_or(f.body.start),
        nullable: user.maybe && guarded.is_none(),
        source: IdentitySource::Handed { origin: origin.identity.clone(), take: user.take },
        evidence,
    }
}

/// What each parameter of a handler is given, as far as it says something of the user.
fn find(cx: &Cx<'_>, reached: &Reached<'_>) -> Vec<Wrapped> {
    let (file, function) = (reached.file, reached.function);
    let params = cx.program.facts(file).function(function).params.len();
    let of = |position: usize| {
        let (key, by) = wrapper(cx, reached, position)?;
        let look = || known(cx, reached, position).map(Arc::new);
        let user = match key {
            Some(key) => cx.handed_over_by(key, look)?,
            None => look()?,
        };
        Some(Wrapped { position, by, user })
    };
    (0..params).filter_map(of).collect()
}

fn known(cx: &Cx<'_>, reached: &Reached<'_>, position: usize) -> Option<Known> {
    let mut follow = Follow::new(cx);
    let shape = given(&mut follow, reached, position)?;
    known_of(cx, &follow, &shape)
}

fn known_of(cx: &Cx<'_>, follow: &Follow<'_, '_>, shape: &Shape) -> Option<Known> {
    let ids = shape.leaves(Part::Id);
    let sessions = || follow.sessions.iter().map(|session| origin(cx, session)).collect();
    (!ids.is_empty()).then(|| Known {
        ids,
        emails: shape.leaves(Part::Email),
        names: shape.leaves(Part::Name),
        sessions: sessions(),
    })
}

/// What a parameter is given.
fn given(follow: &mut Follow<'_, '_>, reached: &Reached<'_>, position: usize) -> Option<Shape> {
    let (file, function) = (reached.file, reached.function);
    if let HandlerShape::ChainEnd { context, .. } = &reached.found.handler.shape {
        let (end, _) = follow.cx.program.facts(file).function(function).argument_of?;
        return Some(follow.by_chain(file, end, context.as_ref()?));
    }
    let place = Place { file, function: Some(function), at: 0, calls: None };
    Some(follow.handed(&place, file, function, position))
}

/// The wrapper of a handler: what it is known under, where other handlers get the same from it, and what it is called.
fn wrapper(cx: &Cx<'_>, reached: &Reached<'_>, position: usize) -> Option<(Option<String>, String)> {
    let (file, function) = (reached.file, reached.function);
    if let HandlerShape::ChainEnd { context, .. } = &reached.found.handler.shape {
        let about = context.as_ref().filter(|_| position == 0)?;
        let (end, _) = cx.program.facts(file).function(function).argument_of?;
        let links = Follow::new(cx).links(file, end);
        let (elsewhere, here): (Vec<_>, Vec<_>) = links.into_iter().partition(|(at, _)| *at != file);
        let adds = |(file, id): &(FileId, CallId)| {
            let method = cx.program.facts(*file).call(*id).callee.segments.last();
            method.is_some_and(|m| about.links.contains(m) || about.made_by.contains(m))
        };
        let key = elsewhere.last().filter(|_| !here.iter().any(adds)).map(|last| format!("{last:?}"));
        return Some((key, chain_name(cx, file, end)));
    }
    let place = Place { file, function: Some(function), at: 0, calls: None };
    let mut follow = Follow::new(cx);
    let (at, id, given) = follow.given_to(&place, file, function)?;
    let call = cx.program.facts(at).call(id);
    // What else it is told may make a difference; texts only name things.
    let mut others = call.args.iter().enumerate().filter(|(index, _)| *index != given);
    let alike = others.all(|(_, arg)| matches!(arg, Expr::Str(_)));
    let place = Place { file: at, function: call.function, at: call.span.start, calls: None };
    // A wrapper of a library says in its entry what it hands over.
    let (wrapper_file, wrapper, _) = follow.function(&place, &call.callee)?;
    let is_plain = alike && call.callee.as_name().is_some() && call.function.is_none();
    let key =
        is_plain.then(|| format!("{wrapper_file:?} {wrapper:?} {given} of {} {position}", call.args.len()));
    Some((key, cx.written(at, &call.callee)))
}

/// What the beginning of a chain is called.
fn chain_name(cx: &Cx<'_>, file: FileId, end: CallId) -> String {
    let facts = cx.program.facts(file);
    let mut callee = &facts.call(end).callee;
    while let Root::Call(inner) = &callee.root {
        callee = &facts.call(*inner).callee;
    }
    callee.root_name().map_or_else(|| cx.written(file, callee), str::to_owned)
}

/// The user as the app itself keeps them.
fn own_identity(cx: &Cx<'_>, session: &Session<'_>, bound: &Bound) -> Option<(FileId, Identity)> {
    let facts = cx.program.facts(bound.file);
    let call = facts.call(bound.call);
    let binding = facts.bindings.iter().find(|b| b.value.as_call() == Some(bound.call))?;
    let written = |part: Part| {
        let leaves = bound.value.leaves(part);
        leaves.iter().filter(|leaf| leaf.rank == 0).find_map(|leaf| {
            binding.names.iter().find_map(|name| {
                let rest = leaf.path.strip_prefix(name.path.as_slice())?;
                Some(std::iter::once(&name.local).chain(rest).cloned().collect::<Vec<_>>().join("."))
            })
        })
    };
    let user = User { id: written(Part::Id)?, email: written(Part::Email), name: written(Part::Name) };
    let end = call.function.map_or(u32::MAX, |f| facts.function(f).body.end.saturating_sub(1));
    let found = bound_identity(cx, session.entry, true, bound.file, bound.call, binding, user, end);
    Some((bound.file, found))
}

/// The user as a session call of a wrapper gives them.
fn origin(cx: &Cx<'_>, session: &Session<'_>) -> Origin {
    let call = cx.program.facts(session.file).call(session.call);
    let identity = session.bound.as_ref().and_then(|bound| own_identity(cx, session, bound));
    let identity = identity.map(Box::new);
    let (path, line) = (cx.path(session.file), cx.line(session.file, call.span.start));
    let written = cx.slice(session.file, call.span);
    let first = written.lines().next().unwrap_or_default();
    let short = if written.contains('\n') { format!("{}…)", first.trim_end()) } else { first.to_owned() };
    Origin {
        auth: session.entry.id.clone(),
        identity,
        words: format!("who is signed in is known there from `{short}` ({path}:{line})"),
    }
}
