//! The way to the hosted portal: a route that makes a link for the signed-in user, and a link to that route.

use crate::catalog::RoutePurpose;
use crate::edit::EditUnit;
use crate::sites::{SELECT_FROM, Site, SiteKind};
use crate::steps::key::push;
use crate::steps::support::{Kit, env, front_end, generated, identity, link, route};
use crate::steps::{Area, Halt, Question, Status, Step, StepContext, StepPlan, Todo};

/// See the module.
#[derive(Debug)]
pub(super) struct PortalStep;

impl Step for PortalStep {
    fn area(&self) -> Area {
        Area::Portal
    }

    fn questions(&self, _cx: &StepContext<'_>) -> Vec<Question> {
        Vec::new()
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
    // A route that the user wrote or moved does the same.
    let file = if uses(kit, "createPortalUrl") {
        None
    } else {
        match add_route(kit, RoutePurpose::Portal, Area::Portal, &mut plan) {
            Ok(file) => Some(file),
            Err(without) => return Ok(*without),
        }
    };
    let generated = generated::plan(kit, Area::Portal)?;
    push(&mut plan, generated);
    // The route and its module go together, and there is no link without them.
    let route = plan.changes.paths();
    if identity::has_pages(kit) {
        add_link(kit, &mut plan);
    }
    plan.changes.rest_on(&route);
    if plan.changes.is_empty() && plan.todo.iter().all(|t| !t.unmet) {
        plan.status = Status::Already;
        plan.notes.clear();
        return Ok(plan);
    }
    let path = route::path(kit, RoutePurpose::Portal).unwrap_or_else(|| "the route".to_owned());
    if !identity::has_pages(kit) {
        plan.notes.push(format!(
            "GET {path} answers `{{ \"url\": … }}`: fetch it on a click, signed in as for the app's other requests, and send the browser there."
        ));
        if let Some(slot) = front_end::slot(kit) {
            let text = format!(
                "let users open the portal from here: on a click fetch GET {path}, signed in as for the other requests from here, and send the browser to the `url` it answers"
            );
            plan.todo.push(Todo::chore(text).at(slot.file, slot.line));
        }
        if env::own_address(kit, "").is_none() {
            let chore = Todo::chore(format!(
                "users come back to the address of this server after paying; give `{}` your front end's address if that is another one",
                kit.function("createPortalUrl")
            ));
            plan.todo.push(Todo { file, ..chore });
        }
    }
    plan.next = format!("Sign in and open {path}: the hosted portal shows the balance and takes a payment.");
    Ok(plan)
}

/// Adds a route and names its file. Where none can be added the area has no place in the app: the plan that says so,
/// with what a person would have to do. A module that nothing calls is not left behind.
pub(super) fn add_route(
    kit: &Kit<'_>,
    purpose: RoutePurpose,
    area: Area,
    plan: &mut StepPlan,
) -> Result<String, Box<StepPlan>> {
    let todo = match route::add(kit, purpose, area) {
        Some(Ok(added)) => {
            plan.todo.extend(added.todo);
            plan.routes.push(added.route);
            push(plan, added.unit);
            return Ok(added.file);
        }
        Some(Err(todo)) => todo,
        None => Todo::chore(format!(
            "routes of {} cannot be written yet: add one for {} by hand{}",
            kit.framework.title,
            area.title().to_lowercase(),
            match purpose {
                RoutePurpose::Webhook => raw_body(kit),
                RoutePurpose::Portal | RoutePurpose::Balance => ", for the signed-in user".to_owned(),
            }
        )),
    };
    let mut without = StepPlan::not_applicable(todo.said());
    without.todo.push(Todo { unmet: kit.cx.asked_for, ..todo });
    Err(Box::new(without))
}

/// What to know of a webhook's body.
fn raw_body(kit: &Kit<'_>) -> String {
    let how = kit.framework.framework.as_ref().and_then(|framework| framework.raw_body.as_deref());
    how.map(|how| format!("; its signature is over the body as it was sent, which is {how}"))
        .unwrap_or_default()
}

/// Whether anything outside of the generated modules uses one of their functions.
pub(super) fn uses(kit: &Kit<'_>, function: &str) -> bool {
    let name = kit.function(function);
    kit.files.iter().filter(|f| !kit.is_generated(**f)).any(|f| {
        kit.text(*f).as_str().contains(&name)
            && kit.cx.program.facts(*f).calls.iter().any(|c| c.callee.last() == Some(name.as_str()))
    })
}

/// The slot the user left selected; the next that is sure enough where that one is seen on small screens only.
pub(super) fn slot<'a>(kit: &Kit<'a>) -> Option<&'a Site> {
    let sites: &'a [Site] = kit.cx.sites;
    let mut slots = sites.iter().filter(|s| s.kind == SiteKind::UiSlot);
    let selected = slots.clone().find(|s| s.selected)?;
    if !link::on_small_screens(kit, selected) {
        return Some(selected);
    }
    let other = slots.find(|s| !s.selected && s.score >= SELECT_FROM && !link::on_small_screens(kit, s));
    Some(other.unwrap_or(selected))
}

fn add_link(kit: &Kit<'_>, plan: &mut StepPlan) {
    let Some(href) = route::path(kit, RoutePurpose::Portal) else { return };
    let linked = kit.cx.workspace.files().any(|(id, f)| {
        let is_route = kit.is_generated(id) || f.path.ends_with(".md") || f.path.ends_with(".toml");
        !is_route
            && kit.cx.app.owns(&f.path)
            && f.language.is_some()
            && f.size < 200_000
            && kit.text(id).as_str().contains(&href)
            && is_markup(&kit.text(id), &href)
    });
    if linked {
        return;
    }
    let Some(site) = slot(kit) else {
        plan.todo.push(Todo::chore(format!("link to {href} where users look for their account; open it as a page, not with a prefetching link")));
        return;
    };
    match link::add(kit, site, &href) {
        Ok(edits) => {
            plan.sites.push(site.id.clone());
            let unit = EditUnit::new(format!("Link \"{}\"", link::TEXT), "users find the portal")
                .for_site(site.id.as_str())
                .edits(site.file.as_str(), edits);
            push(plan, unit);
        }
        Err(why) => {
            let text = format!("link to {href} here: {why}");
            plan.todo.push(Todo::left(kit.cx.asked_for, text, site.file.as_str(), site.line));
        }
    }
}

/// Whether the address stands as a link, not as a route or a top-up address of the modules.
fn is_markup(text: &crate::workspace::SourceText, href: &str) -> bool {
    text.as_str().lines().any(|line| line.contains(href) && line.contains("href"))
}
