//! The app as one program: facts of its modules, and what names mean.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use super::{Module, javascript::JavaScript, python};
use crate::syntax::{
    Binding, CallId, ClassId, ExportTarget, Expr, Facts, FunctionId, Imported, Path, PatternName, Root, facts,
};
use crate::workspace::{FileId, Workspace};

/// Re-exports followed before giving up: barrels of barrels are seldom deeper than three.
const MAX_HOPS: usize = 12;

/// Resolutions that may stand inside one another: code that goes in circles (a value made from itself) must not.
const MAX_DEPTH: u32 = 20;

/// Functions whose returned values are followed one inside the other: each may return several values.
const MAX_RETURNS: u32 = 4;

std::thread_local! {
    static DEPTH: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
    static RETURNS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

/// Counts a resolution while it lasts.
struct Level;

impl Level {
    /// `None` when too many stand inside one another.
    fn enter() -> Option<Self> {
        DEPTH.with(|depth| {
            (depth.get() < MAX_DEPTH).then(|| {
                depth.set(depth.get() + 1);
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
    javascript: OnceLock<JavaScript>,
    modules: Mutex<BTreeMap<(FileId, String), Module>>,
    pub(super) words: OnceLock<Vec<(FileId, Vec<u32>)>>,
}

impl Program {
    /// Nothing is read or parsed yet.
    pub fn new(workspace: &Workspace) -> Self {
        Self {
            workspace: workspace.clone(),
            facts: (0..workspace.files().len()).map(|_| OnceLock::new()).collect(),
            javascript: OnceLock::new(),
            modules: Mutex::default(),
            words: OnceLock::new(),
        }
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
                (Some(language), Some(text)) => Arc::new(facts(language, text.as_str())),
                _ => Arc::default(),
            }
        })
    }

    /// The module a specifier names in a file. `name` matters in Python, where a name may be a submodule.
    pub fn module(&self, from: FileId, specifier: &str, name: Option<&str>) -> Module {
        let entry = self.workspace.entry(from);
        if !entry.language.is_some_and(crate::workspace::Language::is_ecmascript) {
            return python::resolve(&self.workspace, &entry.path, specifier, name);
        }
        let key = (from, specifier.to_owned());
        if let Some(known) = self.modules.lock().ok().and_then(|m| m.get(&key).cloned()) {
            return known;
        }
        let module =
            self.javascript.get_or_init(|| JavaScript::new(&self.workspace)).resolve(&entry.path, specifier);
        if let Ok(mut modules) = self.modules.lock() {
            modules.insert(key, module.clone());
        }
        module
    }

    /// What a path stands for where it is written. Members of a value are followed as far as objects, classes and
    /// modules of the app go.
    pub fn resolve_path(&self, file: FileId, function: Option<FunctionId>, path: &Path) -> Def {
        let Some(_level) = Level::enter() else { return Def::Unknown };
        match self.origin(file, function, path) {
            Def::Value(at, index, members) => {
                let Some(binding) = self.binding(at, index).cloned() else { return Def::Unknown };
                match self.value(at, binding.function, &binding.value, &members, 0) {
                    Def::Unknown => Def::Value(at, index, members),
                    followed => followed,
                }
            }
            def => def,
        }
    }

    /// The same without following a binding to what it holds: tells two values made alike apart.
    pub fn origin(&self, file: FileId, function: Option<FunctionId>, path: &Path) -> Def {
        let base = match &path.root {
            Root::Name(name) => self.name(file, function, name, path.span.start),
            Root::This => return self.this_member(file, function, &path.segments),
            Root::Call(id) => return self.call_result(file, *id, &path.segments),
            Root::Other => Def::Unknown,
        };
        self.members(base, &path.segments, 0)
    }

    /// What a bare name stands for at an offset: parameters and local names first, outwards, then the module.
    pub fn name(&self, file: FileId, function: Option<FunctionId>, name: &str, at: u32) -> Def {
        let facts = self.facts(file);
        for id in facts.enclosing(function) {
            if let Some(def) = local_binding(facts, file, name, at, Some(id)) {
                return def;
            }
            if let Some(import) = facts.imports.iter().find(|i| i.local == name && i.function == Some(id)) {
                return self.imported(file, &import.module, &import.imported);
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
    fn module_name(&self, file: FileId, name: &str, hops: usize) -> Def {
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
        Def::Unknown
    }

    fn imported(&self, file: FileId, module: &str, imported: &Imported) -> Def {
        self.imported_at(file, module, imported, 0)
    }

    fn imported_at(&self, file: FileId, module: &str, imported: &Imported, hops: usize) -> Def {
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
    fn members(&self, base: Def, segments: &[String], hops: usize) -> Def {
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

    /// What a value expression is, as far as it can be followed.
    fn value(
        &self,
        file: FileId,
        function: Option<FunctionId>,
        value: &Expr,
        path: &[String],
        hops: usize,
    ) -> Def {
        let Some(_level) = Level::enter() else { return Def::Unknown };
        if hops > MAX_HOPS {
            return Def::Unknown;
        }
        match value.unawaited() {
            Expr::Function(id) if path.is_empty() => Def::Function(file, *id),
            Expr::Path(p) => {
                let base = match &p.root {
                    Root::Name(name) => self.name(file, function, name, p.span.start),
                    Root::This => self.this_member(file, function, &p.segments),
                    _ => Def::Unknown,
                };
                let segments: Vec<String> = if p.root == Root::This {
                    path.to_vec()
                } else {
                    p.segments.iter().chain(path).cloned().collect()
                };
                self.members(base, &segments, hops + 1)
            }
            Expr::Object(pairs) => {
                let Some((first, rest)) = path.split_first() else { return Def::Unknown };
                let found = pairs.iter().find(|(key, _)| key == first);
                found.map_or(Def::Unknown, |(_, v)| self.value(file, function, v, rest, hops + 1))
            }
            Expr::Call(id) => {
                if let Some(module) = required(self.facts(file).call(*id)) {
                    let base = self.imported_at(file, module, &Imported::Default, hops + 1);
                    return self.members(base, path, hops + 1);
                }
                let result = self.call_result(file, *id, path);
                // `const POST = withAuth(async () => {})` is the function inside when the wrapper is not ours.
                if result == Def::Unknown && path.is_empty() {
                    self.wrapped_function(file, *id)
                } else {
                    result
                }
            }
            Expr::Binary(left, _, right) | Expr::Either(left, right) => {
                let def = self.value(file, function, left, path, hops + 1);
                if def == Def::Unknown { self.value(file, function, right, path, hops + 1) } else { def }
            }
            _ => Def::Unknown,
        }
    }

    /// The function given to a wrapper call.
    pub fn wrapped_function(&self, file: FileId, call: CallId) -> Def {
        let facts = self.facts(file);
        let call = facts.call(call);
        for arg in &call.args {
            match arg {
                Expr::Function(id) => return Def::Function(file, *id),
                Expr::Call(inner) => {
                    let def = self.wrapped_function(file, *inner);
                    if def != Def::Unknown {
                        return def;
                    }
                }
                _ => {}
            }
        }
        Def::Unknown
    }

    /// A member of the value a call gives: an instance of a class, or what a function of the app returns when it is
    /// plain to see.
    pub fn call_result(&self, file: FileId, call: CallId, path: &[String]) -> Def {
        let Some(_level) = Level::enter() else { return Def::Unknown };
        let facts = self.facts(file);
        let c = facts.call(call);
        let callee = self.resolve_path(file, c.function, &c.callee);
        match callee {
            Def::Class(class_file, class) => match path.split_first() {
                Some((first, rest)) => self.members(self.class_member(class_file, class, first), rest, 1),
                None => Def::Class(class_file, class),
            },
            Def::Outside(module, mut members) => {
                members.push("()".to_owned());
                members.extend(path.iter().cloned());
                Def::Outside(module, members)
            }
            Def::Function(f, id) => self.returned(f, id, path),
            _ => Def::Unknown,
        }
    }

    /// What a function of the app returns: followed only when every `return` that can be told gives the same answer, or
    /// answers of one family of packages (a factory that picks one of several models of a vendor).
    fn returned(&self, file: FileId, id: FunctionId, path: &[String]) -> Def {
        let depth = RETURNS.get();
        if depth >= MAX_RETURNS {
            return Def::Unknown;
        }
        RETURNS.set(depth + 1);
        let def = self.agreed_return(file, id, path);
        RETURNS.set(depth);
        def
    }

    fn agreed_return(&self, file: FileId, id: FunctionId, path: &[String]) -> Def {
        let facts = self.facts(file);
        let mut found = Def::Unknown;
        for (_, value) in facts.returns.iter().filter(|(function, _)| *function == id) {
            let def = match value.unawaited() {
                Expr::Call(call) => self.call_result(file, *call, path),
                Expr::Path(p) => {
                    let mut longer = p.clone();
                    longer.segments.extend(path.iter().cloned());
                    match self.resolve_path(file, Some(id), &longer) {
                        def @ (Def::Class(..) | Def::Outside(..)) => def,
                        // `return None` and what was handed in say nothing about the other answers.
                        _ => continue,
                    }
                }
                _ => continue,
            };
            if def == Def::Unknown || (found != Def::Unknown && found != def && !same_family(&found, &def)) {
                return Def::Unknown;
            }
            if found == Def::Unknown {
                found = def;
            }
        }
        found
    }

    /// `this.x.y` inside a class.
    fn this_member(&self, file: FileId, function: Option<FunctionId>, segments: &[String]) -> Def {
        let facts = self.facts(file);
        let class = facts.enclosing(function).find_map(|id| facts.function(id).class);
        match (class, segments.split_first()) {
            (Some(class), Some((first, rest))) => {
                self.members(self.class_member(file, class, first), rest, 1)
            }
            (Some(class), None) => Def::Class(file, class),
            (None, _) => Def::Unknown,
        }
    }

    /// A method or field of a class; fields set in any method count; bases of the app are searched.
    pub fn class_member(&self, file: FileId, class: ClassId, name: &str) -> Def {
        let Some(_level) = Level::enter() else { return Def::Unknown };
        let facts = self.facts(file);
        if let Some(id) = facts.function_ids().find(|id| {
            let f = facts.function(*id);
            f.class == Some(class) && f.name == name
        }) {
            return Def::Function(file, id);
        }
        let body = facts.class(class);
        if let Some(field) = body.fields.iter().find(|f| f.name == name) {
            let constructor = facts.function_ids().find(|id| {
                let f = facts.function(*id);
                f.class == Some(class) && f.name == "constructor"
            });
            if let Some(value) = &field.value {
                let def = self.value(file, constructor, value, &[], 1);
                if def != Def::Unknown {
                    return def;
                }
            }
            let type_name = field.annotation.as_deref().map(bare_type);
            if let Some(type_name) = type_name {
                let def = self.module_name(file, type_name, 1);
                if matches!(def, Def::Class(..) | Def::Outside(..)) {
                    return instance_of(def);
                }
            }
        }
        let set = facts.assigns.iter().filter(|a| {
            a.target.root == Root::This
                && a.target.segments.len() == 1
                && a.target.segments[0] == name
                && a.function.is_some_and(|f| {
                    facts.enclosing(Some(f)).any(|id| facts.function(id).class == Some(class))
                })
        });
        // `self.client = None` may come first.
        let known = set.map(|a| self.value(file, a.function, &a.value, &[], 1)).find(|d| *d != Def::Unknown);
        if let Some(def) = known {
            return def;
        }
        body.bases
            .iter()
            .filter_map(|base| match self.resolve_path(file, body.parent, base) {
                Def::Class(f, c) if (f, c) != (file, class) => Some(self.class_member(f, c, name)),
                _ => None,
            })
            .find(|def| *def != Def::Unknown)
            .unwrap_or(Def::Unknown)
    }

    /// An instance of the class a parameter is annotated with.
    fn param_class(&self, file: FileId, function: FunctionId, position: usize) -> Option<Def> {
        let facts = self.facts(file);
        let param = facts.function(function).params.get(position)?;
        let annotation = param.annotation_text.as_deref().map(bare_type)?;
        match self.module_name(file, annotation, 1) {
            def @ (Def::Class(..) | Def::Outside(..)) => Some(instance_of(def)),
            _ => None,
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

/// The module of `require("m")`, which a barrel of CommonJS modules exports directly.
fn required(call: &crate::syntax::Call) -> Option<&str> {
    let is_require = call.callee.as_name() == Some("require");
    call.args.first().and_then(Expr::as_str).filter(|_| is_require)
}

/// A Python method that is read like a field.
fn is_property(function: &crate::syntax::Function) -> bool {
    let named = |d: &crate::syntax::Decorator| d.path.last().is_some_and(|n| n.ends_with("property"));
    function.class.is_some() && function.decorators.iter().any(named)
}

/// Values made by the same call chain of packages that share their first name (`@scope/a` and `@scope/b`, `lib_a` and
/// `lib_b`), with the same members after the last call.
fn same_family(a: &Def, b: &Def) -> bool {
    let (Def::Outside(a, of_a), Def::Outside(b, of_b)) = (a, b) else { return false };
    let family = |module: &str| {
        let module = module.trim_start_matches('@');
        module.split(['/', '.', '_', '-']).next().unwrap_or(module).to_owned()
    };
    let tail = |members: &[String]| {
        members.iter().rposition(|m| m == "()").map(|at| members[at..].to_vec()).unwrap_or_default()
    };
    family(a) == family(b) && !tail(of_a).is_empty() && tail(of_a) == tail(of_b)
}

/// An instance is told from its class by a call: outside classes get the `()` a constructor call would give.
fn instance_of(def: Def) -> Def {
    match def {
        Def::Outside(module, mut members) => {
            members.push("()".to_owned());
            Def::Outside(module, members)
        }
        other => other,
    }
}

/// `Promise<Foo>` and `Foo | null` are `Foo`.
fn bare_type(text: &str) -> &str {
    let text = text.strip_prefix("Promise<").and_then(|t| t.strip_suffix('>')).unwrap_or(text);
    let text = text.split(['|', '<', '[']).next().unwrap_or(text);
    text.trim().trim_matches(['"', '\''])
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
    // Innermost scope wins, then the latest before the use.
    let best = found.min_by_key(|(_, b)| {
        (b.scope.len(), if b.statement.start <= at { at - b.statement.start } else { u32::MAX })
    });
    best.map(|(index, b)| {
        let path = b.names.iter().find(|n| n.local == name).map_or_else(Vec::new, |n| n.path.clone());
        Def::Value(file, index, path)
    })
}
