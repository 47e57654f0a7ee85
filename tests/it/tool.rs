//! The program itself, with all it knows, where its knowledge is not the point.

use std::path::Path;

use crate::common::{Program, Project};

/// The status and stderr of a plan over a fixture.
fn plan(fixture: &str) -> (i32, String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(fixture);
    let output = Program::Tool.command(&folder).arg("plan").output().expect("it runs");
    (output.status.code().expect("not killed"), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn projects_that_cannot_be_integrated_are_refused_with_the_reason() {
    let cases = [
        ("refuse-not-an-app", "error: no app was found in"),
        ("refuse-docs-site", "error: no app was found in"),
        ("refuse-no-user", "carry no user"),
    ];
    for (fixture, reason) in cases {
        let (status, said) = plan(fixture);
        assert_eq!(status, 4, "{fixture}: {said}");
        assert!(said.contains(reason), "{fixture}: {said}");
        assert!(said.contains("\nhint: "), "{fixture}: {said}");
    }
    // Sign-in without anything to charge for is not a refusal: the key and the customers can be wired.
    assert_eq!(plan("refuse-no-paid-call"), (0, String::new()));
}

#[test]
fn completions_know_the_flags() {
    let project = Project::without_git(&[]);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = project.tool(&["completions", shell]);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        assert!(ran.out.contains("allow-dirty"), "{shell}");
    }
    assert_eq!(project.tool(&["completions", "tcsh"]).status, 2);
}

#[test]
fn help_and_version_are_reports() {
    let project = Project::without_git(&[]);
    let help = project.tool(&["--help"]);
    assert!(
        help.status == 0 && help.err.is_empty() && help.out.contains("Exit status: 0 done"),
        "{}",
        help.out
    );
    assert_eq!(
        project.tool(&["--version"]).out,
        concat!("credyt-integrate ", env!("CARGO_PKG_VERSION"), "\n")
    );
}
