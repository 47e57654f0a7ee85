//! Where user records come to exist: the places at which a Credyt customer is made.
//!
//! In: one app as [`Cx`] sees it. Out: every door as a [`Site`], scored, with the statement after which the user exists
//! and the expressions that name them there. What is against a place (a seed, a command, a guest, a route for
//! development) lowers its score below [`SELECT_FROM`] and is said in its evidence, so that it is shown and not chosen.
//!
//! Three sources, told apart by the entries of `codemods/`: inserts of the user model ([`inserts`], then [`doors`] up to
//! the handler), and hooks, webhooks and signals of auth libraries ([`hooks`]). A hook that sees every new user makes the
//! inserts of the same app redundant.

mod doors;
mod founding;
mod hooks;
mod inserts;
mod key;
mod linked;
mod models;
pub(super) mod options;
mod place;
mod spelled;
mod unused;
mod value;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::cx::Cx;
use super::handlers::{Reached, handler_of};
use super::payer::{Organisation, Paying};
use super::{Detail, Hook, SELECT_FROM, ScorePart, Signup, SignupPlan, Site, SiteKind, mounted};
use crate::answers::Payer;
use crate::syntax::{ClassId, FunctionId, Span};
use crate::workspace::FileId;
use doors::Door;
pub use key::{Key, key_of};
pub use linked::{Linked, guest_flag, linked};

use models::Certainty;

/// How a record type is declared: its text, with that of the app's classes it extends.
pub fn declaration(cx: &Cx<'_>, file: FileId, span: Span) -> String {
    let class = cx.program.facts(file).classes.iter().position(|class| class.span == span);
    class.map_or_else(|| cx.slice(file, span), |index| models::with_bases(cx, file, ClassId(index as u32), 0))
}

/// The member that is the key of the app's own record of a user.
pub fn user_key(cx: &Cx<'_>) -> Option<String> {
    models::models(cx).into_iter().next().map(|model| model.id)
}

/// Every place in an app where whoever pays comes to exist, best first within file order. Where an organisation pays, those
/// at which only a user does are shown and not chosen: that user joins an organisation, or makes one elsewhere.
pub fn signups(cx: &Cx<'_>) -> Vec<Site> {
    let paying = cx.payers().paying();
    let mut sites = of(cx, &models::models(cx), paying);
    if let Paying::Organisation(organisation) = paying {
        let models = models::of_organisation(cx, &organisation.name);
        founding::merge(cx, &mut sites, of_organisation(cx, &models, organisation), &organisation.noun);
    }
    sites.sort_by(|a, b| (&a.file, a.line, a.span).cmp(&(&b.file, b.line, b.span)));
    sites.dedup_by(|b, a| a.file == b.file && a.span == b.span);
    number(&mut sites);
    sites
}

fn of<'a>(cx: &Cx<'a>, models: &[models::Model<'a>], paying: Paying<'_>) -> Vec<Site> {
    let drafts = drafts(cx, models, "user");
    let mut sites = settled(cx, drafts, hooks::hooks(cx, models), "user");
    if paying.is_shared() {
        for site in &mut sites {
            founding::set_aside(site, paying.noun());
        }
    }
    sites
}

fn of_organisation<'a>(cx: &Cx<'a>, models: &[models::Model<'a>], organisation: &Organisation) -> Vec<Site> {
    let noun = organisation.noun.as_str();
    let mut drafts = drafts(cx, models, noun);
    for draft in &mut drafts {
        founding::add_email(cx, &mut draft.0);
    }
    let mut sites = settled(cx, drafts, hooks::of_organisation(cx, models, noun), noun);
    for site in &mut sites {
        if let Detail::Signup(signup) = &mut site.detail {
            signup.payer = Some(Payer::Organisation);
        }
    }
    sites
}

/// A door with its score and the entry that recognised it.
type Draft = (Door, Vec<ScorePart>, String);

/// The places at which records of these models are written.
fn drafts<'a>(cx: &Cx<'a>, models: &[models::Model<'a>], noun: &str) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut inserts = inserts::inserts(cx, models);
    let indirect = inserts::indirect(cx, models, &mut inserts);
    for insert in &inserts {
        let model = &models[insert.model];
        for mut door in doors::doors(cx, models, insert, &indirect) {
            let (file, function) = (door.file, door.function);
            door.against = door
                .against
                .or_else(|| unmounted(cx, file, function))
                .or_else(|| unused::unused(cx, file, function));
            let score = score(
                &door,
                insert.certainty,
                insert.written.iter().any(|(k, _)| Some(k) == model.email.as_ref()),
            );
            door.evidence.push(model.why.clone());
            if let Some(against) = &door.against {
                door.evidence.push(against.clone());
            }
            if door.later {
                door.evidence.push("makes guests: their customer is made when they first spend".into());
            } else if door.fields.id.is_none() {
                door.evidence.push(format!(
                    "nothing there names the new {noun}'s id: the customer is made when the {noun} first spends"
                ));
            }
            drafts.push((door, score, insert.entry.id.clone()));
        }
    }
    drafts
}

