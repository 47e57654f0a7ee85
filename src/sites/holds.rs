//! What the checks in front of a place say of a name there, asked of the bodies' control flow and never of their text.
//!
//! A place in a function that is written inside of another sees what held where that function was made, unless it is a
//! declaration: that may be called from anywhere.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::cx::{Cx, after};
use crate::catalog::Kind as EntryKind;
use crate::deep::MAX_CALLS;
use crate::flow::Fun;
use crate::ir::{Act, Calls, Fact, Kind, Place, Points, Spot, Value};
use crate::resolve::Def;
use crate::syntax::{self, CallId, FunctionId, FunctionKind, Span};
use crate::workspace::FileId;

/// The control flow of a function, or of a module's own code.
pub(super) fn points(cx: &Cx<'_>, file: FileId, function: Option<FunctionId>) -> Option<Arc<Points>> {
    made(cx, file, function, &mut Asking::default())
}

/// The functions that ask about the calls in them, one inside the other. One that calls itself is not asked again.
#[derive(Default)]
struct Asking {
    stack: Vec<Fun>,
    /// Positions in the stack that were come to again below the function at hand.
    cut: BTreeSet<usize>,
    /// What was cut short by functions that are still being asked, with their positions: no one else should see it.
    short: Vec<(Fun, Arc<Points>, BTreeSet<usize>)>,
}

fn made(cx: &Cx<'_>, file: FileId, function: Option<FunctionId>, asking: &mut Asking) -> Option<Arc<Points>> {
    if let Some(known) = cx.known_points(file, function) {
        return Some(known);
    }
    let own = function.map(|id| (file, id));
    if let Some((_, points, cut)) = asking.short.iter().find(|(fun, ..)| Some(*fun) == own) {
        asking.cut.extend(cut);
        return Some(Arc::clone(points));
    }
    let open = asking.stack.len();
    let outer = std::mem::take(&mut asking.cut);
    asking.stack.extend(own);
    let points = make(cx, file, function, asking).map(Arc::new);
    asking.stack.truncate(open);
    asking.short.retain(|(.., cut)| cut.last().is_none_or(|last| *last < open));
    asking.cut.retain(|position| *position < open);
    if let Some(points) = &points {
        match own {
            Some(own) if !asking.cut.is_empty() => {
                asking.short.push((own, Arc::clone(points), asking.cut.clone()));
            }
            _ => cx.keep_points(file, function, points),
        }
    }
    asking.cut.extend(outer);
    points
}

fn make(cx: &Cx<'_>, file: FileId, function: Option<FunctionId>, asking: &mut Asking) -> Option<Points> {
    let language = cx.workspace().entry(file).language?;
    let text = cx.workspace().text(file).ok()?;
    let tree = cx.program.tree(file)?;
    let span = function.map(|id| cx.program.facts(file).function(id).span);
    let body = Arc::new(syntax::body(language, tree, text.as_str(), span)?);
    let known = Resolved { cx, file, asking: RefCell::new(std::mem::take(asking)) };
    let points = Points::of(body, &known);
    *asking = known.asking.into_inner();
    Some(points)
}

/// What the app's own functions, and those of its frameworks, are known to do.
struct Resolved<'c, 'a> {
    cx: &'c Cx<'a>,
    file: FileId,
    asking: RefCell<Asking>,
}

impl Resolved<'_, '_> {
    /// The control flow of the app's function that a call leads to.
    fn called(&self, call: &Value) -> Option<(FileId, FunctionId, Arc<Points>)> {
        let Def::Function(file, function) = self.callee(call)? else { return None };
        let mut asking = self.asking.borrow_mut();
        if let Some(position) = asking.stack.iter().position(|fun| *fun == (file, function)) {
            asking.cut.insert(position);
            return None;
        }
        // Nothing is known of what lies that far down.
        if asking.stack.len() >= MAX_CALLS {
            return None;
        }
        let points = made(self.cx, file, Some(function), &mut asking)?;
        Some((file, function, points))
    }

