//! What a handler makes sure of on the way to the user: that a token is there, that it is genuine.

use tree_sitter::Node;

use crate::catalog::Kind;
use crate::resolve::Def;
use crate::sites::cx::is_callee;
use crate::steps::support::Kit;
use crate::syntax::source::{Source, children};
use crate::syntax::{Binding, CallId, FunctionId, Span};
use crate::workspace::FileId;

/// Functions of the app that are looked into for what they throw.
const MAX_HOPS: usize = 2;

/// The test under which a handler leaves because a name it has bound is nothing, as written: `!token`.
pub(super) fn of_name(source: &Source<'_>, binding: &Binding, name: &str, until: u32) -> Option<String> {
    let mut around = source.node(&binding.statement.range())?;
    while let Some(parent) = around.parent()
        && !super::along::is_block(around)
    {
        around = parent;
    }
    find(around, &|node| {
        if node.kind() != "if_statement" || (node.start_byte() as u32) < binding.statement.end {
            return None;
        }
        let condition = node.child_by_field_name("condition")?;
        let written = source.of(condition).trim_start_matches('(').trim_end_matches(')').trim();
        let absent = [format!("!{name}"), format!("not {name}"), format!("{name} is None")];
        let then = node.child_by_field_name("consequence")?;
        let is_there =
            written == name && (then.start_byte() as u32) < until && until <= then.end_byte() as u32;
        if is_there {
            return Some(if source.is_python() { format!("not {name}") } else { format!("!{name}") });
        }
        let before = (node.end_byte() as u32) <= until;
        (before && absent.iter().any(|test| test == written) && leaves(then)).then(|| written.to_owned())
    })
}

/// The one assignment that gives a declared name its value, within a `try` whose `catch` leaves: the value as written.
pub(super) fn attempted(source: &Source<'_>, binding: &Binding, name: &str) -> Option<(String, Span)> {
    let declaration = source.slice(binding.statement.range());
    if declaration.contains('=') || source.is_python() {
        return None;
    }
    let mut block = source.node(&binding.statement.range())?;
    while let Some(parent) = block.parent()
        && !super::along::is_block(block)
    {
        block = parent;
    }
    let mut set: Vec<Node<'_>> = Vec::new();
    all(block, &mut |node| {
        if node.kind() == "assignment_expression"
            && node.child_by_field_name("left").is_some_and(|left| source.of(left) == name)
        {
            set.push(node);
        }
    });
    let [only] = set.as_slice() else { return None };
    let tried = only.parent()?.parent()?.parent()?;
    let handler = tried.child_by_field_name("handler").filter(|_| tried.kind() == "try_statement")?;
    if !leaves(handler.child_by_field_name("body")?) {
        return None;
    }
    let value = only.child_by_field_name("right")?;
    Some((source.of(value).to_owned(), Span::from(value.byte_range())))
}

fn all<'t>(node: Node<'t>, of: &mut dyn FnMut(Node<'t>)) {
    of(node);
    for child in children(node) {
        all(child, of);
    }
}

/// Whether a block ends by leaving.
fn leaves(block: Node<'_>) -> bool {
    const ENDS: &[&str] = &["return_statement", "throw_statement", "raise_statement"];
    ENDS.contains(&block.kind())
        || children(block).into_iter().rfind(Node::is_named).is_some_and(|last| ENDS.contains(&last.kind()))
}

fn find<T>(node: Node<'_>, of: &dyn Fn(Node<'_>) -> Option<T>) -> Option<T> {
    of(node).or_else(|| children(node).into_iter().find_map(|child| find(child, of)))
}

/// Whether a call throws where a token is not genuine: it checks one itself, or a function of the app that does without
/// catching what that throws.
pub(super) fn throws(kit: &Kit<'_>, file: FileId, call: CallId) -> bool {
    may_throw(kit, file, call, 0)
}

fn may_throw(kit: &Kit<'_>, file: FileId, call: CallId, hops: usize) -> bool {
    let def = kit.graph().callee(file, call);
    let mut verifiers =
        kit.graph().entries(Kind::Auth).filter_map(|e| e.auth.as_ref()).flat_map(|a| &a.verifiers);
    if verifiers.any(|v| v.throws && is_callee(&v.call, &def)) {
        return true;
    }
    let Def::Function(at, function) = def else { return false };
    let facts = kit.cx.program.facts(at);
    let inside = |f: Option<FunctionId>| facts.enclosing(f).any(|id| id == function);
    hops < MAX_HOPS
        && facts.call_ids().filter(|id| inside(facts.call(*id).function)).any(|id| {
            may_throw(kit, at, id, hops + 1)
                && !is_caught(kit, at, facts.call(id).span, facts.function(function).span)
        })
}

/// Whether what a place throws is caught within a range.
fn is_caught(kit: &Kit<'_>, file: FileId, place: Span, within: Span) -> bool {
    let text = kit.text(file);
    let language = kit.cx.workspace.entry(file).language;
    let Some(source) = language.and_then(|language| Source::parse(language, text.as_str())) else {
        return false;
    };
    let mut node = source.node(&place.range());
    while let Some(inner) = node {
        let Some(around) = inner.parent().filter(|n| within.has(n.start_byte() as u32)) else { return false };
        if around.kind() == "try_statement" && around.child_by_field_name("body") == Some(inner) {
            return true;
        }
        node = Some(around);
    }
    false
}
