//! Which calls are recorded already, told from the code.

use super::metered::given_back;
use crate::catalog::StreamUsage;
use crate::sites::IdentityAt;
use crate::steps::paid::{Spend, reach};
use crate::steps::support::Kit;
use crate::syntax::{Call, Expr, FunctionId, Path, ResultUse};
use crate::workspace::FileId;

/// The recorders of a paid call, told by their names, with their file: behind the call itself, behind the handler's call that
/// gets its stream or whose value is its own, or in the callback that is told the usage of its stream.
pub fn recorders_of(
    kit: &Kit<'_>,
    spend: &Spend<'_>,
    all: &[Spend<'_>],
    names: &[String],
) -> Option<(FileId, Vec<Call>)> {
    let facts = kit.cx.program.facts(spend.file);
    let call = spend.call(facts)?.clone();
    let some = |(file, found): (FileId, Vec<Call>)| (!found.is_empty()).then_some((file, found));
    let inside = |callback: FunctionId| {
        let inside = move |c: &&Call| facts.enclosing(c.function).any(|f| f == callback);
        facts.calls.iter().filter(|c| is_one(c, names)).filter(inside).cloned()
    };
    let mut found: Vec<Call> = callback_of(spend, &call).into_iter().flat_map(inside).collect();
    if !found.is_empty() {
        found.extend(stopped_of(spend, &call).into_iter().flat_map(inside));
        return Some((spend.file, found));
    }
    let behind = |file: FileId, call: &Call, until: u32| (file, behind(kit, all, names, file, call, until));
    if call.result == ResultUse::Returned && spend.billable.streaming {
        let (file, caller, _) = given_back(kit, spend).ok()?;
        return some(behind(file, &caller, u32::MAX));
    }
    let here = some(behind(spend.file, &call, next_paid(kit, spend, all)));
    if here.is_some() || spend.billable.plan.at != IdentityAt::Entry {
        return here;
    }
    let graph = kit.graph();
    let ways = reach::ways(graph, spend.file, call.function);
    let door = reach::same_value(graph, &ways, (spend.file, spend.call_id(facts)?))?;
    let caller = kit.cx.program.facts(door.handler.file).call(door.call).clone();
    some(behind(door.handler.file, &caller, u32::MAX))
}

/// Whether a paid call is recorded already.
pub fn is_recorded(kit: &Kit<'_>, spend: &Spend<'_>, all: &[Spend<'_>]) -> bool {
    recorders_of(kit, spend, all, &recorders(kit)).is_some()
}

/// The callback among a call's options that is told the usage of its stream.
fn callback_of(spend: &Spend<'_>, call: &Call) -> Option<FunctionId> {
    let stream = spend.rule().call?.stream.as_ref().filter(|_| spend.billable.streaming)?;
    let StreamUsage::Callback(callback) = &stream.usage else { return None };
    let mut named = std::iter::once(&callback.option).chain(&callback.also);
    match named.find_map(|name| call.option(name))? {
        Expr::Function(id) => Some(*id),
        _ => None,
    }
}

/// The callback that runs in its place where the stream is stopped.
fn stopped_of(spend: &Spend<'_>, call: &Call) -> Option<FunctionId> {
    let StreamUsage::Callback(callback) = &spend.rule().call?.stream.as_ref()?.usage else { return None };
    match call.option(&callback.stopped.as_ref()?.option)? {
        Expr::Function(id) => Some(*id),
        _ => None,
    }
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

/// The recorders behind a call in its outermost function, before an offset. What stands in the callback of another paid
/// call is that one's.
fn behind(
    kit: &Kit<'_>,
    all: &[Spend<'_>],
    names: &[String],
    file: FileId,
    call: &Call,
    until: u32,
) -> Vec<Call> {
    let facts = kit.cx.program.facts(file);
    let outer = |function: Option<FunctionId>| facts.enclosing(function).last();
    let callbacks: Vec<FunctionId> = all
        .iter()
        .filter(|s| s.file == file)
        .filter_map(|s| Some((s, s.call(facts)?)))
        .flat_map(|(s, call)| callback_of(s, call).into_iter().chain(stopped_of(s, call)))
        .collect();
    let is_its_own = |c: &&Call| !facts.enclosing(c.function).any(|f| callbacks.contains(&f));
    let found = facts.calls.iter().filter(|c| {
        is_one(c, names)
            && outer(c.function) == outer(call.function)
            && c.span.start > call.span.start
            && c.span.start < until
    });
    let mut found: Vec<Call> = found.filter(is_its_own).cloned().collect();
    found.sort_by_key(|c| c.span.start);
    found
}

/// Whether a call is one of these functions, or hands one to a thread: `asyncio.to_thread(record_usage, …)`.
fn is_one(call: &Call, names: &[String]) -> bool {
    let is = |name: Option<&str>| name.is_some_and(|n| names.iter().any(|known| known == n));
    is(call.callee.as_name()) || is(call.args.first().and_then(Expr::as_path).and_then(Path::as_name))
}

/// Names of the functions that record: the recorder and every meter.
fn recorders(kit: &Kit<'_>) -> Vec<String> {
    let mut names = vec![kit.function("recordUsage")];
    for meter in crate::template::meters().unwrap_or_default() {
        names.push(if kit.is_python() { meter.python.name } else { meter.typescript.name });
    }
    names
}
