//! Who has a function run later: the calls that put its work into a queue count as its callers.

use super::cx::{Cx, after};
use super::handlers::argument_for;
use crate::catalog::{Dispatch, Kind, Symbol, WorkerClass};
use crate::resolve::Def;
use crate::syntax::source::{Source, walk};
use crate::syntax::{Call, CallId, Decorator, Expr, Facts, FunctionId, Param, Path, Root};
use crate::workspace::FileId;

/// Calls after which a function runs without being called by name.
pub(super) fn callers(cx: &Cx<'_>, file: FileId, function: FunctionId) -> Vec<(FileId, CallId)> {
    let mut found = Vec::new();
    for dispatch in cx.entries(Kind::Worker).filter_map(|e| e.worker.as_ref()).flat_map(|w| &w.dispatches) {
        match dispatch {
            Dispatch::Method { methods, .. } => by_method(cx, file, function, methods, &mut found),
            Dispatch::Named { methods, .. } => by_name(cx, file, function, methods, &mut found),
            Dispatch::Queue { queues, methods, workers, jobs, class, .. } => {
                let Some(work) = work_of(cx, file, function, (workers, jobs, class.as_ref())) else {
                    continue;
                };
                by_queue(cx, &work, (queues, methods, class.as_ref()), &mut found);
            }
        }
    }
    found
}

/// What names one run of a job in the function that a queue runs, as the queue's entry writes it; `None` for other
/// functions, and for queues of which that is not known.
pub fn attempt<'c>(cx: &'c Cx<'_>, file: FileId, function: FunctionId) -> Option<&'c str> {
    let mut dispatches =
        cx.entries(Kind::Worker).filter_map(|e| e.worker.as_ref()).flat_map(|w| &w.dispatches);
    dispatches.find_map(|dispatch| {
        let mut calls = Vec::new();
        let (runs, attempt) = match dispatch {
            Dispatch::Method { methods, attempt, .. } => {
                by_method(cx, file, function, methods, &mut calls);
                (!calls.is_empty(), attempt)
            }
            Dispatch::Named { methods, attempt } => {
                by_name(cx, file, function, methods, &mut calls);
                (!calls.is_empty(), attempt)
            }
            Dispatch::Queue { workers, jobs, class, attempt, .. } => {
                (work_of(cx, file, function, (workers, jobs, class.as_ref())).is_some(), attempt)
            }
        };
        attempt.as_deref().filter(|_| runs)
    })
}

/// What a call hands to the function it runs, now or later.
pub(super) enum Passed<'f> {
    /// Its arguments; the first parameter is not among them where it is the object itself.
    Arguments { facts: &'f Facts, call: CallId, skip: usize },
    /// A list and a dictionary.
    Packed { list: Option<&'f Expr>, dict: Option<&'f Expr>, skip: usize },
    /// One value, which is a member of the first parameter, or the parameter itself.
    Payload { value: Option<&'f Expr>, member: Option<&'f str> },
}

/// What a call hands to a function that it calls or has run later.
pub(super) fn passed<'f>(
    cx: &'f Cx<'_>,
    (file, call): (FileId, CallId),
    (to, callee): (FileId, FunctionId),
) -> Passed<'f> {
    let facts = cx.program.facts(file);
    let c = facts.call(call);
    let target = cx.program.facts(to).function(callee);
    let is_self = |p: &Param| p.name().is_some_and(|n| n == "self" || n == "cls");
    let skip = usize::from(target.params.first().is_some_and(is_self));
    let arguments = Passed::Arguments { facts, call, skip };
    let Some(method) = c.callee.segments.last() else { return arguments };
    if cx.callee(file, call) == Def::Function(to, callee) {
        return arguments;
    }
    let dispatches = cx.entries(Kind::Worker).filter_map(|e| e.worker.as_ref()).flat_map(|w| &w.dispatches);
    let packed = |from: usize| {
        let part = |name: &str, at: usize| {
            c.keywords.iter().find(|(k, _)| k == name).map(|(_, v)| v).or_else(|| c.args.get(at))
        };
        Passed::Packed { list: part("args", from), dict: part("kwargs", from + 1), skip }
    };
    for dispatch in dispatches {
        match dispatch {
            Dispatch::Method { packed: methods, .. } if methods.contains(method) => return packed(0),
            Dispatch::Named { methods, .. } if methods.contains(method) => return packed(1),
            Dispatch::Queue { methods, payload: Some(at), member, .. } if methods.contains(method) => {
                return Passed::Payload { value: c.args.get(*at), member: member.as_deref() };
            }
            _ => {}
        }
    }
    arguments
}

