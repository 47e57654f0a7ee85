//! The payer on the way from a handler down to a paid call: argument by argument, also through a queue.
//!
//! A parameter names the payer only if everybody who calls the function hands a payer over. One handler that hands on what
//! its sender set, or nothing, is enough for the parameter to be none: the event would be charged to anybody.

use super::Paid;
use crate::resolve::Def;
use crate::sites::Identity;
use crate::sites::cx::Cx;
use crate::sites::dispatch;
use crate::sites::explain::untrusted;
use crate::sites::handlers::{Reached, handler_of};
use crate::sites::payer;
use crate::syntax::{Binding, Call, CallId, Expr, Facts, FunctionId, Root};
use crate::workspace::FileId;

/// Functions climbed through when looking for somebody who hands over something else.
const MAX_CLIMB: usize = 6;

/// Names a request goes by where it is handed to a function that is no handler.
const REQUESTS: &[&str] = &["req", "request", "ctx", "context", "c", "event"];

/// The identity of the handler under the name it has at the call, when every call on the way hands it over.
pub(super) fn carried_down(
    cx: &Cx<'_>,
    paid: &Paid<'_>,
    reached: &Reached<'_>,
    mut carried: Identity,
) -> Option<Identity> {
    for (index, (file, hop)) in reached.calls.iter().enumerate() {
        let (next_file, next) = reached.calls.get(index + 1).copied().unwrap_or((paid.file, paid.call));
        let (to, callee) = match cx.callee(*file, *hop) {
            Def::Function(to, callee) => (to, callee),
            _ => (next_file, dispatched(cx, (*file, *hop), next_file, next)?),
        };
        carried = handed_down(cx, (*file, *hop), (to, callee), &carried)?;
        if index + 1 == reached.calls.len() && to != paid.file {
            return None;
        }
    }
    Some(carried)
}

/// Who pays for what a function does that is run later: everybody who has it run hands the signed-in user over.
pub fn payer_of_job(cx: &Cx<'_>, file: FileId, function: FunctionId) -> Option<Identity> {
    let later = dispatch::callers(cx, file, function);
    let inside = later.iter().find_map(|(at, call)| {
        let c = cx.program.facts(*at).call(*call);
        let mut around = cx.program.facts(*at).enclosing(c.function);
        let (handler, found) = around.find_map(|id| handler_of(cx, *at, id).map(|found| (id, found)))?;
        let reached = Reached { file: *at, function: handler, found, calls: Vec::new() };
        let identity = payer::in_handler(cx, &reached, c.span.start).filter(|identity| !identity.nullable)?;
        handed_down(cx, (*at, *call), (file, function), &identity)
    })?;
    let mut parts = inside.id.split('.').map(str::to_owned);
    let local = parts.next()?;
    let members: Vec<String> = parts.collect();
    otherwise(cx, (file, function), &local, &members, &mut Vec::new()).is_none().then_some(inside)
}

/// The function that a call has run later, around another call.
fn dispatched(cx: &Cx<'_>, hop: (FileId, CallId), file: FileId, next: CallId) -> Option<FunctionId> {
    let facts = cx.program.facts(file);
    let mut around = facts.enclosing(facts.call(next).function);
    around.find(|function| dispatch::callers(cx, file, *function).contains(&hop))
}

/// The identity under the name it has inside the called function, when the call hands it over.
fn handed_down(
    cx: &Cx<'_>,
    (file, call): (FileId, CallId),
    (to, callee): (FileId, FunctionId),
    identity: &Identity,
) -> Option<Identity> {
    let target = cx.program.facts(to).function(callee);
    let passed = dispatch::passed(cx, (file, call), (to, callee));
    let wanted = plain(&identity.id);
    for (position, param) in target.params.iter().enumerate() {
        for name in &param.names {
            if let Some(value) = passed.at(position, param.name(), &name.path)
                && let Some(id) = expression_inside(cx, file, call, value, &wanted, &name.local)
            {
                return Some(renamed(identity, id, cx, to, callee));
            }
            // `{ userId: session.user.id }` given to a parameter that is read by member.
            for (path, value) in passed.members(position, param.name(), &name.path) {
                let inside = format!("{}.{}", name.local, path.join("."));
                if let Some(id) = expression_inside(cx, file, call, value, &wanted, &inside) {
                    return Some(renamed(identity, id, cx, to, callee));
                }
            }
        }
    }
    None
}

/// `wanted` inside the callee, when `value` (as written at the call) is it or one of its owners.
fn expression_inside(
    cx: &Cx<'_>,
    file: FileId,
    call: CallId,
    value: &Expr,
    wanted: &str,
    local: &str,
) -> Option<String> {
    let facts = cx.program.facts(file);
    let path = match value {
        Expr::Path(path) => path,
        // `String(user.id)`, `str(user.id)`
        Expr::Call(inner) => facts
            .call(*inner)
            .args
            .first()
            .and_then(Expr::as_path)
            .filter(|p| plain(&p.dotted()) == wanted)?,
        _ => return None,
    };
    let mut written = plain(&path.dotted());
    if written != wanted
        && let Some(name) = path.as_name()
        && let Def::Value(_, index, members) =
            cx.program.name(file, facts.call(call).function, name, path.span.start)
        && let Some(binding) = facts.bindings.get(index).filter(|binding| is_only(facts, binding, name))
        && let Expr::Path(origin) = binding.value.unawaited()
    {
        // `const userId = session.user.id` or `const { userId } = job.data` before the call.
        written = std::iter::once(plain(&origin.dotted())).chain(members).collect::<Vec<_>>().join(".");
    }
    let rest = if wanted == written { "" } else { wanted.strip_prefix(&written)?.strip_prefix('.')? };
    Some(if rest.is_empty() { local.to_owned() } else { format!("{local}.{rest}") })
}

