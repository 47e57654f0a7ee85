//! The difference of one file as a value: hunks of lines, the changed words of each line marked.
//!
//! The terminal view colours it; [`FileDiff::unified`] is the plain text form that `patch` and `git apply` take. Lines
//! keep their exact ends, so a file with `\r\n` shows `\r\n`, and a missing last line end is said.

use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use super::Change;

/// Lines of context around a change.
pub const UNIFIED_CONTEXT: usize = 3;

/// What a line of a hunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// In both files.
    Context,
    /// Only before.
    Removed,
    /// Only after.
    Added,
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Its text, without the line end.
    pub text: String,
    /// Whether this piece is what changed within a changed line.
    pub emphasis: bool,
}

/// One line of a hunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Added, removed or context.
    pub kind: LineKind,
    /// 1-based number before, `None` for an added line.
    pub old: Option<usize>,
    /// 1-based number after, `None` for a removed line.
    pub new: Option<usize>,
    /// The text in pieces.
    pub spans: Vec<Span>,
    /// The line's end: `"\n"`, `"\r\n"`, or `""` when the file ends without one.
    pub end: &'static str,
}

impl Line {
    /// The text without its end.
    pub fn text(&self) -> String {
        self.spans.iter().map(|s| s.text.as_str()).collect()
    }
}

/// Neighbouring changed lines with their context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// 1-based first line before; the line in front when the hunk holds none, as in a unified diff.
    pub old_start: usize,
    /// Lines before.
    pub old_lines: usize,
    /// 1-based first line after; the line in front when the hunk holds none.
    pub new_start: usize,
    /// Lines after.
    pub new_lines: usize,
    /// The lines.
    pub lines: Vec<Line>,
}

impl Hunk {
    /// `@@ -1,2 +1,3 @@`
    pub fn header(&self) -> String {
        let part = |start: usize, lines: usize| {
            if lines == 1 { start.to_string() } else { format!("{start},{lines}") }
        };
        format!("@@ -{} +{} @@", part(self.old_start, self.old_lines), part(self.new_start, self.new_lines))
    }
}

/// The difference of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDiff {
    /// Relative to the workspace's root.
    pub path: String,
    /// New or changed.
    pub change: Change,
    /// Added lines.
    pub added: usize,
    /// Removed lines.
    pub removed: usize,
    /// The hunks from top to bottom.
    pub hunks: Vec<Hunk>,
}

impl FileDiff {
    /// The exact unified diff, with its header.
    pub fn unified(&self) -> String {
        let mut out = String::new();
        let old = match self.change {
            Change::Created => "/dev/null".to_owned(),
            Change::Modified => format!("a/{}", self.path),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "--- {old}\n+++ b/{}", self.path);
        for hunk in &self.hunks {
            let _ = writeln!(out, "{}", hunk.header());
            for line in &hunk.lines {
                out.push(match line.kind {
                    LineKind::Context => ' ',
                    LineKind::Removed => '-',
                    LineKind::Added => '+',
                });
                line.spans.iter().for_each(|s| out.push_str(&s.text));
                out.push_str(if line.end.is_empty() { "\n\\ No newline at end of file\n" } else { line.end });
            }
        }
        out
    }
}

/// Compares two texts line by line, and changed lines word by word.
pub(super) fn diff(path: &str, change: Change, before: &str, after: &str) -> FileDiff {
    // Own splitting: a line ends with `\n` only, as `patch` has it; a lone `\r` is a character like others.
    let (old, new): (Vec<&str>, Vec<&str>) =
        (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let diff = TextDiff::configure().newline_terminated(true).diff_slices(&old, &new);
    let mut hunks = Vec::new();
    for group in diff.grouped_ops(UNIFIED_CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let old = first.old_range().start..last.old_range().end;
        let new = first.new_range().start..last.new_range().end;
        let lines = group.iter().flat_map(|op| diff.iter_inline_changes(op)).map(|change| {
            let pieces = change.iter_strings_lossy().map(|(emphasis, text)| (emphasis, text.into_owned()));
            line(change.tag(), change.old_index(), change.new_index(), pieces.collect())
        });
        let start = |r: &std::ops::Range<usize>| if r.is_empty() { r.start } else { r.start + 1 };
        hunks.push(Hunk {
            old_start: start(&old),
            old_lines: old.len(),
            new_start: start(&new),
            new_lines: new.len(),
            lines: lines.collect(),
        });
    }
    let count = |kind| hunks.iter().flat_map(|h| &h.lines).filter(|l| l.kind == kind).count();
    FileDiff {
        path: path.to_owned(),
        change,
        added: count(LineKind::Added),
        removed: count(LineKind::Removed),
        hunks,
    }
}

fn line(tag: ChangeTag, old: Option<usize>, new: Option<usize>, pieces: Vec<(bool, String)>) -> Line {
    let whole: String = pieces.iter().map(|(_, t)| t.as_str()).collect();
    let end = match () {
        () if whole.ends_with("\r\n") => "\r\n",
        () if whole.ends_with('\n') => "\n",
        () => "",
    };
    let mut left = whole.len() - end.len();
    let mut spans = Vec::new();
    for (emphasis, text) in pieces {
        let kept = text.get(..left.min(text.len())).unwrap_or(&text);
        left -= kept.len();
        if !kept.is_empty() {
            spans.push(Span { text: kept.to_owned(), emphasis });
        }
    }
    let kind = match tag {
        ChangeTag::Equal => LineKind::Context,
        ChangeTag::Delete => LineKind::Removed,
        ChangeTag::Insert => LineKind::Added,
    };
    Line { kind, old: old.map(|i| i + 1), new: new.map(|i| i + 1), spans, end }
}
