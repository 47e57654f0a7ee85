//! Calls that spend money: told by the providers' entries, each with the handler that reaches it and who pays.

mod calls;
mod chosen;
mod entry;
mod handed;
mod http;
mod paid_to;
mod payer;
mod unknown;

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::cx::Cx;
use super::handlers::Reached;
use super::{
    Billable, BillablePlan, Detail, HandlerRef, Identity, IdentityRef, Money, PayerRef, SELECT_FROM,
    ScorePart, Site, SiteKind, covered, exempt, mounted, own_key,
};
use crate::answers::Payer as Who;
use crate::catalog::{Entry, HttpCall, ProviderCall, StreamWhen};
use crate::syntax::{Call, CallId, Expr};
use crate::workspace::FileId;
use calls::{called, candidates, paid_call};
pub(super) use entry::entry_ref;
use entry::{best_entry, chain, outer_symbol, reached_by};
pub use handed::payer_of_job;
pub use http::sender;
use paid_to::Named;
use payer::{Payer, payer_of};

/// Begins the name of the rule of a call of which nothing is known, in front of the members that are called.
pub const UNKNOWN: &str = "unknown:";

/// Why a minor call is not billed.
const SMALL: &str = "what such a call costs is too little to be worth an event";

/// Score of a call that costs the app nothing: shown, not selected.
const EXEMPT: f64 = 0.4;

/// A call that a provider's entry knows.
struct Paid<'a> {
    file: FileId,
    call: CallId,
    provider: &'a Entry,
    rule: Rule<'a>,
    /// What else its client may be, where the code chooses between several: as words with a place.
    other: Option<String>,
}

impl<'a> Paid<'a> {
    fn new(file: FileId, call: CallId, provider: &'a Entry, rule: Rule<'a>) -> Self {
        Self { file, call, provider, rule, other: None }
    }
}

enum Rule<'a> {
    Call(&'a ProviderCall),
    Http(&'a HttpCall, &'a str),
    /// A member of a client of the provider, or a request to it, of which nothing is known.
    Unknown(String),
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
    if !paid.is_empty() {
        cx.program.prepare_search();
        // What all of them ask for is found before they start: who waits for it could do nothing else.
        cx.owned();
    }
    let mut sites: Vec<Site> = paid.par_iter().map(|p| site(cx, p)).collect();
    number(&mut sites);
    let calls: Vec<(FileId, CallId)> = paid.iter().map(|p| (p.file, p.call)).collect();
    covered::settle(cx, &calls, &mut sites);
    sites
}

fn site(cx: &Cx<'_>, paid: &Paid<'_>) -> Site {
    let facts = cx.program.facts(paid.file);
    let call = facts.call(paid.call);
    let mut evidence = vec![describe(cx, paid, call)];
    let (reached, others) = best_entry(cx, paid, call);
    let Payer { identity: payer, at, entry_identity, entry: own_entry, user, missing, doubt } =
        payer_of(cx, paid, call, reached.as_ref());
    evidence.extend(payer.iter().flat_map(|p| p.evidence.iter().cloned()));
    evidence.extend(missing.clone());
    evidence.extend(doubt);
    evidence.extend(others);
    let mut parts = score(paid, reached.as_ref(), payer.as_ref());
    let mut money = match &paid.rule {
        Rule::Call(rule) if rule.minor => Money::None(SMALL.to_owned()),
        _ => Money::Ours,
    };
    let own_key =
        paid.provider.provider.as_ref().and_then(|p| own_key::condition(cx, paid.file, paid.call, p));
    if let Some(own) = &own_key {
        evidence.push(format!("the user's own key pays for it where there is one (`{}`)", own.expr));
    } else if let Some(free) = exempt::exempt(cx, paid.file, paid.call, paid.provider) {
        ScorePart::lower(&mut parts, EXEMPT, free.short);
        evidence.push(free.why.clone());
        money = if free.partly { Money::Shared(free.why) } else { Money::None(free.why) };
    }
    if let Some(other) = &paid.other {
        let why = format!(
            "its client is chosen, and may be {other} instead, whose paid calls are billed where they stand; send the event only where it is the client of {}",
            paid.provider.title
        );
        ScorePart::lower(&mut parts, EXEMPT, "but its client may be another");
        evidence.push(why.clone());
        money = Money::Chosen(why);
    }
    if let Some(why) = reached.as_ref().and_then(|r| mounted::why_not(cx, r)) {
        ScorePart::lower(&mut parts, EXEMPT, "but no request reaches the handler");
        evidence.push(why.clone());
        money = Money::None(why);
    }
    let score = ScorePart::sum(&parts);
    let chain = reached.as_ref().map(|r| chain(cx, r)).unwrap_or_default();
    let Named { paid_to, model } = paid_to::of(cx, paid, call);
    let plan = BillablePlan {
        call: call.span,
        function: call.function,
        rule: match &paid.rule {
            Rule::Call(rule) => format!("{}#{}", paid.provider.id, rule.path),
            Rule::Http(rule, _) => format!("{}#http:{}", paid.provider.id, rule.path),
            Rule::Unknown(path) => format!("{}#{UNKNOWN}{path}", paid.provider.id),
        },
        reached_by: reached.as_ref().map_or(call.statement, |r| reached_by(cx, paid, r)),
        chain,
        handler: reached.as_ref().filter(|_| own_entry.is_none()).map(HandlerRef::of),
        identity: payer.clone(),
        at,
        missing,
        entry_identity,
        model,
        paid_to,
        own_key,
        score: parts,
        money,
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
                Rule::Call(_) | Rule::Unknown(_) => paid.provider.value().to_owned(),
                Rule::Http(_, host) => format!("fetch:{host}"),
            },
            call: cx.written(paid.file, called(cx, paid.file, call)),
            streaming: streams(paid, call),
            usage: usage(paid),
            unit: unit(paid),
            entry: own_entry.or_else(|| reached.as_ref().map(|r| entry_ref(cx, r))),
            payer: user.is_some().then(|| PayerRef {
                who: Who::Organisation,
                expr: payer.as_ref().map(|p| p.id.clone()),
                at,
            }),
            identity: user.unwrap_or(IdentityRef { expr: payer.map(|p| p.id), at }),
            covered_by: None,
            plan,
        })),
        evidence,
        span: call.statement,
    }
}

