//! A member is read only where the value is known to have it, and not through a value that may be nothing.
//!
//! A value whose shape is not written down in the app is never judged.

use tree_sitter::Node;

use super::imports::exports;
use super::planned::{Planned, PlannedFile};
use super::{Fault, FaultKind};
use crate::resolve::Def;
use crate::syntax::{Binding, Expr, Facts, FunctionId, Path, Root, Span};
use crate::workspace::FileId;

/// What every function has.
const OF_FUNCTIONS: [&str; 7] = ["call", "apply", "bind", "name", "length", "toString", "prototype"];

/// What every object has.
const OF_OBJECTS: [&str; 5] = ["toString", "hasOwnProperty", "valueOf", "toLocaleString", "constructor"];

pub(super) fn check(planned: &Planned<'_>) -> Vec<Fault> {
    planned.files.iter().flat_map(|file| check_file(planned, file)).collect()
}

/// `name.member` in text of ours.
struct Read<'t> {
    name: Node<'t>,
    member: Node<'t>,
    whole: Node<'t>,
    optional: bool,
}

fn check_file(planned: &Planned<'_>, file: &PlannedFile<'_>) -> Vec<Fault> {
    let Some(tree) = planned.after.tree(file.id) else { return Vec::new() };
    let mut reads = Vec::new();
    collect(file, tree.root_node(), &mut reads);
    reads.iter().filter_map(|read| judge(planned, file, read)).collect()
}

/// Every read of a member of a plain name that lies in text of ours.
fn collect<'t>(file: &PlannedFile<'_>, root: Node<'t>, reads: &mut Vec<Read<'t>>) {
    crate::syntax::source::walk(root, &mut |node| {
        let (object, member) = match node.kind() {
            "member_expression" => ("object", "property"),
            "attribute" => ("object", "attribute"),
            _ => return,
        };
        let (Some(name), Some(member)) = (node.child_by_field_name(object), node.child_by_field_name(member))
        else {
            return;
        };
        if name.kind() == "identifier" && file.is_written(Span::from(name.byte_range())) {
            let optional = crate::syntax::source::children(node).iter().any(|c| c.kind() == "optional_chain");
            reads.push(Read { name, member, whole: node, optional });
        }
    });
}

fn judge(planned: &Planned<'_>, file: &PlannedFile<'_>, read: &Read<'_>) -> Option<Fault> {
    let text = file.outcome.after();
    let (name, member) = (text.slice(read.name.byte_range()), text.slice(read.member.byte_range()));
    let at = Span::from(read.name.byte_range());
    let facts = planned.after.facts(file.id);
    let function = innermost(facts, at);
    let is_assigned = |target: &Path| target.segments.first().is_some_and(|s| s == member);
    let path = Path { root: Root::Name(name.to_owned()), segments: Vec::new(), span: at };
    let def = planned.after.origin(file.id, function, &path);
    let has = match &def {
        Def::Function(home, id) => {
            let function = planned.after.facts(*home).function(*id);
            let is_plain =
                function.argument_of.is_none() && function.decorators.is_empty() && !file.is_python();
            !is_plain
                || OF_FUNCTIONS.contains(&member)
                || assigns(planned, *home, &function.name, is_assigned)
        }
        Def::Namespace(home) if !file.is_python() => exports(planned, *home, member, false, 0),
        Def::Value(home, index, members) => {
            let binding = planned.after.facts(*home).bindings.get(*index)?;
            let names = binding.names.iter().map(|n| n.local.as_str());
            let assigned = || names.clone().any(|n| assigns(planned, *home, n, is_assigned));
            value_has(planned, *home, binding, members, member) || assigned()
        }
        _ => true,
    };
    if !has {
        let why = format!("`{name}` has no `{member}` to be read in `{}`", file.line(at));
        return Some(file.fault(FaultKind::NoMember, at, at, why));
    }
    let null = !read.optional && may_be_null(planned, &def) && !is_tested(file, read, name);
    let why = || format!("`{name}` may be nothing where `{name}.{member}` is read");
    null.then(|| file.fault(FaultKind::MaybeNull, at, at, why()))
}

fn innermost(facts: &Facts, at: Span) -> Option<FunctionId> {
    facts
        .function_ids()
        .filter(|id| facts.function(*id).span.contains(at))
        .min_by_key(|id| facts.function(*id).span.len())
}

/// Whether a file puts a member on a name.
fn assigns(planned: &Planned<'_>, file: FileId, name: &str, is_member: impl Fn(&Path) -> bool) -> bool {
    let facts = planned.after.facts(file);
    facts.assigns.iter().any(|a| a.target.root_name() == Some(name) && is_member(&a.target))
}

