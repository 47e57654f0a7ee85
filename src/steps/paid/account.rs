//! Every paid call is accounted for: billed, free with the reason, or left to a person with what is known.
//!
//! The steps say why a call that they act on could not be written. This file says the same of the calls that no step acts
//! on, and finds the words: what stands in front of the handler, what the request says of itself, and how the user can be
//! had there.

use super::Spend;
use super::reach::Door;
use super::record::{NOBODY, Reason, is_recorded};
use crate::answers::Key;
use crate::sites::handlers::all_reached_from;
use crate::sites::{
    Billable, Detail, IdentityAt, IdentitySource, InFront, Money, SiteKind, in_front, sent_ids,
};
use crate::steps::reading;
use crate::steps::support::{Kit, identity};
use crate::steps::{Candidate, Cause, Lacks, OR_SKIP, Todo, Unpaid};
use crate::syntax::{FunctionId, Imported};
use crate::workspace::FileId;

/// Names of what stands in front that a line has room for.
const NAMED: usize = 3;

/// The paid calls that no step acts on.
#[derive(Debug, Default)]
pub(in crate::steps) struct Rest {
    /// What is left to a person.
    pub(in crate::steps) todo: Vec<Todo>,
    /// What is not billed for a good reason, each a sentence.
    pub(in crate::steps) free: Vec<String>,
}

/// Looks through the calls that are not selected.
pub(in crate::steps) fn rest(kit: &Kit<'_>, all: &[Spend<'_>]) -> Rest {
    let mut rest = Rest::default();
    let mut free: Vec<(String, Vec<String>)> = Vec::new();
    for site in kit.cx.sites.iter().filter(|s| s.kind == SiteKind::Billable && !s.selected) {
        let Detail::Billable(billable) = &site.detail else { continue };
        let Some(spend) = Spend::any(kit, site) else { continue };
        // What the owner said, what is billed at another place, and what is billed by hand needs no word.
        if spend.answers.skip == Some(true) || billable.covered_by.is_some() || is_recorded(kit, &spend, all)
        {
            continue;
        }
        if let Money::None(why) = &billable.plan.money {
            let place = format!("`{}` at {}:{}", billable.call, site.file, site.line);
            match free.iter_mut().find(|(known, _)| known == why) {
                Some((_, places)) => places.push(place),
                None => free.push((why.clone(), vec![place])),
            }
            continue;
        }
        rest.todo.push(unselected(kit, &spend));
    }
    let sentence =
        |(why, places): (String, Vec<String>)| format!("Not billed: {}: {why}.", places.join(", "));
    rest.free.extend(free.into_iter().map(sentence));
    rest
}

/// What is left of a call that nothing was tried with.
fn unselected(kit: &Kit<'_>, spend: &Spend<'_>) -> Todo {
    let plan = &spend.billable.plan;
    let (cause, why, candidates) = match &plan.money {
        Money::Shared(why) => {
            let why = format!("{why}; check the balance and send the event where the app's own key is used");
            (Cause::OwnKey, why, Vec::new())
        }
        Money::Chosen(why) => (Cause::Form, why.clone(), Vec::new()),
        _ if spend.is_unknown() => {
            let why = "the client is one that costs money, and of this call is known neither that it costs nor that it is free; send an event after it if it costs".to_owned();
            (Cause::UnknownCall, why, Vec::new())
        }
        _ if plan.handler.is_none() && plan.at == IdentityAt::None => {
            (Cause::NoHandler, NO_HANDLER.to_owned(), Vec::new())
        }
        _ => match &plan.identity {
            None => {
                let (why, candidates) = nobody(kit, spend, handler(spend));
                (Cause::NoPayer, why, candidates)
            }
            Some(identity) if identity.nullable => {
                (Cause::Visitors, super::record::visitors(kit), known(spend.billable))
            }
            Some(_) => {
                let why = spend.site.evidence.last().cloned().unwrap_or_default();
                (Cause::Form, why, known(spend.billable))
            }
        },
    };
    finish(spend, Lacks::Both, cause, why, candidates).at(spend.site.file.as_str(), spend.site.line)
}

/// Where nobody asks for what is paid.
const NO_HANDLER: &str = "no request handler that reaches it was found, so nobody is known who could pay";

