//! Whether what stands in front of a handler turns requests away that have no user, or only looks who is there and goes
//! on: asked of its control flow at each place where it goes on.
//!
//! ```text
//! try { req.user = jwt.verify(token, secret); } catch { req.user = null; }
//! next();                                               // runs for everybody
//! ```

use std::collections::BTreeSet;

use super::member;
use crate::catalog::{Kind, Middleware, Role};
use crate::ir::{Fact, Place, Spot};
use crate::resolve::Def;
use crate::sites::cx::{Cx, is_callee};
use crate::sites::front::is_sign_in;
use crate::sites::holds::{self, Run, has_run};
use crate::sites::identity::{flow, reaches_verifier};
use crate::syntax::{Assign, Call, CallId, Expr, FunctionId};
use crate::workspace::FileId;

/// How a function of the app stands to a handler.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    /// It is run first, and goes on by a call: a middleware.
    Before,
    /// It is given the handler, and calls it: a decorator.
    Around,
}

/// Whether it lets requests on that have no user. Where it is not seen to go on, nothing is said against it.
pub(super) fn lets_on(cx: &Cx<'_>, def: &Def, stands: Stands, member: &str) -> bool {
    let Def::Function(file, function) = *def else { return false };
    match stands {
        Stands::Before => goings_on(cx, file, function).iter().any(|on| on.lacks(cx, member)),
        Stands::Around => {
            let calls = calls_of_handler(cx, file, function);
            calls.into_iter().any(|call| !is_checked_at(cx, file, function, call))
        }
    }
}

/// Whether a decorator is seen to call its handler, and only where somebody is known to be there.
pub(in crate::sites) fn calls_only_for_users(cx: &Cx<'_>, file: FileId, decorator: FunctionId) -> bool {
    let calls = calls_of_handler(cx, file, decorator);
    !calls.is_empty() && calls.into_iter().all(|call| is_checked_at(cx, file, decorator, call))
}

/// A place where a middleware goes on with the request.
struct GoingOn<'a> {
    file: FileId,
    call: &'a Call,
    /// The name of the request there.
    request: Option<&'a str>,
}

/// Where a middleware, or the one it makes, calls what comes next without an error.
fn goings_on<'a>(cx: &Cx<'a>, file: FileId, function: FunctionId) -> Vec<GoingOn<'a>> {
    let facts = cx.program.facts(file);
    let ways: Vec<&Middleware> = cx
        .entries(Kind::Framework)
        .filter_map(|e| e.framework.as_ref())
        .flat_map(|f| &f.middleware)
        .collect();
    let position = |how: &Middleware, role: Role| how.params.iter().position(|r| *r == role);
    let inside = |at: Option<FunctionId>| facts.enclosing(at).any(|id| id == function);
    let calls = facts.calls.iter().filter(|c| inside(c.function) && c.callee.segments.is_empty());
    let going_on = calls.filter(|c| c.args.is_empty()).filter_map(|call| {
        let name = call.callee.root_name()?;
        let Def::Param(at, owner, next, rest) = cx.program.name(file, call.function, name, call.span.start)
        else {
            return None;
        };
        if at != file || !rest.is_empty() || !inside(Some(owner)) {
            return None;
        }
        let how = ways.iter().find(|how| position(how, Role::Next) == Some(next))?;
        let params = &facts.function(owner).params;
        let request = position(how, Role::Request).or_else(|| position(how, Role::Context));
        Some(GoingOn { file, call, request: request.and_then(|at| params.get(at)?.name()) })
    });
    going_on.collect()
}

