//! Functions that listen to events, and the calls that send those.

use super::calls_with;
use crate::catalog::Callee;
use crate::sites::cx::{Cx, is_callee};
use crate::syntax::{Call, CallId, Expr, FunctionId};
use crate::workspace::FileId;

/// The names of the events that a function listens to; `None` when it is no listener, or something else starts it too.
pub(super) fn heard(
    cx: &Cx<'_>,
    file: FileId,
    function: FunctionId,
    (listeners, listens, starts): (&[Callee], &str, &[String]),
) -> Option<Vec<String>> {
    let handed = cx.handed_over(file, function);
    let (at, call, _) = handed.iter().find(|(at, call, _)| {
        let def = cx.callee(*at, *call);
        listeners.iter().any(|listener| is_callee(listener, &def))
    })?;
    let call = cx.program.facts(*at).call(*call);
    let mut names = Vec::new();
    let whole = call.args.iter().all(|arg| collect(cx, *at, call, arg, (listens, starts), &mut names));
    (whole && !names.is_empty()).then_some(names)
}

/// Adds the names of events in an argument; says whether nothing else is in it that starts the function.
fn collect(
    cx: &Cx<'_>,
    file: FileId,
    call: &Call,
    arg: &Expr,
    (listens, starts): (&str, &[String]),
    names: &mut Vec<String>,
) -> bool {
    match arg {
        Expr::List(items) => items.iter().all(|i| collect(cx, file, call, i, (listens, starts), names)),
        Expr::Object(pairs) => pairs.iter().all(|(key, value)| {
            if starts.contains(key) {
                return false;
            }
            if key != listens {
                return collect(cx, file, call, value, (listens, starts), names);
            }
            let name = cx.folded(file, call.function, value);
            let known = name.is_some();
            names.extend(name);
            known
        }),
        _ => true,
    }
}

/// Calls that send one of these events.
pub(super) fn sent(
    cx: &Cx<'_>,
    names: &[String],
    (methods, key): (&[String], &str),
    found: &mut Vec<(FileId, CallId)>,
) {
    for method in methods {
        let calls = calls_with(cx, method, std::slice::from_ref(method));
        found.extend(calls.filter(|(at, id)| {
            let call = cx.program.facts(*at).call(*id);
            items(call).any(|item| is_one(cx, *at, call, item, (names, key)))
        }));
    }
}

/// The event of one of these names that a call sends, when it sends no other of them.
pub(super) fn payload<'f>(
    cx: &'f Cx<'_>,
    (file, call): (FileId, CallId),
    (names, key): (&[String], &str),
) -> Option<&'f Expr> {
    let call = cx.program.facts(file).call(call);
    let mut found = items(call).filter(|item| is_one(cx, file, call, item, (names, key)));
    found.next().filter(|_| found.next().is_none())
}

/// The arguments of a call, those in a list one by one.
fn items(call: &Call) -> impl Iterator<Item = &Expr> {
    call.args.iter().flat_map(|arg| match arg {
        Expr::List(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    })
}

fn is_one(cx: &Cx<'_>, file: FileId, call: &Call, item: &Expr, (names, key): (&[String], &str)) -> bool {
    let name = item.property(key).and_then(|name| cx.folded(file, call.function, name));
    name.is_some_and(|name| names.contains(&name))
}
