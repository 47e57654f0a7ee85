//! One more element in something that is separated by commas: objects, arguments, parameters, arrays.
//!
//! Separators, line breaks and the trailing comma are learned from the elements that are there.

use std::ops::Range;

use tree_sitter::Node;

use super::{Refusal, code};
use crate::edit::Edit;
use crate::syntax::source::{Source, children, items};
use crate::syntax::style::Style;

/// Adds `key: value` to an object literal or a Python dict. Refuses a key that is there.
pub fn add_property(
    source: &Source<'_>,
    style: &Style,
    object: &Range<usize>,
    (key, value): (&str, &str),
    why: &str,
) -> Result<Vec<Edit>, Refusal> {
    let node = find(source, object, &["object", "dictionary"], "object literal")?;
    let has = |n: &Node<'_>| {
        let name = n.child_by_field_name("key").or_else(|| n.child_by_field_name("name")).unwrap_or(*n);
        source.of(name).trim_matches(['"', '\'']) == key
    };
    if items(node).iter().any(has) {
        return Err(Refusal::AlreadyThere(key.to_owned()));
    }
    let text = match () {
        () if source.is_python() => format!("{}: {value}", style.string(key)),
        () if key == value => key.to_owned(),
        () if is_name(key) => format!("{key}: {value}"),
        () => format!("{}: {value}", style.string(key)),
    };
    Ok(add_to(source, style, node, &items(node), &text, why))
}

/// Adds a name to the pattern that takes an object apart, in front of the rest of it.
pub fn add_to_pattern(
    source: &Source<'_>,
    style: &Style,
    pattern: &Range<usize>,
    name: &str,
    why: &str,
) -> Result<Vec<Edit>, Refusal> {
    let node = find(source, pattern, &["object_pattern"], "pattern of an object")?;
    let all = items(node);
    if all.iter().any(|n| source.of(*n).split([':', '=', ' ']).next() == Some(name)) {
        return Err(Refusal::AlreadyThere(name.to_owned()));
    }
    match all.iter().find(|n| n.kind() == "rest_pattern") {
        Some(rest) => Ok(vec![in_front_of(source, *rest, name, why)]),
        None => Ok(add_to(source, style, node, &all, name, why)),
    }
}

/// One more in front of an element, on a line of its own where that has one.
pub fn in_front_of(source: &Source<'_>, element: Node<'_>, text: &str, why: &str) -> Edit {
    let next = element.start_byte();
    let gap = if source.is_first_on_line(next) {
        format!("{}{}", source.newline(), source.indent_at(next))
    } else {
        " ".to_owned()
    };
    Edit::insertion(next, format!("{text},{gap}"), why)
}

/// Adds an element to an array or list.
pub fn add_element(
    source: &Source<'_>,
    style: &Style,
    array: &Range<usize>,
    text: &str,
    why: &str,
) -> Result<Vec<Edit>, Refusal> {
    let node = find(source, array, &["array", "list", "tuple"], "list")?;
    if items(node).iter().any(|n| source.of(*n) == text) {
        return Err(Refusal::AlreadyThere(text.to_owned()));
    }
    Ok(add_to(source, style, node, &items(node), text, why))
}

/// Adds an argument to a call: `name=value` in Python, at the end. `call` is the call.
pub fn add_argument(
    source: &Source<'_>,
    style: &Style,
    call: &Range<usize>,
    text: &str,
    why: &str,
) -> Result<Vec<Edit>, Refusal> {
    let call = find(source, call, &["call", "call_expression", "new_expression"], "call")?;
    let list = call.child_by_field_name("arguments").ok_or(Refusal::NotFound("argument list"))?;
    if !matches!(list.kind(), "arguments" | "argument_list") {
        return Err(Refusal::NotFound("argument list"));
    }
    if let Some((keyword, _)) = text.split_once('=').filter(|(k, _)| source.is_python() && is_name(k)) {
        let has = |n: &Node<'_>| n.child_by_field_name("name").is_some_and(|k| source.of(k) == keyword);
        if items(list).iter().any(has) {
            return Err(Refusal::AlreadyThere(keyword.to_owned()));
        }
    }
    Ok(add_to(source, style, list, &items(list), text, why))
}

