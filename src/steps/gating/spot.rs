//! Where in a handler the check of the balance stands.
//!
//! As far out as the user is known, so that nothing is done for a request that is refused, but never above a branch that
//! goes on without spending: a page that is only shown, an answer from a cache, a user who brings a key.

use std::collections::BTreeSet;
use std::ops::Range;

use tree_sitter::Node;

use crate::catalog::{Kind, own_money};
use crate::resolve::Def;
use crate::sites::HandlerRef;
use crate::sites::cx::word_at;
use crate::steps::support::Kit;
use crate::syntax::Span;
use crate::syntax::source::{Source, named};
use crate::workspace::FileId;

/// How many functions of the app are looked into, one inside the other, for what they write.
const CALLS_DEEP: usize = 3;

/// The methods by which an app's records are made and changed.
struct Writing<'k, 'a> {
    kit: &'k Kit<'a>,
    methods: BTreeSet<&'k str>,
}

impl<'k, 'a> Writing<'k, 'a> {
    fn of(kit: &'k Kit<'a>) -> Self {
        let orms = kit.graph().entries(Kind::Orm).filter_map(|e| e.orm.as_ref());
        let methods = orms.flat_map(|orm| {
            let made = orm.creates.iter().flat_map(|create| create.form.methods());
            made.chain(orm.writes.iter().map(String::as_str))
        });
        Self { kit, methods: methods.collect() }
    }

    /// Whether code writes, itself or in the functions of the app that it calls.
    fn is_in(&self, file: FileId, code: &Range<usize>, deep: usize) -> bool {
        let facts = self.kit.cx.program.facts(file);
        let within = |span: Span| code.start <= span.start as usize && span.end as usize <= code.end;
        facts.call_ids().filter(|id| within(facts.call(*id).span)).any(|id| {
            if facts.call(id).callee.segments.last().is_some_and(|m| self.methods.contains(m.as_str())) {
                return true;
            }
            match deep.checked_sub(1).map(|deeper| (deeper, self.kit.graph().callee(file, id))) {
                Some((deeper, Def::Function(at, function))) => {
                    let body = self.kit.cx.program.facts(at).function(function).body.range();
                    self.is_in(at, &body, deeper)
                }
                _ => false,
            }
        })
    }

    /// Whether code takes from money that the app counts by itself, or the functions of the app that it calls do.
    fn takes_money(&self, file: FileId, code: &Range<usize>, deep: usize) -> bool {
        let text = self.kit.text(file).slice(code.clone()).to_owned();
        let counts = || {
            let counters = own_money().counters.iter();
            counters.into_iter().any(|c| text.match_indices(c.as_str()).any(|(at, _)| word_at(&text, at, c)))
        };
        if self.is_in(file, code, 0) && counts() {
            return true;
        }
        let Some(deeper) = deep.checked_sub(1) else { return false };
        let facts = self.kit.cx.program.facts(file);
        let within = |span: Span| code.start <= span.start as usize && span.end as usize <= code.end;
        facts.call_ids().filter(|id| within(facts.call(*id).span)).any(|id| {
            matches!(self.kit.graph().callee(file, id), Def::Function(at, function) if {
                let body = self.kit.cx.program.facts(at).function(function).body.range();
                self.takes_money(at, &body, deeper)
            })
        })
    }
}

