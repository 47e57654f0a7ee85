//! Names of TypeScript and JavaScript.

use tree_sitter::Node;

use super::{DeclarationKind, ScopeId, ScopeKind, Walk};
use crate::syntax::source::{children, named};

/// Where a walk stands.
#[derive(Clone, Copy)]
struct At {
    scope: ScopeId,
    in_type: bool,
}

pub(super) fn module(walk: &mut Walk<'_>, root: Node<'_>) {
    each(walk, root, At { scope: ScopeId(0), in_type: false });
}

fn each(walk: &mut Walk<'_>, node: Node<'_>, at: At) {
    for child in named(node) {
        visit(walk, child, at);
    }
}

fn field<'t>(node: Node<'t>, name: &str) -> Option<Node<'t>> {
    node.child_by_field_name(name)
}

fn visit(walk: &mut Walk<'_>, node: Node<'_>, at: At) {
    if !walk.enter() {
        return;
    }
    inner(walk, node, at);
    walk.leave();
}

fn inner(walk: &mut Walk<'_>, node: Node<'_>, at: At) {
    match node.kind() {
        "comment"
        | "property_identifier"
        | "private_property_identifier"
        | "statement_identifier"
        | "hash_bang_line"
        | "namespace_export"
        | "jsx_namespace_name" => {}
        "identifier" | "shorthand_property_identifier" | "shorthand_property_identifier_pattern" => {
            walk.used(at.scope, node, at.in_type);
        }
        "type_identifier" => walk.used(at.scope, node, true),
        "import_statement" => import(walk, node, at),
        "export_statement" => export(walk, node, at),
        "lexical_declaration" | "variable_declaration" => declarations(walk, node, at),
        "function_declaration" | "generator_function_declaration" | "function_signature" => {
            if let Some(name) = field(node, "name") {
                walk.declare(at.scope, name, DeclarationKind::Function, 0);
            }
            function(walk, node, at);
        }
        "function_expression"
        | "generator_function"
        | "arrow_function"
        | "method_definition"
        | "method_signature"
        | "abstract_method_signature"
        | "call_signature"
        | "construct_signature"
        | "function_type"
        | "constructor_type" => function(walk, node, at),
        "class_declaration" | "abstract_class_declaration" | "class" => class(walk, node, at),
        "statement_block" | "switch_body" | "for_statement" | "class_static_block" => {
            let scope = walk.open(ScopeKind::Block, node, Some(at.scope));
            each(walk, node, At { scope, ..at });
        }
        "for_in_statement" => for_in(walk, node, at),
        "catch_clause" => {
            let scope = walk.open(ScopeKind::Block, node, Some(at.scope));
            let at = At { scope, ..at };
            if let Some(name) = field(node, "parameter") {
                pattern(walk, name, at, DeclarationKind::Param, 0);
            }
            if let Some(body) = field(node, "body") {
                each(walk, body, at);
            }
        }
        "interface_declaration" | "type_alias_declaration" => {
            if let Some(name) = field(node, "name") {
                walk.declare(at.scope, name, DeclarationKind::Type, 0);
            }
            let scope = walk.open(ScopeKind::Type, node, Some(at.scope));
            others(walk, node, At { scope, in_type: true }, &["name"]);
        }
        "enum_declaration" => enumeration(walk, node, at),
        "internal_module" | "module" => {
            if let Some(name) = field(node, "name").filter(|n| n.kind() == "identifier") {
                walk.declare(at.scope, name, DeclarationKind::Function, 0);
            }
            let scope = walk.open(ScopeKind::Block, node, Some(at.scope));
            if let Some(body) = field(node, "body") {
                each(walk, body, At { scope, ..at });
            }
        }
        "ambient_declaration" => {
            // `declare global { … }` declares here what it declares everywhere.
            for child in named(node) {
                if child.kind() == "statement_block" { each(walk, child, at) } else { visit(walk, child, at) }
            }
        }
        "type_parameter" => {
            if let Some(name) = field(node, "name") {
                walk.declare(at.scope, name, DeclarationKind::Type, 0);
            }
            others(walk, node, At { in_type: true, ..at }, &["name"]);
        }
        "infer_type" | "mapped_type_clause" => {
            let name = field(node, "name").or_else(|| node.named_child(0));
            if let Some(name) = name.filter(|n| n.kind() == "type_identifier") {
                walk.declare(at.scope, name, DeclarationKind::Type, 0);
            }
            each(walk, node, At { in_type: true, ..at });
        }
        "index_signature" | "tuple_parameter" | "optional_tuple_parameter" => {
            others(walk, node, At { in_type: true, ..at }, &["name"]);
        }
        "type_annotation" | "type_arguments" | "type_query" | "object_type" | "type_predicate"
        | "implements_clause" | "asserts" => each(walk, node, At { in_type: true, ..at }),
        "nested_type_identifier" => {
            if let Some(root) = field(node, "module") {
                visit(walk, root, At { in_type: true, ..at });
            }
        }
        "as_expression" | "satisfies_expression" => {
            // `as const` has no type of its own.
            let mut parts = named(node).into_iter();
            if let Some(value) = parts.next() {
                visit(walk, value, at);
            }
            parts.for_each(|part| visit(walk, part, At { in_type: true, ..at }));
        }
        "jsx_opening_element" | "jsx_self_closing_element" | "jsx_closing_element" => {
            let name = field(node, "name");
            let is_component = |n: &Node<'_>| {
                n.kind() != "identifier" || walk.of(*n).starts_with(|c: char| !c.is_ascii_lowercase())
            };
            if let Some(name) = name.filter(is_component) {
                visit(walk, name, at);
            }
            others(walk, node, at, &["name"]);
        }
        "pair" => {
            if let Some(key) = field(node, "key").filter(|k| k.kind() == "computed_property_name") {
                visit(walk, key, at);
            }
            if let Some(value) = field(node, "value") {
                visit(walk, value, at);
            }
        }
        _ => each(walk, node, at),
    }
}

