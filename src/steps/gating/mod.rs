//! A balance check in the handler, before the paid call.
//!
//! The refusal is written in the handler's own way of answering and before anything is spent or streamed. One check a
//! handler: with several paid calls the largest estimate counts. A paid call that several handlers reach has a check in each.

mod answering;
pub(in crate::steps) mod refusal;
mod spot;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rust_decimal::Decimal;

use crate::answers::OnUnavailable;
use crate::catalog::{Role, Snippet};
use crate::edit::EditUnit;
use crate::sites::handlers::all_reached_from;
use crate::sites::own_key::{OwnKey, ready_at};
use crate::sites::payer::{Paying, in_handler};
use crate::sites::{HandlerRef, Identity, IdentityAt, IdentitySource, owner};
use crate::steps::key::push;
use crate::steps::paid::code::{Calling, fill};
use crate::steps::paid::record::{
    GUESTS, NOBODY, Reason, asked, calling, is_for_visitors, is_recorded, only_where, record, visitors,
};
use crate::steps::paid::{Spend, account, billing_user, questions, role_name, shape_of, taking};
use crate::steps::support::expired::expired;
use crate::steps::support::identity::There;
use crate::steps::support::{Kit, generated, names, names::Wanted, render};
use crate::steps::{Area, Halt, Lacks, Question, Status, Step, StepContext, StepPlan, Todo};
use crate::syntax::source::Source;
use crate::syntax::{CallId, Expr, FunctionId, Span, place};
use crate::workspace::FileId;
use answering::Answering;
use refusal::{refusal, skipping};
use spot::is_function;

/// See the module.
#[derive(Debug)]
pub(super) struct GatingStep;

impl Step for GatingStep {
    fn area(&self) -> Area {
        Area::Gating
    }

    fn questions(&self, cx: &StepContext<'_>) -> Vec<Question> {
        Kit::new(cx).map_or_else(|_| Vec::new(), |kit| questions(&kit, Area::Gating))
    }

    fn plan(&self, cx: &StepContext<'_>) -> StepPlan {
        match Kit::new(cx) {
            Ok(kit) => plan(&kit).unwrap_or_else(StepPlan::from),
            Err(unfit) => StepPlan::not_applicable(unfit.to_string()),
        }
    }
}

/// One handler with the paid calls it reaches.
struct Gate<'a> {
    handler: HandlerRef,
    /// Who is signed in where it reaches the first of them.
    identity: Option<Identity>,
    /// The first of its statements that reaches one.
    reached_by: Span,
    /// All of them.
    ways: Vec<Span>,
    spends: Vec<Spend<'a>>,
}

impl Gate<'_> {
    fn reason(&self, why: &str) -> Reason {
        Reason { why: why.to_owned(), file: self.handler.file, at: self.reached_by.start, whole: true }
    }
}

fn plan(kit: &Kit<'_>) -> Result<StepPlan, Halt> {
    let all = Spend::all(kit);
    if all.is_empty() {
        let found = kit.cx.sites.iter().any(|site| site.kind == crate::sites::SiteKind::Billable);
        return Err(Halt::from(if found {
            "none of the paid calls that were found can be held back as they stand"
        } else {
            "no call that spends money was found, so there is nothing to hold back yet"
        }));
    }
    let mut plan = StepPlan::new(Status::Planned);
    let mut units = Vec::new();
    let mut gated = 0;
    // What is never billed takes nothing from a balance, so nobody is held back from it for want of one.
    let mut billed = Vec::new();
    for spend in &all {
        match record(kit, spend, None) {
            Err(reason) if !is_recorded(kit, spend, &all) => plan.todo.push(todo(kit, spend, &reason)),
            _ => billed.push(spend.clone()),
        }
    }
    let gates = gates(billed, kit, &mut plan.todo);
    let handlers = gates.len();
    for gate in gates {
        if account::is_own_expense(kit, (gate.handler.file, gate.handler.function)) {
            continue;
        }
        if is_gated(kit, &gate.handler) {
            gated += 1;
            continue;
        }
        match unit(kit, &gate) {
            Ok(unit) => {
                plan.sites.extend(gate.spends.iter().map(|s| s.site.id.clone()));
                units.push(unit);
            }
            Err(reason) => plan.todo.extend(gate.spends.iter().map(|spend| todo(kit, spend, &reason))),
        }
    }
    plan.progress = Some((gated, handlers));
    plan.sites.sort();
    plan.sites.dedup();
    if !units.is_empty() {
        let generated = generated::plan(kit, Area::Gating)?;
        push(&mut plan, generated);
        let modules = plan.changes.paths();
        for unit in units {
            push(&mut plan, unit);
        }
        plan.changes.rest_on(&modules);
    }
    if plan.changes.is_empty() {
        plan.status = if gated > 0 || kit.done.gating {
            Status::Already
        } else {
            Status::NotApplicable("no handler has a place for a balance check".to_owned())
        };
    }
    if !kit.done.events && !plan.changes.is_empty() {
        plan.todo.push(Todo::chore(
            "no usage event is sent, so nothing is ever taken from the balance that is checked: add the events, too (`credyt-integrate run --step events`), or send them yourself after each paid call",
        ));
    }
    plan.next = match kit.paying() {
        Paying::User => {
            "Sign in as a user without a balance and use a paid feature: it answers 402 and nothing is spent."
                .to_owned()
        }
        paying => format!(
            "Sign in as a user whose {} has no balance and use a paid feature: it answers 402 and nothing is spent.",
            paying.noun()
        ),
    };
    Ok(plan)
}

