//! The calls that make a client or a model, however it is passed around: their options say where it talks to, and with
//! which key.

use super::cx::Cx;
use crate::resolve::Def;
use crate::syntax::{Binding, CallId, Expr, Facts, FunctionId, Path, Root};
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

/// Whether a name is given a value in several places of its function: which of them made it is not known.
fn is_given_again(facts: &Facts, index: usize) -> bool {
    let binding = &facts.bindings[index];
    let same = |b: &Binding| {
        b.function == binding.function && b.class == binding.class && b.names.first() == binding.names.first()
    };
    facts.bindings.iter().enumerate().any(|(at, other)| at != index && same(other))
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
