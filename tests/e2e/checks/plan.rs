//! A plan with a monthly fee: it is paid on a page of Credyt before it is active, and a signed webhook says that it was.

use anyhow::{Context as _, Result, ensure};
use credyt_integrate::credyt::{SIGNATURE_HEADER, sign};
use credyt_integrate::sandbox::{Outage, UnpaidWord};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::portal::{portal_address, read_balance};
use crate::app::{Action, Body, Call, Plan};
use crate::ledger::{WEBHOOK_SECRET, decimal, soon};
use crate::person::{Person, http};
use crate::stage::{Stage, came_back};

/// Signing up works, the way to the portal leads to the payment until it is made, and the payment leads back to the app.
pub(super) async fn leads_a_new_user_to_the_payment(stage: &Stage) -> Result<()> {
    for (word, written) in [(UnpaidWord::ActionRequired, "action_required"), (UnpaidWord::Pending, "pending")]
    {
        stage.ledger.behave(|behaviour| behaviour.unpaid_word = word);
        let mut person = stage.sign_up().await?;
        let status = status(stage, &person)?;
        ensure!(status == "action_required", "the plan is {status} before it was paid");
        let address = payment_address(stage, &mut person).await?;
        let page = person.get(&address).await?;
        let price = plan(stage)?.price;
        ensure!(page.status == 200 && page.text.contains(price), "not the payment of {price}: {page:?}");
        decide(stage, &address, "fail").await?;
        ensure!(activations(stage, &person)? == 0, "active after a payment that failed ({written})");
        pay(stage, &mut person).await?;
        let address = portal_address(stage, &mut person).await?;
        ensure!(address.contains("/portal?"), "{address} is not the portal, but the plan is paid");
        let balance = read_balance(stage, &mut person).await?;
        let included = plan(stage)?.included;
        ensure!(balance == Decimal::from(included), "the plan includes {included}, not {balance}");
    }
    Ok(())
}

/// Nothing is given away before the payment, and after it usage is taken from what the plan includes.
pub(super) async fn is_refused_until_the_plan_is_paid(stage: &Stage, action: &Action) -> Result<()> {
    let mut person = stage.sign_up().await?;
    let asked = stage.provider.count();
    let answer = person.call(&action.call).await?;
    ensure!(answer.status == action.refusal.status, "not refused: {answer:?}");
    ensure!(stage.provider.count() == asked, "the provider was asked");
    pay(stage, &mut person).await?;
    let before = read_balance(stage, &mut person).await?;
    stage.act(&mut person, action).await?;
    let events = stage.ledger.events_soon(person.value("user_id")?, 1).await?;
    let event = &events[0];
    ensure!(event["event_type"] == action.event, "another type: {event}");
    let fees = event["fees"].as_array().map(Vec::as_slice).unwrap_or_default();
    ensure!(fees.len() == 1, "not one fee: {event}");
    let after = read_balance(stage, &mut person).await?;
    let fee = decimal(&fees[0]["amount"])?;
    ensure!(!fee.is_zero() && before - after == fee, "{fee} was not taken from {before}, {after} is left");
    Ok(())
}

/// Whoever posts to the route without the secret changes nothing.
pub(super) async fn refuses_webhooks_without_a_true_signature(stage: &Stage) -> Result<()> {
    let person = stage.sign_up().await?;
    let body = activation(stage, &person)?;
    let now = jiff::Timestamp::now().as_second();
    let forged = [
        ("no signature", None),
        ("no sense", Some("t=now,v0=yes".to_owned())),
        ("another secret", Some(sign("whsec_another", now, body.as_bytes()))),
        ("another body", Some(sign(WEBHOOK_SECRET, now, b"{}"))),
        ("an hour's age", Some(sign(WEBHOOK_SECRET, now - 3600, body.as_bytes()))),
    ];
    for (what, signature) in forged {
        let status = deliver(stage, &body, signature).await?;
        ensure!((400..500).contains(&status), "with {what} the app answers {status}");
    }
    // What is taken next is acted on later.
    let other = stage.sign_up().await?;
    send(stage, &activation(stage, &other)?, 204).await?;
    ensure!(active_soon(stage, &other).await?, "a genuine webhook does nothing");
    ensure!(activations(stage, &person)? == 0, "a forged webhook made a user active");
    Ok(())
}

/// A genuine one makes the user active, a repeated one does nothing more, and topics nobody asked about do nothing.
pub(super) async fn takes_a_signed_webhook_once(stage: &Stage) -> Result<()> {
    let person = stage.sign_up().await?;
    let body = activation(stage, &person)?;
    send(stage, &body.replace("subscription.activated", "customer.created"), 204).await?;
    ensure!(activations(stage, &person)? == 0, "another topic made the user active");
    send(stage, &body.replace("evt_", "evt_1"), 204).await?;
    ensure!(active_soon(stage, &person).await?, "the user is not active");
    send(stage, &body.replace("evt_", "evt_1"), 204).await?;
    ensure!(activations(stage, &person)? == 1, "a repeated delivery was acted on again");
    Ok(())
}

