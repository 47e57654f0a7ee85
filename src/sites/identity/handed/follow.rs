//! What an expression holds of the signed-in user, followed through names, members, calls and functions of the app.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::class::Class;
use super::names::is_merge;
use super::shape::{Part, Shape, What};
use crate::catalog::Entry;
use crate::resolve::Def;
use crate::sites::cx::Cx;
use crate::syntax::{CallId, Expr, FunctionId, Path, ResultUse, Root};
use crate::workspace::FileId;

/// Values inside one another that are followed.
const MAX_DEPTH: usize = 24;

/// Expressions looked at for one handler: code that branches at every step must not take forever.
const MAX_LOOKS: usize = 4000;

/// A place in the code, with what the functions around it were called with.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) file: FileId,
    pub(super) function: Option<FunctionId>,
    pub(super) at: u32,
    pub(super) calls: Calls,
}

/// The calls that led to a place, the last one first.
pub(super) type Calls = Option<Rc<Called>>;

/// A function with what it was called with.
pub(super) struct Called {
    pub(super) file: FileId,
    pub(super) function: FunctionId,
    pub(super) given: Vec<Given>,
    /// The call, where there is one in the code.
    pub(super) call: Option<(FileId, CallId)>,
    pub(super) before: Calls,
}

/// An argument.
#[derive(Clone)]
pub(super) enum Given {
    /// As written, at the call.
    Written(Expr, Place),
    /// Known already.
    Known(Shape),
}

/// A session call from which parts of the user were learnt.
pub(super) struct Session<'a> {
    pub(super) entry: &'a Entry,
    pub(super) file: FileId,
    pub(super) call: CallId,
    /// The call in the app whose value is kept under a name, with the user's members of that value.
    pub(super) bound: Option<Bound>,
}

/// A call whose value is kept, and where the user is in it.
pub(super) struct Bound {
    pub(super) file: FileId,
    pub(super) call: CallId,
    pub(super) value: Shape,
}

/// The search for one handler.
pub(super) struct Follow<'c, 'a> {
    pub(super) cx: &'c Cx<'a>,
    pub(super) sessions: Vec<Session<'a>>,
    depth: usize,
    looks: usize,
}

impl Place {
    /// Another offset of the same function.
    pub(super) fn at(&self, at: u32) -> Self {
        Self { at, ..self.clone() }
    }

    /// What a function around the place was called with.
    pub(super) fn called(&self, file: FileId, function: FunctionId) -> Option<&Called> {
        let mut next = self.calls.as_deref();
        while let Some(called) = next {
            if (called.file, called.function) == (file, function) {
                return Some(called);
            }
            next = called.before.as_deref();
        }
        None
    }
}

impl<'c, 'a> Follow<'c, 'a> {
    pub(super) fn new(cx: &'c Cx<'a>) -> Self {
        Self { cx, sessions: Vec::new(), depth: 0, looks: 0 }
    }

    /// Looks one level deeper, as long as that makes sense.
    pub(super) fn deeper(&mut self, look: impl FnOnce(&mut Self) -> Shape) -> Shape {
        self.looks += 1;
        if self.depth >= MAX_DEPTH || self.looks > MAX_LOOKS {
            return Shape::other();
        }
        self.depth += 1;
        let found = look(self);
        self.depth -= 1;
        found
    }

    /// What an expression holds.
    pub(super) fn value(&mut self, place: &Place, expr: &Expr) -> Shape {
        self.deeper(|this| this.look(place, expr))
    }

    fn look(&mut self, place: &Place, expr: &Expr) -> Shape {
        match expr.unawaited() {
            Expr::Path(path) => self.path(place, path),
            Expr::Call(id) => self.call(place, *id),
            Expr::Object(pairs) => {
                let mut whole = Shape::of(What::Object(BTreeMap::new()));
                for (key, value) in pairs {
                    let value = self.value(place, value);
                    if key == "..." {
                        whole.spread(&value);
                    } else {
                        whole.set(std::slice::from_ref(key), value);
                    }
                }
                whole
            }
            // `session && session.user`
            Expr::Binary(_, "&&", right) => self.value(place, right).maybe(),
            Expr::Binary(left, "??" | "||", right) | Expr::Either(left, right) => {
                match (left.is_null(), right.is_null()) {
                    (false, true) => self.value(place, left).maybe(),
                    (true, false) => self.value(place, right).maybe(),
                    _ => {
                        let left = self.value(place, left);
                        left.join(self.value(place, right))
                    }
                }
            }
            _ => Shape::other(),
        }
    }

    fn path(&mut self, place: &Place, path: &Path) -> Shape {
        match &path.root {
            Root::Call(call) => self.call(place, *call).member(&path.segments),
            Root::Name(name) => self.name(&place.at(path.span.start), name, &path.segments),
            _ => Shape::other(),
        }
    }

    fn call(&mut self, place: &Place, id: CallId) -> Shape {
        let value = self.called(place, id);
        // What reads the session in the app's own way, or the library's call where the app does not wrap it.
        if self.cx.program.facts(place.file).call(id).result == ResultUse::Bound {
            for leaf in value.leaves(Part::Id) {
                let session = &mut self.sessions[leaf.from];
                let bound = || Bound { file: place.file, call: id, value: value.clone() };
                session.bound.get_or_insert_with(bound);
            }
        }
        value
    }

