//! Facts of TypeScript, TSX and JavaScript modules.
//!
//! [`statements`](stmt) walks what declares, [`expr`] what computes; both note their finds in the shared builder.

mod expr;
mod function;
mod stmt;

use tree_sitter::{Node, Tree};

use super::builder::Builder;
use super::facts::Facts;
use super::node::{children, field, has_token, span};

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

#[cfg(test)]
mod tests;
