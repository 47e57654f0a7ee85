//! What may lie in the way of taking everything back: a repository's own `.credyt`, edits by hand, checkouts, any order.
//!
//! `CREDYT_SEQUENCES=500` makes the walk over random sequences a long one.

#![cfg(unix)]

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use crate::common::Project;

const FIXTURES: [&str; 3] = ["express-jwt-prisma", "nextjs-authjs-prisma", "fastapi-sqlmodel-jwt"];
const RUN: [&str; 3] = ["run", "--yes", "--offline"];
const UNDO: [&str; 3] = ["undo", "--all", "--yes"];

type Tree = BTreeMap<String, (u32, Vec<u8>)>;

/// Every file below a folder with its mode and bytes; git's and the program's own are not among them.
fn tree(folder: &Path) -> Tree {
    let own = |entry: &walkdir::DirEntry| entry.file_name() != ".git" && entry.file_name() != ".credyt";
    let entries = walkdir::WalkDir::new(folder).min_depth(1).into_iter().filter_entry(own);
    entries
        .map(|entry| entry.expect("a folder that can be read"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let mode = entry.metadata().expect("a file").permissions().mode();
            let path = entry.path().strip_prefix(folder).expect("inside of it").display().to_string();
            (path, (mode, std::fs::read(entry.path()).expect("a file")))
        })
        .collect()
}

fn names(tree: &Tree, other: &Tree) -> Vec<String> {
    let paths = tree.keys().chain(other.keys());
    let mut differing: Vec<String> =
        paths.filter(|path| tree.get(*path) != other.get(*path)).cloned().collect();
    differing.sort();
    differing.dedup();
    differing
}

fn integrated(fixture: &str) -> (Project, Tree) {
    let project = Project::fixture(fixture);
    let before = tree(project.path());
    let ran = project.tool(&RUN);
    assert!(matches!(ran.status, 0 | 6), "{}", ran.transcript());
    (project, before)
}

fn undo_all(project: &Project, before: &Tree, what: &str) {
    let ran = project.tool(&UNDO);
    assert_eq!(ran.status, 0, "{what}: {}", ran.transcript());
    assert_eq!(names(before, &tree(project.path())), [""; 0], "{what}");
    assert!(!project.exists(".credyt"), "{what}");
}

#[test]
fn a_folder_that_came_with_the_code_is_not_believed() {
    let project = Project::fixture("express-jwt-prisma");
    project.write(".credyt/journal/000001.json", "{}");
    project.git(&["add", "-f", ".credyt"]);
    project.commit();
    let before = tree(project.path());
    for command in [&RUN[..], &UNDO[..]] {
        let ran = project.tool(command);
        assert_eq!(ran.status, 5, "{}", ran.transcript());
        assert!(ran.err.contains("came with the code"), "{}", ran.err);
    }
    assert_eq!(tree(project.path()), before);
}

#[test]
fn no_link_in_the_folder_leads_out() {
    let home = Project::without_git(&[("docs/thesis.txt", "precious"), (".bashrc", "alias x=y\n")]);
    let before = tree(home.path());
    for (at, to) in
        [("staging", ""), ("journal", "docs"), (".gitignore", ".bashrc"), ("lock", "new"), ("", "docs")]
    {
        let project = Project::fixture("express-jwt-prisma");
        let link = project.path().join(".credyt").join(at);
        std::fs::create_dir_all(link.parent().expect("a folder")).expect("a folder");
        if at.is_empty() {
            symlink(home.path().join(to), project.path().join(".credyt")).expect("a link");
        } else {
            symlink(home.path().join(to), &link).expect("a link");
        }
        for command in [&RUN[..], &UNDO[..]] {
            let ran = project.tool(command);
            assert_eq!(ran.status, 5, "{at}: {}", ran.transcript());
            assert!(ran.err.contains("is a link"), "{at}: {}", ran.err);
        }
        assert_eq!(tree(home.path()), before, "{at}");
        assert!(!home.exists("new"), "{at}");
    }
}

#[test]
fn a_step_undone_in_the_middle_is_in_nobodys_way() {
    for fixture in FIXTURES {
        let (project, before) = integrated(fixture);
        assert_eq!(project.tool(&["undo", "balance", "--yes"]).status, 0, "{fixture}");
        undo_all(&project, &before, fixture);
    }
}

#[test]
fn a_checkout_of_the_original_is_an_undo() {
    let (project, before) = integrated("nextjs-authjs-prisma");
    project.git(&["checkout", "-q", "."]);
    project.git(&["clean", "-fdq"]);
    let again = project.tool(&RUN);
    assert!(matches!(again.status, 0 | 6), "{}", again.transcript());
    undo_all(&project, &before, "after a checkout and another run");
}

