//! What stands in front of a handler: middleware of its route and of the routers above, hooks, decorators and wrappers,
//! and what is injected into its parameters.

use std::collections::BTreeSet;

use super::world::{Known, role_cell, untouched};
use crate::catalog::{ArgumentChoice, HandlerShape, IdentitySource, Kind, Middleware, Role};
use crate::flow::{Abs, Engine, Fun, Given, Names, State, Trust, What};
use crate::ir::Spot;
use crate::resolve::Def;
use crate::sites::cx::{Cx, after};
use crate::sites::handlers::{Found, Reached};
use crate::sites::holds;
use crate::sites::identity::dependency_of;
use crate::syntax::{Call, CallId, Expr, FunctionId, Param, Path};
use crate::workspace::FileId;

/// A function in front of a handler, with how it is called.
struct InFront<'a> {
    function: Fun,
    /// It makes the one that is in front: `requireUser("admin")`.
    makes: bool,
    how: &'a Middleware,
}

/// What a handler's names and the shared places hold when it begins, whichever of its routes leads there.
pub(super) fn beginning(known: &Known<'_, '_>, reached: &Reached<'_>) -> Option<State> {
    let HandlerShape::RouteCall { methods, .. } = &reached.found.handler.shape else {
        return by_route(known, reached);
    };
    let given = known.cx.handed_over(reached.file, reached.function);
    let others = given.iter().filter(|(file, call, _)| {
        let call_of = known.cx.program.facts(*file).call(*call);
        Some((*file, *call)) != reached.found.route
            && call_of.callee.segments.last().is_some_and(|m| methods.contains(m))
    });
    let mut begins = by_route(known, reached)?;
    for (file, call, _) in others {
        let found = Found { route: Some((*file, *call)), ..reached.found };
        begins = begins.join(&by_route(known, &Reached { found, ..reached.clone() })?);
    }
    Some(begins)
}

fn by_route(known: &Known<'_, '_>, reached: &Reached<'_>) -> Option<State> {
    let fun = (reached.file, reached.function);
    let front = in_front(known, reached);
    let mut set = BTreeSet::new();
    for file in front.iter().map(|f| f.function.0).chain([reached.file]).collect::<BTreeSet<_>>() {
        set.extend(
            known.cx.program.facts(file).assigns.iter().filter_map(|a| a.target.segments.first().cloned()),
        );
    }
    let mut engine = Engine::new(known);
    let mut cells = untouched(known, &set);
    for before in front {
        cells = passed(&mut engine, &before, cells);
    }
    let args = params(known, &mut engine, fun, &reached.found.handler.params, &cells, &mut Vec::new());
    let mut given = Given { args, keywords: Names::new(), cells, whole: false };
    if let Some(seen) = wrapped(known, &mut engine, fun, &given) {
        // What is not handed over by position is what the framework hands over.
        let own = given.args.drain(..).skip(seen.args.len()).collect::<Vec<_>>();
        given = Given { args: seen.args.into_iter().chain(own).collect(), ..seen };
    }
    if engine.is_exhausted() {
        return None;
    }
    engine.enter(fun, given)
}

/// What the shared places hold behind a function in front.
fn passed(engine: &mut Engine<'_>, front: &InFront<'_>, cells: Names) -> Names {
    let args = front.how.params.iter().map(|role| of_role(*role)).collect();
    let given = Given { args, keywords: Names::new(), cells: cells.clone(), whole: false };
    let mut function = Abs::of(What::Function(front.function.0, front.function.1, Names::new()));
    if front.makes {
        let nothing = Given { args: Vec::new(), keywords: Names::new(), cells: cells.clone(), whole: false };
        let Some((made, _)) = engine.invoke(&function, nothing) else { return cells };
        function = made;
    }
    if let Some(after) = engine.going_on(&function, given.clone()) {
        return after;
    }
    // A hook goes on by coming back.
    engine.coming_back(&function, given).unwrap_or(cells)
}

fn of_role(role: Role) -> Abs {
    match role {
        Role::Request | Role::Response | Role::Context => {
            Abs::of(What::Cell(role_cell(role).to_owned(), Vec::new()))
        }
        Role::Next => Abs::of(What::Next),
        Role::Error | Role::Instance | Role::Other => Abs::any(Trust::Sent),
    }
}

