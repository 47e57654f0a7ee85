//! What a step leaves to a person, as a value: what to do, where, and why the tool did not.
//!
//! A step says each thing once, at its place. Folding what has one cause into one entry, so that thirty places of one
//! fault are one line with thirty places, is the report's affair (`run/left.rs`).

use serde::Serialize;

/// Why something is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Nobody but the owner of the app can do it: setting a key, making a product.
    Chore,
    /// Something that was wanted could not be written.
    NotApplied,
    /// Nothing in scope names who pays, or nothing vouches for it.
    NoPayer,
    /// Whoever pays may be missing there.
    Visitors,
    /// No handler of a request was found that reaches it.
    NoHandler,
    /// The code around it has a form that nothing can be written into.
    Form,
    /// A client that costs money, and what this call of it costs is not known.
    UnknownCall,
    /// The user's own key goes first, and which of the two pays is not known where the event would be.
    OwnKey,
    /// It runs outside of the app that is integrated.
    Elsewhere,
    /// Its code was not looked into.
    Unread,
    /// It was shown and not taken.
    LeftOut,
    /// The app counts money of its own.
    OwnMoney,
}

/// The other way out where nobody is to pay. The report puts the answer's key in the place of its words.
pub const OR_SKIP: &str = ", or say `skip = true` if the app pays for it";

/// What a paid call lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lacks {
    /// A usage event.
    Event,
    /// A balance check in front of it.
    Gate,
    /// Both.
    Both,
}

impl Lacks {
    /// To follow the call's name.
    pub fn verb(self, many: bool) -> &'static str {
        match (self, many) {
            (Self::Event, false) => "is not billed",
            (Self::Event, true) => "are not billed",
            (Self::Gate, false) => "is not held back",
            (Self::Gate, true) => "are not held back",
            (Self::Both, false) => "is not billed and not held back",
            (Self::Both, true) => "are not billed and not held back",
        }
    }
}

/// The paid call that something is left of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unpaid {
    /// As written: `openai.images.generate`.
    pub call: String,
    /// Id of its site.
    pub site: String,
    /// What is not there.
    pub lacks: Lacks,
}

/// An expression that might name who pays.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Candidate {
    /// As written.
    pub expr: String,
    /// Who says so, or why nobody does.
    pub vouched: String,
}

/// Something a person has to do, with its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Todo {
    /// What to do; for a paid call the reason why it is left.
    pub text: String,
    /// Relative to the workspace's root.
    pub file: Option<String>,
    /// 1-based.
    pub line: Option<usize>,
    /// Whether something that was wanted could not be done (exit status 6), not just a chore that is always left.
    pub unmet: bool,
    /// Why.
    pub cause: Cause,
    /// The paid call it is about.
    pub unpaid: Option<Unpaid>,
    /// What the route is for that could not be added; the text is the reason then.
    pub route: Option<String>,
    /// What came into question as the payer.
    pub candidates: Vec<Candidate>,
    /// The answer of `credyt.toml` that would settle it, `KEY = VALUE`.
    pub key: Option<String>,
}

impl Todo {
    /// A chore without a place, such as setting the key on the host.
    pub fn chore(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            file: None,
            line: None,
            unmet: false,
            cause: Cause::Chore,
            unpaid: None,
            route: None,
            candidates: Vec::new(),
            key: None,
        }
    }

    /// Something that was wanted at this place and could not be done.
    pub fn unmet(text: impl Into<String>, file: impl Into<String>, line: usize) -> Self {
        Self { unmet: true, cause: Cause::NotApplied, ..Self::chore(text).at(file, line) }
    }

    /// Something that could not be done at a place: it counts as unmet when the area was asked for by name, and is a
    /// chore otherwise, because what the app needs is there without it.
    pub fn left(asked_for: bool, text: impl Into<String>, file: impl Into<String>, line: usize) -> Self {
        Self { unmet: asked_for, ..Self::unmet(text, file, line) }
    }

    /// A paid call that is not billed, or not held back. Only the first is money lost, and counts as unmet.
    pub fn unpaid(cause: Cause, unpaid: Unpaid, why: impl Into<String>) -> Self {
        let unmet = unpaid.lacks != Lacks::Gate;
        Self { unmet, cause, unpaid: Some(unpaid), ..Self::chore(why) }
    }

    /// A route that was wanted and could not be added.
    pub fn route(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { unmet: true, cause: Cause::NotApplied, route: Some(what.into()), ..Self::chore(why) }
    }

    /// The same with a place.
    #[must_use]
    pub fn at(mut self, file: impl Into<String>, line: usize) -> Self {
        self.file = Some(file.into());
        self.line = Some(line);
        self
    }

    /// The words without the place.
    pub fn said(&self) -> String {
        match (&self.unpaid, &self.route) {
            (Some(unpaid), _) => format!("`{}` {}: {}", unpaid.call, unpaid.lacks.verb(false), self.text),
            (None, Some(what)) => format!("add a route for {what}: {}", self.text),
            (None, None) => self.text.clone(),
        }
    }

    /// `file:line`, `None` without a place.
    pub fn place(&self) -> Option<String> {
        let file = self.file.as_deref()?;
        Some(self.line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}")))
    }
}

impl std::fmt::Display for Todo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(place) = self.place() {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.said())
    }
}