/// The place of the check: in front of the first record that the handler writes on the way to the spend, so that a
/// refused request leaves nothing behind. Money of the app's own is taken whatever branch the spend is in.
pub(super) fn before_writes(
    kit: &Kit<'_>,
    source: &Source<'_>,
    handler: &HandlerRef,
    ready_at: u32,
    spend: std::ops::Range<usize>,
) -> std::ops::Range<usize> {
    let writing = Writing::of(kit);
    let writes = |statement: &std::ops::Range<usize>| writing.is_in(handler.file, statement, CALLS_DEEP);
    // A statement that is one expression has the same range as that.
    let mut at = source.node(&spend).and_then(|node| node.parent());
    while let Some(outer) = at.filter(|node| node.byte_range() == spend) {
        at = outer.parent();
    }
    let Some(block) = at.filter(|block| is_block(block.kind())) else { return spend };
    let mut cursor = block.walk();
    // What is written on a way that ends before the spend belongs to that way.
    let mut before = block
        .named_children(&mut cursor)
        .filter(|statement| !leaves(*statement))
        .map(|statement| statement.byte_range())
        .filter(|s| s.start >= ready_at as usize && s.end <= spend.start);
    let takes = |statement: &Range<usize>| writing.takes_money(handler.file, statement, CALLS_DEEP);
    let paid_before = || {
        let around = std::iter::successors(block.parent(), Node::parent);
        let inside = around.take_while(|node| !is_function(node.kind()));
        let blocks: Vec<Node<'_>> = inside.filter(|node| is_block(node.kind())).collect();
        blocks.into_iter().rev().find_map(|block| {
            let statements = named(block).into_iter().filter(|statement| !leaves(*statement));
            let mut before = statements
                .map(|statement| statement.byte_range())
                .filter(|s| s.start >= ready_at as usize && s.end <= spend.start);
            before.find(takes)
        })
    };
    // What is answered without a spend, from what is stored, is not held back.
    let answered = named(block)
        .into_iter()
        .take_while(|statement| statement.end_byte() <= spend.start)
        .filter(|statement| answers(source, *statement))
        .last();
    let after = answered.map_or(0, |statement| statement.end_byte());
    before.find(|s| s.start >= after && writes(s)).or_else(paid_before).unwrap_or(spend)
}

/// Whether a spend is something that the handler does on the side, in a branch, after it has written what it was asked to:
/// a refusal would say that the whole request failed, and what is written would stay.
pub(super) fn is_on_the_side(
    kit: &Kit<'_>,
    source: &Source<'_>,
    handler: &HandlerRef,
    ways: &[Span],
    at: &Range<usize>,
) -> bool {
    let unused = |way: &Span| {
        let statement = source.whole_node(&way.range()).map(|node| match node.kind() {
            "expression_statement" => node.named_child(0).unwrap_or(node),
            _ => node,
        });
        statement.is_some_and(|node| {
            matches!(node.kind(), "call" | "call_expression" | "await" | "await_expression")
        })
    };
    if !ways.iter().all(unused) {
        return false;
    }
    let writing = Writing::of(kit);
    let mut node = source
        .node(at)
        .and_then(|node| std::iter::successors(Some(node), Node::parent).find(|n| is_block(n.kind())));
    while let Some(inner) = node {
        let Some(parent) = inner.parent() else { return false };
        if is_function(parent.kind()) {
            return false;
        }
        if is_block(parent.kind()) {
            let before = named(parent).into_iter().take_while(|s| s.end_byte() <= inner.start_byte());
            let mut before =
                before.filter(|statement| !leaves(*statement)).map(|statement| statement.byte_range());
            if before.any(|code| writing.is_in(handler.file, &code, CALLS_DEEP)) {
                return true;
            }
        }
        node = Some(parent);
    }
    false
}

/// Where a check goes.
#[derive(Debug)]
pub(super) struct Spot {
    /// In front of this statement.
    pub(super) at: Range<usize>,
    /// The handler goes on without what is spent for when that fails.
    pub(super) goes_on: bool,
}

