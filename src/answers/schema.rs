//! Which keys `credyt.toml` has and what each takes: one table, read by the parser, by `--set` and by error messages.

use super::{AnswersError, Key, Value};
use crate::steps::Area;
use crate::unseen::is_unseen;

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text that is not empty, on one line, without characters that are not seen.
    Text,
    /// A number that is not negative.
    Amount,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list of area names.
    Areas,
}

impl Kind {
    /// In words, after "must be".
    pub fn expected(self) -> String {
        match self {
            Self::Text => {
                "text on one line that is not empty and has no hidden characters, in quotes".to_owned()
            }
            Self::Amount => "a number that is not negative, such as 0.01".to_owned(),
            Self::Flag => "`true` or `false`".to_owned(),
            Self::OneOf(words) => words.iter().map(|w| format!("`\"{w}\"`")).collect::<Vec<_>>().join(" or "),
            Self::Areas => {
                let ids = Area::ALL.map(|area| format!("`{}`", area.id()));
                format!("a list of areas out of {}", ids.join(", "))
            }
        }
    }
}

const TOP: &[(&str, Kind)] = &[
    ("areas", Kind::Areas),
    ("product", Kind::Text),
    ("asset", Kind::Text),
    ("client", Kind::OneOf(&["sdk", "http"])),
    ("on_unavailable", Kind::OneOf(&["allow", "block"])),
    ("recurring_fee", Kind::Flag),
    ("store_customer_id", Kind::Flag),
    ("payer", Kind::OneOf(&["user", "organisation"])),
    ("organisation", Kind::Text),
];

const EVENT: &[(&str, Kind)] = &[
    ("event_type", Kind::Text),
    ("estimate", Kind::Amount),
    ("vendor", Kind::Text),
    ("unit", Kind::Text),
    ("skip", Kind::Flag),
    ("sign_in", Kind::Flag),
];

/// Tables whose next key is a site's id: the name, and whether a table of answers follows.
const TABLES: &[&str] = &["events", "sites"];

/// What a key takes, `None` when there is no such key. `version` is the document's own affair.
pub(super) fn kind_of(key: &[String]) -> Option<Kind> {
    let parts: Vec<&str> = key.iter().map(String::as_str).collect();
    let find = |table: &[(&str, Kind)], name: &str| table.iter().find(|(n, _)| *n == name).map(|(_, k)| *k);
    match parts.as_slice() {
        ["events", _, name] => find(EVENT, name),
        ["sites", _] => Some(Kind::Flag),
        [name] => find(TOP, name),
        _ => None,
    }
}

/// Whether a key is a table on the way to an answer.
pub(super) fn is_table(key: &[String]) -> bool {
    let parts: Vec<&str> = key.iter().map(String::as_str).collect();
    match parts.as_slice() {
        [name] => TABLES.contains(name),
        ["events", _] => true,
        _ => false,
    }
}

/// The known key most like this one, for a hint.
pub(super) fn nearest(key: &[String]) -> Option<String> {
    let (candidates, name): (Vec<&str>, &str) = match key {
        [name] => (TOP.iter().map(|(n, _)| *n).chain(TABLES.iter().copied()).collect(), name),
        [table, _, name] if table == "events" => (EVENT.iter().map(|(n, _)| *n).collect(), name),
        _ => return None,
    };
    closest(name, candidates).map(str::to_owned)
}

/// Every top-level key, for a hint.
pub(super) fn names() -> String {
    let keys = TOP.iter().map(|(name, _)| *name).chain(["version"]).chain(TABLES.iter().copied());
    keys.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Why a value was refused.
pub(super) enum Problem {
    Unknown,
    Expected(Kind),
}

impl Problem {
    pub(super) fn at(&self, file: &str, line: usize, key: &Key) -> AnswersError {
        let file = file.to_owned();
        match self {
            Self::Unknown => {
                AnswersError::UnknownKey { file, line, key: key.to_string(), nearest: nearest(key.parts()) }
            }
            Self::Expected(kind) => {
                AnswersError::BadValue { file, line, key: key.to_string(), expected: kind.expected() }
            }
        }
    }
}

/// The value as the key keeps it, or why it does not fit.
pub(super) fn check(key: &Key, value: Value) -> Result<Value, Problem> {
    let kind = kind_of(key.parts()).ok_or(Problem::Unknown)?;
    let fits = match (&value, kind) {
        (Value::Text(text), Kind::Text) => is_shown_as_it_is(text),
        (Value::Text(text), Kind::OneOf(words)) => words.contains(&text.as_str()),
        (Value::Number(number), Kind::Amount) => !number.is_sign_negative(),
        (Value::Flag(_), Kind::Flag) => true,
        (Value::List(ids), Kind::Areas) => ids.iter().all(|id| Area::parse(id).is_some()),
        _ => false,
    };
    if fits { Ok(value) } else { Err(Problem::Expected(kind)) }
}

/// Whether a text reads on a screen, and in code, as what it is.
fn is_shown_as_it_is(text: &str) -> bool {
    !text.trim().is_empty() && !text.chars().any(|c| c.is_control() || is_unseen(c))
}

/// The candidate that is fewest edits away, `None` when none is near.
pub(crate) fn closest<'c>(name: &str, candidates: Vec<&'c str>) -> Option<&'c str> {
    let limit = (name.chars().count() / 3).max(1);
    let measured = candidates.into_iter().map(|candidate| (distance(name, candidate), candidate));
    measured.filter(|(d, _)| *d <= limit).min().map(|(_, candidate)| candidate)
}

/// Levenshtein distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, cb) in row.iter_mut().skip(1).zip(b.chars()) {
            let next = (*cell + 1).min(left + 1).min(diagonal + usize::from(ca != cb));
            diagonal = std::mem::replace(cell, next);
            left = next;
        }
        row[0] = i + 1;
    }
    row.last().copied().unwrap_or_default()
}
