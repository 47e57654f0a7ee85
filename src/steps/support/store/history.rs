//! The last revision of the app's migrations, and what the next one is called.

use sha2::{Digest as _, Sha256};

use crate::catalog::History;
use crate::steps::support::{Kit, join};
use crate::syntax::Expr;

/// What a new revision continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Last {
    /// Name of the file or folder, without the extension.
    pub(super) name: String,
    /// Path of the file that holds it.
    pub(super) path: Option<String>,
    /// The number in front of its name and one, as wide as it.
    pub(super) next: String,
    /// Its own id, in a linked history.
    pub(super) head: Option<String>,
}

/// The last revision below a folder; why there is none to continue.
pub(super) fn last(kit: &Kit<'_>, folder: &str, history: &History) -> Result<Last, String> {
    match history {
        History::Folders => {
            let names =
                below(kit, folder).filter_map(|path| path.split_once('/').map(|(name, _)| name.to_owned()));
            numbered(names.map(|name| (name.clone(), format!("{folder}/{name}"))).collect(), folder)
        }
        History::Files { extension } => {
            let ending = format!(".{extension}");
            let names = below(kit, folder).filter(|path| !path.contains('/'));
            let names = names.filter_map(|path| path.strip_suffix(&ending).map(str::to_owned));
            numbered(
                names.map(|name| (name.clone(), join(folder, &format!("{name}{ending}")))).collect(),
                folder,
            )
        }
        History::Linked { id, parent } => linked(kit, folder, id, parent),
    }
}

/// Paths of the files below a folder, seen from it.
fn below<'k>(kit: &'k Kit<'_>, folder: &'k str) -> impl Iterator<Item = &'k str> {
    kit.cx.workspace.files().filter_map(move |(_, f)| f.path.strip_prefix(folder)?.strip_prefix('/'))
}

fn numbered(names: Vec<(String, String)>, folder: &str) -> Result<Last, String> {
    let number = |name: &str| -> String { name.chars().take_while(char::is_ascii_digit).collect() };
    let best = names.into_iter().filter(|(name, _)| !number(name).is_empty()).max();
    let (name, path) = best.ok_or_else(|| format!("`{folder}` holds no numbered migration to go on from"))?;
    let digits = number(&name);
    let next = digits.parse::<u64>().ok().and_then(|n| n.checked_add(1));
    let next = next.ok_or_else(|| format!("`{name}` has no number to go on from"))?;
    Ok(Last { next: format!("{next:0width$}", width = digits.len()), name, path: Some(path), head: None })
}

/// The one revision that no other names as the one before it.
fn linked(kit: &Kit<'_>, folder: &str, id: &str, parent: &str) -> Result<Last, String> {
    let mut revisions: Vec<(String, String)> = Vec::new();
    let mut parents: Vec<String> = Vec::new();
    let prefix = format!("{folder}/");
    for (file, entry) in kit.cx.workspace.files() {
        if !entry.path.starts_with(&prefix) {
            continue;
        }
        for binding in &kit.cx.program.facts(file).bindings {
            let Some(name) = binding.names.first().filter(|_| binding.function.is_none()) else { continue };
            if name.local == id {
                revisions.extend(binding.value.as_str().map(|own| (own.to_owned(), entry.path.clone())));
            } else if name.local == parent {
                match &binding.value {
                    Expr::Str(one) => parents.push(one.clone()),
                    Expr::List(all) => parents.extend(all.iter().filter_map(Expr::as_str).map(str::to_owned)),
                    _ => {}
                }
            }
        }
    }
    let mut heads = revisions.iter().filter(|(own, _)| !parents.contains(own));
    match (heads.next(), heads.next()) {
        (Some((head, path)), None) => {
            let name = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".py").to_owned();
            Ok(Last { name, path: Some(path.clone()), next: String::new(), head: Some(head.clone()) })
        }
        (None, _) => Err(format!("`{folder}` holds no revision to go on from")),
        (Some(_), Some(_)) => Err(format!("`{folder}` has several heads; merge them first")),
    }
}

/// An id for a revision that comes after another: the same for the same, so that a plan is the same each time.
pub(super) fn digest(of: &str) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for byte in Sha256::digest(of.as_bytes()) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The same as a UUID.
pub(super) fn uuid(of: &str) -> String {
    let hex = digest(of);
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default().to_owned();
    format!("{}-{}-4{}-8{}-{}", part(0..8), part(8..12), part(13..16), part(17..20), part(20..32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_goes_on_as_wide_as_it_is() {
        let last = |names: &[&str]| {
            numbered(names.iter().map(|n| ((*n).to_owned(), format!("m/{n}"))).collect(), "m")
                .map(|l| (l.name, l.next))
        };
        assert_eq!(last(&["0000_init", "0009_b"]), Ok(("0009_b".to_owned(), "0010".to_owned())));
        assert_eq!(
            last(&["20260304091500_init", "migration_lock"]),
            Ok(("20260304091500_init".to_owned(), "20260304091501".to_owned()))
        );
        assert!(last(&["meta"]).is_err());
    }

    #[test]
    fn an_id_is_the_same_each_time() {
        assert_eq!(uuid("a"), uuid("a"));
        assert_ne!(uuid("a"), uuid("b"));
        assert_eq!(uuid("a").len(), 36);
    }
}
