//! What is known once the signed-in user is read where a step needs them, before any of it is written.

use super::walk::Walk;
use super::{AppFacts, RunError, Survey};
use crate::edit::Layer;
use crate::resolve::Program;
use crate::sites::Site;
use crate::steps::{Area, StepPlan, reading};
use crate::workspace::Workspace;

/// The app with the readings laid.
pub(super) struct Ahead {
    layers: Vec<Layer>,
    pub(super) workspace: Workspace,
    pub(super) program: Program,
    pub(super) app: AppFacts,
    pub(super) sites: Vec<Site>,
}

/// Whether a step acts on who pays for a call.
fn needs_payers(area: Area) -> bool {
    matches!(area, Area::Events | Area::Gating | Area::Costs)
}

/// What a step is planned upon, where it needs more than there is.
pub(super) fn look(survey: &dyn Survey, walk: &Walk<'_>, area: Area) -> Result<Option<Ahead>, RunError> {
    if !needs_payers(area) {
        return Ok(None);
    }
    laid(survey, walk, reading::plan(&walk.context(&walk.answers, false)))
}

/// The app with these readings; nothing where there are none, or they do not go together.
pub(super) fn laid(
    survey: &dyn Survey,
    walk: &Walk<'_>,
    layers: Vec<Layer>,
) -> Result<Option<Ahead>, RunError> {
    if layers.is_empty() {
        return Ok(None);
    }
    let Some(workspace) = Layer::lay(&layers, &walk.workspace) else { return Ok(None) };
    let payer = walk.answers.payer();
    let findings = survey.survey_again(&walk.program, &workspace, &walk.app.root, &payer)?;
    let root = &walk.app.root;
    let Some(app) = findings.apps.into_iter().find(|app| app.root == *root) else { return Ok(None) };
    let sites = findings.sites.into_iter().filter(|site| site.app == *root).collect();
    let mut ahead = Ahead { layers, workspace, program: findings.program, app, sites };
    walk.take_answers_of(&mut ahead.sites);
    Ok(Some(ahead))
}

impl Ahead {
    /// A plan made upon the readings, with what is left said of the lines of the files as they are.
    pub(super) fn told_of(&self, mut plan: StepPlan, walk: &Walk<'_>) -> StepPlan {
        for todo in &mut plan.todo {
            if let (Some(file), Some(line)) = (&todo.file, &mut todo.line) {
                *line = Layer::line_beneath(&self.layers, &walk.workspace, file, *line);
            }
        }
        plan
    }

    /// A plan made upon the readings, as one of the files as they are. Where no edit stands on some of them, those to plan
    /// upon instead come back, which are fewer.
    ///
    /// # Errors
    /// See above; without any where the two changes do not come apart.
    pub(super) fn over(&self, plan: StepPlan, walk: &Walk<'_>) -> Result<StepPlan, Vec<Layer>> {
        let Some((changes, used)) = plan.changes.over(&self.layers, &walk.workspace) else {
            return Err(Vec::new());
        };
        if used.contains(&false) {
            let used = self.layers.iter().zip(used).filter(|(_, used)| *used);
            return Err(used.map(|(layer, _)| layer.clone()).collect());
        }
        Ok(StepPlan { changes, ..plan })
    }
}
