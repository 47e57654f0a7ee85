//! Python packages the generated modules need, added to the manifest the app installs from.
//!
//! `pyproject.toml` (PEP 621 or Poetry), `requirements.txt` or `.in`, `Pipfile`. The edit is of lines, so that comments,
//! order and layout stay. The lock file is left to its tool.

use crate::edit::{Edit, EditUnit};
use crate::steps::Todo;
use crate::steps::support::{Kit, join};

/// Adds requirement lines such as `credyt-api>=0.2.0,<0.3` to the app's manifest.
pub fn add(kit: &Kit<'_>, packages: &[String], unit: &mut EditUnit) -> Vec<Todo> {
    let missing: Vec<&String> = packages.iter().filter(|p| !has(kit, name_of(p))).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let dir = kit.cx.app.dir();
    let candidates =
        ["pyproject.toml", "requirements.in", "requirements.txt", "requirements/base.txt", "Pipfile"];
    for name in candidates {
        for dir in [dir, ""] {
            let path = join(dir, name);
            let Some(text) = kit.cx.workspace.text_at(&path) else { continue };
            let edits: Option<Vec<Edit>> = missing.iter().map(|p| edit(name, text.as_str(), p)).collect();
            if let Some(edits) = edits {
                unit.add(path, edits);
                return Vec::new();
            }
        }
    }
    let names: Vec<&str> = missing.iter().map(|p| p.as_str()).collect();
    vec![Todo {
        unmet: true,
        ..Todo::chore(format!("add `{}` to what the app installs", names.join("`, `")))
    }]
}

fn name_of(requirement: &str) -> &str {
    let end = requirement.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)));
    requirement.get(..end.unwrap_or(requirement.len())).unwrap_or(requirement)
}

/// Whether a manifest of the app names the package outside of what is for development.
fn has(kit: &Kit<'_>, name: &str) -> bool {
    let dir = kit.cx.app.dir();
    ["pyproject.toml", "requirements.in", "requirements.txt", "requirements/base.txt", "Pipfile"]
        .iter()
        .flat_map(|file| [join(dir, file), (*file).to_owned()])
        .filter_map(|path| Some((kit.cx.workspace.text_at(&path)?, path)))
        .any(|(text, path)| {
            let text = text.as_str();
            let part = if path.ends_with("pyproject.toml") {
                array(text, "dependencies")
                    .map(|(_, list)| list)
                    .or_else(|| table(text, "tool.poetry.dependencies").map(|(_, t)| t))
            } else if path.ends_with("Pipfile") {
                table(text, "packages").map(|(_, t)| t)
            } else {
                Some(text)
            };
            part.is_some_and(|part| part.lines().any(|line| names(line, name)))
        })
}

fn names(line: &str, name: &str) -> bool {
    let line = bare(line).trim_start_matches(['"', '\'']);
    line.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name))
        && !line
            .get(name.len()..)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || "-_.".contains(c)))
}

/// A line without what stands around its words; the first one of a file may have a byte order mark.
fn bare(line: &str) -> &str {
    line.trim_start_matches('\u{feff}').trim()
}

fn edit(file: &str, text: &str, requirement: &str) -> Option<Edit> {
    const WHY: &str = "the generated modules use it";
    match file {
        "pyproject.toml" => {
            if let Some((at, list)) = array(text, "dependencies") {
                let (offset, line) = into_array(list, requirement)?;
                return Some(Edit::insertion(at + offset, line, WHY));
            }
            let (at, body) = table(text, "tool.poetry.dependencies")?;
            Some(Edit::insertion(at + body.trim_end().len(), poetry_line(requirement, text), WHY))
        }
        "Pipfile" => {
            let (at, body) = table(text, "packages")?;
            Some(Edit::insertion(at + body.trim_end().len(), poetry_line(requirement, text), WHY))
        }
        _ => {
            let newline = newline(text);
            let pinned = pinned(text, requirement);
            let (at, line) = sorted_line(text, &pinned);
            let gap =
                if at == text.len() && !text.is_empty() && !text.ends_with('\n') { newline } else { "" };
            Some(Edit::insertion(at, format!("{gap}{line}{newline}"), WHY))
        }
    }
}

/// `a==1.2.0` for `a>=1.2.0,<2` where every other requirement is pinned.
fn pinned(text: &str, requirement: &str) -> String {
    let mut lines = text.lines().map(bare).filter(|l| !l.is_empty() && !l.starts_with(['#', '-'])).peekable();
    let all = lines.peek().is_some() && lines.all(|l| l.contains("=="));
    let exact = requirement.split(',').next().unwrap_or(requirement).replace(">=", "==");
    if all { exact } else { requirement.to_owned() }
}

fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

fn poetry_line(requirement: &str, text: &str) -> String {
    let name = name_of(requirement);
    let spec = requirement.get(name.len()..).filter(|s| !s.is_empty()).unwrap_or("*");
    format!("{}{name} = \"{spec}\"", newline(text))
}

/// Where a line goes in a list of requirements: in its place when the list is sorted, else at the end.
fn sorted_line<'r>(text: &str, requirement: &'r str) -> (usize, &'r str) {
    let mut at = 0;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        let word = bare(line);
        if !word.is_empty() && !word.starts_with(['#', '-']) {
            // Nothing goes before a byte order mark.
            let start = at + line.len() - line.trim_start_matches('\u{feff}').len();
            lines.push((start, name_of(word).to_ascii_lowercase()));
        }
        at += line.len();
    }
    let sorted = lines.len() > 1 && lines.windows(2).all(|w| w[0].1 <= w[1].1);
    let place = lines.iter().find(|(_, n)| sorted && n.as_str() > requirement);
    (place.map_or(text.len(), |(at, _)| *at), requirement)
}