fn todo(kit: &Kit<'_>, spend: &Spend<'_>, reason: &Reason) -> Todo {
    account::left(kit, spend, reason, Lacks::Gate)
}

/// Paid calls by the handlers that reach them, however far up; those without one become `todo` lines.
fn gates<'a>(all: Vec<Spend<'a>>, kit: &Kit<'_>, todos: &mut Vec<Todo>) -> Vec<Gate<'a>> {
    let mut gates: BTreeMap<(FileId, FunctionId), Gate<'a>> = BTreeMap::new();
    for spend in all {
        let plan = &spend.billable.plan;
        let Some(nearest) = &plan.handler else {
            let reason = Reason {
                why: "no request handler that reaches it was found".to_owned(),
                file: spend.file,
                at: plan.call.start,
                whole: true,
            };
            todos.push(todo(kit, &spend, &reason));
            continue;
        };
        let own = Gate {
            handler: nearest.clone(),
            identity: plan.entry_identity.clone(),
            reached_by: plan.reached_by,
            ways: ways(kit, &spend, nearest, plan.reached_by),
            spends: vec![spend.clone()],
        };
        let mut here: Vec<Gate<'a>> = std::iter::once(own).chain(others(kit, &spend, nearest)).collect();
        if here.iter().all(|gate| gate.identity.as_ref().is_none_or(|identity| identity.nullable))
            && let Some(below) = below(kit, &spend, nearest)
        {
            here = vec![below];
        }
        for gate in here {
            match gates.entry((gate.handler.file, gate.handler.function)) {
                Entry::Vacant(place) => {
                    place.insert(gate);
                }
                Entry::Occupied(place) => place.into_mut().join(gate),
            }
        }
    }
    gates.into_values().collect()
}

/// The function that holds a paid call, where no handler above it names the user and it does itself: what it throws goes
/// through all of them.
fn below<'a>(kit: &Kit<'_>, spend: &Spend<'a>, nearest: &HandlerRef) -> Option<Gate<'a>> {
    let plan = &spend.billable.plan;
    let identity = plan.identity.clone().filter(|identity| !identity.nullable && plan.at == IdentityAt::Call);
    let function = plan.function.filter(|f| (spend.file, *f) != (nearest.file, nearest.function))?;
    shape_of(kit, nearest)?.refuse.as_ref().filter(|refuse| raises(refuse))?;
    let cx = kit.graph();
    let goes_through = |(file, call): &(FileId, CallId)| {
        let text = kit.text(*file);
        let language = kit.cx.workspace.entry(*file).language;
        let source = language.and_then(|language| Source::parse(language, text.as_str()));
        let at = cx.program.facts(*file).call(*call).statement.range();
        source.is_some_and(|source| !is_swallowed(&source, &at))
    };
    let ways = all_reached_from(cx, spend.file, Some(function));
    let statement = spend.call(cx.program.facts(spend.file))?.statement;
    ways.iter().all(|way| way.calls.iter().all(goes_through)).then(|| Gate {
        handler: HandlerRef { file: spend.file, function, ..nearest.clone() },
        identity,
        reached_by: statement,
        ways: vec![statement],
        spends: vec![spend.clone()],
    })
}

