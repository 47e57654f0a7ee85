//! Every module we touch can be loaded where it lands: no circle that reads what is not there yet, no second start of the
//! server, and no module of a runtime in a place that does not have it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::imports::new_imports;
use super::planned::{Planned, PlannedFile};
use super::{Fault, FaultKind, known};
use crate::catalog::{Kind, Runtime};
use crate::resolve::Module;
use crate::syntax::scope::DeclarationKind;
use crate::syntax::{ExportTarget, FunctionKind, Import, ImportKind, Imported};
use crate::workspace::FileId;

pub(super) fn check(planned: &Planned<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in &planned.files {
        for import in new_imports(planned, file) {
            let Module::File(target) = planned.after.module(file.id, &import.module, named(import)) else {
                continue;
            };
            if import.type_only || import.function.is_some() {
                continue;
            }
            faults.extend(
                starts(planned, file, import, target).or_else(|| circle(planned, file, import, target)),
            );
        }
    }
    faults.extend(runtimes(planned));
    faults
}

fn named(import: &Import) -> Option<&str> {
    match &import.imported {
        Imported::Named(name) => Some(name),
        Imported::Default | Imported::Namespace | Imported::All => None,
    }
}

/// A new module that imports the file which starts the server would start it again, or wait for itself.
fn starts(planned: &Planned<'_>, file: &PlannedFile<'_>, import: &Import, target: FileId) -> Option<Fault> {
    let frameworks = planned.ground.app.picked(planned.ground.catalog, Kind::Framework);
    let starting: Vec<&str> = frameworks
        .iter()
        .filter_map(|e| e.framework.as_ref())
        .flat_map(|f| &f.starts)
        .map(String::as_str)
        .collect();
    let facts = planned.after.facts(target);
    let starts = facts.calls.iter().any(|call| {
        call.function.is_none()
            && call.class.is_none()
            && call.callee.last().is_some_and(|name| starting.contains(&name))
            && stands_alone(planned, target, call.statement.start as usize)
    });
    let why =
        format!("`{}` starts the server, so `{}` cannot import from it", planned.path(target), file.path());
    (starts && file.is_new()).then(|| file.fault(FaultKind::Entry, import.span, import.span, why))
}

/// Whether a statement runs whenever its module is loaded: it stands in no branch.
fn stands_alone(planned: &Planned<'_>, file: FileId, at: usize) -> bool {
    let Some(tree) = planned.after.tree(file) else { return false };
    let mut cursor = tree.root_node().walk();
    tree.root_node().named_children(&mut cursor).any(|statement| statement.start_byte() == at)
}

/// What a file loads when it is loaded, with the import.
fn loads(planned: &Planned<'_>, file: FileId) -> Vec<(FileId, u32)> {
    let facts = planned.after.facts(file);
    let imports = facts
        .imports
        .iter()
        .filter(|i| !i.type_only && i.function.is_none() && i.kind != ImportKind::Dynamic);
    let mut found: Vec<(FileId, u32)> = imports
        .filter_map(|i| match planned.after.module(file, &i.module, named(i)) {
            Module::File(target) if target != file => Some((target, i.span.start)),
            _ => None,
        })
        .collect();
    for export in &facts.exports {
        if let ExportTarget::From { module, .. } | ExportTarget::All { module } = &export.target
            && let Module::File(target) = planned.after.module(file, module, None)
            && target != file
        {
            found.push((target, export.span.start));
        }
    }
    found
}

/// Whether loading one file loads another.
fn reaches(planned: &Planned<'_>, from: FileId, to: FileId) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut queue = VecDeque::from([from]);
    while let Some(file) = queue.pop_front() {
        if file == to {
            return true;
        }
        let next = loads(planned, file).into_iter().map(|(target, _)| target);
        let next = next.filter(|target| *target == to || !is_package_of(planned, *target, file));
        queue.extend(next.filter(|target| seen.insert(*target)));
    }
    false
}

/// Whether a file is what a Python package runs first: by the time that a module of the package is loaded, that is under
/// way already, and importing from it loads nothing.
fn is_package_of(planned: &Planned<'_>, package: FileId, module: FileId) -> bool {
    let folder = planned.path(package).strip_suffix("__init__.py");
    folder.is_some_and(|folder| planned.path(module).starts_with(folder))
}

/// A circle of imports in which this one is read before the other module has run.
fn circle(planned: &Planned<'_>, file: &PlannedFile<'_>, import: &Import, target: FileId) -> Option<Fault> {
    // A new module is loaded by one that was there, and has run before that one goes on.
    if !file.is_new() && planned.file(target).is_some_and(PlannedFile::is_new) {
        return None;
    }
    let loaded = loads(planned, target).into_iter();
    let loaded = loaded.filter(|(next, _)| *next == file.id || !is_package_of(planned, *next, target));
    let back = loaded.filter(|(next, _)| reaches(planned, *next, file.id));
    let back = back.map(|(_, at)| at).min()?;
    let waits = if file.is_python() {
        let name = named(import)?;
        let path = planned.path(target);
        let scopes = planned.scopes_of(target)?;
        let is_module =
            path.ends_with(&format!("{name}.py")) || path.ends_with(&format!("{name}/__init__.py"));
        !is_module && scopes.declared(scopes.module(), name).all(|d| d.ready > back)
    } else if import.kind == ImportKind::Require {
        let facts = planned.after.facts(target);
        named(import).is_some() && facts.exports.iter().all(|e| e.span.start > back)
    } else {
        reads_at_load(file, import) && !is_hoisted(planned, target, import)
    };
    let why = format!(
        "`{}` and `{}` would load each other, and `{}` is read before it is there",
        file.path(),
        planned.path(target),
        import.local
    );
    waits.then(|| file.fault(FaultKind::Cycle, import.span, import.span, why))
}

