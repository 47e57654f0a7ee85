//! How a file names another one of the app: by the app's path alias where it has one, else by the relative path.
//!
//! Aliases are learned from imports that resolve, so nothing is read from configuration: `@/lib/env` that is
//! `src/lib/env.ts` says that `@/` stands for `src/`.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::edit::Edit;
use crate::fingerprint::is_setup;
use crate::resolve::Module;
use crate::steps::support::{Kit, join, log};
use crate::syntax::imports::{ImportName, ImportRefusal, ImportRequest, get_or_import_all};
use crate::syntax::source::Source;
use crate::syntax::{ImportKind, Imported};
use crate::workspace::FileId;

/// A name of one of the app's modules, or of a package, that a file needs.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Where from.
    pub from: From,
    /// The export: a name, or `default`, or `*` for the whole module.
    pub name: String,
    /// What it is called here, when that is not its own name.
    pub local: Option<String>,
    /// A package of the same kind, whose imports a new one joins (Python).
    pub beside: Option<String>,
}

/// Where a name comes from.
#[derive(Debug, Clone)]
pub enum From {
    /// A file of the workspace, by its path.
    File(String),
    /// A package.
    Package(String),
}

impl Wanted {
    /// A function or value of a generated module.
    pub fn helper(kit: &Kit<'_>, module: &str, name: &str) -> Self {
        Self::file(kit.module_path(module), name)
    }

    /// A name of a package.
    pub fn package(module: &str, name: &str) -> Self {
        Self { from: From::Package(module.to_owned()), name: name.to_owned(), local: None, beside: None }
    }

    /// A name of a file.
    pub fn file(path: impl Into<String>, name: impl Into<String>) -> Self {
        Self { from: From::File(path.into()), name: name.into(), local: None, beside: None }
    }
}

/// The edits that bring the names into an existing file, and how they are called there.
pub fn bring(
    kit: &Kit<'_>,
    path: &str,
    source: &Source<'_>,
    wanted: &[Wanted],
    at: Option<usize>,
) -> Result<(Vec<Edit>, Vec<String>), ImportRefusal> {
    if let Some(why) = wanted.iter().find_map(|w| out_of_reach(kit, path, w)) {
        return Err(ImportRefusal::NotPossible(why));
    }
    let specifiers: Vec<(String, Vec<String>)> = wanted
        .iter()
        .map(|w| match &w.from {
            From::File(target) => specifiers(kit, path, target),
            From::Package(package) => (package.clone(), Vec::new()),
        })
        .collect();
    let also: Vec<Vec<&str>> =
        specifiers.iter().map(|(_, also)| also.iter().map(String::as_str).collect()).collect();
    let requests: Vec<ImportRequest<'_>> = wanted
        .iter()
        .zip(&specifiers)
        .zip(&also)
        .map(|((w, (module, _)), also)| ImportRequest {
            module,
            also,
            name: match w.name.as_str() {
                "default" => ImportName::Default,
                "*" => ImportName::Namespace,
                name => ImportName::Named(name),
            },
            type_only: false,
            local: w.local.as_deref(),
            at,
            beside: w.beside.as_deref(),
        })
        .collect();
    get_or_import_all(source, &kit.style_of(source), &requests)
}

/// Why a file cannot import a generated module: it belongs to a package that the app uses, and not the other way round.
fn out_of_reach(kit: &Kit<'_>, path: &str, wanted: &Wanted) -> Option<String> {
    let From::File(target) = &wanted.from else { return None };
    let (package, app) = (package_of(kit, path), package_of(kit, target));
    if package == app || app.starts_with(&format!("{package}/")) || package.is_empty() {
        return None;
    }
    let app = if app.is_empty() { "the app" } else { &app };
    Some(format!(
        "`{package}` is a package of its own, which cannot import the billing modules of {app}; let it give its usage back, \
         and record that where it is called"
    ))
}

/// The folder of the package a file belongs to: the nearest with a manifest that has a name.
pub(super) fn package_of(kit: &Kit<'_>, path: &str) -> String {
    let manifests: &[&str] =
        if kit.is_python() { &["pyproject.toml", "setup.py", "setup.cfg"] } else { &["package.json"] };
    let mut dir = path;
    while let Some((above, _)) = dir.rsplit_once('/') {
        dir = above;
        let named = manifests.iter().any(|name| {
            kit.cx.workspace.text_at(&join(dir, name)).is_some_and(|text| {
                text.as_str().contains("name") && (*name != "setup.py" || is_setup(text.as_str()))
            })
        });
        if named {
            return dir.to_owned();
        }
    }
    String::new()
}

