//! `aliases.toml`: prefixes of imports that a framework understands by itself.

use serde::Deserialize;

/// Prefixes that mean the same folders.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alias {
    /// Files that tell the folder in which they hold, and below it.
    pub marks: Vec<String>,
    /// What an import begins with; one that does not end in `/` is the whole import.
    pub prefixes: Vec<String>,
    /// Where the rest is looked for, relative to that folder.
    pub folders: Vec<String>,
    /// The document it was learned from.
    pub link: String,
}

/// Folders whose exports are in scope without an import.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ambient {
    /// Files that tell the folder in which this holds, and below it.
    pub marks: Vec<String>,
    /// Where the code is that sees them, relative to that folder.
    pub within: String,
    /// The folders, relative to it as well.
    pub folders: Vec<String>,
    /// The document it was learned from.
    pub link: String,
}

impl Alias {
    /// What of an import stands behind one of the prefixes.
    pub fn rest<'s>(&self, specifier: &'s str) -> Option<&'s str> {
        self.prefixes.iter().find_map(|prefix| {
            let rest = specifier.strip_prefix(prefix.as_str())?;
            (prefix.ends_with('/') || rest.is_empty()).then_some(rest)
        })
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_prefix_is_told_from_a_whole_import() {
        let all = crate::catalog::aliases();
        assert!(!all.is_empty() && all.iter().all(|alias| alias.link.starts_with("https://")), "{all:?}");
        let rest = |specifier| all.iter().find_map(|alias| alias.rest(specifier));
        assert_eq!(rest("$lib/server/db"), Some("server/db"));
        assert_eq!(rest("$lib"), Some(""));
        assert_eq!(rest("$library"), None);
        assert_eq!(rest("~~/server/utils/ai"), Some("server/utils/ai"));
    }
}