/// What the framework calls a function with.
fn params(
    known: &Known<'_, '_>,
    engine: &mut Engine<'_>,
    fun: Fun,
    roles: &[Role],
    cells: &Names,
    above: &mut Vec<Fun>,
) -> Vec<Abs> {
    let cx = known.cx;
    let facts = cx.program.facts(fun.0);
    let named: Vec<_> = known.frameworks().flat_map(|f| &f.handlers).flat_map(|h| &h.named_params).collect();
    let declared = &facts.function(fun.1).params;
    let of = |at: usize, param: &Param| {
        let by_name = || {
            let fits = named.iter().find(|n| {
                let annotation = n.annotation.as_deref();
                let typed = annotation
                    .is_some_and(|a| param.annotation_text.as_deref().is_some_and(|t| t.contains(a)));
                typed || n.name.as_deref().is_some_and(|name| param.name() == Some(name))
            });
            fits.map(|n| n.role)
        };
        roles.get(at).copied().or_else(by_name).unwrap_or(Role::Other)
    };
    let mut args = Vec::new();
    for (at, param) in declared.iter().enumerate() {
        args.push(match dependency(cx, fun.0, param) {
            Some(target) if !above.contains(&target) => {
                above.push(target);
                let args = params(known, engine, target, &[], cells, above);
                above.pop();
                let given = Given { args, keywords: Names::new(), cells: cells.clone(), whole: false };
                let function = Abs::of(What::Function(target.0, target.1, Names::new()));
                engine.invoke(&function, given).map_or(Abs::NEVER, |(value, _)| value)
            }
            Some(_) => Abs::any(Trust::App),
            None => of_role(of(at, param)),
        });
    }
    args
}

/// The function of the app that fills a parameter.
pub(super) fn dependency(cx: &Cx<'_>, file: FileId, param: &Param) -> Option<Fun> {
    let identities = cx.entries(Kind::Auth).flat_map(|e| e.auth.iter().flat_map(|a| &a.identities));
    identities.into_iter().find_map(|identity| match &identity.source {
        IdentitySource::Injected { marker, callee: None } => {
            match dependency_of(cx, file, param, marker)?.1 {
                Def::Function(at, id) => Some((at, id)),
                _ => None,
            }
        }
        _ => None,
    })
}

/// What a handler is called with by the decorators and wrappers of the app around it.
fn wrapped(known: &Known<'_, '_>, engine: &mut Engine<'_>, fun: Fun, given: &Given) -> Option<Given> {
    let cx = known.cx;
    let facts = cx.program.facts(fun.0);
    let f = facts.function(fun.1);
    let itself = Abs::of(What::Function(fun.0, fun.1, Names::new()));
    let mut outer = itself.clone();
    let with =
        |args: Vec<Abs>| Given { args, keywords: Names::new(), cells: given.cells.clone(), whole: false };
    for decorator in f.decorators.iter().rev() {
        let Def::Function(file, id) = cx.def(fun.0, f.parent, &decorator.path) else { continue };
        let mut maker = Abs::of(What::Function(file, id, Names::new()));
        if !decorator.args.is_empty() || !decorator.keywords.is_empty() {
            let args = decorator.args.iter().map(|_| Abs::any(Trust::App)).collect();
            maker = engine.invoke(&maker, with(args))?.0;
        }
        let made = engine.invoke(&maker, with(vec![outer]))?.0;
        if !matches!(made.what, What::Function(..)) {
            return None;
        }
        outer = made;
    }
    if let Some((call, position)) = f.argument_of
        && let Def::Function(file, id) = cx.callee(fun.0, call)
    {
        let count = facts.call(call).args.len();
        let mut args = vec![Abs::any(Trust::App); count];
        if let Some(slot) = args.get_mut(position) {
            *slot = outer;
        }
        outer = engine.invoke(&Abs::of(What::Function(file, id, Names::new())), with(args))?.0;
    }
    if outer == itself || !matches!(outer.what, What::Function(..)) {
        return None;
    }
    engine.calling(fun, &outer, given.clone())
}

/// The functions in front of a handler, the first that runs first.
fn in_front<'a>(known: &Known<'_, '_>, reached: &Reached<'a>) -> Vec<InFront<'a>> {
    let cx = known.cx;
    let framework = reached.found.framework.framework.as_ref();
    let ways: Vec<&'a Middleware> = framework.map(|f| f.middleware.iter().collect()).unwrap_or_default();
    let mut found = Vec::new();
    match reached.found.route {
        Some((file, call)) => {
            let facts = cx.program.facts(file);
            let route = facts.call(call);
            if let Some(how) = ways.iter().find(|how| !how.methods.is_empty()) {
                let mut seen = BTreeSet::new();
                above(cx, &ways, file, route, &mut seen, &mut found);
                let last = route.args.len().saturating_sub(1);
                let rest = route.args.iter().skip(last).map(|arg| beside_handler(arg, reached));
                for arg in route.args.iter().take(last).cloned().chain(rest.flatten()) {
                    functions(cx, file, route.function, &arg, how, &mut found);
                }
            }
        }
        None => {
            for how in ways.iter().filter(|how| !how.decorators.is_empty()) {
                let hooks = hooks(cx, std::slice::from_ref(how), reached);
                found.extend(hooks.into_iter().map(|function| InFront { function, makes: false, how }));
            }
        }
    }
    found
}

