//! Every import we wrote leads to a module and to a name that it exports.

use super::planned::{Planned, PlannedFile};
use super::{Fault, FaultKind, known};
use crate::resolve::{Module, Program};
use crate::syntax::{Export, ExportTarget, Expr, Import, ImportKind, Imported, Span};
use crate::workspace::{FileId, Workspace};

/// Re-exports followed.
const MAX_HOPS: usize = 12;

pub(super) fn check(planned: &Planned<'_>) -> Vec<Fault> {
    planned.files.iter().flat_map(|file| check_file(planned, file)).collect()
}

/// The imports that a file has only after the change.
pub(super) fn new_imports<'p>(planned: &'p Planned<'_>, file: &'p PlannedFile<'_>) -> Vec<&'p Import> {
    let before = planned.ground.before;
    let old = before.workspace().find(file.path()).map(|id| std::sync::Arc::clone(before.facts(id)));
    let known = |import: &&Import| {
        old.as_ref().is_some_and(|facts| {
            facts.imports.iter().any(|o| o.module == import.module && o.imported == import.imported)
        })
    };
    let facts = planned.after.facts(file.id);
    facts.imports.iter().filter(|i| file.is_written(i.span) && !known(i)).collect()
}

fn check_file(planned: &Planned<'_>, file: &PlannedFile<'_>) -> Vec<Fault> {
    let mut faults: Vec<Fault> =
        new_imports(planned, file).into_iter().filter_map(|import| judge(planned, file, import)).collect();
    faults.extend(passed_on(planned, file));
    faults
}

fn judge(planned: &Planned<'_>, file: &PlannedFile<'_>, import: &Import) -> Option<Fault> {
    let fault = |kind, why: String| Some(file.fault(kind, import.span, place(file, import), why));
    let specifier = import.module.as_str();
    let what = name_of(import).map_or_else(|| format!("`{specifier}`"), |name| format!("`{name}`"));
    if specifier.trim().is_empty() {
        return fault(
            FaultKind::EmptyModule,
            format!("no module is known that has {what} for `{}`", file.path()),
        );
    }
    match planned.after.module(file.id, specifier, name_of(import)) {
        Module::Package(package)
            if file.is_python() && is_own_package(planned.workspace(), file.path(), &package) =>
        {
            let why = format!("`{package}` is no file, seen from `{}`", file.path());
            if is_imported_elsewhere(planned, &package, true) {
                None
            } else {
                fault(FaultKind::NoModule, why)
            }
        }
        Module::Package(package) => {
            // A framework may bring it along without a word in a manifest.
            let fine =
                is_declared(planned, file, &package) || is_imported_elsewhere(planned, specifier, true);
            let why = format!(
                "nothing that the app installs is called `{package}`, which `{}` would import",
                file.path()
            );
            if fine { None } else { fault(FaultKind::NoPackage, why) }
        }
        Module::Unknown => {
            let why = format!("`{specifier}` is no file, seen from `{}`", file.path());
            if is_imported_elsewhere(planned, specifier, false) {
                None
            } else {
                fault(FaultKind::NoModule, why)
            }
        }
        Module::File(target) => {
            let name = name_of(import)?;
            let why = format!("`{}` exports no `{name}`", planned.path(target));
            if exports(planned, target, name, file.is_python(), 0) {
                None
            } else {
                fault(FaultKind::NoExport, why)
            }
        }
    }
}

/// The name in the statement, so that the unit that brought it is blamed and not another that extends the same line.
fn place(file: &PlannedFile<'_>, import: &Import) -> Span {
    let declared =
        file.scopes.declarations().iter().find(|d| d.name == import.local && import.span.contains(d.span));
    declared.map_or(import.span, |d| d.span)
}

