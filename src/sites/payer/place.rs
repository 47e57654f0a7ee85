//! The organisation that pays, at a place in the code.
//!
//! In order of trust: what the sign-in library calls the user's active organisation, what the app has loaded for the
//! signed-in user, what a wrapper or the framework hands over. Where users sign in and none of these is in scope, nobody
//! is named, and the sentence for the `todo` says what is missing.

use super::held::{Follow, Held, Scope, What};
use super::{Organisation, Paying, Record, Row};
use crate::sites::cx::{Cx, written_member};
use crate::sites::handlers::Reached;
use crate::sites::holds::end_of_guard;
use crate::sites::identity::{self, bindings_before};
use crate::sites::{Identity, IdentitySource};
use crate::syntax::{Binding, FunctionId, PatternName, Span};
use crate::workspace::{FileId, Language};

/// A place in a function, with the user who is known to be signed in there.
pub(in crate::sites) struct Place<'p> {
    /// The file.
    pub(in crate::sites) file: FileId,
    /// The function.
    pub(in crate::sites) function: FunctionId,
    /// Where in it.
    pub(in crate::sites) at: u32,
    /// The signed-in user.
    pub(in crate::sites) user: Option<&'p Identity>,
    /// The function as a handler, when it is one.
    pub(in crate::sites) reached: Option<&'p Reached<'p>>,
}

/// Whoever pays for what happens at an offset of a handler.
pub fn in_handler(cx: &Cx<'_>, reached: &Reached<'_>, at: u32) -> Option<Identity> {
    let user = identity::in_handler(cx, reached, at);
    if !cx.payers().paying().is_shared() {
        return user;
    }
    let place = Place {
        file: reached.file,
        function: reached.function,
        at,
        user: user.as_ref(),
        reached: Some(reached),
    };
    at_place(cx, &place).ok()
}

/// The organisation that pays for what happens at a place, or what is missing there, in words.
pub(in crate::sites) fn at_place(cx: &Cx<'_>, place: &Place<'_>) -> Result<Identity, String> {
    let payers = cx.payers();
    let organisation = match payers.paying() {
        Paying::Organisation(organisation) => organisation,
        Paying::Unclear if payers.is_open() => {
            return Err(format!(
                "which organisation pays is not settled; name one of {} as `organisation` in credyt.toml",
                payers.names()
            ));
        }
        Paying::Unclear | Paying::User => {
            return Err("no record type of an organisation was found in this app".to_owned());
        }
    };
    let active = active(cx, place);
    let known = active.as_ref().filter(|i| !i.nullable).cloned();
    let loaded = || organisation.record.as_ref().and_then(|record| loaded(cx, place, organisation, record));
    match known.or_else(loaded).or(active) {
        Some(identity) => Ok(identity),
        None => Err(missing(organisation)),
    }
}

fn missing(organisation: &Organisation) -> String {
    let noun = &organisation.noun;
    format!(
        "the {noun} pays, and only the signed-in user is known here; load the user's {noun} in front of it, leave when there is none, and run this step again"
    )
}

/// What the sign-in library calls the user's active organisation; certain only behind a check of its own.
fn active(cx: &Cx<'_>, place: &Place<'_>) -> Option<Identity> {
    let found = match place.reached {
        Some(reached) => identity::organisation(cx, reached, place.at),
        None => identity::organisation_in(cx, place.file, place.function, place.at),
    }?;
    let facts = cx.program.facts(place.file);
    let root = found.id.split(['.', '?', '!']).next().unwrap_or_default();
    let binding = bindings_before(facts, place.function, place.at)
        .find(|b| b.names.iter().any(|n| n.local == root))
        .map_or(facts.function(place.function).body, |b| b.statement);
    let plain = found.id.replace(['?', '!'], "");
    let guarded = end_of_guard(cx, place.file, binding, &[&plain], place.at);
    let line = cx.line(place.file, binding.start);
    let mut evidence =
        vec![format!("`{plain}` is the active organisation of the signed-in user (line {line})")];
    evidence.extend(guarded.map(|at| format!("checked before use (line {})", cx.line(place.file, at))));
    Some(Identity {
        ready_at: guarded.unwrap_or(found.ready_at.max(binding.end)),
        nullable: guarded.is_none(),
        email: None,
        name: None,
        evidence,
        ..found
    })
}

