//! A call with a callback for the end of its stream: the event is written in the callback.
//!
//! One that is there already gets the event as its first statement; without one it is added to the options. The stream is
//! then read to its end whoever listens, where the SDK has a method for that.

use super::answered::model;
use super::{Order, Payer, Reason, Recorded, Spot, bring, recorded, statement, unit};
use crate::catalog::{StreamCallback, UsageField};
use crate::edit::Edit;
use crate::steps::paid::code::{Calling, Event, usage_expr};
use crate::steps::support::names::Wanted;
use crate::syntax::place;
use crate::syntax::{Call, Expr, Function, FunctionId, ResultUse};

pub(super) fn record(
    order: &Order<'_, '_>,
    spot: &Spot<'_>,
    call: &Call,
    callback: &StreamCallback,
) -> Result<Recorded, String> {
    let kit = order.kit;
    let option = &callback.option;
    let there = match call.option(option) {
        None => None,
        Some(Expr::Function(id)) => Some(*id),
        Some(_) => return Err(elsewhere(option)),
    };
    let why = format!("records what `{}` used, when the stream has ended", order.spend.billable.call);
    let name = kit.function("recordUsage");
    let brought =
        bring(order, spot, &[Wanted::helper(kit, "usage", &name)], Calling::Awaited, call.span.start)?;
    let mut edits = brought.edits;
    let payer = match order.payer {
        Payer::Named(_) => brought.payer,
        Payer::Carried => asked_before(spot, call, &brought.payer, &mut edits)?,
    };
    let event = Written { order, recorder: &brought.names[0], payer: &payer, why: &why };
    edits.extend(match there {
        None => event.as_new(spot, call, callback)?,
        Some(id) => event.in_place(spot, id, callback)?,
    });
    edits.extend(drained(spot, call, callback)?);
    let mut recorded = recorded(unit(order, spot, edits), None);
    recorded.faults.extend(stopped(spot, call, callback));
    Ok(recorded)
}

fn elsewhere(option: &str) -> String {
    format!("`{option}` is there already; call the usage recorder in it")
}

/// Parts of a callback's argument, each with the expression for it there.
type Names = Vec<(String, String)>;

/// The event of a callback.
struct Written<'a, 'k> {
    order: &'a Order<'a, 'k>,
    recorder: &'a str,
    payer: &'a str,
    why: &'a str,
}

impl Written<'_, '_> {
    /// The statement, with the names that the callback has for the fields.
    fn statement(&self, fields: &[UsageField], name_of: impl Fn(&str) -> String) -> String {
        let Order { kit, spend, vendor, .. } = *self.order;
        let mut data: Vec<(String, String)> = fields.iter().map(|f| number(f, &name_of)).collect();
        data.extend(model(self.order));
        let event_type = spend.event_type();
        let event =
            Event { noun: kit.noun(), user_id: self.payer, event_type: &event_type, data: &data, vendor };
        statement(self.order, Calling::Awaited, self.recorder, &event)
    }

    /// A callback of its own among the options.
    fn as_new(&self, spot: &Spot<'_>, call: &Call, callback: &StreamCallback) -> Result<Vec<Edit>, String> {
        let object = options_object(spot, call).ok_or("its options are not written in place")?;
        let fields = &callback.fields;
        let body = self.statement(fields, str::to_owned).replace('\n', "\n  ");
        let value = format!("async ({{ {} }}) => {{\n  {body}\n}}", parameters(fields).join(", "));
        place::add_property(spot.source, &spot.style, &object, (&callback.option, &value), self.why)
            .map_err(|refusal| refusal.to_string())
    }

    /// The first statement of the callback that is there: what the app does in it may fail.
    fn in_place(
        &self,
        spot: &Spot<'_>,
        id: FunctionId,
        callback: &StreamCallback,
    ) -> Result<Vec<Edit>, String> {
        let refusal = |refusal: place::Refusal| refusal.to_string();
        let f = spot.facts.function(id);
        let (mut edits, names) = self.arguments(spot, f, &callback.fields)?;
        let text = self.statement(&callback.fields, |field| {
            names.iter().find(|(known, _)| known == field).map_or(field, |(_, name)| name).to_owned()
        });
        if hides(spot, id, &text, &names) {
            return Err(elsewhere(&callback.option));
        }
        let first = first_statement(spot, f).ok_or_else(|| elsewhere(&callback.option))?;
        let run = place::before_in_async(spot.source, &spot.style, &first, &text, self.why);
        edits.extend(run.map_err(refusal)?);
        if !f.is_async {
            edits.push(Edit::insertion(f.span.start as usize, "async ", self.why));
        }
        Ok(edits)
    }

