//! Names that a piece of code uses and does not bind: what has to come along when it is written elsewhere.

use std::ops::Range;

use tree_sitter::Node;

use super::source::{Source, is_member_name, walk};

/// The free names of a range, each with the offset of its first use, in order. Types count, members do not. A name that
/// the range binds anywhere (a parameter, a declaration) counts as bound all over it.
pub fn free_names<'t>(source: &Source<'t>, range: &Range<usize>) -> Vec<(&'t str, usize)> {
    let Some(root) = source.node(range) else { return Vec::new() };
    let mut used: Vec<(&'t str, usize)> = Vec::new();
    let mut bound: Vec<&'t str> = Vec::new();
    walk(root, &mut |node| {
        if node.start_byte() < range.start || node.end_byte() > range.end || !is_name(node) {
            return;
        }
        let name = source.of(node);
        if binds(node) {
            bound.push(name);
        } else if !is_member_name(node) && used.iter().all(|(known, _)| *known != name) {
            used.push((name, node.start_byte()));
        }
    });
    used.retain(|(name, _)| !bound.contains(name));
    used
}

/// Every name that a range uses or binds; members are none.
pub fn all_names<'t>(source: &Source<'t>, range: &Range<usize>) -> Vec<&'t str> {
    let mut names = Vec::new();
    let Some(root) = source.node(range) else { return names };
    walk(root, &mut |node| {
        let inside = node.start_byte() >= range.start && node.end_byte() <= range.end;
        if inside && is_name(node) && !is_member_name(node) {
            names.push(source.of(node));
        }
    });
    names
}

fn is_name(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "identifier"
            | "type_identifier"
            | "shorthand_property_identifier"
            | "shorthand_property_identifier_pattern"
    )
}

/// Whether a name is declared here, not used.
fn binds(node: Node<'_>) -> bool {
    if node.kind() == "shorthand_property_identifier_pattern" {
        return true;
    }
    let mut child = node;
    while let Some(parent) = child.parent() {
        let is = |field: &str| parent.child_by_field_name(field) == Some(child);
        match parent.kind() {
            "variable_declarator"
            | "function_declaration"
            | "generator_function_declaration"
            | "function_expression"
            | "class_declaration"
            | "function_definition"
            | "class_definition"
            | "default_parameter"
            | "typed_default_parameter"
            | "named_expression" => return is("name"),
            "required_parameter" | "optional_parameter" => return is("pattern"),
            "formal_parameters" | "parameters" | "lambda_parameters" | "as_pattern_target" => return true,
            "arrow_function" | "catch_clause" => return is("parameter"),
            "assignment" | "for_in_clause" | "for_statement" | "for_in_statement" => return is("left"),
            "typed_parameter" => return parent.named_child(0) == Some(child),
            "object_pattern" | "array_pattern" | "rest_pattern" | "pattern_list" | "tuple_pattern" => {}
            "pair_pattern" if is("value") => {}
            "assignment_pattern" | "object_assignment_pattern" if is("left") => {}
            _ => return false,
        }
        child = parent;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Language;

    fn of(language: Language, text: &str) -> Vec<String> {
        let source = Source::parse(language, text).unwrap();
        free_names(&source, &(0..text.len())).into_iter().map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn names_are_free_unless_the_code_binds_them() {
        for (text, expected) in [
            ("const { data: { user }, error } = await supabase.auth.getUser();", vec!["supabase"]),
            (
                "const c = make(url!, { cookies: { getAll: () => store.getAll(), set: (all) => all.map(({ name }) => name) } });",
                vec!["make", "url", "store"],
            ),
            (
                "const s = (await get({ headers, a: b.c })) as Session;",
                vec!["get", "headers", "b", "Session"],
            ),
            ("const [a = fallback] = list;", vec!["fallback", "list"]),
        ] {
            assert_eq!(of(Language::TypeScript, text), expected, "{text}");
        }
        for (text, expected) in [
            ("user = get_user(request.headers, key=secret)", vec!["get_user", "request", "secret"]),
            ("ids = [row.id for row in rows]", vec!["rows"]),
            ("def f(user: User = Depends(current)): pass", vec!["User", "Depends", "current"]),
        ] {
            assert_eq!(of(Language::Python, text), expected, "{text}");
        }
    }
}
