//! What a step of a rule costs: what it remembers and what it computes.

use super::words::{count, list};
use crate::ir::{Graph, Node, NodeId, Rule};
use crate::op::{Kind, Op};
use crate::types::{Shape, Stage};

/// Bytes of one remembered value, as training stores it: f32.
const VALUE_BYTES: usize = 4;

/// What a rule remembers: for each element, for each row or column, for the tensor.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_field_names, reason = "named as in `Slots`")]
pub(super) struct Memory {
    pub(super) elements: Vec<String>,
    pub(super) sides: Vec<String>,
    pub(super) tensors: Vec<String>,
}

impl Memory {
    /// The slots of a rule, each as `text` writes it.
    pub(super) fn of(rule: &Rule, text: &dyn Fn(&Rule, NodeId) -> String) -> Self {
        let mut memory = Self::default();
        for (id, node) in rule.graph().iter() {
            let name = match node {
                Node::Apply(op, _) if op.has_state() && !rule.graph().is_old_value(id) => {
                    text(rule, id)
                }
                Node::Own { .. } => "its own update".to_owned(),
                Node::Apply(..)
                | Node::Number(_)
                | Node::Leaf(_)
                | Node::Drop { .. }
                | Node::LastUpdate(_) => continue,
            };
            match rule.graph().ty(id).shape {
                Shape::Scalar => memory.tensors.push(name),
                Shape::Own | Shape::FULL => memory.elements.push(name),
                Shape::Matrix(..) => memory.sides.push(name),
            }
        }
        memory
    }

    /// Bytes per parameter.
    pub(super) fn bytes(&self) -> usize {
        self.elements.len() * VALUE_BYTES
    }

    pub(super) fn text(&self) -> String {
        let mut parts = Vec::new();
        for (slots, what) in [
            (&self.elements, "parameter"),
            (&self.sides, "row or column"),
            (&self.tensors, "tensor"),
        ] {
            if !slots.is_empty() {
                let bytes = slots.len() * VALUE_BYTES;
                parts.push(format!("{bytes} bytes per {what}: {}", list(slots)));
            }
        }
        if parts.is_empty() {
            return "0 bytes: nothing is remembered".to_owned();
        }
        parts.join("; ")
    }
}

/// What one step computes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Operations {
    counts: [usize; KINDS.len()],
    /// The sum of the ops' weights, per parameter.
    pub(super) weight: u32,
    /// Ops on one value per step, tensor, row or column, which hardly count.
    shared: usize,
}

/// Kinds of operations, as a reader counts them.
const KINDS: [(&str, &str); 9] = [
    ("addition", "additions"),
    ("multiplication", "multiplications"),
    ("division", "divisions"),
    ("power or root", "powers and roots"),
    ("transcendental function", "transcendental functions"),
    (
        "sign, comparison or choice",
        "signs, comparisons and choices",
    ),
    ("state update", "state updates"),
    ("random draw", "random draws"),
    (
        "reduction or matrix operation",
        "reductions and matrix operations",
    ),
];

impl Operations {
    pub(super) fn of(rule: &Rule) -> Self {
        let graph = rule.graph();
        let mut operations = Self::default();
        for (id, node) in graph.iter() {
            let op = match node {
                Node::Apply(Op::Pow, args) => power(graph, args.as_slice()),
                Node::Apply(op, _) => op,
                Node::Drop { .. } => Op::Drop,
                Node::Number(_) | Node::Leaf(_) | Node::LastUpdate(_) | Node::Own { .. } => {
                    continue;
                }
            };
            let ty = graph.ty(id);
            // A reduction reads every element, whatever it gives.
            let is_wide = matches!(ty.shape, Shape::Own | Shape::FULL)
                || matches!(op.info().kind, Kind::Reduction | Kind::Matrix);
            if ty.stage == Stage::Tensor && is_wide {
                operations.counts[kind(op)] += 1;
                operations.weight += op.info().cost;
            } else {
                operations.shared += 1;
            }
        }
        operations
    }

    pub(super) fn text(&self) -> String {
        let parts: Vec<String> = KINDS
            .iter()
            .zip(self.counts)
            .filter(|(_, number)| *number > 0)
            .map(|((one, many), number)| count(number, one, many))
            .collect();
        let mut out = if parts.is_empty() {
            "none per parameter".to_owned()
        } else {
            format!("{}; weight {} per parameter", list(&parts), self.weight)
        };
        if self.shared > 0 {
            out.push_str("; ");
            out.push_str(&count(self.shared, "more", "more"));
            out.push_str(" once per step, tensor, row or column");
        }
        out
    }
}

/// What a power is computed as: `e^x` is one function, a small whole power a product.
fn power(graph: &Graph, args: &[NodeId]) -> Op {
    let [base, exponent] = [args[0], args[1]].map(|arg| graph.node(arg).as_number());
    if base.is_some_and(|base| base.to_bits() == std::f64::consts::E.to_bits()) {
        Op::Exp
    } else if exponent.is_some_and(|n| n.fract() == 0.0 && (2.0..=16.0).contains(&n)) {
        Op::Mul
    } else {
        Op::Pow
    }
}

fn kind(op: Op) -> usize {
    match op {
        Op::Add | Op::Sub | Op::Neg => 0,
        Op::Mul => 1,
        Op::Div | Op::Rem => 2,
        Op::Pow | Op::Sqrt => 3,
        Op::Exp | Op::Log | Op::Tanh | Op::Sigmoid | Op::Cos | Op::Sin => 4,
        Op::Or
        | Op::And
        | Op::Not
        | Op::Eq
        | Op::Ne
        | Op::Lt
        | Op::Le
        | Op::Gt
        | Op::Ge
        | Op::Abs
        | Op::Sign
        | Op::Clip
        | Op::Min
        | Op::Max
        | Op::Where => 5,
        Op::Ema | Op::Debias | Op::Trace | Op::Total | Op::Peak | Op::Last => 6,
        Op::Drop => 7,
        Op::MatMul
        | Op::Norm
        | Op::Mean
        | Op::Sum
        | Op::Rms
        | Op::Transpose
        | Op::RowMean
        | Op::ColMean
        | Op::Orthogonalize => 8,
    }
}
