//! The loop over the steps.
//!
//! What is known at each turn is in [`Walk`]; a decision is remembered with what was known before it, so that `back`
//! is exact: the step's files are undone through the journal and the answers are those from before its questions.

use camino::Utf8Path;

use crate::answers::{Answers, FILE_NAME, Key, Value};
use crate::edit::journal::{HandEdits, Which};
use crate::edit::{ChangeSet, CheckError, Outcome};
use crate::net;
use crate::review::{Label, Screen, Text};
use crate::sites::Site;
use crate::steps::{Area, Cause, Choice, Question, QuestionKind, Status, Step, StepPlan, Todo};
use crate::workspace::Workspace;

use super::report::{self, StepReport, StepStatus};
use super::walk::{Decided, Walk, normal_root, read_answers, roots};
use super::{
    AppFacts, CheckResult, Exit, Findings, Options, Reviewer, RunError, RunReport, StepView, Survey, Verdict,
    ahead, announce, checking, elsewhere, fitness, fold, local_env, payer, safety, unread,
};

/// Name in the journal of answers that belong to no applied step.
const ANSWERS_STEP: &str = "answers";

/// A run, ready to start.
pub struct Driver<'a> {
    /// Where to print.
    pub screen: &'a mut Screen,
    /// Who decides.
    pub reviewer: &'a mut dyn Reviewer,
    /// Who finds out what there is.
    pub survey: &'a dyn Survey,
    /// The steps, in order.
    pub steps: &'a [&'a dyn Step],
    /// What the command line asks for.
    pub options: &'a Options,
}

/// How a run ended that got as far as its steps.
#[derive(Debug)]
pub struct Ended {
    /// What was done.
    pub report: RunReport,
    /// The status to exit with.
    pub exit: Exit,
    /// Why it ended early, when it did.
    pub error: Option<RunError>,
}

/// What to do after a step.
enum Turn {
    Next,
    Back,
    Quit,
}

impl<'a> Driver<'a> {
    /// Walks the steps over the project in `root`.
    pub fn run(mut self, root: &Utf8Path) -> Result<Ended, RunError> {
        let workspace = Workspace::open(root)?;
        let root = workspace.root().to_owned();
        let mut findings = self.survey.survey(&workspace)?;
        let mut app = self.choose_app(&root, &findings)?;
        let sites: Vec<Site> = findings.sites.iter().filter(|site| site.app == app.root).cloned().collect();
        fitness::check(&findings, self.survey.catalog(), &app, &sites)
            .map_err(|refused| fitness::with_unread(refused, &workspace))?;
        if !self.options.dry_run {
            safety::check(self.screen, self.reviewer, &root, &app, &findings, self.options.allow_dirty)?;
        }
        // An unfinished transaction may have been rolled back or finished just now.
        let workspace = Workspace::open(&root)?;
        let mut answers = read_answers(&workspace, &app.root)?;
        let known = !answers.text().is_empty();
        for argument in &self.options.set {
            answers.set_argument(argument)?;
        }
        if let Some(payers) = app.payers.clone() {
            payer::ask(self.screen, self.reviewer, &payers, &mut answers)?;
        }
        let mut sites = sites;
        if answers.payer() != app.app.payer {
            findings =
                self.survey.survey_again(&findings.program, &workspace, &app.root, &answers.payer())?;
            sites = findings.sites.iter().filter(|site| site.app == app.root).cloned().collect();
            let known = findings.apps.iter().find(|other| other.root == app.root).cloned();
            app = known.unwrap_or(app);
        }
        let elsewhere = elsewhere::todo(&findings, &app.root).into_iter().chain(unread::todo(&workspace));
        let elsewhere: Vec<Todo> = elsewhere.collect();
        let mut walk = Walk {
            catalog: self.survey.catalog(),
            program: findings.program,
            root,
            workspace,
            app,
            sites,
            answers,
            report: RunReport::new(),
            past: Vec::new(),
            check: None,
            ahead: None,
        };
        self.find_local_env(&mut walk);
        walk.take_site_answers();
        let toggled = self.reviewer.overview(self.screen, &walk.app, &walk.explainer(), !known)?;
        for (id, used) in toggled {
            walk.answers.set_site(&id, used)?;
        }
        walk.take_site_answers();
        let mut wanted = self.wanted(&mut walk)?;
        walk.check = checking::offer(self.screen, self.reviewer, self.options, &walk)?;
        let error = self.walk(&mut walk, &mut wanted).err();
        for step in wanted.iter().skip(walk.report.steps.len()) {
            walk.report.steps.push(StepReport::new(step.area(), StepStatus::Skipped).note("not reached"));
        }
        if error.is_none() && wanted.iter().any(|step| step.area() == Area::Events) {
            walk.report.todo.extend(elsewhere);
        }
        Ok(self.end(walk, error))
    }

