//! How far an app's integration is.
//!
//! The code decides: an area is there when its step, planned now, has nothing to do. The journal only adds whether a
//! file was edited since a step wrote it.

use camino::Utf8Path;
use serde::Serialize;

use super::safety::from_root;
use super::walk::{Walk, normal_root, read_answers, roots};
use super::{AppFacts, Findings, RunError, RunReport, Survey, fitness};
use crate::edit::journal::FileState;
use crate::steps::{Area, Status, Step};
use crate::workspace::Workspace;

/// The state of every area of an app.
#[derive(Debug)]
pub struct AppStatus {
    /// The app.
    pub app: AppFacts,
    /// In the order of the steps.
    pub areas: Vec<AreaStatus>,
}

/// The state of one area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AreaStatus {
    /// Which.
    pub area: Area,
    /// How it is.
    pub state: AreaState,
    /// Of its places: how many have it, and how many there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<(usize, usize)>,
    /// Why the area has no place in the app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The files its step wrote, as the journal knows.
    pub files: Vec<AreaFile>,
}

/// A file that a step wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AreaFile {
    /// Relative to the root.
    pub file: String,
    /// `as-applied`, `edited` or `missing`.
    pub state: &'static str,
}

/// How an area is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AreaState {
    /// The code has it.
    Integrated,
    /// The code has it, and a file was edited since.
    Changed,
    /// Some of its places have it.
    HalfDone,
    /// The code has not got it.
    Missing,
    /// The app gives it no place.
    NotApplicable,
}

/// Looks at an app and says how far it is. Writes nothing.
pub fn status_of(
    path: &Utf8Path,
    app: Option<&str>,
    survey: &dyn Survey,
    steps: &[&dyn Step],
) -> Result<AppStatus, RunError> {
    let workspace = Workspace::open(path)?;
    let findings = survey.survey(&workspace)?;
    let app = choose(workspace.root(), app, &findings)?;
    let sites = findings.sites.iter().filter(|site| site.app == app.root).cloned().collect();
    let answers = read_answers(&workspace, &app.root)?;
    let root = workspace.root().to_owned();
    let mut walk = Walk {
        catalog: survey.catalog(),
        program: findings.program,
        root,
        workspace,
        app,
        sites,
        answers,
        report: RunReport::new(),
        past: Vec::new(),
        check: None,
        ahead: None,
    };
    walk.take_site_answers();
    let journal = walk.journal()?;
    let entries = journal.entries()?;
    let mut areas = Vec::new();
    for step in steps {
        let area = step.area();
        let (plan, _) = walk.trial(*step, false)?;
        let mut files = Vec::new();
        for entry in entries.iter().filter(|entry| entry.step == area.id()) {
            for (path, state) in journal.states(entry)? {
                let state = match state {
                    FileState::AsApplied => "as-applied",
                    FileState::Edited => "edited",
                    FileState::Missing => "missing",
                };
                files.push(AreaFile { file: from_root(&walk.app.root, &path), state });
            }
        }
        let touched = files.iter().any(|file| file.state != "as-applied");
        let half = plan.progress.filter(|(done, of)| *done > 0 && done < of);
        let (state, why) = match plan.status {
            Status::Already | Status::Planned if half.is_some() => (AreaState::HalfDone, None),
            Status::Already if touched => (AreaState::Changed, None),
            Status::Already => (AreaState::Integrated, None),
            Status::Planned | Status::Refused => (AreaState::Missing, None),
            Status::NotApplicable(why) => (AreaState::NotApplicable, Some(why)),
        };
        areas.push(AreaStatus { area, state, done: half, why, files });
    }
    Ok(AppStatus { app: walk.app, areas })
}

/// The named app, the only one, or the one that has answers.
fn choose(root: &Utf8Path, wanted: Option<&str>, findings: &Findings) -> Result<AppFacts, RunError> {
    let apps = &findings.apps;
    let found = match wanted {
        Some(wanted) => apps.iter().find(|app| app.root == normal_root(root, wanted)),
        None if apps.is_empty() => return Err(fitness::no_app(root)),
        None if apps.len() == 1 => apps.first(),
        None => apps.iter().find(|app| root.join(&app.root).join(crate::answers::FILE_NAME).is_file()),
    };
    found.cloned().ok_or_else(|| RunError::Usage {
        why: "which app is meant is not clear".to_owned(),
        hints: vec![format!("pass `--app` with one of {}", roots(apps))],
    })
}
