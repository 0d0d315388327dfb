//! A program as text, for people who want to see what a rule costs.
//!
//! `g` is the gradient, `w` the parameter, `s0`, `s1`, … state, `r0`, … blocks in the cache, `v0`, … whole tensors that wait for a sum,
//! `c2`, … scalars. Every line of a pass is one loop over a block.

use super::program::{
    Instruction, Kernel, Place, Program, RATE, Scalar, ScalarInstruction, ScalarWork, Summand,
};
use crate::op::{Notation, Op, number_text};
use std::fmt::Write;

/// The whole program.
pub(in crate::engine) fn listing(program: &Program) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{} a step: {} bytes of state a parameter, {} of cache",
        count(program.passes.len(), "pass", "passes"),
        program.wide.len() * size_of::<f32>(),
        count(program.registers, "block", "blocks"),
    );
    let state = [(&program.wide, 's'), (&program.narrow, 'n')];
    for (slots, letter) in state {
        for (index, slot) in slots.iter().enumerate() {
            let _ = writeln!(out, "state {letter}{index} is {}", slot.name);
        }
    }
    if !program.step.is_empty() {
        out.push_str("once a step:\n");
        program.scalars(&program.step, &mut out);
    }
    for (number, pass) in program.passes.iter().enumerate() {
        if !pass.scalars.is_empty() {
            out.push_str("once a tensor:\n");
            program.scalars(&pass.scalars, &mut out);
        }
        let _ = writeln!(out, "pass {}:", number + 1);
        for instruction in &pass.instructions {
            let _ = writeln!(out, "  {}", program.statement(instruction));
        }
        for (scalar, slot) in &pass.remembered {
            let _ = writeln!(out, "  n{slot} = {}", program.scalar(*scalar));
        }
    }
    out
}

impl Program {
    fn scalars(&self, list: &[ScalarInstruction], out: &mut String) {
        for each in list {
            let text = match each.work {
                ScalarWork::Step => "t".to_owned(),
                ScalarWork::Total => "T".to_owned(),
                ScalarWork::StepNoise => "eps_t".to_owned(),
                ScalarWork::Apply(op, args, count) => {
                    let names = args.map(|arg| self.scalar(arg));
                    call(op, &names[..usize::from(count)])
                }
                ScalarWork::Correction(beta) => format!("1 - {}^(t + 1)", self.scalar(beta)),
                ScalarWork::Reciprocal(beta) => {
                    format!("1 / (1 - {}^(t + 1))", self.scalar(beta))
                }
                ScalarWork::PerElement { sum, rooted } => {
                    let root = if rooted { "sqrt" } else { "" };
                    format!("{root}({} / n)", self.scalar(sum))
                }
                ScalarWork::Summed(index) => format!("sum{index}"),
                ScalarWork::Drop { x, p, .. } => {
                    format!("drop({}, {})", self.scalar(x), self.scalar(p))
                }
                ScalarWork::Advance { op, x, by, slot } => {
                    let by = if matches!(op, Op::Ema | Op::Trace) {
                        format!(", {}", self.scalar(by))
                    } else {
                        String::new()
                    };
                    format!("n{slot} = {}({}{by})", op.name(), self.scalar(x))
                }
                ScalarWork::Recall { slot } => format!("n{slot}"),
                ScalarWork::Table(table) => {
                    let table = &self.tables[usize::from(table)].instructions;
                    let lines = table.iter().map(|each| self.statement(each));
                    let lines: Vec<String> = lines.collect();
                    let last = each.out + 3;
                    let _ = writeln!(
                        out,
                        "  c{}, …, c{last} = {} for r0 = -1, 0, 1, nan; r1 = 1",
                        each.out,
                        lines.join("; ")
                    );
                    continue;
                }
            };
            let _ = writeln!(out, "  c{} = {text}", each.out);
        }
    }

    fn scalar(&self, scalar: Scalar) -> String {
        if scalar == RATE {
            return "lr".to_owned();
        }
        let passes = self.passes.iter().flat_map(|pass| &pass.scalars);
        let is_computed = self.step.iter().chain(passes).any(|each| {
            let width = if matches!(each.work, ScalarWork::Table(_)) {
                4
            } else {
                1
            };
            (each.out..each.out + width).contains(&scalar)
        });
        if is_computed {
            format!("c{scalar}")
        } else {
            number_text(self.values[usize::from(scalar)])
        }
    }

