//! Checking a JSON document against the API's types, with the path of every fault.
//!
//! `serde` stops at its first fault and does not say where it is; the API's validation problem is a map from field path to
//! messages. So each wire type is declared once with [`api_object!`] or [`api_enum!`], which derive serde's two
//! halves *and* [`Shape`], the walk that collects all faults with paths such as `events[0].costs[1].amount`. A document
//! without faults deserializes.
//!
//! Fields nobody reads are no fault (the service ignores them) but are noted with the nearest known name, because
//! `externalId` for `external_id` is the mistake that otherwise goes unseen.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::Amount;

/// A type of the wire format that can say what is wrong with a document.
pub trait Shape {
    /// Whether an object that has a field of this type must contain it.
    const REQUIRED: bool = true;

    /// Records every fault of `value` at the current path.
    fn check(value: &Value, at: &mut Check);

    /// Whether a field of this type is left out when written.
    fn absent(&self) -> bool {
        false
    }
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Field path to messages; empty means the document is acceptable.
    pub errors: BTreeMap<String, Vec<String>>,
    /// What is accepted but is probably a mistake.
    pub notes: Vec<String>,
}

/// A walk over a document: where it is, and what it found so far.
#[derive(Debug, Default)]
pub struct Check {
    path: String,
    findings: Findings,
}

impl Check {
    /// Checks a whole document as a `T`.
    pub fn document<T: Shape>(value: &Value) -> Findings {
        let mut check = Self::default();
        T::check(value, &mut check);
        check.findings
    }

    /// Records a fault at the current path.
    pub fn fault(&mut self, message: impl Into<String>) {
        self.findings.errors.entry(self.path.clone()).or_default().push(message.into());
    }

    /// Records something accepted but doubtful.
    pub fn note(&mut self, message: String) {
        self.findings.notes.push(message);
    }

    /// Runs `inner` one field further down.
    pub fn in_field(&mut self, name: &str, inner: impl FnOnce(&mut Self)) {
        let before = self.path.len();
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(name);
        inner(self);
        self.path.truncate(before);
    }

    /// Runs `inner` on one element of a list.
    pub fn in_item(&mut self, index: usize, inner: impl FnOnce(&mut Self)) {
        let before = self.path.len();
        write!(self.path, "[{index}]").expect("writing to a String cannot fail");
        inner(self);
        self.path.truncate(before);
    }

    /// The members of `value` if it is an object; else a fault. Members not in `known` are noted.
    pub fn object<'v>(&mut self, value: &'v Value, known: &[&str]) -> Option<&'v Map<String, Value>> {
        let Value::Object(members) = value else {
            self.fault(format!("Expected an object, found {}.", kind_of(value)));
            return None;
        };
        for name in members.keys().filter(|name| !known.contains(&name.as_str())) {
            let place = if self.path.is_empty() { String::new() } else { format!(" in `{}`", self.path) };
            let hint = nearest(name, known.iter().copied())
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            self.note(format!("unknown field `{name}`{place} was ignored{hint}"));
        }
        Some(members)
    }

    /// Checks one member of an object as a `T`.
    pub fn member<T: Shape>(&mut self, members: &Map<String, Value>, name: &str) {
        self.in_field(name, |at| match members.get(name) {
            // The API treats null as missing.
            None | Some(Value::Null) if T::REQUIRED => at.fault("This field is required."),
            None | Some(Value::Null) => {}
            Some(value) => T::check(value, at),
        });
    }
}

/// The known name that `name` was probably meant to be: equal apart from case and separators, or a few letters off.
pub fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let plain = |text: &str| {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<Vec<_>>()
    };
    let wanted = plain(name);
    known
        .map(|candidate| (distance(&wanted, &plain(candidate)), candidate))
        .filter(|(off, candidate)| *off <= wanted.len().max(candidate.len()) * 2 / 5)
        .min_by_key(|(off, candidate)| (*off, *candidate))
        .map(|(_, candidate)| candidate)
}

/// Edit distance, in rows.
fn distance(a: &[char], b: &[char]) -> usize {
    // Names are short; a longer one is not a misspelling, and the work stays bounded.
    if a.len().max(b.len()) > 200 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let cost = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

impl Shape for String {
    fn check(value: &Value, at: &mut Check) {
        match value {
            Value::String(_) => {}
            other => at.fault(format!("Expected text, found {}.", kind_of(other))),
        }
    }
}

impl Shape for bool {
    fn check(value: &Value, at: &mut Check) {
        if !value.is_boolean() {
            at.fault(format!("Expected true or false, found {}.", kind_of(value)));
        }
    }
}

impl Shape for u32 {
    fn check(value: &Value, at: &mut Check) {
        if value.as_u64().is_none_or(|n| Self::try_from(n).is_err()) {
            at.fault(format!("Expected a whole number, found {}.", describe(value)));
        }
    }
}

impl Shape for i64 {
    fn check(value: &Value, at: &mut Check) {
        if value.as_i64().is_none() {
            at.fault(format!("Expected a whole number, found {}.", describe(value)));
        }
    }
}

impl Shape for Amount {
    fn check(value: &Value, at: &mut Check) {
        match value {
            Value::Number(number) => {
                if let Err(error) = number.to_string().parse::<Self>() {
                    at.fault(format!("The number {error}."));
                }
            }
            Value::String(_) => {
                at.fault("Expected a number, found text; amounts are JSON numbers in major units.");
            }
            other => at.fault(format!("Expected a number, found {}.", kind_of(other))),
        }
    }
}

impl Shape for jiff::Timestamp {
    fn check(value: &Value, at: &mut Check) {
        match value {
            Value::String(text) if text.parse::<Self>().is_ok() => {}
            Value::String(text) => {
                let shown: String = text.chars().take(40).collect();
                at.fault(format!(
                    "`{shown}` is not an RFC 3339 time with an offset, such as 2026-05-01T10:00:00Z."
                ));
            }
            other => at.fault(format!("Expected an RFC 3339 time, found {}.", kind_of(other))),
        }
    }
}

impl<T: Shape> Shape for Option<T> {
    const REQUIRED: bool = false;

    fn check(value: &Value, at: &mut Check) {
        if !value.is_null() {
            T::check(value, at);
        }
    }

    fn absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Shape> Shape for Vec<T> {
    fn check(value: &Value, at: &mut Check) {
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    at.in_item(index, |at| T::check(item, at));
                }
            }
            other => at.fault(format!("Expected a list, found {}.", kind_of(other))),
        }
    }
}

