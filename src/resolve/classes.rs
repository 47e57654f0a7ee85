//! Members of classes: methods, fields set anywhere in the class, and what parameters annotated with a class have.

use super::program::{Def, Level, Program};
use crate::syntax::{ClassId, Decorator, Function, FunctionId};
use crate::workspace::FileId;

impl Program {
    /// `this.x.y` inside a class.
    pub(super) fn this_member(&self, file: FileId, function: Option<FunctionId>, segments: &[String]) -> Def {
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
            a.target.root.is_this()
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
    pub(super) fn param_class(&self, file: FileId, function: FunctionId, position: usize) -> Option<Def> {
        let facts = self.facts(file);
        let param = facts.function(function).params.get(position)?;
        let annotation = param.annotation_text.as_deref().map(bare_type)?;
        match self.module_name(file, annotation, 1) {
            def @ (Def::Class(..) | Def::Outside(..)) => Some(instance_of(def)),
            _ => None,
        }
    }
}

/// A Python method that is read like a field.
pub(super) fn is_property(function: &Function) -> bool {
    let named = |d: &Decorator| d.path.last().is_some_and(|n| n.ends_with("property"));
    function.class.is_some() && function.decorators.iter().any(named)
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
