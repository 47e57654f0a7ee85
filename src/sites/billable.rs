//! Calls that spend money: told by the providers' entries, each with the handler that reaches it and who pays.

use std::collections::BTreeMap;

use aho_corasick::AhoCorasick;
use rayon::prelude::*;

use super::cx::{Cx, wild};
use super::handlers::{Reached, argument_for, reached_from};
use super::{
    Billable, BillablePlan, Detail, EntryRef, HandlerRef, Hop, Identity, IdentityAt, IdentityRef,
    SELECT_FROM, Site, SiteKind, identity,
};
use crate::catalog::{Answer, Entry, HttpCall, Kind, ProviderCall, StreamWhen};
use crate::resolve::Def;
use crate::syntax::{Call, CallId, Expr, Facts, FunctionId, Param, Path, Root};
use crate::workspace::FileId;

/// A call that a provider's entry knows.
struct Paid<'a> {
    file: FileId,
    call: CallId,
    provider: &'a Entry,
    rule: Rule<'a>,
}

enum Rule<'a> {
    Call(&'a ProviderCall),
    Http(&'a HttpCall, &'a str),
}

/// Every paid call of an app, in file order.
pub fn billables(cx: &Cx<'_>) -> Vec<Site> {
    let mut paid: Vec<Paid<'_>> = candidates(cx)
        .into_par_iter()
        .flat_map_iter(|file| {
            let facts = cx.program.facts(file);
            facts.call_ids().filter_map(move |call| paid_call(cx, file, call)).collect::<Vec<_>>()
        })
        .collect();
    paid.sort_by_key(|p| (p.file, cx.program.facts(p.file).call(p.call).span));
    paid.dedup_by_key(|p| (p.file, p.call));
    let mut sites: Vec<Site> = paid.par_iter().map(|p| site(cx, p)).collect();
    number(&mut sites);
    sites
}

/// Files in which a paid call may stand: those with a literal of a picked provider, or with the last members of one of
/// its calls (a client may come from another file under any name).
fn candidates(cx: &Cx<'_>) -> Vec<FileId> {
    let mut literals: Vec<String> = Vec::new();
    for entry in cx.entries(Kind::Provider) {
        literals.extend(entry.literals.iter().cloned());
        for call in entry.provider.iter().flat_map(|p| &p.calls) {
            let parts: Vec<&str> = call.path.split('.').filter(|p| *p != "*" && *p != "()").collect();
            let tail = parts[parts.len().saturating_sub(2)..].join(".");
            literals.push(if parts.len() > 1 { tail } else { format!("{tail}(") });
        }
        literals.extend(entry.provider.iter().flat_map(|p| p.hosts.iter().cloned()));
    }
    literals.sort();
    literals.dedup();
    let Ok(finder) = AhoCorasick::new(&literals) else { return Vec::new() };
    let has = |id: &&FileId| cx.workspace().text(**id).is_ok_and(|t| finder.is_match(t.bytes()));
    cx.files.par_iter().filter(has).copied().collect()
}

fn paid_call<'a>(cx: &Cx<'a>, file: FileId, call: CallId) -> Option<Paid<'a>> {
    let facts = cx.program.facts(file);
    let c = facts.call(call);
    let called = called(cx, file, c);
    let last = called.last()?;
    let def = std::cell::OnceCell::new();
    for provider in cx.entries(Kind::Provider) {
        let Some(knowledge) = &provider.provider else { continue };
        for rule in &knowledge.calls {
            if rule.path.rsplit('.').next() != Some(last) {
                continue;
            }
            let def = def.get_or_init(|| handed_in(cx, cx.def(file, c.function, called)));
            if is_rule(provider, rule, def) {
                return (!rule.free).then_some(Paid { file, call, provider, rule: Rule::Call(rule) });
            }
        }
    }
    let url = request_url(cx, file, c)?;
    for provider in cx.entries(Kind::Provider) {
        let Some(knowledge) = &provider.provider else { continue };
        let Some(host) = knowledge.hosts.iter().find(|h| url.contains(h.as_str())) else { continue };
        let path = url.split(host.as_str()).nth(1).unwrap_or_default();
        let method = request_method(c);
        let rule = knowledge.http.iter().find(|r| {
            r.method.eq_ignore_ascii_case(&method)
                && (r.path == "*" || path.contains(r.path.trim_end_matches('*')))
        })?;
        return (!rule.free).then_some(Paid { file, call, provider, rule: Rule::Http(rule, host) });
    }
    None
}

