//! The rows of the op table.

use super::{Kind, Notation, Op, OpInfo, Param, ShapeRule};
use crate::types::{Range, Stage};

const fn param(name: &'static str) -> Param {
    Param {
        name,
        stage: Stage::Tensor,
        domain: Range::ANY,
        domain_text: "",
        default: None,
    }
}

const fn limited(
    name: &'static str,
    stage: Stage,
    domain: Range,
    domain_text: &'static str,
) -> Param {
    Param {
        name,
        stage,
        domain,
        domain_text,
        default: None,
    }
}

/// At least 0 and below 1: the largest f64 below 1 is the bound.
const BELOW_ONE: Range = Range {
    lo: 0.0,
    hi: 1.0 - f64::EPSILON / 2.0,
    zero: true,
    whole: false,
};
const STEPS: Range = Range {
    lo: 1.0,
    hi: 100.0,
    zero: false,
    whole: true,
};

const X: Param = param("x");
const A: Param = param("a");
const B: Param = param("b");
const UNARY: &[Param] = &[X];
const BINARY: &[Param] = &[A, B];
const EMA: &[Param] = &[X, limited("beta", Stage::Step, BELOW_ONE, "0 <= beta < 1")];
const TRACE: &[Param] = &[X, limited("mu", Stage::Step, BELOW_ONE, "0 <= mu < 1")];
const CLIP: &[Param] = &[X, limited("l", Stage::Tensor, Range::POSITIVE, "l > 0")];
const DROP: &[Param] = &[X, limited("p", Stage::Step, Range::UNIT, "0 <= p <= 1")];
const LAST: &[Param] = &[
    X,
    Param {
        default: Some(0.0),
        ..limited("init", Stage::Script, Range::ANY, "")
    },
];
const WHERE: &[Param] = &[param("cond"), A, B];
const ORTHOGONALIZE: &[Param] = &[
    X,
    Param {
        default: Some(5.0),
        ..limited(
            "steps",
            Stage::Script,
            STEPS,
            "a whole number from 1 to 100",
        )
    },
];

/// Binding strengths of the operators: the grammar reads chains of operators flat, these shape them.
mod strength {
    pub(super) const OR: u8 = 1;
    pub(super) const AND: u8 = 2;
    pub(super) const NOT: u8 = 3;
    pub(super) const COMPARISON: u8 = 4;
    pub(super) const SUM: u8 = 5;
    pub(super) const PRODUCT: u8 = 6;
    pub(super) const MINUS: u8 = 7;
    pub(super) const POWER: u8 = 8;
}

const fn infix(precedence: u8) -> Notation {
    Notation::Infix {
        precedence,
        right: false,
    }
}

const fn row(
    op: Op,
    name: &'static str,
    notation: Notation,
    kind: Kind,
    params: &'static [Param],
    shape: ShapeRule,
    cost: u32,
) -> OpInfo {
    OpInfo {
        op,
        name,
        notation,
        kind,
        params,
        shape,
        cost,
        latex: "",
        doc: "",
        example: "",
    }
}

const fn said(
    row: OpInfo,
    latex: &'static str,
    doc: &'static str,
    example: &'static str,
) -> OpInfo {
    OpInfo {
        latex,
        doc,
        example,
        ..row
    }
}

use Kind::{Arithmetic, Choice, Comparison, Logic, Matrix, Random, Reduction, State};
use Notation::{Bars, Call, Prefix};
use ShapeRule::{Elementwise, First, Scalar};

