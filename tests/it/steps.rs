//! Every step over every fixture: the diff, as it would be shown, and what holds for every step.
//!
//! The steps run one after the other on a workspace in memory, with the defaults of every question, as `run --yes`
//! would. After each: the result parses, a second look plans nothing, and undoing it on a copy of the fixture on disk
//! brings back every byte. A new fixture needs no code here; its snapshots are written when the suite runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use camino::{Utf8Path, Utf8PathBuf};
use credyt_integrate::answers::Answers;
use credyt_integrate::catalog::Catalog;
use credyt_integrate::edit::journal::{HandEdits, Journal, Which};
use credyt_integrate::edit::{FileOutcome, Outcome};
use credyt_integrate::fingerprint::{App, fingerprint};
use credyt_integrate::net;
use credyt_integrate::resolve::{Module, Program};
use credyt_integrate::sites::{self, Site};
use credyt_integrate::steps::{self, Area, Status, Step, StepContext, StepPlan};
use credyt_integrate::syntax::Imported;
use credyt_integrate::workspace::Workspace;

/// A way through the steps.
struct Pass {
    /// Behind the names of its snapshots.
    suffix: &'static str,
    /// Answers given beforehand.
    answers: &'static [&'static str],
    /// Areas whose diffs are snapshots; all when empty.
    shown: &'static [&'static str],
    /// The apps that are walked.
    fixtures: fn(&str) -> bool,
    /// The generated modules are named only: the diff is about the app's own code.
    own_code: bool,
}

/// Apps that show one shape of code around a paid call each; the others are integrated whole.
fn is_shape(fixture: &str) -> bool {
    fixture.starts_with("shape-")
}

#[test]
fn every_step_of_every_fixture() {
    walk_all(&Pass {
        suffix: "",
        answers: &[],
        shown: &[],
        fixtures: |name| !is_shape(name),
        own_code: false,
    });
}

/// What happens to the app's own code around paid calls of each shape.
#[test]
fn every_step_of_every_shape() {
    let shown = &["customer", "events", "gating"];
    walk_all(&Pass { suffix: "", answers: &[], shown, fixtures: is_shape, own_code: true });
}

/// The customer id beside the user: the column, its migration, and the module that reads and writes it.
#[test]
fn every_step_with_the_customer_id_stored() {
    let shown = &["customer", "gating"];
    walk_all(&Pass {
        suffix: "-stored",
        answers: &["store_customer_id=true"],
        shown,
        fixtures: |name| !is_shape(name),
        own_code: false,
    });
}

/// A plan with a monthly fee: the address to come back to, and the way to the payment.
#[test]
fn every_step_for_a_product_with_a_recurring_fee() {
    let answers = &["product=pro_monthly", "recurring_fee=true"];
    let shown = &["customer", "portal"];
    let fixtures = |name: &str| {
        ["express-passport-mongoose", "fastapi-sqlmodel-jwt", "nextjs-authjs-prisma"].contains(&name)
    };
    walk_all(&Pass { suffix: "-recurring", answers, shown, fixtures, own_code: false });
}

fn walk_all(pass: &Pass) {
    let catalog = Catalog::embedded().expect("the knowledge base is valid");
    for fixture in fixtures() {
        let name = fixture.file_name().unwrap_or_default();
        if (pass.fixtures)(name) {
            walk(&fixture, &catalog, pass);
        }
    }
}

fn fixtures() -> Vec<Utf8PathBuf> {
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let wanted = std::env::var("FIXTURE").ok();
    let mut all: Vec<Utf8PathBuf> = root
        .read_dir_utf8()
        .expect("the fixtures are there")
        .filter_map(|entry| entry.ok().map(camino::Utf8DirEntry::into_path))
        .filter(|path| path.is_dir())
        .filter(|path| wanted.as_ref().is_none_or(|w| path.file_name() == Some(w)))
        .collect();
    all.sort();
    all
}