/// What stands beside a handler in the object it is handed over in: `{ preHandler: signedIn, handler }`.
fn beside_handler(arg: &Expr, reached: &Reached<'_>) -> Option<Expr> {
    let HandlerShape::RouteCall { handlers: ArgumentChoice::Key(key), .. } = &reached.found.handler.shape
    else {
        return None;
    };
    let Expr::Object(pairs) = arg else { return None };
    Some(Expr::Object(pairs.iter().filter(|(name, _)| name != key).cloned().collect()))
}

/// The functions that an argument names.
fn functions<'a>(
    cx: &Cx<'_>,
    file: FileId,
    function: Option<FunctionId>,
    arg: &Expr,
    how: &'a Middleware,
    found: &mut Vec<InFront<'a>>,
) {
    match arg {
        Expr::Function(id) => found.push(InFront { function: (file, *id), makes: false, how }),
        Expr::Path(path) => {
            if let Def::Function(at, id) = cx.def(file, function, path) {
                found.push(InFront { function: (at, id), makes: false, how });
            }
        }
        Expr::Call(call) => {
            if let Def::Function(at, id) = cx.callee(file, *call) {
                found.push(InFront { function: (at, id), makes: true, how });
            }
        }
        Expr::List(items) => items.iter().for_each(|item| functions(cx, file, function, item, how, found)),
        Expr::Object(pairs) => pairs.iter().for_each(|(_, v)| functions(cx, file, function, v, how, found)),
        _ => {}
    }
}

/// What was put in front of a route or a mount before it: on the same router, for its address, whatever happens; and in
/// front of where that router is mounted.
fn above<'a>(
    cx: &Cx<'_>,
    ways: &[&'a Middleware],
    file: FileId,
    route: &Call,
    seen: &mut BTreeSet<(FileId, u32)>,
    found: &mut Vec<InFront<'a>>,
) {
    if !seen.insert((file, route.span.start)) {
        return;
    }
    mounted(cx, ways, file, route, seen, found);
    let facts = cx.program.facts(file);
    let address = route.args.first().and_then(Expr::as_str).unwrap_or("/");
    for used in facts.calls.iter().filter(|c| c.span.end <= route.span.start && c.function == route.function)
    {
        let Some(how) = way(ways, used).filter(|_| facts.first_name(used) == facts.first_name(route)) else {
            continue;
        };
        let covers = used.args.first().and_then(Expr::as_str).is_none_or(|below| {
            let prefix = below.trim_end_matches('*').trim_end_matches('/');
            let further = address.strip_prefix(prefix);
            !below.starts_with(['/', '*'])
                || further.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if covers && runs_before(cx, file, used, route) {
            for arg in &used.args {
                functions(cx, file, used.function, arg, how, found);
            }
        }
    }
}

fn way<'a>(ways: &[&'a Middleware], call: &Call) -> Option<&'a Middleware> {
    let method = call.callee.segments.last()?;
    ways.iter().copied().find(|how| how.methods.contains(method))
}

/// Whether one registration is made whenever another one is.
fn runs_before(cx: &Cx<'_>, file: FileId, first: &Call, then: &Call) -> bool {
    let Some(points) = holds::points(cx, file, first.function) else { return false };
    let spot = |call: &Call| points.body().spot(call.span.start);
    let (Some(a), Some(b)) = (spot(first), spot(then)) else { return false };
    let before = |a: Spot, b: Spot| a.block != b.block || a.index < b.index;
    points.dominates(a.block, b.block) && before(a, b)
}

