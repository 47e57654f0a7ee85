//! Names of Python.
//!
//! A name bound anywhere in a function is the function's own throughout, unless `global` or `nonlocal` says otherwise.

use tree_sitter::Node;

use super::{DeclarationKind, ScopeId, ScopeKind, Walk};
use crate::syntax::source::named;

const BINDING: DeclarationKind = DeclarationKind::Binding;

pub(super) fn module(walk: &mut Walk<'_>, root: Node<'_>) {
    each(walk, root, ScopeId(0));
}

fn each(walk: &mut Walk<'_>, node: Node<'_>, scope: ScopeId) {
    for child in named(node) {
        visit(walk, child, scope);
    }
}

fn field<'t>(node: Node<'t>, name: &str) -> Option<Node<'t>> {
    node.child_by_field_name(name)
}

fn visit(walk: &mut Walk<'_>, node: Node<'_>, scope: ScopeId) {
    if !walk.enter() {
        return;
    }
    inner(walk, node, scope);
    walk.leave();
}

fn inner(walk: &mut Walk<'_>, node: Node<'_>, scope: ScopeId) {
    let end = node.end_byte();
    match node.kind() {
        "comment" | "future_import_statement" => {}
        "identifier" => walk.used(scope, node, false),
        "import_statement" | "import_from_statement" => import(walk, node, scope),
        "global_statement" | "nonlocal_statement" => {
            let global = node.kind() == "global_statement";
            for name in named(node) {
                let text = walk.of(name).to_owned();
                if let Some(scope) = walk.scope_mut(scope) {
                    scope.passed_on.insert(text, global);
                }
            }
        }
        "function_definition" => {
            if let Some(name) = field(node, "name") {
                bind(walk, name, scope, end);
            }
            function(walk, node, scope);
        }
        "lambda" => function(walk, node, scope),
        "class_definition" => {
            if let Some(name) = field(node, "name") {
                bind(walk, name, scope, end);
            }
            if let Some(bases) = field(node, "superclasses") {
                visit(walk, bases, scope);
            }
            let inside = walk.open(ScopeKind::Class, node, Some(scope));
            if let Some(body) = field(node, "body") {
                each(walk, body, inside);
            }
        }
        "list_comprehension" | "set_comprehension" | "dictionary_comprehension" | "generator_expression" => {
            comprehension(walk, node, scope);
        }
        "assignment" | "augmented_assignment" => {
            for part in ["type", "right"] {
                if let Some(part) = field(node, part) {
                    visit(walk, part, scope);
                }
            }
            let Some(left) = field(node, "left") else { return };
            if node.kind() == "augmented_assignment" {
                visit(walk, left, scope);
            }
            bind(walk, left, scope, end);
        }
        "named_expression" => {
            if let Some(value) = field(node, "value") {
                visit(walk, value, scope);
            }
            if let Some(name) = field(node, "name") {
                bind(walk, name, walk.out.runs_in(scope), end);
            }
        }
        "for_statement" => {
            if let Some(right) = field(node, "right") {
                visit(walk, right, scope);
            }
            if let Some(left) = field(node, "left") {
                bind(walk, left, scope, left.end_byte());
            }
            for part in named(node) {
                if Some(part) != field(node, "left") && Some(part) != field(node, "right") {
                    visit(walk, part, scope);
                }
            }
        }
        "as_pattern" => {
            for part in named(node) {
                if part.kind() == "as_pattern_target" {
                    for name in named(part) {
                        bind(walk, name, scope, part.end_byte());
                    }
                } else {
                    visit(walk, part, scope);
                }
            }
        }
        "case_clause" => {
            for part in named(node) {
                if part.kind() == "case_pattern" {
                    captures(walk, part, scope);
                } else {
                    visit(walk, part, scope);
                }
            }
        }
        "attribute" => {
            if let Some(object) = field(node, "object") {
                visit(walk, object, scope);
            }
        }
        "keyword_argument" => {
            if let Some(value) = field(node, "value") {
                visit(walk, value, scope);
            }
        }
        "type_alias_statement" => {
            if let Some(left) = named(node).first() {
                named(*left).into_iter().take(1).for_each(|name| bind(walk, name, scope, end));
            }
            named(node).into_iter().skip(1).for_each(|part| visit(walk, part, scope));
        }
        _ => each(walk, node, scope),
    }
}

