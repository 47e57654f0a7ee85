//! A call, or a statement, that runs inside of something.
//!
//! ```text
//! await f(x)          -> await run(id, () => f(x))        TypeScript, JavaScript
//! await f(chat.text)  -> await run(id, f, chat.text)      where `chat.text` was narrowed by a check before
//! r = await f(x)      -> with run(id):                    Python
//!                            r = await f(x)
//! ```
//!
//! TypeScript forgets in a closure what was checked of a member before it, so such arguments stay outside of one.

use std::ops::Range;

use tree_sitter::Node;

use super::statement::{Spot, node_of, spot};
use super::{Refusal, code, deeper, function_of, is_function};
use crate::edit::Edit;
use crate::syntax::source::{Source, items, walk};
use crate::syntax::style::Style;

/// Columns up to which a call stays on its line.
const WIDTH: usize = 100;

/// Hands a call to a function that runs it: `name(first, () => call)`.
pub fn run_inside(
    source: &Source<'_>,
    style: &Style,
    call: &Range<usize>,
    (name, first): (&str, &str),
    why: &str,
) -> Result<Vec<Edit>, Refusal> {
    let call = super::result::call_at(source, call)?;
    let (Some(callee), Some(arguments)) =
        (call.child_by_field_name("function"), call.child_by_field_name("arguments"))
    else {
        return Err(Refusal::NotFound("call"));
    };
    // The `await` is a part of such a call, so it would be waited for in the wrong place.
    if super::result::is_awaited(call) {
        return Err(Refusal::Broken);
    }
    let of_function = |kind: &str| {
        let mut found = false;
        walk(call, &mut |node| found |= node.kind() == kind && function_of(node) == function_of(call));
        found
    };
    if arguments.kind() != "arguments" || of_function("yield_expression") || of_function("super") {
        return Err(Refusal::NotFound("plain call"));
    }
    if source.language.is_typescript() && is_narrowed(source, call, arguments) {
        if callee.kind() != "identifier" || call.child_by_field_name("type_arguments").is_some() {
            return Err(Refusal::Narrowed);
        }
        let inside = arguments.start_byte()..arguments.start_byte() + 1;
        let next = source.slice(inside.end..arguments.end_byte());
        let comma = if next.starts_with(['\n', '\r']) { "," } else { ", " };
        return Ok(vec![
            Edit::insertion(call.start_byte(), format!("{name}({first}, "), why),
            Edit::replacement(inside, comma, why),
        ]);
    }
    let arrow = if of_function("await_expression") { "async () =>" } else { "() =>" };
    let head = format!("{name}({first}, {arrow}");
    let line = source.slice(source.line_start(call.start_byte())..source.line_end(call.start_byte()));
    let one_line = !source.of(call).contains('\n');
    // Inside of other brackets the lines would have to be broken further out; a formatter does that better.
    if one_line && (is_nested(call) || line.chars().count() + head.chars().count() + 2 <= WIDTH) {
        return Ok(vec![
            Edit::insertion(call.start_byte(), format!("{head} "), why),
            Edit::insertion(call.end_byte(), ")", why),
        ]);
    }
    let newline = source.newline();
    let indent = source.indent_at(call.start_byte());
    let inner = format!("{indent}{}", style.indent.unit());
    let comma = if style.trailing_commas_in_calls { "," } else { "" };
    let mut edits = deeper(source, &call.byte_range(), style, why);
    edits.insert(0, Edit::insertion(call.start_byte(), format!("{head}{newline}{inner}"), why));
    edits.push(Edit::insertion(call.end_byte(), format!("{comma}{newline}{indent})"), why));
    Ok(edits)
}

/// Whether a call is a part of a larger expression, other than what is awaited, bound or returned.
fn is_nested(call: Node<'_>) -> bool {
    let value = call.parent().filter(|p| p.kind() == "await_expression").unwrap_or(call);
    value.parent().is_some_and(|p| {
        !matches!(
            p.kind(),
            "expression_statement"
                | "variable_declarator"
                | "return_statement"
                | "assignment_expression"
                | "arrow_function"
        )
    })
}

