//! The plain evaluator of a rule, in f64.
//!
//! Node by node, element by element, in the order of the graph, each op as [`Op::apply`] has it: slow next to fused kernels,
//! but short enough to be seen to be right, so that faster engines can be held against it. It is also what runs wherever
//! parameters are few: test functions, traces.

use super::matrix::{self, Sides, count};
use super::noise::{self, Source};
use super::product::{Product, View};
use super::program::{self, Block, Instruction, Program, Work};
use super::{EngineError, TensorShape};
use crate::ir::Rule;
use crate::op::{Leaf, Op};

/// A rule at work on some parameter tensors, with its state.
#[derive(Clone, Debug)]
pub struct Runner {
    tensors: Vec<Tensor>,
    seed: u64,
    products: Product,
}

/// One parameter tensor's share of the work.
#[derive(Clone, Debug)]
struct Tensor {
    program: Program,
    values: Vec<f64>,
    state: Vec<f64>,
    workspace: Vec<f64>,
    /// The update in the parameter's own shape, where the rule's value is smaller.
    update: Vec<f64>,
    is_first: bool,
}

/// Everything that one step of one tensor depends on, apart from state.
struct Moment<'a> {
    w: &'a [f64],
    g: &'a [f64],
    seed: u64,
    tensor: u32,
    step: u64,
    /// The step, at most the total.
    t: f64,
    total: f64,
    /// The number of this update, from 1: not limited by the total.
    updates: f64,
    is_first: bool,
    products: Product,
}

impl Runner {
    /// A rule before its first step on parameters of these shapes.
    ///
    /// # Errors
    /// What keeps the rule from running on one of them.
    pub fn new(rule: &Rule, shapes: &[TensorShape], seed: u64) -> Result<Self, EngineError> {
        let tensor = |(index, shape): (usize, &TensorShape)| {
            let program = program::compile(rule, *shape, index)?;
            Ok(Tensor {
                values: program.values.clone(),
                state: program.state.clone(),
                workspace: vec![0.0; program.workspace],
                update: vec![0.0; shape.len()],
                is_first: true,
                program,
            })
        };
        Ok(Self {
            tensors: shapes
                .iter()
                .enumerate()
                .map(tensor)
                .collect::<Result<_, _>>()?,
            seed,
            products: Product::Plain,
        })
    }

    /// The same with products of matrices by blocks: for large ones.
    pub(super) fn with_blocked_products(mut self) -> Self {
        self.products = Product::Blocked;
        self
    }

    /// Goes back to before the first step, with another seed.
    pub fn reset(&mut self, seed: u64) {
        self.seed = seed;
        for tensor in &mut self.tensors {
            tensor.state.copy_from_slice(&tensor.program.state);
            tensor.is_first = true;
        }
    }

    /// What is remembered of a parameter.
    pub(super) fn state(&self, tensor: usize) -> &[f64] {
        &self.tensors[tensor].state
    }

    /// Goes on from what was remembered; as many values as [`Runner::state`] has.
    pub(super) fn set_state(
        &mut self,
        tensor: usize,
        values: impl Iterator<Item = f64>,
        has_begun: bool,
    ) {
        let tensor = &mut self.tensors[tensor];
        for (state, value) in tensor.state.iter_mut().zip(values) {
            *state = value;
        }
        tensor.is_first = !has_begun;
    }

    /// The update of a parameter for this gradient; the rule's state moves on by one step.
    ///
    /// # Errors
    /// A parameter that is not there or has another length; nothing changes then.
    pub fn update(
        &mut self,
        tensor: usize,
        w: &[f64],
        g: &[f64],
        step: u64,
        total: u64,
    ) -> Result<&[f64], EngineError> {
        let tensor_count = self.tensors.len();
        let Some(state) = self.tensors.get_mut(tensor) else {
            return Err(EngineError::UnknownTensor {
                tensor,
                count: tensor_count,
            });
        };
        let expected = state.program.sides.len();
        for found in [w.len(), g.len()] {
            if found != expected {
                return Err(EngineError::WrongLength { expected, found });
            }
        }
        let moment = Moment {
            w,
            g,
            seed: self.seed,
            tensor: u32::try_from(tensor).unwrap_or(u32::MAX),
            step,
            t: number(step.min(total)),
            total: number(total),
            updates: number(step) + 1.0,
            is_first: state.is_first,
            products: self.products,
        };
        Ok(state.run(&moment))
    }

