//! What the text of a file is made of, after any number of steps and undoings.
//!
//! A record keeps ranges and what stood there, not whole texts. Played one after the other they give a row of pieces,
//! each from the text before or from one edit of one step:
//!
//! ```text
//! before                     [before 0..]
//! `events` inserts at 12     [before 0..12] [events#0] [before 12..]
//! `gating` inserts at 15     [before 0..12] [events#0] [before 12..] with [gating#0] where it belongs
//! undo `events`              its piece is exchanged for what it replaced, wherever that is by now
//! ```
//!
//! A step can be taken out while each of its pieces is whole; otherwise the piece says which later step is in the way.
//! What was undone in between leaves no trace, in whatever order.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::record::{JournalEdit, JournalFile};

/// Where a piece of text came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The text before any known step, or a text that somebody else made.
    Text,
    /// An edit of a step, by the record's id and the edit's place in it.
    Edit(u32, usize),
}

/// A range of the text of a source. The last one ends at `OPEN` until the length of the file is known.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    source: Source,
    start: usize,
    end: usize,
    text: Option<Vec<u8>>,
}

const OPEN: usize = usize::MAX;

impl Piece {
    fn len(&self) -> usize {
        self.end - self.start
    }

    /// The two parts of a piece.
    fn split(mut self, at: usize) -> (Self, Self) {
        let mut tail = self.clone();
        self.end = self.start + at;
        tail.start = self.end;
        if let Some(text) = &mut self.text {
            tail.text = Some(text.split_off(at.min(text.len())));
        }
        (self, tail)
    }
}

/// What an edit replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Replaced {
    pieces: Vec<Piece>,
    text: String,
}

/// Why a step cannot be taken out of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// The record with this id changed the same bytes later.
    Later(u32),
    /// Somebody else changed the file after the step, or the record is not true.
    Unknown,
}

/// The make-up of one file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Layout {
    pieces: Vec<Piece>,
    replaced: BTreeMap<(u32, usize), Replaced>,
    /// The steps in effect, oldest first.
    effects: Vec<u32>,
    /// The step that made the file.
    made_by: Option<u32>,
    /// Steps whose effect is somewhere in a text that somebody else changed.
    buried: Vec<u32>,
    /// Which of several such texts this one began with.
    base: usize,
}

impl Layout {
    /// A text of which nothing is known.
    pub(super) fn text() -> Self {
        let piece = Piece { source: Source::Text, start: 0, end: OPEN, text: None };
        Self { pieces: vec![piece], ..Self::default() }
    }

    /// What somebody else made of the file: another text, or none. `base` tells it from others.
    pub(super) fn rewritten(&self, is_there: bool, base: usize) -> Self {
        let buried = self.buried.iter().chain(&self.effects).copied().collect();
        let text = if is_there { Self::text() } else { Self::default() };
        Self { buried, base, ..text }
    }

    /// The steps in effect, oldest first.
    pub(super) fn effects(&self) -> &[u32] {
        &self.effects
    }

    /// Whether a step had an effect that is, or may be, still there.
    pub(super) fn holds(&self, id: u32) -> bool {
        self.effects.contains(&id) || self.buries(id)
    }

    /// Whether the effect of a step is in a text that somebody else changed.
    pub(super) fn buries(&self, id: u32) -> bool {
        self.buried.contains(&id)
    }

    /// Whether the file is there.
    pub(super) fn is_there(&self) -> bool {
        !self.pieces.is_empty()
    }

    /// Whether two layouts began with the same text and the same steps are in effect.
    pub(super) fn says_the_same_as(&self, other: &Self) -> bool {
        let key = |l: &Self| (l.base, l.made_by, l.is_there(), l.effects.clone(), l.buried.clone());
        key(self) == key(other)
    }

    /// A step changes the file.
    pub(super) fn apply(&mut self, id: u32, file: &JournalFile) -> Result<(), Obstacle> {
        if file.before.is_none() {
            let piece = Piece { source: Source::Edit(id, 0), start: 0, end: OPEN, text: None };
            *self = Self {
                pieces: vec![piece],
                effects: vec![id],
                made_by: Some(id),
                replaced: BTreeMap::new(),
                buried: std::mem::take(&mut self.buried),
                base: self.base,
            };
            return Ok(());
        }
        // From the last to the first, so that the offsets stay those of the text before.
        for (index, edit) in file.edits.iter().enumerate().rev() {
            self.replace(id, index, edit)?;
        }
        self.effects.push(id);
        Ok(())
    }

    fn replace(&mut self, id: u32, index: usize, edit: &JournalEdit) -> Result<(), Obstacle> {
        let mut first = self.cut(edit.start)?;
        let last = self.cut(edit.end)?;
        // An edit that left nothing at the start is no part of the range.
        while first < last && self.pieces.get(first).is_some_and(|piece| piece.len() == 0) {
            first += 1;
        }
        let piece = Piece { source: Source::Edit(id, index), start: 0, end: edit.inserted, text: None };
        let pieces: Vec<Piece> = self.pieces.splice(first..last, [piece]).collect();
        self.replaced.insert((id, index), Replaced { pieces, text: edit.removed.clone() });
        Ok(())
    }

