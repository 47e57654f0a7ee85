//! What was produced of a stream that did not end is billed.

use anyhow::{Context as _, Result, ensure};
use rust_decimal::Decimal;
use serde_json::Value;

use super::action::the_event;
use crate::app::{Action, Streams};
use crate::ledger::{decimal, soon};
use crate::provider::Mode;
use crate::stage::Stage;

/// The reader goes away after the first piece: the provider's stream is let go of, or read to its end, and what was produced is
/// billed.
pub(super) async fn is_billed_when_the_reader_leaves(stage: &Stage, action: &Action) -> Result<()> {
    let (mut person, made) = stage.ready_for(action).await?;
    let (before, left) = (stage.ledger.balance(person.value("user_id")?)?, stage.provider.left());
    stage.provider.switch(Mode::GoOn);
    let mut response = person.send(&action.call).await?;
    ensure!(response.status() == action.call.status, "{} answered {}", action.name, response.status());
    let first = response.chunk().await?;
    ensure!(first.is_some_and(|piece| !piece.is_empty()), "the stream was empty");
    drop(response);
    if action.streams == Streams::ToItsEnd {
        return the_event(stage, &person, action, made, before).await.map(drop);
    }
    ensure!(soon(|| stage.provider.left() > left).await, "the provider's stream was not let go of");
    estimated(stage, person.value("user_id")?, action, made).await
}

/// The provider's connection breaks: the user has seen the first pieces, and they were paid for.
pub(super) async fn is_billed_when_it_breaks_off(stage: &Stage, action: &Action) -> Result<()> {
    let (mut person, made) = stage.ready_for(action).await?;
    let before = stage.ledger.balance(person.value("user_id")?)?;
    stage.provider.switch(Mode::Break);
    let response = person.send(&action.call).await?;
    // The app may end its own stream in order or break it off as well.
    drop(response.text().await);
    if action.streams == Streams::ToItsEnd {
        // It knows of usage at the end only: a stream without one counts as a call that failed.
        stage.provider.switch(Mode::Answer);
        stage.act(&mut person, action).await?;
        return the_event(stage, &person, action, made, before).await.map(drop);
    }
    estimated(stage, person.value("user_id")?, action, made).await
}

/// One event that says it is an estimate, with a fee for at least the words that came.
async fn estimated(stage: &Stage, id: &str, action: &Action, made: usize) -> Result<()> {
    let events = stage.ledger.events_soon(id, made + 1).await?;
    let event = &events[made];
    ensure!(event["event_type"] == action.event, "another type: {event}");
    let data = &event["data"];
    ensure!(data["estimated"] == Value::Bool(true), "not marked as an estimate: {event}");
    let output = decimal(&data["output_tokens"]).context("output_tokens")?;
    ensure!(output > Decimal::ZERO, "nothing was counted: {event}");
    let fees = event["fees"].as_array().map(Vec::as_slice).unwrap_or_default();
    ensure!(fees.len() == 1 && decimal(&fees[0]["amount"])? > Decimal::ZERO, "no fee: {event}");
    Ok(())
}
