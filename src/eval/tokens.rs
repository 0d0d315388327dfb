//! The paper's strings from the language: `tokens`, `from_tokens`.

use super::builtin::Given;
use super::{Evaluator, Result, Value};
use crate::algebra::tokens::Encoder;
use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::ir::tokens::{Operand, TokenFault, decode};
use crate::ir::{NodeId, Rule};
use crate::op::{Leaf, Op};
use crate::source::Span;

/// The operands of the paper (section 4.1) that are names of the language, in order of preference.
pub(super) const NAMED: [&str; 12] = [
    "m", "mhat", "v", "vhat", "gamma", "gammahat", "adam", "rmsprop", "ld", "cd", "1", "2",
];

impl Evaluator<'_> {
    /// The paper's operands as nodes, each with its spelling; plain ones first, so that they are preferred.
    pub(super) fn operands(&mut self) -> Vec<(String, NodeId)> {
        let g = self.graph.leaf(Leaf::Grad);
        let mut out = vec![("g".to_owned(), g)];
        for name in NAMED {
            let node = match name.parse::<f64>() {
                Ok(number) => Some(self.graph.number(number)),
                Err(_) => match self.standard(name) {
                    Some(Value::Rule(rule)) => Some(rule.node),
                    Some(Value::Expr(node)) => Some(node),
                    Some(_) | None => None,
                },
            };
            out.extend(node.map(|node| (name.to_owned(), node)));
        }
        for leaf in [Leaf::Noise, Leaf::StepNoise] {
            let node = self.graph.leaf(leaf);
            out.extend(leaf.info().map(|info| (info.name.to_owned(), node)));
        }
        let power = |graph: &mut crate::ir::Graph, n: f64| {
            let n = graph.number(n);
            graph.apply(Op::Pow, &[g, n]).ok()
        };
        for n in [2.0, 3.0] {
            let node = power(self.graph, n);
            out.extend(node.map(|node| (format!("g^{n}"), node)));
        }
        let signs = [
            ("sign(g)", Some(g)),
            ("sign(m)", self.operand(&out, "m")),
            ("sign(mhat)", self.operand(&out, "mhat")),
        ];
        for (name, inner) in signs {
            let node = inner.and_then(|inner| self.graph.apply(Op::Sign, &[inner]).ok());
            out.extend(node.map(|node| (name.to_owned(), node)));
        }
        let w = self.graph.leaf(Leaf::Weight);
        for factor in [1e-4, 1e-3, 1e-2, 1e-1] {
            let number = self.graph.number(factor);
            let node = self.graph.apply(Op::Mul, &[number, w]).ok();
            out.extend(node.map(|node| (format!("{factor:e}*w"), node)));
        }
        for (name, n) in [("rd(10)", 10.0), ("rd(20)", 20.0)] {
            let value = self.standard("rd").and_then(|rd| {
                self.on_item(&rd, Value::Num(n), Span::point(crate::source::FileId(0), 0))
                    .ok()
            });
            let node = value.and_then(|value| self.node(&value));
            out.extend(node.map(|node| (name.to_owned(), node)));
        }
        out
    }

    #[allow(clippy::unused_self, reason = "reads as a sentence at the call")]
    fn operand(&self, operands: &[(String, NodeId)], name: &str) -> Option<NodeId> {
        operands
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, node)| *node)
    }

    /// `tokens(rule)`.
    pub(super) fn tokens(&mut self, given: &Given, span: Span) -> Result<Value> {
        let Some((value, place)) = &given[0] else {
            return Err(self.unexpected(span, "a rule"));
        };
        let Some(node) = self.node(value) else {
            return Err(self.unexpected(*place, "a rule"));
        };
        let rule = Rule::new(self.graph, node);
        match self.encoder().encode(&rule) {
            Ok(text) => Ok(Value::Str(text.into())),
            Err(why) => Err(Box::new(
                Diagnostic::new(Code::E0510, *place, why.to_string())
                    .here("has no five-token form")
                    .help(why.help()),
            )),
        }
    }

    /// What writes strings over the paper's operands; made when first needed.
    fn encoder(&mut self) -> &mut Encoder {
        if self.encoder.is_none() {
            let operands = self.operands();
            let operands: Vec<Operand<'_>> = operands
                .iter()
                .map(|(name, node)| Operand { name, node: *node })
                .collect();
            self.encoder = Some(Box::new(Encoder::new(self.graph, &operands)));
        }
        self.encoder
            .as_mut()
            .expect("it was made where there was none")
    }

    /// `from_tokens(text)`.
    pub(super) fn rule_from_tokens(&mut self, given: &Given, span: Span) -> Result<Value> {
        let Some((Value::Str(text), place)) = &given[0] else {
            return Err(self.unexpected(span, "text"));
        };
        let operands = self.operands();
        let operands: Vec<Operand<'_>> = operands
            .iter()
            .map(|(name, node)| Operand { name, node: *node })
            .collect();
        match decode(text, self.graph, &operands) {
            Ok(node) if Rule::new(self.graph, node).ty().shape.fits_parameter() => {
                Ok(self.of_node(node))
            }
            Ok(_) => Err(self.unexpected(*place, "tokens of a rule")),
            Err(error) => {
                let found = text.get(error.range.clone()).unwrap_or("").trim();
                let help = match &error.fault {
                    TokenFault::UnknownToken { found, candidates, .. } => {
                        let names: Vec<&str> = candidates.iter().map(String::as_str).collect();
                        suggest(found, names.iter().copied())
                            .map_or_else(|| format!("write one of {}", names.join(", ")), |name| format!("did you mean `{name}`?"))
                    }
                    TokenFault::Empty | TokenFault::TooManyGroups { .. } | TokenFault::GroupLength { .. } => {
                        "write groups such as `g m sign sign mul`, at most four, with `;` between them".to_owned()
                    }
                    TokenFault::NotEarlier { .. } => "a group may use the groups before it: `$1` is the first".to_owned(),
                    TokenFault::Mismatch(_) => "use operands whose shapes fit".to_owned(),
                };
                let here = if found.is_empty() {
                    "in this text".to_owned()
                } else {
                    format!("at `{}`", found.chars().take(40).collect::<String>())
                };
                Err(Box::new(
                    Diagnostic::new(Code::E0509, *place, error.to_string())
                        .here(here)
                        .help(help),
                ))
            }
        }
    }
}