/// What the app has loaded for the signed-in user before a place, nearest first.
fn loaded(cx: &Cx<'_>, place: &Place<'_>, organisation: &Organisation, record: &Record) -> Option<Identity> {
    let facts = cx.program.facts(place.file);
    let users: Vec<String> = place.user.filter(|u| !u.nullable).map(|u| u.id.clone()).into_iter().collect();
    let follow = Follow { cx, record };
    let scope = Scope::new(cx, place.file, place.function, &users);
    let mut found: Vec<(u8, Identity)> = Vec::new();
    for binding in bindings_before(facts, place.function, place.at) {
        let Some(held) = follow.bound(&scope, binding, 0) else { continue };
        for name in &binding.names {
            let Some(what) = held.what.member(record, &name.path) else { continue };
            let rank = rank(&what);
            let held = Held { what, certain: held.certain };
            let identity = named(cx, place, organisation, record, binding, name, &held);
            found.extend(identity.map(|identity| (rank, identity)));
        }
    }
    // Certain before doubtful, the organisation itself before what only refers to it; of equals the nearest.
    found.sort_by_key(|(rank, identity)| (identity.nullable, *rank));
    let best = found.into_iter().next().map(|(_, identity)| identity);
    if let Some(certain) = best.as_ref().filter(|identity| !identity.nullable) {
        return Some(certain.clone());
    }
    for function in facts.enclosing(Some(place.function)) {
        for (position, param) in facts.function(function).params.iter().enumerate() {
            for name in &param.names {
                let Some(held) = follow.param(place.file, function, position, 0) else { continue };
                let Some(what) = held.what.member(record, &name.path) else { continue };
                let held = Held { what, certain: held.certain };
                let text = cx.slice(place.file, param.span);
                let given = Given { text, line: cx.line(place.file, param.span.start) };
                let body = facts.function(function).body;
                let identity = handed(cx, place, organisation, record, &given, body, name, &held);
                if identity.is_some() {
                    return identity;
                }
            }
        }
    }
    member_of_user(cx, place, organisation, record).or(best)
}

fn rank(what: &What) -> u8 {
    match what {
        What::Record => 0,
        What::Id | What::Fields(_) => 1,
        What::Row(..) | What::List(_) => 2,
    }
}

/// The expressions of an organisation under a name.
fn expressions(record: &Record, local: &str, what: &What) -> Option<(String, Option<String>)> {
    match what {
        What::Record => {
            Some((format!("{local}.{}", record.id), record.display.as_ref().map(|d| format!("{local}.{d}"))))
        }
        What::Id => Some((local.to_owned(), None)),
        What::Row(member, _) => Some((format!("{local}.{member}"), None)),
        What::List(_) => None,
        What::Fields(fields) => {
            fields.iter().find_map(|(key, what)| expressions(record, &format!("{local}.{key}"), what))
        }
    }
}

fn named(
    cx: &Cx<'_>,
    place: &Place<'_>,
    organisation: &Organisation,
    record: &Record,
    binding: &Binding,
    name: &PatternName,
    held: &Held,
) -> Option<Identity> {
    let (id, display) = expressions(record, &name.local, &held.what)?;
    let optional = matches!(held.what, What::Row(_, true));
    let names: &[&str] = if optional { &[&id] } else { &[&name.local, &id] };
    let guarded = end_of_guard(cx, place.file, binding.statement, names, place.at);
    let line = cx.line(place.file, binding.statement.start);
    let noun = &organisation.noun;
    let mut evidence =
        vec![format!("`{id}` is the {noun} that the app loads for the signed-in user (line {line})")];
    evidence.extend(guarded.map(|at| format!("checked before use (line {})", cx.line(place.file, at))));
    Some(Identity {
        id,
        email: None,
        name: display,
        auth: String::new(),
        ready_at: guarded.unwrap_or(binding.statement.end),
        nullable: guarded.is_none() && (!held.certain || optional),
        source: source(cx, place, binding, name),
        evidence,
    })
}

