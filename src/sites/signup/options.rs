//! Object literals given to a library, and branches on a string, read from the tree.
//!
//! Facts hold expressions without their places; a hook is written into an object, so its place is needed. Trees are made
//! here on demand, for the few files that configure an auth library or receive its webhooks.

use crate::resolve::Def;
use crate::sites::cx::Cx;
use crate::syntax::{Call, FunctionId, PatternName, Span, Tree};
use crate::workspace::FileId;
use tree_sitter::Node;

/// Objects followed from one to the next before giving up.
const MAX_HOPS: usize = 6;

/// An object literal.
#[derive(Debug, Clone, Copy)]
pub(in crate::sites) struct Object {
    pub(in crate::sites) file: FileId,
    pub(in crate::sites) span: Span,
    /// The function it stands in.
    function: Option<FunctionId>,
}

/// What is at a path of keys.
pub(in crate::sites) enum Found {
    /// A function.
    Function {
        file: FileId,
        /// The property, or the function where it is declared.
        at: Span,
        /// Names its first parameter binds.
        params: Vec<PatternName>,
        /// Its body.
        body: Span,
    },
    /// Nothing from some key on.
    Missing {
        file: FileId,
        /// The innermost object that is there.
        object: Span,
        /// Its last property, or itself.
        last: Span,
        /// The keys it lacks.
        keys: Vec<String>,
    },
    /// Something that cannot be followed.
    Unclear,
}

/// A branch taken for a value.
pub(super) struct Branch {
    /// The block.
    pub(super) body: Span,
    /// What has the type that is compared: `evt` of `evt.type === "…"`.
    pub(super) subject: Option<String>,
}

fn span(node: Node<'_>) -> Span {
    Span::from(node.byte_range())
}

fn node_at(tree: &Tree, at: Span) -> Option<Node<'_>> {
    tree.root_node().descendant_for_byte_range(at.start as usize, at.end as usize)
}

/// The object literals among a call's arguments; names are followed to what they are bound to.
pub(in crate::sites) fn objects(cx: &Cx<'_>, file: FileId, call: &Call) -> Vec<Object> {
    let Some(tree) = cx.program.tree(file) else { return Vec::new() };
    let Some(arguments) = node_at(tree, call.args_span) else { return Vec::new() };
    let mut cursor = arguments.walk();
    arguments.named_children(&mut cursor).filter_map(|arg| object(cx, file, call.function, arg, 0)).collect()
}

fn object(
    cx: &Cx<'_>,
    file: FileId,
    function: Option<FunctionId>,
    node: Node<'_>,
    hops: usize,
) -> Option<Object> {
    if hops > MAX_HOPS {
        return None;
    }
    match node.kind() {
        "object" => Some(Object { file, span: span(node), function }),
        "as_expression" | "satisfies_expression" | "parenthesized_expression" | "non_null_expression" => {
            object(cx, file, function, node.named_child(0)?, hops + 1)
        }
        "arrow_function" => object_in(cx, file, function, node.child_by_field_name("body")?, hops + 1),
        // `{ ...authOptions.events }`
        "member_expression" => {
            let whole = object(cx, file, function, node.child_by_field_name("object")?, hops + 1)?;
            let key = cx.slice(file, span(node.child_by_field_name("property")?));
            let at = node_at(cx.program.tree(whole.file)?, whole.span)?;
            let (_, value) = property(cx, whole.file, at, &key)?;
            object(cx, whole.file, whole.function, value, hops + 1)
        }
        // `NextAuth(makeOptions(request))`: what a function of the app puts together.
        "call_expression" => {
            let callee = node.child_by_field_name("function").filter(|f| f.kind() == "identifier")?;
            let name = cx.slice(file, span(callee));
            let Def::Function(at, maker) = cx.program.name(file, function, &name, node.start_byte() as u32)
            else {
                return None;
            };
            let body = cx.program.facts(at).function(maker).body;
            object_in(cx, at, Some(maker), node_at(cx.program.tree(at)?, body)?, hops + 1)
        }
        "identifier" | "shorthand_property_identifier" => {
            let name = cx.slice(file, span(node));
            let Def::Value(at, index, rest) =
                cx.program.name(file, function, &name, node.start_byte() as u32)
            else {
                return None;
            };
            if !rest.is_empty() {
                return None;
            }
            let binding = cx.program.binding(at, index)?;
            let local = &binding.names.first()?.local;
            let (statement, inner) = (binding.statement, binding.function);
            let tree = cx.program.tree(at)?;
            let value = declared(cx, at, node_at(tree, statement)?, local)?;
            object(cx, at, inner, value, hops + 1)
        }
        _ => None,
    }
}

