//! Nobody is asked: every question takes its default, every step its default selection (`--yes`, `plan`).

use crate::answers::Value;
use crate::review::{Screen, Text, diff_view};
use crate::sites::{Explainer, Site, SiteKind};
use crate::steps::Question;

use super::{AppFacts, Reviewer, RunError, StepView, Verdict, introduction};

/// Approves what is selected by default.
#[derive(Debug, Clone, Copy)]
pub struct Unattended;

/// The app in which most is spent, or else most would be acted on; the first of equals.
pub fn likeliest(apps: &[AppFacts], sites: &[Site]) -> usize {
    let weight = |app: &AppFacts| {
        let own = || sites.iter().filter(|site| site.app == app.root && site.selected);
        (own().filter(|site| site.kind == SiteKind::Billable).count(), own().count())
    };
    let best = apps.iter().map(weight).max().unwrap_or_default();
    apps.iter().position(|app| weight(app) == best).unwrap_or(0)
}

impl Reviewer for Unattended {
    /// The likeliest app; see [`likeliest`].
    fn choose_app(
        &mut self,
        screen: &mut Screen,
        apps: &[AppFacts],
        sites: &[Site],
    ) -> Result<usize, RunError> {
        let index = likeliest(apps, sites);
        if let Some(app) = apps.get(index) {
            let root = &app.root;
            screen.warn(&format!("the repository holds {} apps; taking `{root}`", apps.len()));
            let others: Vec<String> = apps
                .iter()
                .filter(|other| other.root != *root)
                .map(|other| format!("`{}`", other.root))
                .collect();
            screen.hint(&format!("`--app` chooses another: {}", others.join(", ")));
        }
        Ok(index)
    }

    fn overview(
        &mut self,
        _screen: &mut Screen,
        _app: &AppFacts,
        _explainer: &Explainer<'_>,
        _ask: bool,
    ) -> Result<Vec<(String, bool)>, RunError> {
        Ok(Vec::new())
    }

    fn answer(&mut self, _screen: &mut Screen, question: &Question) -> Result<Value, RunError> {
        question.default.clone().ok_or_else(|| RunError::Unanswered(Box::new(question.clone())))
    }

    fn review(&mut self, screen: &mut Screen, view: &StepView<'_>) -> Result<Verdict, RunError> {
        introduction(screen, view)?;
        if view.dry_run {
            let lines = diff_view::outcome(view.outcome, screen.width());
            screen.report_lines(&lines)?;
            screen.report("")?;
        } else {
            for (_, file) in diff_view::order(view.outcome) {
                screen.report(Text::new().plain("  ").then(diff_view::file_line(file)))?;
            }
        }
        Ok(Verdict::Apply { changes: view.changes.clone(), left_out: Vec::new() })
    }

    fn is_interactive(&self) -> bool {
        false
    }

    fn confirm(&mut self, _screen: &mut Screen, _text: &str, default: bool) -> Result<bool, RunError> {
        Ok(default)
    }
}
