//! Env files: `.env`, `.env.example`, `.env.local`.
//!
//! Nothing that stands there is ever replaced: a variable with a value is left alone, an empty one gets its value behind
//! the `=`. Values may be secret, then the edits are [`Edit::masking`].

use super::newline;
use crate::edit::Edit;

/// One variable to set.
#[derive(Debug, Clone, Copy)]
pub struct EnvLine<'a> {
    /// Its name.
    pub key: &'a str,
    /// Its value; empty to only declare it.
    pub value: &'a str,
    /// Whether the value must not be shown.
    pub secret: bool,
}

/// Sets variables: after related ones (those whose name begins with one of `related`), else at the end under a comment.
pub fn add_env(text: &str, lines: &[EnvLine<'_>], related: &[&str], comment: &str, why: &str) -> Vec<Edit> {
    let newline = newline(text);
    let body_start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let found = variables(text, body_start);
    let export = found.iter().filter(|v| v.export).count() * 2 > found.len();
    let quoted = found.iter().filter(|v| v.quoted).count() * 2 > found.iter().filter(|v| v.has_value).count();
    let spaced = found.iter().filter(|v| v.spaced).count() * 2 > found.len();
    let mut edits = Vec::new();
    let mut fresh: Vec<(&EnvLine<'_>, String)> = Vec::new();
    for line in lines {
        let value = written(line.value, quoted);
        match found.iter().rev().find(|v| v.key == line.key) {
            Some(variable) if !variable.has_value && !line.value.is_empty() => {
                edits.push(guarded(Edit::insertion(variable.value_at, value, why), line));
            }
            Some(_) => {}
            None => {
                let head = if export { "export " } else { "" };
                let equals = if spaced { " = " } else { "=" };
                fresh.push((line, format!("{head}{}{equals}{value}", line.key).trim_end().to_owned()));
            }
        }
    }
    let kin = found
        .iter()
        .rev()
        .find(|v| related.iter().any(|r| v.key.starts_with(r)) || lines.iter().any(|l| l.key == v.key));
    let body = text.trim_end_matches(['\n', '\r', ' ', '\t']);
    let empty = body.trim_start_matches('\u{feff}').is_empty();
    for (i, (line, content)) in fresh.iter().enumerate() {
        let edit = match kin {
            Some(variable) => Edit::insertion(variable.line_end, format!("{newline}{content}"), why),
            None if empty => Edit::insertion(text.len(), format!("{content}{newline}"), why),
            None => {
                // A file with comments or blank lines between its parts gets one of its own for this part.
                let parts = text.contains("\n\n")
                    || text.contains("\n\r\n")
                    || text.lines().any(|l| l.trim_start().starts_with('#'));
                let head =
                    if i == 0 && parts { format!("{newline}{newline}# {comment}") } else { String::new() };
                Edit::insertion(body.len(), format!("{head}{newline}{content}"), why)
            }
        };
        edits.push(guarded(edit, line));
    }
    edits
}

/// How many variables of an env file have a value.
pub fn variables_set(text: &str) -> usize {
    variables(text, 0).iter().filter(|v| v.has_value).count()
}

/// Whether an env file gives a variable a value.
pub fn sets(text: &str, name: &str) -> bool {
    variables(text, 0).iter().any(|v| v.key == name && v.has_value)
}

fn guarded(edit: Edit, line: &EnvLine<'_>) -> Edit {
    let edit = match line.secret {
        false => edit,
        // A value that had to be escaped stands there in another form.
        true if edit.text().contains(line.value) => edit.masking(line.value),
        true => edit.secret(),
    };
    edit.shared()
}

/// A value as the file writes its own, quoted if it has to be.
fn written(value: &str, quoted: bool) -> String {
    let needs = value.contains([' ', '#', '"', '\'', '$', '\\']);
    if value.is_empty() || !(needs || quoted) {
        value.to_owned()
    } else if value.contains(['"', '$', '\\']) && !value.contains('\'') {
        format!("'{value}'")
    } else {
        format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// One `KEY=value` line.
#[expect(clippy::struct_excessive_bools, reason = "each is an independent yes or no about the line")]
struct Variable<'t> {
    key: &'t str,
    value_at: usize,
    line_end: usize,
    has_value: bool,
    quoted: bool,
    spaced: bool,
    export: bool,
}

fn variables(text: &str, start: usize) -> Vec<Variable<'_>> {
    let mut at = start;
    let mut found = Vec::new();
    let mut open: Option<char> = None;
    for line in text.get(start..).unwrap_or_default().split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        let line_end = at + content.len();
        let line_at = at;
        at += line.len();
        if let Some(quote) = open {
            // Inside a value over several lines; its variable ends with this line.
            if let Some(last) = found.last_mut() {
                let last: &mut Variable<'_> = last;
                last.line_end = line_end;
            }
            if content.contains(quote) {
                open = None;
            }
            continue;
        }
        let Some((name, value)) = content.split_once('=').filter(|_| !content.trim_start().starts_with('#'))
        else {
            continue;
        };
        let (export, key) = match name.trim_start().strip_prefix("export ") {
            Some(key) => (true, key.trim()),
            None => (false, name.trim()),
        };
        let trimmed = value.trim();
        let quote = trimmed.chars().next().filter(|c| matches!(c, '"' | '\''));
        if let Some(quote) = quote
            && trimmed.matches(quote).count() == 1
        {
            open = Some(quote);
        }
        found.push(Variable {
            key,
            value_at: line_at + name.len() + 1 + (value.len() - value.trim_start_matches(' ').len()),
            line_end,
            has_value: !trimmed.is_empty() && !trimmed.starts_with('#'),
            quoted: quote.is_some(),
            spaced: name.ends_with(' ') && value.starts_with(' '),
            export,
        });
    }
    found
}
