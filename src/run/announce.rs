//! What a walk says about each step, whoever decides.

use super::StepView;
use crate::edit::Outcome;
use crate::review::{Label, Screen, ScreenError, Text, diff_view};
use crate::steps::{Area, StepPlan};

/// `Step 2 of 7 · Customers`
pub(crate) fn headline(
    screen: &mut Screen,
    position: usize,
    total: usize,
    area: Area,
) -> Result<(), ScreenError> {
    screen.report("")?;
    screen.report(
        Text::new()
            .muted(&format!("Step {position} of {total}  "))
            .with(Label::Heading, area.title())
            .muted("  ")
            .with(Label::Literal, area.id()),
    )
}

/// What the step is for, before its questions.
pub(crate) fn purpose(screen: &mut Screen, area: Area) -> Result<(), ScreenError> {
    screen.report_indented(2, Text::new().plain("  ").then(area.what().into()))
}

/// What to know before the diff: notes, and what the step leaves to a person.
pub(crate) fn introduction(screen: &mut Screen, view: &StepView<'_>) -> Result<(), ScreenError> {
    notes(screen, view.plan)?;
    for todo in view.plan.todo.iter().filter(|todo| todo.unmet) {
        let place = todo.place().unwrap_or_default();
        let text =
            Text::new().with(Label::Warning, "  ! ").path(&place).plain(" ").then(todo.text.as_str().into());
        screen.report_indented(4, text)?;
    }
    screen.report("")
}

/// Notes, one a line.
pub(crate) fn notes(screen: &mut Screen, plan: &StepPlan) -> Result<(), ScreenError> {
    plan.notes
        .iter()
        .try_for_each(|note| screen.report_indented(4, Text::new().muted("  · ").then(note.as_str().into())))
}

/// `3 files  +60 -1`
pub(crate) fn totals(outcome: &Outcome) -> Text {
    let sum = |count: fn(&crate::edit::FileDiff) -> usize| {
        outcome.files().iter().map(|file| count(file.diff())).sum::<usize>()
    };
    let files = outcome.files().len();
    Text::new()
        .plain(&format!("{files} file{}  ", if files == 1 { "" } else { "s" }))
        .then(diff_view::counts(sum(|d| d.added), sum(|d| d.removed)))
}

/// After a step was written (or would have been).
pub(crate) fn applied(
    screen: &mut Screen,
    plan: &StepPlan,
    outcome: &Outcome,
    left_out: &[String],
    dry_run: bool,
) -> Result<(), ScreenError> {
    let verb = if dry_run { "would be written" } else { "written" };
    screen.report(
        Text::new().with(Label::Success, "✓").plain(" ").then(totals(outcome)).plain(&format!(" {verb}")),
    )?;
    for title in left_out {
        screen.report_indented(4, Text::new().muted("  – left out: ").plain(title))?;
    }
    if !plan.next.is_empty() {
        let lead = Text::new().plain("  ").with(Label::Hint, "try it").plain(": ");
        screen.report_indented(10, lead.then(plan.next.as_str().into()))?;
    }
    Ok(())
}
