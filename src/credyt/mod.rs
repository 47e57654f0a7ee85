//! The Credyt API: its types, a client, and the webhook signature.
//!
//! One definition serves both sides. [`types`] is what the client sends and what the local server in
//! [`crate::sandbox`] checks, stores and answers; a field that is renamed here is renamed for both. Money and quantities
//! are [`Amount`]s: exact decimals that travel as JSON numbers and never pass through a float.

mod amount;
mod client;
mod params;
pub(crate) mod shape;
mod signature;
pub mod types;
pub mod verify;
pub mod verify_events;

pub use amount::{Amount, AmountError};
pub(crate) use client::http_builder;
pub use client::{Client, ClientError, Environment, key_environment};
pub use params::query_string;
pub use shape::{Check, Findings, Shape, nearest};
pub use signature::{SIGNATURE_HEADER, SIGNATURE_TOLERANCE_SECONDS, sign, verify};

/// Where the real service answers.
pub const DEFAULT_URL: &str = "https://api.credyt.ai";
/// The header that carries the key. Header names ignore case.
pub const KEY_HEADER: &str = "x-credyt-api-key";