    /// Walks the steps; more may come up on the way.
    fn walk(&mut self, walk: &mut Walk<'_>, wanted: &mut Vec<&'a dyn Step>) -> Result<(), RunError> {
        let mut index = 0;
        loop {
            self.offer(walk, wanted);
            let Some(step) = wanted.get(index) else { break };
            let before = Decided {
                index,
                applied: None,
                workspace: walk.workspace.clone(),
                answers: walk.answers.clone(),
                todo: walk.report.todo.len(),
                steps: walk.report.steps.len(),
            };
            match self.turn(walk, *step, (index + 1, wanted.len()), before)? {
                Turn::Next => index += 1,
                Turn::Back => index = self.go_back(walk)?,
                Turn::Quit => return Err(RunError::Stopped),
            }
        }
        self.flush_answers(walk)
    }

    /// One step: ask, plan, show, decide, apply.
    fn turn(
        &mut self,
        walk: &mut Walk<'_>,
        step: &dyn Step,
        (position, total): (usize, usize),
        before: Decided,
    ) -> Result<Turn, RunError> {
        let area = step.area();
        if self.options.skip.contains(&area) {
            walk.report.steps.push(StepReport::new(area, StepStatus::Skipped).note("`--skip`"));
            return Ok(Turn::Next);
        }
        let plan = self.plan_ahead(walk, step, (position, total))?;
        let mut entry = StepReport::new(area, StepStatus::Planned);
        entry.notes.clone_from(&plan.notes);
        entry.sites.clone_from(&plan.sites);
        match &plan.status {
            Status::Planned => {}
            Status::Already => {
                let done =
                    Text::new().with(Label::Success, "✓").plain(" ").then("already in the code".into());
                self.screen.report(done)?;
                announce::notes(self.screen, &plan)?;
                entry.status = StepStatus::Already;
                entry.routes = plan.routes;
                walk.report.steps.push(entry);
                walk.report.todo.extend(plan.todo);
                return Ok(Turn::Next);
            }
            Status::Refused => {
                let why = plan.todo.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                return self.failed(walk, entry, before.answers, &why, &plan);
            }
            Status::NotApplicable(why) => {
                let line = Text::new()
                    .with(Label::Warning, "–")
                    .plain(" not applicable: ")
                    .then(why.as_str().into());
                self.screen.report_indented(2, line)?;
                announce::notes(self.screen, &plan)?;
                walk.answers = before.answers;
                entry.status = StepStatus::NotApplicable;
                walk.report.steps.push(entry.note(why.clone()));
                walk.report.todo.extend(plan.todo);
                return Ok(Turn::Next);
            }
        }
        let changes = walk.with_answers(&plan.changes)?;
        let ground = net::Ground { before: &walk.program, app: &walk.app.app, catalog: walk.catalog };
        let net::Caught { changes, outcome, todo } = match net::catch(&ground, &changes) {
            Ok(caught) => caught,
            Err(net::Withdrawn { why, todo }) => {
                let status = if todo.is_empty() { plan.status } else { Status::Refused };
                let todo = plan.todo.into_iter().chain(todo).collect();
                let plan = StepPlan { status, todo, ..plan };
                return self.failed(walk, entry, before.answers, &why, &plan);
            }
        };
        let plan = StepPlan { todo: plan.todo.into_iter().chain(todo).collect(), ..plan };
        let view = StepView {
            area,
            position,
            total,
            plan: &plan,
            workspace: &walk.workspace,
            changes: &changes,
            outcome: &outcome,
            dry_run: self.options.dry_run,
            can_go_back: !walk.past.is_empty(),
            explainer: walk.explainer(),
        };
        match self.reviewer.review(self.screen, &view)? {
            Verdict::Apply { changes, left_out } => {
                self.write(walk, entry, plan, &changes, &left_out, before)
            }
            Verdict::Skip => {
                walk.answers = before.answers.clone();
                Ok(skipped(walk, entry, before))
            }
            Verdict::Back => {
                walk.answers = before.answers;
                Ok(Turn::Back)
            }
            Verdict::Quit => {
                walk.answers = before.answers;
                Ok(Turn::Quit)
            }
        }
    }

