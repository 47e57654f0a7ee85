//! What a name holds where it is used: what it is bound to, what was assigned to its members since, and which checks have
//! been passed.

use std::collections::BTreeMap;

use super::follow::{Follow, Given, Place};
use super::shape::{Shape, What};
use crate::ir::Fact;
use crate::resolve::Def;
use crate::sites::holds::{self, Run, has_run};
use crate::syntax::{Binding, BindingKind, Call, Expr, FunctionId, Path, Span};
use crate::workspace::FileId;

/// Names of one and the same value that are followed.
const MAX_NAMES: usize = 8;

impl Follow<'_, '_> {
    /// What members of a name hold at a place.
    pub(super) fn name(&mut self, place: &Place, name: &str, members: &[String]) -> Shape {
        let (mut shape, from) = match self.cx.program.name(place.file, place.function, name, place.at) {
            Def::Value(file, index, taken) => {
                let Some(binding) = self.cx.program.binding(file, index).cloned() else {
                    return Shape::other();
                };
                let shape = self.bound(place, file, &binding).member(&taken);
                if file != place.file {
                    return read(shape.member(members));
                }
                (shape, binding.statement.end)
            }
            Def::Param(file, function, position, taken) => {
                let shape = self.param(place, file, function, position).member(&taken);
                (shape, self.cx.program.facts(file).function(function).body.start)
            }
            _ => return Shape::other(),
        };
        self.assigned(place, name, &mut shape);
        for (of, fact) in holds::about(self.cx, place.file, name, from, place.at) {
            match fact {
                Fact::There => shape.settle(&of),
                Fact::IsNot(class) => shape.rule_out(&of, &class),
                _ => {}
            }
        }
        read(shape.member(members))
    }

    /// What a parameter was given, by the call that led here or by whoever runs the function.
    pub(super) fn param(
        &mut self,
        place: &Place,
        file: FileId,
        function: FunctionId,
        position: usize,
    ) -> Shape {
        let Some(called) = place.called(file, function) else {
            return self.handed(place, file, function, position);
        };
        match called.given.get(position).cloned() {
            Some(Given::Written(value, at)) => self.value(&at, &value),
            Some(Given::Known(shape)) => shape,
            None => Shape::other(),
        }
    }

    /// What a binding gives, before its pattern takes members of it.
    fn bound(&mut self, place: &Place, file: FileId, binding: &Binding) -> Shape {
        if matches!(binding.kind, BindingKind::Loop | BindingKind::With) {
            return Shape::other();
        }
        let calls = place.calls.clone().filter(|_| file == place.file);
        let inside = Place { file, function: binding.function, at: binding.statement.start, calls };
        let starts = binding.kind != BindingKind::Let || self.cx.slice(file, binding.statement).contains('=');
        let mut value = starts.then(|| match binding.value {
            Expr::Null => None,
            ref value => Some(self.value(&inside, value)),
        });
        let Some(name) =
            binding.names.first().filter(|n| n.path.is_empty() && binding.kind == BindingKind::Let)
        else {
            return value.flatten().unwrap_or_else(Shape::other);
        };
        // `let session; try { session = await auth(); } …`
        let facts = self.cx.program.facts(file);
        let given = facts.bindings.iter().filter(|b| {
            b.kind == BindingKind::Assigned
                && binding.scope.contains(b.statement)
                && b.statement.end <= place.at
                && b.names.iter().any(|n| n.local == name.local)
        });
        for later in given {
            let at = Place { function: later.function, at: later.statement.start, ..inside.clone() };
            let taken = later.names.iter().find(|n| n.local == name.local);
            let taken = taken.map(|n| n.path.clone()).unwrap_or_default();
            let given = self.value(&at, &later.value).member(&taken);
            match (self.run(&inside, later.statement, place.at), value.take().flatten()) {
                (Some(true), _) => value = Some(Some(given)),
                (Some(false), None) => value = Some(Some(given.maybe())),
                (Some(false), Some(before)) => value = Some(Some(before.join(given))),
                (None, before) => value = Some(before),
            }
        }
        value.flatten().unwrap_or_else(Shape::other)
    }

