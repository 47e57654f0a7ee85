//! The rim: every error ends here, as one message, its causes and the way out; or as one JSON document.

use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;

use serde::Serialize;

use crate::review::{Screen, ScreenError};
use crate::run::{Exit, RunError};

/// `{"version": 1, "error": …}`
#[derive(Debug, Serialize)]
struct Document {
    version: u32,
    error: ErrorDocument,
}

/// The error of a document, also beside the steps of a run that ended early.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ErrorDocument {
    kind: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<String>,
    hints: Vec<String>,
}

impl ErrorDocument {
    pub(super) fn of(error: &RunError) -> Self {
        Self {
            kind: kind(error.exit()),
            message: error.to_string(),
            causes: causes(error),
            hints: error.hints(),
        }
    }
}

/// Prints an error that ended a command; the status to exit with.
pub(super) fn print(screen: &mut Screen, error: &RunError, json: bool) -> Exit {
    if json && !matches!(error, RunError::Screen(_)) {
        // When stdout is gone there is nobody to tell.
        drop(screen.document(&Document { version: 1, error: ErrorDocument::of(error) }));
    }
    say(screen, error)
}

/// Says an error on stderr; the status to exit with.
pub(super) fn say(screen: &mut Screen, error: &RunError) -> Exit {
    match error {
        RunError::Screen(ScreenError::Closed) => {}
        RunError::Stopped => screen.say("Stopped. What was approved stays."),
        error => {
            screen.error(&error.to_string());
            for cause in causes(error) {
                screen.say_indented(4, format!("  caused by: {cause}"));
            }
            for hint in error.hints() {
                screen.hint(&hint);
            }
        }
    }
    error.exit()
}

/// Prints what clap says of the command line: help and version on stdout, mistakes on stderr.
pub(super) fn usage(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    if !error.use_stderr() {
        // A reader that went away is no fault.
        drop(error.print());
        return ExitCode::SUCCESS;
    }
    if arguments.iter().any(|argument| argument == "--json") {
        let text = error.to_string();
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let hints = vec!["run `credyt-integrate --help`".to_owned()];
        let error = ErrorDocument { kind: kind(Exit::Usage), message, causes: Vec::new(), hints };
        let mut screen = Screen::of_process(super::ColorChoice::Auto, true, false);
        drop(screen.document(&Document { version: 1, error }));
    }
    drop(error.print());
    ExitCode::from(Exit::Usage as u8)
}

/// The chain below an error, leaving out what the error's own words hold already.
fn causes(error: &RunError) -> Vec<String> {
    let mut causes = Vec::new();
    let mut said = error.to_string();
    let mut at = error.source();
    while let Some(cause) = at {
        let text = cause.to_string();
        if !said.contains(&text) {
            causes.push(text.clone());
        }
        said = text;
        at = cause.source();
    }
    causes
}

fn kind(exit: Exit) -> &'static str {
    match exit {
        Exit::Done => "done",
        Exit::Error => "error",
        Exit::Usage => "usage",
        Exit::Stopped => "stopped",
        Exit::NotIntegrable => "not-integrable",
        Exit::Refused => "refused",
        Exit::Incomplete => "incomplete",
    }
}
