//! Kernels that do the work of several.
//!
//! A pass is memory traffic: every kernel that is saved is one walk over the block less. First neighbours are joined
//! (`a * x + b * y`, a root in a divisor, a sign in a table); then, where what is left of a rule is one of the common shapes, all of
//! it becomes one loop. A joined kernel does the same operations in the same order on every element, so no bit changes.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a pattern is about a few kernels; all others are left as they are"
)]

use super::program::{Instruction, Kernel, ONE, Place, Scalar};
use crate::op::Op;

/// Joins what can be joined in one pass.
pub(super) fn fuse(list: &mut Vec<Instruction>) {
    let mut index = 0;
    while index < list.len() {
        // What a kernel was joined from lies before it and is gone afterwards.
        let before = list.len();
        if join(list, index) {
            index -= before - list.len();
        } else {
            index += 1;
        }
    }
    if let Some(whole) = whole(list) {
        *list = vec![whole];
    }
}

/// Joins an instruction with those that make its operands; whether it did.
fn join(list: &mut Vec<Instruction>, index: usize) -> bool {
    let this = list[index];
    let x = this.args[0];
    match this.kernel {
        Kernel::Ema | Kernel::Total => {
            let kernel = if this.kernel == Kernel::Ema {
                Kernel::EmaSquare
            } else {
                Kernel::TotalSquare
            };
            let Some((at, square)) = maker(list, index, x, Kernel::Square) else {
                return false;
            };
            list[index].kernel = kernel;
            list[index].args[0] = square.args[0];
            list.remove(at);
            true
        }
        Kernel::Copy => {
            let Some((at, sum)) = maker(list, index, x, Kernel::Combine) else {
                return false;
            };
            if sum.args[0] != this.out {
                return false;
            }
            list[index] =
                Instruction::new(Kernel::Ema, this.out, &sum.args[1..2], &sum.scalars[..2]);
            list.remove(at);
            true
        }
        Kernel::Binary(Op::Add) => combine(list, index),
        Kernel::Binary(Op::Div) => normalise(list, index),
        _ => false,
    }
}

/// `(a * x) / (sqrt(b * y) + c)`; both factors may be missing.
fn normalise(list: &mut Vec<Instruction>, index: usize) -> bool {
    let this = list[index];
    let Some((sum_at, sum)) = maker(list, index, this.args[1], Kernel::AddScalar) else {
        return false;
    };
    let Some((root_at, root)) = maker(list, sum_at, sum.args[0], Kernel::Unary(Op::Sqrt)) else {
        return false;
    };
    let (m, v) = (
        factor(list, index, this.args[0]),
        factor(list, root_at, root.args[0]),
    );
    if !is_undisturbed(list, v.at.unwrap_or(root_at), index, v.place) {
        return false;
    }
    let scalars = [m.scalar, v.scalar, sum.scalars[0]];
    list[index] = Instruction::new(Kernel::Normalise, this.out, &[m.place, v.place], &scalars);
    remove(list, [Some(sum_at), Some(root_at), v.at, m.at]);
    true
}

/// `a * x + b * y`; one factor may be missing.
fn combine(list: &mut Vec<Instruction>, index: usize) -> bool {
    let this = list[index];
    let (x, y) = (
        factor(list, index, this.args[0]),
        factor(list, index, this.args[1]),
    );
    if x.at.is_none() && y.at.is_none() {
        return false;
    }
    let (args, scalars) = ([x.place, y.place], [x.scalar, y.scalar]);
    list[index] = Instruction::new(Kernel::Combine, this.out, &args, &scalars);
    remove(list, [x.at, y.at, None, None]);
    true
}

/// A product with a scalar, or anything else as a product with one.
struct Factor {
    place: Place,
    scalar: Scalar,
    /// The instruction that is no longer needed.
    at: Option<usize>,
}

fn factor(list: &[Instruction], index: usize, place: Place) -> Factor {
    match maker(list, index, place, Kernel::MulScalar) {
        Some((at, product)) => Factor {
            place: product.args[0],
            scalar: product.scalars[0],
            at: Some(at),
        },
        None => Factor {
            place,
            scalar: ONE,
            at: None,
        },
    }
}

fn remove(list: &mut Vec<Instruction>, gone: [Option<usize>; 4]) {
    let mut gone: Vec<usize> = gone.into_iter().flatten().collect();
    gone.sort_unstable();
    for at in gone.into_iter().rev() {
        list.remove(at);
    }
}

/// The instruction that makes an operand, where it is this kernel, nothing else reads the operand, and its own operands are
/// still what they were.
fn maker(
    list: &[Instruction],
    index: usize,
    operand: Place,
    kernel: Kernel,
) -> Option<(usize, Instruction)> {
    if !matches!(operand, Place::Register(_)) {
        return None;
    }
    let at = list[..index].iter().rposition(|each| each.out == operand)?;
    let found = list[at];
    let readers = list.iter().flat_map(|each| each.args);
    let is_only = readers.filter(|place| *place == operand).count() == 1;
    let is_fresh = found
        .args
        .iter()
        .all(|place| is_undisturbed(list, at, index, *place));
    (found.kernel == kernel && is_only && is_fresh).then_some((at, found))
}

/// Whether nothing between two instructions writes a place.
fn is_undisturbed(list: &[Instruction], from: usize, to: usize, place: Place) -> bool {
    place == Place::Nowhere || list[from + 1..to].iter().all(|each| each.out != place)
}