/// How another handler gets the same: by the same call, when it takes nothing from this one.
fn source(cx: &Cx<'_>, place: &Place<'_>, binding: &Binding, name: &PatternName) -> IdentitySource {
    let facts = cx.program.facts(place.file);
    let Some(call) = binding.value.as_call().map(|id| facts.call(id)) else { return IdentitySource::Record };
    let Some(import) = call.callee.as_name().filter(|_| call.args.is_empty() && name.path.is_empty()) else {
        return IdentitySource::Record;
    };
    if !facts.imports.iter().any(|i| i.local == import) {
        return IdentitySource::Record;
    }
    let awaited = if call.awaited { "await " } else { "" };
    IdentitySource::Call {
        text: format!("{awaited}{}", cx.slice(place.file, call.span)),
        binding: name.local.clone(),
        statement: binding.statement,
    }
}

/// A parameter as it is written.
struct Given {
    text: String,
    line: usize,
}

#[expect(clippy::too_many_arguments, reason = "each is one fact of the place")]
fn handed(
    cx: &Cx<'_>,
    place: &Place<'_>,
    organisation: &Organisation,
    record: &Record,
    given: &Given,
    body: Span,
    name: &PatternName,
    held: &Held,
) -> Option<Identity> {
    let (id, display) = expressions(record, &name.local, &held.what)?;
    let start = Span { start: body.start, end: body.start };
    let optional = matches!(held.what, What::Row(_, true));
    let names: &[&str] = if optional { &[&id] } else { &[&name.local, &id] };
    let guarded = end_of_guard(cx, place.file, start, names, place.at);
    let is_python = !cx.workspace().entry(place.file).language.is_some_and(Language::is_ecmascript);
    let source = if is_python {
        let imports = identity::names_in(cx.program.facts(place.file), &given.text);
        IdentitySource::Parameter { text: given.text.clone(), imports }
    } else {
        IdentitySource::Record
    };
    Some(Identity {
        email: None,
        name: display,
        auth: String::new(),
        ready_at: guarded.unwrap_or(body.start),
        nullable: guarded.is_none() && (!held.certain || optional),
        source,
        evidence: vec![format!(
            "`{id}` is the {} that is handed over for the signed-in user (line {})",
            organisation.noun, given.line
        )],
        id,
    })
}

/// The member of the signed-in user that refers to the organisation: one the record has, or one the code reads.
fn member_of_user(
    cx: &Cx<'_>,
    place: &Place<'_>,
    organisation: &Organisation,
    record: &Record,
) -> Option<Identity> {
    let user = place.user.filter(|u| !u.nullable)?;
    let (base, _) = user.id.rsplit_once('.')?;
    let row = record.rows.iter().find(|row| row.is_user)?;
    let whole = matches!(user.source, IdentitySource::Parameter { .. }) && is_of_type(cx, place, base, row);
    let text = cx.workspace().text(place.file).ok()?;
    let read = written_member(text.as_str(), base, &row.member);
    let id = match read {
        Some(id) => id,
        None if whole => format!("{base}.{}", row.member),
        None => return None,
    };
    let from = Span { start: user.ready_at, end: user.ready_at };
    let guarded = end_of_guard(cx, place.file, from, &[&id], place.at);
    let noun = &organisation.noun;
    Some(Identity {
        email: None,
        name: None,
        auth: user.auth.clone(),
        ready_at: guarded.unwrap_or(user.ready_at),
        nullable: guarded.is_none() && (row.optional || !whole),
        source: if guarded.is_none() && !row.optional { user.source.clone() } else { IdentitySource::Record },
        evidence: vec![format!("`{id}` names the {noun} of the signed-in user")],
        id,
    })
}

/// Whether a parameter that the framework fills is declared as a record of this type.
fn is_of_type(cx: &Cx<'_>, place: &Place<'_>, name: &str, row: &Row) -> bool {
    let facts = cx.program.facts(place.file);
    let mut params = facts.function(place.function).params.iter();
    let Some(param) = params.find(|p| p.name() == Some(name)) else { return false };
    identity::injected_type(cx, place.file, param)
        .is_some_and(|of_type| row.names.iter().any(|n| of_type.rsplit('.').next() == Some(n)))
}
