//! `verify`: the billing cycle on one product or all, as a table or as JSON; with `--app`, an app in use.

use std::time::Duration;

use camino::Utf8PathBuf;
use clap::Args;
use reqwest::Url;
use serde::Serialize;

use super::CommandResult;
use super::sandbox::runtime;
use super::verify_app::verify_app;
use super::verify_events;
use crate::credyt::types::{AccountContext, Product};
use crate::credyt::verify::{Outcome, Report, Status, verify_product};
use crate::credyt::verify_events::EventCheck;
use crate::credyt::{Client, DEFAULT_URL, Environment, key_environment, nearest};
use crate::review::{Label, Screen, Text};
use crate::run::{Exit, RunError};
use crate::sandbox::SANDBOX_KEY;

/// Where the key and the address come from, as in the generated code.
const KEY_VARIABLE: &str = "CREDYT_API_KEY";
const URL_VARIABLE: &str = "CREDYT_API_URL";

/// The flags of `verify`.
#[derive(Debug, Clone, Args)]
pub(super) struct VerifyArgs {
    /// Only this product, by its code; may be repeated
    #[arg(long, value_name = "CODE")]
    product: Vec<String>,

    /// Where Credyt answers; without it CREDYT_API_URL, else the real service
    #[arg(long, value_name = "URL")]
    url: Option<String>,

    /// Wait this many seconds for a payment that a subscription needs
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    wait: u64,

    /// Watch an integrated app, at this address, being used: ticks off the five checks of going live
    #[arg(long, value_name = "URL", conflicts_with_all = ["product", "wait"])]
    app: Option<Url>,

    /// Give up after this many seconds
    #[arg(long, default_value_t = 900, value_name = "SECONDS", requires = "app")]
    pub(super) timeout: u64,

    /// Watch also this customer, by its external id, that was there before
    #[arg(long, value_name = "ID", requires = "app")]
    pub(super) customer: Option<String>,

    /// The port on which the app is opened so that a 402 can be seen
    #[arg(long, value_name = "PORT", requires = "app")]
    pub(super) through: Option<u16>,

    /// Go on with a live key: makes a real customer and moves real credit
    #[arg(long)]
    live: bool,

    /// Print one JSON document on stdout
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Serialize)]
struct Document<'d> {
    version: u32,
    url: &'d str,
    environment: &'d str,
    ok: bool,
    products: &'d [Report],
    /// The event types of the app in the working folder.
    #[serde(skip_serializing_if = "<[EventCheck]>::is_empty")]
    events: &'d [EventCheck],
}

/// Runs the procedure; the status is 0 when nothing failed.
pub(super) fn verify(screen: &mut Screen, args: &VerifyArgs) -> CommandResult {
    runtime()?.block_on(run(screen, args))
}

async fn run(screen: &mut Screen, args: &VerifyArgs) -> CommandResult {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let url = args.url.clone().or_else(|| set(URL_VARIABLE)).unwrap_or_else(|| DEFAULT_URL.to_owned());
    let local =
        ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|start| url.starts_with(start));
    // The sandbox takes any test key, so a real one is not sent to it.
    let key = if local { Some(SANDBOX_KEY.to_owned()) } else { set(KEY_VARIABLE) };
    let Some(key) = key else {
        return Err(RunError::Usage {
            why: format!("there is no key: {KEY_VARIABLE} is not set"),
            hints: vec![
                format!("set {KEY_VARIABLE} to a test key (key_test_…)"),
                "or start `credyt-integrate sandbox` and pass `--url http://127.0.0.1:8787`".to_owned(),
            ],
        });
    };
    // Watching an app only reads.
    let allowed = args.live || args.app.is_some();
    refuse_live(key_environment(&key) == Environment::Live, allowed)?;
    let client = Client::new(&url, &key)?;
    let context = client.context().await?;
    refuse_live(context.environment == "live", allowed)?;
    if let Some(app) = &args.app {
        return verify_app(screen, args, app, client, &context.environment).await;
    }
    let products = chosen(&client, &args.product).await?;
    let mut reports = Vec::new();
    screen.say(Text::sentence(&format!("Verifying {} at {}", count(products.len()), client.base())));
    for product in &products {
        let report = verify_product(&client, product, Duration::from_secs(args.wait)).await;
        if !args.json {
            show(screen, &report)?;
        }
        reports.push(report);
    }
    let kept = verify_events::kept(&working_folder()?)?;
    let events =
        if args.product.is_empty() { verify_events::check(&client, &kept).await? } else { Vec::new() };
    let charged = events.iter().all(|check| check.status != Status::Fail);
    let ok = reports.iter().all(Report::ok) && charged;
    if args.json {
        let AccountContext { environment, .. } = &context;
        screen.document(&Document {
            version: 1,
            url: client.base(),
            environment,
            ok,
            products: &reports,
            events: &events,
        })?;
    } else {
        verify_events::show(screen, &kept, &events)?;
        screen.report(summary(&reports, &events))?;
    }
    Ok(if ok { Exit::Done } else { Exit::Error })
}

