//! A new user is a new customer, whatever Credyt does meanwhile.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use credyt_integrate::sandbox::{DuplicateStatus, LocationForm, LookupForm, Outage};
use serde_json::json;

use super::portal::{PAUSE, read_balance, read_balance_soon};
use crate::person::Person;
use crate::stage::Stage;

/// How long a sign-up may take while Credyt does not answer at all.
const BEARABLE: Duration = Duration::from_secs(20);

/// The customer exists as soon as the sign-up is answered, under the app's own id.
pub(super) async fn makes_a_customer(stage: &Stage) -> Result<()> {
    let person = stage.sign_up().await?;
    let (email, id) = (person.value("email")?, person.value("user_id")?);
    let customer =
        stage.ledger.customer_of(email).with_context(|| format!("no customer has the email {email}"))?;
    ensure!(customer["external_id"] == id, "the external id is not {id}: {customer}");
    let subscription = &customer["subscriptions"][0];
    ensure!(subscription["status"] == "active", "not subscribed: {customer}");
    ensure!(subscription["products"][0] == "default_plan v1", "subscribed to something else: {customer}");
    ensure!(customer["name"].as_str().is_some_and(|name| !name.is_empty()), "without a name: {customer}");
    Ok(())
}

/// Nobody is kept from signing up, and the customer is made when it is first needed.
pub(super) async fn survives_an_outage(stage: &Stage) -> Result<()> {
    for outage in [Outage::Unavailable, Outage::Error, Outage::Hang] {
        stage.ledger.behave(|behaviour| behaviour.outage = outage);
        let started = Instant::now();
        let mut person = stage.sign_up().await.with_context(|| format!("{outage:?}"))?;
        let took = started.elapsed();
        ensure!(took < BEARABLE, "signing up took {took:?} while Credyt did not answer");
        stage.ledger.behave_well();
        let id = person.value("user_id")?.to_owned();
        ensure!(stage.ledger.customers_for(&id).is_empty(), "a customer was made in an outage");
        let balance = read_balance_soon(stage, &mut person).await;
        let balance = balance.with_context(|| format!("after {outage:?}"))?;
        ensure!(balance.is_zero(), "a new customer has {balance}");
        ensure!(stage.ledger.customers_for(&id).len() == 1, "{id} has no customer after it was needed");
    }
    recovers(stage).await
}

/// Sign-ups make customers again. A bundler may have given them a client of their own, which pauses on its own.
async fn recovers(stage: &Stage) -> Result<()> {
    let deadline = Instant::now() + PAUSE;
    loop {
        let person = stage.sign_up().await?;
        if !stage.ledger.customers_for(person.value("user_id")?).is_empty() {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "sign-ups make no customers after an outage");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Whoever is a customer already is found again, in every form that the service may answer in.
pub(super) async fn links_an_existing_customer(stage: &Stage) -> Result<()> {
    let forms = [
        (DuplicateStatus::Unprocessable, LocationForm::Relative, LookupForm::Redirect),
        (DuplicateStatus::Conflict, LocationForm::Absolute, LookupForm::Redirect),
        (DuplicateStatus::Unprocessable, LocationForm::Relative, LookupForm::Page),
        (DuplicateStatus::Conflict, LocationForm::Absolute, LookupForm::Object),
    ];
    for (duplicate, location, lookup) in forms {
        let mut person = Person::new(&stage.base);
        let id = if stage.app.counts_ids {
            // The next id is known, so the customer can be there before the user is.
            let last: u64 = stage.sign_up().await?.value("user_id")?.parse()?;
            (last + 1).to_string()
        } else {
            stage.ledger.behave(|behaviour| behaviour.outage = Outage::Unavailable);
            stage.sign_up_as(&mut person).await?;
            stage.ledger.behave_well();
            person.value("user_id")?.to_owned()
        };
        let body = json!({
            "name": "Known before", "external_id": id, "subscriptions": [{"products": [{"code": "default_plan"}]}],
        });
        stage.ledger.post("/customers", body).await?;
        stage.ledger.fund(&id, "7.25").await?;
        stage.ledger.behave(|behaviour| {
            (behaviour.duplicate_customer, behaviour.location, behaviour.lookup) =
                (duplicate, location, lookup);
        });
        if stage.app.counts_ids {
            stage.sign_up_as(&mut person).await?;
            ensure!(person.value("user_id")? == id, "ids are not counted up");
        }
        let balance =
            read_balance(stage, &mut person).await.with_context(|| format!("{duplicate:?} {lookup:?}"))?;
        ensure!(balance.to_string() == "7.25", "the customer that was there has 7.25, not {balance}");
        let customers = stage.ledger.customers_for(&id);
        ensure!(customers.len() == 1 && customers[0]["name"] == "Known before", "not linked: {customers:#?}");
    }
    Ok(())
}
