//! The rewrites that `simplify` may use, as a table a reader can check.
//!
//! Every rewrite holds for all real values, zero among them: both sides are finite at the same points, and equal there. So `sign(x)^2` does not
//! become 1 nor `x / x`, and a divisor does not go away. Letters stand for any expression, apart from these:
//!
//! | letter | stands for |
//! | --- | --- |
//! | `n`, `k` | a whole number from 2 to 16, as a numeral |
//! | `s` | a whole number from -16 to -1, as a numeral |
//! | `i`, `j` | an even number from 2 to 16, as a numeral |
//! | `r`, `q` | any fraction, as a numeral |
//! | `p` | a positive fraction, as a numeral |
//!
//! Sums and products are put in order by the normal form and after the search, so the few rules on order are there only to bring common
//! factors next to each other.

/// Where a rewrite may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// From the left side to the right side.
    Forth,
    /// Either way.
    Both,
}

/// A rewrite: two patterns that are equal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// The pattern that is looked for.
    pub(super) from: &'static str,
    /// What it may be written as.
    pub(super) to: &'static str,
    /// Whether it may be read backwards.
    pub(super) way: Way,
    /// Where the two sides are defined.
    #[cfg_attr(not(test), allow(dead_code, reason = "the tests hold every row to it"))]
    pub(super) domain: Domain,
}

/// Where the two sides of a rewrite are finite, given finite operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Domain {
    /// Everywhere.
    Real,
    /// Where no divisor is zero.
    Divisors,
    /// Where the operand of a logarithm is not zero, or positive for a plain `log`.
    Logs,
    /// Where the operand of a root is not negative.
    Roots,
}

const fn forth(from: &'static str, to: &'static str, domain: Domain) -> Row {
    Row {
        from,
        to,
        way: Way::Forth,
        domain,
    }
}

const fn both(from: &'static str, to: &'static str, domain: Domain) -> Row {
    Row {
        from,
        to,
        way: Way::Both,
        domain,
    }
}

use Domain::{Divisors, Logs, Real, Roots};