/// Where the program was started: the app whose event types are looked at.
fn working_folder() -> Result<Utf8PathBuf, RunError> {
    let failed = |source| RunError::Program { what: "cannot tell the working folder".to_owned(), source };
    let folder = std::env::current_dir().map_err(failed)?;
    // A path that is not UTF-8 holds no app that could be integrated.
    Ok(Utf8PathBuf::from_path_buf(folder).unwrap_or_default())
}

fn refuse_live(live: bool, allowed: bool) -> Result<(), RunError> {
    if !live || allowed {
        return Ok(());
    }
    Err(RunError::Refused {
        why: "this is a live key, and verifying makes a customer and moves credit".to_owned(),
        hints: vec!["use a test key, or type `--live` if that is wanted".to_owned()],
    })
}

/// The wanted products, or all.
async fn chosen(client: &Client, codes: &[String]) -> Result<Vec<Product>, RunError> {
    let all = client.products().await?;
    let mut products = Vec::new();
    for code in codes {
        if !all.iter().any(|product| product.code == *code) {
            let near = nearest(code, all.iter().map(|product| product.code.as_str()));
            let known: Vec<&str> = all.iter().map(|product| product.code.as_str()).collect();
            let hint = near.map_or_else(
                || format!("there are: {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(RunError::Usage { why: format!("there is no product `{code}`"), hints: vec![hint] });
        }
    }
    for summary in all.iter().filter(|product| codes.is_empty() || codes.contains(&product.code)) {
        products.push(client.product(&summary.id).await?);
    }
    if products.is_empty() {
        let hints = vec!["create and publish one in Credyt first".to_owned()];
        return Err(RunError::Usage { why: "the account has no product".to_owned(), hints });
    }
    Ok(products)
}

fn show(screen: &mut Screen, report: &Report) -> Result<(), RunError> {
    let mut title = Text::new().with(Label::Heading, &report.product);
    if let Some(customer) = &report.customer_id {
        title = title.muted(&format!("  {customer}"));
    }
    screen.report(title)?;
    for Outcome { step, status, detail, change } in &report.steps {
        let (label, mark) = match status {
            Status::Pass => (Label::Success, "✓ pass"),
            Status::Fail => (Label::Error, "✗ fail"),
            Status::Skipped => (Label::Muted, "- skip"),
        };
        let line = Text::new().plain("  ").with(label, mark).plain("  ").plain(step.title()).pad_to(32);
        screen.report_indented(32, line.muted(detail))?;
        if let Some(change) = change {
            screen.report_indented(
                32,
                Text::new().plain("").pad_to(10).with(Label::Hint, "change: ").plain(change),
            )?;
        }
    }
    Ok(())
}

fn summary(reports: &[Report], events: &[EventCheck]) -> Text {
    let failed = reports.iter().filter(|report| !report.ok()).count();
    let free = events.iter().filter(|check| check.status == Status::Fail).count();
    if failed == 0 && free > 0 {
        let what = if free == 1 { "event type of this app has" } else { "event types of this app have" };
        Text::new().with(Label::Error, "✗").plain(&format!(" {free} {what} no fee"))
    } else if failed == 0 {
        Text::new().with(Label::Success, "✓").plain(&format!(" nothing failed on {}", count(reports.len())))
    } else {
        Text::new().with(Label::Error, "✗").plain(&format!(" {failed} of {} failed", count(reports.len())))
    }
}

fn count(products: usize) -> String {
    format!("{products} product{}", if products == 1 { "" } else { "s" })
}
