//! Functions of the app that a library runs for it: the nodes of a graph.
//!
//! Whoever builds the graph hands the function over; who starts the graph has it run.

use super::cx::{Cx, wild};
use crate::catalog::{Callee, Kind, Provider};
use crate::resolve::Def;
use crate::syntax::CallId;
use crate::workspace::FileId;

fn providers<'a>(cx: &Cx<'a>) -> impl Iterator<Item = &'a Provider> {
    cx.entries(Kind::Provider).filter_map(|e| e.provider.as_ref())
}

/// What runs functions of the app, by the picked entries.
pub(super) fn of<'a>(cx: &Cx<'a>) -> impl Iterator<Item = &'a Callee> {
    providers(cx).flat_map(|p| &p.runners)
}

/// The library whose runner a call is.
pub fn module(cx: &Cx<'_>, file: FileId, call: CallId) -> Option<String> {
    let mut runners = of(cx).peekable();
    runners.peek()?;
    match cx.callee(file, call) {
        Def::Outside(module, members) if runners.any(|runner| is_runner(runner, &module, &members)) => {
            Some(module)
        }
        _ => None,
    }
}

/// `StateGraph(…).add_node`, also further down a chain; without `made`, the call of the name itself.
fn is_runner(runner: &Callee, module: &str, members: &[String]) -> bool {
    let name: Vec<&str> = runner.name.split('.').collect();
    let named = members.len() >= name.len() && name.iter().zip(members).all(|(a, b)| a == b);
    wild(&runner.module, module)
        && named
        && match &runner.made {
            Some(made) => members.len() > name.len() && members.last() == Some(made),
            None => members.len() == name.len(),
        }
}

/// Leaves out the ways, each a list of calls, that reach a graph only to look at it: one that leads through the building
/// of a graph counts where something on it starts one. When that is seen nowhere, all are kept.
pub fn keep_starting<T>(cx: &Cx<'_>, ways: &mut Vec<T>, calls: impl Fn(&T) -> &[(FileId, CallId)]) {
    let idle: Vec<bool> = ways.iter().map(&calls).map(|way| builds(cx, way) && !starts(cx, way)).collect();
    if idle.iter().all(|idle| *idle) {
        return;
    }
    let mut idle = idle.into_iter();
    ways.retain(|_| !idle.next().unwrap_or_default());
}

fn builds(cx: &Cx<'_>, way: &[(FileId, CallId)]) -> bool {
    way.iter().any(|(file, call)| module(cx, *file, *call).is_some())
}

fn starts(cx: &Cx<'_>, way: &[(FileId, CallId)]) -> bool {
    let starting = |name: &String| providers(cx).any(|p| p.starts.contains(name));
    way.iter().any(|(file, call)| {
        let facts = cx.program.facts(*file);
        let outer = facts.enclosing(facts.call(*call).function).last();
        let within = facts.calls.iter().filter(|c| facts.enclosing(c.function).last() == outer);
        within.filter_map(|c| c.callee.segments.last()).any(starting)
    })
}
