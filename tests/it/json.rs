//! The documents of `--json`: one on stdout, whatever happens, in the shape of the contract.

use serde_json::{Value, json};

use crate::common::{APP, Project};

/// The shape of a document: types in place of values.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("bool"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("string"),
        Value::Array(items) => match items.first() {
            Some(first) => json!([shape(first)]),
            None => json!([]),
        },
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), shape(value))).collect(),
    }
}

#[test]
fn a_run_reports_steps_checks_and_what_is_left() {
    let project = Project::app();
    let ran = project.shell(&["run", "--yes", "--json"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let document = ran.json();
    insta::assert_json_snapshot!(shape(&document["steps"][1]), @r#"
    {
      "step": "string",
      "status": "string",
      "files": [
        {
          "file": "string",
          "change": "string",
          "added": "number",
          "removed": "number"
        }
      ],
      "sites": [
        "string"
      ],
      "routes": [],
      "notes": [],
      "next": "string"
    }
    "#);
    assert_eq!(document["checks"], json!({"parse": "ok", "typecheck": "not run"}));
    let text = "set `CREDYT_API_KEY` where the app runs";
    assert_eq!(document["todo"], json!([text]));
    let left = json!([{"cause": "chore", "text": text, "places": [], "key": null, "candidates": []}]);
    assert_eq!(document["left"], left);
    assert_eq!(
        document["steps"][2]["routes"],
        json!([{"what": "portal", "method": "GET", "path": "/portal"}])
    );
    let files: Vec<&Value> =
        document["steps"].as_array().expect("steps").iter().map(|s| &s["status"]).collect();
    assert_eq!(files, ["applied", "applied", "applied"]);

    let again = project.shell(&["run", "--yes", "--json"]).json();
    let statuses: Vec<&Value> =
        again["steps"].as_array().expect("steps").iter().map(|step| &step["status"]).collect();
    assert_eq!(statuses, ["already", "already", "already"]);
}

#[test]
fn a_plan_holds_the_diffs_and_writes_nothing() {
    let project = Project::app();
    let document = project.shell(&["plan", "--json", "--step", "events"]).json();
    let file = &document["steps"][0]["files"][0];
    assert_eq!(document["steps"][0]["status"], "planned");
    assert_eq!(file["file"], "app.ts");
    let diff = file["diff"].as_str().expect("a diff");
    assert!(diff.starts_with("--- a/app.ts\n+++ b/app.ts\n@@ -1,8 +1,10 @@\n"), "{diff}");
    assert_eq!(project.changes(), "");
    assert!(!project.exists(".credyt"));
}

#[test]
fn the_diff_of_a_plan_is_what_a_run_writes() {
    let project = Project::app();
    let document = project.shell(&["plan", "--json"]).json();
    for step in document["steps"].as_array().expect("steps") {
        for file in step["files"].as_array().expect("files") {
            project.write("step.patch", file["diff"].as_str().expect("a diff"));
            project.git(&["apply", "step.patch"]);
        }
    }
    std::fs::remove_file(project.path().join("step.patch")).expect("the patch");
    let patched: Vec<String> =
        ["app.ts", "credyt.toml", "credyt/client.ts", "portal.ts"].map(|file| project.read(file)).into();
    let other = Project::app();
    assert_eq!(other.shell(&["run", "--yes"]).status, 0);
    let written: Vec<String> =
        ["app.ts", "credyt.toml", "credyt/client.ts", "portal.ts"].map(|file| other.read(file)).into();
    assert_eq!(patched, written);
}

#[test]
fn an_error_is_one_document_too() {
    let project = Project::app();
    let cases: [(&[&str], &str, i32); 4] = [
        (&["run", "--json"], "error", 1),
        (&["run", "--json", "--nope"], "usage", 2),
        (&["run", "--json", "--yes", "--app", "x"], "usage", 2),
        (&["plan", "--json", "nowhere"], "error", 1),
    ];
    for (arguments, kind, status) in cases {
        let ran = project.shell(arguments);
        let document = ran.json();
        assert_eq!(ran.status, status, "{}", ran.transcript());
        assert_eq!((&document["version"], &document["error"]["kind"]), (&json!(1), &json!(kind)));
        assert!(document["error"]["message"].as_str().is_some_and(|m| !m.is_empty()));
        assert!(document["error"]["hints"].is_array());
    }
    project.write("app.ts", format!("{APP}//\n"));
    let ran = project.shell(&["run", "--json", "--yes"]);
    assert_eq!((ran.status, &ran.json()["error"]["kind"]), (5, &json!("refused")));
}

#[test]
fn status_and_undo_have_documents() {
    let project = Project::app();
    project.shell(&["run", "--yes", "--skip", "portal"]);
    let status = project.shell(&["status", "--json"]).json();
    let states: Vec<(&Value, &Value)> =
        status["areas"].as_array().expect("areas").iter().map(|a| (&a["area"], &a["state"])).collect();
    assert_eq!(
        states,
        [
            (&json!("key"), &json!("integrated")),
            (&json!("events"), &json!("integrated")),
            (&json!("portal"), &json!("missing"))
        ]
    );
    assert!(status["checklist"].as_array().is_some_and(|items| items.len() == 4));

    project.write("credyt/client.ts", "export const product = \"mine\";\n");
    let status = project.shell(&["status", "--json"]).json();
    assert_eq!(status["areas"][0]["state"], "changed");
    assert_eq!(status["areas"][0]["files"][1], json!({"file": "credyt/client.ts", "state": "edited"}));
    assert_eq!(project.shell(&["undo", "key", "--yes"]).status, 5, "an edited file is not thrown away");

    let undone = project.shell(&["undo", "--yes", "--json"]).json();
    assert_eq!(undone["undone"], json!([{"step": "events", "files": ["app.ts", "credyt.toml"]}]));
    assert_eq!(undone["files"][0], json!({"file": "app.ts", "change": "restored"}));
    assert_eq!(project.read("app.ts"), APP);
}

#[test]
fn sites_are_listed_with_their_evidence() {
    let document = Project::app().shell(&["sites", "--json"]).json();
    assert_eq!(document["version"], 1);
    assert_eq!(document["sites"][0]["id"], "billable:app.ts#handler:0");
    assert_eq!(document["sites"][0]["detail"]["identity"], json!({"expr": "user.id", "at": "call"}));
}