/// The handlers beside the nearest one: a wrapper, a service or a job is reached from many.
fn others<'a>(kit: &Kit<'_>, spend: &Spend<'a>, nearest: &HandlerRef) -> Vec<Gate<'a>> {
    let cx = kit.graph();
    let reached = all_reached_from(cx, spend.file, spend.billable.plan.function);
    let others = reached.into_iter().filter(|r| (r.file, r.function) != (nearest.file, nearest.function));
    // Where the owner of a record is billed, nobody has to be signed in.
    let by_owner =
        spend.billable.plan.identity.as_ref().is_some_and(|identity| {
            matches!(identity.source, IdentitySource::Record | IdentitySource::Followed)
        });
    let others = others.filter_map(|reached| {
        let (file, call) = *reached.calls.first()?;
        let reached_by = cx.program.facts(file).call(call).statement;
        let owner = || owner::in_function(cx, reached.file, reached.function, reached_by.start);
        let identity = in_handler(cx, &reached, reached_by.start);
        let handler = HandlerRef::of(&reached);
        let ways = ways(kit, spend, &handler, reached_by);
        Some(Gate {
            identity: identity.or_else(|| by_owner.then(owner).flatten()),
            handler,
            reached_by,
            ways,
            spends: vec![spend.clone()],
        })
    });
    others.collect()
}

