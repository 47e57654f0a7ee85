//! Which way an answer went: only the JSON of one that succeeded says what to bill.
//!
//! Code reads the JSON of a failed answer too, for the message in it. So a place counts only when every answer that
//! succeeded comes by there, or none but those.

use tree_sitter::Node;

use crate::catalog::Succeeded;
use crate::syntax::Call;
use crate::syntax::source::Source;

/// Whether `read` stands on the way of an answer that succeeded, and if so, whether the code has made sure of it by a
/// condition around it.
pub(super) fn on_success(
    source: &Source<'_>,
    read: &Call,
    request: &Call,
    answer: &str,
    how: Option<&Succeeded>,
) -> Option<bool> {
    let around = blocks_around(source.statement(&request.span.range())?);
    let mut node = source.statement(&read.span.range())?;
    let mut checked = false;
    loop {
        let parent = node.parent()?;
        if around.contains(&parent.id()) {
            return Some(checked);
        }
        match parent.kind() {
            "if_statement" | "elif_clause" => {
                let is = |field| parent.child_by_field_name(field) == Some(node);
                let condition = source.of(parent.child_by_field_name("condition")?);
                let wanted = if is("consequence") { Some(true) } else { Some(false) };
                if says(condition, answer, how?) != wanted {
                    return None;
                }
                checked = true;
            }
            "else_clause" if parent.parent().is_some_and(|p| p.kind() == "if_statement") => {}
            kind if is_passed(kind) => {}
            _ => return None,
        }
        node = parent;
    }
}

/// Whether code goes through such a node whatever the answer was.
fn is_passed(kind: &str) -> bool {
    matches!(kind, "block" | "statement_block" | "with_statement" | "try_statement")
}

/// The blocks that a statement stands in, up to the first that it need not reach.
fn blocks_around(statement: Node<'_>) -> Vec<usize> {
    let parents = std::iter::successors(statement.parent(), |node| {
        is_passed(node.kind()).then(|| node.parent()).flatten()
    });
    parents.map(|node| node.id()).collect()
}

/// What holds where a condition does: `Some(true)`, the answer has succeeded; `Some(false)`, it succeeded where the
/// condition does not hold.
pub(super) fn says(condition: &str, answer: &str, how: &Succeeded) -> Option<bool> {
    let condition = bare(condition);
    let parts = |words: [&str; 2]| {
        let word = words.into_iter().find(|word| condition.contains(word))?;
        Some(condition.split(word).map(|part| says(part, answer, how)).collect::<Vec<_>>())
    };
    if let Some(parts) = parts([" or ", "||"]) {
        return parts.contains(&Some(false)).then_some(false);
    }
    if let Some(parts) = parts([" and ", "&&"]) {
        return parts.contains(&Some(true)).then_some(true);
    }
    if let Some(rest) = condition.strip_prefix("not ").or_else(|| condition.strip_prefix('!')) {
        return says(rest, answer, how).map(|said| !said);
    }
    let asked = condition.strip_prefix(answer)?;
    let (check, compared) =
        how.checks.iter().find_map(|check| Some((check, asked.strip_prefix(check.as_str())?)))?;
    if compared.is_empty() {
        return Some(check.trim_start_matches('.') == how.member);
    }
    compares(compared.trim())
}

/// The same of `== 200`, `>= 400`, what a status is compared with.
fn compares(text: &str) -> Option<bool> {
    let value = text.trim_start_matches(['=', '!', '<', '>']);
    let operator = text.strip_suffix(value)?;
    match operator {
        "==" | "===" => Some(is_success(value)),
        "!=" | "!==" => is_success(value).then_some(false),
        "<" | "<=" => Some(true),
        ">" | ">=" => Some(false),
        _ => value.strip_prefix("in ").map(is_success).filter(|success| *success),
    }
}

/// Whether statuses, as code writes them, are those of success: `200`, `(200, 201)`, `codes.ok`.
fn is_success(value: &str) -> bool {
    let mut words = value.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.any(|word| (word.len() == 3 && word.starts_with('2')) || word.eq_ignore_ascii_case("ok"))
}

/// A condition without the brackets around all of it.
fn bare(condition: &str) -> &str {
    let condition = condition.trim();
    match condition.strip_prefix('(').and_then(|c| c.strip_suffix(')')) {
        // `(a) or (b)` has none around all of it.
        Some(inner) if inner.find(')').is_none_or(|end| inner.find('(').is_some_and(|open| open < end)) => {
            bare(inner)
        }
        _ => condition,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_says_which_way_the_answer_went() {
        let how = Succeeded {
            modules: Vec::new(),
            member: "ok".to_owned(),
            checks: [".ok", ".is_error", ".status"].map(str::to_owned).to_vec(),
        };
        let said = |condition: &str| says(condition, "r", &how);
        for success in
            ["(r.ok)", "r.status == 200", "r.status in (200, 201)", "(r.status < 300)", "!r.is_error"]
        {
            assert_eq!(said(success), Some(true), "{success}");
        }
        for failure in
            ["not r.ok", "(!r.ok)", "r.is_error", "r.status !== 200", "r.status >= 400", "!r.ok || x"]
        {
            assert_eq!(said(failure), Some(false), "{failure}");
        }
        for nothing in ["x", "x or r.ok", "x && !r.ok", "other.ok", "r.status in (404, 410)"] {
            assert_eq!(said(nothing), None, "{nothing}");
        }
    }
}
