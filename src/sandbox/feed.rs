//! What the dashboard shows besides the store: recent requests, refusals, and doubts. Bounded, and not kept over restarts.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::Serialize;

const REQUESTS_KEPT: usize = 500;
const DOUBTS_KEPT: usize = 100;

/// The recent past.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    /// Newest last.
    pub(crate) requests: VecDeque<RequestLine>,
    /// Accepted requests that are probably mistakes; newest last.
    pub(crate) notes: VecDeque<Note>,
    /// All API requests since the start.
    pub(crate) total: u64,
}

/// One API request.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RequestLine {
    pub(crate) at: Timestamp,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: u16,
    /// Milliseconds.
    pub(crate) took: u64,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// Something accepted but doubtful.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Note {
    pub(crate) at: Timestamp,
    pub(crate) about: String,
    pub(crate) text: String,
}

impl Feed {
    pub(crate) fn request(&mut self, line: RequestLine) {
        self.total += 1;
        push(&mut self.requests, line, REQUESTS_KEPT);
    }

    pub(crate) fn note(&mut self, note: Note) {
        push(&mut self.notes, note, DOUBTS_KEPT);
    }
}

fn push<T>(list: &mut VecDeque<T>, item: T, limit: usize) {
    if list.len() >= limit {
        list.pop_front();
    }
    list.push_back(item);
}
