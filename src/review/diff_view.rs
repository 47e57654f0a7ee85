//! A change as it is shown: file by file, line numbers on both sides, the words that changed set off.
//!
//! Long lines continue under themselves, beside an empty gutter, so that every byte that would be written can be read
//! whatever the terminal's width. Line ends that a terminal does not show are said in words.

use crate::answers::FILE_NAME;
use crate::edit::{Change, FileOutcome, Hunk, Line, LineKind, Outcome};

use super::text::{Label, Text};

/// Narrowest column for code.
const MIN_CODE: usize = 20;

/// The files by their index in the outcome, as they are shown: the app's own first, the answers last.
pub fn order(outcome: &Outcome) -> Vec<(usize, &FileOutcome)> {
    let mut files: Vec<(usize, &FileOutcome)> = outcome.files().iter().enumerate().collect();
    files.sort_by_key(|(_, file)| file.path().ends_with(FILE_NAME));
    files
}

/// Every file of an outcome.
pub fn outcome(outcome: &Outcome, width: usize) -> Vec<Text> {
    let mut lines = Vec::new();
    for (_, file) in order(outcome) {
        if !lines.is_empty() {
            lines.push(Text::new());
        }
        lines.extend(whole_file(file, width));
    }
    lines
}

/// One file with all its hunks.
pub fn whole_file(file: &FileOutcome, width: usize) -> Vec<Text> {
    let mut lines = vec![heading(file)];
    for hunk in &file.diff().hunks {
        lines.extend(self::hunk(file, hunk, width));
    }
    lines
}

/// What stands above a file's hunks.
pub fn heading(file: &FileOutcome) -> Text {
    Text::new().muted("── ").then(file_line(file))
}

/// `app/api/image/route.ts  +12 -1`
pub fn file_line(file: &FileOutcome) -> Text {
    let diff = file.diff();
    let mut text = Text::new().path(file.path()).plain("  ");
    if file.change() == Change::Created {
        text = text.with(Label::Success, "new file").plain("  ");
    }
    text = text.then(counts(diff.added, diff.removed));
    if file.is_secret() {
        text = text.muted("  values hidden");
    }
    text
}

/// `+12 -1`
pub fn counts(added: usize, removed: usize) -> Text {
    let text = Text::new().with(Label::Added, &format!("+{added}"));
    if removed == 0 { text } else { text.plain(" ").with(Label::Removed, &format!("-{removed}")) }
}

/// One hunk with its header.
pub fn hunk(file: &FileOutcome, hunk: &Hunk, width: usize) -> Vec<Text> {
    let digits = digits(file);
    let mut lines = Vec::new();
    if file.change() == Change::Modified {
        lines.push(
            Text::new().with(Label::Hunk, &format!("{} {}", " ".repeat(2 * digits + 1), hunk.header())),
        );
    }
    for line in &hunk.lines {
        lines.extend(self::line(line, digits, width));
    }
    lines.extend(invisible(hunk));
    lines
}

/// Columns that the file's largest line number takes.
fn digits(file: &FileOutcome) -> usize {
    let ends = file.diff().hunks.iter().map(|h| (h.old_start + h.old_lines).max(h.new_start + h.new_lines));
    ends.max().unwrap_or(1).to_string().len().max(3)
}

fn line(line: &Line, digits: usize, width: usize) -> Vec<Text> {
    let (sign, plain, word) = match line.kind {
        LineKind::Context => (' ', Label::Plain, Label::Plain),
        LineKind::Removed => ('-', Label::Removed, Label::RemovedWord),
        LineKind::Added => ('+', Label::Added, Label::AddedWord),
    };
    let number = |n: Option<usize>| n.map_or_else(|| " ".repeat(digits), |n| format!("{n:>digits$}"));
    let gutter = format!("{} {} ", number(line.old), number(line.new));
    let room = width.saturating_sub(gutter.len() + 2).max(MIN_CODE);
    // A line that is new as a whole has nothing to set off.
    let partly = line.spans.iter().any(|s| s.emphasis) && line.spans.iter().any(|s| !s.emphasis);
    let pieces =
        line.spans.iter().map(|s| (if s.emphasis && partly { word } else { plain }, s.text.as_str()));
    let code = pieces.fold(Text::new(), |text, (label, piece)| text.with(label, piece));
    let chunks = code.chunks(room);
    let mut out = Vec::with_capacity(chunks.len());
    for (index, chunk) in chunks.into_iter().enumerate() {
        let lead = if index == 0 { gutter.clone() } else { " ".repeat(gutter.len()) };
        let sign = if index == 0 { sign } else { '↳' };
        let sign_label = if sign == '↳' { Label::Muted } else { plain };
        out.push(Text::new().muted(&lead).with(sign_label, &format!("{sign} ")).then(chunk));
    }
    out
}

/// What changed in line ends, which cannot be seen.
fn invisible(hunk: &Hunk) -> Option<Text> {
    let ends = |kind| hunk.lines.iter().filter(move |l| l.kind == kind).map(|l| l.end);
    let note = |text: &str| Some(Text::new().with(Label::Muted, &format!("    ({text})")));
    let removed_missing = ends(LineKind::Removed).any(str::is_empty);
    let added_missing = ends(LineKind::Added).any(str::is_empty);
    match (removed_missing, added_missing) {
        (true, true) => note("the file has no line end at its end, and stays so"),
        (true, false) => note("adds the missing line end of the last line"),
        (false, true) => note("no line end at the end of the file"),
        (false, false) => None,
    }
}
