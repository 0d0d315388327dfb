//! Values of a rule's nodes as tensors, and the ops of the language on them.
//!
//! What is one number for all elements stays a number in f64 on the host: steps, schedules, corrections. Everything else is a tensor in f32 on the device of
//! the parameter. Each op does what the op table says ([`Op::apply`]); where libtorch differs, as in the sign of what is no number, the difference is made up for.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "ops with the same number of arguments are a few of many, and a test goes through all of them"
)]

use nos::op::Op;
use tch::{Device, Kind, Tensor};

/// A node's value.
#[derive(Debug)]
pub(super) enum Value {
    /// One number, known on the host.
    Number(f64),
    /// A tensor that broadcasts to the parameter.
    Tensor(Tensor),
}

use Value::{Number, Tensor as Elements};

impl Value {
    /// Another handle on the same value.
    pub(super) fn share(&self) -> Self {
        match self {
            Number(value) => Number(*value),
            Elements(tensor) => Elements(tensor.shallow_clone()),
        }
    }

    /// A value that later changes of parameters do not reach.
    pub(super) fn copy(&self) -> Self {
        match self {
            Number(value) => Number(*value),
            Elements(tensor) => Elements(tensor.copy()),
        }
    }

    /// The value as a tensor.
    pub(super) fn tensor(&self, device: Device) -> Tensor {
        match self {
            Number(value) => Tensor::full([0_i64; 0], *value, (Kind::Float, device)),
            Elements(tensor) => tensor.shallow_clone(),
        }
    }
}

/// The value of a pure elementwise op.
pub(super) fn apply(op: Op, args: &[Value], device: Device) -> Value {
    let numbers: Option<Vec<f64>> = args
        .iter()
        .map(|arg| match arg {
            Number(value) => Some(*value),
            Elements(_) => None,
        })
        .collect();
    if let Some(numbers) = numbers {
        return Number(op.apply(&numbers).expect("only pure ops are elementwise"));
    }
    Elements(match args {
        [Elements(x)] => unary(op, x),
        [Elements(x), Number(c)] => right_number(op, x, *c),
        [Number(c), Elements(x)] => left_number(op, *c, x),
        [x, y] => binary(op, &x.tensor(device), &y.tensor(device)),
        [x, y, z] => choice(op, &x.tensor(device), &y.tensor(device), &z.tensor(device)),
        _ => unreachable!("elementwise ops have one to three arguments"),
    })
}

fn unary(op: Op, x: &Tensor) -> Tensor {
    match op {
        Op::Not => truth(&x.eq(0.0)),
        Op::Neg => -x,
        Op::Abs => x.abs(),
        // The sign of what is no number is 0 in libtorch.
        Op::Sign => x.where_self(&x.isnan(), &x.sign()),
        Op::Exp => x.exp(),
        Op::Log => x.log(),
        Op::Sqrt => x.sqrt(),
        Op::Tanh => x.tanh(),
        Op::Sigmoid => x.sigmoid(),
        Op::Cos => x.cos(),
        Op::Sin => x.sin(),
        other => unreachable!("`{}` has more arguments than one", other.name()),
    }
}

/// Ops that have a form for a number on the right, which spares a tensor.
fn right_number(op: Op, x: &Tensor, c: f64) -> Tensor {
    match op {
        Op::Add => x + c,
        Op::Sub => x - c,
        Op::Mul => x * c,
        Op::Div => x / c,
        Op::Pow => power(x, c),
        Op::Clip if c >= 0.0 => x.clamp(-c, c),
        other => binary(other, x, &Number(c).tensor(x.device())),
    }
}

fn left_number(op: Op, c: f64, x: &Tensor) -> Tensor {
    match op {
        Op::Add => x + c,
        Op::Sub => c - x,
        Op::Mul => x * c,
        Op::Div => c / x,
        Op::Pow => Tensor::pow_scalar(c, x),
        other => binary(other, &Number(c).tensor(x.device()), x),
    }
}

fn power(x: &Tensor, exponent: f64) -> Tensor {
    #[allow(clippy::float_cmp, reason = "exactly these exponents")]
    if exponent == 2.0 {
        x * x
    } else if exponent == 3.0 {
        x * x * x
    } else {
        x.pow_tensor_scalar(exponent)
    }
}