    fn callee(&self, call: &Value) -> Option<Def> {
        Some(self.cx.callee(self.file, call_at(self.cx, self.file, call.span)?))
    }
}

impl Calls for Resolved<'_, '_> {
    fn never(&self, call: &Value) -> bool {
        let leaves = self.cx.entries(EntryKind::Framework).filter_map(|e| e.framework.as_ref());
        let mut leaves = leaves.flat_map(|f| &f.throwing).peekable();
        match self.callee(call) {
            Some(Def::Function(..)) => self.called(call).is_some_and(|(.., points)| points.exits().is_none()),
            Some(def) => leaves.any(|symbol| after(symbol, &def).is_some_and(<[String]>::is_empty)),
            None => false,
        }
    }

    fn proves(&self, call: &Value) -> Vec<Place> {
        let Some((file, function, points)) = self.called(call) else { return Vec::new() };
        let Kind::Call(written) = &call.kind else { return Vec::new() };
        let params = &self.cx.program.facts(file).function(function).params;
        let exits = points.exits().unwrap_or_default();
        let there = exits.iter().filter(|(_, fact)| *fact == Fact::There).map(|(place, _)| place);
        let given = there.filter_map(|place| {
            let position = params.iter().position(|p| p.name() == Some(&place.root))?;
            let mut of = written.args.get(position).filter(|_| !written.spread)?.place()?;
            of.keys.extend(place.keys.iter().cloned());
            Some(of)
        });
        given.collect()
    }
}

/// The call that stands there.
pub(super) fn call_at(cx: &Cx<'_>, file: FileId, span: Span) -> Option<CallId> {
    cx.calls_by_span(file).get(&span).copied()
}

/// The functions around an offset, innermost first.
fn around(cx: &Cx<'_>, file: FileId, offset: u32) -> Vec<FunctionId> {
    let facts = cx.program.facts(file);
    let inner = facts.function_ids().filter(|id| facts.function(*id).span.has(offset));
    let inner = inner.min_by_key(|id| facts.function(*id).span.len());
    facts.enclosing(inner).collect()
}

/// The end of the statement behind which one of these is there at `until`, when it stands behind `from` and is what tells:
/// `if (!session) return …`, `if user is None: raise …`. `u32::MAX` stands for the end of the code around `from`.
pub(super) fn end_of_guard(cx: &Cx<'_>, file: FileId, from: Span, names: &[&str], until: u32) -> Option<u32> {
    let names: Vec<Place> = names.iter().filter_map(|name| Place::parse(name)).collect();
    let facts = cx.program.facts(file);
    let home = around(cx, file, from.start).into_iter().find(|id| {
        // A parameter is known from its function's body on.
        let f = facts.function(*id);
        f.body.has(from.start) || f.body.start == from.start
    });
    if until != u32::MAX {
        for inner in around(cx, file, until).into_iter().take_while(|id| Some(*id) != home) {
            let f = facts.function(inner);
            let points = points(cx, file, Some(inner))?;
            if binds(&points, &names) {
                return None;
            }
            let start = Span { start: f.body.start, end: f.body.start };
            if let Some(end) = points.checked(start, &names, until) {
                return Some(end);
            }
            if f.kind == FunctionKind::Declaration {
                return None;
            }
        }
    }
    points(cx, file, home)?.checked(from, &names, until)
}

/// Whether a function gives one of the names a meaning of its own.
fn binds(points: &Points, names: &[Place]) -> bool {
    let body = points.body();
    let own = |name: &str| names.iter().any(|place| place.root == name);
    let bound = body.blocks.iter().flat_map(|b| &b.stmts).any(|stmt| match &stmt.act {
        Act::Bind(bound, _) => bound.iter().any(|b| own(&b.name)),
        _ => false,
    });
    bound || body.params.iter().flatten().any(|b| own(&b.name))
}

