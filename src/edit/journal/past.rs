//! The texts that one file is known to have had, and what each was made of.
//!
//! A file may come back to any of them without a word to the journal: `git checkout`, `git stash`, an editor's undo. So a
//! record goes on from whichever text it says it found, and the file on the disk is compared with all of them.

use super::layout::Layout;
use super::record::JournalEntry;

/// One known text of a file.
#[derive(Debug)]
struct Known {
    /// Its hash, `None` when the file was not there.
    hash: Option<String>,
    layout: Layout,
}

/// The known texts of one file, oldest first.
#[derive(Debug)]
pub(super) struct Past(Vec<Known>);

impl Past {
    /// Plays the log for one file.
    pub(super) fn of(path: &str, log: &[JournalEntry]) -> Self {
        let mut past = Self(Vec::new());
        for entry in log {
            for file in entry.files.iter().filter(|file| file.path == path) {
                let from = past.find(file.before.as_deref()).cloned().unwrap_or_else(|| {
                    let layout = past.unknown(file.before.is_some());
                    past.0.push(Known { hash: file.before.clone(), layout: layout.clone() });
                    layout
                });
                let mut to = from.clone();
                let played = if entry.undoes.is_empty() {
                    to.apply(entry.id, file)
                } else {
                    let mut ids = entry.undoes.clone();
                    ids.sort_unstable();
                    // What stays in a text of somebody else's was left there.
                    let mut ids = ids.into_iter().rev().filter(|id| from.effects().contains(id));
                    ids.try_for_each(|id| to.take_out(id))
                };
                if played.is_err() || to.is_there() != file.after.is_some() {
                    to = from.rewritten(file.after.is_some(), past.0.len() + 1);
                }
                past.0.push(Known { hash: file.after.clone(), layout: to });
            }
        }
        past
    }

    /// What a text is made of; the latest one with that hash.
    pub(super) fn find(&self, hash: Option<&str>) -> Option<&Layout> {
        self.0.iter().rev().find(|known| known.hash.as_deref() == hash).map(|known| &known.layout)
    }

    /// A text that nobody told the journal of.
    pub(super) fn unknown(&self, is_there: bool) -> Layout {
        match self.0.last() {
            Some(last) => last.layout.rewritten(is_there, self.0.len() + 1),
            None if is_there => Layout::text(),
            None => Layout::default(),
        }
    }

    /// Hash of the text as the last record left it.
    pub(super) fn last(&self) -> Option<&str> {
        self.0.last().and_then(|known| known.hash.as_deref())
    }

    /// The hash that a text of this make-up was known under.
    pub(super) fn hash_of(&self, layout: &Layout) -> Option<&Option<String>> {
        self.0.iter().find(|known| known.layout.says_the_same_as(layout)).map(|known| &known.hash)
    }
}
