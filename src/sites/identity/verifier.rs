//! Whether a function of the app reaches a token check, directly or through what it calls or has injected.

use std::collections::BTreeMap;

use crate::catalog::{Entry, Kind, Verifier};
use crate::resolve::Def;
use crate::sites::cx::{Cx, is_callee};
use crate::syntax::{Expr, FunctionId};
use crate::workspace::FileId;

/// Calls followed from a session function down to the token check.
const VERIFIER_HOPS: usize = 4;

/// Whether a function of the app reaches a token check, and by which entry's knowledge.
pub fn reaches_verifier<'a>(
    cx: &Cx<'a>,
    file: FileId,
    function: FunctionId,
) -> Option<(&'a Entry, &'a Verifier)> {
    cx.verifier(file, function)
}

/// The search behind [`reaches_verifier`], which keeps what it found.
pub(in crate::sites) fn find_verifier<'a>(
    cx: &Cx<'a>,
    file: FileId,
    function: FunctionId,
) -> Option<(&'a Entry, &'a Verifier)> {
    may_verify(cx).then(|| search(cx, file, function, 0, &mut BTreeMap::new()))?
}

/// Whether the app speaks of any library that checks tokens: without one there is nothing to search for.
fn may_verify(cx: &Cx<'_>) -> bool {
    cx.entries(Kind::Auth).filter_map(|e| e.auth.as_ref()).any(|auth| {
        let modules = auth.verifiers.iter().filter_map(|v| v.call.module.split('*').next());
        !auth.request_verifiers.is_empty() || modules.into_iter().any(|module| cx.says(module))
    })
}

/// `seen` holds the functions that were looked through, with how many calls below the first they were.
fn search<'a>(
    cx: &Cx<'a>,
    file: FileId,
    function: FunctionId,
    hops: usize,
    seen: &mut BTreeMap<(FileId, FunctionId), usize>,
) -> Option<(&'a Entry, &'a Verifier)> {
    let nearer = seen.get(&(file, function)).is_some_and(|known| *known <= hops);
    if hops > VERIFIER_HOPS || nearer {
        return None;
    }
    seen.insert((file, function), hops);
    let facts = cx.program.facts(file);
    let inside = |at: Option<FunctionId>| facts.enclosing(at).any(|id| id == function);
    let verifiers = || {
        cx.entries(Kind::Auth)
            .flat_map(|e| e.auth.iter().flat_map(move |a| a.verifiers.iter().map(move |v| (e, v))))
    };
    for id in facts.call_ids().filter(|id| inside(facts.call(*id).function)) {
        match cx.callee(file, id) {
            def @ Def::Outside(..) => {
                let checks = |v: &Verifier| {
                    let written = || cx.slice(file, facts.call(id).span);
                    v.unless.is_empty() || !v.unless.iter().any(|text| written().contains(text.as_str()))
                };
                if let Some(found) = verifiers().find(|(_, v)| is_callee(&v.call, &def) && checks(v)) {
                    return Some(found);
                }
                // A parameter of the framework's own type.
                let callee = &facts.call(id).callee;
                let root = callee.root_name();
                let given =
                    facts.function(function).params.iter().any(|p| p.name() == root && root.is_some());
                if let Some(found) = callee.segments.last().filter(|_| given).and_then(|m| by_method(cx, m)) {
                    return Some(found);
                }
            }
            Def::Function(at, inner) if (at, inner) != (file, function) => {
                if let Some(found) = search(cx, at, inner, hops + 1, seen) {
                    return Some(found);
                }
            }
            Def::Param(..) | Def::Unknown => {
                let method = facts.call(id).callee.segments.last();
                if let Some(found) = method.and_then(|m| by_method(cx, m)) {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    // Dependencies of dependencies: what a parameter injects counts as called.
    for param in &facts.function(function).params {
        let mut exprs: Vec<(FileId, Expr)> = Vec::new();
        exprs.extend(param.default.clone().map(|d| (file, d)));
        match &param.annotation {
            Some(Expr::Index(_, args)) => exprs.extend(args.iter().cloned().map(|a| (file, a))),
            Some(Expr::Path(path)) => {
                if let Def::Value(at, index, _) = cx.def(file, None, path)
                    && let Some(binding) = cx.program.binding(at, index)
                    && let Expr::Index(_, args) = &binding.value
                {
                    exprs.extend(args.iter().cloned().map(|a| (at, a)));
                }
            }
            _ => {}
        }
        for (at, expr) in exprs {
            let Some(call) = expr.as_call() else { continue };
            let facts = cx.program.facts(at);
            let Some(inner) = facts.call(call).args.first().and_then(Expr::as_path) else { continue };
            if let Def::Function(to, id) = cx.def(at, None, inner)
                && let Some(found) = search(cx, to, id, hops + 1, seen)
            {
                return Some(found);
            }
        }
    }
    None
}

/// The entry whose libraries put a token check on the request under this name.
fn by_method<'a>(cx: &Cx<'a>, method: &str) -> Option<(&'a Entry, &'a Verifier)> {
    cx.entries(Kind::Auth).find_map(|entry| {
        let auth = entry.auth.as_ref()?;
        auth.request_verifiers.iter().any(|m| m == method).then(|| Some((entry, auth.verifiers.first()?)))?
    })
}
