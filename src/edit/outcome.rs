//! What a change set comes to: the exact bytes of each file before and after, and which unit is behind which hunk.
//!
//! A byte that no edit covers is copied from the file as it is. Insertions at one offset stand in the order of the
//! plan, or of their ranks where all have one; an insertion at the start of a replaced range stands in front of the replacement.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::workspace::{SourceText, Workspace, WorkspaceError};

use super::diff::{self, FileDiff};
use super::text_edit::MASK;
use super::{ChangeSet, Edit, EditUnit, UnitId};

/// Why a change set does not fit the workspace.
#[derive(Debug, thiserror::Error)]
pub enum OutcomeError {
    /// An edit of a file that is not there.
    #[error("\"{unit}\" edits `{file}`, which does not exist; plan again")]
    Missing {
        /// The file.
        file: String,
        /// Title of the unit.
        unit: String,
    },
    /// A new file where one stands already.
    #[error(
        "\"{unit}\" creates `{file}`, which exists already; move that file away or choose another folder"
    )]
    Exists {
        /// The file.
        file: String,
        /// Title of the unit.
        unit: String,
    },
    /// A range outside of the file, or one that cuts a character.
    #[error("\"{unit}\" edits bytes {}..{} of `{file}`, which are not a range of its text; plan again", range.start, range.end)]
    Range {
        /// The file.
        file: String,
        /// Title of the unit.
        unit: String,
        /// The bytes.
        range: Range<usize>,
    },
    /// Undo would have to keep text of a file that holds secrets.
    #[error("\"{unit}\" would overwrite text in `{file}`, which may hold secrets; change that line by hand")]
    OverwritesSecret {
        /// The file.
        file: String,
        /// Title of the unit.
        unit: String,
    },
    /// The file cannot be read.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

/// Whether a file is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It did not exist.
    Created,
    /// It existed.
    Modified,
}

/// Names a hunk: index of the file in [`Outcome::files`], index of the hunk in its diff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HunkRef {
    /// Index in [`Outcome::files`].
    pub file: usize,
    /// Index in [`FileDiff::hunks`].
    pub hunk: usize,
}

/// An edit with its place in both texts and the units that brought it.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) edit: Edit,
    pub(super) after: Range<usize>,
    pub(super) units: Vec<UnitId>,
}

impl Placed {
    /// Takes in an edit of another unit that comes to the same, or that adds to the same list.
    fn takes(&mut self, edit: &Edit, unit: UnitId) -> bool {
        if !self.edit.merges_with(edit) {
            let Some(joined) = self.edit.joined_with(edit) else { return false };
            self.edit = joined;
        }
        if !self.units.contains(&unit) {
            self.units.push(unit);
        }
        true
    }
}

/// One changed file.
#[derive(Debug)]
pub struct FileOutcome {
    path: String,
    change: Change,
    before: Arc<SourceText>,
    after: Arc<SourceText>,
    pub(super) placed: Vec<Placed>,
    shown: Option<(String, String)>,
    diff: OnceLock<FileDiff>,
}

impl FileOutcome {
    /// Relative to the workspace's root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// New or changed.
    pub fn change(&self) -> Change {
        self.change
    }

    /// The text before; empty for a new file.
    pub fn before(&self) -> &Arc<SourceText> {
        &self.before
    }

    /// The text after.
    pub fn after(&self) -> &Arc<SourceText> {
        &self.after
    }

    /// Whether the journal may hold no text of this file.
    pub fn is_secret(&self) -> bool {
        self.shown.is_some()
    }

    /// The difference as it may be shown: secrets are masked.
    pub fn diff(&self) -> &FileDiff {
        self.diff.get_or_init(|| {
            let (before, after) = match &self.shown {
                Some((before, after)) => (before.as_str(), after.as_str()),
                None => (self.before.as_str(), self.after.as_str()),
            };
            diff::diff(&self.path, self.change, before, after)
        })
    }

    /// Each piece of new text: where it stands after the change, what it replaces, and the units that brought it; in order.
    pub fn written(&self) -> impl Iterator<Item = (Range<usize>, Range<usize>, &[UnitId])> {
        self.placed.iter().map(|p| (p.after.clone(), p.edit.range(), p.units.as_slice()))
    }

    fn units_of_hunk(&self, hunk: usize) -> Vec<UnitId> {
        let Some(h) = self.diff().hunks.get(hunk) else { return Vec::new() };
        // Masking keeps the lines, so the exact text's lines are the diff's.
        let distance = |p: &Placed| {
            let (first, last) = (self.after.line_of(p.after.start), self.after.line_of(p.after.end));
            let (start, end) = (h.new_start, h.new_start + h.new_lines);
            if last + 1 < start { start - last } else { first.saturating_sub(end) }
        };
        let nearest = self.placed.iter().map(distance).min().unwrap_or(0);
        let mut units: Vec<UnitId> = self
            .placed
            .iter()
            .filter(|p| distance(p) == nearest)
            .flat_map(|p| p.units.iter().copied())
            .collect();
        units.sort_unstable();
        units.dedup();
        units
    }
}