fn describe(cx: &Cx<'_>, paid: &Paid<'_>, call: &Call) -> String {
    let line = cx.line(paid.file, call.span.start);
    match &paid.rule {
        Rule::Call(_) => {
            let written = cx.written(paid.file, called(cx, paid.file, call));
            format!("`{written}` of {} (line {line})", paid.provider.title)
        }
        Rule::Unknown(_) => {
            let written = cx.written(paid.file, called(cx, paid.file, call));
            let title = &paid.provider.title;
            format!(
                "`{written}` of {title} (line {line}), which is known neither to cost money nor to be free"
            )
        }
        Rule::Http(_, host) => format!("a request to {host} (line {line})"),
    }
}

fn unit(paid: &Paid<'_>) -> String {
    let told = match &paid.rule {
        Rule::Call(rule) => rule.unit.clone(),
        Rule::Http(rule, _) => rule.unit.clone(),
        Rule::Unknown(_) => None,
    };
    told.unwrap_or_else(|| "request".to_owned())
}

fn usage(paid: &Paid<'_>) -> Option<String> {
    let (fields, tokens) = match &paid.rule {
        Rule::Call(rule) => (&rule.usage, &rule.tokens),
        Rule::Http(rule, _) => (&rule.usage, &rule.tokens),
        Rule::Unknown(_) => return None,
    };
    fields.last().map(|f| f.path.clone()).or_else(|| tokens.as_ref().map(|t| t.at.clone()))
}

fn streams(paid: &Paid<'_>, call: &Call) -> bool {
    let Rule::Call(rule) = &paid.rule else { return call.option("stream") == Some(&Expr::Bool(true)) };
    match rule.stream.as_ref().map(|s| &s.when) {
        Some(StreamWhen::Always) => true,
        Some(StreamWhen::Argument(argument)) => call.option(argument) == Some(&Expr::Bool(true)),
        None => false,
    }
}

/// What speaks for the place. Without a handler, or with nobody to charge, it is still a paid call: how far down it is
/// left says whether it is worth acting on.
fn score(paid: &Paid<'_>, reached: Option<&Reached<'_>>, payer: Option<&Identity>) -> Vec<ScorePart> {
    let (recognised, minor) = match &paid.rule {
        Rule::Call(rule) => {
            (ScorePart { points: 0.6, why: "the provider is known to charge for this call" }, rule.minor)
        }
        Rule::Http(..) => {
            (ScorePart { points: 0.55, why: "the provider is known to charge for this address" }, false)
        }
        Rule::Unknown(_) => {
            (ScorePart { points: 0.3, why: "the provider charges for other calls of this client" }, false)
        }
    };
    let entry = ScorePart { points: 0.25, why: "a request reaches it" };
    let payer = payer.map(|payer| {
        if payer.nullable {
            ScorePart { points: 0.08, why: "the payer is known, but may be missing" }
        } else {
            ScorePart { points: 0.13, why: "the payer is known for certain" }
        }
    });
    let small = ScorePart { points: -0.3, why: SMALL };
    let parts = [Some(recognised), reached.is_some().then_some(entry), payer, minor.then_some(small)];
    parts.into_iter().flatten().collect()
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
