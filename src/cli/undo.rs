//! `undo`: the bytes from before, exactly.

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;

use super::CommandResult;
use super::args::UndoArgs;
use crate::answers::FILE_NAME as ANSWERS;
use crate::edit::journal::{FOLDER, HandEdits, JournalEntry, JournalError, Undone, Which};
use crate::review::{Label, Screen, Terminal, Text};
use crate::run::{Exit, Reviewer as _, RunError, open_journal};
use crate::workspace::Workspace;

#[derive(Debug, Default, Serialize)]
struct Document {
    version: u32,
    undone: Vec<StepDocument>,
    files: Vec<FileDocument>,
    /// Files that somebody edited, left as they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kept: Vec<String>,
    /// Some file was as before already, and may come back.
    #[serde(skip)]
    apart: bool,
}

#[derive(Debug, Serialize)]
struct StepDocument {
    step: String,
    files: Vec<String>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct FileDocument {
    file: String,
    change: &'static str,
}

pub(super) fn undo(screen: &mut Screen, args: &UndoArgs) -> CommandResult {
    let mut document = Document { version: 1, ..Document::default() };
    let folders = journals(&args.app)?;
    let which = match (args.step, args.all) {
        (Some(step), _) => Which::Step(step.id().to_owned()),
        (None, true) => Which::All,
        (None, false) => Which::Last,
    };
    let folders = if which == Which::All { folders } else { latest(&args.app, folders, &which)? };
    for folder in &folders {
        undo_in(screen, folder, &which, args, &mut document)?;
    }
    if args.json {
        screen.document(&document)?;
    }
    if document.undone.is_empty() {
        screen.report("Nothing to undo.")?;
        if args.app.join(ANSWERS).is_file() {
            screen.say(format!("`{ANSWERS}` is here, but of what was applied nothing is known: it came with a commit, or the folder `{FOLDER}` was removed. Take it back with git.").as_str());
        }
    } else if document.files.is_empty() && document.kept.is_empty() {
        screen.report("Every file was as before already; the steps count as undone now.")?;
    }
    if document.apart {
        screen.say("Some files were as before already. Should they come back with `git stash pop`, run `undo` again.");
    }
    for file in &document.files {
        let line =
            Text::new().with(Label::Success, "✓").plain(&format!(" {:<9}", file.change)).path(&file.file);
        screen.report(line)?;
    }
    for file in &document.kept {
        let line = Text::new().with(Label::Warning, "–").plain(" kept     ").path(file);
        screen.report(line.muted("  as you edited it; take what the steps wrote out by hand"))?;
    }
    Ok(Exit::Done)
}

fn undo_in(
    screen: &mut Screen,
    folder: &Utf8Path,
    which: &Which,
    args: &UndoArgs,
    document: &mut Document,
) -> Result<(), RunError> {
    let journal = open_journal(&args.app, folder)?;
    journal.sweep();
    let edits = if args.keep_mine { HandEdits::Keep } else { HandEdits::Refuse };
    let mut which = which.clone();
    if let Some(unfinished) = journal.unfinished()? {
        let entry = unfinished.entry().clone();
        ask(screen, args, std::slice::from_ref(&entry), "Put back the step that was interrupted")?;
        journal.roll_back(&unfinished)?;
        for file in &entry.files {
            document.files.push(file_document(folder, &file.path, file.before.is_some()));
        }
        document.undone.push(step_document(&entry));
        // The interrupted step was the last one.
        if which == Which::Last || which == Which::Step(entry.step) {
            return Ok(());
        }
        which = if args.all { Which::All } else { which };
    }
    // What would be refused is refused before anything is asked.
    let planned = match journal.preview_undo(&which, edits) {
        Err(JournalError::NotApplied(_)) => None,
        planned => planned?,
    };
    let Some(planned) = planned else { return Ok(()) };
    ask(screen, args, &planned.entries, "Put back")?;
    if let Some(undone) = journal.undo(&which, edits, jiff::Timestamp::now())? {
        let Undone { entries, files, kept, apart } = undone;
        document.apart |= apart;
        document.undone.extend(entries.iter().map(step_document));
        document.files.extend(files.iter().map(|(path, there)| file_document(folder, path, *there)));
        document.kept.extend(kept.iter().map(|path| from_here(folder, path)));
    }
    Ok(())
}

fn ask(screen: &mut Screen, args: &UndoArgs, entries: &[JournalEntry], verb: &str) -> Result<(), RunError> {
    if args.yes {
        return Ok(());
    }
    let Some(mut terminal) = Terminal::open() else {
        return Err(RunError::NoTerminal {
            what: "`undo` asks before it changes files".to_owned(),
            hints: vec!["pass `--yes` to undo without being asked".to_owned()],
        });
    };
    super::interrupt::handle();
    let steps: Vec<String> = entries.iter().rev().map(|entry| format!("`{}`", entry.step)).collect();
    for entry in entries.iter().rev() {
        for file in &entry.files {
            let line = Text::new().plain("  ").with(Label::Literal, &entry.step).pad_to(13).path(&file.path);
            screen.say(line.plain("  ").muted(&format!("+{} -{}", file.added, file.removed)));
        }
    }
    let question = format!("{verb}: {}?", steps.join(", ").replace('`', ""));
    if terminal.confirm(screen, &question, true)? { Ok(()) } else { Err(RunError::Stopped) }
}

fn step_document(entry: &JournalEntry) -> StepDocument {
    let files = entry.files.iter().map(|file| file.path.clone()).collect();
    StepDocument { step: entry.step.clone(), files }
}

fn file_document(folder: &Utf8Path, path: &str, there: bool) -> FileDocument {
    FileDocument { file: from_here(folder, path), change: if there { "restored" } else { "removed" } }
}

/// A path seen from the app, seen from where the command runs.
fn from_here(folder: &Utf8Path, path: &str) -> String {
    if folder.as_str() == "." { path.to_owned() } else { folder.join(path).to_string() }
}

/// Folders with a journal: the given one, or those of the apps below it.
fn journals(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, RunError> {
    if !folder.is_dir() {
        return Err(JournalError::NotAFolder(folder.to_owned()).into());
    }
    if folder.join(FOLDER).is_dir() {
        return Ok(vec![folder.to_owned()]);
    }
    let workspace = Workspace::open(folder)?;
    let mut folders: Vec<&str> = Vec::new();
    for (_, file) in workspace.files() {
        folders.extend(
            Utf8Path::new(file.dir()).ancestors().map(Utf8Path::as_str).filter(|dir| !dir.is_empty()),
        );
    }
    folders.sort_unstable();
    folders.dedup();
    let below = |dir: &&str| folder.join(dir);
    Ok(folders.iter().map(below).filter(|dir| dir.join(FOLDER).is_dir()).collect())
}

/// Of several journals, the one in which something was written last.
fn latest(root: &Utf8Path, folders: Vec<Utf8PathBuf>, which: &Which) -> Result<Vec<Utf8PathBuf>, RunError> {
    let mut dated = Vec::new();
    for folder in folders {
        let journal = open_journal(root, &folder)?;
        let pending = journal.unfinished()?.map(|unfinished| unfinished.entry().clone());
        let mut entries = journal.in_effect()?;
        entries.extend(pending);
        let wanted = |entry: &&JournalEntry| !matches!(which, Which::Step(step) if entry.step != *step);
        if let Some(at) = entries.iter().filter(wanted).map(|entry| entry.at).max() {
            dated.push((at, folder));
        }
    }
    Ok(dated.into_iter().max().map(|(_, folder)| folder).into_iter().collect())
}
