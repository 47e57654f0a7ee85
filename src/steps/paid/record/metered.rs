//! A stream without a callback: it is metered where it is read, in the function of the call or, when that only gives it
//! back, in the handler that called it.

use super::callback::options_object;
use super::closing::Closing;
use super::prompt::prompt;
use super::{Brought, Order, Payer, Recorded, Spot, bring, in_file, recorded, unit};
use crate::catalog::{AskOption, Stream, StreamUsage};
use crate::edit::{Edit, EditUnit};
use crate::sites::Identity;
use crate::steps::paid::code::{Calling, Event, event_keywords, event_object};
use crate::steps::paid::{Spend, taking, user_id};
use crate::steps::support::{Kit, names, names::Wanted, tokens::Wants};
use crate::syntax::place;
use crate::syntax::source::walk;
use crate::syntax::{Binding, BindingKind, Call, Expr, Facts, FunctionId, Path, ResultUse};
use crate::template::{Flavour, Meter};
use crate::workspace::FileId;

/// Where nobody is seen to read the stream.
const LOST: &str =
    "where the stream is read was not found; send the event there, once it has ended or its reader has left";

pub(super) fn record(
    order: &Order<'_, '_>,
    spot: &Spot<'_>,
    call: &Call,
    stream: &Stream,
) -> Result<Recorded, String> {
    const UNKNOWN: &str = "there is no meter for this kind of stream yet";
    let kit = order.kit;
    let id = stream.meter.as_deref().ok_or(UNKNOWN)?;
    let meters = crate::template::meters().map_err(|e| e.to_string())?;
    let meter = meters.iter().find(|m| m.id == id).ok_or(UNKNOWN)?;
    let mut unit = if call.result == ResultUse::Returned {
        let (file, caller, identity) = given_back(kit, order.spend)?;
        let payer = user_id(kit, &identity);
        let mut unit = in_file(kit, file, |there| {
            wrap(&Order { payer: Payer::Named(&payer), ..*order }, there, &caller, (meter, stream))
        })?;
        if let Some((file, edits)) = taking(kit, &identity)? {
            unit.add(kit.path(file).to_owned(), edits);
        }
        unit
    } else {
        wrap(order, spot, call, (meter, stream))?
    };
    if let StreamUsage::Metered { ask: Some(ask) } = &stream.usage {
        unit.add(kit.path(spot.file).to_owned(), ask_for_usage(kit, spot, call, ask)?);
    }
    let reader = meter.python.tokens.as_ref().filter(|_| kit.is_python()).unwrap_or(&meter.tokens);
    Ok(Recorded { meter: Some(id.to_owned()), tokens: Wants::reader(reader), ..recorded(unit) })
}

/// The one call, in the handler, that gets the stream from the function that made it.
pub(super) fn given_back(kit: &Kit<'_>, spend: &Spend<'_>) -> Result<(FileId, Call, Identity), String> {
    let function = spend.billable.plan.function.ok_or(LOST)?;
    let callers = kit.cx.program.callers_in_app(spend.file, function);
    let callers: Vec<_> = callers.into_iter().filter(|(f, _)| !kit.graph().is_aside(*f)).collect();
    let [(file, id)] = callers.as_slice() else { return Err(LOST.to_owned()) };
    let facts = kit.cx.program.facts(*file);
    let call = facts.call(*id).clone();
    let handler = spend.billable.plan.handler.as_ref().ok_or(LOST)?;
    let in_handler = handler.file == *file && facts.enclosing(call.function).any(|f| f == handler.function);
    let identity =
        spend.billable.plan.entry_identity.clone().filter(|i| in_handler && !i.nullable).ok_or(LOST)?;
    Ok((*file, call, identity))
}

