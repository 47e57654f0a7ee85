//! The prompts themselves: one key where a key is enough, dialoguer's inputs elsewhere ([`lists`] has its lists).
//!
//! All are asked on stderr. Ctrl-C at any of them ends the run as "stopped by the user" with the cursor shown again.

use console::{Key, Term};
use dialoguer::{Input, Password};
use rust_decimal::Decimal;

use super::lists;
use super::screen::Screen;
use super::text::{Label, Text, printable};
use crate::answers::{Secret, Value};
use crate::credyt::{Environment, key_environment};
use crate::run::RunError;
use crate::steps::{Choice, Question, QuestionKind};

/// The key that Enter stands for.
const YES: char = 'y';

/// One key of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyChoice<T> {
    pub(super) key: char,
    /// The word, with the key as its first letter where it can be.
    pub(super) word: &'static str,
    /// What it does, for `?`.
    pub(super) help: &'static str,
    pub(super) value: T,
}

/// Asks for one key until it is one of the choices; `?` explains them. Enter is a yes where there is one, as at every other
/// question that offers something; nothing is written by a yes alone.
pub(super) fn key<T: Copy>(
    screen: &mut Screen,
    term: &Term,
    question: &str,
    choices: &[KeyChoice<T>],
) -> Result<T, RunError> {
    loop {
        let mut line = Text::new().with(Label::Heading, question);
        for choice in choices {
            let rest = choice.word.strip_prefix(choice.key).unwrap_or(choice.word);
            let gap = if rest == choice.word { " " } else { "" };
            line = line.plain("  ").with(Label::Key, &format!("[{}]", choice.key)).plain(gap).plain(rest);
        }
        line = line.plain("  ").with(Label::Key, "[?]");
        let lines = line.wrapped(screen.width(), 2);
        for (index, part) in lines.iter().enumerate() {
            if index + 1 < lines.len() {
                screen.say(part.clone());
            } else {
                screen.prompt(&part.clone().plain(" "));
            }
        }
        let pressed = read(term)?;
        let pressed = match pressed {
            Some('\n' | '\r') => Some(YES),
            other => other,
        };
        if let Some(choice) = choices.iter().find(|choice| pressed == Some(choice.key)) {
            screen.say(Text::new().with(Label::Literal, choice.word));
            return Ok(choice.value);
        }
        screen.say("");
        for choice in choices {
            let key = Text::new().plain("  ").with(Label::Key, &choice.key.to_string());
            let enter = if choice.key == YES { " (also Enter)" } else { "" };
            screen.say_indented(5, key.plain("  ").plain(&format!("{}{enter}", choice.help)));
        }
    }
}

