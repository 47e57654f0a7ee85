//! An event of a queue's job: its id is made of what names the job, so that one that is tried again is billed once.

use super::{Order, Reason, Spot};
use crate::catalog::Snippet;
use crate::sites::{attempt, event_member};
use crate::steps::paid::Spend;
use crate::steps::paid::code::fill;
use crate::steps::support::Kit;
use crate::syntax::source::Source;
use crate::syntax::{Call, Function};

/// The expression of the event's id; `None` outside of a job, and where one run of it gets there more than once.
pub(super) fn id(order: &Order<'_, '_>, spot: &Spot<'_>, call: &Call) -> Option<String> {
    let graph = order.kit.graph();
    let (function, template) = spot
        .facts
        .enclosing(call.function)
        .find_map(|function| Some((function, attempt(graph, spot.file, function)?)))?;
    let f = spot.facts.function(function);
    if is_repeated(spot.source, call, f) {
        return None;
    }
    let place = place(order, spot, call);
    let mut variables = vec![("function", f.name.as_str()), ("place", place.as_str())];
    let job = f.params.first();
    variables.extend(job.and_then(|p| p.name()).map(|job| ("job", job)));
    let event = event_member(graph, spot.file, function).and_then(|member| {
        job?.names.iter().find_map(|name| match name.path.as_slice() {
            [] => Some(format!("{}.{member}", name.local)),
            [one] if one == member => Some(name.local.clone()),
            _ => None,
        })
    });
    variables.extend(event.as_deref().map(|event| ("event", event)));
    let snippet = Snippet { lines: template.trim().to_owned(), imports: Vec::new() };
    fill(&snippet, &variables)
}

/// What tells the events of a job apart: their type, and which of that type it is.
fn place(order: &Order<'_, '_>, spot: &Spot<'_>, call: &Call) -> String {
    let event_type = order.spend.event_type();
    let earlier = Spend::all(order.kit).into_iter().filter(|other| {
        let there = spot.facts.calls.iter().find(|c| c.span == other.billable.plan.call);
        other.file == spot.file
            && there.is_some_and(|c| c.function == call.function && c.span.start < call.span.start)
            && other.event_type() == event_type
    });
    match earlier.count() {
        0 => event_type,
        n => format!("{event_type}:{}", n + 1),
    }
}

/// Whether one run of the function may get to a call more than once.
fn is_repeated(source: &Source<'_>, call: &Call, function: &Function) -> bool {
    let mut node = source.node(&call.span.range());
    while let Some(inner) = node.filter(|n| n.start_byte() >= function.body.start as usize) {
        let kind = inner.kind();
        if kind.starts_with("for_")
            || matches!(kind, "while_statement" | "do_statement")
            || kind.ends_with("_comprehension")
            || kind == "generator_expression"
        {
            return true;
        }
        node = inner.parent();
    }
    false
}

/// What a person should know of a paid call in a job: the provider is paid at each try.
pub fn paid_again(kit: &Kit<'_>, spend: &Spend<'_>) -> Option<Reason> {
    let facts = kit.cx.program.facts(spend.file);
    let call = spend.call(facts)?;
    let function = call.function?;
    attempt(kit.graph(), spend.file, function)?;
    let text = kit.text(spend.file);
    let source = Source::parse(kit.cx.workspace.entry(spend.file).language?, text.as_str())?;
    let called = &spend.billable.call;
    let why = if is_repeated(&source, call, facts.function(function)) {
        format!(
            "a job that is tried again is billed again for `{called}`, which it calls more than once: give each event an \
             id of its own, made of the job's"
        )
    } else {
        format!(
            "a job that is tried again pays the provider again for `{called}`, though the user is billed once: keep its \
             result before what may fail"
        )
    };
    Some(Reason { why, file: spend.file, at: call.span.start, whole: false })
}

#[cfg(test)]
mod tests;
