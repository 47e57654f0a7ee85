//! A call that answers at once: the event stands behind it, with the usage numbers of its result.

use super::{Order, Recorded, Spot, attempt, bring, calling, reader, recorded, statement, unit};
use crate::catalog::UsageField;
use crate::steps::paid::code::{Event, SPREAD, quoted, usage_expr};
use crate::steps::paid::{Spend, option_text};
use crate::steps::support::names::Wanted;
use crate::steps::support::tokens::Wants;
use crate::syntax::place::{self, ResultUse, WithResult};
use crate::syntax::{Call, Expr, Root};

pub(super) fn record(order: &Order<'_, '_>, spot: &Spot<'_>, call: &Call) -> Result<Recorded, String> {
    let Order { kit, spend, vendor, .. } = *order;
    let calling = calling(kit, spot.facts, call.function)?;
    let name = kit.function("recordUsage");
    let rule = spend.rule();
    let mut wanted = vec![Wanted::helper(kit, "usage", &name)];
    if let Some(tokens) = rule.tokens {
        wanted.push(reader(kit, tokens)?.1);
    }
    let brought = bring(order, spot, &wanted, calling, call.span.start)?;
    let event_type = spend.event_type();
    let why = format!("records what `{}` used, once it has succeeded", spend.billable.call);
    let needs = !rule.usage.is_empty() || rule.tokens.is_some();
    let request = WithResult {
        call: &call.span.range(),
        prefer: "result",
        result: if needs { ResultUse::Needed } else { ResultUse::NotNeeded },
        promise: true,
        why: &why,
    };
    let id = attempt::id(order, spot, call);
    let write = |value: &str| {
        let mut data: Vec<(String, String)> = if needs && !value.is_empty() {
            match rule.tokens {
                Some(tokens) => {
                    vec![(SPREAD.to_owned(), format!("{}({value}.{})", brought.names[1], tokens.at))]
                }
                None => usage_data(kit.is_python(), value, rule.usage),
            }
        } else {
            vec![(counted(spend), count(order))]
        };
        data.extend(model(order));
        let event = Event {
            noun: kit.noun(),
            user_id: &brought.payer,
            event_type: &event_type,
            data: &data,
            vendor,
            id: id.as_deref(),
        };
        statement(order, calling, &brought.names[0], &event)
    };
    let (edits, _) = place::after_call(spot.source, &spot.style, &request, write)
        .map_err(|refusal| refusal.to_string())?;
    let mut recorded = recorded(unit(order, spot, brought.edits.into_iter().chain(edits).collect()));
    recorded.tokens = rule.tokens.map(|t| Wants::reader(&t.reader)).unwrap_or_default();
    Ok(recorded)
}

/// The usage numbers of a value; the total is added where a provider tells its parts only.
fn usage_data(python: bool, value: &str, fields: &[UsageField]) -> Vec<(String, String)> {
    let mut data: Vec<(String, String)> =
        fields.iter().map(|f| (f.field.clone(), usage_expr(python, value, f))).collect();
    let part = |name: &str| data.iter().find(|(field, _)| field == name).map(|(_, expr)| expr.clone());
    if let (Some(input), Some(output), None) =
        (part("input_tokens"), part("output_tokens"), part("total_tokens"))
    {
        let term = |expr: String| if expr.contains(' ') { format!("({expr})") } else { expr };
        data.push(("total_tokens".to_owned(), format!("{} + {}", term(input), term(output))));
    }
    data
}

/// `images`, `requests`: what one call makes, in the plural.
pub(super) fn counted(spend: &Spend<'_>) -> String {
    let unit = spend.answers.unit.clone().unwrap_or_else(|| match spend.billable.unit.as_str() {
        // Without a usage the natural unit is unknown; the call itself can be counted.
        "total_tokens" | "second" | "minute" | "character" | "request" => {
            spend.made().map_or("request", |m| m.unit.as_str()).to_owned()
        }
        unit => unit.to_owned(),
    });
    if unit.ends_with('s') { unit } else { format!("{unit}s") }
}

/// How many the call was asked for, when an argument that can be repeated says so.
pub(super) fn count(order: &Order<'_, '_>) -> String {
    let (call, text) = order.paid;
    let argument = order.spend.rule().call.and_then(|c| c.count.as_deref());
    let told = argument.and_then(|argument| match call.option_at(argument)? {
        Expr::Number(number) => Some(number.clone()),
        _ => option_text(text?, call, argument).map(str::to_owned),
    });
    told.unwrap_or_else(|| "1".to_owned())
}

/// The model as a dimension: a literal, or a name that is text for certain because an SDK takes it as text.
pub(super) fn model(order: &Order<'_, '_>) -> Option<(String, String)> {
    let plan = &order.spend.billable.plan;
    // Where a call takes any provider's model, it is given an object; its name is known as a literal.
    if order.spend.provider.vendor.is_none() {
        let name = plan.model.clone().filter(|name| name.starts_with(['"', '\'']));
        return name.map(|name| ("model".to_owned(), name));
    }
    let rule = order.spend.rule().call?;
    let (call, text) = order.paid;
    let expr = rule.model_of(call)?;
    let value = match expr {
        Expr::Str(text) => quoted(text),
        Expr::Path(path) if rule.module.is_none() && !matches!(path.root, Root::Call(_) | Root::Other) => {
            text?.get(path.span.range())?.to_owned()
        }
        _ => return None,
    };
    Some(("model".to_owned(), value))
}