/// The same for a call whose line would be longer than `width` then: every argument gets a line of its own.
pub fn add_argument_within(
    source: &Source<'_>,
    style: &Style,
    call: &Range<usize>,
    (text, width): (&str, usize),
    why: &str,
) -> Result<Vec<Edit>, Refusal> {
    let edits = add_argument(source, style, call, text, why)?;
    let line = source.slice(source.line_start(call.start)..source.line_end(call.start));
    let node = find(source, call, &["call", "call_expression", "new_expression"], "call")?;
    let list = node.child_by_field_name("arguments").ok_or(Refusal::NotFound("argument list"))?;
    let elements = items(list);
    let (Some(first), Some(last)) = (elements.first(), elements.last()) else { return Ok(edits) };
    let plain = !source.of(list).contains('\n') && children(list).iter().all(|n| n.kind() != "comment");
    if !plain || line.chars().count() + text.chars().count() + 2 <= width {
        return Ok(edits);
    }
    let (outer, newline) = (source.indent_at(call.start), source.newline());
    let inner = format!("{newline}{outer}{}", style.indent.unit());
    let mut edits = vec![Edit::replacement(list.start_byte() + 1..first.start_byte(), inner.clone(), why)];
    for pair in elements.windows(2) {
        edits.push(Edit::replacement(pair[0].end_byte()..pair[1].start_byte(), format!(",{inner}"), why));
    }
    let end = format!(",{inner}{text},{newline}{outer}");
    edits.push(Edit::replacement(last.end_byte()..list.end_byte() - 1, end, why));
    Ok(edits)
}

/// Adds a parameter to a function: last, but in front of `...rest`, `*args`, `**kwargs`. `function` is the function.
pub fn add_parameter(
    source: &Source<'_>,
    style: &Style,
    function: &Range<usize>,
    text: &str,
    why: &str,
) -> Result<Vec<Edit>, Refusal> {
    let mut node = source.node(function).ok_or(Refusal::NotFound("function"))?;
    while !super::is_function(node) {
        node = node.parent().ok_or(Refusal::NotFound("function"))?;
    }
    if let Some(bare) = node.child_by_field_name("parameter") {
        let edits = [
            Edit::insertion(bare.start_byte(), "(", why),
            Edit::insertion(bare.end_byte(), format!(", {text})"), why),
        ];
        return Ok(edits.into());
    }
    let list = node.child_by_field_name("parameters").ok_or(Refusal::NotFound("parameter list"))?;
    let all = items(list);
    let name = text.split([':', '=', '?', ' ']).next().unwrap_or(text);
    let own = |n: &Node<'_>| source.of(*n).split([':', '=', '?', ' ']).next() == Some(name);
    if all.iter().any(own) {
        return Err(Refusal::AlreadyThere(name.to_owned()));
    }
    let is_rest = |n: &Node<'_>| {
        let inner = n.child_by_field_name("pattern").unwrap_or(*n);
        matches!(
            inner.kind(),
            "rest_pattern" | "list_splat_pattern" | "dictionary_splat_pattern" | "keyword_separator"
        )
    };
    let is_optional = |n: &Node<'_>| {
        n.kind().contains("default")
            || n.kind() == "optional_parameter"
            || n.child_by_field_name("value").is_some()
    };
    let new_is_optional = text.contains('=') || text.split(':').next().is_some_and(|n| n.ends_with('?'));
    if all.iter().any(is_optional) && !new_is_optional {
        return Err(Refusal::ParameterOrder);
    }
    match all.iter().position(is_rest) {
        Some(at) => Ok(vec![in_front_of(source, all[at], text, why)]),
        None => Ok(add_to(source, style, list, &all, text, why)),
    }
}

