//! Ids in a handler that look like a payer and are none, because whoever sends the request sets them.
//!
//! Nothing here is ever billed; it is only said, so that a reader sees that the id was seen. An id counts when it comes
//! from the request's body, query, headers or address, whatever it is called on the way.

use super::{Lost, LostKind};
use crate::catalog::{Answer, Handler, Kind, Role};
use crate::resolve::Def;
use crate::sites::cx::Cx;
use crate::sites::handlers::handler_of;
use crate::sites::{Billable, Site};
use crate::syntax::{Call, Expr, Facts, FunctionId, Param, Path, Root, Span};
use crate::workspace::FileId;

/// Most ids that are worth listing.
const LISTED: usize = 6;

/// Assignments followed from a name back to the request.
const MAX_HOPS: usize = 4;

/// Where in a request a member leads, by its usual names.
const PARTS: &[(&[&str], &str)] = &[
    (&["body", "json", "formdata", "form", "data", "getjson", "input", "values"], "the request's body"),
    (&["query", "searchparams", "queryparams", "args"], "the request's query"),
    (&["headers", "header", "getheader"], "a header of the request"),
    (&["params", "pathparams"], "the request's address"),
    (&["cookies"], "a cookie that nothing verifies"),
];

/// Ids that the client sets, in the handler of a paid call and in the function around it.
pub(super) fn identities(cx: &Cx<'_>, site: &Site, billable: &Billable) -> Vec<Lost> {
    let handler = billable.plan.handler.as_ref().map(|h| (h.file, h.function));
    let here = cx.workspace().find(&site.file).zip(billable.plan.function);
    let chosen = billable.plan.identity.as_ref().map(|i| i.id.as_str()).unwrap_or_default();
    let mut found: Vec<Lost> = Vec::new();
    for (file, function) in handler.into_iter().chain(here.filter(|h| Some(*h) != handler)) {
        let facts = cx.program.facts(file);
        let input = handler == Some((file, function)) && is_sent(cx, billable);
        let look = Look { cx, file, function, facts, arguments_are_sent: input };
        for (name, at, part) in look.ids() {
            let line = cx.line(file, at.start);
            let known = found.iter().any(|l| l.name == name);
            if known || name == chosen || found.len() == LISTED {
                continue;
            }
            found.push(Lost {
                what: LostKind::Identity,
                name,
                file: cx.path(file).to_owned(),
                line,
                why: format!("comes from {part}, which the sender sets"),
            });
        }
    }
    found
}

/// Whether plain arguments of the handler are what the browser sends (server actions, procedures, typed routes).
fn is_sent(cx: &Cx<'_>, billable: &Billable) -> bool {
    let shape = billable.plan.handler.as_ref().and_then(|h| {
        let framework = cx.catalog.get(&h.framework)?.framework.as_ref()?;
        framework.handlers.iter().find(|shape| shape.name == h.shape)
    });
    shape.is_some_and(takes_what_is_sent)
}

fn takes_what_is_sent(shape: &Handler) -> bool {
    let request = shape.params.first().is_some_and(|r| matches!(r, Role::Request | Role::Context));
    shape.answers == Answer::Value || !request
}

/// The part of the request that a value in a function comes from.
pub(in crate::sites) fn part_of(
    cx: &Cx<'_>,
    file: FileId,
    function: FunctionId,
    value: &Expr,
) -> Option<&'static str> {
    let facts = cx.program.facts(file);
    Look { cx, file, function, facts, arguments_are_sent: false }.part_of(value, 0)
}

/// Whether a value in a function is what one request asks for: of its body, its query or its address. What says who asks
/// comes with the others, too: in a header, in a cookie.
pub fn is_asked_for(cx: &Cx<'_>, file: FileId, function: FunctionId, value: &Expr) -> bool {
    let credentials = ["headers", "cookies"].map(part_named);
    part_of(cx, file, function, value).is_some_and(|part| !credentials.contains(&Some(part)))
}