/// Every primitive op, in the order of [`Op`].
#[rustfmt::skip] // a table reads better with one row an op
pub const TABLE: &[OpInfo] = &[
    said(row(Op::Or, "or", infix(strength::OR), Logic, BINARY, Elementwise, 1),
        r"#1 \lor #2", "True where either side is.", "where(g > 1 or g < -1, 0, g)"),
    said(row(Op::And, "and", infix(strength::AND), Logic, BINARY, Elementwise, 1),
        r"#1 \land #2", "True where both sides are.", "where(g > 0 and m > 0, g, 0)"),
    said(row(Op::Not, "not", Prefix { precedence: strength::NOT }, Logic, &[A], Elementwise, 1),
        r"\lnot #1", "True where the operand is false.", "where(not (g == 0), 1, 0)"),
    said(row(Op::Eq, "==", infix(strength::COMPARISON), Comparison, BINARY, Elementwise, 1),
        "#1 = #2", "True where both sides are exactly the same number.", "where(g == 0, 0, 1)"),
    said(row(Op::Ne, "!=", infix(strength::COMPARISON), Comparison, BINARY, Elementwise, 1),
        r"#1 \ne #2", "True where the sides differ.", "where(g != 0, 1, 0)"),
    said(row(Op::Lt, "<", infix(strength::COMPARISON), Comparison, BINARY, Elementwise, 1),
        "#1 < #2", "True where the left side is smaller.", "where(t < 100, 0, g)"),
    said(row(Op::Le, "<=", infix(strength::COMPARISON), Comparison, BINARY, Elementwise, 1),
        r"#1 \le #2", "True where the left side is not greater.", "where(norm(g) <= 1, g, g / norm(g))"),
    said(row(Op::Gt, ">", infix(strength::COMPARISON), Comparison, BINARY, Elementwise, 1),
        "#1 > #2", "True where the left side is greater.", "where(g * m > 0, g, 0)"),
    said(row(Op::Ge, ">=", infix(strength::COMPARISON), Comparison, BINARY, Elementwise, 1),
        r"#1 \ge #2", "True where the left side is not smaller.", "where(t >= 100, g, 0)"),
    said(row(Op::Add, "+", infix(strength::SUM), Arithmetic, BINARY, Elementwise, 1),
        "#1 + #2", "Sum, element by element.", "g + 1e-4 * w"),
    said(row(Op::Sub, "-", infix(strength::SUM), Arithmetic, BINARY, Elementwise, 1),
        "#1 - #2", "Difference, element by element.", "g - clip(g^2, 1e-4)"),
    said(row(Op::Mul, "*", infix(strength::PRODUCT), Arithmetic, BINARY, Elementwise, 1),
        r"#1 \cdot #2", "Product, element by element.", "sign(g) * sign(m)"),
    said(row(Op::Div, "/", infix(strength::PRODUCT), Arithmetic, BINARY, Elementwise, 4),
        r"\frac{#1}{#2}", "Quotient, element by element: plain division, nothing is added to the divisor.", "g / (sqrt(vhat) + delta)"),
    said(row(Op::Rem, "%", infix(strength::PRODUCT), Arithmetic, BINARY, Elementwise, 8),
        r"#1 \bmod #2", "Remainder with the sign of the divisor, as in Python.", "(10 * t) % T"),
    said(row(Op::MatMul, "@", infix(strength::PRODUCT), Matrix, BINARY, ShapeRule::MatMul, 64),
        "#1 #2", "Matrix product.", "g @ transpose(g) @ g"),
    said(row(Op::Neg, "-", Prefix { precedence: strength::MINUS }, Arithmetic, &[A], Elementwise, 1),
        "-#1", "The negative, element by element.", "-g"),
    said(row(Op::Pow, "^", Notation::Infix { precedence: strength::POWER, right: true }, Arithmetic, BINARY, Elementwise, 20),
        "{#1}^{#2}", "Real power; NaN where the base is negative and the exponent is no whole number.", "e^(sign(g) * sign(m)) * g"),
    said(row(Op::Abs, "abs", Bars, Arithmetic, UNARY, Elementwise, 1),
        r"\left|#1\right|", "Absolute value; also written `|x|`.", "sign(g) * |m|"),
    said(row(Op::Sign, "sign", Call, Arithmetic, UNARY, Elementwise, 1),
        r"\operatorname{sign}(#1)", "-1, 0 or 1; `sign(0)` is 0.", "sign(g)"),
    said(row(Op::Exp, "exp", Call, Arithmetic, UNARY, Elementwise, 10),
        "e^{#1}", "e to a power.", "exp(-g^2) * g"),
    said(row(Op::Log, "log", Call, Arithmetic, UNARY, Elementwise, 10),
        r"\ln #1", "Natural logarithm; `log|x|` is the logarithm of the absolute value.", "sign(g) * log(1 + |g|)"),
    said(row(Op::Sqrt, "sqrt", Call, Arithmetic, UNARY, Elementwise, 4),
        r"\sqrt{#1}", "Square root; `sqrt|x|` is the root of the absolute value.", "sign(g) * sqrt|g|"),
    said(row(Op::Clip, "clip", Call, Arithmetic, CLIP, Elementwise, 2),
        r"\operatorname{clip}(#1, #2)", "Clips to [-l, l].", "clip(g, 1e-3)"),
    said(row(Op::Drop, "drop", Call, Random, DROP, First, 4),
        r"\operatorname{drop}(#1, #2)",
        "Zero with probability p, not rescaled; each written occurrence has its own mask, a `let`-bound one is shared.", "drop(g, 0.3)"),
    said(row(Op::Min, "min", Call, Arithmetic, BINARY, Elementwise, 1),
        r"\min(#1, #2)", "The smaller, element by element.", "min(1, norm(g)) * g"),
    said(row(Op::Max, "max", Call, Arithmetic, BINARY, Elementwise, 1),
        r"\max(#1, #2)", "The greater, element by element.", "g / max(1, norm(g))"),
    said(row(Op::Tanh, "tanh", Call, Arithmetic, UNARY, Elementwise, 15),
        r"\tanh #1", "Hyperbolic tangent.", "tanh(g)"),
    said(row(Op::Sigmoid, "sigmoid", Call, Arithmetic, UNARY, Elementwise, 15),
        r"\sigma(#1)", "1 / (1 + e^-x).", "m * sigmoid(1e-4 * w)"),
    said(row(Op::Cos, "cos", Call, Arithmetic, UNARY, Elementwise, 12),
        r"\cos #1", "Cosine, in radians.", "0.5 * (1 + cos(pi * t / T))"),
    said(row(Op::Sin, "sin", Call, Arithmetic, UNARY, Elementwise, 12),
        r"\sin #1", "Sine, in radians.", "sin(g)"),
    said(row(Op::Where, "where", Call, Choice, WHERE, Elementwise, 1),
        r"\begin{cases} #2 & #1 \\ #3 & \text{otherwise} \end{cases}", "a where the condition holds, b elsewhere.", "where(g * m > 0, g, 0)"),
    said(row(Op::Ema, "ema", Call, State, EMA, First, 4),
        r"\operatorname{ema}_{#2}(#1)", "Exponential moving average from 0, without bias correction: s <- beta s + (1 - beta) x.", "ema(g, 0.9)"),
    said(row(Op::Debias, "debias", Call, State, UNARY, First, 4),
        r"\widehat{#1}", "Bias correction of an `ema`: divides it by 1 - beta^(t+1).", "debias(ema(g, 0.9))"),
    said(row(Op::Trace, "trace", Call, State, TRACE, First, 3),
        r"\operatorname{trace}_{#2}(#1)", "Decaying sum: s <- mu s + x.", "trace(g, 0.9)"),
    said(row(Op::Total, "total", Call, State, UNARY, First, 2),
        r"\textstyle\sum_{s \le t} #1", "Sum over all steps: s <- s + x.", "g / (sqrt(total(g^2)) + delta)"),
    said(row(Op::Peak, "peak", Call, State, UNARY, First, 2),
        r"\max_{s \le t} #1", "Largest value over all steps so far.", "m / (sqrt(peak(v)) + delta)"),
    said(row(Op::Last, "last", Call, State, LAST, First, 2),
        r"\operatorname{last}(#1)", "The value of the step before; `init` at the first. `last(update)` is the rule's own previous update.", "g - last(g)"),
    said(row(Op::Norm, "norm", Call, Reduction, UNARY, Scalar, 3),
        r"\left\lVert #1 \right\rVert", "Square root of the sum of squares, over one parameter tensor.", "g / max(1, norm(g))"),
    said(row(Op::Mean, "mean", Call, Reduction, UNARY, Scalar, 2),
        r"\operatorname{mean}(#1)", "Mean over one parameter tensor.", "g - mean(g)"),
    said(row(Op::Sum, "sum", Call, Reduction, UNARY, Scalar, 2),
        r"\textstyle\sum #1", "Sum over one parameter tensor.", "g * sum(g * m)"),
    said(row(Op::Rms, "rms", Call, Reduction, UNARY, Scalar, 3),
        r"\operatorname{rms}(#1)", "Root of the mean square, over one parameter tensor.", "g / max(1, rms(g))"),
    said(row(Op::Transpose, "transpose", Call, Matrix, UNARY, ShapeRule::Transpose, 2),
        r"{#1}^{\top}", "Rows become columns.", "g @ transpose(g) @ g"),
    said(row(Op::RowMean, "rowmean", Call, Matrix, UNARY, ShapeRule::RowMean, 2),
        r"\operatorname{rowmean}(#1)", "Mean of each row: `[r, c]` to `[r, 1]`.", "g / sqrt(rowmean(g^2) + delta)"),
    said(row(Op::ColMean, "colmean", Call, Matrix, UNARY, ShapeRule::ColMean, 2),
        r"\operatorname{colmean}(#1)", "Mean of each column: `[r, c]` to `[1, c]`.", "g / sqrt(colmean(g^2) + delta)"),
    said(row(Op::Orthogonalize, "orthogonalize", Call, Matrix, ORTHOGONALIZE, ShapeRule::Matrix, 640),
        r"\operatorname{orth}(#1)",
        "Brings all singular values near 1 by the quintic Newton-Schulz iteration of Muon (Jordan et al. 2024).", "orthogonalize(trace(g, 0.95))"),
];
