//! The app as one program: facts of its modules, and what names mean.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use rayon::prelude::*;

use super::classes::is_property;
use super::javascript::{JavaScript, marked_above};
use super::words::{Indexes, camel};
use super::{Module, python};
use crate::catalog::{Ambient, ambient};
use crate::syntax::{
    Binding, ClassId, ExportTarget, Facts, FunctionId, Imported, Path, PatternName, Root, Tree, facts,
    facts_of, parse,
};
use crate::workspace::{FileId, Workspace};

/// Re-exports followed before giving up: barrels of barrels are seldom deeper than three.
pub(super) const MAX_HOPS: usize = 12;

/// Resolutions that may stand inside one another: code that goes in circles (a value made from itself) must not.
const MAX_DEPTH: u32 = 20;

/// Resolutions that one question may lead to. Names that are given values of each other again and again lead to each
/// other on ever new ways, and a few hundred tell what can be told.
const MAX_ASKED: u32 = 1_500;

std::thread_local! {
    static DEPTH: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
    static LEFT: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

/// Counts a resolution while it lasts.
pub(super) struct Level;

impl Level {
    /// `None` when too many stand inside one another, or one question has led to too many.
    pub(super) fn enter() -> Option<Self> {
        DEPTH.with(|depth| {
            if depth.get() == 0 {
                LEFT.set(MAX_ASKED);
            }
            let left = LEFT.get();
            (depth.get() < MAX_DEPTH && left > 0).then(|| {
                depth.set(depth.get() + 1);
                LEFT.set(left - 1);
                Self
            })
        })
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        DEPTH.with(|depth| depth.set(depth.get() - 1));
    }
}

/// What a name or member stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum Def {
    /// A function of the app.
    Function(FileId, FunctionId),
    /// A class of the app.
    Class(FileId, ClassId),
    /// The value of a binding, at index in [`Facts::bindings`], with members still to be followed.
    Value(FileId, usize, Vec<String>),
    /// A parameter: function, position, members.
    Param(FileId, FunctionId, usize, Vec<String>),
    /// A member of an outside module: module as written, members (`default` first for a default import).
    Outside(String, Vec<String>),
    /// A module of the app taken as an object.
    Namespace(FileId),
    /// Cannot be followed.
    Unknown,
}

/// The workspace with the meaning of its modules. Everything is computed on demand and kept.
pub struct Program {
    workspace: Workspace,
    facts: Vec<OnceLock<Arc<Facts>>>,
    trees: Vec<OnceLock<Option<Tree>>>,
    javascript: OnceLock<JavaScript>,
    /// The rows of names without an import that hold somewhere here.
    marked: OnceLock<Vec<&'static Ambient>>,
    modules: Mutex<BTreeMap<(FileId, String), Module>>,
    pub(super) words: Indexes,
}

impl Program {
    /// Nothing is read or parsed yet.
    pub fn new(workspace: &Workspace) -> Self {
        Self {
            workspace: workspace.clone(),
            facts: (0..workspace.files().len()).map(|_| OnceLock::new()).collect(),
            trees: (0..workspace.files().len()).map(|_| OnceLock::new()).collect(),
            javascript: OnceLock::new(),
            marked: OnceLock::new(),
            modules: Mutex::default(),
            words: Indexes::new(workspace.files().len()),
        }
    }

    /// The same for files that have changed since: what was read from the text of a file is known again where its text is
    /// the same.
    #[must_use]
    pub fn after(&self, workspace: &Workspace) -> Self {
        let program = Self::new(workspace);
        let known = workspace.files().filter_map(|(id, entry)| Some((id, self.workspace.find(&entry.path)?)));
        let known: Vec<(FileId, FileId)> = known.filter(|(_, old)| self.has_read(*old)).collect();
        known.par_iter().for_each(|(id, old)| {
            let same = matches!((workspace.text(*id), self.workspace.text(*old)), (Ok(a), Ok(b)) if a.as_str() == b.as_str());
            if !same {
                return;
            }
            if let Some(facts) = self.facts[old.index()].get() {
                program.facts[id.index()].get_or_init(|| Arc::clone(facts));
            }
            if let Some(tree) = self.trees[old.index()].get() {
                program.trees[id.index()].get_or_init(|| tree.clone());
            }
            if let Some(words) = self.words.of_file(*old) {
                program.words.keep(*id, words);
            }
        });
        program
    }

