//! Whether an expression can be evaluated before the rest of its statement without a difference.

use tree_sitter::Node;

use crate::syntax::source::{named, walk};

/// Whether everything that runs before `node` in `statement` has no effect, and `node` runs in every case. Then it can be
/// taken out in front of the statement.
pub(super) fn can_hoist(node: Node<'_>, statement: Node<'_>) -> bool {
    let mut inner = node;
    while inner != statement {
        let Some(parent) = inner.parent() else { return false };
        let field = |name: &str| parent.child_by_field_name(name) == Some(inner);
        let passes = match parent.kind() {
            "ternary_expression" | "if_statement" | "switch_statement" => {
                field("condition") || field("value")
            }
            "binary_expression" => {
                let operator = parent.child_by_field_name("operator").map(|o| o.kind());
                field("left") || !matches!(operator, Some("&&" | "||" | "??"))
            }
            "boolean_operator" | "for_in_statement" | "for_statement" if field("left") || field("right") => {
                // Of `a or b` only `a` always runs; the iterated expression of a loop runs once, first.
                (parent.kind() == "boolean_operator") == field("left")
            }
            "assignment_expression" | "assignment" | "named_expression" => field("right") || field("value"),
            "call_expression" => {
                // `a?.b(x)`: the arguments run only if there is an `a`.
                field("function") || !parent.child_by_field_name("function").is_some_and(has_optional_chain)
            }
            "member_expression" | "subscript_expression" => field("object") || !has_optional_chain(parent),
            "parenthesized_expression"
            | "await_expression"
            | "await"
            | "arguments"
            | "argument_list"
            | "call"
            | "new_expression"
            | "object"
            | "pair"
            | "array"
            | "spread_element"
            | "template_string"
            | "template_substitution"
            | "unary_expression"
            | "as_expression"
            | "satisfies_expression"
            | "non_null_expression"
            | "variable_declarator"
            | "lexical_declaration"
            | "variable_declaration"
            | "expression_statement"
            | "return_statement"
            | "throw_statement"
            | "export_statement"
            | "jsx_expression"
            | "jsx_element"
            | "jsx_self_closing_element"
            | "jsx_attribute"
            | "jsx_opening_element"
            | "keyword_argument"
            | "dictionary"
            | "list"
            | "tuple"
            | "attribute"
            | "subscript"
            | "binary_operator"
            | "comparison_operator"
            | "not_operator"
            | "expression_list"
            | "list_splat"
            | "dictionary_splat"
            | "interpolation"
            | "string"
            | "raise_statement"
            | "type" => true,
            _ => false,
        };
        if !passes {
            return false;
        }
        let earlier = named(parent).into_iter().take_while(|sibling| *sibling != inner);
        // The target of an assignment is evaluated first as well, but a plain one has no effect.
        if earlier.into_iter().any(has_effect) {
            return false;
        }
        inner = parent;
    }
    true
}

fn has_optional_chain(node: Node<'_>) -> bool {
    let mut found = false;
    walk(node, &mut |inner| found |= matches!(inner.kind(), "optional_chain" | "?."));
    found
}

/// Whether evaluating it could do something or depend on what something does. Functions in it are only made.
fn has_effect(node: Node<'_>) -> bool {
    let mut effect = false;
    walk(node, &mut |inner| {
        let acts = matches!(
            inner.kind(),
            "call_expression"
                | "call"
                | "new_expression"
                | "await_expression"
                | "await"
                | "assignment_expression"
                | "augmented_assignment_expression"
                | "update_expression"
                | "yield_expression"
                | "yield"
                | "named_expression"
        );
        let mut around = inner.parent();
        let mut made = false;
        while let Some(parent) =
            around.filter(|p| p.start_byte() >= node.start_byte() && p.end_byte() <= node.end_byte())
        {
            made |= super::is_function(parent);
            around = parent.parent();
        }
        effect |= acts && !made;
    });
    effect
}