/// The inside of `dependencies = [ … ]` in the `[project]` table, with its offset.
fn array<'t>(text: &'t str, key: &str) -> Option<(usize, &'t str)> {
    let (start, body) = table(text, "project")?;
    let mut at = start;
    for line in body.split_inclusive('\n') {
        if line.trim_start().strip_prefix(key).is_some_and(|r| r.trim_start().starts_with('=')) {
            let open = at + text.get(at..)?.find('[')?;
            let close = open + closing(text.get(open..)?)?;
            return Some((open + 1, text.get(open + 1..close)?));
        }
        at += line.len();
    }
    None
}

/// Offset of the bracket that closes the first one, strings and comments looked over.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote, mut comment) = (0, None, false);
    for (at, c) in text.char_indices() {
        match (c, quote, comment) {
            ('\n', _, true) => comment = false,
            (c, Some(q), false) if c == q => quote = None,
            (_, Some(_), _) | (_, _, true) => {}
            ('"' | '\'', None, _) => quote = Some(c),
            ('#', None, _) => comment = true,
            ('[', None, _) => depth += 1,
            (']', None, _) => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// Where a string goes in the inside of an array, and its text.
fn into_array(list: &str, requirement: &str) -> Option<(usize, String)> {
    let quote = if list.contains('\'') && !list.contains('"') { '\'' } else { '"' };
    let item = format!("{quote}{requirement}{quote}");
    let newline = newline(list);
    if !list.contains('\n') {
        let end = list.trim_end().len();
        let comma = if list.trim().is_empty() || list.trim_end().ends_with(',') { "" } else { ", " };
        return Some((end, format!("{comma}{item}")));
    }
    let mut at = 0;
    let mut items = Vec::new();
    for line in list.split_inclusive('\n') {
        if line.trim_start().starts_with(['"', '\'']) {
            items.push((at, line.len(), line));
        }
        at += line.len();
    }
    let (_, _, example) = items.first()?;
    let indent = example.get(..example.len() - example.trim_start().len())?;
    let key = |line: &str| name_of(line.trim().trim_matches(['"', '\'', ','])).to_ascii_lowercase();
    let sorted = items.len() > 1 && items.windows(2).all(|w| key(w[0].2) <= key(w[1].2));
    if let Some((at, ..)) = items.iter().find(|(_, _, line)| sorted && key(line).as_str() > requirement) {
        return Some((*at, format!("{indent}{item},{newline}")));
    }
    let (start, len, last) = items.last()?;
    let body = last.trim_end();
    if body.ends_with(',') {
        return Some((start + len, format!("{indent}{item},{newline}")));
    }
    Some((start + body.len(), format!(",{newline}{indent}{item}")))
}

/// The body of a TOML table with its offset.
fn table<'t>(text: &'t str, name: &str) -> Option<(usize, &'t str)> {
    let heading = format!("[{name}]");
    let mut at = 0;
    let mut start = None;
    for line in text.split_inclusive('\n') {
        let word = line.trim();
        if let Some(start) = start {
            if word.starts_with('[') && !line.starts_with(' ') {
                return Some((start, text.get(start..at)?));
            }
        } else if word == heading {
            start = Some(at + line.len());
        }
        at += line.len();
    }
    start.and_then(|start| Some((start, text.get(start..)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(file: &str, text: &str) -> String {
        let mut out = text.to_owned();
        let edit = edit(file, text, "credyt-api>=0.2.0,<0.3").expect("the manifest has a list");
        out.insert_str(edit.range().start, edit.text());
        out
    }

    #[test]
    fn each_form_of_manifest_takes_the_package_in_its_own_way() {
        for (file, before, after) in [
            (
                "pyproject.toml",
                "[project]\ndependencies = [\n    \"a[x]>=1\",\n    \"zed\",\n]\n",
                "[project]\ndependencies = [\n    \"a[x]>=1\",\n    \"credyt-api>=0.2.0,<0.3\",\n    \"zed\",\n]\n",
            ),
            (
                "pyproject.toml",
                "[project]\ndependencies = ['zed', 'a']\n",
                "[project]\ndependencies = ['zed', 'a', 'credyt-api>=0.2.0,<0.3']\n",
            ),
            (
                "pyproject.toml",
                "[tool.poetry.dependencies]\npython = \"^3.11\"\n\n[build-system]\n",
                "[tool.poetry.dependencies]\npython = \"^3.11\"\ncredyt-api = \">=0.2.0,<0.3\"\n\n[build-system]\n",
            ),
            ("requirements.txt", "b==1\r\na==2", "b==1\r\na==2\r\ncredyt-api==0.2.0\r\n"),
            ("requirements.txt", "\u{feff}x==1\nz==2\n", "\u{feff}credyt-api==0.2.0\nx==1\nz==2\n"),
            ("Pipfile", "[packages]\na = \"*\"\n", "[packages]\na = \"*\"\ncredyt-api = \">=0.2.0,<0.3\"\n"),
        ] {
            assert_eq!(with(file, before), after, "{file}");
        }
    }
}
