//! What stays on top of a file, and where a first import goes.

use tree_sitter::Node;

use crate::syntax::source::{Source, named};

/// Offset of the line in front of which the first import of a file is written, and whether code follows it directly.
pub(super) fn end(source: &Source<'_>) -> usize {
    let mut end = top(source);
    let nodes = named(source.root());
    for (i, node) in nodes.iter().enumerate() {
        let next = nodes.get(i + 1);
        let stays = match node.kind() {
            "hash_bang_line" | "future_import_statement" => true,
            "comment" => stays_on_top(source, *node, i == 0, next),
            "expression_statement" => is_directive(source, *node),
            _ => false,
        };
        if !stays {
            break;
        }
        end = next_line(source, node.end_byte());
    }
    end
}

/// Offset behind the byte order mark.
pub(super) fn top(source: &Source<'_>) -> usize {
    if source.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}

/// Offset of the line after the one of `at`.
pub(super) fn next_line(source: &Source<'_>, at: usize) -> usize {
    let end = source.line_end(at);
    match source.slice(end..source.text.len()) {
        rest if rest.starts_with("\r\n") => end + 2,
        rest if rest.starts_with('\n') => end + 1,
        _ => end,
    }
}

/// `"use client"`, a docstring.
pub(super) fn is_directive(source: &Source<'_>, node: Node<'_>) -> bool {
    node.named_child_count() == 1
        && node.named_child(0).is_some_and(|n| n.kind() == "string")
        && !source.of(node).starts_with('`')
}

/// A comment that is about the file, not about the statement below it.
fn stays_on_top(source: &Source<'_>, node: Node<'_>, first: bool, next: Option<&Node<'_>>) -> bool {
    let text = source.of(node);
    let lower = text.to_lowercase();
    let about_file = [
        "eslint",
        "@ts-",
        "prettier",
        "copyright",
        "license",
        "licence",
        "spdx",
        "coding",
        "@jsx",
        "biome",
        "deno-",
        "@vitest",
        "type: ignore",
        "noqa",
    ];
    if text.starts_with("/*!")
        || text.starts_with("#!")
        || text.starts_with("///")
        || about_file.iter().any(|w| lower.contains(w))
    {
        return true;
    }
    let gap = next.map_or("\n\n", |n| source.slice(node.end_byte()..n.start_byte()));
    let blank_line = gap.matches('\n').count() > 1;
    // A comment in front of a comment belongs with it; a first one in front of a directive or docstring as well.
    let before_top = next.is_some_and(|n| n.kind() == "expression_statement" && is_directive(source, *n));
    blank_line || (first && before_top)
}
