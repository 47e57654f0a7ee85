//! An element beside or inside another.

use std::ops::Range;

use tree_sitter::Node;

use super::{Refusal, code, deeper};
use crate::edit::Edit;
use crate::syntax::source::{Source, children, walk};
use crate::syntax::style::Style;

/// Adds an element after an element, as its sibling; where the parent is no element the two get a fragment around them.
pub fn add_jsx_after(
    source: &Source<'_>,
    style: &Style,
    element: &Range<usize>,
    text: &str,
    why: &str,
) -> Result<Vec<Edit>, Refusal> {
    let node = element_at(source, element)?;
    let parent = node.parent().ok_or(Refusal::NotFound("element"))?;
    let newline = source.newline();
    if matches!(parent.kind(), "jsx_element" | "jsx_fragment") {
        if source.is_first_on_line(node.start_byte()) {
            let indent = source.indent_at(node.start_byte());
            let text = element_text(source, style, text, indent);
            return Ok(vec![Edit::insertion(node.end_byte(), format!("{newline}{text}"), why)]);
        }
        return Ok(vec![Edit::insertion(node.end_byte(), element_text(source, style, text, ""), why)]);
    }
    if has_key(source, node) {
        return Err(Refusal::Keyed);
    }
    let outer = source.indent_at(node.start_byte());
    let inner = format!("{outer}{}", style.indent.unit());
    let mut edits = vec![Edit::insertion(node.start_byte(), format!("<>{newline}{inner}"), why)];
    edits.extend(deeper(source, &node.byte_range(), style, why));
    let text = element_text(source, style, text, &inner);
    edits.push(Edit::insertion(node.end_byte(), format!("{newline}{text}{newline}{outer}</>"), why));
    Ok(edits)
}

/// Adds an element before an element, as its sibling, where the parent is an element.
pub fn add_jsx_before(
    source: &Source<'_>,
    style: &Style,
    element: &Range<usize>,
    text: &str,
    why: &str,
) -> Result<Vec<Edit>, Refusal> {
    let node = element_at(source, element)?;
    let parent = node.parent().filter(|p| matches!(p.kind(), "jsx_element" | "jsx_fragment"));
    parent.ok_or(Refusal::NotFound("element around it"))?;
    let at = node.start_byte();
    if !source.is_first_on_line(at) {
        return Ok(vec![Edit::insertion(at, element_text(source, style, text, ""), why)]);
    }
    let indent = source.indent_at(at);
    let text = element_text(source, style, text, indent);
    let text = text.strip_prefix(indent).unwrap_or(&text);
    Ok(vec![Edit::insertion(at, format!("{text}{}{indent}", source.newline()), why)])
}

/// Adds an element as the last child of an element.
pub fn add_jsx_child(
    source: &Source<'_>,
    style: &Style,
    element: &Range<usize>,
    text: &str,
    why: &str,
) -> Result<Vec<Edit>, Refusal> {
    let node = element_at(source, element)?;
    if node.kind() == "jsx_self_closing_element" {
        return Err(Refusal::NotFound("element with children"));
    }
    let close = children(node)
        .pop()
        .filter(|c| c.kind() == "jsx_closing_element")
        .ok_or(Refusal::NotFound("closing tag"))?;
    let newline = source.newline();
    if source.is_first_on_line(close.start_byte()) {
        let outer = source.indent_at(close.start_byte());
        let inner = format!("{outer}{}", style.indent.unit());
        let at = source.slice(0..close.start_byte()).trim_end().len();
        return Ok(vec![Edit::insertion(
            at,
            format!("{newline}{}", element_text(source, style, text, &inner)),
            why,
        )]);
    }
    Ok(vec![Edit::insertion(close.start_byte(), element_text(source, style, text, ""), why)])
}

fn element_at<'a>(source: &'a Source<'_>, range: &Range<usize>) -> Result<Node<'a>, Refusal> {
    let mut node = source.node(range).ok_or(Refusal::NotFound("element"))?;
    while !matches!(node.kind(), "jsx_element" | "jsx_self_closing_element" | "jsx_fragment") {
        node = node.parent().ok_or(Refusal::NotFound("element"))?;
    }
    Ok(node)
}

/// Canonical JSX in the file's style. Alone it is a statement, so a semicolon must not come or go.
fn element_text(source: &Source<'_>, style: &Style, text: &str, indent: &str) -> String {
    code(source, style, text, indent)
}

fn has_key(source: &Source<'_>, node: Node<'_>) -> bool {
    let open = if node.kind() == "jsx_element" {
        node.child_by_field_name("open_tag").unwrap_or(node)
    } else {
        node
    };
    let mut found = false;
    walk(open, &mut |n| {
        let own = n.kind() == "jsx_attribute" && n.parent() == Some(open);
        found |= own && n.named_child(0).is_some_and(|name| source.of(name) == "key");
    });
    found
}
