//! Calls that come to a method through what their receiver is declared to be: a class that the method's class extends,
//! an interface that it implements, a table with objects of several classes.
//!
//! What holds several values is taken for each of them: `providers.get(name).generate()`, the item of a loop, a member
//! of a table. Too many calls are found rather than too few, so they tell who may reach a method and never what one
//! call does.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::program::{Def, Program};
use super::words::Which;
use super::{Module, is_word};
use crate::syntax::{
    Binding, BindingKind, CallId, ClassId, ExportTarget, Expr, Field, FunctionId, FunctionKind, Imported,
    Path, Root,
};
use crate::workspace::{FileId, Language};

/// Values, types and re-exports that are followed one inside the other.
const MAX_HOPS: usize = 8;

/// Methods of what holds several values that give some of them.
const READS: &[&str] = &["get", "find", "at", "pop", "shift", "values", "items", "next", "filter", "slice"];

/// Methods that give each value to the function they are given.
const EACH: &[&str] = &["map", "flatMap", "forEach", "filter", "find", "some", "every"];

/// Objects whose functions give the values of what they are given.
const OF_VALUES: &[&str] = &["Object", "Array"];

/// A type of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Type {
    Class(FileId, ClassId),
    /// At an index of [`Facts::interfaces`].
    Interface(FileId, usize),
}

type Types = BTreeSet<Type>;

impl Program {
    /// Calls of a method under the name of another type, in file order.
    pub(super) fn dispatched(
        &self,
        file: FileId,
        function: FunctionId,
        which: &[Which],
    ) -> Vec<(FileId, CallId)> {
        let f = self.facts(file).function(function);
        let (own, above) = self.stands_for(file, function);
        if above.is_empty() && own.is_none() || f.name.is_empty() {
            return Vec::new();
        }
        let wanted: Types = own.into_iter().chain(above.iter().copied()).collect();
        let family = |id: FileId| self.workspace().entry(id).language.is_some_and(Language::is_ecmascript);
        let mut files = self.files_with(std::slice::from_ref(&f.name), which);
        files.retain(|id| family(*id) == family(file));
        let comes = |at: FileId, id: CallId| {
            let call = self.facts(at).call(id);
            if call.callee.segments.last() != Some(&f.name) {
                return false;
            }
            match self.resolve_path(at, call.function, &call.callee) {
                // What a class above does, where this one does otherwise.
                Def::Function(of, id) if (of, id) != (file, function) => self
                    .facts(of)
                    .function(id)
                    .class
                    .is_some_and(|class| above.contains(&Type::Class(of, class))),
                Def::Function(..) | Def::Outside(..) => false,
                _ => !self.types_of_receiver(at, id, 0).is_disjoint(&wanted),
            }
        };
        let found = files.into_par_iter().flat_map_iter(|at| {
            let ids: Vec<CallId> = self.facts(at).call_ids().filter(|id| comes(at, *id)).collect();
            ids.into_iter().map(move |id| (at, id))
        });
        found.collect()
    }

    /// The class of a method with every type above it; for a function in an object, the types the object is said to have.
    fn stands_for(&self, file: FileId, function: FunctionId) -> (Option<Type>, Types) {
        let facts = self.facts(file);
        let f = facts.function(function);
        let mut above = Types::new();
        if let Some(class) = f.class {
            self.above(Type::Class(file, class), &mut above, 0);
            return (Some(Type::Class(file, class)), above);
        }
        if f.kind == FunctionKind::Property {
            let bound = facts.bindings.iter().filter(|b| is_in(&b.value, function));
            let returned = facts.returns.iter().filter(|(_, value)| is_in(value, function));
            let texts = bound
                .filter_map(|b| b.annotation.as_deref())
                .chain(returned.filter_map(|(f, _)| facts.function(*f).gives.as_deref()));
            for text in texts {
                above.extend(self.types_named(file, text, 0));
            }
        }
        (None, above)
    }

    /// The property of this name that the first type of the app in a text of types has, or a type above that one, with its
    /// file.
    pub fn field_of(&self, file: FileId, text: &str, name: &str) -> Option<(FileId, &Field)> {
        let mut types = self.types_named(file, text, 0);
        for of in types.clone() {
            self.above(of, &mut types, 0);
        }
        types.into_iter().find_map(|of| {
            let (file, fields) = match of {
                Type::Class(file, class) => (file, &self.facts(file).class(class).fields),
                Type::Interface(file, index) => (file, &self.facts(file).interfaces[index].fields),
            };
            fields.iter().find(|field| field.name == name).map(|field| (file, field))
        })
    }

    fn above(&self, of: Type, found: &mut Types, hops: usize) {
        if hops > MAX_HOPS {
            return;
        }
        let (file, mut bases) = match of {
            Type::Class(file, class) => {
                let facts = self.facts(file);
                let class = facts.class(class);
                let names = class.bases.iter().filter(|path| path.root_name().is_some()).map(Path::dotted);
                (file, names.chain(class.implements.iter().cloned()).collect::<Vec<_>>())
            }
            Type::Interface(file, index) => (file, self.facts(file).interfaces[index].bases.clone()),
        };
        bases.sort();
        for base in bases {
            for above in self.types_named(file, &base, hops + 1) {
                if found.insert(above) {
                    self.above(above, found, hops + 1);
                }
            }
        }
    }

