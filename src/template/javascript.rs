//! TypeScript without its types.
//!
//! Our templates are written once, in TypeScript. For a JavaScript app the types are taken out by syntax tree, and
//! those of exported functions and types are kept as JSDoc, so that editors still know them. Only what our templates
//! use is handled: no enums, namespaces, decorators or parameter properties, which the tests make sure of.

use std::ops::Range;

use tree_sitter::{Node, Parser, Tree};

/// Lists that fit on one line of this width once their types are gone are put on one line.
pub(super) const LINE_WIDTH: usize = 80;

/// The JavaScript (ES module) form of `text`. The error is the line of a syntax error in the input.
pub(super) fn from_typescript(text: &str) -> Result<String, usize> {
    let tree = parse(text)?;
    let mut stripper = Stripper { text, imported: imported_types(tree.root_node(), text), edits: Vec::new() };
    stripper.program(tree.root_node());
    let mut script = no_blank_after_brace(&apply(text, stripper.edits));
    while let Some(shorter) = join_one_list(&script)? {
        script = shorter;
    }
    Ok(script)
}

pub(super) fn parse(text: &str) -> Result<Tree, usize> {
    let mut parser = Parser::new();
    let language = tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into();
    let tree = parser.set_language(&language).ok().and_then(|()| parser.parse(text, None)).ok_or(1_usize)?;
    match first_error(tree.root_node()) {
        Some(line) => Err(line),
        None => Ok(tree),
    }
}

/// Line (from 1) of the first node that did not parse.
pub(super) fn first_error(node: Node<'_>) -> Option<usize> {
    if node.is_error() || node.is_missing() {
        return Some(node.start_position().row + 1);
    }
    if !node.has_error() {
        return None;
    }
    children(node).into_iter().find_map(first_error)
}

pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).collect()
}

