//! Parsers by language.
//!
//! JavaScript is parsed with the TSX grammar first: on real React code it meets fewer errors than the JavaScript
//! grammar, and flow of JSX in `.js` files is common.

use std::cell::RefCell;

use tree_sitter::Parser;

use super::Span;
use crate::workspace::Language;

pub use tree_sitter::Tree;

std::thread_local! {
    /// One for all files of a thread: a parser keeps the memory it works in.
    static PARSER: RefCell<Parser> = RefCell::new(Parser::new());
}

/// The grammar of a language, `None` when its files are not parsed.
pub fn grammar(language: Language) -> Option<tree_sitter::Language> {
    Some(match language {
        Language::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
        Language::Tsx | Language::JavaScript => tree_sitter_typescript::LANGUAGE_TSX.into(),
        Language::Python => tree_sitter_python::LANGUAGE.into(),
        Language::Rust | Language::Other => return None,
    })
}

/// Parses a text. `None` when the language has no grammar (or a grammar does not fit the parser, which tests rule out).
pub fn parse(language: Language, text: &str) -> Option<Tree> {
    PARSER.with_borrow_mut(|parser| {
        parser.set_language(&grammar(language)?).ok()?;
        parser.parse(text, None)
    })
}

/// Ranges of ERROR and MISSING nodes. Valid real files have some (gaps of the grammar), so they are judged by node:
/// no edit goes inside one, and an edited file may not have more than before.
pub fn error_spans(tree: &Tree) -> Vec<Span> {
    let mut spans = Vec::new();
    if !tree.root_node().has_error() {
        return spans;
    }
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            spans.push(Span::from(node.byte_range()));
        }
        if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return spans;
            }
        }
    }
}
