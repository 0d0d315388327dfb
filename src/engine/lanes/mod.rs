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
use loops::{Arg, advance, apply, map2};
pub(crate) use quick::copy_few;
use quick::{Quick, Range};

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
    /// A mask that neighbours share, and the place of what draws it where it is not remembered.
    Drop(Mask, usize),
    /// Noise that neighbours share: where it is put, and the place of what draws it where it is not remembered.
    Noise(Leaf, usize, usize),
    Other(usize),
}

/// Sets coordinates to 0 on all lanes.
#[derive(Clone, Copy, Debug)]
struct Mask {
    x: usize,
    p: usize,
    stream: u32,
    out: usize,
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
    /// How many neighbours have the same seed each time: what is drawn for one is drawn for all.
    alike: usize,
    /// Where weights and gradients are put, where the rule has them.
    weight: Option<usize>,
    gradient: Option<usize>,
    /// Decays that are numbers, and where their corrections are put.
    corrections: Vec<(f64, usize)>,
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

/// Some lanes among others: each coordinate so far behind the one before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a> {
    pub(crate) values: &'a [f64],
    pub(crate) first: usize,
    pub(crate) distance: usize,
}

impl Rows<'_> {
    /// Each coordinate on so many lanes, one after another.
    #[inline(always)]
    fn copy_to(self, out: &mut [f64], lanes: usize) {
        // Cut off one by one: chunks would begin with a division.
        let (mut rest, mut start) = (out, self.first);
        while lanes > 0 && rest.len() >= lanes {
            let (own, others) = rest.split_at_mut(lanes);
            copy_few(own, &self.values[start..start + lanes]);
            rest = others;
            start += self.distance;
        }
    }
}

/// Everything that one step depends on, apart from state.
#[derive(Clone, Copy)]
struct Moment {
    step: u64,
    total: u64,
}

impl Moment {
    fn t(self) -> f64 {
        number(self.step.min(self.total))
    }

    /// Where a leaf that is noise comes from, and its standard deviation.
    fn noise(self, leaf: Leaf) -> (u32, f64) {
        if leaf == Leaf::StepNoise {
            let deviation = libm::pow(1.0 + self.t(), -0.55 / 2.0);
            (noise::STREAM_STEP_NOISE, deviation)
        } else {
            (noise::STREAM_NOISE, 0.1)
        }
    }

    fn source(self, seed: u64, stream: u32) -> Source {
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
        if let Some(start) = self.gradient {
            self.values[start..start + wide].copy_from_slice(g);
        }
        if let Some(start) = self.weight {
            self.values[start..start + wide].copy_from_slice(w);
        }
        self.step(step, total, &mut Remembered::by_thread())
    }

    /// As [`Lanes::update`], for weights and gradients that lie among others.
    #[inline(always)]
    pub(crate) fn advance(
        &mut self,
        w: Rows<'_>,
        g: Rows<'_>,
        step: u64,
        total: u64,
        remembered: &mut Remembered,
    ) -> &[f64] {
        let lanes = self.seeds.len();
        let wide = self.coordinates * lanes;
        if let Some(start) = self.gradient {
            g.copy_to(&mut self.values[start..start + wide], lanes);
        }
        if let Some(start) = self.weight {
            w.copy_to(&mut self.values[start..start + wide], lanes);
        }
        self.step(step, total, remembered)
    }

    /// The updates for what was put where weights and gradients are.
    #[inline(always)]
    fn step(&mut self, step: u64, total: u64, remembered: &mut Remembered) -> &[f64] {
        let lanes = self.seeds.len();
        let wide = self.coordinates * lanes;
        let moment = Moment { step, total };
        for (beta, place) in &self.corrections {
            self.values[*place] = remembered.powers.correction(*beta, step);
        }
        let steps = std::mem::take(&mut self.steps);
        for each in &steps {
            match each {
                Step::Quick(quick) => quick.run(&mut self.values),
                Step::Drop(mask, place) => {
                    let p = self.values[mask.p];
                    let is_known =
                        self.shared(moment, mask.stream, remembered, |values, draws, rows| {
                            quick::drop_rows(values, mask.x, mask.out, rows, draws, p);
                        });
                    if !is_known {
                        self.execute(*place, moment, remembered);
                    }
                }
                Step::Noise(leaf, out, place) => {
                    let (stream, deviation) = moment.noise(*leaf);
                    let is_known =
                        self.shared(moment, stream, remembered, |values, draws, rows| {
                            quick::fill_rows(values, *out, rows, draws, deviation);
                        });
                    if !is_known {
                        self.execute(*place, moment, remembered);
                    }
                }
                Step::Other(place) => self.execute(*place, moment, remembered),
            }
        }
        self.steps = steps;
        for (body, state) in &self.remembered {
            let kept = &mut self.state[*state..*state + wide];
            spread(&self.values, *body, lanes, kept);
        }
        self.is_first = false;
        if self.root.width == Width::Wide {
            return &self.values[self.root.start..self.root.start + wide];
        }
        spread(&self.values, self.root, lanes, &mut self.update);
        &self.update
    }

    /// Writes what is drawn for each row of neighbours; whether all of it was remembered.
    #[inline(always)]
    fn shared(
        &mut self,
        moment: Moment,
        stream: u32,
        remembered: &Remembered,
        write: impl Fn(&mut [f64], &[f64], Range),
    ) -> bool {
        let lanes = self.seeds.len();
        let mut first = 0;
        while first < lanes {
            let source = moment.source(self.seeds[first], stream);
            let Some(draws) = remembered.draws.known(source, self.coordinates) else {
                return false;
            };
            let rows = Range {
                first,
                len: self.alike,
                distance: lanes,
            };
            write(&mut self.values, draws, rows);
            first += self.alike;
        }
        true
    }

    fn len(&self, width: Width) -> usize {
        match width {
            Width::Shared => 1,
            Width::Lane => self.seeds.len(),
            Width::Wide => self.coordinates * self.seeds.len(),
        }
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each kind of work")]
    fn execute(&mut self, place: usize, moment: Moment, remembered: &mut Remembered) {
        let Instruction { work, out } = self.instructions[place];
        let draws = &mut remembered.draws;
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
                Leaf::Step => target.fill(moment.t()),
                Leaf::Total => target.fill(number(moment.total)),
                Leaf::Noise | Leaf::StepNoise => {
                    let (stream, deviation) = moment.noise(leaf);
                    draw(&self.twins, target, |lane, row| {
                        draws.row(source(lane, stream), row, noise::fill_normal);
                    });
                    for out in target {
                        *out *= deviation;
                    }
                }
                Leaf::Grad | Leaf::Weight | Leaf::Coordinate(_) => {
                    unreachable!("inputs are put where they belong, coordinates are turned away")
                }
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
            Work::Table(_) | Work::Quick(_) => unreachable!("done above"),
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
