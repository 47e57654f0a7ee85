//! Files that say nothing about the app itself: tests, stories, samples, documentation, generated code, mails.
//!
//! A folder's name is a guess: an app that writes stories has a folder `stories` of its own. So a folder counts as one of the
//! app's where requests are routed to a file in it, and where the app's own code imports from it.

use std::collections::BTreeSet;

use super::{FileEntry, Language, Workspace};

/// Folders aside of the app wherever they stand.
const FOLDERS: &[&str] = &[
    "__tests__",
    "__mocks__",
    "tests",
    "test",
    "e2e",
    "cypress",
    "playwright",
    "spec",
    "specs",
    "fixtures",
    "mocks",
    "examples",
    "example",
    "samples",
    "docs",
    "documentation",
    "stories",
    ".storybook",
    "storybook",
    "benchmarks",
    "evals",
    "dist",
    "build",
    "out",
    "vendor",
    "coverage",
    ".github",
    "templates-cli",
    "emails",
    "email",
    "mails",
    "mjml",
    "scripts",
    "cookbook",
];

/// Those of [`FOLDERS`] that no import takes into the app: it imports what is built, or what a test stands in for.
const NEVER_IMPORTED: &[&str] = &[
    "__tests__",
    "__mocks__",
    "e2e",
    "cypress",
    "playwright",
    "fixtures",
    "mocks",
    ".storybook",
    "dist",
    "build",
    "out",
    ".github",
];

/// Folders whose projects are not apps of the repository, beyond [`FOLDERS`].
const NO_APPS: &[&str] =
    &["template", "templates", "playground", "starter", "starters", "generators", "boilerplates"];

/// Whether a file is no evidence about the app it lies in.
pub fn is_aside(path: &str) -> bool {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    dir.split('/').any(|part| FOLDERS.contains(&part)) || is_aside_by_name(name)
}

/// The same by what the file itself is called.
fn is_aside_by_name(name: &str) -> bool {
    let stem = name.to_ascii_lowercase();
    [".test.", ".spec.", ".stories.", ".e2e.", ".d.ts", ".cy.", ".mock.", ".config."]
        .iter()
        .any(|mark| stem.contains(mark))
        || stem.starts_with("test_")
        || stem.ends_with("_test.py")
        || matches!(stem.as_str(), "conftest.py" | "tests.py" | "test.py")
}

/// The folders of a path that are aside by their names, outermost first: `src/docs` of `src/docs/a/b.ts`.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(end, _)| {
        let folder = path.get(..end)?;
        FOLDERS.contains(&last(folder)).then_some(folder)
    })
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The folders that are aside by their names and yet hold code of the app. `is_route` tells of a path, from any folder on,
/// whether requests are routed to it.
pub(super) fn in_use(ws: &Workspace, is_route: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let code: Vec<&FileEntry> =
        ws.files().map(|(_, f)| f).filter(|f| f.is_code() && !is_aside_by_name(f.name())).collect();
    let mut open: BTreeSet<&str> = code.iter().flat_map(|f| folders(&f.path)).collect();
    let mut used = BTreeSet::new();
    for file in code.iter().filter(|f| routed(&f.path, &is_route)) {
        used.extend(folders(&file.path).map(str::to_owned));
    }
    open.retain(|folder| !used.contains(*folder) && !NEVER_IMPORTED.contains(&last(folder)));
    let mut read = BTreeSet::new();
    while !open.is_empty() {
        let new = code.iter().filter(|f| is_used(&f.path, &used) && !read.contains(f.path.as_str()));
        let new: Vec<&&FileEntry> = new.collect();
        let mut found = BTreeSet::new();
        for file in &new {
            read.insert(file.path.as_str());
            let text = ws.find(&file.path).and_then(|id| ws.text(id).ok());
            let Some(text) = text else { continue };
            found.extend(open.iter().copied().filter(|folder| imports(file, text.as_str(), folder)));
        }
        if found.is_empty() {
            break;
        }
        open.retain(|folder| !found.contains(folder));
        used.extend(found.into_iter().map(str::to_owned));
    }
    used
}

/// Whether no folder of a path is aside, but for those in use.
pub(super) fn is_used(path: &str, used: &BTreeSet<String>) -> bool {
    !is_aside_by_name(last(path)) && folders(path).all(|folder| used.contains(folder))
}

/// Whether requests are routed to a file below folders of which none is aside: a built copy of a route is none.
fn routed(path: &str, is_route: impl Fn(&str) -> bool) -> bool {
    let mut starts = std::iter::once(0).chain(path.match_indices('/').map(|(at, _)| at + 1));
    starts.any(|start| {
        let plain = |above: &str| !above.split('/').any(|part| FOLDERS.contains(&part));
        path.get(..start).is_some_and(plain) && path.get(start..).is_some_and(&is_route)
    })
}

/// Whether a line of a file imports from below a folder.
fn imports(file: &FileEntry, text: &str, folder: &str) -> bool {
    let word = last(folder);
    text.lines().filter(|line| line.contains(word)).any(|line| {
        let takes = ["import", "require(", "from ", "include("].iter().any(|mark| line.contains(mark));
        takes && line.match_indices(word).any(|(at, _)| names(file, module_at(line, at), folder))
    })
}

