//! Recording one paid call: which lines, where.
//!
//! The event goes to the call itself when the payer is in scope there, else around the call's result in the handler. A
//! result without a name gets one; a stream is metered where it is consumed; an SDK's own callback is used where there is
//! one. What fits none of these is a reason in words, never a guess.

use crate::catalog::{Stream, StreamUsage};
use crate::edit::{Edit, EditUnit};
use crate::sites::{Identity, IdentityAt};
use crate::steps::paid::code::{Calling, Event, event_keywords, event_object, quoted, usage_expr};
use crate::steps::paid::{Spend, option_text, user_id};
use crate::steps::support::{Kit, names, names::Wanted, render};
use crate::syntax::place::{self, WithResult};
use crate::syntax::source::Source;
use crate::syntax::style::Style;
use crate::syntax::{Call, Expr, Facts, FunctionId, Path, ResultUse as Used, Root};
use crate::template::Flavour;
use crate::workspace::FileId;

/// Why a call is not recorded, in words, with the place where a person should look.
pub struct Reason {
    /// As in "not recorded, because …".
    pub why: String,
    /// File.
    pub file: FileId,
    /// Offset.
    pub at: u32,
}

/// What recording one call takes.
pub struct Recorded {
    /// The edits, with their imports.
    pub unit: EditUnit,
    /// Id of the stream meter it uses.
    pub meter: Option<String>,
}

/// A file in which an event is written.
struct Spot<'a> {
    file: FileId,
    source: &'a Source<'a>,
    style: Style,
    facts: &'a Facts,
}

/// Plans the event of one paid call.
pub fn record(kit: &Kit<'_>, spend: &Spend<'_>, vendor: Option<&str>) -> Result<Recorded, Reason> {
    let reason =
        |why: &str| Reason { why: why.to_owned(), file: spend.file, at: spend.billable.plan.call.start };
    let Some(identity) = &spend.billable.plan.identity else {
        return Err(reason("no expression in scope names the signed-in user"));
    };
    if identity.nullable {
        return Err(reason(
            "it also runs for visitors who are not signed in; require sign-in there, or decide who pays for them",
        ));
    }
    let text = kit.text(spend.file);
    let language =
        kit.cx.workspace.entry(spend.file).language.ok_or_else(|| reason("the file is no code"))?;
    let source = Source::parse(language, text.as_str()).ok_or_else(|| reason("the file does not parse"))?;
    let spot = Spot {
        file: spend.file,
        style: kit.style_of(&source),
        source: &source,
        facts: kit.cx.program.facts(spend.file),
    };
    let call = spend.call(spot.facts).ok_or_else(|| reason("the call has moved"))?;
    if spend.billable.identity.at == IdentityAt::Entry {
        return Err(reason(
            "the user is known in the handler only; hand the user's id down to this function",
        ));
    }
    let rule = spend.rule();
    let stream = rule.call.and_then(|c| c.stream.as_ref()).filter(|_| spend.billable.streaming);
    match (rule.call, stream) {
        (Some(_), Some(stream)) => streamed(kit, spend, &spot, call, identity, vendor, stream),
        _ if spend.billable.streaming => Err("how this stream reports its usage is not known".to_owned()),
        _ => answered(kit, spend, &spot, call, identity, vendor),
    }
    .map_err(|why| Reason { why, file: spot.file, at: call.span.start })
}

