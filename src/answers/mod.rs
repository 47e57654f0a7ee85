//! `credyt.toml`: the choices made for one app, kept beside it.
//!
//! In: the file's text, or nothing. Out: typed answers with the documented defaults, and the same text again with only
//! the lines of new answers added, so comments and order survive and a review of the file is a review of the choices.
//!
//! A key nobody knows is an error with its line: a misspelt answer must not silently become a default. The file never
//! holds a secret; there is no key for one.

mod document;
mod key;
mod schema;
mod secret;

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;

pub use key::Key;
pub use schema::Kind;
pub(crate) use schema::closest;
pub use secret::Secret;

use crate::steps::Area;

/// The file's name, at the app's root.
pub const FILE_NAME: &str = "credyt.toml";

/// What is wrong with a `credyt.toml` or with an answer given on the command line.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AnswersError {
    /// Not TOML.
    #[error("`{file}` is not valid TOML: {message} (line {line})")]
    Syntax {
        /// The file.
        file: String,
        /// 1-based.
        line: usize,
        /// What the parser expected.
        message: String,
    },
    /// A key that means nothing.
    #[error("unknown key `{key}` in `{file}` (line {line})")]
    UnknownKey {
        /// The file.
        file: String,
        /// 1-based.
        line: usize,
        /// As written.
        key: String,
        /// The nearest key there is.
        nearest: Option<String>,
    },
    /// The value does not fit the key.
    #[error("`{key}` in `{file}` must be {expected} (line {line})")]
    BadValue {
        /// The file.
        file: String,
        /// 1-based.
        line: usize,
        /// The key.
        key: String,
        /// What it takes, in words.
        expected: String,
    },
    /// The file was written by a later version of the tool.
    #[error("`{file}` has version {found}, and this build knows version 1")]
    Version {
        /// The file.
        file: String,
        /// As written.
        found: String,
    },
}

impl AnswersError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::UnknownKey { nearest: Some(nearest), .. } => format!("a similar key exists: `{nearest}`"),
            Self::UnknownKey { .. } => format!("the keys are {}", schema::names()),
            Self::Syntax { .. } | Self::BadValue { .. } => {
                "correct the line, or delete it to be asked again".to_owned()
            }
            Self::Version { .. } => "use the version of `credyt-integrate` that wrote it".to_owned(),
        }
    }
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text, or one of a question's choices.
    Text(String),
    /// An exact number, with the digits as written.
    Number(Decimal),
    /// Yes or no.
    Flag(bool),
    /// Several of a question's choices.
    List(Vec<String>),
    /// Kept for the time of the run only.
    Secret(Secret),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::Flag(flag) => f.write_str(if *flag { "yes" } else { "no" }),
            Self::List(items) => f.write_str(&items.join(", ")),
            Self::Secret(_) => f.write_str("…"),
        }
    }
}

/// How the generated client reaches Credyt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientStyle {
    /// The official package, where there is one.
    Sdk,
    /// Plain HTTP with what the app has.
    Http,
}

/// What a paid action does while Credyt cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnUnavailable {
    /// It runs, and the event is sent later or lost.
    Allow,
    /// It is refused.
    Block,
}

/// Who has the wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Payer {
    /// Each user has one.
    User,
    /// The users of an organisation share one.
    Organisation,
}

impl Payer {
    /// As `credyt.toml` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Organisation => "organisation",
        }
    }
}

/// What was said about who pays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PayerAnswer {
    /// `None` when nobody said.
    pub who: Option<Payer>,
    /// The record type of the organisation, for apps in which several could be it.
    pub organisation: Option<String>,
}

/// Answers about one paid call; `None` where nobody said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventAnswers {
    /// The event type that Credyt matches against the product's prices.
    pub event_type: Option<String>,
    /// Amount that must be available before the call, in the product's asset.
    pub estimate: Option<Decimal>,
    /// External id of the vendor whose bill the call grows.
    pub vendor: Option<String>,
    /// What one call makes, for a price by unit.
    pub unit: Option<String>,
    /// `true` leaves the call unbilled, `false` bills it although it was not preselected.
    pub skip: Option<bool>,
    /// Whether only signed-in users may reach the call: they are read, and others turned away, where no code does so yet.
    pub sign_in: Option<bool>,
}

/// The answers of one app.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    text: String,
    values: BTreeMap<Key, Value>,
}

impl Answers {
    /// Reads the text of a `credyt.toml`; `file` is how messages name it.
    pub fn parse(file: &str, text: &str) -> Result<Self, AnswersError> {
        Ok(Self { text: text.to_owned(), values: document::read(file, text)? })
    }

    /// The file's text with every answer in it; empty when there is none.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The answer to a key, if it was given.
    pub fn get(&self, key: &Key) -> Option<&Value> {
        self.values.get(key)
    }

