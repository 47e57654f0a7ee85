//! What a stream's call sends to the model, as an expression for the meter: where the stream breaks off before the
//! provider has counted, the input is told by its length.
//!
//! Only what can be read once more without doing anything is repeated: names, members, literals. Of a call its arguments
//! are taken, of a list its parts: an estimate needs the texts, not their form.

use tree_sitter::Node;

use super::{Order, Spot};
use crate::catalog::Stream;
use crate::syntax::Call;
use crate::syntax::source::{items, walk};

/// Members of lists that give their items again, in some form.
const OF_LISTS: &[&str] = &["map", "flatMap", "filter", "slice", "reverse", "toReversed"];

/// The expression; none where nothing that is sent can be repeated here.
pub(super) fn prompt(order: &Order<'_, '_>, spot: &Spot<'_>, call: &Call, stream: &Stream) -> Option<String> {
    // Only in the file of the call its arguments mean the same.
    order.paid.1.filter(|_| order.paid.0.span == call.span)?;
    let mut parts = Vec::new();
    for option in &stream.prompt {
        if let Some(value) = argument(spot, call, option) {
            pieces(spot, value, &mut parts);
        }
    }
    parts.dedup();
    match parts.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        several => Some(format!("[{}]", several.join(", "))),
    }
}

/// The value of an option in the object literal among the arguments, or of a keyword.
fn argument<'t>(spot: &Spot<'t>, call: &Call, name: &str) -> Option<Node<'t>> {
    let source: &'t crate::syntax::source::Source<'t> = spot.source;
    let list = source.node(&call.args_span.range())?;
    for argument in items(list) {
        let key = argument.child_by_field_name("name");
        if argument.kind() == "keyword_argument" && key.is_some_and(|k| source.of(k) == name) {
            return argument.child_by_field_name("value");
        }
        if argument.kind() != "object" {
            continue;
        }
        for pair in items(argument) {
            let key = pair.child_by_field_name("key").map(|k| source.of(k).trim_matches(['"', '\'']));
            if pair.kind() == "pair" && key == Some(name) {
                return pair.child_by_field_name("value");
            }
            if pair.kind() == "shorthand_property_identifier" && source.of(pair) == name {
                return Some(pair);
            }
        }
    }
    None
}

/// The parts of a value that can be repeated, in their order.
fn pieces(spot: &Spot<'_>, node: Node<'_>, parts: &mut Vec<String>) {
    match node.kind() {
        "arrow_function"
        | "function_expression"
        | "lambda"
        | "number"
        | "integer"
        | "float"
        | "true"
        | "false" => {}
        "object"
        | "dictionary"
        | "pair"
        | "array"
        | "list"
        | "tuple"
        | "spread_element"
        | "list_splat"
        | "parenthesized_expression"
        | "as_expression"
        | "satisfies_expression"
        | "await_expression"
        | "await"
        | "non_null_expression" => {
            let inner: Vec<Node<'_>> = match node.child_by_field_name("value") {
                Some(value) => vec![value],
                None => items(node),
            };
            for child in inner {
                pieces(spot, child, parts);
            }
        }
        "call_expression" | "call" => {
            let function = node.child_by_field_name("function");
            let member = |name| function.and_then(|f| f.child_by_field_name(name));
            if let Some(object) = member("object") {
                pieces(spot, object, parts);
                if member("property").is_some_and(|p| OF_LISTS.contains(&spot.source.of(p))) {
                    return;
                }
            }
            for argument in node.child_by_field_name("arguments").map(items).unwrap_or_default() {
                pieces(spot, argument, parts);
            }
        }
        "string" if spot.source.of(node).len() < 24 && !spot.source.of(node).contains(' ') => {}
        _ if is_plain(node) => parts.push(spot.source.of(node).to_owned()),
        _ => {}
    }
}

/// Whether reading it once more does nothing, and it fits on a line.
fn is_plain(node: Node<'_>) -> bool {
    let mut plain = node.start_position().row == node.end_position().row;
    walk(node, &mut |inner| {
        plain &= !matches!(
            inner.kind(),
            "call_expression"
                | "call"
                | "await_expression"
                | "await"
                | "new_expression"
                | "assignment_expression"
                | "augmented_assignment_expression"
                | "update_expression"
                | "named_expression"
                | "yield"
                | "yield_expression"
        );
    });
    plain
}
