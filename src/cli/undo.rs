//! `undo`: the bytes from before, exactly.

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;

use super::CommandResult;
use super::args::UndoArgs;
use crate::edit::journal::{FOLDER, Journal, JournalEntry, JournalError, Which};
use crate::review::{Label, Screen, Terminal, Text};
use crate::run::{Exit, Reviewer as _, RunError};
use crate::workspace::Workspace;

#[derive(Debug, Default, Serialize)]
struct Document {
    version: u32,
    undone: Vec<StepDocument>,
    files: Vec<FileDocument>,
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
    let folders = if which == Which::All { folders } else { latest(folders, &which)? };
    for folder in &folders {
        undo_in(screen, folder, &which, args, &mut document)?;
    }
    if args.json {
        screen.document(&document)?;
    }
    if document.undone.is_empty() {
        screen.report("Nothing to undo.")?;
    }
    for file in &document.files {
        let line =
            Text::new().with(Label::Success, "✓").plain(&format!(" {:<9}", file.change)).path(&file.file);
        screen.report(line)?;
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
    let journal = Journal::open(folder)?;
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
    let entries: Vec<JournalEntry> = match &which {
        Which::Last => journal.entries()?.pop().into_iter().collect(),
        Which::Step(step) => journal.entries()?.into_iter().filter(|entry| entry.step == *step).collect(),
        Which::All => journal.entries()?,
    };
    if entries.is_empty() {
        return Ok(());
    }
    ask(screen, args, &entries, "Put back")?;
    if let Some(undone) = journal.undo(&which, jiff::Timestamp::now())? {
        document.undone.extend(undone.entries.iter().map(step_document));
        let files = undone.files.iter().map(|(path, there)| file_document(folder, path, *there));
        document.files.extend(files);
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
    let file = if folder.as_str() == "." { path.to_owned() } else { folder.join(path).to_string() };
    FileDocument { file, change: if there { "restored" } else { "removed" } }
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
fn latest(folders: Vec<Utf8PathBuf>, which: &Which) -> Result<Vec<Utf8PathBuf>, RunError> {
    let mut dated = Vec::new();
    for folder in folders {
        let journal = Journal::open(&folder)?;
        let pending = journal.unfinished()?.map(|unfinished| unfinished.entry().clone());
        let mut entries = journal.entries()?;
        entries.extend(pending);
        let wanted = |entry: &&JournalEntry| !matches!(which, Which::Step(step) if entry.step != *step);
        if let Some(at) = entries.iter().filter(wanted).map(|entry| entry.at).max() {
            dated.push((at, folder));
        }
    }
    Ok(dated.into_iter().max().map(|(_, folder)| folder).into_iter().collect())
}