/// The change as a whole; nothing has been written.
#[derive(Debug)]
pub struct Outcome {
    files: Vec<FileOutcome>,
    titles: Vec<String>,
    change_set: ChangeSet,
}

impl Outcome {
    /// The changed files, sorted by path; files whose bytes stay the same are not among them.
    pub fn files(&self) -> &[FileOutcome] {
        &self.files
    }

    /// The file at a path.
    pub fn file(&self, path: &str) -> Option<&FileOutcome> {
        self.files.iter().find(|f| f.path == path)
    }

    /// The units behind it, in the order of the plan.
    pub fn units(&self) -> impl Iterator<Item = (UnitId, &EditUnit)> {
        self.change_set.units()
    }

    /// Whether nothing would be written.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// For [`Workspace::with_changes`]: the workspace as it will be.
    pub fn changes(&self) -> impl Iterator<Item = (String, Option<Vec<u8>>)> + '_ {
        self.files.iter().map(|f| (f.path.clone(), Some(f.after.bytes().to_vec())))
    }

    /// Every hunk of every file.
    pub fn hunks(&self) -> impl Iterator<Item = HunkRef> + '_ {
        self.files
            .iter()
            .enumerate()
            .flat_map(|(file, f)| (0..f.diff().hunks.len()).map(move |hunk| HunkRef { file, hunk }))
    }

    /// The units behind a hunk; at least one for a hunk that exists.
    pub fn units_of(&self, hunk: HunkRef) -> Vec<UnitId> {
        self.files.get(hunk.file).map(|f| f.units_of_hunk(hunk.hunk)).unwrap_or_default()
    }

    /// The other hunks that change or disappear when this one is switched off, because they belong to the same units
    /// or to units that need those.
    pub fn hunks_that_go_with(&self, hunk: HunkRef) -> Vec<HunkRef> {
        let off: BTreeSet<UnitId> = self.units_of(hunk).into_iter().collect();
        let gone = self.change_set.closure_of(&off);
        self.hunks().filter(|h| *h != hunk && self.units_of(*h).iter().any(|u| gone.contains(u))).collect()
    }

    /// Titles of the units, by [`UnitId::index`].
    pub fn titles(&self) -> &[String] {
        &self.titles
    }

    /// Ids of the sites the units are about, in order, each once.
    pub fn sites(&self) -> Vec<String> {
        let mut sites: Vec<String> = Vec::new();
        for (_, unit) in self.change_set.units() {
            if let Some(site) = unit.site()
                && !sites.iter().any(|s| s == site)
            {
                sites.push(site.to_owned());
            }
        }
        sites
    }
}

/// Whether a file is one where people keep secrets, by its name: `.env`, `.env.local`, `prod.env`.
pub fn is_env_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name == ".env"
        || name == ".envrc"
        || name.starts_with(".env.")
        || name.contains(".env.")
        || name.rsplit_once('.').is_some_and(|(_, extension)| extension == "env")
}

pub(super) fn outcome(set: &ChangeSet, workspace: &Workspace) -> Result<Outcome, OutcomeError> {
    let mut paths: BTreeMap<&str, Vec<(UnitId, &EditUnit)>> = BTreeMap::new();
    for (id, unit) in set.units() {
        for path in unit.paths() {
            paths.entry(path).or_default().push((id, unit));
        }
    }
    let mut files = Vec::new();
    for (path, units) in paths {
        let file = match units.iter().find_map(|(_, u)| Some((u, u.new_file(path)?))) {
            Some((unit, new_file)) => {
                if workspace.find(path).is_some() || workspace.root().join(path).symlink_metadata().is_ok() {
                    return Err(OutcomeError::Exists {
                        file: path.to_owned(),
                        unit: unit.title().to_owned(),
                    });
                }
                created(path, new_file, units.iter().map(|(id, _)| *id).collect())
            }
            None => modified(path, &units, workspace)?,
        };
        if file.change == Change::Created || file.before.bytes() != file.after.bytes() {
            files.push(file);
        }
    }
    let titles = set.units().map(|(_, u)| u.title().to_owned()).collect();
    Ok(Outcome { files, titles, change_set: set.clone() })
}

fn created(path: &str, file: &super::NewFile, units: Vec<UnitId>) -> FileOutcome {
    let shown = (file.is_secret() || is_env_file(path)).then(|| (String::new(), file.masked_text()));
    FileOutcome {
        path: path.to_owned(),
        change: Change::Created,
        before: Arc::new(SourceText::new(Vec::new())),
        after: Arc::new(SourceText::new(file.text().as_bytes().to_vec())),
        placed: vec![Placed {
            edit: Edit::insertion(0, file.text(), file.why()),
            after: 0..file.text().len(),
            units,
        }],
        shown,
        diff: OnceLock::new(),
    }
}

