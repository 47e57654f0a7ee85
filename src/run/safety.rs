//! Before the first write: is there work of somebody's that could be lost or mixed up.

use std::collections::BTreeMap;

use camino::Utf8Path;

use super::{AppFacts, Findings, Reviewer, RunError, git};
use crate::edit::journal::{FOLDER, FileState, Journal};
use crate::review::Screen;

/// Paths named in a refusal.
const SHOWN: usize = 5;

/// The journal of an app, unless the repository brought it along.
pub(crate) fn open_journal(root: &Utf8Path, app: &Utf8Path) -> Result<Journal, RunError> {
    let folder = app.join(FOLDER);
    // Git prints nothing for what it does not track, so a folder that is not there need not be asked about.
    if folder.symlink_metadata().is_ok() && git::tracks_journal(app) {
        return Err(RunError::Refused {
            why: format!("git tracks files of `{folder}`, so they came with the code and are not believed"),
            hints: vec![
                format!(
                    "if they are your own: `git rm -r --cached {FOLDER}` keeps them out of the repository"
                ),
                format!("if not: remove `{FOLDER}` and commit that"),
            ],
        });
    }
    Ok(Journal::open(root, app)?)
}

/// Deals with an unfinished earlier run, then refuses uncommitted changes that are not our own.
pub(super) fn check(
    screen: &mut Screen,
    reviewer: &mut dyn Reviewer,
    root: &Utf8Path,
    app: &AppFacts,
    findings: &Findings,
    allow_dirty: bool,
) -> Result<(), RunError> {
    finish_earlier(screen, reviewer, root, app)?;
    match git::state(root, &ours(root, findings)?) {
        git::State::NoRepository => {
            screen.warn("this folder is not in a git repository");
            screen.hint("`credyt-integrate undo` puts back what a step changed");
        }
        git::State::Changes(paths) if !paths.is_empty() && !allow_dirty => {
            let mut named: Vec<String> = paths.iter().take(SHOWN).map(|path| format!("`{path}`")).collect();
            if paths.len() > SHOWN {
                named.push(format!("{} more", paths.len() - SHOWN));
            }
            return Err(RunError::Refused {
                why: format!("there are uncommitted changes: {}", named.join(", ")),
                hints: vec![
                    "commit them, or put them aside with `git stash -u`, so that the integration is a diff of its own"
                        .to_owned(),
                    "pass `--allow-dirty` to go on beside them".to_owned(),
                ],
            });
        }
        git::State::Changes(_) => {}
    }
    Ok(())
}

/// A transaction that was cut short is finished or rolled back before anything else.
fn finish_earlier(
    screen: &mut Screen,
    reviewer: &mut dyn Reviewer,
    root: &Utf8Path,
    app: &AppFacts,
) -> Result<(), RunError> {
    let journal = open_journal(root, &root.join(&app.root))?;
    journal.sweep();
    let Some(unfinished) = journal.unfinished()? else { return Ok(()) };
    let step = unfinished.entry().step.clone();
    let refused = || RunError::Refused {
        why: format!("an earlier run was interrupted while it wrote step `{step}`"),
        hints: vec![
            "run `credyt-integrate undo` to put back the files of that step, then run again".to_owned(),
        ],
    };
    if !reviewer.is_interactive() {
        return Err(refused());
    }
    screen.warn(&format!("an earlier run was interrupted while it wrote step `{step}`"));
    if reviewer.confirm(screen, "Finish writing that step?", true)? {
        journal.finish(&unfinished)?;
    } else if reviewer.confirm(screen, "Put its files back as they were?", true)? {
        journal.roll_back(&unfinished)?;
    } else {
        return Err(refused());
    }
    Ok(())
}

/// Files of earlier runs, and whether each is as that run left it.
fn ours(root: &Utf8Path, findings: &Findings) -> Result<BTreeMap<String, bool>, RunError> {
    let mut ours = BTreeMap::new();
    for app in &findings.apps {
        let journal = open_journal(root, &root.join(&app.root))?;
        for entry in journal.entries()? {
            for (path, state) in journal.states(&entry)? {
                ours.insert(from_root(&app.root, &path), state == FileState::AsApplied);
            }
        }
    }
    Ok(ours)
}

/// A path seen from the app, seen from the root: `../x` of `apps/web` is `apps/x`.
pub(super) fn from_root(app: &str, path: &str) -> String {
    let mut parts: Vec<&str> = app.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::from_root;

    #[test]
    fn journal_paths_are_seen_from_the_root() {
        assert_eq!(from_root(".", "a/b.ts"), "a/b.ts");
        assert_eq!(from_root("apps/web", "a.ts"), "apps/web/a.ts");
        assert_eq!(from_root("apps/web", "../../package.json"), "package.json");
    }
}
