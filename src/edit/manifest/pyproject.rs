//! `pyproject.toml` and `Pipfile`.

use std::ops::Range;

use toml_edit::{Array, Document, Item, TableLike};

use super::list::{List, place_of};
use super::{ManifestError, newline, python_name};
use crate::edit::Edit;

/// Adds a requirement such as `credyt-api>=1.2` where the project keeps its dependencies: the array of `[project]`, or the
/// table of Poetry (as `name = ">=1.2"`). A distribution that is there already gives no edits.
pub fn add_pyproject_dependency(
    text: &str,
    requirement: &str,
    why: &str,
) -> Result<Vec<Edit>, ManifestError> {
    with_document(text, |text, document| {
        let poetry = document.get("tool").and_then(|t| t.get("poetry")).and_then(|p| p.get("dependencies"));
        let project = document.get("project");
        let array = project.and_then(|p| p.get("dependencies")).and_then(Item::as_array);
        match (array, poetry.and_then(Item::as_table_like), project.and_then(Item::as_table_like)) {
            (Some(array), _, _) => Ok(add_to_array(text, array, requirement, why)),
            (None, Some(table), _) => add_to_table(text, table, poetry, requirement, why),
            (None, None, Some(table)) => {
                let at = end_of_table(text, table, project)
                    .ok_or(ManifestError::NoPlace("place for dependencies"))?;
                let newline = newline(text);
                let array = format!("dependencies = [{newline}    \"{requirement}\",{newline}]");
                Ok(vec![Edit::insertion(at, format!("{newline}{array}"), why)])
            }
            (None, None, None) => {
                Err(ManifestError::NoPlace("`[project]` or `[tool.poetry.dependencies]` table"))
            }
        }
    })
}

/// Adds a package to `[packages]` of a `Pipfile`.
pub fn add_pipfile_package(text: &str, requirement: &str, why: &str) -> Result<Vec<Edit>, ManifestError> {
    with_document(text, |text, document| {
        let packages = document.get("packages");
        let table =
            packages.and_then(Item::as_table_like).ok_or(ManifestError::NoPlace("`[packages]` table"))?;
        add_to_table(text, table, packages, requirement, why)
    })
}

fn add_to_array(text: &str, array: &Array, requirement: &str, why: &str) -> Vec<Edit> {
    let name = python_name(requirement);
    let items: Vec<(String, Range<usize>)> =
        array.iter().filter_map(|v| Some((python_name(v.as_str()?), v.span()?))).collect();
    let Some(range) = array.span().filter(|_| !items.iter().any(|(n, _)| *n == name)) else {
        return Vec::new();
    };
    let single = items.first().is_some_and(|(_, r)| text.get(r.clone()).is_some_and(|t| t.starts_with('\'')));
    // A marker such as `; python_version < "3.9"` decides the quote before the file does.
    let quote = if requirement.contains('"') || (single && !requirement.contains('\'')) { '\'' } else { '"' };
    let names: Vec<String> = items.iter().map(|(n, _)| n.clone()).collect();
    let several_lines = text.get(range.clone()).is_some_and(|t| t.contains('\n'));
    let list = List {
        text,
        range,
        items: items.into_iter().map(|(_, r)| r).collect(),
        open: several_lines.then(|| "    ".to_owned()),
        comment: "#",
    };
    // Of one name nobody can tell whether it is sorted; the end is where a person would put it.
    let index = if names.len() < 2 { names.len() } else { place_of(&names, &name) };
    list.insert(index, &format!("{quote}{requirement}{quote}"), why)
}

fn add_to_table(
    text: &str,
    table: &dyn TableLike,
    item: Option<&Item>,
    requirement: &str,
    why: &str,
) -> Result<Vec<Edit>, ManifestError> {
    let name = python_name(requirement);
    if table.iter().any(|(key, _)| python_name(key) == name) {
        return Ok(Vec::new());
    }
    let written: String =
        requirement.chars().take_while(|c| c.is_alphanumeric() || "-_.".contains(*c)).collect();
    let version = requirement.strip_prefix(written.as_str()).unwrap_or_default().trim();
    let version = if version.is_empty() { "*" } else { version };
    let at = end_of_table(text, table, item).ok_or(ManifestError::NoPlace("place for dependencies"))?;
    Ok(vec![Edit::insertion(at, format!("{}{written} = \"{version}\"", newline(text)), why)])
}

/// The end of the last line of a table's own values, or of its header.
fn end_of_table(text: &str, table: &dyn TableLike, item: Option<&Item>) -> Option<usize> {
    let values = table.iter().filter(|(_, v)| v.is_value()).filter_map(|(_, v)| v.span());
    let end = values.map(|s| s.end).max().or_else(|| item?.span().map(|s| s.end))?;
    let rest = text.get(end..)?;
    let line = rest.split('\n').next().unwrap_or_default();
    Some(end + line.trim_end_matches('\r').len())
}

fn with_document(
    text: &str,
    edit: impl FnOnce(&str, &Document<&str>) -> Result<Vec<Edit>, ManifestError>,
) -> Result<Vec<Edit>, ManifestError> {
    // The parser skips a byte order mark itself, so that spans are those of the file.
    let document =
        Document::parse(text).map_err(|e| ManifestError::Invalid(e.to_string().trim().to_owned()))?;
    edit(text, &document)
}
