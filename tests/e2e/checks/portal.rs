//! The hosted portal, the balance, and what strangers get to see of them.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use credyt_integrate::sandbox::SANDBOX_KEY;
use rust_decimal::Decimal;

use crate::app::{Body, Call, Portal};
use crate::ledger::decimal;
use crate::person::Person;
use crate::stage::Stage;

/// How long an app may leave Credyt alone after it did not answer, with room for a slow machine.
pub(super) const PAUSE: Duration = Duration::from_secs(20);

/// The balance that the app tells.
pub(super) async fn read_balance(stage: &Stage, person: &mut Person) -> Result<Decimal> {
    let answer = person.get(stage.app.balance).await?;
    ensure!(answer.status == 200, "{} answered {answer:?}", stage.app.balance);
    decimal(&answer.json()?["balance"])
}

/// The same where the app may leave Credyt alone for a moment, after it did not answer.
pub(super) async fn read_balance_soon(stage: &Stage, person: &mut Person) -> Result<Decimal> {
    let deadline = Instant::now() + PAUSE;
    loop {
        match read_balance(stage, person).await {
            Err(_) if Instant::now() < deadline => tokio::time::sleep(Duration::from_millis(100)).await,
            read => return read,
        }
    }
}

/// The address that "Manage billing" leads to.
pub(super) async fn portal_address(stage: &Stage, person: &mut Person) -> Result<String> {
    let (path, portal) = stage.app.portal;
    let answer = person.get(path).await?;
    let address = match portal {
        Portal::Redirect => {
            ensure!((300..400).contains(&answer.status), "{path} does not redirect: {answer:?}");
            answer.location.clone()
        }
        Portal::Json => {
            ensure!(answer.status == 200, "{path} answered {answer:?}");
            answer.json()?["url"].as_str().map(str::to_owned)
        }
    };
    address.with_context(|| format!("no address in {answer:?}"))
}

/// Opens the portal as the app tells, pays there, and comes back to the app.
pub(super) async fn top_up(stage: &Stage, person: &mut Person, dollars: &'static str) -> Result<()> {
    let address = portal_address(stage, person).await?;
    let portal = format!("{}/portal?", stage.ledger.url());
    ensure!(address.starts_with(&portal), "{address} is not the portal");
    // Whoever pays there is not signed in with the app's cookies.
    let mut browser = Person::new(&stage.base);
    let page = browser.get(&address).await?;
    ensure!(page.status == 200, "the portal answered {page:?}");
    let address: &'static str = address.leak();
    let fields: &'static [(&str, &str)] =
        vec![("amount", dollars), ("asset", "USD"), ("outcome", "pay")].leak();
    let pay = Call { method: "POST", path: address, body: Body::Form(fields), status: 303, take: &[] };
    let paid = browser.call(&pay).await?;
    let back = paid.location.with_context(|| "the portal does not send back")?;
    ensure!(back.starts_with(&stage.base), "{back} is not the app, which is at {}", stage.base);
    let home = person.get(&back).await?;
    ensure!(home.status < 500, "the app answers the return with {home:?}");
    Ok(())
}

/// From "Manage billing" to a paid top-up and back, and the balance is there.
pub(super) async fn takes_a_top_up_and_returns(stage: &Stage) -> Result<()> {
    let mut person = stage.sign_up().await?;
    top_up(stage, &mut person, "20").await?;
    let balance = read_balance(stage, &mut person).await?;
    ensure!(balance == Decimal::from(20), "20 were paid, the app tells {balance}");
    Ok(())
}

/// As a number and in words, and on the page where it belongs.
pub(super) async fn shows_the_balance(stage: &Stage) -> Result<()> {
    let mut person = stage.funded().await?;
    let answer = person.get(stage.app.balance).await?.json()?;
    ensure!(decimal(&answer["balance"])? == Decimal::from(5), "the user has 5: {answer}");
    ensure!(answer["text"].as_str().is_some_and(|text| text.contains("$5.00")), "not in words: {answer}");
    if let Some((path, pieces)) = stage.app.page {
        let page = person.get(path).await?;
        ensure!(page.status == 200, "{path} answered {}", page.status);
        for piece in pieces {
            ensure!(page.text.contains(piece), "{path} does not show {piece}");
        }
    }
    Ok(())
}

/// Whoever is not signed in gets neither a balance nor a way into a portal.
pub(super) async fn turns_strangers_away(stage: &Stage) -> Result<()> {
    let mut stranger = Person::new(&stage.base);
    for path in [stage.app.portal.0, stage.app.balance] {
        let answer = stranger.get(path).await?;
        let to_the_app =
            answer.location.as_ref().is_some_and(|to| to.starts_with('/') || to.starts_with(&stage.base));
        let turned_away =
            matches!(answer.status, 401 | 403) || (300..400).contains(&answer.status) && to_the_app;
        ensure!(turned_away, "{path} answers a stranger with {answer:?}");
    }
    Ok(())
}

/// Nothing that the app printed in all of this shows the key.
pub(super) async fn never_prints_the_key(stage: &Stage) -> Result<()> {
    ensure!(!stage.printed().contains(SANDBOX_KEY), "the app printed the key");
    Ok(())
}
