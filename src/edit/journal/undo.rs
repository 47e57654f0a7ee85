//! Undoing: the bytes from before, exactly, or a refusal that names the file.
//!
//! A step that is not the last can be undone too: its ranges are carried through what later steps did to the same file.
//! Where a later step touched the same bytes there is no exact answer, and the refusal names that step.

use std::collections::BTreeMap;
use std::ops::Range;

use super::JournalError;
use super::record::{JournalEdit, JournalEntry, JournalFile, hash};
use super::store::{Journal, new_entry};
use super::transaction::{Target, bits, read};

/// What to undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The last applied step.
    Last,
    /// Every time this step was applied.
    Step(String),
    /// Everything.
    All,
}

/// What was undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// The entries, newest first.
    pub entries: Vec<JournalEntry>,
    /// The files, seen from the app, and whether each is there afterwards.
    pub files: Vec<(String, bool)>,
}

/// How a file of an applied step is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// As the last step that changed it left it.
    AsApplied,
    /// Edited since.
    Edited,
    /// Gone.
    Missing,
}

/// One change of one file in the log (or in an undoing that is being planned).
#[derive(Debug, Clone)]
struct Passage {
    id: u32,
    step: String,
    undoes: Vec<u32>,
    file: JournalFile,
}

type History = BTreeMap<String, Vec<Passage>>;

impl Journal {
    /// Puts back the bytes from before, in one transaction. `None` when there is nothing to undo.
    pub fn undo(&self, which: &Which, at: jiff::Timestamp) -> Result<Option<Undone>, JournalError> {
        if let Some(earlier) = self.unfinished()? {
            return Err(JournalError::Unfinished { step: earlier.entry().step.clone() });
        }
        let mut entries = self.entries()?;
        match which {
            Which::Last => drop(entries.drain(..entries.len().saturating_sub(1))),
            Which::Step(step) => {
                entries.retain(|e| e.step == *step);
                if entries.is_empty() {
                    return Err(JournalError::NotApplied(step.clone()));
                }
            }
            Which::All => {}
        }
        entries.reverse();
        if entries.is_empty() {
            return Ok(None);
        }
        let targets = self.undo_targets(&entries)?;
        // The widest root of the entries: the one that lies most folders up.
        let root = entries.iter().map(|e| &e.root).max_by_key(|r| (r.len(), r.as_str())).cloned();
        let mut record = new_entry(0, "undo", at, root.unwrap_or_else(|| ".".to_owned()));
        record.undoes = entries.iter().map(|e| e.id).collect();
        let files = targets.iter().map(|t| (t.record.path.clone(), t.after.is_some())).collect();
        let step = entries.first().map(|e| e.step.clone()).unwrap_or_default();
        self.commit(record, &targets, &|file| JournalError::ChangedSinceApplied {
            file: file.to_owned(),
            step: step.clone(),
        })?;
        Ok(Some(Undone { entries, files }))
    }

    /// How the files of an applied step are now.
    pub fn states(&self, entry: &JournalEntry) -> Result<Vec<(String, FileState)>, JournalError> {
        let history = history(&self.log()?);
        let root = self.root_of(entry)?;
        let mut states = Vec::new();
        for file in &entry.files {
            let now = read(&self.resolve(&root, &file.path)?)?.map(|b| hash(&b));
            let last = history.get(&file.path).and_then(|h| h.last()).and_then(|p| p.file.after.clone());
            let state = match now {
                None => FileState::Missing,
                Some(_) if now == last => FileState::AsApplied,
                Some(_) => FileState::Edited,
            };
            states.push((file.path.clone(), state));
        }
        Ok(states)
    }

    fn undo_targets(&self, entries: &[JournalEntry]) -> Result<Vec<Target>, JournalError> {
        let mut history = history(&self.log()?);
        let mut targets: BTreeMap<&str, Target> = BTreeMap::new();
        for entry in entries {
            let root = self.root_of(entry)?;
            for file in &entry.files {
                let (real, before, now) = if let Some(t) = targets.get(file.path.as_str()) {
                    (t.real.clone(), t.before.clone(), t.after.clone())
                } else {
                    let real = self.resolve(&root, &file.path)?;
                    let now = read(&real)?;
                    (real, now.clone(), now)
                };
                let past = history.entry(file.path.clone()).or_default();
                let (after, edits) = undo_file(entry, file, past, now.as_deref())?;
                let step = Passage {
                    id: u32::MAX,
                    step: "undo".to_owned(),
                    undoes: vec![entry.id],
                    file: JournalFile {
                        path: file.path.clone(),
                        before: now.as_deref().map(hash),
                        after: after.as_deref().map(hash),
                        added: 0,
                        removed: 0,
                        edits,
                        mode: bits(&real),
                        secret: file.secret
                            || targets.get(file.path.as_str()).is_some_and(|t| t.record.secret),
                    },
                };
                past.push(step.clone());
                let mut record = step.file;
                if targets.contains_key(file.path.as_str()) {
                    record.before = before.as_deref().map(hash);
                    record.edits = one_edit(before.as_deref(), after.as_deref());
                }
                targets.insert(&file.path, Target { record, real, before, after });
            }
        }
        Ok(targets.into_values().filter(|t| t.before != t.after).collect())
    }
}