    /// Adds or replaces one answer. Everything else in the text stays as it is; a secret never gets there.
    pub fn set(&mut self, key: &Key, value: Value) -> Result<(), AnswersError> {
        if *key == Key::api_key() && matches!(value, Value::Secret(_)) {
            self.values.insert(key.clone(), value);
            return Ok(());
        }
        let value = schema::check(key, value).map_err(|problem| problem.at(FILE_NAME, 1, key))?;
        if self.values.get(key) != Some(&value) {
            self.text = document::write(&self.text, key, &value);
            self.values.insert(key.clone(), value);
        }
        Ok(())
    }

    /// Adds one answer as given on the command line, `KEY=VALUE`, the value in TOML or as bare text.
    pub fn set_argument(&mut self, argument: &str) -> Result<(), AnswersError> {
        let (key, value) = document::argument(argument)?;
        self.set(&key, value)
    }

    /// The API key that was typed in this run.
    pub fn api_key(&self) -> Option<&str> {
        match self.values.get(&Key::api_key()) {
            Some(Value::Secret(secret)) => secret.reveal(),
            _ => None,
        }
    }

    /// Product code customers are subscribed to. Default `default_plan`.
    pub fn product(&self) -> &str {
        self.text_of("product").unwrap_or("default_plan")
    }

    /// Whether the product has a recurring fee, which is paid on a page of Credyt before the subscription is active.
    /// Default no.
    pub fn recurring_fee(&self) -> bool {
        self.flag_of(&Key::top("recurring_fee")) == Some(true)
    }

    /// Asset the wallet is counted in. Default `USD`.
    pub fn asset(&self) -> &str {
        self.text_of("asset").unwrap_or("USD")
    }

    /// Default [`ClientStyle::Sdk`].
    pub fn client(&self) -> ClientStyle {
        match self.text_of("client") {
            Some("http") => ClientStyle::Http,
            _ => ClientStyle::Sdk,
        }
    }

    /// Default [`OnUnavailable::Allow`].
    pub fn on_unavailable(&self) -> OnUnavailable {
        match self.text_of("on_unavailable") {
            Some("block") => OnUnavailable::Block,
            _ => OnUnavailable::Allow,
        }
    }

    /// Whether the customer's id is kept beside the user; `None` when nobody said.
    pub fn store_customer_id(&self) -> Option<bool> {
        self.flag_of(&Key::top("store_customer_id"))
    }

    /// Who pays, as far as somebody said.
    pub fn payer(&self) -> PayerAnswer {
        let who = match self.text_of("payer") {
            Some("user") => Some(Payer::User),
            Some("organisation") => Some(Payer::Organisation),
            _ => None,
        };
        PayerAnswer { who, organisation: self.text_of("organisation").map(str::to_owned) }
    }

    /// Whether an answer makes an area worth having that is no part of an ordinary run.
    pub fn gives_reason_for(&self, area: Area) -> bool {
        area == Area::Webhook && self.recurring_fee()
    }

    /// The areas wanted, `None` for all.
    pub fn areas(&self) -> Option<Vec<Area>> {
        match self.values.get(&Key::top("areas")) {
            Some(Value::List(ids)) => Some(ids.iter().filter_map(|id| Area::parse(id)).collect()),
            _ => None,
        }
    }

    /// What was said about one paid call, by its site's id without `billable:` (`<file>#<symbol>:<n>`).
    pub fn event(&self, site: &str) -> EventAnswers {
        let get = |name| self.values.get(&Key::event(site, name));
        let text = |name| match get(name) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        EventAnswers {
            event_type: text("event_type"),
            estimate: match get("estimate") {
                Some(Value::Number(number)) => Some(*number),
                _ => None,
            },
            vendor: text("vendor"),
            unit: text("unit"),
            skip: self.flag_of(&Key::event(site, "skip")),
            sign_in: self.flag_of(&Key::event(site, "sign_in")),
        }
    }

    /// Every event type that a paid call sends, each once, sorted; not those of calls that are left unbilled.
    pub fn event_types(&self) -> Vec<String> {
        let types = self.values.iter().filter_map(|(key, value)| match (key.parts(), value) {
            ([events, site, name], Value::Text(text)) if events == "events" && name == "event_type" => {
                (self.event(site).skip != Some(true)).then(|| text.clone())
            }
            _ => None,
        });
        types.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    }

    /// Whether a site is to be used: what the user said, `None` where nobody did. `id` is the site's whole id.
    pub fn site(&self, id: &str) -> Option<bool> {
        match id.strip_prefix("billable:") {
            Some(event) => self.flag_of(&Key::event(event, "skip")).map(|skip| !skip),
            None => self.flag_of(&Key::site(id)),
        }
    }

    /// Remembers whether a site is to be used.
    pub fn set_site(&mut self, id: &str, used: bool) -> Result<(), AnswersError> {
        match id.strip_prefix("billable:") {
            Some(event) => self.set(&Key::event(event, "skip"), Value::Flag(!used)),
            None => self.set(&Key::site(id), Value::Flag(used)),
        }
    }

    fn text_of(&self, key: &str) -> Option<&str> {
        match self.values.get(&Key::top(key)) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn flag_of(&self, key: &Key) -> Option<bool> {
        match self.values.get(key) {
            Some(Value::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
