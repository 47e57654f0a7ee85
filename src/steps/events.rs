//! One usage event after each paid call that succeeded.

use std::collections::BTreeSet;

use crate::sites::signup::guest_flag;
use crate::steps::key::push;
use crate::steps::paid::carry::{asks, carry};
use crate::steps::paid::record::{Reason, is_recorded, paid_again, record};
use crate::steps::paid::{Spend, account, own_money, questions, reach, silent};
use crate::steps::support::{Kit, generated, tokens::Wants};
use crate::steps::{Area, Halt, Lacks, Question, Status, Step, StepContext, StepPlan, Todo};

/// See the module.
#[derive(Debug)]
pub(super) struct EventsStep;

impl Step for EventsStep {
    fn area(&self) -> Area {
        Area::Events
    }

    fn questions(&self, cx: &StepContext<'_>) -> Vec<Question> {
        Kit::new(cx).map_or_else(|_| Vec::new(), |kit| questions(&kit, Area::Events))
    }

    fn plan(&self, cx: &StepContext<'_>) -> StepPlan {
        match Kit::new(cx) {
            Ok(kit) => plan(&kit).unwrap_or_else(StepPlan::from),
            Err(unfit) => StepPlan::not_applicable(unfit.to_string()),
        }
    }
}

fn plan(kit: &Kit<'_>) -> Result<StepPlan, Halt> {
    let all = Spend::all(kit);
    let mut rest = account::rest(kit, &all);
    rest.todo.extend(silent::todo(kit));
    if all.is_empty() {
        let none = "no call that spends money was found, so there is nothing to meter yet";
        let some = "none of the paid calls that were found can be metered as they stand";
        let found = !rest.todo.is_empty() || !rest.free.is_empty();
        let mut plan = StepPlan::not_applicable(if found { some } else { none });
        plan.todo = rest.todo;
        plan.notes = rest.free;
        return Ok(plan);
    }
    let mut plan = StepPlan::new(Status::Planned);
    plan.todo = rest.todo;
    plan.notes = rest.free;
    let mut meters = BTreeSet::new();
    let mut tokens = Wants::default();
    let mut units = Vec::new();
    let mut doors = Vec::new();
    for spend in &all {
        if is_recorded(kit, spend, &all) {
            let function = spend.billable.plan.function;
            if asks(kit, spend.file, function) {
                let ways = reach::ways(kit.graph(), spend.file, function).doors;
                doors.extend(ways.into_iter().map(|door| (door, spend)));
            }
            continue;
        }
        let vendor = kit.done.costs.then(|| spend.vendor()).flatten();
        match record(kit, spend, vendor.as_deref()) {
            Ok(recorded) => {
                meters.extend(recorded.meter);
                tokens.add(recorded.tokens);
                plan.sites.push(spend.site.id.clone());
                plan.todo.extend(recorded.faults.iter().map(|fault| todo(kit, spend, fault)));
                plan.todo
                    .extend(paid_again(kit, spend).map(|reason| chore(kit, &reason, reason.why.clone())));
                doors.extend(recorded.doors.into_iter().map(|door| (door, spend)));
                units.push(recorded.unit);
            }
            Err(reason) => plan.todo.push(todo(kit, spend, &reason)),
        }
    }
    plan.todo.extend(guests(kit, &all));
    let recorded = all.iter().filter(|spend| is_recorded(kit, spend, &all)).count();
    plan.progress = Some((recorded, all.len()));
    let carried = carry(kit, doors);
    let carries = kit.module_file("payer").is_some() || !carried.units.is_empty();
    units.extend(carried.units);
    plan.todo.extend(carried.todo);
    if !units.is_empty() {
        let generated = generated::plan_with(kit, Area::Events, |context, after| {
            let known = crate::template::meters().unwrap_or_default();
            let wanted = known.into_iter().filter(|m| after && meters.contains(&m.id));
            for meter in wanted {
                if !context.streams.iter().any(|m| m.id == meter.id) {
                    context.streams.push(meter);
                }
            }
            context.streams.sort_by(|a, b| a.id.cmp(&b.id));
            if after {
                tokens.give(context);
            }
            context.carried |= after && carries;
        })?;
        push(&mut plan, generated);
        let modules = plan.changes.paths();
        for unit in units {
            push(&mut plan, unit);
        }
        plan.changes.rest_on(&modules);
    }
    if plan.changes.is_empty() {
        if recorded > 0 || kit.done.events {
            plan.status = Status::Already;
        } else {
            plan.status = Status::NotApplicable("no paid call has a place for its event".to_owned());
        }
    } else {
        plan.todo.push(to_make(kit, &all));
    }
    plan.todo.extend(own_money::todo(kit));
    plan.next = "Use a paid feature, then look at the event and its fee in Credyt or on the sandbox's page."
        .to_owned();
    Ok(plan)
}

/// What a person has to do where no event could be placed.
pub(super) fn todo(kit: &Kit<'_>, spend: &Spend<'_>, reason: &Reason) -> Todo {
    if reason.whole {
        return account::left(kit, spend, reason, Lacks::Event);
    }
    chore(kit, reason, reason.why.clone())
}

fn chore(kit: &Kit<'_>, reason: &Reason, text: String) -> Todo {
    let line = kit.text(reason.file).line_of(reason.at as usize);
    Todo::chore(text).at(kit.path(reason.file), line)
}

/// What has to be there in Credyt before any of it is charged.
fn to_make(kit: &Kit<'_>, all: &[Spend<'_>]) -> Todo {
    let types: BTreeSet<String> = all.iter().map(|spend| format!("`{}`", spend.event_type())).collect();
    let types: Vec<String> = types.into_iter().collect();
    Todo::chore(format!(
        "make the product `{}` in Credyt, with a usage price in {} for {}: a customer cannot be made for a product that is not there, and an event that no price listens to is free",
        kit.cx.answers.product(),
        kit.cx.answers.asset(),
        types.join(", ")
    ))
}

/// Where people are signed in before they have an account: they pay as users do, which an owner may not expect.
fn guests(kit: &Kit<'_>, all: &[Spend<'_>]) -> Option<Todo> {
    let payers = all.iter().filter_map(|spend| spend.billable.plan.identity.as_ref());
    let flag =
        payers.into_iter().find_map(|payer| guest_flag(kit.graph(), kit.cx.catalog.get(&payer.auth)?))?;
    Some(Todo::chore(format!(
        "guests who are signed in without an account pay as users do, each with a balance of their own; where they should not, ask for `{flag}` in front of the paid calls"
    )))
}
