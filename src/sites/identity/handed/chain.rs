//! What functions along a chain add to what the handler at its end is given: `client.use(…).action(({ ctx }) => …)`.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::follow::{Called, Follow, Given, Place};
use super::runs::{Inner, MAX_WRAPPERS};
use super::shape::{Shape, What};
use crate::catalog::ChainContext;
use crate::resolve::{Def, Module};
use crate::syntax::{Binding, CallId, Expr, FunctionId, Root, Span};
use crate::workspace::FileId;

impl Follow<'_, '_> {
    /// The context at the end of a chain whose links add to it.
    pub(super) fn by_chain(&mut self, file: FileId, end: CallId, about: &ChainContext) -> Shape {
        let mut context = Shape::of(What::Object(BTreeMap::new()));
        for (file, id) in self.links(file, end) {
            let facts = self.cx.program.facts(file);
            let call = facts.call(id);
            let Some(method) = call.callee.segments.last() else { continue };
            if about.made_by.contains(method)
                && let Some(made) = self.first_context(file, id)
            {
                context = made;
            }
            if about.links.contains(method) {
                for arg in &call.args {
                    context = self.linked(file, call.function, arg, context, about);
                }
            }
        }
        let mut whole = Shape::of(What::Object(BTreeMap::new()));
        whole.set(std::slice::from_ref(&about.member), context);
        whole
    }

    /// The calls of a chain, its beginning first; names it is kept under are looked through.
    pub(super) fn links(&self, file: FileId, end: CallId) -> Vec<(FileId, CallId)> {
        let mut links = Vec::new();
        let mut next = Some((file, end));
        while let Some((file, id)) = next.filter(|link| !links.contains(link)) {
            links.push((file, id));
            let call = self.cx.program.facts(file).call(id);
            next = match &call.callee.root {
                Root::Call(inner) => Some((file, *inner)),
                Root::Name(name) => self.kept(file, call.function, name, call.span.start, 0),
                _ => None,
            };
        }
        links.reverse();
        links
    }

    /// The call whose value is kept under a name.
    fn kept(
        &self,
        file: FileId,
        function: Option<FunctionId>,
        name: &str,
        at: u32,
        hops: usize,
    ) -> Option<(FileId, CallId)> {
        if hops > MAX_WRAPPERS {
            return None;
        }
        let (file, value) = match self.object(file, function, name, at) {
            Def::Value(file, index, taken) if taken.is_empty() => {
                (file, &self.cx.program.binding(file, index)?.value)
            }
            // A function in a call goes by the name that the call's value is kept under.
            Def::Function(file, inner) => {
                let facts = self.cx.program.facts(file);
                let inner = facts.function(inner);
                inner.argument_of?;
                let named = |b: &&Binding| b.names.iter().any(|n| n.local == inner.name && n.path.is_empty());
                (file, &facts.bindings.iter().find(named)?.value)
            }
            _ => return None,
        };
        match value.unawaited() {
            Expr::Call(id) => Some((file, *id)),
            // `export const procedure = t.procedure;`
            Expr::Path(path) => self.kept(file, None, path.root_name()?, path.span.start, hops + 1),
            _ => None,
        }
    }

    /// The context behind one link.
    fn linked(
        &mut self,
        file: FileId,
        function: Option<FunctionId>,
        link: &Expr,
        context: Shape,
        about: &ChainContext,
    ) -> Shape {
        let at = self.cx.program.facts(file).functions.first().map_or(0, |f| f.span.end);
        let found = match link {
            Expr::Function(id) => Some((file, *id, None)),
            Expr::Path(path) => {
                let place = Place { file, function, at: path.span.start.max(at), calls: None };
                self.function(&place, path)
            }
            _ => None,
        };
        let Some((file, wrapper, before)) = found else { return context };
        let mut given = Shape::of(What::Object(BTreeMap::new()));
        given.set(std::slice::from_ref(&about.member), context.clone());
        let given = vec![Given::Known(given)];
        let called = Rc::new(Called { file, function: wrapper, given, call: None, before });
        let inner = Inner { file, wrapper, position: 0, taken: vec![about.next.clone()] };
        let Some(runs) = self.runs(&inner, &called, 0, 0) else { return context };
        let behind = runs.into_iter().map(|given| {
            let mut behind = context.clone();
            behind.spread(&given.member(std::slice::from_ref(&about.member)));
            behind
        });
        behind.reduce(Shape::join).unwrap_or(context)
    }

    /// What the function gives whose type the chain was started with: `.context<typeof createContext>()`.
    fn first_context(&mut self, file: FileId, id: CallId) -> Option<Shape> {
        let call = self.cx.program.facts(file).call(id);
        let of_type = self.cx.slice(file, Span { start: call.callee.span.end, end: call.args_span.start });
        let (file, maker) = typeof_name(&of_type).map(|name| (file, name)).or_else(|| {
            let name = of_type.trim_matches(['<', '>', ' ']).to_owned();
            let from = self.cx.program.facts(file).imports.iter().find(|i| i.local == name);
            let file = match from.map(|i| self.cx.program.module(file, &i.module, None)) {
                Some(Module::File(other)) => other,
                _ => file,
            };
            let text = self.cx.workspace().text(file).ok()?;
            let declared = text.as_str().split(&format!("type {name} =")).nth(1)?;
            Some((file, typeof_name(declared.split(';').next()?)?))
        })?;
        match self.cx.program.name(file, None, &maker, u32::MAX) {
            Def::Function(file, function) => Some(self.returned(file, function, None)),
            Def::Value(file, index, taken) if taken.is_empty() => {
                match &self.cx.program.binding(file, index)?.value {
                    Expr::Function(function) => Some(self.returned(file, *function, None)),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// The name behind the first `typeof`.
fn typeof_name(text: &str) -> Option<String> {
    let rest = text.split("typeof ").nth(1)?.trim_start();
    let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}