    /// An approved step, or what was approved of it.
    fn write(
        &mut self,
        walk: &mut Walk<'_>,
        mut entry: StepReport,
        plan: StepPlan,
        changes: &ChangeSet,
        left_out: &[String],
        before: Decided,
    ) -> Result<Turn, RunError> {
        let dry_run = self.options.dry_run;
        let outcome = changes.outcome(&walk.workspace)?;
        entry.notes.extend(left_out.iter().map(|title| format!("left out: {title}")));
        let answers = walk.in_app(FILE_NAME);
        if outcome.files().iter().all(|file| file.path() == answers) {
            // Nothing of the step itself is left; its answers are kept with the others.
            return Ok(skipped(walk, entry, before));
        }
        if let Err(problems) = outcome.check() {
            walk.report.checks.parse = CheckResult::Failed;
            return self.failed(walk, entry, before.answers, &in_one_line(&problems), &plan);
        }
        if walk.report.checks.parse == CheckResult::NotRun {
            walk.report.checks.parse = CheckResult::Ok;
        }
        // The answers are a file like others: the user may have edited it in the review.
        if let Some(file) = outcome.file(&answers) {
            walk.answers = Answers::parse(&answers, file.after().as_str())?;
        }
        if let Err(error) = self.apply(walk, entry.step, &outcome) {
            self.failed(walk, entry, before.answers, &error.to_string(), &plan)?;
            return Err(error);
        }
        announce::applied(self.screen, &plan, &outcome, left_out, dry_run)?;
        let mut left_out = left_out.to_vec();
        let mut kept = None;
        if let Some(without) = checking::step(self.screen, self.reviewer, walk, changes, &outcome)? {
            left_out.extend(without.titles);
            kept = Some(self.taken_back(walk, &mut entry, &without.changes)?);
        }
        let outcome = kept.unwrap_or(outcome);
        if outcome.files().iter().all(|file| file.path() == answers) {
            walk.report.todo.extend(left_out.iter().map(|title| left_out_todo(title)));
            return Ok(skipped(walk, entry, before));
        }
        let of_no_unit = |site: &&String| plan.changes.units().all(|(_, unit)| unit.site() != Some(site));
        entry.status = if dry_run { StepStatus::Planned } else { StepStatus::Applied };
        entry.files = report::files(&outcome, dry_run);
        entry.sites = outcome.sites();
        entry.sites.extend(plan.sites.iter().filter(of_no_unit).cloned());
        entry.routes = plan.routes;
        entry.next = plan.next;
        let applied = (!dry_run).then_some(entry.step);
        walk.report.steps.push(entry);
        walk.report.todo.extend(plan.todo);
        walk.report.todo.extend(left_out.iter().map(|title| left_out_todo(title)));
        walk.past.push(Decided { applied, ..before });
        Ok(Turn::Next)
    }

