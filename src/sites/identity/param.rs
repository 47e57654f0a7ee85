//! Users in a parameter that a decorator of the app's own fills: `@CurrentUser() user`, where the function behind the
//! decorator takes `request.user`, which the guard in front of the handler sets.

use super::bound::User;
use super::{function_text, start_of, typed};
use crate::catalog::{self, Entry, Kind};
use crate::resolve::Def;
use crate::sites::Identity;
use crate::sites::cx::{Cx, after, written_member};
use crate::sites::guard;
use crate::sites::handlers::Reached;
use crate::sites::holds;
use crate::syntax::{Expr, FunctionId, Param, Path, Root};
use crate::workspace::FileId;

/// Names that are followed inside of a decorator's function.
const MAX_HOPS: usize = 4;

/// What a computed member is called in a path.
const COMPUTED: &str = "[]";

/// The user in a decorated parameter, when the decorator takes this member of the request.
pub(super) fn from_param(
    cx: &Cx<'_>,
    entry: &Entry,
    source: &catalog::Identity,
    reached: &Reached<'_>,
    path: &str,
) -> Option<Identity> {
    let facts = cx.program.facts(reached.file);
    let f = facts.function(reached.function);
    let filled = f.params.iter().find_map(|param| Some((param, taken_by(cx, reached.file, param, path)?)));
    let (param, rest) = filled?;
    let local = param.name()?;
    let guard = guard::of_handler(cx, reached, path);
    let user = user(cx, source, (reached, local), path, &rest, guard.is_some())?;
    let start = start_of(facts, reached.function);
    let guarded = holds::end_of_guard(cx, reached.file, start, &[local], u32::MAX);
    let line = cx.line(reached.file, param.span.start);
    let member = std::iter::once(path).chain(rest.iter().map(String::as_str)).collect::<Vec<_>>().join(".");
    let mut evidence = vec![format!("`{local}` is `{member}` of the request (line {line})")];
    match &guard {
        Some(guard) => evidence.push(guard.why.clone()),
        None => {
            evidence.push(format!("`{local}` may be missing: no guard in front of the handler was found"));
        }
    }
    Some(Identity {
        id: user.id,
        email: user.email,
        name: user.name,
        auth: entry.id.clone(),
        ready_at: guarded.unwrap_or(f.body.start),
        nullable: !guard.as_ref().is_some_and(|g| g.sure) && guarded.is_none(),
        source: guard::on_request(guard.as_ref(), false),
        evidence,
    })
}

/// The user's expressions, by the members the code reads or the guard sets.
fn user(
    cx: &Cx<'_>,
    source: &catalog::Identity,
    (reached, local): (&Reached<'_>, &str),
    path: &str,
    rest: &[String],
    guarded: bool,
) -> Option<User> {
    let fields = &source.user;
    let member = rest.join(".");
    let is_id = fields.id.contains(&member);
    if is_id {
        // The parameter is the id itself. Where the request's member is, some check has to have put it there.
        let sure = !member.is_empty() || guarded && guard::is_set_by_check(cx, path);
        return sure.then(|| User { id: local.to_owned(), email: None, name: None });
    }
    if !rest.is_empty() {
        return None;
    }
    let own = function_text(cx, reached.file, reached.function);
    let set = guard::members_set(cx, path).filter(|_| guarded).unwrap_or_default();
    let facts = cx.program.facts(reached.file);
    let params = &facts.function(reached.function).params;
    let of_type = params.iter().find(|p| p.name() == Some(local)).and_then(|p| p.annotation_text.as_deref());
    let known = |names: &[String]| {
        let mut names = names.iter().filter(|name| !name.is_empty());
        let read = names.clone().find_map(|name| written_member(&own, local, name));
        let there = |name: &&String| {
            set.contains(name) || of_type.is_some_and(|of| typed::has(cx, reached.file, of, name))
        };
        read.or_else(|| names.find(there).map(|name| format!("{local}.{name}")))
    };
    Some(User { id: known(&fields.id)?, email: known(&fields.email), name: known(&fields.name) })
}

/// What is left of the request's member in a parameter that one of the app's decorators fills with it: nothing, or a
/// member of it.
fn taken_by(cx: &Cx<'_>, file: FileId, param: &Param, path: &str) -> Option<Vec<String>> {
    let text = cx.slice(file, param.span);
    let written = text.strip_prefix('@')?;
    let name: String = written.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let Def::Function(at, function) = cx.program.name(file, None, &name, param.span.start) else {
        return None;
    };
    let facts = cx.program.facts(at);
    let (call, _) = facts.function(function).argument_of?;
    let made_by = cx.callee(at, call);
    let mut makers =
        cx.entries(Kind::Framework).filter_map(|e| e.framework.as_ref()).flat_map(|f| &f.param_decorators);
    makers.find(|maker| after(maker, &made_by).is_some_and(<[String]>::is_empty))?;
    let told = written.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(told, _)| told);
    let told = told.unwrap_or_default().trim().trim_matches(['\'', '"']);
    let mut rests = Vec::new();
    for (_, value) in facts.returns.iter().filter(|(f, _)| *f == function) {
        for members in members(cx, at, function, value, 0)? {
            rests.push(below(&members, path)?);
        }
    }
    // `data ? user?.[data] : user` depends on what the decorator is given.
    let (computed, plain): (Vec<_>, Vec<_>) =
        rests.into_iter().partition(|rest: &Vec<String>| rest.last().is_some_and(|last| last == COMPUTED));
    match (computed.is_empty(), told.is_empty()) {
        (false, false) => Some(vec![told.to_owned()]),
        _ => plain
            .split_first()
            .filter(|(first, rest)| rest.iter().all(|r| r == *first))
            .map(|(first, _)| first.clone()),
    }
}

