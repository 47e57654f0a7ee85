//! What an entry says about where an app runs, as far as the generated modules have to know it.

use serde::Deserialize;

use super::entry::Snippet;

/// The host part of an entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// The process may stand still or end once the answer is out, and what is under way with it.
    #[serde(default)]
    pub freezes: bool,
    /// The statement that keeps work going after the answer; it may throw outside of a request. Variable: `work`, a
    /// promise.
    pub after: Option<Snippet>,
    /// Why an app there cannot be integrated, as the end of "`app` cannot be integrated yet: …".
    pub refused: Option<String>,
}