/// What could not be handled is not lost: the answer asks for it again.
pub(super) async fn takes_a_webhook_again_that_came_in_an_outage(stage: &Stage) -> Result<()> {
    let person = stage.sign_up().await?;
    let body = activation(stage, &person)?;
    stage.ledger.behave(|behaviour| behaviour.outage = Outage::Unavailable);
    send(stage, &body, 500).await?;
    stage.ledger.behave_well();
    send(stage, &body, 204).await?;
    ensure!(active_soon(stage, &person).await?, "the user is not active");
    Ok(())
}

fn plan(stage: &Stage) -> Result<&'static Plan> {
    stage.app.plan.as_ref().context("the app has a plan")
}

/// The customer of a person, as the sandbox shows it.
fn customer(stage: &Stage, person: &Person) -> Result<Value> {
    let customers = stage.ledger.customers_for(person.value("user_id")?);
    customers.into_iter().next().context("the sign-up made no customer")
}

fn status(stage: &Stage, person: &Person) -> Result<String> {
    let customer = customer(stage, person)?;
    Ok(customer["subscriptions"][0]["status"].as_str().unwrap_or_default().to_owned())
}

/// The page on which the plan is paid, as the app leads there.
async fn payment_address(stage: &Stage, person: &mut Person) -> Result<String> {
    let address = portal_address(stage, person).await?;
    let payment = format!("{}/pay?token=", stage.ledger.url());
    ensure!(address.starts_with(&payment), "{address} is not the payment");
    Ok(address)
}

/// Pays, or lets the payment fail, and comes back to the app.
async fn decide(stage: &Stage, address: &str, outcome: &'static str) -> Result<()> {
    let address: &'static str = address.to_owned().leak();
    let fields: &'static [(&str, &str)] = vec![("outcome", outcome)].leak();
    let call = Call { method: "POST", path: address, body: Body::Form(fields), status: 303, take: &[] };
    // Whoever pays there is not signed in with the app's cookies.
    let answer = Person::new(&stage.base).call(&call).await?;
    let back =
        answer.location.with_context(|| format!("{outcome}: no way back, status {}", answer.status))?;
    ensure!(back == came_back(&stage.base), "{outcome}: {back} is not where the app wants users back");
    Ok(())
}

/// Pays for the plan. Credyt tells the app, which takes the user for active.
async fn pay(stage: &Stage, person: &mut Person) -> Result<()> {
    let address = payment_address(stage, person).await?;
    decide(stage, &address, "pay").await?;
    let status = status(stage, person)?;
    ensure!(status == "active", "the plan is {status} after its payment");
    ensure!(active_soon(stage, person).await?, "the app does not know of the payment");
    ensure!(activations(stage, person)? == 1, "the app heard of it more than once");
    Ok(())
}

/// How often the app said that a person's plan is active, which is all that it does by itself.
fn activations(stage: &Stage, person: &Person) -> Result<usize> {
    let line = format!("the subscription of user {} is active", person.value("user_id")?);
    Ok(stage.printed().matches(&line).count())
}

async fn active_soon(stage: &Stage, person: &Person) -> Result<bool> {
    person.value("user_id")?;
    Ok(soon(|| activations(stage, person).is_ok_and(|count| count > 0)).await)
}

/// The body of a delivery that says that a person has paid.
fn activation(stage: &Stage, person: &Person) -> Result<String> {
    let data = json!({"customer_id": customer(stage, person)?["id"], "subscription_id": "sub_of_the_test"});
    let envelope = json!({
        "id": format!("evt_{}", uuid::Uuid::new_v4().simple()), "type": "subscription.activated",
        "created": jiff::Timestamp::now(), "live_mode": false, "data": data,
    });
    Ok(envelope.to_string())
}

/// Delivers a body as Credyt does, and expects this answer.
async fn send(stage: &Stage, body: &str, expected: u16) -> Result<()> {
    let signature = sign(WEBHOOK_SECRET, jiff::Timestamp::now().as_second(), body.as_bytes());
    let status = deliver(stage, body, Some(signature)).await?;
    ensure!(status == expected, "the app answers {status}, not {expected}, to {body}");
    Ok(())
}

async fn deliver(stage: &Stage, body: &str, signature: Option<String>) -> Result<u16> {
    let address = format!("{}{}", stage.base, plan(stage)?.webhook);
    let mut request = http().post(address).header("content-type", "application/json").body(body.to_owned());
    if let Some(signature) = signature {
        request = request.header(SIGNATURE_HEADER, signature);
    }
    Ok(request.send().await?.status().as_u16())
}
