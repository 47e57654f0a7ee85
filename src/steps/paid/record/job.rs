//! A call that only starts a job: what it makes comes later, or never. It is billed once, behind the wait for it, when the
//! provider says that it succeeded, and by its own id, so that whoever learns of it again bills nothing.
//!
//! ```text
//! prediction = await replicate.wait(prediction);
//! if (prediction.status === "succeeded") {
//!   await recordUsage({ …, id: prediction.id });
//! }
//! ```
//!
//! Where the app does not wait (it asks again later, or the provider calls a webhook), the place that learns of the end is
//! for a person to find: who started the job has to be known there.

use super::answered::{count, counted, model};
use super::{Order, Recorded, Spot, bring, calling, recorded, unit};
use crate::catalog::Job;
use crate::steps::paid::code::{Event, event_keywords, event_object, quoted};
use crate::steps::support::names::Wanted;
use crate::syntax::place;
use crate::syntax::{Call, Expr};

/// Where the end of the job is not seen here.
const LATER: &str = "it starts a job that may still fail; record it once, where the app learns that the job has succeeded (its webhook, or where it asks for the result), for whoever started it and with the job's id";

pub(super) fn record(order: &Order<'_, '_>, spot: &Spot<'_>, call: &Call) -> Result<Recorded, String> {
    let Order { kit, spend, vendor, .. } = *order;
    let job = spend.provider.job.as_ref().ok_or(LATER)?;
    let started = name_of(spot, call).ok_or(LATER)?;
    let wait = waited_for(spot, call, &started, job).ok_or(LATER)?;
    let ended = match wait.args.first() {
        // The wait gives the finished job; one that is a method of the job fills it in.
        Some(_) => name_of(spot, wait).ok_or(LATER)?,
        None => started,
    };
    let calling = calling(kit, spot.facts, wait.function)?;
    let name = kit.function("recordUsage");
    let brought = bring(order, spot, &[Wanted::helper(kit, "usage", &name)], calling, wait.span.start)?;
    let mut data = vec![(counted(spend), count(order))];
    data.extend(model(order));
    let event_type = spend.event_type();
    let id = format!("{ended}.{}", job.id);
    let event = Event {
        noun: kit.noun(),
        user_id: &brought.payer,
        event_type: &event_type,
        data: &data,
        vendor,
        id: Some(&id),
    };
    let lines = if kit.is_python() {
        calling.write(&brought.names[0], &event_keywords(&event), true)
    } else {
        format!("await {}({});", brought.names[0], event_object(&event, &[]))
    };
    let status = format!("{ended}.{}", job.status);
    let success = quoted(&job.succeeded);
    let why = format!("records the job of `{}`, once it has succeeded", spend.billable.call);
    let (statement, text) = match checked_next(spot, wait, (&status, &job.succeeded)) {
        Some(check) => (check, lines),
        None if kit.is_python() => (
            wait.statement.range(),
            format!("if {status} == {success}:\n    {}", lines.replace('\n', "\n    ")),
        ),
        None => {
            let body = lines.replace('\n', "\n  ");
            (wait.statement.range(), format!("if ({status} === {success}) {{\n  {body}\n}}"))
        }
    };
    let edits = place::after(spot.source, &spot.style, &statement, &text, &why);
    let edits = edits.map_err(|refusal| refusal.to_string())?;
    Ok(recorded(unit(order, spot, brought.edits.into_iter().chain(edits).collect())))
}

/// The name that a call's value gets.
fn name_of(spot: &Spot<'_>, call: &Call) -> Option<String> {
    let statement = spot.source.slice(call.statement.range());
    let head = statement.get(..(call.span.start.checked_sub(call.statement.start)? as usize))?;
    let target = head.trim_end().trim_end_matches("await").trim_end().strip_suffix('=')?.trim();
    let name = target.rsplit([' ', '\n']).next()?.trim_end_matches(':');
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$');
    // An annotation stands between the name and the sign.
    (is_name && !target.contains(':')).then(|| name.to_owned())
}

/// The call behind it, in the same function, that waits for the job.
fn waited_for<'f>(spot: &Spot<'f>, call: &Call, started: &str, job: &Job) -> Option<&'f Call> {
    let waits = |other: &&Call| {
        let last = other.callee.last();
        let given = other.args.first().and_then(Expr::as_path).and_then(|p| p.as_name());
        let of_client = given == Some(started) && last.is_some_and(|l| job.waits.iter().any(|w| w == l));
        let of_job = other.callee.root_name() == Some(started)
            && other.args.is_empty()
            && last.is_some_and(|l| job.methods.iter().any(|m| m == l));
        other.function == call.function && other.span.start > call.span.end && (of_client || of_job)
    };
    let facts: &'f crate::syntax::Facts = spot.facts;
    facts.calls.iter().filter(waits).min_by_key(|c| c.span.start)
}

/// The statement right behind the wait that leaves unless the job has succeeded.
fn checked_next(
    spot: &Spot<'_>,
    wait: &Call,
    (status, succeeded): (&str, &str),
) -> Option<std::ops::Range<usize>> {
    let next = spot.source.statement(&wait.statement.range())?.next_named_sibling()?;
    if next.kind() != "if_statement" || next.child_by_field_name("alternative").is_some() {
        return None;
    }
    let branch = next.child_by_field_name("consequence").map(|c| spot.source.of(c))?;
    let condition = next.child_by_field_name("condition").map(|c| spot.source.of(c))?;
    let leaves = ["return", "throw ", "raise "].iter().any(|word| branch.contains(word));
    let unless = condition.contains(&format!("{status} !="))
        && !condition.contains("&&")
        && !condition.contains(" and ");
    (leaves && unless && condition.contains(succeeded)).then(|| next.byte_range())
}