/// Puts the Python statement around a range below a head of its own: `with run(id):`.
pub fn below_head(
    source: &Source<'_>,
    style: &Style,
    range: &Range<usize>,
    head: &str,
    why: &str,
) -> Result<Vec<Edit>, Refusal> {
    let spot = spot(source, range)?;
    let statement = node_of(&spot);
    let simple = matches!(statement.kind(), "expression_statement" | "return_statement" | "assignment");
    if !matches!(spot, Spot::Lines(_)) {
        return Err(Refusal::SharedLine);
    }
    let mut yields = false;
    walk(statement, &mut |node| yields |= node.kind() == "yield");
    if !simple || yields {
        return Err(Refusal::NotFound("simple statement"));
    }
    let at = statement.start_byte();
    let indent = source.indent_at(at);
    let head = code(source, style, head, indent);
    let text = format!("{}{}{indent}{}", head.trim_start(), source.newline(), style.indent.unit());
    let mut edits = deeper(source, &statement.byte_range(), style, why);
    edits.insert(0, Edit::insertion(at, text, why));
    Ok(edits)
}

/// Whether an argument's type may depend on a check in front of the call: a member (or something around it) that a
/// condition asks about, or a variable that is assigned to again.
fn is_narrowed(source: &Source<'_>, call: Node<'_>, arguments: Node<'_>) -> bool {
    let mut scope = source.root();
    let mut up = call.parent();
    while let Some(node) = up {
        if is_function(node) {
            scope = node;
        }
        up = node.parent();
    }
    let mut members = Vec::new();
    let mut names = Vec::new();
    for argument in items(arguments) {
        walk(argument, &mut |node| match node.kind() {
            "member_expression" => members.push(plain(source.of(node))),
            "identifier" | "shorthand_property_identifier" => names.push(source.of(node)),
            _ => {}
        });
    }
    let mut narrowed = false;
    walk(scope, &mut |node| {
        if node.start_byte() >= call.start_byte() {
            return;
        }
        let condition = match node.kind() {
            "if_statement" | "while_statement" | "ternary_expression" => {
                node.child_by_field_name("condition")
            }
            "binary_expression" => Some(node),
            _ => None,
        };
        if let Some(condition) = condition {
            walk(condition, &mut |inner| {
                let asked = plain(source.of(inner));
                narrowed |= inner.kind() == "member_expression"
                    && members.iter().any(|m| {
                        *m == asked
                            || m.strip_prefix(asked.as_str()).is_some_and(|rest| rest.starts_with('.'))
                    });
            });
        }
        if node.kind() == "lexical_declaration" && source.of(node).starts_with("let") {
            walk(node, &mut |inner| {
                narrowed |= inner.kind() == "identifier"
                    && inner.parent().is_some_and(|p| p.child_by_field_name("name") == Some(inner))
                    && names.contains(&source.of(inner));
            });
        }
    });
    narrowed
}