#[test]
fn what_somebody_edited_can_be_kept() {
    let (project, before) = integrated("nextjs-authjs-prisma");
    let edited = "lib/credyt/usage.ts";
    project.write(edited, project.read(edited) + "// mine\n");
    let refused = project.tool(&UNDO);
    assert_eq!(refused.status, 5);
    assert!(refused.err.contains(edited) && refused.err.contains("--keep-mine"), "{}", refused.err);
    let kept = project.tool(&["undo", "--all", "--yes", "--keep-mine", "--json"]);
    assert_eq!(kept.status, 0, "{}", kept.transcript());
    assert_eq!(kept.json()["kept"], serde_json::json!([edited]));
    assert_eq!(names(&before, &tree(project.path())), [edited]);
    assert!(!project.exists(".credyt"));
}

#[test]
fn a_rule_that_ignores_what_is_written_is_said_before_it_is_written() {
    let project = Project::fixture("nextjs-authjs-prisma");
    project.write(".gitignore", "node_modules\n.env\ncredyt*\n");
    project.commit();
    let ran = project.tool(&["run", "--yes", "--offline", "--step", "key"]);
    assert_eq!(ran.status, 6, "{}", ran.transcript());
    assert!(ran.out.contains("git would ignore") && ran.out.contains(".gitignore"), "{}", ran.out);
    assert_eq!(project.changes(), "");
}

#[test]
fn no_program_of_the_repositorys_configuration_is_started() {
    let project = Project::fixture("express-jwt-prisma");
    let witness = project.path().join(".git/witness");
    let touch = format!("touch '{}'; cat", witness.display());
    project.git(&["config", "core.fsmonitor", &touch]);
    project.git(&["config", "filter.a=b.clean", &touch]);
    project.git(&["config", "filter.evil.process", &touch]);
    project.write(".git/info/attributes", "*.json filter=evil\n*.ts filter=a=b\n*.js filter=a=b\n");
    // Git looks into files whose time it does not know, through the filter.
    let stale = std::fs::read(project.path().join("package.json")).expect("a file");
    project.write("package.json", stale);
    let ran = project.tool(&RUN);
    assert!(matches!(ran.status, 0 | 5 | 6), "{}", ran.transcript());
    assert!(!witness.exists(), "{}", ran.transcript());
}

#[test]
fn a_misspelt_command_is_recognised() {
    let project = Project::app();
    let ran = project.tool(&["detct"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("`credyt-integrate detect`"), "{}", ran.err);
}

/// Numbers that follow from a seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        // Knuth's constants; the high bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit
    }

    fn one(&mut self, of: &[&'static str]) -> &'static str {
        of[self.below(of.len())]
    }
}

#[test]
fn any_sequence_ends_where_it_began() {
    const STEPS: [&str; 7] = ["key", "customer", "events", "gating", "portal", "balance", "costs"];
    let sequences = std::env::var("CREDYT_SEQUENCES").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    for seed in 0..sequences {
        let mut numbers = Numbers(seed + 1);
        let fixture = FIXTURES[usize::try_from(seed).unwrap_or_default() % FIXTURES.len()];
        let project = Project::fixture(fixture);
        let before = tree(project.path());
        let mut said = vec![format!("#{seed} {fixture}")];
        for _ in 0..3 + numbers.below(5) {
            let now = tree(project.path());
            let mut command: Vec<&str> = Vec::new();
            match numbers.below(10) {
                0..5 => {
                    command.extend(["run", "--yes", "--offline", "--allow-dirty"]);
                    if numbers.below(3) > 0 {
                        command.extend(["--step", numbers.one(&STEPS)]);
                    }
                }
                5..9 => {
                    command.extend(["undo", "--yes"]);
                    if numbers.below(3) > 0 {
                        command.push(numbers.one(&STEPS));
                    }
                }
                _ => {
                    project.git(&["checkout", "-q", "."]);
                    said.push("checkout".to_owned());
                    continue;
                }
            }
            let ran = project.tool(&command);
            said.push(format!("{} = {}", command.join(" "), ran.status));
            assert!(matches!(ran.status, 0 | 5 | 6), "{said:?}: {}", ran.transcript());
            if command[0] == "undo" && ran.status != 0 {
                assert_eq!(tree(project.path()), now, "a refused undo changes nothing: {said:?}");
            }
        }
        undo_all(&project, &before, &said.join("; "));
    }
}