/// Names the metered stream in front of the statement that reads it, and reads that instead.
fn wrap(
    order: &Order<'_, '_>,
    spot: &Spot<'_>,
    call: &Call,
    (meter, stream): (&Meter, &Stream),
) -> Result<EditUnit, String> {
    let Order { kit, spend, vendor, .. } = *order;
    let name = if kit.is_python() { &meter.python.name } else { &meter.typescript.name };
    let consumer = consumer(spot.facts, call).ok_or_else(|| lost(kit, spot, call))?;
    let mut wanted = vec![Wanted::helper(kit, "stream", name)];
    let mut closing = None;
    if kit.is_python() {
        let is_async = is_async_consumer(spot, consumer.span.start);
        let flavour = kit.flavour();
        if is_async != (flavour == Flavour::Async) {
            let (read, module) =
                if is_async { ("`async for`", "plain") } else { ("a plain loop", "asynchronous") };
            return Err(format!(
                "it is read by {read}, and the app's billing module is {module}, as most of its paid calls are; send the event when it has been read"
            ));
        }
        wanted.push(Wanted::helper(kit, "stream", "StreamEvent"));
        if !is_async {
            closing = Closing::find(kit, spot, call, consumer.span);
        }
    }
    let (here, elsewhere) = match closing {
        Some(closing) if closing.file == spot.file => (Some(closing), None),
        other => (None, other),
    };
    wanted.extend(here.iter().flat_map(Closing::wanted));
    let Brought { edits: import, names, payer } =
        bring(order, spot, &wanted, Calling::Plain, call.span.start)?;
    let event_type = spend.event_type();
    let event =
        Event { noun: kit.noun(), user_id: &payer, event_type: &event_type, data: &[], vendor, id: None };
    let read = spot.source.slice(consumer.span.range()).to_owned();
    let prompt = prompt(order, spot, call, stream);
    let variable = place::fresh_name(spot.source, &consumer.span.range(), "metered");
    let line = if kit.is_python() {
        let mut keywords = event_keywords(&event);
        keywords.extend(prompt.map(|prompt| format!("prompt={prompt}")));
        let event = Calling::Plain.write(&names[1], &keywords, true);
        format!("{variable} = {}", Calling::Plain.write(&names[0], &[read, event], true))
    } else {
        let more: Vec<(String, String)> =
            prompt.map(|prompt| ("prompt".to_owned(), prompt)).into_iter().collect();
        format!("const {variable} = {}({read}, {});", names[0], event_object(&event, &more))
    };
    let why = format!("meters the stream of `{}`, also when the user leaves early", spend.billable.call);
    let refused = |refusal: place::Refusal| refusal.to_string();
    let mut edits = vec![Edit::replacement(consumer.span.range(), variable.clone(), why.clone())];
    match &here {
        Some(closing) if closing.is_in_statement(spot, consumer.span) => {
            edits.extend(closing.edits(spot, &variable, &[line]).map_err(refused)?);
        }
        _ => {
            edits.extend(
                place::before(spot.source, &spot.style, &consumer.span.range(), &line, &why)
                    .map_err(refused)?,
            );
            if let Some(closing) = &here {
                edits.extend(closing.edits(spot, &variable, &[]).map_err(refused)?);
            }
        }
    }
    let mut unit = unit(order, spot, import.into_iter().chain(edits).collect());
    if let Some(closing) = &elsewhere {
        unit.add(kit.path(closing.file).to_owned(), closed_elsewhere(kit, closing)?);
    }
    Ok(unit)
}

/// Closes the stream in another file, whose response sends it.
fn closed_elsewhere(kit: &Kit<'_>, closing: &Closing<'_>) -> Result<Vec<Edit>, String> {
    in_file(kit, closing.file, |there| {
        let at = Some(closing.at() as usize);
        let (mut edits, _) = names::bring(kit, kit.path(closing.file), there.source, &closing.wanted(), at)
            .map_err(|refusal| refusal.to_string())?;
        // Only the function that meters knows the name of the metered stream, and it is not in this file.
        edits.extend(closing.edits(there, "", &[]).map_err(|refusal| refusal.to_string())?);
        Ok(edits)
    })
}

/// The one place where a stream is read: iterated, or handed to a function that does.
fn consumer(facts: &Facts, call: &Call) -> Option<Path> {
    let is_call = |b: &&Binding| b.value.as_call().is_some_and(|c| facts.call(c).span == call.span);
    let binding = facts.bindings.iter().find(is_call)?;
    let [only] = binding.names.as_slice() else { return None };
    let inside = |function: Option<FunctionId>| facts.enclosing(function).any(|f| Some(f) == call.function);
    let is_it = |e: &Expr| e.as_path().filter(|p| p.as_name() == Some(&only.local)).cloned();
    let mut reads: Vec<Path> = facts
        .bindings
        .iter()
        .filter(|b| b.kind == BindingKind::Loop && inside(b.function))
        .filter_map(|b| is_it(&b.value))
        .collect();
    reads.extend(
        facts.calls.iter().filter(|c| inside(c.function)).flat_map(|c| c.args.iter().filter_map(is_it)),
    );
    match reads.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}

