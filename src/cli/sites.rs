//! `sites`: every place that matters for billing, ranked, with its evidence.

use serde::Serialize;

use super::args::SitesArgs;
use super::{CommandResult, Rooms};
use crate::review::{Screen, overview};
use crate::run::Exit;
use crate::sites::Site;
use crate::workspace::{Skipped, Workspace};

#[derive(Debug, Serialize)]
struct Document<'a> {
    version: u32,
    sites: &'a [Site],
    /// Code files that were not looked into.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<LeftOut<'a>>,
}

#[derive(Debug, Serialize)]
struct LeftOut<'a> {
    file: &'a str,
    why: &'static str,
}

impl<'a> LeftOut<'a> {
    fn of(skipped: &'a Skipped) -> Self {
        Self { file: &skipped.path, why: skipped.reason.as_str() }
    }
}

pub(super) fn sites(screen: &mut Screen, rooms: &Rooms<'_>, args: &SitesArgs) -> CommandResult {
    let workspace = Workspace::open(&args.path)?;
    let findings = rooms.survey.survey(&workspace)?;
    if args.json {
        let skipped = workspace.skipped().iter().map(LeftOut::of).collect();
        screen.document(&Document { version: 1, sites: &findings.sites, skipped })?;
        // The process ends here: giving the facts of a large repository back one by one is felt.
        std::mem::forget(findings);
        return Ok(Exit::Done);
    }
    for app in &findings.apps {
        let of_app: Vec<&Site> = findings.sites.iter().filter(|site| site.app == app.root).collect();
        overview::heading(screen, app)?;
        overview::places(screen, &of_app, true)?;
    }
    if findings.apps.is_empty() {
        screen.report("No app was found here.")?;
    }
    overview::left_out(screen, workspace.skipped())?;
    Ok(Exit::Done)
}
