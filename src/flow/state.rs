//! What names and shared places hold, and how that meets.

use std::collections::BTreeSet;

use super::names::Names;
use super::value::{Abs, Trust, What};
use crate::ir::{Cond, Fact, Known, Place, Points, learn};

/// What names and shared places hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct State {
    /// Names of the function, and those it sees of the functions around it.
    pub locals: Names,
    /// Places that others see as well.
    pub cells: Names,
}

/// What a function was called with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Given {
    /// By position.
    pub args: Vec<Abs>,
    /// By name.
    pub keywords: Names,
    /// The shared places then.
    pub cells: Names,
    /// The code of the call lists everything, so that what is not among it is missing.
    pub whole: bool,
}

impl State {
    /// What they hold where two ways meet.
    #[must_use]
    pub fn join(self, other: &Self) -> Self {
        join_states(self, other, false)
    }

    /// What a value is with the places others see looked into.
    pub fn seen(&self, value: &Abs) -> Abs {
        let What::Cell(cell, path) = &value.what else { return value.clone() };
        let held = self.cells.get(cell).cloned().unwrap_or_else(|| Abs::any(Trust::Sent));
        let mut held = path.iter().fold(held, |held, key| held.member(key));
        held.maybe |= value.maybe;
        held
    }
}

/// The names of a function that begins.
pub(super) fn entered(points: &Points, seen: Names, given: Given) -> State {
    let mut locals = seen;
    for (at, names) in points.body().params.iter().enumerate() {
        for bound in names {
            let by_name = given.keywords.get(&bound.name).filter(|_| bound.path.is_empty());
            let mut value = match by_name.or_else(|| given.args.get(at)) {
                Some(value) => value.clone(),
                None if given.whole && !bound.vague => Abs::NULL,
                // What is not handed over is missing, or has a default.
                None => Abs::any(Trust::App).or_null(),
            };
            for key in &bound.path {
                value = if key == "..." {
                    Abs::any(value.trust().min(Trust::App))
                } else if let What::Cell(cell, path) = &value.what {
                    let state = State { locals: Names::new(), cells: given.cells.clone() };
                    let held = state.seen(&value).member(key);
                    if matches!(held.what, What::Object { .. }) {
                        let path = path.iter().cloned().chain([key.clone()]).collect();
                        Abs { what: What::Cell(cell.clone(), path), maybe: held.maybe }
                    } else {
                        held
                    }
                } else {
                    value.member(key)
                };
            }
            locals.insert(&bound.name, value);
        }
    }
    State { locals, cells: given.cells }
}

/// Whether one side of a branch is never taken: it asks for a parameter that is missing.
pub(super) fn is_dead(points: &Points, cond: &Cond, holds: bool, state: &State) -> bool {
    let mut known = Known::new();
    learn(cond, holds, &mut known);
    let mut params = points.body().params.iter().flatten().filter(|bound| bound.path.is_empty());
    params.any(|bound| {
        let place = Place { root: bound.name.clone(), keys: Vec::new() };
        known.contains(&(place, Fact::There)) && state.locals.get(&bound.name).is_some_and(Abs::is_null)
    })
}

/// Tells which way a function has gone from what a branch asks of the value it gave back:
/// `const found = await user(); if (!found.ok) return …`
fn narrow(cond: &Cond, holds: bool, locals: &mut Names) {
    match (cond, holds) {
        (Cond::Not(inner), _) => narrow(inner, !holds, locals),
        (Cond::And(a, b), true) | (Cond::Or(a, b), false) => {
            narrow(a, holds, locals);
            narrow(b, holds, locals);
        }
        (Cond::Truthy(of), _) => keep(of.place(), locals, |one| one.truth() != Some(!holds)),
        (Cond::Has(of, key), _) => {
            let can_be = |member: Abs| if holds { !member.is_null() } else { member.maybe };
            keep(of.place(), locals, |one| can_be(one.member(key)));
        }
        (Cond::Null { of, .. }, true) => {
            let may_be_any = |one: &Abs| matches!(one.what, What::Any(_) | What::Cell(..));
            keep(of.place(), locals, |one| one.maybe || may_be_any(one));
        }
        (Cond::Null { of, .. }, false) => keep(of.place(), locals, |one| !one.is_null()),
        (Cond::Equals(of, text), _) => {
            let on = match text.as_str() {
                "true" | "True" => true,
                "false" | "False" => false,
                _ => return,
            };
            // Only one of the two values is left where it is known to be the other.
            let is_it = |one: &Abs| matches!(one.what, What::Flag(flag) if flag == on) && !one.maybe;
            let is_other = |one: &Abs| one.is_null() || matches!(one.what, What::Flag(flag) if flag != on);
            keep(of.place(), locals, |one| if holds { !is_other(one) } else { !is_it(one) });
        }
        _ => {}
    }
}

