//! From the graph of a rule to the instructions of [`Lanes`].

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a case is about a few ops; all others are treated alike"
)]

use super::quick::{Code, Quick};
use super::{Block, Instruction, Lanes, Mask, Step, TableArg, Width, Work, fill_table};
use crate::engine::signs::{Key, Signs};
use crate::engine::{EngineError, TensorShape, noise};
use crate::ir::{Graph, Node, NodeId, Origin, Rule};
use crate::op::{Kind, Leaf, Op};
use crate::types::Shape;
use rustc_hash::FxHashMap;

pub(super) fn compile(
    rule: &Rule,
    coordinates: usize,
    seeds: &[u64],
) -> Result<Lanes, EngineError> {
    let found = rule.ty().shape;
    if rule.needs_matrix() {
        return Err(EngineError::MatrixRule {
            expected: Shape::FULL,
            found: TensorShape::Vector(coordinates),
            tensor: 0,
        });
    }
    if !found.fits_parameter() {
        return Err(EngineError::UpdateShape { found });
    }
    let nothing = Block {
        start: 0,
        width: Width::Shared,
    };
    let mut compiler = Compiler {
        graph: rule.graph(),
        signs: Signs::of(rule.graph(), true),
        blocks: vec![nothing; rule.graph().len()],
        known: FxHashMap::default(),
        numbers: vec![false; rule.graph().len()],
        corrections: FxHashMap::default(),
        slots: FxHashMap::default(),
        lanes: Lanes {
            coordinates,
            seeds: seeds.to_vec(),
            twins: twins(seeds),
            alike: alike(seeds),
            weight: None,
            gradient: None,
            corrections: Vec::new(),
            steps: Vec::new(),
            instructions: Vec::new(),
            tables: Vec::new(),
            values: Vec::new(),
            state: Vec::new(),
            remembered: Vec::new(),
            root: nothing,
            update: vec![0.0; coordinates * seeds.len()],
            is_first: true,
        },
    };
    let needed = compiler.needed(rule.root());
    for (id, node) in rule.graph().iter() {
        if needed[id.0 as usize] {
            compiler.blocks[id.0 as usize] = compiler.node(id, node)?;
        }
    }
    compiler.lanes.root = compiler.block(rule.root());
    Ok(compiler.lanes.in_steps())
}

impl Lanes {
    /// With what has a loop of its own where it stands.
    fn in_steps(mut self) -> Self {
        for instruction in std::mem::take(&mut self.instructions) {
            let place = self.instructions.len();
            let step = match instruction.work {
                Work::Quick(quick) => {
                    self.steps.push(Step::Quick(quick));
                    continue;
                }
                Work::Drop(x, p, stream)
                    if self.alike > 1 && (x.width, p.width) == (Width::Wide, Width::Shared) =>
                {
                    let (x, p, out) = (x.start, p.start, instruction.out.start);
                    Step::Drop(Mask { x, p, stream, out }, place)
                }
                Work::Leaf(leaf @ (Leaf::Noise | Leaf::StepNoise)) if self.alike > 1 => {
                    Step::Noise(leaf, instruction.out.start, place)
                }
                _ => Step::Other(place),
            };
            self.steps.push(step);
            self.instructions.push(instruction);
        }
        self
    }
}

/// The length of rows of equal seeds that the seeds consist of.
fn alike(seeds: &[u64]) -> usize {
    let len = seeds
        .chunk_by(|a, b| a == b)
        .map(<[u64]>::len)
        .min()
        .unwrap_or(1);
    let is_alike = |row: &[u64]| row.len() == len && row.iter().all(|seed| *seed == row[0]);
    if seeds.chunks(len).all(is_alike) {
        len
    } else {
        1
    }
}

/// For each seed the place where it stands first.
fn twins(seeds: &[u64]) -> Vec<usize> {
    let mut first = FxHashMap::default();
    let places = seeds.iter().enumerate();
    places
        .map(|(place, seed)| *first.entry(*seed).or_insert(place))
        .collect()
}

struct Compiler<'r> {
    graph: &'r Graph,
    signs: Signs,
    blocks: Vec<Block>,
    /// The numbers that are known, by where they stand.
    known: FxHashMap<usize, f64>,
    /// Which nodes are numbers.
    numbers: Vec<bool>,
    /// The corrections of decays that are numbers, by their bits.
    corrections: FxHashMap<u64, Block>,
    slots: FxHashMap<Origin, usize>,
    lanes: Lanes,
}