/// What is called in the end: `f` in `in_thread(f)(x)` when the wrapper is no function of the app.
fn called<'f>(cx: &'f Cx<'_>, file: FileId, call: &'f Call) -> &'f Path {
    let Root::Call(wrapper) = call.callee.root else { return &call.callee };
    let wrapper = cx.program.facts(file).call(wrapper);
    let inner = match wrapper.args.as_slice() {
        [Expr::Path(path)] if call.callee.segments.is_empty() && !path.segments.is_empty() => path,
        _ => return &call.callee,
    };
    match cx.def(file, wrapper.function, &wrapper.callee) {
        Def::Outside(..) => inner,
        _ => &call.callee,
    }
}

/// A member of a parameter is a member of what every caller hands in, when they agree.
fn handed_in(cx: &Cx<'_>, def: Def) -> Def {
    let Def::Param(file, function, position, members) = &def else { return def };
    let f = cx.program.facts(*file).function(*function);
    let is_self = |p: &Param| p.name().is_some_and(|n| n == "self" || n == "cls");
    let skip = usize::from(f.params.first().is_some_and(is_self));
    let (Some(param), Some(at)) = (f.params.get(*position), position.checked_sub(skip)) else { return def };
    if members.is_empty() || param.name().is_none() {
        return def;
    }
    let mut agreed: Option<Def> = None;
    for &(caller, call) in cx.callers(*file, *function).iter() {
        let facts = cx.program.facts(caller);
        let Some(Expr::Path(path)) = argument_for(facts, call, at, param.name()) else { return def };
        let mut path = path.clone();
        path.segments.extend(members.iter().cloned());
        match cx.def(caller, facts.call(call).function, &path) {
            given @ Def::Outside(..) if agreed.as_ref().is_none_or(|a| *a == given) => agreed = Some(given),
            _ => return def,
        }
    }
    agreed.unwrap_or(def)
}

/// Whether what is called is what a rule means.
fn is_rule(provider: &Entry, rule: &ProviderCall, def: &Def) -> bool {
    let Def::Outside(module, members) = def else { return false };
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    let path: Vec<&str> = rule.path.split('.').collect();
    if let Some(own) = &rule.module {
        let named = members.strip_prefix(&["default"]).unwrap_or(&members);
        return wild(own, module) && (named == path || members == path);
    }
    let Some(knowledge) = &provider.provider else { return false };
    if let Some((&"*", rest)) = path.split_first() {
        let known = knowledge.clients.iter().any(|c| wild(&c.symbol.module, module));
        return known && members.contains(&"()") && members.ends_with(rest);
    }
    knowledge.clients.iter().any(|client| {
        if !wild(&client.symbol.module, module) {
            return false;
        }
        let rest = if client.symbol.name == "*" {
            members.strip_prefix(&["default"]).unwrap_or(&members)
        } else {
            let name: Vec<&str> = client.symbol.name.split('.').collect();
            match members.strip_prefix(name.as_slice()).and_then(|r| r.strip_prefix(&["()"])) {
                Some(rest) => rest,
                None => return false,
            }
        };
        // `client.with_options(timeout=5).chat.completions.create`
        let skipped = rest.iter().rposition(|m| *m == "()").map_or(0, |at| at + 1);
        rest == path.as_slice() || rest[skipped..] == path
    })
}

/// The address of a raw request: a string among the first arguments or in `url`.
fn request_url(cx: &Cx<'_>, file: FileId, call: &Call) -> Option<String> {
    const REQUESTS: &[&str] = &[
        "fetch", "post", "request", "axios", "get", "put", "send", "urlopen", "$fetch", "ofetch", "got",
        "ky", "stream",
    ];
    if !call.callee.last().is_some_and(|l| REQUESTS.contains(&l)) {
        return None;
    }
    let candidates = call.args.iter().take(2).chain(call.option("url"));
    candidates.into_iter().find_map(|arg| cx.folded(file, call.function, arg).filter(|t| t.contains('.')))
}

