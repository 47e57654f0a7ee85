//! Shared bookkeeping of the language walks: where in the module we are.
//!
//! A walk pushes what it enters (function, class, block, statement) and pops it on leaving; what it records takes its
//! place from here. Depth is bounded, so that no input can overflow the stack: deeper nodes are simply not described.

use super::facts::{
    Binding, BindingKind, Call, CallId, ClassId, Expr, Facts, Function, FunctionId, PatternName, ResultUse,
    Span,
};

/// Nesting beyond which a module is not described further; real code stays below a hundred.
const MAX_DEPTH: u32 = 400;

/// Function, class, statement and block the walk is in.
pub(super) type Place = (Option<FunctionId>, Option<ClassId>, Span, Span);

pub(super) struct Builder<'t> {
    pub(super) text: &'t str,
    pub(super) facts: Facts,
    pub(super) function: Option<FunctionId>,
    pub(super) class: Option<ClassId>,
    pub(super) statement: Span,
    pub(super) block: Span,
    depth: u32,
}

impl<'t> Builder<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let whole = Span { start: 0, end: text.len() as u32 };
        Self {
            text,
            facts: Facts::default(),
            function: None,
            class: None,
            statement: whole,
            block: whole,
            depth: 0,
        }
    }

    pub(super) fn slice(&self, node: tree_sitter::Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// Goes one level deeper; `false` when that is too deep, and then nothing has to be left.
    pub(super) fn enter(&mut self) -> bool {
        let fits = self.depth < MAX_DEPTH;
        self.depth += u32::from(fits);
        fits
    }

    /// Comes back from a level entered.
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Keeps what the function around returns here.
    pub(super) fn returned(&mut self, value: Expr) {
        if let Some(function) = self.function {
            self.facts.returns.push((function, value));
        }
    }

    /// Adds a function; what is recorded until [`Builder::restore`] stands in it.
    pub(super) fn begin_function(&mut self, function: Function) -> (FunctionId, Place) {
        let id = FunctionId(self.facts.functions.len() as u32);
        let outer = self.place();
        self.block = function.body;
        self.facts.functions.push(function);
        self.function = Some(id);
        self.class = None;
        (id, outer)
    }

    /// Leaves the function (or class, or block) whose outer place this is.
    pub(super) fn restore(&mut self, outer: Place) {
        (self.function, self.class, self.statement, self.block) = outer;
    }

    /// Where the walk is.
    pub(super) fn place(&self) -> Place {
        (self.function, self.class, self.statement, self.block)
    }

    /// Reserves the id of a call, so that functions among its arguments can name it.
    pub(super) fn reserve_call(&mut self, call: Call) -> CallId {
        let id = CallId(self.facts.calls.len() as u32);
        self.facts.calls.push(call);
        id
    }

    pub(super) fn set_result(&mut self, value: &Expr, result: ResultUse) {
        let awaited = matches!(value, Expr::Await(_));
        if let Some(id) = value.as_call() {
            let call = &mut self.facts.calls[id.0 as usize];
            call.result = result;
            call.awaited |= awaited;
        }
    }

    pub(super) fn bind(
        &mut self,
        names: Vec<PatternName>,
        value: Expr,
        annotation: Option<String>,
        kind: BindingKind,
    ) {
        let used = if kind == BindingKind::Loop { ResultUse::Iterated } else { ResultUse::Bound };
        self.set_result(&value, used);
        if names.is_empty() {
            return;
        }
        self.facts.bindings.push(Binding {
            names,
            value,
            annotation,
            kind,
            statement: self.statement,
            scope: self.block,
            function: self.function,
            class: self.class,
        });
    }
}
