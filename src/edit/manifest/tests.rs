//! Before and after, byte by byte.

use super::*;
use crate::edit::{ChangeSet, Edit, EditUnit};
use crate::workspace::Workspace;

#[track_caller]
fn check(path: &str, before: &str, edits: Vec<Edit>, after: &str) {
    let mut set = ChangeSet::new();
    set.push(EditUnit::new("u", "w").edits(path, edits)).unwrap();
    let ws = Workspace::in_memory([(path, before)]);
    let outcome = set.outcome(&ws).unwrap();
    outcome.check().unwrap();
    assert_eq!(outcome.file(path).map_or(before, |f| f.after().as_str()), after);
}

#[track_caller]
fn json(before: &str, after: &str) {
    let add = |text: &str| add_json_dependency(text, "dependencies", "credyt", "^1.0.0", "w").unwrap();
    check("package.json", before, add(before), after);
    assert_eq!(add(after), [], "planned again, nothing is left");
}

#[test]
fn a_dependency_goes_to_its_sorted_place() {
    json(
        "{\n  \"dependencies\": {\n    \"axios\": \"1\",\n    \"zod\": \"3\"\n  }\n}\n",
        "{\n  \"dependencies\": {\n    \"axios\": \"1\",\n    \"credyt\": \"^1.0.0\",\n    \"zod\": \"3\"\n  }\n}\n",
    );
    json(
        "{\r\n\t\"dependencies\": {\r\n\t\t\"axios\": \"1\"\r\n\t}\r\n}",
        "{\r\n\t\"dependencies\": {\r\n\t\t\"axios\": \"1\",\r\n\t\t\"credyt\": \"^1.0.0\"\r\n\t}\r\n}",
    );
    json(
        "{ \"dependencies\": { \"zod\": \"3\" } }",
        "{ \"dependencies\": { \"credyt\": \"^1.0.0\", \"zod\": \"3\" } }",
    );
    json(
        "\u{feff}{\n    \"dependencies\": {}\n}\n",
        "\u{feff}{\n    \"dependencies\": {\n        \"credyt\": \"^1.0.0\"\n    }\n}\n",
    );
}

#[test]
fn a_missing_section_is_made() {
    json(
        "{\n  \"name\": \"x\",\n  \"devDependencies\": {}\n}\n",
        "{\n  \"name\": \"x\",\n  \"dependencies\": {\n    \"credyt\": \"^1.0.0\"\n  },\n  \"devDependencies\": {}\n}\n",
    );
    json(
        "{\n  \"name\": \"x\"\n}\n",
        "{\n  \"name\": \"x\",\n  \"dependencies\": {\n    \"credyt\": \"^1.0.0\"\n  }\n}\n",
    );
}

#[test]
fn json_with_comments_and_trailing_commas_keeps_them() {
    let set = |text: &str| set_json(text, &["a"], "k", "true", "w").unwrap();
    let before = "{\n  // note\n  \"a\": {\n    \"b\": 1, // one\n  },\n}\n";
    check(
        "tsconfig.json",
        before,
        set(before),
        "{\n  // note\n  \"a\": {\n    \"b\": 1, // one\n    \"k\": true,\n  },\n}\n",
    );
    let before = "{\n  \"a\": {\n    \"b\": 1 // one\n  }\n}\n";
    check(
        "tsconfig.json",
        before,
        set(before),
        "{\n  \"a\": {\n    \"b\": 1, // one\n    \"k\": true\n  }\n}\n",
    );
}

#[test]
fn json_that_cannot_be_edited_is_refused() {
    let add = |text: &str| add_json_dependency(text, "dependencies", "credyt", "1", "w");
    assert!(matches!(add("{\"a\": }"), Err(ManifestError::Invalid(_))));
    assert!(matches!(add("[]"), Err(ManifestError::NoPlace(_))));
    assert!(matches!(set_json("{}", &["a"], "k", "1", "w"), Err(ManifestError::NoPlace(_))));
}

#[track_caller]
fn toml(before: &str, after: &str) {
    let add = |text: &str| add_pyproject_dependency(text, "credyt-api>=1", "w").unwrap();
    check("pyproject.toml", before, add(before), after);
    assert_eq!(add(after), [], "planned again, nothing is left");
}

#[test]
fn a_pyproject_array_keeps_its_form() {
    toml(
        "[project]\nname = \"x\"\ndependencies = [\n    \"anyio\",\n    \"fastapi>=0.1\", # web\n]\n\n[tool.x]\na = 1\n",
        "[project]\nname = \"x\"\ndependencies = [\n    \"anyio\",\n    \"credyt-api>=1\",\n    \"fastapi>=0.1\", # web\n]\n\n[tool.x]\na = 1\n",
    );
    toml(
        "[project]\r\ndependencies = [\r\n\t'b',\r\n\t'a' # last\r\n]",
        "[project]\r\ndependencies = [\r\n\t'b',\r\n\t'a', # last\r\n\t'credyt-api>=1'\r\n]",
    );
    toml("[project]\ndependencies = [\"a\"]\n", "[project]\ndependencies = [\"a\", \"credyt-api>=1\"]\n");
    toml("[project]\ndependencies = []\n", "[project]\ndependencies = [\"credyt-api>=1\"]\n");
    toml(
        "[project]\nname = \"x\" # n\n\n[tool.y]\n",
        "[project]\nname = \"x\" # n\ndependencies = [\n    \"credyt-api>=1\",\n]\n\n[tool.y]\n",
    );
    toml(
        "\u{feff}[project]\ndependencies = [\"a\"]\n",
        "\u{feff}[project]\ndependencies = [\"a\", \"credyt-api>=1\"]\n",
    );
}

