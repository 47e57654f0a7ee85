//! What is left of a change once everything at fault is taken out, and what to say of the rest.

use std::collections::BTreeSet;

use super::{Fault, FaultKind, Ground, faults};
use crate::edit::{Change, ChangeSet, CheckError, Outcome, UnitId};
use crate::steps::Todo;
use crate::workspace::Workspace;

/// A change that may be shown.
#[derive(Debug)]
pub struct Caught {
    /// The units that stand.
    pub changes: ChangeSet,
    /// What they come to.
    pub outcome: Outcome,
    /// One a fault.
    pub todo: Vec<Todo>,
}

/// Nothing of a change can be written.
#[derive(Debug)]
pub struct Withdrawn {
    /// Why, in one line.
    pub why: String,
    /// One a fault; empty where the change does not fit the files at all.
    pub todo: Vec<Todo>,
}

/// Takes out of a change what would not parse or would not work, each time with what needs it.
///
/// The units that are no choice of their own ([`crate::edit::EditUnit::is_always`]) are never blamed, and a change of
/// which only they are left is withdrawn whole.
pub fn catch(ground: &Ground<'_>, changes: &ChangeSet) -> Result<Caught, Withdrawn> {
    let workspace = ground.before.workspace();
    let had_work = changes.units().any(|(_, unit)| !unit.is_always());
    let mut changes = changes.clone();
    let mut todo: Vec<Todo> = Vec::new();
    loop {
        let outcome = changes
            .outcome(workspace)
            .map_err(|error| Withdrawn { why: error.to_string(), todo: todo.clone() })?;
        if let Some(why) = ignored(&outcome, workspace) {
            return Err(Withdrawn { why, todo });
        }
        let broken = outcome.check().err().unwrap_or_default();
        let blamed: BTreeSet<UnitId> = if broken.is_empty() {
            let found = faults(ground, &outcome);
            todo.extend(told(&found, !todo.is_empty(), &outcome));
            found.iter().flat_map(|f| &f.units).copied().collect()
        } else {
            todo.extend(broken.iter().map(of_broken));
            let titles: Vec<&String> = broken.iter().flat_map(CheckError::units).collect();
            let hit = |id: &UnitId| outcome.titles().get(id.index()).is_some_and(|t| titles.contains(&t));
            changes.units().map(|(id, _)| id).filter(hit).collect()
        };
        let is_blamed = |id: UnitId| blamed.contains(&id);
        if blamed.is_empty() && broken.is_empty() {
            return Ok(Caught { changes, outcome, todo });
        }
        let kept = changes.select(|id| !is_blamed(id)).kept;
        let works = kept.units().any(|(_, unit)| !unit.is_always());
        if kept.units().len() == changes.units().len() || (had_work && !works) {
            let why = todo.iter().map(|t| t.text.clone()).collect::<Vec<_>>().join("; ");
            return Err(Withdrawn { why, todo });
        }
        changes = kept;
    }
}

/// Why a new file must not be written: git would ignore it, so it would be in nobody's checkout and the next step would not
/// see it. Files for secrets are to be ignored.
fn ignored(outcome: &Outcome, workspace: &Workspace) -> Option<String> {
    let mut new = outcome.files().iter().filter(|file| file.change() == Change::Created && !file.is_secret());
    let (path, rules) = new.find_map(|file| Some((file.path(), workspace.ignoring(file.path())?)))?;
    Some(format!("git would ignore `{path}` by a rule in `{rules}`; take that rule out, then run again"))
}

/// One line for each unit, with its gravest fault. That a module stands idle is told only where it has no other cause.
fn told(faults: &[Fault], has_cause: bool, outcome: &Outcome) -> Vec<Todo> {
    let mut by_weight: Vec<&Fault> = faults.iter().collect();
    by_weight.sort_by_key(|fault| fault.kind);
    let mut done: BTreeSet<UnitId> = BTreeSet::new();
    let mut todo = Vec::new();
    for fault in by_weight {
        // Not `any`, which ends at the first: each unit is told of once.
        let news = fault.units.iter().filter(|unit| done.insert(**unit)).count() > 0;
        if news && !(has_cause && fault.kind == FaultKind::NoCaller) {
            todo.push(of_fault(fault, outcome));
        }
    }
    todo
}

fn of_fault(fault: &Fault, outcome: &Outcome) -> Todo {
    let title = fault.units.first().and_then(|unit| outcome.titles().get(unit.index()));
    let title = title.map_or("this edit", String::as_str);
    let text = format!("\"{title}\" was not written: {}; make this change by hand", fault.why);
    Todo::unmet(text, fault.file.as_str(), fault.line)
}

fn of_broken(problem: &CheckError) -> Todo {
    match problem {
        CheckError::Broken { file, line, .. } | CheckError::InsideError { file, line, .. } => {
            Todo::unmet(problem.to_string(), file.as_str(), *line)
        }
    }
}
