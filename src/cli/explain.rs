//! `explain`: why one place is what it is said to be.

use serde::Serialize;

use super::args::ExplainArgs;
use super::{CommandResult, Rooms};
use crate::review::{Screen, explanation};
use crate::run::{Exit, RunError};
use crate::sites::{Explainer, Explanation, NotFound, Site, lookup};
use crate::workspace::Workspace;

#[derive(Debug, Serialize)]
struct Document<'a> {
    version: u32,
    #[serde(flatten)]
    explanation: &'a Explanation,
}

pub(super) fn explain(screen: &mut Screen, rooms: &Rooms<'_>, args: &ExplainArgs) -> CommandResult {
    let workspace = Workspace::open(&args.path)?;
    let findings = rooms.survey.survey(&workspace)?;
    let site =
        lookup(&findings.sites, &args.site).map_err(|why| refusal(&args.site, &findings.sites, why))?;
    let app = findings.apps.iter().find(|app| app.root == site.app).map(|app| &app.app);
    let none = crate::fingerprint::App::default();
    let explainer = Explainer {
        program: &findings.program,
        catalog: rooms.survey.catalog(),
        app: app.unwrap_or(&none),
        sites: &findings.sites,
    };
    let found = explainer.explain(site);
    if args.json {
        screen.document(&Document { version: 1, explanation: &found })?;
    } else {
        explanation::show(screen, &found)?;
    }
    Ok(Exit::Done)
}

fn refusal(asked: &str, sites: &[Site], why: NotFound) -> RunError {
    let (why, near, lead) = match why {
        NotFound::Several(ids) => (format!("`{asked}` fits several places"), ids, "one of them is"),
        NotFound::Nothing(ids) => (format!("no place is called `{asked}`"), ids, "near it is"),
    };
    let mut hints: Vec<String> = near.iter().map(|id| format!("{lead} `{id}`")).collect();
    if hints.is_empty() {
        hints.push(match sites.len() {
            0 => "no place was found here at all; give another folder: `credyt-integrate explain SITE PATH`"
                .to_owned(),
            count => format!("`credyt-integrate sites` lists all {count}, with their files and lines"),
        });
    }
    RunError::Usage { why, hints }
}