    /// Whether anything was read from the text of a file.
    fn has_read(&self, file: FileId) -> bool {
        let at = file.index();
        self.facts[at].get().is_some() || self.trees[at].get().is_some() || self.words.of_file(file).is_some()
    }

    /// The files.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// The facts of a module; empty when it is no code or cannot be read.
    pub fn facts(&self, file: FileId) -> &Arc<Facts> {
        self.facts[file.index()].get_or_init(|| {
            let entry = self.workspace.entry(file);
            let language = entry.language.filter(|l| l.is_code());
            let text = language.and_then(|_| self.workspace.text(file).ok());
            match (language, text) {
                (Some(language), Some(text)) => Arc::new(match self.trees[file.index()].get() {
                    Some(Some(tree)) => facts_of(language, tree, text.as_str()),
                    _ => facts(language, text.as_str()),
                }),
                _ => Arc::default(),
            }
        })
    }

    /// The facts of many modules, made side by side: for a search that is about to look into each of them.
    pub fn read(&self, files: &[FileId]) {
        files.par_iter().for_each(|file| drop(Arc::clone(self.facts(*file))));
    }

    /// The tree of a module, for the few questions that need the places of expressions; `None` when it is no code or
    /// cannot be read. It is kept: facts alone are made without keeping it.
    pub fn tree(&self, file: FileId) -> Option<&Tree> {
        let parsed = self.trees[file.index()].get_or_init(|| {
            let language = self.workspace.entry(file).language?;
            parse(language, self.workspace.text(file).ok()?.as_str())
        });
        parsed.as_ref()
    }

    fn javascript(&self) -> &JavaScript {
        self.javascript.get_or_init(|| JavaScript::new(&self.workspace))
    }

    /// The first of these options of the TypeScript compiler that is set for a file at a path, in the configuration
    /// nearest to it or in one that it extends; null where none is, `None` where there is no configuration.
    pub fn compiler_option(&self, path: &str, names: &[&str]) -> Option<serde_json::Value> {
        self.javascript().compiler_option(path, names)
    }

    /// The module a specifier names in a file. `name` matters in Python, where a name may be a submodule.
    pub fn module(&self, from: FileId, specifier: &str, name: Option<&str>) -> Module {
        let entry = self.workspace.entry(from);
        let is_script = entry.language.is_some_and(crate::workspace::Language::is_ecmascript);
        let key = match name.filter(|_| !is_script) {
            // No specifier has a blank in it.
            Some(name) => (from, format!("{specifier} {name}")),
            None => (from, specifier.to_owned()),
        };
        if let Some(known) = self.modules.lock().ok().and_then(|m| m.get(&key).cloned()) {
            return known;
        }
        let module = if is_script {
            self.javascript().resolve(&entry.path, specifier)
        } else {
            python::resolve(&self.workspace, &entry.path, specifier, name)
        };
        if let Ok(mut modules) = self.modules.lock() {
            modules.insert(key, module.clone());
        }
        module
    }

    /// What a path stands for where it is written. Members of a value are followed as far as objects, classes and
    /// modules of the app go.
    pub fn resolve_path(&self, file: FileId, function: Option<FunctionId>, path: &Path) -> Def {
        let Some(_level) = Level::enter() else { return Def::Unknown };
        self.come_to(self.origin(file, function, path))
    }

    /// What the value of a name is, where it can be followed; the name itself otherwise.
    pub(super) fn come_to(&self, def: Def) -> Def {
        match def {
            Def::Value(at, index, members) => {
                let Some(binding) = self.binding(at, index).cloned() else { return Def::Unknown };
                let value = self.value(at, binding.function, &binding.value, &members, 0);
                let value = match value {
                    Def::Unknown => self.assigned(at, index, &members),
                    known => self.first_of_family(at, index, &members, known),
                };
                if value == Def::Unknown { Def::Value(at, index, members) } else { value }
            }
            def => def,
        }
    }

