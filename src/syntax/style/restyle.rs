//! Canonical text in, the app's own style out.
//!
//! Canonical is: two spaces (four in Python) a level, double quotes, semicolons, a comma after the last element of what
//! goes over several lines, spaces inside braces, `\n`. Tokens are found by a parse, so that the inside of strings and
//! templates stays. A semicolon stays where the next line would otherwise be read as a continuation.

use std::ops::Range;

use tree_sitter::Node;

use super::{Style, Votes};
use crate::syntax::source::{Source, children, items, walk_below};
use crate::workspace::{Language, LineEnding};

/// Brings a canonical file, or some canonical statements, into a style. Text that does not parse comes back with only its
/// line ends changed.
pub fn restyle(text: &str, language: Language, style: &Style) -> String {
    let Some(source) = Source::parse(language, text).filter(|s| !s.root().has_error()) else {
        return with_line_ends(text, style.line_ending);
    };
    let canonical = Votes::of(&source).indent().unwrap_or(Style::usual(language).indent);
    let mut changes: Vec<(Range<usize>, String)> = Vec::new();
    // Lines that begin inside of a text that is data.
    let mut fixed: Vec<Range<usize>> = Vec::new();
    walk_below(source.root(), &mut |node, above| {
        let kind = node.kind();
        if kind == "template_string" || (kind == "string" && !is_docstring(above)) {
            fixed.push(node.byte_range());
        }
        match kind {
            "string" => changes.extend(requoted(&source, node, above, style)),
            ";" if !style.semicolons => changes.extend(without_semicolon(&source, node, above)),
            _ => {
                changes.extend(without_comma(&source, node, style));
                changes.extend(without_spaces(&source, node, above, style));
            }
        }
    });
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let blanks = line.len() - line.trim_start_matches(' ').len();
        if blanks > 0 && !fixed.iter().any(|r| r.start < at && at < r.end) {
            let unit = canonical.unit().len();
            let indent = style.indent.unit().repeat(blanks / unit) + &" ".repeat(blanks % unit);
            changes.push((at..at + blanks, indent));
        }
        at += line.len();
    }
    changes.sort_by_key(|(r, _)| (r.start, r.end));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (range, new) in changes.iter().filter(|(r, new)| source.slice(r.clone()) != new) {
        // Of two changes over the same bytes the first holds; they are nested at most.
        if range.start >= at {
            out.push_str(source.slice(at..range.start));
            out.push_str(new);
            at = range.end;
        }
    }
    out.push_str(source.slice(at..text.len()));
    with_line_ends(&out, style.line_ending)
}

fn with_line_ends(text: &str, ending: LineEnding) -> String {
    match ending {
        LineEnding::Lf => text.to_owned(),
        LineEnding::CrLf => text.replace("\r\n", "\n").replace('\n', "\r\n"),
    }
}

/// A string that stands as a statement of its own: its lines are indented with the code.
fn is_docstring(above: Option<Node<'_>>) -> bool {
    above.is_some_and(|p| p.kind() == "expression_statement")
}

/// A string with the other quotes, if nothing inside of it would have to be escaped for that.
fn requoted(
    source: &Source<'_>,
    node: Node<'_>,
    above: Option<Node<'_>>,
    style: &Style,
) -> Option<(Range<usize>, String)> {
    if style.quote == '"' || above.is_some_and(|p| p.kind() == "jsx_attribute") {
        return None;
    }
    let text = source.of(node);
    let prefix = text.len() - text.trim_start_matches(char::is_alphabetic).len();
    let (head, literal) = text.split_at_checked(prefix)?;
    let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains(['\'', '"']) {
        return None;
    }
    Some((node.byte_range(), format!("{head}'{inner}'")))
}

/// A semicolon at the end of a line, unless it is needed.
fn without_semicolon(
    source: &Source<'_>,
    node: Node<'_>,
    above: Option<Node<'_>>,
) -> Option<(Range<usize>, String)> {
    let parent = above?;
    let in_head = |n: Node<'_>| matches!(n.kind(), "for_statement" | "for_in_statement");
    if in_head(parent)
        || parent.kind() == "empty_statement"
        || parent.parent().is_some_and(|p| in_head(p) && p.child_by_field_name("body") != Some(parent))
    {
        return None;
    }
    let rest = source.slice(node.end_byte()..source.text.len());
    let next = after_comments(rest);
    let same_line = !rest.get(..rest.len() - next.len()).unwrap_or_default().contains('\n');
    let continues = next.starts_with(['(', '[', '`', '+', '-', '/', '*', ',', '.', '<'])
        || ["in ", "instanceof "].iter().any(|word| next.starts_with(word));
    if continues || (same_line && !next.is_empty() && !next.starts_with('}')) {
        return None;
    }
    // A field named like a modifier would become one.
    let is_modifier =
        |text: &str| matches!(text, "get" | "set" | "static" | "async" | "declare" | "readonly");
    let before = source.slice(source.line_start(node.start_byte())..node.start_byte());
    if parent.kind() == "class_body" && is_modifier(before.trim()) {
        return None;
    }
    Some((node.byte_range(), String::new()))
}

/// What follows after blanks and comments.
fn after_comments(mut text: &str) -> &str {
    loop {
        text = text.trim_start();
        text = if let Some(comment) = text.strip_prefix("//") {
            comment.find('\n').and_then(|at| comment.get(at..)).unwrap_or_default()
        } else if let Some(comment) = text.strip_prefix("/*") {
            comment.find("*/").and_then(|at| comment.get(at + 2..)).unwrap_or_default()
        } else {
            return text;
        };
    }
}

/// The comma after the last element of a list over several lines, where the style has none.
fn without_comma(source: &Source<'_>, node: Node<'_>, style: &Style) -> Option<(Range<usize>, String)> {
    let wanted = match node.kind() {
        "object" | "array" | "object_pattern" | "array_pattern" | "named_imports" | "export_clause"
        | "enum_body" | "dictionary" | "list" | "set" => style.trailing_commas,
        "arguments" | "formal_parameters" | "argument_list" | "parameters" => style.trailing_commas_in_calls,
        _ => return None,
    };
    let close = children(node).pop()?;
    let last = items(node).pop()?;
    if wanted || !source.is_first_on_line(close.start_byte()) {
        return None;
    }
    let comma = children(node).into_iter().find(|n| n.kind() == "," && n.start_byte() >= last.end_byte())?;
    Some((comma.byte_range(), String::new()))
}

/// The spaces inside the braces of something on one line, where the style has none. Both at once would need two
/// changes, so this is called for the braces themselves.
fn without_spaces(
    source: &Source<'_>,
    node: Node<'_>,
    above: Option<Node<'_>>,
    style: &Style,
) -> Option<(Range<usize>, String)> {
    if style.brace_spacing || source.is_python() || !matches!(node.kind(), "{" | "}") {
        return None;
    }
    let parent = above?;
    let holds = matches!(
        parent.kind(),
        "object" | "object_pattern" | "named_imports" | "export_clause" | "object_type"
    );
    if !holds || source.of(parent).contains('\n') || items(parent).is_empty() {
        return None;
    }
    match node.kind() {
        "{" => {
            let rest = source.slice(node.end_byte()..parent.end_byte());
            let blanks = rest.len() - rest.trim_start().len();
            Some((node.end_byte()..node.end_byte() + blanks, String::new()))
        }
        "}" => {
            let head = source.slice(parent.start_byte()..node.start_byte());
            let blanks = head.len() - head.trim_end().len();
            Some((node.start_byte() - blanks..node.start_byte(), String::new()))
        }
        _ => None,
    }
}
