//! The copy of a sample app: its files in an empty folder, committed, so that `git diff` shows the integration and nothing else.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::apps::{App, Files};

/// Why an app cannot be copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// There is something there already.
    #[error("{} is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// A file or folder cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Copies an app into a folder that is empty or not there yet; whether it could be committed.
pub fn copy_app(app: &App, folder: &Path) -> Result<bool, CopyError> {
    if std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(CopyError::NotEmpty(folder.to_owned()));
    }
    let within = format!("{}/", app.folder);
    for name in Files::iter() {
        let Some(path) = name.strip_prefix(&within).map(|path| folder.join(path)) else { continue };
        let Some(file) = Files::get(&name) else { continue };
        let failed = |source| CopyError::Write { path: path.clone(), source };
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        std::fs::write(&path, &file.data).map_err(failed)?;
    }
    Ok(commit(folder))
}

/// A repository of its own with one commit, whatever the user's settings are.
fn commit(folder: &Path) -> bool {
    let git = |arguments: &[&str]| {
        Command::new("git")
            .current_dir(folder)
            .args(["-c", "user.name=demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgsign=false"])
            .args(["-c", "core.hooksPath=", "-c", "core.autocrlf=false", "-c", "init.defaultBranch=main"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    git(&["init", "--quiet"])
        && git(&["add", "--all"])
        && git(&["commit", "--quiet", "--message", "The sample app"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_whole_and_never_goes_into_a_folder_with_something_in_it() {
        let scratch = tempfile::tempdir().unwrap();
        for app in App::all() {
            let folder = scratch.path().join(&app.name);
            copy_app(&app, &folder).unwrap();
            assert!(folder.join(".gitignore").exists() && folder.join("README.md").exists());
            assert!(matches!(copy_app(&app, &folder), Err(CopyError::NotEmpty(_))));
        }
    }
}