    /// The first type of the app that a text of types names: `Promise<Provider | null>`, `dict[str, Provider]`.
    fn types_named(&self, file: FileId, text: &str, hops: usize) -> Types {
        let mut words = text.split(|c: char| !is_word(c) && c != '.').filter(|word| !word.is_empty());
        words.find_map(|word| self.type_named(file, word, hops)).into_iter().collect()
    }

    fn type_named(&self, file: FileId, name: &str, hops: usize) -> Option<Type> {
        if hops > MAX_HOPS {
            return None;
        }
        let facts = self.facts(file);
        if let Some((module, member)) = name.split_once('.') {
            let import = facts.imports.iter().find(|i| i.local == module)?;
            let Module::File(target) = self.module(file, &import.module, None) else { return None };
            return self.type_exported(target, member, hops + 1);
        }
        if let Some(at) = facts.interfaces.iter().position(|i| i.name == name && !i.added) {
            return Some(Type::Interface(file, at));
        }
        if let Some(at) = facts.classes.iter().position(|c| c.name == name && c.parent.is_none()) {
            return Some(Type::Class(file, ClassId(u32::try_from(at).ok()?)));
        }
        let import = facts.imports.iter().find(|i| i.local == name)?;
        let imported = match &import.imported {
            Imported::Named(name) => name.as_str(),
            Imported::Default => "default",
            Imported::Namespace | Imported::All => return None,
        };
        match self.module(file, &import.module, Some(imported)) {
            Module::File(target) if target != file => self.type_exported(target, imported, hops + 1),
            _ => None,
        }
    }

    fn type_exported(&self, file: FileId, name: &str, hops: usize) -> Option<Type> {
        if hops > MAX_HOPS {
            return None;
        }
        let facts = self.facts(file);
        let mut exports = facts.exports.iter().filter(|e| e.name == name);
        let exported = exports.find_map(|export| match &export.target {
            ExportTarget::Local(local) => self.type_named(file, local, hops + 1),
            ExportTarget::From { module, name } => match self.module(file, module, None) {
                Module::File(target) => self.type_exported(target, name, hops + 1),
                _ => None,
            },
            ExportTarget::Value(_) | ExportTarget::All { .. } => None,
        });
        let all = || {
            facts.exports.iter().find_map(|export| match &export.target {
                ExportTarget::All { module } => match self.module(file, module, None) {
                    Module::File(target) => self.type_exported(target, name, hops + 1),
                    _ => None,
                },
                _ => None,
            })
        };
        // Python offers every name of a module.
        exported
            .or_else(|| (name != "default").then(|| self.type_named(file, name, hops + 1)).flatten())
            .or_else(all)
    }

    /// What a path may be an instance of.
    fn types_of_path(&self, file: FileId, function: Option<FunctionId>, path: &Path, hops: usize) -> Types {
        if hops > MAX_HOPS {
            return Types::new();
        }
        let facts = self.facts(file);
        let mut types = match &path.root {
            Root::This(_) => {
                let class = facts.enclosing(function).find_map(|id| facts.function(id).class);
                class.into_iter().map(|class| Type::Class(file, class)).collect()
            }
            Root::Name(name) => match self.name(file, function, name, path.span.start) {
                Def::Class(at, class) => Types::from([Type::Class(at, class)]),
                Def::Value(at, index, members) => {
                    let Some(binding) = self.binding(at, index) else { return Types::new() };
                    self.inside(self.types_of_binding(at, binding, hops + 1), &members, hops)
                }
                Def::Param(at, of, position, members) => {
                    self.inside(self.types_of_param(at, of, position, hops + 1), &members, hops)
                }
                _ => Types::new(),
            },
            Root::Call(call) => self.types_of_call(file, *call, hops + 1),
            Root::Other => Types::new(),
        };
        if !path.segments.is_empty() {
            types = self.inside(types, &path.segments, hops);
        }
        types
    }

    /// The members of what is one of these types.
    fn inside(&self, mut types: Types, members: &[String], hops: usize) -> Types {
        for member in members {
            let is_item = member.starts_with(['[', '0']) || member.parse::<u32>().is_ok();
            if !is_item {
                types = types.iter().flat_map(|of| self.types_of_member(*of, member, hops + 1)).collect();
            }
        }
        types
    }

