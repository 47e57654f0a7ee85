//! The votes of one file (or, added up, of an app) on each question of style.

use std::collections::BTreeMap;

use tree_sitter::Node;

use super::Indent;
use crate::syntax::source::{Source, children, items, walk_below};

/// Votes for and against.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Ballot {
    yes: u32,
    no: u32,
}

impl Ballot {
    fn vote(&mut self, yes: bool) {
        if yes {
            self.yes += 1;
        } else {
            self.no += 1;
        }
    }

    fn add(&mut self, other: Self) {
        self.yes += other.yes;
        self.no += other.no;
    }

    /// `None` without a majority.
    fn majority(self) -> Option<bool> {
        (self.yes != self.no).then_some(self.yes > self.no)
    }
}

/// What the places of a file say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Votes {
    indents: BTreeMap<Indent, u32>,
    single_quotes: Ballot,
    semicolons: Ballot,
    trailing_commas: Ballot,
    trailing_commas_in_calls: Ballot,
    brace_spacing: Ballot,
    crlf: Ballot,
    commonjs: Ballot,
}

impl Votes {
    /// Counts one file.
    pub fn of(source: &Source<'_>) -> Self {
        let mut votes = Self::default();
        if source.text.contains('\n') {
            votes.crlf.vote(source.newline() == "\r\n");
        }
        walk_below(source.root(), &mut |node, above| votes.count(source, node, above));
        votes
    }

    /// Adds the votes of another file.
    pub fn add(&mut self, other: &Self) {
        for (indent, n) in &other.indents {
            *self.indents.entry(*indent).or_default() += n;
        }
        self.single_quotes.add(other.single_quotes);
        self.semicolons.add(other.semicolons);
        self.trailing_commas.add(other.trailing_commas);
        self.trailing_commas_in_calls.add(other.trailing_commas_in_calls);
        self.brace_spacing.add(other.brace_spacing);
        self.crlf.add(other.crlf);
        self.commonjs.add(other.commonjs);
    }

    pub(super) fn indent(&self) -> Option<Indent> {
        // Of two with equal votes the first, which is the same at every run.
        let most = self.indents.values().max()?;
        self.indents.iter().find(|(_, n)| *n == most).map(|(indent, _)| *indent)
    }

    pub(super) fn single_quotes(&self) -> Option<bool> {
        self.single_quotes.majority()
    }

    pub(super) fn semicolons(&self) -> Option<bool> {
        self.semicolons.majority()
    }

    pub(super) fn trailing_commas(&self) -> Option<bool> {
        self.trailing_commas.majority()
    }

    pub(super) fn trailing_commas_in_calls(&self) -> Option<bool> {
        self.trailing_commas_in_calls.majority()
    }

    pub(super) fn brace_spacing(&self) -> Option<bool> {
        self.brace_spacing.majority()
    }

    pub(super) fn crlf(&self) -> Option<bool> {
        self.crlf.majority()
    }

    pub(super) fn commonjs(&self) -> Option<bool> {
        self.commonjs.majority()
    }

    fn count(&mut self, source: &Source<'_>, node: Node<'_>, above: Option<Node<'_>>) {
        match node.kind() {
            "string" => self.count_string(source, node, above),
            "jsx_element" => self.count_jsx_indent(source, node),
            "statement_block" | "class_body" | "block" | "parenthesized_expression" => {
                self.count_indent(source, node, above);
            }
            "object" | "array" | "object_pattern" | "named_imports" | "export_clause" | "dictionary"
            | "list" => {
                self.count_comma(source, node, false);
                self.count_spacing(source, node);
                self.count_indent(source, node, above);
            }
            "arguments" | "formal_parameters" | "argument_list" | "parameters" => {
                self.count_comma(source, node, true);
            }
            "import_statement" if !source.is_python() => self.commonjs.vote(false),
            "call_expression" if is_require(source, node) => self.commonjs.vote(true),
            _ => {}
        }
        if !source.is_python() && ends_with_semicolon_or_not(node, above) {
            self.semicolons.vote(source.of(node).ends_with(';'));
        }
    }

