//! Who has a function run later: the calls that put its work into a queue count as its callers.

use super::cx::{Cx, after};
use crate::catalog::{Dispatch, Kind, Symbol};
use crate::resolve::Def;
use crate::syntax::{Call, CallId, Expr, FunctionId};
use crate::workspace::FileId;

/// Calls after which a function runs without being called by name.
pub(super) fn callers(cx: &Cx<'_>, file: FileId, function: FunctionId) -> Vec<(FileId, CallId)> {
    let mut found = Vec::new();
    for dispatch in cx.entries(Kind::Worker).filter_map(|e| e.worker.as_ref()).flat_map(|w| &w.dispatches) {
        match dispatch {
            Dispatch::Method { methods } => by_method(cx, file, function, methods, &mut found),
            Dispatch::Named { methods } => by_name(cx, file, function, methods, &mut found),
            Dispatch::Queue { queues, methods, workers, jobs } => {
                let name = match queue_of(cx, file, function, workers, jobs) {
                    Some(Queue::Named(name)) => Some(name),
                    Some(Queue::Any) => None,
                    None => continue,
                };
                by_queue(cx, name.as_deref(), queues, methods, &mut found);
            }
        }
    }
    found
}

/// Calls of files that hold a word and whose last member is one of the methods.
fn calls_with<'c>(
    cx: &'c Cx<'_>,
    word: &str,
    methods: &'c [String],
) -> impl Iterator<Item = (FileId, CallId)> + 'c {
    cx.program.files_with_word(word).into_iter().filter(|f| cx.holds(*f)).flat_map(move |at| {
        let facts = cx.program.facts(at);
        let ids = facts
            .call_ids()
            .filter(move |id| facts.call(*id).callee.segments.last().is_some_and(|m| methods.contains(m)));
        ids.map(move |id| (at, id))
    })
}

fn by_method(
    cx: &Cx<'_>,
    file: FileId,
    function: FunctionId,
    methods: &[String],
    found: &mut Vec<(FileId, CallId)>,
) {
    let name = &cx.program.facts(file).function(function).name;
    if name.is_empty() {
        return;
    }
    found.extend(calls_with(cx, name, methods).filter(|(at, id)| {
        let call = cx.program.facts(*at).call(*id);
        let mut callee = call.callee.clone();
        callee.segments.pop();
        callee.last() == Some(name) && cx.def(*at, call.function, &callee) == Def::Function(file, function)
    }));
}

fn by_name(
    cx: &Cx<'_>,
    file: FileId,
    function: FunctionId,
    methods: &[String],
    found: &mut Vec<(FileId, CallId)>,
) {
    let f = cx.program.facts(file).function(function);
    if f.name.is_empty() || f.decorators.is_empty() {
        return;
    }
    let path = cx.path(file).trim_end_matches(".py").replace('/', ".");
    let whole = format!("{path}.{}", f.name);
    found.extend(calls_with(cx, &f.name, methods).filter(|(at, id)| {
        let told = cx.program.facts(*at).call(*id).args.first().and_then(Expr::as_str);
        told.is_some_and(|told| whole == told || told.contains('.') && whole.ends_with(&format!(".{told}")))
    }));
}

/// The queue a worker's function works for.
enum Queue {
    /// The one of this name.
    Named(String),
    /// The name is not said.
    Any,
}

impl From<Option<String>> for Queue {
    fn from(name: Option<String>) -> Self {
        name.map_or(Self::Any, Self::Named)
    }
}

/// The queue that a function works for; `None` when it is no worker's.
fn queue_of(
    cx: &Cx<'_>,
    file: FileId,
    function: FunctionId,
    workers: &[Symbol],
    jobs: &[Symbol],
) -> Option<Queue> {
    let of = |symbols: &[Symbol], def: &Def| {
        symbols.iter().any(|s| after(s, def).is_some_and(<[String]>::is_empty))
    };
    let made_with = cx.handed_over(file, function).iter().find_map(|(at, id, _)| {
        let call = cx.program.facts(*at).call(*id);
        of(workers, &cx.def(*at, call.function, &call.callee)).then(|| name_of(cx, *at, call).into())
    });
    made_with.or_else(|| {
        let f = cx.program.facts(file).function(function);
        let annotated = f.params.first()?.annotation_text.as_deref()?;
        let annotated = annotated.split('<').next().unwrap_or(annotated).trim();
        of(jobs, &cx.program.name(file, None, annotated, u32::MAX)).then_some(Queue::Any)
    })
}

fn name_of(cx: &Cx<'_>, file: FileId, call: &Call) -> Option<String> {
    cx.folded(file, call.function, call.args.first()?)
}

fn by_queue(
    cx: &Cx<'_>,
    name: Option<&str>,
    queues: &[Symbol],
    methods: &[String],
    found: &mut Vec<(FileId, CallId)>,
) {
    for method in methods {
        let one = std::slice::from_ref(method);
        found.extend(calls_with(cx, method, one).filter(|(at, id)| {
            let call = cx.program.facts(*at).call(*id);
            let mut queue = call.callee.clone();
            queue.segments.pop();
            let def = cx.def(*at, call.function, &queue);
            let is_queue = queues
                .iter()
                .any(|s| after(s, &def).is_some_and(|rest| rest.first().is_some_and(|m| m == "()")));
            let own_name = || match cx.program.origin(*at, call.function, &queue) {
                Def::Value(file, index, _) => {
                    let made = cx.program.binding(file, index)?.value.as_call()?;
                    name_of(cx, file, cx.program.facts(file).call(made))
                }
                _ => None,
            };
            is_queue && name.is_none_or(|name| own_name().is_none_or(|own| own == name))
        }));
    }
}
