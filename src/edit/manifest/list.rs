//! One more item between brackets, wherever the brackets are.

use std::ops::Range;

use super::newline;
use crate::edit::Edit;

/// A bracketed list of a text.
#[derive(Debug)]
pub(super) struct List<'t> {
    /// The whole text.
    pub(super) text: &'t str,
    /// With its brackets.
    pub(super) range: Range<usize>,
    /// The items, without commas.
    pub(super) items: Vec<Range<usize>>,
    /// What a list without items gets around its first one; `None` for a list on one line.
    pub(super) open: Option<String>,
    /// How a comment begins.
    pub(super) comment: &'static str,
}

impl List<'_> {
    /// Puts an item in front of the one at `index`, or at the end.
    pub(super) fn insert(&self, index: usize, item: &str, why: &str) -> Vec<Edit> {
        let newline = newline(self.text);
        if let Some(next) = self.items.get(index) {
            let gap = if self.is_first_on_line(next.start) {
                format!("{newline}{}", self.indent_at(next.start))
            } else {
                " ".to_owned()
            };
            return vec![Edit::insertion(next.start, format!("{item},{gap}"), why)];
        }
        let Some(last) = self.items.last() else {
            let inside = self.range.start + 1..self.range.end - 1;
            let outer = self.indent_at(self.range.start);
            let text = match &self.open {
                Some(unit) => format!("{newline}{outer}{unit}{item}{newline}{outer}"),
                None => item.to_owned(),
            };
            return vec![Edit::replacement(inside, text, why)];
        };
        let comma = self.comma_after(last.end);
        let end = comma.unwrap_or(last.end);
        if !self.is_first_on_line(last.start) {
            let tail = if comma.is_some() { "," } else { "" };
            let head = if comma.is_some() { "" } else { "," };
            return vec![Edit::insertion(end, format!("{head} {item}{tail}"), why)];
        }
        let indent = self.indent_at(last.start);
        // A comment at the end of the line belongs to the last item.
        let line_end = self.line_end(end);
        let rest = self.slice(end..line_end).trim_start();
        let at = if rest.starts_with(self.comment) { line_end } else { end };
        match comma {
            Some(_) => vec![Edit::insertion(at, format!("{newline}{indent}{item},"), why)],
            None if at == last.end => vec![Edit::insertion(at, format!(",{newline}{indent}{item}"), why)],
            None => vec![
                Edit::insertion(last.end, ",", why),
                Edit::insertion(at, format!("{newline}{indent}{item}"), why),
            ],
        }
    }

    /// Offset behind the comma that follows, comments between looked through.
    fn comma_after(&self, at: usize) -> Option<usize> {
        let mut rest = self.slice(at..self.range.end - 1);
        loop {
            rest = rest.trim_start();
            if let Some(comment) = rest.strip_prefix(self.comment) {
                rest = comment.find('\n').and_then(|i| comment.get(i..)).unwrap_or_default();
            } else if rest.starts_with(',') {
                return Some(self.range.end - 1 - rest.len() + 1);
            } else {
                return None;
            }
        }
    }

    pub(super) fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    pub(super) fn indent_at(&self, at: usize) -> &str {
        let start = self.slice(0..at).rfind('\n').map_or(0, |i| i + 1);
        let line = self.slice(start..at);
        let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
        self.slice(start..start + blanks)
    }

    fn is_first_on_line(&self, at: usize) -> bool {
        self.slice(0..at).rsplit('\n').next().is_some_and(|head| head.trim().is_empty())
            && self.slice(0..at).contains('\n')
    }

    fn line_end(&self, at: usize) -> usize {
        let end = self.slice(at..self.text.len()).find('\n').map_or(self.text.len(), |i| at + i);
        if end > at && self.slice(end - 1..end) == "\r" { end - 1 } else { end }
    }
}

/// The index of a new name in a list of names: sorted if that is, else the end.
pub(super) fn place_of(names: &[String], new: &str) -> usize {
    let sorted = names.windows(2).all(|w| w[0] <= w[1]);
    if sorted { names.iter().take_while(|n| n.as_str() < new).count() } else { names.len() }
}
