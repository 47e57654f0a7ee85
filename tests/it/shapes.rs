//! Shapes of code around paid calls, one small app each: what is found there, and why.
//!
//! The way from a request to the spend and the one who pays for it are what can go wrong with a shape, so both are
//! snapshots: the paid calls as `sites` lists them, and `explain` of each. What the steps make of them is in `steps`.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::common::Program;

#[test]
fn every_shape_is_explained() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let wanted = std::env::var("FIXTURE").ok();
    let mut shapes: Vec<String> = std::fs::read_dir(&fixtures)
        .expect("the fixtures are there")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("shape-") && wanted.as_ref().is_none_or(|w| w == name))
        .collect();
    shapes.sort();
    for shape in shapes {
        let folder = fixtures.join(&shape);
        let document: Value =
            serde_json::from_str(&run(&folder, &["sites", "--json"])).expect("one document");
        let sites = document["sites"].as_array().expect("a list");
        let mut paid: Vec<&str> =
            sites.iter().filter(|s| s["kind"] == "billable").filter_map(|s| s["id"].as_str()).collect();
        paid.sort_unstable();
        let mut text = run(&folder, &["sites"]);
        for id in paid {
            let _ = write!(text, "\n{}\n{}", "-".repeat(100), run(&folder, &["explain", id]));
        }
        insta::with_settings!({ snapshot_path => "snapshots/shapes", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(shape, text);
        });
    }
}

fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = Program::Tool.command(folder).args(arguments).output().expect("it runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
