//! Every rewrite against what the ops compute, and against the normal form.

use super::pattern::{Part, Pattern};
use super::rewrites::{Domain, REWRITES, Row};
use crate::algebra::Algebra;
use crate::ir::{Graph, NodeId, Rule};
use crate::op::{Leaf, Op};
use std::collections::BTreeMap;

/// Values an expression can have: zeros, units, tiny, large, whole and not.
const VALUES: [f64; 12] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -2.0,
    3.0,
    1e-6,
    -1e-6,
    1e5,
    -1e5,
    0.123_456_7,
];

/// Values of the letters that stand for numerals.
fn values(letter: char) -> &'static [f64] {
    match letter {
        'n' | 'k' => &[2.0, 3.0, 5.0],
        's' => &[-1.0, -2.0, -3.0],
        'i' | 'j' => &[2.0, 4.0],
        'r' | 'q' => &[-3.0, 0.5, 7.0, 0.0],
        'p' => &[0.5, 3.0],
        _ => &VALUES,
    }
}

fn sides(row: &Row) -> [Pattern; 2] {
    [row.from, row.to].map(|side| Pattern::read(side).expect("an expression"))
}

fn letters(pattern: &Pattern) -> Vec<char> {
    let mut letters: Vec<char> = pattern
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Any(letter) => Some(*letter),
            Part::Number(_) | Part::Apply(..) => None,
        })
        .collect();
    letters.sort_unstable();
    letters.dedup();
    letters
}

/// What a pattern is worth.
enum Worth {
    /// Its value, and the largest size met on the way.
    Value(f64, f64),
    /// Doubles are too small for it, or an operand is where its op is not defined.
    Beyond,
    /// It has ops that are no functions of numbers.
    Unknown,
}

fn worth(pattern: &Pattern, given: &BTreeMap<char, f64>) -> Worth {
    let mut found: Vec<f64> = Vec::new();
    let mut largest = 0.0f64;
    for part in &pattern.parts {
        let value = match part {
            Part::Any(letter) => given[letter],
            Part::Number(value) => *value,
            Part::Apply(op, args) => {
                let args: Vec<f64> = args.iter().map(|arg| found[*arg]).collect();
                let Some(value) = op.apply(&args) else {
                    return Worth::Unknown;
                };
                let is_outside = *op == Op::Clip && args[1] <= 0.0;
                let is_exponential =
                    *op == Op::Exp || (*op == Op::Pow && args[0] > 2.5 && args[0] < 2.8);
                let exponent = args.last().copied().unwrap_or(0.0);
                if is_outside || (is_exponential && exponent.is_finite() && exponent.abs() > 300.0)
                {
                    return Worth::Beyond;
                }
                value
            }
        };
        let size = value.abs();
        if size.is_finite() {
            if size > 1e140 || (size > 0.0 && size < 1e-140) {
                return Worth::Beyond;
            }
            largest = largest.max(size);
        }
        found.push(value);
    }
    Worth::Value(*found.last().expect("a part"), largest)
}

/// Calls `each` with every choice of values for the letters.
fn for_all(
    letters: &[char],
    given: &mut BTreeMap<char, f64>,
    each: &mut dyn FnMut(&BTreeMap<char, f64>),
) {
    let Some((letter, rest)) = letters.split_first() else {
        return each(given);
    };
    for value in values(*letter) {
        given.insert(*letter, *value);
        for_all(rest, given, each);
    }
}

