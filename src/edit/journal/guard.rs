//! What the journal believes: a repository that is cloned may bring a `.credyt` of its own.
//!
//! So nothing in the folder is a link, a record says nothing that this program would not have written, and every path
//! in it stays below the repository and out of `.git`. What does not hold is refused before anything is read through it.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::record::{JournalEntry, JournalFile};
use super::{FOLDER, JournalError};

/// Largest offset and length in a record; files that are edited are far smaller.
const MAX: usize = 1 << 31;

/// Refuses a folder of ours in which something is a link, or neither file nor folder.
pub(super) fn check_folder(folder: &Utf8Path) -> Result<(), JournalError> {
    let Ok(metadata) = folder.symlink_metadata() else { return Ok(()) };
    if !metadata.is_dir() {
        let why = if metadata.is_symlink() { "is a link" } else { "is not a folder" };
        return Err(untrusted(folder, why));
    }
    for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => check_folder(path)?,
            Ok(kind) if kind.is_file() => {}
            Ok(kind) if kind.is_symlink() => return Err(untrusted(path, "is a link")),
            _ => return Err(untrusted(path, "is not a file")),
        }
    }
    Ok(())
}

/// Refuses records of which one in force is missing: without it the others do not lead to the files as they are.
///
/// A folder that was being removed has lost its oldest records, and then nothing in it is in force.
pub(super) fn check_gaps(folder: &Utf8Path, log: &[JournalEntry]) -> Result<(), JournalError> {
    let undone = |entry: &JournalEntry| log.iter().any(|later| later.undoes.contains(&entry.id));
    if log.iter().all(|entry| !entry.undoes.is_empty() || undone(entry)) {
        return Ok(());
    }
    for (entry, expected) in log.iter().zip(1..) {
        if entry.id != expected {
            let path = folder.join("journal").join(format!("{expected:06}.json"));
            return Err(untrusted(&path, "is missing"));
        }
    }
    Ok(())
}

/// What is wrong with a record, in words; `id` is the one in its file's name.
pub(super) fn check_record(entry: &JournalEntry, id: u32) -> Result<(), String> {
    if entry.id != id || id == 0 {
        return Err(format!("has the number {} inside", entry.id));
    }
    let Some(ups) = ups(&entry.root) else {
        return Err(format!("names the root `{}`", entry.root));
    };
    if entry.undoes.iter().any(|undone| *undone >= id) {
        return Err("undoes a later record".to_owned());
    }
    let paths = entry.files.iter().map(|file| &file.path).chain(&entry.folders);
    for path in paths {
        if !is_below(path, ups) {
            return Err(format!("names `{path}`"));
        }
    }
    match entry.files.iter().find(|file| !has_ranges(file, entry.undoes.is_empty())) {
        Some(file) => Err(format!("has impossible ranges for `{}`", file.path)),
        None => Ok(()),
    }
}

/// How many folders up a record's root lies: 0 for `.`, 2 for `../..`, `None` for anything else.
pub(super) fn ups(root: &str) -> Option<usize> {
    if root == "." {
        return Some(0);
    }
    root.split('/').all(|part| part == "..").then(|| root.split('/').count())
}

/// Whether git keeps something that was put aside in the repository of a folder, which may be another worktree of it.
pub(super) fn has_stash(repository: &Utf8Path) -> bool {
    let git = repository.join(".git");
    // `gitdir: /repository/.git/worktrees/name`
    let pointer = std::fs::read_to_string(&git).ok();
    let named = pointer.as_deref().and_then(|text| text.trim().strip_prefix("gitdir: "));
    let common = named.and_then(|path| Utf8Path::new(path).ancestors().nth(2)).unwrap_or(&git);
    common.join("refs/stash").is_file()
}

/// Whether a path seen from the app stays below the root that lies `ups` folders up, and names no folder that is git's
/// or ours.
fn is_below(path: &str, ups: usize) -> bool {
    let mut names = 0;
    let mut up = 0;
    for component in Utf8Path::new(path).components() {
        match component {
            Utf8Component::ParentDir if names == 0 => up += 1,
            Utf8Component::Normal(name) if !is_reserved(name) => names += 1,
            _ => return false,
        }
    }
    names > 0 && up <= ups
}

/// Whether a name is one of git's or ours on some file system: they fold case, drop characters that are not shown, and
/// know `.git` as `git~1`.
pub(super) fn is_reserved(name: &str) -> bool {
    let shown: String = name.chars().filter(|c| !crate::unseen::is_unseen(*c)).collect();
    let folded = shown.trim_end_matches([' ', '.']).to_lowercase();
    folded == ".git" || folded.starts_with("git~") || folded == FOLDER
}

/// Whether the edits of a file are ranges from top to bottom, with as much text as they replaced.
fn has_ranges(file: &JournalFile, with_text: bool) -> bool {
    let mut at = 0;
    file.edits.iter().all(|edit| {
        let sorted = at <= edit.start && edit.start <= edit.end && edit.end <= MAX && edit.inserted <= MAX;
        at = edit.end;
        sorted && (!with_text || edit.removed.len() == edit.end - edit.start)
    })
}

/// The folder that no record may lead out of: the top of the git repository the app lies in; without one, `root`.
pub(super) fn limit(app: &Utf8Path, root: &Utf8Path) -> Utf8PathBuf {
    let top = app.ancestors().find(|dir| dir.join(".git").symlink_metadata().is_ok());
    match top {
        Some(top) => top.to_owned(),
        None if app.starts_with(root) => root.to_owned(),
        None => app.to_owned(),
    }
}

pub(super) fn untrusted(path: &Utf8Path, why: impl Into<String>) -> JournalError {
    JournalError::Untrusted { path: path.to_owned(), why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_its_root_and_out_of_git() {
        for (path, ups, fine) in [
            ("a.ts", 0, true),
            ("src/ü/a b.ts", 0, true),
            ("../../packages/db/a.ts", 2, true),
            ("../a.ts", 0, false),
            ("../../../a.ts", 2, false),
            ("a/../../b", 2, false),
            ("/etc/passwd", 9, false),
            ("", 0, false),
            ("..", 1, false),
            (".git/hooks/post-checkout", 0, false),
            ("../.GIT/config", 1, false),
            ("git~1/config", 0, false),
            (".g\u{200c}it/config", 0, false),
            (".git. /config", 0, false),
            ("sub/.git/config", 0, false),
            (".credyt/journal/000001.json", 0, false),
            (".gitignore", 0, true),
            (".github/workflows/a.yml", 0, true),
        ] {
            assert_eq!(is_below(path, ups), fine, "{path:?} {ups}");
        }
    }

    #[test]
    fn a_root_is_some_folders_up_and_nothing_else() {
        assert_eq!([".", "..", "../../.."].map(ups), [Some(0), Some(1), Some(3)]);
        assert_eq!(["/", "", "../x", "x", "./.."].map(ups), [None; 5]);
    }
}
