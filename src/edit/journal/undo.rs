//! Undoing: the bytes from before, exactly, or a refusal that names the file.
//!
//! A step that is not the last can be undone too: its pieces are taken out of the text wherever they are by now. Where a
//! later step touched the same bytes there is no exact answer, and the refusal names that step. A file that is back at a
//! text from before the step needs nothing; one that somebody edited is named, or left as it is when the user says so.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;

use super::JournalError;
use super::guard::{self, ups};
use super::layout::{Layout, Obstacle};
use super::past::Past;
use super::record::{JournalEntry, JournalFile, hash};
use super::store::{Journal, new_entry};
use super::transaction::{Target, bits, read};
use crate::workspace::SourceText;

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

/// What to do about a file that somebody edited after a step changed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandEdits {
    /// Undo nothing.
    Refuse,
    /// Leave that file as it is and undo the rest.
    Keep,
}

/// What was undone, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// The entries, newest first.
    pub entries: Vec<JournalEntry>,
    /// The files, seen from the app, and whether each is there afterwards.
    pub files: Vec<(String, bool)>,
    /// Files that somebody edited, left as they are.
    pub kept: Vec<String>,
    /// Some file had a text from before already, and there is a stash out of which the other may come back.
    pub apart: bool,
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

/// An undoing, not yet written.
struct Plan {
    entries: Vec<JournalEntry>,
    /// The ids of all that is taken out: undoing everything also takes out what was undone before and came back with an
    /// older text of a file.
    ids: Vec<u32>,
    targets: Vec<Target>,
    kept: BTreeSet<String>,
    apart: bool,
}

impl Plan {
    fn undone(&self) -> Undone {
        Undone {
            entries: self.entries.clone(),
            files: self.targets.iter().map(|t| (t.record.path.clone(), t.after.is_some())).collect(),
            kept: self.kept.iter().cloned().collect(),
            apart: self.apart,
        }
    }
}

/// One file while an undoing is planned.
struct Working {
    real: Utf8PathBuf,
    now: Option<Vec<u8>>,
    past: Past,
    /// `None` when the text on the disk is nobody's that the journal knows.
    layout: Option<Layout>,
    /// The steps that were in effect when it was looked at.
    held: Vec<u32>,
    secret: bool,
}

impl Journal {
    /// Puts back the bytes from before, in one transaction. `None` when there is nothing to undo.
    pub fn undo(
        &self,
        which: &Which,
        edits: HandEdits,
        at: jiff::Timestamp,
    ) -> Result<Option<Undone>, JournalError> {
        let Some(plan) = self.plan_undo(which, edits)? else { return Ok(None) };
        // The widest root of the entries: the one that lies most folders up.
        let root = plan.entries.iter().map(|e| &e.root).max_by_key(|root| ups(root)).cloned();
        let mut record = new_entry(0, "undo", at, root.unwrap_or_else(|| ".".to_owned()));
        record.undoes.clone_from(&plan.ids);
        record.apart = plan.apart;
        let step = plan.entries.first().map(|e| e.step.clone()).unwrap_or_default();
        self.commit(record, &plan.targets, &|file| JournalError::ChangedSinceApplied {
            file: file.to_owned(),
            step: step.clone(),
        })?;
        Ok(Some(plan.undone()))
    }

    /// What [`Journal::undo`] would do, or why it would refuse.
    pub fn preview_undo(&self, which: &Which, edits: HandEdits) -> Result<Option<Undone>, JournalError> {
        Ok(self.plan_undo(which, edits)?.map(|plan| plan.undone()))
    }

    /// The steps that can be undone: those in force, and those that were undone and came back with an older text of a
    /// file (`git stash pop`, a branch from before).
    pub fn in_effect(&self) -> Result<Vec<JournalEntry>, JournalError> {
        let log = self.log()?;
        let in_force: BTreeSet<u32> = self.entries()?.iter().map(|entry| entry.id).collect();
        let is_held = |entry: &JournalEntry| {
            entry.files.iter().any(|file| {
                self.look(entry, file, &log).is_ok_and(|working| working.held.contains(&entry.id))
            })
        };
        let is_wanted = |entry: &&JournalEntry| {
            entry.undoes.is_empty() && (in_force.contains(&entry.id) || is_held(entry))
        };
        Ok(log.iter().filter(is_wanted).cloned().collect())
    }

    /// How the files of an applied step are now.
    pub fn states(&self, entry: &JournalEntry) -> Result<Vec<(String, FileState)>, JournalError> {
        let log = self.log()?;
        let root = self.root_of(entry)?;
        let mut states = Vec::new();
        for file in &entry.files {
            let now = read(&self.resolve(&root, &file.path)?)?.map(|b| hash(&b));
            let state = match now {
                None => FileState::Missing,
                Some(now) if Past::of(&file.path, &log).last() == Some(&now) => FileState::AsApplied,
                Some(_) => FileState::Edited,
            };
            states.push((file.path.clone(), state));
        }
        Ok(states)
    }

