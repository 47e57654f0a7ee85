//! Guards: the check that makes an identity certain, in the handler or in front of it.

mod member;
mod passing;
mod strategy;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::IdentitySource;
use super::cx::{Cx, after, is_callee};
use super::handlers::Reached;
use super::identity::reaches_verifier;
use crate::catalog::{HandlerShape, Kind, Symbol};
use crate::resolve::{Def, Module};
use crate::syntax::{Call, CallId, Decorator, Expr, FunctionId, Imported, Path};
use crate::workspace::FileId;
pub(super) use passing::calls_only_for_users;
use passing::{Stands, lets_on};
pub(super) use strategy::ids as ids_put;

/// Mounts of routers in routers that are followed.
const MAX_MOUNTS: usize = 3;

/// What stands in front of a handler and lets only signed-in users through.
pub struct Guard {
    /// Its local name at the route.
    pub name: Option<String>,
    /// Where it comes from, as written.
    pub from: Option<String>,
    /// What of that is imported: itself, or the module it is a member of.
    pub imported: Option<Imported>,
    /// The file that defines it.
    pub defined_in: Option<FileId>,
    /// In words, with the line.
    pub why: String,
    /// It turns away who is not signed in; if not, it only looks who is there.
    pub sure: bool,
}

/// What is asked of what stands in front of a handler.
#[derive(Clone, Copy)]
struct Wanted<'m> {
    /// The member of the request that holds the user.
    member: &'m str,
    /// One that only looks who is there will do.
    unsure: bool,
}

/// The middleware in front of a handler: a decorator, an argument of its route, or a `use` on its router or above.
/// One that turns others away comes before one that only looks who is there.
pub fn of_handler(cx: &Cx<'_>, reached: &Reached<'_>, member: &str) -> Option<Guard> {
    let find = |unsure| of_handler_as(cx, reached, Wanted { member, unsure });
    find(false).or_else(|| find(true))
}

fn of_handler_as(cx: &Cx<'_>, reached: &Reached<'_>, wanted: Wanted<'_>) -> Option<Guard> {
    let facts = cx.program.facts(reached.file);
    let f = facts.function(reached.function);
    let of_class = f.class.map(|class| facts.class(class).decorators.as_slice()).unwrap_or_default();
    for decorator in f.decorators.iter().chain(of_class) {
        let def = cx.def(reached.file, f.parent, &decorator.path);
        if is_guard_decorator(cx, &def) {
            let args = decorator.args.iter();
            let guard = args.into_iter().find_map(|a| guard_expr(cx, reached.file, f.parent, a, wanted));
            if guard.is_some() {
                return guard;
            }
        }
        if let Some(guard) = guard_path(cx, reached.file, f.parent, &decorator.path, (wanted, Stands::Around))
        {
            return Some(guard);
        }
    }
    let (file, call) = reached.found.route?;
    in_front_of(cx, file, call, wanted)
}

/// Whether something around a handler lets only signed-in users through: a decorator or what is given to one, a class that
/// the handler's class extends, an item of a list of it. What is given to the handler's own decorators decides over the
/// lists of its class.
pub(super) fn is_vouched(cx: &Cx<'_>, reached: &Reached<'_>, symbols: &[Symbol], unless: &[String]) -> bool {
    let facts = cx.program.facts(reached.file);
    let f = facts.function(reached.function);
    let is = |path: &Path| {
        let def = cx.def(reached.file, f.parent, path);
        symbols.iter().any(|s| after(s, &def).is_some_and(<[String]>::is_empty))
    };
    let lists = |value: &Expr| match value {
        Expr::List(items) => items.iter().filter_map(Expr::as_path).any(is),
        value => value.as_path().is_some_and(is),
    };
    let given = |d: &Decorator| d.args.iter().chain(d.keywords.iter().map(|(_, value)| value)).any(lists);
    if f.decorators.iter().any(|d| is(&d.path) || given(d)) {
        return true;
    }
    let says_otherwise = f.decorators.iter().flat_map(|d| &d.keywords).map(|(name, _)| name.as_str());
    let says_otherwise: Vec<&str> = says_otherwise.collect();
    f.class.map(|class| facts.class(class)).is_some_and(|class| {
        let decides = facts.functions.iter().any(|m| m.class == f.class && unless.contains(&m.name));
        let mut fields = class.fields.iter().filter(|field| !says_otherwise.contains(&field.name.as_str()));
        class.decorators.iter().any(|d| is(&d.path) || given(d))
            || !decides
                && (class.bases.iter().any(is) || fields.any(|field| field.value.as_ref().is_some_and(lists)))
    })
}