    fn called(&mut self, place: &Place, id: CallId) -> Shape {
        let facts = self.cx.program.facts(place.file);
        let call = facts.call(id);
        let place = &place.at(call.span.start);
        if is_merge(call) {
            let mut parts =
                call.args.iter().map(|arg| self.value(place, arg)).collect::<Vec<_>>().into_iter();
            let mut whole = parts.next().unwrap_or_else(Shape::other);
            parts.for_each(|part| whole.spread(&part));
            return whole;
        }
        if let Some((file, function, calls)) = self.function(place, &call.callee) {
            let called = Called {
                file,
                function,
                given: call.args.iter().map(|arg| Given::Written(arg.clone(), place.clone())).collect(),
                call: Some((place.file, id)),
                before: calls,
            };
            return self.returned(file, function, Some(Rc::new(called)));
        }
        self.session(place.file, id).unwrap_or_else(|| self.record(place, id))
    }

    /// The function of the app that a path names, with the calls around where it is written.
    pub(super) fn function(&mut self, place: &Place, path: &Path) -> Option<(FileId, FunctionId, Calls)> {
        if path.root_name().is_none() {
            return match &path.root {
                // `withRole("admin")(handler)`: what the first call returns.
                Root::Call(first) if path.segments.is_empty() => self.made(place, *first),
                _ => None,
            };
        }
        let name = || self.cx.program.origin(place.file, place.function, path);
        match self.cx.def(place.file, place.function, path) {
            Def::Function(file, function) => {
                // A function written in one of the functions around sees what they were called with.
                let parent = self.cx.program.facts(file).function(function).parent;
                let inner = parent.is_some_and(|p| place.called(file, p).is_some());
                Some((file, function, place.calls.clone().filter(|_| inner)))
            }
            Def::Param(file, function, position, taken) => {
                self.given_function(place, file, function, position, &taken)
            }
            _ => match name() {
                Def::Param(file, function, position, taken) => {
                    self.given_function(place, file, function, position, &taken)
                }
                // `const getUser = cache(async () => …)`
                Def::Value(file, index, rest) if rest.is_empty() => {
                    let wrapping = self.cx.program.binding(file, index)?.value.as_call()?;
                    let wrapping = self.cx.program.facts(file).call(wrapping);
                    wrapping.args.iter().find_map(|arg| match arg {
                        Expr::Function(inner) => Some((file, *inner, None)),
                        _ => None,
                    })
                }
                _ => None,
            },
        }
    }

    /// The function that a call of the app's own function returns, written in place there.
    fn made(&mut self, place: &Place, call: CallId) -> Option<(FileId, FunctionId, Calls)> {
        let facts = self.cx.program.facts(place.file);
        let first = facts.call(call);
        let (file, function, before) = self.function(place, &first.callee)?;
        let given = first.args.iter().map(|arg| Given::Written(arg.clone(), place.clone())).collect();
        let called = Called { file, function, given, call: Some((place.file, call)), before };
        let mut returned = self.cx.program.facts(file).returns.iter().filter(|(f, _)| *f == function);
        match (returned.next(), returned.next()) {
            (Some((_, Expr::Function(inner))), None) => Some((file, *inner, Some(Rc::new(called)))),
            _ => None,
        }
    }

    fn given_function(
        &mut self,
        place: &Place,
        file: FileId,
        function: FunctionId,
        position: usize,
        taken: &[String],
    ) -> Option<(FileId, FunctionId, Calls)> {
        let Given::Written(expr, at) = place.called(file, function)?.given.get(position)?.clone() else {
            return None;
        };
        let value = taken.iter().try_fold(&expr, |value, key| value.property(key))?;
        match value {
            Expr::Function(inner) => Some((at.file, *inner, at.calls.clone())),
            Expr::Path(path) => {
                self.depth += 1;
                let found = (self.depth < MAX_DEPTH).then(|| self.function(&at, path)).flatten();
                self.depth -= 1;
                found
            }
            _ => None,
        }
    }

    /// What a function of the app gives back.
    pub(super) fn returned(&mut self, file: FileId, function: FunctionId, calls: Calls) -> Shape {
        self.deeper(|this| {
            let facts = this.cx.program.facts(file);
            let place = Place {
                file,
                function: Some(function),
                at: facts.function(function).body.end.saturating_sub(1),
                calls,
            };
            let mut all: Option<Shape> = None;
            let (mut missing, mut classes) = (false, Vec::new());
            for (_, value) in facts.returns.iter().filter(|(f, _)| *f == function) {
                if value.is_null() {
                    missing = true;
                    continue;
                }
                let shape = this.value(&place, value);
                if shape.is_other() {
                    match this.class_of(&place, value, 0) {
                        Some(Class::Gone) => continue,
                        Some(Class::Of(class)) => {
                            classes.push(class);
                            continue;
                        }
                        None => {}
                    }
                }
                all = Some(match all {
                    Some(known) => known.join(shape),
                    None => shape,
                });
            }
            let mut all = all.unwrap_or_else(Shape::other);
            all.maybe |= missing;
            all.or.extend(classes);
            all.or.sort();
            all.or.dedup();
            all
        })
    }

    /// A record that a condition on a part of the user finds holds that part: `where: { userId: session.user.id }`.
    fn record(&mut self, place: &Place, id: CallId) -> Shape {
        super::record::found(self, place, id).unwrap_or_else(Shape::other)
    }
}
