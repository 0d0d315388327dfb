//! A rule on many small problems at once, in f64.
//!
//! Benchmarks run one rule with many learning rates and seeds on a function of two or three coordinates. Each of these runs is a
//! *lane*; the lanes take their steps together, so that every op of the rule is decoded once for all of them and what depends on
//! the step alone is computed once. Each lane gets exactly the bits that [`super::Runner`] gives alone.
//!
//! Elements lie coordinate by coordinate, lanes side by side within one.

#![allow(
    clippy::inline_always,
    reason = "a step must be compiled together with its loops, for each instruction set"
)]

mod compile;
mod draws;
mod loops;
mod objective;
mod powers;
mod quick;
mod remembered;

pub use objective::ObjectiveLanes;
pub(crate) use remembered::Remembered;

use super::EngineError;
use super::noise::{self, Source};
use crate::ir::Rule;
use crate::op::{Leaf, Op};
use draws::Draws;
use loops::{Arg, advance, apply, map2};
use quick::{Quick, copy_few};

/// How many values there are for each coordinate and lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Width {
    /// One for all lanes.
    Shared,
    /// One for each lane.
    Lane,
    /// One for each coordinate of each lane.
    Wide,
}

/// Some values in the buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Block {
    start: usize,
    width: Width,
}

/// What one instruction does.
#[derive(Clone, Copy, Debug)]
enum Work {
    Quick(Quick),
    Leaf(Leaf),
    Apply(Op, [Block; 3], usize),
    /// `1 - beta^n` for the n-th update.
    Correction(Block),
    /// A value on every lane, divided by the one correction.
    Debias(Block, Block),
    /// State whose value is the state: it stays where it is from step to step.
    Ema(Block, Block),
    Trace(Block, Block),
    Total(Block),
    Peak(Block),
    Last(Block, Block, usize),
    LastUpdate(usize),
    Drop(Block, Block, u32),
    Reduce(Op, Block),
    /// Four values: an expression over a sign.
    Table(usize),
    /// A value by the sign of another, or the product of two, out of a table.
    Pick(Block, Option<Block>, Block),
}

#[derive(Clone, Copy, Debug)]
struct Instruction {
    work: Work,
    out: Block,
}

/// An instruction where it stands: one with a loop of its own, or the place of another.
#[derive(Clone, Copy, Debug)]
enum Step {
    Quick(Quick),
    Other(usize),
}

/// An argument of an op in a table.
#[derive(Clone, Copy, Debug)]
enum TableArg {
    Sign,
    One,
    Entry(usize),
    Value(usize),
}

type TableEntry = (Op, [TableArg; 3], usize);

/// A rule on many lanes, with their state.
#[derive(Clone, Debug)]
pub struct Lanes {
    coordinates: usize,
    seeds: Vec<u64>,
    /// For each lane the first that has its seed.
    twins: Vec<usize>,
    /// Whether all lanes draw the same.
    is_one_seed: bool,
    steps: Vec<Step>,
    /// Those that have no loop of their own.
    instructions: Vec<Instruction>,
    tables: Vec<Vec<TableEntry>>,
    values: Vec<f64>,
    state: Vec<f64>,
    remembered: Vec<(Block, usize)>,
    root: Block,
    update: Vec<f64>,
    is_first: bool,
}

/// Everything that one step depends on, apart from state.
struct Moment<'a> {
    /// Each coordinate on all lanes.
    w: &'a dyn Fn(usize) -> &'a [f64],
    g: &'a dyn Fn(usize) -> &'a [f64],
    step: u64,
    total: u64,
}

impl Moment<'_> {
    fn t(&self) -> f64 {
        number(self.step.min(self.total))
    }

    fn source(&self, seed: u64, stream: u32) -> Source {
        Source {
            seed,
            stream,
            tensor: 0,
            step: self.step,
        }
    }
}

impl Lanes {
    /// A rule before its first step on vectors of some coordinates, one lane for each seed.
    ///
    /// # Errors
    /// What keeps the rule from running on a vector.
    pub fn new(rule: &Rule, coordinates: usize, seeds: &[u64]) -> Result<Self, EngineError> {
        compile::compile(rule, coordinates, seeds)
    }

    /// How many lanes there are.
    pub fn count(&self) -> usize {
        self.seeds.len()
    }

