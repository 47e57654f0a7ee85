//! Lines of `.env.example` and its like, and the other files that pass secrets on by name.

use crate::edit::manifest::{self, EnvLine};
use crate::edit::{Edit, EditUnit, NewFile};
use crate::steps::Todo;
use crate::steps::support::Kit;
use crate::steps::support::env::{KEY, RETURN, URL, WEBHOOK};

/// Lines of a template that go together, below a comment.
pub struct Paragraph {
    /// The variable that tells whether they are there.
    name: &'static str,
    /// The lines, given the form of an empty value.
    lines: fn(&str) -> Vec<String>,
}

/// The key, and the address of the API.
pub const CREDYT: Paragraph = Paragraph {
    name: KEY,
    lines: |empty| {
        vec![
            "# Credyt, server only: the key is never sent to the browser".to_owned(),
            format!("{KEY}={empty}"),
            "# Optional: another address of the API, such as a local sandbox".to_owned(),
            format!("# {URL}=http://127.0.0.1:8787"),
        ]
    },
};

/// The secret of the webhook.
pub const HOOK: Paragraph = Paragraph {
    name: WEBHOOK,
    lines: |empty| {
        vec![
            "# Credyt's webhook: the secret its deliveries are signed with".to_owned(),
            format!("{WEBHOOK}={empty}"),
        ]
    },
};

/// Where users come back to after paying.
pub const COMING_BACK: Paragraph = Paragraph {
    name: RETURN,
    lines: |empty| {
        vec![
            "# Address of this app that users come back to after paying for their plan".to_owned(),
            format!("{RETURN}={empty}"),
        ]
    },
};

/// Adds what a template of the environment does not have yet: at its end, in the template's own form.
fn template_edit(text: &str, paragraphs: &[&Paragraph]) -> Option<Edit> {
    let missing: Vec<&&Paragraph> = paragraphs.iter().filter(|p| !declares(text, p.name)).collect();
    if missing.is_empty() {
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
    let written = |p: &&&Paragraph| {
        (p.lines)(empty).into_iter().map(|line| format!("{line}{newline}")).collect::<String>()
    };
    let added = missing.iter().map(written).collect::<Vec<_>>().join(newline);
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

/// The value an env file gives to a variable, without quotes; nothing when it is commented out.
pub fn value(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let value = line.strip_prefix(name)?.trim_start().strip_prefix('=')?;
        Some(value.trim().trim_matches(['"', '\'']).to_owned())
    })
}

/// Adds settings to every template of the app; how many templates there are.
pub fn add_to_templates(kit: &Kit<'_>, unit: &mut EditUnit, paragraphs: &[&Paragraph]) -> usize {
    let mut known = 0;
    for path in &kit.cx.app.env.files {
        let Some(text) = kit.cx.workspace.text_at(path) else { continue };
        known += 1;
        unit.add(path.as_str(), template_edit(text.as_str(), paragraphs));
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
            let json = matches!(extension, "json" | "jsonc");
            let name = secrets.iter().find(|s| if json { is_handed(line, s) } else { has_word(line, s) })?;
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

/// Whether a line of JSON hands a setting on: as a key, as a text of its own, or as what is put into one. Elsewhere in a
/// text it is only spoken of.
fn is_handed(line: &str, name: &str) -> bool {
    [format!("\"{name}\""), format!("${{{name}}}"), format!("\"${name}\"")]
        .iter()
        .any(|written| line.contains(written.as_str()))
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

/// Whether a word stands in a text, not as a part of a longer one.
pub(super) fn has_word(line: &str, word: &str) -> bool {
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
        if let Some(edit) = template_edit(text, &[&CREDYT]) {
            out.insert_str(edit.range().start, edit.text());
        }
        out
    }

    #[test]
    fn json_hands_a_setting_on_where_it_stands_alone() {
        for line in ["\"A_KEY\": \"x\",", "\"env\": [\"A_KEY\"]", "\"x\": \"${A_KEY}\"", "\"x\": \"$A_KEY\""]
        {
            assert!(is_handed(line, "A_KEY"), "{line}");
        }
        assert!(!is_handed("\"content\": \"const key = process.env.A_KEY;\\n\"", "A_KEY"));
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

    #[test]
    fn several_settings_come_as_paragraphs_without_those_that_are_there() {
        let text = "CREDYT_WEBHOOK_SECRET=\n";
        let edit = template_edit(text, &[&HOOK, &COMING_BACK]).unwrap();
        assert!(
            edit.text().starts_with("\n# Address") && !edit.text().contains("WEBHOOK"),
            "{}",
            edit.text()
        );
        let both = template_edit("", &[&HOOK, &COMING_BACK]).unwrap();
        assert!(both.text().contains("SECRET=\n\n# Address"), "{}", both.text());
    }

    #[test]
    fn a_value_is_read_without_quotes_and_not_from_comments() {
        assert_eq!(value("export A = \"https://a.example\"\n", "A").as_deref(), Some("https://a.example"));
        assert_eq!(value("# A=1\nAB=2\n", "A"), None);
    }
}
