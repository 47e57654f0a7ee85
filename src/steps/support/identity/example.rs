//! The handlers of an app that show how the signed-in user is known, the best first.

use crate::catalog::Answer;
use crate::sites::handlers::{Reached, handler_of};
use crate::sites::payer::in_handler;
use crate::sites::{Detail, Identity, IdentitySource};
use crate::steps::support::Kit;
use crate::syntax::{FunctionId, Span};
use crate::workspace::FileId;

/// A handler's way to the user.
#[derive(Debug, Clone)]
pub(in crate::steps::support) struct Example {
    /// Its file.
    pub(super) file: FileId,
    /// The handler; nothing where a wrapper around it finds the user.
    pub(super) function: Option<FunctionId>,
    /// The user there.
    pub(super) identity: Identity,
}

/// All of them: behind a guard first, then those that know the e-mail, then the most common way.
pub(super) fn ranked<'k>(kit: &'k Kit<'_>) -> &'k [Example] {
    kit.examples.get_or_init(|| in_order(kit))
}

fn in_order(kit: &Kit<'_>) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    for site in kit.cx.sites {
        if let Detail::Billable(billable) = &site.detail
            && let (Some(identity), Some(handler)) = (&billable.plan.identity, &billable.plan.handler)
            && handler.framework == kit.framework.id
        {
            found.extend(own_way(handler.file, Some(handler.function), identity));
        }
    }
    // What handlers bind for themselves is in scope up to the last byte of their bodies. A route is written as the app's
    // own routes are; pages and actions show how where there is none.
    let places: [fn(Span) -> u32; 2] = [|body| body.end, |body| body.end.saturating_sub(1)];
    let ways = [true, false].into_iter().flat_map(|routes| places.map(|place| (routes, place)));
    for (routes, place) in ways {
        found.extend(in_handlers(kit, routes, place));
        if !found.is_empty() {
            break;
        }
    }
    let worth = |example: &Example| {
        let source = &example.identity.source;
        let alike = found.iter().filter(|other| other.identity.source == *source).count();
        let guarded = matches!(source, IdentitySource::RequestProperty { guard: Some(_), .. });
        (guarded, example.identity.email.is_some(), alike)
    };
    let mut order: Vec<_> = found.iter().map(|example| (worth(example), example.clone())).collect();
    // Of two that are worth the same the last comes first, as a maximum takes it.
    order.reverse();
    order.sort_by_key(|(worth, _)| std::cmp::Reverse(*worth));
    order.into_iter().map(|(_, example)| example).collect()
}

/// The way to the user that another handler can go as well. What a wrapper hands over, it has found itself; whom a record
/// of one handler belongs to says nothing of another.
fn own_way(file: FileId, function: Option<FunctionId>, identity: &Identity) -> Option<Example> {
    match &identity.source {
        IdentitySource::Record => None,
        IdentitySource::Handed { origin, .. } => {
            origin.as_deref().and_then(|(file, own)| own_way(*file, None, own))
        }
        _ => Some(Example { file, function, identity: identity.clone() }),
    }
}

/// Who is known in the app's handlers that answer a request, or in the others, each looked at from a place of its body.
fn in_handlers(kit: &Kit<'_>, routes: bool, place: fn(Span) -> u32) -> Vec<Example> {
    let cx = kit.graph();
    let mut found = Vec::new();
    kit.cx.program.read(&kit.files);
    for file in kit.files.iter().filter(|f| !kit.is_generated(**f)) {
        let facts = kit.cx.program.facts(*file);
        for function in facts.function_ids() {
            let Some(shape) = handler_of(cx, *file, function) else { continue };
            if shape.framework.id != kit.framework.id || (shape.handler.answers == Answer::Response) != routes
            {
                continue;
            }
            let reached = Reached { file: *file, function, found: shape, calls: Vec::new() };
            let identity = in_handler(cx, &reached, place(facts.function(function).body));
            found.extend(identity.and_then(|identity| own_way(*file, Some(function), &identity)));
        }
    }
    found
}
