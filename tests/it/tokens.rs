//! The paper's strings: what comes back is equal and no longer, other ways to write a rule make no difference, and where there is no string the
//! reason is right.

use nos::algebra::tokens::{Encoder, Missing};
use nos::algebra::{Algebra, UpTo};
use nos::context::{Context, Silent};
use nos::ir::tokens::{Binary, Operand, Unary, Unencodable, decode};
use nos::ir::{Graph, NodeId, Rule};
use nos::op::Op;
use std::fmt::Write;

const OPERANDS: [&str; 26] = [
    "g",
    "m",
    "mhat",
    "v",
    "vhat",
    "gamma",
    "gammahat",
    "adam",
    "rmsprop",
    "ld",
    "cd",
    "1",
    "2",
    "eps",
    "eps_t",
    "g^2",
    "g^3",
    "sign(g)",
    "sign(m)",
    "sign(mhat)",
    "1e-4*w",
    "1e-3*w",
    "1e-2*w",
    "1e-1*w",
    "rd(10)",
    "rd(20)",
];

/// The operands of the paper, and what reads and writes strings over them.
struct World {
    context: Context,
    graph: Graph,
    nodes: Vec<NodeId>,
    encoder: Encoder,
    algebra: Algebra,
}

impl World {
    fn new() -> Self {
        let mut context = Context::new();
        let mut graph = Graph::default();
        let mut nodes = Vec::new();
        for name in OPERANDS {
            let rule = context.rule("operand", name, &mut Silent).unwrap();
            nodes.push(graph.graft(&rule));
        }
        let encoder = Encoder::new(&graph, &operands(&nodes));
        Self {
            context,
            graph,
            nodes,
            encoder,
            algebra: Algebra::new(),
        }
    }

    fn rule(&mut self, text: &str) -> Rule {
        self.context.rule("rule", text, &mut Silent).unwrap()
    }

    fn decode(&self, text: &str) -> Rule {
        let mut graph = self.graph.clone();
        let root = decode(text, &mut graph, &operands(&self.nodes)).unwrap();
        Rule::new(&graph, root)
    }

    fn same(&mut self, a: &Rule, b: &Rule) -> bool {
        self.algebra.key(a, UpTo::Nothing) == self.algebra.key(b, UpTo::Nothing)
    }
}

fn operands(nodes: &[NodeId]) -> Vec<Operand<'static>> {
    let named = OPERANDS.iter().zip(nodes);
    named
        .map(|(name, node)| Operand { name, node: *node })
        .collect()
}

fn groups(text: &str) -> usize {
    text.split(';').count()
}

/// Numbers that look random, the same every time.
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }

    /// A string in which each group after the first uses the one before it.
    fn string(&mut self, depth: usize) -> String {
        let mut text = String::new();
        for group in 0..depth {
            let mut sides = [self.below(26), self.below(26)].map(|at| OPERANDS[at].to_owned());
            if group > 0 {
                sides[self.below(2)] = format!("${group}");
                let _ = write!(text, "; ");
            }
            let [u1, u2] = [self.below(12), self.below(12)].map(|at| Unary::ALL[at].text());
            let binary = Binary::ALL[self.below(6)].text();
            let _ = write!(text, "{} {} {u1} {u2} {binary}", sides[0], sides[1]);
        }
        text
    }
}

#[test]
fn strings_come_back_equal_and_no_longer() {
    let mut world = World::new();
    let mut draws = Draws(1);
    for (depth, count) in [(1, 60), (2, 30), (3, 8), (4, 4)] {
        for _ in 0..count {
            let text = draws.string(depth);
            let rule = world.decode(&text);
            let found = world.encoder.encode(&rule);
            let found = found.unwrap_or_else(|why| panic!("{text}: {why}"));
            assert!(groups(&found) <= depth, "{text} became {found}");
            let again = world.decode(&found);
            assert!(world.same(&rule, &again), "{text} became {found}");
        }
    }
}

#[test]
fn other_ways_to_write_a_rule_make_no_difference() {
    let mut world = World::new();
    for (rule, string) in [
        ("(g*g) * m", "m g^2 id id mul"),
        ("mhat / (sqrt(vhat) + delta)", "adam g id id left"),
        ("g * 0.5 + g * 0.5 + eps", "g eps id id add"),
        (
            "e^(sign(m) * sign(g)) * g",
            "m g sign sign mul; $1 g exp id mul",
        ),
        ("m / sqrt(v)", "v 1 sqrt neg pow; m $1 id id mul"),
        ("2*m*g", "2 m id id mul; $1 g id id mul"),
        ("g^2 + 2*g*m + m^2", "g m id id add; $1 2 id id pow"),
        (
            "g^3 + 3*g^2*m + 3*g*m^2 + m^3",
            "1 2 id id add; g m id id add; $2 $1 id id pow",
        ),
        (
            "g*e^(g + m) + m*e^(g + m)",
            "g m id id add; $1 $1 id exp mul",
        ),
        (
            "g + sign(m) * |g|",
            "g g sign id mul; m $1 sign id mul; g $2 id id add",
        ),
    ] {
        let read = world.rule(rule);
        let found = world.encoder.encode(&read).unwrap();
        assert_eq!(found, string, "{rule}");
        let again = world.decode(&found);
        assert!(world.same(&read, &again), "{found}");
    }
}

#[test]
fn what_has_no_string_says_why() {
    let mut world = World::new();
    for (rule, why) in [
        ("tanh(g)", Missing::Part(Unencodable::NoToken(Op::Tanh))),
        (
            "0.3 * g",
            Missing::Part(Unencodable::NoOperand("0.3".to_owned())),
        ),
        (
            "t * g",
            Missing::Part(Unencodable::NoOperand("t".to_owned())),
        ),
        (
            "clip(g, 0.1)",
            Missing::Part(Unencodable::OtherConstant(
                Op::Clip,
                "clip(g, 0.1)".to_owned(),
            )),
        ),
        (
            "drop(g, 0.2)",
            Missing::Part(Unencodable::OtherConstant(
                Op::Drop,
                "drop(g, 0.2)".to_owned(),
            )),
        ),
        (
            "g + m + v + gamma + 1e-3*w + mhat",
            Missing::TooLong { functions: 5 },
        ),
        // What is not there in the end is in nobody's way.
        (
            "0 * tanh(g) + 0.3 * g",
            Missing::Part(Unencodable::NoOperand("0.3".to_owned())),
        ),
    ] {
        let read = world.rule(rule);
        assert_eq!(world.encoder.encode(&read), Err(why), "{rule}");
    }
}
