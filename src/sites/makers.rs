//! The calls that make a client or a model, however it is passed around: their options say where it talks to, and with
//! which key.

use super::cx::Cx;
use crate::resolve::Def;
use crate::syntax::{Assign, Binding, BindingKind, CallId, Expr, Facts, FunctionId, Path, Root};
use crate::workspace::FileId;

/// Values followed from a call back to what made its client.
const MAX_HOPS: usize = 6;

/// The calls that made what a path goes through, nearest first.
pub(super) fn of_path(
    cx: &Cx<'_>,
    file: FileId,
    function: Option<FunctionId>,
    path: &Path,
) -> Vec<(FileId, CallId)> {
    let mut makers = Makers { cx, found: Vec::new() };
    makers.path(file, function, path, 0);
    makers.found
}

/// The calls that made a value, nearest first.
pub(super) fn of_value(
    cx: &Cx<'_>,
    file: FileId,
    function: Option<FunctionId>,
    value: &Expr,
) -> Vec<(FileId, CallId)> {
    let mut makers = Makers { cx, found: Vec::new() };
    makers.value(file, function, value, 0);
    makers.found
}

/// One of the values that code chooses between, with the place where it is written.
pub(super) struct Choice {
    pub(super) file: FileId,
    pub(super) function: Option<FunctionId>,
    pub(super) value: Expr,
}

/// What the code chooses between where it makes a client or a model: the values that a name is given one after the other,
/// those that a function of the app's gives back, both sides of a conditional. Only the value itself when there is no choice.
pub(super) fn choices(cx: &Cx<'_>, file: FileId, function: Option<FunctionId>, value: &Expr) -> Vec<Choice> {
    let mut found = Vec::new();
    choose(cx, Choice { file, function, value: value.unawaited().clone() }, 0, &mut found);
    found
}

fn choose(cx: &Cx<'_>, choice: Choice, hops: usize, found: &mut Vec<Choice>) {
    let Choice { file, function, value } = &choice;
    let given = match value {
        Expr::Binary(kept, _, made) if cx.program.is_on_global_object(*file, *function, kept) => {
            vec![Choice { file: *file, function: *function, value: made.unawaited().clone() }]
        }
        Expr::Binary(one, _, other) | Expr::Either(one, other) => [one, other]
            .into_iter()
            .map(|side| Choice { file: *file, function: *function, value: side.unawaited().clone() })
            .collect(),
        Expr::Call(id) => match cx.callee(*file, *id) {
            Def::Function(at, made_in) => returned(cx.program.facts(at), at, made_in),
            _ => given(cx, *file, *function, &cx.program.facts(*file).call(*id).callee),
        },
        Expr::Path(Path { root: Root::Call(id), .. }) => {
            vec![Choice { file: *file, function: *function, value: Expr::Call(*id) }]
        }
        Expr::Path(path) => given(cx, *file, *function, path),
        _ => Vec::new(),
    };
    if given.is_empty() || hops > MAX_HOPS {
        found.push(choice);
        return;
    }
    for next in given {
        choose(cx, next, hops + 1, found);
    }
}

/// What a function gives back.
fn returned(facts: &Facts, file: FileId, function: FunctionId) -> Vec<Choice> {
    let own = facts.returns.iter().filter(|(f, value)| *f == function && !value.is_null());
    own.map(|(_, value)| Choice { file, function: Some(function), value: value.unawaited().clone() })
        .collect()
}

/// The values that the name a path starts with is given, or the field of the object around.
fn given(cx: &Cx<'_>, file: FileId, function: Option<FunctionId>, path: &Path) -> Vec<Choice> {
    if let (Root::This(_), Some(field)) = (&path.root, path.segments.first()) {
        return given_to_field(cx.program.facts(file), file, function, field);
    }
    let Root::Name(name) = &path.root else { return Vec::new() };
    let Def::Value(at, index, _) = cx.program.name(file, function, name, path.span.start) else {
        return Vec::new();
    };
    let facts = cx.program.facts(at);
    let says_nothing =
        |b: &Binding| b.value.is_null() || (b.kind == BindingKind::Let && b.value == Expr::Other);
    let all = same_name(facts, index).map(|(_, binding)| binding).filter(|b| !says_nothing(b));
    all.map(|b| Choice { file: at, function: b.function, value: b.value.unawaited().clone() }).collect()
}