/// Every rewrite.
#[rustfmt::skip] // a table reads better with one row a rewrite
pub(super) const REWRITES: &[Row] = &[
    // Order.
    forth("a + b", "b + a", Real),
    forth("a * b", "b * a", Real),
    both("(a + b) + c", "a + (b + c)", Real),
    both("(a * b) * c", "a * (b * c)", Real),
    // Numbers that do nothing.
    forth("0 + a", "a", Real),
    forth("a - 0", "a", Real),
    forth("0 - a", "-a", Real),
    forth("1 * a", "a", Real),
    forth("-1 * a", "-a", Real),
    forth("a / 1", "a", Real),
    // Signs.
    forth("-(-a)", "a", Real),
    both("a + -b", "a - b", Real),
    forth("a - -b", "a + b", Real),
    forth("-(a - b)", "b - a", Real),
    both("-a * b", "-(a * b)", Real),
    forth("-a / b", "-(a / b)", Divisors),
    forth("a / -b", "-(a / b)", Divisors),
    both("(a + b) - c", "a + (b - c)", Real),
    both("(a - b) - c", "a - (b + c)", Real),
    forth("a - (b - c)", "(a + c) - b", Real),
    forth("-a - b", "-(a + b)", Real),
    // Common factors.
    forth("a + a", "2 * a", Real),
    forth("a - a", "0 * a", Real),
    forth("a * b + a * c", "a * (b + c)", Real),
    forth("a * b - a * c", "a * (b - c)", Real),
    forth("a + a * b", "a * (1 + b)", Real),
    forth("a - a * b", "a * (1 - b)", Real),
    forth("a * b - a", "a * (b - 1)", Real),
    forth("a^n + a", "a * (a^(n - 1) + 1)", Real),
    // Quotients.
    forth("a / c + b / c", "(a + b) / c", Divisors),
    forth("a / c - b / c", "(a - b) / c", Divisors),
    both("a * (b / c)", "(a * b) / c", Divisors),
    forth("(a / b) / c", "a / (b * c)", Divisors),
    forth("(a / b) * (c / d)", "(a * c) / (b * d)", Divisors),
    forth("a / r", "(1 / r) * a", Divisors),
    forth("(r * a) / (q * b)", "((r / q) * a) / b", Divisors),
    forth("a / (q * b)", "((1 / q) * a) / b", Divisors),
    forth("a / a^n", "1 / a^(n - 1)", Divisors),
    // Powers.
    forth("a * a", "a^2", Real),
    forth("a * a^n", "a^(n + 1)", Real),
    forth("a^n * a^k", "a^(n + k)", Real),
    forth("(a^n)^k", "a^(n * k)", Real),
    forth("a^n * b^n", "(a * b)^n", Real),
    forth("a^n / b^n", "(a / b)^n", Divisors),
    forth("a^s", "1 / a^(-s)", Divisors),
    forth("a^1", "a", Real),
    forth("a^0.5", "sqrt(a)", Roots),
    // Signs and absolute values; zero has the sign 0.
    both("|a|", "sign(a) * a", Real),
    forth("sign(a) * |a|", "a", Real),
    forth("|a| * |b|", "|a * b|", Real),
    forth("|a * b|", "|a| * |b|", Real),
    forth("|a| / |b|", "|a / b|", Divisors),
    forth("|-a|", "|a|", Real),
    forth("||a||", "|a|", Real),
    forth("|sign(a)|", "sign(a)^2", Real),
    forth("sign(a)^3", "sign(a)", Real),
    forth("sign(a)^2 * a", "a", Real),
    forth("sign(a)^2 * |a|", "|a|", Real),
    forth("sign(sign(a))", "sign(a)", Real),
    forth("sign(-a)", "-sign(a)", Real),
    forth("sign(a * b)", "sign(a) * sign(b)", Real),
    forth("sign(p * a)", "sign(a)", Real),
    forth("|e^a|", "e^a", Real),
    forth("|a|^i", "a^i", Real),
    forth("|a^i|", "a^i", Real),
    // Roots, logarithms and exponentials.
    forth("sqrt|a| * sqrt|b|", "sqrt|a * b|", Real),
    forth("sqrt|a| * sqrt|a|", "|a|", Real),
    forth("sqrt|a|^2", "|a|", Real),
    forth("sqrt(a^2)", "|a|", Real),
    forth("log|a| + log|b|", "log|a * b|", Logs),
    forth("log|a| - log|b|", "log|a / b|", Logs),
    forth("log(e^a)", "a", Real),
    forth("e^log|a|", "|a|", Logs),
    forth("e^a * e^b", "e^(a + b)", Real),
    forth("e^a / e^b", "e^(a - b)", Real),
    forth("a / e^b", "a * e^-b", Real),
    forth("(e^a)^n", "e^(n * a)", Real),
    forth("e * e^a", "e^(a + 1)", Real),
    // Odd and even functions.
    forth("cos(-a)", "cos(a)", Real),
    forth("sin(-a)", "-sin(a)", Real),
    forth("tanh(-a)", "-tanh(a)", Real),
    forth("clip(-a, b)", "-clip(a, b)", Real),
    // Choices.
    forth("min(a, a)", "a", Real),
    forth("max(a, a)", "a", Real),
    forth("max(a, -a)", "|a|", Real),
    forth("where(not a, b, c)", "where(a, c, b)", Real),
    forth("where(a > 0, a, -a)", "|a|", Real),
    // What is linear, step by step and element by element.
    forth("ema(a, c) + ema(b, c)", "ema(a + b, c)", Real),
    forth("ema(a, c) - ema(b, c)", "ema(a - b, c)", Real),
    forth("trace(a, c) + trace(b, c)", "trace(a + b, c)", Real),
    forth("trace(a, c) - trace(b, c)", "trace(a - b, c)", Real),
    forth("r * ema(a, q)", "(r * (1 - q)) * trace(a, q)", Real),
    forth("trace(a, q)", "(1 / (1 - q)) * ema(a, q)", Real),
    forth("ema(r * a, c)", "r * ema(a, c)", Real),
    forth("trace(r * a, c)", "r * trace(a, c)", Real),
    forth("total(a) + total(b)", "total(a + b)", Real),
    forth("total(a) - total(b)", "total(a - b)", Real),
    forth("mean(a) + mean(b)", "mean(a + b)", Real),
    forth("mean(a) - mean(b)", "mean(a - b)", Real),
    forth("sqrt(mean(a^2))", "rms(a)", Real),
    forth("sqrt(sum(a^2))", "norm(a)", Real),
    // Matrices.
    forth("transpose(transpose(a))", "a", Real),
    forth("transpose(a) + transpose(b)", "transpose(a + b)", Real),
];
