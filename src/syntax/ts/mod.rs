//! Facts of TypeScript, TSX and JavaScript modules.
//!
//! [`statements`](stmt) walks what declares, [`expr`] what computes; both note their finds in the shared builder.

mod expr;
mod function;
mod stmt;

use tree_sitter::{Node, Tree};

use super::builder::Builder;
use super::facts::{Facts, Span};

/// Everything a module says.
pub(super) fn facts(tree: &Tree, text: &str) -> Facts {
    let mut walk = Walk { b: Builder::new(text) };
    let root = tree.root_node();
    walk.directives(root, None);
    for child in children(root) {
        walk.statement(child);
    }
    walk.b.facts.errors = super::error_spans(tree);
    walk.b.facts
}

struct Walk<'t> {
    b: Builder<'t>,
}

impl<'t> Walk<'t> {
    fn text(&self, node: Node<'_>) -> &'t str {
        self.b.slice(node)
    }

    /// The content of a string literal without its quotes; escapes stay as written.
    fn string(&self, node: Node<'_>) -> String {
        let text = self.text(node);
        let mut chars = text.chars();
        chars.next();
        chars.next_back();
        chars.as_str().to_owned()
    }
}

fn span(node: Node<'_>) -> Span {
    Span::from(node.byte_range())
}

/// Named children, comments left out.
fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|n| n.kind() != "comment").collect()
}

fn field<'a>(node: Node<'a>, name: &str) -> Option<Node<'a>> {
    node.child_by_field_name(name)
}

fn has_token(node: Node<'_>, token: &str) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor).any(|c| !c.is_named() && c.kind() == token)
}

#[cfg(test)]
mod tests;
