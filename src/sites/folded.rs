//! What a text is as far as the code writes it out: an address put together from constants, fields and settings.

use super::cx::Cx;
use crate::resolve::Def;
use crate::syntax::{ClassId, Expr, FunctionId, Path, Root};
use crate::workspace::FileId;

/// Constants made of constants that are looked up.
const FOLDED: usize = 10;

/// What a field counts for among them: fields made of fields fan out.
const FIELD: usize = 4;

/// Methods of a text whose value still is an address when the text was one.
const OF_TEXT: &[&str] = &["format", "toString", "strip", "rstrip", "trim", "replace", "concat"];

impl Cx<'_> {
    /// The text an expression comes to, as far as constants and concatenation go; holes are left out.
    pub fn folded(&self, file: FileId, function: Option<FunctionId>, expr: &Expr) -> Option<String> {
        self.folded_at(file, function, expr, 0)
    }

    fn folded_at(
        &self,
        file: FileId,
        function: Option<FunctionId>,
        expr: &Expr,
        hops: usize,
    ) -> Option<String> {
        if hops > FOLDED {
            return None;
        }
        match expr {
            Expr::Str(text) => Some(text.clone()),
            Expr::Template(parts) => {
                let part = |p: &Result<String, Expr>| match p {
                    Ok(text) => text.clone(),
                    Err(hole) => self.folded_at(file, function, hole, hops + 1).unwrap_or_default(),
                };
                Some(parts.iter().map(part).collect())
            }
            Expr::Binary(left, "+", right) => {
                let left = self.folded_at(file, function, left, hops + 1).unwrap_or_default();
                Some(left + &self.folded_at(file, function, right, hops + 1).unwrap_or_default())
            }
            Expr::Binary(left, _, right) | Expr::Either(left, right) => self
                .folded_at(file, function, left, hops + 1)
                .or_else(|| self.folded_at(file, function, right, hops + 1)),
            Expr::Path(path) => match self.program.origin(file, function, path) {
                Def::Value(at, index, members) => {
                    let binding = self.program.binding(at, index)?;
                    let value = members.iter().try_fold(&binding.value, |value, key| value.property(key))?;
                    self.folded_at(at, binding.function, value, hops + 1)
                }
                Def::Param(at, of, position, taken) if taken.is_empty() => {
                    let param = self.program.facts(at).function(of).params.get(position)?;
                    self.folded_at(at, Some(of), param.default.as_ref()?, hops + 1)
                }
                _ => self.folded_field(file, function, path, hops + FIELD),
            },
            Expr::Call(id) => {
                if let Def::Function(at, function) = self.callee(file, *id) {
                    // `${apiBase()}/v1`: what the app's own function says, when it is an address.
                    let returns = &self.program.facts(at).returns;
                    let mut values = returns.iter().filter(|(f, _)| *f == function);
                    return values.find_map(|(_, value)| {
                        self.folded_at(at, Some(function), value, hops + 1).filter(|t| t.contains('.'))
                    });
                }
                let call = self.program.facts(file).call(*id);
                // `ADDRESS.format(id=id)`, `address.toString()`: what is done to a text keeps most of it.
                let mut object = call.callee.clone();
                if object.segments.pop().is_some_and(|method| OF_TEXT.contains(&method.as_str())) {
                    return self.folded_at(file, function, &Expr::Path(object), hops + 1);
                }
                // `os.environ.get("X", "https://…")`: the strings among the arguments.
                let texts = call.args.iter().filter_map(|a| self.folded_at(file, function, a, hops + 1));
                let mut texts: Vec<String> = texts.filter(|t| t.contains('/')).collect();
                // `new URL("/v1/x", BASE)`
                if call.is_new && call.args.len() == 2 && call.callee.as_name() == Some("URL") {
                    texts.reverse();
                }
                let joined =
                    |whole: String, part: &String| match (whole.ends_with('/'), part.strip_prefix('/')) {
                        (true, Some(rest)) => whole + rest,
                        (false, None) if !whole.is_empty() => whole + "/" + part,
                        _ => whole + part,
                    };
                let text = texts.iter().fold(String::new(), joined);
                (!text.is_empty()).then_some(text)
            }
            _ => None,
        }
    }

    /// A text in a field of a class of the app's own: what it starts with, or what its methods put there.
    fn folded_field(
        &self,
        file: FileId,
        function: Option<FunctionId>,
        path: &Path,
        hops: usize,
    ) -> Option<String> {
        let mut object = path.clone();
        let field = object.segments.pop()?;
        let Def::Class(at, class) = self.def(file, function, &object) else { return None };
        self.fields_folded(at, class, &field, hops).find(|text| text.contains('/'))
    }

    fn fields_folded<'a>(
        &'a self,
        file: FileId,
        class: ClassId,
        field: &'a str,
        hops: usize,
    ) -> impl Iterator<Item = String> + 'a {
        let facts = self.program.facts(file);
        let of_class = move |at: Option<FunctionId>| {
            facts.enclosing(at).any(|id| facts.function(id).class == Some(class))
        };
        let declared = facts
            .class(class)
            .fields
            .iter()
            .filter(move |f| f.name == field)
            .filter_map(|f| f.value.as_ref());
        let bound = facts.bindings.iter().filter(move |b| {
            b.class == Some(class) && b.function.is_none() && b.names.iter().any(|n| n.local == field)
        });
        let set = facts.assigns.iter().filter(move |a| {
            matches!(a.target.root, Root::This(_)) && a.target.segments == [field] && of_class(a.function)
        });
        let values = declared.map(|value| (None, value)).chain(bound.map(|b| (None, &b.value)));
        let values = values.chain(set.map(|a| (a.function, &a.value)));
        values.filter_map(move |(function, value)| self.folded_at(file, function, value, hops))
    }
}
