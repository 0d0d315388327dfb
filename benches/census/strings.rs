//! Which rules are counted: all strings of one group, random longer ones, rules from a file.

use crate::random::Random;
use nos::context::{Context, Silent};
use nos::ir::tokens::{Binary, Operand, Unary, decode};
use nos::ir::{Graph, Node, NodeId, Rule};
use nos::search::space;
use std::fmt::Write;

/// The operands of strings of one group, then those of longer strings: decays, and averages without correction.
const OPERANDS: [&str; 24] = {
    let mut all = ["m"; 24];
    let mut at = 0;
    while at < PAPER {
        all[at] = space::PAPER[at];
        at += 1;
    }
    while at < PAPER + space::DECAYS.len() {
        all[at] = space::DECAYS[at - PAPER];
        at += 1;
    }
    all[23] = "v";
    all
};
const PAPER: usize = space::PAPER.len();
/// Operands from here on are results of earlier groups.
const EARLIER: u8 = 100;

/// How many strings of one group there are.
pub(crate) const SINGLE: usize =
    PAPER * PAPER * Unary::ALL.len() * Unary::ALL.len() * Binary::ALL.len();

/// Where a rule comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// A string of one group.
    Single,
    /// A longer string.
    Deep,
    /// A line of a file.
    Given,
}

/// A rule, written in one of two ways.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Code {
    /// For each group two operands, two unary functions, a binary one, all by number.
    Groups(Box<[[u8; 5]]>),
    /// An expression of the language.
    Text(Box<str>),
}

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
        Self::Groups(Box::new([[op1, op2, u1, u2, b]]))
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
        Self::Groups(groups.collect())
    }

    /// Where it comes from.
    pub(crate) fn part(&self) -> Part {
        match self {
            Self::Groups(groups) if groups.len() == 1 => Part::Single,
            Self::Groups(_) => Part::Deep,
            Self::Text(_) => Part::Given,
        }
    }

    /// The rule as it is written.
    pub(crate) fn text(&self) -> String {
        let groups = match self {
            Self::Groups(groups) => groups,
            Self::Text(text) => return text.to_string(),
        };
        let mut out = String::new();
        for (index, [op1, op2, u1, u2, b]) in groups.iter().enumerate() {
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
        let [_, _, u1, u2, b] = match self {
            Self::Groups(groups) => groups[groups.len() - 1],
            Self::Text(_) => return "given".to_owned(),
        };
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

/// Makes rules, with the operands of the standard library.
pub(crate) struct Maker {
    context: Context,
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
        Self {
            context,
            graph,
            operands,
        }
    }

    /// The rule that is written so; none where the text of the language is wrong.
    pub(crate) fn try_rule(&mut self, code: &Code) -> Option<Rule> {
        if let Code::Text(text) = code {
            return self.context.rule("given", text, &mut Silent).ok();
        }
        let operands: Vec<Operand<'_>> = self
            .operands
            .iter()
            .map(|(name, node)| Operand { name, node: *node })
            .collect();
        let before = self.graph.checkpoint();
        let root = decode(&code.text(), &mut self.graph, &operands).ok()?;
        let rule = Rule::new(&self.graph, root);
        self.graph.truncate(before);
        Some(rule)
    }

    /// The rule of a code that is known to be right.
    pub(crate) fn rule(&mut self, code: &Code) -> Rule {
        self.try_rule(code).expect("a right rule")
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
