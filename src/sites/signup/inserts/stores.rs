//! Records that go to a store of a type: a repository, a table named in SQL.

use super::{Insert, Search, strip};
use crate::catalog::Gives;
use crate::resolve::Def;
use crate::sites::signup::models::{Certainty, holds};
use crate::sites::signup::value::{Named, below};
use crate::syntax::{Call, CallId, Expr, Path, Root};

impl<'a> Search<'_, 'a> {
    pub(super) fn repository(&self, id: CallId, call: &Call, methods: &[String]) -> Option<Insert<'a>> {
        let repository = strip(&call.callee, methods)?;
        let model = self.repository_of(call, &repository)?;
        let fresh = |value: &Expr| -> Option<Vec<(String, Expr)>> {
            match value {
                Expr::Object(pairs) => (!pairs.iter().any(|(k, _)| k == "id")).then(|| pairs.clone()),
                other => {
                    let made = other.as_call()?;
                    let maker = self.facts.call(made);
                    let creates = maker.callee.segments.last().is_some_and(|m| m == "create");
                    let constructs = maker.is_new && self.refers(maker.function, &maker.callee).is_some();
                    (creates || constructs).then(|| self.pairs(maker.function, maker.args.first()))
                }
            }
        };
        let (written, name) = match call.args.first()? {
            Expr::Path(path) => {
                let Def::Value(file, index, rest) = self.cx.program.origin(self.file, call.function, path)
                else {
                    return None;
                };
                let binding = self.cx.program.binding(file, index).filter(|_| rest.is_empty())?;
                (fresh(&binding.value)?, Some(path.dotted()))
            }
            value => (fresh(value)?, None),
        };
        let mut insert = self.insert(model, id, Certainty::Named, written);
        if let (Some(name), Gives::Record, false) =
            (name, self.create.gives, matches!(insert.named, Named::Record(_)))
        {
            insert.named = Named::Record(name);
        }
        Some(insert)
    }

    /// The model a repository keeps: by its type argument, by the call that made it, or by its name.
    fn repository_of(&self, call: &Call, repository: &Path) -> Option<usize> {
        let typed = |text: &str| {
            self.own.iter().copied().find(|i| text.contains(&format!("<{}>", self.models[*i].name)))
        };
        if repository.root.is_this()
            && let [member] = repository.segments.as_slice()
        {
            let class = self.facts.enclosing(call.function).find_map(|f| self.facts.function(f).class)?;
            let field = self.facts.class(class).fields.iter().find(|f| f.name == *member);
            if let Some(annotation) = field.and_then(|f| f.annotation.as_deref())
                && annotation.contains('<')
            {
                return typed(annotation);
            }
        }
        let made = match repository.root {
            Root::Call(made) if repository.segments.is_empty() => Some((self.file, made)),
            _ => match self.cx.program.origin(self.file, call.function, repository) {
                Def::Value(file, index, _) => {
                    self.cx.program.binding(file, index).and_then(|b| b.value.as_call()).map(|c| (file, c))
                }
                _ => None,
            },
        };
        if let Some((file, made)) = made {
            let facts = self.cx.program.facts(file);
            let made = facts.call(made);
            if let Some(Expr::Path(path)) = made.args.first() {
                return self
                    .own
                    .iter()
                    .copied()
                    .find(|i| self.models[*i].is(self.cx, file, made.function, path).is_some());
            }
        }
        let named = repository.last().filter(|n| self.weight(n) == Some(3))?;
        let _ = named;
        self.own.first().copied()
    }

    pub(super) fn sql(&self, id: CallId, call: &Call) -> Option<Insert<'a>> {
        let text = call.args.iter().find_map(|a| self.cx.folded(self.file, call.function, a))?;
        let lower = text.to_lowercase();
        let rest = lower.split_once("insert into")?.1.trim_start();
        let table: String =
            rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '"' | '`')).collect();
        let bare = table.rsplit('.').next()?.trim_matches(['"', '`']).to_owned();
        let columns = rest.split_once('(')?.1.split(')').next()?;
        let weight = self.weight(&bare);
        if weight != Some(3) && !(weight.is_some() && columns.contains("password")) {
            return None;
        }
        let model = self.own.first().copied()?;
        let mut insert = self.insert(model, id, Certainty::Named, Vec::new());
        insert.upsert |= lower.contains("on conflict") && lower.contains("do update");
        let value = self.create.value.as_deref().filter(|_| lower.contains("returning"));
        let binding = self.facts.bindings.iter().find(|b| holds(&b.value, insert.call));
        insert.named = match (value, binding) {
            (Some(value), Some(binding)) => {
                let listed = binding.names.iter().any(|n| n.path.first().is_some_and(|p| p == "0"));
                let path: Vec<&str> = if listed { vec!["0"] } else { value.split('.').collect() };
                below(&binding.names, &path)
            }
            _ => Named::Nothing,
        };
        Some(insert)
    }
}