fn walk(fixture: &Utf8Path, catalog: &Catalog, pass: &Pass) {
    let name = fixture.file_name().unwrap_or_default();
    let mut workspace = Workspace::open(fixture).expect("a fixture is a folder");
    let original = workspace.clone();
    // Snapshots do not depend on what was built in the fixture.
    let apps = fingerprint(&workspace, catalog).apps;
    for index in 0..apps.len() {
        let mut answers = Answers::default();
        for answer in pass.answers {
            answers.set_argument(answer).expect("a valid answer");
        }
        for step in steps::all() {
            let (plan, chosen) = planned(&workspace, catalog, index, &answers, *step);
            answers = chosen;
            let outcome = plan.changes.outcome(&workspace).expect("the edits fit the files");
            if let Err(problems) = outcome.check() {
                panic!("{name}, {}: {problems:#?}", step.area());
            }
            nothing_would_not_work(&workspace, catalog, index, &outcome, &format!("{name}, {}", step.area()));
            let shown = shown(&plan, &diff(&outcome, pass.own_code.then_some(&original)));
            let area = step.area().id();
            if pass.shown.is_empty() || pass.shown.contains(&area) {
                insta::with_settings!({ snapshot_path => "snapshots/steps", prepend_module_to_snapshot => false, omit_expression => true }, {
                    insta::assert_snapshot!(format!("{name}@{area}{}{}", pass.suffix, if index == 0 { String::new() } else { format!("-{index}") }), shown);
                });
            }
            undo_is_exact(&workspace, &outcome, step.area().id());
            no_part_is_left_hanging(&workspace, &plan, name);
            workspace = workspace.with_changes(outcome.changes());
            let (again, _) = planned(&workspace, catalog, index, &answers, *step);
            let rest = again.changes.outcome(&workspace).expect("the edits fit the files");
            let diff: String = rest.files().iter().map(|f| f.diff().unified()).collect();
            assert!(diff.is_empty(), "{name}, {}: planned again on its own result:\n{diff}", step.area());
            if plan.status == Status::Planned && plan.todo.iter().all(|t| !t.unmet || t.unpaid.is_some()) {
                assert_eq!(again.status, Status::Already, "{name}, {}", step.area());
            }
        }
        write_result(&format!("{name}{}", pass.suffix), &workspace);
    }
}

/// Apps for which a step still writes what the net withdraws.
fn is_waiting(name: &str) -> bool {
    ["shape-monorepo", "shape-stream-tool"].iter().any(|app| name.starts_with(app))
}

/// The net withdraws nothing of what is right.
fn nothing_would_not_work(
    workspace: &Workspace,
    catalog: &Catalog,
    index: usize,
    outcome: &Outcome,
    name: &str,
) {
    let fingerprint = fingerprint(workspace, catalog);
    let before = &Program::new(workspace);
    let faults = net::faults(&net::Ground { before, app: &fingerprint.apps[index], catalog }, outcome);
    assert!(faults.is_empty() || is_waiting(name), "{name}: {faults:#?}");
}

/// With `STEPS_OUT=folder`, what the fixture has become, to compile it and to look at it.
fn write_result(name: &str, workspace: &Workspace) {
    let Ok(folder) = std::env::var("STEPS_OUT") else { return };
    for (id, file) in workspace.files() {
        let path = Utf8Path::new(&folder).join(name).join(&file.path);
        let Ok(text) = workspace.text(id) else { continue };
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder can be made");
        std::fs::write(&path, text.bytes()).expect("the file can be written");
    }
}

pub(crate) fn planned(
    workspace: &Workspace,
    catalog: &Catalog,
    index: usize,
    answers: &Answers,
    step: &dyn Step,
) -> (StepPlan, Answers) {
    let fingerprint = fingerprint(workspace, catalog);
    let app: &App = &fingerprint.apps[index];
    let program = Program::new(workspace);
    let mut sites: Vec<Site> = sites::find(&program, catalog, &fingerprint);
    sites.retain(|site| site.app == app.root);
    // What is only offered for a reason is shown as if there were one.
    let asked_for = !Area::USUAL.contains(&step.area());
    let cx = StepContext { workspace, program: &program, catalog, app, sites: &sites, answers, asked_for };
    let mut chosen = answers.clone();
    for question in step.questions(&cx) {
        if let Some(default) = question.default.filter(|_| answers.get(&question.key).is_none()) {
            chosen.set(&question.key, default).expect("the default is a valid answer");
        }
    }
    let plan = step.plan(&StepContext { answers: &chosen, ..cx });
    (plan, chosen)
}

/// The diff of a step; of the files that the app had before any step, where it is given as it was.
fn diff(outcome: &Outcome, original: Option<&Workspace>) -> String {
    let file = |file: &FileOutcome| match original.filter(|app| app.find(file.path()).is_none()) {
        Some(_) => format!("generated {}\n", file.path()),
        None => file.diff().unified(),
    };
    outcome.files().iter().map(file).collect()
}

