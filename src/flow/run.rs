//! Runs bodies over values.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::names::Names;
use super::state::{Given, State, entered, is_dead, join_cells, join_given, join_states, refined};
use super::value::{Abs, Trust, What};
use super::world::World;
use crate::deep::MAX_CALLS;
use crate::ir::{Act, BlockId, Bound, Call, Cond, End, Kind, Known, Points, Spot, Value};
use crate::syntax::{FunctionId, Span};
use crate::workspace::FileId;

/// Statements that one question may look at. The largest handler seen needs a few thousand.
const FUEL: u32 = 60_000;

/// Rounds after which what still changes in a loop is taken for anything.
const ROUNDS: u32 = 8;

/// A function.
pub type Fun = (FileId, FunctionId);

/// The search behind one question.
pub struct Engine<'w> {
    pub(super) world: &'w dyn World,
    /// The function whose calls are noted.
    pub(super) target: Option<Fun>,
    pub(super) noted: Vec<Given>,
    /// The shared places at each call that goes on with the request.
    pub(super) went_on: Vec<Names>,
    /// Members of claims that the code reads.
    pub(super) reads: BTreeSet<(usize, Vec<String>)>,
    running: Vec<Fun>,
    /// What calls came back with that did nothing else and met no function that was being run.
    known: BTreeMap<Called, Vec<Exit>>,
    /// The same of the run that this search goes on from.
    before: Arc<BTreeMap<Called, Vec<Exit>>>,
    /// Calls so far of functions that were being run already.
    cut: usize,
    fuel: u32,
}

/// A function with what it sees of the functions around it and what it is given.
type Called = (Fun, Names, Given);

/// What a function comes back with, and what names and shared places hold then.
type Exit = (Abs, State);

/// A function that was run.
#[derive(Debug)]
pub struct Ran {
    fun: Fun,
    /// What names hold where each block begins.
    holds: BTreeMap<BlockId, State>,
    reads: BTreeSet<(usize, Vec<String>)>,
    known: Arc<BTreeMap<Called, Vec<Exit>>>,
    /// What it left of the allowance.
    fuel: u32,
}

/// What a run of a body finds.
struct Flow {
    /// What names hold where each block begins.
    before: BTreeMap<BlockId, State>,
    /// What the blocks that end the function come back with.
    exits: BTreeMap<BlockId, Exit>,
}

/// A function that is being run.
#[derive(Clone, Copy)]
pub(super) struct Frame<'f> {
    pub(super) fun: Fun,
    pub(super) known: &'f Known,
    /// A member of what may be null may be null, even where reading it would have thrown.
    pub(super) careful: bool,
}

impl<'w> Engine<'w> {
    /// A new search.
    pub fn new(world: &'w dyn World) -> Self {
        Self {
            world,
            target: None,
            noted: Vec::new(),
            went_on: Vec::new(),
            reads: BTreeSet::new(),
            running: Vec::new(),
            known: BTreeMap::new(),
            before: Arc::default(),
            cut: 0,
            fuel: FUEL,
        }
    }

    /// Runs a function of its own, for any number of questions about places of it.
    pub fn whole(mut self, fun: Fun, first: State) -> Option<Ran> {
        let points = self.world.points(fun.0, fun.1)?;
        let flow = self.flow(fun, &points, first);
        Some(Ran { fun, holds: flow.before, reads: self.reads, known: Arc::new(self.known), fuel: self.fuel })
    }

    /// A search that goes on from such a run.
    pub fn after(world: &'w dyn World, ran: &Ran) -> Self {
        let (before, reads) = (Arc::clone(&ran.known), ran.reads.clone());
        Self { before, reads, fuel: ran.fuel, ..Self::new(world) }
    }

    /// What names hold at an offset of the function that was run, or of one written inside of it.
    pub fn within(&mut self, ran: &Ran, offset: u32) -> Option<(Fun, State)> {
        let points = self.world.points(ran.fun.0, ran.fun.1)?;
        self.come_to(ran.fun, &points, &ran.holds, offset)
    }

    /// Whether the search was given up.
    pub fn is_exhausted(&self) -> bool {
        self.fuel == 0
    }

    /// Whether the code was seen to read a member of claims.
    pub fn is_read(&self, rule: usize, path: &[String]) -> bool {
        self.reads.contains(&(rule, path.to_vec()))
    }

    /// What the shared places hold wherever a function goes on with the request; nothing where it was not seen to.
    pub fn going_on(&mut self, function: &Abs, given: Given) -> Option<Names> {
        let before = std::mem::take(&mut self.went_on);
        self.invoke(function, given);
        let seen = std::mem::replace(&mut self.went_on, before);
        seen.into_iter().reduce(|a, b| join_cells(a, &b))
    }

