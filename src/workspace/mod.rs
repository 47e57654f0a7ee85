//! The files of one repository, as the rest of the program sees them.
//!
//! A [`Workspace`] is a snapshot: the walk happens once, in parallel, honouring `.gitignore`; texts are read on demand
//! and kept; [`Workspace::with_changes`] gives the snapshot as it would be after a change set, without touching the
//! disk. That one mechanism serves `plan`, `--dry-run` and the preview of later steps, so what is shown is what is
//! written.
//!
//! Paths are relative to the root, with `/`, and sorted, so that everything derived from a walk is deterministic.

mod aside;
mod language;
mod text;
mod walk;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use camino::{Utf8Path, Utf8PathBuf};
use ignore::gitignore::GitignoreBuilder;

pub use aside::{is_aside, is_no_app};
pub use language::Language;
pub use text::{LineEnding, SourceText};
pub use walk::{SkipReason, Skipped};

/// Largest file that is read for analysis, in bytes; larger ones are listed in [`Workspace::skipped`].
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// What went wrong with the files of a repository.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The root is missing or is a file.
    #[error("`{0}` is not a folder; give the folder of the project to integrate")]
    NotAFolder(Utf8PathBuf),
    /// A path that has no UTF-8 form.
    #[error("`{0}` is not a UTF-8 path; rename it or run in another folder")]
    NotUtf8Path(String),
    /// The file could not be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file, relative to the root.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file's text is not UTF-8, so no byte of it can be changed safely.
    #[error("`{0}` is not UTF-8 text; convert it to UTF-8 to have it integrated")]
    NotUtf8(String),
}

/// Index of a file in its workspace; ordered as the paths are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

impl FileId {
    /// The file at a position, for tests of what only carries it along.
    #[cfg(test)]
    pub(crate) fn nth(index: u32) -> Self {
        Self(index)
    }

    /// Position in [`Workspace::files`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One file of the walk.
#[derive(Debug)]
pub struct FileEntry {
    /// Relative to the root, with `/`.
    pub path: String,
    /// Language by name, `None` for files the program does not look into.
    pub language: Option<Language>,
    /// Bytes on disk (or of the overlay).
    pub size: u64,
    text: OnceLock<Option<Arc<SourceText>>>,
    overlay: Option<Arc<SourceText>>,
    aside: OnceLock<bool>,
}

impl FileEntry {
    fn new(path: String, size: u64, overlay: Option<Arc<SourceText>>) -> Self {
        Self {
            language: Language::of(&path),
            path,
            size,
            text: OnceLock::new(),
            overlay,
            aside: OnceLock::new(),
        }
    }

    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether it is no evidence about the app it lies in: [`is_aside`], found once.
    pub fn is_aside(&self) -> bool {
        *self.aside.get_or_init(|| is_aside(&self.path))
    }

    /// Whether modules of its language are parsed.
    pub fn is_code(&self) -> bool {
        self.language.is_some_and(Language::is_code)
    }

    /// The folder, `""` for files at the root.
    pub fn dir(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(dir, _)| dir)
    }
}

/// The real path of a folder that is there.
fn real(path: &Utf8Path) -> Result<Utf8PathBuf, WorkspaceError> {
    let real = path.as_std_path().canonicalize().map_err(|_| WorkspaceError::NotAFolder(path.to_owned()))?;
    Utf8PathBuf::from_path_buf(real)
        .map_err(|real| WorkspaceError::NotUtf8Path(real.to_string_lossy().into_owned()))
}

/// A snapshot of a repository's files.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: Utf8PathBuf,
    files: Arc<Vec<Arc<FileEntry>>>,
    skipped: Arc<Vec<Skipped>>,
}

impl Workspace {
    /// Walks `root`. Ignored files are left out, except `.env*`, whose existence matters and which are never printed.
    pub fn open(root: &Utf8Path) -> Result<Self, WorkspaceError> {
        let root = real(root)?;
        if !root.is_dir() {
            return Err(WorkspaceError::NotAFolder(root));
        }
        let found = walk::walk(&root);
        let files = found.files.into_iter().map(|(path, size)| Arc::new(FileEntry::new(path, size, None)));
        Ok(Self { root, files: Arc::new(files.collect()), skipped: Arc::new(found.skipped) })
    }

