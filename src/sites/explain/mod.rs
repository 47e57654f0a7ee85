//! Why a place is what it is said to be: the way from a request to it, who pays and why that can be trusted, what else
//! came into question and why it lost, and what the score is made of.
//!
//! In: one [`Site`] and the program it was found in. Out: an [`Explanation`], which is what `explain --json` prints and
//! what `review` shows. It is worked out when somebody asks; finding sites does not pay for it.

mod lost;
pub(super) mod untrusted;

use serde::Serialize;

use super::cx::Cx;
use super::handlers::{self, Reached};
use super::{Billable, Detail, Hop, IdentityAt, SELECT_FROM, ScorePart, Signup, Site};
use crate::catalog::Catalog;
use crate::fingerprint::App;
use crate::resolve::Program;

/// Characters of code that are shown of a place.
const CODE: usize = 60;

/// Explains sites of one app.
#[derive(Clone, Copy)]
pub struct Explainer<'a> {
    /// What the names in the app's files mean.
    pub program: &'a Program,
    /// What is known of frameworks, auth libraries and the like.
    pub catalog: &'a Catalog,
    /// What was recognised in the app.
    pub app: &'a App,
    /// Every place that was found in it.
    pub sites: &'a [Site],
}

impl std::fmt::Debug for Explainer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Explainer").field("app", &self.app.root).finish_non_exhaustive()
    }
}

/// Everything there is to say about one site.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// As `sites` reports it.
    pub site: Site,
    /// From the request handler (when one was found) down to the place itself.
    pub chain: Vec<Link>,
    /// Who pays, for a paid call; the new user, for a sign-up.
    pub payer: Option<Payer>,
    /// What came into question and lost.
    pub lost: Vec<Lost>,
    /// The score, taken apart.
    pub score: Score,
}

/// One hop of the way.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// What it is.
    pub what: LinkKind,
    /// File, relative to the repository's root.
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// The function, or what is called there.
    pub symbol: String,
    /// In words, where there is something to add.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What a hop is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkKind {
    /// The handler of a request.
    Entry,
    /// A call on the way.
    Call,
    /// The place itself.
    Site,
}

/// Who pays, or who came to exist.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Payer {
    /// The expression, `None` when nothing names anybody.
    pub expr: Option<String>,
    /// Where it is in scope.
    pub at: IdentityAt,
    /// The sign-in library that vouches for it, for people.
    pub vouched_by: Option<String>,
    /// It may be missing there.
    pub nullable: bool,
    /// What makes it trustworthy, with lines.
    pub evidence: Vec<String>,
}

/// Something that came into question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// What it would have been.
    pub what: LostKind,
    /// A handler's name, a site's id, an expression.
    pub name: String,
    /// File, relative to the repository's root.
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// The reason, to follow a colon.
    pub why: String,
}

/// What a candidate would have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LostKind {
    /// The payer.
    Identity,
    /// The handler.
    Entry,
    /// The place.
    Site,
}

/// A score and what it is made of.
#[derive(Debug, PartialEq, Serialize)]
pub struct Score {
    /// 0 to 1.
    pub total: f64,
    /// From here on a site is selected by itself.
    pub select_from: f64,
    /// The reasons with their shares; empty where one look at the place decides.
    pub parts: Vec<ScorePart>,
}

/// Ids at a paid call that look like a payer and are none, because whoever sends the request sets them.
pub fn sent_ids(cx: &Cx<'_>, site: &Site, billable: &Billable) -> Vec<Lost> {
    untrusted::identities(cx, site, billable)
}

impl Explainer<'_> {
    /// Explains a site.
    pub fn explain(&self, site: &Site) -> Explanation {
        let cx = Cx::new(self.program, self.catalog, self.app);
        let (chain, payer, parts) = match &site.detail {
            Detail::Billable(billable) => (
                way_to_call(&cx, site, billable),
                Some(payer(self.catalog, billable)),
                billable.plan.score.clone(),
            ),
            Detail::Signup(signup) => {
                (way_to_signup(&cx, site, signup), Some(newcomer(signup)), signup.plan.score.clone())
            }
            _ => (vec![written(&cx, site)], None, Vec::new()),
        };
        Explanation {
            site: site.clone(),
            chain,
            payer,
            lost: lost::lost(&cx, site, self.sites),
            score: Score { total: site.score, select_from: SELECT_FROM, parts },
        }
    }
}

