//! Members of classes: methods, fields set anywhere in the class, and what parameters annotated with a class have.

use super::program::{Def, Level, Program};
use crate::syntax::{ClassId, Decorator, Expr, Function, FunctionId, Param};
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
        let mut outside = None;
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
            match field.annotation.as_deref().and_then(|text| self.of_type(file, text)) {
                // What it is given may say more of it: which call made it.
                Some(def @ Def::Outside(..)) => outside = Some(def),
                Some(def) => return def,
                None => {}
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
        let mut known =
            set.map(|a| self.value(file, a.function, &a.value, &[], 1)).filter(|d| *d != Def::Unknown);
        let known = match &outside {
            Some(_) => known.find(|d| matches!(d, Def::Outside(..))).or(outside),
            None => known.next(),
        };
        if let Some(Def::Param(at, maker, position, path)) = &known
            && *at == file
        {
            let given = self.given_to_maker(file, class, *maker, *position, path);
            return if given == Def::Unknown { known.unwrap_or(given) } else { given };
        }
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

    /// What every instance of a class is made with: `new Writer(new OpenAI())`. What cannot be told (a stand-in) says
    /// nothing of the others.
    fn given_to_maker(
        &self,
        file: FileId,
        class: ClassId,
        maker: FunctionId,
        position: usize,
        path: &[String],
    ) -> Def {
        let facts = self.facts(file);
        let (name, f) = (&facts.class(class).name, facts.function(maker));
        if f.class != Some(class) || !MAKERS.contains(&f.name.as_str()) || name.is_empty() {
            return Def::Unknown;
        }
        let param = f.params.get(position).and_then(Param::name);
        // Python's first parameter is the object itself.
        let position = if f.name == MAKERS[1] { position.checked_sub(1) } else { Some(position) };
        let mut found = Def::Unknown;
        for at in self.files_with_word(name) {
            let facts = self.facts(at);
            for call in facts.calls.iter().filter(|c| c.callee.last() == Some(name)) {
                if self.resolve_path(at, call.function, &call.callee) != Def::Class(file, class) {
                    continue;
                }
                let by_name =
                    call.keywords.iter().find(|(key, _)| Some(key.as_str()) == param).map(|(_, v)| v);
                let Some(given) = by_name.or_else(|| call.args.get(position?)) else { continue };
                let def = self.come_to(self.value(at, call.function, given, path, 1));
                match def {
                    Def::Class(..) | Def::Outside(..) if found == Def::Unknown => found = def,
                    Def::Class(..) | Def::Outside(..) if found != def => return Def::Unknown,
                    _ => {}
                }
            }
        }
        found
    }

    /// An instance of the class a parameter is annotated with; else what the app's function gives that its default asks
    /// for (`client = Depends(get_client)`).
    pub(super) fn param_class(&self, file: FileId, function: FunctionId, position: usize) -> Option<Def> {
        let facts = self.facts(file);
        let param = facts.function(function).params.get(position)?;
        if let Some(def) = param.annotation_text.as_deref().and_then(|text| self.of_type(file, text)) {
            return Some(def);
        }
        let asked = facts.call(param.default.as_ref()?.as_call()?);
        let [Expr::Path(given)] = asked.args.as_slice() else { return None };
        let maker = self.resolve_path(file, facts.function(function).parent, &asked.callee);
        match (maker, self.resolve_path(file, facts.function(function).parent, given)) {
            (Def::Outside(..), Def::Function(at, id)) => {
                Some(self.returned(at, id, &[])).filter(|def| *def != Def::Unknown)
            }
            _ => None,
        }
    }

    /// An instance of the class that an annotation names, also by a name that the app gives to the annotation.
    fn of_type(&self, file: FileId, text: &str) -> Option<Def> {
        let _level = Level::enter()?;
        let mut names = bare_type(text).split('.').map(str::to_owned);
        let first = self.module_name(file, &names.next()?, 1);
        match self.members(first, &names.collect::<Vec<_>>(), 1) {
            def @ (Def::Class(..) | Def::Outside(..)) => Some(instance_of(def)),
            Def::Value(at, index, members) if members.is_empty() => {
                let binding = self.binding(at, index)?;
                let Expr::Index(of, args) = &binding.value else { return None };
                let carried = of.last().is_some_and(|name| CARRIERS.contains(&name));
                match args.first().filter(|_| carried)? {
                    Expr::Path(path) => self.of_type(at, &path.dotted()),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// What the function that makes an instance is called.
const MAKERS: &[&str] = &["constructor", "__init__"];

/// Types that say something about the one in their brackets, and are it.
const CARRIERS: &[&str] = &["Annotated", "Optional", "Promise", "Readonly", "Required"];

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

/// `Promise<Foo>`, `Foo | null` and `Annotated[Foo, …]` are `Foo`.
fn bare_type(text: &str) -> &str {
    let text = text.trim().trim_matches(['"', '\'']);
    let inside = CARRIERS.iter().find_map(|carrier| {
        let rest = text.strip_prefix("typing.").unwrap_or(text).strip_prefix(carrier)?;
        rest.strip_prefix(['<', '['])
    });
    let text = inside.map_or(text, |inside| inside.split([',', '>', ']']).next().unwrap_or(inside));
    let text = text.split(['|', '<', '[']).next().unwrap_or(text);
    text.trim().trim_matches(['"', '\''])
}