    /// The step that was just applied, once more without what was taken back.
    fn taken_back(
        &mut self,
        walk: &mut Walk<'_>,
        entry: &mut StepReport,
        changes: &ChangeSet,
    ) -> Result<Outcome, RunError> {
        walk.journal()?.undo(&Which::Last, HandEdits::Refuse, jiff::Timestamp::now())?;
        walk.workspace = Workspace::open(&walk.root)?;
        let outcome = changes.outcome(&walk.workspace)?;
        self.apply(walk, entry.step, &outcome)?;
        if let Some(check) = &mut walk.check {
            check.again()?;
        }
        entry.notes.push("what the type check complained of was taken back".to_owned());
        Ok(outcome)
    }

    /// Plans a step, upon readings of the user where it needs them. The plan is one of the files as they are.
    fn plan_ahead(
        &mut self,
        walk: &mut Walk<'_>,
        step: &dyn Step,
        place: (usize, usize),
    ) -> Result<StepPlan, RunError> {
        walk.ahead = ahead::look(self.survey, walk, step.area())?;
        let mut plan = self.ask_and_plan(walk, step, place);
        let asked_for = self.is_asked_for(step);
        let mut first = None;
        while let Some(ahead) = walk.ahead.take() {
            let now = ahead.told_of(plan?, walk);
            // What is left although the user is read says more than that nobody reads them.
            let left = first.get_or_insert_with(|| now.todo.clone());
            match ahead.over(now, walk) {
                Ok(over) => return Ok(StepPlan { todo: left.clone(), ..over }),
                Err(used) => {
                    walk.ahead = ahead::laid(self.survey, walk, used)?;
                    plan = Ok(step.plan(&walk.context(&walk.answers, asked_for)));
                }
            }
        }
        plan
    }

    fn is_asked_for(&self, step: &dyn Step) -> bool {
        self.options.step.as_ref().is_some_and(|areas| areas.contains(&step.area()))
    }

    /// Plans with defaults first: a step with nothing to do asks nothing.
    fn ask_and_plan(
        &mut self,
        walk: &mut Walk<'_>,
        step: &dyn Step,
        (position, total): (usize, usize),
    ) -> Result<StepPlan, RunError> {
        let asked_for = self.is_asked_for(step);
        let (plan, open) = walk.trial(step, asked_for)?;
        announce::headline(self.screen, position, total, step.area())?;
        if plan.status == Status::Planned {
            announce::purpose(self.screen, step.area())?;
        }
        if open.is_empty() || plan.status != Status::Planned {
            return Ok(plan);
        }
        for (question, value) in open.iter().zip(self.reviewer.answers(self.screen, &open)?) {
            walk.answers.set(&question.key, value)?;
        }
        // An answer may have switched a site off.
        walk.take_site_answers();
        Ok(step.plan(&walk.context(&walk.answers, asked_for)))
    }

    fn apply(&mut self, walk: &mut Walk<'_>, area: Area, outcome: &Outcome) -> Result<(), RunError> {
        if outcome.is_empty() {
            return Ok(());
        }
        if self.options.dry_run {
            walk.workspace = walk.workspace.with_changes(outcome.changes());
        } else {
            walk.journal()?.apply(&walk.root, area.id(), jiff::Timestamp::now(), outcome)?;
            walk.workspace = Workspace::open(&walk.root)?;
        }
        self.look_again(walk)
    }

    /// Offsets and sites moved with the files.
    fn look_again(&mut self, walk: &mut Walk<'_>) -> Result<(), RunError> {
        let payer = walk.answers.payer();
        let findings = self.survey.survey_again(&walk.program, &walk.workspace, &walk.app.root, &payer)?;
        walk.program = findings.program;
        if let Some(app) = findings.apps.into_iter().find(|app| app.root == walk.app.root) {
            walk.app = app;
        }
        self.find_local_env(walk);
        walk.sites = findings.sites.into_iter().filter(|site| site.app == walk.app.root).collect();
        walk.take_site_answers();
        Ok(())
    }