/// A member as it is written most plainly: `a.b` for `a?.b!`.
fn plain(text: &str) -> String {
    text.replace(['?', '!'], "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Language;

    fn edited(language: Language, before: &str, edits: &[Edit]) -> String {
        let mut edits: Vec<&Edit> = edits.iter().collect();
        edits.sort();
        let mut out = before.to_owned();
        for edit in edits.iter().rev() {
            out.replace_range(edit.range(), edit.text());
        }
        assert!(!Source::parse(language, &out).unwrap().root().has_error(), "{out}");
        out
    }

    fn run(before: &str, call: &str) -> Result<String, Refusal> {
        let source = Source::parse(Language::TypeScript, before).unwrap();
        let at = before.find(call).unwrap();
        let range = at..at + call.len();
        run_inside(&source, &Style::of(&source), &range, ("run", "id"), "w")
            .map(|edits| edited(Language::TypeScript, before, &edits))
    }

    fn below(before: &str, part: &str) -> Result<String, Refusal> {
        let source = Source::parse(Language::Python, before).unwrap();
        let at = before.find(part).unwrap();
        below_head(&source, &Style::of(&source), &(at..at + part.len()), "with run(id):", "w")
            .map(|edits| edited(Language::Python, before, &edits))
    }

    #[test]
    fn an_awaited_call_with_type_arguments_is_left_alone() {
        let before = "async function f() {\n  const a = await g<A>(1);\n}\n";
        assert_eq!(run(before, "g<A>(1)"), Err(Refusal::Broken));
    }

    #[test]
    fn a_call_becomes_a_function_that_is_run() {
        let short = "async function f() {\n  const a = await g(1);\n  return g(2);\n}\n";
        assert_eq!(
            run(short, "g(1)").unwrap(),
            "async function f() {\n  const a = await run(id, () => g(1));\n  return g(2);\n}\n"
        );
        assert_eq!(
            run(short, "g(2)").unwrap(),
            "async function f() {\n  const a = await g(1);\n  return run(id, () => g(2));\n}\n"
        );
        let method = "async function f() {\n  await this.service.make(await next());\n}\n";
        assert_eq!(
            run(method, "this.service.make(await next())").unwrap(),
            "async function f() {\n  await run(id, async () => this.service.make(await next()));\n}\n"
        );
    }

    #[test]
    fn a_long_call_gets_lines_of_its_own_and_one_inside_of_another_does_not() {
        let long = "x".repeat(90);
        let alone = format!("async function f() {{\n  const a = await g(\"{long}\");\n}}\n");
        assert_eq!(
            run(&alone, &format!("g(\"{long}\")")).unwrap(),
            format!("async function f() {{\n  const a = await run(id, () =>\n    g(\"{long}\"),\n  );\n}}\n")
        );
        let inside = format!("async function f() {{\n  h({{ a: await g(\"{long}\") }});\n}}\n");
        assert_eq!(
            run(&inside, &format!("g(\"{long}\")")).unwrap(),
            format!("async function f() {{\n  h({{ a: await run(id, () => g(\"{long}\")) }});\n}}\n")
        );
        let lines = "async function f() {\n  await g(\n    1,\n  );\n}\n";
        assert_eq!(
            run(lines, "g(\n    1,\n  )").unwrap(),
            "async function f() {\n  await run(id, () =>\n    g(\n      1,\n    ),\n  );\n}\n"
        );
    }

    #[test]
    fn what_a_check_before_has_narrowed_stays_outside_of_the_function() {
        let before = "async function f(chat?: { text?: string }) {\n  if (!chat?.text) return;\n  await g(chat.text);\n}\n";
        assert_eq!(
            run(before, "g(chat.text)").unwrap(),
            before.replace("g(chat.text)", "run(id, g, chat.text)")
        );
        let method = before.replace("await g(", "await a.g(");
        assert_eq!(run(&method, "a.g(chat.text)"), Err(Refusal::Narrowed));
        let again = "async function f() {\n  let text = h();\n  text = i();\n  await a.g(text);\n}\n";
        assert_eq!(run(again, "a.g(text)"), Err(Refusal::Narrowed));
    }

    #[test]
    fn what_a_function_cannot_do_for_another_is_refused() {
        let generator = "function* f() {\n  g(yield 1);\n}\n";
        assert_eq!(run(generator, "g(yield 1)"), Err(Refusal::NotFound("plain call")));
        let parent = "class A extends B {\n  f() {\n    return super.f(1);\n  }\n}\n";
        assert_eq!(run(parent, "super.f(1)"), Err(Refusal::NotFound("plain call")));
    }

    #[test]
    fn a_python_statement_goes_below_a_head_with_all_its_lines() {
        assert_eq!(
            below("def f():\n    a = g(\n        1,\n    )\n    return a\n", "g(").unwrap(),
            "def f():\n    with run(id):\n        a = g(\n            1,\n        )\n    return a\n"
        );
        assert_eq!(
            below("def f():\n\treturn g(1)\n", "g(1)").unwrap(),
            "def f():\n\twith run(id):\n\t\treturn g(1)\n"
        );
        assert_eq!(
            below("def f():\n    if g(1):\n        h()\n", "g(1)"),
            Err(Refusal::NotFound("simple statement"))
        );
        assert_eq!(
            below("def f():\n    a = yield g(1)\n", "g(1)"),
            Err(Refusal::NotFound("simple statement"))
        );
        assert_eq!(below("def f():\n    h(); g(1)\n", "g(1)"), Err(Refusal::SharedLine));
    }
}
