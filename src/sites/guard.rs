//! Guards: the check that makes an identity certain, in the handler or in front of it.

use super::cx::{Cx, word_at};
use super::handlers::Reached;
use super::identity::reaches_verifier;
use crate::catalog::{HandlerShape, Kind};
use crate::resolve::{Def, Module};
use crate::syntax::{CallId, Expr, FunctionId, Path, Span, parse};
use crate::workspace::FileId;

/// What stands in front of a handler and lets only signed-in users through.
pub struct Guard {
    /// Its local name at the route.
    pub name: Option<String>,
    /// Where it comes from, as written.
    pub from: Option<String>,
    /// The file that defines it.
    pub defined_in: Option<FileId>,
    /// In words, with the line.
    pub why: String,
}

/// The middleware in front of a handler: an argument of its route, or a `use` on its router or above.
pub fn of_handler(cx: &Cx<'_>, reached: &Reached<'_>, member: &str) -> Option<Guard> {
    let facts = cx.program.facts(reached.file);
    let f = facts.function(reached.function);
    for decorator in &f.decorators {
        if let Some(guard) = guard_path(cx, reached.file, f.parent, &decorator.path, member) {
            return Some(guard);
        }
    }
    let (file, call) = reached.found.route?;
    in_front_of(cx, file, call, member)
}

fn in_front_of(cx: &Cx<'_>, file: FileId, call: CallId, member: &str) -> Option<Guard> {
    let facts = cx.program.facts(file);
    let route = facts.call(call);
    let last = route.args.len().saturating_sub(1);
    for arg in route.args.iter().take(last) {
        if let Some(guard) = guard_expr(cx, file, route.function, arg, member) {
            return Some(guard);
        }
    }
    // `router.use(requireAuth)` before the route in the same file, on the same router.
    let router = route.callee.root_name().unwrap_or_default();
    for used in facts.calls.iter().filter(|c| c.span.end <= route.span.start) {
        let same = c_is_use(used.callee.segments.last()) && used.callee.root_name() == Some(router);
        if !same || used.args.first().is_some_and(|a| a.as_str().is_some_and(|p| p != "/")) {
            continue;
        }
        for arg in &used.args {
            if let Some(guard) = guard_expr(cx, file, used.function, arg, member) {
                return Some(guard);
            }
        }
    }
    mounted_behind(cx, file, router, member)
}

fn c_is_use(member: Option<&String>) -> bool {
    member.is_some_and(|m| m == "use" || m == "all" || m == "addHook")
}

