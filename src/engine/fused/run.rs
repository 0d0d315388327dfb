//! Running a [`Program`] over parameter tensors.
//!
//! A tensor is cut into chunks of a fixed length, a chunk into blocks; what an element becomes depends on neither, and sums are
//! added up block by block in order, so the number of threads changes no bit. Rules whose scalars are the same for all tensors
//! run over all chunks of all tensors at once; others tensor by tensor.

#![allow(
    clippy::inline_always,
    reason = "the loop must be compiled together with its kernels, for each instruction set"
)]

use super::kernel::{BLOCK, Block, GRAD, Resolved};
use super::lines::Lines;
use super::program::{Instruction, Place, Program, RATE, Scalar, ScalarInstruction, ScalarWork};
use crate::engine::dispatch::{Work, with_widest};
use crate::engine::noise::{self, Source};
use crate::op::Op;
use std::mem::take;

/// The number of elements that one thread takes at a time: whole blocks.
pub(crate) const CHUNK: usize = 64 * BLOCK;
/// Fewer elements than this in one step are not worth waking threads for.
const FEW: usize = 4 * CHUNK;

/// What one step depends on, beside parameters and gradients.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) rate: f64,
    pub(crate) step: u64,
    /// The step, at most the total.
    pub(crate) t: f64,
    pub(crate) total: f64,
    /// The number of this update, from 1.
    pub(crate) updates: f64,
    pub(crate) seed: u64,
}

/// What a rule remembers of one tensor.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct State {
    /// One value an element.
    pub(crate) wide: Vec<Vec<f32>>,
    /// One value a tensor.
    pub(crate) narrow: Vec<f32>,
}

/// One tensor in one step.
pub(crate) struct Tensor<'a> {
    pub(crate) w: &'a mut [f32],
    pub(crate) g: &'a [f32],
    pub(crate) state: &'a mut State,
}

/// A program ready to run.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    program: Program,
    passes: Vec<Vec<Resolved>>,
    tables: Vec<Vec<Resolved>>,
    scalars: Vec<f64>,
    registers: Vec<f32>,
    temporaries: Vec<Vec<f32>>,
}

impl Engine {
    pub(crate) fn new(program: Program) -> Self {
        let resolve = |list: &[Instruction]| -> Vec<Resolved> {
            list.iter().map(|each| resolved(each, &program)).collect()
        };
        let passes = program
            .passes
            .iter()
            .map(|pass| resolve(&pass.instructions));
        let tables = program.tables.iter().map(|table| {
            let mut list = table.instructions.clone();
            for each in &mut list {
                for place in each.args.iter_mut().chain([&mut each.out]) {
                    if let Place::Register(index) = *place {
                        // A table has registers alone, so they come first.
                        *place = if index == 0 {
                            Place::Weight
                        } else {
                            Place::State(index - 1)
                        };
                    }
                }
            }
            resolve(&list)
        });
        Self {
            passes: passes.collect(),
            tables: tables.collect(),
            scalars: program.values.clone(),
            registers: vec![0.0; program.registers * BLOCK],
            temporaries: vec![Vec::new(); program.temporaries],
            program,
        }
    }

    /// What the rule remembers before the first step, of a tensor with this many elements.
    pub(crate) fn state(&self, len: usize) -> State {
        State {
            wide: self
                .program
                .wide
                .iter()
                .map(|slot| vec![slot.initial; len])
                .collect(),
            narrow: self
                .program
                .narrow
                .iter()
                .map(|slot| slot.initial)
                .collect(),
        }
    }

