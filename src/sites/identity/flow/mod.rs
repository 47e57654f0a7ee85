//! The signed-in user as the flow engine finds them: run through what stands in front of a handler, then through the
//! handler down to a place, and spelled in names that are in scope there.
//!
//! ```text
//! app.use((req, res, next) => { res.locals.user = jwt.verify(…); next(); });
//! app.post("/ask", async (req, res) => { … })      // the user is `res.locals.user.sub` here
//! ```
//!
//! An expression is taken when the code itself writes it in that function, or when a name in scope holds an object that is
//! known to have the member. It has to be the user's id on every way to the place.

mod front;
mod record;
mod signed;
mod spell;
mod world;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::names_in;
use crate::flow::{Abs, Engine, Fun, Given, Names, Ran, State, Trust, What, World};
use crate::resolve::Def;
use crate::sites::cx::Cx;
use crate::sites::handlers::Reached;
use crate::sites::holds;
use crate::sites::{Identity, IdentitySource, guard};
use crate::syntax::{CallId, Span};
use crate::workspace::FileId;
pub(super) use front::hooks;
use spell::{Spelled, spelled};
use world::{Known, untouched};

/// What names hold all through a handler.
pub(in crate::sites) type Course = Option<Arc<Ran>>;

/// The user in a handler at an offset of it.
pub(super) fn in_handler(cx: &Cx<'_>, reached: &Reached<'_>, at: u32) -> Option<Identity> {
    let known = Known::of(cx, (reached.file, reached.function))?;
    let course = course(&known, reached)?;
    let mut engine = Engine::after(&known, &course);
    let offset = place_of(cx, reached, at);
    let (fun, state) = engine.within(&course, offset)?;
    let found = spelled(&known, &mut engine, fun, &state, offset)?;
    Some(identity(&known, Some(reached), fun, offset, found))
}

/// The user at a call that a handler reaches through others, as they hand it down.
pub(in crate::sites) fn at_call(
    cx: &Cx<'_>,
    reached: &Reached<'_>,
    (file, call): (FileId, CallId),
) -> Option<Identity> {
    let known = Known::of(cx, (reached.file, reached.function))?;
    let course = course(&known, reached)?;
    let mut engine = Engine::after(&known, &course);
    let come_to = |engine: &mut Engine<'_>, within: Option<(Fun, State)>, at: u32| match within {
        None => engine.within(&course, at),
        Some((fun, state)) => engine.at(fun, state, at),
    };
    let mut within: Option<(Fun, State)> = None;
    for (at, hop) in &reached.calls {
        let hop_call = cx.program.facts(*at).call(*hop);
        let Def::Function(to, callee) = cx.callee(*at, *hop) else { return None };
        if *at != within.as_ref().map_or(reached.file, |(fun, _)| fun.0) {
            return None;
        }
        let (inner, names) = come_to(&mut engine, within, hop_call.span.start)?;
        let given = given_to(&known, &mut engine, inner, &names, hop_call.span, (to, callee))?;
        within = Some(((to, callee), engine.enter((to, callee), given)?));
    }
    let offset = cx.program.facts(file).call(call).span.start;
    if within.as_ref().map_or(reached.file, |(fun, _)| fun.0) != file {
        return None;
    }
    let (fun, state) = come_to(&mut engine, within, offset)?;
    let found = spelled(&known, &mut engine, fun, &state, offset)?;
    let mut identity = identity(&known, None, fun, offset, found);
    identity.source = IdentitySource::Record;
    Some(identity)
}

/// Whether a function that checks who is there comes back with nothing where nobody is, instead of throwing. A user whose
/// record is gone does not count.
pub(in crate::sites) fn gives_nothing(cx: &Cx<'_>, function: Fun) -> bool {
    let Some(mut known) = Known::of(cx, function) else { return false };
    known.records_stand = true;
    let count = cx.program.facts(function.0).function(function.1).params.len();
    let args = vec![Abs::any(Trust::Sent); count];
    let given =
        Given { args, keywords: Names::new(), cells: untouched(&known, &BTreeSet::new()), whole: false };
    let itself = Abs::of(What::Function(function.0, function.1, Names::new()));
    let mut engine = Engine::new(&known);
    let value = engine.invoke(&itself, given).map(|(value, _)| value.as_one());
    value.is_some_and(|value| value.maybe && !matches!(value.what, What::Any(_) | What::Never))
}

