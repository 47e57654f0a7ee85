//! Every name we wrote is bound where it stands, and nothing we declare takes a name from the app's own code.

use super::planned::{Planned, PlannedFile};
use super::{Fault, FaultKind, known};
use crate::syntax::scope::{Declaration, DeclarationKind as Kind, ScopeKind, Use};

pub(super) fn check(planned: &Planned<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in &planned.files {
        if file.scopes.is_partial() || file.before.is_partial() {
            continue;
        }
        for name in file.scopes.uses() {
            faults.extend(if file.is_written(name.span) {
                ours(planned, file, name)
            } else {
                theirs(file, name)
            });
        }
        faults.extend(repeated(file));
    }
    faults
}

/// A use in text of ours.
fn ours(planned: &Planned<'_>, file: &PlannedFile<'_>, name: &Use) -> Option<Fault> {
    let Some(scope) = file.scopes.resolve(name) else {
        let fine = known::is_global(file.language, &name.name)
            || file.scopes.is_open()
            || planned.is_brought(&name.name)
            || planned.is_free_elsewhere(file.language, &name.name);
        let why = || format!("nothing declares `{}` there, in `{}`", name.name, file.line(name.span));
        return (!fine).then(|| file.fault(FaultKind::Unbound, name.span, name.span, why()));
    };
    let meant = PlannedFile::meant(&file.scopes, scope, name);
    if let Some(declaration) = early(file, name, &meant) {
        let why = format!(
            "`{}` would be used above its declaration in line {}",
            name.name,
            file.outcome.after().line_of(declaration.span.start as usize)
        );
        return Some(file.fault(FaultKind::Early, name.span, name.span, why));
    }
    // What was imported for this use is hidden by something nearer.
    let imported = scope != file.scopes.module()
        && meant.iter().all(|d| !file.is_written(d.span))
        && file
            .scopes
            .declared(file.scopes.module(), &name.name)
            .any(|d| d.kind == Kind::Import && file.is_written(d.span) && !was_imported(file, &d.name));
    let why = || format!("`{}` means another value there than the one that is imported for it", name.name);
    imported.then(|| file.fault(FaultKind::Captured, name.span, name.span, why()))
}

/// A use in the app's own text: it must mean what it meant.
fn theirs(file: &PlannedFile<'_>, name: &Use) -> Option<Fault> {
    let scope = file.scopes.resolve(name)?;
    let meant = PlannedFile::meant(&file.scopes, scope, name);
    let taken = meant.iter().find(|d| file.is_written(d.span))?;
    let before = file.use_before(file.offset_before(name.span.start)?)?;
    let clash = match file.before.resolve(before) {
        Some(scope) => {
            let meant_before = PlannedFile::meant(&file.before, scope, before);
            let is_own = meant.iter().any(|d| !file.is_written(d.span));
            !is_own && meant_before.iter().all(|d| !file.is_replaced(d.span))
        }
        // A name that the framework brought in may be imported; one of the language may not become another.
        None => known::is_global(file.language, &name.name),
    };
    let early = early(file, name, &meant).is_some();
    if !clash && !early {
        return None;
    }
    let why = format!(
        "a new `{}` would stand between the one that is there and its use in `{}`",
        name.name,
        file.line(name.span)
    );
    Some(file.fault(FaultKind::Clash, taken.span, taken.span, why))
}

/// The declaration below a use that runs before it.
fn early<'d>(file: &PlannedFile<'_>, name: &Use, meant: &[&'d Declaration]) -> Option<&'d Declaration> {
    let first = meant.iter().min_by_key(|d| d.ready)?;
    let scope = first.scope;
    let waits = |d: &&Declaration| {
        matches!(d.kind, Kind::Lexical | Kind::Class | Kind::Binding)
            || (d.kind == Kind::Import && file.is_python())
    };
    let runs_at_once = file.scopes.runs_in(name.scope) == file.scopes.runs_in(scope);
    let is_class = file.scopes.scope(scope).is_some_and(|s| s.kind == ScopeKind::Class);
    let is_early = !name.in_type
        && !is_class
        && runs_at_once
        && meant.iter().all(waits)
        && name.span.start < first.ready
        // Deleted or read back by an augmented assignment: the name itself.
        && name.span != first.span;
    is_early.then_some(*first)
}

fn was_imported(file: &PlannedFile<'_>, name: &str) -> bool {
    file.before.declared(file.before.module(), name).any(|d| d.kind == Kind::Import)
}

/// Names that a scope would declare twice.
fn repeated(file: &PlannedFile<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for ((_, name), declarations) in file.by_name() {
        let values: Vec<&Declaration> = declarations.into_iter().filter(|d| d.kind != Kind::Type).collect();
        let Some(ours) = values.iter().find(|d| file.is_written(d.span)) else { continue };
        let others = values.iter().filter(|d| d.span != ours.span);
        let clash = if file.is_python() {
            rebinds(file, ours, &values)
        } else {
            others.clone().any(|o| excludes(ours, o))
        };
        if clash {
            let why = format!("`{name}` is declared there already");
            faults.push(file.fault(FaultKind::Clash, ours.span, ours.span, why));
        }
    }
    faults
}

/// Whether two declarations of ECMAScript cannot stand in one scope.
fn excludes(a: &Declaration, b: &Declaration) -> bool {
    let strict = |d: &Declaration| matches!(d.kind, Kind::Lexical | Kind::Class | Kind::Import);
    strict(a) || strict(b)
}

/// Whether a new Python binding takes the value away from a name of the app that is read further down.
fn rebinds(file: &PlannedFile<'_>, ours: &Declaration, all: &[&Declaration]) -> bool {
    let theirs: Vec<&&Declaration> =
        all.iter().filter(|d| !file.is_written(d.span) && d.span.start < ours.span.start).collect();
    let replaced = file.before.declarations().iter().any(|d| d.name == ours.name && file.is_replaced(d.span));
    let read_below = || {
        file.scopes.uses().iter().any(|u| {
            u.name == ours.name
                && u.span.start > ours.span.start
                && !file.is_written(u.span)
                && file.scopes.resolve(u) == Some(ours.scope)
        })
    };
    !theirs.is_empty() && !replaced && ours.kind != Kind::Import && read_below()
}
