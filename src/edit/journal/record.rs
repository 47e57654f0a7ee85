//! What the journal keeps of a transaction: enough to undo it byte for byte, and no text of a file with secrets.
//!
//! A record is one JSON file, `journal/000001.json`. Undoing appends a record too, so the log only grows, and what is in
//! force is computed: the records that no later record undoes.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::edit::{Change, FileOutcome};

/// One applied step (or the undoing of some).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalEntry {
    /// Of this format.
    pub version: u32,
    /// Counts up from 1.
    pub id: u32,
    /// The step; `undo` for an undoing.
    pub step: String,
    /// When.
    pub at: jiff::Timestamp,
    /// The repository's root, seen from the app's folder: `.` or `../..`.
    pub root: String,
    /// Ids of the sites the step acted on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<String>,
    /// Ids of the entries that this one undoes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undoes: Vec<u32>,
    /// Of an undoing: some file had a text from before already, which may come back out of a stash. What is known of
    /// it is kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub apart: bool,
    /// The files, sorted by path.
    pub files: Vec<JournalFile>,
    /// Folders that were made for new files, outermost first, seen from the app's folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<String>,
}

/// One file of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalFile {
    /// Seen from the app's folder, with `/`; may start with `../` in a monorepo.
    pub path: String,
    /// Hash of the bytes before, `None` when the file did not exist.
    pub before: Option<String>,
    /// Hash of the bytes after, `None` when the file was removed.
    pub after: Option<String>,
    /// Lines added.
    pub added: usize,
    /// Lines removed.
    pub removed: usize,
    /// What was replaced, from top to bottom, at offsets of the text before. Empty for a whole file, and in the record of
    /// an undoing, which is told by what it undoes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<JournalEdit>,
    /// Permission bits before, where the system has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// Owner-only permissions if it is made anew, and no text of it here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
}

impl JournalFile {
    /// New or changed, `None` when the entry removed it.
    pub fn change(&self) -> Option<Change> {
        match (&self.before, &self.after) {
            (_, None) => None,
            (None, Some(_)) => Some(Change::Created),
            (Some(_), Some(_)) => Some(Change::Modified),
        }
    }
}

/// One replaced range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalEdit {
    /// First byte replaced.
    pub start: usize,
    /// One past the last byte replaced.
    pub end: usize,
    /// Bytes that took their place.
    pub inserted: usize,
    /// What was replaced.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub removed: String,
}

/// Name of the bytes of a file.
pub fn hash(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut name = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// The record of one file of an outcome. The text of an edit is never kept, and what an edit of a file with secrets
/// replaced is white space ([`crate::edit::OutcomeError::OverwritesSecret`]).
pub(super) fn file_record(path: String, file: &FileOutcome) -> JournalFile {
    let created = file.change() == Change::Created;
    let edits = file.placed.iter().filter(|_| !created).map(|p| {
        let range = p.edit.range();
        JournalEdit {
            start: range.start,
            end: range.end,
            inserted: p.edit.text().len(),
            removed: file.before().slice(range).to_owned(),
        }
    });
    JournalFile {
        path,
        before: (!created).then(|| hash(file.before().bytes())),
        after: Some(hash(file.after().bytes())),
        added: file.diff().added,
        removed: file.diff().removed,
        edits: edits.collect(),
        mode: None,
        secret: file.is_secret(),
    }
}
