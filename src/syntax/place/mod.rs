//! Where code goes: pure functions from a text and a range in it to edits.
//!
//! Code to insert is canonical (see [`super::style::restyle`]), without indentation; it takes the file's style and the
//! indentation of its place. What cannot be done without changing what the program does is a [`Refusal`], which says why
//! in words for a `todo` line.

mod branch;
mod class_body;
mod decorate;
mod expression;
mod jsx;
mod list;
mod result;
mod statement;
mod wrap;

use std::ops::Range;

use tree_sitter::Node;

pub use branch::is_unconditional;
pub use class_body::{add_field, add_field_after, is_docstring};
pub use decorate::{DecoratorPlace, add_decorator};
pub use jsx::{add_jsx_after, add_jsx_before, add_jsx_child};
pub use list::{
    add_argument, add_argument_within, add_element, add_named_parameter, add_parameter, add_property,
    add_to_pattern, in_front_of,
};
pub use result::{ResultUse, WithResult, after_call, name_returned};
pub use statement::{after, before, before_in_async};
pub use wrap::{below_head, run_inside};

use super::source::{Source, walk};
use super::style::{Style, restyle};
use crate::edit::Edit;

/// Why code cannot go to a place. Reads as the reason in "not done at file:line, because …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The range names nothing that fits.
    #[error("there is no {0} at this place")]
    NotFound(&'static str),
    /// What it is cannot be told.
    #[error("the parser does not understand this statement")]
    Broken,
    /// Nothing after it runs.
    #[error("code after this statement would never run")]
    Unreachable,
    /// Evaluating it earlier could change what the program does.
    #[error(
        "the call is evaluated after other calls in its statement, or only in some cases, so it cannot be taken out"
    )]
    EvaluationOrder,
    /// A lambda holds no statements.
    #[error("a lambda holds no statements")]
    Lambda,
    /// The code awaits in a function that cannot.
    #[error("the function is not async, so nothing can be awaited in it")]
    NotAsync,
    /// Already there.
    #[error("`{0}` is set already")]
    AlreadyThere(String),
    /// The order of parameters does not allow it.
    #[error("a parameter without a default cannot follow one that has one")]
    ParameterOrder,
    /// A fragment would lose the key.
    #[error("the element has a key in a list, so it cannot be wrapped")]
    Keyed,
    /// A comment would swallow the brace.
    #[error("a comment stands where a brace would have to go")]
    CommentBetween,
    /// The value is not there yet.
    #[error("its promise is awaited elsewhere, so its result is not known behind the call")]
    AwaitedElsewhere,
    /// A closure would lose the type.
    #[error("the types of its arguments depend on checks before it, which a closure would lose")]
    Narrowed,
    /// Statements share their line in a way that cannot be taken apart.
    #[error("several statements share this line")]
    SharedLine,
}

/// Canonical code in the file's style, each line indented, joined by the file's line end, without a last one.
fn code(source: &Source<'_>, style: &Style, text: &str, indent: &str) -> String {
    let styled = restyle(text.trim_end_matches('\n'), source.language, style).replace("\r\n", "\n");
    let mut lines = Vec::new();
    let mut offset = 0;
    let literals =
        Source::parse(source.language, &styled).map(|parsed| literals(&parsed)).unwrap_or_default();
    for line in styled.split('\n') {
        let inside = in_literal(&literals, offset);
        offset += line.len() + 1;
        lines.push(if line.is_empty() || inside { line.to_owned() } else { format!("{indent}{line}") });
    }
    lines.join(source.newline())
}

/// Texts over several lines, the inner ones last, and whether they are data: a template or a long string, and not what
/// stands between tags.
fn literals(source: &Source<'_>) -> Vec<(Range<usize>, bool)> {
    let mut found = Vec::new();
    walk(source.root(), &mut |node| {
        let data = match node.kind() {
            "template_string" | "string" => true,
            "jsx_text" => false,
            _ => return,
        };
        if source.of(node).contains('\n') {
            found.push((node.byte_range(), data));
        }
    });
    found
}

/// Whether a line that begins at `at` begins inside of a text that is data.
fn in_literal(literals: &[(Range<usize>, bool)], at: usize) -> bool {
    let inside = |(range, _): &&(Range<usize>, bool)| range.start < at && at < range.end;
    literals.iter().rev().find(inside).is_some_and(|(_, data)| *data)
}

/// Moves the lines that begin inside a range one level to the right.
fn deeper(source: &Source<'_>, range: &Range<usize>, style: &Style, why: &str) -> Vec<Edit> {
    let mut edits = Vec::new();
    let literals = literals(source);
    let mut at = source.line_end(range.start);
    while at < range.end {
        let start = at + source.slice(at..source.text.len()).find('\n').map_or(0, |i| i + 1);
        if start >= range.end || start <= at {
            break;
        }
        let blank = source.line_end(start) == start;
        if !blank && !in_literal(&literals, start) {
            edits.push(Edit::insertion(start, style.indent.unit(), why));
        }
        at = source.line_end(start);
        if at <= start && !blank {
            break;
        }
    }
    edits
}

/// The nearest function around a node.
fn function_of(node: Node<'_>) -> Option<Node<'_>> {
    let mut at = node.parent();
    while let Some(node) = at {
        if is_function(node) {
            return Some(node);
        }
        at = node.parent();
    }
    None
}

fn is_function(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "function_declaration"
            | "function_expression"
            | "generator_function"
            | "generator_function_declaration"
            | "arrow_function"
            | "method_definition"
            | "function_definition"
            | "lambda"
    )
}

/// Refuses code that awaits where that is not possible. Modules may await at their top level.
fn can_await(source: &Source<'_>, node: Node<'_>, text: &str) -> Result<(), Refusal> {
    let awaits = text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "await");
    let Some(function) = function_of(node).filter(|_| awaits) else { return Ok(()) };
    let is_async = super::source::children(function).iter().any(|c| c.kind() == "async")
        || source.of(function).trim_start().starts_with("async ");
    if is_async { Ok(()) } else { Err(Refusal::NotAsync) }
}

/// A name that nothing in the outermost function around a node uses: `result`, else `result2`, …
pub fn fresh_name(source: &Source<'_>, at: &Range<usize>, prefer: &str) -> String {
    let mut scope = source.root();
    if let Some(node) = source.node(at) {
        let mut outer = function_of(node);
        while let Some(function) = outer {
            scope = function;
            outer = function_of(function);
        }
    }
    let mut used = std::collections::BTreeSet::new();
    walk(scope, &mut |node| {
        if node.kind().ends_with("identifier") || node.kind() == "shorthand_property_identifier_pattern" {
            used.insert(source.of(node));
        }
    });
    let numbered = (2..).map(|n| format!("{prefer}{n}"));
    std::iter::once(prefer.to_owned())
        .chain(numbered)
        .find(|n| !used.contains(n.as_str()))
        .unwrap_or_default()
}

#[cfg(test)]
mod over_fixtures;
#[cfg(test)]
mod tests;
