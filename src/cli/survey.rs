//! The library's own rooms as the survey of a run: fingerprint, then the places of each app.

use crate::catalog::{AppLanguage, Catalog, Kind};
use crate::fingerprint::{self, Fingerprint, fingerprint};
use crate::resolve::Program;
use crate::run::{AppFacts, Fact, Findings, RunError, Survey};
use crate::sites::find;
use crate::steps;
use crate::workspace::Workspace;

/// Fingerprint and sites.
#[derive(Debug)]
pub(super) struct OfLibrary {
    catalog: Catalog,
}

impl OfLibrary {
    /// Reads the knowledge base that is compiled in.
    pub(super) fn new() -> Result<Self, RunError> {
        Ok(Self { catalog: Catalog::embedded()? })
    }
}

impl Survey for OfLibrary {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn survey(&self, workspace: &Workspace) -> Result<Findings, RunError> {
        let found: Fingerprint = fingerprint(workspace, &self.catalog);
        let program = Program::new(workspace);
        let sites = find(&program, &self.catalog, &found);
        let apps = found.apps.iter().map(|app| facts(app, &self.catalog)).collect();
        Ok(Findings { program, apps, sites })
    }
}

fn facts(app: &fingerprint::App, catalog: &Catalog) -> AppFacts {
    AppFacts {
        root: app.root.clone(),
        name: app.name.clone(),
        app: for_steps(app, catalog),
        facts: rows(app, catalog),
        has_users: !app.auth.is_empty(),
        typecheck: app.typecheck.clone(),
    }
}

/// The entries by kind, in the order in which the fingerprint names their values.
fn for_steps(app: &fingerprint::App, catalog: &Catalog) -> steps::App {
    let ids = |kind: Kind, values: &[String]| -> Vec<String> {
        let mut entries = app.picked(catalog, kind);
        let rank = |value: &str| values.iter().position(|v| v == value).unwrap_or(usize::MAX);
        entries.sort_by_key(|entry| rank(entry.value()));
        entries.into_iter().map(|entry| entry.id.clone()).collect()
    };
    let one = |value: &Option<String>| value.iter().cloned().collect::<Vec<_>>();
    steps::App {
        root: app.dir().to_owned(),
        languages: app.languages.clone(),
        frameworks: ids(Kind::Framework, &app.frameworks),
        auth: ids(Kind::Auth, &app.auth),
        orm: ids(Kind::Orm, &app.orm),
        env: ids(Kind::Env, &one(&app.env.style)),
        ui: ids(Kind::Ui, &one(&app.ui)).into_iter().next(),
        manager: ids(Kind::Manager, &one(&app.package_manager)).into_iter().next(),
    }
}

/// The lines of the summary: values in words, each with the place of its best evidence.
fn rows(app: &fingerprint::App, catalog: &Catalog) -> Vec<Fact> {
    let mut rows = Vec::new();
    let mut row = |label: &'static str, field: &str, kind: Option<Kind>, values: &[String]| {
        for value in values {
            let titled = kind.and_then(|kind| catalog.by_value(kind, value));
            let shown = titled.map_or_else(|| value.clone(), |entry| entry.title.clone());
            let evidence = app.evidence.iter().find(|e| e.field == field && e.value == *value);
            let place = evidence.map(|e| format!("{}:{}", e.file, e.line));
            rows.push(Fact { label, value: shown, place });
        }
    };
    let one = |value: &Option<String>| value.iter().cloned().collect::<Vec<_>>();
    let languages: Vec<String> = app.languages.iter().map(|language| name(*language).to_owned()).collect();
    row("Language", "languages", None, &languages);
    row("Framework", "frameworks", Some(Kind::Framework), &app.frameworks);
    row("Sign-in", "auth", Some(Kind::Auth), &app.auth);
    row("Data", "orm", Some(Kind::Orm), &app.orm);
    row("Interface", "ui", Some(Kind::Ui), &one(&app.ui));
    row("Packages", "package_manager", Some(Kind::Manager), &one(&app.package_manager));
    row("AI provider", "providers", Some(Kind::Provider), &app.providers);
    row("Settings", "env", Some(Kind::Env), &one(&app.env.style));
    if let (Some(site), Some(settings)) = (&app.env.site, rows.last_mut()) {
        settings.place = Some(format!("{}:{}", site.file, site.line));
    }
    rows
}

fn name(language: AppLanguage) -> &'static str {
    match language {
        AppLanguage::Typescript => "TypeScript",
        AppLanguage::Javascript => "JavaScript",
        AppLanguage::Python => "Python",
        AppLanguage::Rust => "Rust",
    }
}
