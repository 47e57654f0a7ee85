//! Code after a call that uses the call's result, whatever becomes of the result now.
//!
//! ```text
//! return await f(x);            -> const result = await f(x);  code  return result;
//! await f(x);                   -> const result = await f(x);  code
//! const { a } = await f(x);     -> const result = await f(x);  code  const { a } = result;
//! res.json(await f(x));         -> const result = await f(x);  code  res.json(result);
//! const r = await f(x);         -> const r = await f(x);       code
//! ```

use std::ops::Range;

use tree_sitter::Node;

use super::expression::can_hoist;
use super::statement::{Spot, insert_after, node_of, open_up, spot};
use super::{Refusal, can_await, code, fresh_name, function_of};
use crate::edit::Edit;
use crate::syntax::source::{Source, items, walk};
use crate::syntax::style::Style;

/// Whether the inserted code mentions the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultUse {
    /// It does, so the result needs a name.
    Needed,
    /// It only has to run after the call.
    NotNeeded,
}

/// What to insert after which call.
#[derive(Debug, Clone, Copy)]
pub struct WithResult<'a> {
    /// The call, `await` not included.
    pub call: &'a Range<usize>,
    /// The name for a result that has none.
    pub prefer: &'a str,
    /// Whether the code mentions it.
    pub result: ResultUse,
    /// Whether the call gives a promise, so that one that is returned as it is has to be awaited. Python coroutines
    /// are always awaited where they are called, so this says nothing there.
    pub promise: bool,
    /// The reason.
    pub why: &'a str,
}

/// Inserts code after a call, giving the result a name if need be. `text` is told the name (the expression for the result;
/// empty if it has none and needs none). Gives the edits and that name.
pub fn after_call(
    source: &Source<'_>,
    style: &Style,
    request: &WithResult<'_>,
    text: impl Fn(&str) -> String,
) -> Result<(Vec<Edit>, String), Refusal> {
    let call = call_at(source, request.call)?;
    let value = value_of(source, call);
    let spot = spot(source, &value.byte_range())?;
    let statement = node_of(&spot);
    can_await(source, value, &text("result"))?;
    if let Spot::ArrowBody(body) = spot {
        return in_arrow(source, style, request, body, value, text);
    }
    let parent = value.parent().ok_or(Refusal::NotFound("call"))?;
    let why = request.why;
    if is_awaited_elsewhere(source, request, value, parent, statement) {
        return Err(Refusal::AwaitedElsewhere);
    }
    let name = || fresh_name(source, request.call, request.prefer);
    let declare = if source.is_python() { "" } else { "const " };
    // The whole of a declaration or assignment.
    if let Some(target) = target_of(parent, value, statement) {
        let named_already = matches!(target.kind(), "identifier" | "member_expression" | "attribute");
        if named_already || request.result == ResultUse::NotNeeded {
            let name = if named_already { source.of(target).to_owned() } else { String::new() };
            let edits = after_statement(source, style, &spot, &text(&name), why)?;
            return Ok((edits, name));
        }
        let name = name();
        let keyword = source.slice(statement.start_byte()..target.start_byte());
        let unpack =
            format!("{keyword}{} = {name}{}", source.of(target), if source.is_python() { "" } else { ";" });
        let mut edits = vec![Edit::replacement(target.byte_range(), name.clone(), why)];
        edits.extend(after_statement(source, style, &spot, &format!("{}\n{unpack}", text(&name)), why)?);
        return Ok((edits, name));
    }
    match (parent.kind(), parent == statement) {
        ("expression_statement", true) => {
            if request.result == ResultUse::NotNeeded {
                return Ok((after_statement(source, style, &spot, &text(""), why)?, String::new()));
            }
            let name = name();
            let mut edits = after_statement(source, style, &spot, &text(&name), why)?;
            edits.insert(0, Edit::insertion(value.start_byte(), format!("{declare}{name} = "), why));
            Ok((edits, name))
        }
        ("return_statement", true) => {
            let name = name();
            let head = statement.start_byte()..value.start_byte();
            let awaiting = if awaits(request, source, value) { "await " } else { "" };
            if !awaiting.is_empty() {
                can_await(source, value, "await")?;
            }
            let bind = format!("{declare}{name} = {awaiting}");
            let semicolon = if source.is_python() { "" } else { ";" };
            let back = format!("{}\nreturn {name}{semicolon}", text(&name));
            let mut edits = match &spot {
                // The statement is moved down a line together with its new head.
                Spot::OneLineBlock(_) | Spot::Branch(_) => {
                    let newline = source.newline();
                    let mut edits = open_up(source, style, &spot, statement, why, |inner| {
                        (String::new(), format!("{newline}{}", code(source, style, &back, inner)))
                    })?;
                    edits.push(Edit::replacement(head, bind, why));
                    return Ok((edits, name));
                }
                Spot::Lines(_) => vec![insert_after(source, style, statement, &back, why)?],
                Spot::Shared(_) | Spot::ArrowBody(_) => return Err(Refusal::SharedLine),
            };
            edits.insert(0, Edit::replacement(head, bind, why));
            Ok((edits, name))
        }
        _ => hoist(source, style, request, &spot, value, text),
    }
}

