//! The first step: the module that talks to Credyt, and the key where the app keeps its secrets.
//!
//! Nothing of the app calls the module yet, so the app runs as before, with or without a key.

use crate::answers::Key;
use crate::edit::EditUnit;
use crate::steps::support::env::{KEY, Place, URL};
use crate::steps::support::{Kit, env_files, generated, render, requirements};
use crate::steps::{Area, Choice, Halt, Question, Status, Step, StepContext, StepPlan, Todo};
use crate::template;

/// See the module.
#[derive(Debug)]
pub(super) struct KeyStep;

impl Step for KeyStep {
    fn area(&self) -> Area {
        Area::Key
    }

    fn questions(&self, cx: &StepContext<'_>) -> Vec<Question> {
        let Ok(kit) = Kit::new(cx) else { return Vec::new() };
        let python = kit.is_python().then(how_to_call);
        python.into_iter().chain(env_files::local_without_key(&kit).map(which_key)).collect()
    }

    fn plan(&self, cx: &StepContext<'_>) -> StepPlan {
        match Kit::new(cx) {
            Ok(kit) => plan(&kit).unwrap_or_else(StepPlan::from),
            Err(unfit) => StepPlan::not_applicable(unfit.to_string()),
        }
    }
}

/// Where there is an official package, the app may do without it.
fn how_to_call() -> Question {
    let choices = vec![
        Choice::new("sdk", "with the official package"),
        Choice::new("http", "with plain HTTP, through the library the app has"),
    ];
    Question::select(Key::top("client"), "How should the app call Credyt?", choices, "sdk")
}

/// Only where the key is out of git's reach.
fn which_key(file: &str) -> Question {
    Question::api_key("Your Credyt test key? (enter to add it later)")
        .help(format!("it is written to `{file}`, which git ignores, and nowhere else"))
}

fn plan(kit: &Kit<'_>) -> Result<StepPlan, Halt> {
    let mut plan = StepPlan::new(Status::Planned);
    let generated = generated::plan(kit, Area::Key)?;
    // One unit: the module does not compile without the declaration, nor import without the package.
    let mut unit = generated;
    declare(kit, &mut unit, &mut plan, &[KEY, URL]);
    let context = render::context(kit, kit.done.with(Area::Key.id()).unwrap_or(kit.done));
    let packages = template::packages(&context).map_err(|e| generated::chain(&e))?;
    plan.todo.extend(requirements::add(kit, &packages, &mut unit));
    if !packages.is_empty() && !unit.is_empty() {
        plan.todo.push(Todo::chore(install(kit)));
    }
    push(&mut plan, unit);

    let mut templates =
        EditUnit::new("Settings in the env template", "people who set the app up see the key");
    let known = env_files::add_to_templates(kit, &mut templates, &[&env_files::CREDYT]);
    push(&mut plan, templates);
    plan.todo.extend(env_files::pass_on(kit));
    let key = env_files::key_unit(kit);
    let is_set = key.is_some();
    if let Some(unit) = key {
        push(&mut plan, unit);
    }

    plan.notes.push(format!(
        "The app runs without `{KEY}`; what needs Credyt then logs an error, and paid calls with a balance check answer 503."
    ));
    if plan.changes.is_empty() && plan.todo.iter().all(|t| !t.unmet) {
        plan.status = Status::Already;
        plan.notes.clear();
        return Ok(plan);
    }
    plan.todo.push(Todo::chore(if is_set {
        format!("set `{KEY}` where the app runs")
    } else if known == 0 {
        format!("set `{KEY}` where the app runs, and locally in a file that git ignores")
    } else {
        format!("set `{KEY}` in your local env file and where the app runs")
    }));
    let first = if is_set { "Run" } else { "Set the key and run" };
    plan.next = format!(
        "{first} `credyt-integrate verify`; without a key, start `credyt-integrate sandbox` and set `{URL}`."
    );
    Ok(plan)
}

/// The declaration of settings in the app's own place.
pub(super) fn declare(kit: &Kit<'_>, unit: &mut EditUnit, plan: &mut StepPlan, names: &[&str]) {
    let Some(place) = Place::of(kit).filter(|_| !names.is_empty()) else { return };
    match place.edits(kit, names) {
        Some(edits) => {
            if !edits.is_empty() {
                plan.sites.extend(env_site(kit, place.path()));
            }
            unit.add(place.path(), edits);
        }
        None => plan.notes.push(format!(
            "The settings at {}:{} could not be added to, so `{}` is read from the environment directly.",
            place.path(),
            place.line(),
            names.first().unwrap_or(&KEY)
        )),
    }
}

fn env_site(kit: &Kit<'_>, file: &str) -> Option<String> {
    let is_env = |s: &&crate::sites::Site| s.kind == crate::sites::SiteKind::Env && s.file == file;
    kit.cx.sites.iter().find(is_env).map(|s| s.id.clone())
}

/// The command that installs what the manifest now says.
fn install(kit: &Kit<'_>) -> String {
    // A folder with two languages may be installed by the manager of the other one.
    let of_language = |entry: &&crate::catalog::Entry| {
        kit.framework.languages.iter().any(|language| entry.languages.contains(language))
    };
    let manager = kit.cx.app.package_manager.as_deref();
    let named = |manager| kit.cx.catalog.by_value(crate::catalog::Kind::Manager, manager);
    let entry = manager.and_then(named).filter(of_language).or_else(|| named("pip"));
    let add = entry.and_then(|e| e.manager.as_ref()).map(|m| m.add.replace("{package}", "credyt-api"));
    format!("install the new dependency and update the lock file: `{}`", add.unwrap_or_default())
}

/// Adds a unit that does something; one that cannot be combined with the others becomes a `todo`.
pub(super) fn push(plan: &mut StepPlan, unit: EditUnit) {
    if unit.is_empty() {
        return;
    }
    if let Err(conflict) = plan.changes.push(unit) {
        let at = conflict.at.map_or(1, |_| 1);
        plan.todo.push(Todo::unmet(conflict.to_string(), conflict.file.clone(), at));
    }
}
