//! Values that a check gives in place of the user: an answer, or nothing because the call leaves by throwing.

use super::follow::{Follow, Place};
use crate::catalog::Kind;
use crate::ir::Fact;
use crate::sites::cx::after;
use crate::sites::holds;
use crate::syntax::Expr;

/// Functions of the app that are looked into for what they answer.
const MAX_HOPS: usize = 4;

/// What a value is that is no user.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// An instance of this class.
    Of(String),
    /// Nothing: the call leaves by throwing.
    Gone,
}

impl Follow<'_, '_> {
    /// The class of a value that is no user: `new Response()`, `Response.json()`.
    pub(super) fn class_of(&mut self, place: &Place, value: &Expr, hops: usize) -> Option<Class> {
        if hops > MAX_HOPS {
            return None;
        }
        let facts = self.cx.program.facts(place.file);
        match value.unawaited() {
            Expr::Call(id) => {
                let call = facts.call(*id);
                if let Some((file, function, calls)) = self.function(place, &call.callee) {
                    let at = self.cx.program.facts(file).function(function).body.start;
                    let inside = Place { file, function: Some(function), at, calls };
                    let facts = self.cx.program.facts(file);
                    let mut classes = facts.returns.iter().filter(|(f, _)| *f == function);
                    let first = self.class_of(&inside, &classes.next()?.1, hops + 1)?;
                    return classes
                        .all(|(_, v)| self.class_of(&inside, v, hops + 1).as_ref() == Some(&first))
                        .then_some(first);
                }
                let def = self.cx.callee(place.file, *id);
                let leaves = self.cx.entries(Kind::Framework).filter_map(|e| e.framework.as_ref());
                let mut leaves = leaves.flat_map(|f| &f.throwing);
                if leaves.any(|symbol| after(symbol, &def).is_some_and(<[String]>::is_empty)) {
                    return Some(Class::Gone);
                }
                let name = call.callee.root_name()?;
                let is_class = name.chars().next().is_some_and(char::is_uppercase);
                is_class.then(|| Class::Of(name.to_owned()))
            }
            Expr::Path(path) => {
                let known = holds::about(self.cx, place.file, path.as_name()?, 0, path.span.start);
                known.into_iter().find_map(|(of, fact)| match fact {
                    Fact::Is(class) if of.is_empty() => Some(Class::Of(class)),
                    _ => None,
                })
            }
            _ => None,
        }
    }
}