    fn types_of_member(&self, of: Type, member: &str, hops: usize) -> Types {
        if hops > MAX_HOPS {
            return Types::new();
        }
        let (file, fields) = match of {
            Type::Class(file, class) => (file, &self.facts(file).class(class).fields),
            Type::Interface(file, index) => (file, &self.facts(file).interfaces[index].fields),
        };
        if let Some(field) = fields.iter().find(|field| field.name == member) {
            let named = field.annotation.as_deref().map(|text| self.types_named(file, text, hops + 1));
            if let Some(types) = named.filter(|types| !types.is_empty()) {
                return types;
            }
            if let Some(value) = &field.value {
                return self.types_of(file, None, value, hops + 1);
            }
        }
        let Type::Class(file, class) = of else { return Types::new() };
        let facts = self.facts(file);
        let set = facts.assigns.iter().filter(|a| {
            a.target.root.is_this()
                && a.target.segments.first().is_some_and(|first| first == member)
                && facts.enclosing(a.function).any(|id| facts.function(id).class == Some(class))
        });
        set.flat_map(|a| self.types_of(file, a.function, &a.value, hops + 1)).collect()
    }

    fn types_of_binding(&self, file: FileId, binding: &Binding, hops: usize) -> Types {
        let named = binding.annotation.as_deref().map(|text| self.types_named(file, text, hops));
        if let Some(types) = named.filter(|types| !types.is_empty()) {
            return types;
        }
        let types = self.types_of(file, binding.function, &binding.value, hops);
        // `let provider = null` is given its value later.
        let (true, Some(name)) = (types.is_empty(), binding.names.first()) else { return types };
        let later = self.facts(file).bindings.iter().filter(|b| {
            b.kind == BindingKind::Assigned
                && binding.scope.contains(b.statement)
                && b.names.iter().any(|n| n.local == name.local && n.path.is_empty())
        });
        later.flat_map(|b| self.types_of(file, b.function, &b.value, hops + 1)).collect()
    }

    fn types_of_param(&self, file: FileId, function: FunctionId, position: usize, hops: usize) -> Types {
        let facts = self.facts(file);
        let f = facts.function(function);
        let Some(param) = f.params.get(position) else { return Types::new() };
        if let Some(text) = &param.annotation_text {
            return self.types_named(file, text, hops);
        }
        // `providers.map((provider) => …)`
        let given = f.argument_of.filter(|_| position == 0).map(|(call, _)| call);
        let method = |call: &CallId| facts.call(*call).callee.segments.last();
        let each = given.filter(|call| method(call).is_some_and(|m| EACH.contains(&m.as_str())));
        each.map_or_else(Types::new, |call| self.types_of_receiver(file, call, hops + 1))
    }

    /// What a method is called on.
    fn types_of_receiver(&self, file: FileId, call: CallId, hops: usize) -> Types {
        let call = self.facts(file).call(call);
        let mut of = call.callee.clone();
        of.segments.pop();
        self.types_of_path(file, call.function, &of, hops)
    }

    fn types_of_call(&self, file: FileId, call: CallId, hops: usize) -> Types {
        if hops > MAX_HOPS {
            return Types::new();
        }
        let facts = self.facts(file);
        let c = facts.call(call);
        match self.resolve_path(file, c.function, &c.callee) {
            Def::Class(at, class) => Types::from([Type::Class(at, class)]),
            Def::Function(at, function) => {
                let made = self.facts(at);
                let named =
                    made.function(function).gives.as_deref().map(|text| self.types_named(at, text, hops));
                named.filter(|types| !types.is_empty()).unwrap_or_else(|| {
                    let returned = made.returns.iter().filter(|(of, _)| *of == function);
                    returned.flat_map(|(of, value)| self.types_of(at, Some(*of), value, hops + 1)).collect()
                })
            }
            Def::Outside(..) => Types::new(),
            _ => match c.callee.segments.last() {
                Some(_) if c.callee.root_name().is_some_and(|name| OF_VALUES.contains(&name)) => {
                    c.args.iter().flat_map(|arg| self.types_of(file, c.function, arg, hops + 1)).collect()
                }
                Some(method) if READS.contains(&method.as_str()) => {
                    self.types_of_receiver(file, call, hops + 1)
                }
                _ => Types::new(),
            },
        }
    }

    fn types_of(&self, file: FileId, function: Option<FunctionId>, value: &Expr, hops: usize) -> Types {
        if hops > MAX_HOPS {
            return Types::new();
        }
        let of = |value: &Expr| self.types_of(file, function, value, hops + 1);
        match value.unawaited() {
            Expr::Path(path) | Expr::Index(path, _) => self.types_of_path(file, function, path, hops + 1),
            Expr::Call(call) => self.types_of_call(file, *call, hops + 1),
            Expr::Binary(left, _, right) | Expr::Either(left, right) => {
                of(left).into_iter().chain(of(right)).collect()
            }
            Expr::List(items) => items.iter().flat_map(of).collect(),
            Expr::Object(pairs) => pairs.iter().flat_map(|(_, value)| of(value)).collect(),
            _ => Types::new(),
        }
    }
}

/// Whether a function is the value of a key of an object.
fn is_in(value: &Expr, function: FunctionId) -> bool {
    match value.unawaited() {
        Expr::Object(pairs) => {
            pairs.iter().any(|(_, value)| matches!(value, Expr::Function(id) if *id == function))
        }
        _ => false,
    }
}
