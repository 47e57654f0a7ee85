//! What a step asks, as a value: the terminal, `--yes`, `--set` and `credyt.toml` answer the same question.

use crate::answers::{Key, Secret, Value};

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Where the answer is kept; also its name for `--set KEY=VALUE`.
    pub key: Key,
    /// What kind of answer.
    pub kind: QuestionKind,
    /// The question, ending in a question mark.
    pub text: String,
    /// One more line of help; empty for none.
    pub help: String,
    /// What is taken with `--yes`, and offered in the terminal; without one, `--yes` is an error that names the key.
    pub default: Option<Value>,
    /// One of many questions that differ only in what they are about: they can be shown in one list.
    pub series: Option<Series>,
}

/// Questions that are asked of several things alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// The question about all of them, the same for each.
    pub all: String,
    /// What this one is about: a few words with the place.
    pub this: String,
}

/// What kind of answer a question takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuestionKind {
    /// One of the choices, by [`Choice::value`].
    Select(Vec<Choice>),
    /// Any number of the choices.
    Multi(Vec<Choice>),
    /// Text that is not empty.
    Text,
    /// A number that is not negative.
    Number,
    /// Yes or no.
    Confirm,
    /// A Credyt API key, typed unseen; nothing typed is an answer.
    ApiKey,
}

/// One choice of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// As kept in `credyt.toml`.
    pub value: String,
    /// As shown.
    pub label: String,
}

impl Choice {
    /// A choice that is shown as it is kept.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

impl Question {
    /// One of the choices; the default is one of their values.
    pub fn select(
        key: Key,
        text: impl Into<String>,
        choices: Vec<Choice>,
        default: impl Into<String>,
    ) -> Self {
        let default = Some(Value::Text(default.into()));
        Self {
            key,
            kind: QuestionKind::Select(choices),
            text: text.into(),
            help: String::new(),
            default,
            series: None,
        }
    }

    /// Free text with a default.
    pub fn text(key: Key, text: impl Into<String>, default: impl Into<String>) -> Self {
        let default = Some(Value::Text(default.into()));
        Self { key, kind: QuestionKind::Text, text: text.into(), help: String::new(), default, series: None }
    }

    /// An amount with a default.
    pub fn number(key: Key, text: impl Into<String>, default: rust_decimal::Decimal) -> Self {
        let default = Some(Value::Number(default));
        Self {
            key,
            kind: QuestionKind::Number,
            text: text.into(),
            help: String::new(),
            default,
            series: None,
        }
    }

    /// Yes or no.
    pub fn confirm(key: Key, text: impl Into<String>, default: bool) -> Self {
        let default = Some(Value::Flag(default));
        Self {
            key,
            kind: QuestionKind::Confirm,
            text: text.into(),
            help: String::new(),
            default,
            series: None,
        }
    }

    /// What balances are counted in; asked by whichever step needs it first.
    pub fn asset() -> Self {
        Self::text(Key::top("asset"), "Which asset are balances counted in?", "USD")
            .help("A currency such as USD, or the code of a custom asset such as CREDITS.")
    }

    /// An API key, for this run only.
    pub fn api_key(text: impl Into<String>) -> Self {
        Self {
            key: Key::api_key(),
            kind: QuestionKind::ApiKey,
            text: text.into(),
            help: String::new(),
            default: Some(Value::Secret(Secret::default())),
            series: None,
        }
    }

    /// The same with a line of help.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// The same as one of a series.
    #[must_use]
    pub fn of(mut self, all: impl Into<String>, this: impl Into<String>) -> Self {
        self.series = Some(Series { all: all.into(), this: this.into() });
        self
    }

    /// The same without a default: it must be answered.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.default = None;
        self
    }
}