/// The object that a function with this body gives back.
fn object_in(
    cx: &Cx<'_>,
    file: FileId,
    function: Option<FunctionId>,
    body: Node<'_>,
    hops: usize,
) -> Option<Object> {
    if body.kind() != "statement_block" {
        return object(cx, file, function, body, hops);
    }
    let mut cursor = body.walk();
    let back = body.named_children(&mut cursor).find(|n| n.kind() == "return_statement")?;
    object(cx, file, function, back.named_child(0)?, hops)
}

/// The value of a variable inside its declaration.
fn declared<'t>(cx: &Cx<'_>, file: FileId, node: Node<'t>, name: &str) -> Option<Node<'t>> {
    if node.kind() == "variable_declarator" {
        let own = node.child_by_field_name("name")?;
        return (cx.slice(file, span(own)) == name).then(|| node.child_by_field_name("value")).flatten();
    }
    if node.kind() == "statement_block" {
        return None;
    }
    let mut cursor = node.walk();
    let children: Vec<Node<'t>> = node.named_children(&mut cursor).collect();
    children.into_iter().find_map(|child| declared(cx, file, child, name))
}

/// The property of an object literal, and its value.
fn property<'t>(cx: &Cx<'_>, file: FileId, object: Node<'t>, key: &str) -> Option<(Node<'t>, Node<'t>)> {
    let mut cursor = object.walk();
    let children: Vec<Node<'t>> = object.named_children(&mut cursor).collect();
    children.into_iter().find_map(|child| {
        let (name, value) = match child.kind() {
            "pair" => (child.child_by_field_name("key")?, child.child_by_field_name("value")?),
            "method_definition" => (child.child_by_field_name("name")?, child),
            "shorthand_property_identifier" => (child, child),
            _ => return None,
        };
        let text = cx.slice(file, span(name));
        (text.trim_matches(['"', '\'']) == key).then_some((child, value))
    })
}

/// Objects spread into an object.
fn spreads(cx: &Cx<'_>, at: &Object, node: Node<'_>) -> Vec<Object> {
    let mut cursor = node.walk();
    let spread = node.named_children(&mut cursor).filter(|c| c.kind() == "spread_element");
    spread.filter_map(|s| object(cx, at.file, at.function, s.named_child(0)?, 0)).collect()
}

/// Whether an object has a key, its own or spread into it.
pub(in crate::sites) fn has_key(cx: &Cx<'_>, at: &Object, key: &str) -> bool {
    let Some(tree) = cx.program.tree(at.file) else { return false };
    let Some(node) = node_at(tree, at.span) else { return false };
    property(cx, at.file, node, key).is_some() || spreads(cx, at, node).iter().any(|s| has_key(cx, s, key))
}

/// The text of the value at a path of keys of an object.
pub(in crate::sites) fn text_at(cx: &Cx<'_>, at: &Object, keys: &[&str]) -> Option<String> {
    let (key, rest) = keys.split_first()?;
    let node = node_at(cx.program.tree(at.file)?, at.span)?;
    match property(cx, at.file, node, key) {
        Some((_, value)) if rest.is_empty() => Some(cx.slice(at.file, span(value))),
        Some((_, value)) => text_at(cx, &object(cx, at.file, at.function, value, 0)?, rest),
        None => spreads(cx, at, node).iter().find_map(|spread| text_at(cx, spread, keys)),
    }
}

/// What is at a path of keys of an object.
pub(in crate::sites) fn follow(cx: &Cx<'_>, at: &Object, keys: &[&str]) -> Found {
    let Some((key, rest)) = keys.split_first() else { return Found::Unclear };
    let Some(tree) = cx.program.tree(at.file) else { return Found::Unclear };
    let Some(node) = node_at(tree, at.span) else { return Found::Unclear };
    let Some((whole, value)) = property(cx, at.file, node, key) else {
        for spread in spreads(cx, at, node) {
            let found = follow(cx, &spread, keys);
            if !matches!(found, Found::Missing { .. }) {
                return found;
            }
        }
        let mut cursor = node.walk();
        let last =
            node.named_children(&mut cursor).filter(|c| c.kind() != "comment").last().map_or(at.span, span);
        let keys = keys.iter().map(|k| (*k).to_owned()).collect();
        return Found::Missing { file: at.file, object: at.span, last, keys };
    };
    if rest.is_empty() {
        return function(cx, at, whole, value);
    }
    match object(cx, at.file, at.function, value, 0) {
        Some(inner) => follow(cx, &inner, rest),
        None => Found::Unclear,
    }
}

