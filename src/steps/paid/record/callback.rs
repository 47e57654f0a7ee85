//! A call with a callback for the end of its stream: the event is written in the callback.

use super::answered::model;
use super::{Order, Payer, Recorded, Spot, bring, recorded, statement, unit};
use crate::catalog::{StreamCallback, UsageField};
use crate::edit::Edit;
use crate::steps::paid::code::{Calling, Event, usage_expr};
use crate::steps::support::names::Wanted;
use crate::syntax::place;
use crate::syntax::{Call, ResultUse};

pub(super) fn record(
    order: &Order<'_, '_>,
    spot: &Spot<'_>,
    call: &Call,
    callback: &StreamCallback,
) -> Result<Recorded, String> {
    let Order { kit, spend, vendor, .. } = *order;
    let StreamCallback { option, fields, .. } = callback;
    if call.option(option).is_some() {
        return Err(format!("`{option}` is there already; call the usage recorder in it"));
    }
    let object = options_object(spot, call).ok_or("its options are not written in place")?;
    let why = format!("records what `{}` used, when the stream has ended", spend.billable.call);
    let name = kit.function("recordUsage");
    let brought =
        bring(order, spot, &[Wanted::helper(kit, "usage", &name)], Calling::Awaited, call.span.start)?;
    let mut edits = brought.edits;
    let payer = match order.payer {
        Payer::Named(_) => brought.payer,
        Payer::Carried => asked_before(spot, call, &brought.payer, &mut edits)?,
    };
    let mut data: Vec<(String, String)> = fields.iter().map(number).collect();
    data.extend(model(order));
    let event_type = spend.event_type();
    let event = Event { noun: kit.noun(), user_id: &payer, event_type: &event_type, data: &data, vendor };
    let body = statement(kit, Calling::Awaited, &brought.names[0], &event).replace('\n', "\n  ");
    let value = format!("async ({{ {} }}) => {{\n  {body}\n}}", parameters(fields).join(", "));
    edits.extend(
        place::add_property(spot.source, &spot.style, &object, (option, &value), &why)
            .map_err(|refusal| refusal.to_string())?,
    );
    edits.extend(drained(spot, call, callback)?);
    Ok(recorded(unit(order, spot, edits), None))
}

/// Asks who pays while that is known: the callback may run when the handler is long done.
fn asked_before(spot: &Spot<'_>, call: &Call, ask: &str, edits: &mut Vec<Edit>) -> Result<String, String> {
    let name = place::fresh_name(spot.source, &call.span.range(), "payer");
    let why = "who pays is known here; the stream may end in another context";
    let line = format!("const {name} = {ask};");
    let ahead = place::before(spot.source, &spot.style, &call.statement.range(), &line, why);
    edits.extend(ahead.map_err(|refusal| refusal.to_string())?);
    Ok(name)
}

/// What the callback takes apart of its argument.
fn parameters(fields: &[UsageField]) -> Vec<&str> {
    let mut parameters: Vec<&str> = fields.iter().filter_map(|f| f.path.split('.').next()).collect();
    parameters.dedup();
    parameters
}

/// One number: the parameter itself is always there, what is in it may be missing.
fn number(field: &UsageField) -> (String, String) {
    let (first, rest) = field.path.split_once('.').unwrap_or((&field.path, ""));
    let inner = UsageField { path: rest.to_owned(), ..field.clone() };
    let value =
        if field.nullable { format!("{first}.{rest} ?? 0") } else { usage_expr(false, first, &inner) };
    (field.field.clone(), value)
}

/// Reads the stream to its end whoever listens, where the SDK has a method for it and the stream has a name.
fn drained(spot: &Spot<'_>, call: &Call, callback: &StreamCallback) -> Result<Vec<Edit>, String> {
    let (Some(drain), ResultUse::Bound) = (&callback.drain, call.result) else { return Ok(Vec::new()) };
    let is_call =
        |b: &&crate::syntax::Binding| b.value.as_call().is_some_and(|c| spot.facts.call(c).span == call.span);
    let names = spot.facts.bindings.iter().find(is_call).map(|b| b.names.as_slice());
    let Some([only]) = names.filter(|n| n.iter().all(|n| n.path.is_empty())) else { return Ok(Vec::new()) };
    let text = format!("void {}.{drain}();", only.local);
    let why = "reads to the end even when the browser leaves, so that what was spent is recorded";
    place::after(spot.source, &spot.style, &call.statement.range(), &text, why)
        .map_err(|refusal| refusal.to_string())
}

/// The range of the object literal among a call's arguments.
pub(super) fn options_object(spot: &Spot<'_>, call: &Call) -> Option<std::ops::Range<usize>> {
    let node = spot.source.node(&call.args_span.range())?;
    let mut cursor = node.walk();
    node.named_children(&mut cursor).find(|n| n.kind() == "object").map(|n| n.byte_range())
}