pub(super) fn named_children(node: Node<'_>) -> Vec<Node<'_>> {
    children(node).into_iter().filter(Node::is_named).collect()
}

/// The text of a node of its own tree; node ranges always lie on character boundaries of the text they were parsed
/// from, anything else is empty.
pub(super) fn slice(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

struct Stripper<'t> {
    text: &'t str,
    /// Types imported from a module: (name, module with its quotes).
    imported: Vec<(String, String)>,
    edits: Vec<(Range<usize>, String)>,
}

impl Stripper<'_> {
    fn program(&mut self, root: Node<'_>) {
        for statement in named_children(root) {
            let exported = (statement.kind() == "export_statement")
                .then(|| statement.child_by_field_name("declaration"))
                .flatten();
            let declaration = exported.unwrap_or(statement);
            let comment = statement.prev_sibling().filter(|node| is_doc_of(*node, statement));
            match declaration.kind() {
                "type_alias_declaration" => {
                    let start = comment.map_or(statement.start_byte(), |node| node.start_byte());
                    let typedef = match exported {
                        Some(_) => self.typedef(declaration, comment),
                        None => String::new(),
                    };
                    self.edits.push((start..statement.end_byte(), typedef));
                }
                "function_declaration" if exported.is_some() => {
                    if let Some(comment) = comment {
                        let jsdoc = self.function_doc(declaration, comment);
                        self.edits.push((comment.byte_range(), jsdoc));
                    }
                    self.strip(declaration);
                }
                "import_statement" => self.import(statement),
                _ => self.strip(statement),
            }
        }
    }

    /// Leaves out what only the type checker reads, below `node`.
    fn strip(&mut self, node: Node<'_>) {
        match node.kind() {
            "type_annotation" | "type_arguments" | "type_parameters" => {
                self.edits.push((node.byte_range(), String::new()));
                return;
            }
            "as_expression" | "satisfies_expression" | "non_null_expression" => {
                if let Some(value) = node.child(0) {
                    self.strip(value);
                    self.edits.push((value.end_byte()..node.end_byte(), String::new()));
                }
                return;
            }
            "optional_parameter" => {
                if let Some(mark) = children(node).into_iter().find(|child| child.kind() == "?") {
                    self.edits.push((mark.byte_range(), String::new()));
                }
            }
            "public_field_definition" if node.child_by_field_name("value").is_none() => {
                let comment = node.prev_sibling().filter(|sibling| is_doc_of(*sibling, node));
                let start = comment.map_or(node.start_byte(), |comment| comment.start_byte());
                let end = node.next_sibling().filter(|next| next.kind() == ";").unwrap_or(node).end_byte();
                self.edits.push((start..end, String::new()));
                return;
            }
            _ => {}
        }
        for child in children(node) {
            self.strip(child);
        }
    }

    /// Drops the `type` names of an import, and the import when nothing else is left.
    fn import(&mut self, statement: Node<'_>) {
        if is_of_types(statement) {
            self.edits.push((statement.byte_range(), String::new()));
            return;
        }
        let Some(names) = descendant(statement, "named_imports") else { return };
        let specifiers: Vec<_> = named_children(names);
        let is_type = |node: &Node<'_>| slice(self.text, node.byte_range()).starts_with("type ");
        if !specifiers.iter().any(is_type) {
            return;
        }
        let values: Vec<_> = specifiers
            .iter()
            .filter(|node| !is_type(node))
            .map(|node| slice(self.text, node.byte_range()))
            .collect();
        if values.is_empty() {
            self.edits.push((statement.byte_range(), String::new()));
        } else {
            self.edits.push((names.byte_range(), format!("{{ {} }}", values.join(", "))));
        }
    }

    fn typedef(&self, declaration: Node<'_>, comment: Option<Node<'_>>) -> String {
        let mut lines =
            comment.map(|node| doc_lines(slice(self.text, node.byte_range()))).unwrap_or_default();
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let field = |name| declaration.child_by_field_name(name);
        let name = field("name").map_or("", |node| slice(self.text, node.byte_range()));
        let Some(value) = field("value") else { return String::new() };
        if value.kind() == "object_type" {
            lines.push(format!("@typedef {{object}} {name}"));
            for member in named_children(value).into_iter().filter(|node| node.kind() == "property_signature")
            {
                lines.push(self.property(member));
            }
        } else {
            lines.push(format!("@typedef {{{}}} {name}", self.type_text(value)));
        }
        jsdoc(&lines)
    }

    fn property(&self, member: Node<'_>) -> String {
        let name = member.child_by_field_name("name").map_or("", |node| slice(self.text, node.byte_range()));
        let optional = children(member).iter().any(|child| child.kind() == "?");
        let name = if optional { format!("[{name}]") } else { name.to_owned() };
        let comment = member.prev_sibling().filter(|node| is_doc_of(*node, member));
        let doc = comment.map(|node| doc_lines(slice(self.text, node.byte_range())).join(" "));
        let doc = doc.map(|doc| format!(" {doc}")).unwrap_or_default();
        format!("@property {{{}}} {name}{doc}", self.annotation(member, "type"))
    }

    fn function_doc(&self, function: Node<'_>, comment: Node<'_>) -> String {
        let mut lines = doc_lines(slice(self.text, comment.byte_range()));
        lines.push(String::new());
        if let Some(generics) = function.child_by_field_name("type_parameters") {
            for parameter in named_children(generics) {
                let name = parameter
                    .child_by_field_name("name")
                    .map_or("", |node| slice(self.text, node.byte_range()));
                let bound = parameter.child_by_field_name("constraint").and_then(|node| node.named_child(0));
                let bound = bound.map(|node| format!("{{{}}} ", self.type_text(node))).unwrap_or_default();
                lines.push(format!("@template {bound}{name}"));
            }
        }
        let parameters = function.child_by_field_name("parameters").map(named_children).unwrap_or_default();
        for parameter in parameters {
            let name = parameter
                .child_by_field_name("pattern")
                .map_or("", |node| slice(self.text, node.byte_range()).trim_start_matches("..."));
            let optional = parameter.kind() == "optional_parameter";
            let name = if optional { format!("[{name}]") } else { name.to_owned() };
            lines.push(format!("@param {{{}}} {name}", self.annotation(parameter, "type")));
        }
        let returned = self.annotation(function, "return_type");
        if !returned.is_empty() {
            lines.push(format!("@returns {{{returned}}}"));
        }
        jsdoc(&lines)
    }

    fn annotation(&self, node: Node<'_>, field: &str) -> String {
        let annotation = node.child_by_field_name(field);
        annotation
            .and_then(|annotation| annotation.named_child(0))
            .map_or_else(String::new, |node| self.type_text(node))
    }

    /// A type on one line, without comments, with imported names spelt out as JSDoc needs them.
    fn type_text(&self, node: Node<'_>) -> String {
        let mut words = String::new();
        self.type_words(node, &mut words);
        let text = words.split_whitespace().collect::<Vec<_>>().join(" ");
        text.trim_start_matches("| ").replace("; }", " }")
    }

    fn type_words(&self, node: Node<'_>, out: &mut String) {
        if node.kind() == "comment" {
            return;
        }
        let parts = children(node);
        if parts.is_empty() || matches!(node.kind(), "string" | "template_literal_type") {
            let word = slice(self.text, node.byte_range());
            let imported = |(name, _): &&(String, String)| node.kind() == "type_identifier" && name == word;
            if let Some((_, module)) = self.imported.iter().find(imported) {
                out.extend(["import(", module, ")."]);
            }
            out.push_str(word);
            return;
        }
        let mut end = node.start_byte();
        for part in parts {
            out.push_str(slice(self.text, end..part.start_byte()));
            self.type_words(part, out);
            end = part.end_byte();
        }
    }
}

