//! Statements before and after a statement.

use std::ops::Range;

use tree_sitter::Node;

use super::{Refusal, can_await, code, deeper, is_function};
use crate::edit::Edit;
use crate::syntax::source::{Source, is_statement, named};
use crate::syntax::style::Style;

/// Where a range is, seen from statements.
pub(super) enum Spot<'a> {
    /// A statement in a block, on lines of its own.
    Lines(Node<'a>),
    /// The only statement of a block that is written on one line: `{ return x; }`, `if a: return x`.
    OneLineBlock(Node<'a>),
    /// The branch of an `if` or loop without braces.
    Branch(Node<'a>),
    /// The expression that is the body of an arrow function.
    ArrowBody(Node<'a>),
    /// One of several statements on a line.
    Shared(Node<'a>),
}

/// Inserts statements in front of the statement around a range, comments right above it included.
pub fn before(
    source: &Source<'_>,
    style: &Style,
    range: &Range<usize>,
    text: &str,
    why: &str,
) -> Result<Vec<Edit>, Refusal> {
    can_await(source, node_of(&spot(source, range)?), text)?;
    before_in_async(source, style, range, text, why)
}

/// The same where the function around becomes asynchronous by another edit.
pub fn before_in_async(
    source: &Source<'_>,
    style: &Style,
    range: &Range<usize>,
    text: &str,
    why: &str,
) -> Result<Vec<Edit>, Refusal> {
    let spot = spot(source, range)?;
    let newline = source.newline();
    match spot {
        Spot::Lines(statement) => {
            let at = with_comments(source, statement).start_byte();
            let indent = source.indent_at(at);
            let code = guarded(source, style, &code(source, style, text, indent), at, at);
            Ok(vec![Edit::insertion(at, format!("{}{newline}{indent}", code.trim_start()), why)])
        }
        Spot::Shared(statement) => {
            let at = statement.start_byte();
            let indent = source.indent_at(at);
            let code = guarded(source, style, &code(source, style, text, indent), at, at);
            Ok(vec![Edit::insertion(at, format!("{}{newline}{indent}", code.trim_start()), why)])
        }
        Spot::OneLineBlock(statement) | Spot::Branch(statement) | Spot::ArrowBody(statement) => {
            open_up(source, style, &spot, statement, why, |inner| {
                (format!("{}{newline}", code(source, style, text, inner)), String::new())
            })
        }
    }
}

/// Inserts statements after the statement around a range; a comment at its end stays with it.
pub fn after(
    source: &Source<'_>,
    style: &Style,
    range: &Range<usize>,
    text: &str,
    why: &str,
) -> Result<Vec<Edit>, Refusal> {
    let spot = spot(source, range)?;
    let node = node_of(&spot);
    if matches!(spot, Spot::ArrowBody(_)) || leaves(node) {
        return Err(Refusal::Unreachable);
    }
    can_await(source, node, text)?;
    match spot {
        Spot::Lines(statement) => Ok(vec![insert_after(source, style, statement, text, why)?]),
        Spot::Shared(_) => Err(Refusal::SharedLine),
        Spot::OneLineBlock(statement) | Spot::Branch(statement) | Spot::ArrowBody(statement) => {
            let newline = source.newline();
            open_up(source, style, &spot, statement, why, |inner| {
                (String::new(), format!("{newline}{}", code(source, style, text, inner)))
            })
        }
    }
}

pub(super) fn node_of<'a>(spot: &Spot<'a>) -> Node<'a> {
    match spot {
        Spot::Lines(n) | Spot::OneLineBlock(n) | Spot::Branch(n) | Spot::ArrowBody(n) | Spot::Shared(n) => *n,
    }
}

/// The edit that puts code on the lines after a statement.
pub(super) fn insert_after(
    source: &Source<'_>,
    style: &Style,
    statement: Node<'_>,
    text: &str,
    why: &str,
) -> Result<Edit, Refusal> {
    let next = statement.next_named_sibling().filter(|n| n.kind() != "comment");
    if next.is_some_and(|n| n.start_position().row == statement.end_position().row) {
        return Err(Refusal::SharedLine);
    }
    let indent = source.indent_at(statement.start_byte());
    let end = end_with_semicolon(source, statement);
    let line_end = source.line_end(end);
    let rest = source.slice(end..line_end).trim_start();
    let comment =
        rest.starts_with("//") || rest.starts_with('#') || (rest.starts_with("/*") && rest.ends_with("*/"));
    let at = if comment { line_end } else { end };
    let code = guarded(source, style, &code(source, style, text, indent), end, at);
    Ok(Edit::insertion(at, format!("{}{code}", source.newline()), why))
}

/// Whether control never passes the end of a statement.
pub(super) fn leaves(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "return_statement" | "throw_statement" | "raise_statement" | "break_statement" | "continue_statement"
    )
}

/// Finds the statement around a range, or the arrow's body in front of it.
pub(super) fn spot<'a>(source: &'a Source<'_>, range: &Range<usize>) -> Result<Spot<'a>, Refusal> {
    let mut node = source.node(range).ok_or(Refusal::NotFound("statement"))?;
    loop {
        let parent = node.parent().ok_or(Refusal::NotFound("statement"))?;
        if is_function(parent) && parent.child_by_field_name("body") == Some(node) && !is_block(node) {
            return if parent.kind() == "lambda" { Err(Refusal::Lambda) } else { Ok(Spot::ArrowBody(node)) };
        }
        if is_statement(node) && !is_block(node) {
            break;
        }
        node = parent;
    }
    if is_broken(node) {
        return Err(Refusal::Broken);
    }
    if node.parent().is_some_and(|p| p.kind() == "class_body") {
        return Err(Refusal::NotFound("statement"));
    }
    // A decorated definition is one statement; a statement of a block of one line has its line around it.
    let parent = node.parent().ok_or(Refusal::NotFound("statement"))?;
    if !is_holder(parent) {
        return Ok(Spot::Branch(node));
    }
    if source.is_first_on_line(node.start_byte()) {
        return Ok(Spot::Lines(node));
    }
    let alone = named(parent).len() == 1 && is_block(parent);
    let one_line = parent.start_position().row == node.start_position().row;
    if alone && one_line { Ok(Spot::OneLineBlock(node)) } else { Ok(Spot::Shared(node)) }
}

/// Whether the parser lost its way in the statement itself; what is wrong in a block inside of it does not move its ends.
fn is_broken(node: Node<'_>) -> bool {
    if node.is_error() || node.is_missing() {
        return true;
    }
    let mut cursor = node.walk();
    node.has_error() && node.children(&mut cursor).any(|child| !is_block(child) && is_broken(child))
}

fn is_block(node: Node<'_>) -> bool {
    matches!(node.kind(), "statement_block" | "block")
}

fn is_holder(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "program" | "module" | "block" | "statement_block" | "class_body" | "switch_case" | "switch_default"
    )
}

