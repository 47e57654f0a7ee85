//! Which calls are recorded already, told from the code.

use super::metered::given_back;
use crate::steps::paid::Spend;
use crate::steps::support::Kit;
use crate::syntax::{Call, Expr, FunctionId, Path, ResultUse};
use crate::workspace::FileId;

/// The call behind which a paid call is recorded, with its file: itself, or the handler's call that gets its stream.
pub fn recorded_at(kit: &Kit<'_>, spend: &Spend<'_>) -> Option<(FileId, Call)> {
    let call = spend.call(kit.cx.program.facts(spend.file))?.clone();
    if call.result == ResultUse::Returned && spend.billable.streaming {
        return given_back(kit, spend).ok().map(|(file, caller, _)| (file, caller));
    }
    Some((spend.file, call))
}

/// Whether a paid call is recorded already: a recorder or meter stands behind it, before the next paid call of its
/// function.
pub fn is_recorded(kit: &Kit<'_>, spend: &Spend<'_>, all: &[Spend<'_>]) -> bool {
    let facts = kit.cx.program.facts(spend.file);
    let Some(call) = spend.call(facts) else { return false };
    let outer = |function: Option<FunctionId>| facts.enclosing(function).last();
    let mine = outer(call.function);
    let next = all
        .iter()
        .filter(|s| s.file == spend.file && s.billable.plan.call.start > call.span.start)
        .filter(|s| outer(s.billable.plan.function) == mine)
        .map(|s| s.billable.plan.call.start)
        .min()
        .unwrap_or(u32::MAX);
    let recorders = recorders(kit);
    if call.result == ResultUse::Returned && spend.billable.streaming {
        let Ok((file, caller, _)) = given_back(kit, spend) else { return false };
        let facts = kit.cx.program.facts(file);
        return facts.calls.iter().any(|c| {
            c.callee.as_name().is_some_and(|n| recorders.iter().any(|r| r == n))
                && c.span.start > caller.span.start
                && facts.enclosing(c.function).last() == facts.enclosing(caller.function).last()
        });
    }
    facts.calls.iter().any(|c| {
        let named = c.callee.as_name().is_some_and(|n| recorders.iter().any(|r| r == n));
        let threaded = || {
            let first = c.args.first().and_then(Expr::as_path).and_then(Path::as_name);
            first.is_some_and(|n| recorders.iter().any(|r| r == n))
        };
        (named || threaded())
            && outer(c.function) == mine
            && c.span.start > call.span.start
            && c.span.start < next
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
