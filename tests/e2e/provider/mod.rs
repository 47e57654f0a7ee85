//! A stand-in for the AI providers, on loopback: answers in their shapes with fixed usage, fails when told to, counts its calls.

mod messages;
mod openai;
mod replicate;
mod sse;

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What each answer says it used.
const INPUT_TOKENS: u32 = 120;
const OUTPUT_TOKENS: u32 = 34;
/// What each answer says.
const WORDS: &[&str] = &["Small ", "boats ", "row ", "home."];

/// How calls are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    #[default]
    Answer,
    /// Refused, with a status that no SDK repeats.
    Refuse,
    /// Streams go on for a while, so that their reader can leave.
    GoOn,
    /// Streams begin, and the connection breaks.
    Break,
}

/// The running stand-in.
pub(crate) struct Provider {
    base: String,
    calls: Calls,
    serving: JoinHandle<()>,
}

#[derive(Clone, Default)]
struct Calls {
    count: Arc<AtomicU32>,
    left: Arc<AtomicU32>,
    mode: Arc<Mutex<Mode>>,
}

impl Provider {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let base = format!("http://{}", listener.local_addr()?);
        let calls = Calls::default();
        let router = Router::new()
            .merge(openai::router())
            .merge(messages::router())
            .merge(replicate::router())
            .fallback(unknown)
            .with_state(calls.clone());
        let serving = tokio::spawn(async move {
            drop(axum::serve(listener, router).await);
        });
        Ok(Self { base, calls, serving })
    }

    /// Its address, without a path.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// How many paid calls it got.
    pub(crate) fn count(&self) -> u32 {
        self.calls.count.load(Ordering::SeqCst)
    }

    /// How many streams were left by their readers before their end.
    pub(crate) fn left(&self) -> u32 {
        self.calls.left.load(Ordering::SeqCst)
    }

    pub(crate) fn switch(&self, mode: Mode) {
        *self.calls.mode.lock().expect("nobody panics while holding it") = mode;
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Calls {
    /// Counts a paid call; an answer at once when it is to fail.
    fn begin(&self) -> Result<Mode, Box<Response>> {
        self.count.fetch_add(1, Ordering::SeqCst);
        let mode = *self.mode.lock().expect("nobody panics while holding it");
        if mode == Mode::Refuse {
            let body = json!({
                "type": "error",
                "detail": "The stand-in was told to refuse.",
                "error": {"type": "authentication_error", "code": "invalid_api_key", "message": "The stand-in was told to refuse."},
            });
            return Err(Box::new((StatusCode::UNAUTHORIZED, axum::Json(body)).into_response()));
        }
        Ok(mode)
    }
}

/// A path nobody described is a fault of the test or of the app, and is counted like a paid call.
async fn unknown(State(calls): State<Calls>, uri: axum::http::Uri) -> Response {
    calls.count.fetch_add(1, Ordering::SeqCst);
    (StatusCode::NOT_FOUND, format!("the stand-in has no {uri}")).into_response()
}
