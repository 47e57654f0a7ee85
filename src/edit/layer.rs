//! A change that was planned upon another one, as one change of the files as they are.
//!
//! A step may need something in a file before it can plan at all: the signed-in user, read where nothing reads them yet. Such
//! [`Layer`]s are laid first, the step is planned upon what they come to, and [`ChangeSet::over`] says both in ranges of
//! the files as they are, so that a unit brings just the layers it stands on.

use std::ops::Range;

use super::{ChangeSet, Edit, EditUnit};
use crate::workspace::Workspace;

/// Edits of one file that others are planned upon.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The file, relative to the workspace's root.
    pub path: String,
    /// The bytes of the file as it is in which an edit of a later unit stands on this layer.
    pub around: Range<usize>,
    edits: Vec<Edit>,
}

impl Layer {
    /// A layer of these edits.
    pub fn new(path: impl Into<String>, around: Range<usize>, edits: impl IntoIterator<Item = Edit>) -> Self {
        let edits = edits.into_iter().map(|edit| edit.shared().beneath()).collect();
        Self { path: path.into(), around, edits }
    }

    /// The files with these layers laid; nothing where two of them conflict.
    pub fn lay(layers: &[Self], workspace: &Workspace) -> Option<Workspace> {
        let outcome = laid(layers)?.outcome(workspace).ok()?;
        outcome.check().is_ok().then(|| workspace.with_changes(outcome.changes()))
    }
}

impl Layer {
    /// The line of a file as it is that a line of it with the layers laid is; both 1-based. Of what a layer wrote it is the
    /// line before which that stands.
    pub fn line_beneath(layers: &[Self], workspace: &Workspace, path: &str, line: usize) -> usize {
        let outcome = laid(layers).and_then(|set| set.outcome(workspace).ok());
        let Some(outcome) = outcome else { return line };
        let Some(file) = outcome.file(path) else { return line };
        let mut above = 0_usize;
        for (after, before, _) in file.written() {
            let first = file.after().line_of(after.start);
            if first >= line {
                break;
            }
            let lines = |text: &str| text.matches('\n').count();
            let added = lines(file.after().as_str().get(after.clone()).unwrap_or_default());
            let taken = lines(file.before().as_str().get(before).unwrap_or_default());
            let inside = line.saturating_sub(first).min(added);
            above += inside.saturating_sub(taken.min(inside));
        }
        line.saturating_sub(above)
    }
}

fn laid(layers: &[Layer]) -> Option<ChangeSet> {
    let mut set = ChangeSet::new();
    for layer in layers {
        let unit = EditUnit::new("", "").edits(layer.path.clone(), layer.edits.iter().cloned());
        set.push(unit).ok()?;
    }
    Some(set)
}

/// A range of a file with the layers laid, in the file as it is; nothing where it begins or ends in what they wrote.
fn beneath(written: &[(Range<usize>, Range<usize>)], range: &Range<usize>) -> Option<Range<usize>> {
    let offset = |at: usize| {
        let mut shift = 0_isize;
        for (before, after) in written {
            if at <= after.start {
                break;
            }
            if at < after.end {
                return None;
            }
            shift += after.len().cast_signed() - before.len().cast_signed();
        }
        at.checked_add_signed(-shift)
    };
    let start = offset(range.start)?;
    Some(start..offset(range.end)?.max(start))
}

impl ChangeSet {
    /// This change, which was planned on the files with `layers` laid, as a change of the files as they are: each unit with
    /// the layers that it stands on. Also which of the layers any unit stands on. Nothing where the two do not come apart.
    pub fn over(&self, layers: &[Layer], workspace: &Workspace) -> Option<(Self, Vec<bool>)> {
        let lower = laid(layers)?.outcome(workspace).ok()?;
        let mut used = vec![false; layers.len()];
        let mut over = Self::new();
        for (_, unit) in self.units() {
            let unit = unit.with_edits(|path, edits| {
                let Some(file) = lower.file(path) else { return Some(edits.to_vec()) };
                let written: Vec<_> = file.written().map(|(after, before, _)| (before, after)).collect();
                let own: Option<Vec<Edit>> =
                    edits.iter().map(|edit| Some(edit.at(beneath(&written, &edit.range())?))).collect();
                let own = own?;
                let mut all = Vec::new();
                for (layer, used) in layers.iter().zip(&mut used).filter(|(layer, _)| layer.path == path) {
                    let inside = |edit: &Edit| layer.around.contains(&edit.range().start);
                    if own.iter().any(inside) {
                        *used = true;
                        all.extend(layer.edits.iter().cloned());
                    }
                }
                all.extend(own);
                Some(all)
            })?;
            over.push(unit).ok()?;
        }
        self.is_same(&over, layers, &used, workspace).then_some((over, used))
    }

    /// Whether the joined change gives the very bytes that the two give one after the other, in every file of which all
    /// layers are used.
    fn is_same(&self, over: &Self, layers: &[Layer], used: &[bool], workspace: &Workspace) -> bool {
        let both = || {
            let upper = Layer::lay(layers, workspace)?;
            Some((self.outcome(&upper).ok()?, over.outcome(workspace).ok()?))
        };
        let Some((expected, joined)) = both() else { return false };
        let partly = |path: &str| layers.iter().zip(used).any(|(layer, used)| layer.path == path && !used);
        let same = |file: &super::FileOutcome| {
            partly(file.path())
                || joined.file(file.path()).is_some_and(|own| own.after().bytes() == file.after().bytes())
        };
        expected.files().iter().all(same)
    }
}
