//! The package manager of an app and the commands that check and test it.

use super::Evidence;
use super::apps::ancestors;
use super::evaluate::Scope;
use crate::catalog::{AppLanguage, Catalog, Ecosystem, Entry, Kind, Manager, ToolRule};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Commands {
    pub(super) manager: Option<String>,
    pub(super) entry: Option<String>,
    pub(super) tests: Option<String>,
    pub(super) typecheck: Option<String>,
    pub(super) evidence: Vec<Evidence>,
}

/// Finds the manager for the ecosystem of the app's main language.
pub(super) fn find(scope: &Scope<'_>, catalog: &Catalog, dir: &str, languages: &[AppLanguage]) -> Commands {
    let ecosystem = match languages.first() {
        Some(AppLanguage::Python) => Ecosystem::Pypi,
        Some(AppLanguage::Rust) => Ecosystem::Crates,
        Some(AppLanguage::Typescript | AppLanguage::Javascript) => Ecosystem::Npm,
        None => return Commands::default(),
    };
    let managers: Vec<(&Entry, &Manager)> = catalog
        .of(Kind::Manager)
        .filter_map(|e| Some((e, e.manager.as_ref()?)))
        .filter(|(_, m)| m.ecosystem == ecosystem)
        .collect();
    let shown = std::iter::once(dir).chain(ancestors(dir)).find_map(|d| shown_in(scope, &managers, d));
    let fallback = || {
        let manifest = scope.manifests.iter().find(|m| m.ecosystem == ecosystem)?;
        let (entry, manager) = managers.iter().find(|(_, m)| m.fallback)?;
        Some((*entry, *manager, manifest.file.clone(), 1, "a manifest without a lock file".to_owned()))
    };
    let Some((entry, manager, file, line, why)) = shown.or_else(fallback) else { return Commands::default() };
    let evidence = Evidence { field: "package_manager", value: entry.value().to_owned(), file, line, why };
    Commands {
        manager: Some(entry.value().to_owned()),
        entry: Some(entry.id.clone()),
        tests: tests(scope, manager, dir),
        typecheck: typecheck(scope, manager, dir),
        evidence: vec![evidence],
    }
}

type Shown<'c> = (&'c Entry, &'c Manager, String, usize, String);

/// The manager a folder shows: what the manifest names, then lock files, then tables and manifests of its own.
fn shown_in<'c>(scope: &Scope<'_>, managers: &[(&'c Entry, &'c Manager)], dir: &str) -> Option<Shown<'c>> {
    let path = |name: &str| if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") };
    let named = scope.manifests.iter().filter(|m| m.dir == dir).find_map(|m| {
        let written = m.package_manager.as_deref()?;
        let name = written.split('@').next()?;
        let (entry, manager) = managers.iter().find(|(e, _)| e.value() == name)?;
        Some((*entry, *manager, m.file.clone(), 1, format!("packageManager {written}")))
    });
    let locked = || {
        managers.iter().find_map(|(entry, manager)| {
            let lock = manager.locks.iter().map(|l| path(l)).find(|l| scope.ws.find(l).is_some())?;
            Some((*entry, *manager, lock, 1, "lock file".to_owned()))
        })
    };
    let tabled = || {
        managers.iter().find_map(|(entry, manager)| {
            let manifest = scope.manifests.iter().find(|m| m.dir == dir && m.ecosystem == manager.ecosystem);
            let table =
                manifest.and_then(|m| Some((m, manager.tables.iter().find(|t| m.tables.contains(t))?)));
            if let Some((manifest, table)) = table {
                return Some((*entry, *manager, manifest.file.clone(), 1, format!("table [{table}]")));
            }
            let file = manager.manifests.iter().map(|m| path(m)).find(|m| scope.ws.find(m).is_some())?;
            Some((*entry, *manager, file, 1, "its own manifest".to_owned()))
        })
    };
    named.or_else(locked).or_else(tabled)
}

fn script<'s>(scope: &'s Scope<'_>, dir: &str, name: &str) -> Option<&'s str> {
    scope.manifests.iter().filter(|m| m.dir == dir).find_map(|m| m.scripts.get(name).map(String::as_str))
}

fn tests(scope: &Scope<'_>, manager: &Manager, dir: &str) -> Option<String> {
    let written = script(scope, dir, "test").filter(|s| !s.contains("no test specified") && !s.is_empty());
    match (written, &manager.test) {
        (Some(_), Some(command)) => Some(command.clone()),
        _ => tool(scope, manager, dir, &manager.test_tools),
    }
}

fn typecheck(scope: &Scope<'_>, manager: &Manager, dir: &str) -> Option<String> {
    let named = manager.typecheck_scripts.iter().find(|name| script(scope, dir, name).is_some());
    match (named, &manager.run) {
        (Some(name), Some(run)) => Some(run.replace("{script}", name)),
        _ => tool(scope, manager, dir, &manager.typecheck_tools),
    }
}

fn tool(scope: &Scope<'_>, manager: &Manager, dir: &str, rules: &[ToolRule]) -> Option<String> {
    let holds = |rule: &&ToolRule| {
        let dependency = rule.dependency.as_ref().is_none_or(|name| {
            scope.manifests.iter().any(|m| m.ecosystem == manager.ecosystem && m.dependency(name).is_some())
        });
        let file = rule.file.as_ref().is_none_or(|name| {
            let path = if dir.is_empty() { name.clone() } else { format!("{dir}/{name}") };
            scope.ws.find(&path).is_some()
        });
        dependency && file
    };
    let rule = rules.iter().find(holds)?;
    Some(manager.exec.replace("{tool}", &rule.tool))
}
