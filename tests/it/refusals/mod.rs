//! Where the tool must leave an app alone: no place, no payer, no edit.
//!
//! Each case is a small app that works, with one file that tempts. The apps themselves are integrated without that file's
//! temptation (the controls), so that a case holds because of what it shows and not because nothing was recognised.

mod apps;
mod free;
mod no_organisation;
mod no_payer;
mod no_project;
mod no_spend;

use std::collections::BTreeMap;

use credyt_integrate::answers::Answers;
use credyt_integrate::catalog::Catalog;
use credyt_integrate::fingerprint::fingerprint;
use credyt_integrate::resolve::Program;
use credyt_integrate::sites::{self, Detail, Site, SiteKind};
use credyt_integrate::steps::{self, Area, StepContext};
use credyt_integrate::workspace::Workspace;

type Files<'a> = &'a [(&'a str, &'a str)];

/// What the tool makes of an app.
struct Seen {
    /// `file:line payer`, of each paid call that is selected.
    selected: Vec<String>,
    /// What is said about those that are not.
    shown: Vec<String>,
    /// Files of the app that recording and holding back would change.
    edited: Vec<String>,
    /// Those files after each of the two.
    texts: Vec<String>,
}

/// Looks at an app made of a base and some files of the case, which win over those of the base.
fn see(base: Files<'_>, case: Files<'_>) -> Seen {
    let files: BTreeMap<&str, &str> = base.iter().chain(case).copied().collect();
    let workspace = Workspace::in_memory(files);
    let catalog = Catalog::embedded().expect("the knowledge base is valid");
    let found = fingerprint(&workspace, &catalog);
    let app = found.apps.first().expect("the base is an app");
    let program = Program::new(&workspace);
    let sites = sites::find(&program, &catalog, &found);
    let paid = || sites.iter().filter(|s| s.kind == SiteKind::Billable);
    let answers = Answers::default();
    let (mut edited, mut texts) = (Vec::new(), Vec::new());
    for step in steps::all().iter().filter(|s| matches!(s.area(), Area::Events | Area::Gating)) {
        let cx = StepContext {
            workspace: &workspace,
            program: &program,
            catalog: &catalog,
            app,
            sites: &sites,
            answers: &answers,
            asked_for: true,
        };
        let outcome = step.plan(&cx).changes.outcome(&workspace).expect("the edits fit the files");
        let old = outcome
            .files()
            .iter()
            .map(credyt_integrate::edit::FileOutcome::path)
            .filter(|path| workspace.find(path).is_some());
        let after = workspace.with_changes(outcome.changes());
        for path in old {
            texts.extend(after.text_at(path).map(|text| text.as_str().to_owned()));
            edited.push(path.to_owned());
        }
    }
    edited.sort();
    edited.dedup();
    Seen {
        selected: paid().filter(|s| s.selected).map(line).collect(),
        shown: paid().filter(|s| !s.selected).map(|s| s.evidence.join("; ")).collect(),
        edited,
        texts,
    }
}

fn line(site: &Site) -> String {
    let payer = match &site.detail {
        Detail::Billable(billable) => {
            let payer = billable.payer.as_ref().map_or(&billable.identity.expr, |payer| &payer.expr);
            payer.clone().unwrap_or_else(|| "-".to_owned())
        }
        _ => String::new(),
    };
    format!("{}:{} {payer}", site.file, site.line)
}

/// A case: what it is about, the base, its files.
type Case<'a> = (&'a str, Files<'a>, Files<'a>);

/// Nothing is selected and nothing is edited.
fn leaves_alone(cases: &[Case<'_>]) {
    for (name, base, case) in cases {
        let seen = see(base, case);
        assert_eq!(seen.selected, [""; 0], "{name}: selected");
        assert_eq!(seen.edited, [""; 0], "{name}: edited");
    }
}

/// The call may be seen, but nobody is charged and nothing is edited.
fn charges_nobody(cases: &[Case<'_>]) {
    for (name, base, case) in cases {
        let seen = see(base, case);
        let charged: Vec<&String> = seen.selected.iter().filter(|line| !line.ends_with(" -")).collect();
        assert_eq!(charged, [""; 0], "{name}: has a payer");
        assert!(!seen.selected.is_empty() || !seen.shown.is_empty(), "{name}: the call was not seen at all");
        assert_eq!(seen.edited, [""; 0], "{name}: edited");
    }
}

#[test]
fn the_apps_themselves_are_integrated() {
    for (base, file, payer) in [
        (apps::NEXT, "app/api/ask/route.ts", "session.user.id"),
        (apps::TEAMS, "app/api/ask/route.ts", "seat.teamId"),
        (apps::EXPRESS, "app.js", "req.user.id"),
        (apps::FASTAPI, "main.py", "user_id"),
    ] {
        let seen = see(base, &[]);
        assert_eq!(seen.selected.len(), 1, "{file}: {:?} {:?}", seen.selected, seen.shown);
        assert!(
            seen.selected[0].starts_with(file) && seen.selected[0].ends_with(payer),
            "{:?}",
            seen.selected
        );
        assert!(seen.edited.contains(&file.to_owned()), "{:?}", seen.edited);
    }
}