/// The part of the request that a value in a function comes from; what a handler is sent as plain arguments is one.
pub(in crate::sites) fn sent(
    cx: &Cx<'_>,
    file: FileId,
    function: FunctionId,
    value: &Expr,
) -> Option<&'static str> {
    let facts = cx.program.facts(file);
    let shape = handler_of(cx, file, function).map(|found| found.handler);
    let look = Look { cx, file, function, facts, arguments_are_sent: shape.is_some_and(takes_what_is_sent) };
    // `userId` of a server action, `user_id` of a typed route.
    let bare = || {
        let name = value.as_path().and_then(Path::as_name).filter(|_| look.arguments_are_sent)?;
        let param =
            facts.function(function).params.iter().find(|p| p.names.iter().any(|n| n.local == name))?;
        let filled = is_filled(cx, file, param) || is_of_framework(cx, file, param);
        (!filled).then_some("an argument of the request")
    };
    look.part_of(value, 0).or_else(bare)
}

struct Look<'c, 'a> {
    cx: &'c Cx<'a>,
    file: FileId,
    function: FunctionId,
    facts: &'c Facts,
    arguments_are_sent: bool,
}

impl Look<'_, '_> {
    /// Expressions that look like an id and come from the request, with that part of the request.
    fn ids(&self) -> Vec<(String, Span, &'static str)> {
        let mut found = Vec::new();
        for param in &self.facts.function(self.function).params {
            let named = param.names.iter().filter(|n| is_id(&n.local) && self.arguments_are_sent);
            if !is_filled(self.cx, self.file, param) {
                found.extend(named.map(|n| (n.local.clone(), param.span, "an argument of the request")));
            }
        }
        for binding in self.facts.bindings.iter().filter(|b| self.is_inside(b.function)) {
            for name in &binding.names {
                let last = name.path.last().unwrap_or(&name.local);
                if (is_id(&name.local) || is_id(last))
                    && let Some(part) = self.part_of(&binding.value, 0)
                {
                    found.push((name.local.clone(), binding.statement, part));
                }
            }
        }
        for path in self.paths() {
            if path.last().is_some_and(is_id)
                && !path.segments.is_empty()
                && let Some(part) = self.part_of_path(path, 0)
            {
                found.push((path.dotted(), path.span, part));
            }
        }
        found
    }

    fn is_inside(&self, function: Option<FunctionId>) -> bool {
        self.facts.enclosing(function).any(|f| f == self.function)
    }

    /// Every path that is an argument, however deep, or a value of the function.
    fn paths(&self) -> Vec<&Path> {
        let mut found = Vec::new();
        for call in self.facts.calls.iter().filter(|c| self.is_inside(c.function)) {
            for value in call.args.iter().chain(call.keywords.iter().map(|(_, v)| v)) {
                collect(value, &mut found);
            }
        }
        for binding in self.facts.bindings.iter().filter(|b| self.is_inside(b.function)) {
            collect(&binding.value, &mut found);
        }
        found
    }

    fn part_of(&self, value: &Expr, hops: usize) -> Option<&'static str> {
        if hops > MAX_HOPS {
            return None;
        }
        match value {
            Expr::Await(inner) => self.part_of(inner, hops + 1),
            Expr::Path(path) => self.part_of_path(path, hops),
            Expr::Call(id) => self.part_of_call(self.facts.call(*id), hops),
            Expr::Binary(left, _, right) | Expr::Either(left, right) => {
                self.part_of(left, hops + 1).or_else(|| self.part_of(right, hops + 1))
            }
            _ => None,
        }
    }

    /// `await req.json()`, `schema.parse(await req.json())`, `searchParams.get("userId")`.
    fn part_of_call(&self, call: &Call, hops: usize) -> Option<&'static str> {
        // A call of the app or of a library may check what it is given; what parses does not.
        let parses = call.callee.last().is_some_and(|l| {
            matches!(
                plain(l).as_str(),
                "parse" | "safeparse" | "parseasync" | "string" | "str" | "number" | "int" | "get"
            )
        });
        let own = self.part_of_path(&call.callee, hops);
        own.or_else(|| parses.then(|| call.args.iter().find_map(|a| self.part_of(a, hops + 1))).flatten())
    }

    fn part_of_path(&self, path: &Path, hops: usize) -> Option<&'static str> {
        let member = path.segments.iter().find_map(|s| part_named(s));
        let name = match &path.root {
            Root::Name(name) => name,
            // `searchParams.get("userId")!`
            Root::Call(id) if hops <= MAX_HOPS => return self.part_of_call(self.facts.call(*id), hops + 1),
            _ => return None,
        };
        match self.cx.program.name(self.file, Some(self.function), name, path.span.start) {
            Def::Param(_, function, position, keys) => {
                let param = self.facts.function(function).params.get(position)?;
                if is_filled(self.cx, self.file, param) {
                    return None;
                }
                member.or_else(|| keys.iter().find_map(|k| part_named(k))).or_else(|| {
                    (self.arguments_are_sent
                        && function == self.function
                        && !path.segments.is_empty()
                        && !is_of_framework(self.cx, self.file, param))
                    .then_some("the request's body")
                })
            }
            Def::Value(file, index, _) if file == self.file && hops <= MAX_HOPS => {
                let binding = self.facts.bindings.get(index)?;
                self.part_of(&binding.value, hops + 1)
            }
            // `request` of a framework that keeps it in a global.
            Def::Outside(..) if matches!(plain(name).as_str(), "request" | "req") => member,
            _ => None,
        }
    }
}