    /// What an instruction does, with the names of its operands.
    fn statement(&self, instruction: &Instruction) -> String {
        let template = template(instruction);
        let mut out = String::new();
        let mut letters = template.chars().peekable();
        let mut is_inside = false;
        while let Some(letter) = letters.next() {
            let is_word = is_inside || letters.peek().is_some_and(|next| next.is_alphanumeric());
            is_inside = letter.is_alphanumeric() && is_word;
            match letter {
                _ if is_word && letter.is_alphanumeric() => out.push(letter),
                'x' => out.push_str(&place(instruction.args[0])),
                'y' => out.push_str(&place(instruction.args[1])),
                'z' => out.push_str(&place(instruction.args[2])),
                's' => out.push_str(&place(instruction.out)),
                'A'..='J' => {
                    let index = usize::try_from(u32::from(letter) - u32::from('A'));
                    let scalar = instruction.scalars[index.expect("less than ten")];
                    out.push_str(&self.scalar(scalar));
                }
                _ => out.push(letter),
            }
        }
        out
    }
}

/// The statement of a kernel: `x`, `y`, `z` are its operands, `s` what it writes, `A`, `B`, … its scalars.
fn template(instruction: &Instruction) -> String {
    let fixed = match instruction.kernel {
        Kernel::Unary(op) => return format!("s = {}", call(op, &["x".to_owned()])),
        Kernel::Binary(op) => {
            return format!("s = {}", call(op, &["x".to_owned(), "y".to_owned()]));
        }
        Kernel::PowWhole(n) => return format!("s = x^{n}"),
        Kernel::Sum(summand, index) => {
            let power = if summand == Summand::Square { "^2" } else { "" };
            return format!("sum{index} = sum(x{power})");
        }
        Kernel::AddScalar => "s = x + A",
        Kernel::MulScalar => "s = A * x",
        Kernel::DivScalar => "s = x / A",
        Kernel::ScalarSub => "s = A - x",
        Kernel::ScalarDiv => "s = A / x",
        Kernel::PowScalar => "s = x^A",
        Kernel::ScalarPow => "s = A^x",
        Kernel::Square => "s = x^2",
        Kernel::PowHalf => "s = x^0.5",
        Kernel::Where => "s = where(x, y, z)",
        Kernel::Fill => "s = A",
        Kernel::Copy => "s = x",
        Kernel::Noise => "s = eps",
        Kernel::Drop(_) => "s = drop(x, A)",
        Kernel::Combine => "s = A * x + B * y",
        Kernel::Ema => "s = A * s + B * x",
        Kernel::EmaSquare => "s = A * s + B * x^2",
        Kernel::Trace => "s = A * s + x",
        Kernel::Total => "s = s + x",
        Kernel::TotalSquare => "s = s + x^2",
        Kernel::Peak => "s = max(s, x)",
        Kernel::Pick => "s = pick(x; A, B, C, D)",
        Kernel::PickAgreement => "s = pick(sign(x) * sign(y); A, B, C, D)",
        Kernel::Normalise => "s = (A * x) / (sqrt(B * y) + C)",
        Kernel::Step => "s = s - A * x",
        Kernel::StepScalar => "s = s - A * B",
        Kernel::TraceStep => "y = A * y + x; s = s - B * y",
        Kernel::EmaStep => "y = A * y + B * x; s = s - C * y",
        Kernel::RmsStep => "z = A * z + B * x^2; s = s - D * (C * x) / (sqrt(E * z) + F)",
        Kernel::AdamStep => {
            "y = A * y + B * x; z = C * z + D * x^2; s = s - H * (E * y) / (sqrt(F * z) + G)"
        }
        Kernel::AdamDecayStep => {
            "y = A * y + B * x; z = C * z + D * x^2; s = s - H * (I * (E * y) / (sqrt(F * z) + G) + J * s)"
        }
        Kernel::SignStep => {
            "y = A * y + B * x; s = s - G * pick(sign(x) * sign(y); C, D, E, F) * x"
        }
        Kernel::LionStep => "s = s - E * sign(C * y + D * x); y = A * y + B * x",
    };
    fixed.to_owned()
}

fn place(place: Place) -> String {
    match place {
        Place::Nowhere => String::new(),
        Place::Grad => "g".to_owned(),
        Place::Weight => "w".to_owned(),
        Place::State(index) => format!("s{index}"),
        Place::Temporary(index) => format!("v{index}"),
        Place::Register(index) => format!("r{index}"),
    }
}

/// An op on names, as the language writes it.
fn call(op: Op, args: &[String]) -> String {
    match (op.info().notation, args) {
        (Notation::Infix { .. }, [x, y]) if op == Op::Pow => format!("{x}^{y}"),
        (Notation::Infix { .. }, [x, y]) => format!("{x} {} {y}", op.name()),
        (Notation::Prefix { .. }, [x]) if op == Op::Neg => format!("-{x}"),
        (Notation::Prefix { .. }, [x]) => format!("{} {x}", op.name()),
        _ => format!("{}({})", op.name(), args.join(", ")),
    }
}

fn count(number: usize, one: &str, many: &str) -> String {
    let word = if number == 1 { one } else { many };
    format!("{number} {word}")
}
