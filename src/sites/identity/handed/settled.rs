//! Which checks have been passed where a value is used: `if (!session?.user) return …` before it, `if (session) { … }`
//! around it.

use std::sync::Arc;

use tree_sitter::Node;

use crate::syntax::{Span, Tree, parse};
use crate::workspace::{Language, SourceText};

/// A file's text with its tree.
pub(in crate::sites) struct Code {
    text: Arc<SourceText>,
    tree: Tree,
}

impl Code {
    /// Parses a text; `None` for a language without a grammar.
    pub(in crate::sites) fn parse(language: Language, text: Arc<SourceText>) -> Option<Self> {
        let tree = parse(language, text.as_str())?;
        Some(Self { text, tree })
    }

    /// The smallest node over a range.
    pub(super) fn at(&self, start: usize, end: usize) -> Option<Node<'_>> {
        self.tree.root_node().descendant_for_byte_range(start, end)
    }

    /// The text of a node.
    pub(super) fn of(&self, node: Node<'_>) -> &str {
        self.text.as_str().get(node.byte_range()).unwrap_or_default()
    }
}

/// What a passed check says of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fact {
    /// These members, and all in front of them, are there.
    There(Vec<String>),
    /// The value at these members is none of this class.
    NoneOf(Vec<String>, String),
}

/// Words by which a branch leaves without `return` or `throw`.
const LEAVING: &[&str] = &["redirect(", "notFound(", "unauthorized(", "forbidden("];

/// What the checks between `from` and a place say of a name.
pub(super) fn facts_of(code: &Code, name: &str, from: u32, place: u32) -> Vec<Fact> {
    let mut found = Vec::new();
    let mut at = code.at(place as usize, place as usize);
    while let Some(node) = at {
        let Some(parent) = node.parent() else { break };
        match parent.kind() {
            "statement_block" | "program" | "switch_case" => {
                let mut before = node.prev_named_sibling();
                while let Some(statement) = before.filter(|s| s.start_byte() >= from as usize) {
                    if statement.kind() == "if_statement" && leaves(code, statement) {
                        found.extend(stated(condition(code, statement), name, false));
                    }
                    before = statement.prev_named_sibling();
                }
            }
            "if_statement" | "ternary_expression" if parent.start_byte() >= from as usize => {
                let holds =
                    |part: &str| parent.child_by_field_name(part).is_some_and(|p| p.id() == node.id());
                if holds("consequence") {
                    found.extend(stated(condition(code, parent), name, true));
                } else if holds("alternative") {
                    found.extend(stated(condition(code, parent), name, false));
                }
            }
            _ => {}
        }
        at = Some(parent);
    }
    found
}

/// The class that a returned name is known to be of where it is returned: `if (x instanceof Response) return x;`.
pub(super) fn class_at(code: &Code, name: &str, place: u32) -> Option<String> {
    let mut at = code.at(place as usize, place as usize);
    while let Some(node) = at {
        let parent = node.parent()?;
        let inside = parent.child_by_field_name("consequence").is_some_and(|c| c.id() == node.id());
        if parent.kind() == "if_statement" && inside {
            let written = plain(condition(code, parent));
            let mut parts = written.split("&&").filter_map(|part| part.split_once(" instanceof "));
            return parts.find(|(of, _)| *of == name).map(|(_, class)| class.to_owned());
        }
        at = Some(parent);
    }
    None
}

/// Whether a statement has been run where a place is reached.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// It has.
    Surely,
    /// It has when this name stands for something.
    When(String),
    /// It may have.
    Perhaps,
    /// It has not: what follows it leaves.
    Never,
}

/// Whether a statement has been run where a place is reached.
pub(super) fn has_run(code: &Code, statement: Span, place: u32) -> Run {
    run(code, statement, place as usize).unwrap_or(Run::Perhaps)
}