/// The import statement for a new file in the folder of the generated modules, in canonical form; `None` for a form
/// that cannot be written there.
pub fn import_line(kit: &Kit<'_>, target: &str, what: &Imported, local: &str) -> Option<String> {
    import_line_from(kit, &format!("{}/x.{}", kit.dir_or_root(), kit.source_ext), target, what, local)
}

/// The same for a new file anywhere.
pub fn import_line_from(
    kit: &Kit<'_>,
    from: &str,
    target: &str,
    what: &Imported,
    local: &str,
) -> Option<String> {
    let (module, _) = specifiers(kit, from, target);
    Some(if kit.is_python() {
        match what {
            Imported::Named(name) if name == local => format!("from {module} import {name}"),
            Imported::Named(name) => format!("from {module} import {name} as {local}"),
            Imported::Namespace => match module.rsplit_once('.') {
                Some((above, last)) if last == local && !above.is_empty() => {
                    format!("from {above} import {last}")
                }
                None if module == local => format!("import {module}"),
                _ => format!("import {module} as {local}"),
            },
            Imported::Default | Imported::All => return None,
        }
    } else if log::is_commonjs(kit) {
        match what {
            Imported::Named(name) if name == local => format!("const {{ {name} }} = require(\"{module}\");"),
            Imported::Named(name) => format!("const {{ {name}: {local} }} = require(\"{module}\");"),
            Imported::Default | Imported::Namespace => format!("const {local} = require(\"{module}\");"),
            Imported::All => return None,
        }
    } else {
        match what {
            Imported::Named(name) if name == local => format!("import {{ {name} }} from \"{module}\";"),
            Imported::Named(name) => format!("import {{ {name} as {local} }} from \"{module}\";"),
            Imported::Default => format!("import {local} from \"{module}\";"),
            Imported::Namespace => format!("import * as {local} from \"{module}\";"),
            Imported::All => return None,
        }
    })
}

/// The specifier of `target` in `from`, the app's preference first.
pub fn specifiers(kit: &Kit<'_>, from: &str, target: &str) -> (String, Vec<String>) {
    if kit.is_python() { python(kit, from, target) } else { script(kit, from, target) }
}

fn script(kit: &Kit<'_>, from: &str, target: &str) -> (String, Vec<String>) {
    let (stem, _) = target.rsplit_once('.').unwrap_or((target, ""));
    let folder_module = stem.strip_suffix("/index").filter(|_| kit.ext.is_empty());
    let stem = folder_module.unwrap_or(stem);
    let dir = from.rsplit_once('/').map_or("", |(dir, _)| dir);
    let relative = format!("{}{}", relative(dir, stem), kit.ext);
    let habits = &kit.habits;
    let Some(alias) = habits.aliases.get_or_init(|| aliases(kit)).iter().find(|a| a.covers(stem)) else {
        return (relative, Vec::new());
    };
    let aliased =
        format!("{}{}{}", alias.prefix, &stem.get(alias.base.len()..).unwrap_or_default(), alias.suffix);
    let near = !relative.starts_with("../");
    if alias.uses > *habits.relative_uses.get_or_init(|| relative_uses(kit)) && !near {
        (aliased, vec![relative])
    } else {
        (relative, vec![aliased])
    }
}

/// How the app writes its imports, learned once.
#[derive(Default)]
pub(super) struct Habits {
    aliases: OnceCell<Vec<Alias>>,
    relative_uses: OnceCell<usize>,
    relative_majority: OnceCell<bool>,
    /// The folder absolute imports start in, and the folders they name before it.
    source_root: OnceCell<(String, String)>,
}

/// `@/` for `src/`.
struct Alias {
    prefix: String,
    base: String,
    suffix: String,
    uses: usize,
}

impl Alias {
    fn covers(&self, stem: &str) -> bool {
        stem.starts_with(&self.base)
    }
}

/// Aliases in use, the most used first.
fn aliases(kit: &Kit<'_>) -> Vec<Alias> {
    let mut counts: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    for file in kit.sample() {
        for import in &kit.cx.program.facts(file).imports {
            if import.module.starts_with('.') || import.kind == ImportKind::Dynamic {
                continue;
            }
            let Module::File(target) = kit.cx.program.module(file, &import.module, None) else { continue };
            let Some(key) = alias_of(&import.module, kit.path(target)) else { continue };
            *counts.entry(key).or_default() += 1;
        }
    }
    let mut all: Vec<Alias> = counts
        .into_iter()
        .map(|((prefix, base, suffix), uses)| Alias { prefix, base, suffix, uses })
        .collect();
    all.sort_by_key(|a| (std::cmp::Reverse(a.uses), a.base.len()));
    all
}

