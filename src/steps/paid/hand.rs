//! Handing the payer to a function that runs outside of the request: one more parameter, and one more argument wherever the
//! app has the function run.
//!
//! ```text
//! def title_of(text, user_id): …
//! tasks.add_task(title_of, body.text, user_id=str(user.id))
//! ```
//!
//! All of it or nothing: everybody who has the function run is seen, stands in a handler, and knows there who is signed in.
//! What waits in a queue from before has no such argument, so the parameter may be left out there, and what it spends is
//! not billed.

use std::collections::BTreeSet;

use super::reach::{Door, MAX_STEPS};
use super::{taking, user_id, with_source};
use crate::catalog::Kind;
use crate::edit::Edit;
use crate::resolve::has_word;
use crate::sites::billable::payer_of_job;
use crate::sites::handlers::{Reached, handler_of};
use crate::sites::{HandlerRef, Hands, Identity, IdentitySource, Producer, payer, producers};
use crate::steps::support::{Kit, render};
use crate::syntax::source::Source;
use crate::syntax::{CallId, FunctionId, Param, place};
use crate::workspace::FileId;

/// What handing the payer over takes.
pub struct Hand {
    /// The parameter.
    pub name: String,
    /// It may be missing.
    pub maybe: bool,
    /// The edits, by file.
    pub edits: Vec<(FileId, Vec<Edit>)>,
}

/// Edits by file.
type Brought = Vec<(FileId, Vec<Edit>)>;

/// A function on the way up, or a module, with the calls from it down.
type Standing = (FileId, Option<FunctionId>, Vec<(FileId, CallId)>);

const WHY: &str = "hands down who pays";

/// How the payer comes to the function around a paid call that something else runs; `None` where there is no such function.
/// Else why it does not, in words.
pub fn to_function_around(
    kit: &Kit<'_>,
    file: FileId,
    function: Option<FunctionId>,
) -> Option<Result<Hand, String>> {
    // Elsewhere what is run later gets one value of a type that the app declares.
    if !kit.is_python() {
        return None;
    }
    let graph = kit.graph();
    let facts = kit.cx.program.facts(file);
    for id in facts.enclosing(function) {
        if handler_of(graph, file, id).is_some() {
            return None;
        }
        let producers = producers(graph, file, id)?;
        if !producers.is_empty() {
            return Some(to_function(kit, file, id, &producers));
        }
    }
    None
}

/// The same where the function is handed the whole user and does not read the id itself: a record may be out of its session
/// by then, and reading a member of it fail.
pub fn in_place_of(
    kit: &Kit<'_>,
    file: FileId,
    function: Option<FunctionId>,
    identity: &Identity,
) -> Option<Result<Hand, String>> {
    if !identity.id.contains('.') {
        return None;
    }
    let facts = kit.cx.program.facts(file);
    let outer = facts.enclosing(function).last()?;
    let reads = kit.text(file).slice(facts.function(outer).body.range()).contains(&identity.id);
    let hand = to_function_around(kit, file, function).filter(|_| !reads)?;
    matches!(&hand, Ok(hand) if !hand.maybe).then_some(hand)
}

/// The functions above a paid call's that something else runs, each as the way in on which it names who pays: it is handed
/// the payer already, or is from now on.
pub fn doors_above(kit: &Kit<'_>, file: FileId, function: Option<FunctionId>) -> Vec<Door> {
    let graph = kit.graph();
    let mut doors = Vec::new();
    let mut seen = BTreeSet::new();
    let mut level: Vec<Standing> = vec![(file, function, Vec::new())];
    for _ in 0..MAX_STEPS {
        let mut next = Vec::new();
        for (file, function, steps) in level {
            let facts = kit.cx.program.facts(file);
            let Some(id) = facts.enclosing(function).last().filter(|id| seen.insert((file, *id))) else {
                continue;
            };
            let answers =
                handler_of(graph, file, id).is_some_and(|found| found.framework.kind != Kind::Worker);
            if function != Some(id) || facts.function(id).is_generator || answers {
                continue;
            }
            if let Some(call) = steps.last().map(|(_, call)| *call)
                && let Some((identity, brings)) = named_in(kit, file, id)
            {
                let steps = steps.iter().rev().copied().collect();
                let handler =
                    HandlerRef { file, function: id, framework: String::new(), shape: String::new() };
                doors.push(Door { handler, call, identity: Some(identity), steps, brings });
            }
            next.extend(graph.callers(file, id).iter().map(|(at, call)| {
                let mut steps = steps.clone();
                steps.push((*at, *call));
                (*at, kit.cx.program.facts(*at).call(*call).function, steps)
            }));
        }
        level = next;
    }
    doors
}

/// Who pays in a function that something else runs, with what it takes to name them there.
fn named_in(kit: &Kit<'_>, file: FileId, id: FunctionId) -> Option<(Identity, Brought)> {
    if let Some(identity) = payer_of_job(kit.graph(), file, id) {
        return Some((identity, Vec::new()));
    }
    let producers = producers(kit.graph(), file, id).filter(|all| !all.is_empty() && kit.is_python())?;
    let hand = to_function(kit, file, id, &producers).ok().filter(|hand| !hand.maybe)?;
    let text = format!("{}: str", hand.name);
    let identity = Identity {
        id: hand.name,
        email: None,
        name: None,
        auth: String::new(),
        ready_at: 0,
        nullable: false,
        source: IdentitySource::Parameter { text, imports: Vec::new() },
        evidence: Vec::new(),
    };
    Some((identity, hand.edits))
}

