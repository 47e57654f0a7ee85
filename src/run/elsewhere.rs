//! Paid calls that no step of this run could reach: those of other apps of the repository, and those of no app.

use super::Findings;
use crate::sites::{Detail, Money, Site, SiteKind};
use crate::steps::{Cause, Lacks, Todo, Unpaid};

/// What is said of them. A function that is deployed beside the app spends the owner's money like the app, so it counts as
/// unmet; another app is integrated by a run of its own, and what else lies about may never run.
pub(super) fn todo(findings: &Findings, app: &str) -> Vec<Todo> {
    let paid = |site: &&Site| site.kind == SiteKind::Billable && site.app != app;
    findings.sites.iter().filter(paid).filter_map(|site| one(findings, site)).collect()
}

fn one(findings: &Findings, site: &Site) -> Option<Todo> {
    let Detail::Billable(billable) = &site.detail else { return None };
    if matches!(billable.plan.money, Money::None(_)) || billable.covered_by.is_some() {
        return None;
    }
    let unpaid = Unpaid { call: billable.call.clone(), site: site.id.clone(), lacks: Lacks::Both };
    let other = findings.apps.iter().any(|app| app.root == site.app);
    let deployed = billable.plan.missing.as_ref().filter(|_| !other);
    let why = match deployed {
        _ if other => format!(
            "it is part of another app: `credyt-integrate run --app {}` brings billing there",
            site.app
        ),
        Some(why) => {
            format!("{why}; check the balance before the call and send the event after it there, over HTTP")
        }
        None => "it runs outside of the apps that were found; bill it by hand if it is deployed".to_owned(),
    };
    let todo = Todo::unpaid(Cause::Elsewhere, unpaid, why).at(site.file.as_str(), site.line);
    Some(Todo { unmet: deployed.is_some(), ..todo })
}