fn function(cx: &Cx<'_>, at: &Object, whole: Node<'_>, value: Node<'_>) -> Found {
    let place = span(value);
    let facts = cx.program.facts(at.file);
    let written = facts
        .functions
        .iter()
        .find(|f| f.span == place || (f.span.start == place.start && f.span.end == place.end));
    if let Some(f) = written {
        let params = f.params.first().map_or_else(Vec::new, |p| p.names.clone());
        return Found::Function { file: at.file, at: span(whole), params, body: f.body };
    }
    if matches!(value.kind(), "identifier" | "shorthand_property_identifier") {
        let name = cx.slice(at.file, place);
        if let Def::Function(file, id) = cx.program.name(at.file, at.function, &name, place.start) {
            let facts = cx.program.facts(file);
            let f = facts.function(id);
            let params = f.params.first().map_or_else(Vec::new, |p| p.names.clone());
            return Found::Function { file, at: f.statement, params, body: f.body };
        }
    }
    Found::Unclear
}

/// The branches of a file that are taken when something equals a string.
pub(super) fn branches(cx: &Cx<'_>, file: FileId, value: &str) -> Vec<Branch> {
    let (Some(tree), Ok(text)) = (cx.program.tree(file), cx.workspace().text(file)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (at, _) in text.as_str().match_indices(value) {
        let Some(mut node) = tree.root_node().descendant_for_byte_range(at, at + value.len()) else {
            continue;
        };
        while let Some(parent) = node.parent() {
            let branch = match parent.kind() {
                "if_statement"
                    if parent
                        .child_by_field_name("condition")
                        .is_some_and(|c| span(c).contains(span(node))) =>
                {
                    parent.child_by_field_name("consequence").map(span)
                }
                "switch_case"
                    if parent.child_by_field_name("value").is_some_and(|v| span(v).contains(span(node))) =>
                {
                    let mut cursor = parent.walk();
                    let body: Vec<Node<'_>> = parent.children_by_field_name("body", &mut cursor).collect();
                    match (body.first(), body.last()) {
                        (Some(first), Some(last)) => {
                            Some(Span { start: span(*first).start, end: span(*last).end })
                        }
                        _ => None,
                    }
                }
                "statement_block" | "program" | "block" | "module" => break,
                _ => None,
            };
            if let Some(body) = branch {
                let condition = text.slice(parent.byte_range());
                found.push(Branch { body, subject: subject(condition) });
                break;
            }
            node = parent;
        }
    }
    found
}

/// `evt` of `if (evt.type === "…")`.
fn subject(condition: &str) -> Option<String> {
    let before = condition.split_once(".type")?.0;
    let word: String = before.chars().rev().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let word: String = word.chars().rev().collect();
    (!word.is_empty()).then_some(word)
}

/// The block under a condition that is a name.
pub(super) fn block_under(cx: &Cx<'_>, file: FileId, inside: Span, name: &str) -> Option<Span> {
    let tree = cx.program.tree(file)?;
    let mut nodes = vec![node_at(tree, inside)?];
    while let Some(node) = nodes.pop() {
        if node.kind() == "if_statement" {
            let condition = node.child_by_field_name("condition")?;
            if cx.slice(file, span(condition)).trim_matches(['(', ')']) == name {
                return node.child_by_field_name("consequence").map(span);
            }
        }
        let mut cursor = node.walk();
        nodes.extend(node.named_children(&mut cursor));
    }
    None
}

/// The last statement before the `return` that ends the block of a statement, when nothing between them branches: there
/// everything that may fail has happened.
pub(super) fn before_return(cx: &Cx<'_>, file: FileId, statement: Span) -> Option<Span> {
    const PLAIN: &[&str] = &["expression_statement", "lexical_declaration", "variable_declaration"];
    let tree = cx.program.tree(file)?;
    let mut node = node_at(tree, statement)?;
    while span(node) != statement || !node.parent().is_some_and(|p| is_block(p)) {
        node = node.parent()?;
    }
    let mut last = node;
    while let Some(next) = last.next_named_sibling() {
        match next.kind() {
            "return_statement" => return (last != node).then(|| span(last)),
            "comment" => return None,
            kind if PLAIN.contains(&kind) => last = next,
            _ => return None,
        }
    }
    None
}

fn is_block(node: Node<'_>) -> bool {
    matches!(node.kind(), "statement_block" | "block" | "program" | "module")
}
