//! What holds at a place: the facts that every way to it has established and nothing since has undone.
//!
//! A forward walk over the blocks of a body until nothing changes. Where ways meet, a fact holds when it holds on all of
//! them. A branch adds what its condition says on that side: `if (!a || !a.b)` that is not taken says that `a` and `a.b`
//! are there. Giving a name a value forgets what was known of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::facts::{Fact, Known, learn, there, within};
use super::{Act, Block, BlockId, Body, Bound, Cond, End, Kind, Logic, Place, Span, Spot, Value};

/// What whoever resolves names knows of calls.
pub trait Calls {
    /// Whether a call never comes back: what it calls throws whatever it is given.
    fn never(&self, call: &Value) -> bool;

    /// The places that are there once a call has come back: `assertUser(user)`.
    fn proves(&self, call: &Value) -> Vec<Place>;
}

/// Nothing is known of any call.
impl Calls for () {
    fn never(&self, _: &Value) -> bool {
        false
    }

    fn proves(&self, _: &Value) -> Vec<Place> {
        Vec::new()
    }
}

/// What holds at every block of a body.
#[derive(Debug)]
pub struct Points {
    body: Arc<Body>,
    /// By block; `None` where nothing leads.
    before: Vec<Option<Known>>,
    /// Blocks that are left in the middle, by a call that never comes back.
    left: BTreeMap<BlockId, usize>,
    /// Calls that never come back, by where they stand.
    never: BTreeSet<Span>,
    /// What calls prove by coming back, by where they stand.
    proven: BTreeMap<Span, Vec<Place>>,
}

impl Points {
    /// Looks at a whole body.
    pub fn of(body: Arc<Body>, calls: &dyn Calls) -> Self {
        let before = vec![None; body.blocks.len()];
        let mut points =
            Self { body, before, left: BTreeMap::new(), never: BTreeSet::new(), proven: BTreeMap::new() };
        let body = Arc::clone(&points.body);
        for (at, block) in body.blocks.iter().enumerate() {
            for (index, stmt) in block.stmts.iter().enumerate() {
                let (Act::Bind(_, value) | Act::Store(_, value) | Act::Eval(value)) = &stmt.act;
                if points.ask(value, calls) {
                    points.left.entry(BlockId(at as u32)).or_insert(index);
                }
            }
            if let End::Return(Some(value)) = &block.end {
                points.ask(value, calls);
            }
        }
        points.settle();
        points
    }

    /// Asks about the calls whose value is a statement's own; whether the statement is never come out of.
    fn ask(&mut self, value: &Value, calls: &dyn Calls) -> bool {
        match &value.kind {
            Kind::Call(_) if calls.never(value) => {
                self.never.insert(value.span);
                true
            }
            Kind::Call(_) => {
                let proven = calls.proves(value);
                if !proven.is_empty() {
                    self.proven.insert(value.span, proven);
                }
                false
            }
            Kind::Logic(_, left, right) => {
                self.ask(right, calls);
                self.ask(left, calls)
            }
            Kind::Choice(_, yes, no) => {
                let (yes, no) = (self.ask(yes, calls), self.ask(no, calls));
                yes && no
            }
            _ => false,
        }
    }

    /// The body.
    pub fn body(&self) -> &Arc<Body> {
        &self.body
    }

    /// What holds whenever the function comes back; `None` where it never does.
    pub fn exits(&self) -> Option<Known> {
        self.exits_with(|_| true)
    }

    /// What holds wherever the function comes back with nothing; `None` where it never does.
    pub fn silent_exits(&self) -> Option<Known> {
        self.exits_with(|value| value.is_none_or(|value| value.kind == Kind::Null))
    }

    fn exits_with(&self, fits: impl Fn(Option<&Value>) -> bool) -> Option<Known> {
        let is_end = |block: &Block| matches!(&block.end, End::Return(value) if fits(value.as_ref()));
        let ends = self.body.blocks.iter().enumerate().filter(|(_, block)| is_end(block));
        let ends = ends
            .filter_map(|(at, block)| self.at(Spot { block: BlockId(at as u32), index: block.stmts.len() }));
        ends.reduce(|a, b| a.intersection(&b).cloned().collect())
    }

