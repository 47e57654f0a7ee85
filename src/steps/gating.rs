//! A balance check in the handler, before the paid call.
//!
//! The refusal is written in the handler's own way of answering and before anything is spent or streamed. One check a
//! handler: with several paid calls the largest estimate counts. A paid call that several handlers reach has a check in each.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rust_decimal::Decimal;
use tree_sitter::Node;

use crate::answers::OnUnavailable;
use crate::catalog::{Answer, Kind, Role, Snippet};
use crate::edit::EditUnit;
use crate::sites::handlers::all_reached_from;
use crate::sites::payer::{Paying, in_handler};
use crate::sites::{HandlerRef, Identity, IdentitySource, owner};
use crate::steps::customer::product_if_new;
use crate::steps::key::push;
use crate::steps::paid::code::{Calling, fill};
use crate::steps::paid::record::{NOBODY, Reason, calling, visitors};
use crate::steps::paid::{Spend, account, billing_user, questions, role_name, shape_of, taking};
use crate::steps::support::{Kit, generated, names, names::Wanted, render};
use crate::steps::{Area, Halt, Lacks, Question, Status, Step, StepContext, StepPlan, Todo};
use crate::syntax::source::Source;
use crate::syntax::{Expr, FunctionId, Span, place};
use crate::workspace::FileId;

/// See the module.
#[derive(Debug)]
pub(super) struct GatingStep;

impl Step for GatingStep {
    fn area(&self) -> Area {
        Area::Gating
    }

