//! What the steps share: where the generated modules live, how the app writes code, and what is done already.
//!
//! A [`Kit`] is made once per plan from the step's context. It answers from the files alone, so that the same files
//! give the same plan whoever wrote them: an area counts as done because its module is there, wherever it was moved to.

pub mod env;
pub mod env_files;
pub mod expired;
pub mod front_end;
pub mod generated;
pub mod identity;
pub mod inline;
mod layout;
pub mod link;
mod log;
mod merge;
mod modules;
pub mod names;
pub mod payment;
pub mod render;
pub mod requirements;
pub mod route;
pub mod store;
pub mod tokens;
pub mod ui;
pub mod user;

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::catalog::{AppLanguage, Catalog, Entry, Kind};
use crate::sites::cx::{Cx, word_at};
use crate::sites::payer::Paying;
use crate::syntax::source::Source;
use crate::syntax::style::{Style, StyleConfig, Votes};
use crate::template::{Areas, Lang, ModuleSystem};
use crate::workspace::{FileId, Language, SourceText};

use super::StepContext;

/// Why an area makes no sense in an app whose requests name no user.
pub const NO_USERS: &str = "no way to sign in was recognised, so no request names a user";

/// Files that are counted for the style and the habits of an app; more say nothing new.
const STYLE_FILES: usize = 150;

/// Why an app cannot be integrated at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// No framework answers requests.
    #[error("no server was recognised: a server route is needed to hold the key and to know the user")]
    NoServer,
    /// The server is written in a language there is no code for.
    #[error("the server of this app is written in {0}, for which there are no modules yet")]
    Language(String),
}

/// The app as the steps see it.
pub struct Kit<'a> {
    /// The step's context.
    pub cx: &'a StepContext<'a>,
    /// Entry of the framework that answers requests.
    pub framework: &'a Entry,
    /// What the generated modules are written in.
    pub lang: Lang,
    /// Module system of a JavaScript app.
    pub module: ModuleSystem,
    /// Suffix of relative imports.
    pub ext: String,
    /// Extension of source files.
    pub source_ext: String,
    /// Folder of the generated modules, relative to the workspace.
    pub dir: String,
    /// Code files of the app in the server's language; tests and the like are not among them.
    pub files: Vec<FileId>,
    /// Areas whose modules are there.
    pub done: Areas,
    /// File of each module that is there, by the module's name.
    modules: BTreeMap<String, FileId>,
    votes: Votes,
    config: StyleConfig,
    graph: OnceCell<Cx<'a>>,
    habits: names::Habits,
    mounts: OnceCell<route::Mounts>,
    examples: OnceCell<Vec<identity::Example<'a>>>,
    typed: RefCell<BTreeMap<String, bool>>,
}

impl<'a> Kit<'a> {
    /// Looks the app over.
    pub fn new(cx: &'a StepContext<'a>) -> Result<Self, Unfit> {
        let framework = server(cx)?;
        let python = framework.languages.contains(&AppLanguage::Python);
        let mut files: Vec<FileId> = code_files(cx, python);
        // The generated modules last, so that a search meets the app's own code first.
        files.sort();
        let lang = if python { Lang::Python } else { script_language(cx, &files) };
        let (votes, config) = learn_style(cx, &files);
        let mut kit = Self {
            cx,
            framework,
            lang,
            module: ModuleSystem::Esm,
            ext: String::new(),
            source_ext: String::new(),
            dir: String::new(),
            files,
            done: Areas::default(),
            modules: BTreeMap::new(),
            votes,
            config,
            graph: OnceCell::new(),
            examples: OnceCell::new(),
            habits: names::Habits::default(),
            mounts: OnceCell::new(),
            typed: RefCell::default(),
        };
        (kit.module, kit.ext, kit.source_ext) = layout::forms(&kit);
        (kit.modules, kit.done) = modules::find(&kit);
        kit.dir = layout::folder(&kit);
        Ok(kit)
    }

