//! What git says about the folder: is there work that nobody could get back.
//!
//! Files that are exactly as an earlier run left them do not count: going on after `quit` is not a reason to refuse.

use std::collections::BTreeMap;
use std::process::Command;

use camino::Utf8Path;

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
    let arguments =
        ["-c", "core.quotepath=off", "status", "--porcelain=v1", "-z", "--untracked-files=all", "--", "."];
    let Some(listing) = git(root, &arguments) else { return State::NoRepository };
    let mut changed: Vec<String> = paths(&listing)
        .filter_map(|path| path.strip_prefix(prefix).map(str::to_owned))
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

/// Standard output of a git command that succeeded.
fn git(root: &Utf8Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
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