/// A handler run from what stands in front of it, once for all that is asked of it.
fn course(known: &Known<'_, '_>, reached: &Reached<'_>) -> Course {
    let fun = (reached.file, reached.function);
    known.cx.course(fun, || Engine::new(known).whole(fun, front::beginning(known, reached)?).map(Arc::new))
}

/// What a call hands to a function of the app.
fn given_to(
    known: &Known<'_, '_>,
    engine: &mut Engine<'_>,
    fun: Fun,
    state: &State,
    span: Span,
    to: Fun,
) -> Option<Given> {
    let points = known.points(fun.0, fun.1)?;
    let written = spell::call_in(&points, span)?;
    let facts = points.holds(span.start).unwrap_or_default();
    let mut given = engine.arguments(fun, state, &facts, &written);
    if known.takes_instance(to.0, to.1) {
        given.args.insert(0, Abs::any(Trust::App));
    }
    Some(given)
}

/// The offset that stands for the end of a handler, where no place in it is meant.
fn place_of(cx: &Cx<'_>, reached: &Reached<'_>, at: u32) -> u32 {
    let body = cx.program.facts(reached.file).function(reached.function).body;
    if body.has(at) { at } else { body.end.saturating_sub(1) }
}

fn identity(
    known: &Known<'_, '_>,
    reached: Option<&Reached<'_>>,
    fun: Fun,
    offset: u32,
    found: Spelled,
) -> Identity {
    let cx = known.cx;
    let facts = cx.program.facts(fun.0);
    let body = facts.function(fun.1).body;
    let bound = spell::bound_at(known, fun, &found.root, offset);
    let from = bound.unwrap_or(Span { start: body.start, end: body.start });
    let names = [found.root.as_str(), found.id.as_str()];
    let guarded = holds::end_of_guard(cx, fun.0, from, &names, offset);
    let mut evidence = Vec::new();
    let mut auth = String::new();
    for origin in &found.from {
        let rule = known.rule(origin.rule);
        auth.clone_from(&rule.entry.id);
        let written = cx.slice(origin.file, origin.call);
        let first = written.lines().next().unwrap_or_default().trim_end();
        let short = if written.contains('\n') { format!("{first}…") } else { first.to_owned() };
        let (path, line) = (cx.path(origin.file), cx.line(origin.file, origin.call.start));
        evidence.push(format!("`{}` is the user that `{short}` vouches for ({path}:{line})", found.id));
    }
    evidence.extend(guarded.map(|at| format!("checked before use (line {})", cx.line(fun.0, at))));
    let imported = facts.imports.iter().find(|i| found.id == format!("{}()", i.local));
    let source = match (imported, reached) {
        (Some(import), Some(_)) => {
            IdentitySource::Import { name: import.local.clone(), module: import.module.clone() }
        }
        // What may be missing here may be missing behind the same guard elsewhere.
        (None, Some(_)) if found.maybe => IdentitySource::Followed,
        (None, Some(reached)) => source(cx, reached, fun, &found.root, &found.member),
        (_, None) => IdentitySource::Record,
    };
    Identity {
        id: found.id,
        email: found.email,
        name: None,
        auth,
        ready_at: guarded.unwrap_or(from.end),
        nullable: found.maybe,
        source,
        evidence,
    }
}

/// How another handler gets the same.
fn source(cx: &Cx<'_>, reached: &Reached<'_>, fun: Fun, root: &str, member: &str) -> IdentitySource {
    let facts = cx.program.facts(fun.0);
    let function = facts.function(reached.function);
    let param = function.params.iter().find(|p| p.name() == Some(root));
    let injected = param.filter(|p| front::dependency(cx, reached.file, p).is_some());
    if let Some(param) = injected {
        let text = cx.slice(reached.file, param.span);
        return IdentitySource::Parameter { imports: names_in(facts, &text), text };
    }
    if fun != (reached.file, reached.function) {
        return IdentitySource::Record;
    }
    match guard::of_handler(cx, reached, member) {
        Some(guard) if guard.sure => guard::on_request(Some(&guard), false),
        // What only looks who is there is followed by what asks: both would have to stand there.
        _ => IdentitySource::Followed,
    }
}

#[cfg(test)]
pub(in crate::sites) mod tests;