    /// Who calls whom in the app, with what was asked before kept.
    pub fn graph(&self) -> &Cx<'a> {
        self.graph.get_or_init(|| Cx::new(self.cx.program, self.cx.catalog, self.cx.app))
    }

    /// Some of the app's files, spread over all of them: enough to learn its habits from.
    pub(super) fn sample(&self) -> impl Iterator<Item = FileId> {
        self.files.iter().copied().step_by(self.files.len().div_ceil(STYLE_FILES).max(1))
    }

    /// Whether the app's types say of this member (or parameter) that it is a string, and nowhere that it is a number.
    pub fn typed_as_string(&self, member: &str) -> bool {
        if let Some(known) = self.typed.borrow().get(member) {
            return *known;
        }
        let mut string = false;
        let mut number = false;
        for file in self.files.iter().filter(|f| !self.is_generated(**f)) {
            let text = self.text(*file);
            for mark in [format!("{member}: "), format!("{member}?: ")] {
                for (at, _) in text.as_str().match_indices(&mark) {
                    let of = text.as_str().get(at + mark.len()..).unwrap_or_default();
                    if word_at(text.as_str(), at, member) {
                        string |= of.starts_with("string");
                        number |= of.starts_with("number") || of.starts_with("bigint");
                    }
                }
            }
        }
        self.typed.borrow_mut().insert(member.to_owned(), string && !number);
        string && !number
    }

    /// Whether the server is Python.
    pub fn is_python(&self) -> bool {
        self.lang == Lang::Python
    }

    /// The grammar of the generated modules.
    pub fn language(&self) -> Language {
        match self.lang {
            Lang::TypeScript => Language::TypeScript,
            Lang::JavaScript => Language::JavaScript,
            Lang::Python => Language::Python,
        }
    }

    /// The text of a file; empty when it cannot be read.
    pub fn text(&self, file: FileId) -> std::sync::Arc<SourceText> {
        self.cx.workspace.text(file).unwrap_or_else(|_| std::sync::Arc::new(SourceText::new(Vec::new())))
    }

    /// The path of a file.
    pub fn path(&self, file: FileId) -> &str {
        &self.cx.workspace.entry(file).path
    }

    /// The style of an existing file.
    pub fn style_of(&self, source: &Source<'_>) -> Style {
        Style::learn(source, &self.votes, self.config)
    }

    /// The style of a new file.
    pub fn new_style(&self, language: Language) -> Style {
        Style::for_new_file(language, &self.votes, self.config)
    }

    /// The file of a generated module, when it is there.
    pub fn module_file(&self, name: &str) -> Option<FileId> {
        self.modules.get(name).copied()
    }

    /// The path of a generated module: where it is, or where it will be.
    pub fn module_path(&self, name: &str) -> String {
        match self.module_file(name) {
            Some(file) => self.path(file).to_owned(),
            None => format!("{}/{name}.{}", self.dir, self.source_ext),
        }
    }

    /// The folder of the generated modules; the app's folder while that is not known.
    pub(crate) fn dir_or_root(&self) -> &str {
        if self.dir.is_empty() { self.cx.app.dir() } else { &self.dir }
    }

    /// Whether a file is one of the generated modules.
    pub fn is_generated(&self, file: FileId) -> bool {
        self.modules.values().any(|f| *f == file)
    }

    /// The picked entries of a kind.
    pub fn entries(&self, kind: Kind) -> Vec<&'a Entry> {
        self.cx.app.picked(self.cx.catalog, kind)
    }

    /// Who pays.
    pub fn paying(&self) -> Paying<'_> {
        self.graph().payers().paying()
    }

    /// What whoever pays is called: `user`, `team`.
    pub fn noun(&self) -> &str {
        match self.paying() {
            Paying::Organisation(organisation) => &organisation.noun,
            Paying::User => "user",
            Paying::Unclear => "organisation",
        }
    }

    /// A name of the generated modules, for whoever pays: `BillingUser`, `BillingTeam`.
    pub fn told(&self, name: &str) -> String {
        crate::template::renamed(name, self.noun())
    }

    /// Whether the app knows who is signed in.
    pub fn knows_users(&self) -> bool {
        let signs_up = |s: &crate::sites::Site| s.kind == crate::sites::SiteKind::Signup;
        !self.cx.app.auth.is_empty() || self.cx.sites.iter().any(signs_up)
    }

    /// Whether the modules are asynchronous: those of JavaScript always are.
    pub fn flavour(&self) -> crate::template::Flavour {
        if self.is_python() { render::flavour(self) } else { crate::template::Flavour::Async }
    }

    /// The name of a generated function in the app's language: `ensureCustomer` or `ensure_customer`.
    pub fn function(&self, camel: &str) -> String {
        if self.is_python() { snake(camel) } else { camel.to_owned() }
    }
}