fn modified(
    path: &str,
    units: &[(UnitId, &EditUnit)],
    workspace: &Workspace,
) -> Result<FileOutcome, OutcomeError> {
    let title = |id: UnitId| {
        units.iter().find(|(other, _)| *other == id).map_or_else(String::new, |(_, u)| u.title().to_owned())
    };
    let Some(id) = workspace.find(path) else {
        return Err(OutcomeError::Missing { file: path.to_owned(), unit: title(units[0].0) });
    };
    let before = workspace.text(id)?;
    let mut placed = in_order(path, units);
    let secret = is_env_file(path) || placed.iter().any(|p| p.edit.is_secret());
    for p in &placed {
        let range = p.edit.range();
        let unit = || p.units.first().map(|id| title(*id)).unwrap_or_default();
        let Some(replaced) = before.as_str().get(range.clone()) else {
            return Err(OutcomeError::Range { file: path.to_owned(), unit: unit(), range });
        };
        if secret && !replaced.trim().is_empty() {
            return Err(OutcomeError::OverwritesSecret { file: path.to_owned(), unit: unit() });
        }
    }
    let pieces = placed.iter().map(|p| (p.edit.range(), p.edit.text()));
    let after = splice(before.as_str(), pieces);
    let shown = secret.then(|| shown(path, before.as_str(), &placed));
    let mut shift = 0_isize;
    for p in &mut placed {
        let start = p.edit.range().start.saturating_add_signed(shift);
        p.after = start..start + p.edit.text().len();
        shift += p.edit.text().len().cast_signed() - p.edit.range().len().cast_signed();
    }
    Ok(FileOutcome {
        path: path.to_owned(),
        change: Change::Modified,
        after: Arc::new(before.with_text(after)),
        before,
        placed,
        shown,
        diff: OnceLock::new(),
    })
}

/// The edits of all units, merged where they are the same or lists of one kind, sorted by place; at one place what lies
/// beneath first, then by rank where all have one, else in plan order.
fn in_order(path: &str, units: &[(UnitId, &EditUnit)]) -> Vec<Placed> {
    let mut placed: Vec<Placed> = Vec::new();
    for (id, unit) in units {
        for edit in unit.edits_of(path) {
            if !placed.iter_mut().any(|p| p.takes(edit, *id)) {
                placed.push(Placed { edit: edit.clone(), after: 0..0, units: vec![*id] });
            }
        }
    }
    placed.sort_by_key(|p| (p.edit.range().start, p.edit.range().end, !p.edit.is_beneath()));
    for at_one_place in placed.chunk_by_mut(|a, b| a.edit.range() == b.edit.range()) {
        if at_one_place.iter().all(|p| p.edit.rank().is_some()) {
            at_one_place.sort_by(|a, b| a.edit.rank().cmp(&b.edit.rank()));
        }
    }
    placed
}

/// Replaces sorted, disjoint ranges of `text`; a range that is none is left out (callers have checked).
pub(super) fn splice<'a>(text: &str, pieces: impl IntoIterator<Item = (Range<usize>, &'a str)>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (range, new) in pieces {
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(new);
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// Both texts with secrets masked: the marked parts of edits, and in env files every value that stood there before.
fn shown(path: &str, before: &str, placed: &[Placed]) -> (String, String) {
    let masks = if is_env_file(path) { env_values(before) } else { Vec::new() };
    let masked_before = splice(before, masks.iter().map(|r| (r.clone(), MASK)));
    let mut pieces: Vec<(Range<usize>, String)> =
        placed.iter().map(|p| (p.edit.range(), p.edit.masked_text())).collect();
    for mask in masks {
        let touching: Vec<Range<usize>> = placed
            .iter()
            .map(|p| p.edit.range())
            .filter(|r| r.start < mask.end && mask.start < r.end.max(r.start + 1))
            .collect();
        let mut at = mask.start;
        for cut in touching.iter().chain([&(mask.end..mask.end)]) {
            if at < cut.start {
                pieces.push((at..cut.start, MASK.to_owned()));
            }
            at = at.max(cut.end);
        }
    }
    pieces.sort_by_key(|(r, _)| (r.start, r.end));
    let masked_after = splice(before, pieces.iter().map(|(r, t)| (r.clone(), t.as_str())));
    (masked_before, masked_after)
}

/// The ranges of the values in an env file: what follows the first `=` of a line, also of one commented out, and whole
/// lines without one that are no comment (the rest of a value over several lines).
fn env_values(text: &str) -> Vec<Range<usize>> {
    let mut at = 0;
    let mut values = Vec::new();
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        let start = match content.find('=') {
            Some(equals) => Some(equals + 1),
            None if content.trim_start().starts_with('#') || content.trim().is_empty() => None,
            None => Some(0),
        };
        if let Some(start) = start
            && start < content.len()
        {
            values.push(at + start..at + content.len());
        }
        at += line.len();
    }
    values
}
