//! The other callers of a function that is handed its payer: what one of them takes from the request pays for nothing.

use crate::resolve::Def;
use crate::sites::cx::{Cx, is_aside};
use crate::sites::explain::untrusted;
use crate::sites::handlers::{argument_for, handler_of};
use crate::syntax::{Expr, FunctionId, Param, Root};
use crate::workspace::FileId;

/// Calls followed upwards from a function to where what it is handed comes from.
const MAX_HOPS: usize = 4;

/// A parameter, or the member of it that is read.
pub(super) struct Slot<'a> {
    pub(super) file: FileId,
    pub(super) function: FunctionId,
    /// Among the parameters that a call fills.
    pub(super) position: usize,
    pub(super) name: Option<&'a str>,
    pub(super) keys: &'a [String],
}

/// Whether some call of the app fills a parameter with what the sender of a request sets.
pub(super) fn is_sent(cx: &Cx<'_>, slot: &Slot<'_>, hops: usize) -> bool {
    hops < MAX_HOPS
        && cx.callers(slot.file, slot.function).iter().any(|(file, call)| {
            if is_aside(cx.path(*file)) {
                return false;
            }
            let facts = cx.program.facts(*file);
            let value = argument_for(facts, *call, slot.position, slot.name)
                .and_then(|value| slot.keys.iter().try_fold(value, |v, key| v.property(key)));
            let Some((value, function)) = value.zip(facts.call(*call).function) else { return false };
            facts.enclosing(Some(function)).any(|f| untrusted::sent(cx, *file, f, value))
                || is_sent_further_up(cx, *file, function, value, hops)
        })
}

/// The same for a value that is itself a parameter of the calling function.
fn is_sent_further_up(cx: &Cx<'_>, file: FileId, function: FunctionId, value: &Expr, hops: usize) -> bool {
    let Some(path) = value.as_path() else { return false };
    let Root::Name(name) = &path.root else { return false };
    let Def::Param(at, owner, position, mut keys) =
        cx.program.name(file, Some(function), name, path.span.start)
    else {
        return false;
    };
    if handler_of(cx, at, owner).is_some() {
        return false;
    }
    let facts = cx.program.facts(at);
    let params = &facts.function(owner).params;
    let skip = usize::from(params.first().is_some_and(is_receiver));
    let Some((position, param)) = position.checked_sub(skip).zip(params.get(position)) else {
        return false;
    };
    keys.extend(path.segments.iter().cloned());
    let slot = Slot { file: at, function: owner, position, name: param.name(), keys: &keys };
    is_sent(cx, &slot, hops + 1)
}

/// Whether a parameter is the object a method is called on.
pub(super) fn is_receiver(param: &Param) -> bool {
    param.name().is_some_and(|name| name == "self" || name == "cls")
}
