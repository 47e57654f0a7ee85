//! The head every entry has, whatever it describes.
//!
//! An entry is one folder below `codemods/` with an `entry.toml`. Everything is typed and unknown keys are refused, so
//! that a slip of the pen fails when the project is tested and not in a user's repository.

use serde::Deserialize;

use super::auth::Auth;
use super::detect::Condition;
use super::env::EnvStyle;
use super::framework::Framework;
use super::host::Host;
use super::http::Http;
use super::manager::Manager;
use super::orm::Orm;
use super::provider::Provider;
use super::sender::Sender;
use super::ui::Ui;
use super::worker::Worker;

/// What an entry is about; also the folder it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A server or UI framework: `frameworks/`.
    Framework,
    /// A way to sign users in: `auth/`.
    Auth,
    /// A way to keep records: `orm/`.
    Orm,
    /// A way to read settings: `env/`.
    Env,
    /// Somebody who is paid per call: `providers/`.
    Provider,
    /// What renders pages: `ui/`.
    Ui,
    /// A package manager and the habits of its ecosystem: `managers/`.
    Manager,
    /// Somebody who sends webhooks: `senders/`.
    Sender,
    /// What runs the app's code without a request: bots, queues, background jobs: `workers/`.
    Worker,
    /// A client of raw HTTP requests: `http/`.
    Http,
    /// Where the app runs: `hosts/`.
    Host,
}

impl Kind {
    /// The folder below `codemods/`.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Framework => "frameworks",
            Self::Auth => "auth",
            Self::Orm => "orm",
            Self::Env => "env",
            Self::Provider => "providers",
            Self::Ui => "ui",
            Self::Manager => "managers",
            Self::Sender => "senders",
            Self::Worker => "workers",
            Self::Http => "http",
            Self::Host => "hosts",
        }
    }
}

/// A language of the apps that are integrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AppLanguage {
    /// TypeScript.
    Typescript,
    /// JavaScript.
    Javascript,
    /// Python.
    Python,
    /// Rust.
    Rust,
}

impl AppLanguage {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Typescript => "typescript",
            Self::Javascript => "javascript",
            Self::Python => "python",
            Self::Rust => "rust",
        }
    }
}

/// One `entry.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The folder's path below `codemods/`, e.g. `auth/clerk`.
    pub id: String,
    /// The value reports use, where it is not the last part of the id (two versions of one thing).
    pub value: Option<String>,
    /// What it is about.
    pub kind: Kind,
    /// Its name for people.
    pub title: String,
    /// Languages it can occur in.
    pub languages: Vec<AppLanguage>,
    /// The document it was learned from.
    pub link: String,
    /// Byte strings without which a file cannot concern the entry. A file that holds none of them is never parsed for
    /// this entry's sake.
    #[serde(default)]
    pub literals: Vec<String>,
    /// How it is recognised. The weights of the conditions that hold are added; the entry is picked from
    /// [`super::PICKED`] on, provided every `required` condition holds.
    #[serde(default)]
    pub detect: Vec<Condition>,
    /// Entries one of which must be picked too.
    #[serde(default)]
    pub requires: Vec<String>,
    /// Entries that take precedence: if one of them is picked, this one is not.
    #[serde(default)]
    pub excluded_by: Vec<String>,
    /// Entries that are picked with this one.
    #[serde(default)]
    pub implies: Vec<String>,
    /// Present when `kind = "framework"`.
    pub framework: Option<Framework>,
    /// Present when `kind = "auth"`.
    pub auth: Option<Auth>,
    /// Present when `kind = "orm"`.
    pub orm: Option<Orm>,
    /// Present when `kind = "env"`.
    pub env: Option<EnvStyle>,
    /// Present when `kind = "provider"`.
    pub provider: Option<Provider>,
    /// Present when `kind = "ui"`.
    pub ui: Option<Ui>,
    /// Present when `kind = "manager"`.
    pub manager: Option<Manager>,
    /// Present when `kind = "sender"`.
    pub sender: Option<Sender>,
    /// Present when `kind = "worker"`.
    pub worker: Option<Worker>,
    /// Present when `kind = "http"`.
    pub http: Option<Http>,
    /// Present when `kind = "host"`.
    pub host: Option<Host>,
}

impl Entry {
    /// The value reports use: `value`, else the last part of the id.
    pub fn value(&self) -> &str {
        self.value.as_deref().unwrap_or_else(|| self.name())
    }

    /// The last part of the id.
    pub fn name(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or(&self.id)
    }
}

/// A name by the module it is imported from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Symbol {
    /// The specifier; a trailing `/*` also stands for every module below.
    pub module: String,
    /// The export: a name, `default`, or `*` for any. Dots go on into members (`default.Router`, `auth.models.User`).
    /// The whole of a CommonJS module counts as its `default`; a Python module imported as such is entered by the
    /// same dots.
    pub name: String,
}

/// Something that is called: an imported function, or a method of what an imported function or class makes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callee {
    /// The specifier, as in [`Symbol::module`].
    pub module: String,
    /// The export, as in [`Symbol::name`].
    pub name: String,
    /// The member that is called on the value which `name(…)` or `new name(…)` makes: `auth` for `export const { auth } =
    /// NextAuth(…)`, `api.getSession` for `betterAuth(…)`. Absent: `name` itself is called.
    pub made: Option<String>,
}

/// Members of a value that describe a user, each in order of preference, as paths relative to the value (`""` is the
/// value itself).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserFields {
    /// The app's id of the user.
    pub id: Vec<String>,
    /// The e-mail address.
    #[serde(default)]
    pub email: Vec<String>,
    /// The name.
    #[serde(default)]
    pub name: Vec<String>,
}

/// A few lines of code to insert, with what they need in scope.
///
/// `lines` is a minijinja template written in the language's plainest style (double quotes, semicolons, four spaces in
/// Python and two elsewhere); whoever inserts it adapts it to the file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snippet {
    /// The lines, without a common indent.
    pub lines: String,
    /// Names the lines use.
    #[serde(default)]
    pub imports: Vec<Symbol>,
}
