//! What is known at one turn of the walk, and what is remembered of the turns before.

use camino::{Utf8Path, Utf8PathBuf};

use super::ahead::Ahead;
use super::typecheck::Check;
use super::{AppFacts, RunError, RunReport, safety};
use crate::answers::{Answers, FILE_NAME};
use crate::catalog::Catalog;
use crate::edit::journal::Journal;
use crate::edit::{ChangeSet, Edit, EditUnit, NewFile};
use crate::resolve::Program;
use crate::sites::{Explainer, Site};
use crate::steps::{Area, Question, Step, StepContext, StepPlan};
use crate::workspace::{Workspace, WorkspaceError};

/// Everything that is known while walking.
pub(super) struct Walk<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) program: Program,
    pub(super) root: Utf8PathBuf,
    pub(super) workspace: Workspace,
    pub(super) app: AppFacts,
    pub(super) sites: Vec<Site>,
    pub(super) answers: Answers,
    pub(super) report: RunReport,
    pub(super) past: Vec<Decided>,
    /// The app's own type check, when somebody agreed to it.
    pub(super) check: Option<Check>,
    /// What the step at hand is planned upon, where the user is read for it first.
    pub(super) ahead: Option<Ahead>,
}

/// A step that was decided, and what was known before it.
pub(super) struct Decided {
    pub(super) index: usize,
    pub(super) applied: Option<Area>,
    pub(super) workspace: Workspace,
    pub(super) answers: Answers,
    pub(super) todo: usize,
    pub(super) steps: usize,
}

impl Walk<'_> {
    /// Knows why the places are what they are said to be.
    pub(super) fn explainer(&self) -> Explainer<'_> {
        Explainer { program: &self.program, catalog: self.catalog, app: &self.app.app, sites: &self.sites }
    }

    pub(super) fn context<'a>(&'a self, answers: &'a Answers, asked_for: bool) -> StepContext<'a> {
        let own = (&self.workspace, &self.program, &self.app, self.sites.as_slice());
        let ahead = self.ahead.as_ref().map(|a| (&a.workspace, &a.program, &a.app, a.sites.as_slice()));
        let (workspace, program, app, sites) = ahead.unwrap_or(own);
        StepContext { workspace, program, catalog: self.catalog, app: &app.app, sites, answers, asked_for }
    }

    /// The plan of a step with the default of every open question, and those questions.
    pub(super) fn trial(
        &self,
        step: &dyn Step,
        asked_for: bool,
    ) -> Result<(StepPlan, Vec<Question>), RunError> {
        let questions = step.questions(&self.context(&self.answers, asked_for));
        let open: Vec<Question> =
            questions.into_iter().filter(|question| self.answers.get(&question.key).is_none()).collect();
        let mut answers = self.answers.clone();
        for question in &open {
            if let Some(default) = &question.default {
                answers.set(&question.key, default.clone())?;
            }
        }
        Ok((step.plan(&self.context(&answers, asked_for)), open))
    }

    pub(super) fn journal(&self) -> Result<Journal, RunError> {
        safety::open_journal(&self.root, &self.root.join(&self.app.root))
    }

    pub(super) fn in_app(&self, file: &str) -> String {
        in_app(&self.app.root, file)
    }

    /// What the user said about sites wins over scores.
    pub(super) fn take_site_answers(&mut self) {
        let mut sites = std::mem::take(&mut self.sites);
        self.take_answers_of(&mut sites);
        self.sites = sites;
        if let Some(mut ahead) = self.ahead.take() {
            self.take_answers_of(&mut ahead.sites);
            self.ahead = Some(ahead);
        }
    }

    /// See [`Walk::take_site_answers`].
    pub(super) fn take_answers_of(&self, sites: &mut [Site]) {
        for site in sites {
            if let Some(used) = self.answers.site(&site.id) {
                site.selected = used;
            }
        }
    }

    /// The changes, and the answers that led to them.
    pub(super) fn with_answers(&self, changes: &ChangeSet) -> Result<ChangeSet, RunError> {
        let mut changes = changes.clone();
        let path = self.in_app(FILE_NAME);
        let text = self.answers.text();
        let now = self.workspace.text_at(&path);
        if text.is_empty() || now.as_ref().is_some_and(|now| now.as_str() == text) {
            return Ok(changes);
        }
        let why = "a rerun asks nothing twice";
        let unit = EditUnit::new("Remember the answers", why).always();
        let unit = match now {
            None => unit.create(path, NewFile::new(text, why)),
            Some(now) => unit.edit(path, difference(now.as_str(), text, why)),
        };
        changes.push(unit)?;
        Ok(changes)
    }
}

/// The one range in which two texts differ, as an edit.
pub(crate) fn difference(before: &str, after: &str, why: &str) -> Edit {
    let shared = |a: &mut dyn Iterator<Item = (char, char)>| -> usize {
        a.take_while(|(x, y)| x == y).map(|(x, _)| x.len_utf8()).sum()
    };
    let head = shared(&mut before.chars().zip(after.chars()));
    let (b, a) = (before.get(head..).unwrap_or_default(), after.get(head..).unwrap_or_default());
    let tail = shared(&mut b.chars().rev().zip(a.chars().rev()));
    let text = after.get(head..after.len() - tail).unwrap_or_default();
    Edit::replacement(head..before.len() - tail, text, why)
}

pub(super) fn in_app(app_root: &str, file: &str) -> String {
    if app_root == "." { file.to_owned() } else { format!("{app_root}/{file}") }
}

pub(super) fn roots(apps: &[AppFacts]) -> String {
    apps.iter().map(|app| format!("`{}`", app.root)).collect::<Vec<_>>().join(", ")
}

/// An app's folder as given on the command line, in the form findings have it.
pub(super) fn normal_root(root: &Utf8Path, given: &str) -> String {
    let full = root.join(given);
    let full = full.canonicalize_utf8().unwrap_or(full);
    match full.strip_prefix(root) {
        Ok(inner) if inner.as_str().is_empty() => ".".to_owned(),
        Ok(inner) => inner.as_str().replace('\\', "/"),
        Err(_) => given.to_owned(),
    }
}

/// The answers of an app, as they are in a workspace.
pub(super) fn read_answers(workspace: &Workspace, app_root: &str) -> Result<Answers, RunError> {
    let path = in_app(app_root, FILE_NAME);
    match workspace.find(&path) {
        Some(id) => {
            let text = workspace.text(id)?;
            // Sources in UTF-16 are read as they are; TOML is UTF-8, and nothing of another file may count as an answer.
            if text.is_wide() {
                return Err(WorkspaceError::NotUtf8(path).into());
            }
            Ok(Answers::parse(&path, text.as_str())?)
        }
        None => Ok(Answers::default()),
    }
}
