//! Edits and new files that stand or fall together.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Edit;
use super::text_edit::{mask, occurrences};

/// A file that does not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    text: String,
    why: String,
    secrets: Vec<Range<usize>>,
}

impl NewFile {
    /// A file with this exact text.
    pub fn new(text: impl Into<String>, why: impl Into<String>) -> Self {
        Self { text: text.into(), why: why.into(), secrets: Vec::new() }
    }

    /// Marks every occurrence of `value` as secret: masked in diffs, never in the journal.
    #[must_use]
    pub fn masking(mut self, value: &str) -> Self {
        self.secrets.extend(occurrences(&self.text, value));
        self
    }

    /// The exact text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The reason, as shown to the user.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// Whether any of the text is secret.
    pub fn is_secret(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// The text as it may be shown.
    pub fn masked_text(&self) -> String {
        mask(&self.text, &self.secrets)
    }
}

/// The smallest thing a user can say yes or no to: edits in any number of files, and files to create.
///
/// Built in the order in which the step thinks of it; at one offset that order is the order of the inserted texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditUnit {
    title: String,
    why: String,
    site: Option<String>,
    edits: BTreeMap<String, Vec<Edit>>,
    new_files: BTreeMap<String, NewFile>,
    needs: Vec<String>,
    always: bool,
    library: bool,
}

impl EditUnit {
    /// An empty unit. `title` names it in the review ("Charge for POST /api/image"), `why` says what it is for.
    pub fn new(title: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            why: why.into(),
            site: None,
            edits: BTreeMap::new(),
            new_files: BTreeMap::new(),
            needs: Vec::new(),
            always: false,
            library: false,
        }
    }

    /// The id of the site this unit is about.
    #[must_use]
    pub fn for_site(mut self, site: impl Into<String>) -> Self {
        self.site = Some(site.into());
        self
    }

    /// Adds an edit of the file at `path` (relative to the workspace's root).
    #[must_use]
    pub fn edit(mut self, path: impl Into<String>, edit: Edit) -> Self {
        self.add(path, [edit]);
        self
    }

    /// Adds edits of the file at `path`.
    #[must_use]
    pub fn edits(mut self, path: impl Into<String>, edits: impl IntoIterator<Item = Edit>) -> Self {
        self.add(path, edits);
        self
    }

    /// Adds a file to create. A second file at the same path takes the first one's place.
    #[must_use]
    pub fn create(mut self, path: impl Into<String>, file: NewFile) -> Self {
        self.new_files.insert(path.into(), file);
        self
    }

    /// Says that this unit makes no sense without what another unit does to the file at `path`.
    #[must_use]
    pub fn needs(mut self, path: impl Into<String>) -> Self {
        self.add_need(path.into());
        self
    }

    /// The same unit with other edits of the files that have any; nothing where one file's cannot be had.
    pub(super) fn with_edits(
        &self,
        mut other: impl FnMut(&str, &[Edit]) -> Option<Vec<Edit>>,
    ) -> Option<Self> {
        let edits = self.edits.iter().map(|(path, edits)| Some((path.clone(), other(path, edits)?)));
        Some(Self { edits: edits.collect::<Option<_>>()?, ..self.clone() })
    }

    /// Takes everything over that another unit would do, so that both stand or fall together under this one's title.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        for (path, edits) in other.edits {
            self.add(path, edits);
        }
        self.new_files.extend(other.new_files);
        self.needs.extend(other.needs);
        self.library |= other.library;
        self
    }

    pub(super) fn add_need(&mut self, path: String) {
        if !self.needs.contains(&path) {
            self.needs.push(path);
        }
    }

    /// Says that this unit is no choice of its own: it goes with whatever else is taken.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.always = true;
        self
    }

    /// Whether the unit goes with whatever else is taken.
    pub fn is_always(&self) -> bool {
        self.always
    }

    /// Says that the new files are for other code to call, and make no sense where nothing does.
    #[must_use]
    pub fn library(mut self) -> Self {
        self.library = true;
        self
    }

    /// Takes that back: what the files hold is used by what comes later.
    #[must_use]
    pub fn standing(mut self) -> Self {
        self.library = false;
        self
    }

    /// Whether the new files wait to be called.
    pub fn is_library(&self) -> bool {
        self.library
    }

    /// [`EditUnit::edits`] for a unit that is filled in a loop.
    pub fn add(&mut self, path: impl Into<String>, edits: impl IntoIterator<Item = Edit>) {
        let mut edits = edits.into_iter().peekable();
        if edits.peek().is_some() {
            self.edits.entry(path.into()).or_default().extend(edits);
        }
    }

    /// The name in the review.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What it is for.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// The site it is about.
    pub fn site(&self) -> Option<&str> {
        self.site.as_deref()
    }

    /// The edits of each file, in the unit's own order.
    pub fn file_edits(&self) -> impl Iterator<Item = (&str, &[Edit])> {
        self.edits.iter().map(|(path, edits)| (path.as_str(), edits.as_slice()))
    }

    /// The files to create.
    pub fn new_files(&self) -> impl Iterator<Item = (&str, &NewFile)> {
        self.new_files.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// Paths of files that another unit must create or change for this unit to make sense.
    pub fn needed_files(&self) -> &[String] {
        &self.needs
    }

    /// Every path the unit changes or creates.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.edits.keys().chain(self.new_files.keys()).map(String::as_str)
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty() && self.new_files.is_empty()
    }

    pub(super) fn edits_of(&self, path: &str) -> &[Edit] {
        self.edits.get(path).map_or(&[], Vec::as_slice)
    }

    pub(super) fn new_file(&self, path: &str) -> Option<&NewFile> {
        self.new_files.get(path)
    }
}
