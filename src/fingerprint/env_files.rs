//! Env files a new setting must be told in: committed templates, or the file the README has people create.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::apps::ancestors;
use super::below;
use super::evaluate::Scope;

/// Env files of an app, relative to the repository's root. Its own come first; only without any do those of the
/// folders above count.
pub(super) fn find(scope: &Scope<'_>, dir: &str) -> Vec<String> {
    let ignored = ignore_rules(scope);
    let committed: Vec<&str> = scope
        .ws
        .files()
        .map(|(_, f)| f.path.as_str())
        .filter(|p| is_env_file(p) && !ignored.matched_path_or_any_parents(p, false).is_ignore())
        .collect();
    let own: Vec<&str> = committed
        .iter()
        .copied()
        .filter(|p| below(dir, p) && !scope.foreign.iter().any(|f| below(f, p)))
        .collect();
    if !own.is_empty() {
        return own.into_iter().map(str::to_owned).collect();
    }
    let above = ancestors(dir).find_map(|d| {
        let here: Vec<String> = committed
            .iter()
            .filter(|p| p.rsplit_once('/').map_or("", |(x, _)| x) == d)
            .map(|p| (*p).to_owned())
            .collect();
        (!here.is_empty()).then_some(here)
    });
    above.unwrap_or_else(|| named_by_readme(scope, dir))
}

/// Environments whose committed file is in use as it is: a secret that is filled in there is published.
const IN_USE: &[&str] =
    &["production", "prod", "staging", "preview", "development", "dev", "test", "testing", "ci"];

/// Whether a file's name is that of an env file which is filled in elsewhere.
fn is_env_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let code =
        [".ts", ".js", ".mjs", ".cjs", ".py", ".md", ".json", ".yml", ".yaml", ".vault", ".d.ts", ".sh"];
    let is_code = code.iter().any(|ext| name.ends_with(ext));
    let is_env =
        name == ".env" || name.starts_with(".env.") || name.starts_with(".env-") || name.ends_with(".env");
    let is_template = name.starts_with("env.") || name.starts_with("env-") || name.contains(".env.");
    // Tools keep files of their own in hidden folders.
    let is_tool = path.split('/').rev().skip(1).any(|folder| folder.starts_with('.'));
    let is_used = name.strip_prefix(".env.").is_some_and(|of| IN_USE.contains(&of));
    !is_tool && !is_code && !is_used && (is_env || is_template)
}

fn ignore_rules(scope: &Scope<'_>) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    for (id, file) in scope.ws.files().filter(|(_, f)| f.name() == ".gitignore") {
        let Ok(text) = scope.ws.text(id) else { continue };
        let dir = file.dir();
        for line in text.as_str().lines() {
            // Rules of a folder below hold only there.
            let (not, rule) = line.strip_prefix('!').map_or(("", line), |r| ("!", r));
            let rule = match (dir.is_empty(), rule.trim_start_matches('/')) {
                (_, "") => continue,
                (true, _) => line.to_owned(),
                (false, rest) if rule.starts_with('/') || rest.trim_end_matches('/').contains('/') => {
                    format!("{not}/{dir}/{rest}")
                }
                (false, rest) => format!("{not}/{dir}/**/{rest}"),
            };
            // A rule that cannot be read is git's to complain about.
            drop(builder.add_line(None, &rule));
        }
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// The env file a README names, when the project commits none.
fn named_by_readme(scope: &Scope<'_>, dir: &str) -> Vec<String> {
    let path = |name: &str| if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") };
    let readme = ["README.md", "readme.md", "Readme.md", "README.rst", "README"]
        .iter()
        .find_map(|name| scope.ws.text_at(&path(name)));
    let Some(readme) = readme else { return Vec::new() };
    let words = readme.as_str().split(|c: char| !(c.is_ascii_alphanumeric() || "._-/".contains(c)));
    let mut names: Vec<&str> = words
        .map(|w| w.trim_matches(['.', '/']).rsplit('/').next().unwrap_or_default())
        .map(|w| if w == "env" || w.starts_with("env.") { "" } else { w })
        .filter(|w| w.ends_with(".env"))
        .collect();
    if names.is_empty() {
        let dotted = readme.as_str().split(|c: char| !(c.is_ascii_alphanumeric() || "._-/".contains(c)));
        names = dotted
            .map(|w| w.trim_end_matches(['.', '/']).rsplit('/').next().unwrap_or_default())
            .filter(|w| *w == ".env" || w.starts_with(".env."))
            .collect();
    }
    names.first().map(|n| vec![path(n)]).unwrap_or_default()
}
