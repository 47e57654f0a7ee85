//! What was found, with its places, and the chance to say where that is wrong.

use console::Term;

use super::prompt::{self, KeyChoice};
use super::screen::{Screen, ScreenError};
use super::text::{Label, Text};
use crate::run::{AppFacts, RunError};
use crate::sites::{Detail, Site, SiteKind};

/// Kinds in the order of the screen, with their headings.
const KINDS: [(SiteKind, &str); 6] = [
    (SiteKind::Signup, "Where users sign up"),
    (SiteKind::Billable, "Paid calls"),
    (SiteKind::Schema, "User records"),
    (SiteKind::UiSlot, "Places for the balance"),
    (SiteKind::Env, "Where secrets are declared"),
    (SiteKind::Webhook, "Webhooks"),
];

/// Prints the app and its places.
pub(super) fn show(screen: &mut Screen, app: &AppFacts, sites: &[Site]) -> Result<(), ScreenError> {
    let name = if app.name.is_empty() { "this app" } else { &app.name };
    let mut title = Text::new().with(Label::Heading, name);
    if app.root != "." {
        title = title.muted("  in ").path(&app.root);
    }
    screen.report("")?;
    screen.report(title)?;
    let column = app.facts.iter().map(|fact| fact.label.len()).max().unwrap_or(0) + 4;
    let value_column = app.facts.iter().map(|fact| fact.value.len()).max().unwrap_or(0).min(28) + column + 2;
    for fact in &app.facts {
        let mut line = Text::new().plain("  ").muted(fact.label).pad_to(column).plain(&fact.value);
        if let Some(place) = &fact.place {
            line = line.pad_to(value_column).path(place);
        }
        screen.report_indented(column, line)?;
    }
    for (kind, heading) in KINDS {
        let of_kind: Vec<&Site> = sites.iter().filter(|site| site.kind == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        screen.report("")?;
        screen.report(Text::new().plain("  ").with(Label::Heading, heading))?;
        for site in of_kind {
            screen.report_indented(6, line(site))?;
        }
    }
    if !sites.iter().any(|site| site.kind == SiteKind::Billable) {
        screen.report("")?;
        screen.report("  No paid call was found: the key and the customers can be wired, there is nothing to charge for.")?;
    }
    Ok(())
}

/// `[x] app/api/chat/route.ts:31  streamText  session.user.id`
fn line(site: &Site) -> Text {
    let mark =
        if site.selected { Text::new().with(Label::Success, "  [x] ") } else { Text::new().muted("  [ ] ") };
    let text = mark.path(&format!("{}:{}", site.file, site.line)).plain("  ").plain(&describe(site));
    // A sure thing needs no number.
    if site.score < 0.95 { text.muted(&format!("  {:.0} %", site.score * 100.0)) } else { text }
}

/// What the place is, in a few words.
fn describe(site: &Site) -> String {
    match &site.detail {
        Detail::Billable(billable) => {
            let payer = match &billable.identity.expr {
                Some(expr) => format!("paid by {expr}"),
                None => "nobody to charge is in scope".to_owned(),
            };
            let stream = if billable.streaming { ", streaming" } else { "" };
            format!("{} ({}{stream}), {payer}", billable.call, billable.provider)
        }
        _ => site.symbol.clone().unwrap_or_default(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Right,
    Change,
    Why,
    Quit,
}

const KEYS: [KeyChoice<Answer>; 4] = [
    KeyChoice { key: 'y', word: "yes", help: "go on with the places marked [x]", value: Answer::Right },
    KeyChoice { key: 'c', word: "change", help: "switch places on and off", value: Answer::Change },
    KeyChoice { key: 'w', word: "why", help: "show the evidence for each place", value: Answer::Why },
    KeyChoice { key: 'q', word: "quit", help: "stop; nothing is written", value: Answer::Quit },
];

/// Asks whether that is right; the places that were switched.
pub(super) fn correct(
    screen: &mut Screen,
    term: &Term,
    sites: &[Site],
) -> Result<Vec<(String, bool)>, RunError> {
    let mut selected: Vec<bool> = sites.iter().map(|site| site.selected).collect();
    loop {
        screen.report("")?;
        match prompt::key(screen, term, "Is that right?", &KEYS)? {
            Answer::Right => break,
            Answer::Quit => return Err(RunError::Stopped),
            Answer::Why => evidence(screen, sites)?,
            Answer::Change => {
                let label = |site: &Site| {
                    format!("{:<9} {}:{}  {}", site.kind.as_str(), site.file, site.line, describe(site))
                };
                let items: Vec<(String, bool)> =
                    sites.iter().zip(&selected).map(|(site, on)| (label(site), *on)).collect();
                if let Some(kept) = prompt::multi(term, "Which places?", &items)? {
                    selected = (0..sites.len()).map(|index| kept.contains(&index)).collect();
                    let count = selected.iter().filter(|on| **on).count();
                    screen.say(format!("{count} of {} places will be used.", sites.len()));
                }
            }
        }
    }
    let changed = sites.iter().zip(selected).filter(|(site, on)| site.selected != *on);
    Ok(changed.map(|(site, on)| (site.id.clone(), on)).collect())
}

fn evidence(screen: &mut Screen, sites: &[Site]) -> Result<(), ScreenError> {
    for site in sites {
        screen.report("")?;
        screen.report(line(site))?;
        for why in &site.evidence {
            screen.report_indented(8, Text::new().muted("      · ").plain(why))?;
        }
    }
    Ok(())
}