    /// What the shared places hold wherever a function comes back with nothing.
    pub fn coming_back(&mut self, function: &Abs, given: Given) -> Option<Names> {
        let What::Function(file, id, seen) = &function.what else { return None };
        let exits = self.exits((*file, *id), seen, given)?;
        let silent = exits.into_iter().filter(|(value, _)| value.maybe);
        silent.map(|(_, state)| state.cells).reduce(|a, b| join_cells(a, &b))
    }

    /// What a function is called with whenever another one is run; nothing where it was not seen to be called.
    pub fn calling(&mut self, target: Fun, function: &Abs, given: Given) -> Option<Given> {
        let before = (self.target.replace(target), std::mem::take(&mut self.noted));
        self.invoke(function, given);
        self.target = before.0;
        let seen = std::mem::replace(&mut self.noted, before.1);
        seen.into_iter().reduce(join_given)
    }

    /// What a function gives back, with the shared places then; nothing where it never comes back.
    pub fn invoke(&mut self, function: &Abs, given: Given) -> Option<(Abs, Names)> {
        let What::Function(file, id, seen) = &function.what else { return None };
        if self.target == Some((*file, *id)) {
            self.noted.push(given.clone());
            return Some((Abs::any(Trust::App), given.cells));
        }
        let exits = self.exits((*file, *id), seen, given)?;
        let (values, cells): (Vec<Abs>, Vec<Names>) =
            exits.into_iter().map(|(value, state)| (value, state.cells)).unzip();
        let cells = cells.into_iter().reduce(|first, then| join_cells(first, &then))?;
        Some((Abs::either(values), cells))
    }

    /// What names hold at an offset of a function, or of one written inside of it.
    pub fn at(&mut self, fun: Fun, state: State, offset: u32) -> Option<(Fun, State)> {
        let points = self.world.points(fun.0, fun.1)?;
        let flow = self.flow(fun, &points, state);
        self.come_to(fun, &points, &flow.before, offset)
    }

    fn come_to(
        &mut self,
        fun: Fun,
        points: &Points,
        holds: &BTreeMap<BlockId, State>,
        offset: u32,
    ) -> Option<(Fun, State)> {
        let spot = points.body().spot(offset)?;
        let before = holds.get(&spot.block)?.clone();
        let state = self.through(fun, points, before, spot)?;
        let inner = function_around(points, spot, offset);
        let inner = inner.and_then(|span| self.world.function_at(fun.0, span));
        let Some(inner) = inner else { return Some((fun, state)) };
        let points = self.world.points(fun.0, inner)?;
        let mut inside = state;
        for bound in points.body().params.iter().flatten() {
            inside.locals.insert(&bound.name, Abs::any(Trust::App));
        }
        self.at((fun.0, inner), inside, offset)
    }

    /// What an expression of a function is where its names hold this.
    pub fn value(&mut self, fun: Fun, state: &State, known: &Known, value: &Value) -> Abs {
        let frame = Frame { fun, known, careful: true };
        self.eval(frame, &mut state.clone(), value)
    }

    /// The values a call is given where the names of its function hold this.
    pub fn arguments(&mut self, fun: Fun, state: &State, known: &Known, call: &Call) -> Given {
        let frame = Frame { fun, known, careful: false };
        self.given(frame, &mut state.clone(), call)
    }

    /// The names of a function when it is called with this.
    pub fn enter(&self, fun: Fun, given: Given) -> Option<State> {
        let points = self.world.points(fun.0, fun.1)?;
        Some(entered(&points, Names::new(), given))
    }

    pub(super) fn exits(&mut self, fun: Fun, seen: &Names, given: Given) -> Option<Vec<Exit>> {
        // One that is being run already gives something that nobody vouches for.
        if self.running.contains(&fun) {
            self.cut += 1;
            return Some(vec![(Abs::any(Trust::App), State { locals: Names::new(), cells: given.cells })]);
        }
        if self.running.len() >= MAX_CALLS {
            self.fuel = 0;
            return None;
        }
        let called = (fun, seen.clone(), given);
        if let Some(known) = self.known.get(&called).or_else(|| self.before.get(&called)) {
            return Some(known.clone());
        }
        let points = self.world.points(fun.0, fun.1)?;
        let state = entered(&points, seen.clone(), called.2.clone());
        let traces = (self.cut, self.noted.len(), self.went_on.len());
        self.running.push(fun);
        let flow = self.flow(fun, &points, state);
        self.running.pop();
        let exits: Vec<Exit> = flow.exits.into_values().collect();
        if traces == (self.cut, self.noted.len(), self.went_on.len()) && !self.is_exhausted() {
            self.known.insert(called, exits.clone());
        }
        Some(exits)
    }

