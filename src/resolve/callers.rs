//! Who calls a function, found on demand.
//!
//! A caller must spell the function's name (or import its module's default under another), so only files that contain
//! the name are looked into, and each candidate call is confirmed by resolving its callee.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::program::{Def, Program};
use super::words::Which;
use crate::syntax::{CallId, ExportTarget, Expr, Facts, FunctionId, FunctionKind, Imported};
use crate::workspace::{FileId, Language};

/// The name of a module's default export.
const DEFAULT: &str = "default";

impl Program {
    /// Calls of a function of the app, in file order. A function handed over as a value (`router.post("/x", handler)`)
    /// is not a call: see [`Program::handed_over`].
    pub fn callers(&self, file: FileId, function: FunctionId) -> Vec<(FileId, CallId)> {
        self.calls_of(file, function, &[Which::App, Which::Aside])
    }

    /// The same without the files that are aside: those are not even parsed.
    pub fn callers_in_app(&self, file: FileId, function: FunctionId) -> Vec<(FileId, CallId)> {
        self.calls_of(file, function, &[Which::App])
    }

    fn calls_of(&self, file: FileId, function: FunctionId, which: &[Which]) -> Vec<(FileId, CallId)> {
        let target = Def::Function(file, function);
        let name = self.facts(file).function(function).name.clone();
        let names = self.names_elsewhere(file, &name);
        let mut found: Vec<_> = self
            .candidates(file, function, &names, which)
            .into_par_iter()
            .flat_map_iter(|candidate| {
                let facts = self.facts(candidate);
                let known = self.locally_known(candidate, &names);
                let ids = facts.call_ids().filter(|id| {
                    let call = facts.call(*id);
                    call.callee.last().is_some_and(|l| known.contains(l))
                        && self.resolve_path(candidate, call.function, &call.callee) == target
                });
                ids.map(move |id| (candidate, id)).collect::<Vec<_>>()
            })
            .collect();
        let others = self.dispatched(file, function, which);
        if !others.is_empty() {
            found.extend(others);
            found.sort_unstable();
            found.dedup();
        }
        found
    }

    /// Calls that take the function as an argument, with the argument's position: `(file, call, position)`.
    pub fn handed_over(&self, file: FileId, function: FunctionId) -> Vec<(FileId, CallId, usize)> {
        self.handed(file, function, &[Which::App, Which::Aside])
    }

    /// The same without the files that are aside: those are not even parsed.
    pub fn handed_over_in_app(&self, file: FileId, function: FunctionId) -> Vec<(FileId, CallId, usize)> {
        self.handed(file, function, &[Which::App])
    }

    fn handed(&self, file: FileId, function: FunctionId, which: &[Which]) -> Vec<(FileId, CallId, usize)> {
        let target = Def::Function(file, function);
        let name = self.facts(file).function(function).name.clone();
        let names = self.names_elsewhere(file, &name);
        let mut found: Vec<_> = self
            .candidates(file, function, &names, which)
            .into_par_iter()
            .flat_map_iter(|candidate| {
                let facts = self.facts(candidate);
                let known = self.locally_known(candidate, &names);
                let mut hits = Vec::new();
                for id in facts.call_ids() {
                    let call = facts.call(id);
                    // `Thread(target=work)`: keywords count on after the arguments.
                    let keywords = call.keywords.iter().map(|(_, value)| value);
                    for (position, arg) in call.args.iter().chain(keywords).enumerate() {
                        let Expr::Path(path) = arg else { continue };
                        if path.last().is_some_and(|l| known.contains(l))
                            && self.resolve_path(candidate, call.function, path) == target
                        {
                            hits.push((candidate, id, position));
                        }
                    }
                }
                hits
            })
            .collect();
        let f = self.facts(file).function(function);
        if let Some((call, position)) = f.argument_of {
            found.push((file, call, position));
        }
        found
    }

    /// The names in a file that may stand for one of the exported names: themselves, and what imports call them.
    fn locally_known(&self, file: FileId, names: &[String]) -> BTreeSet<String> {
        let imports = self.facts(file).imports.iter().filter(|i| match &i.imported {
            Imported::Named(name) => names.contains(name),
            Imported::Default => names.iter().any(|n| n == DEFAULT),
            Imported::Namespace | Imported::All => false,
        });
        names.iter().cloned().chain(imports.map(|i| i.local.clone())).collect()
    }

