//! Python module resolution over the workspace's files.
//!
//! An absolute import is looked for from the folders above the importing file, nearest first, and their `src`: that is
//! where an app's import roots lie, whatever its packaging says. Namespace packages (no `__init__.py`) count. The inside
//! of a package is no import root, so that `import stripe` within `app/billing/` is not the app's own `app/billing/stripe`,
//! unless the app is started there or imports whole packages from there. What begins with the opened folder's own name is looked for in it last of all.

use super::Module;
use crate::workspace::{FileId, Workspace};

/// The file of `module` as imported in `from`, or of `module.name` when `name` is itself a module.
pub(super) fn resolve(workspace: &Workspace, from: &str, module: &str, name: Option<&str>) -> Module {
    let dir = from.rsplit_once('/').map_or("", |(dir, _)| dir);
    if module.starts_with('.') {
        let rest = module.trim_start_matches('.');
        let up = module.len() - rest.len() - 1;
        let base = dir.rsplitn(up + 1, '/').nth(up);
        let base = if up == 0 { Some(dir) } else { base.or((dir.split('/').count() == up).then_some("")) };
        return base
            .and_then(|base| below(workspace, base, rest, name))
            .map_or(Module::Unknown, Module::File);
    }
    let mut root = Some(dir);
    while let Some(at) = root {
        root = if at.is_empty() { None } else { Some(at.rsplit_once('/').map_or("", |(up, _)| up)) };
        let is_package = || workspace.find(&join(at, "__init__.py")).is_some();
        if is_package() && !is_run_in(workspace, at) && !is_imported_from(workspace, from, at) {
            continue;
        }
        let found =
            below(workspace, at, module, name).or_else(|| below(workspace, &join(at, "src"), module, name));
        let found = found.filter(|id| !is_namesake(workspace, *id, module));
        if let Some(id) = found.filter(|_| !is_inside_package(workspace, from, at)) {
            return Module::File(id);
        }
    }
    let own = inside(workspace, module).and_then(|rest| below(workspace, "", rest, name));
    own.map_or_else(|| Module::Package(module.to_owned()), Module::File)
}

/// The rest of a module that begins with the name of the opened folder itself: an app that is started from the folder above
/// (`from backend.app.core import …` in `backend/`).
fn inside<'m>(workspace: &Workspace, module: &'m str) -> Option<&'m str> {
    let rest = module.strip_prefix(workspace.root().file_name()?)?;
    rest.strip_prefix('.').or_else(|| rest.is_empty().then_some(""))
}

/// Files of the folder that an app is installed and started in.
const STARTED: &[&str] =
    &["pyproject.toml", "requirements.txt", "Pipfile", "manage.py", "Procfile", "Dockerfile"];

/// Whether a folder is where the app is started, and an import root for that, be it a package or not.
fn is_run_in(workspace: &Workspace, dir: &str) -> bool {
    STARTED.iter().any(|name| workspace.find(&join(dir, name)).is_some())
}

/// Whether a module imports packages of a folder as if that were an import root: `from services.voice import speak` beside
/// `services/voice.py`, in a folder that is put on the path when the app is started. A name alone could be any package's.
fn is_imported_from(workspace: &Workspace, from: &str, at: &str) -> bool {
    let Some(text) = workspace.text_at(from) else { return false };
    let mut modules = imported(text.as_str()).filter(|module| module.contains('.'));
    modules.any(|module| below(workspace, at, module, None).is_some())
}

/// Whether a module is only called like the package it uses: `services/openai.py` with `from openai import OpenAI`. Were its
/// folder an import root, it would import itself.
fn is_namesake(workspace: &Workspace, file: FileId, module: &str) -> bool {
    let path = &workspace.entry(file).path;
    let is_it = path.rsplit('/').next().and_then(|name| name.strip_suffix(".py")) == Some(module);
    let text = workspace.text(file).ok().filter(|_| is_it);
    text.is_some_and(|text| imported(text.as_str()).any(|m| m.split('.').next() == Some(module)))
}

/// The modules that the lines of a text import absolutely.
fn imported(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.trim_start();
        let module = line.strip_prefix("from ").or_else(|| line.strip_prefix("import "))?;
        module.split_whitespace().next().filter(|module| !module.starts_with('.'))
    })
}

/// Whether a folder is the inside of a package without `__init__.py`: the importing module names one of the folders on
/// the way to it as a package (`from app.core import …` in `app/core/graph/nodes.py` says that `app/core` is no root).
fn is_inside_package(workspace: &Workspace, from: &str, at: &str) -> bool {
    let Some(text) = workspace.text_at(from) else { return false };
    let modules: Vec<&str> = imported(text.as_str()).collect();
    let ends = at.match_indices('/').map(|(end, _)| end).chain([at.len()]);
    ends.filter_map(|end| at.get(..end)).any(|folder| {
        let (above, name) = folder.rsplit_once('/').unwrap_or(("", folder));
        let names_it = |module: &&&str| module.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        !name.is_empty()
            && modules.iter().filter(names_it).any(|m| below(workspace, above, m, None).is_some())
    })
}

fn join(dir: &str, rest: &str) -> String {
    if dir.is_empty() || rest.is_empty() { format!("{dir}{rest}") } else { format!("{dir}/{rest}") }
}

fn below(workspace: &Workspace, base: &str, module: &str, name: Option<&str>) -> Option<FileId> {
    let path = join(base, &module.replace('.', "/"));
    let submodule = name.and_then(|name| module_file(workspace, &join(&path, name)));
    submodule
        .or_else(|| (!module.is_empty()).then(|| module_file(workspace, &path)).flatten())
        .or_else(|| (module.is_empty()).then(|| workspace.find(&join(&path, "__init__.py"))).flatten())
}

/// A package hides a module of its name.
fn module_file(workspace: &Workspace, path: &str) -> Option<FileId> {
    workspace.find(&format!("{path}/__init__.py")).or_else(|| workspace.find(&format!("{path}.py")))
}
