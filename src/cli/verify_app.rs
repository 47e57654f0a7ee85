//! `verify --app`: the five checks of going live, ticked off while the app is used.

use std::time::Duration;

use reqwest::Url;
use serde::Serialize;

use super::CommandResult;
use super::stop::stop_signal;
use super::verify::VerifyArgs;
use super::watch::{Ended, Watching, outcome_line, tasks};
use crate::credyt::Client;
use crate::golive::{Outcome, Proxy, ProxyError, Source, Watch};
use crate::review::{Label, Screen, Text};
use crate::run::{Exit, RunError};

/// Where the app is opened when no port was asked for and this one is free.
const PORT: u16 = 4020;

#[derive(Debug, Serialize)]
struct Document<'d> {
    version: u32,
    url: &'d str,
    /// `sandbox` or the environment of the key.
    environment: &'d str,
    app: &'d str,
    ok: bool,
    checks: &'d [Outcome],
}

/// Watches until all is seen, the time is up, or the user has enough.
pub(super) async fn verify_app(
    screen: &mut Screen,
    args: &VerifyArgs,
    app: &Url,
    client: Client,
    environment: &str,
) -> CommandResult {
    let stop = stop_signal()?;
    let address = client.base().to_owned();
    let source = Source::of(client).await?;
    let mut proxy = open(app, args.through).await?;
    let first = source.look(&[]).await?;
    let mut watch = Watch::new(&first, args.customer.as_deref(), proxy.is_some());
    let kind = if source.is_sandbox() { "the sandbox" } else { "the account" };
    screen.say(
        Text::new().plain(&format!("Watching {kind} at ")).path(&address).plain(" while you use the app:"),
    );
    tasks(screen);
    if let Some(proxy) = &proxy {
        let about = "  the same app; through here a 402 can be seen";
        screen.say(Text::new().plain("Open it at ").path(&proxy.url()).muted(about));
    } else {
        screen.say(Text::new().plain("Open it at ").path(app.as_str()));
        screen.warn("an answer of 402 cannot be seen over https; it is inferred from what Credyt sees");
    }
    let watching = Watching {
        source: &source,
        watch: &mut watch,
        proxy: proxy.as_mut(),
        stay: false,
        timeout: Some(Duration::from_secs(args.timeout)),
    };
    let ended = watching.run(screen, stop).await?;
    let outcomes = watch.outcomes();
    let ok = watch.complete();
    if args.json {
        let environment = if source.is_sandbox() { "sandbox" } else { environment };
        let document =
            Document { version: 1, url: &address, environment, app: app.as_str(), ok, checks: &outcomes };
        screen.document(&document)?;
    } else {
        summary(screen, &outcomes, ended)?;
    }
    Ok(match ended {
        _ if ok => Exit::Done,
        Ended::Stopped => Exit::Stopped,
        Ended::Complete | Ended::TimedOut => Exit::Error,
    })
}

/// The app through this program, so that its answers can be seen; `None` when it speaks TLS.
async fn open(app: &Url, port: Option<u16>) -> Result<Option<Proxy>, RunError> {
    if app.scheme() == "https" {
        return Ok(None);
    }
    let started = match port {
        Some(port) => Proxy::start(app, port).await,
        None => match Proxy::start(app, PORT).await {
            Err(ProxyError::Listen { .. }) => Proxy::start(app, 0).await,
            other => other,
        },
    };
    started.map(Some).map_err(|error| {
        let hints = match &error {
            ProxyError::Nobody(_) => {
                vec![
                    "start the app with `CREDYT_API_URL` and `CREDYT_API_KEY` set, then run this again"
                        .to_owned(),
                ]
            }
            ProxyError::Address(_) => vec!["pass the address that the app is opened at".to_owned()],
            ProxyError::Listen { .. } => vec!["choose another port with `--through`".to_owned()],
        };
        RunError::Usage { why: error.to_string(), hints }
    })
}

fn summary(screen: &mut Screen, outcomes: &[Outcome], ended: Ended) -> Result<(), RunError> {
    let open: Vec<&Outcome> = outcomes.iter().filter(|outcome| !outcome.holds()).collect();
    if open.is_empty() {
        let text = if outcomes.iter().all(|outcome| outcome.status == crate::golive::Status::Seen) {
            " all five checks were seen"
        } else {
            " all five checks hold; those marked ~ are inferred"
        };
        screen.report(Text::new().with(Label::Success, "✓").plain(text))?;
        return Ok(());
    }
    screen.report("")?;
    let why = match ended {
        Ended::TimedOut => "the time is up",
        Ended::Stopped => "stopped",
        Ended::Complete => "seen otherwise",
    };
    screen
        .report(Text::new().with(Label::Heading, &format!("{} of 5 checks are open: {why}", open.len())))?;
    for outcome in open {
        outcome_line(screen, outcome)?;
    }
    Ok(())
}
