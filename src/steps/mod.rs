//! The integration, one module an area: which sites it takes, which questions it asks, which edits it makes.
//!
//! In: the workspace as it is now, what was found in it, and the answers so far. Out: questions, then a [`StepPlan`].
//! A step is a pure function of its context: it reads no disk, prints nothing, and writes nothing, so that `plan`,
//! `--dry-run` and `run` show the same edits. What a step cannot do is a [`Todo`] with its place, never a guess, and
//! never a failure of what it can do.
//!
//! A finished area is recognised from the code: planned again on its own result, a step answers [`Status::Already`].

mod area;
mod balance;
mod costs;
mod customer;
mod events;
mod gating;
mod key;
pub mod paid;
mod portal;
mod question;
pub mod support;
mod webhook;

pub use crate::fingerprint::App;
pub use area::Area;
pub use question::{Choice, Question, QuestionKind, Series};

use crate::answers::Answers;
use crate::catalog::Catalog;
use crate::edit::ChangeSet;
use crate::resolve::Program;
use crate::sites::Site;
use crate::workspace::Workspace;

/// Everything a step may look at.
#[derive(Clone, Copy)]
pub struct StepContext<'a> {
    /// The files as they are after the steps before this one, in a dry run too.
    pub workspace: &'a Workspace,
    /// What the names in those files mean; of the same workspace.
    pub program: &'a Program,
    /// What is known of frameworks, auth libraries and the like.
    pub catalog: &'a Catalog,
    /// What was recognised in the app.
    pub app: &'a App,
    /// Every place of the app, `selected` as the user left it; a step acts on selected ones only.
    pub sites: &'a [Site],
    /// What the user chose; in [`Step::plan`] every question of [`Step::questions`] has its answer or default here.
    pub answers: &'a Answers,
    /// Whether the area was named with `--step`, so that a step that is only offered for a reason has one.
    pub asked_for: bool,
}

/// One integration area. Implementations hold no state.
pub trait Step: Sync {
    /// Which one.
    fn area(&self) -> Area;

    /// What the code cannot tell. Questions that are answered in `credyt.toml` are not shown again.
    fn questions(&self, cx: &StepContext<'_>) -> Vec<Question>;

    /// The edits that bring the area into the app.
    fn plan(&self, cx: &StepContext<'_>) -> StepPlan;
}

/// What a step would do.
#[derive(Debug, Clone)]
pub struct StepPlan {
    /// Whether there is anything to do.
    pub status: Status,
    /// The edits; empty unless [`Status::Planned`].
    pub changes: ChangeSet,
    /// Ids of the sites that are acted on.
    pub sites: Vec<String>,
    /// What the step adds to the app's HTTP surface.
    pub routes: Vec<Route>,
    /// What the user should know, each a sentence.
    pub notes: Vec<String>,
    /// What is left for a person.
    pub todo: Vec<Todo>,
    /// How to try what was just added, in one or two sentences.
    pub next: String,
}

impl StepPlan {
    /// A plan with this status and nothing else.
    pub fn new(status: Status) -> Self {
        Self {
            status,
            changes: ChangeSet::new(),
            sites: Vec::new(),
            routes: Vec::new(),
            notes: Vec::new(),
            todo: Vec::new(),
            next: String::new(),
        }
    }

    /// Nothing to change: the code has it.
    pub fn already() -> Self {
        Self::new(Status::Already)
    }

    /// The area makes no sense here.
    pub fn not_applicable(why: impl Into<String>) -> Self {
        Self::new(Status::NotApplicable(why.into()))
    }
}

/// Whether a step has anything to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// [`StepPlan::changes`] says what.
    Planned,
    /// The code has the area; only `todo` and `notes` may hold something.
    Already,
    /// The app gives the area no place; says why, and what is missing.
    NotApplicable(String),
}

/// Something a person has to do, with its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Todo {
    /// What to do.
    pub text: String,
    /// Relative to the workspace's root.
    pub file: Option<String>,
    /// 1-based.
    pub line: Option<usize>,
    /// Whether something that was wanted could not be done (exit status 6), not just a chore that is always left.
    pub unmet: bool,
}

impl Todo {
    /// A chore without a place, such as setting the key on the host.
    pub fn chore(text: impl Into<String>) -> Self {
        Self { text: text.into(), file: None, line: None, unmet: false }
    }

    /// Something that was wanted at this place and could not be done.
    pub fn unmet(text: impl Into<String>, file: impl Into<String>, line: usize) -> Self {
        Self { text: text.into(), file: Some(file.into()), line: Some(line), unmet: true }
    }

    /// Something that could not be done at a place: it counts as unmet when the area was asked for by name, and is a
    /// chore otherwise, because what the app needs is there without it.
    pub fn left(asked_for: bool, text: impl Into<String>, file: impl Into<String>, line: usize) -> Self {
        Self { unmet: asked_for, ..Self::unmet(text, file, line) }
    }

    /// The same with a place.
    #[must_use]
    pub fn at(mut self, file: impl Into<String>, line: usize) -> Self {
        self.file = Some(file.into());
        self.line = Some(line);
        self
    }

    /// `file:line`, `None` without a place.
    pub fn place(&self) -> Option<String> {
        let file = self.file.as_deref()?;
        Some(self.line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}")))
    }
}

impl std::fmt::Display for Todo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.place() {
            Some(place) => write!(f, "{place}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// A route the app has after a step.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Route {
    /// What it is for.
    pub what: RouteKind,
    /// `GET`, `POST`.
    pub method: String,
    /// As the app serves it.
    pub path: String,
}

/// What a route is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RouteKind {
    /// Makes a portal session.
    Portal,
    /// Answers the balance.
    Balance,
    /// Receives webhooks.
    Webhook,
}

/// The steps of this build, in the order of [`Area::ALL`]. An area whose step is not among them is not offered.
pub fn all() -> &'static [&'static dyn Step] {
    &[
        &key::KeyStep,
        &customer::CustomerStep,
        &events::EventsStep,
        &gating::GatingStep,
        &portal::PortalStep,
        &balance::BalanceStep,
        &costs::CostsStep,
        &webhook::WebhookStep,
    ]
}
