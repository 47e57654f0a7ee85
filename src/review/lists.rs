//! Lists to choose from, as dialoguer draws them, with a cursor that is seen without colour.
//!
//! What stands in them is other people's text: made printable, and cut to the terminal's width, for dialoguer counts
//! lines and a wrapped one is two. A terminal too low for a list is asked for numbers.

use std::fmt;

use console::{Key, Term};
use dialoguer::theme::{ColorfulTheme, Theme};
use dialoguer::{MultiSelect, Select};

use super::text::printable;
use crate::run::RunError;

/// Rows that a list needs: its prompt, an entry, and the line that says there are more.
const LOWEST: u16 = 5;

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
        checked_item_prefix: console::style("[x]".to_owned()).for_stderr().green(),
        unchecked_item_prefix: console::style("[ ]".to_owned()).for_stderr(),
        values_style: plain().cyan(),
        ..ColorfulTheme::default()
    }
}

/// Shows the cursor again whatever happened: dialoguer hides it and a Ctrl-C leaves it hidden.
pub(super) fn tidy<T>(term: &Term, result: dialoguer::Result<T>) -> Result<T, RunError> {
    if result.is_err() {
        drop(term.show_cursor());
    }
    Ok(result?)
}

/// The labels as they can be shown, on one line each.
fn fitting<'l>(term: &Term, labels: impl Iterator<Item = &'l String>) -> Vec<String> {
    let room = usize::from(term.size().1).saturating_sub(10).max(20);
    labels.map(|label| console::truncate_str(&printable(label), room, "…").into_owned()).collect()
}

fn is_low(term: &Term) -> bool {
    term.size().0 < LOWEST
}

/// The look of a list of which any can be chosen: the cursor is a sign, not only a colour.
struct WithCursor(ColorfulTheme);

impl Theme for WithCursor {
    fn format_multi_select_prompt(&self, f: &mut dyn fmt::Write, prompt: &str) -> fmt::Result {
        self.0.format_multi_select_prompt(f, prompt)
    }

    fn format_multi_select_prompt_item(
        &self,
        f: &mut dyn fmt::Write,
        text: &str,
        checked: bool,
        active: bool,
    ) -> fmt::Result {
        write!(f, "{}", if active { "> " } else { "  " })?;
        self.0.format_multi_select_prompt_item(f, text, checked, active)
    }
}

/// Asks for numbers of a list that is written out above; `None` when nothing was typed.
fn numbers(term: &Term, text: &str, items: &[String], how: &str) -> Result<Option<Vec<usize>>, RunError> {
    for (index, item) in items.iter().enumerate() {
        term.write_line(&format!("{:>3}  {item}", index + 1))?;
    }
    loop {
        term.write_str(&format!("{text} ({how}) "))?;
        let mut typed = String::new();
        loop {
            match term.read_key()? {
                Key::Enter => break,
                Key::Char('\u{4}') | Key::CtrlC => return Err(RunError::Stopped),
                Key::Escape => return Ok(None),
                Key::Char(c) if c.is_ascii_digit() || matches!(c, ' ' | ',') => {
                    typed.push(c);
                    term.write_str(c.encode_utf8(&mut [0; 4]))?;
                }
                Key::Backspace if typed.pop().is_some() => term.clear_chars(1)?,
                _ => {}
            }
        }
        term.write_line("")?;
        let words = typed.split([' ', ',']).filter(|word| !word.is_empty());
        let chosen: Option<Vec<usize>> = words
            .map(|word| word.parse::<usize>().ok()?.checked_sub(1).filter(|at| *at < items.len()))
            .collect();
        match chosen {
            Some(chosen) if chosen.is_empty() => return Ok(None),
            Some(chosen) => return Ok(Some(chosen)),
            None => term.write_line(&format!("numbers from 1 to {}", items.len()))?,
        }
    }
}

/// Which of some lines; Escape stops.
pub(super) fn select(term: &Term, text: &str, items: &[String], default: usize) -> Result<usize, RunError> {
    let theme = theme();
    let items = fitting(term, items.iter());
    let text = printable(text);
    if is_low(term) {
        let how = format!("a number; enter takes {}", default + 1);
        let chosen = numbers(term, &text, &items, &how)?;
        return Ok(chosen.and_then(|chosen| chosen.first().copied()).unwrap_or(default));
    }
    let prompt = Select::with_theme(&theme).with_prompt(text).items(items).default(default).report(true);
    tidy(term, prompt.interact_on_opt(term))?.ok_or(RunError::Stopped)
}

/// One of some lines, for a look at it; `None` on Escape.
pub(super) fn pick(term: &Term, text: &str, items: &[String]) -> Result<Option<usize>, RunError> {
    let theme = theme();
    let items = fitting(term, items.iter());
    let text = printable(text);
    if is_low(term) {
        let chosen = numbers(term, &text, &items, "a number; enter goes back")?;
        return Ok(chosen.and_then(|chosen| chosen.first().copied()));
    }
    let prompt = Select::with_theme(&theme).with_prompt(text).items(items).default(0).report(false);
    tidy(term, prompt.interact_on_opt(term))
}

/// Any of some lines; `None` on Escape.
pub(super) fn multi(
    term: &Term,
    text: &str,
    items: &[(String, bool)],
) -> Result<Option<Vec<usize>>, RunError> {
    let theme = WithCursor(theme());
    let labels = fitting(term, items.iter().map(|(label, _)| label));
    let defaults: Vec<bool> = items.iter().map(|(_, on)| *on).collect();
    let text = printable(text);
    if is_low(term) {
        let on = |(index, on): (usize, &bool)| on.then_some(index);
        let now: Vec<usize> = defaults.iter().enumerate().filter_map(on).collect();
        let said: Vec<String> = now.iter().map(|at| (at + 1).to_string()).collect();
        let said = if said.is_empty() { "none".to_owned() } else { said.join(" ") };
        let how = format!("numbers; enter takes {said}");
        return Ok(Some(numbers(term, &text, &labels, &how)?.unwrap_or(now)));
    }
    let prompt = MultiSelect::with_theme(&theme)
        .with_prompt(format!("{text} (space switches, enter goes on)"))
        .items(&labels)
        .defaults(&defaults)
        .report(false);
    tidy(term, prompt.interact_on_opt(term))
}
