//! What expressions are.

use std::collections::BTreeSet;

use super::names::Names;
use super::run::{Engine, Frame, Fun};
use super::state::{State, refined};
use super::value::{Abs, Trust, What};
use crate::ir::{Cond, Fact, Kind, Logic, Value, learn};
use crate::resolve::Def;
use crate::syntax::Span;

/// Items up to which a list is known item by item.
const ITEMS: usize = 16;

/// Values that a function written in place may hold on to. Functions that see functions that see functions add up: beyond
/// it, those it sees are known without what they see.
const WEIGHT: usize = 400;

impl Engine<'_> {
    pub(super) fn member(&mut self, state: &State, of: &Abs, key: &str) -> Abs {
        match &of.what {
            What::Claims { rule, path, from } => {
                let mut path = path.clone();
                path.push(key.to_owned());
                self.reads.insert((*rule, path.clone()));
                let claim = self.world.claim(*rule, &path, from);
                // Of what may be nobody the members may be nobody's: `const { userId } = await auth()`.
                Abs { maybe: claim.maybe || of.maybe, ..claim }
            }
            What::Cell(cell, path) => {
                let held = state.seen(of).member(key);
                if matches!(held.what, What::Object { .. }) {
                    let path = path.iter().cloned().chain([key.to_owned()]).collect();
                    return Abs { what: What::Cell(cell.clone(), path), maybe: held.maybe };
                }
                held
            }
            What::Either(all) => {
                let members: Vec<Abs> = all.iter().map(|one| self.member(state, one, key)).collect();
                members.into_iter().reduce(Abs::join).unwrap_or(Abs::NEVER)
            }
            _ => of.member(key),
        }
    }

    pub(super) fn eval(&mut self, frame: Frame<'_>, state: &mut State, value: &Value) -> Abs {
        let mut found = self.look(frame, state, value);
        if found.maybe
            && let Some(place) = value.place()
            && frame.known.contains(&(place, Fact::There))
        {
            found.maybe = false;
        }
        found
    }

    pub(super) fn look(&mut self, frame: Frame<'_>, state: &mut State, value: &Value) -> Abs {
        match &value.kind {
            Kind::Name(name) => match state.locals.get(name) {
                Some(held) => held.clone(),
                None => self.free(frame.fun, name, value.span),
            },
            Kind::This => state.locals.get("this").cloned().unwrap_or_else(|| Abs::any(Trust::App)),
            Kind::Member { of, key, optional } => {
                let base = self.eval(frame, state, of);
                let mut found = self.member(state, &base, key);
                found.maybe |= base.maybe && (*optional || frame.careful);
                found
            }
            Kind::Call(call) => self.call(frame, state, value.span, call),
            Kind::Object(pairs) => {
                let mut whole = Abs::object(None, true);
                for (key, value) in pairs {
                    let value = self.eval(frame, state, value);
                    if let Some(key) = key {
                        whole.set(std::slice::from_ref(key), value);
                    } else {
                        let value = state.seen(&value);
                        whole.spread(&value);
                    }
                }
                whole
            }
            Kind::List(items) => {
                let mut whole = Abs::object(Some(Trust::App), true);
                let mut trust = Trust::App;
                for (at, item) in items.iter().enumerate() {
                    let item = self.eval(frame, state, item);
                    trust = trust.min(item.trust());
                    if at < ITEMS {
                        whole.set(&[at.to_string()], item);
                    }
                }
                if items.len() > ITEMS { Abs::any(trust) } else { whole }
            }
            Kind::Null => Abs::NULL,
            Kind::Text(text) => Abs::of(What::Flag(!text.is_empty())),
            Kind::Literal(text) => Abs::of(What::Flag(!matches!(text.as_str(), "false" | "False" | "0"))),
            Kind::Function => self.closure(frame.fun, state, value.span),
            Kind::Choice(cond, yes, no) => {
                for value in cond.values() {
                    self.eval(frame, state, value);
                }
                let taken = self.under(frame, state, cond, true, yes);
                let left = self.under(frame, state, cond, false, no);
                taken.join(left)
            }
            Kind::Logic(how, left, right) => self.logic(frame, state, *how, left, right),
            Kind::Opaque(parts) => {
                let mut trust = Trust::App;
                for part in parts {
                    trust = trust.min(self.eval(frame, state, part).trust());
                }
                Abs::any(trust).or_null()
            }
        }
    }

    /// A value that is only computed when a condition holds, or when it does not.
    pub(super) fn under(
        &mut self,
        frame: Frame<'_>,
        state: &State,
        cond: &Cond,
        holds: bool,
        value: &Value,
    ) -> Abs {
        let mut known = frame.known.clone();
        learn(cond, holds, &mut known);
        let mut state = refined(cond, holds, state.clone());
        self.eval(Frame { known: &known, ..frame }, &mut state, value)
    }

    pub(super) fn logic(
        &mut self,
        frame: Frame<'_>,
        state: &mut State,
        how: Logic,
        left: &Value,
        right: &Value,
    ) -> Abs {
        let first = self.eval(frame, state, left);
        let cond = Cond::Truthy(left.clone());
        match how {
            Logic::And => {
                let second = self.under(frame, state, &cond, true, right);
                if first.is_null() { Abs::NULL } else { second.or_null() }
            }
            Logic::Or | Logic::Coalesce if !first.maybe && first.what != What::Never => {
                // A text may be empty, and then the other one is meant.
                let sure = !matches!(first.what, What::Any(_) | What::Flag(false)) || how == Logic::Coalesce;
                if sure { first } else { first.join(self.under(frame, state, &cond, false, right)) }
            }
            Logic::Or | Logic::Coalesce => {
                let second = self.under(frame, state, &cond, false, right);
                first.there().join(second)
            }
        }
    }

    /// A name that no local has.
    pub(super) fn free(&mut self, fun: Fun, name: &str, span: Span) -> Abs {
        match self.world.name(fun.0, fun.1, name, span.start) {
            Def::Function(file, id) => Abs::of(What::Function(file, id, Names::new())),
            def @ Def::Outside(..) => match self.world.cell(&def) {
                Some(cell) => Abs::of(What::Cell(cell, Vec::new())),
                None => Abs::any(Trust::App),
            },
            _ => Abs::any(Trust::App).or_null(),
        }
    }

    /// A function written in place, with what it sees.
    pub(super) fn closure(&mut self, fun: Fun, state: &State, span: Span) -> Abs {
        let Some(id) = self.world.function_at(fun.0, span) else { return Abs::any(Trust::App) };
        let Some(points) = self.world.points(fun.0, id) else { return Abs::any(Trust::App) };
        let body = points.body();
        let own: BTreeSet<&str> = body.params.iter().flatten().map(|b| b.name.as_str()).collect();
        // Functions beside it are found by their names.
        let beside = |held: &Abs| match &held.what {
            What::Function(file, f, _) => *file == fun.0 && self.world.parent(*file, *f) == Some(fun.1),
            What::Any(_) | What::Flag(_) => true,
            _ => false,
        };
        let seen = state.locals.iter().filter(|(name, held)| !own.contains(name) && !beside(held));
        let mut seen: Names = seen.map(|(name, held)| (name, held.clone())).collect();
        let mut left = WEIGHT;
        if !seen.values().all(|held| held.weighs_within(&mut left)) {
            seen.values_mut().for_each(Abs::forget_seen);
        }
        Abs::of(What::Function(fun.0, id, seen))
    }
}
