//! Watching an integrated app in use: what `verify --app` does until all is seen, and `demo` until it is stopped.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::credyt::ClientError;
use crate::golive::{Check, Look, News, Outcome, Proxy, Refusal, Source, Status, Watch};
use crate::review::{Label, Screen, Text};
use crate::run::RunError;

/// Where the details of the checks begin.
const DETAILS: usize = 43;

/// How a watch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// All five checks hold.
    Complete,
    /// The time was up.
    TimedOut,
    /// Told to stop.
    Stopped,
}

/// What is watched, and for how long.
pub(super) struct Watching<'w> {
    pub(super) source: &'w Source,
    pub(super) watch: &'w mut Watch,
    pub(super) proxy: Option<&'w mut Proxy>,
    /// Go on when everything was seen.
    pub(super) stay: bool,
    pub(super) timeout: Option<Duration>,
}

impl Watching<'_> {
    /// Looks again and again, and tells what is new.
    pub(super) async fn run(
        mut self,
        screen: &mut Screen,
        stop: impl Future<Output = ()>,
    ) -> Result<Ended, RunError> {
        let mut stop = std::pin::pin!(stop);
        let deadline = self.timeout.map(|timeout| tokio::time::Instant::now() + timeout);
        let mut lost = false;
        loop {
            let was_complete = self.watch.complete();
            let news = tokio::select! {
                () = &mut stop => return Ok(Ended::Stopped),
                () = until(deadline) => return Ok(Ended::TimedOut),
                refusal = refusal(self.proxy.as_deref_mut()) => self.watch.refused(&refusal),
                () = tokio::time::sleep(self.source.pause()) => {
                    let look = self.source.look(&self.watch.skipped()).await;
                    take(screen, self.watch, look, &mut lost)
                }
            };
            for item in &news {
                tell(screen, item)?;
            }
            if self.watch.complete() && !was_complete {
                if !self.stay {
                    return Ok(Ended::Complete);
                }
                screen.report(Text::new().with(Label::Success, "✓").plain(" that was the whole cycle"))?;
            }
        }
    }
}

async fn until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// The next refusal; never, without a proxy.
async fn refusal(proxy: Option<&mut Proxy>) -> Refusal {
    match proxy {
        Some(proxy) => match proxy.refusal().await {
            Some(refusal) => refusal,
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}

/// A look that failed is said once, and tried again.
fn take(
    screen: &mut Screen,
    watch: &mut Watch,
    look: Result<Look, ClientError>,
    lost: &mut bool,
) -> Vec<News> {
    match look {
        Ok(look) => {
            *lost = false;
            watch.observe(&look)
        }
        Err(error) => {
            if !std::mem::replace(lost, true) {
                screen.warn(&format!("Credyt cannot be looked at, and is tried again: {error}"));
            }
            Vec::new()
        }
    }
}

/// What the user is to do, in order.
pub(super) fn tasks(screen: &mut Screen) {
    for (number, check) in Check::ALL.iter().enumerate() {
        screen.say(
            Text::new()
                .plain("  ")
                .with(Label::Key, &(number + 1).to_string())
                .plain(&format!("  {}", check.task())),
        );
    }
}

fn tell(screen: &mut Screen, news: &News) -> Result<(), RunError> {
    match news {
        News::Decided(outcome) => outcome_line(screen, outcome)?,
        News::Trouble(text) => screen.warn(text),
    }
    Ok(())
}

/// One check: how it stands, when that was seen, and what was seen.
pub(super) fn outcome_line(screen: &mut Screen, outcome: &Outcome) -> Result<(), RunError> {
    let (label, mark) = match outcome.status {
        Status::Seen => (Label::Success, "✓"),
        Status::Inferred => (Label::Warning, "~"),
        Status::Failed => (Label::Error, "✗"),
        Status::Missing => (Label::Muted, "–"),
    };
    let time = outcome.at.map(clock).unwrap_or_default();
    let line = Text::new()
        .with(label, mark)
        .muted(&format!(" {time}"))
        .pad_to(12)
        .plain(outcome.check.title())
        .pad_to(DETAILS)
        .then(Text::sentence(&outcome.detail));
    screen.report_indented(DETAILS, line)?;
    if let Some(change) = &outcome.change {
        let line = Text::new().pad_to(12).with(Label::Hint, "change: ").then(Text::sentence(change));
        screen.report_indented(20, line)?;
    }
    Ok(())
}

fn clock(time: Timestamp) -> String {
    time.to_zoned(TimeZone::system()).strftime("%H:%M:%S").to_string()
}
