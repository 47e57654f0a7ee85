//! What an env style's entry says: where a new setting is declared.

use serde::Deserialize;

use super::glob::Globs;

use super::entry::{Snippet, Symbol};

/// The env part of an entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvStyle {
    /// Among the styles an app shows, the highest wins. A style with a declaration outranks one without.
    pub rank: u32,
    /// Where a new secret is declared so that the app sees it; nothing when the environment is read directly.
    #[serde(default)]
    pub declarations: Vec<Declaration>,
    /// Expression that reads a setting named `name` (with `default`, when given); for styles with a declaration,
    /// `object` is the name under which the settings are imported.
    pub read: Snippet,
}

/// One form of declaration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// What is looked for.
    pub shape: DeclarationShape,
    /// Only in these files; anywhere in the app when empty.
    #[serde(default)]
    pub files: Globs,
    /// What is added for an optional setting. Variables: `name`, `member` (the name in the app's habit).
    pub insert: Option<Snippet>,
    /// Further places in the same call that need a line, e.g. `runtimeEnv`.
    #[serde(default)]
    pub also: Vec<Also>,
    /// Texts that rule a place out: one with a prefix of its own reads other variables than those it is asked for.
    #[serde(default)]
    pub without: Vec<String>,
    /// Texts of which one stands in the place, where this form is for some only.
    #[serde(default)]
    pub within: Vec<String>,
    /// The declaration only describes the settings: they are what these methods of it give (`schema.parse(…)`).
    #[serde(default)]
    pub read_by: Vec<String>,
    /// Methods after which a described setting may be gone: `.transform((e) => ({ … }))`.
    #[serde(default)]
    pub drops: Vec<String>,
    /// An object of the same module that names each setting once more, kept by hand.
    pub beside: Option<Beside>,
}

impl Declaration {
    /// Whether this form is that of a place with such a text.
    pub fn is_for(&self, text: &str) -> bool {
        // `env_prefix = ""` is none.
        let is_empty = |mark: &str, rest: &str| {
            mark.ends_with(['"', '\'']) && rest.chars().next() == mark.chars().next_back()
        };
        let has = |mark: &String| {
            text.match_indices(mark.as_str())
                .any(|(at, _)| !is_empty(mark, text.get(at + mark.len()..).unwrap_or_default()))
        };
        !self.without.iter().any(has) && (self.within.is_empty() || self.within.iter().any(has))
    }
}

/// What a hand-kept map beside a declaration looks like.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beside {
    /// Ways in which its values read the environment.
    pub reads: Vec<String>,
    /// The line.
    pub insert: Snippet,
}

/// How a declaration looks.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum DeclarationShape {
    /// A call whose options hold the settings: `createEnv({ server: { … } })`; `key` is the path to them.
    Call {
        /// What is called.
        symbols: Vec<Symbol>,
        /// Names in scope without an import.
        #[serde(default)]
        globals: Vec<String>,
        /// The path of keys to the settings, `""` for the argument itself.
        key: String,
        /// The argument.
        argument: usize,
    },
    /// A class with one of these bases.
    Class {
        /// The bases.
        bases: Vec<Symbol>,
    },
    /// A class of the app's own in whose body the environment is read.
    ReadingClass {
        /// Ways to read it, as byte strings.
        reads: Vec<String>,
    },
    /// An object literal, or a module, that reads the environment and is imported elsewhere.
    ReadingObject {
        /// Ways to read it, as byte strings.
        reads: Vec<String>,
    },
    /// A statement at module level that reads the environment: `API_KEY = env("API_KEY")`.
    ReadingStatement {
        /// Ways to read it, as byte strings.
        reads: Vec<String>,
    },
}

/// Names of settings that hold the address at which people open the app.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// The names, the likeliest first.
    pub names: Vec<String>,
    /// The address may have a path that is not for people: only its site counts.
    #[serde(default)]
    pub site_only: bool,
    /// An entry without which the names mean something else.
    pub with: Option<String>,
}

/// A further line of a declaration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Also {
    /// The path of keys in the call's options; skipped when absent in the app.
    pub key: String,
    /// The line.
    pub insert: Snippet,
}