    /// One step of all tensors.
    pub(crate) fn step(&mut self, tensors: &mut [Tensor<'_>], moment: &Moment) {
        self.scalars.copy_from_slice(&self.program.values);
        self.scalars[usize::from(RATE)] = moment.rate;
        let mut scalars = take(&mut self.scalars);
        for instruction in &self.program.step {
            self.scalar(instruction, &mut scalars, moment, &mut Narrow::default());
        }
        self.scalars = scalars;
        if self.program.is_per_tensor {
            for (index, tensor) in (0..).zip(tensors) {
                self.tensor(index, tensor, moment);
            }
            return;
        }
        let elements: usize = tensors.iter().map(|tensor| tensor.w.len()).sum();
        let is_parallel = elements > FEW && threads() > 1;
        let mut chunks = Vec::new();
        for (index, tensor) in (0..).zip(tensors) {
            let lines = std::iter::once(&mut *tensor.w)
                .chain(tensor.state.wide.iter_mut().map(Vec::as_mut_slice));
            let whole = Chunk {
                instructions: &self.passes[0],
                g: tensor.g,
                lines: lines.collect(),
                scalars: &self.scalars,
                sums: &mut [],
                sum_count: 0,
                source: source(index, moment),
                start: 0,
            };
            if is_parallel {
                whole.cut(&mut chunks);
            } else {
                run_one(whole, &mut self.registers);
            }
        }
        run_all(chunks, self.program.registers);
    }

    /// One step of one tensor, pass by pass.
    fn tensor(&mut self, index: u32, tensor: &mut Tensor<'_>, moment: &Moment) {
        let len = tensor.w.len();
        let mut scalars = self.scalars.clone();
        let mut temporaries = take(&mut self.temporaries);
        for temporary in &mut temporaries {
            temporary.resize(len, 0.0);
        }
        let mut sums: Vec<f64> = Vec::new();
        let source = source(index, moment);
        for (pass, instructions) in self.program.passes.iter().zip(&self.passes) {
            for instruction in &pass.scalars {
                let mut narrow = Narrow {
                    state: &mut tensor.state.narrow,
                    sums: &sums,
                    len,
                    source: Some(source),
                };
                self.scalar(instruction, &mut scalars, moment, &mut narrow);
            }
            let mut partial = vec![0.0; len.div_ceil(BLOCK) * pass.sums];
            let lines = std::iter::once(&mut *tensor.w)
                .chain(tensor.state.wide.iter_mut().map(Vec::as_mut_slice))
                .chain(temporaries.iter_mut().map(Vec::as_mut_slice));
            let whole = Chunk {
                instructions,
                g: tensor.g,
                lines: lines.collect(),
                scalars: &scalars,
                sums: &mut partial,
                sum_count: pass.sums,
                source,
                start: 0,
            };
            if len > FEW && threads() > 1 {
                let mut chunks = Vec::new();
                whole.cut(&mut chunks);
                run_all(chunks, self.program.registers);
            } else {
                run_one(whole, &mut self.registers);
            }
            sums = vec![0.0; pass.sums];
            for block in partial.chunks_exact(pass.sums.max(1)) {
                for (sum, part) in sums.iter_mut().zip(block) {
                    *sum += part;
                }
            }
            for (scalar, slot) in &pass.remembered {
                tensor.state.narrow[usize::from(*slot)] = rounded(scalars[usize::from(*scalar)]);
            }
        }
        self.temporaries = temporaries;
    }

    fn scalar(
        &self,
        instruction: &ScalarInstruction,
        scalars: &mut [f64],
        moment: &Moment,
        narrow: &mut Narrow<'_>,
    ) {
        let at = |scalar: Scalar| scalars[usize::from(scalar)];
        let value = match instruction.work {
            ScalarWork::Step => moment.t,
            ScalarWork::Total => moment.total,
            ScalarWork::StepNoise => {
                let source = Source {
                    stream: noise::STREAM_STEP_NOISE,
                    ..source(0, moment)
                };
                noise::normal(source, 0) * libm::pow(1.0 + moment.t, -0.55 / 2.0)
            }
            ScalarWork::Apply(op, args, count) => {
                let args = args.map(at);
                let value = op.apply(&args[..usize::from(count)]);
                value.expect("scalars have pure ops")
            }
            ScalarWork::Correction(beta) => 1.0 - libm::pow(at(beta), moment.updates),
            ScalarWork::Reciprocal(beta) => 1.0 / (1.0 - libm::pow(at(beta), moment.updates)),
            ScalarWork::PerElement { sum, rooted } => {
                let mean = at(sum) / count(narrow.len);
                if rooted { libm::sqrt(mean) } else { mean }
            }
            ScalarWork::Summed(index) => narrow.sums[usize::from(index)],
            ScalarWork::Drop { x, p, stream } => {
                let source = Source {
                    stream,
                    ..narrow.source.unwrap_or(source(0, moment))
                };
                if noise::uniform(source, 0) < at(p) {
                    0.0
                } else {
                    at(x)
                }
            }
            ScalarWork::Recall { slot } => f64::from(narrow.state[usize::from(slot)]),
            ScalarWork::Advance { op, x, by, slot } => {
                let state = &mut narrow.state[usize::from(slot)];
                let (s, x, by) = (f64::from(*state), at(x), at(by));
                let next = if op == Op::Ema {
                    by * s + (1.0 - by) * x
                } else if op == Op::Trace {
                    by * s + x
                } else if op == Op::Total {
                    s + x
                } else {
                    Op::Max.apply(&[s, x]).expect("a pure op")
                };
                *state = rounded(next);
                f64::from(*state)
            }
            ScalarWork::Table(table) => {
                self.table(table, instruction.out, scalars);
                return;
            }
        };
        scalars[usize::from(instruction.out)] = value;
    }

    /// An expression over a sign, at each of the four.
    fn table(&self, table: u16, out: Scalar, scalars: &mut [f64]) {
        let index = usize::from(table);
        let mut lines = vec![[0.0_f32; 4]; self.program.tables[index].registers];
        lines[0] = [-1.0, 0.0, 1.0, f32::NAN];
        lines[1] = [1.0; 4];
        let instructions = &self.tables[index];
        let chunk = Chunk {
            instructions,
            g: &[0.0; 4],
            lines: lines.iter_mut().map(<[f32; 4]>::as_mut_slice).collect(),
            scalars,
            sums: &mut [],
            sum_count: 0,
            source: Source {
                seed: 0,
                stream: 0,
                tensor: 0,
                step: 0,
            },
            start: 0,
        };
        run_one(chunk, &mut []);
        let last = instructions.last().map_or(0, |each| usize::from(each.out));
        for (offset, value) in lines[last].iter().enumerate() {
            scalars[usize::from(out) + offset] = f64::from(*value);
        }
    }
}

/// What the scalars of one tensor see beside each other.
#[derive(Default)]
struct Narrow<'a> {
    state: &'a mut [f32],
    sums: &'a [f64],
    len: usize,
    source: Option<Source>,
}

