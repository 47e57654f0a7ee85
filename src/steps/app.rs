//! What was recognised in the app that is integrated: ids of catalogue entries, and where it stands.
//!
//! The steps look everything else up in the catalogue or in the files, so that this stays what a fingerprint says and
//! a test can write down.

use crate::catalog::{AppLanguage, Catalog, Entry};

/// One app.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct App {
    /// Folder relative to the workspace's root, `""` when it is the root.
    pub root: String,
    /// Languages, the one with most of the server's code first.
    pub languages: Vec<AppLanguage>,
    /// Entries of `frameworks/`, the one that answers requests first.
    pub frameworks: Vec<String>,
    /// Entries of `auth/`.
    pub auth: Vec<String>,
    /// Entries of `orm/`.
    pub orm: Vec<String>,
    /// Entries of `env/`, the highest rank first.
    pub env: Vec<String>,
    /// Entry of `ui/`.
    pub ui: Option<String>,
    /// Entry of `managers/`.
    pub manager: Option<String>,
}

impl App {
    /// A path of the app as a path of the workspace.
    pub fn path(&self, relative: &str) -> String {
        match (self.root.as_str(), relative) {
            ("", _) => relative.to_owned(),
            (root, "") => root.to_owned(),
            (root, _) => format!("{root}/{relative}"),
        }
    }

    /// A path of the workspace as a path of the app, `None` when it lies elsewhere.
    pub fn relative<'p>(&self, path: &'p str) -> Option<&'p str> {
        if self.root.is_empty() {
            return Some(path);
        }
        path.strip_prefix(self.root.as_str())?.strip_prefix('/')
    }

    /// The entries with these ids, in their order; an id this build does not know is left out.
    pub fn entries<'c>(ids: &[String], catalog: &'c Catalog) -> Vec<&'c Entry> {
        ids.iter().filter_map(|id| catalog.get(id)).collect()
    }

    /// Whether the server's code is Python.
    pub fn is_python(&self) -> bool {
        self.languages.first() == Some(&AppLanguage::Python)
    }
}
