//! `completions`: a script for a shell.

use clap::CommandFactory;

use super::CommandResult;
use super::args::Cli;
use crate::review::Screen;
use crate::run::Exit;

pub(super) fn completions(screen: &mut Screen, shell: clap_complete::Shell) -> CommandResult {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut <Cli as CommandFactory>::command(), "credyt-integrate", &mut script);
    screen.raw(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
