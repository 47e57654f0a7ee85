//! Units that can all be made, in the order of the plan.
//!
//! The invariant: no two edits in the set conflict. [`ChangeSet::push`] keeps it by refusing a unit whole; the set is
//! then as it was, and the error carries both reasons, so that the caller can list the refused unit in `todo`.

use std::collections::BTreeSet;
use std::fmt;

use crate::workspace::Workspace;

use super::outcome::{self, HunkRef, Outcome, OutcomeError};
use super::{Edit, EditUnit};

/// Position of a unit in its change set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitId(usize);

impl UnitId {
    /// Position in [`ChangeSet::units`].
    pub fn index(self) -> usize {
        self.0
    }
}

/// One side of a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Title of the unit.
    pub unit: String,
    /// Reason of the edit, or of the unit when a whole file is concerned.
    pub why: String,
}

impl Party {
    fn boxed(unit: &str, why: &str) -> Box<Self> {
        Box::new(Self { unit: unit.to_owned(), why: why.to_owned() })
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" ({})", self.unit, self.why)
    }
}

/// Two edits that cannot both be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{second} cannot be combined with {first}: both change the same part of `{file}`; apply one of the two, then plan again"
)]
pub struct Conflict {
    /// The file both want to change.
    pub file: String,
    /// Offset in the file before the change, `None` when both create the file.
    pub at: Option<usize>,
    /// What is already in the set.
    pub first: Box<Party>,
    /// What was refused.
    pub second: Box<Party>,
}

/// What is left after some units were dropped, and what went with them.
#[derive(Debug, Clone)]
pub struct Selection {
    /// The units that stay, in their order.
    pub kept: ChangeSet,
    /// The units that were dropped, by their id in the original set.
    pub dropped: Vec<UnitId>,
}

/// Units without conflicts between them.
#[derive(Debug, Clone, Default)]
pub struct ChangeSet {
    units: Vec<EditUnit>,
}

impl ChangeSet {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a unit after the others, or refuses it whole and stays as it was.
    pub fn push(&mut self, unit: EditUnit) -> Result<UnitId, Conflict> {
        let inner = unit.file_edits().find_map(|(path, edits)| {
            let pairs =
                edits.iter().enumerate().flat_map(|(i, a)| edits.iter().skip(i + 1).map(move |b| (a, b)));
            conflict_in(pairs, path, &unit, &unit)
        });
        if let Some(conflict) = inner {
            return Err(conflict);
        }
        for earlier in &self.units {
            for (path, edits) in unit.file_edits() {
                let pairs = earlier.edits_of(path).iter().flat_map(|a| edits.iter().map(move |b| (a, b)));
                if let Some(conflict) = conflict_in(pairs, path, earlier, &unit) {
                    return Err(conflict);
                }
            }
            for path in unit.paths() {
                let ours = (unit.new_file(path), unit.edits_of(path).is_empty());
                let theirs = (earlier.new_file(path), earlier.edits_of(path).is_empty());
                let clash = match (ours, theirs) {
                    ((Some(a), _), (Some(b), _)) => a.text() != b.text(),
                    ((Some(_), _), (None, no_edits)) | ((None, no_edits), (Some(_), _)) => !no_edits,
                    ((None, _), (None, _)) => false,
                };
                if clash {
                    let party = |u: &EditUnit| {
                        Party::boxed(u.title(), u.new_file(path).map_or(u.why(), super::NewFile::why))
                    };
                    let (first, second) = (party(earlier), party(&unit));
                    return Err(Conflict { file: path.to_owned(), at: None, first, second });
                }
            }
        }
        self.units.push(unit);
        Ok(UnitId(self.units.len() - 1))
    }

    /// Every path that a unit changes or creates, in the order of the plan.
    pub fn paths(&self) -> Vec<String> {
        self.units.iter().flat_map(EditUnit::paths).map(str::to_owned).collect()
    }

    /// Makes every unit need what other units do to these files: a call is not left without the module it calls.
    pub fn rest_on(&mut self, paths: &[String]) {
        for unit in &mut self.units {
            for path in paths {
                unit.add_need(path.clone());
            }
        }
    }

    /// The units in the order of the plan.
    pub fn units(&self) -> impl ExactSizeIterator<Item = (UnitId, &EditUnit)> {
        self.units.iter().enumerate().map(|(i, u)| (UnitId(i), u))
    }

    /// The unit with this id.
    pub fn unit(&self, id: UnitId) -> Option<&EditUnit> {
        self.units.get(id.0)
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.units.iter().all(EditUnit::is_empty)
    }

    /// The exact bytes of each file after the change. Reads, never writes.
    pub fn outcome(&self, workspace: &Workspace) -> Result<Outcome, OutcomeError> {
        outcome::outcome(self, workspace)
    }

    /// Keeps the units that `keep` wants and those that are no choice, less those that need what is then not done.
    pub fn select(&self, mut keep: impl FnMut(UnitId) -> bool) -> Selection {
        let wanted = self.units().filter(|(id, unit)| unit.is_always() || keep(*id)).map(|(id, _)| id);
        self.keep_only(wanted.collect())
    }

    /// Drops every unit that has a part in one of the hunks. [`Outcome::hunks_that_go_with`] tells beforehand which
    /// other hunks that takes away.
    pub fn without_hunks(&self, outcome: &Outcome, hunks: &[HunkRef]) -> Selection {
        let off: BTreeSet<UnitId> = hunks.iter().flat_map(|h| outcome.units_of(*h)).collect();
        self.select(|id| !off.contains(&id))
    }

    /// The units that go when these go, themselves included.
    pub(super) fn closure_of(&self, off: &BTreeSet<UnitId>) -> BTreeSet<UnitId> {
        self.select(|id| !off.contains(&id)).dropped.into_iter().collect()
    }

    fn keep_only(&self, mut kept: BTreeSet<UnitId>) -> Selection {
        let touches = |id: &UnitId, path: &str| self.units[id.0].paths().any(|p| p == path);
        loop {
            let orphan = kept.iter().copied().find(|id| {
                self.units[id.0].needed_files().iter().any(|path| {
                    self.units().any(|(other, _)| touches(&other, path))
                        && !kept.iter().any(|k| touches(k, path))
                })
            });
            match orphan {
                Some(id) => kept.remove(&id),
                None => break,
            };
        }
        let dropped = self.units().map(|(id, _)| id).filter(|id| !kept.contains(id)).collect();
        Selection { kept: Self { units: kept.iter().map(|id| self.units[id.0].clone()).collect() }, dropped }
    }
}

fn conflict_in<'a>(
    mut pairs: impl Iterator<Item = (&'a Edit, &'a Edit)>,
    path: &str,
    first: &EditUnit,
    second: &EditUnit,
) -> Option<Conflict> {
    let (a, b) = pairs.find(|(a, b)| a.conflicts_with(b))?;
    let party = |unit: &EditUnit, edit: &Edit| Party::boxed(unit.title(), edit.why());
    Some(Conflict {
        file: path.to_owned(),
        at: Some(b.range().start),
        first: party(first, a),
        second: party(second, b),
    })
}