/// Whether a handler is handed to a function that lets only signed-in users through.
pub(super) fn is_wrapped(cx: &Cx<'_>, reached: &Reached<'_>, symbols: &[Symbol]) -> bool {
    let around = cx.program.facts(reached.file).function(reached.function).argument_of;
    around.is_some_and(|(call, _)| {
        let def = cx.callee(reached.file, call);
        symbols.iter().any(|s| after(s, &def).is_some_and(<[String]>::is_empty))
    })
}

/// A decorator that is given guards: `@UseGuards(SignedIn)`.
fn is_guard_decorator(cx: &Cx<'_>, def: &Def) -> bool {
    let known =
        cx.entries(Kind::Framework).filter_map(|e| e.framework.as_ref()).flat_map(|f| &f.guard_decorators);
    known.into_iter().any(|s| after(s, def).is_some_and(<[String]>::is_empty))
}

fn in_front_of(cx: &Cx<'_>, file: FileId, call: CallId, wanted: Wanted<'_>) -> Option<Guard> {
    let facts = cx.program.facts(file);
    let route = facts.call(call);
    let last = route.args.len().saturating_sub(1);
    // What is handed over with its handler in one object has the rest of it there, too.
    let rest = route.args.iter().skip(last).filter(|arg| matches!(arg, Expr::Object(_)));
    for arg in route.args.iter().take(last).chain(rest) {
        if let Some(guard) = guard_expr(cx, file, route.function, arg, wanted) {
            return Some(guard);
        }
    }
    used_before(cx, file, route, wanted)
        .or_else(|| mounted_behind(cx, file, facts.first_name(route).unwrap_or_default(), wanted, 0))
}

/// `router.use(requireAuth)` before a route or a mount in the same file, on the same router, for its address.
fn used_before(cx: &Cx<'_>, file: FileId, route: &Call, wanted: Wanted<'_>) -> Option<Guard> {
    let facts = cx.program.facts(file);
    let router = facts.first_name(route).unwrap_or_default();
    let address = route.args.first().and_then(Expr::as_str).unwrap_or("/");
    for used in facts.calls.iter().filter(|c| c.span.end <= route.span.start) {
        let same = is_use(used.callee.segments.last()) && facts.first_name(used) == Some(router);
        let covers = used.args.first().and_then(Expr::as_str).is_none_or(|below| {
            // The name of a hook (`addHook("onRequest", …)`) is no address.
            let prefix = below.trim_end_matches('*').trim_end_matches('/');
            !below.starts_with(['/', '*']) || address.starts_with(prefix)
        });
        if !same || !covers {
            continue;
        }
        for arg in &used.args {
            if let Some(guard) = guard_expr(cx, file, used.function, arg, wanted) {
                return Some(guard);
            }
        }
    }
    None
}

/// How a new handler gets what a guard has put on the request, or what is set for every request (`everywhere`).
pub(super) fn on_request(guard: Option<&Guard>, everywhere: bool) -> IdentitySource {
    IdentitySource::RequestProperty {
        guard: guard.and_then(|g| g.name.clone()),
        from: guard.and_then(|g| g.from.clone()),
        imported: guard.and_then(|g| g.imported.clone()),
        defined_in: guard.and_then(|g| g.defined_in),
        sure: guard.is_some_and(|g| g.sure),
        filled: guard.is_some() || everywhere,
    }
}

/// What puts a middleware or a router in front of what follows.
const USES: &[&str] = &["use", "all", "addHook"];

fn is_use(member: Option<&String>) -> bool {
    member.is_some_and(|m| USES.contains(&m.as_str()))
}

/// `app.use("/drafts", requireAuth, draftRoutes)` where the router is mounted, and what stands before that.
fn mounted_behind(cx: &Cx<'_>, file: FileId, router: &str, wanted: Wanted<'_>, hops: usize) -> Option<Guard> {
    if hops >= MAX_MOUNTS {
        return None;
    }
    let target = cx.program.name(file, None, router, u32::MAX);
    let Def::Value(..) = target else { return None };
    let using = USES.iter().flat_map(|word| cx.program.files_calling(word, &[word])).collect::<BTreeSet<_>>();
    for candidate in using.into_iter().filter(|f| cx.holds(*f)) {
        let facts = cx.program.facts(candidate);
        for call in facts.calls.iter().filter(|c| is_use(c.callee.segments.last()) && !c.args.is_empty()) {
            let mounts = call.args.last().and_then(Expr::as_path).is_some_and(|p| {
                let def = cx.program.origin(candidate, call.function, p);
                def == target || def == Def::Namespace(file) || same_router(&def, &target)
            });
            if !mounts {
                continue;
            }
            let mut before = call.args.iter().take(call.args.len() - 1);
            let above = || {
                let router = call.callee.root_name().unwrap_or_default();
                used_before(cx, candidate, call, wanted)
                    .or_else(|| mounted_behind(cx, candidate, router, wanted, hops + 1))
            };
            let guard =
                before.find_map(|a| guard_expr(cx, candidate, call.function, a, wanted)).or_else(above);
            if guard.is_some() {
                return guard;
            }
        }
    }
    None
}