/// Names the value of a call that a returned expression starts with, and runs code before it is returned.
///
/// ```text
/// return f(x).answer();         -> const result = f(x);  code  return result.answer();
/// ```
pub fn name_returned(
    source: &Source<'_>,
    style: &Style,
    call: &Range<usize>,
    name: &str,
    text: &str,
    why: &str,
) -> Result<Vec<Edit>, Refusal> {
    let call = call_at(source, call)?;
    let Spot::Lines(statement) = spot(source, &call.byte_range())? else { return Err(Refusal::SharedLine) };
    let head = statement.start_byte()..call.start_byte();
    if statement.kind() != "return_statement" || source.slice(head.clone()).trim() != "return" {
        return Err(Refusal::EvaluationOrder);
    }
    let indent = source.indent_at(statement.start_byte());
    let newline = source.newline();
    let code = code(source, style, text, indent);
    let rest = format!("{}{newline}{code}{newline}{indent}return {name}", style.semicolon());
    Ok(vec![
        Edit::replacement(head, format!("const {name} = "), why),
        Edit::insertion(call.end_byte(), rest, why),
    ])
}

/// `expr` of an arrow without a block becomes a block that returns.
fn in_arrow(
    source: &Source<'_>,
    style: &Style,
    request: &WithResult<'_>,
    body: Node<'_>,
    value: Node<'_>,
    text: impl Fn(&str) -> String,
) -> Result<(Vec<Edit>, String), Refusal> {
    let name = fresh_name(source, request.call, request.prefer);
    if value != body && !can_hoist(value, body) {
        return Err(Refusal::EvaluationOrder);
    }
    if value != body && awaits(request, source, value) {
        return Err(Refusal::AwaitedElsewhere);
    }
    let (newline, why) = (source.newline(), request.why);
    let awaiting = if awaits(request, source, value) { "await " } else { "" };
    if !awaiting.is_empty() {
        can_await(source, value, "await")?;
    }
    let mut edits = if value == body {
        let back = format!("{}\nreturn {name};", text(&name));
        let mut edits = open_up(source, style, &Spot::ArrowBody(body), body, why, |inner| {
            (String::new(), format!("{newline}{}", code(source, style, &back, inner)))
        })?;
        for edit in &mut edits {
            if let Some(head) = edit.text().strip_suffix("return ") {
                *edit = Edit::replacement(edit.range(), format!("{head}const {name} = {awaiting}"), why);
            }
        }
        return Ok((edits, name));
    } else {
        open_up(source, style, &Spot::ArrowBody(body), body, why, |inner| {
            let declared = format!("const {name} = {};\n{}", moved(source, value), text(&name));
            (format!("{}{newline}", code(source, style, &declared, inner)), String::new())
        })?
    };
    let outer = with_parentheses(value);
    edits.retain(|e| e.range().end <= outer.start_byte() || outer.end_byte() <= e.range().start);
    edits.push(Edit::replacement(outer.byte_range(), name.clone(), why));
    Ok((edits, name))
}

/// Takes the call out in front of its statement.
fn hoist(
    source: &Source<'_>,
    style: &Style,
    request: &WithResult<'_>,
    spot: &Spot<'_>,
    value: Node<'_>,
    text: impl Fn(&str) -> String,
) -> Result<(Vec<Edit>, String), Refusal> {
    let statement = node_of(spot);
    if !can_hoist(value, statement) {
        return Err(Refusal::EvaluationOrder);
    }
    let name = fresh_name(source, request.call, request.prefer);
    let (declare, end) = if source.is_python() { ("", "") } else { ("const ", ";") };
    let declared = format!("{declare}{name} = {}{end}\n{}", moved(source, value), text(&name));
    let mut edits = super::before(source, style, &statement.byte_range(), &declared, request.why)?;
    let outer = with_parentheses(value);
    edits.retain(|e| e.range().end <= outer.start_byte() || outer.end_byte() <= e.range().start);
    edits.push(Edit::replacement(outer.byte_range(), name.clone(), request.why));
    Ok((edits, name))
}

/// The text of an expression as canonical lines: the indentation of its statement is taken off.
fn moved(source: &Source<'_>, value: Node<'_>) -> String {
    let indent = source.indent_at(value.start_byte());
    let text = source.of(value).replace("\r\n", "\n");
    let mut lines = text.split('\n').map(|l| l.strip_prefix(indent).unwrap_or(l).to_owned());
    let first = lines.next().unwrap_or_default();
    lines.fold(first, |all, line| all + "\n" + &line)
}

