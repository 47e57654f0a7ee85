//! `sandbox`: a Credyt on this machine, until it is told to stop.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use tokio::sync::mpsc;

use super::CommandResult;
use super::stop::stop_signal;
use crate::review::{Label, Screen, Text};
use crate::run::{Exit, RunError};
use crate::sandbox::{
    Behaviour, DuplicateStatus, LocationForm, LookupForm, Outage, RepeatedEvent, SANDBOX_KEY, Sandbox,
    SandboxConfig, UnknownVendor, UnpaidWord,
};

/// Log lines that wait for the terminal; when it is slower than the requests, lines are left out.
const LINES_WAITING: usize = 1000;

/// The flags of `sandbox`.
#[derive(Debug, Clone, Args)]
pub(super) struct SandboxArgs {
    /// The port to listen on; 0 takes a free one
    #[arg(long, short, default_value_t = 8787)]
    port: u16,

    /// The address to listen on; anything but loopback lets others in
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "ADDRESS")]
    host: IpAddr,

    /// The address that links to the pages are built with, behind a tunnel or in a container
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,

    /// Keep the state in this file over restarts
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Begin with the assets, products and vendors of this JSON file instead of the default ones
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,

    /// Send webhooks to this address
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,

    /// The secret that signs them; without one it is made up and shown
    #[arg(long, value_name = "SECRET", requires = "webhook")]
    webhook_secret: Option<String>,

    /// Do not print a line for every request
    #[arg(long, short)]
    quiet: bool,

    #[command(flatten)]
    switches: Switches,
}

/// What the service leaves open.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Behaviour switches (also POST /_sandbox/behaviour)")]
struct Switches {
    /// Status for a second customer with the same external id
    #[arg(long, value_enum, default_value = "422", value_name = "STATUS")]
    duplicates: DuplicateStatus,

    /// Form of the address in a redirect
    #[arg(long, value_enum, default_value = "relative", value_name = "FORM")]
    location: LocationForm,

    /// How a look-up by external id or code answers
    #[arg(long, value_enum, default_value = "redirect", value_name = "FORM")]
    lookup: LookupForm,

    /// What a cost of an unknown vendor gets
    #[arg(long, value_enum, default_value = "refuse", value_name = "WHAT")]
    unknown_vendor: UnknownVendor,

    /// What an event gets whose id is there already
    #[arg(long, value_enum, default_value = "accept", value_name = "WHAT")]
    repeated_event: RepeatedEvent,

    /// Word for a subscription that waits for payment
    #[arg(long, value_enum, default_value = "action_required", value_name = "WORD")]
    unpaid_word: UnpaidWord,

    /// Milliseconds between an accepted event and its effect on the balance
    #[arg(long, default_value_t = 0, value_name = "MS")]
    event_delay: u32,

    /// Milliseconds that every answer waits
    #[arg(long, default_value_t = 0, value_name = "MS")]
    response_delay: u32,

    /// Answer this many requests with 429 first
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    rate_limited: u32,

    /// Answer this many requests with events with 503 first
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    refused_events: u32,

    /// Take this many requests with events, but close the connection instead of answering
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    lost_events: u32,

    /// Be down from the start
    #[arg(long, value_enum, default_value = "none", value_name = "HOW")]
    outage: Outage,
}

impl Switches {
    fn behaviour(&self) -> Behaviour {
        Behaviour {
            duplicate_customer: self.duplicates,
            location: self.location,
            lookup: self.lookup,
            unknown_vendor: self.unknown_vendor,
            repeated_event: self.repeated_event,
            unpaid_word: self.unpaid_word,
            event_delay_ms: self.event_delay,
            response_delay_ms: self.response_delay,
            rate_limited: self.rate_limited,
            refused_events: self.refused_events,
            lost_events: self.lost_events,
            outage: self.outage,
            ..Behaviour::default()
        }
    }
}

/// Serves until Ctrl-C or a request to terminate.
pub(super) fn sandbox(screen: &mut Screen, args: &SandboxArgs) -> CommandResult {
    runtime()?.block_on(serve(screen, args))
}

/// A tokio runtime for a command.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, RunError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|source| RunError::Program { what: "cannot start the network runtime".to_owned(), source })
}

async fn serve(screen: &mut Screen, args: &SandboxArgs) -> CommandResult {
    let (sender, mut lines) = mpsc::channel::<String>(LINES_WAITING);
    let config = SandboxConfig {
        host: args.host,
        port: args.port,
        public_url: args.public_url.clone(),
        state: args.state.clone(),
        seed: args.seed.clone(),
        behaviour: args.switches.behaviour(),
        webhook: args.webhook.clone().map(|url| (url, args.webhook_secret.clone())),
        log: Some(Arc::new(move |line: &str| {
            // A full queue means the terminal is slower than the requests.
            drop(sender.try_send(line.to_owned()));
        })),
    };
    let mut stop = Box::pin(stop_signal()?);
    let handle = Sandbox::start(config).await?;
    let url = handle.url();
    screen.report(Text::new().plain("Sandbox ready at ").with(Label::Path, &url))?;
    screen.say(Text::sentence(&format!(
        "Dashboard: {url}  In the app's environment: `CREDYT_API_URL={url}` `CREDYT_API_KEY={SANDBOX_KEY}`"
    )));
    if !args.host.is_loopback() {
        screen.warn("others can reach this sandbox, its dashboard and its controls");
    }
    if args.webhook.is_some() && args.webhook_secret.is_none() {
        let secret = handle.webhook_secret().unwrap_or_default();
        screen.say(Text::sentence(&format!("Webhooks are signed with `{secret}`")));
    }
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(line) = lines.recv() => show(screen, &line, args.quiet),
        }
    }
    screen.say("Stopping.");
    handle.shutdown().await?;
    Ok(Exit::Done)
}

fn show(screen: &mut Screen, line: &str, quiet: bool) {
    if let Some(doubt) = line.strip_prefix("doubt: ") {
        screen.warn(doubt);
    } else if let Some(error) = line.strip_prefix("error: ") {
        screen.error(error);
    } else if !quiet {
        screen.say(Text::new().with(Label::Muted, line));
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: SandboxArgs,
    }

    #[test]
    fn the_defaults_of_the_flags_are_those_of_the_library() {
        let line = Line::try_parse_from(["sandbox"]).unwrap();
        assert_eq!(line.args.switches.behaviour(), Behaviour::default());
        let line =
            Line::try_parse_from(["sandbox", "--duplicates", "409", "--unpaid-word", "pending"]).unwrap();
        assert_eq!(line.args.switches.behaviour().duplicate_customer, DuplicateStatus::Conflict);
    }
}
