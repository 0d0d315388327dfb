//! A rule as a linear program over blocks of f32.
//!
//! Two kinds of values: *scalars*, one f64 for a tensor or for the whole step, and *wide* values, one f32 for every element of
//! the parameter. Scalars are computed once, before the elements are touched; wide values are computed block by block, so that
//! what lies between two instructions stays in the first-level cache. A reduction ends a pass: its result is a scalar of the
//! next one.

use crate::op::Op;

/// The number of a scalar.
pub(crate) type Scalar = u16;

/// The scalar that holds the learning rate.
pub(crate) const RATE: Scalar = 0;
/// The scalar that holds 1.
pub(crate) const ONE: Scalar = 1;

/// Where a wide value lies.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Place {
    /// Nowhere: an operand that the kernel does not have.
    Nowhere,
    /// In the gradient.
    Grad,
    /// In the parameter, which the last instruction of all changes.
    Weight,
    /// In a piece of state.
    State(u16),
    /// In a whole tensor that lasts from pass to pass of one step.
    Temporary(u16),
    /// In a block that lasts until its last reader.
    Register(u16),
}

/// A sum over all elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Summand {
    /// Of the values.
    Value,
    /// Of their squares.
    Square,
}

/// What one instruction does to every element: `x`, `y`, `z` are its operands, `s` the place it writes, `a`, `b`, … its scalars.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Kernel {
    /// `op x`.
    Unary(Op),
    /// `x op y`.
    Binary(Op),
    /// `x + a`.
    AddScalar,
    /// `a * x`.
    MulScalar,
    /// `x / a`: by multiplication where `1 / a` is a normal f32.
    DivScalar,
    /// `a - x`.
    ScalarSub,
    /// `a / x`.
    ScalarDiv,
    /// `x ^ a`.
    PowScalar,
    /// `a ^ x`.
    ScalarPow,
    /// `x * x`.
    Square,
    /// `x ^ 3`, and other small whole powers; the number of factors, negative for those of the divisor.
    PowWhole(i32),
    /// `x ^ 0.5`.
    PowHalf,
    /// `y` where `x` is true, else `z`.
    Where,
    /// `a`.
    Fill,
    /// `x`.
    Copy,
    /// `eps`.
    Noise,
    /// `0` with probability `a`, else `x`; with the stream of the mask.
    Drop(u32),
    /// `a * x + b * y`.
    Combine,
    /// `s <- a * s + b * x`.
    Ema,
    /// `s <- a * s + b * (x * x)`.
    EmaSquare,
    /// `s <- a * s + x`.
    Trace,
    /// `s <- s + x`.
    Total,
    /// `s <- s + x * x`.
    TotalSquare,
    /// `s <- max(s, x)`.
    Peak,
    /// `a`, `b`, `c` or `d` where `x` is negative, zero, positive or NaN.
    Pick,
    /// As `Pick`, on `sign(x) * sign(y)`.
    PickAgreement,
    /// `(a * x) / (sqrt(b * y) + c)`.
    Normalise,
    /// `w <- w - a * x`.
    Step,
    /// `w <- w - a * b`.
    StepScalar,
    /// Adds to a sum.
    Sum(Summand, u16),
    /// `y <- a y + x; w <- w - b y`.
    TraceStep,
    /// `y <- a y + b x; w <- w - c y`.
    EmaStep,
    /// `z <- a z + b x^2; w <- w - d (c x) / (sqrt(e z) + f)`.
    RmsStep,
    /// `y <- a y + b x; z <- c z + d x^2; w <- w - h (e y) / (sqrt(f z) + g)`.
    AdamStep,
    /// As `AdamStep`, with `i` times the quotient and `j w` in place of the quotient.
    AdamDecayStep,
    /// `y <- a y + b x; w <- w - g (pick(sign(x) sign(y); c, d, e, f) x)`.
    SignStep,
    /// `w <- w - e sign(c y + d x); y <- a y + b x`.
    LionStep,
}

/// The most scalars that a kernel takes.
pub(crate) const SCALARS: usize = 10;

/// One kernel with its operands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Instruction {
    pub(crate) kernel: Kernel,
    pub(crate) out: Place,
    pub(crate) args: [Place; 3],
    pub(crate) scalars: [Scalar; SCALARS],
}

