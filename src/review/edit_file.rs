//! The user writes a part of the change: the text after of one file, in `$EDITOR`.
//!
//! What comes back is one unit for the whole step. Hunks of a text that a person arranged cannot be taken apart by
//! reasons that the step gave.

use console::Term;
use dialoguer::Editor;

use super::screen::Screen;
use super::{diff_view, foreground, lists};
use crate::edit::{Change, ChangeSet, EditUnit, FileOutcome, NewFile, Outcome};
use crate::run::{RunError, difference};

const WHY: &str = "edited in the review";

/// Lets the user edit one file of the outcome; `None` when nothing was changed.
pub(super) fn edit(
    screen: &mut Screen,
    term: &Term,
    changes: &ChangeSet,
    outcome: &Outcome,
) -> Result<Option<ChangeSet>, RunError> {
    let files = diff_view::order(outcome).into_iter().map(|(_, file)| file);
    let editable: Vec<&FileOutcome> = files.filter(|file| !file.is_secret()).collect();
    let file = match editable.as_slice() {
        [] => {
            screen.warn("files that may hold secrets are not opened in an editor");
            return Ok(None);
        }
        [only] => *only,
        several => {
            let labels: Vec<String> = several.iter().map(|file| file.path().to_owned()).collect();
            several[lists::select(term, "Which file?", &labels, 0)?]
        }
    };
    let name = file.path().rsplit('/').next().unwrap_or_default();
    let extension = name.rfind('.').and_then(|at| name.get(at..)).unwrap_or(".txt");
    let before = file.after().as_str();
    let lent = foreground::lend();
    let edited = Editor::new().extension(extension).trim_newlines(false).edit(before);
    drop(lent);
    let edited = match edited {
        Ok(edited) => edited,
        Err(error) => {
            screen.warn(&format!("the editor could not be used: {error}"));
            screen.hint("set `EDITOR` to the command of an editor that waits until you are done");
            return Ok(None);
        }
    };
    match edited {
        Some(text) if text != before => Ok(Some(with_text(changes, file, &text))),
        _ => {
            screen.say("Nothing was changed.");
            Ok(None)
        }
    }
}

/// The same changes, but with this text in this file, as one unit.
fn with_text(changes: &ChangeSet, file: &FileOutcome, text: &str) -> ChangeSet {
    let mut unit = EditUnit::new("Your edit of the step", WHY);
    for (_, other) in changes.units() {
        for (path, edits) in other.file_edits().filter(|(path, _)| *path != file.path()) {
            unit.add(path, edits.iter().cloned());
        }
        for (path, new_file) in other.new_files().filter(|(path, _)| *path != file.path()) {
            unit = unit.create(path, new_file.clone());
        }
    }
    unit = match file.change() {
        Change::Created => unit.create(file.path(), NewFile::new(text, WHY)),
        Change::Modified => unit.edit(file.path(), difference(file.before().as_str(), text, WHY)),
    };
    let mut set = ChangeSet::new();
    // One unit of edits that were in one set before has no conflict but with itself, and there it had none.
    drop(set.push(unit));
    set
}