    fn count_string(&mut self, source: &Source<'_>, node: Node<'_>, above: Option<Node<'_>>) {
        // In JSX attributes the double quote is customary whatever the file does elsewhere.
        if above.is_some_and(|p| p.kind() == "jsx_attribute") {
            return;
        }
        let text = source.of(node).trim_start_matches(char::is_alphabetic);
        if text.starts_with("\"\"\"") || text.starts_with("'''") || text.len() < 2 {
            return;
        }
        let inner = text.get(1..text.len() - 1).unwrap_or_default();
        // A string that holds a quote had no choice.
        if !inner.contains(['"', '\'']) {
            self.single_quotes.vote(text.starts_with('\''));
        }
    }

    fn count_indent(&mut self, source: &Source<'_>, node: Node<'_>, above: Option<Node<'_>>) {
        let Some(first) = items(node).into_iter().next() else { return };
        // Where the block begins: the line of the statement that holds it.
        let holder = if node.kind() == "block" { above.unwrap_or(node) } else { node };
        if !source.is_first_on_line(first.start_byte())
            || first.start_position().row == holder.start_position().row
        {
            return;
        }
        self.count_step(source, holder, first);
    }

    fn count_jsx_indent(&mut self, source: &Source<'_>, node: Node<'_>) {
        let first = items(node).into_iter().find(|n| {
            matches!(n.kind(), "jsx_element" | "jsx_self_closing_element" | "jsx_expression")
                && source.is_first_on_line(n.start_byte())
        });
        if let Some(first) = first {
            self.count_step(source, node, first);
        }
    }

    fn count_step(&mut self, source: &Source<'_>, holder: Node<'_>, first: Node<'_>) {
        let (outer, inner) = (source.indent_at(holder.start_byte()), source.indent_at(first.start_byte()));
        let Some(step) = inner.strip_prefix(outer) else { return };
        let indent = match step.len() {
            1 if step == "\t" => Indent::Tab,
            n @ 2..=8 if step.bytes().all(|b| b == b' ') => Indent::Spaces(n as u8),
            _ => return,
        };
        *self.indents.entry(indent).or_default() += 1;
    }

    fn count_comma(&mut self, source: &Source<'_>, node: Node<'_>, call: bool) {
        let parts = children(node);
        let (Some(close), Some(last)) = (parts.last(), items(node).into_iter().next_back()) else { return };
        // Only lists that are closed on a line of their own can be asked.
        if !source.is_first_on_line(close.start_byte()) || last.kind().starts_with("rest_pattern") {
            return;
        }
        let comma = source.slice(last.end_byte()..close.start_byte()).trim_start().starts_with(',');
        if call { self.trailing_commas_in_calls.vote(comma) } else { self.trailing_commas.vote(comma) }
    }

    fn count_spacing(&mut self, source: &Source<'_>, node: Node<'_>) {
        let text = source.of(node);
        if !text.starts_with('{') || text.contains('\n') || items(node).is_empty() {
            return;
        }
        self.brace_spacing.vote(text.starts_with("{ "));
    }
}

/// Statements that may end with a semicolon.
fn ends_with_semicolon_or_not(node: Node<'_>, above: Option<Node<'_>>) -> bool {
    matches!(
        node.kind(),
        "expression_statement"
            | "lexical_declaration"
            | "variable_declaration"
            | "return_statement"
            | "throw_statement"
            | "import_statement"
            | "type_alias_declaration"
    ) && !above.is_some_and(|p| matches!(p.kind(), "for_statement" | "for_in_statement"))
}

/// `require("…")`
pub(crate) fn is_require(source: &Source<'_>, call: Node<'_>) -> bool {
    call.child_by_field_name("function")
        .is_some_and(|f| f.kind() == "identifier" && source.of(f) == "require")
}
