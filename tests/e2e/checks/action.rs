//! A paid action is billed once when it succeeded, not at all when it did not, and refused without a balance.

use std::time::Duration;

use anyhow::{Result, ensure};
use credyt_integrate::sandbox::Outage;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::portal::top_up;
use crate::app::Action;
use crate::ledger::{decimal, soon, within};
use crate::person::Person;
use crate::provider::Mode;
use crate::stage::Stage;

/// How long after an outage an event that is tried again may arrive.
const LAST_TRY: Duration = Duration::from_secs(2);

/// One event of the right type with its data and cost, and the balance down by its price.
pub(super) async fn is_billed_once(stage: &Stage, action: &Action) -> Result<()> {
    let (mut person, made) = stage.ready_for(action).await?;
    let before = stage.ledger.balance(person.value("user_id")?)?;
    stage.act(&mut person, action).await?;
    let event = the_event(stage, &person, action, made, before).await?;
    let costs: Vec<Value> = event["costs"].as_array().into_iter().flatten().map(cost_of).collect();
    let expected: Vec<Value> = action.cost.iter().map(|(vendor, amount)| json!([vendor, amount])).collect();
    ensure!(costs == expected, "costs are {costs:?}, not {expected:?}");
    Ok(())
}

/// An event that is refused at first, or whose answer is lost, is sent again under the same id.
pub(super) async fn is_billed_once_when_an_answer_is_lost(stage: &Stage, action: &Action) -> Result<()> {
    let (mut person, made) = stage.ready_for(action).await?;
    let before = stage.ledger.balance(person.value("user_id")?)?;
    stage.ledger.behave(|behaviour| (behaviour.refused_events, behaviour.lost_events) = (1, 1));
    stage.act(&mut person, action).await?;
    the_event(stage, &person, action, made, before).await?;
    // An event is in the ledger a moment before its answer is lost, so the last switch may still be on its way down.
    let mut left = Value::Null;
    let is_sent_again = soon(|| {
        left = stage.ledger.switches();
        left["refused_events"] == 0 && left["lost_events"] == 0
    });
    ensure!(is_sent_again.await, "the event was not sent again: {left}");
    // What is sent afterwards arrives later, so nothing was under way.
    person.make(std::slice::from_ref(&action.call)).await?;
    stage.ledger.events_soon(person.value("user_id")?, made + 2).await.map(drop)
}

/// Nothing was got, so nothing is paid.
pub(super) async fn is_not_billed_when_the_provider_refuses(stage: &Stage, action: &Action) -> Result<()> {
    let (mut person, made) = stage.ready_for(action).await?;
    let (before, asked) = (stage.ledger.balance(person.value("user_id")?)?, stage.provider.count());
    stage.provider.switch(Mode::Refuse);
    let answer = person.call(&action.call).await?;
    ensure!(stage.provider.count() > asked, "the provider was not asked, the app answered {answer:?}");
    stage.provider.switch(Mode::Answer);
    stage.act(&mut person, action).await?;
    the_event(stage, &person, action, made, before).await.map(drop)
}

/// Without money the answer is a refusal and the provider is not asked; with money it goes on.
pub(super) async fn is_refused_until_a_top_up(stage: &Stage, action: &Action) -> Result<()> {
    let (mut person, made) = stage.ready_for(action).await?;
    let id = person.value("user_id")?.to_owned();
    let all = stage.ledger.balance(&id)?;
    stage.ledger.fund(&id, &(-all).to_string()).await?;
    let asked = stage.provider.count();
    let answer = person.call(&action.call).await?;
    ensure!(answer.status == action.refusal.status, "not refused: {answer:?}");
    for piece in action.refusal.says {
        ensure!(answer.text.contains(piece), "the refusal does not say {piece}: {answer:?}");
    }
    ensure!(stage.provider.count() == asked, "the provider was asked");
    top_up(stage, &mut person, "3").await?;
    stage.act(&mut person, action).await?;
    the_event(stage, &person, action, made, Decimal::from(3)).await.map(drop)
}

/// With Credyt down, paid actions go on or stop, as was answered; what comes after is billed again.
pub(super) async fn follows_the_policy_in_an_outage(stage: &Stage, action: &Action) -> Result<()> {
    let (mut person, made) = stage.ready_for(action).await?;
    let id = person.value("user_id")?.to_owned();
    let before = stage.ledger.balance(&id)?;
    let asked = stage.provider.count();
    stage.ledger.behave(|behaviour| behaviour.outage = Outage::Unavailable);
    if stage.app.answers.contains("block") {
        let answer = person.call(&action.call).await?;
        ensure!(answer.status == 503, "not stopped as an outage: {answer:?}");
        ensure!(stage.provider.count() == asked, "the provider was asked");
    } else {
        stage.act(&mut person, action).await?;
        ensure!(stage.provider.count() == asked + 1, "the provider was not asked once");
    }
    stage.ledger.behave_well();
    let (made, before) = if stage.app.answers.contains("block") {
        (made, before)
    } else {
        // The event may still be on its last try, or is given up by now; what matters is that none is billed twice.
        within(LAST_TRY, || stage.ledger.events_of(&id).len() > made).await;
        let late = stage.ledger.events_of(&id).len();
        (late.max(made), stage.ledger.balance(&id)?)
    };
    stage.act(&mut person, action).await?;
    the_event(stage, &person, action, made, before).await.map(drop)
}

/// Revenue does not hang on costs: the event comes without them, under the id it had.
pub(super) async fn is_billed_when_its_vendor_is_unknown(stage: &Stage, action: &Action) -> Result<()> {
    let (mut person, made) = stage.ready_for(action).await?;
    let before = stage.ledger.balance(person.value("user_id")?)?;
    stage.act(&mut person, action).await?;
    let event = the_event(stage, &person, action, made, before).await?;
    ensure!(event["costs"].as_array().is_none_or(Vec::is_empty), "costs of an unknown vendor: {event}");
    let id = event["id"].as_str().unwrap_or_default();
    ensure!(stage.printed().contains(id), "the log does not say that the costs of {id} were refused");
    Ok(())
}

/// The one event after those that were there, with its price taken from the balance.
pub(super) async fn the_event(
    stage: &Stage,
    person: &Person,
    action: &Action,
    made: usize,
    before: Decimal,
) -> Result<Value> {
    let id = person.value("user_id")?;
    let events = stage.ledger.events_soon(id, made + 1).await?;
    let event = &events[made];
    ensure!(event["event_type"] == action.event, "another type: {event}");
    let data: Value = serde_json::from_str(action.data)?;
    ensure!(event["data"] == data, "the data is {}, not {data}", event["data"]);
    ensure!(event["doubt"].is_null(), "the sandbox doubts it: {event}");
    ensure!(uuid::Uuid::parse_str(event["id"].as_str().unwrap_or_default()).is_ok(), "no UUID: {event}");
    let fees = event["fees"].as_array().map(Vec::as_slice).unwrap_or_default();
    let fee: Decimal = action.fee.parse()?;
    ensure!(fees.len() == 1 && decimal(&fees[0]["amount"])? == fee, "the fee is not {fee}: {event}");
    let after = stage.ledger.balance(id)?;
    ensure!(before - after == fee, "the balance went from {before} to {after}, not down by {fee}");
    Ok(event.clone())
}

/// A cost as its vendor and amount.
fn cost_of(cost: &Value) -> Value {
    json!([cost["vendor_external_id"], cost["amount"].to_string()])
}
