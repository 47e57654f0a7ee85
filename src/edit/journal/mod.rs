//! Writing a change as one transaction, finishing or rolling back one that was cut short, and undoing.
//!
//! Everything lies in `.credyt/` in the app's folder, which ignores itself in git:
//!
//! ```text
//! .credyt/.gitignore              *
//! .credyt/lock                    held while writing
//! .credyt/staging/000003/0.after  texts of a transaction under way, owner-only, gone when it is done
//! .credyt/journal/000003.pending.json -> 000003.json   the rename is the commit mark
//! ```
//!
//! The order is the guarantee. The texts before and after are staged, then the pending record is written, and only then
//! the first file of the user is touched, each by temp-and-rename. So at every instant each file is either as before or
//! as after, and both texts are at hand: an interrupted transaction can be finished or rolled back exactly, and either
//! can itself be interrupted. A file that is neither was edited by someone; that is refused, naming it.
//!
//! A repository may bring such a folder of its own, so nothing in it is believed that this program would not have written.

mod disk;
mod guard;
mod layout;
mod past;
mod record;
mod store;
mod transaction;
mod undo;

pub use disk::{Disk, Mode, SystemDisk};
pub use record::{JournalEdit, JournalEntry, JournalFile, hash};
pub use store::Journal;
pub use transaction::Unfinished;
pub use undo::{FileState, HandEdits, Undone, Which};

use camino::Utf8PathBuf;

/// Name of the folder in the app's root.
pub const FOLDER: &str = ".credyt";

/// Why something was not written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The app's folder is not there.
    #[error("`{0}` is not a folder")]
    NotAFolder(Utf8PathBuf),
    /// Someone changed the file between planning and writing.
    #[error("`{file}` changed since it was planned, nothing was written; plan again")]
    ChangedSincePlanned {
        /// The file.
        file: String,
    },
    /// Someone changed the file after it was applied.
    #[error(
        "`{file}` was edited after step `{step}` changed it, nothing was undone; take the step's lines out by hand or restore the file first"
    )]
    ChangedSinceApplied {
        /// The file.
        file: String,
        /// The step.
        step: String,
    },
    /// A later step changed the same lines.
    #[error(
        "step `{by}` builds upon what step `{step}` wrote in `{file}`, nothing was undone; undo `{by}` first"
    )]
    BuiltUpon {
        /// The file.
        file: String,
        /// The step to undo.
        step: String,
        /// The later step.
        by: String,
    },
    /// Someone changed the file after a transaction was cut short.
    #[error("`{file}` was edited after step `{step}` was interrupted; restore it, then try again")]
    ChangedSinceInterrupted {
        /// The file.
        file: String,
        /// The interrupted step.
        step: String,
    },
    /// A symbolic link or `..` leads out of the repository.
    #[error("`{file}` leads out of the repository; edit the place it points to by hand")]
    LeavesRoot {
        /// The file.
        file: String,
    },
    /// Two planned files are one file on the disk.
    #[error("`{first}` and `{second}` are the same file; only one of them can be changed")]
    SameFile {
        /// One path.
        first: String,
        /// The other.
        second: String,
    },
    /// An earlier transaction was cut short.
    #[error("an earlier run was interrupted in step `{step}`; finish it or roll it back first")]
    Unfinished {
        /// The step.
        step: String,
    },
    /// Something in the folder was not written by this program.
    #[error("`{path}` {why}, so nothing in `{FOLDER}` is believed")]
    Untrusted {
        /// The file or folder.
        path: Utf8PathBuf,
        /// What is wrong with it: a predicate.
        why: String,
    },
    /// Whoever owns the file would no longer.
    #[error(
        "`{file}` belongs to another user or group, and this user cannot give it back to them after writing it"
    )]
    Owner {
        /// The file.
        file: Utf8PathBuf,
    },
    /// Another process is writing.
    #[error("another run is writing in this app; wait until it is done")]
    Busy,
    /// No applied step has this name.
    #[error("step `{0}` is not applied, so there is nothing to undo")]
    NotApplied(String),
    /// The record cannot be read.
    #[error("`{path}` is not a journal record of this program ({reason}); move it away to go on without it")]
    Record {
        /// The record.
        path: Utf8PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system refused.
    #[error("cannot {what} `{path}`: {source}")]
    Io {
        /// "write", "read", …
        what: &'static str,
        /// The file or folder.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Writing failed and everything is as it was before.
    #[error("{0}; every file is as it was")]
    RolledBack(Box<JournalError>),
}

impl JournalError {
    /// Whether this is a refusal to protect the user's work rather than a fault.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::ChangedSincePlanned { .. }
            | Self::ChangedSinceApplied { .. }
            | Self::BuiltUpon { .. }
            | Self::ChangedSinceInterrupted { .. }
            | Self::LeavesRoot { .. }
            | Self::SameFile { .. }
            | Self::Unfinished { .. }
            | Self::Untrusted { .. }
            | Self::Owner { .. }
            | Self::Busy => true,
            Self::RolledBack(inner) => inner.is_refusal(),
            Self::NotAFolder(_) | Self::NotApplied(_) | Self::Record { .. } | Self::Io { .. } => false,
        }
    }

    fn io(what: &'static str, path: impl Into<Utf8PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }
}

#[cfg(test)]
mod tests;