fn imported_types(root: Node<'_>, text: &str) -> Vec<(String, String)> {
    let mut types = Vec::new();
    for statement in named_children(root).into_iter().filter(|node| node.kind() == "import_statement") {
        let Some(source) = statement.child_by_field_name("source") else { continue };
        let Some(names) = descendant(statement, "named_imports") else { continue };
        for specifier in named_children(names) {
            let written = slice(text, specifier.byte_range());
            let name = written.strip_prefix("type ").or(is_of_types(statement).then_some(written));
            types.extend(name.map(|name| (name.to_owned(), slice(text, source.byte_range()).to_owned())));
        }
    }
    types
}

/// Whether an import takes types only: `import type { A } from "m"`.
fn is_of_types(statement: Node<'_>) -> bool {
    children(statement).iter().any(|child| child.kind() == "type")
}

fn descendant<'t>(node: Node<'t>, kind: &str) -> Option<Node<'t>> {
    if node.kind() == kind {
        return Some(node);
    }
    named_children(node).into_iter().find_map(|child| descendant(child, kind))
}

/// A comment that stands directly above `node`.
fn is_doc_of(comment: Node<'_>, node: Node<'_>) -> bool {
    comment.kind() == "comment" && comment.end_position().row + 1 == node.start_position().row
}

/// The sentences of a `/** … */` comment, without its frame.
fn doc_lines(comment: &str) -> Vec<String> {
    let inner = comment.trim_start_matches("/**").trim_end_matches("*/");
    let lines = inner.lines().map(|line| line.trim().trim_start_matches('*').trim().to_owned());
    let lines: Vec<_> = lines.collect();
    let start = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    let end = lines.iter().rposition(|line| !line.is_empty()).map_or(start, |last| last + 1);
    lines.get(start..end).unwrap_or_default().to_vec()
}

fn jsdoc(lines: &[String]) -> String {
    if let [line] = lines {
        return format!("/** {line} */");
    }
    let body: Vec<_> = lines.iter().map(|line| format!(" * {line}").trim_end().to_owned()).collect();
    format!("/**\n{}\n */", body.join("\n"))
}

fn apply(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| range.start);
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (range, replacement) in edits {
        out.push_str(slice(text, done..range.start));
        out.push_str(&replacement);
        done = range.end;
    }
    out.push_str(slice(text, done..text.len()));
    out
}

fn no_blank_after_brace(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    let mut blank = 0;
    for line in text.lines() {
        if line.trim().is_empty() {
            blank += 1;
            continue;
        }
        let opened = lines.last().is_some_and(|last| last.ends_with('{'));
        if blank > 0 && !opened {
            lines.push("");
        }
        blank = 0;
        lines.push(line);
    }
    lines.join("\n") + "\n"
}

/// Puts the first list (parameters, arguments) that has become short enough on one line.
fn join_one_list(text: &str) -> Result<Option<String>, usize> {
    let tree = parse(text)?;
    Ok(find_short_list(tree.root_node(), text).map(|(range, joined)| apply(text, vec![(range, joined)])))
}

fn find_short_list(node: Node<'_>, text: &str) -> Option<(Range<usize>, String)> {
    named_children(node)
        .into_iter()
        .find_map(|child| find_short_list(child, text))
        .or_else(|| joined(node, text).map(|line| (node.byte_range(), line)))
}

fn joined(list: Node<'_>, text: &str) -> Option<String> {
    let on_one_line = |node: &Node<'_>| node.start_position().row == node.end_position().row;
    if !matches!(list.kind(), "formal_parameters" | "arguments") || on_one_line(&list) {
        return None;
    }
    let items = named_children(list);
    if items.iter().any(|item| !on_one_line(item) || item.kind() == "comment") {
        return None;
    }
    let items: Vec<_> = items.iter().map(|item| slice(text, item.byte_range())).collect();
    let line = format!("({})", items.join(", "));
    let rest = slice(text, list.end_byte()..text.len()).lines().next().unwrap_or_default();
    let width = list.start_position().column + line.len() + rest.len();
    (width <= LINE_WIDTH).then_some(line)
}
