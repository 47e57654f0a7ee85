//! A call with a callback for the end of its stream: the event is written in the callback.
//!
//! One that is there already gets the event as its first statement; without one it is added to the options. The stream is
//! then read to its end whoever listens, where the SDK has a method for that.

use super::answered::model;
use super::{Order, Payer, Reason, Recorded, Spot, bring, reader, recorded, statement, unit};
use crate::catalog::{StoppedCallback, StreamCallback, TokenUsage};
use crate::edit::Edit;
use crate::steps::paid::code::{Calling, Event, SPREAD};
use crate::steps::support::names::Wanted;
use crate::steps::support::tokens::Wants;
use crate::syntax::place;
use crate::syntax::{Call, Expr, Function, FunctionId, ResultUse};

pub(super) fn record(
    order: &Order<'_, '_>,
    spot: &Spot<'_>,
    call: &Call,
    callback: &StreamCallback,
) -> Result<Recorded, String> {
    let kit = order.kit;
    // Of the option's names the one that the app has; the SDK takes the first of them.
    let named = std::iter::once(&callback.option).chain(&callback.also);
    let option = named.clone().find(|name| call.option(name).is_some()).unwrap_or(&callback.option);
    let there = function_of(call, option)?;
    if there.is_none() && is_spread(call) {
        return Err(format!(
            "its options take in others, which may have an `{option}` of their own; write `{option}` there and send the event in it"
        ));
    }
    let stopped = callback.stopped.as_ref().filter(|_| stops(call, callback));
    let why = format!("records what `{}` used, when the stream has ended", order.spend.billable.call);
    let name = kit.function("recordUsage");
    let mut wanted = vec![Wanted::helper(kit, "usage", &name), reader(kit, &callback.tokens)?.1];
    if let Some(stopped) = stopped {
        wanted.extend([
            reader(kit, &stopped.tokens)?.1,
            Wanted::helper(kit, "tokens", &kit.function("summed")),
        ]);
    }
    let brought = bring(order, spot, &wanted, Calling::Awaited, call.span.start)?;
    let mut edits = brought.edits;
    let payer = match order.payer {
        Payer::Named(_) | Payer::Where { .. } => brought.payer,
        Payer::Carried => asked_before(spot, call, &brought.payer, &mut edits)?,
    };
    let (parts, usage) = ended(&callback.tokens, &brought.names[1]);
    let mut options = Vec::new();
    let event =
        Written { order, recorder: &brought.names[0], payer: &payer, why: &why, option, parts, usage };
    match there {
        None => options.push(event.as_new()),
        Some(id) => edits.extend(event.in_place(spot, id)?),
    }
    if let (Some(stopped), Some(read), Some(sum)) = (stopped, brought.names.get(2), brought.names.get(3)) {
        let why = format!("records the finished steps of `{}` when it is stopped", order.spend.billable.call);
        let (parts, usage) = steps_of(stopped, read, sum);
        let event = Written { why: &why, option: &stopped.option, parts, usage, ..event };
        match function_of(call, &stopped.option)? {
            None => options.push(event.as_new()),
            Some(id) => edits.extend(event.in_place(spot, id)?),
        }
    }
    if !options.is_empty() {
        let object = options_object(spot, call).ok_or("its options are not written in place")?;
        for (option, value) in &options {
            let added = place::add_property(spot.source, &spot.style, &object, (option, value), &why);
            edits.extend(added.map_err(|refusal| refusal.to_string())?);
        }
    }
    edits.extend(drained(spot, call, callback)?);
    let mut recorded = recorded(unit(order, spot, edits));
    recorded.tokens = Wants::reader(&callback.tokens.reader);
    if let Some(stopped) = stopped {
        recorded.tokens.add(Wants { summed: true, ..Wants::reader(&stopped.tokens.reader) });
    }
    recorded.faults.extend(left_out(order, spot, call, callback));
    Ok(recorded)
}

/// Whether the options take in those of another object.
fn is_spread(call: &Call) -> bool {
    call.args.iter().any(|arg| {
        matches!(arg, Expr::Object(pairs) if pairs.iter().any(|(key, value)| key == "..." && !is_plain(value)))
    })
}

/// Whether what is spread is written in place: `...(deep && { providerOptions })`.
fn is_plain(value: &Expr) -> bool {
    match value {
        Expr::Object(_) => true,
        Expr::Binary(_, "&&", right) => is_plain(right),
        Expr::Either(yes, no) => is_plain(yes) && is_plain(no),
        _ => false,
    }
}

