//! A Credyt on the user's own machine.
//!
//! A real HTTP server on loopback that behaves as the API does, with pages to look at and to top up on. Billing is exact, requests
//! are checked against the same types the client uses ([`crate::credyt::types`]), and what the real service accepts in silence is
//! shown as a doubt.
//!
//! ```text
//! request -> guard (switches, key) -> route -> Store (one lock, pure of I/O) -> answer
//!                                                 |-> outbox -> webhook delivery
//!                                                 |-> state file, dashboard
//! ```

mod app;
mod behaviour;
mod catalogue;
mod control;
mod delivery;
mod extract;
mod feed;
mod ledger;
mod origin;
mod pages;
mod persist;
mod price;
mod refusal;
mod routes;
mod store;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use behaviour::{
    Behaviour, BehaviourPatch, DuplicateStatus, LocationForm, LookupForm, Outage, RepeatedEvent,
    UnknownVendor, UnpaidWord,
};
pub use catalogue::has_recurring_fee;
pub use persist::StateError;

use app::App;

/// The key that examples and demos use; any key with its prefix is accepted.
pub const SANDBOX_KEY: &str = "key_test_sandbox";

/// How long open requests may take to finish when the server stops.
const GRACE: Duration = Duration::from_secs(2);

/// A function that gets one line for every request and every doubt.
pub type LogSink = Arc<dyn Fn(&str) + Send + Sync>;

/// How to start a sandbox. The default is in memory, on a free loopback port, with the default catalogue.
#[derive(Clone)]
pub struct SandboxConfig {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// The address that links are built with, when it is not the one listened on.
    pub public_url: Option<String>,
    /// A file that keeps the state over restarts.
    pub state: Option<PathBuf>,
    /// Products, assets and vendors to begin with, instead of the default ones.
    pub seed: Option<PathBuf>,
    /// The switches to begin with.
    pub behaviour: Behaviour,
    /// A webhook destination to begin with: its address, and its secret if it is to be a known one.
    pub webhook: Option<(String, Option<String>)>,
    /// Where log lines go.
    pub log: Option<LogSink>,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            public_url: None,
            state: None,
            seed: None,
            behaviour: Behaviour::default(),
            webhook: None,
            log: None,
        }
    }
}

/// Why a sandbox cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The port is taken, or may not be used.
    #[error("cannot listen on {address}: {source}; choose another port with --port, or 0 for a free one")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A state or seed file cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// A product, asset, vendor or webhook of the seed or a flag was refused.
    #[error("{what} was refused: {reason}")]
    Refused {
        /// What was to be made.
        what: String,
        /// Why the API would refuse it.
        reason: String,
    },
    /// The HTTP client for webhooks cannot start.
    #[error("the HTTP client for webhooks cannot start: {0}")]
    Client(#[from] reqwest::Error),
}

/// The local server.
pub struct Sandbox;

impl Sandbox {
    /// Starts a server on the current tokio runtime and returns once it accepts connections.
    pub async fn start(config: SandboxConfig) -> Result<Handle, SandboxError> {
        let address = SocketAddr::new(config.host, config.port);
        let listen = |source| SandboxError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let addr = listener.local_addr().map_err(listen)?;
        let lock = config.state.as_deref().map(persist::Lock::take).transpose()?;
        let (stop, stopped) = watch::channel(false);
        let app = App::new(&config, addr, stopped.clone())?;
        let router = routes::router(app.clone());
        let saving = tokio::spawn(app::save_changes(app.clone()));
        let ticking = tokio::spawn(app::settle_in_time(app.clone()));
        let serving = tokio::spawn(async move {
            let mut stopped = stopped;
            let until = async move {
                // An error means the handle is gone, which is a reason to stop, too.
                drop(stopped.wait_for(|stop| *stop).await);
            };
            axum::serve(listener, router).with_graceful_shutdown(until).await
        });
        Ok(Handle { addr, app, stop, serving, background: [saving, ticking], _lock: lock })
    }
}

/// A running sandbox. Dropping it stops the server without waiting.
pub struct Handle {
    /// The address it listens on.
    pub addr: SocketAddr,
    app: App,
    stop: watch::Sender<bool>,
    serving: JoinHandle<std::io::Result<()>>,
    background: [JoinHandle<()>; 2],
    /// Held until the last state is written.
    _lock: Option<persist::Lock>,
}

impl Handle {
    /// The base address for `CREDYT_API_URL` and for the browser.
    pub fn url(&self) -> String {
        self.app.base().to_owned()
    }

    /// Changes switches, as `POST /_sandbox/behaviour` does.
    pub fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        self.app.write(|store, _| change(&mut store.behaviour));
    }

    /// The secret of the first webhook destination.
    pub fn webhook_secret(&self) -> Option<String> {
        self.app.read(|store, _| store.webhooks.values().next().and_then(|webhook| webhook.secret.clone()))
    }

    /// The state as the dashboard shows it.
    pub fn snapshot(&self) -> serde_json::Value {
        control::snapshot(&self.app)
    }

    /// Stops accepting, lets open requests finish, and writes the state file.
    pub async fn shutdown(self) -> Result<(), SandboxError> {
        self.stop.send_replace(true);
        let mut serving = self.serving;
        if tokio::time::timeout(GRACE, &mut serving).await.is_err() {
            serving.abort();
        }
        for task in self.background {
            task.abort();
        }
        self.app.save()?;
        Ok(())
    }
}
