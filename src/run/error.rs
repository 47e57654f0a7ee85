//! Why a run ended before its end, with the exit status the contract gives it.

use crate::answers::AnswersError;
use crate::catalog::CatalogError;
use crate::credyt::ClientError;
use crate::edit::journal::{FOLDER, JournalError};
use crate::edit::{Conflict, OutcomeError};
use crate::review::ScreenError;
use crate::sandbox::SandboxError;
use crate::steps::Question;
use crate::workspace::WorkspaceError;

/// Exit statuses of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done, also when nothing was left to do.
    Done = 0,
    /// An error.
    Error = 1,
    /// Wrong usage.
    Usage = 2,
    /// Stopped by the user; what was approved stays.
    Stopped = 3,
    /// Not a project the tool can integrate.
    NotIntegrable = 4,
    /// Refused for safety.
    Refused = 5,
    /// A step that was wanted could not be applied.
    Incomplete = 6,
}

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The user stopped it.
    #[error("stopped; what was approved stays")]
    Stopped,
    /// The project is not one that can be integrated.
    #[error("{why}")]
    NotIntegrable {
        /// A sentence without its full stop.
        why: String,
        /// What is missing, or what to do.
        hints: Vec<String>,
    },
    /// Going on could lose someone's work.
    #[error("{why}")]
    Refused {
        /// A sentence without its full stop.
        why: String,
        /// The ways out.
        hints: Vec<String>,
    },
    /// The command line does not fit the project.
    #[error("{why}")]
    Usage {
        /// A sentence without its full stop.
        why: String,
        /// What to do.
        hints: Vec<String>,
    },
    /// A question without an answer, and nobody to ask.
    #[error("`{}` has no answer, and there is no terminal to ask on", .0.key)]
    Unanswered(Box<Question>),
    /// A prompt, and nobody to ask.
    #[error("there is no terminal to ask on: {what}")]
    NoTerminal {
        /// What would have been asked.
        what: String,
        /// The flag that answers it.
        hints: Vec<String>,
    },
    /// See [`AnswersError`].
    #[error(transparent)]
    Answers(#[from] AnswersError),
    /// The knowledge base that is compiled in is broken, which its tests rule out.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// See [`WorkspaceError`].
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// See [`OutcomeError`].
    #[error(transparent)]
    Outcome(#[from] OutcomeError),
    /// See [`Conflict`].
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// See [`JournalError`].
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// See [`ScreenError`].
    #[error(transparent)]
    Screen(#[from] ScreenError),
    /// See [`ClientError`].
    #[error(transparent)]
    Credyt(#[from] ClientError),
    /// See [`SandboxError`].
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The terminal failed.
    #[error("cannot read from the terminal: {0}")]
    Terminal(std::io::Error),
    /// Another program failed.
    #[error("{what}: {source}")]
    Program {
        /// What was tried.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl RunError {
    /// The exit status.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Stopped => Exit::Stopped,
            Self::Screen(ScreenError::Closed) => Exit::Done,
            Self::NotIntegrable { .. } => Exit::NotIntegrable,
            Self::Refused { .. } | Self::Outcome(OutcomeError::Exists { .. }) => Exit::Refused,
            Self::Usage { .. } => Exit::Usage,
            Self::Journal(error) if error.is_refusal() => Exit::Refused,
            Self::Unanswered(_)
            | Self::NoTerminal { .. }
            | Self::Answers(_)
            | Self::Catalog(_)
            | Self::Workspace(_)
            | Self::Outcome(_)
            | Self::Conflict(_)
            | Self::Journal(_)
            | Self::Screen(_)
            | Self::Credyt(_)
            | Self::Sandbox(_)
            | Self::Terminal(_)
            | Self::Program { .. } => Exit::Error,
        }
    }

    /// What to do next, each a sentence without its full stop.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::NotIntegrable { hints, .. }
            | Self::Refused { hints, .. }
            | Self::Usage { hints, .. }
            | Self::NoTerminal { hints, .. } => hints.clone(),
            Self::Unanswered(question) => vec![
                format!("it asks: {}", question.text),
                format!("pass `--set '{}=…'`, or write the key into `credyt.toml`", question.key),
            ],
            Self::Answers(error) => vec![error.hint()],
            Self::Journal(JournalError::Unfinished { .. }) => {
                vec!["run `credyt-integrate undo` to roll it back, then run again".to_owned()]
            }
            Self::Journal(JournalError::ChangedSinceApplied { .. }) => {
                vec!["`--keep-mine` leaves files that you edited as they are, and undoes the rest".to_owned()]
            }
            Self::Journal(JournalError::Untrusted { .. }) => vec![format!(
                "remove `{FOLDER}` to go on without it; what it recorded can then no longer be undone"
            )],
            Self::Journal(JournalError::Owner { .. }) => {
                vec!["run as the user that owns it, or take the file over first".to_owned()]
            }
            _ => Vec::new(),
        }
    }
}

/// From a prompt: Ctrl-C means stop.
impl From<std::io::Error> for RunError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::Interrupted { Self::Stopped } else { Self::Terminal(error) }
    }
}

impl From<dialoguer::Error> for RunError {
    fn from(error: dialoguer::Error) -> Self {
        let dialoguer::Error::IO(error) = error;
        error.into()
    }
}