/// What is left of a call that could not be written, for a reason that has a place.
pub(in crate::steps) fn left(kit: &Kit<'_>, spend: &Spend<'_>, reason: &Reason, lacks: Lacks) -> Todo {
    let plan = &spend.billable.plan;
    let line = kit.text(reason.file).line_of(reason.at as usize);
    let here = function_at(kit, reason.file, reason.at).map(|function| (reason.file, function));
    let (cause, why, candidates) = if reason.why.starts_with(NOBODY) {
        if plan.handler.is_none() && plan.identity.is_none() {
            (Cause::NoHandler, NO_HANDLER.to_owned(), Vec::new())
        } else {
            let place = if lacks == Lacks::Gate { here } else { handler(spend).or(here) };
            let (why, candidates) = nobody(kit, spend, place);
            (Cause::NoPayer, why, candidates)
        }
    } else if plan.missing.as_ref() == Some(&reason.why) {
        (Cause::NoPayer, reason.why.clone(), Vec::new())
    } else if plan.identity.as_ref().is_some_and(|i| i.nullable) {
        (Cause::Visitors, reason.why.clone(), known(spend.billable))
    } else {
        (Cause::Form, reason.why.clone(), known(spend.billable))
    };
    let todo = finish(spend, lacks, cause, why, candidates).at(kit.path(reason.file), line);
    // What is said of the call as a whole would also end the billing of the other ways to it.
    match here.filter(|_| lacks == Lacks::Gate && is_one_of_several(kit, spend)) {
        Some(place) => Todo { key: way_key(kit, place), ..todo },
        None => todo,
    }
}

/// Whether several handlers reach a paid call.
fn is_one_of_several(kit: &Kit<'_>, spend: &Spend<'_>) -> bool {
    all_reached_from(kit.graph(), spend.file, spend.billable.plan.function).len() > 1
}

/// What an owner can say of a call that visitors reach, where the app's own way to its user can be written.
const REQUIRE: &str = "; say `sign_in = true` if only signed-in users may use it (they are read there then, and visitors turned away)";

/// One way in to a call that is billed on others: nobody who could pay is known on it.
pub(in crate::steps) fn on_way(
    kit: &Kit<'_>,
    spend: &Spend<'_>,
    door: &Door,
    through: &str,
    why: String,
) -> Todo {
    let place = (door.handler.file, door.handler.function);
    let (cause, why, candidates) = if why.starts_with(NOBODY) {
        let (why, candidates) = nobody(kit, spend, Some(place));
        (Cause::NoPayer, why, candidates)
    } else {
        (Cause::Form, why, Vec::new())
    };
    let why = format!("it is reached through `{through}` here, and {why}");
    let todo = finish(spend, Lacks::Event, cause, why, candidates);
    Todo { key: way_key(kit, place), ..todo }
}

/// The answer that says of a handler that the app itself pays for what is spent through it.
fn way_key(kit: &Kit<'_>, place: (FileId, FunctionId)) -> Option<String> {
    way(kit, place).map(|way| format!("{} = true", Key::event(&way, "skip")))
}

/// A handler's name in `credyt.toml`: `<file>#<symbol>`. Without a name of its own it cannot be told from another.
fn way(kit: &Kit<'_>, (file, function): (FileId, FunctionId)) -> Option<String> {
    let symbol = &kit.cx.program.facts(file).function(function).symbol;
    (!symbol.is_empty()).then(|| format!("{}#{symbol}", kit.path(file)))
}

/// Whether the owner has said that the app itself pays for what is spent through a handler.
pub(in crate::steps) fn is_own_expense(kit: &Kit<'_>, place: (FileId, FunctionId)) -> bool {
    way(kit, place).is_some_and(|way| kit.cx.answers.event(&way).skip == Some(true))
}

fn finish(spend: &Spend<'_>, lacks: Lacks, cause: Cause, why: String, candidates: Vec<Candidate>) -> Todo {
    let unpaid = Unpaid { call: spend.billable.call.clone(), site: spend.site.id.clone(), lacks };
    let settles = if why.contains(REQUIRE) { "sign_in" } else { "skip" };
    let key = format!("{} = true", Key::event(super::key(spend.site), settles));
    Todo { candidates, key: Some(key), ..Todo::unpaid(cause, unpaid, why) }
}

/// The handler that reaches a call.
fn handler(spend: &Spend<'_>) -> Option<(FileId, FunctionId)> {
    spend.billable.plan.handler.as_ref().map(|handler| (handler.file, handler.function))
}

/// The innermost function at a place.
fn function_at(kit: &Kit<'_>, file: FileId, at: u32) -> Option<FunctionId> {
    let facts = kit.cx.program.facts(file);
    let around = facts.function_ids().filter(|id| facts.function(*id).span.has(at));
    around.min_by_key(|id| facts.function(*id).span.len())
}

/// The payer that is known, though not where or not as surely as it has to be.
fn known(billable: &Billable) -> Vec<Candidate> {
    let identity = billable.plan.identity.as_ref().or(billable.plan.entry_identity.as_ref());
    let vouched = |identity: &crate::sites::Identity| {
        let evidence = identity.evidence.first().cloned().unwrap_or_default();
        if identity.nullable { format!("{evidence}; it may be missing") } else { evidence }
    };
    identity.map(|i| Candidate { expr: i.id.clone(), vouched: vouched(i) }).into_iter().collect()
}

