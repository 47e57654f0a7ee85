//! `deployed.toml`: folders whose code is deployed on its own, beside the app they lie in.

use serde::Deserialize;

/// One kind of such a folder.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployed {
    /// What one unit in it is called: `Supabase Edge Function`.
    pub what: String,
    /// The folder, wherever it stands.
    pub folder: String,
    /// The document it was learned from.
    pub link: String,
    /// Where the platform is told to let everyone in.
    pub open: Option<Open>,
}

/// A setting by which the platform lets everyone in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// The TOML file, relative to what the folder stands in.
    pub file: String,
    /// The table; `{name}` is the unit's name.
    pub table: String,
    /// The key.
    pub key: String,
    /// Its value then.
    pub value: bool,
}

impl Deployed {
    /// The folder in which the units of this kind lie, and the unit's name, when a path is in one: `("supabase/functions",
    /// "summarise")` of `supabase/functions/summarise/index.ts`.
    pub fn unit<'p>(&self, path: &'p str) -> Option<(&'p str, &'p str)> {
        let start = path.match_indices(&self.folder).map(|(at, _)| at).find(|at| {
            let before = path.get(..*at).unwrap_or_default();
            let after = path.get(at + self.folder.len()..).unwrap_or_default();
            (before.is_empty() || before.ends_with('/')) && after.starts_with('/')
        })?;
        let end = start + self.folder.len();
        let name = path.get(end + 1..)?.split('/').next()?;
        let name = name.split('.').next().filter(|name| !name.is_empty())?;
        Some((path.get(..end)?, name))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_path_in_such_a_folder_has_a_unit_with_a_name() {
        let kinds = crate::catalog::deployed();
        assert!(kinds.iter().all(|kind| kind.link.starts_with("https://")), "{kinds:?}");
        let unit = |path| kinds.iter().find_map(|kind| kind.unit(path));
        assert_eq!(unit("supabase/functions/summarise/index.ts"), Some(("supabase/functions", "summarise")));
        assert_eq!(unit("web/netlify/functions/draw.ts"), Some(("web/netlify/functions", "draw")));
        assert_eq!(unit("src/not-supabase/functions/x.ts"), None);
        assert_eq!(unit("supabase/functions.ts"), None);
    }
}
