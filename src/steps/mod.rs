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
pub(in crate::steps) mod gating;
mod key;
pub mod paid;
mod portal;
mod question;
pub mod reading;
pub mod support;
mod todo;
mod webhook;

pub use crate::fingerprint::App;
pub use area::Area;
pub use question::{Choice, Question, QuestionKind, Series};
pub use todo::{Candidate, Cause, Lacks, OR_SKIP, Todo, Unpaid};

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
    /// Of the places the area is about: how many have it already, and how many there are.
    pub progress: Option<(usize, usize)>,
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
            progress: None,
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
    /// Wanted, and none of it can be written; [`StepPlan::todo`] says why.
    Refused,
}

/// Why a step has no edits to show.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The app gives the area no place; says why.
    NotApplicable(String),
    /// A part of the step cannot be written, and the rest makes no sense without it: what a person has to do first.
    Refused(Vec<Todo>),
}

impl From<String> for Halt {
    fn from(why: String) -> Self {
        Self::NotApplicable(why)
    }
}

impl From<&str> for Halt {
    fn from(why: &str) -> Self {
        Self::NotApplicable(why.to_owned())
    }
}

impl From<Halt> for StepPlan {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::NotApplicable(why) => Self::not_applicable(why),
            Halt::Refused(todo) => Self { todo, ..Self::new(Status::Refused) },
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
