//! Rules as plain data, for stores and other processes: the nodes in order, arguments before what takes them.

use super::{Graph, Node, NodeId, Origin, Rule};
use crate::op::{Leaf, Op};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A node whose arguments are the numbers of earlier nodes.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Written {
    /// The bits of a number, so that any format keeps it exactly.
    Number(u64),
    Leaf(Leaf),
    Apply(Op, Vec<u32>),
    Drop(u32, u32, u32),
    LastUpdate(u32),
    Own(u32, u32),
}

/// The nodes; the last one is the update.
impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nodes = self.graph().iter().map(|(_, node)| match node {
            Node::Number(bits) => Written::Number(bits),
            Node::Leaf(leaf) => Written::Leaf(leaf),
            Node::Apply(op, args) => {
                Written::Apply(op, args.as_slice().iter().map(|id| id.0).collect())
            }
            Node::Drop { x, p, mask } => Written::Drop(x.0, p.0, mask.0),
            Node::LastUpdate(rule) => Written::LastUpdate(rule.0),
            Node::Own { rule, body } => Written::Own(rule.0, body.0),
        });
        serializer.collect_seq(nodes.take(self.root().0 as usize + 1))
    }
}

/// What is no rule is an error: no node, arguments that do not come before, shapes that do not fit.
impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Vec::<Written>::deserialize(deserializer)?;
        let count = u32::try_from(written.len()).unwrap_or(u32::MAX);
        let mut graph = Graph::default();
        let mut nodes: Vec<NodeId> = Vec::with_capacity(written.len());
        let misfit = |mismatch| D::Error::custom(format!("shapes do not fit: {mismatch:?}"));
        let origin = |number: u32| {
            let is_possible = number < count;
            let found = is_possible.then_some(Origin(number));
            found.ok_or_else(|| D::Error::custom("an origin without its node"))
        };
        for node in written {
            let earlier = |number: u32| {
                let found = nodes.get(number as usize).copied();
                found.ok_or_else(|| D::Error::custom("a node before its argument"))
            };
            let node = match node {
                Written::Number(bits) => graph.number(f64::from_bits(bits)),
                Written::Leaf(leaf) => graph.leaf(leaf),
                Written::Apply(op, args) => {
                    if op == Op::Drop || args.len() != op.info().params.len() {
                        let message = format!("`{}` of {} arguments", op.name(), args.len());
                        return Err(D::Error::custom(message));
                    }
                    let args: Vec<NodeId> =
                        args.into_iter().map(earlier).collect::<Result<_, _>>()?;
                    graph.apply(op, &args).map_err(misfit)?
                }
                Written::Drop(x, p, mask) => graph
                    .drop_masked(earlier(x)?, earlier(p)?, origin(mask)?)
                    .map_err(misfit)?,
                Written::LastUpdate(rule) => graph.last_update(origin(rule)?),
                Written::Own(rule, body) => graph.own(origin(rule)?, earlier(body)?),
            };
            nodes.push(node);
        }
        let root = nodes.last().ok_or_else(|| D::Error::custom("no node"))?;
        Ok(Self::new(&graph, *root))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Context, Silent};

    fn rule(text: &str) -> Rule {
        let found = Context::new().rule("rule", text, &mut Silent);
        found.expect("a rule")
    }

    #[test]
    fn rules_are_read_back_as_they_were() {
        for text in [
            "g",
            "adam",
            "e^(sign(g)*sign(m)) * g",
            "drop(g, 0.1) + drop(g, 0.1)",
            "0.9 * last(update) + g",
            "where(g > 0, m, 0.1 / 3 * g) * ld",
            "orthogonalize(trace(g, 0.95))",
        ] {
            let rule = rule(text);
            let json = serde_json::to_string(&rule).expect("plain data");
            let read: Rule = serde_json::from_str(&json).expect("what was written");
            let nodes = |rule: &Rule| rule.graph().iter().collect::<Vec<_>>();
            assert_eq!(nodes(&read), nodes(&rule), "{text}");
            assert_eq!((read.root(), read.text()), (rule.root(), rule.text()));
        }
    }

    #[test]
    fn what_is_no_rule_is_an_error() {
        for json in [
            "[]",
            r#"[{"apply":["Add",[0,1]]}]"#,
            r#"[{"leaf":"Grad"},{"apply":["Add",[0]]}]"#,
            r#"[{"leaf":"Grad"},{"apply":["Drop",[0,0]]}]"#,
            r#"[{"leaf":"Grad"},{"drop":[0,0,4000000000]}]"#,
            r#"[{"last_update":7}]"#,
            r#"[{"leaf":"Nothing"}]"#,
        ] {
            assert!(serde_json::from_str::<Rule>(json).is_err(), "{json}");
        }
    }
}
