//! A step whose output is broken on purpose, as a wrong template or entry would break it: the net says so, not a snapshot.

use std::collections::BTreeMap;

use camino::Utf8Path;
use credyt_integrate::answers::Answers;
use credyt_integrate::catalog::Catalog;
use credyt_integrate::edit::{ChangeSet, Edit, EditUnit, NewFile};
use credyt_integrate::fingerprint::fingerprint;
use credyt_integrate::net::{self, FaultKind};
use credyt_integrate::resolve::Program;
use credyt_integrate::steps;
use credyt_integrate::workspace::Workspace;

use crate::common::Project;
use crate::steps::planned;

/// A fixture on its way through the steps: the files in front of each, and what it plans there.
struct Walked {
    catalog: Catalog,
    steps: BTreeMap<&'static str, (Workspace, ChangeSet)>,
}

impl Walked {
    fn new(fixture: &str) -> Self {
        let catalog = Catalog::embedded().expect("the knowledge base is valid");
        let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(fixture);
        let mut workspace = Workspace::open(&root).expect("a fixture is a folder");
        let (mut answers, mut steps) = (Answers::default(), BTreeMap::new());
        for step in steps::all() {
            let (plan, chosen) = planned(&workspace, &catalog, 0, &answers, *step);
            answers = chosen;
            let outcome = plan.changes.outcome(&workspace).expect("the edits fit");
            let next = workspace.with_changes(outcome.changes());
            steps.insert(step.area().id(), (workspace, plan.changes));
            workspace = next;
        }
        Self { catalog, steps }
    }

    /// The kinds of fault in a step whose texts for the files that end so have one part replaced.
    fn broken(&self, area: &str, file: &str, from: &str, to: &str) -> Vec<FaultKind> {
        let (workspace, plan) = &self.steps[area];
        let mut hits = 0;
        let mut swap = |path: &str, text: &str| {
            let hit = path.ends_with(file) && text.contains(from);
            hits += usize::from(hit);
            if hit { text.replacen(from, to, 1) } else { text.to_owned() }
        };
        let mut changes = ChangeSet::new();
        for (_, unit) in plan.units() {
            let mut altered = EditUnit::new(unit.title(), unit.why());
            if unit.is_library() {
                altered = altered.library();
            }
            for (path, edits) in unit.file_edits() {
                let edit = |e: &Edit| Edit::replacement(e.range(), swap(path, e.text()), e.why()).shared();
                altered.add(path, edits.iter().map(edit).collect::<Vec<_>>());
            }
            for (path, new) in unit.new_files() {
                altered = altered.create(path, NewFile::new(swap(path, new.text()), new.why()));
            }
            changes.push(altered).expect("no conflict");
        }
        assert!(hits > 0, "{area}, {file}: `{from}` is in no text of the step");
        self.kinds(workspace, &changes)
    }

    fn kinds(&self, workspace: &Workspace, changes: &ChangeSet) -> Vec<FaultKind> {
        let known = fingerprint(workspace, &self.catalog);
        let before = Program::new(workspace);
        let ground = net::Ground { before: &before, app: &known.apps[0], catalog: &self.catalog };
        let outcome = changes.outcome(workspace).expect("the edits fit");
        let mut kinds: Vec<FaultKind> = net::faults(&ground, &outcome).into_iter().map(|f| f.kind).collect();
        kinds.dedup();
        kinds
    }
}