    /// A key is only asked for where it can be typed unseen.
    fn find_local_env(&self, walk: &mut Walk<'_>) {
        if self.reviewer.is_interactive() {
            walk.app.app.env.local = local_env::find(&walk.root, &walk.workspace, &walk.app);
        }
    }

    /// To the last step that was decided, as if it had not been.
    fn go_back(&mut self, walk: &mut Walk<'_>) -> Result<usize, RunError> {
        let Some(decided) = walk.past.pop() else { return Ok(0) };
        if let Some(area) = decided.applied {
            walk.journal()?.undo(&Which::Last, HandEdits::Refuse, jiff::Timestamp::now())?;
            self.screen.say(format!("Put back what `{area}` changed."));
        }
        walk.workspace = match decided.applied {
            Some(_) => Workspace::open(&walk.root)?,
            None => decided.workspace,
        };
        walk.answers = decided.answers;
        walk.report.todo.truncate(decided.todo);
        walk.report.steps.truncate(decided.steps);
        self.look_again(walk)?;
        Ok(decided.index)
    }

    /// A step that cannot be written: it is said, and the walk goes on.
    fn failed(
        &mut self,
        walk: &mut Walk<'_>,
        mut entry: StepReport,
        answers: Answers,
        why: &str,
        plan: &StepPlan,
    ) -> Result<Turn, RunError> {
        let line = Text::new().with(Label::Error, "✗").plain(" not applied: ").then(why.into());
        self.screen.report_indented(2, line)?;
        walk.answers = answers;
        entry.status = StepStatus::Failed;
        entry.sites.clear();
        if plan.status != Status::Refused {
            let text = format!("step `{}` was not applied: {why}", entry.step);
            walk.report.todo.push(Todo { unmet: true, ..Todo::chore(text) });
        }
        walk.report.todo.extend(plan.todo.iter().cloned());
        walk.report.steps.push(entry.note(why));
        Ok(Turn::Next)
    }

    /// Answers that went with no step (areas, sites, payer), as a transaction of their own.
    fn flush_answers(&mut self, walk: &mut Walk<'_>) -> Result<(), RunError> {
        let changes = walk.with_answers(&ChangeSet::new())?;
        let outcome = changes.outcome(&walk.workspace)?;
        if outcome.is_empty() || self.options.dry_run {
            return Ok(());
        }
        walk.journal()?.apply(&walk.root, ANSWERS_STEP, jiff::Timestamp::now(), &outcome)?;
        self.screen.report(format!("Wrote your answers to `{}`.", walk.in_app(FILE_NAME)))?;
        Ok(())
    }

    fn choose_app(&mut self, root: &Utf8Path, findings: &Findings) -> Result<AppFacts, RunError> {
        let apps = &findings.apps;
        if let Some(wanted) = &self.options.app {
            let normal = normal_root(root, wanted);
            return apps.iter().find(|app| app.root == normal).cloned().ok_or_else(|| RunError::Usage {
                why: format!("`--app {wanted}` is not an app of this repository"),
                hints: match apps.len() {
                    0 => vec!["no app was found at all".to_owned()],
                    _ => vec![format!("the apps are {}", roots(apps))],
                },
            });
        }
        let integrated = |app: &&AppFacts| root.join(&app.root).join(FILE_NAME).is_file();
        match apps.as_slice() {
            [] => Err(fitness::no_app(root)),
            [app] => Ok(app.clone()),
            _ if apps.iter().filter(integrated).count() == 1 => {
                Ok(apps.iter().find(integrated).cloned().unwrap_or_default())
            }
            _ => {
                let index = self.reviewer.choose_app(self.screen, apps, &findings.sites)?;
                Ok(apps.get(index).cloned().unwrap_or_default())
            }
        }
    }