/// Whether the framework fills a parameter from somewhere else than the request's own text: with what a function gives.
fn is_filled(cx: &Cx<'_>, file: FileId, param: &Param) -> bool {
    let annotated = |at: FileId, annotation: &Expr| match annotation {
        Expr::Index(of, args) => of.last() == Some("Annotated") && args.iter().any(|a| injects(cx, at, a)),
        _ => false,
    };
    let by_annotation = match &param.annotation {
        Some(Expr::Path(path)) => match cx.def(file, None, path) {
            Def::Value(at, index, _) => {
                cx.program.binding(at, index).is_some_and(|b| annotated(at, &b.value))
            }
            _ => false,
        },
        Some(annotation) => annotated(file, annotation),
        None => false,
    };
    by_annotation || param.default.as_ref().is_some_and(|default| injects(cx, file, default))
}

/// `Depends(current_user)`, and not `Header()` or `Query(None)`: it is given something that can be called.
fn injects(cx: &Cx<'_>, file: FileId, marker: &Expr) -> bool {
    let Expr::Call(id) = marker else { return false };
    cx.program.facts(file).call(*id).args.first().is_some_and(|arg| match arg {
        Expr::Path(path) => path.as_name() != Some("None"),
        Expr::Call(_) => true,
        _ => false,
    })
}

/// Whether the framework hands a parameter over that is no text of the request: its own object, or what one of the app's
/// decorators makes of it (`@CurrentUser() user`).
fn is_of_framework(cx: &Cx<'_>, file: FileId, param: &Param) -> bool {
    let text = cx.slice(file, param.span);
    if let Some(decorated) = text.strip_prefix('@') {
        let name = decorated.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let mut frameworks = cx.entries(Kind::Framework).filter_map(|e| e.framework.as_ref());
        return !frameworks.any(|f| f.sent_params.iter().any(|sent| sent == name));
    }
    matches!(&param.annotation, Some(Expr::Path(path)) if matches!(cx.def(file, None, path), Def::Outside(..)))
}

fn part_named(member: &str) -> Option<&'static str> {
    let member = plain(member);
    PARTS.iter().find(|(names, _)| names.contains(&member.as_str())).map(|(_, part)| *part)
}

/// Whether a name says that it names who pays.
fn is_id(name: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "userid",
        "ownerid",
        "customerid",
        "accountid",
        "teamid",
        "orgid",
        "organizationid",
        "organisationid",
        "workspaceid",
        "tenantid",
        "memberid",
    ];
    let name = plain(name);
    name == "uid" || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).flat_map(char::to_lowercase).collect()
}

fn collect<'e>(value: &'e Expr, found: &mut Vec<&'e Path>) {
    match value {
        Expr::Path(path) => found.push(path),
        Expr::Await(inner) => collect(inner, found),
        Expr::Object(pairs) => pairs.iter().for_each(|(_, v)| collect(v, found)),
        Expr::List(items) => items.iter().for_each(|v| collect(v, found)),
        Expr::Binary(left, _, right) | Expr::Either(left, right) => {
            collect(left, found);
            collect(right, found);
        }
        Expr::Template(parts) => {
            parts.iter().filter_map(|p| p.as_ref().err()).for_each(|v| collect(v, found));
        }
        _ => {}
    }
}