/// The statement in front of which the check goes: the outermost one of the handler around every spend, up to the branch
/// that they are in, at which the user is known already. One that `returns` may stand behind what else leaves a `try`, for
/// no `catch` takes it.
pub(super) fn before_spends(
    source: &Source<'_>,
    body: Span,
    ways: &[Span],
    ready_at: u32,
    returns: bool,
) -> Option<Spot> {
    let first = ways.iter().min()?;
    let mut node: Node<'_> = source.node(&first.range())?;
    let mut best: Option<Range<usize>> = None;
    let usual = |at: Option<Range<usize>>| Some(Spot { at: at?, goes_on: false });
    loop {
        let parent = node.parent()?;
        let is_body = parent.child_by_field_name("body").is_some_and(|b| b.id() == node.id());
        if is_body && is_function(parent.kind()) && node.byte_range() == body.range() {
            // An arrow without a block is its expression.
            return usual(best.or_else(|| (!is_block(node.kind())).then(|| body.range())));
        }
        if is_block(parent.kind()) && node.start_byte() >= ready_at as usize {
            best = Some(node.byte_range());
        }
        if parent.start_byte() < body.start as usize {
            return usual(best);
        }
        let holds_all = || ways.iter().all(|way| node.byte_range().contains(&(way.start as usize)));
        if best.is_some() && is_branch(parent, node) && holds_all() {
            return usual(best);
        }
        if let Some(at) = best.clone().filter(|_| is_tried(parent, node) && holds_all()) {
            let goes_on = goes_on_without(parent);
            if goes_on || returns && leaves_before(node, at.start) {
                return Some(Spot { at, goes_on });
            }
        }
        node = parent;
    }
}

/// Whether a node is what a `try` tries.
fn is_tried(parent: Node<'_>, node: Node<'_>) -> bool {
    parent.kind() == "try_statement"
        && parent.child_by_field_name("body").is_some_and(|body| body.id() == node.id())
}

/// Whether a block may end the function before a place in it.
fn leaves_before(block: Node<'_>, place: usize) -> bool {
    named(block).into_iter().take_while(|s| s.end_byte() <= place).any(leaves)
}

/// Whether what fails in a `try` is let go, and the function does more behind it whatever came of that:
/// `try { tips = await ask() } catch {}`.
fn goes_on_without(tried: Node<'_>) -> bool {
    let mut clauses =
        named(tried).into_iter().filter(|c| matches!(c.kind(), "catch_clause" | "except_clause"));
    let ends = |clause: Node<'_>| {
        let block = named(clause).into_iter().find(|c| is_block(c.kind()));
        block.and_then(|block| named(block).into_iter().next_back()).is_some_and(|last| {
            matches!(last.kind(), "return_statement" | "throw_statement" | "raise_statement")
        })
    };
    let first = clauses.next();
    let more = std::iter::successors(tried.next_named_sibling(), Node::next_named_sibling);
    let more: Vec<Node<'_>> = more.filter(|statement| statement.kind() != "comment").collect();
    first.is_some_and(|clause| !ends(clause) && !clauses.any(ends))
        && !more.is_empty()
        && !more.into_iter().any(leaves)
}

/// Whether a node is what happens on one way out of several.
fn is_branch(parent: Node<'_>, node: Node<'_>) -> bool {
    match parent.kind() {
        "if_statement" | "elif_clause" => {
            parent.child_by_field_name("condition").is_none_or(|condition| condition.id() != node.id())
        }
        "else_clause" | "switch_body" | "case_clause" => true,
        _ => false,
    }
}

/// Whether a statement is a branch that ends the function.
pub(super) fn leaves(statement: Node<'_>) -> bool {
    if statement.kind() != "if_statement" {
        return false;
    }
    let Some(branch) = statement.child_by_field_name("consequence") else { return false };
    let last = if is_block(branch.kind()) { named(branch).into_iter().next_back() } else { Some(branch) };
    last.is_some_and(|last| matches!(last.kind(), "return_statement" | "throw_statement" | "raise_statement"))
}

/// Whether a statement is a branch that ends the function with an answer, and no refusal.
fn answers(source: &Source<'_>, statement: Node<'_>) -> bool {
    let text = source.slice(statement.byte_range());
    let refuses = ["rror", "throw ", "raise ", "status(4", "status(5", "status: 4", "status: 5", "abort("];
    leaves(statement) && text.contains("return") && !refuses.iter().any(|word| text.contains(word))
}

pub(super) fn is_block(kind: &str) -> bool {
    matches!(kind, "statement_block" | "block" | "switch_case" | "switch_default")
}

/// Whether a node is a function of either language.
pub(super) fn is_function(kind: &str) -> bool {
    matches!(
        kind,
        "function_definition"
            | "function_declaration"
            | "generator_function_declaration"
            | "function_expression"
            | "arrow_function"
            | "method_definition"
    )
}