    /// The steps to walk: those asked for, or those the user wants of the usual ones.
    fn wanted(&mut self, walk: &mut Walk<'_>) -> Result<Vec<&'a dyn Step>, RunError> {
        let steps = self.steps;
        if let Some(areas) = &self.options.step {
            return Ok(steps.iter().copied().filter(|step| areas.contains(&step.area())).collect());
        }
        let offered: Vec<Area> = steps.iter().map(|step| step.area()).collect();
        let wanted = if let Some(areas) = walk.answers.areas() {
            areas
        } else {
            let question = areas_question(&offered);
            let value = self.reviewer.answer(self.screen, &question)?;
            if self.reviewer.is_interactive() || Some(&value) != question.default.as_ref() {
                walk.answers.set(&question.key, value.clone())?;
            }
            match value {
                Value::List(ids) => ids.iter().filter_map(|id| Area::parse(id)).collect(),
                _ => usual(&offered),
            }
        };
        Ok(steps.iter().copied().filter(|step| wanted.contains(&step.area())).collect())
    }

    /// What an answer gave a reason for is walked after the rest, and no longer when the answer was taken back. A list of
    /// steps on the command line stays as it is.
    fn offer(&self, walk: &Walk<'_>, wanted: &mut Vec<&'a dyn Step>) {
        if self.options.step.is_some() {
            return;
        }
        let named = walk.answers.areas().unwrap_or_default();
        wanted.retain(|step| Area::USUAL.contains(&step.area()) || named.contains(&step.area()));
        let due = |step: &&&dyn Step| {
            walk.answers.gives_reason_for(step.area()) && !wanted.iter().any(|w| w.area() == step.area())
        };
        let more: Vec<&'a dyn Step> = self.steps.iter().filter(due).copied().collect();
        wanted.extend(more);
    }

    fn end(&mut self, mut walk: Walk<'_>, error: Option<RunError>) -> Ended {
        checking::end(self.screen, &mut walk);
        let mut report = walk.report;
        report.todo.sort_by_key(|todo| !todo.unmet);
        report.left = fold(&report.todo);
        let asked = |area: &Area| self.options.step.as_ref().is_some_and(|areas| areas.contains(area));
        let incomplete = report.todo.iter().any(|todo| todo.unmet)
            || report.with_status(StepStatus::Failed).next().is_some()
            || report.with_status(StepStatus::NotApplicable).any(|step| asked(&step.step));
        let exit = match &error {
            Some(error) => error.exit(),
            None if incomplete => Exit::Incomplete,
            None if is_unfit(&report.steps) => Exit::NotIntegrable,
            None => Exit::Done,
        };
        Ended { report, exit, error }
    }
}

/// What was shown and not taken.
fn left_out_todo(title: &str) -> Todo {
    Todo { cause: Cause::LeftOut, ..Todo::chore(format!("left out of the step, and not done: {title}")) }
}

/// Whether the app gives none of the areas a place.
fn is_unfit(steps: &[StepReport]) -> bool {
    steps.len() > 1 && steps.iter().all(|step| step.status == StepStatus::NotApplicable)
}

/// A step that was left out, by the user or because nothing of it was left.
fn skipped(walk: &mut Walk<'_>, mut entry: StepReport, before: Decided) -> Turn {
    entry.sites.clear();
    entry.status = StepStatus::Skipped;
    walk.report.steps.push(entry);
    walk.past.push(before);
    Turn::Next
}

fn in_one_line(problems: &[CheckError]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Those of an ordinary run.
fn usual(offered: &[Area]) -> Vec<Area> {
    offered.iter().copied().filter(|area| Area::USUAL.contains(area)).collect()
}

fn areas_question(offered: &[Area]) -> Question {
    let choices = offered
        .iter()
        .map(|area| Choice::new(area.id(), format!("{:<9} {}", area.id(), area.what())))
        .collect();
    Question {
        key: Key::top("areas"),
        kind: QuestionKind::Multi(choices),
        text: "Which areas do you want?".to_owned(),
        help: "Those chosen make a complete integration; each is shown before it is written.".to_owned(),
        default: Some(Value::List(usual(offered).iter().map(|area| area.id().to_owned()).collect())),
        series: None,
    }
}
