//! Lines of `.env.example` and its like, and the other files that pass secrets on by name.

use crate::edit::manifest::{self, EnvLine};
use crate::edit::{Edit, EditUnit, NewFile};
use crate::steps::Todo;
use crate::steps::support::Kit;
use crate::steps::support::env::{KEY, URL, WEBHOOK};

/// Adds the key to a template of the environment: at its end, below a comment, in the template's own form.
pub fn template_edit(text: &str) -> Option<Edit> {
    let lines = |empty: &str| {
        vec![
            "# Credyt, server only: the key is never sent to the browser".to_owned(),
            format!("{KEY}={empty}"),
            "# Optional: another address of the API, such as a local sandbox".to_owned(),
            format!("# {URL}=http://127.0.0.1:8787"),
        ]
    };
    added(text, KEY, lines)
}

/// The same for the secret of the webhook.
fn webhook_edit(text: &str) -> Option<Edit> {
    let lines = |empty: &str| {
        vec![
            "# Credyt's webhook: the secret its deliveries are signed with".to_owned(),
            format!("{WEBHOOK}={empty}"),
        ]
    };
    added(text, WEBHOOK, lines)
}

/// Lines at the end of a template that does not have the variable yet; `lines` gets the form of an empty value.
fn added(text: &str, name: &str, lines: impl Fn(&str) -> Vec<String>) -> Option<Edit> {
    if declares(text, name) {
        return None;
    }
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let quoted = text.lines().filter(|l| l.trim_end().ends_with("=\"\"")).count();
    let bare = text.lines().filter(|l| l.trim_end().ends_with('=')).count();
    let empty = if quoted > bare { "\"\"" } else { "" };
    let gap = match () {
        () if text.is_empty() => String::new(),
        () if text.ends_with('\n') => newline.to_owned(),
        () => newline.repeat(2),
    };
    let added: String = lines(empty).into_iter().map(|line| format!("{line}{newline}")).collect();
    Some(Edit::insertion(text.len(), format!("{gap}{added}"), "says which settings there are"))
}

/// Whether an env file sets (or has, commented out) a variable.
pub fn declares(text: &str, name: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start_matches(['#', ' ', '\t']);
        let line = line.strip_prefix("export ").unwrap_or(line);
        line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('='))
    })
}

/// Adds the settings to every template of the app.
pub fn add_to_templates(kit: &Kit<'_>, unit: &mut EditUnit) -> usize {
    let mut known = 0;
    for path in &kit.cx.app.env.files {
        let Some(text) = kit.cx.workspace.text_at(path) else { continue };
        known += 1;
        unit.add(path.as_str(), template_edit(text.as_str()));
    }
    known
}

/// The file of this machine a key may go into, when it has none yet.
pub fn local_without_key<'a>(kit: &Kit<'a>) -> Option<&'a str> {
    let file = kit.cx.app.env.local.as_deref()?;
    let has_key = kit.cx.workspace.text_at(file).is_some_and(|text| manifest::sets(text.as_str(), KEY));
    (!has_key).then_some(file)
}

/// The key that was typed, in that file.
pub fn key_unit(kit: &Kit<'_>) -> Option<EditUnit> {
    let key = kit.cx.answers.api_key()?;
    let file = local_without_key(kit)?;
    let why = "the app has the key on this machine";
    let unit = EditUnit::new("Your key", format!("`{file}` is ignored by git"));
    Some(match kit.cx.workspace.text_at(file) {
        None => unit.create(file, NewFile::new(format!("{KEY}={key}\n"), why).masking(key)),
        Some(text) => {
            let line = EnvLine { key: KEY, value: key, secret: true };
            unit.edits(file, manifest::add_env(text.as_str(), &[line], &["CREDYT_"], "Credyt", why))
        }
    })
}

/// Adds the webhook's secret to every template of the app.
pub fn add_webhook(kit: &Kit<'_>, unit: &mut EditUnit) {
    for path in &kit.cx.app.env.files {
        let Some(text) = kit.cx.workspace.text_at(path) else { continue };
        unit.add(path.as_str(), webhook_edit(text.as_str()));
    }
}

/// Files that hand a secret of the app to it by name (compose files, CI, deployment): each with the line of the last
/// one, so that the new key can be added there by someone who knows where its value comes from.
pub fn pass_on(kit: &Kit<'_>) -> Vec<Todo> {
    let secrets = secrets(kit);
    let mut todo = Vec::new();
    for (id, file) in kit.cx.workspace.files() {
        let extension = file.name().rsplit_once('.').map_or("", |(_, e)| e);
        let manifest = matches!(file.name(), "package.json" | "package-lock.json" | "pyproject.toml");
        let is_lock = file.name().contains("lock");
        if !matches!(extension, "yml" | "yaml" | "json" | "jsonc" | "toml") || manifest || is_lock {
            continue;
        }
        let Ok(text) = kit.cx.workspace.text(id) else { continue };
        if text.as_str().contains(KEY) {
            continue;
        }
        let hit = text.as_str().lines().enumerate().filter_map(|(i, line)| {
            let name = secrets.iter().find(|s| has_word(line, s))?;
            Some((i + 1, name))
        });
        if let Some((line, name)) = hit.last() {
            todo.push(
                Todo::chore(format!("pass `{KEY}` on here, as `{name}` is")).at(file.path.as_str(), line),
            );
        }
    }
    todo
}

/// Names of secrets in the app's env templates.
fn secrets(kit: &Kit<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for path in &kit.cx.app.env.files {
        let Some(text) = kit.cx.workspace.text_at(path) else { continue };
        for line in text.as_str().lines() {
            let name = line.trim_start_matches(['#', ' ']).split('=').next().unwrap_or_default().trim();
            let secret = ["_KEY", "_TOKEN", "_SECRET"].iter().any(|end| name.ends_with(end));
            if secret && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_') {
                names.push(name.to_owned());
            }
        }
    }
    names
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|s| s.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|s| s.chars().next());
        let part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        !part(before) && !part(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(text: &str) -> String {
        let mut out = text.to_owned();
        if let Some(edit) = template_edit(text) {
            out.insert_str(edit.range().start, edit.text());
        }
        out
    }

    #[test]
    fn the_template_keeps_its_form_and_takes_the_lines_once() {
        let once = added("A=\"\"\r\nB=\"\"");
        assert!(once.starts_with("A=\"\"\r\nB=\"\"\r\n\r\n# Credyt"));
        assert!(once.contains("CREDYT_API_KEY=\"\"\r\n"));
        assert_eq!(added(&once), once);
        assert_eq!(added("# CREDYT_API_KEY=\n"), "# CREDYT_API_KEY=\n");
        assert!(!declares("CREDYT_API_KEY_OLD=1\n", KEY));
    }
}
