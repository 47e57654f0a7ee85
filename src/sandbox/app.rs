//! What all requests share: the store behind its lock, the clock, the feed for the dashboard, and the tasks in the background.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::feed::Feed;
use super::store::Store;
use super::{LogSink, SandboxConfig, SandboxError, catalogue, delivery, persist};
use crate::credyt::types::CreateWebhookRequest;

/// How long changes are gathered before the state file is written.
const SAVE_AFTER: Duration = Duration::from_millis(200);
/// How often the due list is looked at when no request does it.
const TICK: Duration = Duration::from_millis(250);

/// The shared state of the server; cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

struct Inner {
    store: Mutex<Store>,
    feed: Mutex<Feed>,
    base: String,
    loopback: bool,
    public: bool,
    state: Option<PathBuf>,
    log: Option<LogSink>,
    http: reqwest::Client,
    /// Counts changes of the store, for the state file.
    changes: watch::Sender<u64>,
    /// Counts anything worth showing, for the dashboard.
    activity: watch::Sender<u64>,
    stopped: watch::Receiver<bool>,
}

impl App {
    pub(crate) fn new(
        config: &SandboxConfig,
        addr: SocketAddr,
        stopped: watch::Receiver<bool>,
    ) -> Result<Self, SandboxError> {
        let base = config.public_url.clone().unwrap_or_else(|| {
            let host = if addr.ip().is_unspecified() { "127.0.0.1".to_owned() } else { host_text(addr) };
            format!("http://{host}:{}", addr.port())
        });
        let base = base.trim_end_matches('/').to_owned();
        let kept = config.state.as_deref().map(persist::load).transpose()?.flatten();
        let fresh = kept.is_none();
        let mut store = kept.unwrap_or_default();
        store.base.clone_from(&base);
        if fresh {
            catalogue::fill(&mut store, config.seed.as_deref(), clock(0))?;
        }
        store.behaviour = config.behaviour.clone();
        if let Some((url, secret)) = &config.webhook {
            let known = store.webhooks.values().any(|webhook| webhook.url == *url);
            if !known {
                let request = CreateWebhookRequest { url: url.clone(), topics: None, connect: None };
                store.create_webhook(request, secret.clone(), clock(0)).map_err(|refusal| {
                    SandboxError::Refused {
                        what: format!("the webhook {url}"),
                        reason: refusal.reason().to_owned(),
                    }
                })?;
            }
        }
        let inner = Inner {
            store: Mutex::new(store),
            feed: Mutex::new(Feed::default()),
            base,
            loopback: addr.ip().is_loopback(),
            public: config.public_url.is_some(),
            state: config.state.clone(),
            log: config.log.clone(),
            http: delivery::client()?,
            changes: watch::Sender::new(0),
            activity: watch::Sender::new(0),
            stopped,
        };
        let app = Self(Arc::new(inner));
        if fresh {
            app.save()?;
        }
        Ok(app)
    }

    /// Reads the store, with everything due carried out.
    pub(crate) fn read<R>(&self, read: impl FnOnce(&Store, Timestamp) -> R) -> R {
        let (mut store, now) = self.settled();
        let result = read(&store, now);
        self.release(&mut store, false);
        result
    }

    /// Changes the store.
    pub(crate) fn write<R>(&self, change: impl FnOnce(&mut Store, Timestamp) -> R) -> R {
        let (mut store, now) = self.settled();
        let result = change(&mut store, now);
        self.release(&mut store, true);
        result
    }

    fn settled(&self) -> (MutexGuard<'_, Store>, Timestamp) {
        // An operation that panicked changed at most one object; serving on is better than failing every request.
        let mut store = self.0.store.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock(store.clock_offset);
        if store.next_due().is_some_and(|due| due <= now) {
            store.settle(now);
            self.changed();
        }
        (store, now)
    }

    fn release(&self, store: &mut Store, changed: bool) {
        for outgoing in std::mem::take(&mut store.outbox) {
            tokio::spawn(delivery::deliver(self.clone(), outgoing));
        }
        if changed {
            self.changed();
        }
    }

    fn changed(&self) {
        self.0.changes.send_modify(|count| *count += 1);
        self.show();
    }

    fn show(&self) {
        self.0.activity.send_modify(|count| *count += 1);
    }

    /// Reads or changes the feed.
    pub(crate) fn feed<R>(&self, use_feed: impl FnOnce(&mut Feed) -> R) -> R {
        use_feed(&mut self.0.feed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Records something in the feed and shows it.
    pub(crate) fn record(&self, add: impl FnOnce(&mut Feed)) {
        self.feed(add);
        self.show();
    }

    pub(crate) fn log(&self, line: &str) {
        if let Some(log) = &self.0.log {
            log(line);
        }
    }

    pub(crate) fn base(&self) -> &str {
        &self.0.base
    }

    /// Whether the server is reachable from this machine only.
    pub(crate) fn loopback(&self) -> bool {
        self.0.loopback
    }

    /// Whether it is also known by another address.
    pub(crate) fn is_public(&self) -> bool {
        self.0.public
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.0.http
    }

    pub(crate) fn activity(&self) -> watch::Receiver<u64> {
        self.0.activity.subscribe()
    }

    /// Waits until the server stops.
    pub(crate) async fn stopping(&self) {
        let mut stopped = self.0.stopped.clone();
        // An error means the handle is gone.
        drop(stopped.wait_for(|stop| *stop).await);
    }

    /// Writes the state file, if there is to be one.
    pub(crate) fn save(&self) -> Result<(), SandboxError> {
        let Some(path) = &self.0.state else { return Ok(()) };
        let store = self.0.store.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(persist::save(path, &store)?)
    }
}

/// Writes the state file a little after each change, for as long as the server runs.
pub(crate) async fn save_changes(app: App) {
    if app.0.state.is_none() {
        return;
    }
    let mut changes = app.0.changes.subscribe();
    loop {
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return },
            () = app.stopping() => return,
        }
        tokio::time::sleep(SAVE_AFTER).await;
        changes.mark_unchanged();
        let saver = app.clone();
        let saved = tokio::task::spawn_blocking(move || saver.save()).await;
        if let Ok(Err(error)) = saved {
            app.log(&format!("error: {error}"));
        }
    }
}

/// Carries out what becomes due while no request comes, so that the dashboard shows it in time.
pub(crate) async fn settle_in_time(app: App) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(TICK) => app.read(|_, _| ()),
            () = app.stopping() => return,
        }
    }
}

/// The time, to the seventh digit as the service writes it.
fn clock(offset_seconds: i64) -> Timestamp {
    let now = Timestamp::now();
    let now = now.checked_add(SignedDuration::from_secs(offset_seconds)).unwrap_or(now);
    let rounding = jiff::TimestampRound::new()
        .smallest(jiff::Unit::Nanosecond)
        .increment(100)
        .mode(jiff::RoundMode::Trunc);
    now.round(rounding).unwrap_or(now)
}

fn host_text(addr: SocketAddr) -> String {
    if addr.is_ipv6() { format!("[{}]", addr.ip()) } else { addr.ip().to_string() }
}