    /// The updates for these weights and gradients, coordinate by coordinate, lanes side by side; the state moves on by one step.
    ///
    /// # Panics
    /// Where there are more or fewer values than coordinates of all lanes.
    pub fn update(&mut self, w: &[f64], g: &[f64], step: u64, total: u64) -> &[f64] {
        let wide = self.coordinates * self.seeds.len();
        assert!(
            w.len() == wide && g.len() == wide,
            "one value a coordinate and lane"
        );
        let count = self.seeds.len();
        let w = |i: usize| &w[i * count..(i + 1) * count];
        let g = |i: usize| &g[i * count..(i + 1) * count];
        self.advance(&w, &g, step, total, &mut Remembered::by_thread())
    }

    /// As [`Lanes::update`], for weights and gradients that lie anywhere: each coordinate on all lanes.
    #[inline(always)]
    pub(crate) fn advance<'a>(
        &mut self,
        w: &'a impl Fn(usize) -> &'a [f64],
        g: &'a impl Fn(usize) -> &'a [f64],
        step: u64,
        total: u64,
        remembered: &mut Remembered,
    ) -> &[f64] {
        let wide = self.coordinates * self.seeds.len();
        let moment = Moment { w, g, step, total };
        let steps = std::mem::take(&mut self.steps);
        for step in &steps {
            let instruction = match step {
                Step::Quick(quick) => {
                    quick.run(&mut self.values);
                    continue;
                }
                Step::Other(place) => self.instructions[*place],
            };
            if let Work::Leaf(leaf @ (Leaf::Grad | Leaf::Weight)) = instruction.work {
                let lanes = self.seeds.len();
                let out = &mut self.values[instruction.out.start..][..wide];
                if leaf == Leaf::Grad {
                    gather(out, lanes, g);
                } else {
                    gather(out, lanes, w);
                }
            } else if let Work::Correction(beta) = instruction.work
                && beta.width == Width::Shared
            {
                let beta = self.values[beta.start];
                let correction = remembered.powers.correction(beta, moment.step);
                self.values[instruction.out.start] = correction;
            } else if let Work::Debias(x, beta) = instruction.work {
                let (before, rest) = self.values.split_at_mut(instruction.out.start);
                let beta = before[beta.start];
                let correction = remembered.powers.correction(beta, moment.step);
                quick::divide(&mut rest[..wide], &before[x.start..][..wide], correction);
            } else if let Work::Drop(x, p, stream) = instruction.work
                && self.is_one_seed
                && (x.width, p.width) == (Width::Wide, Width::Shared)
                && let Some(row) = remembered
                    .draws
                    .known(moment.source(self.seeds[0], stream), self.coordinates)
            {
                let (before, rest) = self.values.split_at_mut(instruction.out.start);
                let p = before[p.start];
                quick::drop_rows(&mut rest[..wide], &before[x.start..][..wide], row, p);
            } else {
                self.execute(&instruction, &moment, &mut remembered.draws);
            }
        }
        self.steps = steps;
        for (body, state) in &self.remembered {
            let kept = &mut self.state[*state..*state + wide];
            spread(&self.values, *body, self.seeds.len(), kept);
        }
        self.is_first = false;
        if self.root.width == Width::Wide {
            return &self.values[self.root.start..self.root.start + wide];
        }
        spread(&self.values, self.root, self.seeds.len(), &mut self.update);
        &self.update
    }

    fn len(&self, width: Width) -> usize {
        match width {
            Width::Shared => 1,
            Width::Lane => self.seeds.len(),
            Width::Wide => self.coordinates * self.seeds.len(),
        }
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each kind of work")]
    fn execute(&mut self, instruction: &Instruction, moment: &Moment<'_>, draws: &mut Draws) {
        let Instruction { work, out } = *instruction;
        let len = self.len(out.width);
        let lanes = self.seeds.len();
        // Arguments lie before the value that is computed from them.
        let (before, rest) = self.values.split_at_mut(out.start);
        let is_first = self.is_first;
        if let Work::Table(table) = work {
            fill_table(&self.tables[table], before, &mut rest[..4]);
            return;
        }
        let target = &mut rest[..len];
        let source = |lane: usize, stream| moment.source(self.seeds[lane], stream);
        let kept = |state: usize| state..state + len;
        let view = View {
            before,
            lanes,
            width: out.width,
        };
        match work {
            Work::Leaf(leaf) => match leaf {
                Leaf::Grad => gather(target, lanes, moment.g),
                Leaf::Weight => gather(target, lanes, moment.w),
                Leaf::Step => target.fill(moment.t()),
                Leaf::Total => target.fill(number(moment.total)),
                Leaf::Noise => {
                    draw(&self.twins, target, |lane, row| {
                        let source = source(lane, noise::STREAM_NOISE);
                        draws.row(source, row, noise::fill_normal);
                    });
                    for out in target {
                        *out *= 0.1;
                    }
                }
                Leaf::StepNoise => {
                    let deviation = libm::pow(1.0 + moment.t(), -0.55 / 2.0);
                    draw(&self.twins, target, |lane, row| {
                        let source = source(lane, noise::STREAM_STEP_NOISE);
                        draws.row(source, row, noise::fill_normal);
                    });
                    for out in target {
                        *out *= deviation;
                    }
                }
                Leaf::Coordinate(_) => unreachable!("coordinates are turned away before running"),
            },
            Work::Apply(op, args, count) => view.each(&args[..count], target, |out, args| {
                apply(op, out, args);
            }),
            Work::Correction(beta) => view.each(&[beta], target, |out, args| {
                map2(out, args[0], args[0], |beta, _| {
                    1.0 - libm::pow(beta, number(moment.step) + 1.0)
                });
            }),
            Work::Ema(x, beta) => {
                view.advance([x, beta], target, |s, x, beta| beta * s + (1.0 - beta) * x);
            }
            Work::Trace(x, mu) => view.advance([x, mu], target, |s, x, mu| mu * s + x),
            Work::Total(x) => view.advance([x, x], target, |s, x, _| s + x),
            Work::Peak(x) => view.advance([x, x], target, |s, x, _| {
                Op::Max.apply(&[s, x]).expect("a pure op")
            }),
            Work::Last(x, init, state) => {
                let state = &mut self.state[kept(state)];
                if is_first {
                    spread_within(&view, init, target);
                } else {
                    target.copy_from_slice(state);
                }
                spread_within(&view, x, state);
            }
            Work::LastUpdate(state) => target.copy_from_slice(&self.state[kept(state)]),
            Work::Drop(x, p, stream) => {
                draw(&self.twins, target, |lane, row| {
                    draws.row(source(lane, stream), row, noise::fill_uniform);
                });
                let drop = |draw: f64, x: f64, p: f64| if draw < p { 0.0 } else { x };
                view.advance([x, p], target, drop);
            }
            Work::Reduce(op, x) => {
                let count = if x.width == Width::Wide {
                    self.coordinates
                } else {
                    1
                };
                for (lane, out) in target.iter_mut().enumerate() {
                    let values = (0..count).map(|i| view.element(x, i, lane));
                    let squares = matches!(op, Op::Norm | Op::Rms);
                    let term = |x: f64| if squares { x * x } else { x };
                    let sum: f64 = values.map(term).sum();
                    let mean = sum / number(element(count));
                    *out = if op == Op::Norm {
                        libm::sqrt(sum)
                    } else if op == Op::Rms {
                        libm::sqrt(mean)
                    } else if op == Op::Mean {
                        mean
                    } else {
                        sum
                    };
                }
            }
            Work::Pick(x, y, table) => {
                let pick = quick::pick(&before[table.start..table.start + 4]);
                let one = Arg::One(1.0);
                view.each(&[x, y.unwrap_or(x)], target, |out, args| {
                    let y = if y.is_some() { args[1] } else { one };
                    map2(out, args[0], y, &pick);
                });
            }
            Work::Table(_) | Work::Quick(_) | Work::Debias(..) => unreachable!("done above"),
        }
    }
}

