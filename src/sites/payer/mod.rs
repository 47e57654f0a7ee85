//! Who pays: each user, or an organisation that users belong to.
//!
//! In: the record types of an app, the columns in which it keeps the ids of a payment provider, and what its sign-in library
//! knows of organisations. Out: the [`Payers`] there are, each with its evidence, and which of them is taken when nobody
//! says. An app that keeps its payment provider's id on the organisation has answered the question already; without such
//! an id, each user pays.
//!
//! [`candidates`] finds them, [`held`] follows a value back to an organisation the signed-in user belongs to, [`place`]
//! names that organisation where a paid call is.

mod candidates;
mod held;
mod place;

pub(super) use candidates::billing_column;
pub use place::in_handler;
pub(super) use place::{Place, at_place};
use serde::Serialize;

use super::cx::Cx;
use crate::answers::Payer;
use crate::fingerprint::Evidence;

/// The field of [`Evidence`] about who pays.
const FIELD: &str = "payer";

/// Who could pay for what users spend in an app.
#[derive(Debug, Clone, Serialize)]
pub struct Payers {
    /// What is taken when nobody says.
    pub default: Payer,
    /// What `credyt.toml` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<Payer>,
    /// The organisations that could, best first; with none of them, users pay.
    pub organisations: Vec<Organisation>,
    /// What speaks for users.
    pub evidence: Vec<Evidence>,
    /// Index of the organisation that is meant, where that is clear.
    #[serde(skip)]
    chosen: Option<usize>,
}

/// An organisation that users belong to.
#[derive(Debug, Clone, Serialize)]
pub struct Organisation {
    /// Its record type, or the sign-in library that keeps it.
    pub name: String,
    /// What one is called: `team`.
    pub noun: String,
    /// The app keeps an id of a payment provider with it.
    pub billed: bool,
    /// Why it could be who pays.
    pub evidence: Vec<Evidence>,
    /// Its record type in the code, where the app declares one.
    #[serde(skip)]
    pub(super) record: Option<Record>,
}

/// The record type of an organisation, as code speaks of it.
#[derive(Debug, Clone)]
pub(super) struct Record {
    /// What the code may call it: the model, its table, the client's member.
    pub(super) names: Vec<String>,
    /// The member that is its id.
    pub(super) id: String,
    /// The member that is its name.
    pub(super) display: Option<String>,
    /// The record types that refer to it.
    pub(super) rows: Vec<Row>,
}

/// A record type that says which organisation its records are about.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// What the code may call it.
    pub(super) names: Vec<String>,
    /// The member that is the organisation's id.
    pub(super) member: String,
    /// It may be empty.
    pub(super) optional: bool,
    /// It is the user.
    pub(super) is_user: bool,
    /// It ties one user to an organisation.
    pub(super) of_user: bool,
}

/// Who pays, once that is settled.
#[derive(Debug, Clone, Copy)]
pub enum Paying<'a> {
    /// Each user.
    User,
    /// This organisation.
    Organisation(&'a Organisation),
    /// An organisation, and several record types could be it, or none.
    Unclear,
}

impl Payers {
    /// Everything there is to know about who could pay in an app.
    pub fn find(cx: &Cx<'_>) -> Self {
        let (organisations, users) = candidates::candidates(cx);
        let billed: Vec<usize> = (0..organisations.len()).filter(|i| organisations[*i].billed).collect();
        // The app's own billing decides, when it is clear about it.
        let one_is_billed = billed.len() == 1 && users.is_empty();
        let default = if one_is_billed { Payer::Organisation } else { Payer::User };
        let asked = cx.app.payer.organisation.as_deref();
        let chosen = match (asked, billed.as_slice(), organisations.len()) {
            (Some(name), _, _) => organisations.iter().position(|o| o.name.eq_ignore_ascii_case(name)),
            (None, [one], _) => Some(*one),
            (None, _, 1) => Some(0),
            _ => None,
        };
        Self { default, answered: cx.app.payer.who, organisations, evidence: users, chosen }
    }

    /// Who pays.
    pub fn paying(&self) -> Paying<'_> {
        match (self.answered.unwrap_or(self.default), self.chosen) {
            (Payer::User, _) => Paying::User,
            (Payer::Organisation, Some(chosen)) => Paying::Organisation(&self.organisations[chosen]),
            (Payer::Organisation, None) => Paying::Unclear,
        }
    }

    /// Whether there is a choice.
    pub fn is_open(&self) -> bool {
        !self.organisations.is_empty()
    }

    /// Who pays, and who could in their place: in words, with what speaks for each.
    pub fn described(&self) -> Vec<(String, &[Evidence])> {
        let shared = |o: &Organisation| format!("the {} (`{}`)", o.noun, o.name);
        let users = ("each user".to_owned(), self.evidence.as_slice());
        let all = self.organisations.iter().map(|o| (shared(o), o.evidence.as_slice()));
        let mut described: Vec<(String, &[Evidence])> = match self.paying() {
            Paying::User => std::iter::once(users).chain(all).collect(),
            Paying::Organisation(paying) => {
                let others = all.filter(|(words, _)| *words != shared(paying));
                std::iter::once((shared(paying), paying.evidence.as_slice()))
                    .chain([users])
                    .chain(others)
                    .collect()
            }
            Paying::Unclear => all.chain([users]).collect(),
        };
        for (words, _) in described.iter_mut().skip(1) {
            words.insert_str(0, "or ");
        }
        described
    }

    /// Whether a name is that of an organisation's record type, and so of no user.
    pub(super) fn is_organisation(&self, name: &str) -> bool {
        self.organisations.iter().filter_map(|o| o.record.as_ref()).any(|r| r.names.iter().any(|n| n == name))
    }

    /// The names of the organisations, for a sentence.
    pub fn names(&self) -> String {
        let names: Vec<String> = self.organisations.iter().map(|o| format!("`{}`", o.name)).collect();
        names.join(", ")
    }
}

impl Paying<'_> {
    /// Whether users share a wallet.
    pub fn is_shared(self) -> bool {
        !matches!(self, Self::User)
    }

    /// What whoever pays is called.
    pub fn noun(&self) -> &str {
        match self {
            Self::User => "user",
            Self::Organisation(organisation) => &organisation.noun,
            Self::Unclear => "organisation",
        }
    }
}

#[cfg(test)]
mod tests;
