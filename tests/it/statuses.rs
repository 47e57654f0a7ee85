//! The exit statuses of the contract, each with what it takes to get it.

use crate::common::{APP, Project};

#[test]
fn every_status_of_the_contract_is_reached() {
    let app = Project::app;
    let dirty = || {
        let project = Project::app();
        project.write("app.ts", format!("{APP}// more\n"));
        project
    };
    let no_user = || Project::new(&[("nouser.ts", "await spend();\n")]);
    let broken =
        || Project::new(&[("app.ts", &format!("{APP}\nfunction f() {{\n  spend(); // BROKEN\n}}\n"))]);
    let cases: Vec<(&str, Project, &[&str], i32)> = vec![
        ("done", app(), &["run", "--yes"], 0),
        ("done without a command", app(), &["--yes"], 0),
        ("a plan", app(), &["plan"], 0),
        ("nothing to undo", app(), &["undo", "--yes"], 0),
        ("help", app(), &["--help"], 0),
        ("nobody to ask", app(), &["run"], 1),
        ("an unknown option", app(), &["run", "--nope"], 2),
        ("an unknown step", app(), &["run", "--yes", "--step", "keys"], 2),
        ("an app that is not there", app(), &["run", "--yes", "--app", "web"], 2),
        ("a folder that is not there", app(), &["run", "--yes", "nowhere"], 1),
        ("no app", Project::new(&[("README.md", "hello")]), &["run", "--yes"], 4),
        ("requests without a user", no_user(), &["run", "--yes"], 4),
        ("uncommitted changes", dirty(), &["run", "--yes"], 5),
        ("allowed uncommitted changes", dirty(), &["run", "--yes", "--allow-dirty"], 0),
        ("uncommitted changes and nothing written", dirty(), &["plan"], 0),
        ("a part that cannot be written", broken(), &["run", "--yes"], 6),
        ("an answer that is none", app(), &["run", "--yes", "--set", "client=soap"], 1),
        ("a skipped step", app(), &["run", "--yes", "--skip", "events,portal"], 0),
    ];
    for (name, project, arguments, status) in cases {
        let ran = project.shell(arguments);
        assert_eq!(ran.status, status, "{name}: {}", ran.transcript());
    }
}

#[test]
fn a_step_that_was_asked_for_and_has_no_place_is_incomplete() {
    let project = Project::new(&[("app.ts", "export function register() {}\n")]);
    assert_eq!(project.shell(&["run", "--yes"]).status, 0);
    let ran = project.shell(&["run", "--yes", "--step", "events"]);
    assert_eq!(ran.status, 6, "{}", ran.transcript());
    assert!(ran.out.contains("not applicable: no paid call is selected"), "{}", ran.out);
}

#[test]
fn uncommitted_changes_are_named_with_the_ways_out() {
    let project = Project::app();
    project.write("app.ts", format!("{APP}// more\n"));
    project.write("new file.ts", "x");
    insta::assert_snapshot!(project.shell(&["run", "--yes"]).transcript(), @r"
    status: 5
    --- stdout
    --- stderr
    error: there are uncommitted changes: `app.ts`, `new file.ts`
    hint: commit them, or put them aside with `git stash -u`, so that the integration is a diff of its
          own
    hint: pass `--allow-dirty` to go on beside them
    ");
}

#[test]
fn what_an_earlier_run_wrote_is_no_reason_to_refuse() {
    let project = Project::app();
    assert_eq!(project.shell(&["run", "--yes", "--step", "key"]).status, 0);
    let ran = project.shell(&["run", "--yes"]);
    assert_eq!(ran.status, 0, "{}", ran.transcript());
    // But what somebody changed in it since is.
    project.write("credyt/client.ts", "export const product = \"mine\";\n");
    assert_eq!(project.shell(&["run", "--yes"]).status, 5);
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    use std::process::Stdio;
    let project = Project::app();
    let mut command = crate::common::Program::Shell.command(project.path());
    let mut child =
        command.arg("plan").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn an_interrupted_run_is_dealt_with_before_anything_else() {
    let project = Project::app();
    assert_eq!(project.shell(&["run", "--yes", "--step", "key"]).status, 0);
    // As a kill leaves it between the last file and the commit mark.
    let journal = project.path().join(".credyt/journal");
    std::fs::rename(journal.join("000001.json"), journal.join("000001.pending.json")).expect("a record");
    insta::assert_snapshot!(project.shell(&["run", "--yes"]).transcript(), @r"
    status: 5
    --- stdout
    --- stderr
    error: an earlier run was interrupted while it wrote step `key`
    hint: run `credyt-integrate undo` to put back the files of that step, then run again
    ");
    let ran = project.shell(&["undo", "--yes"]);
    assert_eq!(ran.status, 0, "{}", ran.transcript());
    assert_eq!(project.changes(), "");
    assert_eq!(project.shell(&["run", "--yes"]).status, 0);
}