/// Whether a bound value has a member, or may have it.
fn value_has(planned: &Planned<'_>, file: FileId, binding: &Binding, path: &[String], member: &str) -> bool {
    if binding.annotation.is_some() {
        return true;
    }
    let value = binding.value.unawaited();
    if let (Expr::Object(pairs), []) = (value, path) {
        let open = pairs.iter().any(|(key, _)| key == "..." || key.is_empty() || key.starts_with('['));
        let python = planned.workspace().entry(file).language == Some(crate::workspace::Language::Python);
        return open || python || OF_OBJECTS.contains(&member) || pairs.iter().any(|(key, _)| key == member);
    }
    let Some(call) = binding.value.as_call() else { return true };
    let facts = planned.after.facts(file);
    let call = facts.call(call);
    let projected = match (call.callee.last(), path) {
        // `const [user] = await db.insert(users).values(…).returning({ id: users.id })`
        (Some("returning"), [index]) if index == "0" => call.args.first(),
        // `const user = await prisma.user.findUnique({ where, select: { id: true } })`
        (_, []) => call.option("select").filter(|select| is_projection(select)),
        _ => None,
    };
    match projected {
        Some(Expr::Object(pairs)) if !pairs.is_empty() => {
            pairs.iter().any(|(key, _)| key == member || key == "...")
        }
        _ => true,
    }
}

/// `{ id: true, team: { select: … } }`
fn is_projection(select: &Expr) -> bool {
    matches!(select, Expr::Object(pairs) if pairs.iter().all(|(_, v)| matches!(v, Expr::Bool(true) | Expr::Object(_))))
}

/// Whether what a name was declared as says that it may be nothing.
fn may_be_null(planned: &Planned<'_>, def: &Def) -> bool {
    let annotation = match def {
        Def::Value(file, index, path) if path.is_empty() => {
            planned.after.facts(*file).bindings.get(*index).and_then(|b| b.annotation.clone())
        }
        Def::Param(file, function, position, path) if path.is_empty() => {
            let facts = planned.after.facts(*file);
            facts.function(*function).params.get(*position).and_then(|p| p.annotation_text.clone())
        }
        _ => None,
    };
    let Some(annotation) = annotation else { return false };
    // Of a generic type the parts are another matter.
    let mut depth = 0_i32;
    let top: String = annotation
        .chars()
        .filter(|c| {
            match c {
                '<' | '[' | '{' | '(' => depth += 1,
                '>' | ']' | '}' | ')' => depth -= 1,
                _ => return depth == 0,
            }
            false
        })
        .collect();
    let alternatives: Vec<&str> = top.split('|').map(str::trim).collect();
    alternatives.len() > 1 && alternatives.iter().any(|a| matches!(*a, "null" | "undefined" | "None"))
        || top.trim() == "Optional"
}

/// Whether some condition around or above the read, in its function, speaks of the name.
fn is_tested(file: &PlannedFile<'_>, read: &Read<'_>, name: &str) -> bool {
    let text = file.outcome.after();
    let mentions = |node: Node<'_>| {
        let part = text.slice(node.byte_range());
        part.match_indices(name).any(|(at, _)| crate::sites::cx::word_at(part, at, name))
    };
    let mut node = read.whole;
    while let Some(parent) = node.parent() {
        let tests = |n: Node<'_>| n.child_by_field_name("condition").is_some_and(mentions);
        let before = {
            let mut earlier = node.prev_named_sibling();
            std::iter::from_fn(move || {
                let now = earlier?;
                earlier = now.prev_named_sibling();
                Some(now)
            })
        };
        let asserted = |n: Node<'_>| {
            tests(n) || (n.kind() == "assert_statement" && mentions(n)) || is_assignment_to(n, name, text)
        };
        if tests(parent) || before.into_iter().any(asserted) {
            return true;
        }
        let logical = matches!(
            parent.kind(),
            "binary_expression" | "boolean_operator" | "ternary_expression" | "conditional_expression"
        );
        if logical && parent.start_byte() < node.start_byte() && mentions(parent) {
            let head = text.slice(parent.start_byte()..node.start_byte());
            if head.contains(name) {
                return true;
            }
        }
        node = parent;
    }
    false
}

/// `name = …` anywhere in a statement: it may be something by then.
fn is_assignment_to(statement: Node<'_>, name: &str, text: &crate::workspace::SourceText) -> bool {
    let mut found = false;
    crate::syntax::source::walk(statement, &mut |node| {
        let assigns = matches!(node.kind(), "assignment_expression" | "assignment");
        let left = node.child_by_field_name("left").map(|l| text.slice(l.byte_range()));
        found |= assigns && left == Some(name);
    });
    found
}
