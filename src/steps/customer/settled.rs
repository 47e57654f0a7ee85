//! Where a new user is there for certain: past the app's own checks of what the insert gave.
//!
//! ```text
//! const { data, error } = await supabase.from("users").insert({ … }).select().single();
//! if (error) return problem(error);
//! await registerCustomer({ id: data.id });                    // past the check
//!
//! const [user] = await db.insert(users).values({ … }).onConflictDoNothing().returning();
//! log("signed up");
//! if (user) await registerCustomer({ id: user.id });          // no check right below: only if there is one
//! ```

use std::ops::Range;

use tree_sitter::Node;

use crate::sites::Signup;
use crate::steps::support::Kit;
use crate::syntax::source::Source;
use crate::workspace::FileId;

/// Where the call goes.
#[derive(Debug)]
pub(super) struct Settled {
    /// The statement it follows.
    pub(super) after: Range<usize>,
    /// What has to hold there.
    pub(super) only_if: Option<String>,
}

/// What becomes of an error that a client answers with in place of throwing it.
#[derive(Debug)]
pub(super) enum Failure {
    /// The statement keeps it under this name.
    Kept(String),
    /// Nothing does.
    Lost,
}

impl Failure {
    /// How the statement of a sign-up goes about it, where its client answers so.
    pub(super) fn of(kit: &Kit<'_>, file: FileId, signup: &Signup) -> Option<Self> {
        let member = signup.plan.failed_by.as_deref()?;
        Some(bound(kit, file, signup, member).map_or(Self::Lost, Self::Kept))
    }
}

/// The name that the statement of a sign-up gives to a member of the answer, if it does.
fn bound(kit: &Kit<'_>, file: FileId, signup: &Signup, member: &str) -> Option<String> {
    let facts = kit.cx.program.facts(file);
    let binding = facts.bindings.iter().find(|b| b.statement == signup.plan.statement)?;
    let name = binding.names.iter().find(|n| n.path.iter().eq([member]));
    let whole = || binding.names.iter().find(|n| n.path.is_empty()).map(|n| format!("{}.{member}", n.local));
    name.map(|n| n.local.clone()).or_else(whole)
}

/// The place for a sign-up whose id is `id`. `failed` is for clients that answer with what went wrong.
pub(super) fn settled(
    source: &Source<'_>,
    signup: &Signup,
    id: &str,
    failed: Option<&Failure>,
) -> Result<Settled, String> {
    let statement = signup.plan.statement.range();
    let holder = holder(id);
    let holds = holder != id && holds(source, &statement, root(id));
    let otherwise = |sure: bool| match failed {
        _ if sure => Ok(None),
        Some(Failure::Kept(error)) => {
            Ok(Some(if source.is_python() { format!("not {error}") } else { format!("!{error}") }))
        }
        Some(Failure::Lost) if holds => Ok(Some(holder.clone())),
        Some(Failure::Lost) => {
            Err("the client answers with an error in place of throwing it, and nothing keeps that error here"
                .to_owned())
        }
        None if signup.plan.may_skip => Ok(Some(holder.clone())),
        None => Ok(None),
    };
    let is_whole = |node: Node<'_>| {
        node.byte_range() == source.whole_node(&statement).map_or(statement.clone(), |n| n.byte_range())
    };
    let Some(mut node) = source.statement(&statement).filter(|n| is_whole(*n)) else {
        return Ok(Settled { only_if: otherwise(false)?, after: statement });
    };
    if let Some(outer) = left_try(source, node) {
        node = outer;
    }
    if let Some(saved) = saved_again(source, node, root(id)) {
        node = saved;
    }
    let error = match failed {
        Some(Failure::Kept(error)) => Some(error.as_str()),
        Some(Failure::Lost) | None => None,
    };
    let check = |next: Node<'_>| leaves_without(source, next, root(id), error);
    let mut sure = false;
    while let Some(next) = node.next_named_sibling().filter(|n| check(*n)) {
        sure = true;
        node = next;
    }
    // A check further down says that there may be none here.
    let mut below = std::iter::successors(node.next_named_sibling(), Node::next_named_sibling);
    let later = !sure && holds && below.any(check);
    let only_if = match otherwise(sure)? {
        None if later => Some(holder),
        known => known,
    };
    Ok(Settled { after: node.byte_range(), only_if })
}

