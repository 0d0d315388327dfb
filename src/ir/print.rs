//! A rule graph as text of the language; reading the text gives the same graph.
//!
//! The walk keeps its own stack, so a rule of any depth prints. A graph with much sharing can be exponentially longer as text:
//! past [`LIMIT`] bytes the text ends in `…`.

use super::{Graph, Node, NodeId};
use crate::op::{Leaf, Notation, Op};
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

/// The longest text that is written out.
pub(super) const LIMIT: usize = 1 << 20;

/// Binding strength of what stands alone: names, numbers, calls.
const ATOM: u8 = 10;

/// The text of the expression with this root.
pub fn text(graph: &Graph, root: NodeId) -> String {
    text_with(graph, root, &FxHashMap::default())
}

/// The text of the expression with this root, where some nodes have names: `m` for `ema(g, 0.9)`.
#[allow(clippy::implicit_hasher, reason = "nodes are always hashed this way")]
pub fn text_with(graph: &Graph, root: NodeId, names: &FxHashMap<NodeId, Arc<str>>) -> String {
    let mut printer = Printer {
        graph,
        shared: shared_drops(graph, root),
        names,
        out: String::new(),
    };
    let shared = printer.shared.clone();
    for index in 0..shared.len() {
        let _ = write!(printer.out, "(fn(d{}) => ", index + 1);
    }
    printer.expression(body_of(graph, root), 0, None);
    for (index, drop) in shared.iter().enumerate().rev() {
        printer.out.push_str(")(");
        printer.expression(*drop, 0, Some(index));
        printer.out.push(')');
    }
    printer.out
}

/// A rule needs no mark around its whole update: `last(update)` means that anyway.
fn body_of(graph: &Graph, root: NodeId) -> NodeId {
    match graph.node(root) {
        Node::Own { body, .. } => body,
        Node::Number(_)
        | Node::Leaf(_)
        | Node::Apply(..)
        | Node::Drop { .. }
        | Node::LastUpdate(_) => root,
    }
}

/// The masks that the text would mention more than once, in order: they are bound by a function around the rest.
fn shared_drops(graph: &Graph, root: NodeId) -> Vec<NodeId> {
    let mut mentions = vec![0u32; graph.len()];
    mentions[root.0 as usize] = 1;
    let mut shared = Vec::new();
    for index in (0..=root.0).rev() {
        let count = mentions[index as usize];
        if count == 0 {
            continue;
        }
        let node = graph.node(NodeId(index));
        let is_drop = matches!(node, Node::Drop { .. });
        if is_drop && count > 1 {
            shared.push(NodeId(index));
        }
        // A bound mask is written once, so its parts are mentioned once for all its uses.
        let count = if is_drop { 1 } else { count };
        for arg in node.args().as_slice() {
            let slot = &mut mentions[arg.0 as usize];
            *slot = slot.saturating_add(count);
        }
    }
    shared.reverse();
    shared
}

/// What is still to be written.
enum Task {
    Text(&'static str),
    Name(String),
    Node { id: NodeId, least: u8 },
}

struct Printer<'a> {
    graph: &'a Graph,
    shared: Vec<NodeId>,
    names: &'a FxHashMap<NodeId, Arc<str>>,
    out: String,
}