fn same_router(a: &Def, b: &Def) -> bool {
    let place = |def: &Def| match def {
        Def::Value(file, index, _) => Some((*file, *index)),
        _ => None,
    };
    place(a).is_some() && place(a) == place(b)
}

fn guard_expr(
    cx: &Cx<'_>,
    file: FileId,
    function: Option<FunctionId>,
    expr: &Expr,
    wanted: Wanted<'_>,
) -> Option<Guard> {
    match expr {
        Expr::Path(path) => guard_path(cx, file, function, path, (wanted, Stands::Before)),
        Expr::Call(id) => {
            let facts = cx.program.facts(file);
            guard_path(cx, file, function, &facts.call(*id).callee, (wanted, Stands::Before))
        }
        Expr::List(items) => items.iter().find_map(|i| guard_expr(cx, file, function, i, wanted)),
        Expr::Object(pairs) => pairs.iter().find_map(|(_, v)| guard_expr(cx, file, function, v, wanted)),
        _ => None,
    }
}

fn guard_path(
    cx: &Cx<'_>,
    file: FileId,
    function: Option<FunctionId>,
    path: &Path,
    (wanted, stands): (Wanted<'_>, Stands),
) -> Option<Guard> {
    let def = cx.def(file, function, path);
    let member = wanted.member;
    if !vouches(cx, &def, member) && !decorated_on(cx, file, path, &def, member) {
        return None;
    }
    let sure = !lets_on(cx, &def, stands, member);
    if !sure && !wanted.unsure {
        return None;
    }
    let facts = cx.program.facts(file);
    let import = path.root_name().and_then(|n| facts.imports.iter().find(|i| i.local == n));
    let defined_in = import.and_then(|i| match cx.program.module(file, &i.module, None) {
        Module::File(id) => Some(id),
        _ => None,
    });
    let line = cx.line(file, path.span.start);
    Some(Guard {
        name: Some(path.dotted()),
        from: import.map(|i| i.module.clone()),
        imported: import.map(|i| i.imported.clone()),
        defined_in: defined_in.or_else(|| import.is_none().then_some(file)),
        why: if sure {
            format!("reached only after `{}` ({}:{line})", path.dotted(), cx.path(file))
        } else {
            format!("`{}` also lets visitors on ({}:{line})", path.dotted(), cx.path(file))
        },
        sure,
    })
}

/// Whether what a name stands for lets only signed-in users through.
fn vouches(cx: &Cx<'_>, def: &Def, member: &str) -> bool {
    match def {
        Def::Function(at, id) => {
            let vouches = reaches_verifier(cx, *at, *id).is_some() || checks_member(cx, *at, *id, member);
            vouches && !sets_another(cx, *at, *id, member)
        }
        Def::Class(at, id) => {
            let facts = cx.program.facts(*at);
            let class = facts.class(*id);
            class.bases.iter().any(|base| is_verifier(cx, &cx.def(*at, class.parent, base)))
                || facts
                    .function_ids()
                    .any(|f| facts.function(f).class == Some(*id) && reaches_verifier(cx, *at, f).is_some())
        }
        outside => is_verifier(cx, outside),
    }
}

/// A token check of a library, also as the class or middleware it makes.
fn is_verifier(cx: &Cx<'_>, def: &Def) -> bool {
    let Def::Outside(module, members) = def else { return false };
    let called = members.strip_suffix(&["()".to_owned()]).map(|m| Def::Outside(module.clone(), m.to_vec()));
    let verifiers = cx.entries(Kind::Auth).filter_map(|e| e.auth.as_ref()).flat_map(|a| &a.verifiers);
    verifiers
        .into_iter()
        .any(|v| is_callee(&v.call, def) || called.as_ref().is_some_and(|d| is_callee(&v.call, d)))
}

/// `app.authenticate`, where some plugin of the app has said `app.decorate("authenticate", check)`.
fn decorated_on(cx: &Cx<'_>, file: FileId, path: &Path, def: &Def, member: &str) -> bool {
    let known = matches!(def, Def::Function(..) | Def::Class(..));
    let Some(name) = path.segments.last().filter(|_| !known) else { return false };
    let methods: Vec<&str> = cx
        .entries(Kind::Framework)
        .filter_map(|e| e.framework.as_ref())
        .flat_map(|f| f.decorating.iter().map(String::as_str))
        .collect();
    methods.iter().flat_map(|m| cx.program.files_calling(m, &[m])).any(|at| {
        let facts = cx.program.facts(at);
        (at == file || cx.holds(at))
            && facts.calls.iter().any(|c| {
                c.callee.segments.last().is_some_and(|m| methods.contains(&m.as_str()))
                    && c.args.first().and_then(Expr::as_str) == Some(name)
                    && match c.args.get(1) {
                        Some(Expr::Function(id)) => vouches(cx, &Def::Function(at, *id), member),
                        Some(Expr::Path(p)) => vouches(cx, &cx.def(at, c.function, p), member),
                        _ => false,
                    }
            })
    })
}

/// A guard sets the member on the request, or refuses when it is not there (`if (!req.isAuthenticated()) …`).
fn checks_member(cx: &Cx<'_>, file: FileId, function: FunctionId, member: &str) -> bool {
    let facts = cx.program.facts(file);
    let inside = |at: Option<FunctionId>| facts.enclosing(at).any(|id| id == function);
    let sets = facts.assigns.iter().any(|a| inside(a.function) && member::is_set_by(cx, file, a, member));
    let asks = facts
        .calls
        .iter()
        .any(|c| inside(c.function) && c.callee.segments.last().is_some_and(|s| s == "isAuthenticated"));
    sets || asks
}

/// Whether a guard puts the user elsewhere on the request than in this member: what stands in the member behind it, if
/// anything, was put there by somebody else.
fn sets_another(cx: &Cx<'_>, file: FileId, function: FunctionId, member: &str) -> bool {
    let facts = cx.program.facts(file);
    let inside = |at: Option<FunctionId>| facts.enclosing(at).any(|id| id == function);
    let mut set =
        facts.assigns.iter().filter(|a| inside(a.function)).filter_map(|a| member::of_request(cx, file, a));
    let Some(first) = set.next().filter(|_| !member.is_empty()) else { return false };
    let is_it = |set: &[String]| member.split('.').zip(set).all(|(wanted, set)| wanted == set);
    !is_it(first) && !set.any(is_it)
}

/// Whether a function of the app that checks a token sets this member of the request.
pub fn is_set_by_check(cx: &Cx<'_>, member: &str) -> bool {
    let last = member.rsplit('.').next().unwrap_or(member);
    cx.program.files_assigning(last).into_iter().filter(|f| cx.holds(*f)).any(|file| {
        let facts = cx.program.facts(file);
        let set = facts.assigns.iter().filter(|a| member::is_set_by(cx, file, a, member));
        let mut around = set.flat_map(|a| facts.enclosing(a.function));
        around.any(|f| reaches_verifier(cx, file, f).is_some())
    })
}

/// Whether code of the app puts a member of this name on a parameter.
pub(super) fn is_set(cx: &Cx<'_>, member: &str) -> bool {
    cx.program.files_assigning(member).into_iter().filter(|f| cx.holds(*f)).any(|file| {
        let assigns = &cx.program.facts(file).assigns;
        assigns
            .iter()
            .filter_map(|a| member::of_request(cx, file, a))
            .any(|set| set.first().is_some_and(|s| s == member))
    })
}

/// The keys of the object that some function of the app assigns to a request member, that it says is there, or that its
/// sign-in strategies give back.
pub fn members_set(cx: &Cx<'_>, member: &str) -> Option<Vec<String>> {
    let last = member.rsplit('.').next().unwrap_or(member);
    let assigned = cx.program.files_assigning(last).into_iter().find_map(|file| {
        let facts = cx.program.facts(file);
        facts.assigns.iter().filter(|a| member::is_set_by(cx, file, a, member)).find_map(|assign| {
            match &assign.value {
                Expr::Object(pairs) => Some(pairs.iter().map(|(k, _)| k.clone()).collect()),
                _ => member::cast(&cx.slice(file, assign.statement)),
            }
        })
    });
    assigned.or_else(|| strategy::members(cx, member))
}

/// Whether a handler shape registers routes with middleware.
pub fn has_routes(shape: &HandlerShape) -> bool {
    matches!(shape, HandlerShape::RouteCall { .. } | HandlerShape::RouteTable { .. })
}
