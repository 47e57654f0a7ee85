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
    project.write("credyt.toml", [0xff, 0xfe, 0x00]);
    let said = error(&project, &["run", "--yes", "--allow-dirty"]);
    assert!(said.starts_with("error: `credyt.toml` is not UTF-8 text"), "{said}");
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
