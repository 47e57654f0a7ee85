//! Globs of entries: `*` and `?` within a folder's name, `**` over folders, `{a,b}` for alternatives.
//!
//! A matcher of its own because the catalog holds hundreds of globs of which a run needs few: nothing is compiled to an
//! automaton, braces are only written out.

use serde::Deserialize;

/// Globs, ready for many paths.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "Vec<String>")]
pub struct Globs {
    /// As written.
    patterns: Vec<String>,
    /// For the file's name in any folder.
    names: Vec<String>,
    /// For the whole path, by folder.
    paths: Vec<Vec<String>>,
}

impl From<Vec<String>> for Globs {
    /// Chooses among the braces once. A pattern without `/` matches the file's name in any folder; `./name` only at the
    /// root.
    fn from(patterns: Vec<String>) -> Self {
        let mut globs = Self::default();
        for pattern in &patterns {
            let anchored = pattern.strip_prefix("./");
            for plain in alternatives(anchored.unwrap_or(pattern)) {
                if anchored.is_none() && !plain.contains('/') {
                    globs.names.push(plain);
                } else {
                    globs.paths.push(plain.split('/').map(str::to_owned).collect());
                }
            }
        }
        Self { patterns, ..globs }
    }
}

impl Globs {
    /// As they are written.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether one of them matches a path (with `/`).
    pub fn match_path(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path).as_bytes();
        if self.names.iter().any(|pattern| segment(pattern.as_bytes(), name)) {
            return true;
        }
        // The name decides for most, and looking at it costs least.
        let mut named = self.paths.iter().filter(|pattern| match pattern.last() {
            Some(last) => last == "**" || segment(last.as_bytes(), name),
            None => false,
        });
        let mut parts: Vec<&str> = Vec::new();
        named.any(|pattern| {
            if parts.is_empty() {
                parts = path.split('/').collect();
            }
            segments(pattern, &parts)
        })
    }
}

/// Each way to choose among the braces of a pattern.
fn alternatives(pattern: &str) -> Vec<String> {
    let Some((head, rest)) = pattern.split_once('{') else { return vec![pattern.to_owned()] };
    let Some((choices, tail)) = rest.split_once('}') else { return vec![pattern.to_owned()] };
    choices.split(',').flat_map(|choice| alternatives(&format!("{head}{choice}{tail}"))).collect()
}

fn segments(pattern: &[String], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((any, rest)), None) if any == "**" => segments(rest, path),
        (Some((any, rest)), Some((_, below))) if any == "**" => {
            segments(rest, path) || segments(pattern, below)
        }
        (Some((p, rest)), Some((s, below))) => segment(p.as_bytes(), s.as_bytes()) && segments(rest, below),
        _ => false,
    }
}

fn segment(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), None) => segment(rest, name),
        (Some((b'*', rest)), Some((_, after))) => segment(rest, name) || segment(pattern, after),
        (Some((b'?', rest)), Some((_, after))) => segment(rest, after),
        (Some((p, rest)), Some((n, after))) => p == n && segment(rest, after),
        _ => false,
    }
}

/// `*` stands for any text, slashes and dots too.
pub fn wild(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => {
            let Some(rest) = text.strip_prefix(head) else { return false };
            if !tail.contains('*') {
                return rest.ends_with(tail);
            }
            (0..=rest.len()).any(|i| rest.get(i..).is_some_and(|r| wild(tail, r)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Globs;

    #[test]
    fn stars_stay_in_their_folder_and_double_stars_do_not() {
        for (pattern, path, expected) in [
            ("app/**/page.{tsx,js}", "app/page.tsx", true),
            ("app/**/page.{tsx,js}", "app/(x)/[id]/page.js", true),
            ("app/**/page.{tsx,js}", "src/app/page.tsx", false),
            ("{app,src/app}/**/route.ts", "src/app/api/x/route.ts", true),
            ("app/*.py", "app/api/x.py", false),
            ("**/*.prisma", "schema.prisma", true),
            ("*.html", "a/b/c.html", true),
            ("./index.{html,htm}", "index.html", true),
            ("./index.html", "a/index.html", false),
            ("requirements*.txt", "requirements-dev.txt", true),
            ("next.config.*", "next.config", false),
        ] {
            let globs = Globs::from(vec![pattern.to_owned()]);
            assert_eq!(globs.match_path(path), expected, "{pattern} {path}");
        }
    }
}