fn to_function(kit: &Kit<'_>, file: FileId, id: FunctionId, producers: &[Producer]) -> Result<Hand, String> {
    let facts = kit.cx.program.facts(file);
    let function = facts.function(id);
    let text = kit.cx.workspace.text(file).map_err(|_| "its file is not read".to_owned())?;
    let own = text.slice(function.statement.range()).to_owned();
    let name = [format!("{}_id", kit.noun()), "payer_id".to_owned()]
        .into_iter()
        .find(|name| !has_word(&own, name))
        .ok_or("the function around it has the names that the payer could get")?;
    let maybe = producers.iter().any(|producer| producer.lasting);
    let mut edits = vec![(file, parameter(kit, file, id, &name, maybe)?)];
    for producer in producers {
        edits.extend(argument(kit, producer, (function.params.as_slice(), &name))?);
    }
    Ok(Hand { name, maybe, edits })
}

/// The parameter, behind the others.
fn parameter(
    kit: &Kit<'_>,
    file: FileId,
    id: FunctionId,
    name: &str,
    maybe: bool,
) -> Result<Vec<Edit>, String> {
    let function = kit.cx.program.facts(file).function(id);
    let typed = function.params.iter().any(|p| p.annotation_text.is_some());
    let modern = render::python_floor(kit).is_some_and(|floor| floor >= (3, 10));
    let text = match (typed, maybe) {
        (true, false) => format!("{name}: str"),
        (true, true) if modern => format!("{name}: str | None = None"),
        (_, true) => format!("{name}=None"),
        (false, false) => name.to_owned(),
    };
    with_source(kit, file, |source| {
        let style = kit.style_of(source);
        let span = function.span.range();
        place::add_parameter(source, &style, &span, &text, WHY)
            .or_else(|_| place::add_named_parameter(source, &style, &span, &text, WHY))
            .map_err(|refusal| refusal.to_string())
    })
}

/// The argument of one call that has the function run.
fn argument(
    kit: &Kit<'_>,
    producer: &Producer,
    (params, name): (&[Param], &str),
) -> Result<Vec<(FileId, Vec<Edit>)>, String> {
    let identity = payer_at(kit, producer)?;
    let value = user_id(kit, &identity);
    let call = kit.cx.program.facts(producer.file).call(producer.call);
    let written = with_source(kit, producer.file, |source| {
        let (style, span) = (kit.style_of(source), call.span.range());
        let edits = match producer.hands {
            Hands::Called | Hands::Named => {
                place::add_argument(source, &style, &span, &format!("{name}={value}"), WHY)
            }
            Hands::InOrder(from) => {
                let plain = params.iter().all(|p| p.default.is_none() && p.name().is_some());
                if !plain || call.args.len() != from + params.len() {
                    return Err(place_of(kit, producer) + " does not hand over all of its arguments in order");
                }
                place::add_argument(source, &style, &span, &value, WHY)
            }
            Hands::Packed => match call.keywords.iter().find(|(key, _)| key == "kwargs") {
                Some(_) => {
                    let dict = keyword(source, &span, "kwargs").ok_or("the call has moved")?;
                    place::add_property(source, &style, &dict, (name, &value), WHY)
                }
                None if call.args.len() > 1 && call.keywords.iter().all(|(key, _)| key != "args") => {
                    return Err(
                        place_of(kit, producer) + " hands its arguments over in a way that is not known"
                    );
                }
                None => {
                    let quoted = style.string(name);
                    place::add_argument(source, &style, &span, &format!("kwargs={{{quoted}: {value}}}"), WHY)
                }
            },
        };
        edits.map_err(|refusal| refusal.to_string())
    })?;
    let mut edits = vec![(producer.file, written)];
    edits.extend(taking(kit, &identity)?);
    Ok(edits)
}

/// Who is signed in at a call, for certain.
fn payer_at(kit: &Kit<'_>, producer: &Producer) -> Result<Identity, String> {
    let graph = kit.graph();
    let facts = kit.cx.program.facts(producer.file);
    let call = facts.call(producer.call);
    let mut around = facts.enclosing(call.function);
    let handler = around.find_map(|id| handler_of(graph, producer.file, id).map(|found| (id, found)));
    let identity = handler.and_then(|(function, found)| {
        let reached = Reached { file: producer.file, function, found, calls: Vec::new() };
        payer::in_handler(graph, &reached, call.statement.start)
    });
    identity
        .filter(|identity| !identity.nullable && identity.ready_at <= call.statement.start)
        .ok_or_else(|| place_of(kit, producer) + " has it run where nobody is known to be signed in")
}

fn place_of(kit: &Kit<'_>, producer: &Producer) -> String {
    let call = kit.cx.program.facts(producer.file).call(producer.call);
    let line = kit.text(producer.file).line_of(call.span.start as usize);
    format!("{}:{line}", kit.path(producer.file))
}

/// The value of a keyword of a call.
fn keyword(source: &Source<'_>, call: &std::ops::Range<usize>, name: &str) -> Option<std::ops::Range<usize>> {
    let mut node = source.node(call)?;
    while node.kind() != "call" {
        node = node.parent()?;
    }
    let list = node.child_by_field_name("arguments")?;
    let mut cursor = list.walk();
    let mut arguments = list.named_children(&mut cursor);
    let found =
        arguments.find(|n| n.child_by_field_name("name").is_some_and(|key| source.of(key) == name))?;
    Some(found.child_by_field_name("value")?.byte_range())
}

#[cfg(test)]
mod tests;