/// The values that a field is given in the methods of the class around a function.
fn given_to_field(facts: &Facts, file: FileId, function: Option<FunctionId>, field: &str) -> Vec<Choice> {
    let class_of = |function| facts.enclosing(function).find_map(|f| facts.function(f).class);
    let class = class_of(function);
    let is_field = |a: &&Assign| {
        a.target.root.is_this()
            && a.target.segments.iter().eq([field])
            && class_of(a.function) == class
            && !a.value.is_null()
    };
    let given = facts.assigns.iter().filter(is_field);
    given.map(|a| Choice { file, function: a.function, value: a.value.unawaited().clone() }).collect()
}

/// The places of a function in which a name is given a value.
fn same_name(facts: &Facts, index: usize) -> impl Iterator<Item = (usize, &Binding)> {
    let binding = &facts.bindings[index];
    let same = |b: &Binding| {
        b.function == binding.function && b.class == binding.class && b.names.first() == binding.names.first()
    };
    facts.bindings.iter().enumerate().filter(move |(_, other)| same(other))
}

/// Whether a name is given a value in several places of its function: which of them made it is not known.
fn is_given_again(facts: &Facts, index: usize) -> bool {
    same_name(facts, index).count() > 1
}

struct Makers<'c, 'a> {
    cx: &'c Cx<'a>,
    found: Vec<(FileId, CallId)>,
}

impl Makers<'_, '_> {
    fn path(&mut self, file: FileId, function: Option<FunctionId>, path: &Path, hops: usize) {
        if hops > MAX_HOPS {
            return;
        }
        let cx = self.cx;
        match &path.root {
            Root::Call(id) => self.call(file, *id, hops + 1),
            Root::This(_) => {
                let facts = cx.program.facts(file);
                let Some(field) = path.segments.first() else { return };
                for assign in &facts.assigns {
                    if assign.target.root.is_this() && assign.target.segments == [field.clone()] {
                        self.value(file, assign.function, &assign.value, hops + 1);
                    }
                }
                for value in facts.classes.iter().flat_map(|c| &c.fields).filter(|f| f.name == *field) {
                    if let Some(value) = &value.value {
                        self.value(file, None, value, hops + 1);
                    }
                }
            }
            Root::Name(name) => {
                let mut def = cx.program.name(file, function, name, path.span.start);
                if let (Def::Namespace(module), Some(member)) = (&def, path.segments.first()) {
                    def = cx.program.export(*module, member, 0);
                }
                if let Def::Value(at, index, _) = def
                    && let Some(binding) = cx.program.binding(at, index).cloned()
                    && !is_given_again(cx.program.facts(at), index)
                {
                    self.value(at, binding.function, &binding.value, hops + 1);
                }
            }
            Root::Other => {}
        }
    }

    fn value(&mut self, file: FileId, function: Option<FunctionId>, value: &Expr, hops: usize) {
        if hops > MAX_HOPS {
            return;
        }
        match value.unawaited() {
            Expr::Call(id) => self.call(file, *id, hops + 1),
            Expr::Path(path) => self.path(file, function, path, hops + 1),
            Expr::Binary(kept, _, made) if self.cx.program.is_on_global_object(file, function, kept) => {
                self.value(file, function, made, hops + 1);
            }
            // Either of two: which one is not known, so that nothing is exempt because of it.
            _ => {}
        }
    }

    fn call(&mut self, file: FileId, id: CallId, hops: usize) {
        if hops > MAX_HOPS || self.found.contains(&(file, id)) {
            return;
        }
        self.found.push((file, id));
        let facts = self.cx.program.facts(file);
        let call = facts.call(id);
        if let Def::Function(at, function) = self.cx.callee(file, id) {
            let facts = self.cx.program.facts(at);
            let mut returned = facts.returns.iter().filter(|(f, _)| *f == function);
            if let (Some((_, value)), None) = (returned.next(), returned.next()) {
                self.value(at, Some(function), value, hops + 1);
            }
            return;
        }
        self.path(file, call.function, &call.callee, hops + 1);
    }
}