    fn questions(&self, cx: &StepContext<'_>) -> Vec<Question> {
        Kit::new(cx).map_or_else(
            |_| Vec::new(),
            |kit| product_if_new(&kit).into_iter().chain(questions(&kit, Area::Gating)).collect(),
        )
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
    let gates = gates(all, kit, &mut plan.todo);
    let handlers = gates.len();
    for gate in gates {
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
            spends: vec![spend.clone()],
        };
        for gate in std::iter::once(own).chain(others(kit, &spend, nearest)) {
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

/// The handlers beside the nearest one: a wrapper, a service or a job is reached from many.
fn others<'a>(kit: &Kit<'_>, spend: &Spend<'a>, nearest: &HandlerRef) -> Vec<Gate<'a>> {
    let cx = kit.graph();
    let reached = all_reached_from(cx, spend.file, spend.billable.plan.function);
    let others = reached.into_iter().filter(|r| (r.file, r.function) != (nearest.file, nearest.function));
    // Where the owner of a record is billed, nobody has to be signed in.
    let by_owner = spend
        .billable
        .plan
        .identity
        .as_ref()
        .is_some_and(|identity| identity.source == IdentitySource::Record);
    let others = others.filter_map(|reached| {
        let (file, call) = *reached.calls.first()?;
        let reached_by = cx.program.facts(file).call(call).statement;
        let owner = || owner::in_function(cx, reached.file, reached.function, reached_by.start);
        let identity = in_handler(cx, &reached, reached_by.start);
        Some(Gate {
            identity: identity.or_else(|| by_owner.then(owner).flatten()),
            handler: HandlerRef::of(&reached),
            reached_by,
            spends: vec![spend.clone()],
        })
    });
    others.collect()
}

impl<'a> Gate<'a> {
    /// Takes in what another paid call found for the same handler.
    fn join(&mut self, other: Gate<'a>) {
        if other.reached_by < self.reached_by {
            self.reached_by = other.reached_by;
            self.identity = other.identity;
        }
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
    if identity.nullable {
        return Err(reason(&match kit.paying() {
            Paying::User => "it also runs for visitors who are not signed in".to_owned(),
            Paying::Organisation(_) | Paying::Unclear => visitors(kit),
        }));
    }
    let shape = shape_of(kit, &gate.handler).ok_or_else(|| reason("its handler is of no known kind"))?;
    let refuse = refusal(kit, &gate.handler, shape)
        .filter(|_| shape.answers != Answer::Socket)
        .ok_or_else(|| reason("how this kind of handler refuses is not known"))?;
    let text = kit.text(file);
    let language = kit.cx.workspace.entry(file).language.ok_or_else(|| reason("the file is no code"))?;
    let source = Source::parse(language, text.as_str()).ok_or_else(|| reason("the file does not parse"))?;
    let at = statement_for(kit, &source, &gate.handler, identity, gate.reached_by)
        .ok_or_else(|| reason("there is no statement before the call at which the user is known"))?;
    let at = before_writes(kit, &source, &gate.handler, identity, at);
    if raises(refuse) && is_swallowed(&source, &at) {
        return Err(reason(
            "a handler of all exceptions around it would turn the refusal into another error",
        ));
    }
    let facts = kit.cx.program.facts(file);
    let calling = calling(kit, facts, Some(gate.handler.function)).map_err(|why| reason(&why))?;
    let mut edits = edits(kit, &source, gate, identity, refuse, calling, &at).map_err(|why| reason(&why))?;
    edits.extend(taking(kit, identity).map_err(|why| reason(&why))?.into_iter().flat_map(|(_, edits)| edits));
    let title = format!("Balance check before `{}`", first.billable.call);
    let mut unit = EditUnit::new(title, "a user without balance is asked to top up, and nothing is spent")
        .edits(kit.path(file).to_owned(), edits);
    if let [only] = gate.spends.as_slice() {
        unit = unit.for_site(only.site.id.clone());
    }
    Ok(unit)
}

/// How the handler refuses: as a page when it answers with pages, else as data.
fn refusal<'a>(
    kit: &Kit<'_>,
    handler: &HandlerRef,
    shape: &'a crate::catalog::Handler,
) -> Option<&'a Snippet> {
    let pages = shape.refuse_page.as_ref().filter(|page| {
        let span = kit.cx.program.facts(handler.file).function(handler.function).span;
        let text = kit.text(handler.file);
        let text = text.slice(span.range());
        page.marks.iter().any(|m| text.contains(m)) && !page.unless.iter().any(|m| text.contains(m))
    });
    pages.map(|page| &page.snippet).or(shape.refuse.as_ref())
}

fn edits(
    kit: &Kit<'_>,
    source: &Source<'_>,
    gate: &Gate<'_>,
    identity: &Identity,
    refuse: &Snippet,
    calling: Calling,
    at: &std::ops::Range<usize>,
) -> Result<Vec<crate::edit::Edit>, String> {
    let path = kit.path(gate.handler.file).to_owned();
    let (check, body) = (kit.function("checkBalance"), kit.function("insufficientBalance"));
    let mut wanted = vec![Wanted::helper(kit, "balance", &check), Wanted::helper(kit, "balance", &body)];
    if kit.is_python() {
        wanted.push(Wanted::helper(kit, "customer", &kit.told("BillingUser")));
    }
    if calling == Calling::InThread {
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
        format!("const {variable} = {called};\nif (!{variable}.ok) {{\n  {inner}\n}}")
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

/// The place of the check: in front of the first record that the handler writes on the way to the spend, so that a
/// refused request leaves nothing behind.
fn before_writes(
    kit: &Kit<'_>,
    source: &Source<'_>,
    handler: &HandlerRef,
    identity: &Identity,
    spend: std::ops::Range<usize>,
) -> std::ops::Range<usize> {
    let facts = kit.cx.program.facts(handler.file);
    let creates = kit.graph().entries(Kind::Orm).filter_map(|e| e.orm.as_ref()).flat_map(|o| &o.creates);
    let methods: Vec<&str> = creates.flat_map(|create| create.form.methods()).collect();
    let writes = |statement: &std::ops::Range<usize>| {
        facts.calls.iter().any(|call| {
            let within =
                statement.start <= call.span.start as usize && call.span.end as usize <= statement.end;
            within && call.callee.segments.last().is_some_and(|m| methods.contains(&m.as_str()))
        })
    };
    // A statement that is one expression has the same range as that.
    let mut at = source.node(&spend).and_then(|node| node.parent());
    while let Some(outer) = at.filter(|node| node.byte_range() == spend) {
        at = outer.parent();
    }
    let Some(block) = at.filter(|block| is_block(block.kind())) else { return spend };
    let mut cursor = block.walk();
    let before = block.named_children(&mut cursor).map(|statement| statement.byte_range());
    let mut before = before.filter(|s| s.start >= identity.ready_at as usize && s.end <= spend.start);
    before.find(writes).unwrap_or(spend)
}

/// The statement in front of which the check goes: the outermost one of the handler around the spend at which the user
/// is known already.
fn statement_for(
    kit: &Kit<'_>,
    source: &Source<'_>,
    handler: &HandlerRef,
    identity: &Identity,
    reached: Span,
) -> Option<std::ops::Range<usize>> {
    let body = kit.cx.program.facts(handler.file).function(handler.function).body;
    let mut node: Node<'_> = source.node(&reached.range())?;
    let mut best = None;
    loop {
        let parent = node.parent()?;
        let is_body = parent.child_by_field_name("body").is_some_and(|b| b.id() == node.id());
        if is_body && is_function(parent.kind()) && node.byte_range() == body.range() {
            // An arrow without a block is its expression.
            return best.or_else(|| (!is_block(node.kind())).then(|| body.range()));
        }
        if is_block(parent.kind()) && node.start_byte() >= identity.ready_at as usize {
            best = Some(node.byte_range());
        }
        if parent.start_byte() < body.start as usize {
            return best;
        }
        node = parent;
    }
}

fn is_block(kind: &str) -> bool {
    matches!(kind, "statement_block" | "block" | "switch_case" | "switch_default")
}

fn is_function(kind: &str) -> bool {
    matches!(
        kind,
        "function_definition"
            | "function_declaration"
            | "generator_function_declaration"
            | "function_expression"
            | "arrow_function"
            | "method_definition"
    )
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