#[test]
fn broken_output_in_typescript_is_caught() {
    let app = Walked::new("nextjs-authjs-prisma");
    let route = "portal/route.ts";
    for (area, file, from, to, kind) in [
        ("portal", route, "\"@/auth\"", "\"\"", FaultKind::EmptyModule),
        ("portal", route, "\"@/auth\"", "\"@/lib/no-such-file\"", FaultKind::NoModule),
        ("portal", route, "import { auth }", "import { readSession as auth }", FaultKind::NoExport),
        ("portal", route, "await auth()", "await readSession()", FaultKind::Unbound),
        ("portal", route, "await auth()", "await auth(host)", FaultKind::Early),
        ("portal", route, "let url: string", "let origin: string", FaultKind::Clash),
        (
            "portal",
            "credyt/portal.ts",
            "credyt.createPortalSession",
            "credyt.createPortal",
            FaultKind::NoMember,
        ),
        (
            "portal",
            "credyt/portal.ts",
            "/** The",
            "import dayjs from \"dayjs\";\ndayjs();\n/** The",
            FaultKind::NoPackage,
        ),
        ("events", "usage.ts", "./client", "./http-client", FaultKind::NoModule),
        ("events", "chat/route.ts", "await recordUsage", "await recordUse", FaultKind::Unbound),
        ("events", "image/route.ts", "const result", "const prompt", FaultKind::Clash),
    ] {
        let kinds = app.broken(area, file, from, to);
        assert!(
            kinds.contains(&kind) || kind == FaultKind::Clash && !kinds.is_empty(),
            "{file}: {from} -> {to}: {kinds:?}"
        );
    }
}

#[test]
fn broken_output_in_python_is_caught() {
    let app = Walked::new("fastapi-sqlmodel-jwt");
    for (area, file, from, to, kind) in [
        ("events", "usage.py", "from .client", "from .http_client", FaultKind::NoModule),
        ("customer", "customer.py", "logger = ", "logger_of = ", FaultKind::Unbound),
    ] {
        let kinds = app.broken(area, file, from, to);
        assert!(kinds.contains(&kind), "{file}: {from} -> {to}: {kinds:?}");
    }
}

/// Modules whose call sites were all left out would stand idle.
#[test]
fn a_module_without_its_callers_is_caught() {
    let app = Walked::new("nextjs-authjs-prisma");
    let (workspace, plan) = &app.steps["events"];
    let alone = plan.select(|id| plan.unit(id).is_some_and(EditUnit::is_library)).kept;
    assert_eq!(app.kinds(workspace, &alone), [FaultKind::NoCaller]);
}

/// The style of the generated files is theirs: one call of the app that is written otherwise tips no later step into
/// another one.
#[test]
fn a_later_step_writes_as_the_first_one_did() {
    let project = Project::fixture("fastapi-sqlmodel-jwt");
    let chat = "app/api/routes/chat.py";
    let call = "safety_identifier=str(current_user.id),";
    let text = project.read(chat);
    assert!(text.contains(call), "the call ends with a comma");
    project.write(chat, text.replacen(call, call.trim_end_matches(','), 1));
    project.commit();
    let ran = project.tool(&["run", "--yes", "--offline", "--json"]);
    let report = ran.json();
    let failed: Vec<_> =
        report["steps"].as_array().into_iter().flatten().filter(|s| s["status"] == "failed").collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

/// A generated file that was edited where a later step has to change it refuses that step whole: no call site is
/// written for what its module does not take.
#[test]
fn a_step_is_written_whole_or_not_at_all() {
    let project = Project::fixture("fastapi-sqlmodel-jwt");
    let first = project.tool(&["run", "--yes", "--offline", "--skip", "costs"]);
    assert!(first.status == 0 || first.status == 6, "{}", first.transcript());
    let usage = "app/credyt/usage.py";
    let text = project.read(usage);
    let mine = text.replace(" = None,", " = None,  # ours").replace(") -> None:", ") -> None:  # ours");
    project.write(usage, mine);
    project.commit();
    let ran = project.tool(&["run", "--yes", "--offline", "--step", "costs", "--json"]);
    assert_eq!(ran.status, 6, "{}", ran.transcript());
    assert_eq!(ran.json()["steps"][0]["status"], "failed");
    assert_eq!(project.changes(), "", "nothing is written");
    let again = project.tool(&["run", "--yes", "--offline", "--step", "costs", "--json"]);
    assert_eq!(again.json()["steps"][0]["status"], "failed", "a rerun does not take it for done");
}
