//! One more field in a class, after its siblings.

use std::ops::Range;

use tree_sitter::Node;

use super::{Refusal, code};
use crate::edit::Edit;
use crate::syntax::source::{Source, items};
use crate::syntax::style::Style;

/// Adds a field to the body of a class: after the last field that stands before the first method, else at the top (below a
/// docstring). Refuses a name that is there.
pub fn add_field(
    source: &Source<'_>,
    style: &Style,
    class: &Range<usize>,
    text: &str,
    why: &str,
) -> Result<Vec<Edit>, Refusal> {
    add_field_after(source, style, class, text, why, &|_| true)
}

/// The same after the last of those fields that `fits` holds for; it is given the field as written.
pub fn add_field_after(
    source: &Source<'_>,
    style: &Style,
    class: &Range<usize>,
    text: &str,
    why: &str,
    fits: &dyn Fn(&str) -> bool,
) -> Result<Vec<Edit>, Refusal> {
    let mut node = source.node(class).ok_or(Refusal::NotFound("class"))?;
    while !matches!(node.kind(), "class_definition" | "class_declaration" | "class") || !node.is_named() {
        node = node.parent().ok_or(Refusal::NotFound("class"))?;
    }
    let body = node.child_by_field_name("body").ok_or(Refusal::NotFound("class body"))?;
    let members = items(body);
    let name =
        |text: &str| text.split([':', '=', ';', '?', '!', ' ', '(']).next().unwrap_or_default().to_owned();
    if members.iter().any(|m| field_name(source, *m).is_some_and(|n| n == name(text))) {
        return Err(Refusal::AlreadyThere(name(text)));
    }
    let newline = source.newline();
    let outer = source.indent_at(node.start_byte());
    let inner = format!("{outer}{}", style.indent.unit());
    let last = members
        .iter()
        .take_while(|m| !is_method(**m))
        .filter(|m| field_name(source, **m).is_some_and(|n| !is_setting(&n)) && fits(source.of(**m)))
        .last();
    if let Some(last) = last {
        let indent = source.indent_at(last.start_byte());
        let mut end = last.end_byte();
        if source.slice(end..source.text.len()).starts_with(';') {
            end += 1;
        }
        let at = source.line_end(end);
        return Ok(vec![Edit::insertion(at, format!("{newline}{}", code(source, style, text, indent)), why)]);
    }
    let text = code(source, style, text, &inner);
    match members.first() {
        // `pass` and `...` only hold the place.
        Some(only) if members.len() == 1 && matches!(source.of(*only), "pass" | "...") => {
            Ok(vec![Edit::replacement(only.byte_range(), text.trim_start(), why)])
        }
        Some(doc) if is_docstring(*doc) => Ok(vec![Edit::insertion(
            source.line_end(doc.end_byte()),
            format!("{newline}{newline}{text}"),
            why,
        )]),
        Some(first) if source.is_first_on_line(first.start_byte()) => {
            let at = first.start_byte();
            let gap = if is_method(*first) { newline } else { "" };
            Ok(vec![Edit::insertion(
                at,
                format!("{}{newline}{gap}{}", text.trim_start(), source.indent_at(at)),
                why,
            )])
        }
        None if !source.is_python() => {
            let inside = body.start_byte() + 1..body.end_byte() - 1;
            Ok(vec![Edit::replacement(inside, format!("{newline}{text}{newline}{outer}"), why)])
        }
        _ => Err(Refusal::SharedLine),
    }
}

fn is_method(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "method_definition" | "function_definition" | "decorated_definition" | "class_definition"
    )
}

/// Configuration of the class itself usually stands last, and stays there.
fn is_setting(name: &str) -> bool {
    name == "model_config"
}

/// Whether a statement is a text and nothing else: a docstring, or a directive.
pub fn is_docstring(node: Node<'_>) -> bool {
    node.kind() == "expression_statement" && node.named_child(0).is_some_and(|n| n.kind() == "string")
}

/// The name of a field, `None` for other members.
fn field_name(source: &Source<'_>, member: Node<'_>) -> Option<String> {
    let name = match member.kind() {
        "public_field_definition" => member.child_by_field_name("name")?,
        "expression_statement" => {
            let inner = member.named_child(0)?;
            if inner.kind() != "assignment" {
                return None;
            }
            inner.child_by_field_name("left")?
        }
        _ => return None,
    };
    Some(source.of(name).to_owned())
}