/// The function that an option is given; an error where it is given something else.
fn function_of(call: &Call, option: &str) -> Result<Option<FunctionId>, String> {
    match call.option(option) {
        None => Ok(None),
        Some(Expr::Function(id)) => Ok(Some(*id)),
        Some(_) => Err(elsewhere(option)),
    }
}

/// What a callback for the end takes of its argument, and the tokens in it.
fn ended(tokens: &TokenUsage, read: &str) -> (String, Usage) {
    let (first, rest) = tokens.at.split_once('.').unwrap_or((&tokens.at, ""));
    let rest = if rest.is_empty() { String::new() } else { format!(".{rest}") };
    let read = read.to_owned();
    (first.to_owned(), Box::new(move |part| format!("{read}({part}{rest})")))
}

/// The same for the callback of a stream that was stopped: the sum of its finished steps.
fn steps_of(stopped: &StoppedCallback, read: &str, sum: &str) -> (String, Usage) {
    let (read, sum, at) = (read.to_owned(), sum.to_owned(), stopped.tokens.at.clone());
    let usage = move |steps: &str| format!("{sum}({steps}.map((step) => {read}(step.{at})))");
    (stopped.steps.clone(), Box::new(usage))
}

/// The expression of the tokens, from that of a part of the callback's argument.
type Usage = Box<dyn Fn(&str) -> String>;

fn elsewhere(option: &str) -> String {
    format!("`{option}` is there already; call the usage recorder in it")
}

/// The event of a callback.
struct Written<'a, 'k> {
    order: &'a Order<'a, 'k>,
    recorder: &'a str,
    payer: &'a str,
    why: &'a str,
    /// The callback's option.
    option: &'a str,
    /// The part of its argument that has the usage.
    parts: String,
    usage: Usage,
}

impl Written<'_, '_> {
    /// The statement, with the name that the callback has for the part.
    fn statement(&self, part: &str) -> String {
        let Order { kit, spend, vendor, .. } = *self.order;
        let mut data = vec![(SPREAD.to_owned(), (self.usage)(part))];
        data.extend(model(self.order));
        let event_type = spend.event_type();
        let event = Event {
            noun: kit.noun(),
            user_id: self.payer,
            event_type: &event_type,
            data: &data,
            vendor,
            id: None,
        };
        statement(self.order, Calling::Awaited, self.recorder, &event)
    }

    /// A callback of its own among the options: the option and its value.
    fn as_new(&self) -> (String, String) {
        let body = self.statement(&self.parts).replace('\n', "\n  ");
        (self.option.to_owned(), format!("async ({{ {} }}) => {{\n  {body}\n}}", self.parts))
    }

    /// The first statement of the callback that is there: what the app does in it may fail.
    fn in_place(&self, spot: &Spot<'_>, id: FunctionId) -> Result<Vec<Edit>, String> {
        let refusal = |refusal: place::Refusal| refusal.to_string();
        let f = spot.facts.function(id);
        let (mut edits, part) = self.argument(spot, f)?;
        let text = self.statement(&part);
        if hides(spot, id, &text, &part) {
            return Err(elsewhere(self.option));
        }
        let first = first_statement(spot, f).ok_or_else(|| elsewhere(self.option))?;
        let run = place::before_in_async(spot.source, &spot.style, &first, &text, self.why);
        edits.extend(run.map_err(refusal)?);
        if !f.is_async {
            edits.push(Edit::insertion(f.span.start as usize, "async ", self.why));
        }
        Ok(edits)
    }

