//! The user in a parameter whose pattern does not take it: `({ ctx: { team } })` has `ctx.userId` one name away.

use tree_sitter::Node;

use crate::sites::Take;
use crate::sites::cx::{Cx, word_at};
use crate::syntax::source::Source;
use crate::syntax::{FunctionId, Span};
use crate::workspace::FileId;

/// What to take, and how the value at a path is then written; nothing where the name is in use.
pub(super) fn take(
    cx: &Cx<'_>,
    file: FileId,
    function: FunctionId,
    position: usize,
    path: &[String],
) -> Option<(Take, String)> {
    let f = cx.program.facts(file).function(function);
    let param = f.params.get(position)?;
    let text = cx.workspace().text(file).ok()?;
    let language = cx.workspace().entry(file).language?;
    let code = Source::parsed(language, text.as_str(), cx.program.tree(file)?);
    let mut node = code.node(&param.span.range())?;
    while node.kind() != "object_pattern" {
        node = node.child_by_field_name("pattern").or_else(|| node.named_child(0))?;
    }
    let (mut pattern, mut rest) = (node, path);
    let name = loop {
        let (first, below) = rest.split_first()?;
        match value_of(&code, pattern, first) {
            Some(inner) if inner.kind() == "object_pattern" => (pattern, rest) = (inner, below),
            // Taken under another name, or with a default.
            Some(_) => return None,
            None => break first,
        }
    };
    if is_spoken_of(&cx.slice(file, f.span), name) {
        return None;
    }
    let span = Span { start: pattern.start_byte() as u32, end: pattern.end_byte() as u32 };
    Some((Take { file, pattern: span, name: name.clone() }, rest.join(".")))
}

/// What a pattern does with a key.
fn value_of<'t>(code: &Source<'_>, pattern: Node<'t>, key: &str) -> Option<Node<'t>> {
    let mut cursor = pattern.walk();
    let mut parts = pattern.named_children(&mut cursor);
    parts.find_map(|part| match part.kind() {
        "pair_pattern" => {
            let is_it = part.child_by_field_name("key").is_some_and(|k| code.of(k) == key);
            is_it.then(|| part.child_by_field_name("value"))?
        }
        "shorthand_property_identifier_pattern" => (code.of(part) == key).then_some(part),
        "object_assignment_pattern" => {
            let left = part.child_by_field_name("left")?;
            (code.of(left) == key).then_some(part)
        }
        _ => None,
    })
}

/// Whether a text uses a name for something that is no member and no key.
fn is_spoken_of(text: &str, name: &str) -> bool {
    text.match_indices(name).filter(|(at, _)| word_at(text, *at, name)).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let behind = text.get(at + name.len()..).unwrap_or_default().trim_start();
        let is_member = before.ends_with('.') && !before.ends_with("...");
        let is_key = behind.starts_with(':') && !behind.starts_with("::");
        !is_member && !is_key
    })
}