/// `ensureCustomer` as `ensure_customer`.
pub fn snake(camel: &str) -> String {
    let mut out = String::with_capacity(camel.len() + 4);
    for c in camel.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// The framework that answers requests: of those picked, one whose handlers were found before one without.
fn server<'a>(cx: &'a StepContext<'a>) -> Result<&'a Entry, Unfit> {
    let catalog: &'a Catalog = cx.catalog;
    let picked = cx.app.picked(catalog, Kind::Framework);
    let serves = |entry: &&&'a Entry| entry.framework.as_ref().is_some_and(|f| f.side.serves());
    let servers: Vec<&'a Entry> = picked.iter().filter(serves).copied().collect();
    let known = |entry: &&&Entry| {
        entry
            .languages
            .iter()
            .any(|l| matches!(l, AppLanguage::Python | AppLanguage::Typescript | AppLanguage::Javascript))
    };
    // A framework built on another one has the first word: its entry names the other as required.
    let special = |entry: &&&Entry| entry.requires.iter().any(|id| cx.app.entries.contains(id));
    match servers.iter().filter(known).find(special).or_else(|| servers.iter().find(known)) {
        Some(entry) => Ok(entry),
        None => Err(servers.first().map_or(Unfit::NoServer, |e| {
            Unfit::Language(e.languages.first().map_or_else(String::new, |l| format!("{l:?}")))
        })),
    }
}

fn code_files(cx: &StepContext<'_>, python: bool) -> Vec<FileId> {
    let wanted =
        |language: Language| if python { language == Language::Python } else { language.is_ecmascript() };
    cx.workspace
        .files()
        .filter(|(_, f)| f.language.is_some_and(wanted) && cx.app.owns(&f.path) && !f.is_aside())
        .map(|(id, _)| id)
        .collect()
}

/// TypeScript when most of the code is.
fn script_language(cx: &StepContext<'_>, files: &[FileId]) -> Lang {
    let typed =
        |f: &&FileId| matches!(cx.workspace.entry(**f).language, Some(Language::TypeScript | Language::Tsx));
    let typed = files.iter().filter(typed).count();
    if typed * 2 >= files.len().max(1) { Lang::TypeScript } else { Lang::JavaScript }
}

fn learn_style(cx: &StepContext<'_>, files: &[FileId]) -> (Votes, StyleConfig) {
    let vote = |id: &FileId| {
        let text = cx.workspace.text(*id).ok()?;
        let language = cx.workspace.entry(*id).language.unwrap_or(Language::Other);
        Some(Votes::of(&Source::parsed(language, text.as_str(), cx.program.tree(*id)?)))
    };
    let cast: Vec<Votes> = files.par_iter().take(STYLE_FILES).filter_map(vote).collect();
    let mut votes = Votes::default();
    for cast in &cast {
        votes.add(cast);
    }
    let at = |name: &str| {
        let own = cx.workspace.text_at(&join(cx.app.dir(), name));
        own.or_else(|| cx.workspace.text_at(name))
    };
    let mut config = StyleConfig::default();
    for name in [".prettierrc", ".prettierrc.json", ".prettierrc.yaml", ".prettierrc.yml"] {
        if let Some(text) = at(name) {
            config = config.or(StyleConfig::prettier(text.as_str()));
        }
    }
    if let Some(text) = at(".editorconfig") {
        let name = files.first().map_or("index.ts", |f| cx.workspace.entry(*f).name());
        config = config.or(StyleConfig::editorconfig(text.as_str(), name));
    }
    (votes, config)
}

/// Two parts of a path; either may be empty.
pub fn join(dir: &str, name: &str) -> String {
    match (dir, name) {
        ("", name) => name.to_owned(),
        (dir, "") => dir.to_owned(),
        (dir, name) => format!("{dir}/{name}"),
    }
}
