//! The command line: clap's types, one small file a command, and the one place where errors are printed.
//!
//! No logic lives here. A command opens what it needs, calls a room of the library, and prints the result through
//! [`Screen`]; what it returns is the exit status of the contract.

mod args;
mod codemods;
mod completions;
mod demo;
mod demo_serve;
mod detect;
mod explain;
mod failure;
mod interrupt;
mod plan;
mod run;
mod sandbox;
mod sites;
mod status;
mod stop;
mod survey;
mod undo;
mod verify;
mod verify_app;
mod verify_events;
mod watch;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use crate::deep;
use crate::review::{ColorChoice, Screen};
use crate::run::{Exit, RunError, Survey};
use crate::steps::{self, Step};

use args::{Cli, Command};

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    deep::run(|| run_with(|| Ok(Box::new(survey::OfLibrary::new()?)), steps::all()))
}

/// Runs the program with another survey and other steps: what terminal tests of the walk itself do.
pub fn main_with(survey: impl Survey + 'static, steps: &[&dyn Step]) -> ExitCode {
    run_with(move || Ok(Box::new(survey)), steps)
}

fn run_with(survey: impl FnOnce() -> Result<Box<dyn Survey>, RunError>, steps: &[&dyn Step]) -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return failure::usage(&error, &arguments),
    };
    let command = cli.command();
    let json = command.json();
    let mut screen = Screen::of_process(cli.color, json, command.may_ask());
    // Only made when a command looks into a project.
    let rooms = || Ok(Rooms { survey: survey()?, steps });
    let result = match &command {
        Command::Run(args) => rooms().and_then(|rooms| run::run(&mut screen, &rooms, args)),
        Command::Plan(args) => rooms().and_then(|rooms| plan::plan(&mut screen, &rooms, args)),
        Command::Sites(args) => rooms().and_then(|rooms| sites::sites(&mut screen, &rooms, args)),
        Command::Explain(args) => rooms().and_then(|rooms| explain::explain(&mut screen, &rooms, args)),
        Command::Status(args) => rooms().and_then(|rooms| status::status(&mut screen, &rooms, args)),
        Command::Detect(args) => detect::detect(&mut screen, args),
        Command::Codemods(args) => codemods::codemods(&mut screen, args),
        Command::Undo(args) => undo::undo(&mut screen, args),
        Command::Verify(args) => verify::verify(&mut screen, args),
        Command::Sandbox(args) => sandbox::sandbox(&mut screen, args),
        Command::Demo(args) => rooms().and_then(|rooms| demo::demo(&mut screen, &rooms, args)),
        Command::Completions(args) => completions::completions(&mut screen, args.shell),
    };
    let exit = match result {
        Ok(exit) => exit,
        Err(error) => failure::print(&mut screen, &error, json),
    };
    ExitCode::from(exit as u8)
}

/// The parts of the library that a walk is made of.
struct Rooms<'a> {
    survey: Box<dyn Survey>,
    steps: &'a [&'a dyn Step],
}

/// What a command comes to.
type CommandResult = Result<Exit, RunError>;
