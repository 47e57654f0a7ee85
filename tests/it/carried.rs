//! The payer that a handler names is the one that the paid call below it is recorded for, whatever else runs meanwhile.
//!
//! The integrated app itself is run, with stand-ins for everything outside of it: many requests at a time, of many users,
//! through `AsyncLocalStorage` and through `contextvars`.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::Project;

#[test]
fn javascript_carries_each_payer_to_its_own_call() {
    carries("shape-raw-fetch", "node", "check.cjs", 200);
}

#[test]
fn python_carries_each_payer_to_its_own_call() {
    carries("shape-carried-payer", "python3", "check.py", 120);
}

/// Integrates an app, runs a script in it, and looks at the pairs it prints: who asked, and who pays.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn carries(fixture: &str, program: &str, script: &str, visits: usize) {
    if Command::new(program).arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("left out: `{program}` is not installed here");
        return;
    }
    let project = Project::fixture(fixture);
    let ran = project.tool(&["run", "--yes", "--offline", "--step", "key,events,gating"]);
    assert_eq!(ran.status, 0, "{}", ran.transcript());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/carried").join(script);
    let output = Command::new(program).arg(script).current_dir(project.path()).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let pairs: Vec<(String, String)> = serde_json::from_str(&said).expect("pairs");
    assert_eq!(pairs.len(), visits, "one event a request");
    for (asked, pays) in &pairs {
        assert_eq!(asked, pays);
    }
}
