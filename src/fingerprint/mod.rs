//! What a repository is made of: its deployable apps, and for each its frameworks, auth, data library, settings, UI.
//!
//! In: a workspace and the catalog. Out: a [`Fingerprint`], whose serialised form is the contract of `detect --json`.
//! Every value carries evidence with file and line; what is not found is empty, never a guess. Only manifests and the
//! files chosen by one pass over the catalog's literals are looked into; a module is parsed only to find the
//! declaration of the settings.

mod apps;
mod commands;
mod env;
mod env_files;
mod evaluate;
mod hits;
mod manifest;
mod version;

use serde::Serialize;

use crate::answers::{Answers, FILE_NAME, PayerAnswer};
use crate::catalog::{AppLanguage, Catalog, Kind};
use crate::workspace::Workspace;

pub use crate::workspace::is_aside;
pub(crate) use hits::import_forms;
pub(crate) use manifest::is_setup;

/// What `detect` reports.
#[derive(Debug, Clone, Serialize)]
pub struct Fingerprint {
    /// Of the report's form.
    pub version: u32,
    /// Absolute path of the repository.
    pub root: String,
    /// Deployable apps, sorted by root.
    pub apps: Vec<App>,
    /// What the code is made of that belongs to no app: functions that are deployed on their own, workers, scripts.
    #[serde(skip)]
    pub elsewhere: App,
}

/// One deployable app.
#[derive(Debug, Clone, Default, Serialize)]
pub struct App {
    /// Its folder, `.` for the repository's own.
    pub root: String,
    /// Its name, by manifest or folder.
    pub name: String,
    /// Languages of its code.
    pub languages: Vec<AppLanguage>,
    /// Value of an entry of `managers/`; none for the browser's side of a repository whose server is another app.
    pub package_manager: Option<String>,
    /// Values of `frameworks/`.
    pub frameworks: Vec<String>,
    /// Values of `auth/`.
    pub auth: Vec<String>,
    /// Values of `orm/`.
    pub orm: Vec<String>,
    /// Value of `ui/`.
    pub ui: Option<String>,
    /// Its settings.
    pub env: Env,
    /// Values of `providers/`.
    pub providers: Vec<String>,
    /// The command that runs its tests.
    pub tests: Option<String>,
    /// The command that checks its types.
    pub typecheck: Option<String>,
    /// Why each value.
    pub evidence: Vec<Evidence>,
    /// Ids of the entries that were picked, every kind, sorted.
    #[serde(skip)]
    pub entries: Vec<String>,
    /// The code it is made of: its folder and those of the workspace packages it uses (`""` is the root).
    #[serde(skip)]
    pub folders: Vec<String>,
    /// Folders below those that belong to other apps.
    #[serde(skip)]
    pub foreign: Vec<String>,
    /// Who pays, as far as its `credyt.toml` says.
    #[serde(skip)]
    pub payer: PayerAnswer,
}

/// How an app reads its settings.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Env {
    /// Value of an entry of `env/`.
    pub style: Option<String>,
    /// Env files that are committed or that the README has people create.
    pub files: Vec<String>,
    /// Where a new secret is declared; `None` when the environment is read directly.
    pub site: Option<EnvSite>,
    /// The file of this machine that git ignores, into which a real key may be written; known to the runs that ask for
    /// one.
    #[serde(skip)]
    pub local: Option<String>,
}

/// Where settings are declared.
#[derive(Debug, Clone, Serialize)]
pub struct EnvSite {
    /// Relative to the repository's root.
    pub file: String,
    /// 1-based line.
    pub line: usize,
    /// The object, class or function.
    pub symbol: Option<String>,
    /// 1-based last line of the declaration.
    #[serde(skip)]
    pub end_line: usize,
    /// Bytes of the declaration.
    #[serde(skip)]
    pub span: crate::syntax::Span,
}

/// One reason for one value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The key of [`App`].
    pub field: &'static str,
    /// The value.
    pub value: String,
    /// Relative to the repository's root.
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// In words.
    pub why: String,
}

impl App {
    /// The folder as a prefix of paths: `""` for the repository's own.
    pub fn dir(&self) -> &str {
        if self.root == "." { "" } else { &self.root }
    }

    /// A path of the app as a path of the repository.
    pub fn path(&self, relative: &str) -> String {
        if self.dir().is_empty() { relative.to_owned() } else { format!("{}/{relative}", self.dir()) }
    }

    /// Whether a file (relative to the repository's root) is part of the app's code.
    pub fn owns(&self, path: &str) -> bool {
        self.folders.iter().any(|f| below(f, path)) && !self.foreign.iter().any(|f| below(f, path))
    }

    /// The picked entries of one kind.
    pub fn picked<'c>(&self, catalog: &'c Catalog, kind: Kind) -> Vec<&'c crate::catalog::Entry> {
        self.entries.iter().filter_map(|id| catalog.get(id)).filter(|e| e.kind == kind).collect()
    }
}

/// Finds the apps of a repository.
pub fn fingerprint(ws: &Workspace, catalog: &Catalog) -> Fingerprint {
    ws.settle_aside(|path| catalog.is_route(path));
    let manifests = manifest::read_all(ws);
    let hits = hits::Hits::of(ws, catalog);
    let mut apps = apps::find(ws, catalog, &manifests, &hits);
    for app in &mut apps {
        app.payer = remembered(ws, app);
    }
    let elsewhere = apps::elsewhere(ws, catalog, &manifests, &hits);
    Fingerprint { version: 1, root: ws.root().to_string(), apps, elsewhere }
}

/// Who pays by the answers kept beside an app. What is wrong with that file is said by the commands that act on it.
fn remembered(ws: &Workspace, app: &App) -> PayerAnswer {
    let text = ws.text_at(&app.path(FILE_NAME));
    let answers = text.and_then(|text| Answers::parse(FILE_NAME, text.as_str()).ok());
    answers.map(|answers| answers.payer()).unwrap_or_default()
}

/// Whether a path lies below a folder (`""` is the root).
pub(crate) fn below(dir: &str, path: &str) -> bool {
    dir.is_empty() || path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests;
