//! From the graph of a rule to a [`Program`].
//!
//! The graph shares equal expressions and has numbers folded already. What is left: scalars leave the loops; an expression over
//! a sign and scalars takes four values and becomes a table; a power with a known exponent becomes products or a root;
//! state is moved on in its place. What is remembered for the next step is written after everything that still reads the old
//! value.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a case is about a few ops; all others are treated alike"
)]

mod state;

use super::program::{
    Instruction, Kernel, ONE, Pass, Place, Program, Scalar, ScalarInstruction, ScalarWork, Summand,
    Table,
};
use super::{fuse, registers};
use crate::engine::signs::{Key, Signs};
use crate::engine::{EngineError, noise};
use crate::ir::{self, Node, NodeId, Origin, Rule};
use crate::op::{Kind, Leaf, Op};
use crate::types::{Shape, Stage};
use rustc_hash::FxHashMap;

/// What is known of a node before anything is laid out.
#[derive(Clone, Copy, Default, Debug)]
struct Fact {
    is_wide: bool,
    /// Whether every tensor has a value of its own.
    is_per_tensor: bool,
    /// The pass that computes it.
    pass: usize,
    /// The last pass that reads it.
    last_read: usize,
    is_needed: bool,
}

/// Where a node's value is.
#[derive(Clone, Copy, Debug)]
enum Value {
    Scalar(Scalar),
    Wide(Place),
}

pub(super) struct Lower<'r> {
    rule: &'r Rule,
    signs: Signs,
    facts: Vec<Fact>,
    values: Vec<Option<Value>>,
    /// State that a `last` shares with the average it looks back at.
    shared: FxHashMap<NodeId, u16>,
    /// The slots of updates that are remembered.
    updates: FxHashMap<Origin, u16>,
    numbers: FxHashMap<u64, Scalar>,
    program: Program,
    /// What is written once nothing reads the old value any more: the slot and the value.
    deferred: Vec<(u16, Value)>,
    next_register: u16,
    last_pass: usize,
}

/// Compiles a rule that needs no matrix.
pub(in crate::engine) fn lower(rule: &Rule) -> Result<Program, EngineError> {
    let found = rule.ty().shape;
    if !found.fits_parameter() {
        return Err(EngineError::UpdateShape { found });
    }
    let mut lower = Lower::new(rule);
    lower.learn()?;
    for (id, node) in rule.graph().iter() {
        if lower.fact(id).is_needed {
            let value = lower.node(id, node)?;
            lower.values[id.0 as usize] = Some(value);
        }
    }
    lower.finish();
    let mut program = lower.program;
    for pass in &mut program.passes {
        fuse::fuse(&mut pass.instructions);
    }
    registers::allocate(&mut program);
    Ok(program)
}

impl<'r> Lower<'r> {
    fn new(rule: &'r Rule) -> Self {
        let len = rule.graph().len();
        Self {
            rule,
            signs: Signs::of(rule.graph(), false),
            facts: vec![Fact::default(); len],
            values: vec![None; len],
            shared: FxHashMap::default(),
            updates: FxHashMap::default(),
            numbers: FxHashMap::from_iter([(1.0_f64.to_bits(), ONE)]),
            program: Program {
                values: vec![0.0, 1.0],
                step: Vec::new(),
                tables: Vec::new(),
                passes: Vec::new(),
                wide: Vec::new(),
                narrow: Vec::new(),
                temporaries: 0,
                registers: 0,
                is_per_tensor: false,
            },
            deferred: Vec::new(),
            next_register: 0,
            last_pass: 0,
        }
    }

    fn fact(&self, id: NodeId) -> Fact {
        self.facts[id.0 as usize]
    }

