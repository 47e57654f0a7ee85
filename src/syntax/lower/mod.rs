//! From a tree to what runs: lowers one function (or a module's own code) to an [`ir::Body`](crate::ir::Body).
//!
//! On demand and one function at a time: functions inside are values, to be lowered when somebody asks for them.

mod py;
mod ts;

use std::collections::BTreeSet;

use tree_sitter::{Node, Tree};

use super::node::{children, field, has_token, span};
use crate::ir::{Act, Body, Bound, Builder, Kind, Span, Value};
use crate::workspace::Language;

/// Nesting beyond which code is not described further; real code stays below a hundred.
const MAX_DEPTH: u32 = 200;

/// The body of the function with this span, or of the module; `None` where no function is written there.
pub fn body(language: Language, tree: &Tree, text: &str, function: Option<Span>) -> Option<Body> {
    let root = tree.root_node();
    let Some(span) = function else { return Some(lowered(language, root, text)) };
    let mut node = root.descendant_for_byte_range(span.start as usize, span.end as usize)?;
    loop {
        if is_function(node.kind()) && Span::from(node.byte_range()) == span {
            return Some(lowered(language, node, text));
        }
        // A node may wrap another of the same range.
        node = node.parent().filter(|p| p.start_byte() >= span.start as usize)?;
    }
}

/// The body of the innermost function around an offset, or of the module.
#[cfg(test)]
pub(crate) fn body_of(language: Language, root: Node<'_>, text: &str, offset: usize) -> Body {
    let mut node = root.descendant_for_byte_range(offset, offset);
    while let Some(inner) = node.filter(|n| !is_function(n.kind())) {
        node = inner.parent();
    }
    lowered(language, node.unwrap_or(root), text)
}

fn lowered(language: Language, node: Node<'_>, text: &str) -> Body {
    let lower = Lower { text, b: Builder::default(), depth: 0, perhaps: 0, scopes: Vec::new() };
    if language.is_ecmascript() { lower.script(node) } else { lower.python(node) }
}

fn is_function(kind: &str) -> bool {
    matches!(
        kind,
        "function_declaration"
            | "generator_function_declaration"
            | "function_expression"
            | "generator_function"
            | "arrow_function"
            | "method_definition"
            | "function_definition"
            | "lambda"
    )
}

/// A body that is being lowered.
struct Lower<'t> {
    text: &'t str,
    b: Builder,
    depth: u32,
    /// How many operators around may leave out what is computed now.
    perhaps: u32,
    /// Names declared in each of the lists of statements around.
    scopes: Vec<BTreeSet<String>>,
}

impl<'t> Lower<'t> {
    fn of(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// The content of a text literal without its quotes.
    fn content(&self, node: Node<'_>) -> String {
        let whole = self.of(node);
        let inner = whole.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let mut chars = inner.chars();
        chars.next();
        chars.next_back();
        chars.as_str().to_owned()
    }

    /// Gives names a value in the middle of an expression; one that may be left out leaves them unknown.
    fn bind_inside(&mut self, span: Span, names: Vec<Bound>, value: Value) {
        let value = if self.perhaps > 0 { Value { span, kind: Kind::Opaque(vec![value]) } } else { value };
        self.b.act(span, Act::Bind(names, value));
    }

    /// Declares names in the innermost list; whether one of them hides another of the same function.
    fn declare(&mut self, names: &[Bound]) -> bool {
        let Some((inner, outer)) = self.scopes.split_last_mut() else { return false };
        let hides = names.iter().any(|n| outer.iter().any(|scope| scope.contains(&n.name)));
        inner.extend(names.iter().map(|n| n.name.clone()));
        hides
    }

    /// Looks one level deeper, as long as that makes sense.
    fn deeper<T>(&mut self, look: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let found = look(self);
        self.depth -= 1;
        Some(found)
    }
}

fn opaque(node: Node<'_>, parts: Vec<Value>) -> Value {
    Value { span: span(node), kind: Kind::Opaque(parts) }
}

#[cfg(test)]
mod tests;
