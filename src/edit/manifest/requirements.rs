//! `requirements.txt`.

use super::list::place_of;
use super::{ManifestError, newline, python_name};
use crate::edit::Edit;

/// Adds a requirement: in its sorted place if the lines are sorted, else at the end. One that is there gives no edits.
pub fn add_requirement(text: &str, requirement: &str, why: &str) -> Result<Vec<Edit>, ManifestError> {
    let name = python_name(requirement);
    let mut at = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut lines: Vec<(String, usize)> = Vec::new();
    for line in text.get(at..).unwrap_or_default().split_inclusive('\n') {
        let content = line.trim();
        if content.starts_with("--hash") || content.contains(" --hash=") {
            return Err(ManifestError::Hashed(requirement.to_owned()));
        }
        if content.starts_with(|c: char| c.is_alphanumeric()) {
            lines.push((python_name(content), at));
        }
        at += line.len();
    }
    if lines.iter().any(|(n, _)| *n == name) {
        return Ok(Vec::new());
    }
    let newline = newline(text);
    let names: Vec<String> = lines.iter().map(|(n, _)| n.clone()).collect();
    let index = if names.len() < 2 { names.len() } else { place_of(&names, &name) };
    if let Some((_, next)) = lines.get(index) {
        return Ok(vec![Edit::insertion(*next, format!("{requirement}{newline}"), why).shared()]);
    }
    // At the end a file keeps its last line end, or its lack of one.
    let body = text.trim_end_matches(['\n', '\r']);
    let edit = match body.trim_start_matches('\u{feff}') {
        "" => Edit::insertion(text.len(), format!("{requirement}{newline}"), why),
        _ => Edit::insertion(body.len(), format!("{newline}{requirement}"), why),
    };
    Ok(vec![edit.shared()])
}