/// What `specifier` says about aliases when it stands for `path`.
fn alias_of(specifier: &str, path: &str) -> Option<(String, String, String)> {
    let (stem, _) = path.rsplit_once('.')?;
    let (bare, suffix) = match specifier.rsplit_once('.') {
        Some((bare, end)) if ["js", "ts", "mjs"].contains(&end) => (bare, format!(".{end}")),
        _ => (specifier, String::new()),
    };
    let stem = if bare.ends_with("/index") { stem } else { stem.strip_suffix("/index").unwrap_or(stem) };
    let mut parts = bare.split('/').rev().zip(stem.split('/').rev());
    let mut common = 0;
    while parts.next().is_some_and(|(a, b)| a == b) {
        common += 1;
    }
    if common == 0 {
        return None;
    }
    let head = |text: &str| {
        let all: Vec<&str> = text.split('/').collect();
        let kept = all.get(..all.len() - common).unwrap_or_default().join("/");
        if kept.is_empty() { kept } else { format!("{kept}/") }
    };
    Some((head(bare), head(stem), suffix))
}

/// Relative imports that leave their folder.
fn relative_uses(kit: &Kit<'_>) -> usize {
    let upwards = |file: FileId| {
        let facts = kit.cx.program.facts(file);
        facts.imports.iter().filter(|i| i.module.starts_with("../")).count()
    };
    kit.sample().map(upwards).sum()
}

/// `../lib/x` from a folder to a file.
pub(super) fn relative(dir: &str, target: &str) -> String {
    let from: Vec<&str> = dir.split('/').filter(|p| !p.is_empty()).collect();
    let to: Vec<&str> = target.split('/').collect();
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count().min(to.len().saturating_sub(1));
    let up = from.len() - common;
    let down = to.get(common..).unwrap_or_default().join("/");
    if up == 0 { format!("./{down}") } else { format!("{}{down}", "../".repeat(up)) }
}

fn python(kit: &Kit<'_>, from: &str, target: &str) -> (String, Vec<String>) {
    let dotted = |path: &str| path.trim_end_matches(".py").trim_end_matches("/__init__").replace('/', ".");
    let (root, above) = kit.habits.source_root.get_or_init(|| source_root(kit));
    let inside = target.strip_prefix(root.as_str()).unwrap_or(target).trim_start_matches('/');
    let absolute = dotted(&join(above, inside));
    let dir = from.rsplit_once('/').map_or("", |(dir, _)| dir);
    let way = relative(dir, target.trim_end_matches(".py").trim_end_matches("/__init__"));
    let up = way.matches("../").count();
    let down = way.trim_start_matches("./").trim_start_matches("../").replace('/', ".");
    let rest = way.rsplit("../").next().unwrap_or(&way).trim_start_matches("./").replace('/', ".");
    let dots = ".".repeat(up + 1);
    let relative = format!("{dots}{}", if up == 0 { down } else { rest });
    // A relative import stays inside of its outermost package.
    let is_package = |dir: &str| kit.cx.workspace.find(&join(dir, "__init__.py")).is_some();
    let mut above = dir;
    let mut in_package = is_package(dir);
    for _ in 0..up {
        above = above.rsplit_once('/').map_or("", |(above, _)| above);
        in_package &= is_package(above);
    }
    if in_package && *kit.habits.relative_majority.get_or_init(|| relative_majority(kit)) {
        (relative, vec![absolute])
    } else {
        (absolute, if in_package { vec![relative] } else { Vec::new() })
    }
}

fn relative_majority(kit: &Kit<'_>) -> bool {
    let (mut relative, mut absolute) = (0u32, 0u32);
    for file in kit.sample().filter(|f| !kit.is_generated(*f)) {
        for import in &kit.cx.program.facts(file).imports {
            if import.module.starts_with('.') {
                relative += 1;
            } else if matches!(kit.cx.program.module(file, &import.module, None), Module::File(_)) {
                absolute += 1;
            }
        }
    }
    relative > absolute
}

/// The folder absolute imports start in, learned from one that resolves, and the folders above the opened one that they name
/// before it; the app's folder without one.
fn source_root(kit: &Kit<'_>) -> (String, String) {
    for file in &kit.files {
        for import in &kit.cx.program.facts(*file).imports {
            if import.module.starts_with('.') {
                continue;
            }
            let Module::File(target) = kit.cx.program.module(*file, &import.module, None) else { continue };
            let stem = kit.path(target).trim_end_matches(".py").trim_end_matches("/__init__");
            let dotted = import.module.replace('.', "/");
            if let Some(root) = stem.strip_suffix(&dotted) {
                return (root.trim_end_matches('/').to_owned(), String::new());
            }
            if let Some(above) = dotted.strip_suffix(stem).and_then(|above| above.strip_suffix('/')) {
                return (String::new(), above.to_owned());
            }
        }
    }
    (kit.cx.app.dir().to_owned(), String::new())
}