    fn graph(&self) -> &'r ir::Graph {
        self.rule.graph()
    }

    /// Finds out shapes, passes, signs and what is needed at all.
    fn learn(&mut self) -> Result<(), EngineError> {
        for (id, node) in self.graph().iter() {
            if let Node::Leaf(Leaf::Coordinate(index)) = node {
                return Err(EngineError::Coordinate { index });
            }
            let ty = self.graph().ty(id);
            let args = node.args();
            let known = args.as_slice().iter().map(|arg| self.fact(*arg));
            let (mut pass, mut is_per_tensor) = (0, ty.stage == Stage::Tensor);
            for arg in known {
                pass = pass.max(arg.pass);
                is_per_tensor |= arg.is_per_tensor;
            }
            match node {
                Node::Apply(op, args) => {
                    let arg = self.fact(args.as_slice()[0]);
                    is_per_tensor |= op.has_state();
                    if op.info().kind == Kind::Reduction && arg.is_wide {
                        pass = arg.pass + 1;
                    }
                }
                Node::Drop { .. } | Node::LastUpdate(_) | Node::Own { .. } => is_per_tensor = true,
                Node::Number(_) | Node::Leaf(_) => {}
            }
            let is_wide = ty.shape != Shape::Scalar;
            let fact = Fact {
                is_wide,
                is_per_tensor,
                pass,
                ..Fact::default()
            };
            if !is_wide && is_per_tensor {
                self.program.is_per_tensor = true;
            }
            self.last_pass = self.last_pass.max(pass);
            self.facts[id.0 as usize] = fact;
        }
        self.program
            .passes
            .resize_with(self.last_pass + 1, Pass::default);
        self.need();
        Ok(())
    }

    /// Marks what the update and the state need, and in which pass last; readers come after what they read.
    fn need(&mut self) {
        let root = self.rule.root().0 as usize;
        self.facts[root].is_needed = true;
        self.facts[root].last_read = self.last_pass;
        let nodes: Vec<(NodeId, Node)> = self.graph().iter().collect();
        for (id, node) in nodes.into_iter().rev() {
            let fact = self.fact(id);
            if !fact.is_needed {
                continue;
            }
            if let Some(key) = self.signs.table_of(id) {
                let chain = self.signs.chain(self.graph(), id);
                for arg in [Some(key.x), key.y]
                    .into_iter()
                    .flatten()
                    .chain(chain.scalars)
                {
                    self.read(arg, fact.pass);
                }
                continue;
            }
            let pass = match node {
                // What is remembered for the next step is read at the end of this one.
                Node::Apply(Op::Last, _) | Node::Own { .. } => self.last_pass,
                Node::Apply(op, args) if op.info().kind == Kind::Reduction => {
                    self.fact(args.as_slice()[0]).pass
                }
                Node::Apply(..)
                | Node::Number(_)
                | Node::Leaf(_)
                | Node::Drop { .. }
                | Node::LastUpdate(_) => fact.pass,
            };
            for arg in node.args().as_slice() {
                self.read(*arg, pass);
            }
            if let Node::Apply(_, args) = node
                && self.graph().is_old_value(id)
            {
                self.shared.insert(args.as_slice()[0], 0);
            }
        }
    }

    fn read(&mut self, id: NodeId, pass: usize) {
        let fact = &mut self.facts[id.0 as usize];
        fact.is_needed = true;
        fact.last_read = fact.last_read.max(pass);
    }

    fn node(&mut self, id: NodeId, node: Node) -> Result<Value, EngineError> {
        let fact = self.fact(id);
        if let Some(key) = self.signs.table_of(id) {
            let table = self.table(id, key);
            let scalars = [table, table + 1, table + 2, table + 3];
            let x = self.wide(key.x);
            return Ok(match key.y {
                Some(y) => {
                    let places = [x, self.wide(y)];
                    self.emit(fact, Kernel::PickAgreement, &places, &scalars)
                }
                None => self.emit(fact, Kernel::Pick, &[x], &scalars),
            });
        }
        Ok(match node {
            Node::Number(bits) => Value::Scalar(self.number(f64::from_bits(bits))),
            Node::Leaf(leaf) => match leaf {
                Leaf::Grad => Value::Wide(Place::Grad),
                Leaf::Weight => Value::Wide(Place::Weight),
                Leaf::Step => self.scalar(fact, ScalarWork::Step),
                Leaf::Total => self.scalar(fact, ScalarWork::Total),
                Leaf::StepNoise => self.scalar(fact, ScalarWork::StepNoise),
                Leaf::Noise => self.emit(fact, Kernel::Noise, &[], &[]),
                Leaf::Coordinate(index) => return Err(EngineError::Coordinate { index }),
            },
            Node::Drop { x, p, mask } => {
                let stream = noise::STREAM_MASKS.wrapping_add(mask.0);
                let p = self.narrow(p);
                match self.value(x) {
                    Value::Wide(x) => self.emit(fact, Kernel::Drop(stream), &[x], &[p]),
                    Value::Scalar(x) => self.scalar(fact, ScalarWork::Drop { x, p, stream }),
                }
            }
            Node::LastUpdate(rule) => Value::Wide(Place::State(self.update_slot(rule))),
            Node::Own { rule, body } => {
                let (slot, value) = (self.update_slot(rule), self.value(body));
                self.deferred.push((slot, value));
                value
            }
            Node::Apply(op, args) => self.apply(id, fact, op, args.as_slice())?,
        })
    }

    fn apply(
        &mut self,
        id: NodeId,
        fact: Fact,
        op: Op,
        args: &[NodeId],
    ) -> Result<Value, EngineError> {
        let values: Vec<Value> = args.iter().map(|arg| self.value(*arg)).collect();
        Ok(match (op.info().kind, values[0]) {
            (Kind::Matrix, _) => return Err(EngineError::UpdateShape { found: Shape::FULL }),
            (Kind::Reduction, x) => self.reduce(fact, op, args[0], x),
            (Kind::State, _) if op == Op::Debias => {
                let Node::Apply(Op::Ema, ema) = self.graph().node(args[0]) else {
                    return Err(EngineError::DebiasOfOther);
                };
                let beta = self.narrow(ema.as_slice()[1]);
                match values[0] {
                    Value::Wide(x) => {
                        let factor = self.scalar_number(fact, ScalarWork::Reciprocal(beta));
                        self.emit(fact, Kernel::MulScalar, &[x], &[factor])
                    }
                    Value::Scalar(x) => {
                        let by = self.scalar_number(fact, ScalarWork::Correction(beta));
                        self.scalar(fact, ScalarWork::Apply(Op::Div, [x, by, 0], 2))
                    }
                }
            }
            (Kind::State, Value::Wide(x)) => self.wide_state(id, fact, op, args, x),
            (Kind::State, Value::Scalar(x)) => self.narrow_state(id, fact, op, args, x),
            (
                Kind::Arithmetic | Kind::Comparison | Kind::Logic | Kind::Choice | Kind::Random,
                _,
            ) => {
                if fact.is_wide {
                    let (kernel, places, scalars) = self.elementwise(op, args, &values, fact);
                    self.emit(fact, kernel, &places, &scalars)
                } else {
                    let mut scalars = [0; 3];
                    for (scalar, arg) in scalars.iter_mut().zip(args) {
                        *scalar = self.narrow(*arg);
                    }
                    let count = u8::try_from(args.len()).expect("at most three");
                    self.scalar(fact, ScalarWork::Apply(op, scalars, count))
                }
            }
        })
    }

    /// The kernel of an elementwise op, with its places and scalars.
    fn elementwise(
        &mut self,
        op: Op,
        args: &[NodeId],
        values: &[Value],
        fact: Fact,
    ) -> (Kernel, Vec<Place>, Vec<Scalar>) {
        use Value::{Scalar as S, Wide as W};
        match (op, values) {
            (Op::Add, [S(a), W(x)] | [W(x), S(a)]) => (Kernel::AddScalar, vec![*x], vec![*a]),
            (Op::Mul, [S(a), W(x)] | [W(x), S(a)]) => (Kernel::MulScalar, vec![*x], vec![*a]),
            (Op::Sub, [W(x), S(a)]) => {
                let minus = self.minus(fact, *a);
                (Kernel::AddScalar, vec![*x], vec![minus])
            }
            (Op::Sub, [S(a), W(x)]) => (Kernel::ScalarSub, vec![*x], vec![*a]),
            (Op::Div, [W(x), S(a)]) => (Kernel::DivScalar, vec![*x], vec![*a]),
            (Op::Div, [S(a), W(x)]) => (Kernel::ScalarDiv, vec![*x], vec![*a]),
            (Op::Pow, [S(a), W(x)]) => (Kernel::ScalarPow, vec![*x], vec![*a]),
            (Op::Pow, [W(x), S(a)]) => match self.graph().node(args[1]).as_number() {
                Some(number) => match whole(number) {
                    Some(2) => (Kernel::Square, vec![*x], vec![]),
                    Some(n) => (Kernel::PowWhole(n), vec![*x], vec![]),
                    None if number.to_bits() == 0.5_f64.to_bits() => {
                        (Kernel::PowHalf, vec![*x], vec![])
                    }
                    None => (Kernel::PowScalar, vec![*x], vec![*a]),
                },
                None => (Kernel::PowScalar, vec![*x], vec![*a]),
            },
            (_, [W(x)]) => (Kernel::Unary(op), vec![*x], vec![]),
            (_, values) => {
                let places = values.iter().map(|value| self.spread(*value, fact));
                let places: Vec<Place> = places.collect();
                if op == Op::Where {
                    (Kernel::Where, places, vec![])
                } else {
                    (Kernel::Binary(op), places, vec![])
                }
            }
        }
    }

    /// A value on every element.
    fn spread(&mut self, value: Value, fact: Fact) -> Place {
        match value {
            Value::Wide(place) => place,
            Value::Scalar(scalar) => {
                let place = self.register();
                self.push(
                    fact.pass,
                    Instruction::new(Kernel::Fill, place, &[], &[scalar]),
                );
                place
            }
        }
    }

    /// The four scalars of an expression over a sign.
    fn table(&mut self, id: NodeId, key: Key) -> Scalar {
        let fact = self.fact(id);
        // The loops' own kernels on the four signs: the same bits as on every element.
        let outer = (
            std::mem::take(&mut self.program.passes[fact.pass].instructions),
            std::mem::take(&mut self.next_register),
        );
        let (sign, one) = (self.register(), self.register());
        let mut places: FxHashMap<NodeId, Place> = FxHashMap::default();
        for id in self.signs.chain(self.graph(), id).ops {
            let Node::Apply(op, args) = self.graph().node(id) else {
                unreachable!("a function of a sign is made of ops")
            };
            let args = args.as_slice();
            if op == Op::Sign {
                // Of two signs it is their product that counts: one takes all values, the other is 1.
                places.insert(id, if args[0] == key.x { sign } else { one });
                continue;
            }
            let value = |arg: &NodeId| match places.get(arg) {
                Some(place) => Value::Wide(*place),
                None => Value::Scalar(self.narrow(*arg)),
            };
            let values: Vec<Value> = args.iter().map(value).collect();
            let (kernel, sources, scalars) = self.elementwise(op, args, &values, fact);
            let out = self.register();
            self.push(fact.pass, Instruction::new(kernel, out, &sources, &scalars));
            places.insert(id, out);
        }
        let registers = usize::from(std::mem::replace(&mut self.next_register, outer.1));
        let instructions =
            std::mem::replace(&mut self.program.passes[fact.pass].instructions, outer.0);
        let table = u16::try_from(self.program.tables.len()).expect("fewer than 2^16 tables");
        self.program.tables.push(Table {
            instructions,
            registers,
        });
        let out = self.new_scalar();
        for _ in 1..4 {
            self.new_scalar();
        }
        self.program.step.push(ScalarInstruction {
            work: ScalarWork::Table(table),
            out,
        });
        out
    }

    fn reduce(&mut self, fact: Fact, op: Op, arg: NodeId, x: Value) -> Value {
        let place = match x {
            Value::Scalar(x) => {
                // Of one value, mean and sum are the value, norm and rms its size.
                if matches!(op, Op::Mean | Op::Sum) {
                    return Value::Scalar(x);
                }
                let square = self.scalar_number(fact, ScalarWork::Apply(Op::Mul, [x, x, 0], 2));
                return self.scalar(fact, ScalarWork::Apply(Op::Sqrt, [square, 0, 0], 1));
            }
            Value::Wide(place) => place,
        };
        let summand = if matches!(op, Op::Norm | Op::Rms) {
            Summand::Square
        } else {
            Summand::Value
        };
        let pass = self.fact(arg).pass;
        let index = self.program.passes[pass].sums;
        self.program.passes[pass].sums += 1;
        let index = u16::try_from(index).expect("fewer than 2^16 sums");
        self.push(
            pass,
            Instruction::new(Kernel::Sum(summand, index), Place::Nowhere, &[place], &[]),
        );
        let sum = self.scalar_number(fact, ScalarWork::Summed(index));
        match op {
            Op::Norm => self.scalar(fact, ScalarWork::Apply(Op::Sqrt, [sum, 0, 0], 1)),
            Op::Mean | Op::Rms => self.scalar(
                fact,
                ScalarWork::PerElement {
                    sum,
                    rooted: op == Op::Rms,
                },
            ),
            _ => Value::Scalar(sum),
        }
    }

    fn value(&self, id: NodeId) -> Value {
        self.values[id.0 as usize].expect("arguments come first")
    }

    fn wide(&self, id: NodeId) -> Place {
        match self.value(id) {
            Value::Wide(place) => place,
            Value::Scalar(_) => unreachable!("what has a sign here has a value for every element"),
        }
    }

    fn narrow(&self, id: NodeId) -> Scalar {
        match self.value(id) {
            Value::Scalar(scalar) => scalar,
            Value::Wide(_) => unreachable!("the checker wants a scalar here"),
        }
    }

    fn push(&mut self, pass: usize, instruction: Instruction) {
        self.program.passes[pass].instructions.push(instruction);
    }

    fn emit(&mut self, fact: Fact, kernel: Kernel, args: &[Place], scalars: &[Scalar]) -> Value {
        let out = if fact.last_read > fact.pass {
            let index = self.program.temporaries;
            self.program.temporaries += 1;
            Place::Temporary(u16::try_from(index).expect("fewer than 2^16 tensors"))
        } else {
            self.register()
        };
        self.push(fact.pass, Instruction::new(kernel, out, args, scalars));
        Value::Wide(out)
    }

    fn register(&mut self) -> Place {
        self.next_register = self
            .next_register
            .checked_add(1)
            .expect("fewer than 2^16 values");
        Place::Register(self.next_register - 1)
    }

    fn new_scalar(&mut self) -> Scalar {
        self.program.values.push(0.0);
        Scalar::try_from(self.program.values.len() - 1).expect("fewer than 2^16 scalars")
    }

    fn number(&mut self, value: f64) -> Scalar {
        if let Some(known) = self.numbers.get(&value.to_bits()) {
            return *known;
        }
        let scalar = self.new_scalar();
        self.program.values[usize::from(scalar)] = value;
        self.numbers.insert(value.to_bits(), scalar);
        scalar
    }

    fn scalar(&mut self, fact: Fact, work: ScalarWork) -> Value {
        Value::Scalar(self.scalar_number(fact, work))
    }

    fn scalar_number(&mut self, fact: Fact, work: ScalarWork) -> Scalar {
        let out = self.new_scalar();
        let instruction = ScalarInstruction { work, out };
        // A wide value may need a scalar that is the same for all tensors, and scalars of one tensor come with their pass.
        let is_per_tensor = match work {
            ScalarWork::Step | ScalarWork::Total | ScalarWork::StepNoise | ScalarWork::Table(_) => {
                false
            }
            ScalarWork::Apply(_, args, count) => args[..usize::from(count)]
                .iter()
                .any(|arg| self.depends_on_tensor(*arg)),
            ScalarWork::Correction(beta) | ScalarWork::Reciprocal(beta) => {
                self.depends_on_tensor(beta)
            }
            ScalarWork::PerElement { .. }
            | ScalarWork::Summed(_)
            | ScalarWork::Drop { .. }
            | ScalarWork::Advance { .. }
            | ScalarWork::Recall { .. } => true,
        };
        if is_per_tensor {
            self.program.is_per_tensor = true;
            self.program.passes[fact.pass].scalars.push(instruction);
        } else {
            self.program.step.push(instruction);
        }
        out
    }

    fn depends_on_tensor(&self, scalar: Scalar) -> bool {
        let mut passes = self.program.passes.iter();
        passes.any(|pass| pass.scalars.iter().any(|each| each.out == scalar))
    }

    /// `1 - beta`.
    fn rest(&mut self, fact: Fact, beta: Scalar) -> Scalar {
        self.folded(fact, Op::Sub, [ONE, beta, 0], 2)
    }

    fn minus(&mut self, fact: Fact, x: Scalar) -> Scalar {
        self.folded(fact, Op::Neg, [x, 0, 0], 1)
    }

    /// A pure op on scalars, done now where they are numbers.
    fn folded(&mut self, fact: Fact, op: Op, args: [Scalar; 3], count: u8) -> Scalar {
        let args_used = &args[..usize::from(count)];
        let numbers: Option<Vec<f64>> = args_used
            .iter()
            .map(|arg| {
                let value = self.program.values[usize::from(*arg)];
                let is_number = self.numbers.get(&value.to_bits()) == Some(arg);
                is_number.then_some(value)
            })
            .collect();
        match numbers.and_then(|numbers| op.apply(&numbers)) {
            Some(value) => self.number(value),
            None => self.scalar_number(fact, ScalarWork::Apply(op, args, count)),
        }
    }
}

/// A small whole exponent that products are as good for.
#[allow(clippy::cast_possible_truncation, reason = "small whole numbers only")]
fn whole(exponent: f64) -> Option<i32> {
    let is_small = exponent.fract() == 0.0 && exponent != 0.0 && exponent.abs() <= 16.0;
    is_small.then_some(exponent as i32)
}