impl GoingOn<'_> {
    /// The member of the request as a place.
    fn place(&self, member: &str) -> Option<Place> {
        let keys = member.split('.').map(str::to_owned).collect();
        Some(Place { root: self.request?.to_owned(), keys })
    }

    /// Whether the member is known to be there, as far as the code asks for it.
    fn knows(&self, cx: &Cx<'_>, member: &str) -> bool {
        let Some(place) = self.place(member) else { return false };
        let is_it = |(of, fact): &(Place, Fact)| *fact == Fact::There && of.is_below(&place);
        holds::known(cx, self.file, self.call.span.start).iter().any(is_it)
    }

    /// Whether no request that spends goes on here: browsers ask first what they may send.
    fn is_aside(&self, cx: &Cx<'_>) -> bool {
        let method = self.place("method");
        let known = holds::known(cx, self.file, self.call.span.start);
        known
            .iter()
            .any(|(of, fact)| Some(of) == method.as_ref() && *fact == Fact::Equals("OPTIONS".to_owned()))
    }

    /// Whether some way leads here on which the member was not given a user.
    fn lacks(&self, cx: &Cx<'_>, member: &str) -> bool {
        if member.is_empty() || self.is_aside(cx) || self.knows(cx, member) {
            return false;
        }
        let facts = cx.program.facts(self.file);
        let here = self.call.function;
        let sets = facts.assigns.iter().filter(|a| a.function == here);
        let sets: Vec<&Assign> = sets.filter(|a| member::is_set_by(cx, self.file, a, member)).collect();
        let Some(points) = holds::points(cx, self.file, here).filter(|_| !sets.is_empty()) else {
            return false;
        };
        let Some(to) = points.body().spot(self.call.span.start) else { return false };
        let with_user = sets.iter().filter(|set| !self.sets_nothing(cx, set));
        let past: Vec<Spot> = with_user.filter_map(|set| points.body().spot(set.statement.start)).collect();
        points.comes_around(to, &past)
    }

    /// Whether an assignment gives nothing, or what a function gives that comes back with nothing where nobody is there
    /// and was not asked about.
    fn sets_nothing(&self, cx: &Cx<'_>, set: &Assign) -> bool {
        let value = set.value.unawaited();
        match value {
            Expr::Call(call) => gives_nothing(cx, self.file, *call),
            Expr::Path(path) => {
                let facts = cx.program.facts(self.file);
                let known = holds::known(cx, self.file, set.statement.start);
                let Some(name) = path.root_name().filter(|_| path.segments.is_empty()) else { return false };
                let checked = known.iter().any(|(of, fact)| of.root == name && *fact == Fact::There);
                let made_by = match cx.program.name(self.file, set.function, name, set.statement.start) {
                    Def::Value(at, index, _) if at == self.file => facts.bindings.get(index),
                    _ => None,
                };
                let call = made_by.and_then(|binding| binding.value.unawaited().as_call());
                !checked && call.is_some_and(|call| gives_nothing(cx, self.file, call))
            }
            _ => {
                let written = cx.slice(self.file, set.statement);
                let value = written.rsplit_once('=').map_or("", |(_, v)| v).trim().trim_end_matches(';');
                matches!(value, "null" | "undefined" | "None" | "false")
            }
        }
    }
}

fn gives_nothing(cx: &Cx<'_>, file: FileId, call: CallId) -> bool {
    match cx.callee(file, call) {
        Def::Function(at, id) => flow::gives_nothing(cx, (at, id)),
        _ => false,
    }
}

/// Where what a decorator puts around a handler calls it.
fn calls_of_handler(cx: &Cx<'_>, file: FileId, decorator: FunctionId) -> Vec<CallId> {
    let facts = cx.program.facts(file);
    let inside = |at: Option<FunctionId>| facts.enclosing(at).any(|id| id == decorator);
    let is_handed = |id: &CallId| {
        let call = facts.call(*id);
        let Some(name) = call.callee.root_name().filter(|_| call.callee.segments.is_empty()) else {
            return false;
        };
        let def = cx.program.name(file, call.function, name, call.span.start);
        matches!(def, Def::Param(_, owner, 0, _) if Some(owner) != call.function && inside(Some(owner)))
    };
    facts.call_ids().filter(|id| inside(facts.call(*id).function) && is_handed(id)).collect()
}

/// Whether a decorator calls its handler only where somebody is known to be there: what was asked of a sign-in library says
/// so, or a check that throws has been gone past.
fn is_checked_at(cx: &Cx<'_>, file: FileId, decorator: FunctionId, call: CallId) -> bool {
    let facts = cx.program.facts(file);
    let here = facts.call(call);
    let checks: Vec<(CallId, bool)> = facts
        .call_ids()
        .filter(|id| facts.enclosing(facts.call(*id).function).any(|f| f == decorator))
        .filter_map(|id| Some((id, checks_user(cx, file, id)?)))
        .collect();
    let surely = |id: CallId| has_run(cx, file, facts.call(id).span, here.span.start) == Run::Surely;
    if checks.iter().any(|(id, throws)| *throws && surely(*id)) {
        return true;
    }
    let bound: BTreeSet<&str> = facts
        .bindings
        .iter()
        .filter(|b| checks.iter().any(|(id, _)| b.statement.contains(facts.call(*id).span)))
        .flat_map(|b| b.names.iter().map(|n| n.local.as_str()))
        .collect();
    holds::known(cx, file, here.span.start).iter().any(|(of, fact)| {
        let says = || is_sign_in(cx, &cx.program.name(file, here.function, &of.root, here.span.start));
        *fact == Fact::There && (bound.contains(of.root.as_str()) || says())
    })
}

/// Whether a call checks who is there, and if so whether it throws where nobody is.
fn checks_user(cx: &Cx<'_>, file: FileId, id: CallId) -> Option<bool> {
    let mut verifiers = cx.entries(Kind::Auth).filter_map(|e| e.auth.as_ref()).flat_map(|a| &a.verifiers);
    match cx.callee(file, id) {
        Def::Function(at, inner) => {
            reaches_verifier(cx, at, inner)?;
            Some(!flow::gives_nothing(cx, (at, inner)))
        }
        def => verifiers.find(|v| is_callee(&v.call, &def)).map(|v| !v.nullable),
    }
}