/// The named children that are not in one of these fields.
fn others(walk: &mut Walk<'_>, node: Node<'_>, at: At, but: &[&str]) {
    let left_out: Vec<usize> = but.iter().filter_map(|f| field(node, f)).map(|n| n.id()).collect();
    for child in named(node) {
        if !left_out.contains(&child.id()) {
            visit(walk, child, at);
        }
    }
}

fn import(walk: &mut Walk<'_>, node: Node<'_>, at: At) {
    let Some(clause) = named(node).into_iter().find(|c| c.kind().ends_with("_clause")) else { return };
    let mut declare = |name: Node<'_>| walk.declare(at.scope, name, DeclarationKind::Import, 0);
    for part in named(clause) {
        match part.kind() {
            "identifier" => declare(part),
            "namespace_import" => named(part).into_iter().for_each(&mut declare),
            "named_imports" => {
                for spec in named(part) {
                    if let Some(name) = field(spec, "alias").or_else(|| field(spec, "name")) {
                        declare(name);
                    }
                }
            }
            _ => {}
        }
    }
}

fn export(walk: &mut Walk<'_>, node: Node<'_>, at: At) {
    if field(node, "source").is_some() {
        return;
    }
    for child in named(node) {
        if child.kind() == "export_clause" {
            for spec in named(child) {
                if let Some(name) = field(spec, "name") {
                    // A type can be exported like a value.
                    walk.used(at.scope, name, true);
                }
            }
        } else {
            visit(walk, child, at);
        }
    }
}

fn declarations(walk: &mut Walk<'_>, node: Node<'_>, at: At) {
    let is_var = node.kind() == "variable_declaration";
    for declarator in named(node).into_iter().filter(|d| d.kind() == "variable_declarator") {
        let Some(name) = field(declarator, "name") else { continue };
        if is_var {
            let scope = walk.out.runs_in(at.scope);
            pattern(walk, name, At { scope, ..at }, DeclarationKind::Var, 0);
        } else {
            pattern(walk, name, at, DeclarationKind::Lexical, declarator.end_byte());
        }
        others(walk, declarator, at, &["name"]);
    }
}

/// Declares the names of a pattern; defaults and computed keys in it are uses.
fn pattern(walk: &mut Walk<'_>, node: Node<'_>, at: At, kind: DeclarationKind, ready: usize) {
    if !walk.enter() {
        return;
    }
    match node.kind() {
        "identifier" | "shorthand_property_identifier_pattern" => walk.declare(at.scope, node, kind, ready),
        "object_pattern" | "array_pattern" | "rest_pattern" => {
            for part in named(node) {
                pattern(walk, part, at, kind, ready);
            }
        }
        "pair_pattern" => {
            if let Some(key) = field(node, "key").filter(|k| k.kind() == "computed_property_name") {
                visit(walk, key, at);
            }
            if let Some(value) = field(node, "value") {
                pattern(walk, value, at, kind, ready);
            }
        }
        "assignment_pattern" | "object_assignment_pattern" => {
            if let Some(left) = field(node, "left") {
                pattern(walk, left, at, kind, ready);
            }
            if let Some(right) = field(node, "right") {
                visit(walk, right, at);
            }
        }
        _ => {}
    }
    walk.leave();
}

