//! Edits of files that are not code: dependencies, settings, environment.
//!
//! Each function takes the text and gives byte edits in the form of what stands there: sorted where the list is sorted,
//! one per line where it is, with the file's line ends and quotes. Parsers only say where things are; nothing is ever
//! printed back from a parsed form, because no printer keeps every byte. What is there already gives no edits.

mod env;
mod json;
mod list;
mod pyproject;
mod requirements;

pub use env::{EnvLine, add_env, sets, variables_set};
pub use json::{add_json_dependency, set_json};
pub use pyproject::{add_pipfile_package, add_pyproject_dependency};
pub use requirements::add_requirement;

/// Why a file was not edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It cannot be read as what it is.
    #[error("it is not valid: {0}")]
    Invalid(String),
    /// There is no place for it.
    #[error("it has no {0}")]
    NoPlace(&'static str),
    /// Lines are pinned by hash.
    #[error("its lines are pinned by hash; add `{0}` with the tool that writes the file")]
    Hashed(String),
}

/// The line end of a text.
fn newline(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text.get(..at).is_some_and(|head| head.ends_with('\r')) => "\r\n",
        _ => "\n",
    }
}

/// A Python distribution's name in its one normal form: `Foo.Bar_baz[x]>=1` is `foo-bar-baz`.
fn python_name(requirement: &str) -> String {
    let name = requirement
        .trim()
        .split(|c: char| !(c.is_alphanumeric() || "-_.".contains(c)))
        .next()
        .unwrap_or_default();
    let mut normal = String::new();
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            c => normal.extend(c.to_lowercase()),
        }
    }
    normal
}

#[cfg(test)]
mod tests;
