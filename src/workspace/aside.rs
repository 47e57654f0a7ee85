//! Files that say nothing about the app itself: tests, stories, samples, documentation, generated code, mails.

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

/// Folders whose projects are not apps of the repository, beyond [`FOLDERS`].
const NO_APPS: &[&str] =
    &["template", "templates", "playground", "starter", "starters", "generators", "boilerplates"];

/// Whether a file is no evidence about the app it lies in.
pub fn is_aside(path: &str) -> bool {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    if dir.split('/').any(|part| FOLDERS.contains(&part)) {
        return true;
    }
    let stem = name.to_ascii_lowercase();
    [".test.", ".spec.", ".stories.", ".e2e.", ".d.ts", ".cy.", ".mock.", ".config."]
        .iter()
        .any(|mark| stem.contains(mark))
        || stem.starts_with("test_")
        || stem.ends_with("_test.py")
        || matches!(stem.as_str(), "conftest.py" | "tests.py" | "test.py")
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
}
