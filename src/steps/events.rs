//! One usage event after each paid call that succeeded.

use std::collections::BTreeSet;

use crate::steps::key::push;
use crate::steps::paid::carry::{asks, carry};
use crate::steps::paid::record::{Reason, is_recorded, record};
use crate::steps::paid::{Spend, questions, reach};
use crate::steps::support::{Kit, generated};
use crate::steps::{Area, Question, Status, Step, StepContext, StepPlan, Todo};

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
            Ok(kit) => plan(&kit).unwrap_or_else(StepPlan::not_applicable),
            Err(unfit) => StepPlan::not_applicable(unfit.to_string()),
        }
    }
}

fn plan(kit: &Kit<'_>) -> Result<StepPlan, String> {
    let all = Spend::all(kit);
    if all.is_empty() {
        return Err("no call that spends money was found, so there is nothing to meter yet".to_owned());
    }
    let mut plan = StepPlan::new(Status::Planned);
    let mut meters = BTreeSet::new();
    let mut units = Vec::new();
    let mut doors = Vec::new();
    for spend in &all {
        if is_recorded(kit, spend, &all) {
            let function = spend.billable.plan.function;
            if asks(kit, spend.file, function) {
                doors.extend(reach::ways(kit.graph(), spend.file, function).doors);
            }
            continue;
        }
        let vendor = kit.done.costs.then(|| spend.vendor()).flatten();
        match record(kit, spend, vendor.as_deref()) {
            Ok(recorded) => {
                meters.extend(recorded.meter);
                plan.sites.push(spend.site.id.clone());
                plan.todo.extend(recorded.faults.iter().map(|fault| todo(kit, spend, fault)));
                doors.extend(recorded.doors);
                units.push(recorded.unit);
            }
            Err(reason) => plan.todo.push(todo(kit, spend, &reason)),
        }
    }
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
            context.carried |= after && carries;
        })?;
        plan.todo.extend(generated.todo);
        push(&mut plan, generated.unit);
        let modules = plan.changes.paths();
        for unit in units {
            push(&mut plan, unit);
        }
        plan.changes.rest_on(&modules);
    }
    if plan.changes.is_empty() {
        let recorded = all.iter().any(|spend| is_recorded(kit, spend, &all));
        if recorded || kit.done.events {
            plan.status = Status::Already;
        } else {
            plan.status = Status::NotApplicable("no paid call has a place for its event".to_owned());
        }
    }
    plan.next = "Use a paid feature, then look at the event and its fee in Credyt or on the sandbox's page."
        .to_owned();
    Ok(plan)
}

/// What a person has to do where no event could be placed.
pub(super) fn todo(kit: &Kit<'_>, spend: &Spend<'_>, reason: &Reason) -> Todo {
    let text = kit.text(reason.file);
    let line = text.line_of(reason.at as usize);
    Todo::chore(format!("`{}` is not billed: {}", spend.billable.call, reason.why))
        .at(kit.path(reason.file), line)
}
