//! The walk through the steps: ask, plan, show, approve, check, apply, and look again.
//!
//! In: a folder, the options of the command line, the steps, something that finds what is in a workspace
//! ([`Survey`]), and someone who decides ([`Reviewer`]: a person at a terminal, or [`Unattended`]). Out: a
//! [`RunReport`], which is the document of `run --json`.
//!
//! One loop serves `run`, `--dry-run` and `plan`: a dry run lays each step's outcome over the workspace in memory
//! instead of writing it, so later steps see the same files in both, and what was shown is what is written.

mod ahead;
mod announce;
mod checking;
mod driver;
mod elsewhere;
mod error;
mod fitness;
mod git;
mod left;
mod local_env;
mod payer;
mod report;
mod safety;
mod status;
mod summary;
mod typecheck;
mod unattended;
mod unread;
mod walk;

pub(crate) use announce::{introduction, totals};
pub use driver::{Driver, Ended};
pub use error::{Exit, RunError};
pub use left::{Left, Place, fold};
pub use report::{CheckResult, Checks, FileReport, RunReport, StepReport, StepStatus, TypeCheck};
pub(crate) use safety::open_journal;
pub use status::{AppStatus, AreaFile, AreaState, AreaStatus, status_of};
pub use summary::{CHECKLIST, checklist, summary};
pub use typecheck::Problem;
pub use unattended::{Unattended, likeliest};
pub(crate) use walk::difference;

use crate::answers::{PayerAnswer, Value};
use crate::catalog::Catalog;
use crate::edit::{ChangeSet, Outcome};
use crate::fingerprint::App;
use crate::resolve::Program;
use crate::review::Screen;
use crate::sites::payer::Payers;
use crate::sites::{Explainer, Site};
use crate::steps::{Area, Question, StepPlan};
use crate::workspace::Workspace;

/// What the command line asks for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The app's folder, as given.
    pub app: Option<String>,
    /// Only these areas.
    pub step: Option<Vec<Area>>,
    /// Not these areas.
    pub skip: Vec<Area>,
    /// Answers, `KEY=VALUE`.
    pub set: Vec<String>,
    /// Write nothing.
    pub dry_run: bool,
    /// Work beside uncommitted changes.
    pub allow_dirty: bool,
    /// Run the app's own type check before and after.
    pub typecheck: bool,
}

/// Finds out what is in a workspace.
pub trait Survey {
    /// What is known of frameworks, auth libraries and the like.
    fn catalog(&self) -> &Catalog;

    /// The apps and every place in them.
    fn survey(&self, workspace: &Workspace) -> Result<Findings, RunError>;

    /// The same later, where it was said who pays in one of the apps: what is known of files that have not changed is not
    /// found out again.
    fn survey_again(
        &self,
        _before: &Program,
        workspace: &Workspace,
        _app: &str,
        _payer: &PayerAnswer,
    ) -> Result<Findings, RunError> {
        self.survey(workspace)
    }
}

/// What is in a workspace.
pub struct Findings {
    /// What the names in the workspace's files mean.
    pub program: Program,
    /// The apps, sorted by root.
    pub apps: Vec<AppFacts>,
    /// Every place, best first.
    pub sites: Vec<Site>,
}

/// One app, as far as the walk and the screen need to know it.
#[derive(Debug, Clone, Default)]
pub struct AppFacts {
    /// Folder relative to the workspace's root, `.` when it is the root.
    pub root: String,
    /// The name in its manifest, or the folder's.
    pub name: String,
    /// What was recognised, for the steps.
    pub app: App,
    /// What was recognised, in the order of the screen.
    pub facts: Vec<Fact>,
    /// AI providers it uses, for people.
    pub providers: Vec<String>,
    /// Whether the app knows its users: some way to sign in was recognised.
    pub has_users: bool,
    /// Who could pay, where there is a choice.
    pub payers: Option<Payers>,
    /// Command that checks the types.
    pub typecheck: Option<String>,
    /// Why the host it runs on leaves no way to integrate it, as a sentence about "it".
    pub refused: Option<String>,
}

/// One line of what was recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// "Framework"
    pub label: &'static str,
    /// "nextjs-app"
    pub value: String,
    /// `file:line` of the evidence.
    pub place: Option<String>,
}

/// One step, ready for a decision.
#[derive(Debug)]
pub struct StepView<'a> {
    /// Which.
    pub area: Area,
    /// 1-based position among the steps of this run.
    pub position: usize,
    /// Steps of this run.
    pub total: usize,
    /// What the step says about it.
    pub plan: &'a StepPlan,
    /// The files as they are.
    pub workspace: &'a Workspace,
    /// Everything that would be written, `credyt.toml` included.
    pub changes: &'a ChangeSet,
    /// What it comes to.
    pub outcome: &'a Outcome,
    /// Nothing will be written.
    pub dry_run: bool,
    /// Whether there is a step to go back to.
    pub can_go_back: bool,
    /// Knows why the places are what they are said to be.
    pub explainer: Explainer<'a>,
}

impl<'a> StepView<'a> {
    /// The places the step acts on.
    pub fn sites(&self) -> Vec<&'a Site> {
        let of_units = self.outcome.sites();
        let at_hand = |site: &&Site| self.plan.sites.contains(&site.id) || of_units.contains(&site.id);
        self.explainer.sites.iter().filter(at_hand).collect()
    }
}

/// What was decided about a step.
#[derive(Debug)]
pub enum Verdict {
    /// Write these: all, a part, or what the user made of it.
    Apply {
        /// What to write.
        changes: ChangeSet,
        /// Titles of the units that were left out.
        left_out: Vec<String>,
    },
    /// Not this step.
    Skip,
    /// To the step before, undoing it.
    Back,
    /// No further.
    Quit,
}

/// Who decides.
pub trait Reviewer {
    /// Which app, by its index; there are at least two.
    fn choose_app(
        &mut self,
        screen: &mut Screen,
        apps: &[AppFacts],
        sites: &[Site],
    ) -> Result<usize, RunError>;

    /// Shows what was found and returns the sites to switch on or off.
    fn overview(
        &mut self,
        screen: &mut Screen,
        app: &AppFacts,
        explainer: &Explainer<'_>,
        ask: bool,
    ) -> Result<Vec<(String, bool)>, RunError>;

    /// The answer to a question.
    fn answer(&mut self, screen: &mut Screen, question: &Question) -> Result<Value, RunError>;

    /// The answers to the questions of one step, in their order.
    fn answers(&mut self, screen: &mut Screen, questions: &[Question]) -> Result<Vec<Value>, RunError> {
        questions.iter().map(|question| self.answer(screen, question)).collect()
    }

    /// What to do with a step.
    fn review(&mut self, screen: &mut Screen, view: &StepView<'_>) -> Result<Verdict, RunError>;

    /// Whether a person answers.
    fn is_interactive(&self) -> bool;

    /// Yes or no, about the run itself.
    fn confirm(&mut self, screen: &mut Screen, text: &str, default: bool) -> Result<bool, RunError>;
}
