//! Where a handler begins to answer before it is done: a check of the balance behind that could not refuse any more.
//!
//! ```text
//! res.setHeader("Content-Type", "text/event-stream");   // a refusal behind this would be sent as a stream
//! res.flushHeaders();                                   // and behind this it has no status of its own
//! ```

use std::ops::Range;

use tree_sitter::Node;

use super::spot::{is_block, is_function, leaves};
use crate::catalog::{Handler, Kind, Sending};
use crate::resolve::Def;
use crate::sites::HandlerRef;
use crate::steps::support::Kit;
use crate::syntax::source::{Source, named};
use crate::syntax::{Call, FunctionId, Param};
use crate::workspace::FileId;

/// How a handler answers bit by bit.
pub(super) struct Answering<'k, 'a> {
    kit: &'k Kit<'a>,
    sending: &'a Sending,
    file: FileId,
    function: FunctionId,
    /// The name of what is written to.
    to: String,
}

impl<'k, 'a> Answering<'k, 'a> {
    /// Nothing where a handler of this shape is given nothing to write to.
    pub(super) fn of(kit: &'k Kit<'a>, handler: &HandlerRef, shape: &Handler) -> Option<Self> {
        let entry = kit.entries(Kind::Framework).into_iter().find(|entry| entry.id == handler.framework)?;
        let sending = entry.framework.as_ref()?.sending.as_ref()?;
        let params = &kit.cx.program.facts(handler.file).function(handler.function).params;
        let to =
            shape.params.iter().position(|role| role == &sending.of).and_then(|at| params.get(at)?.name());
        Some(Self { kit, sending, file: handler.file, function: handler.function, to: to?.to_owned() })
    }

    /// The place of a check that would stand at `at`: in front of what begins the answer on the way there. Nothing where
    /// that is behind what the check needs.
    pub(super) fn before(
        &self,
        source: &Source<'_>,
        ready_at: u32,
        at: Range<usize>,
    ) -> Option<Range<usize>> {
        let mut place = at.clone();
        let mut node = source.node(&at)?;
        while let Some(block) = node.parent().filter(|parent| !is_function(parent.kind())) {
            if is_block(block.kind()) && node.byte_range() != block.byte_range() {
                let innermost = node.start_byte() == at.start;
                let ready_at = if innermost { Some(ready_at) } else { None };
                place = self.in_block(block, &node.byte_range(), ready_at).unwrap_or(place);
            }
            node = block;
        }
        (place.start >= ready_at as usize || place == at).then_some(place)
    }

    /// The first statement of a block in front of another one that begins the answer, headers from an offset on included.
    fn in_block(&self, block: Node<'_>, until: &Range<usize>, headers: Option<u32>) -> Option<Range<usize>> {
        let before: Vec<Node<'_>> =
            named(block).into_iter().filter(|statement| statement.end_byte() <= until.start).collect();
        // What is sent on a way that ends there belongs to that way.
        let passed = || before.iter().filter(|statement| !leaves(**statement)).map(Node::byte_range);
        let started = passed().find(|statement| self.starts(statement));
        // A header is not sent yet. Where a way ends behind it, that way is not worth a check.
        let last_way = before.iter().filter(|statement| leaves(**statement)).map(Node::start_byte).max();
        let from = headers.map(|ready_at| (ready_at as usize).max(last_way.unwrap_or_default()));
        let header = from.and_then(|from| passed().find(|s| s.start >= from && self.sets(s)));
        [started, header].into_iter().flatten().min_by_key(|statement| statement.start)
    }

    /// The handler's own calls in a statement.
    fn calls(&self, statement: &Range<usize>) -> impl Iterator<Item = &'k Call> {
        let statement = statement.clone();
        self.kit.cx.program.facts(self.file).calls.iter().filter(move |call| {
            call.function == Some(self.function)
                && statement.start <= call.span.start as usize
                && call.span.end as usize <= statement.end
        })
    }

    fn sets(&self, statement: &Range<usize>) -> bool {
        self.calls(statement).any(|call| is_method(call, &self.to, &self.sending.headers))
    }

    fn starts(&self, statement: &Range<usize>) -> bool {
        let mut seen = vec![(self.file, self.function)];
        self.calls(statement).any(|call| self.sends(self.file, call, &self.to, &mut seen))
    }

    /// Whether a call sends something: itself, or as a function of the app's that is handed what is written to.
    fn sends(&self, file: FileId, call: &Call, to: &str, seen: &mut Vec<(FileId, FunctionId)>) -> bool {
        if is_method(call, to, &self.sending.starts) {
            return true;
        }
        let cx = self.kit.graph();
        let given = call.args.iter().position(|arg| arg.as_path().and_then(|p| p.as_name()) == Some(to));
        let Some(position) = given else { return false };
        let Def::Function(at, function) = cx.def(file, call.function, &call.callee) else { return false };
        if seen.contains(&(at, function)) {
            return false;
        }
        seen.push((at, function));
        let facts = self.kit.cx.program.facts(at);
        let Some(inner) = facts.function(function).params.get(position).and_then(Param::name) else {
            return false;
        };
        let own = facts.calls.iter().filter(|call| call.function == Some(function));
        own.into_iter().any(|call| self.sends(at, call, inner, seen))
    }
}

/// `res.write(…)`, `reply.raw.write(…)`
fn is_method(call: &Call, of: &str, methods: &[String]) -> bool {
    call.callee.root_name() == Some(of) && call.callee.segments.last().is_some_and(|m| methods.contains(m))
}
