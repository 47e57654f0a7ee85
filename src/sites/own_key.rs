//! Calls that the user's own key pays for when there is one, and the app's key otherwise.
//!
//! Where the code says by one plain expression whose key it is (`ownKey ?? config.key`, `user.key ? new Client(user.key) :
//! client`), that expression is the condition under which the user pays; the steps then bill and hold back only on the other
//! branch. Where it cannot be spelled at the call, the call is no place for an event.

use tree_sitter::Node;

use super::cx::Cx;
use super::exempt::whose;
use super::makers;
use crate::catalog::Provider;
use crate::resolve::Def;
use crate::syntax::source::{Source, named};
use crate::syntax::{Call, CallId, Expr, FunctionId};
use crate::workspace::FileId;

/// The condition under which the user pays the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnKey {
    /// It holds when the user's own key is used: a name or a member, as code writes it.
    pub expr: String,
    /// The expression says the opposite: the app's own key is used where it holds.
    pub inverted: bool,
    /// The name the expression starts with.
    pub root: String,
    /// The function in which it can be read.
    pub function: FunctionId,
    /// Offset from which on.
    pub ready_at: u32,
}

impl OwnKey {
    /// The condition under which the app pays, spelled at another place where the user's key is known as `expr`.
    pub fn app_pays(&self, expr: &str, python: bool) -> String {
        match (self.inverted, python) {
            (true, _) => expr.to_owned(),
            (false, true) => format!("not {expr}"),
            (false, false) => format!("!{expr}"),
        }
    }

    /// Lines that run only when the app pays.
    pub fn guard(&self, expr: &str, lines: &str, python: bool) -> String {
        let condition = self.app_pays(expr, python);
        if python {
            format!("if {condition}:\n    {}", lines.replace('\n', "\n    "))
        } else {
            format!("if ({condition}) {{\n  {}\n}}", lines.replace('\n', "\n  "))
        }
    }
}

/// The condition for one call, `None` when none is spelled in the function the call stands in.
pub(super) fn condition(cx: &Cx<'_>, file: FileId, id: CallId, knowledge: &Provider) -> Option<OwnKey> {
    let call = cx.program.facts(file).call(id);
    let function = call.function?;
    let in_maker = || {
        let mut makers = vec![(file, id)];
        makers.extend(makers::of_path(cx, file, call.function, &call.callee));
        let here = makers
            .into_iter()
            .filter(|(at, _)| *at == file)
            .map(|(_, maker)| cx.program.facts(file).call(maker));
        here.filter(|maker| maker.function == Some(function))
            .find_map(|maker| keys(maker, knowledge).find_map(|key| preferred(cx, file, function, key)))
    };
    in_maker().or_else(|| chosen(cx, file, function, call, knowledge))
}

/// The values of the options by which a maker is told the key.
pub(super) fn keys<'c>(maker: &'c Call, knowledge: &'c Provider) -> impl Iterator<Item = &'c Expr> {
    knowledge.key_options().filter_map(|option| maker.option(option))
}

/// `ownKey ?? config.key`
fn preferred(cx: &Cx<'_>, file: FileId, function: FunctionId, key: &Expr) -> Option<OwnKey> {
    let Expr::Binary(first, "??" | "||" | "or", second) = key.unawaited() else { return None };
    let is_users = |value: &Expr| whose(cx, file, Some(function), value, 0).is_some();
    if !is_users(first) || is_users(second) {
        return None;
    }
    let first = first.as_path()?;
    spelled(cx, file, function, (&cx.slice(file, first.span), first.span.start), false)
}

/// `const client = user.key ? new Client(user.key) : ours`
fn chosen(
    cx: &Cx<'_>,
    file: FileId,
    function: FunctionId,
    call: &Call,
    knowledge: &Provider,
) -> Option<OwnKey> {
    let root = call.callee.root_name()?;
    let Def::Value(at, index, _) = cx.program.name(file, Some(function), root, call.span.start) else {
        return None;
    };
    let binding = cx.program.binding(at, index)?;
    let Expr::Either(yes, no) = binding.value.unawaited() else { return None };
    if at != file || binding.function != Some(function) {
        return None;
    }
    let is_users = |value: &Expr| {
        let makers = makers::of_value(cx, file, Some(function), value);
        makers.into_iter().any(|(at, maker)| {
            let maker = cx.program.facts(at).call(maker);
            keys(maker, knowledge)
                .any(|key| whose(cx, at, maker.function, key, 0).is_some_and(|key| key.always))
        })
    };
    let inverted = match (is_users(yes), is_users(no)) {
        (true, false) => false,
        (false, true) => true,
        _ => return None,
    };
    let text = cx.workspace().text(file).ok()?;
    let source = Source::parse(cx.workspace().entry(file).language?, text.as_str())?;
    let conditional = first_conditional(source.whole_node(&binding.statement.range())?)?;
    let (condition, negated) = plain(conditional)?;
    let at = u32::try_from(condition.start_byte()).ok()?;
    spelled(cx, file, function, (source.of(condition), at), inverted != negated)
}

/// The first conditional expression of a statement.
fn first_conditional(node: Node<'_>) -> Option<Node<'_>> {
    if matches!(node.kind(), "ternary_expression" | "conditional_expression") {
        return Some(node);
    }
    named(node).into_iter().find_map(first_conditional)
}

/// The condition, brackets and one negation taken off.
fn plain(conditional: Node<'_>) -> Option<(Node<'_>, bool)> {
    let condition = conditional.child_by_field_name("condition").or_else(|| conditional.named_child(1))?;
    let mut node = condition;
    let mut negated = false;
    loop {
        node = match node.kind() {
            "parenthesized_expression" => node.named_child(0)?,
            "unary_expression" | "not_operator" if !negated => {
                negated = true;
                node.child_by_field_name("argument")?
            }
            "identifier" | "member_expression" | "attribute" => return Some((node, negated)),
            _ => return None,
        }
    }
}

/// A path, with its offset, that can be read again in its function: its name is a parameter, or is given a value once.
fn spelled(
    cx: &Cx<'_>,
    file: FileId,
    function: FunctionId,
    (text, at): (&str, u32),
    inverted: bool,
) -> Option<OwnKey> {
    let root = text.split(['.', '?', '!', '[', '(']).next().unwrap_or_default();
    let ready_at = ready_at(cx, file, function, root, at)?;
    let plain = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '?' | '!'));
    plain.then(|| OwnKey { expr: text.to_owned(), inverted, root: root.to_owned(), function, ready_at })
}

/// From where on a name of a function holds what it holds at a place.
pub(crate) fn ready_at(cx: &Cx<'_>, file: FileId, function: FunctionId, name: &str, at: u32) -> Option<u32> {
    let facts = cx.program.facts(file);
    match cx.program.name(file, Some(function), name, at) {
        Def::Param(of, owner, ..) if (of, owner) == (file, function) => {
            Some(facts.function(function).body.start)
        }
        Def::Value(of, index, _) if of == file => {
            let binding = cx.program.binding(of, index)?;
            let again = facts.bindings.iter().filter(|other| {
                other.function == binding.function && other.names.iter().any(|n| n.local == name)
            });
            (binding.function == Some(function) && again.count() == 1).then_some(binding.statement.end)
        }
        _ => None,
    }
}
