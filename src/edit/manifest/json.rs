//! `package.json` and its like, with or without comments.

use std::ops::Range;

use jsonc_parser::ast::{Object, Value};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::list::{List, place_of};
use super::{ManifestError, newline};
use crate::edit::Edit;

/// Adds a dependency to a section (`dependencies`), sorted. A package that any section has already gives no edits.
pub fn add_json_dependency(
    text: &str,
    section: &str,
    name: &str,
    version: &str,
    why: &str,
) -> Result<Vec<Edit>, ManifestError> {
    with_root(text, |json, root| {
        let sections = ["dependencies", "peerDependencies", "optionalDependencies", section];
        if sections.iter().any(|s| root.get_object(s).is_some_and(|o| o.get(name).is_some())) {
            return Ok(Vec::new());
        }
        let item = format!("{}: {}", quoted(name), quoted(version));
        if let Some(object) = root.get_object(section) {
            let names: Vec<String> =
                object.properties.iter().map(|p| p.name.as_str().to_lowercase()).collect();
            return Ok(json.list(object).insert(place_of(&names, &name.to_lowercase()), &item, why));
        }
        let (newline, unit) = (newline(text), json.unit());
        let object = format!("{}: {{{newline}{unit}{unit}{item}{newline}{unit}}}", quoted(section));
        let index = root.properties.iter().position(|p| p.name.as_str() == "devDependencies");
        Ok(json.list(root).insert(index.unwrap_or(root.properties.len()), &object, why))
    })
}

/// Adds a key with a value (JSON text) to the object at a path of keys, last. A key that is there gives no edits.
pub fn set_json(
    text: &str,
    path: &[&str],
    key: &str,
    value: &str,
    why: &str,
) -> Result<Vec<Edit>, ManifestError> {
    with_root(text, |json, root| {
        let mut object = root;
        for step in path {
            object = object.get_object(step).ok_or(ManifestError::NoPlace("object for this setting"))?;
        }
        if object.get(key).is_some() {
            return Ok(Vec::new());
        }
        let item = format!("{}: {value}", quoted(key));
        Ok(json.list(object).insert(object.properties.len(), &item, why))
    })
}

/// A text and where its JSON begins (behind a byte order mark).
struct Json<'t> {
    text: &'t str,
    shift: usize,
}

impl<'t> Json<'t> {
    fn range(&self, range: jsonc_parser::common::Range) -> Range<usize> {
        range.start + self.shift..range.end + self.shift
    }

    fn list(&self, object: &Object<'_>) -> List<'t> {
        List {
            text: self.text,
            range: self.range(object.range),
            items: object.properties.iter().map(|p| self.range(p.range)).collect(),
            open: Some(self.unit()),
            comment: "//",
        }
    }

    /// One level of indentation: that of the first line that has any.
    fn unit(&self) -> String {
        let indented = self.text.lines().find(|l| l.starts_with([' ', '\t']) && !l.trim().is_empty());
        let unit = indented.map(|l| l.chars().take_while(|c| matches!(c, ' ' | '\t')).collect());
        unit.unwrap_or_else(|| "  ".to_owned())
    }
}

fn with_root(
    text: &str,
    edit: impl FnOnce(&Json<'_>, &Object<'_>) -> Result<Vec<Edit>, ManifestError>,
) -> Result<Vec<Edit>, ManifestError> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let options = ParseOptions { allow_missing_commas: false, ..ParseOptions::default() };
    let parsed = parse_to_ast(body, &CollectOptions::default(), &options)
        .map_err(|e| ManifestError::Invalid(e.to_string()))?;
    match &parsed.value {
        Some(Value::Object(root)) => edit(&Json { text, shift: text.len() - body.len() }, root),
        _ => Err(ManifestError::NoPlace("object at its top")),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