    /// The same without following a binding to what it holds: tells two values made alike apart.
    pub fn origin(&self, file: FileId, function: Option<FunctionId>, path: &Path) -> Def {
        let base = match &path.root {
            Root::Name(name) => self.name(file, function, name, path.span.start),
            Root::This(_) => return self.this_member(file, function, &path.segments),
            Root::Call(id) => return self.call_result(file, *id, &path.segments),
            Root::Other => Def::Unknown,
        };
        self.members(base, &path.segments, 0)
    }

    /// What a bare name stands for at an offset: parameters and local names first, outwards, then the module.
    pub fn name(&self, file: FileId, function: Option<FunctionId>, name: &str, at: u32) -> Def {
        let facts = self.facts(file);
        for id in facts.enclosing(function) {
            // The name of what a function imports for itself is a binding of it as well.
            if let Some(import) = facts.imports.iter().find(|i| i.local == name && i.function == Some(id)) {
                return self.imported(file, &import.module, &import.imported);
            }
            if let Some(def) = local_binding(facts, file, name, at, Some(id)) {
                return def;
            }
            let f = facts.function(id);
            for (position, param) in f.params.iter().enumerate() {
                if let Some(PatternName { path, .. }) = param.names.iter().find(|n| n.local == name) {
                    return Def::Param(file, id, position, path.clone());
                }
            }
            if let Some(inner) = function_named(facts, name, Some(id)) {
                return Def::Function(file, inner);
            }
        }
        self.module_name(file, name, 0)
    }

    /// What a name at module level stands for.
    pub(super) fn module_name(&self, file: FileId, name: &str, hops: usize) -> Def {
        if hops > MAX_HOPS {
            return Def::Unknown;
        }
        let facts = self.facts(file);
        if let Some(import) = facts.imports.iter().find(|i| i.local == name && i.function.is_none()) {
            return self.imported_at(file, &import.module, &import.imported, hops + 1);
        }
        if let Some(id) = function_named(facts, name, None) {
            return Def::Function(file, id);
        }
        if let Some(class) = facts.classes.iter().position(|c| c.name == name && c.parent.is_none()) {
            return Def::Class(file, ClassId(class as u32));
        }
        if let Some(def) = local_binding(facts, file, name, u32::MAX, None) {
            return def;
        }
        for import in facts.imports.iter().filter(|i| i.imported == Imported::All && i.local.is_empty()) {
            if let Module::File(target) = self.module(file, &import.module, None)
                && target != file
            {
                let def = self.export(target, name, hops + 1);
                if def != Def::Unknown {
                    return def;
                }
            }
        }
        self.ambient_name(file, name, hops)
    }

    /// What a framework brings into scope without an import.
    fn ambient_name(&self, file: FileId, name: &str, hops: usize) -> Def {
        let marked = self.marked();
        let path = &self.workspace.entry(file).path;
        let here = marked.iter().filter_map(|row| {
            let root = marked_above(&self.workspace, path, &row.marks)?;
            path.strip_prefix(root)?.starts_with(&row.within).then_some((row, root))
        });
        for (row, root) in here {
            let is_ambient = |at: &FileId| {
                let inside = self.workspace.entry(*at).path.strip_prefix(root);
                *at != file && inside.is_some_and(|p| row.folders.iter().any(|f| p.starts_with(f.as_str())))
            };
            let found = self.files_with_word(name).into_iter().filter(is_ambient);
            let mut defs = found.map(|at| self.export(at, name, hops + 1));
            if let Some(def) = defs.find(|def| *def != Def::Unknown) {
                return def;
            }
            let named = self.workspace.files().filter(|(_, entry)| is_stem(entry.name(), name));
            let mut defaults = named.map(|(at, _)| at).filter(is_ambient);
            if let Some(at) = defaults.next() {
                return self.export(at, "default", hops + 1);
            }
        }
        Def::Unknown
    }

