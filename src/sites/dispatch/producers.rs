//! Everybody who has a function run, and how each hands it its arguments: what one more argument takes.

use super::passed::{Passed, passed};
use super::{is_queued, known, takes};
use crate::catalog::Dispatch;
use crate::sites::cx::Cx;
use crate::syntax::{CallId, FunctionId};
use crate::workspace::FileId;

/// A call that has a function run, now or later.
#[derive(Debug, Clone, Copy)]
pub struct Producer {
    /// The file.
    pub file: FileId,
    /// The call.
    pub call: CallId,
    /// How the arguments are written.
    pub hands: Hands,
    /// They are kept outside of the process: what was handed over before a change of the function comes to it after.
    pub lasting: bool,
}

/// How a call hands arguments to the function that it has run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hands {
    /// It is called itself: they are the call's own.
    Called,
    /// Among the call's own, by name.
    Named,
    /// Among the call's own, in the function's order, behind this many others.
    InOrder(usize),
    /// In a list and a dictionary under `args` and `kwargs`.
    Packed,
}

/// Who has a function run: `None` where it is given to something that nobody knows, or hands over one value of its own.
/// `Some` of nobody where it is never run later.
pub fn producers(cx: &Cx<'_>, file: FileId, function: FunctionId) -> Option<Vec<Producer>> {
    let later = super::callers(cx, file, function);
    let handed = cx.handed_over(file, function);
    let queued = is_queued(cx, file, function);
    let unknown = |(at, call, _): &(FileId, CallId, usize)| !later.contains(&(*at, *call));
    if handed.iter().any(unknown) {
        return None;
    }
    if later.is_empty() && !queued {
        return Some(Vec::new());
    }
    let now = cx.callers(file, function);
    let direct = now
        .iter()
        .filter(|call| !later.contains(call))
        .map(|(at, call)| Some(Producer { file: *at, call: *call, hands: Hands::Called, lasting: queued }));
    let dispatched = later.iter().map(|(at, call)| {
        let taker = handed.iter().find(|(f, c, _)| (f, c) == (at, call));
        let of_call = taker.and_then(|taker| known(cx).find(|d| takes(cx, d, taker)));
        let (in_order, lasting) = match of_call {
            Some(Dispatch::Call { in_order, lasting, .. }) => (*in_order, *lasting),
            _ => (false, true),
        };
        let hands = match passed(cx, (*at, *call), (file, function)) {
            Passed::Arguments { from, .. } if in_order => Hands::InOrder(from),
            Passed::Arguments { .. } => Hands::Named,
            Passed::Packed { .. } => Hands::Packed,
            Passed::Payload { .. } => return None,
        };
        Some(Producer { file: *at, call: *call, hands, lasting })
    });
    direct.chain(dispatched).collect()
}