/// What is known at a place of a name that was given its value at `from`, with the members it is known of.
pub(super) fn about(
    cx: &Cx<'_>,
    file: FileId,
    name: &str,
    from: u32,
    place: u32,
) -> Vec<(Vec<String>, Fact)> {
    let facts = cx.program.facts(file);
    let mut found = Vec::new();
    let functions: Vec<Option<FunctionId>> =
        around(cx, file, place).into_iter().map(Some).chain([None]).collect();
    for function in functions {
        let Some(points) = points(cx, file, function) else { break };
        let known = points.holds(place).unwrap_or_default();
        let of_name = known.into_iter().filter(|(of, _)| of.root == name);
        found.extend(
            of_name.map(|(of, fact)| (of.keys, fact)).filter(|f| !found.contains(f)).collect::<Vec<_>>(),
        );
        // Further out the name is not the same.
        if function.is_some_and(|id| facts.function(id).span.has(from)) {
            break;
        }
    }
    found
}

/// Everything that holds at a place of its function.
pub(super) fn known(cx: &Cx<'_>, file: FileId, place: u32) -> Vec<(Place, Fact)> {
    let inner = around(cx, file, place).first().copied();
    let known = points(cx, file, inner).and_then(|p| p.holds(place));
    known.unwrap_or_default().into_iter().collect()
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

/// Whether a statement has been run where a place behind it is reached.
pub(super) fn has_run(cx: &Cx<'_>, file: FileId, statement: Span, place: u32) -> Run {
    let function = around(cx, file, statement.start).first().copied();
    let facts = cx.program.facts(file);
    if function.is_some_and(|id| !facts.function(id).span.has(place)) {
        return Run::Perhaps;
    }
    points(cx, file, function).map_or(Run::Perhaps, |points| run(&points, statement, place))
}

fn run(points: &Points, statement: Span, place: u32) -> Run {
    let spots = (points.body().spot(statement.start), points.body().spot(place));
    let (Some(ran), Some(at)) = spots else { return Run::Perhaps };
    let before = |first: Spot, then: Spot| first.block != then.block || first.index < then.index;
    if points.dominates(ran.block, at.block) && before(ran, at) {
        return Run::Surely;
    }
    if !points.reaches(ran.block, at.block) {
        return Run::Never;
    }
    points.only_when(ran.block, at.block).map_or(Run::Perhaps, |of| {
        Run::When(std::iter::once(&of.root).chain(&of.keys).cloned().collect::<Vec<_>>().join("."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse;
    use crate::workspace::Language;

    fn at(text: &str) -> Run {
        let place = text.find("USE").expect("the place") as u32;
        let start = text.find("SET").expect("the statement") as u32;
        let tree = parse(Language::TypeScript, text).expect("a grammar");
        let body = syntax::body_of(Language::TypeScript, tree.root_node(), text, start as usize);
        run(&Points::of(Arc::new(body), &()), Span { start, end: start + 3 }, place)
    }

    #[test]
    fn what_stands_in_a_branch_may_not_have_run() {
        assert_eq!(at("SET;\nrun(() => { USE; });"), Run::Surely);
        assert_eq!(at("if (check) { SET; }\nUSE;"), Run::When("check".to_owned()));
        assert_eq!(at("if (check) { if (bad) { return; } SET; }\nUSE;"), Run::When("check".to_owned()));
        assert_eq!(at("if (!check) { SET; }\nUSE;"), Run::Perhaps);
        assert_eq!(at("if (a) { if (b) { SET; } }\nUSE;"), Run::Perhaps);
        assert_eq!(at("if (a) { SET; return; }\nUSE;"), Run::Never);
        assert_eq!(at("if (a) { no(); } else { SET; }\nUSE;"), Run::Perhaps);
        assert_eq!(at("try { SET; } catch (e) { throw e; }\nUSE;"), Run::Surely);
        assert_eq!(at("try { SET; } catch (e) { log(e); }\nUSE;"), Run::Perhaps);
        assert_eq!(at("for (const a of b) { SET; }\nUSE;"), Run::Perhaps);
    }
}
