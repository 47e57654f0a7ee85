//! What a package manager's entry says: its files, and the commands of its ecosystem.

use serde::Deserialize;

use super::detect::Ecosystem;

/// The package manager part of an entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manager {
    /// Which manifests it works on.
    pub ecosystem: Ecosystem,
    /// Its lock files.
    #[serde(default)]
    pub locks: Vec<String>,
    /// Manifests that only it uses (`Pipfile`).
    #[serde(default)]
    pub manifests: Vec<String>,
    /// Tables of `pyproject.toml` that only it uses.
    #[serde(default)]
    pub tables: Vec<String>,
    /// Taken when nothing else tells.
    #[serde(default)]
    pub fallback: bool,
    /// The command that runs a script of the manifest: `pnpm {script}`.
    pub run: Option<String>,
    /// The command that runs the script `test`, where it differs.
    pub test: Option<String>,
    /// The command that runs an installed tool: `pnpm exec {tool}`.
    pub exec: String,
    /// The command that adds a dependency: `pnpm add {package}`.
    pub add: String,
    /// Names of scripts that check types, best first.
    #[serde(default)]
    pub typecheck_scripts: Vec<String>,
    /// Tools that check types when no script does: the first whose condition holds.
    #[serde(default)]
    pub typecheck_tools: Vec<ToolRule>,
    /// Tools that run tests when no script does.
    #[serde(default)]
    pub test_tools: Vec<ToolRule>,
}

/// A tool, and when the app is taken to use it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolRule {
    /// The tool with its arguments.
    pub tool: String,
    /// A dependency (development too) that shows it; none needed when absent.
    pub dependency: Option<String>,
    /// A file that must be there.
    pub file: Option<String>,
}
