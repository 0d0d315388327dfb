//! The evaluator against values worked out by hand and against loops written as the papers write them.

mod noise;
mod objective;
mod ops;
mod papers;
mod shapes;

use super::matrix::count;
use super::{EngineError, Runner, TensorShape};
use crate::ir::{Graph, NodeId, Rule};
use crate::op::{Leaf, Op};
use crate::types::Shape;

/// Writes rules: `b.op(Op::Add, &[x, y])`.
#[derive(Default)]
struct Build(Graph);

impl Build {
    fn num(&mut self, value: f64) -> NodeId {
        self.0.number(value)
    }

    fn leaf(&mut self, leaf: Leaf) -> NodeId {
        self.0.leaf(leaf)
    }

    fn g(&mut self) -> NodeId {
        self.0.leaf(Leaf::Grad)
    }

    fn op(&mut self, op: Op, args: &[NodeId]) -> NodeId {
        self.0.apply(op, args).expect("shapes fit")
    }

    /// An op on a node and a number.
    fn with(&mut self, op: Op, x: NodeId, number: f64) -> NodeId {
        let number = self.num(number);
        self.op(op, &[x, number])
    }

    fn rule(&self, root: NodeId) -> Rule {
        Rule::new(&self.0, root)
    }
}

fn rule(build: impl FnOnce(&mut Build) -> NodeId) -> Rule {
    let mut b = Build::default();
    let root = build(&mut b);
    b.rule(root)
}

/// The updates of a rule for these gradients, with weights that stay at 2, 3, 4, ….
fn updates(rule: &Rule, shape: TensorShape, grads: &[&[f64]], total: u64) -> Vec<Vec<f64>> {
    let mut runner = Runner::new(rule, &[shape], 5).expect("the rule fits");
    let w: Vec<f64> = (0..shape.len()).map(|i| count(i) + 2.0).collect();
    (0..)
        .zip(grads)
        .map(|(step, g)| {
            let update = runner.update(0, &w, g, step, total);
            update.expect("lengths fit").to_vec()
        })
        .collect()
}

#[track_caller]
fn check(rule: &Rule, shape: TensorShape, grads: &[&[f64]], want: &[&[f64]]) {
    let got = updates(rule, shape, grads, 10);
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        assert_eq!(got.len(), want.len());
        for (x, y) in got.iter().zip(*want) {
            let close = (x - y).abs() <= 1e-12 * y.abs().max(1.0) || (x.is_nan() && y.is_nan());
            assert!(close, "{}: {got:?}, not {want:?}", rule.text());
        }
    }
}

const VECTOR: TensorShape = TensorShape::Vector(2);
const MATRIX: TensorShape = TensorShape::Matrix(2, 3);
