//! Which rules are counted: all strings of one group, and random longer ones.

use crate::random::Random;
use nos::context::{Context, Silent};
use nos::ir::tokens::{Binary, Operand, Unary, decode};
use nos::ir::{Graph, Node, NodeId, Rule};
use std::fmt::Write;

/// The paper's seventeen operands, then those of longer strings.
const OPERANDS: [&str; 24] = [
    "g",
    "g^2",
    "g^3",
    "mhat",
    "vhat",
    "gammahat",
    "sign(g)",
    "sign(mhat)",
    "1",
    "2",
    "eps",
    "1e-4*w",
    "1e-3*w",
    "1e-2*w",
    "1e-1*w",
    "adam",
    "rmsprop",
    "ld",
    "cd",
    "rd(10)",
    "rd(20)",
    "eps_t",
    "m",
    "v",
];
const PAPER: usize = 17;
/// Operands from here on are results of earlier groups.
const EARLIER: u8 = 100;

/// How many strings of one group there are.
pub(crate) const SINGLE: usize =
    PAPER * PAPER * Unary::ALL.len() * Unary::ALL.len() * Binary::ALL.len();

/// A string: for each group two operands, two unary functions, a binary one, all by number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Code(Box<[[u8; 5]]>);

impl Code {
    /// The string of one group with this number.
    pub(crate) fn single(index: usize) -> Self {
        let mut rest = index;
        let mut digit = |base: usize| {
            let digit = u8::try_from(rest % base).expect("a small base");
            rest /= base;
            digit
        };
        let (b, u2, u1) = (
            digit(Binary::ALL.len()),
            digit(Unary::ALL.len()),
            digit(Unary::ALL.len()),
        );
        let (op2, op1) = (digit(PAPER), digit(PAPER));
        Self(Box::new([[op1, op2, u1, u2, b]]))
    }

    /// A random string of two to four groups, each after the first with an earlier result.
    pub(crate) fn random(random: &mut Random) -> Self {
        let depth = 2 + random.below(3);
        let mut byte = |limit: usize| u8::try_from(random.below(limit)).expect("a small number");
        let groups = (0..depth).map(|group| {
            let mut code = [
                byte(OPERANDS.len()),
                byte(OPERANDS.len()),
                byte(Unary::ALL.len()),
                byte(Unary::ALL.len()),
                byte(Binary::ALL.len()),
            ];
            if group > 0 {
                code[usize::from(byte(2))] = EARLIER + byte(group);
            }
            code
        });
        Self(groups.collect())
    }

    /// How many groups it has.
    pub(crate) fn depth(&self) -> usize {
        self.0.len()
    }

    /// The string as text.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        for (index, [op1, op2, u1, u2, b]) in self.0.iter().enumerate() {
            if index > 0 {
                out.push_str("; ");
            }
            for op in [*op1, *op2] {
                if let Some(earlier) = op.checked_sub(EARLIER) {
                    let _ = write!(out, "${} ", earlier + 1);
                } else {
                    let _ = write!(out, "{} ", OPERANDS[usize::from(op)]);
                }
            }
            let [u1, u2] = [u1, u2].map(|unary| Unary::ALL[usize::from(*unary)].text());
            let b = Binary::ALL[usize::from(*b)].text();
            let _ = write!(out, "{u1} {u2} {b}");
        }
        out
    }

    /// The functions of the last group, variants of `clip` and `drop` taken together: a crude shape.
    pub(crate) fn shape(&self) -> String {
        let [_, _, u1, u2, b] = self.0[self.0.len() - 1];
        let [u1, u2] = [u1, u2].map(|unary| {
            let text = Unary::ALL[usize::from(unary)].text();
            text.split('(').next().unwrap_or(text)
        });
        match Binary::ALL[usize::from(b)] {
            Binary::Left => format!("{u1} left"),
            binary @ (Binary::Add | Binary::Sub | Binary::Mul | Binary::Div | Binary::Pow) => {
                format!("{u1} {u2} {}", binary.text())
            }
        }
    }
}

/// Makes rules of strings, with the operands of the standard library.
pub(crate) struct Maker {
    graph: Graph,
    operands: Vec<(&'static str, NodeId)>,
}

impl Maker {
    pub(crate) fn new() -> Self {
        let mut context = Context::new();
        let mut graph = Graph::default();
        let operands = OPERANDS
            .into_iter()
            .map(|name| {
                let rule = context.rule("operand", name, &mut Silent);
                let rule = rule.expect("every operand is an expression of the language");
                (name, graft(&mut graph, &rule))
            })
            .collect();
        Self { graph, operands }
    }

    /// The rule of a string.
    pub(crate) fn rule(&mut self, code: &Code) -> Rule {
        let operands: Vec<Operand<'_>> = self
            .operands
            .iter()
            .map(|(name, node)| Operand { name, node: *node })
            .collect();
        let before = self.graph.checkpoint();
        let root = decode(&code.text(), &mut self.graph, &operands).expect("a right string");
        let rule = Rule::new(&self.graph, root);
        self.graph.truncate(before);
        rule
    }
}

/// Copies a rule into a graph.
fn graft(graph: &mut Graph, rule: &Rule) -> NodeId {
    let mut copies: Vec<NodeId> = Vec::with_capacity(rule.graph().len());
    for (_, node) in rule.graph().iter() {
        let copy = match node {
            Node::Number(bits) => graph.number(f64::from_bits(bits)),
            Node::Leaf(leaf) => graph.leaf(leaf),
            Node::Apply(op, args) => {
                let args: Vec<NodeId> = args
                    .as_slice()
                    .iter()
                    .map(|id| copies[id.0 as usize])
                    .collect();
                graph.apply(op, &args).expect("shapes fit as before")
            }
            Node::Drop { .. } | Node::LastUpdate(_) | Node::Own { .. } => {
                unreachable!("no operand draws a mask or remembers an update")
            }
        };
        copies.push(copy);
    }
    copies[rule.root().0 as usize]
}