/// Why nobody is known at a place, in words, with what came into question.
fn nobody(kit: &Kit<'_>, spend: &Spend<'_>, place: Option<(FileId, FunctionId)>) -> (String, Vec<Candidate>) {
    let cx = kit.graph();
    let billable = spend.billable;
    let candidates: Vec<Candidate> = sent_ids(cx, spend.site, billable)
        .into_iter()
        .map(|lost| Candidate { expr: lost.name, vouched: lost.why })
        .collect();
    // A team that is not loaded, a session without an id: that is not for want of a sign-in.
    if let Some(missing) = &billable.plan.missing {
        return (missing.clone(), candidates);
    }
    let mut why = NOBODY.to_owned();
    let front = place.map(|(file, function)| in_front(cx, file, function)).unwrap_or_default();
    match place.filter(|_| !front.is_empty()) {
        _ if reading::can_be(kit, spend) => {
            why.push_str(REQUIRE);
            why.push_str(OR_SKIP);
        }
        Some(place) => {
            let (guards, how) = (guards(&front), how(kit, place, &front));
            why = format!("it is behind {guards}, and no expression here names the user; {how}");
        }
        None => {
            why.push_str("; add sign-in in front of it");
            why.push_str(OR_SKIP);
        }
    }
    if let Some(sent) = candidates.first() {
        why = format!("{why} (`{}` {})", sent.expr, sent.vouched);
    }
    (why, candidates)
}

/// What asks who is signed in before a handler runs, by name and place.
fn guards(front: &[InFront]) -> String {
    let named = |front: &InFront| format!("`{}` ({}:{})", front.name, front.file, front.line);
    front.iter().take(NAMED).map(named).collect::<Vec<_>>().join(", ")
}

/// How the user can be had in a handler: the way of other handlers where it leads there as well. What a guard fills is there
/// only behind that guard, so of any other it is said who fills it, and that it is not here.
fn how(kit: &Kit<'_>, place: (FileId, FunctionId), front: &[InFront]) -> String {
    let mut elsewhere = None;
    for shown in identity::shown(kit) {
        let path = kit.path(shown.file);
        match &shown.identity.source {
            IdentitySource::Call { text, binding, .. } => {
                let bound = if kit.is_python() { "" } else { "const " };
                return format!("the user can be had with `{bound}{binding} = {text}`, as in {path}");
            }
            IdentitySource::Parameter { text, .. } => {
                return format!("the user can be had with the parameter `{text}`, as in {path}");
            }
            IdentitySource::Import { .. } => {
                return format!("the user can be had with `{}`, as in {path}", shown.identity.id);
            }
            IdentitySource::RequestProperty { guard: Some(guard), .. } => {
                if front.iter().any(|f| is_same(kit, (place.0, &f.name), (shown.file, guard))) {
                    let id = as_here(kit, place, &shown);
                    return format!("the user can be had with `{id}`, as in {path}");
                }
                elsewhere.get_or_insert_with(|| {
                    let id = &shown.identity.id;
                    format!("other handlers have `{id}` ({path}), which `{guard}` fills, and that is not in front of this one")
                });
            }
            IdentitySource::RequestProperty { guard: None, .. } | IdentitySource::Followed => {
                elsewhere.get_or_insert_with(|| {
                    let id = &shown.identity.id;
                    format!("other handlers have `{id}` ({path}), which nothing was seen to fill in front of this one")
                });
            }
            IdentitySource::Record | IdentitySource::Handed { .. } => {}
        }
    }
    let hand_down = "hand the user's id down to it";
    elsewhere.map_or_else(|| hand_down.to_owned(), |other| format!("{other}; {hand_down}"))
}

/// Whether two names, each of a file, are one thing by what they are called where they are declared.
fn is_same(kit: &Kit<'_>, one: (FileId, &str), other: (FileId, &str)) -> bool {
    let declared = |(file, name): (FileId, &str)| {
        let imports = &kit.cx.program.facts(file).imports;
        match imports.iter().find(|import| import.local == name).map(|import| &import.imported) {
            Some(Imported::Named(declared)) => declared.clone(),
            _ => name.rsplit('.').next().unwrap_or(name).to_owned(),
        }
    };
    declared(one) == declared(other)
}

/// What another handler reads of a parameter, with the name that the parameter has here.
fn as_here(kit: &Kit<'_>, place: (FileId, FunctionId), shown: &identity::Shown) -> String {
    let id = &shown.identity.id;
    let end = id.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(id.len());
    let (root, rest) = id.split_at(end);
    let params = |file: FileId, function: FunctionId| &kit.cx.program.facts(file).function(function).params;
    let position =
        shown.function.and_then(|f| params(shown.file, f).iter().position(|p| p.name() == Some(root)));
    let own = position.and_then(|at| params(place.0, place.1).get(at)?.name());
    format!("{}{rest}", own.unwrap_or(root))
}

#[cfg(test)]
mod tests;