/// How a scalar comes about.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum ScalarWork {
    /// The step, never more than the total.
    Step,
    /// The number of steps in all.
    Total,
    /// The draw of the step.
    StepNoise,
    /// A pure op.
    Apply(Op, [Scalar; 3], u8),
    /// `1 - beta^n` for the n-th update.
    Correction(Scalar),
    /// `1 / (1 - beta^n)`.
    Reciprocal(Scalar),
    /// `sqrt(x / n)` or `x / n` for the number of elements.
    PerElement { sum: Scalar, rooted: bool },
    /// A finished sum of the pass before.
    Summed(u16),
    /// `drop` of a scalar.
    Drop { x: Scalar, p: Scalar, stream: u32 },
    /// A piece of state that has one value a tensor, moved on.
    Advance {
        op: Op,
        x: Scalar,
        by: Scalar,
        slot: u16,
    },
    /// The value of the step before.
    Recall { slot: u16 },
    /// Four scalars from here on: an expression over a sign, at -1, 0, 1 and NaN.
    Table(u16),
}

/// One scalar's work and its number.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct ScalarInstruction {
    pub(crate) work: ScalarWork,
    pub(crate) out: Scalar,
}

/// An expression over a sign and scalars of the step, computed on four values instead of on every element: the first register
/// holds the signs, the second ones, the last instruction gives the result.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) instructions: Vec<Instruction>,
    pub(crate) registers: usize,
}

/// One way over all elements.
#[derive(Clone, Default, Debug)]
pub(crate) struct Pass {
    /// What is computed before, for this tensor.
    pub(crate) scalars: Vec<ScalarInstruction>,
    pub(crate) instructions: Vec<Instruction>,
    /// How many sums it makes.
    pub(crate) sums: usize,
    /// Scalars to be remembered after the pass, with where.
    pub(crate) remembered: Vec<(Scalar, u16)>,
}

/// One piece of state.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    /// What is remembered, in the language.
    pub(crate) name: String,
    /// Its first value.
    pub(crate) initial: f32,
}

/// A rule, compiled.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Scalars before the first step: numbers in their places.
    pub(crate) values: Vec<f64>,
    /// What is computed once a step.
    pub(crate) step: Vec<ScalarInstruction>,
    pub(crate) tables: Vec<Table>,
    pub(crate) passes: Vec<Pass>,
    /// State with one value an element.
    pub(crate) wide: Vec<Slot>,
    /// State with one value a tensor.
    pub(crate) narrow: Vec<Slot>,
    pub(crate) temporaries: usize,
    pub(crate) registers: usize,
    /// Whether tensors differ in scalars, so that each needs its own.
    pub(crate) is_per_tensor: bool,
}

impl Kernel {
    /// How many scalars the kernel reads.
    pub(crate) fn scalar_count(self) -> usize {
        match self {
            Self::AddScalar
            | Self::MulScalar
            | Self::DivScalar
            | Self::ScalarSub
            | Self::ScalarDiv
            | Self::PowScalar
            | Self::ScalarPow
            | Self::Fill
            | Self::Drop(_)
            | Self::Trace
            | Self::Step => 1,
            Self::Combine | Self::Ema | Self::EmaSquare | Self::StepScalar | Self::TraceStep => 2,
            Self::Normalise | Self::EmaStep => 3,
            Self::Pick | Self::PickAgreement => 4,
            Self::LionStep => 5,
            Self::RmsStep => 6,
            Self::SignStep => 7,
            Self::AdamStep => 8,
            Self::AdamDecayStep => 10,
            Self::Unary(_)
            | Self::Binary(_)
            | Self::Square
            | Self::PowWhole(_)
            | Self::PowHalf
            | Self::Where
            | Self::Copy
            | Self::Noise
            | Self::Total
            | Self::TotalSquare
            | Self::Peak
            | Self::Sum(..) => 0,
        }
    }
}

impl Instruction {
    pub(crate) fn new(kernel: Kernel, out: Place, args: &[Place], scalars: &[Scalar]) -> Self {
        let mut instruction = Self {
            kernel,
            out,
            args: [Place::Nowhere; 3],
            scalars: [0; SCALARS],
        };
        instruction.args[..args.len()].copy_from_slice(args);
        instruction.scalars[..scalars.len()].copy_from_slice(scalars);
        instruction
    }
}
