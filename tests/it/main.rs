//! The integration tests: one binary, linked once.

mod sandbox;
mod sandbox_support;
mod steps;
