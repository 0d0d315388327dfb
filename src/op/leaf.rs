//! Leaves: what a rule can mention without computing it.

use crate::types::{ExprTy, Range, Shape, Stage};
use serde::{Deserialize, Serialize};

/// A name whose value comes from the training step itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Leaf {
    /// The gradient.
    Grad,
    /// The parameter.
    Weight,
    /// The step, from 0.
    Step,
    /// The number of steps in all.
    Total,
    /// Noise of variance 0.01, one draw per element and step.
    Noise,
    /// Annealed noise of variance 1/(1+t)^0.55, one draw per step.
    StepNoise,
    /// The n-th argument of a test function.
    Coordinate(u32),
}

/// What there is to know of a leaf.
#[derive(Clone, Copy, Debug)]
pub struct LeafInfo {
    /// The leaf itself.
    pub leaf: Leaf,
    /// Its name in the language.
    pub name: &'static str,
    /// Its stage and shape.
    pub ty: ExprTy,
    /// The values it can take.
    pub range: Range,
    /// LaTeX.
    pub latex: &'static str,
    /// One sentence for help.
    pub doc: &'static str,
}

const STEP_NOISE: ExprTy = ExprTy {
    stage: Stage::Step,
    shape: Shape::Scalar,
};

/// The leaves a rule can name.
#[rustfmt::skip] // a table reads better with one row a leaf
pub const LEAVES: &[LeafInfo] = &[
    LeafInfo { leaf: Leaf::Grad, name: "g", ty: ExprTy::TENSOR, range: Range::ANY, latex: "g",
        doc: "The gradient of the loss with respect to the parameter." },
    LeafInfo { leaf: Leaf::Weight, name: "w", ty: ExprTy::TENSOR, range: Range::ANY, latex: "w",
        doc: "The parameter, before this step's update." },
    LeafInfo { leaf: Leaf::Step, name: "t", ty: ExprTy::SCHEDULE,
        range: Range { lo: 0.0, hi: f64::INFINITY, zero: true, whole: true }, latex: "t",
        doc: "The step, from 0; never more than `T`." },
    LeafInfo { leaf: Leaf::Total, name: "T", ty: ExprTy::SCHEDULE,
        range: Range { lo: 1.0, hi: f64::INFINITY, zero: false, whole: true }, latex: "T",
        doc: "The number of steps in all." },
    LeafInfo { leaf: Leaf::Noise, name: "eps", ty: ExprTy::TENSOR, range: Range::ANY, latex: r"\epsilon",
        doc: "Noise N(0, 0.01), 0.01 being the variance: one draw per element and step, the same wherever it appears in a rule." },
    LeafInfo { leaf: Leaf::StepNoise, name: "eps_t", ty: STEP_NOISE, range: Range::ANY, latex: r"\epsilon_t",
        doc: "Annealed noise N(0, 1/(1+t)^0.55), variance again: one draw per step." },
];

impl Leaf {
    /// The leaf's row of the table; none for the coordinates of a test function.
    pub fn info(self) -> Option<&'static LeafInfo> {
        LEAVES.iter().find(|row| row.leaf == self)
    }

    /// The leaf of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        LEAVES
            .iter()
            .find(|row| row.name == name)
            .map(|row| row.leaf)
    }

    /// Its stage and shape: a coordinate is one number, known only when the function is called.
    pub fn ty(self) -> ExprTy {
        self.info().map_or(
            ExprTy {
                stage: Stage::Tensor,
                shape: Shape::Scalar,
            },
            |row| row.ty,
        )
    }

    /// The values it can take.
    pub fn range(self) -> Range {
        self.info().map_or(Range::ANY, |row| row.range)
    }
}
