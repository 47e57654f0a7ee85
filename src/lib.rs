//! Wires Credyt's real-time billing into an existing app, as codemods.
//!
//! One way through the program, each arrow a function between plain data types:
//!
//! ```text
//! repository -> workspace -> fingerprint -> sites -> step plan -> change set -> review -> apply -> journal
//! ```
//!
//! Reading never writes, planning never writes, only [`edit`] writes. Everything a framework, auth library, ORM,
//! env style or AI provider needs is data in `codemods/`, compiled into the binary.
pub mod answers;
pub mod catalog;
pub mod cli;
pub mod credyt;
mod deep;
pub mod demo;
pub mod edit;
pub mod fingerprint;
pub mod flow;
pub mod golive;
pub mod ir;
pub mod net;
pub mod resolve;
pub mod review;
pub mod run;
pub mod sandbox;
pub mod sites;
pub mod steps;
pub mod syntax;
pub mod template;
mod unseen;
pub mod workspace;
