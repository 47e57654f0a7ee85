//! Tasks that are made with a function in an object, and the calls that have them run.

use super::{calls_one, calls_with, queue::is_of};
use crate::catalog::{Callee, Symbol};
use crate::resolve::Def;
use crate::sites::cx::Cx;
use crate::syntax::{CallId, Expr, FunctionId};
use crate::workspace::FileId;

/// The names of an entry by which its tasks are told.
#[derive(Clone, Copy)]
pub(super) struct Names<'c> {
    pub(super) makers: &'c [Symbol],
    pub(super) run: &'c str,
    pub(super) id: &'c str,
    pub(super) methods: &'c [String],
    pub(super) named: &'c [Callee],
    pub(super) many: &'c [String],
}

/// The call that makes a task of a function.
pub(super) fn maker(cx: &Cx<'_>, file: FileId, function: FunctionId, names: Names<'_>) -> Option<CallId> {
    let facts = cx.program.facts(file);
    let is_run = |call: &CallId| {
        let runs = facts.call(*call).args.iter().filter_map(|arg| arg.property(names.run));
        let mut of = runs.filter(|value| match value {
            Expr::Function(id) => *id == function,
            Expr::Path(path) => {
                cx.def(file, facts.call(*call).function, path) == Def::Function(file, function)
            }
            _ => false,
        });
        of.next().is_some() && is_of(names.makers, &cx.callee(file, *call))
    };
    facts.call_ids().find(is_run)
}

/// Calls that have a task run, by its own methods or by its id.
pub(super) fn runs(
    cx: &Cx<'_>,
    file: FileId,
    made: CallId,
    names: Names<'_>,
    found: &mut Vec<(FileId, CallId)>,
) {
    let facts = cx.program.facts(file);
    let kept = facts.bindings.iter().position(|b| b.value.as_call() == Some(made));
    let methods: Vec<String> = names.methods.iter().chain(names.many).cloned().collect();
    let id = facts.call(made).args.iter().find_map(|arg| arg.property(names.id));
    let id = id.and_then(|id| cx.folded(file, facts.call(made).function, id));
    for method in &methods {
        found.extend(calls_with(cx, method, std::slice::from_ref(method)).filter(|(at, call)| {
            let c = cx.program.facts(*at).call(*call);
            let mut object = c.callee.clone();
            object.segments.pop();
            let own = kept.is_some_and(|kept| {
                cx.program.origin(*at, c.function, &object) == Def::Value(file, kept, Vec::new())
            });
            let told = || {
                let first = c.args.first().and_then(|arg| cx.folded(*at, c.function, arg));
                first.is_some() && first == id && calls_one(cx, (*at, *call), names.named)
            };
            own || told()
        }));
    }
}

/// What a call that has a task run hands over; `None` where that is many payloads.
pub(super) fn payload<'f>(
    cx: &'f Cx<'_>,
    (file, call): (FileId, CallId),
    names: Names<'_>,
) -> Option<&'f Expr> {
    let c = cx.program.facts(file).call(call);
    let at = usize::from(calls_one(cx, (file, call), names.named));
    let many = c.callee.segments.last().is_some_and(|method| names.many.contains(method));
    c.args.get(at).filter(|_| !many)
}
