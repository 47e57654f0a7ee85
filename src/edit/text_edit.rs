//! One edit: a byte range of a file, the text that takes its place, and the reason.
//!
//! Ranges are ranges of the file's exact bytes, byte order mark included (see [`crate::workspace::SourceText`]). The
//! fields are private so that an edit can only be made in one of the three shapes and is never changed afterwards.

use std::ops::Range;

use super::Listing;

/// A replacement of one byte range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    start: usize,
    end: usize,
    text: String,
    why: String,
    shared: bool,
    beneath: bool,
    rank: Option<String>,
    listing: Option<Listing>,
    secrets: Vec<Range<usize>>,
}

impl Edit {
    /// Puts `text` at `at`.
    pub fn insertion(at: usize, text: impl Into<String>, why: impl Into<String>) -> Self {
        Self::replacement(at..at, text, why)
    }

    /// Takes the bytes of `range` away.
    pub fn deletion(range: Range<usize>, why: impl Into<String>) -> Self {
        Self::replacement(range, "", why)
    }

    /// Puts `text` in the place of the bytes of `range`.
    pub fn replacement(range: Range<usize>, text: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            start: range.start,
            end: range.end.max(range.start),
            text: text.into(),
            why: why.into(),
            shared: false,
            beneath: false,
            rank: None,
            listing: None,
            secrets: Vec::new(),
        }
    }

    /// Puts a list at `at`, which the lists of others at that place may join: see [`Listing`].
    pub fn listing(at: usize, listing: Listing, why: impl Into<String>) -> Self {
        let text = listing.text();
        Self { listing: Some(listing), ..Self::insertion(at, text, why) }
    }

    /// Says that the edit means the same whoever brings it (an import, a dependency, a declared variable), so that two
    /// units with the same insertion make it once. Identical replacements and deletions always merge.
    #[must_use]
    pub fn shared(mut self) -> Self {
        self.shared = true;
        self
    }

    /// Says that others are planned upon this edit: at one place it comes before theirs. See [`super::Layer`].
    #[must_use]
    pub(super) fn beneath(mut self) -> Self {
        self.beneath = true;
        self
    }

    /// See [`Edit::beneath`].
    pub(super) fn is_beneath(&self) -> bool {
        self.beneath
    }

    /// The same edit of another range.
    pub(super) fn at(&self, range: Range<usize>) -> Self {
        Self { start: range.start, end: range.end, ..self.clone() }
    }

    /// Says where the insertion stands among others at the same place that carry a rank, whoever brings them: lines of
    /// a sorted list come out sorted.
    #[must_use]
    pub fn ranked(mut self, rank: impl Into<String>) -> Self {
        self.rank = Some(rank.into());
        self
    }

    /// See [`Edit::ranked`].
    pub(super) fn rank(&self) -> Option<&str> {
        self.rank.as_deref()
    }

    /// Marks every occurrence of `value` in the inserted text as secret: masked in diffs, never in the journal.
    #[must_use]
    pub fn masking(mut self, value: &str) -> Self {
        self.secrets.extend(occurrences(&self.text, value));
        self
    }

    /// Marks the whole inserted text as secret.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.secrets = Vec::new();
        let whole = 0..self.text.len();
        self.secrets.push(whole);
        self
    }

    /// The bytes that are replaced; empty for an insertion.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// What takes their place; empty for a deletion.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The reason, as shown to the user.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// Whether nothing is replaced.
    pub fn is_insertion(&self) -> bool {
        self.start == self.end
    }

    /// Whether any of the text is secret.
    pub fn is_secret(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// The inserted text as it may be shown.
    pub fn masked_text(&self) -> String {
        mask(&self.text, &self.secrets)
    }

    /// Whether applying both in either order means applying either once.
    pub(super) fn merges_with(&self, other: &Self) -> bool {
        self.range() == other.range()
            && self.text == other.text
            && self.rank == other.rank
            && (!self.is_insertion() || (self.shared && other.shared))
    }

    /// The one insertion that stands for both, where both are lists of one kind at one place.
    pub(super) fn joined_with(&self, other: &Self) -> Option<Self> {
        let listing = self.listing.as_ref()?.joined_with(other.listing.as_ref()?)?;
        let alike = self.range() == other.range() && self.rank == other.rank && self.shared == other.shared;
        let text = listing.text();
        alike.then(|| Self { text, listing: Some(listing), ..self.clone() })
    }

    /// Whether the two cannot both be made. Touching ranges can: an insertion at the edge of a replaced range stays
    /// outside of it.
    pub(super) fn conflicts_with(&self, other: &Self) -> bool {
        if self.merges_with(other) {
            return false;
        }
        match (self.is_insertion(), other.is_insertion()) {
            (true, true) => false,
            (true, false) => other.start < self.start && self.start < other.end,
            (false, true) => self.start < other.start && other.start < self.end,
            (false, false) => self.start < other.end && other.start < self.end,
        }
    }
}

/// By place, insertions before what they stand in front of; then by text and reason, so that the order is total.
impl Ord for Edit {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |e: &Self| (e.start, e.end);
        key(self)
            .cmp(&key(other))
            .then_with(|| self.text.cmp(&other.text))
            .then_with(|| self.why.cmp(&other.why))
            .then_with(|| self.shared.cmp(&other.shared))
            .then_with(|| self.beneath.cmp(&other.beneath))
            .then_with(|| self.rank.cmp(&other.rank))
            .then_with(|| self.listing.cmp(&other.listing))
            .then_with(|| {
                let places = |e: &Self| e.secrets.iter().map(|r| (r.start, r.end)).collect::<Vec<_>>();
                places(self).cmp(&places(other))
            })
    }
}

impl PartialOrd for Edit {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// What stands where a secret would.
pub(super) const MASK: &str = "********";

/// Every place of `value` in `text`; none for an empty value.
pub(super) fn occurrences(text: &str, value: &str) -> Vec<Range<usize>> {
    if value.is_empty() {
        return Vec::new();
    }
    text.match_indices(value).map(|(at, found)| at..at + found.len()).collect()
}

/// `text` with every range replaced by a mask of one length, line ends kept.
pub(super) fn mask(text: &str, secrets: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut hidden = false;
    for (at, c) in text.char_indices() {
        let secret = secrets.iter().any(|r| r.contains(&at));
        let line_end = c == '\n' || c == '\r';
        if secret && !line_end {
            if !hidden {
                out.push_str(MASK);
            }
            hidden = true;
        } else {
            out.push(c);
            hidden = false;
        }
    }
    out
}
