//! The request handler through which a paid call is reached.

use super::Paid;
use crate::catalog::Answer;
use crate::sites::cx::Cx;
use crate::sites::handlers::{Reached, reached_from};
use crate::sites::{EntryRef, Hop, identity, mounted};
use crate::syntax::{Call, Expr, Facts, FunctionId};
use crate::workspace::FileId;

/// The nearest handler that requests reach; among equally near ones that in which somebody is signed in, then an
/// answering one, then in file order. The others in words.
pub(super) fn best_entry<'a>(
    cx: &Cx<'a>,
    paid: &Paid<'_>,
    call: &Call,
) -> (Option<Reached<'a>>, Vec<String>) {
    let mut found = reached_from(cx, paid.file, call.function);
    if found.len() > 1 {
        let signed_in = |r: &Reached<'_>| {
            let identity = identity::in_handler(cx, r, reached_by(cx, paid, r).start);
            identity.is_some_and(|i| !i.nullable)
        };
        found.sort_by_cached_key(|r| {
            let answers = r.found.handler.answers == Answer::Response;
            (r.calls.len(), mounted::why_not(cx, r).is_some(), !signed_in(r), !answers, r.file, r.function)
        });
    }
    let others = found.iter().skip(1).map(|r| {
        let entry = entry_ref(cx, r);
        format!("also reached from `{}` ({}:{})", entry.symbol, entry.file, entry.line)
    });
    let others = others.take(5).collect();
    (found.into_iter().next(), others)
}

pub(in crate::sites) fn entry_ref(cx: &Cx<'_>, reached: &Reached<'_>) -> EntryRef {
    let facts = cx.program.facts(reached.file);
    let f = facts.function(reached.function);
    EntryRef {
        file: cx.path(reached.file).to_owned(),
        line: cx.line(reached.file, f.span.start),
        symbol: [f.symbol.clone(), outer_symbol(facts, reached.function)]
            .into_iter()
            .find(|s| !s.is_empty())
            .unwrap_or_else(|| route_name(cx, reached)),
    }
}

/// `POST /draft` for a handler written in place.
fn route_name(cx: &Cx<'_>, reached: &Reached<'_>) -> String {
    let Some((file, call)) = reached.found.route else { return String::new() };
    let call = cx.program.facts(file).call(call);
    let method = call.callee.segments.last().map(|m| m.to_uppercase()).unwrap_or_default();
    let path = call.args.first().and_then(Expr::as_str).unwrap_or_default();
    format!("{method} {path}").trim().to_owned()
}

/// The statement of the handler through which the call is reached.
pub(super) fn reached_by(cx: &Cx<'_>, paid: &Paid<'_>, reached: &Reached<'_>) -> crate::syntax::Span {
    match reached.calls.first() {
        Some((file, call)) => cx.program.facts(*file).call(*call).statement,
        None => cx.program.facts(paid.file).call(paid.call).statement,
    }
}

pub(super) fn chain(cx: &Cx<'_>, reached: &Reached<'_>) -> Vec<Hop> {
    let entry = entry_ref(cx, reached);
    let mut hops = vec![Hop { file: entry.file, line: entry.line, symbol: entry.symbol }];
    for (file, call) in &reached.calls {
        let call = cx.program.facts(*file).call(*call);
        hops.push(Hop {
            file: cx.path(*file).to_owned(),
            line: cx.line(*file, call.span.start),
            symbol: cx.written(*file, &call.callee),
        });
    }
    hops
}

/// The name a person would give the place: the outermost function that has one.
pub(super) fn outer_symbol(facts: &Facts, function: FunctionId) -> String {
    let named = facts.enclosing(Some(function)).map(|id| facts.function(id)).filter(|f| !f.symbol.is_empty());
    named.last().map_or_else(String::new, |f| f.symbol.clone())
}

/// A function as an entry, by the outermost one around it that has a name.
pub(super) fn function_ref(cx: &Cx<'_>, file: FileId, function: FunctionId) -> EntryRef {
    let facts = cx.program.facts(file);
    let named = facts.enclosing(Some(function)).filter(|f| !facts.function(*f).symbol.is_empty()).last();
    let span = facts.function(named.unwrap_or(function)).span;
    EntryRef {
        file: cx.path(file).to_owned(),
        line: cx.line(file, span.start),
        symbol: outer_symbol(facts, function),
    }
}