/// A stretch of one tensor and what is done to it.
pub(super) struct Chunk<'a> {
    instructions: &'a [Resolved],
    g: &'a [f32],
    /// Parameter, state, temporaries.
    lines: Lines<'a>,
    scalars: &'a [f64],
    /// One share of every sum for every block.
    sums: &'a mut [f64],
    sum_count: usize,
    source: Source,
    start: u64,
}

impl<'a> Chunk<'a> {
    /// Cuts a tensor into chunks that can run at the same time.
    fn cut(mut self, chunks: &mut Vec<Self>) {
        while self.g.len() > CHUNK {
            let (g, rest) = self.g.split_at(CHUNK);
            let lines = self.lines.split_off(CHUNK);
            let (sums, other) = take(&mut self.sums).split_at_mut(CHUNK / BLOCK * self.sum_count);
            chunks.push(Chunk {
                g,
                lines,
                sums,
                ..self
            });
            self.g = rest;
            self.sums = other;
            self.start += u64::try_from(CHUNK).expect("a small number");
        }
        chunks.push(self);
    }

    /// Runs every instruction on every block.
    #[inline(always)]
    pub(super) fn run<'r>(&mut self, registers: &'r mut [f32])
    where
        'a: 'r,
    {
        let mut lines: Lines<'r> = take(&mut self.lines);
        let first_register = lines.len();
        lines.extend(registers.chunks_exact_mut(BLOCK));
        // Where nothing waits between kernels and nothing is summed, one walk does.
        let most = if self.instructions.len() == 1 && self.sum_count == 0 {
            self.g.len().max(1)
        } else {
            BLOCK
        };
        let mut sums = take(&mut self.sums);
        for (g, at) in self.g.chunks(most).zip((0..).step_by(most)) {
            let (own, other) = take(&mut sums).split_at_mut(self.sum_count);
            sums = other;
            let mut block = Block {
                g,
                lines: &mut lines,
                at,
                first_register,
                len: g.len(),
                scalars: self.scalars,
                sums: own,
                source: self.source,
                start: self.start + u64::try_from(at).expect("fewer than 2^64 elements"),
            };
            for instruction in self.instructions {
                block.execute(instruction);
            }
        }
    }
}

/// A chunk, and registers for it.
struct OneChunk<'c, 'r>(Chunk<'c>, &'r mut [f32]);

impl<'c: 'r, 'r> Work for OneChunk<'c, 'r> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        self.0.run(self.1);
    }
}

fn run_one(chunk: Chunk<'_>, registers: &mut [f32]) {
    with_widest(OneChunk(chunk, registers));
}

#[cfg(feature = "threads")]
fn run_all(chunks: Vec<Chunk<'_>>, registers: usize) {
    use rayon::prelude::*;
    if chunks.is_empty() {
        return;
    }
    chunks.into_par_iter().for_each_init(
        || vec![0.0; registers * BLOCK],
        |registers, chunk| run_one(chunk, registers),
    );
}

#[cfg(not(feature = "threads"))]
fn run_all(chunks: Vec<Chunk<'_>>, registers: usize) {
    let mut registers = vec![0.0; registers * BLOCK];
    for chunk in chunks {
        run_one(chunk, &mut registers);
    }
}

/// How many threads there are to share the work.
fn threads() -> usize {
    #[cfg(feature = "threads")]
    let count = rayon::current_num_threads();
    #[cfg(not(feature = "threads"))]
    let count = 1;
    count
}

fn source(tensor: u32, moment: &Moment) -> Source {
    Source {
        seed: moment.seed,
        stream: noise::STREAM_NOISE,
        tensor,
        step: moment.step,
    }
}

/// A kernel's operands as numbers of lines: parameter, state, temporaries, registers.
fn resolved(instruction: &Instruction, program: &Program) -> Resolved {
    let line = |place: Place| {
        let wide = u16::try_from(program.wide.len()).expect("fewer than 2^16 slots");
        let whole = u16::try_from(program.temporaries).expect("fewer than 2^16 tensors");
        match place {
            Place::Grad | Place::Nowhere => GRAD,
            Place::Weight => 0,
            Place::State(index) => 1 + index,
            Place::Temporary(index) => 1 + wide + index,
            Place::Register(index) => 1 + wide + whole + index,
        }
    };
    Resolved {
        kernel: instruction.kernel,
        out: line(instruction.out),
        args: instruction.args.map(line),
        scalars: instruction.scalars,
    }
}

#[allow(clippy::cast_possible_truncation, reason = "state is kept in f32")]
fn rounded(value: f64) -> f32 {
    value as f32
}

#[allow(
    clippy::cast_precision_loss,
    reason = "no tensor has more than 2^53 elements"
)]
fn count(len: usize) -> f64 {
    len as f64
}