    /// Takes what was assigned to members of a name before a place into account, under whatever name that was done.
    fn assigned(&mut self, place: &Place, name: &str, shape: &mut Shape) {
        for set in self.sets(place, name) {
            let Some(run) = self.run(place, set.statement, place.at) else { continue };
            let at = Place { function: set.function, at: set.statement.start, ..place.clone() };
            let mut changed = shape.clone();
            for value in &set.values {
                let given = self.value(&at, value);
                let given = if set.merges { merged(changed.member(&set.path), &given) } else { given };
                changed.set(&set.path, given);
            }
            *shape = if run { changed } else { std::mem::replace(shape, Shape::other()).join(changed) };
        }
    }

    /// What sets members of a name's value before a place, in order.
    fn sets(&self, place: &Place, name: &str) -> Vec<Set> {
        let facts = self.cx.program.facts(place.file);
        let mut wanted = None;
        let mut is_it = |function: Option<FunctionId>, path: &Path| {
            let Some(root) = path.root_name() else { return false };
            let object = || self.object(place.file, place.function, name, place.at);
            self.object(place.file, function, root, path.span.start) == *wanted.get_or_insert_with(object)
        };
        let mut sets = Vec::new();
        for assign in facts.assigns.iter().filter(|a| a.statement.end <= place.at) {
            if is_it(assign.function, &assign.target) {
                sets.push(Set {
                    statement: assign.statement,
                    function: assign.function,
                    path: assign.target.segments.clone(),
                    values: vec![assign.value.clone()],
                    merges: false,
                });
            }
        }
        for call in facts.calls.iter().filter(|c| c.statement.end <= place.at && is_merge(c)) {
            if let Some((Expr::Path(target), values)) = call.args.split_first()
                && is_it(call.function, target)
            {
                sets.push(Set {
                    statement: call.statement,
                    function: call.function,
                    path: target.segments.clone(),
                    values: values.to_vec(),
                    merges: true,
                });
            }
        }
        sets.sort_by_key(|set| set.statement);
        sets
    }

    /// Whether a statement has been run for certain at an offset of its file; nothing when it has not.
    fn run(&self, place: &Place, statement: Span, at: u32) -> Option<bool> {
        match has_run(self.cx, place.file, statement, at) {
            Run::Surely => Some(true),
            Run::Perhaps => Some(false),
            Run::Never => None,
            // `if (check) { … }` in a function that was given one.
            Run::When(name) => match self.cx.program.name(place.file, place.function, &name, statement.start)
            {
                Def::Param(file, function, position, taken) if taken.is_empty() => {
                    let Some(called) = place.called(file, function) else { return Some(false) };
                    match called.given.get(position) {
                        Some(Given::Written(value, _)) if value.is_null() => None,
                        Some(Given::Written(Expr::Function(_), _)) => Some(true),
                        Some(Given::Written(Expr::Path(path), from)) => {
                            let def = self.cx.def(from.file, from.function, path);
                            Some(matches!(def, Def::Function(..)))
                        }
                        Some(_) => Some(false),
                        None => None,
                    }
                }
                _ => Some(false),
            },
        }
    }

    /// The value that a name stands for, whatever it is called: `const signed = request as Signed` is `request`.
    pub(super) fn object(&self, file: FileId, function: Option<FunctionId>, name: &str, at: u32) -> Def {
        let mut def = self.cx.program.name(file, function, name, at);
        for _ in 0..MAX_NAMES {
            let Def::Value(file, index, taken) = &def else { break };
            let Some(binding) = self.cx.program.binding(*file, *index).filter(|_| taken.is_empty()) else {
                break;
            };
            let Expr::Path(path) = &binding.value else { break };
            let (Some(name), true) = (path.root_name(), path.segments.is_empty()) else { break };
            def = self.cx.program.name(*file, binding.function, name, path.span.start);
        }
        def
    }
}

/// A statement that sets members of a value.
struct Set {
    statement: Span,
    function: Option<FunctionId>,
    path: Vec<String>,
    values: Vec<Expr>,
    /// The members of the values are set, and not the values themselves.
    merges: bool,
}

/// Whether a call puts the members of other objects into the first.
pub(super) fn is_merge(call: &Call) -> bool {
    call.callee.root_name() == Some("Object") && call.callee.segments == ["assign"]
}

/// An object with the members of another one over its own.
fn merged(mut object: Shape, other: &Shape) -> Shape {
    if !matches!(object.what, What::Object(_)) {
        object = Shape::of(What::Object(BTreeMap::new()));
    }
    object.spread(other);
    object
}

/// A part that the code itself reads is there under that name.
fn read(mut shape: Shape) -> Shape {
    if let What::Part { rank, .. } = &mut shape.what {
        *rank = 0;
    }
    shape
}