/// The draws of every coordinate of every lane; lanes of one seed share theirs. `fill` makes those of a lane, coordinate by coordinate.
fn draw(twins: &[usize], out: &mut [f64], mut fill: impl FnMut(usize, &mut [f64])) {
    const FEW: usize = 4;
    let lanes = twins.len().min(out.len());
    if lanes == 0 {
        return;
    }
    let coordinates = out.len() / lanes;
    let (mut few, mut many) = ([0.0; FEW], Vec::new());
    let row = if coordinates <= FEW {
        &mut few[..coordinates]
    } else {
        many.resize(coordinates, 0.0);
        &mut many[..]
    };
    for (lane, twin) in twins[..lanes].iter().enumerate() {
        if *twin == lane {
            fill(lane, row);
            for (coordinate, draw) in row.iter().enumerate() {
                out[coordinate * lanes + lane] = *draw;
            }
        } else {
            for start in (0..coordinates).map(|coordinate| coordinate * lanes) {
                out[start + lane] = out[start + twin];
            }
        }
    }
}

/// Each coordinate on all lanes, one after another.
#[inline(always)]
fn gather<'a>(out: &mut [f64], lanes: usize, row: &(impl Fn(usize) -> &'a [f64] + ?Sized)) {
    // Cut off one by one: chunks would begin with a division.
    let mut rest = out;
    let mut coordinate = 0;
    while lanes > 0 && rest.len() >= lanes {
        let (own, others) = rest.split_at_mut(lanes);
        copy_few(own, row(coordinate));
        rest = others;
        coordinate += 1;
    }
}

