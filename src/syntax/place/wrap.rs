//! A call, or a statement, that runs inside of something.
//!
//! ```text
//! await f(x)          -> await run(id, () => f(x))        TypeScript, JavaScript
//! await f(chat.text)  -> await run(id, f, chat.text)      where `chat.text` was narrowed by a check before
//! r = await f(x)      -> with run(id):                    Python
//!                            r = await f(x)
//! ```
//!
//! TypeScript forgets in a closure what was checked of a member before it, so such arguments stay outside of one.

use std::ops::Range;

use tree_sitter::Node;

use super::statement::{Spot, node_of, spot};
use super::{Refusal, code, deeper, function_of, is_function};
use crate::edit::Edit;
use crate::syntax::source::{Source, items, walk};
use crate::syntax::style::Style;

/// Columns up to which a call stays on its line.
const WIDTH: usize = 100;

/// Hands a call to a function that runs it: `name(first, () => call)`.
pub fn run_inside(
    source: &Source<'_>,
    style: &Style,
    call: &Range<usize>,
    (name, first): (&str, &str),
    why: &str,
) -> Result<Vec<Edit>, Refusal> {
    let call = super::result::call_at(source, call)?;
    let (Some(callee), Some(arguments)) =
        (call.child_by_field_name("function"), call.child_by_field_name("arguments"))
    else {
        return Err(Refusal::NotFound("call"));
    };
    let of_function = |kind: &str| {
        let mut found = false;
        walk(call, &mut |node| found |= node.kind() == kind && function_of(node) == function_of(call));
        found
    };
    if arguments.kind() != "arguments" || of_function("yield_expression") || of_function("super") {
        return Err(Refusal::NotFound("plain call"));
    }
    if source.language.is_typescript() && is_narrowed(source, call, arguments) {
        if callee.kind() != "identifier" || call.child_by_field_name("type_arguments").is_some() {
            return Err(Refusal::Narrowed);
        }
        let inside = arguments.start_byte()..arguments.start_byte() + 1;
        let next = source.slice(inside.end..arguments.end_byte());
        let comma = if next.starts_with(['\n', '\r']) { "," } else { ", " };
        return Ok(vec![
            Edit::insertion(call.start_byte(), format!("{name}({first}, "), why),
            Edit::replacement(inside, comma, why),
        ]);
    }
    let arrow = if of_function("await_expression") { "async () =>" } else { "() =>" };
    let head = format!("{name}({first}, {arrow}");
    let line = source.slice(source.line_start(call.start_byte())..source.line_end(call.start_byte()));
    let one_line = !source.of(call).contains('\n');
    if one_line && line.chars().count() + head.chars().count() + 2 <= WIDTH {
        return Ok(vec![
            Edit::insertion(call.start_byte(), format!("{head} "), why),
            Edit::insertion(call.end_byte(), ")", why),
        ]);
    }
    let newline = source.newline();
    let indent = source.indent_at(call.start_byte());
    let inner = format!("{indent}{}", style.indent.unit());
    let comma = if style.trailing_commas_in_calls { "," } else { "" };
    let mut edits = deeper(source, &call.byte_range(), style, why);
    edits.insert(0, Edit::insertion(call.start_byte(), format!("{head}{newline}{inner}"), why));
    edits.push(Edit::insertion(call.end_byte(), format!("{comma}{newline}{indent})"), why));
    Ok(edits)
}

/// Puts the Python statement around a range below a head of its own: `with run(id):`.
pub fn below_head(
    source: &Source<'_>,
    style: &Style,
    range: &Range<usize>,
    head: &str,
    why: &str,
) -> Result<Vec<Edit>, Refusal> {
    let spot = spot(source, range)?;
    let statement = node_of(&spot);
    let simple = matches!(statement.kind(), "expression_statement" | "return_statement" | "assignment");
    if !matches!(spot, Spot::Lines(_)) {
        return Err(Refusal::SharedLine);
    }
    let mut yields = false;
    walk(statement, &mut |node| yields |= node.kind() == "yield");
    if !simple || yields {
        return Err(Refusal::NotFound("simple statement"));
    }
    let at = statement.start_byte();
    let indent = source.indent_at(at);
    let head = code(source, style, head, indent);
    let text = format!("{}{}{indent}{}", head.trim_start(), source.newline(), style.indent.unit());
    let mut edits = deeper(source, &statement.byte_range(), style, why);
    edits.insert(0, Edit::insertion(at, text, why));
    Ok(edits)
}

/// Whether an argument's type may depend on a check in front of the call: a member (or something around it) that a
/// condition asks about, or a variable that is assigned to again.
fn is_narrowed(source: &Source<'_>, call: Node<'_>, arguments: Node<'_>) -> bool {
    let mut scope = source.root();
    let mut up = call.parent();
    while let Some(node) = up {
        if is_function(node) {
            scope = node;
        }
        up = node.parent();
    }
    let mut members = Vec::new();
    let mut names = Vec::new();
    for argument in items(arguments) {
        walk(argument, &mut |node| match node.kind() {
            "member_expression" => members.push(plain(source.of(node))),
            "identifier" | "shorthand_property_identifier" => names.push(source.of(node)),
            _ => {}
        });
    }
    let mut narrowed = false;
    walk(scope, &mut |node| {
        if node.start_byte() >= call.start_byte() {
            return;
        }
        let condition = match node.kind() {
            "if_statement" | "while_statement" | "ternary_expression" => {
                node.child_by_field_name("condition")
            }
            "binary_expression" => Some(node),
            _ => None,
        };
        if let Some(condition) = condition {
            walk(condition, &mut |inner| {
                let asked = plain(source.of(inner));
                narrowed |= inner.kind() == "member_expression"
                    && members.iter().any(|m| {
                        *m == asked
                            || m.strip_prefix(asked.as_str()).is_some_and(|rest| rest.starts_with('.'))
                    });
            });
        }
        if node.kind() == "lexical_declaration" && source.of(node).starts_with("let") {
            walk(node, &mut |inner| {
                narrowed |= inner.kind() == "identifier"
                    && inner.parent().is_some_and(|p| p.child_by_field_name("name") == Some(inner))
                    && names.contains(&source.of(inner));
            });
        }
    });
    narrowed
}

/// A member as it is written most plainly: `a.b` for `a?.b!`.
fn plain(text: &str) -> String {
    text.replace(['?', '!'], "")
}
