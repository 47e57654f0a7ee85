//! When the app's own type check is run, and what is made of it: agreed to at the start, looked at after each step where a
//! person can take something back, and reported at the end.

use super::report::TypeCheck;
use super::typecheck::{Check, Problem, hunk_of};
use super::walk::Walk;
use super::{Options, Reviewer, RunError, StepStatus};
use crate::edit::{ChangeSet, HunkRef, LineKind, Outcome};
use crate::review::{Label, Screen, ScreenError, Text};
use crate::steps::{Cause, Todo};

/// Complaints that are printed of one step.
const SHOWN: usize = 12;

/// What is left of a step when something of it is taken back.
pub(super) struct Without {
    pub(super) changes: ChangeSet,
    /// Titles of the units that are gone.
    pub(super) titles: Vec<String>,
}

/// Offers the check, and runs it once when somebody says yes. One that cannot be run is said and left out.
pub(super) fn offer(
    screen: &mut Screen,
    reviewer: &mut dyn Reviewer,
    options: &Options,
    walk: &Walk<'_>,
) -> Result<Option<Check>, RunError> {
    if options.dry_run {
        return Ok(None);
    }
    let Some(command) = Check::command(&walk.root, &walk.app) else {
        if options.typecheck {
            screen.warn("`--typecheck`: no command that checks types is known here, or the packages are not installed");
        }
        return Ok(None);
    };
    let asked = options.typecheck
        || reviewer.is_interactive() && {
            let text = format!("Run the app's own type check before and after? It runs `{command}`");
            reviewer.confirm(screen, &text, false)?
        };
    if !asked {
        return Ok(None);
    }
    screen.say(format!("Checking types before anything is written: {command}"));
    match Check::start(&walk.root, &walk.app, &command) {
        Ok(check) => Ok(Some(check)),
        Err(error) => {
            screen.warn(&format!("the type check is left out: {error}"));
            Ok(None)
        }
    }
}

/// After a step that was written: what it broke, and what to take back of it. Without a person, the end tells.
pub(super) fn step(
    screen: &mut Screen,
    reviewer: &mut dyn Reviewer,
    walk: &mut Walk<'_>,
    changes: &ChangeSet,
    outcome: &Outcome,
) -> Result<Option<Without>, RunError> {
    let Some(check) = walk.check.as_mut().filter(|_| reviewer.is_interactive()) else { return Ok(None) };
    screen.say("Checking types …");
    let fresh = match check.again() {
        Ok(fresh) => fresh,
        Err(error) => {
            screen.warn(&format!("the type check is left out from here on: {error}"));
            walk.check = None;
            return Ok(None);
        }
    };
    if fresh.is_empty() {
        screen.report(Text::new().with(Label::Success, "✓").plain(" no new type error"))?;
        return Ok(None);
    }
    let hunks = show(screen, &fresh, outcome)?;
    if hunks.is_empty() {
        return Ok(None);
    }
    let mut titles: Vec<String> = Vec::new();
    for hunk in &hunks {
        for unit in outcome.units_of(*hunk) {
            let title = outcome.titles().get(unit.index()).cloned().unwrap_or_default();
            if !titles.contains(&title) {
                titles.push(title);
            }
        }
    }
    let named: Vec<String> = titles.iter().map(|title| format!("\u{201c}{title}\u{201d}")).collect();
    let text = format!("Take back {}?", named.join(", "));
    if !reviewer.confirm(screen, &text, true)? {
        return Ok(None);
    }
    Ok(Some(Without { changes: changes.without_hunks(outcome, &hunks).kept, titles }))
}

/// Prints new complaints, each with the hunk that holds it; the hunks.
fn show(screen: &mut Screen, fresh: &[Problem], outcome: &Outcome) -> Result<Vec<HunkRef>, ScreenError> {
    let count = fresh.len();
    let heading = format!(" {count} new type error{}", if count == 1 { "" } else { "s" });
    screen.report(Text::new().with(Label::Error, "✗").plain(&heading))?;
    let mut hunks: Vec<HunkRef> = Vec::new();
    for problem in fresh.iter().take(SHOWN) {
        let place = format!("{}:{}", problem.file, problem.line);
        screen.report_indented(4, Text::new().plain("  ").path(&place).plain("  ").plain(&problem.text))?;
        let Some(at) = hunk_of(outcome, problem).filter(|at| !hunks.contains(at)) else { continue };
        hunks.push(at);
        let diff = outcome.files().get(at.file).map(crate::edit::FileOutcome::diff);
        for line in diff.and_then(|diff| diff.hunks.get(at.hunk)).iter().flat_map(|hunk| &hunk.lines) {
            let near = line.new.is_none_or(|number| number.abs_diff(problem.line) <= 3);
            let (label, mark) = match line.kind {
                LineKind::Added => (Label::Success, "+ "),
                LineKind::Removed => (Label::Error, "- "),
                LineKind::Context => (Label::Muted, "  "),
            };
            if near {
                screen.report(Text::new().plain("      ").with(label, mark).plain(&line.text()))?;
            }
        }
    }
    Ok(hunks)
}

/// The result of the run: what is new since the start, each in `todo`.
pub(super) fn end(screen: &mut Screen, walk: &mut Walk<'_>) {
    let written = walk.report.with_status(StepStatus::Applied).next().is_some();
    let Some(mut check) = walk.check.take() else { return };
    if written && let Err(error) = check.again() {
        screen.warn(&format!("the type check after the run is left out: {error}"));
        return;
    }
    let fresh = check.since_the_start();
    for problem in &fresh {
        let text = format!("new type error: {}", problem.text);
        let todo = Todo::unmet(text, problem.file.as_str(), problem.line);
        walk.report.todo.push(Todo { cause: Cause::NotApplied, ..todo });
    }
    walk.report.checks.typecheck = if fresh.is_empty() { TypeCheck::Same } else { TypeCheck::New(fresh) };
}