fn request_method(call: &Call) -> String {
    let told = call.option("method").and_then(Expr::as_str).map(str::to_owned);
    let by_name = match call.callee.segments.last().map(String::as_str) {
        Some(name @ ("post" | "get" | "put")) => Some(name.to_uppercase()),
        Some("request") => {
            call.args.first().and_then(Expr::as_str).filter(|m| !m.contains('/')).map(str::to_owned)
        }
        _ => None,
    };
    told.or(by_name).unwrap_or_else(|| "GET".to_owned())
}

fn site(cx: &Cx<'_>, paid: &Paid<'_>) -> Site {
    let facts = cx.program.facts(paid.file);
    let call = facts.call(paid.call);
    let mut evidence = vec![describe(cx, paid, call)];
    let (reached, others) = best_entry(cx, paid, call);
    let at_call = identity_at_call(cx, paid, call, reached.as_ref());
    let in_entry = reached.as_ref().and_then(|r| identity::in_handler(cx, r, reached_by(cx, paid, r).start));
    let entry_identity = in_entry.clone();
    let (payer, at) = match (at_call, in_entry) {
        (Some(identity), _) => (Some(identity), IdentityAt::Call),
        (None, Some(identity)) => {
            let same = reached.as_ref().is_some_and(|r| r.calls.is_empty());
            (Some(identity), if same { IdentityAt::Call } else { IdentityAt::Entry })
        }
        (None, None) => (None, IdentityAt::None),
    };
    evidence.extend(payer.iter().flat_map(|p| p.evidence.iter().cloned()));
    evidence.extend(others);
    let score = score(paid, reached.as_ref(), payer.as_ref());
    let chain = reached.as_ref().map(|r| chain(cx, r)).unwrap_or_default();
    let plan = BillablePlan {
        call: call.span,
        function: call.function,
        rule: match &paid.rule {
            Rule::Call(rule) => format!("{}#{}", paid.provider.id, rule.path),
            Rule::Http(rule, _) => format!("{}#http:{}", paid.provider.id, rule.path),
        },
        reached_by: reached.as_ref().map_or(call.statement, |r| reached_by(cx, paid, r)),
        chain,
        handler: reached.as_ref().map(|r| HandlerRef {
            file: r.file,
            function: r.function,
            framework: r.found.framework.id.clone(),
            shape: r.found.handler.name.clone(),
        }),
        identity: payer.clone(),
        entry_identity,
        model: model(cx, paid, call),
    };
    let symbol = call.function.map(|f| outer_symbol(facts, f)).filter(|s| !s.is_empty());
    Site {
        id: String::new(),
        kind: SiteKind::Billable,
        app: cx.app.root.clone(),
        file: cx.path(paid.file).to_owned(),
        line: cx.line(paid.file, call.span.start),
        end_line: cx.line(paid.file, call.span.end.saturating_sub(1)),
        symbol,
        score,
        selected: score >= SELECT_FROM,
        detail: Detail::Billable(Box::new(Billable {
            provider: match &paid.rule {
                Rule::Call(_) => paid.provider.value().to_owned(),
                Rule::Http(_, host) => format!("fetch:{host}"),
            },
            call: called(cx, paid.file, call).dotted(),
            streaming: streams(paid, call),
            usage: usage(paid),
            unit: unit(paid),
            entry: reached.as_ref().map(|r| entry_ref(cx, r)),
            identity: IdentityRef { expr: payer.map(|p| p.id), at },
            plan,
        })),
        evidence,
        span: call.statement,
    }
}

/// The nearest handler; among equally near ones an answering one, then in file order. The others in words.
fn best_entry<'a>(cx: &Cx<'a>, paid: &Paid<'_>, call: &Call) -> (Option<Reached<'a>>, Vec<String>) {
    let mut found = reached_from(cx, paid.file, call.function);
    found.sort_by_key(|r| (r.calls.len(), r.found.handler.answers != Answer::Response, r.file, r.function));
    let others = found.iter().skip(1).map(|r| {
        let entry = entry_ref(cx, r);
        format!("also reached from `{}` ({}:{})", entry.symbol, entry.file, entry.line)
    });
    let others = others.take(5).collect();
    (found.into_iter().next(), others)
}

