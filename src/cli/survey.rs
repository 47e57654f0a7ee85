//! The library's own rooms as the survey of a run: fingerprint, then the places of each app.

use crate::answers::PayerAnswer;
use crate::catalog::{AppLanguage, Catalog, Kind};
use crate::fingerprint::{self, Fingerprint, fingerprint};
use crate::resolve::Program;
use crate::run::{AppFacts, Fact, Findings, RunError, Survey};
use crate::sites::look;
use crate::sites::payer::Payers;
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

impl OfLibrary {
    /// The fingerprint where it was said who pays in one of the apps.
    fn paid_by(&self, workspace: &Workspace, app: &str, payer: &PayerAnswer) -> Fingerprint {
        let mut found = fingerprint(workspace, &self.catalog);
        for known in found.apps.iter_mut().filter(|known| known.root == app) {
            known.payer = payer.clone();
        }
        found
    }

    fn look(&self, program: Program, found: &Fingerprint) -> Findings {
        let (sites, payers) = look(&program, &self.catalog, found);
        let known = found.apps.iter().zip(payers);
        let apps = known.map(|(app, payers)| facts(app, payers, &self.catalog)).collect();
        Findings { program, apps, sites }
    }
}

impl Survey for OfLibrary {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn survey(&self, workspace: &Workspace) -> Result<Findings, RunError> {
        Ok(self.look(Program::new(workspace), &fingerprint(workspace, &self.catalog)))
    }

    fn survey_again(
        &self,
        before: &Program,
        workspace: &Workspace,
        app: &str,
        payer: &PayerAnswer,
    ) -> Result<Findings, RunError> {
        Ok(self.look(before.after(workspace), &self.paid_by(workspace, app, payer)))
    }
}

fn facts(app: &fingerprint::App, payers: Payers, catalog: &Catalog) -> AppFacts {
    let payers = Some(payers).filter(Payers::is_open);
    let mut facts = rows(app, catalog);
    facts.extend(payers.iter().flat_map(who_pays));
    AppFacts {
        root: app.root.clone(),
        name: app.name.clone(),
        app: app.clone(),
        providers: app.providers.iter().map(|value| title(app, catalog, Kind::Provider, value)).collect(),
        facts,
        has_users: !app.auth.is_empty(),
        payers,
        typecheck: app.typecheck.clone(),
        refused: app.picked(catalog, Kind::Host).iter().find_map(|e| e.host.as_ref()?.refused.clone()),
    }
}

/// Who pays, and who could in their place.
fn who_pays(payers: &Payers) -> Vec<Fact> {
    let fact = |(value, evidence): (String, &[fingerprint::Evidence])| Fact {
        label: "Who pays",
        value,
        place: evidence.last().map(|e| format!("{}:{}", e.file, e.line)),
    };
    payers.described().into_iter().map(fact).collect()
}

/// The lines of the summary: values in words, each with the place of its best evidence.
fn rows(app: &fingerprint::App, catalog: &Catalog) -> Vec<Fact> {
    let mut rows = Vec::new();
    let mut row = |label: &'static str, field: &str, kind: Option<Kind>, values: &[String]| {
        for value in values {
            let shown = kind.map_or_else(|| value.clone(), |kind| title(app, catalog, kind, value));
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

/// An entry's name for people, by the value reports use.
/// Several entries may share a value; the one that was found in the app is meant.
fn title(app: &fingerprint::App, catalog: &Catalog, kind: Kind, value: &str) -> String {
    let found = app.picked(catalog, kind).into_iter().find(|entry| entry.value() == value);
    let entry = found.or_else(|| catalog.by_value(kind, value));
    entry.map_or_else(|| value.to_owned(), |entry| entry.title.clone())
}

fn name(language: AppLanguage) -> &'static str {
    match language {
        AppLanguage::Typescript => "TypeScript",
        AppLanguage::Javascript => "JavaScript",
        AppLanguage::Python => "Python",
        AppLanguage::Rust => "Rust",
    }
}
