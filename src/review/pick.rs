//! Taking a part of a step: some files, or some hunks.
//!
//! What is taken away is always whole units: a hunk that calls a function cannot stay when the hunk that imports it
//! goes. What goes along is said before it is decided.

use console::Term;

use super::prompt::{self, KeyChoice};
use super::screen::Screen;
use super::text::Text;
use super::{diff_view, lists};
use crate::edit::{ChangeSet, FileOutcome, HunkRef, Outcome};
use crate::run::RunError;

/// A part of a change set, and the titles of what was left out.
pub(super) struct Part {
    pub(super) changes: ChangeSet,
    pub(super) left_out: Vec<String>,
}

impl Part {
    fn without(changes: &ChangeSet, outcome: &Outcome, hunks: &[HunkRef]) -> Self {
        let selection = changes.without_hunks(outcome, hunks);
        let titles =
            selection.dropped.iter().filter_map(|id| changes.unit(*id)).map(|u| u.title().to_owned());
        Self { left_out: titles.collect(), changes: selection.kept }
    }
}

/// How many files and hunks there are to choose from.
pub(super) fn choices(changes: &ChangeSet, outcome: &Outcome) -> (usize, usize) {
    let hunks: Vec<HunkRef> = outcome.hunks().filter(|hunk| is_choice(changes, outcome, *hunk)).collect();
    let files: std::collections::BTreeSet<usize> = hunks.iter().map(|hunk| hunk.file).collect();
    (files.len(), hunks.len())
}

/// Asks which files; `None` when the user thought better of it.
pub(super) fn files(term: &Term, changes: &ChangeSet, outcome: &Outcome) -> Result<Option<Part>, RunError> {
    let label = |file: &FileOutcome| {
        let diff = file.diff();
        format!("{}  +{} -{}", file.path(), diff.added, diff.removed)
    };
    let mut files = diff_view::order(outcome);
    files.retain(|(index, _)| {
        outcome.hunks().any(|hunk| hunk.file == *index && is_choice(changes, outcome, hunk))
    });
    let items: Vec<(String, bool)> = files.iter().map(|(_, file)| (label(file), true)).collect();
    let Some(kept) = lists::multi(term, "Which files?", &items)? else { return Ok(None) };
    let kept: Vec<usize> = kept.iter().filter_map(|at| files.get(*at)).map(|(index, _)| *index).collect();
    let dropped: Vec<HunkRef> = outcome.hunks().filter(|hunk| !kept.contains(&hunk.file)).collect();
    Ok(Some(Part::without(changes, outcome, &dropped)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    Yes,
    No,
    All,
    None,
    Cancel,
}

const KEYS: [KeyChoice<Keep>; 5] = [
    KeyChoice { key: 'y', word: "yes", help: "take this hunk", value: Keep::Yes },
    KeyChoice { key: 'n', word: "no", help: "leave this hunk out, and what belongs to it", value: Keep::No },
    KeyChoice {
        key: 'a',
        word: "all the rest",
        help: "take this hunk and all that follow",
        value: Keep::All,
    },
    KeyChoice {
        key: 'd',
        word: "drop the rest",
        help: "leave this hunk and all that follow out",
        value: Keep::None,
    },
    KeyChoice { key: 'c', word: "cancel", help: "back to the whole step", value: Keep::Cancel },
];

/// Asks hunk by hunk; `None` when the user thought better of it.
pub(super) fn hunks(
    screen: &mut Screen,
    term: &Term,
    changes: &ChangeSet,
    outcome: &Outcome,
) -> Result<Option<Part>, RunError> {
    let in_order = diff_view::order(outcome);
    let all: Vec<HunkRef> =
        in_order.iter().flat_map(|(index, _)| outcome.hunks().filter(move |h| h.file == *index)).collect();
    let all: Vec<HunkRef> = all.into_iter().filter(|hunk| is_choice(changes, outcome, *hunk)).collect();
    let mut dropped: Vec<HunkRef> = Vec::new();
    let mut gone: Vec<HunkRef> = Vec::new();
    let mut shown_file = None;
    for (index, at) in all.iter().enumerate() {
        let Some(file) = outcome.files().get(at.file) else { continue };
        let Some(hunk) = file.diff().hunks.get(at.hunk) else { continue };
        let mut lines = Vec::new();
        if shown_file != Some(at.file) {
            lines.push(Text::new());
            lines.push(diff_view::heading(file));
            shown_file = Some(at.file);
        }
        lines.extend(diff_view::hunk(file, hunk, screen.width()));
        screen.report_lines(&lines)?;
        if gone.contains(at) {
            screen.say("Left out with the hunk it belongs to.");
            continue;
        }
        let along = outcome.hunks_that_go_with(*at);
        if !along.is_empty() {
            let places: Vec<String> = along.iter().filter_map(|hunk| place(outcome, *hunk)).collect();
            screen.say_indented(2, format!("Goes with {}.", places.join(", ")));
        }
        let question = format!("Take hunk {} of {}?", index + 1, all.len());
        match prompt::key(screen, term, &question, &KEYS)? {
            Keep::Yes => {}
            Keep::No => {
                dropped.push(*at);
                gone.extend(along);
            }
            Keep::All => break,
            Keep::None => {
                dropped.extend(all.iter().skip(index));
                break;
            }
            Keep::Cancel => return Ok(None),
        }
    }
    Ok(Some(Part::without(changes, outcome, &dropped)))
}

/// Whether a hunk can be left out at all: the answers go with whatever else is taken.
fn is_choice(changes: &ChangeSet, outcome: &Outcome, hunk: HunkRef) -> bool {
    outcome.units_of(hunk).iter().any(|id| changes.unit(*id).is_some_and(|unit| !unit.is_always()))
}

fn place(outcome: &Outcome, hunk: HunkRef) -> Option<String> {
    let file = outcome.files().get(hunk.file)?;
    let line = file.diff().hunks.get(hunk.hunk)?.new_start;
    Some(format!("`{}:{line}`", file.path()))
}
