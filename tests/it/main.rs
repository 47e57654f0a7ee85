//! The program from outside: what is typed, what is printed, the status it ends with, and the files afterwards.
//! One binary, linked once.

mod common;

mod bad_input;
mod carried;
mod demo;
mod explain;
mod hosts;
mod json;
mod net;
mod payer;
mod refusals;
mod sandbox;
mod sandbox_billing;
mod sandbox_state;
mod sandbox_support;
mod sandbox_verify;
mod sandbox_webhooks;
mod sandbox_wire;
mod shapes;
mod statuses;
mod steps;
#[cfg(unix)]
mod terminal;
mod tool;
mod trust;
mod verify_app;
mod verify_events;
mod walk;
