//! A raw request: the event stands where the answer is known to be a success.
//!
//! Most clients give a failed answer back like any other. So the event goes behind the app's own check when that is the
//! next statement, else below a check of its own; and where the app reads the answer's JSON, behind that, with the numbers
//! that stand in it.

mod body;
mod json;
mod outcome;

use super::answered::{count, counted, model};
use super::{Order, Recorded, Spot, attempt, bring, calling, reader, recorded, statement, unit};
use crate::catalog::{Http, Kind, Succeeded};
use crate::resolve::Def;
use crate::sites::billable::sender;
use crate::steps::paid::code::{Event, SPREAD};
use crate::steps::support::names::Wanted;
use crate::steps::support::tokens::Wants;
use crate::syntax::place::{self, ResultUse, WithResult};
use crate::syntax::{Binding, Call};
use crate::workspace::FileId;
use json::Json;

pub(super) fn record(order: &Order<'_, '_>, spot: &Spot<'_>, call: &Call) -> Result<Recorded, String> {
    let Order { kit, spend, vendor, .. } = *order;
    let calling = calling(kit, spot.facts, call.function)?;
    let name = kit.function("recordUsage");
    let answer = answer(spot, call);
    let succeeded = succeeded(order, spot, call);
    let json = answer.and_then(|answer| Json::of(order, spot, call, answer, succeeded));
    let tokens = spend.rule().tokens.filter(|_| json.is_some());
    let mut wanted = vec![Wanted::helper(kit, "usage", &name)];
    if let Some(tokens) = tokens {
        wanted.push(reader(kit, tokens)?.1);
    }
    let brought = bring(order, spot, &wanted, calling, call.span.start)?;
    let event_type = spend.event_type();
    let id = attempt::id(order, spot, call);
    let model = model(order).or_else(|| body::model(order, spot, call));
    let lines = |json: Option<&str>| {
        let mut data = match (json, tokens) {
            (Some(json), Some(tokens)) => {
                let usage = json::member(kit.is_python(), json, &tokens.at);
                vec![(SPREAD.to_owned(), format!("{}({usage})", brought.names[1]))]
            }
            (Some(json), None) => json::numbers(kit.is_python(), json, spend.rule().usage),
            (None, _) => vec![(counted(spend), count(order))],
        };
        data.extend(model.clone());
        let event = Event {
            user_id: &brought.payer,
            event_type: &event_type,
            data: &data,
            vendor,
            noun: kit.noun(),
            id: id.as_deref(),
        };
        statement(order, calling, &brought.names[0], &event)
    };
    let why = format!("records what `{}` used, once it has succeeded", spend.billable.call);
    let below = |how: &Succeeded, value: &str, lines: &str| {
        if kit.is_python() {
            format!("if {value}.{}:\n    {}", how.member, lines.replace('\n', "\n    "))
        } else {
            format!("if ({value}.{}) {{\n  {}\n}}", how.member, lines.replace('\n', "\n  "))
        }
    };
    let check = succeeded.and_then(|how| checked_next(spot, call, how));
    let edits = if let Some(json) = &json {
        let checked = json.checked || check.as_ref().is_some_and(|check| check.end <= json.at.start());
        let name = answer.and_then(|a| a.names.first()).map_or("", |n| n.local.as_str());
        let write = |value: &str| match succeeded.filter(|_| !checked) {
            Some(how) => below(how, name, &lines(Some(value))),
            None => lines(Some(value)),
        };
        json.at.followed_by(spot, &why, write)?
    } else if let Some(check) = &check {
        place::after(spot.source, &spot.style, check, &lines(None), &why)
            .map_err(|refusal| refusal.to_string())?
    } else {
        let request = WithResult {
            call: &call.span.range(),
            prefer: "response",
            result: if succeeded.is_some() { ResultUse::Needed } else { ResultUse::NotNeeded },
            promise: true,
            why: &why,
        };
        let write = |value: &str| match succeeded {
            Some(how) if !value.is_empty() => below(how, value, &lines(None)),
            _ => lines(None),
        };
        place::after_call(spot.source, &spot.style, &request, write).map_err(|refusal| refusal.to_string())?.0
    };
    Ok(Recorded {
        tokens: tokens.map(|t| Wants::reader(&t.reader)).unwrap_or_default(),
        ..recorded(unit(order, spot, brought.edits.into_iter().chain(edits).collect()))
    })
}