/// All of a rule as one loop.
fn whole(list: &[Instruction]) -> Option<Instruction> {
    let (step, rest) = list.split_last()?;
    let rate = step.scalars[0];
    if step.kernel != Kernel::Step {
        return None;
    }
    let update = step.args[0];
    let w = Place::Weight;
    match rest {
        [s] if s.out == update && s.args[0] != w => {
            let kernel = match s.kernel {
                Kernel::Trace => Kernel::TraceStep,
                Kernel::Ema => Kernel::EmaStep,
                _ => return None,
            };
            let mut scalars = s.scalars;
            scalars[kernel.scalar_count() - 1] = rate;
            Some(Instruction::new(kernel, w, &[s.args[0], s.out], &scalars))
        }
        [s, u] if u.out == update && s.args[0] == Place::Grad => two(s, u, rate),
        [a, b, u] if u.out == update => adam(a, b, u, rate)
            .or_else(|| adam(b, a, u, rate))
            .or_else(|| sign(a, b, u, rate)),
        [a, b, u, sum] if sum.out == update => {
            let adam = adam(a, b, u, rate).or_else(|| adam(b, a, u, rate))?;
            decayed(adam, u, sum)
        }
        [c, s, e] if s.out == update => lion(c, s, e, rate),
        _ => None,
    }
}

/// A sum of squares over all steps as what it is: a mean with both factors 1.
fn averaged(s: &Instruction) -> Instruction {
    let mut s = *s;
    if s.kernel == Kernel::TotalSquare {
        s.kernel = Kernel::EmaSquare;
        s.scalars[..2].copy_from_slice(&[ONE, ONE]);
    }
    s
}

/// `rmsprop` and `adagrad`: a mean square, and what it divides.
fn two(s: &Instruction, u: &Instruction, rate: Scalar) -> Option<Instruction> {
    let s = &averaged(s);
    let is_match = s.kernel == Kernel::EmaSquare
        && u.kernel == Kernel::Normalise
        && u.args[..2] == [Place::Grad, s.out];
    let scalars = [
        s.scalars[0],
        s.scalars[1],
        u.scalars[0],
        rate,
        u.scalars[1],
        u.scalars[2],
    ];
    is_match.then(|| {
        let args = [Place::Grad, Place::Nowhere, s.out];
        Instruction::new(Kernel::RmsStep, Place::Weight, &args, &scalars)
    })
}

/// `adam`: a mean, a mean square, and their quotient.
fn adam(m: &Instruction, v: &Instruction, u: &Instruction, rate: Scalar) -> Option<Instruction> {
    let x = Place::Grad;
    let is_match = m.kernel == Kernel::Ema
        && [m.args[0], v.args[0]] == [x, x]
        && v.kernel == Kernel::EmaSquare
        && u.kernel == Kernel::Normalise
        && u.args[..2] == [m.out, v.out];
    let scalars = [
        m.scalars[0],
        m.scalars[1],
        v.scalars[0],
        v.scalars[1],
        u.scalars[0],
        u.scalars[1],
        u.scalars[2],
        rate,
    ];
    is_match.then(|| {
        let args = [x, m.out, v.out];
        Instruction::new(Kernel::AdamStep, Place::Weight, &args, &scalars)
    })
}

/// Adam with weight decay beside the quotient.
fn decayed(adam: Instruction, u: &Instruction, sum: &Instruction) -> Option<Instruction> {
    let is_match = sum.kernel == Kernel::Combine && sum.args[..2] == [u.out, Place::Weight];
    let mut decayed = adam;
    decayed.kernel = Kernel::AdamDecayStep;
    decayed.scalars[8..10].copy_from_slice(&sum.scalars[..2]);
    is_match.then_some(decayed)
}

/// `powersign` and `addsign`: a factor from a table of the agreement of gradient and mean.
fn sign(s: &Instruction, pick: &Instruction, u: &Instruction, rate: Scalar) -> Option<Instruction> {
    let x = Place::Grad;
    let is_pair = |[a, b]: [Place; 2], c: Place, d: Place| [a, b] == [c, d] || [a, b] == [d, c];
    let is_match = [s.kernel, pick.kernel, u.kernel]
        == [Kernel::Ema, Kernel::PickAgreement, Kernel::Binary(Op::Mul)]
        && s.args[0] == x
        && is_pair([pick.args[0], pick.args[1]], x, s.out)
        && is_pair([u.args[0], u.args[1]], pick.out, x);
    let mut scalars = [0; 7];
    scalars[..2].copy_from_slice(&s.scalars[..2]);
    scalars[2..6].copy_from_slice(&pick.scalars[..4]);
    scalars[6] = rate;
    is_match.then(|| Instruction::new(Kernel::SignStep, Place::Weight, &[x, s.out], &scalars))
}

/// `lion`: the sign of a mix, then the mean moved on.
fn lion(c: &Instruction, s: &Instruction, e: &Instruction, rate: Scalar) -> Option<Instruction> {
    let x = Place::Grad;
    let is_match = c.kernel == Kernel::Combine
        && s.kernel == Kernel::Unary(Op::Sign)
        && e.kernel == Kernel::Ema
        && c.args[..2] == [e.out, x]
        && s.args[0] == c.out
        && e.args[0] == x;
    let scalars = [e.scalars[0], e.scalars[1], c.scalars[0], c.scalars[1], rate];
    is_match.then(|| Instruction::new(Kernel::LionStep, Place::Weight, &[x, e.out], &scalars))
}