    /// The folders with names in scope that some file of the workspace speaks for.
    fn marked(&self) -> &[&'static Ambient] {
        self.marked.get_or_init(|| {
            let files = || self.workspace.files().map(|(_, entry)| entry);
            let has = |row: &Ambient| files().any(|f| row.marks.iter().any(|mark| mark == f.name()));
            ambient().iter().filter(|row| has(row)).collect()
        })
    }

    /// What a file's default export is called where it is in scope without an import: as the file is.
    pub(super) fn ambient_default(&self, file: FileId) -> Option<String> {
        let entry = self.workspace.entry(file);
        self.marked().iter().find(|row| {
            let inside = marked_above(&self.workspace, &entry.path, &row.marks)
                .and_then(|root| entry.path.strip_prefix(root));
            inside.is_some_and(|path| row.folders.iter().any(|folder| path.starts_with(folder.as_str())))
        })?;
        entry.name().split_once('.').map(|(stem, _)| camel(stem))
    }

    fn imported(&self, file: FileId, module: &str, imported: &Imported) -> Def {
        self.imported_at(file, module, imported, 0)
    }

    pub(super) fn imported_at(&self, file: FileId, module: &str, imported: &Imported, hops: usize) -> Def {
        let name = match imported {
            Imported::Named(name) => Some(name.as_str()),
            Imported::Default => Some("default"),
            Imported::Namespace | Imported::All => None,
        };
        match (self.module(file, module, name), name) {
            (Module::File(target), Some(name)) => {
                let def = self.export(target, name, hops);
                // Python: the file is the submodule itself. CommonJS: the default is the module's object.
                if def == Def::Unknown && (self.is_submodule(target, name) || name == "default") {
                    return Def::Namespace(target);
                }
                def
            }
            (Module::File(target), None) => Def::Namespace(target),
            (Module::Package(package), name) => {
                Def::Outside(package, name.map(str::to_owned).into_iter().collect())
            }
            (Module::Unknown, _) => Def::Unknown,
        }
    }

    fn is_submodule(&self, target: FileId, name: &str) -> bool {
        let path = &self.workspace.entry(target).path;
        path.ends_with(&format!("/{name}.py"))
            || path == &format!("{name}.py")
            || path.ends_with(&format!("{name}/__init__.py"))
    }

    /// What a module exports under a name; re-exports and barrels are followed.
    pub fn export(&self, file: FileId, name: &str, hops: usize) -> Def {
        if hops > MAX_HOPS {
            return Def::Unknown;
        }
        let facts = self.facts(file);
        for export in facts.exports.iter().filter(|e| e.name == name) {
            let def = match &export.target {
                ExportTarget::Local(local) => self.module_name(file, local, hops + 1),
                ExportTarget::Value(value) => self.value(file, None, value, &[], hops + 1),
                ExportTarget::From { module, name } if name == "*" => match self.module(file, module, None) {
                    Module::File(target) => Def::Namespace(target),
                    _ => Def::Unknown,
                },
                ExportTarget::From { module, name } => match self.module(file, module, None) {
                    Module::File(target) => self.export(target, name, hops + 1),
                    Module::Package(package) => Def::Outside(package, vec![name.clone()]),
                    Module::Unknown => Def::Unknown,
                },
                ExportTarget::All { .. } => Def::Unknown,
            };
            if def != Def::Unknown {
                return def;
            }
        }
        for export in &facts.exports {
            if let ExportTarget::All { module } = &export.target
                && let Module::File(target) = self.module(file, module, None)
            {
                let def = self.export(target, name, hops + 1);
                if def != Def::Unknown {
                    return def;
                }
            }
        }
        Def::Unknown
    }