/// Adds a parameter of a Python function that is only given by name: behind those that may be left out.
pub fn add_named_parameter(
    source: &Source<'_>,
    style: &Style,
    function: &Range<usize>,
    text: &str,
    why: &str,
) -> Result<Vec<Edit>, Refusal> {
    let node = find(source, function, &["function_definition"], "function")?;
    let list = node.child_by_field_name("parameters").ok_or(Refusal::NotFound("parameter list"))?;
    let all = items(list);
    let name = text.split([':', '=', ' ']).next().unwrap_or(text);
    if all.iter().any(|n| source.of(*n).split([':', '=', ' ']).next() == Some(name)) {
        return Err(Refusal::AlreadyThere(name.to_owned()));
    }
    let kind = |n: &Node<'_>| {
        n.child(0)
            .map_or(n.kind(), |first| if n.kind() == "typed_parameter" { first.kind() } else { n.kind() })
            .to_owned()
    };
    let begun = all.iter().any(|n| matches!(kind(n).as_str(), "keyword_separator" | "list_splat_pattern"));
    let text = if begun { text.to_owned() } else { format!("*, {text}") };
    match all.iter().find(|n| kind(n) == "dictionary_splat_pattern") {
        Some(rest) => Ok(vec![in_front_of(source, *rest, &text, why)]),
        None => Ok(add_to(source, style, list, &all, &text, why)),
    }
}

/// Appends to a list node with its brackets.
fn add_to(
    source: &Source<'_>,
    style: &Style,
    list: Node<'_>,
    elements: &[Node<'_>],
    text: &str,
    why: &str,
) -> Vec<Edit> {
    let newline = source.newline();
    let Some(last) = elements.last() else {
        let inside = list.start_byte() + 1..list.end_byte() - 1;
        let spaced = matches!(list.kind(), "object" | "object_pattern") && style.brace_spacing;
        let text = if spaced { format!(" {text} ") } else { text.to_owned() };
        // A comment inside stays.
        if source.slice(inside.clone()).trim().is_empty() {
            return vec![Edit::replacement(inside, text, why)];
        }
        let indent = format!("{}{}", source.indent_at(list.start_byte()), style.indent.unit());
        let at = source.slice(0..inside.end).trim_end().len();
        return vec![Edit::insertion(at, format!("{newline}{indent}{}", text.trim()), why)];
    };
    let comma = children(list).into_iter().find(|n| n.kind() == "," && n.start_byte() >= last.end_byte());
    // One per line: the last element begins its line, and the bracket is on another one.
    if source.is_first_on_line(last.start_byte()) && source.is_first_on_line(list.end_byte() - 1) {
        let indent = source.indent_at(last.start_byte());
        let text = code(source, style, text, indent);
        let end = comma.map_or(last.end_byte(), |c| c.end_byte());
        // A comment at the end of the line belongs to the last element.
        let at = source.line_end(end);
        return match comma {
            Some(_) => vec![Edit::insertion(at, format!("{newline}{text},"), why)],
            None if at == end => vec![Edit::insertion(at, format!(",{newline}{text}"), why)],
            None => {
                vec![Edit::insertion(end, ",", why), Edit::insertion(at, format!("{newline}{text}"), why)]
            }
        };
    }
    match comma {
        Some(comma) => vec![Edit::insertion(comma.end_byte(), format!(" {text},"), why)],
        None => vec![Edit::insertion(last.end_byte(), format!(", {text}"), why)],
    }
}

/// The node of one of these kinds at a range: the range itself, or the nearest around it.
fn find<'a>(
    source: &'a Source<'_>,
    range: &Range<usize>,
    kinds: &[&str],
    what: &'static str,
) -> Result<Node<'a>, Refusal> {
    let mut node = source.node(range).ok_or(Refusal::NotFound(what))?;
    while !kinds.contains(&node.kind()) {
        node =
            node.parent().filter(|p| p.byte_range() == node.byte_range()).ok_or(Refusal::NotFound(what))?;
    }
    Ok(node)
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_' || c == '$')
        && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '$')
}