    /// What the callback calls the part of its argument that the event needs; where it does not take it, it is added.
    fn argument(&self, spot: &Spot<'_>, f: &Function) -> Result<(Vec<Edit>, String), String> {
        let refusal = |refusal: place::Refusal| refusal.to_string();
        let part = self.parts.as_str();
        let Some(param) = f.params.first() else {
            let space = if spot.style.brace_spacing { " " } else { "" };
            let pattern = format!("{{{space}{part}{space}}}");
            let edits = place::add_parameter(spot.source, &spot.style, &f.span.range(), &pattern, self.why);
            return Ok((edits.map_err(refusal)?, part.to_owned()));
        };
        if let Some(whole) = param.name() {
            return Ok((Vec::new(), format!("{whole}.{part}")));
        }
        if let Some(taken) = param.names.iter().find(|n| n.path == [part]) {
            return Ok((Vec::new(), taken.local.clone()));
        }
        let pattern =
            pattern_of(spot, param.span.range()).ok_or("its argument is not taken apart in place")?;
        let edits = place::add_to_pattern(spot.source, &spot.style, &pattern, part, self.why);
        Ok((edits.map_err(refusal)?, part.to_owned()))
    }
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

/// The pattern that takes a parameter apart.
fn pattern_of(spot: &Spot<'_>, param: std::ops::Range<usize>) -> Option<std::ops::Range<usize>> {
    let node = spot.source.node(&param)?;
    if node.kind() == "object_pattern" {
        return Some(node.byte_range());
    }
    node.child_by_field_name("pattern").filter(|n| n.kind() == "object_pattern").map(|n| n.byte_range())
}

/// The range of the first statement of a function, or of the expression that is its body; `None` for an empty one.
fn first_statement(spot: &Spot<'_>, f: &Function) -> Option<std::ops::Range<usize>> {
    if f.expression_body {
        return Some(f.body.range());
    }
    let block = spot.source.whole_node(&f.body.range())?;
    let mut cursor = block.walk();
    block.named_children(&mut cursor).find(|n| n.kind() != "comment").map(|n| n.byte_range())
}

/// Whether a name of the event means something else in the callback, where it is bound anew.
fn hides(spot: &Spot<'_>, id: FunctionId, text: &str, own: &str) -> bool {
    let f = spot.facts.function(id);
    let params = f.params.iter().flat_map(|p| &p.names).map(|n| &n.local);
    let inside = spot.facts.bindings.iter().filter(|b| spot.facts.enclosing(b.function).any(|at| at == id));
    let bound = params.chain(inside.flat_map(|b| &b.names).map(|n| &n.local));
    let mut bound = bound.filter(|name| own.split('.').next() != Some(name.as_str()));
    bound.any(|name| {
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
        words.into_iter().any(|word| word == name)
    })
}

/// Reads the stream to its end whoever listens, where the SDK has a method for it; a stream without a name gets one.
fn drained(spot: &Spot<'_>, call: &Call, callback: &StreamCallback) -> Result<Vec<Edit>, String> {
    let Some(drain) = &callback.drain else { return Ok(Vec::new()) };
    let why = "reads to the end even when the browser leaves, so that what was spent is recorded";
    let is_call =
        |b: &&crate::syntax::Binding| b.value.as_call().is_some_and(|c| spot.facts.call(c).span == call.span);
    let names = spot.facts.bindings.iter().find(is_call).map(|b| b.names.as_slice());
    if call.result == ResultUse::Bound {
        let Some([only]) = names.filter(|n| n.iter().all(|n| n.path.is_empty())) else {
            return Ok(Vec::new());
        };
        let reads =
            |c: &Call| c.callee.root_name() == Some(&only.local) && c.callee.segments.iter().eq([drain]);
        if spot.facts.calls.iter().any(reads) {
            return Ok(Vec::new());
        }
        let text = format!("void {}.{drain}();", only.local);
        return place::after(spot.source, &spot.style, &call.statement.range(), &text, why)
            .map_err(|refusal| refusal.to_string());
    }
    let name = place::fresh_name(spot.source, &call.span.range(), "result");
    let text = format!("void {name}.{drain}();");
    // Where it is not returned, the stream is read by the app itself.
    Ok(place::name_returned(spot.source, &spot.style, &call.span.range(), &name, &text, why)
        .unwrap_or_default())
}

/// Whether the app stops the stream itself.
fn stops(call: &Call, callback: &StreamCallback) -> bool {
    callback.stopped_by.as_ref().is_some_and(|stop| call.option(stop).is_some())
}

/// What of an event's call is not billed, though answers that end are.
fn left_out(
    order: &Order<'_, '_>,
    spot: &Spot<'_>,
    call: &Call,
    callback: &StreamCallback,
) -> Option<Reason> {
    let name = &order.spend.billable.call;
    let why = match (&callback.stopped_by, &callback.stopped, &callback.drain) {
        (Some(stop), Some(_), _) if stops(call, callback) => format!(
            "answers of `{name}` that `{stop}` stops are billed for their finished steps, not for the one under way; leave `{stop}` out to bill it too"
        ),
        (Some(stop), None, _) if stops(call, callback) => format!(
            "answers of `{name}` that end are billed, those that `{stop}` stops are not; leave `{stop}` out to bill them too"
        ),
        (_, _, None) => format!(
            "answers of `{name}` that are read to their end are billed; those whose reader leaves are not, where the app does not read on"
        ),
        _ => return None,
    };
    Some(Reason { why, file: spot.file, at: call.span.start, whole: false })
}

/// The range of the object literal among a call's arguments.
pub(super) fn options_object(spot: &Spot<'_>, call: &Call) -> Option<std::ops::Range<usize>> {
    let node = spot.source.node(&call.args_span.range())?;
    let mut cursor = node.walk();
    node.named_children(&mut cursor).find(|n| n.kind() == "object").map(|n| n.byte_range())
}

#[cfg(test)]
mod tests;
