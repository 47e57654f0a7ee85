//! The real command line over a made-up survey and three made-up steps, so that tests of the walk, the prompts and the
//! exit statuses do not change whenever the knowledge base does.
//!
//! The app is `app.ts`; every `spend()` in it is a paid call, `register(` is the sign-up. `nouser.ts` instead of it is an
//! app whose requests carry no user.

use std::process::ExitCode;

use credyt_integrate::answers::Key;
use credyt_integrate::catalog::Catalog;
use credyt_integrate::edit::{ChangeSet, Edit, EditUnit, NewFile};
use credyt_integrate::resolve::Program;
use credyt_integrate::run::{AppFacts, Fact, Findings, RunError, Survey};
use credyt_integrate::sites::{
    Billable, BillablePlan, Detail, IdentityAt, IdentityRef, Site, SiteKind, UiSlot,
};
use credyt_integrate::steps::{
    App, Area, Choice, Question, Route, RouteKind, Status, Step, StepContext, StepPlan, Todo,
};
use credyt_integrate::syntax::Span;
use credyt_integrate::workspace::Workspace;

struct MadeUp(Catalog);

impl Survey for MadeUp {
    fn catalog(&self) -> &Catalog {
        &self.0
    }

    fn survey(&self, workspace: &Workspace) -> Result<Findings, RunError> {
        let mut findings = Findings { program: Program::new(workspace), apps: Vec::new(), sites: Vec::new() };
        for (id, file) in workspace.files() {
            let is_app = file.name() == "app.ts" || file.name() == "nouser.ts";
            if !is_app {
                continue;
            }
            let text = workspace.text(id)?;
            let root = if file.dir().is_empty() { "." } else { file.dir() };
            let fact = |label, value: &str, line: usize| Fact {
                label,
                value: value.to_owned(),
                place: Some(format!("{}:{line}", file.path)),
            };
            findings.apps.push(AppFacts {
                root: root.to_owned(),
                name: "tiny-app".to_owned(),
                app: App { root: file.dir().to_owned(), ..App::default() },
                facts: vec![fact("Language", "typescript", 1), fact("Framework", "made-up", 2)],
                has_users: file.name() == "app.ts",
                ..AppFacts::default()
            });
            for (index, (at, _)) in text.as_str().match_indices("spend()").enumerate() {
                let line = text.line_of(at);
                findings.sites.push(Site {
                    id: format!("billable:{}#handler:{index}", file.path),
                    kind: SiteKind::Billable,
                    app: root.to_owned(),
                    file: file.path.clone(),
                    line,
                    end_line: line,
                    symbol: Some("handler".to_owned()),
                    score: 0.97,
                    selected: true,
                    detail: Detail::Billable(Box::new(Billable {
                        provider: "acme".to_owned(),
                        call: "spend".to_owned(),
                        streaming: false,
                        usage: None,
                        unit: "image".to_owned(),
                        entry: None,
                        identity: IdentityRef {
                            expr: (file.name() == "app.ts").then(|| "user.id".to_owned()),
                            at: if file.name() == "app.ts" { IdentityAt::Call } else { IdentityAt::None },
                        },
                        payer: None,
                        covered_by: None,
                        plan: BillablePlan::default(),
                    })),
                    evidence: vec![format!("import spend from \"acme\" (line {line})")],
                    span: Span { start: at as u32, end: at as u32 + 7 },
                });
            }
            if file.name() == "app.ts" {
                findings.sites.push(Site {
                    id: format!("ui_slot:{}#header:0", file.path),
                    kind: SiteKind::UiSlot,
                    app: root.to_owned(),
                    file: file.path.clone(),
                    line: 1,
                    end_line: 1,
                    symbol: Some("header".to_owned()),
                    score: 0.5,
                    selected: false,
                    detail: Detail::UiSlot(UiSlot { what: "header".to_owned(), client: false }),
                    evidence: vec!["named header".to_owned()],
                    span: Span { start: 0, end: 0 },
                });
            }
        }
        Ok(findings)
    }
}

/// Where paid calls are reported.
const RECORDER: &str = "credyt/usage.ts";

fn path(cx: &StepContext<'_>, file: &str) -> String {
    cx.app.path(file)
}

/// Makes `credyt/client.ts` and `credyt/usage.ts`.
struct KeyStep;

impl Step for KeyStep {
    fn area(&self) -> Area {
        Area::Key
    }

    fn questions(&self, _cx: &StepContext<'_>) -> Vec<Question> {
        let choices = vec![Choice::new("sdk", "the official package"), Choice::new("http", "plain HTTP")];
        vec![
            Question::select(Key::top("client"), "How should the app talk to Credyt?", choices, "sdk"),
            Question::text(Key::top("product"), "Which product are users subscribed to?", "default_plan")
                .help("Its code, as in the Credyt dashboard."),
        ]
    }