fn run(code: &Code, statement: Span, place: usize) -> Option<Run> {
    let (start, end) = (statement.start as usize, statement.end as usize);
    let mut at = code.at(start, end.max(start + 1) - 1)?;
    // Up to the statement that stands in a block.
    while !at.parent().is_some_and(|p| is_block(p.kind())) {
        at = at.parent()?;
    }
    let mut when: Option<String> = None;
    loop {
        let block = at.parent()?;
        if block.start_byte() <= place && place < block.end_byte() {
            return Some(when.map_or(Run::Surely, Run::When));
        }
        if last(block).is_some_and(|l| goes(code, l)) {
            return Some(Run::Never);
        }
        let outer = block.parent()?;
        let is = |part: &str| outer.child_by_field_name(part).is_some_and(|b| b.id() == block.id());
        if outer.kind() == "if_statement" && is("consequence") && when.is_none() {
            when = Some(condition(code, outer).to_owned());
        } else if outer.kind() == "try_statement" && is("body") {
            // What stands in a `try` whose `catch` leaves has been run behind it.
            let caught = outer.child_by_field_name("handler").and_then(|h| h.child_by_field_name("body"));
            if caught.is_some_and(|body| !last(body).is_some_and(|l| goes(code, l))) {
                return Some(Run::Perhaps);
            }
        } else {
            return Some(Run::Perhaps);
        }
        at = outer;
    }
}