impl Printer<'_> {
    /// Writes an expression; `binding` is the shared mask whose own definition this is.
    fn expression(&mut self, root: NodeId, least: u8, binding: Option<usize>) {
        let mut tasks = vec![Task::Node { id: root, least }];
        let mut is_first = true;
        while let Some(task) = tasks.pop() {
            if self.out.len() > LIMIT {
                self.out.push('…');
                return;
            }
            match task {
                Task::Text(text) => self.out.push_str(text),
                Task::Name(text) => self.out.push_str(&text),
                Task::Node { id, least } => {
                    if let Some(name) = self.names.get(&id) {
                        self.out.push_str(name);
                        is_first = false;
                        continue;
                    }
                    let bound = self.shared.iter().position(|shared| *shared == id);
                    match bound {
                        Some(index) if !(is_first && binding == Some(index)) => {
                            let _ = write!(self.out, "d{}", index + 1);
                        }
                        Some(_) | None => self.node(id, least, &mut tasks),
                    }
                }
            }
            is_first = false;
        }
    }

    fn node(&mut self, id: NodeId, least: u8, tasks: &mut Vec<Task>) {
        match self.graph.node(id) {
            Node::Number(bits) => {
                let text = number(f64::from_bits(bits));
                let strength = if text.starts_with('-') {
                    strength(Op::Neg)
                } else if text.contains('^') {
                    strength(Op::Pow)
                } else {
                    ATOM
                };
                let wrapped = strength < least;
                let (open, close) = if wrapped { ("(", ")") } else { ("", "") };
                let _ = write!(self.out, "{open}{text}{close}");
            }
            Node::Leaf(leaf) => self.out.push_str(&leaf_text(leaf)),
            Node::LastUpdate(_) => self.out.push_str("last(update)"),
            Node::Own { body, .. } => call("own", &[body], tasks),
            Node::Drop { x, p, .. } => call(Op::Drop.name(), &[x, p], tasks),
            Node::Apply(op, args) => self.apply(op, args.as_slice(), least, tasks),
        }
    }

    fn apply(&self, op: Op, args: &[NodeId], least: u8, tasks: &mut Vec<Task>) {
        let wrapped = strength(op) < least;
        if wrapped {
            tasks.push(Task::Text(")"));
        }
        match op.info().notation {
            Notation::Infix { precedence, right } => {
                let (left_least, right_least) = match (right, op.info().kind) {
                    // A minus may stand in an exponent without brackets: e^-x.
                    (true, _) => (precedence + 1, strength(Op::Neg)),
                    // Comparisons do not chain.
                    (false, crate::op::Kind::Comparison) => (precedence + 1, precedence + 1),
                    (false, _) => (precedence, precedence + 1),
                };
                tasks.push(Task::Node {
                    id: args[1],
                    least: right_least,
                });
                let name = op.name();
                tasks.push(Task::Name(if right {
                    name.to_owned()
                } else {
                    format!(" {name} ")
                }));
                tasks.push(Task::Node {
                    id: args[0],
                    least: left_least,
                });
            }
            Notation::Prefix { precedence } => {
                tasks.push(Task::Node {
                    id: args[0],
                    least: precedence,
                });
                tasks.push(Task::Text(if op == Op::Not { "not " } else { "-" }));
            }
            Notation::Bars => bars("|", args[0], tasks),
            Notation::Call => match (op, self.graph.node(args[0])) {
                (Op::Log, Node::Apply(Op::Abs, inner)) => bars("log|", inner.as_slice()[0], tasks),
                (Op::Sqrt, Node::Apply(Op::Abs, inner)) => {
                    bars("sqrt|", inner.as_slice()[0], tasks);
                }
                _ => call(op.name(), without_defaults(self.graph, op, args), tasks),
            },
        }
        if wrapped {
            tasks.push(Task::Text("("));
        }
    }
}

/// The arguments of an op up to the last one that differs from its default.
pub(super) fn without_defaults<'a>(graph: &Graph, op: Op, args: &'a [NodeId]) -> &'a [NodeId] {
    let is_default = |index: usize| match (op.info().params[index].default, graph.node(args[index]))
    {
        (Some(default), Node::Number(bits)) => default.to_bits() == bits,
        (Some(_) | None, _) => false,
    };
    let mut len = args.len();
    while len > 0 && is_default(len - 1) {
        len -= 1;
    }
    &args[..len]
}

/// A leaf as the language writes it.
pub(super) fn leaf_text(leaf: Leaf) -> Cow<'static, str> {
    match (leaf.info(), leaf) {
        (Some(info), _) => info.name.into(),
        (None, Leaf::Coordinate(index)) => format!("x{}", index + 1).into(),
        (None, _) => unreachable!("every other leaf has a row in the table"),
    }
}

/// How strongly an op binds what it stands between.
fn strength(op: Op) -> u8 {
    match op.info().notation {
        Notation::Infix { precedence, .. } | Notation::Prefix { precedence } => precedence,
        Notation::Bars | Notation::Call => ATOM,
    }
}

fn call(name: &'static str, args: &[NodeId], tasks: &mut Vec<Task>) {
    tasks.push(Task::Text(")"));
    for (index, arg) in args.iter().enumerate().rev() {
        tasks.push(Task::Node { id: *arg, least: 0 });
        if index > 0 {
            tasks.push(Task::Text(", "));
        }
    }
    tasks.push(Task::Text("("));
    tasks.push(Task::Text(name));
}

fn bars(open: &'static str, inner: NodeId, tasks: &mut Vec<Task>) {
    tasks.push(Task::Text("|"));
    tasks.push(Task::Node {
        id: inner,
        least: 0,
    });
    tasks.push(Task::Text(open));
}

/// A number as the shortest text that reads back as the same bits; powers of e, which stand in many rules, as such.
pub fn number(value: f64) -> String {
    if value.is_nan() {
        return "(0 / 0)".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 {
            "(1 / 0)".to_owned()
        } else {
            "(-1 / 0)".to_owned()
        };
    }
    for (constant, name) in [
        (std::f64::consts::E, "e"),
        (std::f64::consts::PI, "pi"),
        (1e-8, "delta"),
    ] {
        if value.to_bits() == constant.to_bits() {
            return name.to_owned();
        }
    }
    if let Some(power) = power_of_e(value.abs()) {
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}e^{power}");
    }
    crate::op::number_text(value)
}

