//! The handlers of an app that show how the signed-in user is known, the best first.

use crate::catalog::{Entry, Kind};
use crate::sites::handlers::{Reached, handler_of};
use crate::sites::payer::in_handler;
use crate::sites::{Detail, Identity, IdentitySource, identity};
use crate::steps::support::Kit;
use crate::syntax::{Facts, FunctionId, Span};
use crate::workspace::FileId;

/// A handler's way to the user.
#[derive(Debug, Clone)]
pub(in crate::steps::support) struct Example<'a> {
    /// The entry of its framework.
    pub(super) framework: &'a Entry,
    /// Its file.
    pub(super) file: FileId,
    /// The handler; nothing where a wrapper around it finds the user.
    pub(super) function: Option<FunctionId>,
    /// The user there.
    pub(super) identity: Identity,
    /// It handles requests itself.
    pub(super) handles: bool,
}

/// All of them: behind a guard first, then those that know the e-mail, then the most common way. Where the server's own
/// framework has none, those of others that the app has beside it.
pub(super) fn ranked<'k, 'a>(kit: &'k Kit<'a>) -> &'k [Example<'a>] {
    kit.examples.get_or_init(|| in_order(kit))
}

fn in_order<'a>(kit: &Kit<'a>) -> Vec<Example<'a>> {
    let serves = |entry: &&Entry| {
        entry.framework.as_ref().is_some_and(|f| f.side.serves() && f.writing.is_some())
            && entry.languages.iter().any(|l| kit.framework.languages.contains(l))
            && entry.id != kit.framework.id
    };
    let others = kit.entries(Kind::Framework).into_iter().filter(serves);
    let mut all: Vec<&'a Entry> = std::iter::once(kit.framework).chain(others).collect();
    // Whose handlers hold the paid calls comes first.
    let spends = |entry: &&Entry| {
        kit.cx.sites.iter().any(|site| match &site.detail {
            Detail::Billable(billable) => {
                billable.plan.handler.as_ref().is_some_and(|handler| handler.framework == entry.id)
            }
            _ => false,
        })
    };
    all.sort_by_key(|entry| !spends(entry));
    let mut unsure = Vec::new();
    for entry in all {
        let found = of_framework(kit, entry);
        // A handler that only the signed-in reach shows more than one that anybody does.
        if found.iter().any(|example| !example.identity.nullable) {
            return found;
        }
        if unsure.is_empty() {
            unsure = found;
        }
    }
    if unsure.is_empty() { in_functions(kit) } else { unsure }
}

/// The users of the handlers as each comes to know them first.
pub(super) fn earliest<'a>(kit: &Kit<'a>) -> Vec<Example<'a>> {
    let forward = |(facts, function): (&Facts, FunctionId), body: Span| {
        let own = facts.bindings.iter().filter(|b| b.function == Some(function));
        let mut places: Vec<u32> = own.map(|b| b.statement.end).chain([body.end]).collect();
        places.sort_unstable();
        places.dedup();
        places
    };
    let mut found = in_handlers(kit, kit.framework, forward);
    found.sort_by_key(|example| example.identity.nullable);
    found
}

/// What functions ask that are no handlers: a page that is rendered, what makes the context of procedures. Only a session
/// call of their own can be gone in a new handler, too.
fn in_functions<'a>(kit: &Kit<'a>) -> Vec<Example<'a>> {
    let mut found = Vec::new();
    for file in kit.files.iter().copied().filter(|f| !kit.is_generated(*f)) {
        let facts = kit.cx.program.facts(file);
        if facts.has_directive("use client") {
            continue;
        }
        for function in facts.function_ids() {
            let end = facts.function(function).body.end;
            let asked = identity::in_function(kit.graph(), file, function, end.saturating_sub(1));
            let asked = asked.filter(|identity| matches!(identity.source, IdentitySource::Call { .. }));
            let example = asked.and_then(|known| own_way(kit.framework, file, Some(function), &known));
            found.extend(example.map(|example| Example { handles: false, ..example }));
        }
    }
    found
}