/// The next key as a small letter; `None` for keys that are none. Ctrl-C and Ctrl-D stop the run.
fn read(term: &Term) -> Result<Option<char>, RunError> {
    match term.read_key() {
        Ok(Key::Char('\u{4}') | Key::CtrlC) => Err(RunError::Stopped),
        Ok(Key::Char(c)) => Ok(Some(c.to_ascii_lowercase())),
        Ok(Key::Enter) => Ok(Some('\n')),
        Ok(Key::Escape) => Ok(Some('\u{1b}')),
        Ok(_) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Yes or no; Enter takes the one in capitals.
pub(super) fn confirm(screen: &mut Screen, term: &Term, text: &str, default: bool) -> Result<bool, RunError> {
    let hint = if default { "(Y/n)" } else { "(y/N)" };
    let line = Text::new().with(Label::Heading, text).plain(" ").muted(hint).plain(" ");
    let lines = line.wrapped(screen.width(), 2);
    for (index, part) in lines.iter().enumerate() {
        if index + 1 < lines.len() {
            screen.say(part.clone());
        } else {
            screen.prompt(&part.clone().plain(" "));
        }
    }
    loop {
        let answer = match read(term)? {
            Some('y') => true,
            Some('n') => false,
            Some('\n' | '\r') => default,
            Some('\u{1b}') => return Err(RunError::Stopped),
            _ => continue,
        };
        screen.say(Text::new().with(Label::Literal, if answer { "yes" } else { "no" }));
        return Ok(answer);
    }
}

/// The answer to a step's question.
pub(super) fn question(screen: &mut Screen, term: &Term, question: &Question) -> Result<Value, RunError> {
    if !question.help.is_empty() {
        screen.say_indented(2, Text::new().muted("  ").then(Text::new().muted(&question.help)));
    }
    match &question.kind {
        QuestionKind::Select(choices) => {
            let labels: Vec<String> = choices.iter().map(|choice| choice.label.clone()).collect();
            let index = lists::select(term, &question.text, &labels, default_index(choices, question))?;
            Ok(Value::Text(choices.get(index).map(|choice| choice.value.clone()).unwrap_or_default()))
        }
        QuestionKind::Multi(choices) => {
            let on = |choice: &Choice| match &question.default {
                Some(Value::List(values)) => values.contains(&choice.value),
                _ => true,
            };
            let items: Vec<(String, bool)> = choices.iter().map(|c| (c.label.clone(), on(c))).collect();
            let picked = lists::multi(term, &question.text, &items)?.ok_or(RunError::Stopped)?;
            let values: Vec<String> =
                picked.iter().filter_map(|i| choices.get(*i)).map(|choice| choice.value.clone()).collect();
            screen.say(
                Text::new()
                    .with(Label::Success, "✓")
                    .plain(&format!(" {} ", question.text))
                    .with(Label::Literal, &values.join(", ")),
            );
            Ok(Value::List(values))
        }
        QuestionKind::Text => {
            let fine = |text: &String| {
                if text.trim().is_empty() { Err("an answer is needed") } else { Ok(()) }
            };
            Ok(Value::Text(typed(term, question, fine)?))
        }
        QuestionKind::Number => {
            let text = typed(term, question, |text| match text.trim().parse::<Decimal>() {
                Ok(number) if !number.is_sign_negative() => Ok(()),
                _ => Err("a number that is not negative, such as 0.01"),
            })?;
            // The prompt has accepted it as a number.
            Ok(Value::Number(text.parse().unwrap_or_default()))
        }
        QuestionKind::ApiKey => {
            let theme = lists::theme();
            let input = Password::with_theme(&theme)
                .with_prompt(printable(&question.text))
                .allow_empty_password(true)
                .validate_with(|typed: &String| api_key_problem(typed.trim()).map_or(Ok(()), Err));
            Ok(Value::Secret(Secret::new(&lists::tidy(term, input.interact_on(term))?)))
        }
        QuestionKind::Confirm => {
            let default = matches!(question.default, Some(Value::Flag(true)));
            Ok(Value::Flag(confirm(screen, term, &question.text, default)?))
        }
    }
}

/// A typed line, or the default. A default that cannot be shown as it is, is not offered.
fn typed(
    term: &Term,
    question: &Question,
    fine: impl Fn(&String) -> Result<(), &'static str>,
) -> Result<String, RunError> {
    let theme = lists::theme();
    let mut input = Input::<String>::with_theme(&theme).with_prompt(printable(&question.text));
    let default = question.default.as_ref().map(ToString::to_string);
    if let Some(default) = default.filter(|default| printable(default) == *default) {
        input = input.default(default);
    }
    let shown_as_it_is = |text: &String| {
        if printable(text) == *text { fine(text) } else { Err("it has characters that are not seen") }
    };
    let text = lists::tidy(term, input.validate_with(shown_as_it_is).interact_text_on(term))?;
    Ok(text.trim().to_owned())
}

/// Why a typed key is not taken. Nothing is: the key can be added later.
fn api_key_problem(typed: &str) -> Option<&'static str> {
    if typed.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Some("a key has no spaces; paste it alone")
    } else if key_environment(typed) == Environment::Live {
        Some("this is a live key, which belongs into the secrets of your host; paste a test key")
    } else {
        None
    }
}

fn default_index(choices: &[Choice], question: &Question) -> usize {
    let default = match &question.default {
        Some(Value::Text(value)) => choices.iter().position(|choice| choice.value == *value),
        _ => None,
    };
    default.unwrap_or(0)
}