impl Compiler<'_> {
    /// What the update and the state need: not what lies between a table and its sign.
    fn needed(&self, root: NodeId) -> Vec<bool> {
        let mut needed = vec![false; self.graph.len()];
        needed[root.0 as usize] = true;
        let nodes: Vec<(NodeId, Node)> = self.graph.iter().collect();
        for (id, node) in nodes.into_iter().rev() {
            if !needed[id.0 as usize] {
                continue;
            }
            if let Some(key) = self.signs.table_of(id) {
                let scalars = self.signs.chain(self.graph, id).scalars;
                for arg in [Some(key.x), key.y].into_iter().flatten().chain(scalars) {
                    needed[arg.0 as usize] = true;
                }
                continue;
            }
            for arg in node.args().as_slice() {
                needed[arg.0 as usize] = true;
            }
        }
        needed
    }

    fn node(&mut self, id: NodeId, node: Node) -> Result<Block, EngineError> {
        if let Some(key) = self.signs.table_of(id) {
            let table = self.table(id, key);
            let x = self.block(key.x);
            let y = key.y.map(|y| self.block(y));
            return Ok(self.emit(Width::Wide, Work::Pick(x, y, table)));
        }
        let width = if self.graph.ty(id).shape != Shape::Scalar {
            Width::Wide
        } else if self.signs.is_shared(id) {
            Width::Shared
        } else {
            Width::Lane
        };
        let work = match node {
            Node::Number(bits) => {
                let block = self.room(Width::Shared);
                self.lanes.values[block.start] = f64::from_bits(bits);
                self.numbers[id.0 as usize] = true;
                self.known.insert(block.start, f64::from_bits(bits));
                return Ok(block);
            }
            Node::Own { rule, body } => {
                let (block, slot) = (self.block(body), self.slot(rule));
                self.lanes.remembered.push((block, slot));
                return Ok(block);
            }
            Node::Leaf(Leaf::Coordinate(index)) => return Err(EngineError::Coordinate { index }),
            Node::Leaf(Leaf::Grad) => {
                let block = self.room(Width::Wide);
                self.lanes.gradient = Some(block.start);
                return Ok(block);
            }
            Node::Leaf(Leaf::Weight) => {
                let block = self.room(Width::Wide);
                self.lanes.weight = Some(block.start);
                return Ok(block);
            }
            Node::Leaf(leaf) => Work::Leaf(leaf),
            Node::LastUpdate(rule) => Work::LastUpdate(self.slot(rule)),
            Node::Drop { x, p, mask } => Work::Drop(
                self.block(x),
                self.block(p),
                noise::STREAM_MASKS.wrapping_add(mask.0),
            ),
            Node::Apply(op, args) => self.apply(width, op, args.as_slice())?,
        };
        Ok(self.emit(width, work))
    }

    fn apply(&mut self, width: Width, op: Op, args: &[NodeId]) -> Result<Work, EngineError> {
        let mut blocks = [self.block(args[0]); 3];
        for (block, arg) in blocks.iter_mut().zip(args) {
            *block = self.block(*arg);
        }
        let [x, y, _] = blocks;
        Ok(match op {
            Op::Debias => {
                let Node::Apply(Op::Ema, ema) = self.graph.node(args[0]) else {
                    return Err(EngineError::DebiasOfOther);
                };
                let correction = self.correction(self.block(ema.as_slice()[1]));
                Work::Apply(Op::Div, [x, correction, x], 2)
            }
            Op::Ema => Work::Ema(x, y),
            Op::Trace => Work::Trace(x, y),
            Op::Total => Work::Total(x),
            Op::Peak => Work::Peak(x),
            Op::Last => Work::Last(x, y, self.state(width)),
            _ if op.info().kind == Kind::Reduction => Work::Reduce(op, x),
            _ => Work::Apply(op, blocks, args.len()),
        })
    }

    /// `1 - beta^n`: of a number, which many rules share, it is looked up.
    fn correction(&mut self, beta: Block) -> Block {
        let Some(number) = self.known.get(&beta.start).copied() else {
            return self.emit(beta.width, Work::Correction(beta));
        };
        if let Some(block) = self.corrections.get(&number.to_bits()) {
            return *block;
        }
        let block = self.room(Width::Shared);
        self.lanes.corrections.push((number, block.start));
        self.corrections.insert(number.to_bits(), block);
        block
    }

    /// The four values of an expression over a sign: once and for all where only numbers go in.
    fn table(&mut self, id: NodeId, key: Key) -> Block {
        let chain = self.signs.chain(self.graph, id);
        let entry = |arg: NodeId| match chain.ops.iter().position(|each| *each == arg) {
            Some(entry) => TableArg::Entry(entry),
            None => TableArg::Value(self.block(arg).start),
        };
        let mut table = Vec::with_capacity(chain.ops.len());
        for id in &chain.ops {
            let Node::Apply(op, args) = self.graph.node(*id) else {
                unreachable!("a function of a sign is made of ops")
            };
            let args = args.as_slice();
            let mut entries = [TableArg::Sign; 3];
            if op == Op::Sign {
                // Of two signs it is their product that counts: one takes all values, the other is 1.
                if args[0] != key.x {
                    entries[0] = TableArg::One;
                }
            } else {
                for (place, arg) in entries.iter_mut().zip(args) {
                    *place = entry(*arg);
                }
            }
            table.push((op, entries, args.len()));
        }
        let block = self.room(Width::Shared);
        let end = block.start + 4;
        self.lanes.values.resize(end, 0.0);
        if chain.scalars.iter().all(|id| self.numbers[id.0 as usize]) {
            let (before, rest) = self.lanes.values.split_at_mut(block.start);
            fill_table(&table, before, &mut rest[..4]);
        } else {
            self.lanes.tables.push(table);
            self.lanes.instructions.push(Instruction {
                work: Work::Table(self.lanes.tables.len() - 1),
                out: block,
            });
        }
        block
    }

    fn emit(&mut self, width: Width, work: Work) -> Block {
        let out = self.room(width);
        if matches!(work, Work::Peak(_)) {
            self.lanes.values[out.start..].fill(f64::NEG_INFINITY);
        }
        let work = self.quick(work, out).map_or(work, Work::Quick);
        self.lanes.instructions.push(Instruction { work, out });
        out
    }

    /// The loop that does the same, where arguments and result run side by side.
    fn quick(&self, work: Work, out: Block) -> Option<Quick> {
        let (code, x, y) = match work {
            Work::Apply(op, args, count) if count <= 2 => {
                let number = |index: usize| self.known.get(&args[index].start).copied();
                let (code, [x, y]) = Code::of(op, number)?;
                (code, args[x], args[y])
            }
            Work::Ema(x, beta) if beta.width == Width::Shared => (Code::Ema, x, beta),
            Work::Pick(x, None, _) => (Code::Pick, x, x),
            Work::Pick(x, Some(y), _) => (Code::PickByTwo, x, y),
            Work::Trace(x, mu) if mu.width == Width::Shared => (Code::Trace, x, mu),
            _ => return None,
        };
        let is_one = |block: Block| block.width == Width::Shared && out.width != Width::Shared;
        let fits = |block: Block| block.width == out.width || is_one(block);
        let is_state = matches!(code, Code::Ema | Code::Trace);
        let is_plain = if is_state || code.is_unary() {
            x.width == out.width
        } else {
            fits(x) && fits(y) && !(is_one(x) && is_one(y))
        };
        is_plain.then(|| Quick {
            code,
            x: x.start,
            is_x_one: is_one(x),
            y: y.start,
            is_y_one: is_one(y),
            table: match work {
                Work::Pick(_, _, table) => table.start,
                _ => 0,
            },
            out: out.start,
            len: self.lanes.len(out.width),
        })
    }

    fn block(&self, id: NodeId) -> Block {
        self.blocks[id.0 as usize]
    }

    fn room(&mut self, width: Width) -> Block {
        let start = self.lanes.values.len();
        let len = self.lanes.len(width);
        self.lanes.values.resize(start + len, 0.0);
        Block { start, width }
    }

    fn state(&mut self, width: Width) -> usize {
        let start = self.lanes.state.len();
        let len = self.lanes.len(width);
        self.lanes.state.resize(start + len, 0.0);
        start
    }

    fn slot(&mut self, rule: Origin) -> usize {
        if let Some(slot) = self.slots.get(&rule) {
            return *slot;
        }
        let slot = self.state(Width::Wide);
        self.slots.insert(rule, slot);
        slot
    }
}
