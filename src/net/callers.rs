//! Every new module has somebody who calls it: one that was written for the app's own code stands idle without.

use std::collections::{BTreeSet, VecDeque};

use super::planned::Planned;
use super::{Fault, FaultKind};
use crate::edit::Change;
use crate::resolve::Module;
use crate::workspace::FileId;

pub(super) fn check(planned: &Planned<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (id, unit) in planned.outcome.units().filter(|(_, unit)| unit.is_library()) {
        let new: BTreeSet<FileId> = unit
            .new_files()
            .filter_map(|(path, _)| planned.workspace().find(path))
            .filter(|file| planned.workspace().entry(*file).is_code())
            .collect();
        let Some(first) = new.iter().next() else { continue };
        if is_called(planned, &new) {
            continue;
        }
        let path = planned.path(*first);
        let why = format!("nothing in the app would call `{path}`");
        faults.push(Fault {
            kind: FaultKind::NoCaller,
            file: path.to_owned(),
            line: 1,
            units: vec![id],
            why,
        });
    }
    faults
}

/// Whether a file outside of the modules' own folder leads to one of them.
fn is_called(planned: &Planned<'_>, new: &BTreeSet<FileId>) -> bool {
    let workspace = planned.workspace();
    let folders: BTreeSet<&str> = new.iter().map(|file| workspace.entry(*file).dir()).collect();
    let is_own = |file: FileId| folders.contains(workspace.entry(file).dir());
    let by_change = planned
        .outcome
        .files()
        .iter()
        .filter(|f| f.change() == Change::Modified || f.change() == Change::Created);
    // Who calls it is in the change as a rule; what was there before comes last.
    let first = by_change.filter_map(|f| workspace.find(f.path()));
    let others = workspace.files().filter(|(_, f)| f.is_code() && !f.is_aside()).map(|(id, _)| id);
    let mut seen = BTreeSet::new();
    first.chain(others).filter(|file| !is_own(*file)).any(|file| {
        if !seen.insert(file) {
            return false;
        }
        let mut queue = VecDeque::from(loaded(planned, file));
        let mut passed = BTreeSet::new();
        while let Some(next) = queue.pop_front() {
            if new.contains(&next) {
                return true;
            }
            if is_own(next) && passed.insert(next) {
                queue.extend(loaded(planned, next));
            }
        }
        false
    })
}

fn loaded(planned: &Planned<'_>, file: FileId) -> Vec<FileId> {
    let facts = planned.after.facts(file);
    let name = |import: &crate::syntax::Import| match &import.imported {
        crate::syntax::Imported::Named(name) => Some(name.clone()),
        _ => None,
    };
    let files = facts.imports.iter().filter_map(|import| {
        match planned.after.module(file, &import.module, name(import).as_deref()) {
            Module::File(target) => Some(target),
            Module::Package(_) | Module::Unknown => None,
        }
    });
    files.collect()
}