/// The whole exponent whose power of e this is, to the bit.
fn power_of_e(value: f64) -> Option<f64> {
    const MOST: f64 = 9.0;
    let exponent = libm::log(value).round();
    let is_whole = (1.0..=MOST).contains(&exponent.abs());
    let power = Op::Pow.apply(&[std::f64::consts::E, exponent])?;
    (is_whole && power.to_bits() == value.to_bits()).then_some(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(graph: &mut Graph, op: Op, args: &[NodeId]) -> NodeId {
        graph.apply(op, args).expect("shapes fit")
    }

    #[test]
    fn brackets_stand_only_where_needed() {
        let mut graph = Graph::default();
        let g = graph.leaf(Leaf::Grad);
        let w = graph.leaf(Leaf::Weight);
        let two = graph.number(-2.0);
        let sum = apply(&mut graph, Op::Add, &[g, w]);
        let product = apply(&mut graph, Op::Mul, &[sum, g]);
        assert_eq!(text(&graph, product), "(g + w) * g");
        let difference = apply(&mut graph, Op::Sub, &[g, sum]);
        assert_eq!(text(&graph, difference), "g - (g + w)");
        let power = apply(&mut graph, Op::Pow, &[two, product]);
        assert_eq!(text(&graph, power), "(-2)^((g + w) * g)");
        let inverse = apply(&mut graph, Op::Pow, &[g, two]);
        assert_eq!(text(&graph, inverse), "g^-2");
        let negative = apply(&mut graph, Op::Neg, &[inverse]);
        assert_eq!(text(&graph, negative), "-g^-2");
        let absolute = apply(&mut graph, Op::Abs, &[g]);
        let root = apply(&mut graph, Op::Sqrt, &[absolute]);
        assert_eq!(text(&graph, root), "sqrt|g|");
    }

    #[test]
    fn powers_of_e_are_written_as_such() {
        let mut graph = Graph::default();
        let g = graph.leaf(Leaf::Grad);
        let two = graph.number(2.0);
        let e = graph.number(std::f64::consts::E);
        let squared = apply(&mut graph, Op::Pow, &[e, two]);
        let product = apply(&mut graph, Op::Mul, &[squared, g]);
        assert_eq!(text(&graph, product), "e^2 * g");
        let power = apply(&mut graph, Op::Pow, &[squared, g]);
        assert_eq!(text(&graph, power), "(e^2)^g");
        let power = apply(&mut graph, Op::Pow, &[g, squared]);
        assert_eq!(text(&graph, power), "g^e^2");
        let negative = apply(&mut graph, Op::Neg, &[squared]);
        let power = apply(&mut graph, Op::Pow, &[negative, g]);
        assert_eq!(text(&graph, power), "(-e^2)^g");
        let power = apply(&mut graph, Op::Pow, &[g, negative]);
        assert_eq!(text(&graph, power), "g^-e^2");
        // What is next to one is none.
        let next = Op::Pow.apply(&[std::f64::consts::E, 2.0]).map(f64::next_up);
        assert_eq!(next.map(number).as_deref(), Some("7.389056098930651"));
    }

    #[test]
    fn all_numbers_read_back_as_they_were() {
        use crate::context::{Context, Silent};
        for k in (-12..=12_i8).filter(|k| *k != 0) {
            for sign in [1.0, -1.0] {
                let value = sign
                    * Op::Pow
                        .apply(&[std::f64::consts::E, f64::from(k)])
                        .expect("pure");
                for value in [value, value * 1.1] {
                    let written = format!("g * {} + g^{0}", number(value));
                    let rule = Context::new()
                        .rule("rule", &written, &mut Silent)
                        .expect(&written);
                    let is_there =
                        |(_, node): (NodeId, Node)| node == Node::Number(value.to_bits());
                    assert!(rule.graph().iter().any(is_there), "{written}");
                }
            }
        }
    }

    #[test]
    fn shared_mask_is_bound_once() {
        let mut graph = Graph::default();
        let g = graph.leaf(Leaf::Grad);
        let p = graph.number(0.3);
        let mask = apply(&mut graph, Op::Drop, &[g, p]);
        let sign = apply(&mut graph, Op::Sign, &[mask]);
        let product = apply(&mut graph, Op::Mul, &[sign, sign]);
        assert_eq!(
            text(&graph, product),
            "(fn(d1) => sign(d1) * sign(d1))(drop(g, 0.3))"
        );
        assert_eq!(text(&graph, sign), "sign(drop(g, 0.3))");
    }

    #[test]
    fn deep_sum_prints_without_recursion() {
        let mut graph = Graph::default();
        let g = graph.leaf(Leaf::Grad);
        let w = graph.leaf(Leaf::Weight);
        let mut sum = g;
        for _ in 0..20_000 {
            sum = apply(&mut graph, Op::Add, &[sum, w]);
        }
        assert_eq!(text(&graph, sum).matches('w').count(), 20_000);
    }
}