/// The members behind the request's, when a path leads to it.
fn below(members: &[String], path: &str) -> Option<Vec<String>> {
    let wanted: Vec<&str> = path.split('.').collect();
    let start = members.iter().take_while(|m| matches!(m.as_str(), "req" | "request")).count();
    let inside = members.get(start..)?;
    let is_it = inside.len() >= wanted.len() && inside.iter().zip(&wanted).all(|(a, b)| a == b);
    is_it.then(|| inside[wanted.len()..].to_vec())
}

/// The members of the request that an expression of a decorator's function comes to, on each way.
fn members(
    cx: &Cx<'_>,
    file: FileId,
    function: FunctionId,
    value: &Expr,
    hops: usize,
) -> Option<Vec<Vec<String>>> {
    if hops > MAX_HOPS {
        return None;
    }
    match value.unawaited() {
        value if value.is_null() => Some(Vec::new()),
        Expr::Either(left, right) | Expr::Binary(left, "||" | "??", right) => {
            let mut found = members(cx, file, function, left, hops + 1)?;
            found.extend(members(cx, file, function, right, hops + 1)?);
            Some(found)
        }
        Expr::Path(path) => {
            let behind = |before: Vec<Vec<String>>| {
                before
                    .into_iter()
                    .map(|b| b.into_iter().chain(path.segments.iter().cloned()).collect())
                    .collect()
            };
            match &path.root {
                Root::Call(_) => is_of_context(cx, file, function, path).then(|| behind(vec![Vec::new()])),
                Root::Name(name) => match cx.program.name(file, Some(function), name, path.span.start) {
                    Def::Value(at, index, taken) if at == file => {
                        let binding = cx.program.binding(file, index)?;
                        let before = members(cx, file, function, &binding.value, hops + 1)?;
                        let taken =
                            before.into_iter().map(|b| b.into_iter().chain(taken.iter().cloned()).collect());
                        Some(behind(taken.collect()))
                    }
                    _ => None,
                },
                _ => None,
            }
        }
        Expr::Call(call) => {
            let callee = &cx.program.facts(file).call(*call).callee;
            is_of_context(cx, file, function, callee).then(|| vec![Vec::new()])
        }
        _ => None,
    }
}

/// Whether a chain of calls starts at a parameter of the decorator's function: `context.switchToHttp().getRequest()`.
fn is_of_context(cx: &Cx<'_>, file: FileId, function: FunctionId, path: &Path) -> bool {
    let facts = cx.program.facts(file);
    let mut path = path;
    loop {
        match &path.root {
            Root::Call(inner) => {
                let call = facts.call(*inner);
                // `GqlExecutionContext.create(context)`
                let given = call.args.iter().filter_map(Expr::as_path);
                if given.into_iter().any(|arg| is_param(cx, file, function, arg)) {
                    return true;
                }
                path = &call.callee;
            }
            Root::Name(_) => return is_param(cx, file, function, path),
            _ => return false,
        }
    }
}

fn is_param(cx: &Cx<'_>, file: FileId, function: FunctionId, path: &Path) -> bool {
    path.root_name().is_some_and(|name| {
        matches!(cx.program.name(file, Some(function), name, path.span.start), Def::Param(at, f, ..) if (at, f) == (file, function))
    })
}

#[cfg(test)]
mod tests;