/// `export { x } from "m"`, and names of a new module that it exports without having them.
fn passed_on(planned: &Planned<'_>, file: &PlannedFile<'_>) -> Vec<Fault> {
    let facts = planned.after.facts(file.id);
    let written = facts.exports.iter().filter(|e| file.is_written(e.span));
    let judge = |export: &Export| {
        let ExportTarget::From { module, name } = &export.target else { return None };
        let lost = match planned.after.module(file.id, module, Some(name)) {
            Module::File(target) => name != "*" && !exports(planned, target, name, false, 0),
            Module::Unknown => !is_imported_elsewhere(planned, module, false),
            Module::Package(package) => !is_declared(planned, file, &package),
        };
        let why = format!("`{module}` exports no `{name}`");
        lost.then(|| file.fault(FaultKind::NoExport, export.span, export.span, why))
    };
    written.filter_map(judge).collect()
}

/// The exported name an import asks for.
fn name_of(import: &Import) -> Option<&str> {
    match &import.imported {
        Imported::Named(name) => Some(name),
        // `require` gives whatever the module is.
        Imported::Default if import.kind == ImportKind::Static => Some("default"),
        Imported::Default | Imported::Namespace | Imported::All => None,
    }
}

/// Whether a module of the app has a name for others, or may have it.
pub(super) fn exports(planned: &Planned<'_>, target: FileId, name: &str, python: bool, hops: usize) -> bool {
    let entry = planned.workspace().entry(target);
    if hops > MAX_HOPS || !entry.is_code() {
        return true;
    }
    if python {
        return python_exports(planned, target, name);
    }
    let facts = planned.after.facts(target);
    let has_default = |e: &&Export| e.name == "default";
    let text = planned.workspace().text(target);
    let esm = text.as_ref().is_ok_and(|t| {
        t.as_str()
            .lines()
            .any(|l| l.starts_with("export ") || l.starts_with("export{") || l.starts_with("import "))
    });
    // Declarations without a value, and exports that are computed.
    let open = text.is_ok_and(|t| {
        ["export declare", "export =", "export import", "Object.assign(module.exports", "exports["]
            .iter()
            .any(|mark| t.as_str().contains(mark))
    });
    if open || !facts.errors.is_empty() {
        return true;
    }
    if !esm {
        // CommonJS: a member of what the module is.
        return name == "default"
            || facts.exports.iter().any(|e| e.name == name)
            || facts.exports.iter().filter(has_default).any(|e| may_have(&e.target, name));
    }
    facts.exports.iter().any(|export| match &export.target {
        ExportTarget::All { module } => match planned.after.module(target, module, None) {
            Module::File(next) => {
                name != "default" && next != target && exports(planned, next, name, false, hops + 1)
            }
            Module::Package(_) | Module::Unknown => name != "default",
        },
        _ => export.name == name,
    })
}

/// Whether the object of a CommonJS module may have a member.
fn may_have(target: &ExportTarget, name: &str) -> bool {
    match target {
        ExportTarget::Value(Expr::Object(pairs)) => pairs.iter().any(|(key, _)| key == name || key == "..."),
        _ => true,
    }
}

fn python_exports(planned: &Planned<'_>, target: FileId, name: &str) -> bool {
    let path = planned.path(target);
    let is_itself = path.ends_with(&format!("/{name}.py"))
        || path == format!("{name}.py")
        || path.ends_with(&format!("{name}/__init__.py"));
    let Some(scopes) = planned.scopes_of(target) else { return true };
    let has = |name: &str| scopes.declared(scopes.module(), name).next().is_some();
    is_itself || scopes.is_partial() || scopes.is_open() || has(name) || has("__getattr__")
}

/// Whether a package is one the app installs, or something the runtime or the bundler provides.
fn is_declared(planned: &Planned<'_>, file: &PlannedFile<'_>, specifier: &str) -> bool {
    if file.is_python() {
        // What a distribution is called says little of the modules in it, nor what it brings along.
        return true;
    }
    let scheme = specifier.split_once(':').map(|(scheme, _)| scheme);
    known::node_module(specifier).is_some()
        || scheme.is_some_and(|scheme| scheme != "node")
        || specifier.starts_with('$')
        || is_listed_for_node(planned.workspace(), file.path(), specifier)
        || is_imported_elsewhere(planned, specifier, false)
}