/// Why a stream has no place where it could be metered: whoever reads it asks it for the whole, or is not seen.
fn lost(kit: &Kit<'_>, spot: &Spot<'_>, call: &Call) -> String {
    let is_call = |b: &&Binding| b.value.as_call().is_some_and(|c| spot.facts.call(c).span == call.span);
    let name = spot.facts.bindings.iter().find(is_call).and_then(|b| match b.names.as_slice() {
        [only] => Some(only.local.as_str()),
        _ => None,
    });
    let inside = |c: &&Call| spot.facts.enclosing(c.function).any(|f| Some(f) == call.function);
    let asks = |c: &&Call| !c.callee.segments.is_empty() && c.callee.root_name() == name;
    let asked = spot.facts.calls.iter().filter(|c| c.span.start >= call.span.end);
    match asked.filter(inside).find(asks).filter(|_| name.is_some()) {
        Some(asked) => format!(
            "its stream is read by `{}` (line {}), and what that gives is not metered; send the event after it, with the usage it tells",
            asked.callee.dotted(),
            kit.text(spot.file).line_of(asked.span.start as usize)
        ),
        None => LOST.to_owned(),
    }
}

/// Whether the stream is read by `async for`, here or in the function it is handed to.
fn is_async_consumer(spot: &Spot<'_>, at: u32) -> bool {
    let line_start = spot.source.text.get(..at as usize).and_then(|t| t.rfind('\n')).map_or(0, |i| i + 1);
    if spot.source.slice(line_start..at as usize).contains(" for ")
        || spot.source.slice(line_start..at as usize).contains("for ")
    {
        return spot.source.slice(line_start..at as usize).contains("async for");
    }
    let taker = spot.facts.calls.iter().filter(|c| c.args_span.has(at)).min_by_key(|c| c.args_span.len());
    let name = taker.and_then(|c| c.callee.as_name());
    let function = name.and_then(|n| spot.facts.functions.iter().find(|f| f.name == n));
    function.is_some_and(|f| f.is_async)
}

/// Sets the option without which the stream does not tell its usage.
fn ask_for_usage(kit: &Kit<'_>, spot: &Spot<'_>, call: &Call, ask: &AskOption) -> Result<Vec<Edit>, String> {
    let (first, inner) = ask.path.split_once('.').unwrap_or((&ask.path, ""));
    let why = "asks for the exact usage at the end of the stream";
    if let Some(told) = call.option(first) {
        let told = if inner.is_empty() { Some(told) } else { told.property(inner) };
        return match told {
            None => Err(format!("`{first}` is set without `{inner}`")),
            Some(Expr::Bool(false)) if ask.value == "true" => switch_on(spot, call, &ask.path, why),
            Some(_) => Ok(Vec::new()),
        };
    }
    if kit.is_python() {
        let value = match ask.value.as_str() {
            "true" => "True",
            "false" => "False",
            other => other,
        };
        let value = if inner.is_empty() { value.to_owned() } else { format!("{{\"{inner}\": {value}}}") };
        return place::add_argument(
            spot.source,
            &spot.style,
            &call.span.range(),
            &format!("{first}={value}"),
            why,
        )
        .map_err(|refusal| refusal.to_string());
    }
    let object = options_object(spot, call).ok_or("its options are not written in place")?;
    let value = if inner.is_empty() { ask.value.clone() } else { format!("{{ {inner}: {} }}", ask.value) };
    place::add_property(spot.source, &spot.style, &object, (first, &value), why)
        .map_err(|refusal| refusal.to_string())
}

/// Writes `true` for the `false` that stands at the end of a path of options in the arguments of a call.
fn switch_on(spot: &Spot<'_>, call: &Call, path: &str, why: &str) -> Result<Vec<Edit>, String> {
    let name = path.rsplit('.').next().unwrap_or(path);
    let arguments =
        spot.source.node(&call.args_span.range()).ok_or("its options are not written in place")?;
    let mut off = None;
    walk(arguments, &mut |node| {
        let key = node.parent().and_then(|p| p.child_by_field_name("key").or(p.child_by_field_name("name")));
        let is_named = key.is_some_and(|key| spot.source.of(key).trim_matches(['"', '\'']) == name);
        if node.kind() == "false" && is_named {
            off.get_or_insert(node.byte_range());
        }
    });
    let off = off.ok_or_else(|| format!("`{path}` is switched off"))?;
    let on = if spot.source.is_python() { "True" } else { "true" };
    Ok(vec![Edit::replacement(off, on.to_owned(), why)])
}