/// A statement that is only run where something holds.
pub(super) fn under(python: bool, condition: &str, statement: &str) -> String {
    if python {
        format!("if {condition}:\n    {}", statement.replace('\n', "\n    "))
    } else {
        format!("if ({condition}) {{\n  {}\n}}", statement.replace('\n', "\n  "))
    }
}

/// What an id is a member of: `rows[0]` of `rows[0].id`.
pub(super) fn holder(id: &str) -> String {
    id.rsplit_once('.').map_or(id, |(holder, _)| holder).trim_end_matches(['?', '!']).to_owned()
}

fn root(id: &str) -> &str {
    id.split(['.', '[', '?', '!']).next().unwrap_or(id)
}

/// The statement that saves a new record once more, where only its members are set before that: until then it may be
/// one that nobody can use, or one that everybody can.
fn saved_again<'s>(source: &'s Source<'_>, made: Node<'s>, record: &str) -> Option<Node<'s>> {
    let member = format!("{record}.");
    let mut saved = None;
    let mut at = made;
    while let Some(next) = at.next_named_sibling() {
        let text = source.of(next).trim_start_matches("await ").trim_start();
        let Some(rest) = text.strip_prefix(&member) else { break };
        if rest.starts_with("save(") {
            saved = Some(next);
        } else if rest.find('=').is_none_or(|equals| rest.find('(').is_some_and(|open| open < equals)) {
            break;
        }
        at = next;
    }
    saved
}

/// Whether a statement gives a value this name.
fn holds(source: &Source<'_>, statement: &Range<usize>, name: &str) -> bool {
    let text = source.slice(statement.clone());
    let head = text.split_once('=').map_or("", |(head, _)| head);
    head.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).any(|word| word == name)
}

/// Whether a statement leaves when there is no such record, or when the error is there.
fn leaves_without(source: &Source<'_>, node: Node<'_>, record: &str, error: Option<&str>) -> bool {
    if node.kind() != "if_statement" || node.child_by_field_name("alternative").is_some() {
        return false;
    }
    let condition = node.child_by_field_name("condition").map(|c| source.of(c)).unwrap_or_default();
    let condition = condition.trim().strip_prefix('(').and_then(|c| c.strip_suffix(')')).unwrap_or(condition);
    let leaves = node.child_by_field_name("consequence").is_some_and(leaves);
    let mut parts = condition.split("||").flat_map(|part| part.split(" or ")).map(str::trim);
    leaves && parts.all(|part| is_absence(part, record) || error.is_some_and(|error| part == error))
}

/// Whether a condition says that a record is not there: `!user`, `user === null`, `not user`, `rows.length === 0`.
fn is_absence(condition: &str, record: &str) -> bool {
    let about = condition.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == record);
    let plain: String = condition.chars().filter(|c| !c.is_whitespace()).collect();
    let ends = [
        "==null",
        "===null",
        "===undefined",
        "==undefined",
        "isNone",
        "==None",
        ".length===0",
        ".length==0",
        ".length<1",
        "==0",
    ];
    about
        && !condition.contains("&&")
        && !condition.contains(" and ")
        && (plain.starts_with('!')
            || condition.starts_with("not ")
            || ends.iter().any(|end| plain.ends_with(end)))
}

/// The Python `try` around a statement that is the last of its body, when nothing else runs after it.
fn left_try<'s>(source: &'s Source<'_>, node: Node<'s>) -> Option<Node<'s>> {
    let block = node.parent().filter(|b| b.kind() == "block" && source.is_python())?;
    let outer = block.parent().filter(|t| t.kind() == "try_statement")?;
    if node.next_named_sibling().is_some() || outer.child_by_field_name("body") != Some(block) {
        return None;
    }
    let clauses = (0..outer.named_child_count() as u32).filter_map(|i| outer.named_child(i)).skip(1);
    let all_leave = clauses.into_iter().all(|clause| {
        let body = (0..clause.named_child_count() as u32).filter_map(|i| clause.named_child(i)).next_back();
        clause.kind() == "except_clause" && body.is_some_and(leaves)
    });
    all_leave.then_some(outer)
}

/// Whether a block (or a statement) ends by leaving.
fn leaves(node: Node<'_>) -> bool {
    let last = (0..node.named_child_count() as u32).filter_map(|i| node.named_child(i)).next_back();
    let exits = |n: Node<'_>| matches!(n.kind(), "return_statement" | "throw_statement" | "raise_statement");
    exits(node) || (node.kind().ends_with("block") && last.is_some_and(exits))
}

#[cfg(test)]
mod tests;