impl<T: Shape> Shape for BTreeMap<String, T> {
    fn check(value: &Value, at: &mut Check) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    at.in_field(name, |at| T::check(member, at));
                }
            }
            other => at.fault(format!("Expected an object, found {}.", kind_of(other))),
        }
    }
}

impl Shape for Value {
    fn check(_value: &Value, _at: &mut Check) {}
}

/// A value as a message shows it: numbers by themselves, the rest by kind.
pub(crate) fn describe(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        other => kind_of(other).to_owned(),
    }
}

/// The wire's name of a Rust field: `r#type` is `type`.
pub(crate) fn wire_name(field: &'static str) -> &'static str {
    field.strip_prefix("r#").unwrap_or(field)
}

/// Declares wire objects: the struct, serde's two halves, and its [`Shape`]. `Option` fields are optional and left out
/// when absent; all others are required.
macro_rules! api_object {
    ($( $(#[$meta:meta])* $vis:vis struct $name:ident { $( $(#[$note:meta])* $fvis:vis $field:ident : $type:ty ),* $(,)? } )+) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        $vis struct $name {
            $( $(#[$note])* #[serde(skip_serializing_if = "crate::credyt::Shape::absent")] $fvis $field: $type, )*
        }

        impl crate::credyt::Shape for $name {
            fn check(value: &serde_json::Value, at: &mut crate::credyt::Check) {
                let fields = [$( crate::credyt::shape::wire_name(stringify!($field)) ),*];
                if let Some(members) = at.object(value, &fields) {
                    $( at.member::<$type>(members, crate::credyt::shape::wire_name(stringify!($field))); )*
                }
            }
        }
    )+};
}

/// Declares a closed set of words: the enum, serde's two halves, its [`Shape`] and its text.
macro_rules! api_enum {
    ($( $(#[$meta:meta])* pub enum $name:ident { $( $(#[$note:meta])* $variant:ident = $word:literal ),+ $(,)? } )+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $( $(#[$note])* #[serde(rename = $word)] $variant ),+ }

        impl $name {
            /// Every word, in the order of the API's description.
            pub const WORDS: &'static [&'static str] = &[$( $word ),+];

            /// The word on the wire.
            pub fn word(self) -> &'static str {
                match self { $( Self::$variant => $word ),+ }
            }
        }

        impl crate::credyt::Shape for $name {
            fn check(value: &serde_json::Value, at: &mut crate::credyt::Check) {
                if !value.as_str().is_some_and(|word| Self::WORDS.contains(&word)) {
                    at.fault(format!("Expected one of {}.", Self::WORDS.join(", ")));
                }
            }
        }
    )+};
}

pub(crate) use {api_enum, api_object};

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::credyt::types::{CreateCustomerRequest, UsageRequest};

    #[test]
    fn every_fault_has_its_path() {
        let found = Check::document::<UsageRequest>(&json!({
            "customer_id": 7,
            "events": [
                {"id": "a", "event_type": "x", "occurred_at": "yesterday"},
                {"event_type": "x", "occurred_at": "2026-05-01T10:00:00Z", "data": {"deep": {"er": 1}},
                 "costs": [{"id": "c", "amount": "0.5"}]},
            ],
        }));
        let paths: Vec<&str> = found.errors.keys().map(String::as_str).collect();
        assert_eq!(
            paths,
            [
                "customer_id",
                "events[0].occurred_at",
                "events[1].costs[0].amount",
                "events[1].data.deep",
                "events[1].id"
            ]
        );
    }

    #[test]
    fn unknown_fields_are_noted_with_the_nearest_name() {
        let found = Check::document::<CreateCustomerRequest>(
            &json!({"name": "Ada", "externalId": "7", "email": null}),
        );
        assert!(found.errors.is_empty());
        assert_eq!(found.notes, ["unknown field `externalId` was ignored; did you mean `external_id`?"]);
    }

    #[test]
    fn nearest_finds_misspellings_and_nothing_else() {
        let known = || ["image_generated", "completion_finished"].into_iter();
        assert_eq!(nearest("imageGenerated", known()), Some("image_generated"));
        assert_eq!(nearest("image_genrated", known()), Some("image_generated"));
        assert_eq!(nearest("page_viewed", known()), None);
    }
}
