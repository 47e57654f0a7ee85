//! Makes a [`Body`] while a language's adapter walks over the code.

use super::{Act, Block, BlockId, Body, Bound, Check, Cond, End, List, Span, Spot, Stmt, Value};

/// A body that is being made. What is added goes to the current block.
#[derive(Debug)]
pub struct Builder {
    body: Body,
    current: BlockId,
    loops: Vec<Loop>,
    /// Where exceptions lead, innermost last; `None` where they leave the function.
    handlers: Vec<BlockId>,
}

#[derive(Debug)]
struct Loop {
    label: Option<String>,
    leave: BlockId,
    /// Where `continue` leads; a `switch` has none.
    again: Option<BlockId>,
}

impl Default for Builder {
    fn default() -> Self {
        let mut builder =
            Self { body: Body::default(), current: BlockId(0), loops: Vec::new(), handlers: Vec::new() };
        builder.current = builder.block();
        builder
    }
}

impl Builder {
    /// The body, whose last block returns nothing.
    pub fn finish(mut self, params: Vec<Vec<Bound>>) -> Body {
        self.end(End::Return(None));
        self.body.params = params;
        self.body
    }

    /// A new block that nothing leads to yet; until it ends otherwise it is never come out of.
    pub fn block(&mut self) -> BlockId {
        let id = BlockId(self.body.blocks.len() as u32);
        self.body.blocks.push(Block {
            stmts: Vec::new(),
            end: End::Throw,
            unwind: self.handlers.last().copied(),
        });
        id
    }

    /// Where the next statement goes.
    pub fn spot(&self) -> Spot {
        Spot { block: self.current, index: self.body.block(self.current).stmts.len() }
    }

    /// Adds a statement.
    pub fn act(&mut self, span: Span, act: Act) {
        let current = self.current.0 as usize;
        self.body.blocks[current].stmts.push(Stmt { span, act });
        if !self.handlers.is_empty() {
            let next = self.block();
            self.goto(next);
        }
    }

    /// Ends the current block and goes on in `next`.
    pub fn goto(&mut self, next: BlockId) {
        self.end(End::Goto(next));
        self.current = next;
    }

    /// Goes on in a block without leading to it.
    pub fn resume(&mut self, block: BlockId) {
        self.current = block;
    }

    /// Ends the current block with a jump, without going on.
    pub fn jump(&mut self, to: BlockId) {
        self.end(End::Goto(to));
        self.unreached();
    }

    /// Asks, without going on.
    pub fn branch(&mut self, cond: Cond, yes: BlockId, no: BlockId) {
        self.end(End::Branch { cond, yes, no });
        self.unreached();
    }

    /// Leaves with a value.
    pub fn returns(&mut self, value: Option<Value>) {
        self.end(End::Return(value));
        self.unreached();
    }

    /// Throws.
    pub fn throws(&mut self) {
        if let Some(handler) = self.handlers.last() {
            self.jump(*handler);
        } else {
            self.end(End::Throw);
            self.unreached();
        }
    }

    /// What follows in the code is reached from nowhere.
    fn unreached(&mut self) {
        self.current = self.block();
    }

    fn end(&mut self, end: End) {
        self.body.blocks[self.current.0 as usize].end = end;
    }

    /// Enters a loop; [`Builder::leave_loop`] comes back from it.
    pub fn enter_loop(&mut self, label: Option<String>, leave: BlockId, again: Option<BlockId>) {
        self.loops.push(Loop { label, leave, again });
    }

    /// Comes back from a loop that was entered.
    pub fn leave_loop(&mut self) {
        self.loops.pop();
    }

    /// `break`
    pub fn breaks(&mut self, label: Option<&str>) {
        let target = self.loops.iter().rev().find(|l| label.is_none() || l.label.as_deref() == label);
        match target.map(|l| l.leave) {
            Some(block) => self.jump(block),
            None => self.unreached(),
        }
    }

    /// `continue`
    pub fn continues(&mut self, label: Option<&str>) {
        let fits = |l: &&Loop| l.again.is_some() && (label.is_none() || l.label.as_deref() == label);
        match self.loops.iter().rev().find(fits).and_then(|l| l.again) {
            Some(block) => self.jump(block),
            None => self.unreached(),
        }
    }

    /// Exceptions lead to `handler` until [`Builder::leave_try`]; the current block is left for one that knows.
    pub fn enter_try(&mut self, handler: BlockId) {
        self.handlers.push(handler);
        let inside = self.block();
        self.goto(inside);
    }

    /// Comes back from a `try`; goes on in a block whose exceptions lead where they led before.
    pub fn leave_try(&mut self) {
        self.handlers.pop();
        let outside = self.block();
        self.goto(outside);
    }

    /// Notes a statement that asks.
    pub fn check(&mut self, span: Span, asks: BlockId, after: BlockId) {
        self.body.checks.push(Check { span, asks, after });
    }

    /// Notes a list of statements.
    pub fn list(&mut self, span: Span, stmts: Vec<(Span, Spot)>) {
        let end = self.spot();
        self.body.lists.push(List { span, stmts, end });
    }
}
