//! What stands in front of a handler that has to do with signing in.
//!
//! This says nothing of who pays. It keeps the owner from reading "add sign-in" about a handler that is behind one: what is
//! known is said instead, by the name of what stands there and its line.

use std::collections::BTreeSet;

use super::cx::Cx;
use super::elsewhere::says_who;
use super::handlers::handler_of;
use crate::catalog::{IdentitySource, Kind};
use crate::resolve::Def;
use crate::syntax::{CallId, Expr, FunctionId, Path};
use crate::workspace::FileId;

/// Calls followed from what stands in front down to a sign-in library.
const MAX_HOPS: usize = 3;

/// Something in front of a handler, or at its start, that asks who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InFront {
    /// As written: `requireUser`, `auth.protect`.
    pub name: String,
    /// File, relative to the root.
    pub file: String,
    /// 1-based.
    pub line: usize,
}

/// What asks who is signed in before a handler runs, or in it; nearest first.
pub fn in_front(cx: &Cx<'_>, file: FileId, function: FunctionId) -> Vec<InFront> {
    let mut look = Look { cx, found: Vec::new() };
    look.inside(file, function);
    look.parameters(file, function);
    look.decorators(file, function);
    look.route(file, function);
    look.everywhere();
    look.middleware();
    look.found
}

/// What a framework runs before a handler, for its route or its router, that asks who is signed in.
pub fn asked_before(cx: &Cx<'_>, file: FileId, function: FunctionId) -> Vec<InFront> {
    let mut look = Look { cx, found: Vec::new() };
    look.decorators(file, function);
    look.found
}

/// Whether what is called belongs to a sign-in library and says who is there or turns others away.
pub(super) fn is_sign_in(cx: &Cx<'_>, def: &Def) -> bool {
    let Def::Outside(module, members) = def else { return false };
    if says_who(cx, def) {
        return true;
    }
    // `auth.protect()`: a member of what says who is there.
    let parts = (1..members.len()).rev().filter_map(|n| members.get(..n));
    let mut above = parts.map(|members| Def::Outside(module.clone(), members.to_vec()));
    above.any(|def| says_who(cx, &def)) || is_decorated_with(cx, def)
}

/// A decorator or an object of a sign-in library: `login_required`, `current_user`.
fn is_decorated_with(cx: &Cx<'_>, def: &Def) -> bool {
    let sources = cx.entries(Kind::Auth).filter_map(|e| e.auth.as_ref()).flat_map(|auth| &auth.identities);
    let is = |symbol: &crate::catalog::Symbol| super::cx::after(symbol, def).is_some();
    sources.into_iter().any(|identity| match &identity.source {
        IdentitySource::Decorated { symbols, .. } => symbols.iter().any(is),
        IdentitySource::Object(symbol) => is(symbol),
        _ => false,
    })
}

struct Look<'c, 'a> {
    cx: &'c Cx<'a>,
    found: Vec<InFront>,
}

impl Look<'_, '_> {
    fn add(&mut self, file: FileId, path: &Path) {
        let found = InFront {
            name: path.dotted().replace("()", ""),
            file: self.cx.path(file).to_owned(),
            line: self.cx.line(file, path.span.start),
        };
        if !found.name.is_empty() && !self.found.contains(&found) {
            self.found.push(found);
        }
    }

    /// Calls of the handler itself.
    fn inside(&mut self, file: FileId, function: FunctionId) {
        let facts = self.cx.program.facts(file);
        for id in facts.call_ids() {
            let call = facts.call(id);
            if facts.enclosing(call.function).any(|f| f == function)
                && self.asks(file, call.function, &call.callee, 0)
            {
                self.add(file, &call.callee);
            }
        }
    }

    /// What a framework calls to fill the parameters: `user = Depends(current_user)`.
    fn parameters(&mut self, file: FileId, function: FunctionId) {
        let facts = self.cx.program.facts(file);
        for param in &facts.function(function).params {
            let annotated = match &param.annotation {
                Some(Expr::Index(_, args)) => args.as_slice(),
                _ => &[],
            };
            for value in param.default.iter().chain(annotated) {
                self.values(file, None, value);
            }
        }
    }

    /// Decorators, and what is given to them: `@login_required`, `dependencies=[Depends(current_user)]`.
    fn decorators(&mut self, file: FileId, function: FunctionId) {
        let facts = self.cx.program.facts(file);
        let f = facts.function(function);
        let of_class = f.class.iter().flat_map(|class| &facts.class(*class).decorators);
        for decorator in f.decorators.iter().chain(of_class) {
            self.router(file, f.parent, &decorator.path);
            if self.asks(file, f.parent, &decorator.path, 0) {
                self.add(file, &decorator.path);
            }
            for value in decorator.args.iter().chain(decorator.keywords.iter().map(|(_, value)| value)) {
                self.values(file, f.parent, value);
            }
        }
    }

