//! Stages, shapes and ranges: what is known of a numeric expression before it runs.
//!
//! Every numeric expression has a [`Stage`] (when its value is known), a [`Shape`] (how many values it has for one
//! parameter tensor) and a [`Range`] (which values it can take). Arithmetic joins stages, broadcasts shapes and maps
//! ranges; the rules are here, free of places in the text, so that the checker, the rule graph and the algebra share them.

mod range;
mod shape;

pub use range::Range;
pub use shape::{Dim, Mismatch, Shape};

/// When the value of an expression is known; each stage fits wherever a later one does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Stage {
    /// Known when the script runs: `2`, `e`, `1e-3`.
    Script,
    /// Known at each training step: `t/T`, `ld`, `eps_t`.
    Step,
    /// Depends on the parameter tensor: `g`, `m`, `norm(g)`.
    Tensor,
}

/// The stage and shape of a numeric expression.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ExprTy {
    /// When its value is known.
    pub stage: Stage,
    /// How many values it has.
    pub shape: Shape,
}

impl ExprTy {
    /// A number known when the script runs.
    pub const NUM: Self = Self {
        stage: Stage::Script,
        shape: Shape::Scalar,
    };
    /// A number known at each step.
    pub const SCHEDULE: Self = Self {
        stage: Stage::Step,
        shape: Shape::Scalar,
    };
    /// One value per element of the parameter.
    pub const TENSOR: Self = Self {
        stage: Stage::Tensor,
        shape: Shape::Own,
    };

    /// The type of an elementwise combination of two expressions.
    ///
    /// # Errors
    /// Both shapes, where they do not broadcast.
    pub fn join(self, other: Self) -> Result<Self, Mismatch> {
        Ok(Self {
            stage: self.stage.max(other.stage),
            shape: self.shape.broadcast(other.shape)?,
        })
    }
}

impl std::fmt::Display for ExprTy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.stage {
            Stage::Script => f.write_str("Num"),
            Stage::Step => f.write_str("Schedule"),
            Stage::Tensor => write!(f, "Tensor{}", self.shape),
        }
    }
}