/// A call that answers at once.
fn answered(
    kit: &Kit<'_>,
    spend: &Spend<'_>,
    spot: &Spot<'_>,
    call: &Call,
    identity: &Identity,
    vendor: Option<&str>,
) -> Result<Recorded, String> {
    let calling = calling(kit, spot.facts, call.function)?;
    let name = kit.function("recordUsage");
    let (import, names) = bring(kit, spot, &[Wanted::helper(kit, "usage", &name)], calling, call.span.start)?;
    let user = user_id(kit, identity);
    let rule = spend.rule();
    let event_type = spend.event_type();
    let why = format!("records what `{}` used, once it has succeeded", spend.billable.call);
    let raw = rule.call.is_none();
    let needs = !rule.usage.is_empty() && !raw;
    let request = WithResult {
        call: &call.span.range(),
        prefer: "result",
        result: if needs { place::ResultUse::Needed } else { place::ResultUse::NotNeeded },
        promise: true,
        why: &why,
    };
    let write = |value: &str| {
        let mut data: Vec<(String, String)> = if needs && !value.is_empty() {
            usage_data(kit.is_python(), value, rule.usage)
        } else {
            vec![(counted(spend), count(spend, spot, call))]
        };
        data.extend(model(spend, spot, call));
        let event = Event { user_id: &user, event_type: &event_type, data: &data, vendor };
        statement(kit, calling, &names[0], &event)
    };
    let (edits, _) = place::after_call(spot.source, &spot.style, &request, write)
        .map_err(|refusal| refusal.to_string())?;
    Ok(Recorded { unit: unit(kit, spend, spot, import.into_iter().chain(edits).collect()), meter: None })
}

