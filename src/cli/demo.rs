//! `demo`: a sample app, integrated and running here, with the sandbox.

use std::path::{Path, PathBuf};

use camino::Utf8PathBuf;
use clap::Args;
use clap::builder::PossibleValuesParser;

use super::demo_serve::{Stage, serve};
use super::run::walk;
use super::sandbox::runtime;
use super::{CommandResult, Rooms, interrupt};
use crate::demo::{App, CopyError, Provider, copy_app};
use crate::review::{Label, Screen, Terminal, Text};
use crate::run::{Exit, Options, Reviewer, RunError, Unattended};
use crate::sandbox::{Handle, Sandbox, SandboxConfig, SandboxError};

/// Where the sandbox is opened when that is free.
const SANDBOX_PORT: u16 = 8787;

/// The flags of `demo`.
#[derive(Debug, Clone, Args)]
pub(super) struct DemoArgs {
    /// Which sample app: a TypeScript web app, a TypeScript API, or a Python API
    #[arg(long, value_name = "APP", default_value = default_app(), value_parser = PossibleValuesParser::new(names()))]
    app: String,

    /// The folder to put it into; without it, a new one among the system's temporary files
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Approve every step with its default selection
    #[arg(long, short)]
    pub(super) yes: bool,

    /// Copy and integrate it, and start nothing
    #[arg(long)]
    no_start: bool,
}

fn names() -> Vec<String> {
    App::all().into_iter().map(|app| app.name).collect()
}

fn default_app() -> String {
    names().into_iter().next().unwrap_or_default()
}

/// Copies, integrates, starts, and serves until told to stop.
pub(super) fn demo(screen: &mut Screen, rooms: &Rooms<'_>, args: &DemoArgs) -> CommandResult {
    let app = App::all().into_iter().find(|app| app.name == args.app);
    let app = app.ok_or_else(|| usage(format!("there is no sample app `{}`", args.app)))?;
    let mut reviewer: Box<dyn Reviewer> = if args.yes {
        Box::new(Unattended)
    } else {
        let terminal = Terminal::open().ok_or_else(|| RunError::NoTerminal {
            what: "`demo` shows each step and asks before it writes".to_owned(),
            hints: vec!["pass `--yes` to approve every step with its default selection".to_owned()],
        })?;
        Box::new(terminal)
    };
    let home = home(args.dir.as_deref())?;
    let folder = home.join(app.title.to_lowercase());
    let committed = copy_app(&app, &folder).map_err(|error| not_copied(&error))?;
    screen.report(
        Text::new()
            .with(Label::Heading, &app.title)
            .plain(&format!(", a sample app ({}), is in ", app.about)),
    )?;
    screen.report(Text::new().plain("  ").path(&folder.display().to_string()))?;
    if !committed {
        screen.hint("with git here, `git diff` in that folder would show the integration");
    }
    let path = Utf8PathBuf::from_path_buf(folder.clone())
        .map_err(|path| usage(format!("{} is not UTF-8; choose another `--dir`", path.display())))?;

    let runtime = runtime()?;
    let (sandbox, provider) = runtime.block_on(start())?;
    screen.report(
        Text::new()
            .plain("A sandbox of Credyt runs at ")
            .path(&sandbox.url())
            .plain("; open it to follow along."),
    )?;
    screen.report("")?;
    let handler = (!args.yes).then(interrupt::handle);
    let exit = walk(screen, rooms, reviewer.as_mut(), &Options::default(), &path, false)?;
    if let Some(handler) = handler {
        handler.hand_over();
    }
    // Left with `quit`: what was approved stays, and there is nothing to start yet.
    if exit == Exit::Stopped || args.no_start {
        runtime.block_on(sandbox.shutdown())?;
        screen.report("")?;
        screen.report(Text::sentence(
            "Nothing was started. To go on: `credyt-integrate run` in that folder.",
        ))?;
        return Ok(exit);
    }
    screen.report("")?;
    runtime.block_on(serve(screen, Stage { app: &app, home: &home, folder: &folder, sandbox, provider }))
}

fn usage(why: String) -> RunError {
    RunError::Usage { why, hints: Vec::new() }
}

/// The folder that holds the app and what its programs print.
fn home(wanted: Option<&Path>) -> Result<PathBuf, RunError> {
    let failed = |source| RunError::Program { what: "cannot make a folder for the demo".to_owned(), source };
    let home = match wanted {
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(failed)?;
            folder.to_owned()
        }
        None => tempfile::Builder::new().prefix("credyt-demo-").tempdir().map_err(failed)?.keep(),
    };
    // Without links and `..`, because it is shown, and compared with what programs print.
    home.canonicalize().map_err(failed)
}

fn not_copied(error: &CopyError) -> RunError {
    let hints = match error {
        CopyError::NotEmpty(_) => vec!["choose another folder with `--dir`, or remove it".to_owned()],
        CopyError::Write { .. } => vec!["choose a folder that can be written with `--dir`".to_owned()],
    };
    RunError::Refused { why: error.to_string(), hints }
}

/// The sandbox, on its usual port when that is free, and the stand-in for the provider.
async fn start() -> Result<(Handle, Provider), RunError> {
    let usual = SandboxConfig { port: SANDBOX_PORT, ..SandboxConfig::default() };
    let sandbox = match Sandbox::start(usual).await {
        Err(SandboxError::Listen { .. }) => Sandbox::start(SandboxConfig::default()).await?,
        other => other?,
    };
    let provider = Provider::start().await.map_err(|source| RunError::Program {
        what: "cannot start the stand-in for the provider".to_owned(),
        source,
    })?;
    Ok((sandbox, provider))
}
