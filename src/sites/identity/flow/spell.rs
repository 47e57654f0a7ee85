//! How the user is written at a place: by what the code itself writes there, or by a name in scope and its members.

use std::collections::BTreeSet;

use super::world::Known;
use crate::flow::{Abs, Engine, Fun, Origin, Part, State, What, World};
use crate::ir::Known as Facts;
use crate::ir::{Act, Call, End, Kind, Place, Points, Value};
use crate::resolve::Def;
use crate::syntax::Span;
use crate::workspace::FileId;

/// The user, as written.
pub(super) struct Spelled {
    /// The name it starts with.
    pub(super) root: String,
    /// The members in between.
    pub(super) member: String,
    /// The id.
    pub(super) id: String,
    /// The e-mail address, where the same value has it.
    pub(super) email: Option<String>,
    /// It may be missing.
    pub(super) maybe: bool,
    /// Who vouches for it.
    pub(super) from: BTreeSet<Origin>,
}

/// The best way to write the user at an offset: certain before doubtful, short before long.
pub(super) fn spelled(
    known: &Known<'_, '_>,
    engine: &mut Engine<'_>,
    fun: Fun,
    state: &State,
    offset: u32,
) -> Option<Spelled> {
    let points = known.points(fun.0, fun.1)?;
    let facts = points.holds(offset).unwrap_or_default();
    let mut found: Vec<(Spelled, bool)> = Vec::new();
    for value in written(&points) {
        let place = value.place().or_else(|| asked_again(value));
        let Some(place) = place.filter(|p| is_in_scope(known, fun, state, &p.root, offset)) else {
            continue;
        };
        let is = engine.value(fun, state, &facts, value);
        let Some(from) = is.user_id().cloned() else { continue };
        let text = known.cx.slice(fun.0, value.span);
        // `req.user.id` throws where there is no user: what may be missing is asked for with `?.`.
        // What is awaited or may be missing is not asked for a second time.
        if matches!(value.kind, Kind::Call(_)) && (is.maybe || !known.is_python(fun.0)) {
            continue;
        }
        let throws = is.maybe && !place.keys.is_empty() && !known.is_python(fun.0) && !value.is_optional();
        if throws || text.contains('\n') {
            continue;
        }
        let id = if is.maybe { text.clone() } else { text.replace("?.", ".") };
        let root = place.root.clone();
        let email = beside(known, engine, fun, state, &facts, &points, &place);
        let member = place.keys.split_last().map_or_else(String::new, |(_, rest)| rest.join("."));
        found.push((Spelled { root, member, id, email, maybe: is.maybe, from }, true));
    }
    for name in state.locals.keys().filter(|name| is_in_scope(known, fun, state, name, offset)) {
        let start = Value { span: Span { start: offset, end: offset }, kind: Kind::Name(name.to_owned()) };
        let held = engine.value(fun, state, &facts, &start);
        let root = Name { known, python: known.is_python(fun.0), file: fun.0, root: name, facts: &facts };
        root.members(engine, state, &held, &[], name, &mut found);
    }
    // What the code writes itself is there as it says; an account of e-mail addresses decides among equals.
    found.sort_by_key(|(s, own)| (s.maybe, !own, s.email.is_none(), s.id.len(), s.id.clone()));
    let best = found.into_iter().next().map(|(spelled, _)| spelled)?;
    (!engine.is_exhausted()).then_some(best)
}

/// Whether a name can be written at a place: a parameter, a name of the module or the framework, or one that was given its
/// value in a block around and is not hidden by another that gets one later.
fn is_in_scope(known: &Known<'_, '_>, fun: Fun, state: &State, name: &str, offset: u32) -> bool {
    match known.name(fun.0, fun.1, name, offset) {
        Def::Param(..) => state.locals.contains_key(name),
        Def::Value(file, index, _) => {
            let binding = known.cx.program.binding(file, index);
            let before = binding.is_some_and(|b| b.statement.end <= offset && b.scope.has(offset));
            file == fun.0 && before && state.locals.contains_key(name)
        }
        Def::Outside(..) => !state.locals.contains_key(name),
        _ => false,
    }
}

/// A name whose members are looked through.
struct Name<'k, 'c, 'a> {
    known: &'k Known<'c, 'a>,
    python: bool,
    file: FileId,
    root: &'k str,
    facts: &'k Facts,
}

