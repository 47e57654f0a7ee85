//! Signals that a library sends when a record is made, and the functions that receive them.

use super::{Draft, Search, Told, is_symbol, without_last};
use crate::catalog::{Entry, Kind, Symbol, payer_words};
use crate::sites::Hook;
use crate::sites::cx::Cx;
use crate::sites::signup::models::{Whose, code_with, user_name};
use crate::sites::signup::value::Named;
use crate::sites::signup::{options, place};
use crate::syntax::{Decorator, Expr, FunctionId, Path, Span};
use crate::workspace::FileId;

/// Whose signal it is.
enum Sender {
    Any,
    /// That of the record type which is looked for.
    Own,
    Other(String),
}

impl Search<'_, '_> {
    /// A function that a signal is connected to.
    pub(super) fn callback(&self, symbol: &Symbol, param: Option<&str>, found: &mut Vec<Told>) {
        let word = symbol.name.rsplit('.').next().unwrap_or_default();
        for file in code_with(self.cx, [word].into_iter()) {
            let facts = self.cx.program.facts(file);
            for id in facts.function_ids() {
                let f = facts.function(id);
                let sender =
                    f.decorators.iter().find_map(|d| self.decorated(file, f.parent, d, symbol)).or_else(
                        || {
                            self.cx.program.handed_over(file, id).into_iter().find_map(|(at, call, _)| {
                                let facts = self.cx.program.facts(at);
                                let call = facts.call(call);
                                let signal = without_last(&call.callee)?;
                                is_symbol(symbol, &self.cx.def(at, call.function, &signal))
                                    .then(|| self.sender(at, call.function, &call.keywords))
                            })
                        },
                    );
                if let Some(sender) = sender
                    && place::aside(self.cx, file, Some(id)).is_none()
                {
                    found.extend(self.receiver(file, id, &sender, param));
                }
            }
        }
    }

    fn decorated(
        &self,
        file: FileId,
        function: Option<FunctionId>,
        decorator: &Decorator,
        symbol: &Symbol,
    ) -> Option<Sender> {
        let by_arg = decorator.args.iter().any(|a| {
            let paths: Vec<&Path> = match a {
                Expr::List(items) => items.iter().filter_map(Expr::as_path).collect(),
                other => other.as_path().into_iter().collect(),
            };
            paths.iter().any(|p| is_symbol(symbol, &self.cx.def(file, function, p)))
        });
        let by_member = without_last(&decorator.path)
            .is_some_and(|signal| is_symbol(symbol, &self.cx.def(file, function, &signal)));
        (by_arg || by_member).then(|| self.sender(file, function, &decorator.keywords))
    }

    fn sender(&self, file: FileId, function: Option<FunctionId>, keywords: &[(String, Expr)]) -> Sender {
        let Some((_, value)) = keywords.iter().find(|(k, _)| k == "sender") else { return Sender::Any };
        let name = match value {
            Expr::Path(path) => {
                let is_user = |l: &str| l.to_lowercase().ends_with("user_model");
                if self.models.iter().any(|m| m.is(self.cx, file, function, path).is_some())
                    || (self.of_users() && path.last().is_some_and(is_user))
                {
                    return Sender::Own;
                }
                path.last().unwrap_or_default().to_owned()
            }
            Expr::Str(text) => text.rsplit('.').next().unwrap_or_default().to_owned(),
            other => {
                let facts = self.cx.program.facts(file);
                other.as_call().and_then(|c| facts.call(c).callee.last()).unwrap_or_default().to_owned()
            }
        };
        let of_user = user_name(&name) == Some(3) || name.ends_with("user_model");
        let of_model = self.models.iter().any(|m| m.of.weight(&name) == Some(3));
        if (self.of_users() && of_user) || (!self.of_users() && of_model) {
            Sender::Own
        } else {
            Sender::Other(name)
        }
    }

    /// Whether users are looked for.
    fn of_users(&self) -> bool {
        self.models.iter().all(|m| m.of == Whose::Users)
    }

    fn receiver(&self, file: FileId, id: FunctionId, sender: &Sender, param: Option<&str>) -> Option<Told> {
        let facts = self.cx.program.facts(file);
        let f = facts.function(id);
        let text = self.cx.slice(file, f.body);
        let of_user = self.of_users() && param.is_some_and(|p| user_name(p) == Some(3));
        // Outside of `if created:` it is run whenever a record is saved.
        let created = created_block(self.cx, file, f.body);
        if !of_user && created.is_none() {
            return None;
        }
        let name = param
            .filter(|p| f.params.iter().any(|q| q.name() == Some(p)))
            .or_else(|| f.params.iter().filter_map(|p| p.name()).find(|n| user_name(n) == Some(3)));
        let (score, why) = match sender {
            Sender::Own => (0.93, format!("a signal that is sent for every new {}", self.new)),
            Sender::Any if of_user => {
                (0.93, format!("a signal that {} sends for every new user", self.entry.title))
            }
            Sender::Other(model)
                if self.of_users()
                    && payer_words().noun(model).is_some()
                    && is_about_billing(self.cx, &text) =>
            {
                (
                    0.6,
                    format!(
                        "the app's own billing begins with a new `{model}`: if that is who pays, make the customer here"
                    ),
                )
            }
            Sender::Any | Sender::Other(_) => return None,
        };
        let block = created.unwrap_or(f.body);
        let base = name.map_or_else(|| "**kwargs".to_owned(), str::to_owned);
        let known = name.is_some();
        Some(self.told(Draft {
            file,
            function: Some(id),
            symbol: f.symbol.clone(),
            region: f.statement,
            statement: block,
            hook: Some(Hook::Body(block)),
            user: known.then_some(Named::Record(base)),
            score,
            evidence: vec![why],
            sees_all: matches!(sender, Sender::Own),
        }))
    }
}

/// Whether code speaks of billing, or of a service that keeps who pays.
fn is_about_billing(cx: &Cx<'_>, text: &str) -> bool {
    let text = text.to_lowercase();
    let takes_payments = |entry: &&Entry| entry.sender.as_ref().is_some_and(|s| !s.payer_columns.is_empty());
    ["subscription", "billing", "customer", "payment"].iter().any(|word| text.contains(word))
        || cx.catalog.of(Kind::Sender).filter(takes_payments).any(|entry| text.contains(entry.value()))
}

/// The block under `if created`.
fn created_block(cx: &Cx<'_>, file: FileId, body: Span) -> Option<Span> {
    options::block_under(cx, file, body, "created")
}