    /// Follows members of what is known.
    pub(super) fn members(&self, base: Def, segments: &[String], hops: usize) -> Def {
        let Some((first, rest)) = segments.split_first() else { return base };
        if hops > MAX_HOPS {
            return Def::Unknown;
        }
        match base {
            Def::Namespace(file) => {
                let def = self.export(file, first, hops + 1);
                let def = if def == Def::Unknown { self.python_submodule(file, first) } else { def };
                self.members(def, rest, hops + 1)
            }
            Def::Class(file, class) => {
                let def = self.class_member(file, class, first);
                if def == Def::Unknown { Def::Unknown } else { self.members(def, rest, hops + 1) }
            }
            Def::Outside(module, mut members) => {
                members.extend(segments.iter().cloned());
                Def::Outside(module, members)
            }
            Def::Value(file, index, mut path) => {
                path.extend(segments.iter().cloned());
                let binding = self.facts(file).bindings.get(index).cloned();
                let followed =
                    binding.map_or(Def::Unknown, |b| self.value(file, b.function, &b.value, &path, hops + 1));
                let followed = match followed {
                    Def::Unknown => self.assigned(file, index, &path),
                    known => self.first_of_family(file, index, &path, known),
                };
                if followed == Def::Unknown { Def::Value(file, index, path) } else { followed }
            }
            Def::Param(file, function, position, mut path) => {
                path.extend(segments.iter().cloned());
                let class = self.param_class(file, function, position);
                match class {
                    Some(class) => self.members(class, &path, hops + 1),
                    None => Def::Param(file, function, position, path),
                }
            }
            Def::Function(file, id) if is_property(self.facts(file).function(id)) => {
                let Some(_level) = Level::enter() else { return Def::Unknown };
                self.returned(file, id, segments)
            }
            Def::Function(..) | Def::Unknown => Def::Unknown,
        }
    }

    fn python_submodule(&self, file: FileId, name: &str) -> Def {
        let entry = self.workspace.entry(file);
        if !entry.path.ends_with("__init__.py") {
            return Def::Unknown;
        }
        match python::resolve(&self.workspace, &entry.path, &format!(".{name}"), None) {
            Module::File(target) => Def::Namespace(target),
            _ => Def::Unknown,
        }
    }

    /// The binding a value came from.
    pub fn binding(&self, file: FileId, index: usize) -> Option<&Binding> {
        self.facts(file).bindings.get(index)
    }
}

/// Whether an offset lies in the call a name is bound to: `query = query.filter(…)` speaks of the name as it was before.
/// A function inside of the call runs later and sees the new value.
fn is_in_value(facts: &Facts, binding: &Binding, at: u32) -> bool {
    let Some(call) = binding.value.as_call().map(|id| facts.call(id)) else { return false };
    call.span.has(at) && !facts.functions.iter().any(|f| f.span.has(at) && call.span.contains(f.span))
}

fn function_named(facts: &Facts, name: &str, parent: Option<FunctionId>) -> Option<FunctionId> {
    facts.function_ids().find(|id| {
        let f = facts.function(*id);
        f.parent == parent
            && f.class.is_none()
            && f.name == name
            && f.kind != crate::syntax::FunctionKind::Property
            && (f.argument_of.is_none()
                || facts.bindings.iter().any(|b| b.names.iter().any(|n| n.local == name)))
    })
}

/// The last binding of a name whose scope holds the offset (module scope takes the first).
fn local_binding(
    facts: &Facts,
    file: FileId,
    name: &str,
    at: u32,
    function: Option<FunctionId>,
) -> Option<Def> {
    let found = facts.bindings.iter().enumerate().filter(|(_, b)| {
        b.function == function
            && b.class.is_none()
            && (at == u32::MAX || b.scope.has(at))
            && b.names.iter().any(|n| n.local == name)
            && !is_in_value(facts, b, at)
    });
    // Innermost scope wins, then what is something over what is nothing for want of it (`except ImportError: x = None`),
    // then the latest before the use.
    let best = found.min_by_key(|(_, b)| {
        let before = if b.statement.start <= at { at - b.statement.start } else { u32::MAX };
        (b.scope.len(), b.value.is_null(), before)
    });
    best.map(|(index, b)| {
        let path = b.names.iter().find(|n| n.local == name).map_or_else(Vec::new, |n| n.path.clone());
        Def::Value(file, index, path)
    })
}

/// Whether a file's name gives its default export this one: `make-draft.ts` has `makeDraft`.
fn is_stem(file: &str, name: &str) -> bool {
    file.split_once('.').is_some_and(|(stem, _)| stem == name || camel(stem) == name)
}
