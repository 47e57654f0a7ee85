//! `codemods`: what this build knows of other people's software.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use super::CommandResult;
use crate::catalog::{AppLanguage, Catalog, Entry, Kind};
use crate::review::{Label, Screen, Text};
use crate::run::Exit;

/// The flags of `codemods`.
#[derive(Debug, Clone, Args)]
pub(super) struct CodemodsArgs {
    /// Print one JSON document on stdout
    #[arg(long)]
    pub(super) json: bool,
}

/// One entry in the report.
#[derive(Debug, Serialize)]
struct Row<'a> {
    id: &'a str,
    value: &'a str,
    title: &'a str,
    languages: &'a [AppLanguage],
    link: &'a str,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    version: u32,
    codemods: BTreeMap<&'static str, Vec<Row<'a>>>,
}

/// The kinds in the order they are shown, each with its heading.
const SHOWN: [(Kind, &str); 6] = [
    (Kind::Framework, "Frameworks"),
    (Kind::Auth, "Sign-in"),
    (Kind::Orm, "Data"),
    (Kind::Env, "Settings"),
    (Kind::Provider, "AI providers"),
    (Kind::Ui, "Interfaces"),
];

pub(super) fn codemods(screen: &mut Screen, args: &CodemodsArgs) -> CommandResult {
    let catalog = Catalog::embedded()?;
    if args.json {
        let of = |kind: Kind| -> Vec<Row<'_>> { catalog.of(kind).map(row).collect() };
        let codemods = SHOWN.iter().map(|(kind, _)| (kind.folder(), of(*kind))).collect();
        screen.document(&Document { version: 1, codemods })?;
        return Ok(Exit::Done);
    }
    for (kind, heading) in SHOWN {
        screen.report(Text::new().with(Label::Heading, heading))?;
        for entry in catalog.of(kind) {
            screen.report(
                Text::new().plain("  ").with(Label::Literal, entry.value()).pad_to(24).plain(&entry.title),
            )?;
        }
    }
    Ok(Exit::Done)
}

fn row(entry: &Entry) -> Row<'_> {
    Row {
        id: &entry.id,
        value: entry.value(),
        title: &entry.title,
        languages: &entry.languages,
        link: &entry.link,
    }
}
