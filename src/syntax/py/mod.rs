//! Facts of Python modules.
//!
//! Python scopes by function, so the scope of every name is the function's body (or the module). `self` and `cls` of a
//! method are the root `this`, as in the other languages.

mod expr;
mod stmt;

use tree_sitter::{Node, Tree};

use super::builder::Builder;
use super::facts::{Export, ExportTarget, Facts, Span};
use super::node::{children, field, has_token, span};

/// Everything a module says.
pub(super) fn facts(tree: &Tree, text: &str) -> Facts {
    let mut walk = Walk { b: Builder::new(text), receiver: None };
    for child in children(tree.root_node()) {
        walk.statement(child);
    }
    walk.b.facts.errors = super::error_spans(tree);
    export_everything(&mut walk.b.facts);
    walk.b.facts
}

struct Walk<'t> {
    b: Builder<'t>,
    /// Name of the current method's first parameter.
    receiver: Option<String>,
}

impl<'t> Walk<'t> {
    fn text(&self, node: Node<'_>) -> &'t str {
        self.b.slice(node)
    }
}

/// Every name at module level can be imported.
fn export_everything(facts: &mut Facts) {
    let functions =
        facts.functions.iter().filter(|f| f.parent.is_none() && f.class.is_none() && !f.name.is_empty());
    let mut names: Vec<(String, Span)> = functions.map(|f| (f.name.clone(), f.statement)).collect();
    names.extend(facts.classes.iter().filter(|c| c.parent.is_none()).map(|c| (c.name.clone(), c.span)));
    for binding in facts.bindings.iter().filter(|b| b.function.is_none() && b.class.is_none()) {
        names.extend(binding.names.iter().map(|n| (n.local.clone(), binding.statement)));
    }
    for import in facts.imports.iter().filter(|i| i.function.is_none()) {
        names.push((import.local.clone(), import.span));
    }
    let exports = names.into_iter().map(|(name, span)| Export {
        target: ExportTarget::Local(name.clone()),
        name,
        span,
    });
    facts.exports.extend(exports);
}

#[cfg(test)]
mod tests;
