//! `run`: the integration.

use camino::Utf8Path;
use serde::Serialize;

use super::args::RunArgs;
use super::failure::{self, ErrorDocument};
use super::{CommandResult, Rooms, interrupt};
use crate::review::{Screen, Terminal};
use crate::run::{Driver, Ended, Options, Reviewer, RunError, RunReport, StepStatus, Unattended, summary};

pub(super) fn run(screen: &mut Screen, rooms: &Rooms<'_>, args: &RunArgs) -> CommandResult {
    let options = Options {
        app: args.choice.app.clone(),
        step: (!args.choice.step.is_empty()).then(|| args.choice.step.clone()),
        skip: args.choice.skip.clone(),
        set: args.choice.set.clone(),
        dry_run: args.dry_run,
        allow_dirty: args.allow_dirty,
        typecheck: args.typecheck,
    };
    misspelt(&args.path)?;
    let terminal = if args.yes { None } else { Terminal::open() };
    match terminal {
        Some(mut terminal) => {
            interrupt::handle();
            walk(screen, rooms, &mut terminal, &options, &args.path, args.json)
        }
        // Nothing is written, so there is nothing to approve.
        None if args.yes || args.dry_run => {
            walk(screen, rooms, &mut Unattended, &options, &args.path, args.json)
        }
        None => Err(RunError::NoTerminal {
            what: "`run` shows each step and asks before it writes".to_owned(),
            hints: vec![
                "pass `--yes` to approve every step with its default selection".to_owned(),
                "or look first: `credyt-integrate plan`".to_owned(),
            ],
        }),
    }
}

/// Walks the steps and reports, whoever decides.
pub(super) fn walk(
    screen: &mut Screen,
    rooms: &Rooms<'_>,
    reviewer: &mut dyn Reviewer,
    options: &Options,
    path: &Utf8Path,
    json: bool,
) -> CommandResult {
    let driver = Driver { screen, reviewer, survey: rooms.survey.as_ref(), steps: rooms.steps, options };
    let ended = driver.run(path)?;
    finish(screen, &ended, options.dry_run, json)
}

/// A folder that is not there may be a command that was misspelt.
fn misspelt(path: &Utf8Path) -> Result<(), RunError> {
    match super::args::nearest_command(path.as_str()).filter(|_| !path.exists()) {
        Some(command) => Err(RunError::Usage {
            why: format!("`{path}` is neither a folder nor a command"),
            hints: vec![format!("a similar command exists: `credyt-integrate {command}`")],
        }),
        None => Ok(()),
    }
}

/// The document of a run that may have ended early.
#[derive(Debug, Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    report: &'a RunReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDocument>,
}

fn finish(screen: &mut Screen, ended: &Ended, dry_run: bool, json: bool) -> CommandResult {
    if json {
        screen.document(&Document {
            report: &ended.report,
            error: ended.error.as_ref().map(ErrorDocument::of),
        })?;
    }
    summary(screen, ended, dry_run)?;
    match &ended.error {
        Some(RunError::Stopped) if ended.report.with_status(StepStatus::Applied).next().is_none() => {
            screen.say("Stopped. Nothing was written.");
        }
        Some(error) => {
            failure::say(screen, error);
        }
        None => {}
    }
    Ok(ended.exit)
}