fn last(block: Node<'_>) -> Option<Node<'_>> {
    block.named_child(block.named_child_count().checked_sub(1)? as _)
}

fn is_block(kind: &str) -> bool {
    matches!(kind, "statement_block" | "program" | "switch_case" | "switch_default")
}

fn condition<'c>(code: &'c Code, node: Node<'_>) -> &'c str {
    let written = node.child_by_field_name("condition").map(|c| code.of(c)).unwrap_or_default().trim();
    written.strip_prefix('(').and_then(|w| w.strip_suffix(')')).unwrap_or(written)
}

/// Whether the branch of a check leaves.
fn leaves(code: &Code, check: Node<'_>) -> bool {
    let Some(branch) = check.child_by_field_name("consequence") else { return false };
    let last = if branch.kind() == "statement_block" { last(branch) } else { Some(branch) };
    last.is_some_and(|last| goes(code, last))
}

/// Whether a statement leaves the function.
fn goes(code: &Code, statement: Node<'_>) -> bool {
    matches!(statement.kind(), "return_statement" | "throw_statement")
        || statement.kind() == "expression_statement"
            && LEAVING.iter().any(|word| code.of(statement).starts_with(word))
}

/// What a condition says of a name when it holds, or when it does not.
fn stated(condition: &str, name: &str, holds: bool) -> Vec<Fact> {
    let condition = plain(condition);
    // `a && b` that holds says both; `a || b` that does not says that neither holds.
    let (joint, other) = if holds { ("&&", "||") } else { ("||", "&&") };
    if condition.contains('(') && condition.contains(other) {
        return Vec::new();
    }
    let parts = condition.split(joint).filter(|part| !part.contains(other));
    parts.filter_map(|part| about(part.trim(), name, holds)).collect()
}

fn about(part: &str, name: &str, holds: bool) -> Option<Fact> {
    let (negated, inner) = match part.strip_prefix("!!") {
        Some(inner) => (false, inner),
        None => part.strip_prefix('!').map_or((false, part), |inner| (true, inner)),
    };
    let bare = inner.strip_prefix('(').and_then(|i| i.strip_suffix(')')).unwrap_or(inner);
    if let Some((of, class)) = bare.split_once(" instanceof ") {
        // Known to be none of it: the check fails, or its negation holds.
        return (negated == holds)
            .then(|| Some(Fact::NoneOf(members(of, name)?, class.to_owned())))
            .flatten();
    }
    let nothing = |of: &str| matches!(of, "null" | "undefined" | "\"undefined\"" | "'undefined'");
    for (operator, equal) in [("!==", false), ("===", true), ("!=", false), ("==", true)] {
        if let Some((of, value)) = bare.split_once(operator) {
            let there = nothing(value) && (equal != holds) && !negated;
            let of = of.strip_prefix("typeof ").unwrap_or(of);
            return there.then(|| members(of, name)).flatten().map(Fact::There);
        }
    }
    (negated != holds).then(|| members(bare, name)).flatten().map(Fact::There)
}

/// The members of a plain path that starts at a name.
fn members(written: &str, name: &str) -> Option<Vec<String>> {
    let rest = written.strip_prefix(name)?;
    if rest.is_empty() {
        return Some(Vec::new());
    }
    let path: Vec<String> = rest.strip_prefix('.')?.split('.').map(str::to_owned).collect();
    let is_word =
        |part: &String| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$');
    path.iter().all(is_word).then_some(path)
}

/// A condition without blanks that mean nothing, `?.` and `!.` made plain.
fn plain(written: &str) -> String {
    let one_line = written.split_whitespace().collect::<Vec<_>>().join(" ");
    let tight = one_line.replace("?.", ".").replace("!.", ".");
    let mut text = String::with_capacity(tight.len());
    for word in tight.split(' ') {
        let keyword =
            matches!(word, "instanceof") || text.ends_with(" instanceof") || text.ends_with("typeof");
        if keyword {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Language;

    fn parsed(text: &str) -> Code {
        Code::parse(Language::TypeScript, Arc::new(SourceText::new(text.as_bytes().to_vec()))).unwrap()
    }

    fn at_use(text: &str) -> Vec<Fact> {
        facts_of(&parsed(text), "session", 0, text.find("USE").unwrap() as u32)
    }

    fn there(path: &[&str]) -> Fact {
        Fact::There(path.iter().map(|p| (*p).to_owned()).collect())
    }

    #[test]
    fn a_check_that_leaves_settles_what_it_asks_for() {
        for (code, path) in [
            ("if (!session) { throw new Error(); }\nUSE;", &[][..]),
            ("if (!session?.user) return;\nUSE;", &["user"]),
            ("if (session == null) return;\nrun(() => USE);", &[]),
            ("if (!ok || !session?.user?.email) { log(); return no(); }\nUSE;", &["user", "email"]),
            ("if (typeof session.user === 'undefined') return;\nUSE;", &["user"]),
            ("if (session?.user) { run(USE); }", &["user"]),
            ("const a = session ? USE : null;", &[]),
            ("if (!session) { no(); } else { USE; }", &[]),
        ] {
            assert_eq!(at_use(code), [there(path)], "{code}");
        }
    }

    #[test]
    fn a_check_that_lets_others_pass_settles_nothing() {
        for code in [
            "if (!session) { log(); }\nUSE;",
            "if (!session && !key) return;\nUSE;",
            "if (session) return;\nUSE;",
            "if (session || key) { USE; }",
            "if (!(session || key) || (a && b)) return;\nUSE;",
            "USE;\nif (!session) return;",
            "if (a) { if (!session) return; }\nUSE;",
            "if (!sessions) return;\nUSE;",
            "if (!session) { USE; }",
        ] {
            assert_eq!(at_use(code), [], "{code}");
        }
    }

    #[test]
    fn a_class_is_ruled_out() {
        let ruled_out = [Fact::NoneOf(Vec::new(), "Response".to_owned())];
        assert_eq!(at_use("if (session instanceof Response) return session;\nUSE;"), ruled_out);
        assert_eq!(at_use("if (!(session instanceof Response)) { USE; }"), ruled_out);
        assert_eq!(at_use("if (!(session instanceof Response)) return;\nUSE;"), []);
    }

    #[test]
    fn what_stands_in_a_branch_may_not_have_run() {
        let run = |text: &str| {
            let start = text.find("SET").unwrap() as u32;
            let statement = Span { start, end: start + 3 };
            has_run(&parsed(text), statement, text.find("USE").unwrap() as u32)
        };
        assert_eq!(run("SET;\nrun(() => { USE; });"), Run::Surely);
        assert_eq!(run("if (check) { SET; }\nUSE;"), Run::When("check".to_owned()));
        assert_eq!(run("if (a) { if (b) { SET; } }\nUSE;"), Run::Perhaps);
        assert_eq!(run("if (a) { SET; return; }\nUSE;"), Run::Never);
        assert_eq!(run("if (a) { no(); } else { SET; }\nUSE;"), Run::Perhaps);
        assert_eq!(run("try { SET; } catch (e) { throw e; }\nUSE;"), Run::Surely);
        assert_eq!(run("try { SET; } catch (e) { log(e); }\nUSE;"), Run::Perhaps);
        assert_eq!(run("for (const a of b) { SET; }\nUSE;"), Run::Perhaps);
    }
}
