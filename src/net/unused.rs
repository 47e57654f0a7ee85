//! Every name we import is used in the file.

use std::ops::Range;

use super::imports::new_imports;
use super::planned::{Planned, PlannedFile};
use super::{Fault, FaultKind};
use crate::resolve::has_word;
use crate::syntax::{Import, Imported};

pub(super) fn check(planned: &Planned<'_>) -> Vec<Fault> {
    planned.files.iter().flat_map(|file| check_file(planned, file)).collect()
}

fn check_file(planned: &Planned<'_>, file: &PlannedFile<'_>) -> Vec<Fault> {
    if file.scopes.is_partial() || passes_on(file) {
        return Vec::new();
    }
    let unused = new_imports(planned, file).into_iter().filter(|import| {
        !import.local.is_empty() && !has_effects(file, import) && !is_used(planned, file, import)
    });
    let fault = |import: &Import| {
        let why = format!("nothing in `{}` would use `{}`", file.path(), import.local);
        file.fault(FaultKind::Unused, import.span, import.span, why)
    };
    unused.map(fault).collect()
}

/// Whether a module's imports are what it exports: the head of a Python package.
fn passes_on(file: &PlannedFile<'_>) -> bool {
    file.is_python() && file.path().ends_with("__init__.py")
}

/// Whether the import itself does something: a whole module of Python runs, and what comes from the future is a switch.
fn has_effects(file: &PlannedFile<'_>, import: &Import) -> bool {
    file.is_python()
        && (!matches!(import.imported, Imported::Named(_))
            || import.module == "__future__"
            || import.module.chars().all(|c| c == '.'))
}

/// Whether the name is used anywhere in the file. In Python it may be so in a text, as an annotation.
fn is_used(planned: &Planned<'_>, file: &PlannedFile<'_>, import: &Import) -> bool {
    let uses = file.scopes.uses();
    uses.iter().any(|name| name.name == import.local)
        || (file.is_python() && is_mentioned(planned, file, &import.local))
}

/// Whether a name stands between the imports of a file, as code or as text.
fn is_mentioned(planned: &Planned<'_>, file: &PlannedFile<'_>, name: &str) -> bool {
    let text = file.outcome.after().as_str();
    let mut spans: Vec<Range<usize>> =
        planned.after.facts(file.id).imports.iter().map(|i| i.span.range()).collect();
    spans.sort_by_key(|span| span.start);
    spans.push(text.len()..text.len());
    let mut at = 0;
    spans.into_iter().any(|span| {
        let between = text.get(at..span.start).unwrap_or_default();
        at = span.end;
        has_word(between, name)
    })
}
