//! Changes to other people's files: as values, as a diff, on the disk, and back.
//!
//! A step describes what it wants as [`EditUnit`]s: byte-range [`Edit`]s and [`NewFile`]s that stand or fall together,
//! each with its reason. A [`ChangeSet`] collects units and refuses one that conflicts, whole, naming both reasons.
//! [`ChangeSet::outcome`] gives the exact bytes after the change; nothing has been written yet, and every byte that no
//! edit covers is the one it was.
//!
//! ```text
//! EditUnit* -> ChangeSet -> Outcome -> diff (review) -> check (parses as before?) -> apply -> Journal -> undo
//! ```
//!
//! This room does not know why an edit is made.

mod change_set;
mod check;
mod diff;
pub mod journal;
mod layer;
mod listing;
pub mod manifest;
mod outcome;
mod text_edit;
mod unit;

pub use change_set::{ChangeSet, Conflict, Party, Selection, UnitId};
pub use check::CheckError;
pub use diff::{FileDiff, Hunk, Line, LineKind, Span, UNIFIED_CONTEXT};
pub use layer::Layer;
pub use listing::Listing;
pub use outcome::{Change, FileOutcome, HunkRef, Outcome, OutcomeError, is_env_file};
pub use text_edit::Edit;
pub use unit::{EditUnit, NewFile};

#[cfg(test)]
mod tests;
