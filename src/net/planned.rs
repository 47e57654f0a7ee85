//! The files of a change as they will be, and which of their bytes are ours.

use std::collections::BTreeMap;

use super::{Fault, FaultKind, Ground};
use crate::edit::{Change, FileOutcome, Outcome, UnitId};
use crate::resolve::Program;
use crate::syntax::scope::{Declaration, ScopeId, Scopes, Use};
use crate::syntax::{Span, parse};
use crate::workspace::{FileId, Language, Workspace};

/// A change, laid over the app.
pub(super) struct Planned<'a> {
    /// The app around it.
    pub(super) ground: &'a Ground<'a>,
    /// The app as it will be.
    pub(super) after: Program,
    /// What changes.
    pub(super) outcome: &'a Outcome,
    /// The changed and new files of code.
    pub(super) files: Vec<PlannedFile<'a>>,
}

/// One changed or new file of code.
pub(super) struct PlannedFile<'a> {
    /// The texts and edits.
    pub(super) outcome: &'a FileOutcome,
    /// In [`Planned::after`].
    pub(super) id: FileId,
    /// Its language.
    pub(super) language: Language,
    /// Its names, as they will be.
    pub(super) scopes: Scopes,
    /// Its names as they are, for a file that exists.
    pub(super) before: Scopes,
}

impl<'a> Planned<'a> {
    pub(super) fn new(ground: &'a Ground<'a>, outcome: &'a Outcome) -> Self {
        let workspace = ground.before.workspace().with_changes(outcome.changes());
        let after = ground.before.after(&workspace);
        let files = outcome.files().iter().filter_map(|file| PlannedFile::new(&after, file)).collect();
        Self { ground, after, outcome, files }
    }

    /// The workspace as it will be.
    pub(super) fn workspace(&self) -> &Workspace {
        self.after.workspace()
    }

    /// The path of a file as it will be.
    pub(super) fn path(&self, file: FileId) -> &str {
        &self.workspace().entry(file).path
    }

    /// The changed or new file with this id.
    pub(super) fn file(&self, id: FileId) -> Option<&PlannedFile<'a>> {
        self.files.iter().find(|file| file.id == id)
    }

    /// The names of any file as it will be.
    pub(super) fn scopes_of(&self, id: FileId) -> Option<Scopes> {
        if let Some(file) = self.file(id) {
            return Some(file.scopes.clone());
        }
        scopes(&self.after, id)
    }

    /// Whether a framework of the app has this name in scope without an import.
    pub(super) fn is_brought(&self, name: &str) -> bool {
        let Ground { catalog, app, .. } = self.ground;
        app.entries
            .iter()
            .filter_map(|id| catalog.get(id)?.framework.as_ref())
            .any(|framework| framework.globals.iter().any(|global| global == name))
    }

    /// Whether a file of the app, as it is, uses this name without declaring it: its framework brings it in.
    pub(super) fn is_free_elsewhere(&self, language: Language, name: &str) -> bool {
        let before = self.ground.before;
        before.files_with_word(name).into_iter().any(|id| {
            let same = before.workspace().entry(id).language.is_some_and(|other| {
                (other == Language::Python) == (language == Language::Python) && other.is_code()
            });
            same && scopes(before, id).is_some_and(|scopes| {
                scopes.uses().iter().any(|u| u.name == name && scopes.resolve(u).is_none())
            })
        })
    }
}

/// The names of a file of code.
fn scopes(program: &Program, id: FileId) -> Option<Scopes> {
    let language = program.workspace().entry(id).language.filter(|l| l.is_code())?;
    let text = program.workspace().text(id).ok()?;
    Some(Scopes::of(language, program.tree(id)?, text.as_str()))
}

impl<'a> PlannedFile<'a> {
    fn new(after: &Program, outcome: &'a FileOutcome) -> Option<Self> {
        let id = after.workspace().find(outcome.path())?;
        let language =
            after.workspace().entry(id).language.filter(|l| l.is_ecmascript() || *l == Language::Python)?;
        let before = parse(language, outcome.before().as_str())
            .map(|tree| Scopes::of(language, &tree, outcome.before().as_str()))
            .unwrap_or_default();
        let scopes = scopes(after, id)?;
        Some(Self { outcome, id, language, scopes, before })
    }

