//! The prompts themselves: one key where a key is enough, dialoguer's lists and inputs elsewhere.
//!
//! All are asked on stderr. Ctrl-C at any of them ends the run as "stopped by the user" with the cursor shown again.

use console::{Key, Term};
use dialoguer::theme::ColorfulTheme;
use dialoguer::{Confirm, Input, MultiSelect, Password, Select};
use rust_decimal::Decimal;

use super::screen::Screen;
use super::text::{Label, Text};
use crate::answers::{Secret, Value};
use crate::credyt::{Environment, key_environment};
use crate::run::RunError;
use crate::steps::{Choice, Question, QuestionKind};

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

/// Asks for one key until it is one of the choices; `?` explains them.
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
        if let Some(choice) = choices.iter().find(|choice| pressed == Some(choice.key)) {
            screen.say(Text::new().with(Label::Literal, choice.word));
            return Ok(choice.value);
        }
        screen.say("");
        for choice in choices {
            let key = Text::new().plain("  ").with(Label::Key, &choice.key.to_string());
            screen.say_indented(5, key.plain("  ").plain(choice.help));
        }
    }
}

/// The next key as a small letter; `None` for keys that are none. Ctrl-C and Ctrl-D stop the run.
fn read(term: &Term) -> Result<Option<char>, RunError> {
    match term.read_key() {
        Ok(Key::Char('\u{4}') | Key::CtrlC) => Err(RunError::Stopped),
        Ok(Key::Char(c)) => Ok(Some(c.to_ascii_lowercase())),
        Ok(Key::Enter) => Ok(Some('\n')),
        Ok(_) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The look of dialoguer's prompts.
pub(super) fn theme() -> ColorfulTheme {
    let plain = || console::Style::new().for_stderr();
    ColorfulTheme {
        prompt_prefix: console::style("?".to_owned()).for_stderr().cyan().bold(),
        prompt_suffix: console::style(String::new()).for_stderr(),
        success_prefix: console::style("✓".to_owned()).for_stderr().green().bold(),
        success_suffix: console::style("·".to_owned()).for_stderr().dim(),
        active_item_prefix: console::style(">".to_owned()).for_stderr().cyan().bold(),
        active_item_style: plain().cyan(),
        checked_item_prefix: console::style("  [x]".to_owned()).for_stderr().green(),
        unchecked_item_prefix: console::style("  [ ]".to_owned()).for_stderr(),
        values_style: plain().cyan(),
        ..ColorfulTheme::default()
    }
}

/// Shows the cursor again whatever happened: dialoguer hides it and a Ctrl-C leaves it hidden.
fn tidy<T>(term: &Term, result: dialoguer::Result<T>) -> Result<T, RunError> {
    if result.is_err() {
        drop(term.show_cursor());
    }
    Ok(result?)
}

/// The labels cut to the terminal's width: dialoguer counts lines, and a wrapped one is two.
fn fitting<'l>(term: &Term, labels: impl Iterator<Item = &'l String>) -> Vec<String> {
    let room = usize::from(term.size().1).saturating_sub(8).max(20);
    labels.map(|label| console::truncate_str(label, room, "…").into_owned()).collect()
}

/// Which of some lines; Escape stops.
pub(super) fn select(term: &Term, text: &str, items: &[String], default: usize) -> Result<usize, RunError> {
    let theme = theme();
    let items = fitting(term, items.iter());
    let prompt = Select::with_theme(&theme).with_prompt(text).items(items).default(default).report(true);
    tidy(term, prompt.interact_on_opt(term))?.ok_or(RunError::Stopped)
}

/// One of some lines, for a look at it; `None` on Escape.
pub(super) fn pick(term: &Term, text: &str, items: &[String]) -> Result<Option<usize>, RunError> {
    let theme = theme();
    let items = fitting(term, items.iter());
    let prompt = Select::with_theme(&theme).with_prompt(text).items(items).default(0).report(false);
    tidy(term, prompt.interact_on_opt(term))
}

/// Any of some lines; `None` on Escape.
pub(super) fn multi(
    term: &Term,
    text: &str,
    items: &[(String, bool)],
) -> Result<Option<Vec<usize>>, RunError> {
    let theme = theme();
    let labels = fitting(term, items.iter().map(|(label, _)| label));
    let defaults: Vec<bool> = items.iter().map(|(_, on)| *on).collect();
    let prompt = MultiSelect::with_theme(&theme)
        .with_prompt(format!("{text} (space switches, enter goes on)"))
        .items(&labels)
        .defaults(&defaults)
        .report(false);
    tidy(term, prompt.interact_on_opt(term))
}

/// Yes or no.
pub(super) fn confirm(term: &Term, text: &str, default: bool) -> Result<bool, RunError> {
    let theme = theme();
    let prompt = Confirm::with_theme(&theme).with_prompt(text).default(default).wait_for_newline(false);
    tidy(term, prompt.interact_on_opt(term))?.ok_or(RunError::Stopped)
}

/// The answer to a step's question.
pub(super) fn question(screen: &mut Screen, term: &Term, question: &Question) -> Result<Value, RunError> {
    if !question.help.is_empty() {
        screen.say_indented(2, Text::new().muted("  ").then(Text::new().muted(&question.help)));
    }
    match &question.kind {
        QuestionKind::Select(choices) => {
            let labels: Vec<String> = choices.iter().map(|choice| choice.label.clone()).collect();
            let index = select(term, &question.text, &labels, default_index(choices, question))?;
            Ok(Value::Text(choices.get(index).map(|choice| choice.value.clone()).unwrap_or_default()))
        }
        QuestionKind::Multi(choices) => {
            let on = |choice: &Choice| match &question.default {
                Some(Value::List(values)) => values.contains(&choice.value),
                _ => true,
            };
            let items: Vec<(String, bool)> = choices.iter().map(|c| (c.label.clone(), on(c))).collect();
            let picked = multi(term, &question.text, &items)?.ok_or(RunError::Stopped)?;
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
            let theme = theme();
            let mut input = Input::<String>::with_theme(&theme).with_prompt(&question.text);
            if let Some(default) = &question.default {
                input = input.default(default.to_string());
            }
            let input =
                input.validate_with(
                    |text: &String| {
                        if text.trim().is_empty() { Err("an answer is needed") } else { Ok(()) }
                    },
                );
            Ok(Value::Text(tidy(term, input.interact_text_on(term))?.trim().to_owned()))
        }
        QuestionKind::Number => {
            let theme = theme();
            let mut input = Input::<String>::with_theme(&theme).with_prompt(&question.text);
            if let Some(default) = &question.default {
                input = input.default(default.to_string());
            }
            let input = input.validate_with(|text: &String| match text.trim().parse::<Decimal>() {
                Ok(number) if !number.is_sign_negative() => Ok(()),
                _ => Err("a number that is not negative, such as 0.01"),
            });
            let text = tidy(term, input.interact_text_on(term))?;
            // The prompt has accepted it as a number.
            Ok(Value::Number(text.trim().parse().unwrap_or_default()))
        }
        QuestionKind::ApiKey => {
            let theme = theme();
            let input = Password::with_theme(&theme)
                .with_prompt(&question.text)
                .allow_empty_password(true)
                .validate_with(|typed: &String| api_key_problem(typed.trim()).map_or(Ok(()), Err));
            Ok(Value::Secret(Secret::new(&tidy(term, input.interact_on(term))?)))
        }
        QuestionKind::Confirm => {
            let default = matches!(question.default, Some(Value::Flag(true)));
            Ok(Value::Flag(confirm(term, &question.text, default)?))
        }
    }
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