/// Leaves the ways in which a place can be what was asked for.
fn keep(place: Option<Place>, locals: &mut Names, can_be: impl Fn(&Abs) -> bool) {
    let Some(Place { root, keys }) = place else { return };
    let Some(held) = locals.get_mut(&root) else { return };
    let What::Either(all) = &mut held.what else { return };
    all.retain(|one| can_be(&keys.iter().fold(one.clone(), |inner, key| inner.member(key))));
    if all.len() < 2 {
        let left = all.pop().unwrap_or(Abs::NEVER);
        *held = Abs { maybe: held.maybe || left.maybe, ..left };
    }
}

/// What names hold on one side of a branch.
pub(super) fn refined(cond: &Cond, holds: bool, mut state: State) -> State {
    narrow(cond, holds, &mut state.locals);
    let mut known = Known::new();
    learn(cond, holds, &mut known);
    for (place, fact) in known {
        let Place { root, keys } = &place;
        match (fact, state.locals.get_mut(root), keys.as_slice()) {
            (Fact::There, Some(held), []) => held.maybe = false,
            (Fact::Gone, Some(held), []) if held.maybe => *held = Abs::NULL,
            (Fact::There, Some(held), keys) if matches!(held.what, What::Object { .. }) => {
                let inner = keys.iter().fold(held.clone(), |inner, key| inner.member(key));
                if inner.maybe && inner.what != What::Never {
                    held.set(keys, inner.there());
                }
            }
            (Fact::There, Some(held), keys) => {
                let What::Cell(cell, path) = held.what.clone() else { continue };
                let path: Vec<String> = path.iter().chain(keys).cloned().collect();
                let Some(held) = state.cells.get_mut(&cell) else { continue };
                let inner = path.iter().fold(held.clone(), |inner, key| inner.member(key));
                if inner.maybe && inner.what != What::Never {
                    held.set(&path, inner.there());
                }
            }
            _ => {}
        }
    }
    state
}

pub(super) fn join_cells(a: Names, b: &Names) -> Names {
    join_maps(a, b, false)
}

/// What names hold where two ways meet. Where a name is given a value on one way only, it is not looked at on the other.
pub(super) fn join_maps(a: Names, b: &Names, wide: bool) -> Names {
    let mut joined = a;
    for (name, other) in b.iter() {
        let merged = match joined.get(name) {
            Some(value) if value == other => continue,
            Some(value) if wide => {
                Abs { maybe: true, what: What::Any(value.trust().min(other.trust()).min(Trust::App)) }
            }
            Some(value) => value.clone().join(other.clone()),
            None => other.clone(),
        };
        joined.insert(name, merged);
    }
    joined
}

pub(super) fn join_states(a: State, b: &State, wide: bool) -> State {
    State { locals: join_maps(a.locals, &b.locals, wide), cells: join_maps(a.cells, &b.cells, wide) }
}

pub(super) fn join_given(a: Given, b: Given) -> Given {
    let length = a.args.len().min(b.args.len());
    let args = a.args.into_iter().zip(b.args).take(length).map(|(a, b)| a.join(b)).collect();
    let both: BTreeSet<String> =
        b.keywords.keys().filter(|key| a.keywords.contains_key(key)).map(str::to_owned).collect();
    let mut keywords = join_maps(a.keywords, &b.keywords, false);
    keywords.retain(|key| both.contains(key));
    Given { args, keywords, cells: join_cells(a.cells, &b.cells), whole: a.whole && b.whole }
}
