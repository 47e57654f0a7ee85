//! The integration tests: one binary, linked once.

mod sandbox;
mod sandbox_support;
mod sandbox_verify;
mod sandbox_webhooks;
mod steps;