    /// One step of a parameter: `w <- w - rate * update`.
    ///
    /// # Errors
    /// As [`Runner::update`].
    pub fn step(
        &mut self,
        tensor: usize,
        w: &mut [f64],
        g: &[f64],
        rate: f64,
        (step, total): (u64, u64),
    ) -> Result<(), EngineError> {
        let update = self.update(tensor, w, g, step, total)?;
        for (w, u) in w.iter_mut().zip(update) {
            *w -= rate * u;
        }
        Ok(())
    }
}

impl Tensor {
    fn run(&mut self, moment: &Moment<'_>) -> &[f64] {
        for instruction in &self.program.instructions {
            let out = instruction.out.range();
            // Arguments lie before the value that is computed from them.
            let (before, rest) = self.values.split_at_mut(out.start);
            let mut machine = Machine {
                before,
                out: &mut rest[..out.len()],
                state: &mut self.state,
                workspace: &mut self.workspace,
                moment,
            };
            machine.execute(instruction);
        }
        for (body, state) in &self.program.remembered {
            let sides = self.program.sides;
            let kept = &mut self.state[*state..*state + sides.len()];
            copy(&self.values, *body, sides, kept);
        }
        self.is_first = false;
        let root = self.program.root;
        if root.sides == self.program.sides {
            return &self.values[root.range()];
        }
        copy(&self.values, root, self.program.sides, &mut self.update);
        &self.update
    }
}

/// What one instruction sees: values computed before, its own place, the state.
struct Machine<'a> {
    before: &'a [f64],
    out: &'a mut [f64],
    state: &'a mut [f64],
    workspace: &'a mut [f64],
    moment: &'a Moment<'a>,
}