    /// A workspace that exists only in memory, for tests and for previews.
    pub fn in_memory<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let empty = Self { root: Utf8PathBuf::from("/"), files: Arc::default(), skipped: Arc::default() };
        empty.with_changes(files.into_iter().map(|(p, t)| (p.to_owned(), Some(t.as_bytes().to_vec()))))
    }

    /// The same workspace with some files replaced, added (`Some`) or removed (`None`); the disk is not touched.
    #[must_use]
    pub fn with_changes(&self, changes: impl IntoIterator<Item = (String, Option<Vec<u8>>)>) -> Self {
        let mut files: BTreeMap<String, Arc<FileEntry>> =
            self.files.iter().map(|f| (f.path.clone(), Arc::clone(f))).collect();
        for (path, bytes) in changes {
            match bytes {
                Some(bytes) => {
                    let size = bytes.len() as u64;
                    let text = Arc::new(SourceText::new(bytes));
                    let entry = FileEntry::new(path.clone(), size, Some(text));
                    // Whether it is one of the app's does not change with its text.
                    if let Some(aside) = files.get(&path).and_then(|before| before.aside.get()) {
                        entry.aside.get_or_init(|| *aside);
                    }
                    files.insert(path, Arc::new(entry));
                }
                None => {
                    files.remove(&path);
                }
            }
        }
        Self {
            root: self.root.clone(),
            files: Arc::new(files.into_values().collect()),
            skipped: Arc::clone(&self.skipped),
        }
    }

    /// Tells which files are aside by what the app is made of, before anything asks. `is_route` says of a path, from any
    /// folder on, whether requests are routed to it.
    pub fn settle_aside(&self, is_route: impl Fn(&str) -> bool) {
        let used = aside::in_use(self, is_route);
        for (_, file) in self.files() {
            file.aside.get_or_init(|| !aside::is_used(&file.path, &used));
        }
    }

    /// The folder that was opened, absolute.
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// Every file, sorted by path.
    pub fn files(&self) -> impl ExactSizeIterator<Item = (FileId, &FileEntry)> {
        self.files.iter().enumerate().map(|(i, f)| (FileId(i as u32), f.as_ref()))
    }

    /// The entry of a file of this workspace (or of one it was derived from, when the path still stands there).
    pub fn entry(&self, id: FileId) -> &FileEntry {
        &self.files[id.index()]
    }

    /// The file at a path relative to the root.
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.files.binary_search_by(|f| f.path.as_str().cmp(path)).ok().map(|i| FileId(i as u32))
    }

    /// Whether any file stands below this folder (`""` is the root).
    pub fn has_dir(&self, dir: &str) -> bool {
        let prefix = if dir.is_empty() { String::new() } else { format!("{dir}/") };
        let at = self.files.partition_point(|f| f.path.as_str() < prefix.as_str());
        self.files.get(at).is_some_and(|f| f.path.starts_with(&prefix))
    }

    /// The text of a file, read once. Errors: unreadable, or neither UTF-8 nor UTF-16.
    pub fn text(&self, id: FileId) -> Result<Arc<SourceText>, WorkspaceError> {
        let entry = self.entry(id);
        let text = if let Some(text) = &entry.overlay {
            Arc::clone(text)
        } else if let Some(Some(text)) = entry.text.get() {
            Arc::clone(text)
        } else {
            let bytes = std::fs::read(self.root.join(&entry.path))
                .map_err(|source| WorkspaceError::Read { path: entry.path.clone(), source })?;
            let text = Arc::new(SourceText::new(bytes));
            // Another thread may have been first; both hold the same bytes.
            drop(entry.text.set(Some(Arc::clone(&text))));
            text
        };
        if text.is_text() { Ok(text) } else { Err(WorkspaceError::NotUtf8(entry.path.clone())) }
    }

    /// The text of the file at a path, `None` when there is no such file or it cannot be read as UTF-8.
    pub fn text_at(&self, path: &str) -> Option<Arc<SourceText>> {
        self.find(path).and_then(|id| self.text(id).ok())
    }

    /// The file whose rules keep a path out of git (and out of this workspace), if one does.
    pub fn ignoring(&self, path: &str) -> Option<String> {
        let full = self.root.join(path);
        let dirs = Utf8Path::new(path).ancestors().skip(1);
        dirs.flat_map(|dir| [".gitignore", ".ignore"].map(|name| dir.join(name))).find_map(|file| {
            let rules = self.text_at(file.as_str())?;
            let mut builder = GitignoreBuilder::new(self.root.join(file.parent()?));
            for line in rules.as_str().lines() {
                // A line that is no rule is none for git either.
                drop(builder.add_line(None, line));
            }
            match builder.build().ok()?.matched_path_or_any_parents(&full, false) {
                ignore::Match::Ignore(_) => Some(Some(file.into_string())),
                // A rule that takes it back in outweighs those of the folders above.
                ignore::Match::Whitelist(_) => Some(None),
                ignore::Match::None => None,
            }
        })?
    }

    /// Files that were seen and left out, with the reason.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }
}

#[cfg(test)]
mod tests;