    fn plan_undo(&self, which: &Which, edits: HandEdits) -> Result<Option<Plan>, JournalError> {
        if let Some(earlier) = self.unfinished()? {
            return Err(JournalError::Unfinished { step: earlier.entry().step.clone() });
        }
        let log = self.log()?;
        let in_force = self.in_effect()?;
        let mut entries = in_force.clone();
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
        let taken: Vec<&JournalEntry> = match which {
            Which::All => log.iter().rev().filter(|e| e.undoes.is_empty()).collect(),
            Which::Last | Which::Step(_) => entries.iter().collect(),
        };
        let mut files: BTreeMap<&str, Working> = BTreeMap::new();
        let mut kept = BTreeSet::new();
        for entry in &taken {
            for file in &entry.files {
                let working = match files.entry(file.path.as_str()) {
                    std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                    std::collections::btree_map::Entry::Vacant(new) => match self.look(entry, file, &log) {
                        Err(JournalError::LeavesRoot { .. }) if edits == HandEdits::Keep => {
                            kept.insert(file.path.clone());
                            continue;
                        }
                        looked => new.insert(looked?),
                    },
                };
                working.secret |= file.secret;
                let Err(obstacle) = working.take_out(entry.id) else { continue };
                let by = match obstacle {
                    Obstacle::Later(id) => in_force.iter().find(|later| later.id == id),
                    Obstacle::Unknown => None,
                };
                match by {
                    Some(by) if !taken.contains(&by) => {
                        return Err(JournalError::BuiltUpon {
                            file: file.path.clone(),
                            step: entry.step.clone(),
                            by: by.step.clone(),
                        });
                    }
                    _ if edits == HandEdits::Keep => {
                        kept.insert(file.path.clone());
                    }
                    _ => return Err(changed(file, entry)),
                }
            }
        }
        for entry in &taken {
            let still = |file: &JournalFile| {
                files.get(file.path.as_str()).is_some_and(|working| working.held.contains(&entry.id))
            };
            if !entry.files.iter().any(still) {
                continue;
            }
            // A checkout takes all of a step away; a file that is missing alone was removed by somebody.
            let alone = |file: &&JournalFile| {
                files.get(file.path.as_str()).is_some_and(|working| working.lost(entry.id))
            };
            for file in entry.files.iter().filter(alone) {
                if edits == HandEdits::Refuse {
                    return Err(changed(file, entry));
                }
                kept.insert(file.path.clone());
            }
        }
        let apart = files.values().any(Working::is_apart) && guard::has_stash(&self.limit);
        let mut targets = Vec::new();
        for (path, working) in files {
            match working.target(path) {
                Ok(target) => targets.extend(target),
                Err(()) if edits == HandEdits::Keep => {
                    kept.insert(path.to_owned());
                }
                Err(()) => {
                    let step = taken.iter().find(|e| e.files.iter().any(|file| file.path == path));
                    let step = step.map(|entry| entry.step.clone()).unwrap_or_default();
                    return Err(JournalError::ChangedSinceApplied { file: path.to_owned(), step });
                }
            }
        }
        let ids = taken.iter().map(|entry| entry.id).collect();
        Ok(Some(Plan { entries, ids, targets, kept, apart }))
    }

    /// Looks at a file, and at what is known of it.
    fn look(
        &self,
        entry: &JournalEntry,
        file: &JournalFile,
        log: &[JournalEntry],
    ) -> Result<Working, JournalError> {
        let real = self.resolve(&self.root_of(entry)?, &file.path)?;
        let past = Past::of(&file.path, log);
        if real.is_dir() {
            return Ok(Working { real, now: None, past, layout: None, held: Vec::new(), secret: false });
        }
        let now = read(&real)?;
        let mut layout = past.find(now.as_deref().map(hash).as_deref()).cloned();
        if let (Some(known), Some(bytes)) = (&mut layout, &now)
            && !known.hold(&as_text(bytes))
        {
            layout = None;
        }
        let held = layout.as_ref().map(|layout| layout.effects().to_vec()).unwrap_or_default();
        Ok(Working { real, now, past, layout, held, secret: false })
    }
}

impl Working {
    fn take_out(&mut self, id: u32) -> Result<(), Obstacle> {
        match &mut self.layout {
            Some(layout) if layout.holds(id) => layout.take_out(id),
            None if self.past.unknown(true).buries(id) => Err(Obstacle::Unknown),
            // The file has the bytes of a time without that step.
            Some(_) | None => Ok(()),
        }
    }

    /// Whether the file has a known text that is not the last one that was written.
    fn is_apart(&self) -> bool {
        self.layout.is_some() && self.now.as_deref().map(hash).as_deref() != self.past.last()
    }

    /// Whether the file is gone, although the last record left it there with this step in it.
    fn lost(&self, id: u32) -> bool {
        let was_there = self.past.last().is_some() && self.past.unknown(false).buries(id);
        was_there && self.now.is_none() && self.layout.is_some()
    }

    /// What to write; nothing when the file has those bytes. An error when the records contradict each other.
    fn target(self, path: &str) -> Result<Option<Target>, ()> {
        let Some(layout) = self.layout else { return Ok(None) };
        // Records are of texts; a file in UTF-16 is one still.
        let after = layout.bytes().map(|text| match (&self.now, String::from_utf8(text)) {
            (Some(now), Ok(text)) => SourceText::new(now.clone()).with_text(text).bytes().to_vec(),
            (None, Ok(text)) => text.into_bytes(),
            (_, Err(bytes)) => bytes.into_bytes(),
        });
        let hash_after = after.as_deref().map(hash);
        if self.past.hash_of(&layout).is_some_and(|known| *known != hash_after) {
            return Err(());
        }
        if after == self.now {
            return Ok(None);
        }
        let record = JournalFile {
            path: path.to_owned(),
            before: self.now.as_deref().map(hash),
            after: hash_after,
            added: 0,
            removed: 0,
            edits: Vec::new(),
            mode: bits(&self.real),
            secret: self.secret,
        };
        Ok(Some(Target { record, real: self.real, before: self.now, after }))
    }
}

/// The bytes of a file's text, as ranges of records count them.
fn as_text(bytes: &[u8]) -> Vec<u8> {
    let source = SourceText::new(bytes.to_vec());
    if source.is_text() { source.as_str().as_bytes().to_vec() } else { bytes.to_vec() }
}

fn changed(file: &JournalFile, entry: &JournalEntry) -> JournalError {
    JournalError::ChangedSinceApplied { file: file.path.clone(), step: entry.step.clone() }
}
