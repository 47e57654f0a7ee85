//! A route that takes Credyt's webhooks: for products with a recurring fee, whose subscription is active only once it
//! is paid.
//!
//! The route is open to everyone, so a delivery counts by its signature alone. What being active means is the app's own
//! affair: the route ends in a small function for it.

use crate::answers::Answers;
use crate::catalog::RoutePurpose;
use crate::edit::EditUnit;
use crate::steps::key::{declare, push};
use crate::steps::portal::{add_route, uses};
use crate::steps::support::env::WEBHOOK;
use crate::steps::support::payment::{self, ComingBack};
use crate::steps::support::{Kit, env_files, generated, route};
use crate::steps::{Area, Halt, Question, Status, Step, StepContext, StepPlan, Todo};

/// The function in the route in which the app says what an active subscription means.
const ACTIVATE: &str = "activateUser";

/// See the module.
#[derive(Debug)]
pub(super) struct WebhookStep;

impl Step for WebhookStep {
    fn area(&self) -> Area {
        Area::Webhook
    }

    fn questions(&self, _cx: &StepContext<'_>) -> Vec<Question> {
        Vec::new()
    }

    fn plan(&self, cx: &StepContext<'_>) -> StepPlan {
        match Kit::new(cx) {
            Ok(kit) if !cx.asked_for && !is_wanted(cx.answers) && !uses(&kit, "readWebhook") => {
                StepPlan::not_applicable(
                    "only a product with a recurring fee needs it: set `recurring_fee = true` in credyt.toml, or ask for it with `--step webhook`",
                )
            }
            Ok(kit) if !kit.knows_users() => StepPlan::not_applicable(super::support::NO_USERS),
            Ok(kit) => plan(&kit).unwrap_or_else(StepPlan::from),
            Err(unfit) => StepPlan::not_applicable(unfit.to_string()),
        }
    }
}

/// Whether `credyt.toml` names the area, or says that there is a fee to hear of.
fn is_wanted(answers: &Answers) -> bool {
    answers.recurring_fee() || answers.areas().is_some_and(|areas| areas.contains(&Area::Webhook))
}

fn plan(kit: &Kit<'_>) -> Result<StepPlan, Halt> {
    let mut plan = StepPlan::new(Status::Planned);
    // Who waits to hear of a payment has users who pay.
    let coming_back = ComingBack::find(kit);
    let generated = generated::plan_with(kit, Area::Webhook, |context, after| {
        if after {
            context.payment = Some(coming_back.payment.clone());
        }
    })?;
    if !payment::is_there(kit) {
        plan.todo.push(coming_back.chore());
    }
    // One unit: the modules do not compile without the declarations.
    let mut unit = generated;
    declare(kit, &mut unit, &mut plan, &[&[WEBHOOK], coming_back.settings()].concat());
    push(&mut plan, unit);
    let mut file = None;
    if !uses(kit, "readWebhook") {
        match add_route(kit, RoutePurpose::Webhook, Area::Webhook, &mut plan) {
            Ok(added) => file = Some(added),
            Err(without) => return Ok(*without),
        }
    }
    // The route and its module go together, and nothing is let through to a route that is not there.
    let route = plan.changes.paths();
    let path = route::path(kit, RoutePurpose::Webhook).unwrap_or_default();
    let mut through = EditUnit::new(format!("Let {path} through"), "deliveries come without a session");
    plan.todo.extend(route::let_through(kit, &path, &mut through));
    push(&mut plan, through);
    let mut templates =
        EditUnit::new("The webhook's settings in the env template", "people who set the app up see them");
    env_files::add_to_templates(
        kit,
        &mut templates,
        &[&[&env_files::HOOK], coming_back.paragraphs()].concat(),
    );
    push(&mut plan, templates);
    plan.changes.rest_on(&route);

    if plan.changes.is_empty() && plan.todo.iter().all(|t| !t.unmet) {
        plan.status = Status::Already;
        return Ok(plan);
    }
    if let Some(file) = file {
        let activate = kit.function(ACTIVATE);
        let outcome = plan.changes.outcome(kit.cx.workspace).ok();
        let made = outcome.iter().flat_map(crate::edit::Outcome::files).find(|f| f.path() == file);
        let line = made.and_then(|f| line_of(f.after().as_str(), &activate));
        let todo = Todo::chore(format!(
            "say in `{activate}` what a paid subscription switches on in this app; until then it only logs"
        ));
        plan.todo.push(match line {
            Some(line) => todo.at(file, line),
            None => todo,
        });
    }
    plan.todo.push(Todo::chore(format!(
        "make a webhook for the topic `subscription.activated` in Credyt, with the app's address and `{path}`, and set `{WEBHOOK}` to its secret, which is shown once"
    )));
    plan.next =
        format!("Start `credyt-integrate sandbox` with a webhook to {path}, and pay for a plan on its page.");
    Ok(plan)
}

/// 1-based line on which a function is defined.
fn line_of(text: &str, function: &str) -> Option<usize> {
    let defines = |line: &str| {
        line.contains(&format!("function {function}(")) || line.contains(&format!("def {function}("))
    };
    text.lines().position(defines).map(|at| at + 1)
}