/// The statements of a handler from which a paid call is reached: one of several branches may call the same service.
fn ways(kit: &Kit<'_>, spend: &Spend<'_>, handler: &HandlerRef, reached_by: Span) -> Vec<Span> {
    let cx = kit.graph();
    let mut found = vec![reached_by];
    let mut open: Vec<(FileId, FunctionId)> =
        spend.billable.plan.function.map(|f| (spend.file, f)).into_iter().collect();
    let mut seen = open.clone();
    while let Some((file, function)) = open.pop() {
        for (file, id) in cx.callers(file, function).iter().copied() {
            let facts = cx.program.facts(file);
            let call = facts.call(id);
            let is_here =
                file == handler.file && facts.enclosing(call.function).any(|f| f == handler.function);
            if is_here {
                found.push(call.statement);
            } else if let Some(caller) = call.function.map(|f| (file, f)).filter(|f| !seen.contains(f)) {
                seen.push(caller);
                open.push(caller);
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

impl<'a> Gate<'a> {
    /// Takes in what another paid call found for the same handler.
    fn join(&mut self, other: Gate<'a>) {
        if other.reached_by < self.reached_by {
            self.reached_by = other.reached_by;
            self.identity = other.identity;
        }
        self.ways.extend(other.ways);
        self.spends.extend(other.spends);
    }
}

/// Whether a handler asks for the balance already.
fn is_gated(kit: &Kit<'_>, handler: &HandlerRef) -> bool {
    let facts = kit.cx.program.facts(handler.file);
    let check = kit.function("checkBalance");
    facts.calls.iter().any(|c| {
        let threaded = || {
            c.args.first().and_then(Expr::as_path).and_then(crate::syntax::Path::as_name)
                == Some(check.as_str())
        };
        (c.callee.as_name() == Some(check.as_str()) || threaded())
            && facts.enclosing(c.function).any(|f| f == handler.function)
    })
}

fn unit(kit: &Kit<'_>, gate: &Gate<'_>) -> Result<EditUnit, Reason> {
    let first = &gate.spends[0];
    let file = gate.handler.file;
    let reason = |why: &str| gate.reason(why);
    let identity = gate
        .identity
        .as_ref()
        .ok_or_else(|| reason(first.billable.plan.missing.as_deref().unwrap_or(NOBODY)))?;
    let there = identity
        .nullable
        .then(|| {
            let for_visitors = |spend: &Spend<'_>| {
                let call = spend.billable.plan.call;
                spend.file == file
                    && is_for_visitors(kit, (file, Some(gate.handler.function)), call, identity)
            };
            if gate.spends.iter().all(for_visitors) {
                return Err(reason(GUESTS));
            }
            asked(kit, file, Some(gate.handler.function), identity).ok_or_else(|| reason(&visitors(kit)))
        })
        .transpose()?;
    let (identity, holds) = match &there {
        Some(There { test, identity }) => (identity, Some(test.as_str())),
        None => (identity, None),
    };
    let shape = shape_of(kit, &gate.handler).ok_or_else(|| reason("its handler is of no known kind"))?;
    let text = kit.text(file);
    let language = kit.cx.workspace.entry(file).language.ok_or_else(|| reason("the file is no code"))?;
    let source = Source::parse(language, text.as_str()).ok_or_else(|| reason("the file does not parse"))?;
    let refuse = refusal(kit, &source, &gate.handler, shape).map_err(|why| reason(&why))?;
    let own_key = whose_key(kit, gate)?;
    let ready_at = identity.ready_at.max(own_key.as_ref().map_or(0, |own| own.ready_at));
    let body = kit.cx.program.facts(file).function(gate.handler.function).body;
    let spot::Spot { at, goes_on } =
        spot::before_spends(&source, body, &gate.ways, ready_at, !raises(&refuse))
            .ok_or_else(|| reason("there is no statement before the call at which the user is known"))?;
    if !goes_on && spot::is_on_the_side(kit, &source, &gate.handler, &gate.ways, &at) {
        let check = kit.function("checkBalance");
        return Err(reason(&format!(
            "what the request asked for is written by then, so that a refusal would be wrong; leave this call out there when `{check}` says no"
        )));
    }
    let at = spot::before_writes(kit, &source, &gate.handler, ready_at, at);
    let refuse = if goes_on { Cow::Owned(skipping(kit)) } else { refuse };
    let at = Answering::of(kit, &gate.handler, shape)
        .filter(|_| !goes_on)
        .map_or(Some(at.clone()), |answering| answering.before(&source, ready_at, at))
        .ok_or_else(|| {
            reason("the answer has begun where the user is known, and can no longer be a refusal")
        })?;
    if !goes_on && raises(&refuse) && is_swallowed(&source, &at) {
        return Err(reason(
            "a handler of all exceptions around it would turn the refusal into another error",
        ));
    }
    if let Some(gone) = expired(kit, file, gate.handler.function, at.start as u32, &identity.id) {
        return Err(reason(&gone));
    }
    let facts = kit.cx.program.facts(file);
    let calling = calling(kit, facts, Some(gate.handler.function)).map_err(|why| reason(&why))?;
    let check = Check { identity, holds, refuse: &refuse, calling, own_key };
    let mut edits = edits(kit, &source, gate, &check, &at).map_err(|why| reason(&why))?;
    edits.extend(taking(kit, identity).map_err(|why| reason(&why))?.into_iter().flat_map(|(_, edits)| edits));
    let title = format!("Balance check before `{}`", first.billable.call);
    let mut unit = EditUnit::new(title, "a user without balance is asked to top up, and nothing is spent")
        .edits(kit.path(file).to_owned(), edits);
    if let [only] = gate.spends.as_slice() {
        unit = unit.for_site(only.site.id.clone());
    }
    Ok(unit)
}

/// How one check is written.
struct Check<'a> {
    identity: &'a Identity,
    /// Where the user may be missing: what holds where they are there.
    holds: Option<&'a str>,
    refuse: &'a Snippet,
    calling: Calling,
    /// Under which condition nothing has to be checked.
    own_key: Option<OwnKey>,
}

/// Under which condition the user's own key pays for all that a handler spends, spelled in the handler.
fn whose_key(kit: &Kit<'_>, gate: &Gate<'_>) -> Result<Option<OwnKey>, Reason> {
    let mut all = gate.spends.iter().map(|spend| (spend, spend.billable.plan.own_key.as_ref()));
    let Some((spend, Some(own))) = all.next() else { return Ok(None) };
    if all.any(|(_, other)| other.is_none_or(|other| other.expr != own.expr)) {
        return Ok(None);
    }
    if (spend.file, own.function) == (gate.handler.file, gate.handler.function) {
        return Ok(Some(own.clone()));
    }
    handed_down(kit, gate, spend, own).map(Some).ok_or_else(|| {
        let facts = kit.cx.program.facts(spend.file);
        gate.reason(&format!(
            "the user's own key pays for some of these calls, and whether it does is only known in `{}` (`{}`)",
            facts.function(own.function).symbol, own.expr
        ))
    })
}

/// The same condition in the handler that calls the function: what it hands in for the parameter.
fn handed_down(kit: &Kit<'_>, gate: &Gate<'_>, spend: &Spend<'_>, own: &OwnKey) -> Option<OwnKey> {
    let cx = kit.graph();
    let inner = kit.cx.program.facts(spend.file).function(own.function);
    let position = inner.params.iter().position(|param| param.name() == Some(own.root.as_str()))?;
    let facts = kit.cx.program.facts(gate.handler.file);
    let callers = cx.callers(spend.file, own.function);
    let mut here = callers.iter().filter(|(file, _)| *file == gate.handler.file);
    let call = here.find_map(|(_, id)| {
        let call = facts.call(*id);
        (call.function == Some(gate.handler.function)).then_some(call)
    })?;
    let handed = call.args.get(position)?.as_path()?;
    let root = handed.root_name()?;
    let ready_at = ready_at(cx, gate.handler.file, gate.handler.function, root, handed.span.start)?;
    let expr = own.expr.replacen(&own.root, &cx.slice(gate.handler.file, handed.span), 1);
    Some(OwnKey { expr, root: root.to_owned(), function: gate.handler.function, ready_at, ..own.clone() })
}

fn edits(
    kit: &Kit<'_>,
    source: &Source<'_>,
    gate: &Gate<'_>,
    Check { identity, holds, refuse, calling, own_key }: &Check<'_>,
    at: &std::ops::Range<usize>,
) -> Result<Vec<crate::edit::Edit>, String> {
    let path = kit.path(gate.handler.file).to_owned();
    let (check, body) = (kit.function("checkBalance"), kit.function("insufficientBalance"));
    let mut wanted = vec![Wanted::helper(kit, "balance", &check), Wanted::helper(kit, "balance", &body)];
    if kit.is_python() {
        wanted.push(Wanted::helper(kit, "customer", &kit.told("BillingUser")));
    }
    if *calling == Calling::InThread {
        wanted.push(Wanted::package("asyncio", "*"));
    }
    wanted.extend(refuse.imports.iter().map(|s| Wanted::package(&s.module, &s.name)));
    let (mut edits, names) =
        names::bring(kit, &path, source, &wanted, Some(at.start)).map_err(|refusal| refusal.to_string())?;
    let style = kit.style_of(source);
    let variable = place::fresh_name(source, at, "balance");
    let called = calling.write(&names[0], &[billing_user(kit, identity), estimate(gate)], kit.is_python());
    let body = format!("{}({variable})", names[1]);
    let role = |role| role_name(kit, &gate.handler, role).unwrap_or_default();
    let (request, response, context, next) =
        (role(Role::Request), role(Role::Response), role(Role::Context), role(Role::Next));
    // The module says which of its refusals it is; how long to wait it says where an outage refuses.
    let status = format!("{variable}.status");
    let headers = match kit.cx.answers.on_unavailable() {
        OnUnavailable::Block => format!("{variable}.headers"),
        OnUnavailable::Allow => String::new(),
    };
    let variables = [
        ("body", body.as_str()),
        ("status", &status),
        ("headers", &headers),
        ("request", &request),
        ("response", &response),
        ("context", &context),
        ("next", &next),
    ];
    let lines = fill(refuse, &variables).ok_or("how this kind of handler refuses could not be written")?;
    let text = if kit.is_python() {
        format!("{variable} = {called}\nif not {variable}.ok:\n    {}", lines.trim().replace('\n', "\n    "))
    } else {
        let inner = lines.trim().replace('\n', "\n  ");
        let failed = refusal::failed(kit, &path, &variable);
        format!("const {variable} = {called};\nif ({failed}) {{\n  {inner}\n}}")
    };
    let text = match own_key {
        Some(own) => own.guard(&own.expr, &text, kit.is_python()),
        None => text,
    };
    let text = match holds {
        Some(holds) => only_where(holds, &text, kit.is_python()),
        None => text,
    };
    let why = "a user without balance is refused before anything is spent";
    edits.extend(place::before(source, &style, at, &text, why).map_err(|refusal| refusal.to_string())?);
    Ok(edits)
}

/// The largest estimate among the paid calls of a handler, as code writes it.
fn estimate(gate: &Gate<'_>) -> String {
    let default = Decimal::new(1, 2);
    let largest = gate.spends.iter().map(|s| s.answers.estimate.unwrap_or(default)).max();
    render::number(largest.unwrap_or(default))
}

/// Whether a refusal leaves by an exception.
fn raises(refuse: &Snippet) -> bool {
    refuse.lines.lines().any(|l| l.trim_start().starts_with("raise ") || l.trim_start().starts_with("throw "))
}

/// Whether an exception at a place meets a `catch` or a broad `except` of the same function.
fn is_swallowed(source: &Source<'_>, at: &std::ops::Range<usize>) -> bool {
    let mut node = source.node(at);
    while let Some(inner) = node {
        let Some(parent) = inner.parent() else { return false };
        if parent.kind() == "try_statement"
            && parent.child_by_field_name("body").is_some_and(|b| b.id() == inner.id())
        {
            let mut cursor = parent.walk();
            let caught = parent.named_children(&mut cursor).any(|clause| match clause.kind() {
                "catch_clause" => true,
                "except_clause" => {
                    let head = source.of(clause).split(':').next().unwrap_or_default();
                    head.trim() == "except" || head.contains("Exception")
                }
                _ => false,
            });
            if caught {
                return true;
            }
        }
        if is_function(parent.kind()) {
            return false;
        }
        node = Some(parent);
    }
    false
}
