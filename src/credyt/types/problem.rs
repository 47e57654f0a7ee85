//! Answers that many operations share: pages and problems.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// An offset page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The objects of this page.
    pub items: Vec<T>,
    /// How many objects match over all pages.
    pub total_count: usize,
    /// The page size used.
    pub limit: usize,
    /// How many objects were skipped.
    pub offset: usize,
}

/// An error body: problem details, with `errors` when the content was refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// A URI that names the kind of problem.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The kind of problem in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The status again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// This occurrence in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Field path to messages.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: BTreeMap<String, Vec<String>>,
}
