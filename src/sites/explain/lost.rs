//! What came into question for a site and lost, each with the reason.

use super::{Lost, LostKind, untrusted};
use crate::catalog::Answer;
use crate::sites::billable::entry_ref;
use crate::sites::cx::Cx;
use crate::sites::handlers::{Reached, reached_from};
use crate::sites::{Billable, Detail, Identity, SELECT_FROM, Site, SiteKind, identity, mounted};

/// Most candidates of one kind that are worth listing.
const LISTED: usize = 6;

pub(super) fn lost(cx: &Cx<'_>, site: &Site, sites: &[Site]) -> Vec<Lost> {
    let mut lost = match &site.detail {
        Detail::Billable(billable) => {
            let mut lost = untrusted::identities(cx, site, billable);
            lost.extend(entries(cx, site, billable));
            lost.extend(sites.iter().filter_map(|other| covered(site, other)));
            lost
        }
        _ => rivals(site, sites),
    };
    lost.sort_by(|a, b| (a.what, &a.file, a.line).cmp(&(b.what, &b.file, b.line)));
    lost
}

/// Handlers that reach the call, beside the one it is billed for.
fn entries(cx: &Cx<'_>, site: &Site, billable: &Billable) -> Vec<Lost> {
    let (Some(file), Some(chosen)) = (cx.workspace().find(&site.file), &billable.plan.handler) else {
        return Vec::new();
    };
    let reached = reached_from(cx, file, billable.plan.function);
    let hops = reached
        .iter()
        .find(|r| (r.file, r.function) == (chosen.file, chosen.function))
        .map_or(0, |r| r.calls.len());
    let others = reached.iter().filter(|r| (r.file, r.function) != (chosen.file, chosen.function));
    let lost = others.map(|other| {
        let entry = entry_ref(cx, other);
        Lost {
            what: LostKind::Entry,
            name: entry.symbol,
            file: entry.file,
            line: entry.line,
            why: why_not(cx, other, hops, billable),
        }
    });
    lost.take(LISTED).collect()
}

fn why_not(cx: &Cx<'_>, other: &Reached<'_>, hops: usize, billable: &Billable) -> String {
    let certain = |identity: Option<&Identity>| identity.is_some_and(|i| !i.nullable);
    let signed_in = || certain(identity::in_handler(cx, other, u32::MAX).as_ref());
    if let Some(why) = mounted::why_not(cx, other) {
        why
    } else if other.calls.len() > hops {
        format!("reaches the call too, but through {} calls instead of {hops}", other.calls.len())
    } else if certain(billable.plan.entry_identity.as_ref()) && !signed_in() {
        "reaches the call too, but nobody is signed in there".to_owned()
    } else if other.found.handler.answers == Answer::Response {
        "reaches the call too, just as near; the first in the order of files is named".to_owned()
    } else {
        "reaches the call too, but has no status to answer with".to_owned()
    }
}

/// A place that sees the same spend.
fn covered(site: &Site, other: &Site) -> Option<Lost> {
    let Detail::Billable(billable) = &other.detail else { return None };
    (billable.covered_by.as_ref() == Some(&site.id)).then(|| Lost {
        what: LostKind::Site,
        name: other.id.clone(),
        file: other.file.clone(),
        line: other.line,
        why: "sees the same spend, which is billed once".to_owned(),
    })
}

/// Other places of the same kind that are not acted on.
fn rivals(site: &Site, sites: &[Site]) -> Vec<Lost> {
    let others = sites.iter().filter(|s| s.kind == site.kind && s.app == site.app && s.id != site.id);
    let lost = others.filter(|s| !s.selected).map(|other| Lost {
        what: LostKind::Site,
        name: other.id.clone(),
        file: other.file.clone(),
        line: other.line,
        why: why_not_site(other),
    });
    lost.take(LISTED).collect()
}

fn why_not_site(other: &Site) -> String {
    let score = other.score;
    if score < SELECT_FROM {
        let reason = other.evidence.last().map(|e| format!("; {e}")).unwrap_or_default();
        return format!("scores {score:.2}, and {SELECT_FROM:.2} is needed{reason}");
    }
    match other.kind {
        SiteKind::UiSlot => format!("scores {score:.2}; only the best place is used"),
        SiteKind::Schema => "declares the same record once more, or one that matters less".to_owned(),
        _ => format!("scores {score:.2}, and was not chosen"),
    }
}