    /// Names under which other modules may know the function: its own and those it is exported as.
    fn names_elsewhere(&self, file: FileId, name: &str) -> Vec<String> {
        let mut names = vec![name.to_owned()];
        for export in &self.facts(file).exports {
            if let crate::syntax::ExportTarget::Local(local) = &export.target
                && local == name
                && export.name != name
            {
                names.push(export.name.clone());
            }
        }
        names.retain(|n| !n.is_empty());
        // What a framework brings into scope by its file's name.
        if self.facts(file).exports.iter().any(|export| export.name == DEFAULT) {
            names.extend(self.ambient_default(file));
        }
        names
    }

    /// Files that may speak of a function of `file` by one of the names: those of the same family of languages.
    fn candidates(
        &self,
        file: FileId,
        function: FunctionId,
        names: &[String],
        which: &[Which],
    ) -> Vec<FileId> {
        let family = |id: FileId| self.workspace().entry(id).language.is_some_and(Language::is_ecmascript);
        let own = family(file);
        if !is_seen_elsewhere(self.facts(file), function, own) {
            return vec![file];
        }
        let mut words: Vec<String> = names.iter().filter(|n| *n != DEFAULT).cloned().collect();
        if names.iter().any(|n| n == DEFAULT) {
            words.extend(said_in_imports(&self.workspace().entry(file).path));
        }
        let mut found = self.files_with(&words, which);
        found.retain(|id| *id != file && family(*id) == own);
        let at = found.partition_point(|id| *id < file);
        found.insert(at, file);
        found
    }
}

/// Whether a call in another module can come to a function by its name: never to one that stands in a function, and to a
/// property only through the objects that hold it. In ECMAScript a module also has to offer it, alone or in a value.
fn is_seen_elsewhere(facts: &Facts, function: FunctionId, ecmascript: bool) -> bool {
    let f = facts.function(function);
    if f.class.is_some() {
        return true;
    }
    let property = f.kind == FunctionKind::Property;
    if !property && (f.parent.is_some() || !ecmascript) {
        return f.parent.is_none();
    }
    let has = |value: &Expr| if property { owns(value, function) } else { mentions(facts, value, function) };
    let offers = |target: &ExportTarget| match target {
        ExportTarget::Local(name) => !property && *name == f.name,
        ExportTarget::Value(value) => has(value),
        ExportTarget::From { .. } | ExportTarget::All { .. } => false,
    };
    let fields = || facts.classes.iter().flat_map(|c| &c.fields).filter_map(|field| field.value.as_ref());
    let bound = || facts.bindings.iter().filter(|b| b.function.is_none()).map(|b| &b.value);
    let assigned = || facts.assigns.iter().map(|a| &a.value);
    facts.exports.iter().any(|e| offers(&e.target)) || bound().chain(assigned()).chain(fields()).any(has)
}

/// Whether a function is the value, or that of a key in it.
fn owns(value: &Expr, function: FunctionId) -> bool {
    match value {
        Expr::Function(id) => *id == function,
        Expr::Object(pairs) => pairs.iter().any(|(_, value)| owns(value, function)),
        Expr::Binary(a, _, b) | Expr::Either(a, b) => owns(a, function) || owns(b, function),
        _ => false,
    }
}

/// Whether a function is part of a value: by its name, written in place, or wrapped (`wrap(async () => { … })`).
fn mentions(facts: &Facts, value: &Expr, function: FunctionId) -> bool {
    let part = |part: &Expr| mentions(facts, part, function);
    match value {
        Expr::Path(path) => path.as_name() == Some(facts.function(function).name.as_str()),
        Expr::Function(id) => *id == function,
        Expr::Call(id) => facts.call(*id).args.iter().any(part),
        Expr::Object(pairs) => pairs.iter().any(|(_, value)| part(value)),
        Expr::List(items) => items.iter().any(part),
        Expr::Binary(a, _, b) | Expr::Either(a, b) => part(a) || part(b),
        Expr::Await(inner) => part(inner),
        _ => false,
    }
}

/// A word that every import of a module's default holds, whatever name it gives it: the longest of the module's own.
fn said_in_imports(path: &str) -> Option<String> {
    let mut parts = path.rsplit('/');
    let stem = parts.next()?.split('.').next().filter(|stem| *stem != "index").or_else(|| parts.next())?;
    let words = stem.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
    words.max_by_key(|word| word.len()).map(str::to_owned)
}
