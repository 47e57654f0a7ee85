//! How a wrapper of the app runs what it wraps, and with what: `withUser(handler)`.

use std::rc::Rc;

use super::follow::{Called, Calls, Follow, Given, Place};
use super::shape::Shape;
use crate::resolve::Def;
use crate::syntax::{CallId, Expr, FunctionId, Path};
use crate::workspace::FileId;

/// Wrappers that hand a function on to another one.
pub(super) const MAX_WRAPPERS: usize = 6;

/// A function that somebody else runs: a parameter, or a member of one.
pub(super) struct Inner {
    pub(super) file: FileId,
    pub(super) wrapper: FunctionId,
    pub(super) position: usize,
    /// The member.
    pub(super) taken: Vec<String>,
}

impl Follow<'_, '_> {
    /// What a function that others run is given for a parameter.
    pub(super) fn handed(
        &mut self,
        place: &Place,
        file: FileId,
        function: FunctionId,
        position: usize,
    ) -> Shape {
        self.deeper(|this| {
            let Some((at, call, given)) = this.given_to(place, file, function) else { return Shape::other() };
            let calls = place.calls.clone().filter(|_| at == file);
            this.by_wrapper(at, call, given, calls, position).unwrap_or_else(Shape::other)
        })
    }

    /// The call that a function is given to, itself or as what a wrapper makes of it.
    pub(super) fn given_to(
        &self,
        place: &Place,
        file: FileId,
        function: FunctionId,
    ) -> Option<(FileId, CallId, usize)> {
        let facts = self.cx.program.facts(file);
        let f = facts.function(function);
        if let Some((call, position)) = f.argument_of {
            return Some((file, call, position));
        }
        if let [only] = self.cx.handed_over(file, function).as_ref() {
            return Some(*only);
        }
        // `withUser(withLog(handler))`: what `withLog` returns is given to `withUser`.
        let mut around = f.parent?;
        facts
            .returns
            .iter()
            .any(|(f, value)| *f == around && *value == Expr::Function(function))
            .then_some(())?;
        let (mut at, mut called) = (file, place.called(file, around)?);
        for _ in 0..MAX_WRAPPERS {
            let (file, call) = called.call?;
            at = file;
            let facts = self.cx.program.facts(at);
            let taker = facts.call_ids().find_map(|id| {
                let position = facts.call(id).args.iter().position(|arg| *arg == Expr::Call(call))?;
                Some((at, id, position))
            });
            if taker.is_some() {
                return taker;
            }
            around = facts.returns.iter().find(|(_, value)| value.as_call() == Some(call))?.0;
            called = place.called(at, around)?;
        }
        let _ = at;
        None
    }

    /// What a wrapper gives to the function that a call hands it.
    pub(super) fn by_wrapper(
        &mut self,
        file: FileId,
        id: CallId,
        given: usize,
        calls: Calls,
        position: usize,
    ) -> Option<Shape> {
        let facts = self.cx.program.facts(file);
        let call = facts.call(id);
        let place = Place { file, function: call.function, at: call.span.start, calls };
        let (at, wrapper, before) = self.function(&place, &call.callee)?;
        let called = self.frame(&place, id, at, wrapper, before);
        let inner = Inner { file: at, wrapper, position: given, taken: Vec::new() };
        let runs = self.runs(&inner, &called, position, 0)?;
        runs.into_iter().reduce(Shape::join)
    }

    fn frame(
        &self,
        place: &Place,
        id: CallId,
        file: FileId,
        function: FunctionId,
        before: Calls,
    ) -> Rc<Called> {
        let args = &self.cx.program.facts(place.file).call(id).args;
        let given = args.iter().map(|arg| Given::Written(arg.clone(), place.clone())).collect();
        Rc::new(Called { file, function, given, call: Some((place.file, id)), before })
    }

    /// What each run of a function gives it at a position; nothing when it is also kept, or handed to something unknown.
    pub(super) fn runs(
        &mut self,
        inner: &Inner,
        called: &Rc<Called>,
        position: usize,
        hops: usize,
    ) -> Option<Vec<Shape>> {
        if hops > MAX_WRAPPERS {
            return None;
        }
        let facts = self.cx.program.facts(inner.file);
        let inside = |f: Option<FunctionId>| facts.enclosing(f).any(|id| id == inner.wrapper);
        let kept = |(f, value): (Option<FunctionId>, &Expr)| inside(f) && self.may_be(f, value, inner);
        if facts.returns.iter().any(|(f, value)| kept((Some(*f), value)))
            || facts.assigns.iter().any(|a| kept((a.function, &a.value)))
        {
            return None;
        }
        let mut found = Vec::new();
        for id in facts.call_ids().filter(|id| inside(facts.call(*id).function)) {
            let call = facts.call(id);
            let place = Place {
                file: inner.file,
                function: call.function,
                at: call.span.start,
                calls: Some(Rc::clone(called)),
            };
            if self.is_inner(call.function, &call.callee, inner) {
                let shape = call.args.get(position).map(|arg| self.value(&place, arg));
                found.push(shape.unwrap_or_else(Shape::other));
                continue;
            }
            for (at, arg) in call.args.iter().enumerate() {
                let Some(taken) = self.taken(call.function, arg, inner) else { continue };
                let (file, wrapper, before) = self.function(&place, &call.callee)?;
                let next = self.frame(&place, id, file, wrapper, before);
                let inner = Inner { file, wrapper, position: at, taken };
                found.extend(self.runs(&inner, &next, position, hops + 1)?);
            }
        }
        Some(found)
    }

    /// Where an argument holds the function: itself, or a member of an object.
    fn taken(&self, function: Option<FunctionId>, arg: &Expr, inner: &Inner) -> Option<Vec<String>> {
        let is_inner =
            |value: &Expr| value.as_path().is_some_and(|path| self.is_inner(function, path, inner));
        match arg {
            Expr::Object(pairs) => {
                pairs.iter().find(|(_, value)| is_inner(value)).map(|(key, _)| vec![key.clone()])
            }
            value => is_inner(value).then(Vec::new),
        }
    }

    /// Whether an expression comes to the function on some way.
    fn may_be(&self, function: Option<FunctionId>, value: &Expr, inner: &Inner) -> bool {
        match value.unawaited() {
            Expr::Path(path) => self.is_inner(function, path, inner),
            Expr::Either(left, right) | Expr::Binary(left, _, right) => {
                self.may_be(function, left, inner) || self.may_be(function, right, inner)
            }
            _ => false,
        }
    }

    fn is_inner(&self, function: Option<FunctionId>, path: &Path, inner: &Inner) -> bool {
        let Some(name) = path.root_name() else { return false };
        match self.object(inner.file, function, name, path.span.start) {
            Def::Param(file, wrapper, position, taken) => {
                (file, wrapper, position) == (inner.file, inner.wrapper, inner.position)
                    && taken.iter().chain(&path.segments).eq(&inner.taken)
            }
            _ => false,
        }
    }
}