fn history(log: &[JournalEntry]) -> History {
    let mut history = History::new();
    for entry in log {
        for file in &entry.files {
            history.entry(file.path.clone()).or_default().push(Passage {
                id: entry.id,
                step: entry.step.clone(),
                undoes: entry.undoes.clone(),
                file: file.clone(),
            });
        }
    }
    history
}

/// The text of one file without what `entry` did to it, and the edits that lead there.
fn undo_file(
    entry: &JournalEntry,
    file: &JournalFile,
    past: &[Passage],
    now: Option<&[u8]>,
) -> Result<(Option<Vec<u8>>, Vec<JournalEdit>), JournalError> {
    let changed =
        |step: &str| JournalError::ChangedSinceApplied { file: file.path.clone(), step: step.to_owned() };
    let last = past.last();
    if now.map(hash) != last.and_then(|p| p.file.after.clone()) {
        return Err(changed(last.map_or(&entry.step, |p| &p.step)));
    }
    let from = past.iter().position(|p| p.id == entry.id).map_or(past.len(), |i| i + 1);
    let later = without_undone(past, from);
    let built_upon = |by: &Passage| JournalError::BuiltUpon {
        file: file.path.clone(),
        step: entry.step.clone(),
        by: by.step.clone(),
    };
    if file.before.is_none() {
        return match later.last() {
            Some(by) => Err(built_upon(by)),
            None => Ok((None, Vec::new())),
        };
    }
    let mut inverse = inverse_of(&file.edits);
    for passage in &later {
        if passage.file.before.is_none() || passage.file.after.is_none() {
            return Err(built_upon(passage));
        }
        for (range, _) in &mut inverse {
            *range = carry(range, &passage.file.edits).ok_or_else(|| built_upon(passage))?;
        }
    }
    let now = now.unwrap_or_default();
    let mut bytes = Vec::with_capacity(now.len());
    let mut at = 0;
    for (range, text) in &inverse {
        let kept = now.get(at..range.start).ok_or_else(|| changed(&entry.step))?;
        bytes.extend_from_slice(kept);
        bytes.extend_from_slice(text.as_bytes());
        at = range.end;
    }
    bytes.extend_from_slice(now.get(at..).ok_or_else(|| changed(&entry.step))?);
    if later.is_empty() && Some(hash(&bytes)) != file.before {
        return Err(changed(&entry.step));
    }
    let edits = inverse.into_iter().map(|(range, text)| JournalEdit {
        start: range.start,
        end: range.end,
        inserted: text.len(),
        removed: String::new(),
    });
    Ok((Some(bytes), edits.collect()))
}

/// The passages after `from` that are in force: a change and its undoing cancel when they stand next to each other.
fn without_undone(past: &[Passage], from: usize) -> Vec<&Passage> {
    let mut stack: Vec<&Passage> = Vec::new();
    for passage in past.iter().skip(from) {
        let undone = past.iter().filter(|p| passage.undoes.contains(&p.id)).count();
        let top = stack.iter().rev().take(undone);
        if undone > 0 && stack.len() >= undone && top.clone().all(|p| passage.undoes.contains(&p.id)) {
            stack.truncate(stack.len() - undone);
        } else {
            stack.push(passage);
        }
    }
    stack
}

/// For each edit, the range its text has afterwards and what stood there before.
fn inverse_of(edits: &[JournalEdit]) -> Vec<(Range<usize>, &str)> {
    let (mut taken, mut given) = (0, 0);
    let mut inverse = Vec::new();
    for edit in edits {
        let start = (edit.start + given).saturating_sub(taken);
        inverse.push((start..start + edit.inserted, edit.removed.as_str()));
        given += edit.inserted;
        taken += edit.end.saturating_sub(edit.start);
    }
    inverse
}

/// Where a range lies after some edits; `None` when one of them reaches into it.
fn carry(range: &Range<usize>, edits: &[JournalEdit]) -> Option<Range<usize>> {
    let (mut taken, mut given) = (0, 0);
    for edit in edits {
        let before = edit.end <= range.start;
        let after = edit.start >= range.end;
        if range.is_empty() && before && after {
            // Both stand at one point, and which came first cannot be told.
            return None;
        }
        if before {
            given += edit.inserted;
            taken += edit.end - edit.start;
        } else if !after {
            return None;
        }
    }
    Some((range.start + given).checked_sub(taken)?..(range.end + given).checked_sub(taken)?)
}

/// The one range in which two texts differ.
fn one_edit(before: Option<&[u8]>, after: Option<&[u8]>) -> Vec<JournalEdit> {
    let (Some(a), Some(b)) = (before, after) else { return Vec::new() };
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let tail = a.iter().skip(head).rev().zip(b.iter().skip(head).rev()).take_while(|(x, y)| x == y).count();
    vec![JournalEdit {
        start: head,
        end: a.len() - tail,
        inserted: b.len() - tail - head,
        removed: String::new(),
    }]
}