    /// What the router of a route was made with: `APIRouter(dependencies=[Depends(current_user)])`.
    fn router(&mut self, file: FileId, function: Option<FunctionId>, route: &Path) {
        let mut router = route.clone();
        if router.segments.pop().is_none() {
            return;
        }
        let Def::Value(at, index, _) = self.cx.program.origin(file, function, &router) else { return };
        let made = self.cx.program.binding(at, index).and_then(|binding| binding.value.as_call());
        let Some(call) = made.map(|id| self.cx.program.facts(at).call(id)) else { return };
        for value in call.args.iter().chain(call.keywords.iter().map(|(_, value)| value)) {
            self.values(at, call.function, value);
        }
    }

    /// What the route is registered with, and what its router uses.
    fn route(&mut self, file: FileId, function: FunctionId) {
        let Some((at, route)) = handler_of(self.cx, file, function).and_then(|found| found.route) else {
            return;
        };
        let facts = self.cx.program.facts(at);
        let call = facts.call(route);
        for value in &call.args {
            self.values(at, call.function, value);
        }
        let router = facts.first_name(call);
        let uses = |c: &&crate::syntax::Call| {
            let last = c.callee.segments.last().map(String::as_str);
            facts.first_name(c) == router && matches!(last, Some("use" | "all" | "addHook"))
        };
        let used: Vec<_> =
            facts.calls.iter().filter(uses).filter(|c| c.span.start < call.span.start).collect();
        for call in used {
            for value in &call.args {
                self.values(at, call.function, value);
            }
        }
    }

    /// What is said once to stand in front of all routes: `app.add_middleware(SignedIn)`.
    fn everywhere(&mut self) {
        let frameworks = self.cx.entries(Kind::Framework).filter_map(|e| e.framework.as_ref());
        let ways = frameworks.flat_map(|f| &f.middleware).filter(|way| way.everywhere);
        for word in ways.flat_map(|way| &way.methods) {
            let files = self.cx.program.files_calling(word, std::slice::from_ref(word));
            for file in files.into_iter().filter(|file| self.cx.holds(*file)) {
                let facts = self.cx.program.facts(file);
                for call in facts.calls.iter().filter(|c| c.callee.segments.last() == Some(word)) {
                    for value in &call.args {
                        self.values(file, call.function, value);
                    }
                }
            }
        }
    }

    /// A file of the framework's whose code stands in front of all routes.
    fn middleware(&mut self) {
        let frameworks = self.cx.entries(Kind::Framework).filter_map(|e| e.framework.as_ref());
        let fronts: Vec<_> = frameworks.filter_map(|f| f.front.as_ref()).collect();
        let files: Vec<FileId> = self
            .cx
            .files
            .iter()
            .copied()
            .filter(|f| fronts.iter().any(|front| self.cx.matches(*f, &front.files)))
            .collect();
        for file in files {
            let facts = self.cx.program.facts(file);
            for id in facts.call_ids() {
                let call = facts.call(id);
                let protects = call.callee.segments.last().is_some_and(|last| last == "protect");
                if protects || self.asks(file, call.function, &call.callee, 0) {
                    self.add(file, &call.callee);
                }
            }
        }
    }

    /// Names among values, those in lists, objects and the arguments of calls too.
    fn values(&mut self, file: FileId, function: Option<FunctionId>, value: &Expr) {
        match value {
            Expr::Path(path) if self.asks(file, function, path, 0) => self.add(file, path),
            Expr::Call(id) => self.call(file, function, *id),
            Expr::List(items) => items.iter().for_each(|item| self.values(file, function, item)),
            Expr::Object(pairs) => pairs.iter().for_each(|(_, value)| self.values(file, function, value)),
            _ => {}
        }
    }

    fn call(&mut self, file: FileId, function: Option<FunctionId>, id: CallId) {
        let call = self.cx.program.facts(file).call(id);
        if self.asks(file, function, &call.callee, 0) {
            self.add(file, &call.callee);
            return;
        }
        for value in &call.args {
            self.values(file, function, value);
        }
    }

    /// Whether a name is of a sign-in library, or a function of the app that calls one.
    fn asks(&self, file: FileId, function: Option<FunctionId>, path: &Path, hops: usize) -> bool {
        let mut seen = BTreeSet::new();
        self.reaches(&self.cx.def(file, function, path), hops, &mut seen)
    }

    fn reaches(&self, def: &Def, hops: usize, seen: &mut BTreeSet<(FileId, FunctionId)>) -> bool {
        match def {
            Def::Outside(..) => is_sign_in(self.cx, def),
            // What is made of a class is called like a function: `Depends(CurrentUser())`.
            Def::Class(at, class) => {
                let facts = self.cx.program.facts(*at);
                let mut methods = facts.function_ids().filter(|id| facts.function(*id).class == Some(*class));
                methods.any(|id| self.reaches(&Def::Function(*at, id), hops, seen))
            }
            Def::Function(at, id) if hops < MAX_HOPS && seen.insert((*at, *id)) => {
                if self.cx.verifier(*at, *id).is_some() {
                    return true;
                }
                let facts = self.cx.program.facts(*at);
                let inside = |call: &CallId| facts.enclosing(facts.call(*call).function).any(|f| f == *id);
                facts
                    .call_ids()
                    .filter(inside)
                    .any(|call| self.reaches(&self.cx.callee(*at, call), hops + 1, seen))
            }
            _ => false,
        }
    }
}