    /// Runs a body until nothing changes.
    fn flow(&mut self, fun: Fun, points: &Arc<Points>, first: State) -> Flow {
        let body = Arc::clone(points.body());
        let mut before = BTreeMap::from([(BlockId(0), first)]);
        let mut exits = BTreeMap::new();
        let mut rounds: BTreeMap<BlockId, u32> = BTreeMap::new();
        let mut open = BTreeSet::from([BlockId(0)]);
        while let Some(id) = open.pop_first() {
            let Some(state) = before.get(&id).cloned() else { continue };
            let block = body.block(id);
            let mut flows: Vec<(BlockId, State)> = Vec::new();
            flows.extend(block.unwind.map(|handler| (handler, state.clone())));
            let spot = Spot { block: id, index: block.stmts.len() };
            if let Some(mut after) = self.through(fun, points, state, spot) {
                let known = points.at(spot).unwrap_or_default();
                match &block.end {
                    End::Goto(next) => flows.push((*next, after)),
                    End::Branch { cond, yes, no } => {
                        let frame = Frame { fun, known: &known, careful: false };
                        for value in cond.values() {
                            self.eval(frame, &mut after, value);
                        }
                        let always = matches!(cond, Cond::Truthy(Value { kind: Kind::Literal(on), .. })
                            if matches!(on.as_str(), "true" | "True" | "1"));
                        if !is_dead(points, cond, true, &after) {
                            flows.push((*yes, refined(cond, true, after.clone())));
                        }
                        if !always && !is_dead(points, cond, false, &after) {
                            flows.push((*no, refined(cond, false, after)));
                        }
                    }
                    End::Return(value) => {
                        let frame = Frame { fun, known: &known, careful: false };
                        let value = value.as_ref().map_or(Abs::NULL, |v| self.eval(frame, &mut after, v));
                        exits.insert(id, (value, after));
                    }
                    End::Throw => {}
                }
            }
            for (to, state) in flows {
                let merged = match before.get(&to) {
                    None => state,
                    Some(old) => {
                        let round = rounds.entry(to).or_default();
                        *round += 1;
                        let wide = *round > ROUNDS;
                        join_states(old.clone(), &state, wide)
                    }
                };
                if before.get(&to) != Some(&merged) {
                    before.insert(to, merged);
                    open.insert(to);
                }
            }
        }
        Flow { before, exits }
    }

    /// What names hold between two statements of a block; nothing where that is never come to.
    fn through(&mut self, fun: Fun, points: &Points, mut state: State, until: Spot) -> Option<State> {
        let body = Arc::clone(points.body());
        for (index, stmt) in body.block(until.block).stmts.iter().take(until.index).enumerate() {
            self.fuel = self.fuel.checked_sub(1).filter(|left| *left > 0).unwrap_or(0);
            if self.fuel == 0 {
                return None;
            }
            let known = points.at(Spot { block: until.block, index })?;
            let frame = Frame { fun, known: &known, careful: false };
            match &stmt.act {
                Act::Eval(value) => {
                    self.eval(frame, &mut state, value);
                }
                Act::Bind(names, value) => {
                    let given = self.eval(frame, &mut state, value);
                    for bound in names {
                        let part = self.taken(&state, &given, bound);
                        state.locals.insert(&bound.name, part);
                    }
                }
                Act::Store(target, value) => {
                    let given = self.eval(frame, &mut state, value);
                    self.store(frame, &mut state, target, given);
                }
            }
        }
        // What a call never comes back from is not gone past.
        points.at(until)?;
        Some(state)
    }

    /// What a name takes from a value.
    fn taken(&mut self, state: &State, given: &Abs, bound: &Bound) -> Abs {
        let mut value = given.clone();
        for key in &bound.path {
            if key == "..." {
                return Abs::any(value.trust().min(Trust::App));
            }
            value = self.member(state, &value, key);
        }
        if bound.vague && !bound.path.is_empty() { value.join(Abs::any(Trust::App)) } else { value }
    }

    fn store(&mut self, frame: Frame<'_>, state: &mut State, target: &Value, given: Abs) {
        let Kind::Member { of, key, .. } = &target.kind else { return };
        let base = self.eval(frame, state, of);
        if let What::Cell(cell, mut path) = base.what {
            path.push(key.clone());
            if let Some(held) = state.cells.get_mut(&cell) {
                held.set(&path, given);
            }
            return;
        }
        let Some(place) = target.place() else { return };
        let root = if matches!(base.what, What::Never) { None } else { state.locals.get_mut(&place.root) };
        if let Some(held) = root {
            held.set(&place.keys, given);
        }
    }
}

/// The function written in a statement that an offset is in.
fn function_around(points: &Points, spot: Spot, offset: u32) -> Option<Span> {
    let block = points.body().block(spot.block);
    let mut found = None;
    let mut look = |value: &Value| {
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            if value.kind == Kind::Function && value.span.has(offset) {
                found = Some(value.span);
            }
            open.extend(value.parts());
        }
    };
    for stmt in block.stmts.iter().skip(spot.index) {
        let (Act::Bind(_, value) | Act::Store(_, value) | Act::Eval(value)) = &stmt.act;
        look(value);
    }
    match &block.end {
        End::Return(Some(value)) => look(value),
        End::Branch { cond, .. } => cond.values().into_iter().for_each(&mut look),
        _ => {}
    }
    found
}
