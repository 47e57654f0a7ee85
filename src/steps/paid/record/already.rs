//! Which calls are recorded already, told from the code.

use super::metered::given_back;
use crate::sites::IdentityAt;
use crate::steps::paid::{Spend, reach};
use crate::steps::support::Kit;
use crate::syntax::{Call, Expr, FunctionId, Path, ResultUse};
use crate::workspace::FileId;

/// The call behind which a paid call is recorded, with its file: itself, the handler's call that gets its stream, or the
/// handler's call whose value is its own.
pub fn recorded_at(kit: &Kit<'_>, spend: &Spend<'_>, all: &[Spend<'_>]) -> Option<(FileId, Call)> {
    let call = spend.call(kit.cx.program.facts(spend.file))?.clone();
    if call.result == ResultUse::Returned && spend.billable.streaming {
        let (file, caller, _) = given_back(kit, spend).ok()?;
        return behind(kit, file, &caller, u32::MAX).then_some((file, caller));
    }
    if behind(kit, spend.file, &call, next_paid(kit, spend, all)) {
        return Some((spend.file, call));
    }
    if spend.billable.plan.at != IdentityAt::Entry {
        return None;
    }
    let graph = kit.graph();
    let ways = reach::ways(graph, spend.file, call.function);
    let id = spend.call_id(kit.cx.program.facts(spend.file))?;
    let door = reach::same_value(graph, &ways, (spend.file, id))?;
    let file = door.handler.file;
    let caller = kit.cx.program.facts(file).call(door.call).clone();
    behind(kit, file, &caller, u32::MAX).then_some((file, caller))
}

/// Whether a paid call is recorded already: a recorder or meter stands behind it, before the next paid call of its
/// function.
pub fn is_recorded(kit: &Kit<'_>, spend: &Spend<'_>, all: &[Spend<'_>]) -> bool {
    recorded_at(kit, spend, all).is_some()
}

/// Where the next paid call of the same function begins.
fn next_paid(kit: &Kit<'_>, spend: &Spend<'_>, all: &[Spend<'_>]) -> u32 {
    let facts = kit.cx.program.facts(spend.file);
    let outer = |function: Option<FunctionId>| facts.enclosing(function).last();
    let mine = outer(spend.billable.plan.function);
    let at = spend.billable.plan.call.start;
    let later = all.iter().filter(|s| s.file == spend.file && s.billable.plan.call.start > at);
    let later = later.filter(|s| outer(s.billable.plan.function) == mine);
    later.map(|s| s.billable.plan.call.start).min().unwrap_or(u32::MAX)
}

/// Whether a recorder stands behind a call in its outermost function, before an offset.
fn behind(kit: &Kit<'_>, file: FileId, call: &Call, until: u32) -> bool {
    let facts = kit.cx.program.facts(file);
    let recorders = recorders(kit);
    let is_recorder = |name: Option<&str>| name.is_some_and(|n| recorders.iter().any(|r| r == n));
    let outer = |function: Option<FunctionId>| facts.enclosing(function).last();
    facts.calls.iter().any(|c| {
        // `asyncio.to_thread(record_usage, …)`
        let threaded = || c.args.first().and_then(Expr::as_path).and_then(Path::as_name);
        (is_recorder(c.callee.as_name()) || is_recorder(threaded()))
            && outer(c.function) == outer(call.function)
            && c.span.start > call.span.start
            && c.span.start < until
    })
}

/// Names of the functions that record: the recorder and every meter.
fn recorders(kit: &Kit<'_>) -> Vec<String> {
    let mut names = vec![kit.function("recordUsage")];
    for meter in crate::template::meters().unwrap_or_default() {
        names.push(if kit.is_python() { meter.python.name } else { meter.typescript.name });
    }
    names
}
