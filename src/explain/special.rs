//! Rules at special moments, and what they are then: the first step, the last, a steady gradient, the mean over the noise.

use super::relative::{Library, Link, factor_text};
use crate::algebra::{Algebra, UpTo};
use crate::ir::{Graph, Moment, Node, NodeId, Rule, Slots};
use crate::op::{Kind, Leaf, Op};
use rustc_hash::FxHashSet;

/// A rule that everybody knows, as something else turns out to be a multiple of it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Landmark {
    /// Its name.
    pub(super) name: &'static str,
    /// How many times it.
    pub(super) times: f64,
    /// Whether small numbers in sums were left out to see it.
    pub(super) is_near: bool,
}

/// Whether a rule of the gradient alone is a positive multiple of the gradient or of its sign, tested on both sides of 0 and at 0.
pub(super) fn landmark(algebra: &mut Algebra, rule: &Rule) -> Option<Landmark> {
    if rule.slots() != Slots::default() || !is_elementwise(rule) {
        return None;
    }
    let mut graph = Graph::default();
    let g = graph.leaf(Leaf::Grad);
    let sign = graph.apply(Op::Sign, &[g]).ok()?;
    let known = [
        ("sgd", Rule::new(&graph, g)),
        ("sign_sgd", Rule::new(&graph, sign)),
    ];
    let bare = rule.at(Moment::Bare)?;
    for (is_near, rule) in [(false, rule), (true, &bare)] {
        for (name, target) in &known {
            let mut times = [f64::NAN; 2];
            for (slot, moment) in times.iter_mut().zip([Moment::Above, Moment::Below]) {
                *slot = ratio(algebra, &rule.at(moment)?, &target.at(moment)?).unwrap_or(f64::NAN);
            }
            let [above, below] = times;
            // Not a number is no multiple.
            let is_multiple = above.is_finite() && above.to_bits() == below.to_bits();
            let is_zero = is_near || value_at_zero(algebra, rule) == Some(0.0);
            if is_multiple && is_zero {
                return Some(Landmark {
                    name,
                    times: above,
                    is_near,
                });
            }
        }
    }
    None
}

impl Landmark {
    pub(super) fn text(&self) -> String {
        let mut out = if self.is_near { "almost " } else { "" }.to_owned();
        if self.times.to_bits() != 1.0_f64.to_bits() {
            out.push_str(&factor_text(self.times));
            out.push_str(" times ");
        }
        out.push_str(self.name);
        out
    }
}

fn value_at_zero(algebra: &mut Algebra, rule: &Rule) -> Option<f64> {
    let zero = algebra.normal(&rule.at(Moment::Zero)?);
    zero.rule().graph().node(zero.rule().root()).as_number()
}

/// How many times the second rule the first is, where it is a positive multiple.
fn ratio(algebra: &mut Algebra, rule: &Rule, of: &Rule) -> Option<f64> {
    let rule = algebra.normal_up_to(rule, UpTo::Rate);
    let of = algebra.normal_up_to(of, UpTo::Rate);
    (rule.key() == of.key()).then(|| rule.factor() / of.factor())
}

fn is_elementwise(rule: &Rule) -> bool {
    rule.graph().iter().all(|(_, node)| match node {
        Node::Apply(op, _) => !matches!(op.info().kind, Kind::Reduction | Kind::Matrix),
        Node::Number(_)
        | Node::Leaf(_)
        | Node::Drop { .. }
        | Node::LastUpdate(_)
        | Node::Own { .. } => true,
    })
}

/// A rule at a moment, in normal form, where that differs from the rule itself.
pub(super) fn at(algebra: &mut Algebra, normal: &Rule, moment: Moment) -> Option<Rule> {
    Some(algebra.normal(&normal.at(moment)?).rule().clone())
}

/// What a rule at a moment is: a landmark or a standard rule; empty where it is nothing known.
pub(super) fn kinship(algebra: &mut Algebra, rule: &Rule, library: &mut dyn Library) -> String {
    if let Some(landmark) = landmark(algebra, rule) {
        return landmark.text();
    }
    match library.relatives(rule).into_iter().next() {
        Some(relative) if relative.link == Link::Equal => relative.title(),
        Some(relative) => format!("{} times {}", factor_text(relative.times), relative.title()),
        None => String::new(),
    }
}

/// The noise in a rule: what each source is, in words.
pub(super) fn sources(rule: &Rule, text: &dyn Fn(&Rule, NodeId) -> String) -> Vec<String> {
    let mut out = Vec::new();
    let mut masks = FxHashSet::default();
    for (_, node) in rule.graph().iter() {
        match node {
            Node::Leaf(Leaf::Noise) => {
                out.push("eps, variance 0.01, drawn for each element and step".to_owned());
            }
            Node::Leaf(Leaf::StepNoise) => {
                out.push("eps_t, variance 1/(1+t)^0.55, drawn once a step".to_owned());
            }
            Node::Drop { x, p, mask } if masks.insert(mask) => {
                let share = rule.graph().node(p).as_number().map_or_else(
                    || format!("with probability {}", text(rule, p)),
                    |p| {
                        format!(
                            "in {} of 100 draws",
                            crate::op::number_text((p * 1e12).round() / 1e10)
                        )
                    },
                );
                out.push(format!("drop: {} is 0 {share}", text(rule, x)));
            }
            Node::Drop { .. }
            | Node::Leaf(_)
            | Node::Number(_)
            | Node::Apply(..)
            | Node::LastUpdate(_)
            | Node::Own { .. } => {}
        }
    }
    out
}

/// Whether a rule is linear in each of its sources of noise, so that its mean is its value at their means.
pub(super) fn mean_is_plain(rule: &Rule) -> bool {
    let graph = rule.graph();
    let mut random: Vec<Option<bool>> = Vec::with_capacity(graph.len());
    for (_, node) in graph.iter() {
        let of = |id: NodeId| random[id.0 as usize];
        let is_random = match node {
            Node::Number(_) => Some(false),
            Node::Leaf(leaf) => Some(matches!(leaf, Leaf::Noise | Leaf::StepNoise)),
            // It carries the noise of the steps before, which is drawn apart from this step's.
            Node::LastUpdate(_) => Some(true),
            Node::Own { body, .. } => of(body),
            Node::Drop { x, p, .. } => match (of(x), of(p)) {
                (Some(_), Some(false)) => Some(true),
                _ => None,
            },
            Node::Apply(op, args) => {
                let args = args.as_slice();
                let [x, y] =
                    [args.first(), args.get(1)].map(|arg| arg.map_or(Some(false), |arg| of(*arg)));
                match (op, x, y) {
                    (Op::Add | Op::Sub | Op::Last, Some(x), Some(y)) => Some(x || y),
                    (Op::Mul | Op::MatMul, Some(x), Some(y)) if !(x && y) => Some(x || y),
                    (
                        Op::Div
                        | Op::Neg
                        | Op::Ema
                        | Op::Debias
                        | Op::Trace
                        | Op::Total
                        | Op::Mean
                        | Op::Sum
                        | Op::Transpose
                        | Op::RowMean
                        | Op::ColMean,
                        Some(x),
                        Some(false),
                    ) => Some(x),
                    _ => args
                        .iter()
                        .all(|arg| of(*arg) == Some(false))
                        .then_some(false),
                }
            }
        };
        random.push(is_random);
    }
    random[rule.root().0 as usize].is_some()
}
