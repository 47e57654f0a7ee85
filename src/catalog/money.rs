//! `money.toml`: what an app counts by itself.

use serde::Deserialize;

/// Everything that file says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnMoney {
    /// Names of members and columns that hold what a user may still use.
    pub counters: Vec<String>,
    /// Who sells plans.
    pub plans: Vec<Plans>,
}

/// One who sells plans.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plans {
    /// Its name for people.
    pub title: String,
    /// The packages; `*` stands for any text.
    pub modules: Vec<String>,
    /// What is called to sell one: the last members.
    pub calls: Vec<String>,
    /// The document it was learned from.
    pub link: String,
}