/// The values before an instruction, as one of this width sees them.
struct View<'a> {
    before: &'a [f64],
    lanes: usize,
    width: Width,
}

impl View<'_> {
    fn element(&self, block: Block, coordinate: usize, lane: usize) -> f64 {
        let offset = match block.width {
            Width::Shared => 0,
            Width::Lane => lane,
            Width::Wide => coordinate * self.lanes + lane,
        };
        self.before[block.start + offset]
    }

    /// The value that an element of the result sees.
    fn at(&self, block: Block, index: usize) -> f64 {
        self.element(block, index / self.lanes, index % self.lanes)
    }

    /// An argument for a stretch of the result that starts at a coordinate.
    fn arg(&self, block: Block, start: usize, len: usize) -> Arg<'_> {
        match block.width {
            Width::Shared => Arg::One(self.before[block.start]),
            Width::Lane => Arg::Many(&self.before[block.start..block.start + self.lanes]),
            Width::Wide => Arg::Many(&self.before[block.start + start..block.start + start + len]),
        }
    }

    /// How far the arguments run side by side with the result: over all, or over one coordinate.
    fn stretch(&self, blocks: &[Block], len: usize) -> usize {
        let is_mixed =
            self.width == Width::Wide && blocks.iter().any(|block| block.width == Width::Lane);
        if is_mixed { self.lanes } else { len }
    }

    #[inline]
    fn each(&self, blocks: &[Block], out: &mut [f64], f: impl Fn(&mut [f64], &[Arg<'_>])) {
        let stretch = self.stretch(blocks, out.len());
        let mut start = 0;
        for out in out.chunks_mut(stretch.max(1)) {
            let mut args = [Arg::One(0.0); 3];
            for (arg, block) in args.iter_mut().zip(blocks) {
                *arg = self.arg(*block, start, out.len());
            }
            start += out.len();
            f(out, &args[..blocks.len()]);
        }
    }

    #[inline]
    fn advance(&self, [x, y]: [Block; 2], state: &mut [f64], next: impl Fn(f64, f64, f64) -> f64) {
        if y.width == Width::Shared && x.width != Width::Shared {
            let y = self.before[y.start];
            let stretch = self.stretch(&[x], state.len()).max(1);
            for (index, state) in state.chunks_mut(stretch).enumerate() {
                let x = self.arg(x, index * stretch, state.len());
                advance(state, x, |s, x| next(s, x, y));
            }
            return;
        }
        for (index, state) in state.iter_mut().enumerate() {
            *state = next(*state, self.at(x, index), self.at(y, index));
        }
    }
}

fn spread_within(view: &View<'_>, block: Block, out: &mut [f64]) {
    for (index, out) in out.iter_mut().enumerate() {
        *out = view.at(block, index);
    }
}

/// A value on every coordinate of every lane.
fn spread(values: &[f64], block: Block, lanes: usize, out: &mut [f64]) {
    let view = View {
        before: values,
        lanes,
        width: Width::Wide,
    };
    spread_within(&view, block, out);
}

/// An expression over a sign, at each of the four.
fn fill_table(table: &[TableEntry], values: &[f64], out: &mut [f64]) {
    let mut results = vec![0.0; table.len()];
    for (out, sign) in out.iter_mut().zip([-1.0, 0.0, 1.0, f64::NAN]) {
        for (index, (op, args, count)) in table.iter().enumerate() {
            let numbers = args.map(|arg| match arg {
                TableArg::Sign => sign,
                TableArg::One => 1.0,
                TableArg::Entry(entry) => results[entry],
                TableArg::Value(place) => values[place],
            });
            results[index] = op.apply(&numbers[..*count]).expect("a pure op");
        }
        *out = results.last().copied().unwrap_or(sign);
    }
}

fn element(index: usize) -> u64 {
    u64::try_from(index).expect("fewer than 2^64 elements")
}

#[allow(
    clippy::cast_precision_loss,
    reason = "steps past 2^53 are out of reach"
)]
fn number(step: u64) -> f64 {
    step as f64
}
