//! Globs of entries: `*` and `?` within a folder's name, `**` over folders, `{a,b}` for alternatives.
//!
//! A matcher of its own because the catalog holds hundreds of globs of which a run needs few: nothing is compiled.

/// Whether `path` (with `/`) matches `pattern`. A pattern without `/` matches the file's name in any folder; `./name`
/// only at the root.
pub fn matches(pattern: &str, path: &str) -> bool {
    if let Some(anchored) = pattern.strip_prefix("./") {
        let parts: Vec<&str> = path.split('/').collect();
        return any_alternative(anchored, &|p| segments(&p.split('/').collect::<Vec<_>>(), &parts));
    }
    if !pattern.contains('/') {
        let name = path.rsplit('/').next().unwrap_or(path);
        return any_alternative(pattern, &|p| segment(p.as_bytes(), name.as_bytes()));
    }
    let parts: Vec<&str> = path.split('/').collect();
    any_alternative(pattern, &|p| segments(&p.split('/').collect::<Vec<_>>(), &parts))
}

/// Calls `test` with each way to choose among the braces of `pattern`, until one succeeds.
fn any_alternative(pattern: &str, test: &dyn Fn(&str) -> bool) -> bool {
    let Some((head, rest)) = pattern.split_once('{') else { return test(pattern) };
    let Some((choices, tail)) = rest.split_once('}') else { return test(pattern) };
    choices.split(',').any(|choice| any_alternative(&format!("{head}{choice}{tail}"), test))
}

fn segments(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), None) => segments(rest, path),
        (Some((&"**", rest)), Some((_, below))) => segments(rest, path) || segments(pattern, below),
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

#[cfg(test)]
mod tests {
    use super::matches;

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
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }
}
