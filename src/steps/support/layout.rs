//! Where the generated modules live, and in which form they are written.

use std::collections::BTreeSet;

use crate::steps::support::{Kit, join};
use crate::syntax::ImportKind;
use crate::template::{Lang, ModuleSystem};
use crate::workspace::Language;

/// The folder's name.
const FOLDER: &str = "credyt";

/// Module system, suffix of relative imports, and extension of source files.
pub(super) fn forms(kit: &Kit<'_>) -> (ModuleSystem, String, String) {
    match kit.lang {
        Lang::Python => (ModuleSystem::Esm, String::new(), "py".to_owned()),
        Lang::TypeScript => {
            let otherwise = if asks_for_endings(kit) { ".js" } else { "" };
            (ModuleSystem::Esm, suffix(kit, otherwise), "ts".to_owned())
        }
        Lang::JavaScript => {
            if kit.new_style(Language::JavaScript).commonjs {
                return (ModuleSystem::Cjs, String::new(), extension(kit, "js"));
            }
            // Node wants the extension where nothing bundles the app.
            (ModuleSystem::Esm, suffix(kit, ".js"), extension(kit, "js"))
        }
    }
}

/// Whether the compiler resolves modules as Node does, which wants their endings.
fn asks_for_endings(kit: &Kit<'_>) -> bool {
    const AS_NODE: &[&str] = &["nodenext", "node16", "node18", "node20"];
    let at = |name: &str| super::join(kit.cx.app.dir(), name);
    let option = kit.cx.program.compiler_option(&at("tsconfig.json"), &["moduleResolution", "module"]);
    let resolves = option.as_ref().and_then(|option| option.as_str()).map(str::to_ascii_lowercase);
    let package = kit.cx.workspace.text_at(&at("package.json"));
    let package = package.and_then(|text| serde_json::from_str::<serde_json::Value>(text.as_str()).ok());
    resolves.is_some_and(|resolves| AS_NODE.contains(&resolves.as_str()))
        && package.is_some_and(|package| package.get("type").is_some_and(|of| of == "module"))
}

/// How relative imports of the app end, by majority.
fn suffix(kit: &Kit<'_>, otherwise: &str) -> String {
    let mut counts = [("", 0u32), (".js", 0), (".ts", 0), (".mjs", 0)];
    for file in kit.sample() {
        for import in kit.cx.program.facts(file).imports.iter().filter(|i| i.kind == ImportKind::Static) {
            if !import.module.starts_with('.') {
                continue;
            }
            let name = import.module.rsplit('/').next().unwrap_or_default();
            let ending = name.rsplit_once('.').map_or("", |(_, end)| end);
            if ["css", "scss", "json", "svg", "png"].contains(&ending) || name.starts_with('.') {
                continue;
            }
            let at = counts.iter().position(|(s, _)| !s.is_empty() && name.ends_with(s)).unwrap_or(0);
            counts[at].1 += 1;
        }
    }
    let best = counts.iter().max_by_key(|(_, n)| *n);
    best.filter(|(_, n)| *n > 0).map_or(otherwise, |(s, _)| s).to_owned()
}

/// The extension of most JavaScript files.
fn extension(kit: &Kit<'_>, usual: &str) -> String {
    let count = |ext: &str| kit.files.iter().filter(|f| kit.path(**f).ends_with(&format!(".{ext}"))).count();
    let best = ["mjs", "cjs"].into_iter().find(|ext| count(ext) > count(usual));
    best.unwrap_or(usual).to_owned()
}

/// The folder of the generated modules: where they are, or the best of those the framework's entry names.
pub(super) fn folder(kit: &Kit<'_>) -> String {
    if let Some(client) = kit.module_file("client") {
        return kit.cx.workspace.entry(client).dir().to_owned();
    }
    let root = kit.cx.app.dir();
    let package = if kit.is_python() { package(kit) } else { String::new() };
    let dirs = kit.framework.framework.as_ref().map_or(&[][..], |f| f.helper_dirs.as_slice());
    let places: Vec<String> = dirs
        .iter()
        .map(|dir| match dir.strip_prefix("{package}") {
            Some(rest) => join(&package, rest.trim_start_matches('/')),
            None if dir == "." => root.to_owned(),
            None => join(root, dir),
        })
        .collect();
    let exists = |dir: &&String| kit.cx.workspace.has_dir(dir);
    // `src/lib` is a good place in an app that has `src`, although nothing is there yet.
    let beside =
        |dir: &&String| dir.rsplit_once('/').is_none_or(|(above, _)| kit.cx.workspace.has_dir(above));
    let place = places.iter().find(exists).or_else(|| places.iter().find(beside)).or(places.first());
    join(place.map_or(root, String::as_str), FOLDER)
}

/// The app's own Python package: of the outermost packages the one with the most modules; the app's folder when its
/// modules lie there directly. A folder without `__init__.py` counts when the app imports it by its name.
pub(super) fn package(kit: &Kit<'_>) -> String {
    let root = kit.cx.app.dir();
    let is_package = |dir: &str| kit.cx.workspace.find(&join(dir, "__init__.py")).is_some();
    let mut best: Option<(usize, String)> = None;
    for file in &kit.files {
        let entry = kit.cx.workspace.entry(*file);
        let dir = entry.dir();
        let above = dir.rsplit_once('/').map_or("", |(above, _)| above);
        if entry.name() != "__init__.py" || dir == root || is_package(above) {
            continue;
        }
        let count = files_below(kit, dir);
        if best.as_ref().is_none_or(|(n, _)| count > *n) {
            best = Some((count, dir.to_owned()));
        }
    }
    for name in namespaces(kit) {
        let dir = join(root, &name);
        let count = files_below(kit, &dir);
        if best.as_ref().is_none_or(|(n, _)| count > *n) {
            best = Some((count, dir));
        }
    }
    let flat = kit.files.iter().filter(|f| kit.cx.workspace.entry(**f).dir() == root).count();
    match best {
        Some((count, dir)) if count >= flat => dir,
        _ => root.to_owned(),
    }
}

/// How many code files of the app lie below a folder; they are sorted by path.
fn files_below(kit: &Kit<'_>, dir: &str) -> usize {
    let inside = format!("{dir}/");
    let start = kit.files.partition_point(|f| kit.path(*f) < inside.as_str());
    let rest = kit.files.get(start..).unwrap_or_default();
    rest.partition_point(|f| kit.path(*f).starts_with(&inside))
}

/// Folders beside the app's manifest that its modules are imported from, and that are no packages of their own.
fn namespaces(kit: &Kit<'_>) -> BTreeSet<String> {
    let root = kit.cx.app.dir();
    let imports = kit.files.iter().flat_map(|file| &kit.cx.program.facts(*file).imports);
    let names = imports.filter_map(|import| import.module.split_once('.')).map(|(name, _)| name);
    let here = |name: &str| {
        let dir = join(root, name);
        !name.is_empty()
            && kit.cx.workspace.has_dir(&dir)
            && kit.cx.workspace.find(&join(&dir, "__init__.py")).is_none()
    };
    let names: BTreeSet<&str> = names.collect();
    names.into_iter().filter(|name| here(name)).map(str::to_owned).collect()
}