fn of_framework<'a>(kit: &Kit<'a>, framework: &'a Entry) -> Vec<Example<'a>> {
    let mut found: Vec<Example<'a>> = Vec::new();
    for site in kit.cx.sites {
        if let Detail::Billable(billable) = &site.detail
            && let plan = &billable.plan
            // What was handed down has another name there.
            && let (Some(identity), Some(handler)) =
                (plan.entry_identity.as_ref().or(plan.identity.as_ref()), &plan.handler)
            && handler.framework == framework.id
        {
            found.extend(own_way(framework, handler.file, Some(handler.function), identity));
        }
    }
    found.extend(in_handlers(kit, framework, |_, body| vec![body.end]));
    if found.is_empty() {
        // What handlers bind for themselves is in scope up to the last byte of their bodies.
        found = in_handlers(kit, framework, |_, body| vec![body.end.saturating_sub(1)]);
    }
    if found.is_empty() {
        // What they bind in a block, such as what is tried, is in scope where that goes on.
        let inside = |(facts, function): (&Facts, FunctionId), _| {
            let own = facts.calls.iter().filter(|call| call.function == Some(function));
            let mut places: Vec<u32> = own.map(|call| call.statement.start).collect();
            places.sort_unstable();
            places.dedup();
            places.reverse();
            places
        };
        found = in_handlers(kit, framework, inside);
    }
    let worth = |example: &Example<'_>| {
        let source = &example.identity.source;
        let alike = found.iter().filter(|other| other.identity.source == *source).count();
        let guarded = matches!(source, IdentitySource::RequestProperty { guard: Some(_), sure: true, .. });
        (guarded, !example.identity.nullable, example.identity.email.is_some(), alike)
    };
    let mut order: Vec<_> = found.iter().map(|example| (worth(example), example.clone())).collect();
    // Of two that are worth the same the last comes first, as a maximum takes it.
    order.reverse();
    order.sort_by_key(|(worth, _)| std::cmp::Reverse(*worth));
    order.into_iter().map(|(_, example)| example).collect()
}

/// The way to the user that another handler can go as well. What a wrapper hands over, it has found itself; whom a record
/// of one handler belongs to says nothing of another.
fn own_way<'a>(
    framework: &'a Entry,
    file: FileId,
    function: Option<FunctionId>,
    identity: &Identity,
) -> Option<Example<'a>> {
    match &identity.source {
        IdentitySource::Record => None,
        IdentitySource::Handed { origin, .. } => {
            origin.as_deref().and_then(|(file, own)| own_way(framework, *file, None, own))
        }
        _ => Some(Example { framework, file, function, identity: identity.clone(), handles: true }),
    }
}

/// Who is known in the app's handlers, each looked at from places of its body up to the first where somebody is.
fn in_handlers<'a>(
    kit: &Kit<'a>,
    framework: &'a Entry,
    places: impl Fn((&Facts, FunctionId), Span) -> Vec<u32>,
) -> Vec<Example<'a>> {
    let cx = kit.graph();
    let mut found = Vec::new();
    kit.cx.program.read(&kit.files);
    for file in kit.files.iter().filter(|f| !kit.is_generated(**f)) {
        let facts = kit.cx.program.facts(*file);
        for function in facts.function_ids() {
            let Some(shape) = handler_of(cx, *file, function) else { continue };
            if shape.framework.id != framework.id
                || is_own(kit, &cx.slice(*file, facts.function(function).span))
            {
                continue;
            }
            let reached = Reached { file: *file, function, found: shape, calls: Vec::new() };
            let places = places((facts, function), facts.function(function).body);
            let identity = places.into_iter().find_map(|place| in_handler(cx, &reached, place));
            found.extend(identity.and_then(|identity| own_way(framework, *file, Some(function), &identity)));
        }
    }
    found
}

/// Whether code is of a handler that was added: it shows what the app showed before.
pub(in crate::steps::support) fn is_own(kit: &Kit<'_>, written: &str) -> bool {
    ["createPortalUrl", "formatBalance"].iter().any(|name| written.contains(&kit.function(name)))
}
