//! Bad input gets one clear sentence and the way out.

use crate::common::{APP, Project};

/// The first lines of stderr.
fn error(project: &Project, arguments: &[&str]) -> String {
    let ran = project.shell(arguments);
    assert_ne!(ran.status, 0, "{}", ran.transcript());
    assert_eq!(ran.out, "", "nothing is reported");
    ran.err
}

#[test]
fn an_invalid_answers_file_is_named_with_its_line() {
    let project = Project::new(&[("app.ts", APP), ("credyt.toml", "version = 1\nprodukt = \"x\"\n")]);
    insta::assert_snapshot!(error(&project, &["run", "--yes"]), @r"
    error: unknown key `produkt` in `credyt.toml` (line 2)
    hint: a similar key exists: `product`
    ");
    assert_eq!(project.changes(), "", "nothing was written");
}

#[test]
fn an_answers_file_that_is_not_text_is_named() {
    let project = Project::app();
    // The last two are texts in UTF-16, as which a source would be read.
    for bytes in [&[0xff, 0xfe, 0x00][..], &[0xff, 0xfe], &[0xff, 0xfe, b'#', 0]] {
        project.write("credyt.toml", bytes);
        let said = error(&project, &["run", "--yes", "--allow-dirty"]);
        assert!(said.starts_with("error: `credyt.toml` is not UTF-8 text"), "{said}");
        let status = project.shell(&["run", "--yes", "--allow-dirty"]).status;
        assert_eq!(status, 1, "{said}");
    }
}

#[test]
fn an_unknown_step_names_the_nearest() {
    let said = error(&Project::app(), &["run", "--yes", "--step", "event"]);
    assert!(said.contains("'event'") && said.contains("'events'"), "{said}");
}

#[test]
fn a_folder_that_is_none_is_said_to_be_none() {
    let project = Project::app();
    insta::assert_snapshot!(error(&project, &["plan", "nowhere"]), @"error: `nowhere` is not a folder; give the folder of the project to integrate");
    let said = error(&project, &["plan", "app.ts"]);
    assert!(said.contains("app.ts` is not a folder"), "{said}");
}

#[test]
fn without_a_terminal_the_flag_is_named() {
    insta::assert_snapshot!(error(&Project::app(), &["run"]), @r"
    error: there is no terminal to ask on: `run` shows each step and asks before it writes
    hint: pass `--yes` to approve every step with its default selection
    hint: or look first: `credyt-integrate plan`
    ");
    let project = Project::app();
    assert_eq!(project.shell(&["run", "--yes"]).status, 0);
    insta::assert_snapshot!(error(&project, &["undo"]), @r"
    error: there is no terminal to ask on: `undo` asks before it changes files
    hint: pass `--yes` to undo without being asked
    ");
}

#[test]
fn a_file_that_is_not_utf8_does_not_end_the_run() {
    let project = Project::app();
    project.write("legacy.ts", [0xe9, 0x0a]);
    project.commit();
    assert_eq!(project.shell(&["run", "--yes"]).status, 0);
}

#[test]
fn a_folder_outside_of_git_is_integrated_with_a_warning() {
    let project = Project::without_git(&[("app.ts", APP)]);
    let ran = project.shell(&["run", "--yes"]);
    assert_eq!(ran.status, 0, "{}", ran.transcript());
    assert!(ran.err.starts_with("warning: this folder is not in a git repository\nhint: "), "{}", ran.err);
}

#[test]
fn a_project_that_cannot_be_integrated_is_told_why() {
    let project = Project::new(&[("nouser.ts", "await spend();\n")]);
    insta::assert_snapshot!(error(&project, &["run", "--yes"]), @r"
    error: requests to `tiny-app` carry no user, so nobody can be billed for its paid calls
    hint: 1 paid call was found (the first is at `nouser.ts:1`)
    hint: add sign-in first, then run again
    ");
    let empty = Project::new(&[("README.md", "hello")]);
    insta::assert_snapshot!(error(&empty, &["run", "--yes"]), @r"
    error: no app was found in `[DIR]`
    hint: an app has a manifest (`package.json`, `pyproject.toml`, `requirements.txt`) and a framework
          this build knows
    hint: run in the app's folder, or give it: `credyt-integrate PATH`
    ");
}

#[test]
fn several_apps_are_chosen_from_by_name() {
    let project = Project::new(&[("a/app.ts", "export {}\n"), ("b/app.ts", APP)]);
    let said = error(&project, &["run", "--yes", "--app", "c"]);
    assert!(said.contains("hint: the apps are `a`, `b`"), "{said}");
    let ran = project.shell(&["run", "--yes"]);
    assert_eq!(ran.status, 0, "{}", ran.transcript());
    assert!(ran.err.contains("the repository holds 2 apps; taking `b`"), "{}", ran.err);
    assert!(ran.err.contains("`--app` chooses another: `a`"), "{}", ran.err);
    assert!(project.exists("b/credyt.toml") && !project.exists("a/credyt.toml"));
    // The one with answers is meant from now on, from the root and from its folder.
    let again = project.shell(&["run", "--yes"]);
    assert_eq!((again.status, again.err.as_str()), (0, ""));
    assert_eq!(project.shell(&["undo", "--all", "--yes"]).status, 0);
    assert_eq!(project.changes(), "");
}

const MANIFEST: (&str, &str) = (
    "package.json",
    r#"{"name": "a", "dependencies": {"express": "5", "openai": "6", "jsonwebtoken": "9"}}"#,
);
const PYTHON: &str = "import jwt\nfrom fastapi import Depends, FastAPI, Header\nfrom openai import OpenAI\n\napp = FastAPI()\nclient = OpenAI()\n\n\ndef sign(user_id):\n    return jwt.encode({\"sub\": user_id}, \"s\")\n\n\ndef signed_in(a: str = Header()):\n    return jwt.decode(a, \"s\", algorithms=[\"HS256\"])[\"sub\"]\n\n\n@app.post(\"/a\")\ndef a(user_id: str = Depends(signed_in)):\n";

/// The exit status of a plan for a server in JavaScript with this in front of its route, and these lines in it.
fn script(front: &str, lines: &str) -> i32 {
    let app = format!(
        "const express = require('express');\nconst jwt = require('jsonwebtoken');\nconst OpenAI = require('openai');\nconst ai = new OpenAI();\nconst app = express();\nconst sign = (id) => jwt.sign({{ id }}, 's');\nfunction m0(req, res, next) {{ req.user = jwt.verify(req.get('a'), 's'); next(); }}\n{front}\napp.post('/a', m0, async (req, res) => {{\n  log(req.user.id);\n{lines}\n  res.json(await ai.responses.create({{ input: 'x' }}));\n}});\n"
    );
    Project::without_git(&[MANIFEST, ("app.js", &app)]).tool(&["plan", "--json"]).status
}

/// The same for one in Python.
fn python(lines: &str) -> i32 {
    let app = format!("{PYTHON}{lines}\n    return client.responses.create(model=\"m\", input=\"x\")\n");
    let files = [("requirements.txt", "fastapi\nopenai\npyjwt\n"), ("app.py", app.as_str())];
    Project::without_git(&files).tool(&["plan", "--json"]).status
}

/// Code of so many levels, a line each: on one line it would be taken for minified.
fn nested(open: &str, inner: &str, close: &str, levels: usize) -> String {
    format!("{}{inner}\n{}", format!("{open}\n").repeat(levels), close.repeat(levels))
}

#[test]
fn code_that_is_nested_deeply_is_read_as_far_as_it_is_and_ends_no_run() {
    for levels in [420, 3000] {
        for (open, inner, close) in
            [("f(", "1", ")"), ("{ a:", "1", "}"), ("x.then(", "y", ")"), ("() => (", "1", ")")]
        {
            let code = format!("const x = {};", nested(open, inner, close, levels));
            assert_eq!(script("", &code), 0, "{levels} times `{open}`");
        }
        for (open, inner, close) in [("[", "1", "]"), ("{1:", "1", "}"), ("(a and", "b", ")")] {
            let code = format!("    x = {}", nested(open, inner, close, levels));
            // What the parser gives up on is told, where a paid call may be in it.
            assert!([0, 6].contains(&python(&code)), "{levels} times `{open}`");
        }
    }
}

#[test]
fn calls_far_down_in_one_another_name_nobody_and_end() {
    let chain: String = (0..2000)
        .map(|n| format!("const m{} = (req, res, next) => m{n}(req, res, next);\n", n + 1))
        .collect();
    let route = "app.post('/b', m2000, async (req, res) => {\n  res.json(await ai.responses.create({ input: req.user.id }));\n});";
    // One of the two calls is billed.
    assert_eq!(script(&format!("{chain}{route}"), ""), 6);
}

/// What asks each part of it for the part around takes longer by the square.
#[test]
fn a_text_put_together_from_thousands_takes_as_long_as_it_is() {
    let code = format!("  const x =\n{}\"a\";", "\"a\" +\n".repeat(10_000));
    assert_eq!(script("", &code), 0);
}