    pub(super) fn path(&self) -> &'a str {
        self.outcome.path()
    }

    pub(super) fn is_new(&self) -> bool {
        self.outcome.change() == Change::Created
    }

    pub(super) fn is_python(&self) -> bool {
        self.language == Language::Python
    }

    /// Whether some of a span is ours.
    pub(super) fn is_written(&self, span: Span) -> bool {
        self.outcome
            .written()
            .any(|(range, _, _)| range.start < span.end as usize && (span.start as usize) < range.end)
    }

    /// The units that wrote some of a span; of the nearest text of ours where none did.
    pub(super) fn units(&self, span: Span) -> Vec<UnitId> {
        let distance = |range: &std::ops::Range<usize>| {
            (span.start as usize).saturating_sub(range.end).max(range.start.saturating_sub(span.end as usize))
        };
        let nearest = self.outcome.written().map(|(range, _, _)| distance(&range)).min();
        let mut units: Vec<UnitId> = self
            .outcome
            .written()
            .filter(|(range, _, _)| Some(distance(range)) == nearest)
            .flat_map(|(_, _, units)| units.iter().copied())
            .collect();
        units.sort_unstable();
        units.dedup();
        units
    }

    /// A fault at a place of the planned text.
    pub(super) fn fault(&self, kind: FaultKind, at: Span, blamed: Span, why: String) -> Fault {
        let line = if self.is_new() {
            self.outcome.after().line_of(at.start as usize)
        } else {
            self.outcome.before().line_of(self.near_before(at.start as usize))
        };
        Fault { kind, file: self.path().to_owned(), line, units: self.units(blamed), why }
    }

    /// Where an offset of the planned text was before; `None` in text of ours.
    pub(super) fn offset_before(&self, after: u32) -> Option<u32> {
        let after = after as usize;
        let mut shift = 0_isize;
        for (range, replaced, _) in self.outcome.written() {
            if range.contains(&after) {
                return None;
            }
            if range.start > after {
                break;
            }
            shift += range.len().cast_signed() - replaced.len().cast_signed();
        }
        u32::try_from(after.checked_add_signed(-shift)?).ok()
    }

    /// The same, with text of ours standing where it was put.
    fn near_before(&self, after: usize) -> usize {
        let inside = self.outcome.written().find(|(range, _, _)| range.contains(&after));
        match inside {
            Some((_, replaced, _)) => replaced.start,
            None => self.offset_before(u32::try_from(after).unwrap_or(u32::MAX)).unwrap_or(0) as usize,
        }
    }

    /// Whether a place of the text before was in a range that is replaced.
    pub(super) fn is_replaced(&self, before: Span) -> bool {
        self.outcome.written().any(|(_, replaced, _)| {
            replaced.start < before.end as usize && (before.start as usize) < replaced.end
        })
    }

    /// The use at an offset of the text before.
    pub(super) fn use_before(&self, at: u32) -> Option<&Use> {
        self.before.uses().iter().find(|u| u.span.start == at)
    }

    /// The declarations of a name in a scope that a use can mean.
    pub(super) fn meant<'s>(scopes: &'s Scopes, scope: ScopeId, name: &'s Use) -> Vec<&'s Declaration> {
        scopes.declared(scope, &name.name).filter(|d| name.can_mean(d)).collect()
    }

    /// Declarations grouped by scope and name.
    pub(super) fn by_name(&self) -> BTreeMap<(ScopeId, &str), Vec<&Declaration>> {
        let mut groups: BTreeMap<(ScopeId, &str), Vec<&Declaration>> = BTreeMap::new();
        for declaration in self.scopes.declarations() {
            groups.entry((declaration.scope, declaration.name.as_str())).or_default().push(declaration);
        }
        groups
    }

    /// One line of the planned text, for a sentence.
    pub(super) fn line(&self, at: Span) -> String {
        let text = self.outcome.after();
        text.line(text.line_of(at.start as usize)).trim().to_owned()
    }
}