/// `app.use("/drafts", requireAuth, draftRoutes)` where the router of a route is mounted; only where it is mounted once.
fn mounted<'a>(
    cx: &Cx<'_>,
    ways: &[&'a Middleware],
    file: FileId,
    route: &Call,
    seen: &mut BTreeSet<(FileId, u32)>,
    found: &mut Vec<InFront<'a>>,
) {
    let Some(router) = cx.program.facts(file).first_name(route) else { return };
    let home = match cx.program.name(file, route.function, router, route.span.start) {
        Def::Value(file, index, _) => Home::Value(file, index),
        Def::Param(file, function, 0, rest) if rest.is_empty() => Home::Given(file, function),
        _ => return,
    };
    let words = ways.iter().flat_map(|how| how.methods.iter().chain(&how.mounts));
    let using: BTreeSet<FileId> =
        words.flat_map(|word| cx.program.files_calling(word, std::slice::from_ref(word))).collect();
    let mut mounts: Vec<(FileId, CallId, usize)> = Vec::new();
    for at in using.into_iter().filter(|at| cx.holds(*at)) {
        let facts = cx.program.facts(at);
        mounts.extend(facts.call_ids().filter_map(|id| {
            let call = facts.call(id);
            let method = call.callee.segments.last()?;
            ways.iter().find(|how| how.methods.contains(method) || how.mounts.contains(method))?;
            let position = call.args.iter().position(|arg| home.is(cx, at, call, arg, file))?;
            Some((at, id, position))
        }));
    }
    let [(at, id, position)] = mounts.as_slice() else { return };
    let call = cx.program.facts(*at).call(*id);
    above(cx, ways, *at, call, seen, found);
    let Some(how) = way(ways, call) else { return };
    for arg in call.args.iter().take(*position) {
        functions(cx, *at, call.function, arg, how, found);
    }
}

/// What a router is to the files that mount it.
enum Home {
    /// A value of a module.
    Value(FileId, usize),
    /// What this function is given.
    Given(FileId, FunctionId),
}

impl Home {
    /// Whether an argument of a call is it, or the module of its file.
    fn is(&self, cx: &Cx<'_>, at: FileId, call: &Call, arg: &Expr, file: FileId) -> bool {
        match (self, arg) {
            (Self::Given(of, function), Expr::Function(id)) => (at, *id) == (*of, *function),
            (Self::Given(of, function), Expr::Path(path)) => {
                cx.def(at, call.function, path) == Def::Function(*of, *function)
            }
            (Self::Value(of, index), Expr::Path(path)) => match cx.program.origin(at, call.function, path) {
                Def::Value(file, value, _) => (file, value) == (*of, *index),
                def => def == Def::Namespace(file),
            },
            // `app.use(router.routes())` hands over what the router gives.
            (Self::Value(..), Expr::Call(made)) => {
                let mut path = cx.program.facts(at).call(*made).callee.clone();
                path.segments.pop().is_some() && self.is(cx, at, call, &Expr::Path(path), file)
            }
            _ => false,
        }
    }
}

/// Functions that are put in front of every handler by a decorator: `@app.before_request`.
pub(in crate::sites::identity) fn hooks(
    cx: &Cx<'_>,
    ways: &[&Middleware],
    reached: &Reached<'_>,
) -> Vec<Fun> {
    let frameworks = cx.entries(Kind::Framework).filter_map(|e| e.framework.as_ref());
    let parts: Vec<_> = frameworks.flat_map(|f| &f.parts).collect();
    let own = cx.program.facts(reached.file).function(reached.function);
    let object = |file: FileId, parent: Option<FunctionId>, path: &Path| {
        let mut object = path.clone();
        object.segments.pop();
        (cx.program.origin(file, parent, &object), cx.def(file, parent, &object))
    };
    let routers: Vec<Def> =
        own.decorators.iter().map(|d| object(reached.file, own.parent, &d.path).0).collect();
    let words: BTreeSet<&String> = ways.iter().flat_map(|how| &how.decorators).collect();
    let files: BTreeSet<FileId> = words.iter().flat_map(|word| cx.program.files_with_word(word)).collect();
    let mut found = Vec::new();
    for file in files.into_iter().filter(|file| cx.holds(*file)) {
        let facts = cx.program.facts(file);
        for id in facts.function_ids() {
            let f = facts.function(id);
            let hangs = f.decorators.iter().any(|d| {
                let is_hook = d.path.segments.last().is_some_and(|m| words.contains(m));
                let (origin, def) = object(file, f.parent, &d.path);
                let is_part = parts.iter().any(|symbol| {
                    after(symbol, &def).is_some_and(|rest| rest.first().is_some_and(|m| m == "()"))
                });
                let of_app = matches!(def, Def::Outside(..)) && !is_part;
                is_hook && (of_app || routers.contains(&origin) && origin != Def::Unknown)
            });
            if hangs {
                found.push((file, id));
            }
        }
    }
    found
}
