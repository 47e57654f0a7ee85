//! A text with its tree, and the few questions about places that every rewrite asks.
//!
//! Rewrites take a [`Source`] and give [`crate::edit::Edit`]s; they never change it. Ranges are byte ranges of the text.

use std::ops::Range;

use tree_sitter::Node;

use super::parse::{Tree, parse};
use crate::workspace::{Language, LineEnding};

/// One parsed file.
#[derive(Debug)]
pub struct Source<'t> {
    /// The whole text, byte order mark included.
    pub text: &'t str,
    /// Its language.
    pub language: Language,
    tree: Tree,
}

impl<'t> Source<'t> {
    /// Parses a text; `None` for a language without a grammar.
    pub fn parse(language: Language, text: &'t str) -> Option<Self> {
        Some(Self { text, language, tree: parse(language, text)? })
    }

    /// A text that is parsed already; the tree must be its own.
    pub fn parsed(language: Language, text: &'t str, tree: &Tree) -> Self {
        // A tree is shared, not copied.
        Self { text, language, tree: tree.clone() }
    }

    /// The root of the tree.
    pub fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    /// Whether the language is Python.
    pub fn is_python(&self) -> bool {
        self.language == Language::Python
    }

    /// The text of a range, empty when it is none.
    pub fn slice(&self, range: Range<usize>) -> &'t str {
        self.text.get(range).unwrap_or_default()
    }

    /// The text of a node.
    pub fn of(&self, node: Node<'_>) -> &'t str {
        self.slice(node.byte_range())
    }

    /// The smallest node over a range, blanks at its ends not counted.
    pub fn node(&self, range: &Range<usize>) -> Option<Node<'_>> {
        let range = self.trimmed(range);
        self.root().descendant_for_byte_range(range.start, range.end)
    }

    /// The largest node with exactly this range (blanks at its ends not counted).
    pub fn whole_node(&self, range: &Range<usize>) -> Option<Node<'_>> {
        let range = self.trimmed(range);
        let mut node = self.root().descendant_for_byte_range(range.start, range.end)?;
        while let Some(parent) = node.parent().filter(|p| p.byte_range() == range && p.parent().is_some()) {
            node = parent;
        }
        (node.byte_range() == range).then_some(node)
    }

    /// The innermost statement around (or at) a range.
    pub fn statement(&self, range: &Range<usize>) -> Option<Node<'_>> {
        let mut node = self.node(range)?;
        loop {
            if is_statement(node)
                && node.start_byte() <= range.start
                && node.end_byte() >= self.trimmed(range).end
            {
                return Some(node);
            }
            node = node.parent()?;
        }
    }

    /// Offset at which the line of `at` begins (the byte order mark is not part of a line).
    pub fn line_start(&self, at: usize) -> usize {
        let head = self.slice(0..at);
        let bom = if self.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        head.rfind('\n').map_or(bom.min(at), |newline| newline + 1)
    }

    /// Offset of the end of the line of `at`, in front of its line end.
    pub fn line_end(&self, at: usize) -> usize {
        let end = self.slice(at..self.text.len()).find('\n').map_or(self.text.len(), |i| at + i);
        if end > at && self.slice(end - 1..end) == "\r" { end - 1 } else { end }
    }

    /// The blanks at the start of the line of `at`.
    pub fn indent_at(&self, at: usize) -> &'t str {
        let start = self.line_start(at);
        let line = self.slice(start..self.text.len());
        let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
        self.slice(start..start + blanks)
    }

    /// Whether nothing but blanks stands before `at` on its line.
    pub fn is_first_on_line(&self, at: usize) -> bool {
        self.slice(self.line_start(at)..at).trim().is_empty()
    }

    /// The line end of the file.
    pub fn newline(&self) -> &'static str {
        match self.text.find('\n') {
            Some(at) if self.slice(0..at).ends_with('\r') => LineEnding::CrLf.as_str(),
            _ => LineEnding::Lf.as_str(),
        }
    }

    /// Whether any identifier of the file has this text; names of members and keyword arguments do not count.
    pub fn uses_name(&self, name: &str) -> Option<usize> {
        let mut found = None;
        walk(self.root(), &mut |node| {
            let is_name = matches!(
                node.kind(),
                "identifier"
                    | "type_identifier"
                    | "shorthand_property_identifier"
                    | "shorthand_property_identifier_pattern"
            );
            if found.is_none() && is_name && self.of(node) == name && !is_member_name(node) {
                found = Some(node.start_byte());
            }
        });
        found
    }

    /// Where a type of this name is declared at the top of the file.
    pub fn type_at_top(&self, name: &str) -> Option<usize> {
        named(self.root()).into_iter().find_map(|node| {
            let declared = node.child_by_field_name("declaration").unwrap_or(node);
            let is_type = matches!(
                declared.kind(),
                "interface_declaration" | "type_alias_declaration" | "enum_declaration"
            );
            let is_it = declared.child_by_field_name("name").is_some_and(|n| self.of(n) == name);
            (is_type && is_it).then(|| node.start_byte())
        })
    }

    fn trimmed(&self, range: &Range<usize>) -> Range<usize> {
        let text = self.slice(range.clone());
        let start = range.start + (text.len() - text.trim_start().len());
        let end = range.end - (text.len() - text.trim_end().len());
        if start <= end { start..end } else { range.clone() }
    }
}

/// Visits a node and everything below it, in order.
pub(crate) fn walk<'a>(node: Node<'a>, visit: &mut impl FnMut(Node<'a>)) {
    walk_below(node, &mut |node, _| visit(node));
}

/// The same with the node that each stands in, nothing for the first: to ask a node for its parent takes as long as the
/// node lies deep.
pub(crate) fn walk_below<'a>(node: Node<'a>, visit: &mut impl FnMut(Node<'a>, Option<Node<'a>>)) {
    let mut cursor = node.walk();
    let mut above: Vec<Node<'a>> = Vec::new();
    loop {
        visit(cursor.node(), above.last().copied());
        let inner = cursor.node();
        if cursor.goto_first_child() {
            above.push(inner);
            continue;
        }
        while !cursor.goto_next_sibling() {
            if above.pop().is_none() || !cursor.goto_parent() {
                return;
            }
        }
        if above.is_empty() {
            return;
        }
    }
}

/// The children of a node, tokens included.
pub(crate) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).collect()
}

/// The named children of a node.
pub(crate) fn named(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).collect()
}

/// The named children that are no comments.
pub fn items(node: Node<'_>) -> Vec<Node<'_>> {
    named(node).into_iter().filter(|n| n.kind() != "comment").collect()
}

/// Whether a node is a statement (or a declaration, or a class member) of either language.
pub(super) fn is_statement(node: Node<'_>) -> bool {
    let kind = node.kind();
    let Some(parent) = node.parent() else { return false };
    let holder = matches!(
        parent.kind(),
        "program" | "module" | "block" | "statement_block" | "class_body" | "switch_case" | "switch_default"
    );
    holder && node.is_named() && kind != "comment"
        || matches!(kind, "expression_statement" | "return_statement" | "statement_block")
            && matches!(
                parent.kind(),
                "if_statement" | "else_clause" | "for_statement" | "for_in_statement" | "while_statement"
            )
}

/// `name` of `a.name`, `name` of `f(name=1)`.
pub(super) fn is_member_name(node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    let at = |field: &str| parent.child_by_field_name(field) == Some(node);
    match parent.kind() {
        "attribute" => at("attribute"),
        "keyword_argument" => at("name"),
        _ => false,
    }
}
