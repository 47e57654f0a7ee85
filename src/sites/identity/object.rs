//! Where an imported object that stands for the current user is known to be one: behind a decorator of its library, the
//! app's own around one or a hook in front of every handler; and where the handler has read the user's id before, which
//! throws for anybody else.

use super::function_text;
use crate::catalog::{Identity, Kind};
use crate::ir::{Fact, Known, Place};
use crate::resolve::Def;
use crate::sites::cx::{Cx, after, word_at};
use crate::sites::guard;
use crate::sites::handlers::Reached;
use crate::sites::holds::{self, Run, has_run};
use crate::syntax::{Decorator, FunctionId, Span};
use crate::workspace::FileId;

/// The object's local name, and its id as written.
type Names<'n> = (&'n str, &'n str);

/// Whether the object is a user at an offset of a handler.
pub(super) fn is_sure(
    cx: &Cx<'_>,
    reached: &Reached<'_>,
    source: &Identity,
    (local, id): Names<'_>,
    at: u32,
) -> bool {
    let vouched = guard::is_vouched(cx, reached, &source.vouched_by, &[]);
    let known = || {
        vouched
            || is_around(cx, reached, source)
            || guard::of_handler(cx, reached, "").is_some_and(|g| g.sure)
    };
    known() || is_hooked(cx, reached, source, local) || is_read_before(cx, reached, source, (local, id), at)
}

fn is_vouching(
    cx: &Cx<'_>,
    file: FileId,
    parent: Option<FunctionId>,
    source: &Identity,
    d: &Decorator,
) -> bool {
    let def = cx.def(file, parent, &d.path);
    source.vouched_by.iter().any(|symbol| after(symbol, &def).is_some_and(<[String]>::is_empty))
}

/// A decorator of the app around the handler whose own function is behind one of the library, or that calls the handler
/// only where somebody is signed in.
fn is_around(cx: &Cx<'_>, reached: &Reached<'_>, source: &Identity) -> bool {
    let facts = cx.program.facts(reached.file);
    let f = facts.function(reached.function);
    let of_class = f.class.iter().flat_map(|class| &facts.class(*class).decorators);
    f.decorators.iter().chain(of_class).any(|d| {
        let Def::Function(at, id) = cx.def(reached.file, f.parent, &d.path) else {
            return false;
        };
        let facts = cx.program.facts(at);
        let inner =
            facts.function_ids().filter(|inner| facts.enclosing(Some(*inner)).skip(1).any(|f| f == id));
        let mut inner = inner.map(|inner| facts.function(inner));
        inner.any(|f| f.decorators.iter().any(|d| is_vouching(cx, at, f.parent, source, d)))
            || guard::calls_only_for_users(cx, at, id)
    })
}

/// A hook in front of every handler of the router or the app that is behind such a decorator, or goes on only where
/// somebody is signed in.
fn is_hooked(cx: &Cx<'_>, reached: &Reached<'_>, source: &Identity, local: &str) -> bool {
    let ways = cx.entries(Kind::Framework).filter_map(|e| e.framework.as_ref()).flat_map(|f| &f.middleware);
    let ways: Vec<_> = ways.filter(|how| !how.decorators.is_empty()).collect();
    super::flow::hooks(cx, &ways, reached).into_iter().any(|(file, id)| {
        let f = cx.program.facts(file).function(id);
        let behind = f.decorators.iter().any(|d| is_vouching(cx, file, f.parent, source, d));
        let goes_on = || holds::points(cx, file, Some(id)).and_then(|points| points.silent_exits());
        behind || goes_on().is_some_and(|known| says(&known, source, local))
    })
}

fn says(known: &Known, source: &Identity, local: &str) -> bool {
    let Some(asks) = &source.asks else { return false };
    known.contains(&(Place { root: local.to_owned(), keys: vec![asks.clone()] }, Fact::There))
}

/// Whether the handler has read the id before on every way, without asking first whether anybody is signed in.
fn is_read_before(
    cx: &Cx<'_>,
    reached: &Reached<'_>,
    source: &Identity,
    (local, id): Names<'_>,
    at: u32,
) -> bool {
    let facts = cx.program.facts(reached.file);
    let f = facts.function(reached.function);
    let text = function_text(cx, reached.file, reached.function);
    let until = if f.body.has(at) { at } else { f.body.end.saturating_sub(1) };
    text.match_indices(id).any(|(offset, _)| {
        let place = f.span.start + offset as u32;
        let (before, after) = text.split_at(offset);
        let start = before.rsplit('\n').next().unwrap_or_default();
        let line = format!("{start}{}", after.lines().next().unwrap_or_default());
        // What stands behind a condition in its own line may not have been read.
        let plain = [" if ", " and ", " or ", "lambda"].iter().all(|word| !line.contains(word));
        let read = Span { start: place, end: place + id.len() as u32 };
        plain
            && place < until
            && word_at(&text, offset, id)
            && has_run(cx, reached.file, read, until) == Run::Surely
            && !holds::about(cx, reached.file, local, 0, place)
                .iter()
                .any(|(keys, fact)| *fact == Fact::There && keys.first() == source.asks.as_ref())
    })
}