#[test]
fn both_sides_are_finite_together_and_then_equal() {
    for row in REWRITES {
        let [from, to] = sides(row);
        let mut tried = 0;
        for_all(&letters(&from), &mut BTreeMap::new(), &mut |given| {
            let (Worth::Value(x, largest), Worth::Value(y, other)) =
                (worth(&from, given), worth(&to, given))
            else {
                return;
            };
            tried += 1;
            let name = format!("{} = {} for {given:?}: {x} and {y}", row.from, row.to);
            assert_eq!(x.is_finite(), y.is_finite(), "{name}");
            assert!(x.is_finite() || row.domain != Domain::Real, "{name}");
            let tolerance = 1e-9 * largest.max(other).max(x.abs()).max(1e-12 * largest);
            assert!(!x.is_finite() || (x - y).abs() <= tolerance, "{name}");
        });
        let is_pure = from.parts.iter().all(|part| match part {
            Part::Apply(op, args) => op.apply(&vec![1.0; args.len()]).is_some(),
            Part::Any(_) | Part::Number(_) => true,
        });
        assert!(tried > 0 || !is_pure, "{} is never tried", row.from);
    }
}

/// A pattern as a rule: letters become expressions of the language.
fn rule(pattern: &Pattern, is_matrix: bool, has_truth: bool) -> Rule {
    let mut graph = Graph::default();
    let mut nodes: Vec<NodeId> = Vec::new();
    let is_rate = |index: usize| {
        pattern.parts.iter().any(|part| {
            matches!(part, Part::Apply(Op::Ema | Op::Trace, args) if pattern.parts[args[1]] == pattern.parts[index])
        })
    };
    let is_limit = |index: usize| {
        pattern.parts.iter().any(|part| {
            matches!(part, Part::Apply(Op::Clip, args) if pattern.parts[args[1]] == pattern.parts[index])
        })
    };
    for (index, part) in pattern.parts.iter().enumerate() {
        let node = match part {
            Part::Number(value) => graph.number(*value),
            Part::Any(_) if is_rate(index) => graph.number(0.5),
            Part::Any(_) if is_limit(index) => graph.number(0.01),
            Part::Any(letter) if !"abcd".contains(*letter) => graph.number(match letter {
                'n' => 2.0,
                'k' => 3.0,
                's' => -2.0,
                'i' => 4.0,
                'r' | 'q' => 0.25,
                _ => 5.0,
            }),
            Part::Any(letter) => operand(&mut graph, *letter, is_matrix, has_truth),
            Part::Apply(op, args) => {
                let args: Vec<NodeId> = args.iter().map(|arg| nodes[*arg]).collect();
                graph.apply(*op, &args).expect("shapes fit")
            }
        };
        nodes.push(node);
    }
    Rule::new(&graph, *nodes.last().expect("a part"))
}

/// An expression of its own for each letter.
fn operand(graph: &mut Graph, letter: char, is_matrix: bool, has_truth: bool) -> NodeId {
    let g = graph.leaf(Leaf::Grad);
    let w = graph.leaf(Leaf::Weight);
    let half = graph.number(0.5);
    let zero = graph.number(0.0);
    let mut apply = |op, args: &[NodeId]| graph.apply(op, args).expect("shapes fit");
    let plain = match letter {
        'a' if has_truth => return apply(Op::Gt, &[g, zero]),
        'a' => g,
        'b' => w,
        'c' => apply(Op::Trace, &[g, half]),
        _ => apply(Op::Trace, &[w, half]),
    };
    if is_matrix {
        let turned = apply(Op::Transpose, &[plain]);
        return apply(Op::MatMul, &[plain, turned]);
    }
    plain
}

#[test]
fn both_sides_have_one_normal_form() {
    let mut algebra = Algebra::new();
    let mut unequal = Vec::new();
    for row in REWRITES {
        let sides = sides(row);
        let uses = |op: Op| {
            let is_op = |part: &Part| matches!(part, Part::Apply(other, _) if *other == op);
            sides.iter().any(|side| side.parts.iter().any(is_op))
        };
        let is_matrix = uses(Op::MatMul) || uses(Op::Transpose);
        let [from, to] = sides
            .each_ref()
            .map(|side| algebra.normal(&rule(side, is_matrix, uses(Op::Not))));
        if from.text() != to.text() {
            unequal.push(format!(
                "{} = {}: {} and {}",
                row.from,
                row.to,
                from.text(),
                to.text()
            ));
        }
    }
    assert!(unequal.is_empty(), "{}", unequal.join("\n"));
}
