//! What git says about the folder: is there work that nobody could get back.
//!
//! Files that are exactly as an earlier run left them do not count: going on after `quit` is not a reason to refuse.

use std::collections::BTreeMap;
use std::process::Command;

use camino::Utf8Path;

use crate::edit::journal::FOLDER;

/// The state of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// Not below a git repository, or git is not installed.
    NoRepository,
    /// Paths with uncommitted changes, relative to the folder; empty when there are none.
    Changes(Vec<String>),
}

/// Asks git. `ours` maps paths to whether their bytes are as an earlier run wrote them.
pub(super) fn state(root: &Utf8Path, ours: &BTreeMap<String, bool>) -> State {
    let Some(prefix) = git(root, &["rev-parse", "--show-prefix"]) else { return State::NoRepository };
    let prefix = prefix.trim_end_matches(['\n', '\r']);
    let arguments = [
        "-c",
        "core.quotepath=off",
        "status",
        "--porcelain=v1",
        "-z",
        "--untracked-files=all",
        // A look into a submodule would go by that one's configuration.
        "--ignore-submodules=dirty",
        "--",
        ".",
    ];
    let Some(listing) = git(root, &arguments) else { return State::NoRepository };
    // What is left of a write that was cut short is no work of somebody's.
    let own = |path: &String| path.split('/').any(|part| part == FOLDER);
    let mut changed: Vec<String> = paths(&listing)
        .filter_map(|path| path.strip_prefix(prefix).map(str::to_owned))
        .filter(|path| !own(path))
        .filter(|path| !ours.get(path).copied().unwrap_or(false))
        .collect();
    changed.sort();
    changed.dedup();
    State::Changes(changed)
}

/// Whether git ignores a path, so that it cannot be committed by accident. A tracked file is never ignored, whatever the
/// rules say.
pub(super) fn ignores(root: &Utf8Path, path: &str) -> bool {
    git(root, &["check-ignore", "--quiet", "--", path]).is_some()
}

/// Whether the repository holds a folder of ours. One that this program made ignores itself, so it came with the code.
pub(super) fn tracks_journal(app: &Utf8Path) -> bool {
    let inside = format!(":(icase){FOLDER}");
    git(app, &["ls-files", "-z", "--", &inside]).is_some_and(|listing| !listing.is_empty())
}

/// The paths of a `--porcelain=v1 -z` listing: `XY path`, and after a rename the old path alone.
fn paths(listing: &str) -> impl Iterator<Item = &str> {
    let mut fields = listing.split('\0');
    std::iter::from_fn(move || {
        let entry = fields.next().filter(|entry| !entry.is_empty())?;
        let (state, path) = entry.split_at_checked(3)?;
        if state.starts_with(['R', 'C']) {
            fields.next();
        }
        Some(path)
    })
}

/// Standard output of a git command that succeeded. No program is started that the repository's own configuration names.
fn git(root: &Utf8Path, arguments: &[&str]) -> Option<String> {
    let mut own = Vec::new();
    for scope in ["--local", "--worktree"] {
        let asked = ["config", scope, "--includes", "--name-only", "-z", "--get-regexp", "^filter[.]"];
        let names = plain_git(root, &[], &asked).unwrap_or_default();
        own.extend(names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned));
    }
    plain_git(root, &own, arguments)
}

/// The same with some settings empty.
fn plain_git(root: &Utf8Path, emptied: &[String], arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.args(["-c", "core.fsmonitor=false"]).env("GIT_CONFIG_COUNT", emptied.len().to_string());
    for (index, name) in emptied.iter().enumerate() {
        command.env(format!("GIT_CONFIG_KEY_{index}"), name).env(format!("GIT_CONFIG_VALUE_{index}"), "");
    }
    let output = command
        .arg("-C")
        .arg(root)
        .args(arguments)
        // A status must not wait for, or leave, a lock of the index.
        .env("GIT_OPTIONAL_LOCKS", "0")
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_gives_each_path_once_and_new_names_of_renames() {
        let listing = " M a b.ts\0R  new.ts\0old.ts\0?? ü.py\0";
        assert_eq!(paths(listing).collect::<Vec<_>>(), ["a b.ts", "new.ts", "ü.py"]);
        assert_eq!(paths("").count(), 0);
    }
}