/// The places and the hooks together; a hook that sees all makes the places redundant.
fn settled(cx: &Cx<'_>, mut drafts: Vec<Draft>, hooks: Vec<hooks::Told>, noun: &str) -> Vec<Site> {
    // An insert inside a hook is the app's own row of a user that the hook already tells of.
    drafts.retain(|(door, _, _)| !hooks.iter().any(|h| h.holds(cx.path(door.file), door.statement)));
    if hooks.iter().any(|h| h.sees_all && h.site.selected) {
        for (door, parts, _) in &mut drafts {
            if ScorePart::sum(parts) >= SELECT_FROM {
                ScorePart::lower(parts, 0.6, "a hook sees all of them");
                door.evidence.push(format!("a hook sees every new {noun}, so this place needs nothing"));
            }
        }
    }
    let mut sites: Vec<Site> =
        drafts.into_iter().map(|(door, parts, entry)| site(cx, door, parts, entry)).collect();
    sites.extend(hooks.into_iter().map(|h| h.site));
    sites
}

/// Why no request reaches the handler around a place, when none does.
fn unmounted(cx: &Cx<'_>, file: FileId, function: Option<FunctionId>) -> Option<String> {
    cx.program.facts(file).enclosing(function).find_map(|function| {
        let found = handler_of(cx, file, function)?;
        mounted::why_not(cx, &Reached { file, function, found, calls: Vec::new() })
    })
}

fn score(door: &Door, certainty: Certainty, email: bool) -> Vec<ScorePart> {
    let mut parts = vec![ScorePart { points: 0.62, why: "a user record is written" }];
    parts.push(match certainty {
        Certainty::Followed => ScorePart { points: 0.12, why: "its declaration was followed" },
        Certainty::Named => ScorePart { points: 0.05, why: "its name says so" },
    });
    parts.push(if door.in_handler {
        ScorePart { points: 0.14, why: "a request does it" }
    } else {
        ScorePart { points: 0.04, why: "a function of the app does it" }
    });
    if email {
        parts.push(ScorePart { points: 0.05, why: "with an e-mail address" });
    }
    if door.fields.id.is_some() {
        parts.push(ScorePart { points: 0.04, why: "an expression there names the new user" });
    }
    if door.against.is_some() {
        ScorePart::lower(&mut parts, 0.3, "but nobody signs up there");
    }
    parts
}

fn site(cx: &Cx<'_>, door: Door, parts: Vec<ScorePart>, entry: String) -> Site {
    let score = ScorePart::sum(&parts);
    let facts = cx.program.facts(door.file);
    let symbol = door.function.map(|f| facts.function(f).symbol.clone()).filter(|s| !s.is_empty());
    Site {
        id: String::new(),
        kind: SiteKind::Signup,
        app: cx.app.root.clone(),
        file: cx.path(door.file).to_owned(),
        line: cx.line(door.file, door.region.start),
        end_line: cx.line(door.file, door.region.end.saturating_sub(1)),
        symbol,
        score,
        selected: score >= SELECT_FROM,
        detail: Detail::Signup(Box::new(Signup {
            how: door.how,
            user_id: door.fields.id,
            user_email: door.fields.email,
            payer: None,
            plan: SignupPlan {
                statement: door.statement,
                call: door.call,
                function: door.function,
                name: door.fields.name,
                bind: door.fields.bind,
                entry,
                hook: door.callback.map(Hook::Body),
                score: parts,
                later: door.later,
                failed_by: door.failed_by,
                may_skip: door.may_skip,
            },
        })),
        evidence: door.evidence,
        span: door.statement,
    }
}

/// Ids that stay when something else of the file changes.
fn number(sites: &mut [Site]) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for site in sites {
        let base = format!("signup:{}#{}", site.file, site.symbol.as_deref().unwrap_or_default());
        let n = seen.entry(base.clone()).or_default();
        site.id = format!("{base}:{n}");
        *n += 1;
    }
}
