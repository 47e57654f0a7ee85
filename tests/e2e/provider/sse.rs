//! Server-sent events that end, go on until their reader leaves (or for a good while), or break off.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::time::{Duration, Interval, interval};

use super::{Calls, Mode};

/// How fast a stream is that goes on, and for how many pieces it does.
const BETWEEN: Duration = Duration::from_millis(40);
const GOING_ON: u32 = 75;

/// One event: its name, if the provider gives names, and its data.
pub(super) type Event = (Option<&'static str>, Value);

/// A stream of the first events and then the rest; what comes between depends on the mode.
pub(super) fn respond(calls: &Calls, mode: Mode, first: &[Event], rest: &[Event], end: &str) -> Response {
    let again = first.last().map(bytes).unwrap_or_default();
    let mut last: VecDeque<Bytes> = rest.iter().map(bytes).collect();
    last.push_back(Bytes::copy_from_slice(end.as_bytes()));
    let body = Body::from_stream(Answer {
        first: first.iter().map(bytes).collect(),
        between: if mode == Mode::GoOn { GOING_ON } else { 0 },
        again,
        clock: interval(BETWEEN),
        last,
        mode,
        sent: false,
        left: Arc::clone(&calls.left),
    });
    ([(CONTENT_TYPE, "text/event-stream")], body).into_response()
}

fn bytes((name, data): &Event) -> Bytes {
    let name = name.map(|name| format!("event: {name}\n")).unwrap_or_default();
    format!("{name}data: {data}\n\n").into()
}

/// The pieces, each a chunk of its own.
struct Answer {
    first: VecDeque<Bytes>,
    /// How often to repeat a piece, and which, before the last ones.
    between: u32,
    again: Bytes,
    clock: Interval,
    last: VecDeque<Bytes>,
    mode: Mode,
    /// A stream that breaks has let go of its pieces before.
    sent: bool,
    left: Arc<AtomicU32>,
}

impl futures_core::Stream for Answer {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(piece) = self.first.pop_front() {
            return Poll::Ready(Some(Ok(piece)));
        }
        if self.mode == Mode::Break {
            if self.sent {
                return Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())));
            }
            self.sent = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.between > 0 {
            return self.clock.poll_tick(context).map(|_| {
                self.between -= 1;
                Some(Ok(self.again.clone()))
            });
        }
        Poll::Ready(self.last.pop_front().map(Ok))
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if !self.last.is_empty() {
            self.left.fetch_add(1, Ordering::SeqCst);
        }
    }
}
