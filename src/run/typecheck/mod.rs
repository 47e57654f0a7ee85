//! The app's own type check, before and after.
//!
//! In: the command that the fingerprint found, and a yes to it (it runs what the repository names, so it is shown first and
//! never started by surprise). Out: the errors that were not there before. Errors are compared by file and words, not by
//! line, because lines move. Checks that cannot be started, and those whose output says nothing, count as not run.

mod parse;

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};

use super::{AppFacts, RunError};
use crate::edit::{HunkRef, Outcome};

/// One complaint of a checker.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Relative to the repository's root.
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// What it says.
    pub text: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.text)
    }
}

/// A type check that was agreed to.
#[derive(Debug)]
pub(super) struct Check {
    command: String,
    /// The app's folder.
    folder: Utf8PathBuf,
    root: Utf8PathBuf,
    /// Before anything was written.
    first: Vec<Problem>,
    /// As of the last time.
    last: Vec<Problem>,
}

impl Check {
    /// The command of an app whose packages are installed.
    pub(super) fn command(root: &Utf8Path, app: &AppFacts) -> Option<String> {
        let command = app.typecheck.clone()?;
        let folder = root.join(&app.root);
        let above = || folder.ancestors().take_while(|dir| dir.starts_with(root));
        let has = |name: &str| above().any(|dir| dir.join(name).is_dir());
        (has("node_modules") || virtual_environment(root, &folder).is_some()).then_some(command)
    }

    /// Runs it for the first time.
    pub(super) fn start(root: &Utf8Path, app: &AppFacts, command: &str) -> Result<Self, RunError> {
        let folder = root.join(&app.root);
        let mut check = Self {
            command: command.to_owned(),
            folder,
            root: root.to_owned(),
            first: Vec::new(),
            last: Vec::new(),
        };
        check.first = check.look()?;
        check.last.clone_from(&check.first);
        Ok(check)
    }

    /// Runs it again: the errors that were not there the last time.
    pub(super) fn again(&mut self) -> Result<Vec<Problem>, RunError> {
        let now = self.look()?;
        let fresh = fresh(&self.last, &now);
        self.last = now;
        Ok(fresh)
    }

    /// The errors that were not there before the run, as of the last time.
    pub(super) fn since_the_start(&self) -> Vec<Problem> {
        fresh(&self.first, &self.last)
    }

    fn look(&self) -> Result<Vec<Problem>, RunError> {
        let failed = |source| RunError::Program { what: format!("cannot run `{}`", self.command), source };
        let mut words = self.command.split_whitespace();
        let program = words.next().unwrap_or_default();
        let mut command = Command::new(program);
        command.args(words).current_dir(&self.folder).stdin(Stdio::null());
        // Plain words, and nothing is fetched that is not installed.
        command.env("NO_COLOR", "1").env("FORCE_COLOR", "0").env("npm_config_yes", "false");
        if let Some(bin) = virtual_environment(&self.root, &self.folder) {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let mut paths = vec![bin.into_std_path_buf()];
            paths.extend(std::env::split_paths(&path));
            if let Ok(path) = std::env::join_paths(paths) {
                command.env("PATH", path);
            }
        }
        let output = command.output().map_err(failed)?;
        let said = [output.stdout, output.stderr].concat();
        let problems = parse::problems(&String::from_utf8_lossy(&said), &self.folder, &self.root);
        if problems.is_empty() && !output.status.success() {
            let text = String::from_utf8_lossy(&said).into_owned();
            let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
            let what = format!("`{}` ended with {} and named no error", self.command, output.status);
            return Err(RunError::Program { what, source: std::io::Error::other(last.trim().to_owned()) });
        }
        Ok(problems)
    }
}

/// The folder of programs of an app's virtual environment.
fn virtual_environment(root: &Utf8Path, folder: &Utf8Path) -> Option<Utf8PathBuf> {
    let above = folder.ancestors().take_while(|dir| dir.starts_with(root));
    above.flat_map(|dir| [dir.join(".venv/bin"), dir.join("venv/bin")]).find(|bin| bin.is_dir())
}

/// What is in the second list and not, or less often, in the first.
fn fresh(before: &[Problem], after: &[Problem]) -> Vec<Problem> {
    fn key(problem: &Problem) -> (&str, &str) {
        (&problem.file, &problem.text)
    }
    let mut known: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for problem in before {
        *known.entry(key(problem)).or_default() += 1;
    }
    let mut fresh = Vec::new();
    for problem in after {
        match known.get_mut(&key(problem)).filter(|count| **count > 0) {
            Some(count) => *count -= 1,
            None => fresh.push(problem.clone()),
        }
    }
    fresh
}

/// The hunk of a change in which a complaint lies; of a new file its only one.
pub(super) fn hunk_of(outcome: &Outcome, problem: &Problem) -> Option<HunkRef> {
    let file = outcome.files().iter().position(|file| file.path() == problem.file)?;
    let diff = outcome.files().get(file)?.diff();
    let holds = |hunk: &crate::edit::Hunk| {
        let end = hunk.new_start + hunk.new_lines.max(1);
        (hunk.new_start..end).contains(&problem.line)
    };
    let index = diff.hunks.iter().position(holds)?;
    Some(HunkRef { file, hunk: index })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(file: &str, line: usize, text: &str) -> Problem {
        Problem { file: file.to_owned(), line, text: text.to_owned() }
    }

    #[test]
    fn an_error_that_only_moved_is_not_new_and_the_same_once_more_is() {
        let before = [problem("a.ts", 3, "TS1"), problem("b.ts", 1, "TS2")];
        let after = [problem("a.ts", 9, "TS1"), problem("a.ts", 12, "TS1"), problem("c.ts", 1, "TS2")];
        assert_eq!(fresh(&before, &after), [problem("a.ts", 12, "TS1"), problem("c.ts", 1, "TS2")]);
        assert!(fresh(&after, &before[..1]).is_empty());
    }
}