/// The usage numbers of a value; the total is added where a provider tells its parts only.
fn usage_data(python: bool, value: &str, fields: &[crate::catalog::UsageField]) -> Vec<(String, String)> {
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
fn counted(spend: &Spend<'_>) -> String {
    let unit = spend.answers.unit.clone().unwrap_or_else(|| match spend.billable.unit.as_str() {
        // Without a usage the natural unit is unknown; the call itself can be counted.
        "total_tokens" | "second" | "minute" | "character" | "request" => {
            spend.made().map_or("request", |m| m.unit).to_owned()
        }
        unit => unit.to_owned(),
    });
    if unit.ends_with('s') { unit } else { format!("{unit}s") }
}

/// How many the call was asked for, when an argument in scope says so.
fn count(spend: &Spend<'_>, spot: &Spot<'_>, call: &Call) -> String {
    let argument = spend.rule().call.and_then(|c| c.count.as_deref());
    let told = argument.and_then(|argument| match call.option(argument)? {
        Expr::Number(number) => Some(number.clone()),
        _ => option_text(spot.source.text, call, argument).map(str::to_owned),
    });
    told.unwrap_or_else(|| "1".to_owned())
}

/// The model as a dimension: a literal, or a name that is text for certain because an SDK takes it as text.
fn model(spend: &Spend<'_>, spot: &Spot<'_>, call: &Call) -> Option<(String, String)> {
    let rule = spend.rule().call?;
    let expr = match rule.model.as_deref()? {
        "0" => call.args.first()?,
        key => call.option(key)?,
    };
    let text = match expr {
        Expr::Str(text) => quoted(text),
        Expr::Path(path) if rule.module.is_none() && !matches!(path.root, Root::Call(_) | Root::Other) => {
            spot.source.slice(path.span.range()).to_owned()
        }
        _ => return None,
    };
    Some(("model".to_owned(), text))
}

/// How the generated functions are called in a function.
pub fn calling(kit: &Kit<'_>, facts: &Facts, function: Option<FunctionId>) -> Result<Calling, String> {
    let flavour = render::context(kit, kit.done).flavour;
    let is_async = function.is_none_or(|f| facts.function(f).is_async);
    if !kit.is_python() && !is_async {
        return Err("the function around the call is not async".to_owned());
    }
    Calling::of(kit.is_python(), flavour, is_async)
        .ok_or_else(|| "the function is synchronous and the app's billing module is asynchronous".to_owned())
}

/// The statement that records an event.
fn statement(kit: &Kit<'_>, calling: Calling, name: &str, event: &Event<'_>) -> String {
    if kit.is_python() {
        return calling.write(name, &event_keywords(event), true);
    }
    format!("{}({});", format_args!("await {name}"), event_object(event, &[]))
}

/// Imports for an insertion, and the names they have in the file.
fn bring(
    kit: &Kit<'_>,
    spot: &Spot<'_>,
    wanted: &[Wanted],
    calling: Calling,
    at: u32,
) -> Result<(Vec<Edit>, Vec<String>), String> {
    let path = kit.path(spot.file).to_owned();
    let mut all = wanted.to_vec();
    if calling == Calling::InThread {
        all.push(Wanted::package("asyncio", "*"));
    }
    names::bring(kit, &path, spot.source, &all, Some(at as usize)).map_err(|refusal| refusal.to_string())
}

fn unit(kit: &Kit<'_>, spend: &Spend<'_>, spot: &Spot<'_>, edits: Vec<Edit>) -> EditUnit {
    let title = format!("Usage event for `{}`", spend.billable.call);
    EditUnit::new(title, format!("`{}` is sent after each success", spend.event_type()))
        .for_site(spend.site.id.clone())
        .edits(kit.path(spot.file).to_owned(), edits)
}

/// A call whose result arrives in pieces.
fn streamed(
    kit: &Kit<'_>,
    spend: &Spend<'_>,
    spot: &Spot<'_>,
    call: &Call,
    identity: &Identity,
    vendor: Option<&str>,
    stream: &Stream,
) -> Result<Recorded, String> {
    match &stream.usage {
        StreamUsage::Callback { option, fields, drain, .. } => {
            if call.option(option).is_some() {
                return Err(format!("`{option}` is there already; call the usage recorder in it"));
            }
            let object = options_object(spot, call).ok_or("its options are not written in place")?;
            let why = format!("records what `{}` used, when the stream has ended", spend.billable.call);
            let name = kit.function("recordUsage");
            let (import, names) =
                bring(kit, spot, &[Wanted::helper(kit, "usage", &name)], Calling::Awaited, call.span.start)?;
            let mut parameters: Vec<&str> = fields.iter().filter_map(|f| f.path.split('.').next()).collect();
            parameters.dedup();
            let mut data: Vec<(String, String)> = fields
                .iter()
                .map(|f| {
                    let (first, rest) = f.path.split_once('.').unwrap_or((&f.path, ""));
                    let inner = crate::catalog::UsageField { path: rest.to_owned(), ..f.clone() };
                    (
                        f.field.clone(),
                        if f.nullable {
                            format!("{first}.{rest} ?? 0")
                        } else {
                            usage_expr(false, first, &inner)
                        },
                    )
                })
                .collect();
            data.extend(model(spend, spot, call));
            let event_type = spend.event_type();
            let user = user_id(kit, identity);
            let event = Event { user_id: &user, event_type: &event_type, data: &data, vendor };
            let body = statement(kit, Calling::Awaited, &names[0], &event).replace('\n', "\n  ");
            let value = format!("async ({{ {} }}) => {{\n  {body}\n}}", parameters.join(", "));
            let mut edits = place::add_property(spot.source, &spot.style, &object, (option, &value), &why)
                .map_err(|refusal| refusal.to_string())?;
            if let (Some(drain), Used::Bound) = (drain, call.result)
                && let Some(binding) = spot
                    .facts
                    .bindings
                    .iter()
                    .find(|b| b.value.as_call().is_some_and(|c| spot.facts.call(c).span == call.span))
                && let [only] = binding.names.as_slice()
                && only.path.is_empty()
            {
                let text = format!("void {}.{drain}();", only.local);
                let why = "reads to the end even when the browser leaves, so that what was spent is recorded";
                edits.extend(
                    place::after(spot.source, &spot.style, &call.statement.range(), &text, why)
                        .map_err(|refusal| refusal.to_string())?,
                );
            }
            Ok(Recorded {
                unit: unit(kit, spend, spot, import.into_iter().chain(edits).collect()),
                meter: None,
            })
        }
        StreamUsage::Chunk { .. } | StreamUsage::Events { .. } | StreamUsage::Final { .. } => {
            metered(kit, spend, spot, call, identity, vendor, stream)
        }
        StreamUsage::Never {} => Err("this stream never tells its usage".to_owned()),
    }
}

/// The range of the object literal among a call's arguments.
fn options_object(spot: &Spot<'_>, call: &Call) -> Option<std::ops::Range<usize>> {
    let node = spot.source.node(&call.args_span.range())?;
    let mut cursor = node.walk();
    node.named_children(&mut cursor).find(|n| n.kind() == "object").map(|n| n.byte_range())
}

/// A stream that is metered where it is read: in the function of the call, or, when that only gives it back, in the
/// handler that called it.
fn metered(
    kit: &Kit<'_>,
    spend: &Spend<'_>,
    spot: &Spot<'_>,
    call: &Call,
    identity: &Identity,
    vendor: Option<&str>,
    stream: &Stream,
) -> Result<Recorded, String> {
    let id = stream.meter.as_deref().ok_or("there is no meter for this kind of stream yet")?;
    let meters = crate::template::meters().map_err(|e| e.to_string())?;
    let meter = meters.iter().find(|m| m.id == id).ok_or("there is no meter for this kind of stream yet")?;
    let mut unit = if call.result == Used::Returned {
        let (file, caller, identity) = given_back(kit, spend)?;
        let text = kit.text(file);
        let language = kit.cx.workspace.entry(file).language.ok_or("the caller is no code")?;
        let source = Source::parse(language, text.as_str()).ok_or("the caller does not parse")?;
        let facts = kit.cx.program.facts(file);
        let there = Spot { file, style: kit.style_of(&source), source: &source, facts };
        wrap(kit, spend, &there, &caller, &identity, vendor, meter)?
    } else {
        wrap(kit, spend, spot, call, identity, vendor, meter)?
    };
    if let StreamUsage::Chunk { ask: Some(ask), .. } = &stream.usage {
        unit.add(kit.path(spot.file).to_owned(), ask_for_usage(kit, spot, call, ask)?);
    }
    Ok(Recorded { unit, meter: Some(id.to_owned()) })
}

/// The one call, in the handler, that gets the stream from the function that made it.
fn given_back(kit: &Kit<'_>, spend: &Spend<'_>) -> Result<(FileId, Call, Identity), String> {
    const LOST: &str =
        "where the stream is read was not found; wrap it there with the meter of the stream module";
    let function = spend.billable.plan.function.ok_or(LOST)?;
    let callers = kit.cx.program.callers(spend.file, function);
    let callers: Vec<_> =
        callers.into_iter().filter(|(f, _)| !crate::sites::cx::is_aside(kit.path(*f))).collect();
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
    kit: &Kit<'_>,
    spend: &Spend<'_>,
    spot: &Spot<'_>,
    call: &Call,
    identity: &Identity,
    vendor: Option<&str>,
    meter: &crate::template::Meter,
) -> Result<EditUnit, String> {
    let name = if kit.is_python() { &meter.python.name } else { &meter.typescript.name };
    let consumer = consumer(spot.facts, call)
        .ok_or("where the stream is read was not found; wrap it there with the meter of the stream module")?;
    let mut wanted = vec![Wanted::helper(kit, "stream", name)];
    if kit.is_python() {
        let is_async = is_async_consumer(spot, consumer.span.start);
        let flavour = render::context(kit, kit.done).flavour;
        if is_async != (flavour == Flavour::Async) {
            return Err("the stream is read synchronously and the app's billing module is asynchronous, or the other way round".to_owned());
        }
        wanted.push(Wanted::helper(kit, "stream", "StreamEvent"));
    }
    let (import, names) = bring(kit, spot, &wanted, Calling::Plain, call.span.start)?;
    let user = user_id(kit, identity);
    let event_type = spend.event_type();
    let event = Event { user_id: &user, event_type: &event_type, data: &[], vendor };
    let read = spot.source.slice(consumer.span.range()).to_owned();
    let variable = place::fresh_name(spot.source, &consumer.span.range(), "metered");
    let line = if kit.is_python() {
        let event = Calling::Plain.write(&names[1], &event_keywords(&event), true);
        format!("{variable} = {}", Calling::Plain.write(&names[0], &[read, event], true))
    } else {
        format!("const {variable} = {}({read}, {});", names[0], event_object(&event, &[]))
    };
    let why = format!("meters the stream of `{}`, also when the user leaves early", spend.billable.call);
    let mut edits = place::before(spot.source, &spot.style, &consumer.span.range(), &line, &why)
        .map_err(|refusal| refusal.to_string())?;
    edits.push(Edit::replacement(consumer.span.range(), variable, why));
    Ok(unit(kit, spend, spot, import.into_iter().chain(edits).collect()))
}

/// The one place where a stream is read: iterated, or handed to a function that does.
fn consumer(facts: &Facts, call: &Call) -> Option<Path> {
    let is_call =
        |b: &&crate::syntax::Binding| b.value.as_call().is_some_and(|c| facts.call(c).span == call.span);
    let binding = facts.bindings.iter().find(is_call)?;
    let [only] = binding.names.as_slice() else { return None };
    let inside = |function: Option<FunctionId>| facts.enclosing(function).any(|f| Some(f) == call.function);
    let is_it = |e: &Expr| e.as_path().filter(|p| p.as_name() == Some(&only.local)).cloned();
    let mut reads: Vec<Path> = facts
        .bindings
        .iter()
        .filter(|b| b.kind == crate::syntax::BindingKind::Loop && inside(b.function))
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
fn ask_for_usage(
    kit: &Kit<'_>,
    spot: &Spot<'_>,
    call: &Call,
    ask: &crate::catalog::AskOption,
) -> Result<Vec<Edit>, String> {
    let (first, inner) = ask.path.split_once('.').unwrap_or((&ask.path, ""));
    if call.option(first).is_some() {
        let asked = call.option(first).is_some_and(|o| inner.is_empty() || o.property(inner).is_some());
        return if asked { Ok(Vec::new()) } else { Err(format!("`{first}` is set without `{inner}`")) };
    }
    let why = "asks for the exact usage at the end of the stream";
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

/// The call behind which a paid call is recorded, with its file: itself, or the handler's call that gets its stream.
pub fn recorded_at(kit: &Kit<'_>, spend: &Spend<'_>) -> Option<(FileId, Call)> {
    let call = spend.call(kit.cx.program.facts(spend.file))?.clone();
    if call.result == Used::Returned && spend.billable.streaming {
        return given_back(kit, spend).ok().map(|(file, caller, _)| (file, caller));
    }
    Some((spend.file, call))
}

/// Whether a paid call is recorded already: a recorder or meter stands behind it, before the next paid call of its
/// function.
pub fn is_recorded(kit: &Kit<'_>, spend: &Spend<'_>, all: &[Spend<'_>]) -> bool {
    let facts = kit.cx.program.facts(spend.file);
    let Some(call) = spend.call(facts) else { return false };
    let outer = |function: Option<FunctionId>| facts.enclosing(function).last();
    let mine = outer(call.function);
    let next = all
        .iter()
        .filter(|s| s.file == spend.file && s.billable.plan.call.start > call.span.start)
        .filter(|s| outer(s.billable.plan.function) == mine)
        .map(|s| s.billable.plan.call.start)
        .min()
        .unwrap_or(u32::MAX);
    let recorders = recorders(kit);
    if call.result == Used::Returned && spend.billable.streaming {
        let Ok((file, caller, _)) = given_back(kit, spend) else { return false };
        let facts = kit.cx.program.facts(file);
        return facts.calls.iter().any(|c| {
            c.callee.as_name().is_some_and(|n| recorders.iter().any(|r| r == n))
                && c.span.start > caller.span.start
                && facts.enclosing(c.function).last() == facts.enclosing(caller.function).last()
        });
    }
    facts.calls.iter().any(|c| {
        let named = c.callee.as_name().is_some_and(|n| recorders.iter().any(|r| r == n));
        let threaded = || {
            let first = c.args.first().and_then(Expr::as_path).and_then(Path::as_name);
            first.is_some_and(|n| recorders.iter().any(|r| r == n))
        };
        (named || threaded())
            && outer(c.function) == mine
            && c.span.start > call.span.start
            && c.span.start < next
    })
}

/// Names of the functions that record: the recorder and every meter.
fn recorders(kit: &Kit<'_>) -> Vec<String> {
    let mut names = vec![kit.function("recordUsage")];
    for meter in crate::template::meters().unwrap_or_default() {
        names.push(if kit.is_python() { meter.python.name } else { meter.typescript.name });
    }
    names
}
