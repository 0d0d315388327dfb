//! A rule laid out for one parameter tensor.
//!
//! Every node gets a block in one buffer, arguments before the nodes that read them, and becomes one instruction whose
//! places are known: a step is then a single pass without look-ups or allocation. Numbers are written into the buffer once.

use super::matrix::{Sides, workspace_len};
use super::{EngineError, TensorShape, noise};
use crate::ir::{Node, NodeId, Origin, Rule};
use crate::op::{Leaf, Op};
use crate::types::{Dim, Shape};
use rustc_hash::FxHashMap;
use std::ops::Range;

/// A matrix somewhere in a buffer: a scalar is one by one, a vector one row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Block {
    pub(super) start: usize,
    pub(super) sides: Sides,
}

impl Block {
    pub(super) fn range(self) -> Range<usize> {
        self.start..self.start + self.sides.len()
    }

    /// The place of an element; sides of one stretch.
    #[inline]
    pub(super) fn at(self, row: usize, col: usize) -> usize {
        let row = if self.sides.rows == 1 { 0 } else { row };
        let col = if self.sides.cols == 1 { 0 } else { col };
        self.start + row * self.sides.cols + col
    }
}

/// What one instruction does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Work {
    Leaf(Leaf),
    Unary(Op, Block),
    Binary(Op, [Block; 2]),
    Ternary(Op, [Block; 3]),
    Ema { x: Block, beta: Block, state: usize },
    Debias { x: Block, beta: Block },
    Trace { x: Block, mu: Block, state: usize },
    Total { x: Block, state: usize },
    Peak { x: Block, state: usize },
    Last { x: Block, init: Block, state: usize },
    LastUpdate { state: usize },
    Drop { x: Block, p: Block, stream: u32 },
    Norm(Block),
    Mean(Block),
    Sum(Block),
    Rms(Block),
    MatMul(Block, Block),
    Transpose(Block),
    RowMean(Block),
    ColMean(Block),
    Orthogonalize { x: Block, steps: Block },
}

/// One node's work and where its value goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instruction {
    pub(super) work: Work,
    pub(super) out: Block,
}

/// A rule for one parameter tensor.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) instructions: Vec<Instruction>,
    /// The buffer before the first step: numbers in their places.
    pub(super) values: Vec<f64>,
    /// The state before the first step.
    pub(super) state: Vec<f64>,
    /// Updates to keep for the next step, with where.
    pub(super) remembered: Vec<(Block, usize)>,
    /// The rule's value.
    pub(super) root: Block,
    /// The parameter's sides.
    pub(super) sides: Sides,
    /// Room that matrix operations need.
    pub(super) workspace: usize,
}

/// Lays out a rule for a parameter.
pub(super) fn compile(
    rule: &Rule,
    shape: TensorShape,
    tensor: usize,
) -> Result<Program, EngineError> {
    let found = rule.ty().shape;
    let sides = match shape {
        TensorShape::Vector(_) if rule.needs_matrix() => {
            return Err(EngineError::MatrixRule {
                expected: Shape::FULL,
                found: shape,
                tensor,
            });
        }
        TensorShape::Vector(cols) => Sides { rows: 1, cols },
        TensorShape::Matrix(rows, cols) => Sides { rows, cols },
    };
    if !found.fits_parameter() {
        return Err(EngineError::UpdateShape { found });
    }
    let mut compiler = Compiler {
        rule,
        blocks: Vec::with_capacity(rule.graph().len()),
        slots: FxHashMap::default(),
        program: Program {
            instructions: Vec::new(),
            values: Vec::new(),
            state: Vec::new(),
            remembered: Vec::new(),
            root: Block { start: 0, sides },
            sides,
            workspace: 0,
        },
    };
    for (id, node) in rule.graph().iter() {
        compiler.node(id, node)?;
    }
    compiler.program.root = compiler.block(rule.root());
    Ok(compiler.program)
}

struct Compiler<'a> {
    rule: &'a Rule,
    blocks: Vec<Block>,
    slots: FxHashMap<Origin, usize>,
    program: Program,
}

