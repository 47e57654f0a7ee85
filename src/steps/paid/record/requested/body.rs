//! The model that a request names in its body, as a dimension of the event.

use super::{Order, Spot, clients};
use crate::resolve::Def;
use crate::steps::paid::code::quoted;
use crate::syntax::{Call, Expr, FunctionId, Path, Root};
use crate::workspace::Language;

/// Calls that make the text of a body: `JSON.stringify(x)`, `json.dumps(x)`.
const TO_JSON: &[&str] = &["stringify", "dumps"];

/// The field of the event for the model, where the body names one that can be written again behind the request.
pub(super) fn model(order: &Order<'_, '_>, spot: &Spot<'_>, call: &Call) -> Option<(String, String)> {
    let key = order.spend.rule().http?.model.as_str();
    let given = clients(order, spot, call).flat_map(|http| &http.bodies).find_map(|key| {
        match key.parse::<usize>() {
            Ok(position) => call.args.get(position),
            Err(_) => call.option(key),
        }
    })?;
    let (body, function) = literal(order, spot, call, given)?;
    let value = body.property(key)?;
    Some(("model".to_owned(), text(order, spot, call, value, function)?))
}

/// The object that a body is made of, with the function in which it stands.
fn literal<'e>(
    order: &Order<'_, '_>,
    spot: &Spot<'e>,
    call: &Call,
    given: &'e Expr,
) -> Option<(&'e Expr, Option<FunctionId>)> {
    let inner = given.as_call().map(|id| spot.facts.call(id));
    let inner = inner.filter(|c| c.callee.last().is_some_and(|last| TO_JSON.contains(&last)));
    let given = inner.map_or(Some(given), |c| c.args.first())?;
    if matches!(given, Expr::Object(_)) {
        return Some((given, call.function));
    }
    let name = given.as_path().and_then(Path::as_name)?;
    match order.kit.cx.program.name(spot.file, call.function, name, call.span.start) {
        Def::Value(file, index, _) if file == spot.file => {
            let binding = &spot.facts.bindings[index];
            matches!(binding.value, Expr::Object(_)).then_some((&binding.value, binding.function))
        }
        _ => None,
    }
}

/// How the name of a model is written behind the request: a literal, or a name that holds the same there and is text.
fn text(
    order: &Order<'_, '_>,
    spot: &Spot<'_>,
    call: &Call,
    value: &Expr,
    function: Option<FunctionId>,
) -> Option<String> {
    if let Expr::Str(text) = value {
        return Some(quoted(text));
    }
    let path = value.as_path()?;
    // What another function calls so may be anything here.
    if function.is_some_and(|function| Some(function) != call.function) {
        return None;
    }
    let typed = matches!(
        order.kit.cx.workspace.entry(spot.file).language,
        Some(Language::TypeScript | Language::Tsx)
    );
    let known = match (&path.root, typed) {
        (Root::Name(_) | Root::This(_), false) => true,
        (Root::Name(_), true) => is_text(order, spot, call, path),
        _ => false,
    };
    known.then(|| spot.source.slice(path.span.range()).to_owned())
}

/// Whether a name is text for a compiler too.
fn is_text(order: &Order<'_, '_>, spot: &Spot<'_>, call: &Call, path: &Path) -> bool {
    let program = order.kit.cx.program;
    let Some(name) = path.as_name() else { return false };
    match program.name(spot.file, call.function, name, path.span.start) {
        Def::Param(file, owner, position, members) if members.is_empty() => {
            let param = program.facts(file).function(owner).params.get(position);
            let annotation = param.and_then(|p| p.annotation_text.as_deref());
            annotation.is_some_and(|a| a.trim_start_matches(':').trim() == "string")
        }
        Def::Value(file, index, members) if members.is_empty() => {
            program.binding(file, index).is_some_and(|b| matches!(b.value, Expr::Str(_) | Expr::Template(_)))
        }
        _ => false,
    }
}