fn function(walk: &mut Walk<'_>, node: Node<'_>, outer: At) {
    let is_type =
        matches!(node.kind(), "function_type" | "constructor_type") || node.kind().ends_with("signature");
    let scope = walk.open(ScopeKind::Function, node, Some(outer.scope));
    let at = At { scope, in_type: outer.in_type || is_type };
    if matches!(node.kind(), "function_expression" | "generator_function")
        && let Some(name) = field(node, "name")
    {
        // Its own name, which a parameter may take over.
        let own = walk.open(ScopeKind::Block, node, Some(outer.scope));
        walk.declare(own, name, DeclarationKind::Function, 0);
        if let Some(scope) = walk.scope_mut(scope) {
            scope.parent = Some(own);
        }
    }
    if let Some(key) = field(node, "name").filter(|n| n.kind() == "computed_property_name") {
        visit(walk, key, outer);
    }
    if let Some(single) = field(node, "parameter") {
        pattern(walk, single, at, DeclarationKind::Param, 0);
    }
    for part in named(node) {
        match part.kind() {
            "formal_parameters" => {
                for param in named(part) {
                    parameter(walk, param, at);
                }
            }
            "statement_block" if field(node, "body") == Some(part) => each(walk, part, at),
            _ if Some(part) == field(node, "name") || Some(part) == field(node, "parameter") => {}
            _ => visit(walk, part, at),
        }
    }
}

fn parameter(walk: &mut Walk<'_>, node: Node<'_>, at: At) {
    match node.kind() {
        "required_parameter" | "optional_parameter" => {
            if let Some(name) = field(node, "pattern") {
                pattern(walk, name, at, DeclarationKind::Param, 0);
            }
            others(walk, node, at, &["pattern", "name"]);
        }
        "comment" => {}
        _ => pattern(walk, node, at, DeclarationKind::Param, 0),
    }
}

fn class(walk: &mut Walk<'_>, node: Node<'_>, at: At) {
    if let Some(name) = field(node, "name") {
        walk.declare(at.scope, name, DeclarationKind::Class, name.end_byte());
    }
    let scope = walk.open(ScopeKind::Class, node, Some(at.scope));
    let inside = At { scope, ..at };
    for part in named(node) {
        match part.kind() {
            "class_body" => {
                for member in named(part) {
                    if member.kind() == "public_field_definition" {
                        // A field is made when an object is.
                        let scope = walk.open(ScopeKind::Function, member, Some(scope));
                        let name = field(member, "name").filter(|n| n.kind() == "computed_property_name");
                        if let Some(name) = name {
                            visit(walk, name, inside);
                        }
                        others(walk, member, At { scope, ..at }, &["name"]);
                    } else {
                        visit(walk, member, inside);
                    }
                }
            }
            _ if Some(part) == field(node, "name") => {}
            _ => visit(walk, part, inside),
        }
    }
}

fn enumeration(walk: &mut Walk<'_>, node: Node<'_>, at: At) {
    if let Some(name) = field(node, "name") {
        walk.declare(at.scope, name, DeclarationKind::Function, 0);
    }
    let scope = walk.open(ScopeKind::Block, node, Some(at.scope));
    for member in field(node, "body").map(named).unwrap_or_default() {
        let name = field(member, "name").unwrap_or(member);
        walk.declare(scope, name, DeclarationKind::Function, 0);
        if let Some(value) = field(member, "value") {
            visit(walk, value, At { scope, ..at });
        }
    }
}

fn for_in(walk: &mut Walk<'_>, node: Node<'_>, at: At) {
    if let Some(right) = field(node, "right") {
        visit(walk, right, at);
    }
    let scope = walk.open(ScopeKind::Block, node, Some(at.scope));
    let inside = At { scope, ..at };
    let declares = children(node).iter().find_map(|c| match c.kind() {
        "const" | "let" => Some(DeclarationKind::Lexical),
        "var" => Some(DeclarationKind::Var),
        _ => None,
    });
    if let Some(left) = field(node, "left") {
        match declares {
            Some(DeclarationKind::Var) => {
                let scope = walk.out.runs_in(at.scope);
                pattern(walk, left, At { scope, ..at }, DeclarationKind::Var, 0);
            }
            Some(kind) => pattern(walk, left, inside, kind, left.end_byte()),
            None => visit(walk, left, at),
        }
    }
    if let Some(body) = field(node, "body") {
        visit(walk, body, inside);
    }
}