fn binary(op: Op, x: &Tensor, y: &Tensor) -> Tensor {
    match op {
        Op::Or => truth(&x.ne(0.0).logical_or(&y.ne(0.0))),
        Op::And => truth(&x.ne(0.0).logical_and(&y.ne(0.0))),
        Op::Eq => truth(&x.eq_tensor(y)),
        Op::Ne => truth(&x.ne_tensor(y)),
        Op::Lt => truth(&x.lt_tensor(y)),
        Op::Le => truth(&x.le_tensor(y)),
        Op::Gt => truth(&x.gt_tensor(y)),
        Op::Ge => truth(&x.ge_tensor(y)),
        Op::Add => x + y,
        Op::Sub => x - y,
        Op::Mul => x * y,
        Op::Div => x / y,
        Op::Rem => x.remainder_tensor(y),
        Op::Pow => x.pow(y),
        Op::Clip => {
            let below = y.where_self(&x.gt_tensor(y), x);
            (-y).where_self(&x.lt_tensor(&-y), &below)
        }
        Op::Min => x.minimum(y),
        Op::Max => x.maximum(y),
        other => unreachable!("`{}` has not two arguments", other.name()),
    }
}

fn choice(op: Op, condition: &Tensor, yes: &Tensor, no: &Tensor) -> Tensor {
    match op {
        Op::Where => no.where_self(&condition.eq(0.0), yes),
        other => unreachable!("`{}` has not three arguments", other.name()),
    }
}

/// Truth values as the language has them: 1 and 0.
fn truth(claim: &Tensor) -> Tensor {
    claim.to_kind(Kind::Float)
}

/// All singular values brought near 1, as the engine's `orthogonalize` does it (Jordan et al. 2024, Muon).
pub(super) fn orthogonalize(x: &Tensor, steps: i64) -> Tensor {
    const LINEAR: f64 = 3.4445;
    const CUBIC: f64 = -4.7750;
    const QUINTIC: f64 = 2.0315;
    let [rows, cols] = *x.size() else {
        unreachable!("only matrices are made orthogonal");
    };
    let is_tall = rows > cols;
    let mut x = if is_tall { x.tr() } else { x.shallow_clone() };
    x = &x / (x.norm() + 1e-7);
    for _ in 0..steps {
        let gram = x.matmul(&x.tr());
        let polynomial = CUBIC * &gram + QUINTIC * gram.matmul(&gram);
        x = LINEAR * &x + polynomial.matmul(&x);
    }
    if is_tall { x.tr() } else { x }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "infinities and zeros are meant")]
mod tests {
    use super::*;
    use nos::op::{Kind as OpKind, TABLE};

    const POINTS: [f64; 9] = [
        -2.5,
        -1.0,
        -0.0,
        0.0,
        0.5,
        1.0,
        3.0,
        f64::INFINITY,
        f64::NAN,
    ];

    /// Every elementwise op at all pairs of points, against the op table.
    #[test]
    fn ops_are_those_of_the_table() {
        let pure = [
            OpKind::Arithmetic,
            OpKind::Comparison,
            OpKind::Logic,
            OpKind::Choice,
        ];
        for row in TABLE.iter().filter(|row| pure.contains(&row.kind)) {
            for x in POINTS {
                for y in POINTS {
                    let args = [x, y, 7.0];
                    let args = &args[..row.params.len()];
                    if row.op == Op::Clip && y < 0.0 {
                        continue;
                    }
                    let want = row.op.apply(args).expect("a pure op");
                    // As tensors, and with a number on either side.
                    for plain in 0..4 {
                        let values = args.iter().enumerate().map(|(place, value)| {
                            if plain == place + 1 {
                                Number(*value)
                            } else {
                                Elements(Number(*value).tensor(Device::Cpu))
                            }
                        });
                        let values: Vec<Value> = values.collect();
                        let got = apply(row.op, &values, Device::Cpu)
                            .tensor(Device::Cpu)
                            .double_value(&[]);
                        let is_same = got == want
                            || (got.is_nan() && want.is_nan())
                            || (got - want).abs() <= 1e-6 * want.abs().max(1.0);
                        assert!(
                            is_same,
                            "{}{args:?} = {got}, not {want} (form {plain})",
                            row.name
                        );
                    }
                }
            }
        }
    }
}
