//! Calls that spend money: told by the providers' entries, each with the handler that reaches it and who pays.

mod calls;
mod chosen;
mod entry;
mod handed;
mod http;
mod payer;
mod unknown;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::cx::Cx;
use super::handlers::Reached;
use super::{
    Billable, BillablePlan, Detail, HandlerRef, Identity, IdentityRef, Money, PayerRef, SELECT_FROM,
    ScorePart, Site, SiteKind, covered, exempt, makers, mounted, own_key,
};
use crate::answers::Payer as Who;
use crate::catalog::{Entry, HttpCall, Kind, Provider, ProviderCall, StreamWhen};
use crate::syntax::{Call, CallId, Expr, Path};
use crate::workspace::FileId;
use calls::{called, candidates, paid_call};
pub(super) use entry::entry_ref;
use entry::{best_entry, chain, outer_symbol, reached_by};
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
    let made = made(cx, paid, call);
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
        model: made.as_ref().map_or_else(|| model(cx, paid, call), |made| made.model.clone()),
        maker: made.and_then(|made| made.entry),
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

/// A model that is made where the call takes any provider's.
struct Made {
    /// The entry of who is paid; none when that is whoever answers at an address that is not theirs.
    entry: Option<String>,
    /// Its name as a literal, where there is one.
    model: Option<String>,
}

/// Options by which makers of models are told which one.
const MODEL_OPTIONS: &[&str] = &["model", "modelName", "model_name"];

/// The model that a call is given, when all that it may be are one provider's.
fn made(cx: &Cx<'_>, paid: &Paid<'_>, call: &Call) -> Option<Made> {
    let Rule::Call(rule) = &paid.rule else { return None };
    if paid.provider.provider.as_ref().is_none_or(|p| p.vendor.is_some()) {
        return None;
    }
    let makers = match rule.model.as_deref() {
        Some(_) => makers::of_value(cx, paid.file, call.function, rule.model_of(call)?),
        // The call is the model's own.
        None => makers::of_path(cx, paid.file, call.function, &call.callee),
    };
    let entries = makers.iter().map(|(file, maker)| {
        let def = cx.callee(*file, *maker);
        let known = |e: &&Entry| {
            e.provider.as_ref().is_some_and(|p| p.models.iter().any(|symbol| exempt::is_made(symbol, &def)))
        };
        cx.catalog.of(Kind::Provider).find(known).map(|entry| entry.id.clone())
    });
    let entries: Option<BTreeSet<String>> = entries.collect();
    let entry = entries.filter(|all| all.len() == 1)?.into_iter().next()?;
    let provider = cx.catalog.get(&entry)?.provider.as_ref()?;
    let elsewhere = makers.iter().any(|maker| talks_elsewhere(cx, provider, *maker));
    let names = makers.iter().filter_map(|(file, maker)| {
        let maker = cx.program.facts(*file).call(*maker);
        let name = MODEL_OPTIONS.iter().find_map(|option| maker.option(option));
        cx.folded(*file, maker.function, name.or(maker.args.first())?)
    });
    let names: BTreeSet<String> = names.collect();
    let model = names.first().filter(|_| names.len() == 1);
    Some(Made { entry: (!elsewhere).then_some(entry), model: model.map(|name| format!("{name:?}")) })
}

/// Whether a maker is given the address of somebody else, who is then the one that charges.
fn talks_elsewhere(cx: &Cx<'_>, provider: &Provider, (file, maker): (FileId, CallId)) -> bool {
    let maker = cx.program.facts(file).call(maker);
    let mut given = provider.address_options().filter_map(|option| maker.option(option));
    // An address that is read from the settings may be anybody's, unless the setting says whose it is.
    let vendor = provider.vendor.as_deref().unwrap_or_default().to_ascii_uppercase();
    let says_vendor = |value: &Expr| {
        let name = value.as_path().and_then(Path::last);
        name.is_some_and(|name| !vendor.is_empty() && name.to_ascii_uppercase().contains(&vendor))
    };
    given.any(|value| match cx.folded(file, maker.function, value) {
        Some(address) => !provider.hosts.iter().any(|host| address.contains(host.as_str())),
        None => !says_vendor(value),
    })
}

/// The text of the expression that names the model.
fn model(cx: &Cx<'_>, paid: &Paid<'_>, call: &Call) -> Option<String> {
    let Rule::Call(rule) = &paid.rule else { return None };
    match rule.model_of(call)? {
        Expr::Str(text) => Some(format!("\"{text}\"")),
        Expr::Path(path) => Some(cx.slice(paid.file, path.span)),
        _ => None,
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
