//! The balance where users see it: a route that answers it, and a component on the page that shows it.
//!
//! Pages whose templates have no components get an element and a few lines of script in its place.

use crate::catalog::RoutePurpose;
use crate::steps::key::push;
use crate::steps::portal::{add_route, slot, uses};
use crate::steps::support::{Kit, front_end, generated, identity, inline, route, ui};
use crate::steps::{Area, Halt, Question, Status, Step, StepContext, StepPlan, Todo};

/// What a page has to allow for the script in it.
const CSP: &str =
    "A short script in the page fills the balance in; a Content-Security-Policy has to allow it.";

/// See the module.
#[derive(Debug)]
pub(super) struct BalanceStep;

impl Step for BalanceStep {
    fn area(&self) -> Area {
        Area::Balance
    }

    fn questions(&self, _cx: &StepContext<'_>) -> Vec<Question> {
        vec![Question::asset()]
    }

    fn plan(&self, cx: &StepContext<'_>) -> StepPlan {
        match Kit::new(cx) {
            Ok(kit) if !kit.knows_users() => StepPlan::not_applicable(super::support::NO_USERS),
            Ok(kit) => plan(&kit).unwrap_or_else(StepPlan::from),
            Err(unfit) => StepPlan::not_applicable(unfit.to_string()),
        }
    }
}

fn plan(kit: &Kit<'_>) -> Result<StepPlan, Halt> {
    let mut plan = StepPlan::new(Status::Planned);
    if !uses(kit, "formatBalance")
        && let Err(without) = add_route(kit, RoutePurpose::Balance, Area::Balance, &mut plan)
    {
        return Ok(*without);
    }
    let generated = generated::plan(kit, Area::Balance)?;
    push(&mut plan, generated);
    // The route and its modules go together, and nothing is shown without them.
    let route = plan.changes.paths();
    let path = route::path(kit, RoutePurpose::Balance);
    let not_shown = path.as_deref().and_then(|path| show(kit, path, &mut plan));
    plan.changes.rest_on(&route);
    if plan.changes.is_empty() && plan.todo.iter().all(|t| !t.unmet) {
        plan.status = Status::Already;
        return Ok(plan);
    }
    plan.todo.extend(not_shown);
    let path = path.unwrap_or_else(|| "the route".to_owned());
    if !identity::has_pages(kit)
        && let Some(slot) = front_end::slot(kit)
    {
        let text =
            format!("show the `text` of GET {path} here, and read it again on focus and after a paid action");
        plan.todo.push(Todo::chore(text).at(slot.file, slot.line));
    }
    plan.next = if plan.sites.is_empty() {
        format!("Sign in and open {path}: it answers the balance, as a number and in words.")
    } else {
        format!(
            "Sign in: the balance stands where the account is; {path} answers it as a number and in words."
        )
    };
    Ok(plan)
}

/// Shows the balance in the slot; what is left to do by hand when that cannot be.
fn show(kit: &Kit<'_>, path: &str, plan: &mut StepPlan) -> Option<Todo> {
    let site = slot(kit).filter(|_| identity::has_pages(kit) && !ui::is_shown(kit, path))?;
    if inline::is_shown(kit, site) {
        return None;
    }
    let by_hand = |why: &str| {
        let text = format!("show the `text` of GET {path} here, beside the billing link{why}");
        Some(Todo::chore(text).at(site.file.as_str(), site.line))
    };
    // Without the route there is nothing to fetch.
    if plan.todo.iter().any(|t| t.unmet) {
        return by_hand("");
    }
    let component = ui::add(kit, site, path);
    let is_component = component.is_some();
    match component.or_else(|| inline::add(kit, site, path)) {
        Some(Ok(unit)) => {
            plan.sites.push(site.id.clone());
            push(plan, unit);
            if !is_component {
                plan.notes.push(CSP.to_owned());
            }
            None
        }
        Some(Err(why)) => by_hand(&format!(": {why}")),
        None => by_hand(""),
    }
}