/// Whether a name is given its value once in its function: of several, the last says nothing of the other ways.
fn is_only(facts: &Facts, binding: &Binding, name: &str) -> bool {
    let same = |other: &&Binding| {
        other.function == binding.function && other.names.iter().any(|bound| bound.local == name)
    };
    facts.bindings.iter().filter(same).count() == 1
}

/// An expression without `!` and `?`.
fn plain(expr: &str) -> String {
    expr.replace(['!', '?'], "")
}

fn renamed(identity: &Identity, id: String, cx: &Cx<'_>, file: FileId, function: FunctionId) -> Identity {
    let f = cx.program.facts(file).function(function);
    let mut inner = identity.clone();
    inner.evidence.push(format!("handed down as `{id}` ({}:{})", cx.path(file), cx.line(file, f.span.start)));
    inner.id = id;
    inner.email = None;
    inner.name = None;
    inner.ready_at = f.body.start;
    inner
}

/// Why an identity that was handed down is not the payer on every way, in words with the place.
pub(super) fn doubt(cx: &Cx<'_>, paid: &Paid<'_>, call: &Call, identity: &Identity) -> Option<String> {
    let mut parts = identity.id.split('.').map(str::to_owned);
    let local = parts.next()?;
    let members: Vec<String> = parts.collect();
    let mut seen = Vec::new();
    let why = otherwise(cx, (paid.file, call.function?), &local, &members, &mut seen)?;
    Some(format!("`{}` is not the payer on every way to the call: {why}", identity.id))
}

/// Who hands something else over for a name of a function, or of one around it.
fn otherwise(
    cx: &Cx<'_>,
    (file, function): (FileId, FunctionId),
    local: &str,
    members: &[String],
    seen: &mut Vec<(FileId, FunctionId)>,
) -> Option<String> {
    let facts = cx.program.facts(file);
    let mut named = facts.enclosing(Some(function)).filter_map(|f| {
        let params = facts.function(f).params.iter().enumerate();
        params.flat_map(|(at, p)| p.names.iter().map(move |n| (at, n))).find(|(_, n)| n.local == local).map(
            |(position, name)| (f, position, name.path.iter().chain(members).cloned().collect::<Vec<_>>()),
        )
    });
    let (owner, position, path) = named.next()?;
    if seen.contains(&(file, owner)) || seen.len() >= MAX_CLIMB {
        return None;
    }
    seen.push((file, owner));
    let direct = cx.callers(file, owner);
    let later = dispatch::callers(cx, file, owner);
    direct.iter().copied().chain(later).filter(|(at, _)| !cx.is_aside(*at)).find_map(|(at, id)| {
        let caller = cx.program.facts(at).call(id);
        let place = format!("{}:{}", cx.path(at), cx.line(at, caller.span.start));
        let passed = dispatch::passed(cx, (at, id), (file, owner));
        let name = facts.function(owner).params.get(position).and_then(crate::syntax::Param::name);
        let Some((value, rest)) = passed.reach(position, name, &path) else {
            return (!passed.is_open()).then(|| format!("{place} hands nobody over"));
        };
        fault(cx, at, caller, value, rest, seen).map(|why| match why {
            Fault::Here(why) => format!("{place} hands over {why}"),
            Fault::Above(why) => why,
        })
    })
}

enum Fault {
    Here(String),
    Above(String),
}

/// What is wrong with a value that a caller hands over as the payer.
fn fault(
    cx: &Cx<'_>,
    file: FileId,
    caller: &Call,
    value: &Expr,
    rest: &[String],
    seen: &mut Vec<(FileId, FunctionId)>,
) -> Option<Fault> {
    let path = match value.unawaited() {
        Expr::Path(path) if matches!(path.as_name(), Some("null" | "undefined" | "None")) => {
            return Some(Fault::Here("nobody".to_owned()));
        }
        Expr::Null => return Some(Fault::Here("nobody".to_owned())),
        Expr::Path(path) => path,
        // `str(body.owner)`
        Expr::Call(id) => {
            let of = cx.program.facts(file).call(*id).args.first().filter(|arg| arg.as_path().is_some())?;
            return fault(cx, file, caller, of, rest, seen);
        }
        Expr::Str(_) | Expr::Number(_) | Expr::Bool(_) => {
            return Some(Fault::Here("a fixed value".to_owned()));
        }
        _ => return None,
    };
    let function = caller.function?;
    let facts = cx.program.facts(file);
    let takes_request = |f: FunctionId| {
        let mut names = facts.function(f).params.iter().flat_map(|p| &p.names);
        names.any(|n| REQUESTS.contains(&n.local.as_str()))
    };
    let mut around = facts.enclosing(Some(function));
    let sent = around.find_map(|f| {
        let asked = takes_request(f) || handler_of(cx, file, f).is_some();
        asked.then(|| untrusted::sent(cx, file, f, value.unawaited())).flatten()
    });
    if let Some(part) = sent {
        let written = path.dotted();
        return Some(Fault::Here(format!("`{written}`, which comes from {part} and is set by the sender")));
    }
    if facts.enclosing(Some(function)).any(|f| handler_of(cx, file, f).is_some()) {
        return None;
    }
    let Root::Name(local) = &path.root else { return None };
    let members: Vec<String> = path.segments.iter().chain(rest).cloned().collect();
    otherwise(cx, (file, function), local, &members, seen).map(Fault::Above)
}
