//! Conditions by which an entry is recognised, as data.

use serde::Deserialize;

use super::glob::Globs;

/// One piece of evidence for an entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// What is looked for.
    pub when: When,
    /// What it counts for, added up over the conditions that hold. 1 is enough alone; negative speaks against.
    pub weight: f64,
    /// Without it the entry is never picked.
    #[serde(default)]
    pub required: bool,
    /// The reason shown to people. `{found}` is what was found: a dependency with its
    /// version, a file, a literal; `{file}` is where.
    pub why: String,
}

/// The kinds of evidence.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum When {
    /// A dependency declared in a manifest of the app.
    Dependency(Dependency),
    /// A file of the app whose path matches.
    File(FilePattern),
    /// Text in a file of the app.
    Text(TextPattern),
    /// A module imported in a file of the app, by any way the language has.
    Import(ImportPattern),
}

/// Where packages come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ecosystem {
    /// `package.json`
    Npm,
    /// `pyproject.toml`, `requirements*.txt`, `Pipfile`, `setup.cfg`
    Pypi,
    /// `Cargo.toml`
    Crates,
}

/// A declared dependency.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    /// Which manifests.
    pub from: Ecosystem,
    /// Any of these names; a trailing `*` stands for any ending.
    pub names: Vec<String>,
    /// Lowest version that counts, e.g. `"5"` or `"4.24"`. A version that cannot be told (`latest`, a beta tag) counts
    /// as the newest.
    pub min: Option<String>,
    /// First version that does not count any more.
    pub below: Option<String>,
    /// Development dependencies count too.
    #[serde(default)]
    pub dev: bool,
}

/// Files by glob, relative to the app's root (or to a package the app uses).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilePattern {
    /// Any of these globs.
    pub globs: Globs,
}

/// Text in files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextPattern {
    /// Files that are looked into; every source file of the entry's languages when empty.
    #[serde(default)]
    pub globs: Globs,
    /// Any of these byte strings.
    pub any: Vec<String>,
    /// A hit does not count when one of these follows it at once.
    #[serde(default)]
    pub unless_next: Vec<String>,
    /// So many hits in one file are needed; one when absent.
    #[serde(default)]
    pub at_least: usize,
    /// And in the same file one of these, if given.
    #[serde(default)]
    pub with: Vec<String>,
    /// And none of these in the same file.
    #[serde(default)]
    pub without: Vec<String>,
}

/// An import in files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportPattern {
    /// Any of these modules; a trailing `/*` (or `.*` in Python) also stands for every module below.
    pub modules: Vec<String>,
    /// And in the same file one of these byte strings, if given.
    #[serde(default)]
    pub with: Vec<String>,
    /// And none of these in the same file.
    #[serde(default)]
    pub without: Vec<String>,
}