/// The targets of a binding; members and items in it are uses.
fn bind(walk: &mut Walk<'_>, node: Node<'_>, scope: ScopeId, ready: usize) {
    match node.kind() {
        "identifier" => {
            let home = home(walk, node, scope);
            walk.declare(home, node, BINDING, ready);
        }
        "pattern_list"
        | "tuple_pattern"
        | "list_pattern"
        | "list_splat_pattern"
        | "parenthesized_expression"
        | "tuple"
        | "list" => {
            if walk.enter() {
                for part in named(node) {
                    bind(walk, part, scope, ready);
                }
                walk.leave();
            }
        }
        _ => visit(walk, node, scope),
    }
}

/// The scope a binding of this name is in: another one behind `global` and `nonlocal`.
fn home(walk: &Walk<'_>, name: Node<'_>, scope: ScopeId) -> ScopeId {
    let text = walk.of(name);
    let mut at = scope;
    while let Some(found) = walk.out.scope(at) {
        match (found.passed_on.get(text), found.parent) {
            (Some(true), _) => return walk.out.module(),
            (Some(false), Some(parent)) => at = parent,
            _ => return at,
        }
    }
    scope
}

fn import(walk: &mut Walk<'_>, node: Node<'_>, scope: ScopeId) {
    let module = field(node, "module_name");
    for part in named(node) {
        if Some(part) == module {
            continue;
        }
        match part.kind() {
            "wildcard_import" => {
                if let Some(scope) = walk.scope_mut(scope) {
                    scope.is_open = true;
                }
            }
            "aliased_import" => {
                if let Some(alias) = field(part, "alias") {
                    let home = home(walk, alias, scope);
                    walk.declare(home, alias, DeclarationKind::Import, node.end_byte());
                }
            }
            "dotted_name" => {
                // `import a.b` binds `a`.
                if let Some(first) = part.named_child(0) {
                    let home = home(walk, first, scope);
                    walk.declare(home, first, DeclarationKind::Import, node.end_byte());
                }
            }
            _ => {}
        }
    }
}

/// Defaults and annotations are read where the function is made.
fn function(walk: &mut Walk<'_>, node: Node<'_>, outer: ScopeId) {
    let scope = walk.open(ScopeKind::Function, node, Some(outer));
    for param in field(node, "parameters").map(named).unwrap_or_default() {
        parameter(walk, param, scope, outer);
    }
    for part in ["return_type", "type_parameters"] {
        if let Some(part) = field(node, part) {
            visit(walk, part, outer);
        }
    }
    if let Some(body) = field(node, "body") {
        visit(walk, body, scope);
    }
}

fn parameter(walk: &mut Walk<'_>, node: Node<'_>, scope: ScopeId, outer: ScopeId) {
    match node.kind() {
        "identifier" => walk.declare(scope, node, DeclarationKind::Param, 0),
        "default_parameter" | "typed_default_parameter" | "typed_parameter" => {
            for part in ["type", "value"] {
                if let Some(part) = field(node, part) {
                    visit(walk, part, outer);
                }
            }
            if let Some(name) = field(node, "name").or_else(|| node.named_child(0)) {
                parameter(walk, name, scope, outer);
            }
        }
        "list_splat_pattern" | "dictionary_splat_pattern" | "tuple_pattern" => {
            for part in named(node) {
                parameter(walk, part, scope, outer);
            }
        }
        _ => {}
    }
}

fn comprehension(walk: &mut Walk<'_>, node: Node<'_>, outer: ScopeId) {
    let scope = walk.open(ScopeKind::Block, node, Some(outer));
    let mut is_first = true;
    for clause in named(node) {
        if clause.kind() == "for_in_clause" {
            if let Some(left) = field(clause, "left") {
                bind(walk, left, scope, 0);
            }
            if let Some(right) = field(clause, "right") {
                visit(walk, right, if is_first { outer } else { scope });
            }
            is_first = false;
        }
    }
    for part in named(node) {
        if part.kind() != "for_in_clause" {
            visit(walk, part, scope);
        }
    }
}

/// The names a pattern of `match` binds.
fn captures(walk: &mut Walk<'_>, node: Node<'_>, scope: ScopeId) {
    if !walk.enter() {
        return;
    }
    for part in named(node) {
        match part.kind() {
            "dotted_name" if part.named_child_count() == 1 => {
                if let Some(name) = part.named_child(0) {
                    bind(walk, name, scope, part.end_byte());
                }
            }
            "dotted_name" => {
                if let Some(name) = part.named_child(0) {
                    walk.used(scope, name, false);
                }
            }
            "identifier" => bind(walk, part, scope, part.end_byte()),
            _ => captures(walk, part, scope),
        }
    }
    walk.leave();
}
