//! `detect`: what each app of the repository is made of, with the evidence for each value.

use camino::Utf8PathBuf;
use clap::Args;
use serde::Serialize;

use super::CommandResult;
use crate::catalog::Catalog;
use crate::fingerprint::{App, fingerprint};
use crate::resolve::Program;
use crate::review::{Label, Screen, Text, overview};
use crate::run::Exit;
use crate::sites::cx::Cx;
use crate::sites::payer::Payers;
use crate::workspace::Workspace;

/// The flags of `detect`.
#[derive(Debug, Clone, Args)]
pub(super) struct DetectArgs {
    /// The project's folder
    #[arg(default_value = ".", hide_default_value = true)]
    pub(super) path: Utf8PathBuf,

    /// Print one JSON document on stdout
    #[arg(long)]
    pub(super) json: bool,
}

/// Column at which values start.
const VALUES: usize = 18;
/// Column at which evidence starts.
const REASONS: usize = 40;

pub(super) fn detect(screen: &mut Screen, args: &DetectArgs) -> CommandResult {
    let workspace = Workspace::open(&args.path)?;
    let catalog = Catalog::embedded()?;
    let found = fingerprint(&workspace, &catalog);
    let program = Program::new(&workspace);
    let payers: Vec<Option<Payers>> = found
        .apps
        .iter()
        .map(|app| Some(Payers::find(&Cx::new(&program, &catalog, app))).filter(Payers::is_open))
        .collect();
    if args.json {
        let apps = found.apps.iter().zip(&payers).map(|(app, payer)| AppDocument { app, payer }).collect();
        screen.document(&Document { version: found.version, root: &found.root, apps })?;
        return Ok(Exit::Done);
    }
    if found.apps.is_empty() {
        screen.report("No app was found here.")?;
        screen.hint("give the folder of an app, or see `credyt-integrate codemods` for what is recognised");
    }
    for (index, (app, payers)) in found.apps.iter().zip(&payers).enumerate() {
        if index > 0 {
            screen.report("")?;
        }
        show(screen, app)?;
        if let Some(payers) = payers {
            who_pays(screen, payers)?;
        }
    }
    overview::left_out(screen, workspace.skipped())?;
    Ok(Exit::Done)
}

/// The fingerprint, and who could pay where there is a choice.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    root: &'a str,
    apps: Vec<AppDocument<'a>>,
}

#[derive(Serialize)]
struct AppDocument<'a> {
    #[serde(flatten)]
    app: &'a App,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer: &'a Option<Payers>,
}

fn who_pays(screen: &mut Screen, payers: &Payers) -> Result<(), crate::run::RunError> {
    for (index, (value, evidence)) in payers.described().into_iter().enumerate() {
        let title = if index == 0 { "who pays" } else { "" };
        let mut text = Text::new().plain("  ").muted(title).pad_to(VALUES).plain(&value);
        if evidence.is_empty() {
            screen.report(text)?;
            continue;
        }
        for reason in evidence {
            let place = format!("{}:{}", reason.file, reason.line);
            let line = text.pad_to(REASONS).path(&place).muted("  ").muted(&reason.why);
            screen.report_indented(REASONS, line)?;
            text = Text::new();
        }
    }
    Ok(())
}

fn show(screen: &mut Screen, app: &App) -> Result<(), crate::run::RunError> {
    screen.report(Text::new().with(Label::Heading, &app.name).muted("  ").path(&app.root))?;
    let languages: Vec<String> = of_field(app, "languages");
    let one = |value: &Option<String>| value.iter().cloned().collect::<Vec<_>>();
    for (title, field, values) in [
        ("languages", "languages", languages),
        ("package manager", "package_manager", one(&app.package_manager)),
        ("frameworks", "frameworks", app.frameworks.clone()),
        ("auth", "auth", app.auth.clone()),
        ("data", "orm", app.orm.clone()),
        ("ui", "ui", one(&app.ui)),
        ("settings", "env", one(&app.env.style)),
        ("providers", "providers", app.providers.clone()),
    ] {
        rows(screen, app, title, field, &values)?;
    }
    if let Some(site) = &app.env.site {
        line(screen, "", "declared in", &format!("{}:{}", site.file, site.line))?;
    }
    for file in &app.env.files {
        line(screen, "", "env file", file)?;
    }
    for (title, command) in [("type check", &app.typecheck), ("tests", &app.tests)] {
        if let Some(command) = command {
            let text = Text::new().plain("  ").muted(title).pad_to(VALUES).with(Label::Literal, command);
            screen.report(text)?;
        }
    }
    Ok(())
}

/// The values of a field in the order of their evidence.
fn of_field(app: &App, field: &str) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for evidence in app.evidence.iter().filter(|e| e.field == field) {
        if !values.contains(&evidence.value) {
            values.push(evidence.value.clone());
        }
    }
    values
}

fn rows(
    screen: &mut Screen,
    app: &App,
    title: &str,
    field: &str,
    values: &[String],
) -> Result<(), crate::run::RunError> {
    if values.is_empty() {
        screen.report(Text::new().plain("  ").muted(title).pad_to(VALUES).muted("–"))?;
    }
    for (index, value) in values.iter().enumerate() {
        let title = if index == 0 { title } else { "" };
        let mut text = Text::new().plain("  ").muted(title).pad_to(VALUES).plain(value);
        if let Some(reason) = app.evidence.iter().find(|e| e.field == field && e.value == *value) {
            text = text
                .pad_to(REASONS)
                .path(&format!("{}:{}", reason.file, reason.line))
                .muted("  ")
                .muted(&reason.why);
        }
        screen.report_indented(REASONS, text)?;
    }
    Ok(())
}

fn line(screen: &mut Screen, title: &str, value: &str, path: &str) -> Result<(), crate::run::RunError> {
    let text = Text::new().plain("  ").muted(title).pad_to(VALUES).muted(value).pad_to(REASONS).path(path);
    Ok(screen.report(text)?)
}