impl Machine<'_> {
    fn execute(&mut self, instruction: &Instruction) {
        let sides = instruction.out.sides;
        match instruction.work {
            Work::Leaf(leaf) => self.leaf(leaf),
            Work::Unary(op, x) => self.fill(sides, |before, i, j| pure(op, &[before[x.at(i, j)]])),
            Work::Binary(op, [x, y]) => self.fill(sides, |before, i, j| {
                pure(op, &[before[x.at(i, j)], before[y.at(i, j)]])
            }),
            Work::Ternary(op, [x, y, z]) => self.fill(sides, |before, i, j| {
                pure(
                    op,
                    &[before[x.at(i, j)], before[y.at(i, j)], before[z.at(i, j)]],
                )
            }),
            Work::Ema { x, beta, state } => {
                self.advance(sides, state, [x, beta], |s, x, beta| {
                    beta * s + (1.0 - beta) * x
                });
            }
            Work::Trace { x, mu, state } => {
                self.advance(sides, state, [x, mu], |s, x, mu| mu * s + x);
            }
            Work::Total { x, state } => self.advance(sides, state, [x, x], |s, x, _| s + x),
            Work::Peak { x, state } => {
                self.advance(sides, state, [x, x], |s, x, _| pure(Op::Max, &[s, x]));
            }
            Work::Debias { x, beta } => self.debias(sides, x, beta),
            Work::Last { x, init, state } => self.last(sides, x, init, state),
            Work::LastUpdate { state } => self
                .out
                .copy_from_slice(&self.state[state..state + sides.len()]),
            Work::Drop { x, p, stream } => {
                noise::fill_uniform(self.moment.source(stream), self.out);
                let mut index = 0;
                let (before, out) = (self.before, &mut *self.out);
                for_each(sides, |i, j| {
                    let is_dropped = out[index] < before[p.at(i, j)];
                    out[index] = if is_dropped { 0.0 } else { before[x.at(i, j)] };
                    index += 1;
                });
            }
            Work::Norm(x) => self.out[0] = matrix::norm(&self.before[x.range()]),
            Work::Mean(x) => self.out[0] = self.sum(x) / count(x.sides.len()),
            Work::Sum(x) => self.out[0] = self.sum(x),
            Work::Rms(x) => {
                let squares: f64 = self.before[x.range()].iter().map(|x| x * x).sum();
                self.out[0] = libm::sqrt(squares / count(x.sides.len()));
            }
            Work::MatMul(a, b) => {
                let view = |x: Block| View::new(&self.before[x.range()], x.sides);
                self.moment.products.multiply(view(a), view(b), self.out);
            }
            Work::Transpose(x) => matrix::transpose(&self.before[x.range()], x.sides, self.out),
            Work::RowMean(x) => matrix::row_means(&self.before[x.range()], x.sides, self.out),
            Work::ColMean(x) => matrix::col_means(&self.before[x.range()], x.sides, self.out),
            Work::Orthogonalize { x, steps } => {
                let steps = whole(self.before[steps.start]);
                let x = (&self.before[x.range()], x.sides);
                let by = self.moment.products;
                matrix::orthogonalize(x.0, x.1, steps, by, self.workspace, self.out);
            }
        }
    }

    fn leaf(&mut self, leaf: Leaf) {
        let moment = self.moment;
        match leaf {
            Leaf::Grad => self.out.copy_from_slice(moment.g),
            Leaf::Weight => self.out.copy_from_slice(moment.w),
            Leaf::Step => self.out.fill(moment.t),
            Leaf::Total => self.out.fill(moment.total),
            Leaf::Noise => {
                noise::fill_normal(moment.source(noise::STREAM_NOISE), self.out);
                for value in &mut *self.out {
                    *value *= 0.1;
                }
            }
            Leaf::StepNoise => {
                let source = Source {
                    tensor: 0,
                    ..moment.source(noise::STREAM_STEP_NOISE)
                };
                let deviation = libm::pow(1.0 + moment.t, -0.55 / 2.0);
                self.out.fill(noise::normal(source, 0) * deviation);
            }
            Leaf::Coordinate(_) => unreachable!("coordinates are turned away before running"),
        }
    }

    /// The value of each element from the values before.
    #[inline]
    fn fill(&mut self, sides: Sides, mut value: impl FnMut(&[f64], usize, usize) -> f64) {
        let mut index = 0;
        for_each(sides, |i, j| {
            self.out[index] = value(self.before, i, j);
            index += 1;
        });
    }

    /// The next state of each element, from its state and two arguments; it is also the value.
    #[inline]
    fn advance(
        &mut self,
        sides: Sides,
        state: usize,
        [x, y]: [Block; 2],
        next: impl Fn(f64, f64, f64) -> f64,
    ) {
        let state = &mut self.state[state..state + sides.len()];
        let mut index = 0;
        for_each(sides, |i, j| {
            let value = next(
                state[index],
                self.before[x.at(i, j)],
                self.before[y.at(i, j)],
            );
            (state[index], self.out[index]) = (value, value);
            index += 1;
        });
    }

    fn sum(&self, x: Block) -> f64 {
        self.before[x.range()].iter().sum()
    }

    fn debias(&mut self, sides: Sides, x: Block, beta: Block) {
        let updates = self.moment.updates;
        // One power for all elements: they share their beta.
        let (mut known, mut correction) = (f64::NAN, f64::NAN);
        self.fill(sides, |before, i, j| {
            let beta = before[beta.at(i, j)];
            if beta.to_bits() != known.to_bits() {
                known = beta;
                correction = 1.0 - libm::pow(beta, updates);
            }
            before[x.at(i, j)] / correction
        });
    }

    fn last(&mut self, sides: Sides, x: Block, init: Block, state: usize) {
        let state = &mut self.state[state..state + sides.len()];
        let mut index = 0;
        for_each(sides, |i, j| {
            self.out[index] = if self.moment.is_first {
                self.before[init.at(i, j)]
            } else {
                state[index]
            };
            state[index] = self.before[x.at(i, j)];
            index += 1;
        });
    }
}

impl Moment<'_> {
    fn source(&self, stream: u32) -> Source {
        Source {
            seed: self.seed,
            stream,
            tensor: self.tensor,
            step: self.step,
        }
    }
}

#[inline]
fn for_each(sides: Sides, mut visit: impl FnMut(usize, usize)) {
    for i in 0..sides.rows {
        for j in 0..sides.cols {
            visit(i, j);
        }
    }
}

#[inline]
fn pure(op: Op, args: &[f64]) -> f64 {
    op.apply(args).expect("only pure ops are elementwise")
}

/// The elements of a block, stretched to these sides.
fn copy(values: &[f64], block: Block, sides: Sides, out: &mut [f64]) {
    let mut index = 0;
    for_each(sides, |i, j| {
        out[index] = values[block.at(i, j)];
        index += 1;
    });
}

/// How often to iterate: the checker allows whole numbers from 1 to 100.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped first"
)]
fn whole(steps: f64) -> u32 {
    steps.clamp(1.0, 100.0) as u32
}

#[allow(
    clippy::cast_precision_loss,
    reason = "steps past 2^53 are out of reach"
)]
fn number(step: u64) -> f64 {
    step as f64
}