fn entry_ref(cx: &Cx<'_>, reached: &Reached<'_>) -> EntryRef {
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
fn reached_by(cx: &Cx<'_>, paid: &Paid<'_>, reached: &Reached<'_>) -> crate::syntax::Span {
    match reached.calls.first() {
        Some((file, call)) => cx.program.facts(*file).call(*call).statement,
        None => cx.program.facts(paid.file).call(paid.call).statement,
    }
}

fn chain(cx: &Cx<'_>, reached: &Reached<'_>) -> Vec<Hop> {
    let entry = entry_ref(cx, reached);
    let mut hops = vec![Hop { file: entry.file, line: entry.line, symbol: entry.symbol }];
    for (file, call) in &reached.calls {
        let call = cx.program.facts(*file).call(*call);
        hops.push(Hop {
            file: cx.path(*file).to_owned(),
            line: cx.line(*file, call.span.start),
            symbol: call.callee.dotted(),
        });
    }
    hops
}

/// The payer in scope at the call itself: from the function's own session call, or handed down as an argument.
fn identity_at_call(
    cx: &Cx<'_>,
    paid: &Paid<'_>,
    call: &Call,
    reached: Option<&Reached<'_>>,
) -> Option<Identity> {
    let reached = reached?;
    if reached.calls.is_empty() {
        return None;
    }
    if let Some(function) = call.function
        && let Some(own) = identity::in_function(cx, paid.file, function, call.span.start)
    {
        return Some(own);
    }
    let (first_file, first_call) = *reached.calls.first()?;
    let at = cx.program.facts(first_file).call(first_call).span.start;
    let mut carried = identity::in_handler(cx, reached, at)?;
    for (index, (file, hop)) in reached.calls.iter().enumerate() {
        let Def::Function(to, callee) = cx.callee(*file, *hop) else { return None };
        carried = handed_down(cx, *file, *hop, (to, callee), &carried)?;
        if index + 1 == reached.calls.len() && to != paid.file {
            return None;
        }
    }
    Some(carried)
}

/// The identity under the name it has inside the called function, when the call hands it over.
fn handed_down(
    cx: &Cx<'_>,
    file: FileId,
    call: CallId,
    (to, callee): (FileId, FunctionId),
    identity: &Identity,
) -> Option<Identity> {
    let facts = cx.program.facts(file);
    let target = cx.program.facts(to).function(callee);
    let wanted = plain(&identity.id);
    let skip = usize::from(
        target.params.first().and_then(crate::syntax::Param::name).is_some_and(|n| n == "self" || n == "cls"),
    );
    for (position, param) in target.params.iter().skip(skip).enumerate() {
        let Some(value) = argument_for(facts, call, position, param.name()) else { continue };
        for name in &param.names {
            let Some(expr) = name.path.iter().try_fold(value, |v, key| v.property(key)) else { continue };
            if let Some(id) = expression_inside(cx, file, call, expr, &wanted, &name.local) {
                return Some(renamed(identity, id, cx, to, callee));
            }
        }
        // `{ userId: session.user.id }` given to a parameter that is read by member.
        if let (Some(local), Expr::Object(pairs)) = (param.name(), value) {
            for (key, v) in pairs {
                if let Some(id) = expression_inside(cx, file, call, v, &wanted, &format!("{local}.{key}")) {
                    return Some(renamed(identity, id, cx, to, callee));
                }
            }
        }
    }
    None
}

/// `wanted` inside the callee, when `value` (as written at the call) is it or one of its owners.
fn expression_inside(
    cx: &Cx<'_>,
    file: FileId,
    call: CallId,
    value: &Expr,
    wanted: &str,
    local: &str,
) -> Option<String> {
    let facts = cx.program.facts(file);
    let path = match value {
        Expr::Path(path) => path,
        // `String(user.id)`, `str(user.id)`
        Expr::Call(inner) => facts
            .call(*inner)
            .args
            .first()
            .and_then(Expr::as_path)
            .filter(|p| plain(&p.dotted()) == wanted)?,
        _ => return None,
    };
    let mut written = plain(&path.dotted());
    if written != wanted
        && let Some(name) = path.as_name()
        && let Def::Value(_, index, members) =
            cx.program.name(file, facts.call(call).function, name, path.span.start)
        && members.is_empty()
        && let Some(Expr::Path(origin)) = facts.bindings.get(index).map(|b| &b.value)
    {
        // `const userId = session.user.id` before the call.
        written = plain(&origin.dotted());
    }
    let rest = if wanted == written { "" } else { wanted.strip_prefix(&written)?.strip_prefix('.')? };
    Some(if rest.is_empty() { local.to_owned() } else { format!("{local}.{rest}") })
}

/// An expression without `!` and `?`.
fn plain(expr: &str) -> String {
    expr.replace(['!', '?'], "")
}

fn renamed(identity: &Identity, id: String, cx: &Cx<'_>, file: FileId, function: FunctionId) -> Identity {
    let f = cx.program.facts(file).function(function);
    let mut inner = identity.clone();
    inner.evidence.push(format!("handed down as `{id}` ({}:{})", cx.path(file), cx.line(file, f.span.start)));
    inner.id = id;
    inner.email = None;
    inner.name = None;
    inner.ready_at = f.body.start;
    inner
}

fn describe(cx: &Cx<'_>, paid: &Paid<'_>, call: &Call) -> String {
    let line = cx.line(paid.file, call.span.start);
    match &paid.rule {
        Rule::Call(_) => {
            format!("`{}` of {} (line {line})", called(cx, paid.file, call).dotted(), paid.provider.title)
        }
        Rule::Http(_, host) => format!("a request to {host} (line {line})"),
    }
}

fn unit(paid: &Paid<'_>) -> String {
    let told = match &paid.rule {
        Rule::Call(rule) => rule.unit.clone(),
        Rule::Http(rule, _) => rule.unit.clone(),
    };
    told.unwrap_or_else(|| "request".to_owned())
}

fn usage(paid: &Paid<'_>) -> Option<String> {
    let fields = match &paid.rule {
        Rule::Call(rule) => &rule.usage,
        Rule::Http(rule, _) => &rule.usage,
    };
    fields.last().map(|f| f.path.clone())
}

fn streams(paid: &Paid<'_>, call: &Call) -> bool {
    let Rule::Call(rule) = &paid.rule else { return call.option("stream") == Some(&Expr::Bool(true)) };
    match rule.stream.as_ref().map(|s| &s.when) {
        Some(StreamWhen::Always) => true,
        Some(StreamWhen::Argument(argument)) => call.option(argument) == Some(&Expr::Bool(true)),
        None => false,
    }
}

/// The text of the expression that names the model.
fn model(cx: &Cx<'_>, paid: &Paid<'_>, call: &Call) -> Option<String> {
    let Rule::Call(rule) = &paid.rule else { return None };
    let expr = match rule.model.as_deref()? {
        "0" => call.args.first()?,
        key => call.option(key)?,
    };
    match expr {
        Expr::Str(text) => Some(format!("\"{text}\"")),
        Expr::Path(path) => Some(cx.slice(paid.file, path.span)),
        _ => None,
    }
}

fn score(paid: &Paid<'_>, reached: Option<&Reached<'_>>, payer: Option<&Identity>) -> f64 {
    let recognised = match &paid.rule {
        Rule::Call(_) => 0.6,
        Rule::Http(..) => 0.55,
    };
    let entry = if reached.is_some() { 0.25 } else { 0.0 };
    let identity = match payer {
        Some(payer) if !payer.nullable => 0.13,
        Some(_) => 0.08,
        None => 0.0,
    };
    let sum: f64 = recognised + entry + identity;
    (sum * 100.0).round() / 100.0
}

/// The name a person would give the place: the outermost function that has one.
fn outer_symbol(facts: &Facts, function: FunctionId) -> String {
    let named = facts.enclosing(Some(function)).map(|id| facts.function(id)).filter(|f| !f.symbol.is_empty());
    named.last().map_or_else(String::new, |f| f.symbol.clone())
}

/// Ids that stay the same when other places of the file change: numbered within file and symbol.
fn number(sites: &mut [Site]) {
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    for site in sites {
        let symbol = site.symbol.clone().unwrap_or_default();
        let n = seen.entry((site.file.clone(), symbol.clone())).or_default();
        site.id = format!("{}:{}#{symbol}:{n}", site.kind.as_str(), site.file);
        *n += 1;
    }
}