    fn plan(&self, cx: &StepContext<'_>) -> StepPlan {
        let file = path(cx, "credyt/client.ts");
        if cx.workspace.find(&file).is_some() {
            return StepPlan::already();
        }
        let mut plan = StepPlan::new(Status::Planned);
        let text = format!("export const product = \"{}\";\n", cx.answers.product());
        let unit =
            EditUnit::new("Add the client", "calls need it").create(&file, NewFile::new(text, "one client"));
        plan.changes.push(unit).expect("the first unit");
        plan.changes.push(recorder(cx)).expect("a file of its own");
        plan.notes.push("the key is read from `CREDYT_API_KEY`".to_owned());
        plan.todo.push(Todo::chore("set `CREDYT_API_KEY` where the app runs"));
        plan.next.push_str("Start the app: it runs as before.");
        plan
    }
}

/// What a paid call is reported with.
fn recorder(cx: &StepContext<'_>) -> EditUnit {
    let text = "export function record(user: string) {\n  return user;\n}\n";
    EditUnit::new("Add the recorder", "paid calls are reported")
        .create(path(cx, RECORDER), NewFile::new(text, "one recorder"))
}

/// Puts a line in front of every `spend()`, with one import of what the step before made.
struct EventsStep;

impl Step for EventsStep {
    fn area(&self) -> Area {
        Area::Events
    }

    fn questions(&self, cx: &StepContext<'_>) -> Vec<Question> {
        let estimate = |site: &Site| {
            let id = site.id.trim_start_matches("billable:").to_owned();
            let text = format!("What may one call at {}:{} cost?", site.file, site.line);
            Question::number(Key::event(&id, "estimate"), text, "0.01".parse().expect("a number"))
        };
        let paid = cx.sites.iter().filter(|site| site.kind == SiteKind::Billable && site.selected);
        paid.take(1).map(estimate).collect()
    }

    fn plan(&self, cx: &StepContext<'_>) -> StepPlan {
        let paid: Vec<&Site> =
            cx.sites.iter().filter(|s| s.kind == SiteKind::Billable && s.selected).collect();
        if paid.is_empty() {
            return StepPlan::not_applicable("no paid call is selected");
        }
        let mut plan = StepPlan::new(Status::Planned);
        if cx.workspace.find(&path(cx, RECORDER)).is_none() {
            plan.changes.push(recorder(cx)).expect("the first unit");
        }
        for site in paid {
            let Some(text) = cx.workspace.text_at(&site.file) else { continue };
            let start = text.line_start(site.line);
            if text.line(site.line - 1).contains("record(") {
                continue;
            }
            let why = "a paid call is reported";
            let unit =
                EditUnit::new(format!("Report the call at line {}", site.line), why).for_site(&site.id);
            let broken = text.line(site.line).contains("BROKEN");
            let added = if broken { "  record(;\n" } else { "  record(user.id);\n" };
            let import = Edit::insertion(0, "import { record } from \"./credyt/usage\";\n", why).shared();
            let mut unit = unit.edit(&site.file, Edit::insertion(start, added, why));
            if !text.as_str().starts_with("import { record }") {
                unit = unit.edit(&site.file, import);
            }
            if plan.changes.push(unit).is_err() {
                plan.todo.push(Todo::unmet("report this call by hand", &site.file, site.line));
            }
        }
        if !plan.changes.units().any(|(_, unit)| unit.site().is_some()) {
            return StepPlan::already();
        }
        plan.next.push_str("Make a paid call and look at the customer's events.");
        plan
    }
}

/// Makes a route.
struct PortalStep;

impl Step for PortalStep {
    fn area(&self) -> Area {
        Area::Portal
    }

    fn questions(&self, _cx: &StepContext<'_>) -> Vec<Question> {
        Vec::new()
    }

    fn plan(&self, cx: &StepContext<'_>) -> StepPlan {
        let file = path(cx, "portal.ts");
        let route = Route { what: RouteKind::Portal, method: "GET".to_owned(), path: "/portal".to_owned() };
        if cx.workspace.find(&file).is_some() {
            return StepPlan { routes: vec![route], ..StepPlan::already() };
        }
        let mut changes = ChangeSet::new();
        let text = "export function portal() {\n  return \"https://example.com\";\n}\n";
        let unit = EditUnit::new("Add the portal route", "users top up there");
        changes.push(unit.create(&file, NewFile::new(text, "a route of its own"))).expect("the only unit");
        StepPlan {
            changes,
            routes: vec![route],
            next: "Open `/portal`.".to_owned(),
            ..StepPlan::new(Status::Planned)
        }
    }
}

fn main() -> ExitCode {
    let catalog = Catalog::from_files(Vec::new()).expect("an empty knowledge base");
    credyt_integrate::cli::main_with(MadeUp(catalog), &[&KeyStep, &EventsStep, &PortalStep])
}