/// `app.use("/drafts", requireAuth, draftRoutes)` where the router is mounted.
fn mounted_behind(cx: &Cx<'_>, file: FileId, router: &str, member: &str) -> Option<Guard> {
    let target = cx.program.name(file, None, router, u32::MAX);
    let Def::Value(..) = target else { return None };
    for candidate in cx.program.files_with_word("use") {
        let facts = cx.program.facts(candidate);
        for call in facts.calls.iter().filter(|c| c_is_use(c.callee.segments.last()) && c.args.len() > 1) {
            let mounts = call.args.last().and_then(Expr::as_path).is_some_and(|p| {
                let def = cx.program.origin(candidate, call.function, p);
                def == target || def == Def::Namespace(file) || same_router(&def, &target)
            });
            if !mounts {
                continue;
            }
            let before = call.args.iter().take(call.args.len() - 1);
            if let Some(guard) =
                before.into_iter().find_map(|a| guard_expr(cx, candidate, call.function, a, member))
            {
                return Some(guard);
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
    member: &str,
) -> Option<Guard> {
    match expr {
        Expr::Path(path) => guard_path(cx, file, function, path, member),
        Expr::Call(id) => {
            let facts = cx.program.facts(file);
            guard_path(cx, file, function, &facts.call(*id).callee, member)
        }
        Expr::List(items) => items.iter().find_map(|i| guard_expr(cx, file, function, i, member)),
        Expr::Object(pairs) => pairs.iter().find_map(|(_, v)| guard_expr(cx, file, function, v, member)),
        _ => None,
    }
}

fn guard_path(
    cx: &Cx<'_>,
    file: FileId,
    function: Option<FunctionId>,
    path: &Path,
    member: &str,
) -> Option<Guard> {
    let def = cx.def(file, function, path);
    let vouches = match &def {
        Def::Function(at, id) => {
            reaches_verifier(cx, *at, *id).is_some() || checks_member(cx, *at, *id, member)
        }
        outside @ Def::Outside(..) => {
            let verifiers = cx.entries(Kind::Auth).filter_map(|e| e.auth.as_ref()).flat_map(|a| &a.verifiers);
            verifiers.into_iter().any(|v| super::cx::is_callee(&v.call, outside))
        }
        _ => false,
    };
    if !vouches {
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
        defined_in: defined_in.or_else(|| import.is_none().then_some(file)),
        why: format!("reached only after `{}` ({}:{line})", path.dotted(), cx.path(file)),
    })
}

/// A guard sets the member on the request, or refuses when it is not there (`if (!req.isAuthenticated()) …`).
fn checks_member(cx: &Cx<'_>, file: FileId, function: FunctionId, member: &str) -> bool {
    let facts = cx.program.facts(file);
    let inside = |at: Option<FunctionId>| facts.enclosing(at).any(|id| id == function);
    let last = member.rsplit('.').next().unwrap_or(member);
    let sets = !last.is_empty()
        && facts
            .assigns
            .iter()
            .any(|a| inside(a.function) && a.target.segments.last().is_some_and(|s| s == last));
    let asks = facts
        .calls
        .iter()
        .any(|c| inside(c.function) && c.callee.segments.last().is_some_and(|s| s == "isAuthenticated"));
    sets || asks
}

/// The keys of the object that some function of the app assigns to a request member.
pub fn members_set(cx: &Cx<'_>, member: &str) -> Option<Vec<String>> {
    let last = member.rsplit('.').next().unwrap_or(member);
    for file in cx.program.files_with_word(last) {
        let facts = cx.program.facts(file);
        let set = facts
            .assigns
            .iter()
            .find(|a| a.target.segments.last().is_some_and(|s| s == last) && a.function.is_some());
        if let Some(assign) = set
            && let Expr::Object(pairs) = &assign.value
        {
            return Some(pairs.iter().map(|(k, _)| k.clone()).collect());
        }
    }
    None
}

/// The end of the statement that leaves the function when one of the names is missing, if it stands after `from` and
/// before `until` in the same block: `if (!session) return …`, `if user is None: raise …`.
pub fn end_of_guard(cx: &Cx<'_>, file: FileId, from: Span, names: &[&str], until: u32) -> Option<u32> {
    let text = cx.workspace().text(file).ok()?;
    let language = cx.workspace().entry(file).language?;
    let tree = parse(language, text.as_str())?;
    let anchor = tree
        .root_node()
        .descendant_for_byte_range(from.start as usize, (from.end as usize).max(from.start as usize + 1))?;
    let mut at = anchor;
    // Up to the statement that is a child of a block.
    loop {
        let parent = at.parent()?;
        if matches!(parent.kind(), "statement_block" | "program" | "block" | "module") {
            break;
        }
        if matches!(at.kind(), "statement_block" | "block") {
            at = at.named_child(0)?;
            break;
        }
        at = parent;
    }
    let mut end = None;
    let mut next = Some(at);
    while let Some(node) = next {
        if node.start_byte() as u32 >= until {
            break;
        }
        if node.kind() == "if_statement" && leaves(node, text.as_str(), names) {
            end = Some(node.end_byte() as u32);
        }
        next = node.next_named_sibling();
    }
    end
}

/// An `if` whose condition speaks of a name and whose branch leaves.
fn leaves(node: tree_sitter::Node<'_>, text: &str, names: &[&str]) -> bool {
    let slice = |n: tree_sitter::Node<'_>| text.get(n.byte_range()).unwrap_or_default();
    let condition = node.child_by_field_name("condition").map(slice).unwrap_or_default();
    let negative = condition.contains('!')
        || condition.contains("not ")
        || condition.contains("null")
        || condition.contains("None")
        || condition.contains("undefined");
    let spoken = names.iter().any(|name| {
        condition.match_indices(name).any(|(i, _)| {
            word_at(condition, i, name.split('.').next().unwrap_or(name))
                || i == 0
                || condition.get(i..).is_some_and(|c| c.starts_with(name))
        })
    });
    let branch = node.child_by_field_name("consequence").map(slice).unwrap_or_default();
    let exits = ["return", "throw", "raise", "redirect(", "abort(", "unauthorized(", "next("]
        .iter()
        .any(|e| branch.contains(e));
    negative && spoken && exits
}

/// Whether a handler shape registers routes with middleware.
pub fn has_routes(shape: &HandlerShape) -> bool {
    matches!(shape, HandlerShape::RouteCall { .. } | HandlerShape::RouteTable { .. })
}