    fn settle(&mut self) {
        let mut open = BTreeSet::from([BlockId(0)]);
        if let Some(first) = self.before.first_mut() {
            *first = Some(Known::new());
        }
        while let Some(id) = open.pop_first() {
            let Some(known) = self.before[id.0 as usize].clone() else { continue };
            let body = Arc::clone(&self.body);
            let block = body.block(id);
            let mut flows: Vec<(BlockId, Known)> = Vec::new();
            if let Some(handler) = block.unwind {
                flows.push((handler, known.clone()));
            }
            let stop = self.left.get(&id).copied();
            let after = self.through(known, id, stop.unwrap_or(block.stmts.len()));
            if stop.is_none() {
                match &block.end {
                    End::Goto(next) => flows.push((*next, after)),
                    End::Branch { cond, yes, no } => {
                        let mut taken = after.clone();
                        learn(cond, true, &mut taken);
                        let mut left = after;
                        learn(cond, false, &mut left);
                        // `while (true)`, `case _:`
                        let always = matches!(cond, Cond::Truthy(Value { kind: Kind::Literal(on), .. })
                            if matches!(on.as_str(), "true" | "True" | "1"));
                        flows.push((*yes, taken));
                        if !always {
                            flows.push((*no, left));
                        }
                    }
                    End::Return(_) | End::Throw => {}
                }
            }
            for (to, known) in flows {
                let slot = &mut self.before[to.0 as usize];
                let merged = match slot.as_ref() {
                    None => known,
                    Some(old) => old.intersection(&known).cloned().collect(),
                };
                if slot.as_ref() != Some(&merged) {
                    *slot = Some(merged);
                    open.insert(to);
                }
            }
        }
    }

    fn through(&self, mut known: Known, block: BlockId, until: usize) -> Known {
        for stmt in self.body.block(block).stmts.iter().take(until) {
            match &stmt.act {
                Act::Bind(names, value) => self.bind(&mut known, names, value),
                Act::Store(target, value) => {
                    if let Some(place) = target.place() {
                        known.retain(|(of, _)| !of.is_below(&place));
                        if is_made(value) {
                            there(&place, &mut known);
                        }
                    }
                }
                Act::Eval(value) => self.prove(value, &mut known),
            }
        }
        known
    }

    /// Gives names a value: what was known of them is forgotten.
    fn bind(&self, known: &mut Known, names: &[Bound], value: &Value) {
        self.prove(value, known);
        known.retain(|(place, _)| !names.iter().any(|n| n.name == place.root));
        for name in names.iter().filter(|n| !n.vague) {
            let place = Place { root: name.name.clone(), keys: Vec::new() };
            // `const user = session.user` after `if (!session.user) return`
            if let Some(mut of) = value.place() {
                of.keys.extend(name.path.iter().cloned());
                let copied: Vec<(Place, Fact)> = known
                    .iter()
                    .filter(|(p, _)| p.is_below(&of))
                    .map(|(p, fact)| {
                        let keys = p.keys[of.keys.len()..].to_vec();
                        (Place { root: name.name.clone(), keys }, fact.clone())
                    })
                    .collect();
                known.extend(copied);
            }
            if !name.path.is_empty() {
                continue;
            }
            if is_made(value) {
                there(&place, known);
            }
            // `user ?? fail()`
            if let Kind::Logic(Logic::Coalesce | Logic::Or, left, right) = &value.kind
                && self.never.contains(&right.span)
            {
                there(&place, known);
                if let Some(of) = left.place().filter(|of| of.root != name.name) {
                    there(&of, known);
                }
            }
        }
    }

    /// Adds what the calls of a statement prove by coming back.
    fn prove(&self, value: &Value, known: &mut Known) {
        for place in self.proven.get(&value.span).into_iter().flatten() {
            there(place, known);
        }
        // `user || fail()`
        if let Kind::Logic(Logic::Coalesce | Logic::Or, left, right) = &value.kind
            && self.never.contains(&right.span)
        {
            left.place().iter().for_each(|place| there(place, known));
        }
    }

    /// What holds between two statements; `None` where nothing leads.
    pub fn at(&self, spot: Spot) -> Option<Known> {
        let known = self.before.get(spot.block.0 as usize)?.clone()?;
        if self.left.get(&spot.block).is_some_and(|at| *at < spot.index) {
            return None;
        }
        Some(self.through(known, spot.block, spot.index))
    }

    /// What holds where the code at an offset is run: in its statement, and in its part of the statement
    /// (`user ? spend(user) : null`). Behind the last statement of a list, what holds at its end.
    pub fn holds(&self, offset: u32) -> Option<Known> {
        let spot = self.body.spot(offset)?;
        // Behind a `return` nothing holds and nothing is run: the place before it is meant.
        let before = || self.at(self.body.list(offset)?.stmts.last()?.1);
        let mut known = self.at(spot).or_else(before)?;
        let block = self.body.block(spot.block);
        if let Some(stmt) = block.stmts.get(spot.index) {
            let (Act::Bind(_, value) | Act::Store(_, value) | Act::Eval(value)) = &stmt.act;
            within(value, offset, &mut known);
        }
        match &block.end {
            End::Return(Some(value)) if value.span.has(offset) => within(value, offset, &mut known),
            End::Branch { cond, .. } => {
                for value in cond.values() {
                    within(value, offset, &mut known);
                }
            }
            _ => {}
        }
        Some(known)
    }