/// Whether a manifest of the file's folder, or of one above it, lists the package.
fn is_listed_for_node(workspace: &Workspace, path: &str, specifier: &str) -> bool {
    let parts = if specifier.starts_with('@') { 2 } else { 1 };
    let package = specifier.splitn(parts + 1, '/').take(parts).collect::<Vec<_>>().join("/");
    let mut seen = false;
    let mut dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
    loop {
        let at = if dir.is_empty() { "package.json".to_owned() } else { format!("{dir}/package.json") };
        if let Some(text) = workspace.text_at(&at) {
            seen = true;
            let body = text.as_str().trim_start_matches('\u{feff}');
            let Ok(json) = serde_json::from_str::<serde_json::Value>(body) else { return true };
            let lists = |key: &str| json.get(key).is_some_and(|list| list.get(&package).is_some());
            let keys = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];
            if keys.iter().any(|key| lists(key)) || json.get("name").is_some_and(|n| n == package.as_str()) {
                return true;
            }
        }
        match dir.rsplit_once('/') {
            Some((above, _)) => dir = above,
            None if dir.is_empty() => return !seen,
            None => dir = "",
        }
    }
}

/// Whether a Python module's first part is a folder or file of the app, and no package of the same name is installed.
fn is_own_package(workspace: &Workspace, path: &str, module: &str) -> bool {
    let top = module.split('.').next().unwrap_or(module);
    let folders = std::iter::successors(Some(path), |p| p.rsplit_once('/').map(|(above, _)| above));
    let folders: Vec<&str> = folders.skip(1).chain([""]).collect();
    let own = folders.iter().any(|folder| {
        let at = |inner: &str| {
            if folder.is_empty() { format!("{inner}{top}") } else { format!("{folder}/{inner}{top}") }
        };
        ["", "src/"].iter().any(|inner| {
            workspace.has_dir(&at(inner)) || workspace.find(&format!("{}.py", at(inner))).is_some()
        })
    });
    own && !known::is_python_module(module) && !is_named_by_a_manifest(workspace, top)
}

/// Whether a manifest lists a package of exactly this name.
fn is_named_by_a_manifest(workspace: &Workspace, name: &str) -> bool {
    let manifests =
        workspace.files().filter(|(_, f)| is_python_manifest(f.name()) || f.dir().ends_with("requirements"));
    let mut texts = manifests.filter_map(|(id, _)| workspace.text(id).ok());
    texts.any(|text| {
        let words = text.as_str().split(|c: char| !(c.is_alphanumeric() || "-_.".contains(c)));
        words.into_iter().any(|word| word.eq_ignore_ascii_case(name))
    })
}

fn is_python_manifest(name: &str) -> bool {
    name.starts_with("requirements") || ["pyproject.toml", "Pipfile", "setup.cfg", "setup.py"].contains(&name)
}

/// Whether the app, as it is, imports the same: it comes from somewhere that is not in the repository.
fn is_imported_elsewhere(planned: &Planned<'_>, specifier: &str, exactly: bool) -> bool {
    let before: &Program = planned.ground.before;
    let is_part = |c: char| !(c.is_alphanumeric() || c == '_');
    let head = specifier.split(is_part).rfind(|part| !part.is_empty()).unwrap_or(specifier);
    let top = specifier.split('.').next().unwrap_or(specifier);
    let tail = specifier.trim_start_matches(['.', '/']);
    let same = |module: &str| {
        module == specifier
            // Relative paths differ by the folder they are written in.
            || (specifier.starts_with('.') && module.starts_with('.') && module.trim_start_matches(['.', '/']) == tail)
            || (!exactly && !specifier.contains('/') && !specifier.starts_with('.') && module.split('.').next() == Some(top))
    };
    let named: Vec<FileId> =
        before.files_with_word(head).into_iter().chain(before.files_with_word(top)).collect();
    named.into_iter().any(|id| before.facts(id).imports.iter().any(|import| same(&import.module)))
}