/// The call at a range.
pub(super) fn call_at<'a>(source: &'a Source<'_>, range: &Range<usize>) -> Result<Node<'a>, Refusal> {
    let mut node = source.node(range).ok_or(Refusal::NotFound("call"))?;
    while !matches!(node.kind(), "call" | "call_expression" | "new_expression") {
        let up = node.parent().filter(|p| p.byte_range() == node.byte_range());
        node = up.ok_or(Refusal::NotFound("call"))?;
    }
    Ok(node)
}

/// Functions of Python itself that give what is awaited in their first argument, or throw.
const PASS_ON: &[&str] = &["asyncio.wait_for", "asyncio.shield"];

/// The call with its `await`, which may be around what only waits for it: `await asyncio.wait_for(f(x), timeout=9)`.
fn value_of<'t>(source: &Source<'_>, call: Node<'t>) -> Node<'t> {
    let awaited = |call: Node<'t>| call.parent().filter(|p| matches!(p.kind(), "await_expression" | "await"));
    let passed_on = || {
        let args = call.parent().filter(|p| p.kind() == "argument_list" && p.named_child(0) == Some(call))?;
        let outer = args.parent()?;
        let waits = PASS_ON.contains(&source.of(outer.child_by_field_name("function")?));
        awaited(outer).filter(|_| waits)
    };
    awaited(call).or_else(passed_on).unwrap_or(call)
}

/// Whether a value is awaited where it stands. The grammar reads `await f<T>(x)` as a call of `await f`.
pub(super) fn is_awaited(value: Node<'_>) -> bool {
    let callee = value.child_by_field_name("function");
    matches!(value.kind(), "await_expression" | "await")
        || callee.is_some_and(|c| c.kind() == "await_expression")
}

/// `(await f())` in `(await f()).x`: the name needs no parentheses. Those of an `if` are no expression's own.
fn with_parentheses(value: Node<'_>) -> Node<'_> {
    let Some(parent) = value.parent().filter(|p| p.kind() == "parenthesized_expression") else {
        return value;
    };
    let around = parent.parent().map_or("", |p| p.kind());
    let strips = matches!(
        around,
        "member_expression"
            | "subscript_expression"
            | "call_expression"
            | "non_null_expression"
            | "as_expression"
            | "satisfies_expression"
            | "attribute"
            | "subscript"
            | "call"
    );
    if strips { parent } else { value }
}

/// Whether a promise that is handed on as it is has to be awaited now.
fn awaits(request: &WithResult<'_>, source: &Source<'_>, value: Node<'_>) -> bool {
    request.promise && !source.is_python() && !is_awaited(value)
}

/// Whether a promise (or coroutine) is not awaited at its call but further out or later, so that the value is not there
/// behind its statement.
fn is_awaited_elsewhere(
    source: &Source<'_>,
    request: &WithResult<'_>,
    value: Node<'_>,
    parent: Node<'_>,
    statement: Node<'_>,
) -> bool {
    if is_awaited(value) || !request.promise {
        return false;
    }
    if !source.is_python() {
        // What is returned as it is gets its `await`; everything else goes on as a promise.
        return parent.kind() != "return_statement";
    }
    let mut around = Some(parent);
    while let Some(node) = around.filter(|n| n.start_byte() >= statement.start_byte()) {
        if node.kind() == "await" {
            return true;
        }
        around = node.parent().filter(|_| node != statement);
    }
    // `task = client.create(…)` and `await task` further down.
    let Some(target) = target_of(parent, value, statement).filter(|t| t.kind() == "identifier") else {
        return false;
    };
    let mut later = false;
    walk(source.root(), &mut |node| {
        later |= node.kind() == "await"
            && node.start_byte() > statement.end_byte()
            && node.named_child(0).is_some_and(|n| source.of(n) == source.of(target))
            && function_of(node) == function_of(value);
    });
    later
}

/// What the value is bound to as a whole, when the statement does only that.
fn target_of<'a>(parent: Node<'a>, value: Node<'_>, statement: Node<'_>) -> Option<Node<'a>> {
    let (target, held) = match parent.kind() {
        "variable_declarator" => (parent.child_by_field_name("name")?, parent.child_by_field_name("value")?),
        "assignment_expression" | "assignment" => {
            (parent.child_by_field_name("left")?, parent.child_by_field_name("right")?)
        }
        _ => return None,
    };
    let only = parent.parent() == Some(statement) && items(statement).len() == 1;
    (held == value && only).then_some(target)
}

fn after_statement(
    source: &Source<'_>,
    style: &Style,
    spot: &Spot<'_>,
    text: &str,
    why: &str,
) -> Result<Vec<Edit>, Refusal> {
    let statement = node_of(spot);
    match spot {
        Spot::Lines(_) => Ok(vec![insert_after(source, style, statement, text, why)?]),
        Spot::OneLineBlock(_) | Spot::Branch(_) => {
            let newline = source.newline();
            open_up(source, style, spot, statement, why, |inner| {
                (String::new(), format!("{newline}{}", code(source, style, text, inner)))
            })
        }
        Spot::Shared(_) | Spot::ArrowBody(_) => Err(Refusal::SharedLine),
    }
}