fn shown(plan: &StepPlan, diff: &str) -> String {
    let mut out = format!("status: {:?}\n", plan.status);
    for site in &plan.sites {
        let _ = writeln!(out, "site: {site}");
    }
    for route in &plan.routes {
        let _ = writeln!(out, "route: {:?} {} {}", route.what, route.method, route.path);
    }
    for note in &plan.notes {
        let _ = writeln!(out, "note: {note}");
    }
    for todo in &plan.todo {
        let _ = writeln!(out, "todo{}: {todo}", if todo.unmet { " (unmet)" } else { "" });
    }
    if !plan.next.is_empty() {
        let _ = writeln!(out, "next: {}", plan.next);
    }
    out + "\n" + diff
}

/// Whatever single part of a step the user leaves out: what is left imports nothing that is not there.
fn no_part_is_left_hanging(workspace: &Workspace, plan: &StepPlan, name: &str) {
    let whole = plan.changes.outcome(workspace).expect("the edits fit the files");
    let whole = workspace.with_changes(whole.changes());
    let titles: Vec<String> = plan.changes.units().map(|(_, unit)| unit.title().to_owned()).collect();
    for (left_out, title) in titles.iter().enumerate() {
        let kept = plan.changes.select(|id| id.index() != left_out).kept;
        let outcome = kept.outcome(workspace).expect("a part of the edits fits the files");
        let changed: Vec<String> = outcome.files().iter().map(|f| f.path().to_owned()).collect();
        let part = workspace.with_changes(outcome.changes());
        for path in changed {
            let lost = imports(&whole, &path).difference(&imports(&part, &path)).cloned().collect::<Vec<_>>();
            let still = part.text_at(&path).expect("it was changed");
            let hanging: Vec<_> = lost
                .iter()
                .filter(|(specifier, imported)| {
                    still.as_str().contains(specifier.as_str()) && still.as_str().contains(imported.as_str())
                })
                .collect();
            assert!(hanging.is_empty(), "{name}, {path} without \"{title}\": {hanging:?}");
        }
    }
}

/// What a file imports from files of the app that define it.
fn imports(workspace: &Workspace, path: &str) -> BTreeSet<(String, String)> {
    let Some(file) = workspace.find(path) else { return BTreeSet::new() };
    let program = Program::new(workspace);
    let facts = program.facts(file);
    let named = facts.imports.iter().filter_map(|import| match &import.imported {
        Imported::Named(name) => Some((import, name)),
        _ => None,
    });
    let found = named.filter(|(import, name)| match program.module(file, &import.module, Some(name)) {
        Module::File(target) => {
            workspace.text(target).is_ok_and(|text| text.as_str().contains(name.as_str()))
        }
        Module::Package(_) | Module::Unknown => false,
    });
    found.map(|(import, name)| (import.module.clone(), name.clone())).collect()
}

/// Applies the outcome to files on disk, undoes it, and compares.
fn undo_is_exact(workspace: &Workspace, outcome: &Outcome, step: &str) {
    if outcome.is_empty() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = Utf8Path::from_path(folder.path()).expect("a UTF-8 path");
    let mut before = BTreeMap::new();
    for (id, file) in workspace.files() {
        let Ok(text) = workspace.text(id) else { continue };
        let path = root.join(&file.path);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder can be made");
        std::fs::write(&path, text.bytes()).expect("the file can be written");
        before.insert(file.path.clone(), text.bytes().to_vec());
    }
    let journal = Journal::open(root, root).expect("a journal");
    let now = jiff::Timestamp::UNIX_EPOCH;
    journal.apply(root, step, now, outcome).expect("the outcome can be applied");
    for file in outcome.files() {
        assert_eq!(
            std::fs::read(root.join(file.path())).expect("written"),
            file.after().bytes(),
            "{}",
            file.path()
        );
    }
    journal.undo(&Which::Last, HandEdits::Refuse, now).expect("undo");
    for (path, bytes) in &before {
        assert_eq!(&std::fs::read(root.join(path)).expect("still there"), bytes, "{path}");
    }
    for file in outcome.files() {
        assert_eq!(before.contains_key(file.path()), root.join(file.path()).exists(), "{}", file.path());
    }
}