fn itself(site: &Site, symbol: String) -> Link {
    Link { what: LinkKind::Site, file: site.file.clone(), line: site.line, symbol, note: None }
}

/// The place by its own words: the start of its line.
fn written(cx: &Cx<'_>, site: &Site) -> Link {
    let text = cx.workspace().text_at(&site.file);
    let line = text.as_ref().map(|text| text.line(site.line).trim()).unwrap_or_default();
    itself(site, line.chars().take(CODE).collect())
}

/// What kind of handler an entry is, and where its route is registered when that is elsewhere.
fn handler_note(cx: &Cx<'_>, reached: &Reached<'_>) -> String {
    let kind = format!("a handler of {}", reached.found.framework.title);
    let Some((file, call)) = reached.found.route else { return kind };
    let (path, line) = (cx.path(file), cx.line(file, cx.program.facts(file).call(call).span.start));
    let own = cx.line(reached.file, cx.program.facts(reached.file).function(reached.function).span.start);
    if file == reached.file && line == own { kind } else { format!("{kind}, registered at {path}:{line}") }
}

fn way_to_call(cx: &Cx<'_>, site: &Site, billable: &Billable) -> Vec<Link> {
    let note = billable.plan.handler.as_ref().and_then(|h| {
        let found = handlers::handler_of(cx, h.file, h.function)?;
        let reached = Reached { file: h.file, function: h.function, found, calls: Vec::new() };
        Some(handler_note(cx, &reached))
    });
    let mut way: Vec<Link> = billable
        .plan
        .chain
        .iter()
        .enumerate()
        .map(|(index, Hop { file, line, symbol })| Link {
            what: if index == 0 { LinkKind::Entry } else { LinkKind::Call },
            file: file.clone(),
            line: *line,
            symbol: symbol.clone(),
            note: note.clone().filter(|_| index == 0),
        })
        .collect();
    way.push(itself(site, billable.call.clone()));
    way
}

fn way_to_signup(cx: &Cx<'_>, site: &Site, signup: &Signup) -> Vec<Link> {
    let reached = cx
        .workspace()
        .find(&site.file)
        .and_then(|file| nearest(handlers::reached_from(cx, file, signup.plan.function)));
    let mut way = Vec::new();
    if let Some(reached) = reached {
        let entry = super::billable::entry_ref(cx, &reached);
        way.push(Link {
            what: LinkKind::Entry,
            file: entry.file,
            line: entry.line,
            symbol: entry.symbol,
            note: Some(handler_note(cx, &reached)),
        });
        way.extend(reached.calls.iter().map(|(file, call)| {
            let call = cx.program.facts(*file).call(*call);
            Link {
                what: LinkKind::Call,
                file: cx.path(*file).to_owned(),
                line: cx.line(*file, call.span.start),
                symbol: cx.written(*file, &call.callee),
                note: None,
            }
        }));
    }
    way.push(written(cx, site));
    way
}

fn nearest(mut reached: Vec<Reached<'_>>) -> Option<Reached<'_>> {
    reached.sort_by_key(|r| (r.calls.len(), r.file, r.function));
    reached.into_iter().next()
}

fn payer(catalog: &Catalog, billable: &Billable) -> Payer {
    let identity = billable.plan.identity.as_ref();
    Payer {
        expr: identity.map(|i| i.id.clone()),
        at: billable.plan.at,
        vouched_by: identity.and_then(|i| catalog.get(&i.auth)).map(|entry| entry.title.clone()),
        nullable: identity.is_some_and(|i| i.nullable),
        evidence: identity.map(|i| i.evidence.clone()).unwrap_or_default(),
    }
}

fn newcomer(signup: &Signup) -> Payer {
    let at = if signup.user_id.is_some() { IdentityAt::Call } else { IdentityAt::None };
    let email = signup.user_email.iter().map(|email| format!("`{email}` is the e-mail address"));
    Payer { expr: signup.user_id.clone(), at, vouched_by: None, nullable: false, evidence: email.collect() }
}

#[cfg(test)]
mod tests;
