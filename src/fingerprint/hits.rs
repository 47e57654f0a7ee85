//! The literal pass: which files hold which byte strings of the catalog's conditions.
//!
//! All strings of all text and import conditions go into one automaton; every source file is read once, in parallel.
//! Only files with a hit are looked at again.

use std::collections::BTreeMap;

use aho_corasick::AhoCorasick;
use rayon::prelude::*;

use crate::catalog::{Catalog, Dependency, Ecosystem, Kind, When, glob::Globs};
use crate::resolve::REGISTRIES;
use crate::workspace::{FileId, Language, Workspace};

/// Files by literal.
#[derive(Debug, Default)]
pub(super) struct Hits {
    files: BTreeMap<String, Vec<FileId>>,
}

impl Hits {
    /// Runs the pass.
    pub(super) fn of(ws: &Workspace, catalog: &Catalog) -> Self {
        let mut globs: Vec<&str> = Vec::new();
        let mut literals: Vec<String> = Vec::new();
        let conditions = catalog.entries().iter().flat_map(|e| e.detect.iter().map(move |c| (e.kind, c)));
        for (kind, condition) in conditions {
            match &condition.when {
                When::Text(text) => {
                    globs.extend(text.globs.patterns().iter().map(String::as_str));
                    literals.extend(text.any.iter().cloned());
                }
                When::Import(import) => literals.extend(import.modules.iter().flat_map(|m| import_forms(m))),
                When::Dependency(wanted) if kind != Kind::Framework => {
                    literals.extend(undeclared_forms(wanted));
                }
                When::Dependency(_) | When::File(_) => {}
            }
        }
        literals.sort();
        literals.dedup();
        // Text beyond code is read only where a condition names it by its extension.
        let extensions: Vec<&str> = ["html", "htm", "jinja", "jinja2", "j2", "svelte", "vue", "astro", "rs"]
            .into_iter()
            .filter(|e| *e == "rs" || globs.iter().any(|g| g.contains(e)))
            .collect();
        // Or by its whole name: settings of a tool.
        let names: Vec<&str> = globs
            .iter()
            .filter_map(|glob| glob.rsplit('/').next())
            .filter(|name| !name.contains(['*', '?', '{', '[']))
            .collect();
        let Ok(automaton) = AhoCorasick::new(&literals) else { return Self::default() };
        let chosen: Vec<FileId> = ws
            .files()
            .filter(|(_, f)| {
                let extension = f.name().rsplit('.').next().unwrap_or_default();
                !f.is_aside()
                    && (f.language.is_some_and(Language::is_code)
                        || extensions.contains(&extension)
                        || names.contains(&f.name()))
            })
            .map(|(id, _)| id)
            .collect();
        let found: Vec<(FileId, Vec<usize>)> = chosen
            .into_par_iter()
            .filter_map(|id| {
                let text = ws.text(id).ok()?;
                let mut seen: Vec<usize> =
                    automaton.find_overlapping_iter(text.as_str()).map(|m| m.pattern().as_usize()).collect();
                seen.sort_unstable();
                seen.dedup();
                (!seen.is_empty()).then_some((id, seen))
            })
            .collect();
        let mut files: BTreeMap<String, Vec<FileId>> = BTreeMap::new();
        for (id, seen) in found {
            for pattern in seen {
                files.entry(literals[pattern].clone()).or_default().push(id);
            }
        }
        Self { files }
    }

    /// The files with this literal, sorted by path.
    pub(super) fn files(&self, literal: &str) -> &[FileId] {
        self.files.get(literal).map_or(&[], Vec::as_slice)
    }
}

/// The byte strings by which an import of a module shows: quoted in ECMAScript, after the keyword in Python.
pub(crate) fn import_forms(module: &str) -> Vec<String> {
    let (module, open) = match module.strip_suffix("/*").or_else(|| module.strip_suffix(".*")) {
        Some(start) => (start, true),
        None => (module, false),
    };
    if open {
        let python = [format!("from {module}."), format!("import {module}.")];
        return [format!("\"{module}/"), format!("'{module}/")].into_iter().chain(python).collect();
    }
    let elsewhere =
        REGISTRIES.iter().flat_map(|registry| ["@", "\"", "'"].map(|end| format!("{registry}{module}{end}")));
    let forms = vec![
        format!("\"{module}\""),
        format!("'{module}'"),
        format!("from {module} "),
        format!("import {module}\n"),
        format!("import {module}\r"),
        format!("import {module} as"),
    ];
    forms.into_iter().chain(elsewhere).collect()
}

/// The byte strings by which code shows that it uses a package that no manifest declares. Of which version it is cannot be
/// told then, so a condition that asks for one has none.
pub(super) fn undeclared_forms(wanted: &Dependency) -> Vec<String> {
    if wanted.min.is_some() || wanted.below.is_some() {
        return Vec::new();
    }
    let names = wanted.names.iter().filter(|name| !name.contains('*'));
    match wanted.from {
        Ecosystem::Npm => names
            .flat_map(|name| {
                [format!("\"{name}\""), format!("'{name}'"), format!("\"{name}/"), format!("'{name}/")]
            })
            .collect(),
        // The module is called as the package, where that is a name.
        Ecosystem::Pypi => names
            .map(|name| name.replace('-', "_").to_lowercase())
            .flat_map(|module| [import_forms(&module), import_forms(&format!("{module}.*"))])
            .flatten()
            .filter(|form| form.starts_with("from ") || form.starts_with("import "))
            .collect(),
        Ecosystem::Crates => Vec::new(),
    }
}

/// Whether a file of a text condition's globs: any source file when it names none.
pub(super) fn in_globs(globs: &Globs, relative: &str) -> bool {
    globs.is_empty() || globs.match_path(relative)
}
