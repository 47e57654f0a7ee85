//! Why a place is what it is said to be, on the screen.

use super::overview;
use super::screen::{Screen, ScreenError};
use super::text::{Label, Text};
use crate::sites::explain::{Link, LinkKind, Lost, LostKind, Payer, Score};
use crate::sites::{Explanation, IdentityAt, SiteKind};

/// Widest column of places; longer ones push what follows.
const PLACES: usize = 44;

/// Prints an explanation.
pub fn show(screen: &mut Screen, explanation: &Explanation) -> Result<(), ScreenError> {
    let site = &explanation.site;
    screen.report("")?;
    screen.report(Text::new().with(Label::Heading, &site.id))?;
    screen.report_indented(4, Text::new().plain("  ").then(overview::line(site)))?;
    // What is said about the payer stands below, with the payer.
    let payers = explanation.payer.as_ref().map(|payer| payer.evidence.as_slice()).unwrap_or_default();
    for why in site.evidence.iter().filter(|why| !payers.contains(why)) {
        reason(screen, why)?;
    }
    if explanation.chain.len() > 1 {
        heading(screen, "How a request gets there")?;
        way(screen, &explanation.chain)?;
    } else if matches!(site.kind, SiteKind::Billable | SiteKind::Signup) {
        heading(screen, "How a request gets there")?;
        screen.report_indented(
            4,
            Text::new().plain("    ").plain("No request handler that reaches it was found."),
        )?;
    }
    if let Some(payer) = &explanation.payer {
        who(screen, payer, site.kind)?;
    }
    if !explanation.lost.is_empty() {
        heading(screen, "What lost, and why")?;
        for lost in &explanation.lost {
            screen.report_indented(8, loser(lost))?;
        }
    }
    points(screen, &explanation.score)
}

fn heading(screen: &mut Screen, text: &str) -> Result<(), ScreenError> {
    screen.report("")?;
    screen.report(Text::new().plain("  ").with(Label::Heading, text))
}

fn reason(screen: &mut Screen, why: &str) -> Result<(), ScreenError> {
    screen.report_indented(8, Text::new().muted("      · ").then(why.into()))
}

fn way(screen: &mut Screen, chain: &[Link]) -> Result<(), ScreenError> {
    let place = |link: &Link| format!("{}:{}", link.file, link.line);
    let widest = chain.iter().map(|link| place(link).chars().count()).max().unwrap_or(0).min(PLACES);
    for link in chain {
        let (mark, label) = match link.what {
            LinkKind::Entry => ("    ● ", Label::Key),
            LinkKind::Call => ("    ↓ ", Label::Muted),
            LinkKind::Site => ("    ◆ ", Label::Success),
        };
        let mut line =
            Text::new().with(label, mark).path(&place(link)).pad_to(widest + 8).plain(&link.symbol);
        if let Some(note) = &link.note {
            line = line.muted(&format!("  {note}"));
        }
        screen.report_indented(10, line)?;
    }
    Ok(())
}

fn who(screen: &mut Screen, payer: &Payer, kind: SiteKind) -> Result<(), ScreenError> {
    let signup = kind == SiteKind::Signup;
    heading(screen, if signup { "Who the new user is" } else { "Who pays" })?;
    let Some(expr) = &payer.expr else {
        let nobody = if signup {
            "Nothing in scope names the new user; the customer is made when that user first needs one."
        } else {
            "Nothing in scope names a signed-in user, so nothing is charged."
        };
        return screen.report_indented(4, Text::new().plain("    ").with(Label::Warning, "! ").plain(nobody));
    };
    let scope = match payer.at {
        IdentityAt::Call if signup => "in scope after the statement",
        IdentityAt::Call => "in scope at the call",
        IdentityAt::Entry => "in scope in the request handler only",
        IdentityAt::None => "in scope nowhere",
    };
    let mut line = Text::new().plain("    ").with(Label::Literal, expr).plain(&format!("  {scope}"));
    if let Some(title) = &payer.vouched_by {
        line = line.plain(", vouched for by ").plain(title);
    }
    screen.report_indented(6, line)?;
    if payer.nullable {
        let text = "it may be missing there: the code also runs for visitors";
        screen.report_indented(8, Text::new().with(Label::Warning, "      ! ").plain(text))?;
    }
    payer.evidence.iter().try_for_each(|why| reason(screen, why))
}

fn loser(lost: &Lost) -> Text {
    let what = match lost.what {
        LostKind::Identity => "as payer  ",
        LostKind::Entry => "as entry  ",
        LostKind::Site => "",
    };
    let line = Text::new().muted("    – ").muted(what).with(Label::Literal, &lost.name);
    line.plain("  ").path(&format!("{}:{}", lost.file, lost.line)).plain(": ").then(lost.why.as_str().into())
}

fn points(screen: &mut Screen, score: &Score) -> Result<(), ScreenError> {
    screen.report("")?;
    let total = Text::new().plain("  ").with(Label::Heading, "Score").plain(&format!("  {:.2}", score.total));
    screen.report(total.muted(&format!("  (selected from {:.2} on)", score.select_from)))?;
    score.parts.iter().try_for_each(|part| {
        let label = if part.points < 0.0 { Label::Warning } else { Label::Success };
        let points = format!("    {:+.2}", part.points);
        screen.report_indented(11, Text::new().with(label, &points).plain("  ").plain(part.why))
    })
}
