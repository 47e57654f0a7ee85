//! Workers of queues, and the calls that put jobs into those.

use super::calls_with;
use crate::catalog::{Symbol, WorkerClass};
use crate::resolve::Def;
use crate::sites::cx::{Cx, after};
use crate::syntax::source::{Source, walk};
use crate::syntax::{Call, CallId, Decorator, FunctionId, Param, Path, Root};
use crate::workspace::FileId;

/// What a worker's function works on; where a name is not said it may be any.
#[derive(Default)]
pub(super) struct Work {
    pub(super) queue: Option<String>,
    pub(super) job: Option<String>,
}

/// Whether a value is of one of these symbols itself.
pub(super) fn is_of(symbols: &[Symbol], def: &Def) -> bool {
    symbols.iter().any(|s| after(s, def).is_some_and(<[String]>::is_empty))
}

/// What a function works on; `None` when it is no worker's.
pub(super) fn work_of(
    cx: &Cx<'_>,
    file: FileId,
    function: FunctionId,
    (workers, jobs, class): (&[Symbol], &[Symbol], Option<&WorkerClass>),
) -> Option<Work> {
    let made_with = cx.handed_over(file, function).iter().find_map(|(at, id, _)| {
        let call = cx.program.facts(*at).call(*id);
        let is_worker = is_of(workers, &cx.def(*at, call.function, &call.callee));
        is_worker.then(|| Work { queue: name_of(cx, *at, call), job: None })
    });
    if made_with.is_some() {
        return made_with;
    }
    if let Some((class, processor)) =
        class.and_then(|class| Some((class, processor(cx, file, function, class)?)))
    {
        return method_of(cx, file, function, class, processor);
    }
    let f = cx.program.facts(file).function(function);
    is_of(jobs, &type_of(cx, file, f.params.first()?)?).then(Work::default)
}

/// The type that a parameter is declared with.
fn type_of(cx: &Cx<'_>, file: FileId, param: &Param) -> Option<Def> {
    let annotated = param.annotation_text.as_deref()?.trim_start_matches(':');
    let name = annotated.split(['<', '|']).next().unwrap_or(annotated).trim();
    Some(cx.program.name(file, None, name, u32::MAX))
}

/// The type of what is only handed in: a queue that a class is made with.
pub(super) fn declared(cx: &Cx<'_>, def: &Def) -> Def {
    let Def::Param(file, function, position, members) = def else { return Def::Unknown };
    let param = cx.program.facts(*file).function(*function).params.get(*position);
    param.filter(|_| members.is_empty()).and_then(|param| type_of(cx, *file, param)).unwrap_or(Def::Unknown)
}

/// The decorator by which the class around a method works for a queue.
fn processor<'c>(
    cx: &'c Cx<'_>,
    file: FileId,
    function: FunctionId,
    class: &WorkerClass,
) -> Option<&'c Decorator> {
    let facts = cx.program.facts(file);
    let decorators = &facts.class(facts.function(function).class?).decorators;
    decorators.iter().find(|d| is_of(&class.processors, &cx.def(file, None, &d.path)))
}

/// What a method of such a class works on: jobs of one name, or all of the queue's.
fn method_of(
    cx: &Cx<'_>,
    file: FileId,
    function: FunctionId,
    class: &WorkerClass,
    processor: &Decorator,
) -> Option<Work> {
    let f = cx.program.facts(file).function(function);
    let told = |decorator: &Decorator| cx.folded(file, None, decorator.args.first()?);
    let handles = f.decorators.iter().find(|d| is_of(&class.handles, &cx.def(file, None, &d.path)));
    (handles.is_some() || class.runs.contains(&f.name))
        .then(|| Work { queue: told(processor), job: handles.and_then(told) })
}

fn name_of(cx: &Cx<'_>, file: FileId, call: &Call) -> Option<String> {
    cx.folded(file, call.function, call.args.first()?)
}

pub(super) fn by_queue(
    cx: &Cx<'_>,
    work: &Work,
    (queues, methods, class): (&[Symbol], &[String], Option<&WorkerClass>),
    found: &mut Vec<(FileId, CallId)>,
) {
    let may_be = |wanted: Option<&String>, told: Option<String>| {
        wanted.is_none_or(|wanted| told.is_none_or(|told| told == *wanted))
    };
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
            (is_queue || is_of(queues, &declared(cx, &def)))
                && may_be(work.queue.as_ref(), queue_name(cx, *at, call.function, &queue, class))
                && may_be(work.job.as_ref(), name_of(cx, *at, call))
        }));
    }
}

/// The name of a queue: told where it is made, or where it is injected.
fn queue_name(
    cx: &Cx<'_>,
    file: FileId,
    function: Option<FunctionId>,
    queue: &Path,
    class: Option<&WorkerClass>,
) -> Option<String> {
    if let (Some(class), Root::This(_), [field]) = (class, &queue.root, queue.segments.as_slice()) {
        return injected(cx, file, function, field, class);
    }
    let Def::Value(at, index, _) = cx.program.origin(file, function, queue) else { return None };
    let made = cx.program.binding(at, index)?.value.as_call()?;
    name_of(cx, at, cx.program.facts(at).call(made))
}

/// The name of the queue in a field, told by the decorator in front of it.
fn injected(
    cx: &Cx<'_>,
    file: FileId,
    function: Option<FunctionId>,
    field: &str,
    class: &WorkerClass,
) -> Option<String> {
    let facts = cx.program.facts(file);
    let around = facts.enclosing(function).find_map(|f| facts.function(f).class)?;
    let declared = facts.class(around).fields.iter().find(|f| f.name == field)?;
    let text = cx.workspace().text(file).ok()?;
    let source = Source::parse(cx.workspace().entry(file).language?, text.as_str())?;
    let mut told = None;
    walk(source.node(&declared.span.range())?, &mut |node| {
        let Some(call) = node.named_child(0).filter(|_| node.kind() == "decorator") else { return };
        let name = call.child_by_field_name("function").map(|f| source.of(f));
        let is_injected = |name| is_of(&class.injects, &cx.program.name(file, None, name, u32::MAX));
        let queue = call.child_by_field_name("arguments").and_then(|arguments| arguments.named_child(0));
        if let Some(queue) = queue.filter(|q| q.kind() == "string" && name.is_some_and(is_injected)) {
            told = Some(source.of(queue).trim_matches(['"', '\'']).to_owned());
        }
    });
    told
}