/// Whether an imported name is used while its module loads.
fn reads_at_load(file: &PlannedFile<'_>, import: &Import) -> bool {
    let scopes = &file.scopes;
    scopes.uses().iter().any(|u| {
        u.name == import.local
            && !u.in_type
            && !import.span.contains(u.span)
            && scopes.resolve(u) == Some(scopes.module())
            && scopes.runs_in(u.scope) == scopes.module()
    })
}

/// Whether the name is a function, which is there before its module has run.
fn is_hoisted(planned: &Planned<'_>, target: FileId, import: &Import) -> bool {
    let Some(name) = named(import) else { return false };
    let facts = planned.after.facts(target);
    let declared = facts.functions.iter().any(|f| {
        f.name == name && f.parent.is_none() && f.class.is_none() && f.kind == FunctionKind::Declaration
    });
    declared
        && planned
            .scopes_of(target)
            .is_some_and(|s| s.declared(s.module(), name).all(|d| d.kind == DeclarationKind::Function))
}

/// A module of Node that code for another runtime would load through a line of ours.
fn runtimes(planned: &Planned<'_>) -> Vec<Fault> {
    let frameworks = planned.ground.app.picked(planned.ground.catalog, Kind::Framework);
    let runtimes = frameworks.iter().filter_map(|e| e.framework.as_ref()).flat_map(|f| &f.runtimes);
    runtimes.flat_map(|runtime| lands_in(planned, runtime)).collect()
}

fn lands_in(planned: &Planned<'_>, runtime: &Runtime) -> Vec<Fault> {
    let app = planned.ground.app;
    let files = planned.workspace().files().filter(|(_, f)| {
        f.language.is_some_and(crate::workspace::Language::is_ecmascript)
            && app.owns(&f.path)
            && !f.is_aside()
    });
    let landing = files.filter(|(id, f)| {
        let relative = f.path.strip_prefix(app.dir()).unwrap_or(&f.path).trim_start_matches('/');
        let text = || planned.workspace().text(*id).is_ok_and(|t| runtime.is_spoken_of(t.as_str()));
        runtime.files.match_path(relative) || (text() && says(planned, *id, runtime))
    });
    let landing: Vec<FileId> = landing.map(|(id, _)| id).collect();
    landing.into_iter().flat_map(|file| loaded_there(planned, file, runtime)).collect()
}

/// Whether a module says of itself where it runs.
fn says(planned: &Planned<'_>, file: FileId, runtime: &Runtime) -> bool {
    let facts = planned.after.facts(file);
    let exported = runtime.export.as_ref().is_some_and(|export| {
        facts.bindings.iter().any(|b| {
            b.function.is_none()
                && b.names.iter().any(|n| n.local == export.name)
                && b.value.as_str().is_some_and(|value| export.values.iter().any(|v| v == value))
        })
    });
    exported || runtime.directive.as_ref().is_some_and(|text| facts.has_directive(text))
}

/// Whether a module stays where the server runs, whoever imports it.
fn is_only_called(planned: &Planned<'_>, file: FileId, runtime: &Runtime) -> bool {
    runtime.called.as_ref().is_some_and(|directive| planned.after.facts(file).has_directive(directive))
}

/// What a landing place loads through a line of ours, as far as it needs a module that is not there.
fn loaded_there(planned: &Planned<'_>, landing: FileId, runtime: &Runtime) -> Vec<Fault> {
    // The first import of ours on the way to each module.
    let mut ours: BTreeMap<FileId, Option<(FileId, Import)>> = BTreeMap::from([(landing, None)]);
    let mut queue = VecDeque::from([landing]);
    let mut faults = Vec::new();
    while let Some(id) = queue.pop_front() {
        let way = ours.get(&id).cloned().flatten();
        let new: Vec<Import> = planned
            .file(id)
            .map(|f| new_imports(planned, f).into_iter().cloned().collect())
            .unwrap_or_default();
        for import in planned.after.facts(id).imports.iter().filter(|i| !i.type_only) {
            let is_new = new.iter().any(|n| n.span == import.span && n.local == import.local);
            let step = way.clone().or_else(|| is_new.then(|| (id, import.clone())));
            match planned.after.module(id, &import.module, named(import)) {
                Module::File(target) if is_only_called(planned, target, runtime) => {}
                Module::File(target) if !ours.contains_key(&target) => {
                    ours.insert(target, step);
                    queue.push_back(target);
                }
                Module::Package(specifier) => {
                    let missing =
                        known::node_module(&specifier).filter(|m| !runtime.modules.iter().any(|r| r == m));
                    let fault = missing.zip(step).and_then(|(module, (at, import))| {
                        let file = planned.file(at)?;
                        let why = format!(
                            "`{}` runs in {}, which has no `{module}` for `{}`",
                            planned.path(landing),
                            runtime.title,
                            planned.path(id)
                        );
                        Some(file.fault(FaultKind::Runtime, import.span, import.span, why))
                    });
                    faults.extend(fault);
                }
                Module::File(_) | Module::Unknown => {}
            }
        }
    }
    faults
}