    /// Index of the first piece at an offset, cutting the one that reaches over it.
    fn cut(&mut self, offset: usize) -> Result<usize, Obstacle> {
        let mut at: usize = 0;
        for index in 0..self.pieces.len() {
            if at == offset {
                return Ok(index);
            }
            let Some(length) = self.pieces.get(index).map(Piece::len) else { break };
            if offset - at < length {
                let whole = self.pieces.remove(index);
                let (head, tail) = whole.split(offset - at);
                self.pieces.splice(index..index, [head, tail]);
                return Ok(index + 1);
            }
            at += length;
        }
        if at == offset { Ok(self.pieces.len()) } else { Err(Obstacle::Unknown) }
    }

    /// Takes a step out. Nothing is changed when something is in the way.
    pub(super) fn take_out(&mut self, id: u32) -> Result<(), Obstacle> {
        if self.buries(id) {
            return Err(Obstacle::Unknown);
        }
        if self.made_by == Some(id) {
            if let Some(later) = self.effects.iter().rev().find(|later| **later != id) {
                return Err(Obstacle::Later(*later));
            }
            *self = Self { buried: std::mem::take(&mut self.buried), base: self.base, ..Self::default() };
            return Ok(());
        }
        let mine: Vec<(u32, usize)> =
            self.replaced.range((id, 0)..=(id, usize::MAX)).map(|(k, _)| *k).collect();
        let mut next = self.clone();
        for key in mine {
            let place = next.whole(key)?;
            let Some(replaced) = next.replaced.remove(&key) else { return Err(Obstacle::Unknown) };
            next.pieces.splice(place, replaced.with_text()?);
        }
        next.effects.retain(|effect| *effect != id);
        *self = next;
        Ok(())
    }

    /// The pieces that an edit left, when all of it is there in one row and its place is sure.
    fn whole(&self, key: (u32, usize)) -> Result<RangeInclusive<usize>, Obstacle> {
        let of_edit = |piece: &Piece| piece.source == Source::Edit(key.0, key.1);
        // A later edit took some of it away …
        let takers = self
            .replaced
            .iter()
            .filter(|(other, replaced)| other.0 != key.0 && replaced.pieces.iter().any(of_edit));
        if let Some(later) = takers.map(|(other, _)| other.0).max() {
            return Err(Obstacle::Later(later));
        }
        let first = self.pieces.iter().position(of_edit).ok_or(Obstacle::Unknown)?;
        let last = self.pieces.iter().rposition(of_edit).ok_or(Obstacle::Unknown)?;
        // … or wrote into it.
        let row = self.pieces.get(first..=last).unwrap_or_default();
        if let Some(piece) = row.iter().find(|piece| !of_edit(piece)) {
            return Err(match piece.source {
                Source::Edit(later, _) => Obstacle::Later(later),
                Source::Text => Obstacle::Unknown,
            });
        }
        if row.iter().all(|piece| piece.len() == 0)
            && let Some(later) = self.beside(first, last, key.0)
        {
            // Both stand at one point, and which came first cannot be told.
            return Err(Obstacle::Later(later));
        }
        Ok(first..=last)
    }

    /// A later step that inserted at the point of a row without text.
    fn beside(&self, first: usize, last: usize, id: u32) -> Option<u32> {
        let before: Vec<&Piece> = self.pieces.iter().take(first).rev().collect();
        let after: Vec<&Piece> = self.pieces.iter().skip(last + 1).collect();
        let mut nearest = None;
        for side in [before, after] {
            for piece in side {
                if let Source::Edit(later, index) = piece.source
                    && later > id
                    && self.replaced.get(&(later, index)).is_some_and(|r| r.pieces.is_empty())
                {
                    nearest = nearest.max(Some(later));
                }
                if piece.len() > 0 {
                    break;
                }
            }
        }
        nearest
    }

    /// Gives the pieces the bytes of the file; `false` when they do not fit.
    pub(super) fn hold(&mut self, bytes: &[u8]) -> bool {
        let mut at = 0;
        for piece in &mut self.pieces {
            if piece.end == OPEN {
                let Some(rest) = bytes.len().checked_sub(at) else { return false };
                piece.end = piece.start + rest;
            }
            let Some(text) = bytes.get(at..at + piece.len()) else { return false };
            piece.text = Some(text.to_vec());
            at += piece.len();
        }
        at == bytes.len()
    }

    /// The bytes of the file; `None` when it is not there.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        self.is_there()
            .then(|| self.pieces.iter().flat_map(|piece| piece.text.iter().flatten().copied()).collect())
    }
}

impl Replaced {
    /// The pieces with the text that stood there.
    fn with_text(self) -> Result<Vec<Piece>, Obstacle> {
        let mut rest = self.text.into_bytes();
        let mut pieces = self.pieces;
        for piece in pieces.iter_mut().rev() {
            let start = rest.len().checked_sub(piece.len()).ok_or(Obstacle::Unknown)?;
            piece.text = Some(rest.split_off(start));
        }
        if rest.is_empty() { Ok(pieces) } else { Err(Obstacle::Unknown) }
    }
}