impl Name<'_, '_, '_> {
    fn members(
        &self,
        engine: &mut Engine<'_>,
        state: &State,
        held: &Abs,
        path: &[String],
        text: &str,
        found: &mut Vec<(Spelled, bool)>,
    ) {
        let checked = self
            .facts
            .contains(&(Place { root: self.root.to_owned(), keys: path.to_vec() }, crate::ir::Fact::There));
        let seen = state.seen(held).as_one();
        let maybe = seen.maybe && !checked;
        let below = |key: &str, items: bool| {
            let dot = if maybe && !self.python { "?." } else { "." };
            if items && self.python { format!("{text}[\"{key}\"]") } else { format!("{text}{dot}{key}") }
        };
        match &seen.what {
            What::User(Part::Id, from) => {
                let member = path.split_last().map_or_else(String::new, |(_, rest)| rest.join("."));
                let (root, id, from) = (self.root.to_owned(), text.to_owned(), from.clone());
                found.push((Spelled { root, member, id, email: None, maybe, from }, path.is_empty()));
            }
            What::Object { members, items, .. } => {
                for (key, value) in members.iter() {
                    let mut value = value.clone();
                    value.maybe |= maybe;
                    let path: Vec<String> = path.iter().cloned().chain([key.to_owned()]).collect();
                    self.members(engine, state, &value, &path, &below(key, *items), found);
                }
            }
            What::Claims { rule, path: taken, from } => {
                let rule_of = self.known.rule(*rule);
                let ids = rule_of.fields.id.iter().filter_map(|id| {
                    let whole: Vec<String> = id.split('.').map(str::to_owned).collect();
                    let rest = whole.strip_prefix(taken.as_slice())?.to_vec();
                    Some((whole, rest))
                });
                let ids: Vec<(Vec<String>, Vec<String>)> = ids.collect();
                let read = ids.iter().find(|(whole, _)| engine.is_read(*rule, whole));
                let sure = ids.first().filter(|_| rule_of.members_known);
                let free = || self.known.is_untyped(self.file, path);
                let signed = || {
                    let own = |whole: &[String]| matches!(whole, [key] if self.known.signed().contains(key));
                    ids.iter().find(|(whole, _)| own(whole)).filter(|_| free())
                };
                if let Some((_, rest)) = read.or(sure).or_else(signed) {
                    let id = rest.iter().enumerate().fold(text.to_owned(), |text, (at, key)| {
                        let dot = if at == 0 && maybe && !self.python { "?." } else { "." };
                        if self.python { format!("{text}[\"{key}\"]") } else { format!("{text}{dot}{key}") }
                    });
                    let (root, member) = (self.root.to_owned(), path.join("."));
                    found.push((Spelled { root, member, id, email: None, maybe, from: from.clone() }, false));
                }
            }
            _ => {}
        }
    }
}

/// The e-mail address that the code reads beside an id.
fn beside(
    known: &Known<'_, '_>,
    engine: &mut Engine<'_>,
    fun: Fun,
    state: &State,
    facts: &Facts,
    points: &Points,
    id: &Place,
) -> Option<String> {
    let (_, parent) = id.keys.split_last()?;
    let values = written(points).into_iter().filter(|value| {
        value
            .place()
            .is_some_and(|p| p.root == id.root && p.keys.len() == id.keys.len() && p.keys.starts_with(parent))
    });
    values.into_iter().find_map(|value| {
        let is = engine.value(fun, state, facts, value);
        matches!(is.what, What::User(Part::Email, _)).then(|| known.cx.slice(fun.0, value.span))
    })
}

/// What a call is made of that takes nothing and may be made again: `get_identity()`.
fn asked_again(value: &Value) -> Option<Place> {
    let Kind::Call(call) = &value.kind else { return None };
    let takes_nothing = call.args.is_empty() && call.keywords.is_empty() && !call.is_new;
    call.callee.place().filter(|place| takes_nothing && place.keys.is_empty())
}

/// Every expression of a function that has a place, with what is inside of them.
fn written(points: &Points) -> Vec<&Value> {
    let mut open: Vec<&Value> = Vec::new();
    for block in &points.body().blocks {
        for stmt in &block.stmts {
            match &stmt.act {
                Act::Bind(_, value) | Act::Eval(value) => open.push(value),
                Act::Store(target, value) => open.extend([target, value]),
            }
        }
        match &block.end {
            End::Return(Some(value)) => open.push(value),
            End::Branch { cond, .. } => open.extend(cond.values()),
            _ => {}
        }
    }
    let mut found = Vec::new();
    while let Some(value) = open.pop() {
        if matches!(value.kind, Kind::Member { .. } | Kind::Name(_)) || asked_again(value).is_some() {
            found.push(value);
        }
        open.extend(value.parts());
    }
    found.sort_by_key(|value| value.span);
    found
}

/// The call that stands there.
pub(super) fn call_in(points: &Points, span: Span) -> Option<Call> {
    let mut open: Vec<&Value> = Vec::new();
    for block in &points.body().blocks {
        for stmt in &block.stmts {
            let (Act::Bind(_, value) | Act::Store(_, value) | Act::Eval(value)) = &stmt.act;
            open.push(value);
        }
        match &block.end {
            End::Return(Some(value)) => open.push(value),
            End::Branch { cond, .. } => open.extend(cond.values()),
            _ => {}
        }
    }
    while let Some(value) = open.pop() {
        match &value.kind {
            Kind::Call(call) if value.span == span => return Some((**call).clone()),
            _ => open.extend(value.parts()),
        }
    }
    None
}

/// The statement that gave a name its value before an offset, in a function or in the ones around it that it sees the
/// name of.
pub(super) fn bound_at(known: &Known<'_, '_>, fun: Fun, name: &str, offset: u32) -> Option<Span> {
    let facts = known.cx.program.facts(fun.0);
    facts.enclosing(Some(fun.1)).find_map(|function| {
        let points = known.points(fun.0, function)?;
        let body = points.body();
        let stmts = body.blocks.iter().flat_map(|b| &b.stmts).filter(|s| s.span.end <= offset);
        let binds =
            stmts.filter(|s| matches!(&s.act, Act::Bind(names, _) if names.iter().any(|n| n.name == name)));
        binds.map(|s| s.span).max()
    })
}
