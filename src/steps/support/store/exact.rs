//! Places that list the members of a user one by one and take no more: a literal of the record's type, and a test that
//! compares a whole user. The new column may break them, so each is a `todo`.

use std::collections::BTreeSet;

use tree_sitter::Node;

use crate::steps::Todo;
use crate::steps::support::Kit;
use crate::steps::support::store::record::{Record, rendered};
use crate::syntax::source::{Source, children, named};

/// Calls and operators that compare everything.
const COMPARES: &[&str] = &["toEqual", "toStrictEqual", "deepEqual", "deepStrictEqual"];
/// Shown at most; more say nothing new.
const MOST: usize = 10;

/// One `todo` a place.
pub(super) fn todo(kit: &Kit<'_>, record: &Record<'_>) -> Vec<Todo> {
    let members = members(&record.declaration);
    let rows = row_types(kit, record);
    let mut found = Vec::new();
    for (file, entry) in kit.cx.workspace.files() {
        let Some(language) = entry.language.filter(|l| l.is_code()) else { continue };
        if !kit.cx.app.owns(&entry.path) || kit.is_generated(file) || file == record.file {
            continue;
        }
        let text = kit.text(file);
        let may = |word: &str| text.as_str().contains(word);
        if !may(&record.key.member)
            || !(COMPARES.iter().any(|c| may(c)) || may("assert") || rows.iter().any(|r| may(r)))
        {
            continue;
        }
        let Some(source) = Source::parse(language, text.as_str()) else { continue };
        let mut queue = vec![source.root()];
        while let Some(node) = queue.pop() {
            if matches!(node.kind(), "object" | "dictionary")
                && lists_user(&source, node, record, &members)
                && (is_compared(&source, node) || is_of_type(&source, node, &rows))
            {
                found.push((entry.path.clone(), text.line_of(node.start_byte())));
                continue;
            }
            queue.extend(children(node));
        }
    }
    found.sort();
    found.truncate(MOST);
    let todo = |(file, line): (String, usize)| {
        Todo::chore(format!(
            "this lists the members of a user one by one; add `{}` if the whole record is meant",
            record.column.member
        ))
        .at(file, line)
    };
    found.into_iter().map(todo).collect()
}

/// The members a declaration names.
fn members(declaration: &str) -> BTreeSet<&str> {
    let word = |line: &'_ str| -> usize {
        line.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(line.len())
    };
    declaration
        .lines()
        .map(str::trim_start)
        .filter_map(|line| line.get(..word(line)))
        .filter(|w| !w.is_empty())
        .collect()
}

/// The key and one more member, and nothing that is none.
fn lists_user(source: &Source<'_>, object: Node<'_>, record: &Record<'_>, members: &BTreeSet<&str>) -> bool {
    let keys: Vec<&str> = named(object)
        .into_iter()
        .filter(|n| n.kind() != "comment")
        .map(|n| source.of(n.child_by_field_name("key").unwrap_or(n)).trim_matches(['"', '\'']))
        .collect();
    keys.len() > 1
        && keys.iter().any(|k| *k == record.key.member || record.orm.key_names.iter().any(|n| n == k))
        && keys.iter().all(|k| members.contains(k) || record.orm.key_names.iter().any(|n| n == k))
}

fn is_compared(source: &Source<'_>, object: Node<'_>) -> bool {
    let Some(parent) = object.parent() else { return false };
    match parent.kind() {
        "comparison_operator" => source.of(parent).contains("=="),
        "arguments" => {
            let callee = parent.parent().and_then(|call| call.child_by_field_name("function"));
            callee.is_some_and(|c| COMPARES.iter().any(|name| source.of(c).ends_with(name)))
        }
        _ => false,
    }
}

/// `const user: User = { … }`, `{ … } satisfies User`.
fn is_of_type(source: &Source<'_>, object: Node<'_>, rows: &[String]) -> bool {
    let Some(parent) = object.parent() else { return false };
    let names = |text: &str| rows.iter().any(|row| text.trim_start_matches([':', ' ']) == row);
    match parent.kind() {
        "variable_declarator" => parent.child_by_field_name("type").is_some_and(|t| names(source.of(t))),
        "satisfies_expression" => parent.named_child(1).is_some_and(|t| names(source.of(t))),
        _ => false,
    }
}

/// Types of a whole record: as the entry says, and the names the declaring file gives to those.
fn row_types(kit: &Kit<'_>, record: &Record<'_>) -> Vec<String> {
    let scope = record.variables(kit);
    let mut rows: Vec<String> =
        record.column.row_types.iter().filter_map(|t| rendered(t, &scope).ok()).collect();
    let text = kit.text(record.file);
    let aliases = text.as_str().lines().filter_map(|line| {
        let (name, of) = line.trim_start_matches("export ").strip_prefix("type ")?.split_once('=')?;
        rows.iter().any(|row| of.trim().trim_end_matches(';') == row).then(|| name.trim().to_owned())
    });
    let aliases: Vec<String> = aliases.collect();
    rows.extend(aliases);
    rows
}
