//! What was found, with its places, and the chance to say where that is wrong.

use console::Term;

use super::explanation;
use super::lists;
use super::prompt::{self, KeyChoice};
use super::screen::{Screen, ScreenError};
use super::text::{Label, Text};
use crate::run::{AppFacts, RunError};
use crate::sites::{Detail, Explainer, SignupHow, Site, SiteKind};
use crate::workspace::Skipped;

/// What a first run says before anything else.
const WELCOME: &str =
    "Wires Credyt billing into your app, one step at a time. Nothing is written before you have seen it.";

/// Kinds in the order of the screen, with their headings.
const KINDS: [(SiteKind, &str); 6] = [
    (SiteKind::Signup, "Where users sign up"),
    (SiteKind::Billable, "Paid calls"),
    (SiteKind::Schema, "User records"),
    (SiteKind::UiSlot, "Places for the balance"),
    (SiteKind::Env, "Where secrets are declared"),
    (SiteKind::Webhook, "Webhooks"),
];

/// Prints the app and its places, before anything is asked.
pub(super) fn show(
    screen: &mut Screen,
    app: &AppFacts,
    sites: &[Site],
    first: bool,
) -> Result<(), ScreenError> {
    if first {
        screen.report(WELCOME)?;
    }
    heading(screen, app)?;
    let column = app.facts.iter().map(|fact| fact.label.len()).max().unwrap_or(0) + 4;
    let widest = app.facts.iter().map(|fact| console::measure_text_width(&fact.value)).max().unwrap_or(0);
    let value_column = widest.min(36) + column + 2;
    let mut label = "";
    for fact in &app.facts {
        // Several values of one kind stand below each other.
        let shown = if fact.label == label { "" } else { fact.label };
        label = fact.label;
        let mut line = Text::new().plain("  ").muted(shown).pad_to(column).plain(&fact.value);
        if let Some(place) = &fact.place {
            line = line.pad_to(value_column - 2).plain("  ").path(place);
        }
        screen.report_indented(column, line)?;
    }
    places(screen, &sites.iter().collect::<Vec<_>>(), false)?;
    if !sites.iter().any(|site| site.kind == SiteKind::Billable) {
        screen.report("")?;
        screen.report_indented(
            2,
            "  No paid call was found: the key and the customers can be wired, there is nothing to charge for.",
        )?;
    }
    Ok(())
}

/// Files left out that are named one by one; of more, only how many there are.
const LEFT_OUT: usize = 3;

/// Says which code files were not looked into, and why.
pub fn left_out(screen: &mut Screen, skipped: &[Skipped]) -> Result<(), ScreenError> {
    if skipped.is_empty() {
        return Ok(());
    }
    let mut text = Text::new().plain("  ").muted("Not looked into: ");
    for (index, file) in skipped.iter().take(LEFT_OUT).enumerate() {
        let between = if index == 0 { "" } else { ", " };
        text = text.muted(between).path(&file.path).muted(&format!(" ({})", file.reason.as_str()));
    }
    if skipped.len() > LEFT_OUT {
        text = text.muted(&format!(" and {} more", skipped.len() - LEFT_OUT));
    }
    screen.report("")?;
    screen.report_indented(4, text)
}

/// Prints the name of an app.
pub fn heading(screen: &mut Screen, app: &AppFacts) -> Result<(), ScreenError> {
    let name = if app.name.is_empty() { "this app" } else { &app.name };
    let mut title = Text::new().with(Label::Heading, name);
    if app.root != "." {
        title = title.muted("  in ").path(&app.root);
    }
    screen.report("")?;
    screen.report(title)
}

/// Prints places by kind, with the evidence where asked.
pub fn places(screen: &mut Screen, sites: &[&Site], evidence: bool) -> Result<(), ScreenError> {
    for (kind, heading) in KINDS {
        let mut of_kind = sites.iter().filter(|site| site.kind == kind).peekable();
        if of_kind.peek().is_none() {
            continue;
        }
        screen.report("")?;
        screen.report(Text::new().plain("  ").with(Label::Heading, heading))?;
        for site in of_kind {
            screen.report_indented(6, line(site))?;
            if evidence {
                reasons(screen, site)?;
            }
        }
    }
    Ok(())
}

fn reasons(screen: &mut Screen, site: &Site) -> Result<(), ScreenError> {
    site.evidence
        .iter()
        .try_for_each(|why| screen.report_indented(8, Text::new().muted("      · ").plain(why)))
}

