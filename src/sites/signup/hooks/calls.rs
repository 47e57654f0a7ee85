//! Calls into a library by which an app signs a user up itself.

use super::{Draft, Search, Told, is_symbol, without_last};
use crate::catalog::{Callee, SignUpPlace, Symbol};
use crate::resolve::Def;
use crate::sites::Hook;
use crate::sites::cx::is_callee;
use crate::sites::handlers::reached_from;
use crate::sites::signup::models::{code_with, holds};
use crate::sites::signup::place;
use crate::sites::signup::value::{Named, below};
use crate::syntax::{Call, CallId, Expr, Span};
use crate::workspace::FileId;

impl Search<'_, '_> {
    /// Calls that sign a user up.
    pub(super) fn calls(&self, hosted: bool, found: &mut Vec<Told>) {
        let SignUpPlace::Call { callee, user, callback } = &self.signup.place else { return };
        let method = callee.made.as_deref().unwrap_or(&callee.name);
        let last = method.rsplit('.').next().unwrap_or(method);
        for file in code_with(self.cx, [last].into_iter()) {
            let facts = self.cx.program.facts(file);
            if facts.has_directive("use client") {
                continue;
            }
            for id in facts.call_ids() {
                let call = facts.call(id);
                if call.callee.last() != Some(last) || !self.is_call(file, id, call, callee) {
                    continue;
                }
                if let Some(draft) = self.call(file, id, call, user, *callback, hosted) {
                    found.push(self.told(draft));
                }
            }
        }
    }

    /// The callee is what the entry names, made by a class of the app that extends it, or by a model it is plugged into.
    fn is_call(&self, file: FileId, id: CallId, call: &Call, callee: &Callee) -> bool {
        if is_callee(callee, &self.cx.callee(file, id)) {
            return true;
        }
        let (Some(made), Some(object)) = (&callee.made, without_last(&call.callee)) else { return false };
        if made.contains('.') {
            return false;
        }
        let base = Symbol { module: callee.module.clone(), name: callee.name.clone() };
        let class = match self.cx.program.origin(file, call.function, &object) {
            Def::Class(at, class) => Some((at, class)),
            Def::Value(at, index, rest) if rest.is_empty() => {
                let made = self.cx.program.binding(at, index).and_then(|b| b.value.as_call());
                match made.map(|made| self.cx.callee(at, made)) {
                    Some(Def::Class(at, class)) => Some((at, class)),
                    _ => None,
                }
            }
            _ => None,
        };
        if let Some((at, class)) = class {
            let facts = self.cx.program.facts(at);
            let class = facts.class(class);
            return class.bases.iter().any(|b| is_symbol(&base, &self.cx.def(at, class.parent, b)));
        }
        // A plugin of the model's own file.
        callee.name == "*"
            && self.models.iter().any(|m| m.is(self.cx, file, call.function, &object).is_some())
            && !code_with(self.cx, [callee.module.as_str()].into_iter()).is_empty()
    }

    fn call(
        &self,
        file: FileId,
        id: CallId,
        call: &Call,
        user: &str,
        callback: bool,
        hosted: bool,
    ) -> Option<Draft> {
        let facts = self.cx.program.facts(file);
        let reached = reached_from(self.cx, file, call.function);
        let symbol = call.function.map_or_else(String::new, |f| facts.function(f).symbol.clone());
        let against = place::aside(self.cx, file, call.function);
        let mut evidence = vec![format!("`{}` of {} makes a user", call.callee.dotted(), self.entry.title)];
        let mut score: f64 = if reached.is_empty() { 0.72 } else { 0.88 };
        if let Some(against) = against {
            score = 0.3;
            evidence.push(against);
        }
        if hosted {
            score = score.min(0.6);
            evidence.push("the provider keeps the users, and some may never come by here: through another way to sign in, or its dashboard".into());
        }
        let given = call.args.iter().rev().find_map(|a| match a {
            Expr::Function(f) => Some(*f),
            _ => None,
        });
        let draft = |statement: Span, hook: Option<Hook>, user: Option<Named>| Draft {
            file,
            function: call.function,
            symbol: symbol.clone(),
            region: call.statement,
            statement,
            hook,
            user,
            score,
            evidence: evidence.clone(),
            sees_all: false,
        };
        if let Some(given) = given.filter(|_| callback) {
            let f = facts.function(given);
            let name = f.params.iter().filter_map(|p| p.name()).next_back()?;
            return Some(draft(f.body, Some(Hook::Body(f.body)), Some(Named::Record(name.to_owned()))));
        }
        let path: Vec<&str> = user.split('.').filter(|p| !p.is_empty()).collect();
        let binding = facts.bindings.iter().find(|b| holds(&b.value, id));
        let named = binding.map(|b| below(&b.names, &path));
        // `form.save(commit=False)` makes the record in memory; it exists once it is saved itself.
        if call.keywords.iter().any(|(_, v)| matches!(v, Expr::Bool(false))) {
            let Some(Named::Record(name)) = &named else { return None };
            let saved = facts.calls.iter().find(|c| {
                c.function == call.function
                    && c.span.start > call.span.end
                    && c.callee.root_name() == Some(name)
                    && c.callee.segments.len() == 1
                    && c.callee.last() == call.callee.last()
            })?;
            return Some(Draft { region: saved.statement, ..draft(saved.statement, None, named.clone()) });
        }
        Some(draft(call.statement, None, named))
    }
}
