//! What calls give, and what they do to the places that others see.

use super::names::Names;
use super::run::{Engine, Frame};
use super::state::{Given, State, join_cells};
use super::value::{Abs, Origin, Trust, What};
use super::world::Access;
use crate::ir::{Call, Kind, Value};
use crate::resolve::Def;
use crate::syntax::Span;

/// Functions of the languages themselves that give the same text or number in another type.
const CONVERSIONS: &[&str] = &["String", "Number", "BigInt", "parseInt", "str", "int", "UUID"];

/// Methods of the same kind.
const CONVERTING: &[&str] = &["toString", "trim", "strip", "hex", "toHexString"];

impl Engine<'_> {
    pub(super) fn given(&mut self, frame: Frame<'_>, state: &mut State, call: &Call) -> Given {
        // Asked for, it is as good as nothing.
        let is_false =
            |value: &Value| matches!(&value.kind, Kind::Literal(word) if word.eq_ignore_ascii_case("false"));
        let mut hand =
            |value: &Value| if is_false(value) { Abs::NULL } else { self.eval(frame, state, value) };
        let args = call.args.iter().map(&mut hand).collect();
        let keywords = call.keywords.iter().map(|(key, v)| (key.as_str(), hand(v)));
        let keywords = keywords.collect();
        Given { args, keywords, cells: state.cells.clone(), whole: !call.spread }
    }

    pub(super) fn call(&mut self, frame: Frame<'_>, state: &mut State, span: Span, call: &Call) -> Abs {
        let object = match &call.callee.kind {
            Kind::Member { of, key, .. } => Some((self.eval(frame, state, of), key.as_str())),
            _ => None,
        };
        let callee = match &object {
            Some((of, key)) => self.member(state, of, key),
            None => self.eval(frame, state, &call.callee),
        };
        let mut given = self.given(frame, state, call);
        if callee.what == What::Next {
            // `next(error)` ends it.
            if given.args.first().is_none_or(|arg| matches!(arg.what, What::Cell(..) | What::Never)) {
                self.went_on.push(given.cells);
            }
            return Abs::any(Trust::App);
        }
        if matches!(callee.what, What::Function(..)) {
            return self.run(state, &callee, given);
        }
        if let Some((of, method)) = &object
            && let Some(found) = self.method(state, of, method, call, &given)
        {
            return found;
        }
        let def = self.world.callee(frame.fun.0, span);
        if let Some((rule, callback)) = self.world.source(frame.fun.0, span, &def) {
            let value = self.world.given(rule, Origin { rule, file: frame.fun.0, call: span });
            if let (Some(position), Some(last)) = (callback, given.args.last().cloned())
                && matches!(last.what, What::Function(..))
            {
                // What went wrong comes first, and is nothing when the rest is something.
                let mut args = vec![Abs::any(Trust::App).or_null(); position];
                args.push(value);
                let given = Given { args, keywords: Names::new(), cells: state.cells.clone(), whole: false };
                self.run(state, &last, given);
                return Abs::NULL;
            }
            return value;
        }
        match &def {
            Def::Function(file, id) => {
                if self.world.takes_instance(*file, *id) && object.is_some() {
                    let of = object.map(|(of, _)| of).filter(|of| matches!(of.what, What::Object { .. }));
                    given.args.insert(0, of.unwrap_or_else(|| Abs::any(Trust::App)));
                }
                self.run(state, &Abs::of(What::Function(*file, *id, Names::new())), given)
            }
            Def::Class(..) => self.instance(state, &def, given),
            _ => {
                let name = call.callee.place().filter(|p| p.keys.is_empty()).map(|p| p.root);
                let converts = name.is_some_and(|name| CONVERSIONS.contains(&name.as_str()));
                if let (true, [one, ..]) = (converts, given.args.as_slice()) {
                    return one.clone().there();
                }
                let of = object.map(|(of, _)| of);
                match self.world.record(frame.fun.0, span, of.as_ref(), &given.args) {
                    Some(record) => record,
                    None => self.outside(state, of, call, &given),
                }
            }
        }
    }

    /// Runs a function where it is called.
    pub(super) fn run(&mut self, state: &mut State, function: &Abs, given: Given) -> Abs {
        match self.invoke(function, given) {
            Some((value, cells)) => {
                state.cells = cells;
                value
            }
            None => Abs::any(Trust::App).or_null(),
        }
    }

    /// Methods whose meaning is the same in every app.
    pub(super) fn method(
        &mut self,
        state: &mut State,
        of: &Abs,
        method: &str,
        call: &Call,
        given: &Given,
    ) -> Option<Abs> {
        let key = call.args.first().and_then(|arg| match &arg.kind {
            Kind::Text(text) => Some(text.clone()),
            _ => None,
        });
        if let What::Cell(cell, path) = &of.what {
            match (self.world.accessor(cell, method).filter(|_| path.is_empty()), key) {
                (Some(Access::Set(mut below)), Some(key)) => {
                    below.push(key);
                    let value = given.args.get(1).cloned().unwrap_or(Abs::NULL);
                    state.cells.get_mut(cell)?.set(&below, value);
                    return Some(Abs::NULL);
                }
                (Some(Access::Get(mut below)), Some(key)) => {
                    below.push(key);
                    let held = below.iter().fold(of.clone(), |held, key| self.member(state, &held, key));
                    return Some(held);
                }
                _ => return None,
            }
        }
        let known = matches!(of.what, What::Object { .. } | What::Claims { .. });
        match method {
            "get" if known => {
                let found = self.member(state, of, &key?);
                let otherwise = given.args.get(1).cloned().unwrap_or(Abs::NULL);
                Some(found.join(otherwise))
            }
            "then" => {
                let then = given.args.first()?;
                let args = vec![of.clone()];
                let inner = Given { args, keywords: Names::new(), cells: state.cells.clone(), whole: false };
                matches!(then.what, What::Function(..)).then(|| self.run(state, then, inner))
            }
            "catch" => {
                let caught = given.args.first()?;
                if caught.what == What::Next {
                    return Some(of.clone());
                }
                let args = vec![Abs::any(Trust::App)];
                let inner = Given { args, keywords: Names::new(), cells: state.cells.clone(), whole: false };
                matches!(caught.what, What::Function(..))
                    .then(|| self.run(state, caught, inner).join(of.clone()))
            }
            _ if CONVERTING.contains(&method) && matches!(of.what, What::User(..)) => Some(of.clone()),
            _ => None,
        }
    }

    /// A call that leads out of the app's code.
    pub(super) fn outside(
        &mut self,
        state: &mut State,
        object: Option<Abs>,
        call: &Call,
        given: &Given,
    ) -> Abs {
        self.escapes(given);
        let of = object.map(|of| state.seen(&of));
        let is_sent = |value: &Abs| value.trust() == Trust::Sent;
        let sent = of.as_ref().is_some_and(is_sent)
            || given.args.iter().any(|arg| !matches!(arg.what, What::Cell(..)) && is_sent(arg));
        if sent {
            // `Object.assign(user, sent)`, `user.update(sent)`: what is handed over may have been changed.
            let receiver = match &call.callee.kind {
                Kind::Member { of, .. } => Some(of.as_ref()),
                _ => None,
            };
            for place in call.args.iter().chain(receiver).filter_map(Value::place) {
                if let Some(held) = state.locals.get_mut(&place.root) {
                    held.spread(&Abs::any(Trust::Sent));
                }
            }
        }
        Abs::any(if sent { Trust::Sent } else { Trust::App }).or_null()
    }

    /// What is handed to code that is not the app's may be called there, with anything.
    fn escapes(&mut self, given: &Given) {
        for arg in given.args.iter().chain(given.keywords.values()) {
            match &arg.what {
                What::Function(file, id, _) if self.target == Some((*file, *id)) => {
                    let cells = given.cells.clone();
                    self.noted.push(Given { args: Vec::new(), keywords: Names::new(), cells, whole: false });
                }
                What::Next => self.went_on.push(given.cells.clone()),
                _ => {}
            }
        }
    }

    /// An object of a class of the app.
    pub(super) fn instance(&mut self, state: &mut State, class: &Def, mut given: Given) -> Abs {
        let Some((file, maker, first)) = self.world.constructor(class) else { return Abs::any(Trust::App) };
        let Some(maker) = maker else {
            // A class that declares its fields takes them by their names.
            let mut whole = Abs::object(Some(Trust::App), false);
            for (key, value) in given.keywords.iter() {
                whole.set(&[key.to_owned()], value.clone());
            }
            return whole;
        };
        let points = self.world.points(file, maker);
        let new = Abs::object(Some(Trust::App), false);
        let mut seen = Names::new();
        let name = if first {
            given.args.insert(0, new);
            points.and_then(|p| p.body().params.first()?.first().map(|b| b.name.clone()))
        } else {
            seen.insert("this", new);
            Some("this".to_owned())
        };
        let Some(exits) = self.exits((file, maker), &seen, given) else { return Abs::any(Trust::App) };
        let made = exits.into_iter().map(|(_, inner)| {
            let made = name.as_ref().and_then(|name| inner.locals.get(name).cloned());
            (made.unwrap_or_else(|| Abs::any(Trust::App)), inner.cells)
        });
        match made.reduce(|(a, first), (b, then)| (a.join(b), join_cells(first, &then))) {
            Some((value, cells)) => {
                state.cells = cells;
                value
            }
            None => Abs::any(Trust::App),
        }
    }
}
