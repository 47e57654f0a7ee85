//! Whether a statement always runs when the code around it does.

use std::ops::Range;

use super::is_function;
use crate::syntax::source::Source;

/// Whether the code at a range runs whenever its module, or the function around it, does: it stands in no branch, loop
/// or handler of exceptions.
pub fn is_unconditional(source: &Source<'_>, range: &Range<usize>) -> bool {
    let mut at = source.node(range);
    while let Some(node) = at {
        match node.kind() {
            "program" | "module" => return true,
            "if_statement"
            | "else_clause"
            | "elif_clause"
            | "ternary_expression"
            | "conditional_expression"
            | "switch_case"
            | "switch_default"
            | "case_clause"
            | "for_statement"
            | "for_in_statement"
            | "while_statement"
            | "do_statement"
            | "catch_clause"
            | "except_clause"
            | "finally_clause" => {
                return false;
            }
            // `debug && app.use(tools)`
            "binary_expression" | "boolean_operator" => return false,
            _ if is_function(node) => return true,
            _ => at = node.parent(),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Language;

    #[test]
    fn what_stands_in_a_branch_does_not_always_run() {
        for (text, expected) in [
            ("app.use(it);", true),
            ("function make() { app.use(it); }", true),
            ("if (dev) { app.use(it); }", false),
            ("if (dev) { } else app.use(it);", false),
            ("dev && app.use(it);", false),
            ("for (const r of all) app.use(it);", false),
            ("try { app.use(it); } catch {}", true),
        ] {
            let source = Source::parse(Language::TypeScript, text).unwrap();
            let at = text.find("app.use").unwrap();
            assert_eq!(is_unconditional(&source, &(at..at + 11)), expected, "{text}");
        }
        let text = "if settings.DEBUG:\n    app.include_router(it)\n";
        let source = Source::parse(Language::Python, text).unwrap();
        let at = text.find("app").unwrap();
        assert!(!is_unconditional(&source, &(at..at + 10)));
    }
}
