//! `status`: how far the integration is, judged by the code, and what is left before going live.

use std::collections::BTreeMap;

use serde::Serialize;

use super::args::StatusArgs;
use super::{CommandResult, Rooms};
use crate::review::{Label, Screen, Text};
use crate::run::{AreaState, AreaStatus, CHECKLIST, Exit, checklist, status_of};

#[derive(Debug, Serialize)]
struct Document<'a> {
    version: u32,
    app: &'a str,
    areas: &'a [AreaStatus],
    checklist: [&'a str; CHECKLIST.len()],
}

pub(super) fn status(screen: &mut Screen, rooms: &Rooms<'_>, args: &StatusArgs) -> CommandResult {
    let status = status_of(&args.path, args.app.as_deref(), rooms.survey.as_ref(), rooms.steps)?;
    if args.json {
        let document =
            Document { version: 1, app: &status.app.root, areas: &status.areas, checklist: CHECKLIST };
        screen.document(&document)?;
        return Ok(Exit::Done);
    }
    screen.report(Text::new().with(Label::Heading, &status.app.name).muted("  ").path(&status.app.root))?;
    for area in &status.areas {
        let (mark, label, word) = match area.state {
            AreaState::Integrated => ("✓", Label::Success, "integrated"),
            AreaState::Changed => ("~", Label::Warning, "integrated, changed by hand since"),
            AreaState::HalfDone => ("~", Label::Warning, "half done"),
            AreaState::Missing => ("–", Label::Muted, "missing"),
            AreaState::NotApplicable => ("–", Label::Muted, "not applicable"),
        };
        let line =
            Text::new().plain("  ").with(label, mark).plain(" ").plain(area.area.id()).pad_to(15).plain(word);
        let of = area.done.map(|(done, of)| format!(": {done} of {of}")).unwrap_or_default();
        screen.report(line.plain(&of))?;
        if let Some(why) = &area.why {
            screen.report_indented(15, Text::new().plain(&" ".repeat(15)).muted(why))?;
        }
        for file in area.files.iter().filter(|file| file.state != "as-applied") {
            screen.report(
                Text::new().plain(&" ".repeat(15)).path(&file.file).muted(&format!("  {}", file.state)),
            )?;
        }
    }
    let counts = status.areas.iter().fold(BTreeMap::new(), |mut counts, area| {
        *counts.entry(area.state).or_insert(0_usize) += 1;
        counts
    });
    let unchecked =
        "  Product, prices and vendors were not checked against Credyt: `credyt-integrate verify` does that.";
    screen.report_indented(2, Text::new().muted(unchecked))?;
    if counts.contains_key(&AreaState::Missing) || counts.contains_key(&AreaState::HalfDone) {
        screen.report("")?;
        screen.hint("`credyt-integrate run` adds what is missing");
    }
    checklist(screen)?;
    Ok(Exit::Done)
}