    /// Whether the statements of a block have run wherever those of another are reached.
    pub fn dominates(&self, first: BlockId, then: BlockId) -> bool {
        first == then || !self.leads(BlockId(0), then, &[first])
    }

    /// Whether some way leads from one block to another.
    pub fn reaches(&self, from: BlockId, to: BlockId) -> bool {
        self.leads(from, to, &[])
    }

    /// Whether some way leads from one block to another on which none of some others has run to its end.
    fn leads(&self, from: BlockId, to: BlockId, without: &[BlockId]) -> bool {
        let mut seen = BTreeSet::from([from]);
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            if at == to {
                return true;
            }
            // A statement that throws has not run.
            let next = if without.contains(&at) {
                self.body.block(at).unwind.into_iter().collect()
            } else {
                self.next(at)
            };
            open.extend(next.into_iter().filter(|n| seen.insert(*n)));
        }
        false
    }

    /// Where a block leads.
    fn next(&self, id: BlockId) -> Vec<BlockId> {
        let block = self.body.block(id);
        let mut next: Vec<BlockId> = block.unwind.into_iter().collect();
        if !self.left.contains_key(&id) {
            match &block.end {
                End::Goto(to) => next.push(*to),
                End::Branch { yes, no, .. } => next.extend([*yes, *no]),
                End::Return(_) | End::Throw => {}
            }
        }
        next
    }

    /// Whether some way leads to a place on which none of these statements has run.
    pub fn comes_around(&self, to: Spot, past: &[Spot]) -> bool {
        if past.iter().any(|spot| spot.block == to.block && spot.index < to.index) {
            return false;
        }
        let past: Vec<BlockId> = past.iter().map(|spot| spot.block).collect();
        self.leads(BlockId(0), to.block, &past)
    }

    /// The name on which alone it depends whether a block has run where another is reached: `if (check) { … }`.
    pub fn only_when(&self, ran: BlockId, at: BlockId) -> Option<Place> {
        self.body.blocks.iter().enumerate().find_map(|(asks, block)| {
            let End::Branch { cond: Cond::Truthy(value), yes, .. } = &block.end else { return None };
            let alone = self.reaches(*yes, ran)
                && !self.leads(*yes, at, &[ran])
                && self.dominates(BlockId(asks as u32), at);
            value.place().filter(|_| alone)
        })
    }

    /// The end of the last statement between two offsets behind which one of these is there at the second, and was not
    /// known to be before. An offset of `u32::MAX` stands for the end of the list that holds the first.
    pub fn checked(&self, from: Span, names: &[Place], until: u32) -> Option<u32> {
        let list = self.body.list(from.start)?;
        let last = list.stmts.last().map_or(from.end, |(span, _)| span.end);
        let (known, until) = if until == u32::MAX {
            let at_end = self.at(list.end).or_else(|| self.at(list.stmts.last()?.1))?;
            (at_end, last)
        } else {
            (self.holds(until)?, until)
        };
        let about = |known: &Known| -> BTreeSet<Place> {
            let of = |place: &Place| names.iter().any(|name| place.is_below(name));
            known.iter().filter(|(p, f)| *f == Fact::There && of(p)).map(|(p, _)| p.clone()).collect()
        };
        let hold = about(&known);
        let mut end = None;
        for check in self.body.checks.iter().filter(|c| c.span.start >= from.start) {
            let Some(before) =
                self.at(Spot { block: check.asks, index: self.body.block(check.asks).stmts.len() })
            else {
                continue;
            };
            let before = about(&before);
            let learnt = |known: Option<Known>| {
                known.is_some_and(|k| about(&k).iter().any(|p| hold.contains(p) && !before.contains(p)))
            };
            if check.span.end <= until && learnt(self.at(Spot { block: check.after, index: 0 })) {
                end = end.max(Some(check.span.end));
            } else if check.span.has(until) {
                // Inside of the branch that is taken when they are there.
                let branches = self.body.lists.iter().filter(|l| {
                    check.span.contains(l.span) && l.span.has(until) && l.span.start > check.span.start
                });
                let outer = branches.max_by_key(|l| l.span.len());
                if let Some((span, spot)) = outer.and_then(|l| l.stmts.first())
                    && learnt(self.at(*spot))
                {
                    end = end.max(Some(span.start));
                }
            }
        }
        end
    }
}

/// Whether a value is there whatever happens: it was written in place.
fn is_made(value: &Value) -> bool {
    match &value.kind {
        Kind::Object(_) | Kind::List(_) | Kind::Function | Kind::Text(_) => true,
        Kind::Call(call) => call.is_new,
        _ => false,
    }
}