/// The first of the comments that stand right above a statement, or the statement.
fn with_comments<'a>(source: &Source<'_>, statement: Node<'a>) -> Node<'a> {
    let mut first = statement;
    while let Some(comment) = first.prev_named_sibling().filter(|n| n.kind() == "comment") {
        let gap = source.slice(comment.end_byte()..first.start_byte());
        if gap.matches('\n').count() != 1 || !source.is_first_on_line(comment.start_byte()) {
            break;
        }
        first = comment;
    }
    first
}

/// The end of a statement, with a semicolon that the grammar puts beside it (class members).
fn end_with_semicolon(source: &Source<'_>, node: Node<'_>) -> usize {
    let end = node.end_byte();
    if source.slice(end..source.text.len()).starts_with(';') { end + 1 } else { end }
}

/// Semicolons that a file without them needs: when what follows, or the code itself, would go on a statement.
fn guarded(source: &Source<'_>, style: &Style, code: &str, previous_end: usize, at: usize) -> String {
    if style.semicolons || source.is_python() {
        return code.to_owned();
    }
    let hazard = |text: &str| {
        text.trim_start().starts_with(['(', '[', '`', '+', '-', '/'])
            && !text.trim_start().starts_with("//")
            && !text.trim_start().starts_with("/*")
    };
    let next = source.slice(at..source.text.len());
    let tail = if hazard(next) { ";" } else { "" };
    let previous = source.slice(0..previous_end).trim_end();
    let head =
        if hazard(code) && !previous.ends_with([';', '{', '}']) && !previous.is_empty() { ";" } else { "" };
    let blanks = code.len() - code.trim_start().len();
    let (indent, body) = code.split_at_checked(blanks).unwrap_or(("", code));
    format!("{indent}{head}{body}{tail}")
}

/// Gives a statement or expression lines of its own in a block, with text around it: `around` is told the
/// indentation and gives what stands before (ending with a line end) and after.
pub(super) fn open_up(
    source: &Source<'_>,
    style: &Style,
    spot: &Spot<'_>,
    node: Node<'_>,
    why: &str,
    around: impl FnOnce(&str) -> (String, String),
) -> Result<Vec<Edit>, Refusal> {
    if node.prev_sibling().is_some_and(|n| n.kind() == "comment") {
        return Err(Refusal::CommentBetween);
    }
    let newline = source.newline();
    let outer = source.indent_at(node.parent().unwrap_or(node).start_byte());
    let inner = format!("{outer}{}", style.indent.unit());
    let (head, tail) = around(&inner);
    // From the end of what stands in front, so that no blank is left at the end of a line.
    let gap = |at: usize| {
        let head = source.slice(0..at);
        head.len() - head.trim_end().len()
    };
    let mut edits = deeper(source, &node.byte_range(), style, why);
    let lead = gap(node.start_byte());
    let open = |brace: &str, first: &str| {
        Edit::replacement(
            node.start_byte() - lead..node.start_byte(),
            format!("{brace}{newline}{head}{inner}{first}"),
            why,
        )
    };
    match spot {
        Spot::OneLineBlock(_) if source.is_python() => {
            edits.push(open("", ""));
            if !tail.is_empty() {
                edits.push(Edit::insertion(node.end_byte(), tail, why));
            }
        }
        Spot::OneLineBlock(_) => {
            let block = node.parent().ok_or(Refusal::NotFound("block"))?;
            edits.push(open("", ""));
            let close = block.end_byte() - 1;
            let trail = source.slice(node.end_byte()..close);
            if !trail.trim().is_empty() {
                return Err(Refusal::SharedLine);
            }
            edits.push(Edit::replacement(node.end_byte()..close, format!("{tail}{newline}{outer}"), why));
        }
        Spot::Branch(_) => {
            edits.push(open(" {", ""));
            edits.push(Edit::insertion(node.end_byte(), format!("{tail}{newline}{outer}}}"), why));
            // A branch on a line of its own was one level in already.
            if source.is_first_on_line(node.start_byte()) {
                edits.retain(|e| !(e.is_insertion() && e.text() == style.indent.unit()));
            }
        }
        Spot::ArrowBody(_) => {
            let end = style.semicolon();
            edits.push(open(" {", "return "));
            edits.push(Edit::insertion(node.end_byte(), format!("{end}{tail}{newline}{outer}}}"), why));
        }
        Spot::Lines(_) | Spot::Shared(_) => return Err(Refusal::SharedLine),
    }
    Ok(edits)
}