#[test]
fn poetry_and_pipfile_have_tables() {
    toml(
        "[tool.poetry.dependencies]\npython = \"^3.11\"\nfastapi = {version = \"1\", extras = [\"x\"]}\n\n[tool.poetry.group.dev.dependencies]\npytest = \"8\"\n",
        "[tool.poetry.dependencies]\npython = \"^3.11\"\nfastapi = {version = \"1\", extras = [\"x\"]}\ncredyt-api = \">=1\"\n\n[tool.poetry.group.dev.dependencies]\npytest = \"8\"\n",
    );
    let before = "[packages]\nflask = \"*\"\n\n[requires]\npython_version = \"3.11\"\n";
    let edits = add_pipfile_package(before, "credyt-api", "w").unwrap();
    check(
        "Pipfile",
        before,
        edits,
        "[packages]\nflask = \"*\"\ncredyt-api = \"*\"\n\n[requires]\npython_version = \"3.11\"\n",
    );
}

#[test]
fn a_name_is_the_same_in_every_spelling() {
    assert_eq!(python_name("Credyt_API[x] >= 1 ; python_version < '3'"), "credyt-api");
    let there = "[project]\ndependencies = [\"Credyt.API[http]~=1\"]\n";
    assert_eq!(add_pyproject_dependency(there, "credyt-api>=1", "w"), Ok(vec![]));
    assert_eq!(add_requirement("credyt_api==1\n", "credyt-api>=1", "w"), Ok(vec![]));
    assert!(matches!(add_pyproject_dependency("a = 1\n", "x", "w"), Err(ManifestError::NoPlace(_))));
    assert!(matches!(add_pyproject_dependency("a = \n", "x", "w"), Err(ManifestError::Invalid(_))));
}

#[test]
fn requirements_are_sorted_if_the_file_is() {
    let add = |before: &str, after: &str| {
        check("requirements.txt", before, add_requirement(before, "credyt-api>=1", "w").unwrap(), after);
    };
    add("anyio==1\nfastapi==2\n", "anyio==1\ncredyt-api>=1\nfastapi==2\n");
    add("zlib\r\nanyio", "zlib\r\nanyio\r\ncredyt-api>=1");
    add("-r base.txt\n# web\nfastapi\n", "-r base.txt\n# web\nfastapi\ncredyt-api>=1\n");
    add("", "credyt-api>=1\n");
    let hashed = "a==1 \\\n    --hash=sha256:00\n";
    assert_eq!(add_requirement(hashed, "b", "w"), Err(ManifestError::Hashed("b".into())));
}

fn key(value: &str) -> EnvLine<'_> {
    EnvLine { key: "CREDYT_API_KEY", value, secret: true }
}

#[track_caller]
fn env(before: &str, value: &str, after: &str) {
    check(".env", before, add_env(before, &[key(value)], &["CREDYT_"], "Billing", "w"), after);
}

#[test]
fn env_lines_take_the_form_of_the_file() {
    env("", "k1", "CREDYT_API_KEY=k1\n");
    env("A=1\nB=2", "k1", "A=1\nB=2\nCREDYT_API_KEY=k1");
    env("A=1\r\nB=2\r\n", "", "A=1\r\nB=2\r\nCREDYT_API_KEY=\r\n");
    env(
        "# Database\nA=1\n\n# Mail\nB=2\n",
        "",
        "# Database\nA=1\n\n# Mail\nB=2\n\n# Billing\nCREDYT_API_KEY=\n",
    );
    env(
        "export A=\"1\"\nexport B=\"2\"\n",
        "k1",
        "export A=\"1\"\nexport B=\"2\"\nexport CREDYT_API_KEY=\"k1\"\n",
    );
    env("A = 1\n", "k1", "A = 1\nCREDYT_API_KEY = k1\n");
    env("CREDYT_API_URL=http://x\nB=2\n", "k1", "CREDYT_API_URL=http://x\nCREDYT_API_KEY=k1\nB=2\n");
}

#[test]
fn an_env_variable_with_a_value_is_never_touched_and_an_empty_one_is_filled() {
    env("CREDYT_API_KEY=mine\nB=2\n", "k1", "CREDYT_API_KEY=mine\nB=2\n");
    env("CREDYT_API_KEY=\nB=2\n", "k1", "CREDYT_API_KEY=k1\nB=2\n");
    env("# CREDYT_API_KEY=old\n", "k1", "# CREDYT_API_KEY=old\n\n# Billing\nCREDYT_API_KEY=k1\n");
    env(
        "P=\"one\nCREDYT_API_KEY=no\nend\"\nB=2\n",
        "k1",
        "P=\"one\nCREDYT_API_KEY=no\nend\"\nB=2\nCREDYT_API_KEY=k1\n",
    );
}

#[test]
fn a_real_key_is_masked_in_the_diff() {
    let edits = add_env("A=1\n", &[key("k1_secret")], &[], "Billing", "w");
    assert!(edits.iter().all(|e| e.is_secret() && !e.masked_text().contains("k1_secret")));
    let edits = add_env("A=1\n", &[key("k 1$")], &[], "Billing", "w");
    assert_eq!(edits[0].text(), "\nCREDYT_API_KEY='k 1$'");
}
