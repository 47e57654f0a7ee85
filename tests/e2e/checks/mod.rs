//! What has to hold for every integrated app, asked through its own HTTP interface and the sandbox's ledger.
//!
//! Each check signs up people of its own, so none depends on another, and puts the switches back by being the only one at a time.

mod action;
mod plan;
mod portal;
mod sign_up;
mod stream;

use std::future::Future;
use std::pin::Pin;

use anyhow::Result;

use crate::app::{Action, App, Streams};
use crate::stage::{Stage, World};

type Outcome<'s> = Pin<Box<dyn Future<Output = Result<()>> + 's>>;

/// One check of one app.
pub(crate) struct Check {
    /// Such as `express-jwt-prisma::create_draft::is_billed_once`.
    pub(crate) name: String,
    pub(crate) world: World,
    run: Box<dyn for<'s> Fn(&'s Stage) -> Outcome<'s> + Send>,
}

impl Check {
    pub(crate) fn run<'s>(&self, stage: &'s Stage) -> Outcome<'s> {
        (self.run)(stage)
    }
}

/// A check of an app, named after the function that makes it.
macro_rules! of_app {
    ($app:expr, $module:ident :: $check:ident) => {
        Check {
            name: format!("{}::{}", $app.name, stringify!($check)),
            world: World::Usual,
            run: Box::new(|stage| Box::pin($module::$check(stage))),
        }
    };
}

/// A check of one action of an app.
macro_rules! of_action {
    ($app:expr, $action:expr, $world:expr, $module:ident :: $check:ident) => {{
        let action: &'static Action = $action;
        Check {
            name: format!("{}::{}::{}", $app.name, action.name, stringify!($check)),
            world: $world,
            run: Box::new(move |stage| Box::pin($module::$check(stage, action))),
        }
    }};
}

/// What the answers of an integration decide.
const VARIED: &[&str] =
    &["::survives_an_outage", "::is_refused_until_a_top_up", "::follows_the_policy_in_an_outage"];

/// All checks of an app, in the order that needs the fewest starts.
pub(crate) fn of(app: &'static App) -> Vec<Check> {
    if app.plan.is_some() {
        return of_plan(app);
    }
    let mut checks = vec![
        of_app!(app, sign_up::makes_a_customer),
        of_app!(app, sign_up::survives_an_outage),
        of_app!(app, sign_up::links_an_existing_customer),
        of_app!(app, portal::takes_a_top_up_and_returns),
        of_app!(app, portal::shows_the_balance),
        of_app!(app, portal::turns_strangers_away),
    ];
    for action in app.actions {
        checks.extend([
            of_action!(app, action, World::Usual, action::is_billed_once),
            of_action!(app, action, World::Usual, action::is_billed_once_when_an_answer_is_lost),
            of_action!(app, action, World::Usual, action::is_not_billed_when_the_provider_refuses),
            of_action!(app, action, World::Usual, action::is_refused_until_a_top_up),
            of_action!(app, action, World::Usual, action::follows_the_policy_in_an_outage),
        ]);
        if action.streams != Streams::No {
            checks.push(of_action!(app, action, World::Usual, stream::is_billed_when_the_reader_leaves));
            checks.push(of_action!(app, action, World::Usual, stream::is_billed_when_it_breaks_off));
        }
    }
    if app.name != app.fixture {
        // The same app with other answers: only what the answers are about.
        checks.retain(|check| VARIED.iter().any(|name| check.name.ends_with(name)));
        return checks;
    }
    checks.push(of_app!(app, portal::never_prints_the_key));
    for action in app.actions.iter().filter(|action| action.cost.is_some()) {
        checks.push(of_action!(
            app,
            action,
            World::WithoutVendors,
            action::is_billed_when_its_vendor_is_unknown
        ));
    }
    checks
}

/// Those of an app whose users pay monthly; what has nothing to do with that is asked of the same app without.
fn of_plan(app: &'static App) -> Vec<Check> {
    let mut checks = vec![
        of_app!(app, plan::leads_a_new_user_to_the_payment),
        of_app!(app, plan::refuses_webhooks_without_a_true_signature),
        of_app!(app, plan::takes_a_signed_webhook_once),
        of_app!(app, plan::takes_a_webhook_again_that_came_in_an_outage),
    ];
    for action in app.actions {
        checks.push(of_action!(app, action, World::Usual, plan::is_refused_until_the_plan_is_paid));
    }
    checks.push(of_app!(app, portal::never_prints_the_key));
    checks
}
