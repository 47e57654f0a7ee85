//! What every reader of a syntax tree asks of its nodes.

use tree_sitter::Node;

use super::facts::Span;

pub(super) fn span(node: Node<'_>) -> Span {
    Span::from(node.byte_range())
}

/// Named children, comments left out.
pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|n| n.kind() != "comment").collect()
}

pub(super) fn field<'a>(node: Node<'a>, name: &str) -> Option<Node<'a>> {
    node.child_by_field_name(name)
}

/// Whether a node has this keyword or sign of its own.
pub(super) fn has_token(node: Node<'_>, token: &str) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor).any(|c| !c.is_named() && c.kind() == token)
}
