//! The result of a run, and its document: the shapes of `run --json` and `plan --json` are these types.

use serde::Serialize;

use super::left::{Left, fold};
use super::typecheck::Problem;
use crate::edit::{Change, Outcome};
use crate::steps::{Area, Route, Todo};

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepStatus {
    /// Written.
    Applied,
    /// Would be written (`plan`, `--dry-run`).
    Planned,
    /// Nothing to change.
    Already,
    /// By the user or a flag.
    Skipped,
    /// The notes say why.
    NotApplicable,
    /// Wanted, and not written; the notes say why.
    Failed,
}

/// A file that a step changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// Relative to the root.
    pub file: String,
    /// Whether it is new.
    pub change: Change,
    /// Lines.
    pub added: usize,
    /// Lines.
    pub removed: usize,
    /// The unified diff, only where nothing was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
}

/// One step of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepReport {
    /// Which.
    pub step: Area,
    /// What became of it.
    pub status: StepStatus,
    /// What changed, sorted by path.
    pub files: Vec<FileReport>,
    /// Ids of the sites acted on.
    pub sites: Vec<String>,
    /// What it added to the app's HTTP surface.
    pub routes: Vec<Route>,
    /// What to know.
    pub notes: Vec<String>,
    /// How to try it; empty when nothing was added.
    pub next: String,
}

impl StepReport {
    pub(super) fn new(step: Area, status: StepStatus) -> Self {
        Self {
            step,
            status,
            files: Vec::new(),
            sites: Vec::new(),
            routes: Vec::new(),
            notes: Vec::new(),
            next: String::new(),
        }
    }

    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

/// The files of an outcome.
pub(super) fn files(outcome: &Outcome, with_diff: bool) -> Vec<FileReport> {
    let report = |file: &crate::edit::FileOutcome| {
        let diff = file.diff();
        FileReport {
            file: file.path().to_owned(),
            change: file.change(),
            added: diff.added,
            removed: diff.removed,
            diff: with_diff.then(|| diff.unified()),
        }
    };
    outcome.files().iter().map(report).collect()
}

/// How a check of the changed files ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum CheckResult {
    /// Nothing new is wrong.
    #[serde(rename = "ok")]
    Ok,
    /// Something new is wrong.
    #[serde(rename = "failed")]
    Failed,
    /// Nobody asked.
    #[serde(rename = "not run")]
    NotRun,
}

/// How the app's own type check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeCheck {
    /// Nobody asked, or it could not be run.
    NotRun,
    /// No error that was not there before.
    Same,
    /// Errors that were not there before.
    New(Vec<Problem>),
}

impl Serialize for TypeCheck {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::NotRun => serializer.serialize_str("not run"),
            Self::Same => serializer.serialize_str("same"),
            Self::New(problems) => serializer.collect_seq(problems.iter().map(ToString::to_string)),
        }
    }
}

/// The checks of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checks {
    /// Every changed file parses with no more errors than before.
    pub parse: CheckResult,
    /// The project's own type check.
    pub typecheck: TypeCheck,
}

/// The document of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunReport {
    /// Of the document.
    pub version: u32,
    /// In order.
    pub steps: Vec<StepReport>,
    /// How the result was checked.
    pub checks: Checks,
    /// What is left for a person, as the steps say it; a line for each of `left` in the document.
    #[serde(serialize_with = "as_lines")]
    pub todo: Vec<Todo>,
    /// The same folded by cause, once the run has ended.
    pub left: Vec<Left>,
}

impl RunReport {
    pub(super) fn new() -> Self {
        let checks = Checks { parse: CheckResult::NotRun, typecheck: TypeCheck::NotRun };
        Self { version: 1, steps: Vec::new(), checks, todo: Vec::new(), left: Vec::new() }
    }

    /// Steps with this status.
    pub fn with_status(&self, status: StepStatus) -> impl Iterator<Item = &StepReport> {
        self.steps.iter().filter(move |step| step.status == status)
    }
}

fn as_lines<S: serde::Serializer>(todo: &[Todo], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(fold(todo).iter().map(ToString::to_string))
}
