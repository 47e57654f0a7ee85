//! What an entry about a sender of webhooks says: how its handlers are told.

use serde::Deserialize;

/// The sender part of an entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    /// Byte strings one of which every handler of its webhooks holds: the call that verifies, the header it reads.
    pub marks: Vec<String>,
    /// Columns in which apps keep its id of whoever pays, lower case, without separators. A record with one answers who pays.
    #[serde(default)]
    pub payer_columns: Vec<String>,
    /// Settings by which a library of theirs is told which record type pays, as they are called in the code. The value is
    /// its name, behind a dot if it has the module's in front.
    #[serde(default)]
    pub payer_settings: Vec<String>,
}
