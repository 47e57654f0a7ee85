//! What can be typed.

use camino::Utf8PathBuf;
use clap::builder::PossibleValue;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::ColorChoice;
use super::codemods::CodemodsArgs;
use super::demo::DemoArgs;
use super::detect::DetectArgs;
use super::sandbox::SandboxArgs;
use super::verify::VerifyArgs;
use crate::steps::Area;

/// Wires Credyt's real-time billing into an app, step by step, with a diff to approve before anything is written.
#[derive(Debug, Parser)]
#[command(
    name = "credyt-integrate",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_precedence_over_arg = true,
    max_term_width = 100,
    after_help = "Exit status: 0 done, 1 error, 2 wrong usage, 3 stopped by you (what was approved stays), 4 not a \
                  project that can be integrated, 5 refused for safety, 6 a wanted step could not be applied."
)]
pub(super) struct Cli {
    /// When to colour the output
    #[arg(long, value_enum, default_value_t, global = true, value_name = "WHEN")]
    pub(super) color: ColorChoice,

    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    run: RunArgs,
}

impl Cli {
    /// The command; `run` when none was named.
    pub(super) fn command(&self) -> Command {
        self.command.clone().unwrap_or_else(|| Command::Run(self.run.clone()))
    }
}

/// The commands of this build.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum Command {
    /// Integrate an app, step by step (also without a command)
    Run(RunArgs),
    /// What each app is made of: frameworks, sign-in, data, settings; with the evidence
    Detect(DetectArgs),
    /// Show what `run` would do, as diffs; writes nothing
    Plan(PlanArgs),
    /// Every place that matters for billing, ranked, with its evidence
    Sites(SitesArgs),
    /// Why one of those places is what it is said to be: the way to it, who pays, what lost
    Explain(ExplainArgs),
    /// Which areas are integrated, missing, or changed by hand since; and what to do before going live
    Status(StatusArgs),
    /// Put back exactly the bytes from before a step
    Undo(UndoArgs),
    /// Prove the billing cycle against Credyt or the sandbox, for one product or all
    Verify(VerifyArgs),
    /// Run a Credyt on this machine, with a page to look at and to top up on
    Sandbox(SandboxArgs),
    /// Integrate a bundled sample app and run it here, with the sandbox; needs no account and no key
    Demo(DemoArgs),
    /// The frameworks, sign-in and data libraries, env styles and providers known to this build
    Codemods(CodemodsArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

/// The command that a word is nearly the name of.
pub(super) fn nearest_command(word: &str) -> Option<String> {
    let cli = <Cli as clap::CommandFactory>::command();
    let names: Vec<&str> = cli.get_subcommands().map(clap::Command::get_name).collect();
    crate::answers::closest(word, names).map(str::to_owned)
}

impl Command {
    /// Whether stdout is one JSON document.
    pub(super) fn json(&self) -> bool {
        match self {
            Self::Run(args) => args.json,
            Self::Detect(args) => args.json,
            Self::Codemods(args) => args.json,
            Self::Plan(args) => args.json,
            Self::Sites(args) => args.json,
            Self::Explain(args) => args.json,
            Self::Status(args) => args.json,
            Self::Undo(args) => args.json,
            Self::Verify(args) => args.json,
            Self::Sandbox(_) | Self::Demo(_) | Self::Completions(_) => false,
        }
    }

    /// Whether the command asks when there is a terminal.
    pub(super) fn may_ask(&self) -> bool {
        match self {
            Self::Run(args) => !args.yes,
            Self::Undo(args) => !args.yes,
            Self::Demo(args) => !args.yes,
            _ => false,
        }
    }
}

#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the contract")]
pub(super) struct RunArgs {
    /// The project's folder
    #[arg(default_value = ".", hide_default_value = true)]
    pub(super) path: Utf8PathBuf,

    #[command(flatten)]
    pub(super) choice: StepChoice,

    /// Approve every step with its default selection, and take the default of every question
    #[arg(long, short)]
    pub(super) yes: bool,

    /// Walk through the steps without writing anything
    #[arg(long)]
    pub(super) dry_run: bool,

    /// Take products and assets from `credyt.toml` and the documented defaults; Credyt itself is asked by `verify` only
    #[arg(long)]
    pub(super) offline: bool,

    /// Run the app's own type check before and after, and report what is new
    #[arg(long)]
    pub(super) typecheck: bool,

    /// Go on although there are uncommitted changes
    #[arg(long)]
    pub(super) allow_dirty: bool,

    /// Print one JSON document on stdout
    #[arg(long)]
    pub(super) json: bool,
}

/// Which app, which steps, which answers.
#[derive(Debug, Clone, Args)]
pub(super) struct StepChoice {
    /// Only these steps, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "STEPS", hide_possible_values = true)]
    pub(super) step: Vec<Area>,

    /// Not these steps, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "STEPS", hide_possible_values = true)]
    pub(super) skip: Vec<Area>,

    /// The app's folder, in a repository with several
    #[arg(long, value_name = "DIR")]
    pub(super) app: Option<String>,

    /// Give an answer by its `credyt.toml` key; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct PlanArgs {
    /// The project's folder
    #[arg(default_value = ".", hide_default_value = true)]
    pub(super) path: Utf8PathBuf,

    #[command(flatten)]
    pub(super) choice: StepChoice,

    /// Print one JSON document on stdout
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Args)]
pub(super) struct SitesArgs {
    /// The project's folder
    #[arg(default_value = ".", hide_default_value = true)]
    pub(super) path: Utf8PathBuf,

    /// Print one JSON document on stdout
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Args)]
pub(super) struct ExplainArgs {
    /// The place: an id that `sites` prints, `FILE:LINE`, or any part of an id that no other one has
    pub(super) site: String,

    /// The project's folder
    #[arg(default_value = ".", hide_default_value = true)]
    pub(super) path: Utf8PathBuf,

    /// Print one JSON document on stdout
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Args)]
pub(super) struct StatusArgs {
    /// The project's folder
    #[arg(default_value = ".", hide_default_value = true)]
    pub(super) path: Utf8PathBuf,

    /// The app's folder, in a repository with several
    #[arg(long, value_name = "DIR")]
    pub(super) app: Option<String>,

    /// Print one JSON document on stdout
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the contract")]
pub(super) struct UndoArgs {
    /// The step to undo; without one, the last that was applied
    #[arg(hide_possible_values = true, conflicts_with = "all")]
    pub(super) step: Option<Area>,

    /// Undo every step
    #[arg(long)]
    pub(super) all: bool,

    /// Leave files that were edited since as they are, and undo the rest
    #[arg(long)]
    pub(super) keep_mine: bool,

    /// The app's folder, in a repository with several
    #[arg(long, value_name = "DIR", default_value = ".", hide_default_value = true)]
    pub(super) app: Utf8PathBuf,

    /// Do not ask first
    #[arg(long, short)]
    pub(super) yes: bool,

    /// Print one JSON document on stdout
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}

impl ValueEnum for Area {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.id()).help(self.what()))
    }
}