/// How the answer of a request says that it succeeded; `None` where a failure throws, or where a function of the app's
/// makes the request and gives back what it likes.
fn succeeded<'a>(order: &Order<'a, '_>, spot: &Spot<'_>, call: &Call) -> Option<&'a Succeeded> {
    let client = Client::of(order, spot, call)?;
    clients(order, spot, call).flat_map(|h| &h.succeeded).find(|how| client.is_of(&how.modules))
}

/// The call that makes the request: this one, or that of the app's own function which only hands its answer on.
fn sent<'a>(order: &Order<'a, '_>, spot: &Spot<'_>, call: &Call) -> Option<(FileId, &'a Call)> {
    let id = spot.facts.call_ids().find(|id| spot.facts.call(*id).span == call.span)?;
    let (file, inner) = sender(order.kit.graph(), spot.file, id)?;
    Some((file, order.kit.cx.program.facts(file).call(inner)))
}

/// What makes a request.
enum Client {
    /// A client of this module.
    Module(String),
    /// A global function, or one that cannot be followed.
    Global,
}

impl Client {
    /// `None` where a function of the app's own makes it and gives back what it likes.
    fn of(order: &Order<'_, '_>, spot: &Spot<'_>, call: &Call) -> Option<Self> {
        let (file, call) = sent(order, spot, call).unwrap_or((spot.file, call));
        match order.kit.cx.program.resolve_path(file, call.function, &call.callee) {
            Def::Outside(module, _) => Some(Self::Module(module)),
            Def::Unknown => Some(Self::Global),
            _ => None,
        }
    }

    /// Whether what is known of clients of these modules, or of global ones when there are none, holds for it.
    fn is_of(&self, modules: &[String]) -> bool {
        match self {
            Self::Module(own) => modules.iter().any(|m| own == m || own.starts_with(&format!("{m}."))),
            Self::Global => modules.is_empty(),
        }
    }
}

/// What is known of clients that have a call of this name.
fn clients<'a>(order: &Order<'a, '_>, spot: &Spot<'_>, call: &Call) -> impl Iterator<Item = &'a Http> {
    let call = sent(order, spot, call).map_or(call, |(_, inner)| inner);
    let last = call.callee.last().map(str::to_owned);
    let known = order.kit.cx.catalog.of(Kind::Http).filter_map(|e| e.http.as_ref());
    known.filter(move |h| h.calls.iter().any(|c| Some(&c.name) == last.as_ref()))
}

/// What holds the answer of a request.
fn answer<'f>(spot: &Spot<'f>, call: &Call) -> Option<&'f Binding> {
    let is_call = |b: &&Binding| b.value.as_call().is_some_and(|c| spot.facts.call(c).span == call.span);
    spot.facts.bindings.iter().find(is_call)
}

/// The statement right behind the request's that makes sure of the answer.
fn checked_next(spot: &Spot<'_>, call: &Call, how: &Succeeded) -> Option<std::ops::Range<usize>> {
    let [name] = answer(spot, call)?.names.as_slice() else { return None };
    let next = spot.source.statement(&call.statement.range())?.next_named_sibling()?;
    let asked = match next.kind() {
        "if_statement" => {
            let branch = next.child_by_field_name("consequence").map(|c| spot.source.of(c))?;
            let leaves = ["return", "throw ", "raise "].iter().any(|word| branch.contains(word));
            let condition = next.child_by_field_name("condition").filter(|_| leaves)?;
            let condition =
                next.child_by_field_name("alternative").is_none().then(|| spot.source.of(condition))?;
            // What leaves when it went well says that what follows has failed.
            (outcome::says(condition, &name.local, how) != Some(true)).then_some(condition)?
        }
        "expression_statement" => spot.source.of(next),
        _ => return None,
    };
    let checks = how.checks.iter().any(|check| asked.contains(&format!("{}{check}", name.local)));
    (name.path.is_empty() && checks).then(|| next.byte_range())
}
