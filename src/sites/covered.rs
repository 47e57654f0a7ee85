//! One spend, one event.
//!
//! Two paid calls see the same spend when one runs the function in which the other stands: a graph and the model call
//! in one of its nodes. A call of the app's own function is no paid call, so a shared wrapper counts once whoever calls
//! it; and a function that spends and calls another one that spends makes two spends.
//!
//! **The rule.** The call nearest to the money is billed if the payer is known there. If not, the nearest one above it at
//! which the payer is known is billed. If the payer is known nowhere, it is the one nearest to the money again. All
//! others are covered: they say by which site, and are not selected.

use super::cx::Cx;
use super::{Billable, Detail, IdentityAt, Site, runners};
use crate::resolve::Def;
use crate::syntax::{CallId, FunctionId, Path, Root};
use crate::workspace::FileId;

/// Calls followed from a paid call up to a function that is run by somebody else's code.
const MAX_HOPS: usize = 4;

/// Where a function of the app is handed over to be run.
struct Run {
    file: FileId,
    module: String,
}

/// Marks the sites that see a spend which another one is billed for. Calls and sites are in the same order.
pub(super) fn settle(cx: &Cx<'_>, calls: &[(FileId, CallId)], sites: &mut [Site]) {
    if runners::of(cx).next().is_none() {
        return;
    }
    let runs: Vec<Option<Run>> = calls.iter().map(|(file, call)| run_of(cx, *file, *call)).collect();
    for outer in 0..calls.len() {
        let inner: Vec<usize> = (0..calls.len())
            .filter(|at| *at != outer)
            .filter(|at| runs[*at].as_ref().is_some_and(|run| is_run_by(cx, run, calls[outer])))
            .collect();
        if inner.is_empty() {
            continue;
        }
        if let Some(known) = inner.iter().find(|at| knows_payer(&sites[**at])) {
            cover(sites, outer, *known);
        } else if knows_payer(&sites[outer]) {
            for at in inner {
                cover(sites, at, outer);
            }
        } else {
            cover(sites, outer, inner[0]);
        }
    }
}

fn billable(site: &Site) -> Option<&Billable> {
    match &site.detail {
        Detail::Billable(billable) => Some(billable),
        _ => None,
    }
}

fn knows_payer(site: &Site) -> bool {
    billable(site).is_some_and(|b| {
        b.plan.at != IdentityAt::None && b.plan.identity.as_ref().is_none_or(|identity| !identity.nullable)
    })
}

fn cover(sites: &mut [Site], covered: usize, by: usize) {
    let id = sites[by].id.clone();
    let site = &mut sites[covered];
    let Detail::Billable(billable) = &mut site.detail else { return };
    if billable.covered_by.is_some() {
        return;
    }
    site.evidence.push(format!("covered by `{id}`: it is the same spend, and it is billed once"));
    billable.covered_by = Some(id);
    site.selected = false;
}

/// The run that a call is a part of: the function around it, or one that calls it, is handed to a runner.
fn run_of(cx: &Cx<'_>, file: FileId, call: CallId) -> Option<Run> {
    let facts = cx.program.facts(file);
    let mut level: Vec<(FileId, FunctionId)> =
        facts.enclosing(facts.call(call).function).map(|f| (file, f)).collect();
    let mut seen = level.clone();
    for _ in 0..MAX_HOPS {
        let mut next = Vec::new();
        for (file, function) in level {
            for (at, id, _) in cx.handed_over(file, function).iter() {
                if let Some(module) = runners::module(cx, *at, *id) {
                    return Some(Run { file: *at, module });
                }
            }
            for (at, id) in cx.callers(file, function).iter() {
                let facts = cx.program.facts(*at);
                for above in facts.enclosing(facts.call(*id).function) {
                    if !seen.contains(&(*at, above)) {
                        seen.push((*at, above));
                        next.push((*at, above));
                    }
                }
            }
        }
        level = next;
    }
    None
}

/// Whether a call runs what was handed over there: its receiver is made by the same module, in the same file.
fn is_run_by(cx: &Cx<'_>, run: &Run, (file, call): (FileId, CallId)) -> bool {
    let facts = cx.program.facts(file);
    let call = facts.call(call);
    let made =
        matches!(cx.def(file, call.function, &call.callee), Def::Outside(module, _) if module == run.module);
    made && (file == run.file || receiver(cx, file, call.function, &call.callee) == Some(run.file))
}

/// The file in which the value a call is a member of is made.
fn receiver(cx: &Cx<'_>, file: FileId, function: Option<FunctionId>, callee: &Path) -> Option<FileId> {
    let Root::Name(name) = &callee.root else { return Some(file) };
    match cx.program.name(file, function, name, callee.span.start) {
        Def::Value(at, _, _) | Def::Function(at, _) | Def::Namespace(at) => Some(at),
        _ => None,
    }
}
