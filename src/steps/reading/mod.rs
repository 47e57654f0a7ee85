//! The signed-in user, read in a handler that spends and does not know them: as the app's other handlers do.
//!
//! Nobody is made up. What is read is the app's own way to its user, and whoever is not there is turned away, so it is only
//! written where visitors are turned away anyhow ([`vouched`]), or where the owner has said that sign-in is required
//! (`sign_in = true`).
//!
//! ```text
//! export async function POST(request) {
//!   const { userId } = await auth();                                   // added
//!   if (!userId) return Response.json({ error: "…" }, { status: 401 }); // added
//! ```
//!
//! A reading is a [`Layer`]: the steps around paid calls are planned upon it, and know the user then as if the app had always
//! read them.

mod vouched;
mod written;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::catalog::machine_words;
use crate::edit::Layer;
use crate::sites::handlers::{Reached, all_reached_from};
use crate::sites::{Detail, HandlerRef, Identity, IdentityAt, Money, Site, SiteKind, payer};
use crate::steps::StepContext;
use crate::steps::paid::Spend;
use crate::steps::support::Kit;
use crate::steps::support::identity::Signed;
use crate::syntax::FunctionId;
use crate::workspace::FileId;

/// The user, read in every handler that reaches a paid call without knowing them, where that can be done. In the order of
/// the files.
pub fn plan(cx: &StepContext<'_>) -> Vec<Layer> {
    let may = cx.sites.iter().any(|site| open(site).is_some());
    let Some(kit) = may.then(|| Kit::new(cx).ok()).flatten() else { return Vec::new() };
    if kit.paying().is_shared() {
        return Vec::new();
    }
    let mut layers: BTreeMap<(FileId, FunctionId), Layer> = BTreeMap::new();
    for spend in cx.sites.iter().filter_map(|site| unpaid(&kit, site)) {
        let required = spend.answers.sign_in == Some(true) && spend.billable.plan.identity.is_none();
        for reached in without_user(&kit, &spend) {
            let at = spends_at(&kit, &spend, &reached);
            let is_meant = |signed: &Signed| required || vouched::is(&kit, &reached, signed, at);
            if let Some(layer) = written::layer(&kit, &HandlerRef::of(&reached), is_meant) {
                layers.entry((reached.file, reached.function)).or_insert(layer);
            }
        }
    }
    layers.into_values().collect()
}

/// Whether the user could be read in the handlers of a paid call, if its owner said that sign-in is required.
pub(in crate::steps) fn can_be(kit: &Kit<'_>, spend: &Spend<'_>) -> bool {
    let ways = without_user(kit, spend);
    // Where users are known on another way, this one may be nobody's: a timer's, say.
    spend.billable.plan.identity.is_none()
        && spend.answers.sign_in != Some(true)
        && !ways.is_empty()
        && ways.iter().all(|way| written::layer(kit, &HandlerRef::of(way), |_| true).is_some())
}

/// A paid call of the app's own money of which nothing says who pays, and which is not left out.
fn unpaid<'a>(kit: &Kit<'a>, site: &'a Site) -> Option<Spend<'a>> {
    let spend = Spend::any(kit, open(site)?)?;
    (spend.answers.skip != Some(true)).then_some(spend)
}

/// The site of a paid call of the app's own money, where nothing says who pays.
fn open(site: &Site) -> Option<&Site> {
    let Detail::Billable(billable) = &site.detail else { return None };
    let plan = &billable.plan;
    let known = |identity: &Identity| !identity.nullable && plan.at == IdentityAt::Call;
    let is_open = site.kind == SiteKind::Billable
        && billable.covered_by.is_none()
        && plan.missing.is_none()
        && plan.money == Money::Ours
        && !plan.identity.as_ref().is_some_and(known);
    is_open.then_some(site)
}

/// The handlers that reach a paid call where nothing names the user.
fn without_user<'a>(kit: &Kit<'a>, spend: &Spend<'_>) -> Vec<Reached<'a>> {
    let cx = kit.graph();
    let mut ways = all_reached_from(cx, spend.file, spend.billable.plan.function);
    ways.retain(|way| payer::in_handler(cx, way, spends_at(kit, spend, way)).is_none());
    // A way that no user goes is left to the owner with all others.
    if ways.iter().any(|way| is_machines(kit, way)) {
        return Vec::new();
    }
    ways
}

/// Whether a machine calls a handler, by its path and what it says.
fn is_machines(kit: &Kit<'_>, way: &Reached<'_>) -> bool {
    let span = kit.cx.program.facts(way.file).function(way.function).span;
    let said = format!("{} {}", kit.path(way.file), kit.graph().slice(way.file, span)).to_lowercase();
    machine_words().iter().any(|word| said.contains(word.as_str()))
}

/// Where a handler reaches a paid call.
fn spends_at(kit: &Kit<'_>, spend: &Spend<'_>, way: &Reached<'_>) -> u32 {
    match way.calls.first() {
        Some((file, call)) => kit.graph().program.facts(*file).call(*call).statement.start,
        None => spend.billable.plan.call.start,
    }
}