impl<'f> Passed<'f> {
    /// What is handed over for a parameter.
    fn of(&self, position: usize, name: Option<&str>) -> Option<&'f Expr> {
        match self {
            Self::Arguments { facts, call, skip } => {
                argument_for(facts, *call, position.checked_sub(*skip)?, name)
            }
            Self::Packed { list, dict, skip } => {
                let by_name = || dict.as_ref().and_then(|dict| dict.property(name?));
                let listed = || match list {
                    Some(Expr::List(items)) => items.get(position.checked_sub(*skip)?),
                    _ => None,
                };
                by_name().or_else(listed)
            }
            Self::Payload { value, member: None } if position == 0 => *value,
            Self::Payload { .. } => None,
        }
    }

    /// What is handed over for a parameter, or for a part of it.
    pub(super) fn at(&self, position: usize, name: Option<&str>, path: &[String]) -> Option<&'f Expr> {
        self.reach(position, name, path).filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
    }

    /// The value on the way to a part of a parameter, as far as it is written, with the rest of the way.
    pub(super) fn reach<'p>(
        &self,
        position: usize,
        name: Option<&str>,
        path: &'p [String],
    ) -> Option<(&'f Expr, &'p [String])> {
        let (mut value, mut rest) = match self {
            Self::Payload { value, member: Some(member) } => {
                let (first, rest) = path.split_first().filter(|_| position == 0)?;
                ((*value).filter(|_| first == member)?, rest)
            }
            _ => (self.of(position, name)?, path),
        };
        while let (Expr::Object(_), Some((key, after))) = (value, rest.split_first()) {
            value = value.property(key)?;
            rest = after;
        }
        Some((value, rest))
    }

    /// The members of what is handed over for a parameter, where they are written one by one; what a job is handed whole is
    /// a member of it.
    pub(super) fn members(&self, position: usize, name: Option<&str>) -> Vec<(Vec<String>, &'f Expr)> {
        let (value, head) = match self {
            Self::Payload { value, member: Some(member) } => {
                (value.filter(|_| position == 0), vec![(*member).to_owned()])
            }
            _ => (self.of(position, name), Vec::new()),
        };
        let pairs = match value {
            Some(Expr::Object(pairs)) => pairs.as_slice(),
            Some(whole @ Expr::Path(_)) if !head.is_empty() => return vec![(head, whole)],
            _ => &[],
        };
        let member = |(key, value): &'f (String, Expr)| ([head.clone(), vec![key.clone()]].concat(), value);
        pairs.iter().map(member).collect()
    }

    /// Whether there may be more than is seen: spread arguments, or a list made elsewhere.
    pub(super) fn is_open(&self) -> bool {
        match self {
            Self::Arguments { facts, call, .. } => {
                let call = facts.call(*call);
                call.args.iter().any(|a| matches!(a, Expr::Other) || a.property("...").is_some())
                    || call.keywords.iter().any(|(name, _)| name == "**" || name.is_empty())
            }
            Self::Packed { list, dict, .. } => {
                list.is_some_and(|l| !matches!(l, Expr::List(_)))
                    || dict.is_some_and(|d| !matches!(d, Expr::Object(_)) || d.property("...").is_some())
            }
            Self::Payload { value, .. } => {
                value.is_none_or(|v| !matches!(v, Expr::Object(_)) || v.property("...").is_some())
            }
        }
    }
}

/// Calls of files that hold a word and whose last member is one of the methods.
fn calls_with<'c>(
    cx: &'c Cx<'_>,
    word: &str,
    methods: &'c [String],
) -> impl Iterator<Item = (FileId, CallId)> + 'c {
    cx.program.files_calling(word, methods).into_iter().filter(|f| cx.holds(*f)).flat_map(move |at| {
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

/// What a worker's function works on; where a name is not said it may be any.
#[derive(Default)]
struct Work {
    queue: Option<String>,
    job: Option<String>,
}

/// Whether a value is of one of these symbols itself.
fn is_of(symbols: &[Symbol], def: &Def) -> bool {
    symbols.iter().any(|s| after(s, def).is_some_and(<[String]>::is_empty))
}

/// What a function works on; `None` when it is no worker's.
fn work_of(
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
    let name = annotated.split('<').next().unwrap_or(annotated).trim();
    Some(cx.program.name(file, None, name, u32::MAX))
}

/// The type of what is only handed in: a queue that a class is made with.
fn declared(cx: &Cx<'_>, def: &Def) -> Def {
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

fn by_queue(
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
