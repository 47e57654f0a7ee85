//! A walk without a person: what is written, written again, and taken back.

use crate::common::{APP, Project};

#[test]
fn the_whole_walk_reads_like_this() {
    insta::assert_snapshot!(Project::app().shell(&["run", "--yes"]).transcript());
}

#[test]
fn a_plan_reads_like_this() {
    insta::assert_snapshot!(Project::app().shell(&["plan"]).transcript());
}

#[test]
fn a_second_run_changes_nothing_and_undo_leaves_nothing() {
    let project = Project::app();
    assert_eq!(project.shell(&["run", "--yes"]).status, 0);
    project.commit();
    let ran = project.shell(&["run", "--yes"]);
    assert_eq!((ran.status, project.changes().as_str()), (0, ""));
    assert_eq!(project.shell(&["undo", "--all", "--yes"]).status, 0);
    assert_eq!(project.read("app.ts"), APP);
    for left in ["credyt.toml", "credyt", "portal.ts", ".credyt"] {
        assert!(!project.exists(left), "{left} is left");
    }
}

#[test]
fn what_comes_back_from_a_stash_is_undone() {
    let project = Project::app();
    assert_eq!(project.shell(&["run", "--yes"]).status, 0);
    project.git(&["stash", "--quiet"]);
    let aside = project.shell(&["undo", "--all", "--yes"]);
    assert!(aside.err.contains("`git stash pop`"), "{}", aside.transcript());
    project.git(&["stash", "pop", "--quiet"]);
    assert_ne!(project.read("app.ts"), APP);
    let back = project.shell(&["undo", "--all", "--yes"]);
    assert!(back.out.contains("restored app.ts"), "{}", back.transcript());
    assert_eq!((project.read("app.ts").as_str(), project.changes().as_str()), (APP, ""));
    assert!(!project.exists(".credyt"), "nothing is left that could come back");
    // Of what a commit holds the journal knows nothing.
    project.write("credyt.toml", "version = 1\n");
    let none = project.shell(&["undo", "--all", "--yes"]);
    assert!(
        none.out.contains("Nothing to undo.") && none.err.contains("Take it back with git"),
        "{}",
        none.transcript()
    );
}

#[test]
fn steps_are_undone_one_by_one_and_by_name() {
    let project = Project::app();
    assert_eq!(project.shell(&["run", "--yes"]).status, 0);
    assert_eq!(project.shell(&["undo", "--yes"]).status, 0);
    assert!(!project.exists("portal.ts") && project.read("app.ts") != APP);
    assert_eq!(project.shell(&["undo", "events", "--yes"]).status, 0);
    assert_eq!(project.read("app.ts"), APP);
    assert!(project.exists("credyt/client.ts"));
}

#[test]
fn answers_come_from_flags_and_are_kept() {
    let project = Project::app();
    let ran = project.shell(&["run", "--yes", "--set", "product=pro", "--step", "key"]);
    assert_eq!(ran.status, 0, "{}", ran.transcript());
    assert_eq!(project.read("credyt/client.ts"), "export const product = \"pro\";\n");
    insta::assert_snapshot!(project.read("credyt.toml"), @r##"
    # Answers given to `credyt-integrate`, so that a rerun asks nothing twice.
    # Commit this file; it holds no secret.
    version = 1
    product = "pro"
    client = "sdk"
    "##);
}

#[test]
fn a_site_that_is_switched_off_is_left_alone() {
    let toml = "# keep this line\n[events.\"app.ts#handler:1\"]\nskip = true\n";
    let project = Project::new(&[("app.ts", APP), ("credyt.toml", toml)]);
    assert_eq!(project.shell(&["run", "--yes", "--step", "events"]).status, 0);
    assert_eq!(project.read("app.ts").matches("record(user.id)").count(), 1);
    assert!(project.read("credyt.toml").starts_with(toml));
}

#[test]
fn what_would_break_a_file_is_left_to_a_person_and_the_rest_is_written() {
    let text = format!("{APP}\nexport async function worst() {{\n  return spend(); // BROKEN\n}}\n");
    let project = Project::new(&[("app.ts", &text)]);
    let ran = project.shell(&["run", "--yes", "--json", "--step", "events"]);
    assert_eq!(ran.status, 6, "{}", ran.transcript());
    let document = ran.json();
    assert_eq!(document["steps"][0]["status"], "applied");
    assert_eq!(document["steps"][0]["sites"].as_array().map(Vec::len), Some(2));
    let todo = document["todo"][0].as_str().expect("a line");
    assert!(todo.starts_with("app.ts:") && todo.contains("Report the call at line 23"), "{todo}");
    assert_eq!(project.read("app.ts").matches("record(user.id)").count(), 2);
}
