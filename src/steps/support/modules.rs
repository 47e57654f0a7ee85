//! Which generated modules are there: found by what they export, not by where they were put.

use std::collections::BTreeMap;

use crate::steps::support::Kit;
use crate::template::{self, AreaFile, Areas};
use crate::workspace::FileId;

/// The file of each module, and the areas that are complete.
pub(super) fn find(kit: &Kit<'_>) -> (BTreeMap<String, FileId>, Areas) {
    let mut modules = BTreeMap::new();
    let mut done = Areas::default();
    let mut unnamed = Vec::new();
    for area in template::areas().unwrap_or_default() {
        let mut complete = true;
        let mut any = false;
        for file in &area.files {
            // A file that only some apps need says nothing by its absence.
            if file.when.is_some() {
                unnamed.push(file.name.clone());
                continue;
            }
            let Some(exports) = exports(kit, file).filter(|e| !e.is_empty()) else { continue };
            any = true;
            match exporting(kit, &file.name, &exports) {
                Some(found) => {
                    modules.insert(file.name.clone(), found);
                }
                None => complete = false,
            }
        }
        if any && complete {
            done = done.with(&area.id).unwrap_or(done);
        }
    }
    if let Some(dir) = modules.get("client").map(|client| kit.cx.workspace.entry(*client).dir().to_owned()) {
        // What is only there for some apps exports names that differ between them; it lies beside the client.
        if kit.is_python() {
            unnamed.push("__init__".to_owned());
        }
        for name in unnamed {
            let path = super::join(&dir, &format!("{name}.{}", kit.source_ext));
            if let Some(file) = kit.cx.workspace.find(&path) {
                modules.entry(name).or_insert(file);
            }
        }
    }
    (modules, done)
}

/// The values (not the types) a module exports in the app's language.
fn exports<'f>(kit: &Kit<'_>, file: &'f AreaFile) -> Option<Vec<&'f str>> {
    let names = if kit.is_python() { &file.python } else { &file.typescript };
    let is_type = |name: &str| {
        !kit.is_python() && name.starts_with(|c: char| c.is_ascii_uppercase()) && !name.ends_with("Error")
    };
    Some(names.as_ref()?.iter().map(String::as_str).filter(|name| !is_type(name)).collect())
}

/// A word by which a module that was renamed is still known.
const OURS: &str = "credyt";

/// The file that exports all of these and bears the module's name or speaks of Credyt, so that a function of the app that
/// happens to be called alike is not taken for ours; one that bears the module's name before others.
fn exporting(kit: &Kit<'_>, name: &str, exports: &[&str]) -> Option<FileId> {
    let first = exports.first()?;
    let named = |f: &FileId| kit.cx.workspace.entry(*f).name().split('.').next() == Some(name);
    let mut found = kit.cx.program.files_with_word(first);
    found.retain(|file| {
        let text = kit.text(*file);
        kit.files.binary_search(file).is_ok()
            && exports.iter().all(|e| text.as_str().contains(e))
            && (named(file) || speaks_of_it(kit.path(*file), text.as_str()))
            && defines(kit, *file, exports)
    });
    found.iter().find(|file| named(file)).or(found.first()).copied()
}

fn speaks_of_it(path: &str, text: &str) -> bool {
    [path, text].iter().any(|of| of.to_ascii_lowercase().contains(OURS))
}

/// Whether the module itself defines the names; one that only passes them on does not.
fn defines(kit: &Kit<'_>, file: FileId, names: &[&str]) -> bool {
    let facts = kit.cx.program.facts(file);
    names.iter().all(|name| {
        facts.functions.iter().any(|f| f.parent.is_none() && f.class.is_none() && f.name == *name)
            || facts.classes.iter().any(|c| c.name == *name)
            || facts.bindings.iter().any(|b| b.function.is_none() && b.names.iter().any(|n| n.local == *name))
    })
}