/// `[x] app/api/chat/route.ts:31  streamText  session.user.id`
pub(super) fn line(site: &Site) -> Text {
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
            let shared = billable.payer.as_ref().map(|payer| &payer.expr);
            let payer = match shared.unwrap_or(&billable.identity.expr) {
                Some(expr) => format!("paid by {expr}"),
                None => "nobody to charge is in scope".to_owned(),
            };
            let stream = if billable.streaming { ", streaming" } else { "" };
            format!("{} ({}{stream}), {payer}", billable.call, billable.provider)
        }
        Detail::Signup(signup) => {
            let name = format!("{}{}", site.symbol.as_deref().unwrap_or_default(), how(signup.how));
            let user = signup.user_id.as_ref().map(|id| format!("makes {id}"));
            // A handler without a name is told by what it makes.
            [Some(name), user]
                .into_iter()
                .flatten()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(", ")
        }
        Detail::UiSlot(slot) => slot.what.clone(),
        _ => site.symbol.clone().unwrap_or_default(),
    }
}

/// How users come to exist there, where it is not a plain request.
fn how(how: SignupHow) -> &'static str {
    match how {
        SignupHow::Handler => "",
        SignupHow::OauthCallback => " (sign-in callback)",
        SignupHow::AuthEventHook => " (hook of the sign-in library)",
        SignupHow::Webhook => " (webhook)",
        SignupHow::OrmSignal => " (signal)",
        SignupHow::Service => " (service)",
        SignupHow::FirstLoginUpsert => " (first sign-in)",
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Right,
    Change,
    Why,
    Explain,
    Quit,
}

const KEYS: [KeyChoice<Answer>; 5] = [
    KeyChoice { key: 'y', word: "yes", help: "go on with the places marked [x]", value: Answer::Right },
    KeyChoice { key: 'c', word: "change", help: "switch places on and off", value: Answer::Change },
    KeyChoice { key: 'w', word: "why", help: "show the evidence for each place", value: Answer::Why },
    KeyChoice {
        key: 'x',
        word: "explain",
        help: "show the way to one place, who pays there, and what lost",
        value: Answer::Explain,
    },
    KeyChoice { key: 'q', word: "quit", help: "stop; nothing is written", value: Answer::Quit },
];

/// Asks whether that is right; the places that were switched.
pub(super) fn correct(
    screen: &mut Screen,
    term: &Term,
    explainer: &Explainer<'_>,
) -> Result<Vec<(String, bool)>, RunError> {
    let sites = explainer.sites;
    let mut selected: Vec<bool> = sites.iter().map(|site| site.selected).collect();
    loop {
        screen.report("")?;
        match prompt::key(screen, term, "Is that right?", &KEYS)? {
            Answer::Right => break,
            Answer::Quit => return Err(RunError::Stopped),
            Answer::Explain => explain_one(screen, term, explainer, &sites.iter().collect::<Vec<_>>())?,
            Answer::Why => places(screen, &sites.iter().collect::<Vec<_>>(), true)?,
            Answer::Change => {
                let items: Vec<(String, bool)> =
                    sites.iter().zip(&selected).map(|(site, on)| (label(site), *on)).collect();
                if let Some(kept) = lists::multi(term, "Which places?", &items)? {
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

/// One place of a kind, in the words of the screen.
fn word(kind: SiteKind) -> &'static str {
    match kind {
        SiteKind::Signup => "sign-up",
        SiteKind::Billable => "paid call",
        SiteKind::Schema => "user record",
        SiteKind::UiSlot => "balance",
        SiteKind::Env => "secrets",
        SiteKind::Webhook => "webhook",
    }
}

/// One line of a list to choose from.
fn label(site: &Site) -> String {
    format!("{:<12} {}:{}  {}", word(site.kind), site.file, site.line, describe(site))
}

/// Explains one of some places: the only one, or the one that is picked.
pub(super) fn explain_one(
    screen: &mut Screen,
    term: &Term,
    explainer: &Explainer<'_>,
    sites: &[&Site],
) -> Result<(), RunError> {
    let site = match sites {
        [] => {
            screen.say("There is no place to explain.");
            return Ok(());
        }
        [only] => only,
        _ => {
            let labels: Vec<String> = sites.iter().map(|site| label(site)).collect();
            let Some(site) = lists::pick(term, "Which place?", &labels)?.and_then(|at| sites.get(at)) else {
                return Ok(());
            };
            site
        }
    };
    Ok(explanation::show(screen, &explainer.explain(site))?)
}