impl Compiler<'_> {
    fn node(&mut self, id: NodeId, node: Node) -> Result<(), EngineError> {
        let work = match node {
            Node::Number(bits) => {
                let block = self.room(Shape::Scalar);
                self.program.values[block.start] = f64::from_bits(bits);
                self.blocks.push(block);
                return Ok(());
            }
            Node::Own { rule, body } => {
                let block = self.block(body);
                let slot = self.slot(rule);
                self.program.remembered.push((block, slot));
                self.blocks.push(block);
                return Ok(());
            }
            Node::Leaf(Leaf::Coordinate(index)) => return Err(EngineError::Coordinate { index }),
            Node::Leaf(leaf) => Work::Leaf(leaf),
            Node::LastUpdate(rule) => Work::LastUpdate {
                state: self.slot(rule),
            },
            Node::Drop { x, p, mask } => Work::Drop {
                x: self.block(x),
                p: self.block(p),
                stream: noise::STREAM_MASKS.wrapping_add(mask.0),
            },
            Node::Apply(op, args) => self.apply(op, args.as_slice())?,
        };
        let out = self.room(self.rule.graph().ty(id).shape);
        self.program.instructions.push(Instruction { work, out });
        self.blocks.push(out);
        Ok(())
    }

    fn apply(&mut self, op: Op, args: &[NodeId]) -> Result<Work, EngineError> {
        let blocks: Vec<Block> = args.iter().map(|arg| self.block(*arg)).collect();
        let x = blocks[0];
        Ok(match op {
            Op::Ema => Work::Ema {
                x,
                beta: blocks[1],
                state: self.state(x, 0.0),
            },
            Op::Debias => match self.rule.graph().node(args[0]) {
                Node::Apply(Op::Ema, ema) => Work::Debias {
                    x,
                    beta: self.block(ema.as_slice()[1]),
                },
                Node::Apply(..)
                | Node::Number(_)
                | Node::Leaf(_)
                | Node::Drop { .. }
                | Node::LastUpdate(_)
                | Node::Own { .. } => return Err(EngineError::DebiasOfOther),
            },
            Op::Trace => Work::Trace {
                x,
                mu: blocks[1],
                state: self.state(x, 0.0),
            },
            Op::Total => Work::Total {
                x,
                state: self.state(x, 0.0),
            },
            Op::Peak => Work::Peak {
                x,
                state: self.state(x, f64::NEG_INFINITY),
            },
            Op::Last => Work::Last {
                x,
                init: blocks[1],
                state: self.state(x, 0.0),
            },
            Op::Norm => Work::Norm(x),
            Op::Mean => Work::Mean(x),
            Op::Sum => Work::Sum(x),
            Op::Rms => Work::Rms(x),
            Op::MatMul => Work::MatMul(x, blocks[1]),
            Op::Transpose => Work::Transpose(x),
            Op::RowMean => Work::RowMean(x),
            Op::ColMean => Work::ColMean(x),
            Op::Orthogonalize => {
                let room = workspace_len(x.sides);
                self.program.workspace = self.program.workspace.max(room);
                Work::Orthogonalize {
                    x,
                    steps: blocks[1],
                }
            }
            Op::Drop => unreachable!("a drop is a node of its own, with its mask"),
            Op::Or
            | Op::And
            | Op::Not
            | Op::Eq
            | Op::Ne
            | Op::Lt
            | Op::Le
            | Op::Gt
            | Op::Ge
            | Op::Add
            | Op::Sub
            | Op::Mul
            | Op::Div
            | Op::Rem
            | Op::Neg
            | Op::Pow
            | Op::Abs
            | Op::Sign
            | Op::Exp
            | Op::Log
            | Op::Sqrt
            | Op::Clip
            | Op::Min
            | Op::Max
            | Op::Tanh
            | Op::Sigmoid
            | Op::Cos
            | Op::Sin
            | Op::Where => elementwise(op, &blocks),
        })
    }

    fn block(&self, id: NodeId) -> Block {
        self.blocks[id.0 as usize]
    }

    /// A new block of the buffer.
    fn room(&mut self, shape: Shape) -> Block {
        let Sides { rows, cols } = self.program.sides;
        let side = |dim: Dim| match dim {
            Dim::One => 1,
            Dim::Rows => rows,
            Dim::Cols => cols,
        };
        let sides = match shape {
            Shape::Scalar => Sides { rows: 1, cols: 1 },
            Shape::Own => Sides { rows, cols },
            Shape::Matrix(rows, cols) => Sides {
                rows: side(rows),
                cols: side(cols),
            },
        };
        let start = self.program.values.len();
        self.program.values.resize(start + sides.len(), 0.0);
        Block { start, sides }
    }

    /// A new piece of state, as long as a block.
    fn state(&mut self, like: Block, initial: f64) -> usize {
        let start = self.program.state.len();
        self.program.state.resize(start + like.sides.len(), initial);
        start
    }

    /// The piece of state that remembers the update of a rule.
    fn slot(&mut self, rule: Origin) -> usize {
        if let Some(slot) = self.slots.get(&rule) {
            return *slot;
        }
        let like = Block {
            start: 0,
            sides: self.program.sides,
        };
        let slot = self.state(like, 0.0);
        self.slots.insert(rule, slot);
        slot
    }
}

fn elementwise(op: Op, blocks: &[Block]) -> Work {
    match *blocks {
        [x] => Work::Unary(op, x),
        [x, y] => Work::Binary(op, [x, y]),
        [x, y, z] => Work::Ternary(op, [x, y, z]),
        _ => unreachable!("elementwise ops have one to three arguments"),
    }
}
