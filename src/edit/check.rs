//! The acceptance test of a change: every changed file parses with no more errors than before, and no edit lies inside
//! a part of the file that the parser does not understand.
//!
//! About one valid real file in a hundred has an error node, a gap of the grammar. So errors are counted before and
//! after, and judged by place, instead of asking for a clean parse.

use std::ops::Range;

use jsonc_parser::{CollectOptions, ParseOptions};
use tree_sitter::Parser;

use super::outcome::Placed;
use super::{Change, FileOutcome, Outcome};
use crate::syntax;
use crate::workspace::{Language, SourceText};

/// Why a file must not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// The change would break the syntax.
    #[error(
        "{} would leave `{file}` with a syntax error at line {line}; it was not written, make this change by hand",
        quoted(units)
    )]
    Broken {
        /// The file.
        file: String,
        /// 1-based line of the text after the change.
        line: usize,
        /// Titles of the units nearest to the error.
        units: Vec<String>,
    },
    /// The place cannot be judged.
    #[error(
        "{} would change line {line} of `{file}`, which the parser does not understand; make this change by hand",
        quoted(units)
    )]
    InsideError {
        /// The file.
        file: String,
        /// 1-based line of the text before the change.
        line: usize,
        /// Titles of the units.
        units: Vec<String>,
    },
}

impl CheckError {
    /// The file.
    pub fn file(&self) -> &str {
        match self {
            Self::Broken { file, .. } | Self::InsideError { file, .. } => file,
        }
    }

    /// Titles of the units to blame.
    pub fn units(&self) -> &[String] {
        match self {
            Self::Broken { units, .. } | Self::InsideError { units, .. } => units,
        }
    }
}

fn quoted(units: &[String]) -> String {
    units.iter().map(|u| format!("\"{u}\"")).collect::<Vec<_>>().join(", ")
}

impl Outcome {
    /// Every reason not to write. Files in a language without a parser here are taken as they are.
    pub fn check(&self) -> Result<(), Vec<CheckError>> {
        let errors: Vec<CheckError> = self.files().iter().flat_map(|file| self.check_file(file)).collect();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    fn check_file(&self, file: &FileOutcome) -> Vec<CheckError> {
        let Some(before) = errors_in(file.path(), file.before()) else { return Vec::new() };
        let Some(after) = errors_in(file.path(), file.after()) else { return Vec::new() };
        let mut found = Vec::new();
        if file.change() == Change::Modified {
            // What is left open up to the end may have begun anywhere above: no place in such a file can be judged.
            let end = file.before().as_str().trim_end().len();
            let open = before.iter().any(|error| error.end >= end);
            for placed in &file.placed {
                if open || before.iter().any(|error| reaches_into(&placed.edit.range(), error)) {
                    found.push(CheckError::InsideError {
                        file: file.path().to_owned(),
                        line: file.before().line_of(placed.edit.range().start),
                        units: self.titles_of([placed]),
                    });
                }
            }
        }
        if after.len() > before.len() {
            let far = |error: &Range<usize>| file.placed.iter().map(|p| distance(&p.after, error)).min();
            let Some(worst) = after.iter().min_by_key(|e| (far(e), e.start)) else { return found };
            let nearest = far(worst);
            let blamed: Vec<_> =
                file.placed.iter().filter(|p| Some(distance(&p.after, worst)) == nearest).collect();
            // An error node may begin far above the place that causes it.
            let start = blamed.first().map_or(worst.start, |p| worst.start.max(p.after.start));
            found.push(CheckError::Broken {
                file: file.path().to_owned(),
                line: file.after().line_of(start),
                units: self.titles_of(blamed),
            });
        }
        found
    }

    fn titles_of<'a>(&self, placed: impl IntoIterator<Item = &'a Placed>) -> Vec<String> {
        let mut ids: Vec<_> = placed.into_iter().flat_map(|p| p.units.iter().copied()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().filter_map(|id| self.titles().get(id.index()).cloned()).collect()
    }
}

/// Bytes between two ranges, 0 when they touch.
fn distance(a: &Range<usize>, b: &Range<usize>) -> usize {
    a.start.saturating_sub(b.end).max(b.start.saturating_sub(a.end))
}

/// An edit at the edge of an error does not reach into it.
fn reaches_into(edit: &Range<usize>, error: &Range<usize>) -> bool {
    if edit.is_empty() {
        error.start < edit.start && edit.start < error.end
    } else {
        edit.start < error.end && error.start < edit.end
    }
}

/// Where a text has errors; `None` when nobody here can tell.
fn errors_in(path: &str, text: &SourceText) -> Option<Vec<Range<usize>>> {
    let source = text.as_str();
    let body = source.get(text.bom_len()..).unwrap_or_default();
    if body.trim().is_empty() {
        return Some(Vec::new());
    }
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let spans = match (Language::of(path), extension) {
        (Some(language), _) if language.is_code() => syntax::error_spans(&syntax::parse(language, source)?),
        (_, "prisma") => {
            let mut parser = Parser::new();
            parser.set_language(&tree_sitter_prisma_io::LANGUAGE.into()).ok()?;
            syntax::error_spans(&parser.parse(source, None)?)
        }
        (_, "json" | "jsonc") => {
            let options = ParseOptions { allow_missing_commas: false, ..ParseOptions::default() };
            let broken = jsonc_parser::parse_to_ast(body, &CollectOptions::default(), &options).err();
            return Some(broken.map(|e| e.range().start..e.range().end).into_iter().collect());
        }
        (_, "toml") => {
            let broken = toml::from_str::<toml::Table>(body).err();
            return Some(broken.map(|e| e.span().unwrap_or(0..0)).into_iter().collect());
        }
        _ => return None,
    };
    Some(spans.into_iter().map(syntax::Span::range).collect())
}