/// The module that is named around an offset of a line.
fn module_at(line: &str, at: usize) -> &str {
    let is_end = |c: char| !c.is_alphanumeric() && !"_./@~#-$".contains(c);
    let (before, after) = line.split_at(at);
    let start = before.rfind(is_end).map_or(0, |end| {
        end + before.get(end..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
    });
    let end = after.find(is_end).map_or(line.len(), |end| at + end);
    line.get(start..end).unwrap_or_default()
}

/// Whether a module, as a file names it, lies in a folder.
fn names(file: &FileEntry, module: &str, folder: &str) -> bool {
    let python = file.language == Some(Language::Python);
    let up = if python { module.len() - module.trim_start_matches('.').len() } else { 0 };
    let parts: Vec<&str> = module.trim_matches('.').split(if python { '.' } else { '/' }).collect();
    if python && up == 0 && parts.len() == 1 {
        // A bare name is a package beside the file, or beside one of the packages around it.
        let parent = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
        return parts == [last(folder)]
            && (parent.is_empty() || format!("{}/", file.path).starts_with(&format!("{parent}/")));
    }
    if python && up > 0 || module.starts_with('.') {
        let mut at: Vec<&str> = file.dir().split('/').filter(|part| !part.is_empty()).collect();
        at.truncate(at.len().saturating_sub(up.saturating_sub(1)));
        for part in module.split('/').filter(|_| !python) {
            match part {
                "." | "" => {}
                ".." => drop(at.pop()),
                part => at.push(part),
            }
        }
        at.extend(parts.iter().filter(|_| python));
        let target = at.join("/");
        return target == folder || target.starts_with(&format!("{folder}/"));
    }
    let own = parts.iter().skip(usize::from(parts[0].starts_with(['@', '~', '#'])));
    let own: Vec<&str> = own.copied().collect();
    let Some(end) = own.iter().position(|part| *part == last(folder)).filter(|_| parts.len() > 1) else {
        return false;
    };
    let named = own[..=end].join("/");
    folder == named || folder.ends_with(&format!("/{named}"))
}

/// Whether a folder with a manifest is no app: samples, tests, documentation, templates of a generator.
pub fn is_no_app(dir: &str) -> bool {
    dir.split('/').any(|part| FOLDERS.contains(&part) || NO_APPS.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_and_samples_are_aside_and_routes_named_like_them_are_not() {
        for (path, expected) in [
            ("src/auth.test.ts", true),
            ("tests/test_api.py", true),
            ("shop/tests.py", true),
            ("src/tests.ts", false),
            ("app/api/test-results/route.ts", false),
            ("examples/next/app/page.tsx", true),
            ("src/latest.ts", false),
        ] {
            assert_eq!(is_aside(path), expected, "{path}");
        }
        assert!(is_no_app("packages/create-x/templates/base"));
        assert!(!is_no_app("apps/web"));
    }

    #[test]
    fn a_folder_that_requests_or_imports_reach_is_no_longer_aside() {
        let files = [
            ("app/api/docs/[id]/route.ts", ""),
            ("app/api/docs/help.ts", ""),
            ("app/api/docs/__tests__/a.ts", ""),
            ("dist/app/api/docs/route.js", ""),
            ("docs/app.ts", ""),
            (
                "src/main.ts",
                "import { Stories } from './modules/stories/stories.service';\nimport { x } from '@/lib/samples/x';\n",
            ),
            ("src/modules/stories/stories.service.ts", "import { y } from '../specs/y';\n"),
            ("src/modules/specs/y.ts", ""),
            ("src/lib/samples/x.ts", ""),
            ("src/components/stories/Button.ts", ""),
            ("src/a.test.ts", "import '../tests/tools';\n"),
            ("tests/tools.ts", ""),
            (
                "api/main.py",
                "from .scripts import router\nfrom api.coverage.views import view\nimport vendor\n",
            ),
            ("api/scripts/router.py", ""),
            ("api/coverage/views.py", ""),
            ("other/vendor/a.py", ""),
        ];
        let ws = Workspace::in_memory(files);
        let is_route = |path: &str| path.starts_with("app/") && path.contains("/route.");
        let used: Vec<String> = in_use(&ws, is_route).into_iter().collect();
        let expected = [
            "api/coverage",
            "api/scripts",
            "app/api/docs",
            "src/lib/samples",
            "src/modules/specs",
            "src/modules/stories",
        ];
        assert_eq!(used, expected);
        ws.settle_aside(is_route);
        let aside = ws.files().map(|(_, f)| f).filter(|f| f.is_aside()).map(|f| f.path.as_str());
        let expected = [
            "app/api/docs/__tests__/a.ts",
            "dist/app/api/docs/route.js",
            "docs/app.ts",
            "other/vendor/a.py",
            "src/a.test.ts",
            "src/components/stories/Button.ts",
            "tests/tools.ts",
        ];
        assert_eq!(aside.collect::<Vec<_>>(), expected);
    }
}
