//! Styled text as a value: pieces that say what they are, never which colour they have.
//!
//! A plain sentence with `` `backticks` `` becomes text whose quoted parts are literals; the backticks stay, so the
//! sentence reads the same without colour. Control characters never reach the terminal: file contents and paths are
//! other people's text.

use console::measure_text_width;

use crate::unseen::is_unseen;

/// What a piece of text is. The theme in `screen` decides how that looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// Ordinary text.
    Plain,
    /// Title of a part of the screen.
    Heading,
    /// A path, with or without a line.
    Path,
    /// A command, value, or name.
    Literal,
    /// Less important than the rest.
    Muted,
    /// The word that starts a hint.
    Hint,
    /// Something went well.
    Success,
    /// Something to look at.
    Warning,
    /// Something went wrong.
    Error,
    /// An added line.
    Added,
    /// What is new within an added line.
    AddedWord,
    /// A removed line.
    Removed,
    /// What is gone within a removed line.
    RemovedWord,
    /// Where a hunk stands.
    Hunk,
    /// A key to press.
    Key,
}

/// Longest literal that is kept on one line.
const UNBROKEN: usize = 40;

/// A run of labelled pieces on one line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(Vec<(Label, String)>);

impl Text {
    /// No text.
    pub fn new() -> Self {
        Self::default()
    }

    /// A sentence; parts in backticks are literals.
    pub fn sentence(text: &str) -> Self {
        let mut out = Self::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('`') {
            let Some((quoted, after)) = after.split_once('`') else { break };
            out = out.plain(before).with(Label::Literal, &format!("`{quoted}`"));
            rest = after;
        }
        out.plain(rest)
    }

    /// One more piece.
    #[must_use]
    pub fn with(mut self, label: Label, text: &str) -> Self {
        if !text.is_empty() {
            self.0.push((label, printable(text)));
        }
        self
    }

    /// One more piece of ordinary text.
    #[must_use]
    pub fn plain(self, text: &str) -> Self {
        self.with(Label::Plain, text)
    }

    /// One more piece that names a place.
    #[must_use]
    pub fn path(self, text: &str) -> Self {
        self.with(Label::Path, text)
    }

    /// One more piece that matters less.
    #[must_use]
    pub fn muted(self, text: &str) -> Self {
        self.with(Label::Muted, text)
    }

    /// All pieces of another text.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Blanks up to a column.
    #[must_use]
    pub fn pad_to(self, column: usize) -> Self {
        let gap = column.saturating_sub(self.width());
        self.plain(&" ".repeat(gap))
    }

    /// The pieces.
    pub fn pieces(&self) -> &[(Label, String)] {
        &self.0
    }

    /// Columns on the screen.
    pub fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| measure_text_width(text)).sum()
    }

    /// The same text on lines of at most `width` columns, broken at blanks; lines after the first start with `indent`
    /// blanks. A word that is longer than a line is not cut: paths stay copyable.
    pub fn wrapped(&self, width: usize, indent: usize) -> Vec<Self> {
        let mut lines = vec![Self::new()];
        let mut column = 0;
        let mut pending = String::new();
        for word in self.words() {
            let size: usize = word.iter().map(|(_, text)| measure_text_width(text)).sum();
            let blank = word.iter().all(|(_, text)| text.chars().all(|c| c == ' '));
            if blank {
                pending.push_str(&" ".repeat(size));
                continue;
            }
            if column + pending.len() + size > width && column > indent {
                lines.push(Self::new().plain(&" ".repeat(indent)));
                column = indent;
                pending.clear();
            }
            if let Some(line) = lines.last_mut() {
                column += pending.len() + size;
                *line = std::mem::take(line).plain(&std::mem::take(&mut pending));
                line.0.extend(word);
            }
        }
        lines
    }

    /// The same text cut every `width` columns, wherever that is: for code, where a break at a blank would mislead.
    pub fn chunks(&self, width: usize) -> Vec<Self> {
        let mut lines = vec![Self::new()];
        let mut column = 0;
        for (label, text) in &self.0 {
            for c in text.chars() {
                let size = measure_text_width(c.encode_utf8(&mut [0; 4]));
                if column + size > width {
                    lines.push(Self::new());
                    column = 0;
                }
                column += size;
                let Some(line) = lines.last_mut() else { continue };
                match line.0.last_mut() {
                    Some((l, piece)) if l == label => piece.push(c),
                    _ => line.0.push((*label, c.to_string())),
                }
            }
        }
        lines
    }

    /// Runs of blanks and runs of anything else; a word may change its label inside. A short literal, such as a command,
    /// is one word with its blanks.
    fn words(&self) -> Vec<Vec<(Label, String)>> {
        let mut words: Vec<Vec<(Label, String)>> = Vec::new();
        let mut last_blank = None;
        for (label, text) in &self.0 {
            let whole = *label == Label::Literal && text.len() <= UNBROKEN && !text.trim().is_empty();
            for c in text.chars() {
                let blank = c == ' ' && !whole;
                if last_blank != Some(blank) {
                    words.push(Vec::new());
                    last_blank = Some(blank);
                }
                let Some(word) = words.last_mut() else { continue };
                match word.last_mut() {
                    Some((l, piece)) if l == label => piece.push(c),
                    _ => word.push((*label, c.to_string())),
                }
            }
        }
        words
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::sentence(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::sentence(&text)
    }
}

/// The text with tabs widened and every other character that is not seen, or that moves others, made visible. A byte order
/// mark at the start is part of no line.
pub(super) fn printable(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.chars().any(|c| c.is_control() || is_unseen(c)) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| match c {
            '\t' => "    ".to_owned(),
            '\r' => String::new(),
            c if c.is_control() || is_unseen(c) => c.escape_unicode().to_string(),
            c => c.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(lines: &[Text]) -> Vec<String> {
        lines.iter().map(|l| l.pieces().iter().map(|(_, t)| t.as_str()).collect()).collect()
    }

    #[test]
    fn backticks_make_literals_and_stay() {
        let text = Text::sentence("run `git stash` first, it's `odd");
        assert_eq!(text.pieces()[1], (Label::Literal, "`git stash`".to_owned()));
        assert_eq!(plain(&[text]), ["run `git stash` first, it's `odd"]);
    }

    #[test]
    fn lines_break_at_blanks_and_never_inside_a_path() {
        let text = Text::sentence("see `app/a/very/long/path.ts` for more of it");
        assert_eq!(plain(&text.wrapped(20, 2)), ["see", "  `app/a/very/long/path.ts`", "  for more of it"]);
        assert_eq!(plain(&Text::sentence("short").wrapped(80, 2)), ["short"]);
        assert_eq!(
            plain(&Text::sentence("first do `git stash -u`").wrapped(16, 0)),
            ["first do", "`git stash -u`"]
        );
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let text = Text::new().plain("a\u{1b}[2Jb\tc\r");
        assert_eq!(plain(&[text]), ["a\\u{1b}[2Jb    c"]);
        let text = Text::new().path("a\u{202e}gnp.exe").plain("\u{feff}x\u{feff}");
        assert_eq!(plain(&[text]), ["a\\u{202e}gnp.exex\\u{feff}"]);
    }
}
