//! The balance where users see it: a route that answers it, for pages and clients to show.

use crate::answers::Key;
use crate::catalog::RoutePurpose;
use crate::steps::key::push;
use crate::steps::portal::{add_route, slot, uses};
use crate::steps::support::{Kit, generated, identity, route};
use crate::steps::{Area, Question, Status, Step, StepContext, StepPlan, Todo};

/// See the module.
#[derive(Debug)]
pub(super) struct BalanceStep;

impl Step for BalanceStep {
    fn area(&self) -> Area {
        Area::Balance
    }

    fn questions(&self, _cx: &StepContext<'_>) -> Vec<Question> {
        let asset = Question::text(Key::top("asset"), "Which asset are balances counted in?", "USD")
            .help("A currency such as USD, or the code of a custom asset such as CREDITS.");
        vec![asset]
    }

    fn plan(&self, cx: &StepContext<'_>) -> StepPlan {
        match Kit::new(cx) {
            Ok(kit) if !kit.knows_users() => StepPlan::not_applicable(super::support::NO_USERS),
            Ok(kit) => plan(&kit).unwrap_or_else(StepPlan::not_applicable),
            Err(unfit) => StepPlan::not_applicable(unfit.to_string()),
        }
    }
}

fn plan(kit: &Kit<'_>) -> Result<StepPlan, String> {
    let mut plan = StepPlan::new(Status::Planned);
    if !uses(kit, "formatBalance")
        && let Some(without) = add_route(kit, RoutePurpose::Balance, Area::Balance, &mut plan)
    {
        return Ok(without);
    }
    let generated = generated::plan(kit, Area::Balance)?;
    plan.todo.extend(generated.todo);
    push(&mut plan, generated.unit);
    if plan.changes.is_empty() && plan.todo.iter().all(|t| !t.unmet) {
        plan.status = Status::Already;
        return Ok(plan);
    }
    let path = route::path(kit, RoutePurpose::Balance).unwrap_or_else(|| "the route".to_owned());
    if let Some(site) = slot(kit).filter(|_| identity::has_pages(kit)) {
        let text = format!("show the `text` of GET {path} here, beside the billing link");
        plan.todo.push(Todo::chore(text).at(site.file.as_str(), site.line));
    }
    plan.next = format!("Sign in and open {path}: it answers the balance, as a number and in words.");
    Ok(plan)
}
