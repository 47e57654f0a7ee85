//! Calls of a client that the code chooses: a method gives back the SDK's client or an object of the app's own that behaves
//! like it.
//!
//! Where every choice is a client of the provider, such a call is like any other. Where one is something else, an event at
//! the call would also bill what that does by itself, so that the call is shown with the reason.

use super::calls::is_rule;
use crate::catalog::{Entry, Kind, ProviderCall};
use crate::resolve::Def;
use crate::sites::cx::Cx;
use crate::sites::makers::{self, Choice};
use crate::syntax::{Call, Expr, Path};
use crate::workspace::FileId;

/// The provider's call, with what the client may be instead.
pub(super) fn call<'a>(
    cx: &Cx<'a>,
    file: FileId,
    call: &Call,
    called: &Path,
) -> Option<(&'a Entry, &'a ProviderCall, Option<String>)> {
    let rules = cx.entries(Kind::Provider).flat_map(|entry| {
        let calls = entry.provider.iter().flat_map(|p| &p.calls);
        calls.map(move |rule| (entry, rule))
    });
    // A method alone says too little: `run`, `create`.
    let mut rules = rules.filter(|(_, rule)| {
        rule.path.contains('.') && !rule.path.contains(['*', '(']) && ends_with(called, &rule.path)
    });
    rules.find_map(|(entry, rule)| {
        let client = client(called, &rule.path)?;
        let choices = makers::choices(cx, file, call.function, &Expr::Path(client));
        let (own, others): (Vec<&Choice>, Vec<&Choice>) =
            choices.iter().partition(|choice| is_client(cx, choice, entry, rule));
        (!own.is_empty()).then(|| (entry, rule, others.first().map(|other| place(cx, other))))
    })
}

fn ends_with(called: &Path, path: &str) -> bool {
    let mut members = called.segments.iter().rev();
    path.rsplit('.').all(|part| members.next().is_some_and(|member| member == part))
}

/// What a path is read of: a name, or a field of the object around.
fn client(called: &Path, path: &str) -> Option<Path> {
    let own = called.segments.len().checked_sub(path.split('.').count())?;
    let is_plain = own == usize::from(called.root.is_this());
    is_plain.then(|| Path { segments: called.segments.iter().take(own).cloned().collect(), ..called.clone() })
}

/// Whether a choice makes a client that the rule is about.
fn is_client(cx: &Cx<'_>, choice: &Choice, entry: &Entry, rule: &ProviderCall) -> bool {
    let Some(maker) = choice.value.as_call() else { return false };
    let Def::Outside(module, mut members) = cx.callee(choice.file, maker) else { return false };
    members.push("()".to_owned());
    members.extend(rule.path.split('.').map(str::to_owned));
    is_rule(entry, rule, &Def::Outside(module, members))
}

/// A choice in words: `` `LocalModel` (app/models.py:12) ``.
fn place(cx: &Cx<'_>, choice: &Choice) -> String {
    let facts = cx.program.facts(choice.file);
    let (written, at) = match (&choice.value, choice.value.as_call()) {
        (_, Some(id)) => {
            let maker = facts.call(id);
            (cx.written(choice.file, &maker.callee), maker.span.start)
        }
        (Expr::Path(path), None) => (cx.written(choice.file, path), path.span.start),
        _ => return "something else".to_owned(),
    };
    format!("`{written}` ({}:{})", cx.path(choice.file), cx.line(choice.file, at))
}