    /// What the callback calls the parts of its argument that the event needs; those it does not take are added.
    fn arguments(
        &self,
        spot: &Spot<'_>,
        f: &Function,
        fields: &[UsageField],
    ) -> Result<(Vec<Edit>, Names), String> {
        let refusal = |refusal: place::Refusal| refusal.to_string();
        let wanted = parameters(fields);
        let own = |name: &str| ((*name).to_owned(), name.to_owned());
        let Some(param) = f.params.first() else {
            let space = if spot.style.brace_spacing { " " } else { "" };
            let pattern = format!("{{{space}{}{space}}}", wanted.join(", "));
            let range = f.span.range();
            let edits = place::add_parameter(spot.source, &spot.style, &range, &pattern, self.why);
            return Ok((edits.map_err(refusal)?, wanted.into_iter().map(own).collect()));
        };
        if let Some(whole) = param.name() {
            return Ok((
                Vec::new(),
                wanted.iter().map(|part| ((*part).to_owned(), format!("{whole}.{part}"))).collect(),
            ));
        }
        let mut edits = Vec::new();
        let mut names = Vec::new();
        for part in wanted {
            if let Some(taken) = param.names.iter().find(|n| n.path == [part]) {
                names.push((part.to_owned(), taken.local.clone()));
                continue;
            }
            let pattern =
                pattern_of(spot, param.span.range()).ok_or("its argument is not taken apart in place")?;
            edits.extend(
                place::add_to_pattern(spot.source, &spot.style, &pattern, part, self.why).map_err(refusal)?,
            );
            names.push(own(part));
        }
        Ok((edits, names))
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

/// What the callback takes apart of its argument.
fn parameters(fields: &[UsageField]) -> Vec<&str> {
    let mut parameters: Vec<&str> = fields.iter().filter_map(|f| f.path.split('.').next()).collect();
    parameters.dedup();
    parameters
}

/// One number: the parameter itself is always there, what is in it may be missing.
fn number(field: &UsageField, name_of: impl Fn(&str) -> String) -> (String, String) {
    let (first, rest) = field.path.split_once('.').unwrap_or((&field.path, ""));
    let first = name_of(first);
    let inner = UsageField { path: rest.to_owned(), ..field.clone() };
    let value =
        if field.nullable { format!("{first}.{rest} ?? 0") } else { usage_expr(false, &first, &inner) };
    (field.field.clone(), value)
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
fn hides(spot: &Spot<'_>, id: FunctionId, text: &str, own: &[(String, String)]) -> bool {
    let f = spot.facts.function(id);
    let params = f.params.iter().flat_map(|p| &p.names).map(|n| &n.local);
    let inside = spot.facts.bindings.iter().filter(|b| spot.facts.enclosing(b.function).any(|at| at == id));
    let bound = params.chain(inside.flat_map(|b| &b.names).map(|n| &n.local));
    let mut bound =
        bound.filter(|name| !own.iter().any(|(_, taken)| taken.split('.').next() == Some(name.as_str())));
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

/// What is not recorded where the app stops the stream itself.
fn stopped(spot: &Spot<'_>, call: &Call, callback: &StreamCallback) -> Option<Reason> {
    let stop = callback.stopped_by.as_ref().filter(|stop| call.option(stop).is_some())?;
    Some(Reason {
        why: format!(
            "where `{stop}` stops it early, `{}` does not run; leave `{stop}` out to bill the whole answer",
            callback.option
        ),
        file: spot.file,
        at: call.span.start,
    })
}

/// The range of the object literal among a call's arguments.
pub(super) fn options_object(spot: &Spot<'_>, call: &Call) -> Option<std::ops::Range<usize>> {
    let node = spot.source.node(&call.args_span.range())?;
    let mut cursor = node.walk();
    node.named_children(&mut cursor).find(|n| n.kind() == "object").map(|n| n.byte_range())
}

#[cfg(test)]
mod tests;
