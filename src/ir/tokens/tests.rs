//! Strings and their rules side by side; what holds for all strings is in [`laws`].

mod laws;

use super::{Operand, Slot, TokenError, TokenFault, Unencodable, decode, encode};
use crate::ir::{Graph, NodeId, Rule};
use crate::op::{Leaf, Op};
use std::f64::consts::E;

/// A graph with operands in it.
struct World {
    graph: Graph,
    operands: Vec<Operand<'static>>,
}

impl World {
    /// The operands g, w, m, v, 1, 2, eps, g^2, sign(g) and adam.
    fn new() -> Self {
        let mut world = Self {
            graph: Graph::default(),
            operands: Vec::new(),
        };
        let graph = &mut world.graph;
        let (g, w) = (graph.leaf(Leaf::Grad), graph.leaf(Leaf::Weight));
        let (one, two) = (graph.number(1.0), graph.number(2.0));
        let eps = graph.leaf(Leaf::Noise);
        let (beta1, beta2) = (graph.number(0.9), graph.number(0.999));
        let m = world.apply(Op::Ema, &[g, beta1]);
        let square = world.apply(Op::Pow, &[g, two]);
        let v = world.apply(Op::Ema, &[square, beta2]);
        let sign = world.apply(Op::Sign, &[g]);
        let root = world.apply(Op::Sqrt, &[v]);
        let delta = world.number(1e-8);
        let divisor = world.apply(Op::Add, &[root, delta]);
        let adam = world.apply(Op::Div, &[m, divisor]);
        let names = [
            ("g", g),
            ("w", w),
            ("m", m),
            ("v", v),
            ("1", one),
            ("2", two),
            ("eps", eps),
            ("g^2", square),
            ("sign(g)", sign),
            ("adam", adam),
        ];
        world.operands = names
            .map(|(name, node)| Operand { name, node })
            .into_iter()
            .collect();
        world
    }

    fn get(&self, name: &str) -> NodeId {
        let found = self.operands.iter().find(|operand| operand.name == name);
        found.expect("an operand of the tests").node
    }

    fn number(&mut self, value: f64) -> NodeId {
        self.graph.number(value)
    }

    fn apply(&mut self, op: Op, args: &[NodeId]) -> NodeId {
        self.graph.apply(op, args).expect("shapes fit")
    }

    fn decode(&mut self, text: &str) -> Result<NodeId, TokenError> {
        decode(text, &mut self.graph, &self.operands)
    }

    fn encode(&self, root: NodeId) -> Result<String, Unencodable> {
        encode(&self.graph, root, &self.operands)
    }

    fn text(&self, root: NodeId) -> String {
        Rule::new(&self.graph, root).text()
    }

    /// sign(g) * sign(m)
    fn agreement(&mut self) -> NodeId {
        let (g, m) = (self.get("g"), self.get("m"));
        let (g, m) = (self.apply(Op::Sign, &[g]), self.apply(Op::Sign, &[m]));
        self.apply(Op::Mul, &[g, m])
    }
}

/// The string decodes to the formula, and the formula encodes to the string.
#[track_caller]
fn check(tokens: &str, formula: &str) {
    let mut world = World::new();
    let root = world.decode(tokens).expect("a string without mistakes");
    assert_eq!(world.text(root), formula);
    assert_eq!(world.encode(root).as_deref(), Ok(tokens));
}

/// The formula that a function builds encodes to the string.
#[track_caller]
fn check_encoded(build: impl Fn(&mut World) -> NodeId, tokens: &str) {
    let mut world = World::new();
    let root = build(&mut world);
    assert_eq!(
        world.encode(root).as_deref(),
        Ok(tokens),
        "{}",
        world.text(root)
    );
    let again = world.decode(tokens).expect("what was encoded decodes");
    assert!(
        laws::same_values(&world.graph, root, again),
        "{} is not {}",
        world.text(again),
        world.text(root)
    );
}

#[track_caller]
fn check_unencodable(build: impl Fn(&mut World) -> NodeId, why: &Unencodable) {
    let mut world = World::new();
    let root = build(&mut world);

    assert_eq!(
        world.encode(root).as_ref(),
        Err(why),
        "{}",
        world.text(root)
    );
}

#[track_caller]
fn check_fault(tokens: &str, at: &str, fault: &TokenFault) {
    let mut world = World::new();
    let before = world.graph.len();
    let error = world.decode(tokens).expect_err("a string with a mistake");
    assert_eq!(&tokens[error.range.clone()], at);
    assert_eq!(&error.fault, fault);
    assert_eq!(world.graph.len(), before, "a mistake leaves no nodes");
}

#[test]
fn rules_of_the_paper_round_trip() {
    check("g g id id left", "g");
    check(
        "adam g id id left",
        "ema(g, 0.9) / (sqrt(ema(g^2, 0.999)) + 1e-8)",
    );
    check(
        "g m sign sign mul; $1 g exp id mul",
        "e^(sign(g) * sign(ema(g, 0.9))) * g",
    );
    check(
        "g m sign sign mul; 1 $1 id id add; $2 g id id mul",
        "(1 + sign(g) * sign(ema(g, 0.9))) * g",
    );
    check("g m id drop(0.3) add", "g + drop(ema(g, 0.9), 0.3)");
    check("g g^2 id clip(1e-4) sub", "g - clip(g^2, 1e-4)");
    check(
        "g^2 eps exp id add; m $1 drop(0.1) id div",
        "drop(ema(g, 0.9), 0.1) / (e^g^2 + eps + 1e-8)",
    );
}

#[test]
fn group_used_twice_is_written_once() {
    check(
        "g w id id mul; $1 $1 sign sqrt mul",
        "sign(g * w) * sqrt|g * w|",
    );
}

#[test]
fn mask_used_twice_needs_a_group() {
    check(
        "g g drop(0.3) id left; $1 $1 sign sqrt mul",
        "(fn(d1) => sign(d1) * sqrt|d1|)(drop(g, 0.3))",
    );
    check("g g drop(0.3) drop(0.3) mul", "drop(g, 0.3) * drop(g, 0.3)");
}

#[test]
fn numbers_are_made_of_operands() {
    check("2 1 id neg pow; $1 g id id mul", "0.5 * g");
    check("1 2 id id add; $1 g id id mul", "3 * g");
    check("2 g id id pow", "2^g");
    check_encoded(|world| world.number(E), "1 g exp id left");
    check_encoded(
        |world| {
            let (g, minus) = (world.get("g"), world.number(-1.0));
            world.apply(Op::Mul, &[minus, g])
        },
        "1 g neg id mul",
    );
}

#[test]
fn identities_let_common_rules_fit() {
    check_encoded(
        |world| {
            let (x, g) = (world.agreement(), world.get("g"));
            let x = world.apply(Op::Exp, &[x]);
            world.apply(Op::Mul, &[g, x])
        },
        "g m sign sign mul; g $1 id exp mul",
    );
    check_encoded(
        |world| {
            let (g, delta) = (world.get("g"), world.number(1e-8));
            let root = world.get("v");
            let root = world.apply(Op::Sqrt, &[root]);
            let divisor = world.apply(Op::Add, &[delta, root]);
            world.apply(Op::Div, &[g, divisor])
        },
        "g v id sqrt div",
    );
    check_encoded(
        |world| {
            let (g, w) = (world.get("g"), world.get("w"));
            let product = world.apply(Op::Mul, &[g, w]);
            world.apply(Op::Neg, &[product])
        },
        "g w neg id mul",
    );
    check_encoded(
        |world| {
            let (g, w) = (world.get("g"), world.get("w"));
            let (sum, w) = (world.apply(Op::Sub, &[g, w]), world.apply(Op::Sub, &[w, g]));
            let w = world.apply(Op::Neg, &[w]);
            world.apply(Op::Mul, &[sum, w])
        },
        "g w id id sub; w g id id sub; $1 $2 id neg mul",
    );
    check_encoded(
        |world| {
            let g = world.get("g");
            world.apply(Op::Mul, &[g, g])
        },
        "g g id id mul",
    );
    check_encoded(
        |world| {
            let g = world.get("g");
            world.apply(Op::Abs, &[g])
        },
        "g g sign id mul",
    );
}

#[test]
fn what_has_no_token_is_named() {
    let on_g = |op: Op| move |world: &mut World| world.apply(op, &[world.get("g")]);
    check_unencodable(on_g(Op::Tanh), &Unencodable::NoToken(Op::Tanh));
    check_unencodable(on_g(Op::Sqrt), &Unencodable::MayBeNegative(Op::Sqrt));
    check_unencodable(on_g(Op::Norm), &Unencodable::NoToken(Op::Norm));
    let with = |op: Op, value: f64| {
        move |world: &mut World| {
            let value = world.number(value);
            let rest = world.apply(op, &[world.get("g"), value]);
            world.apply(Op::Add, &[world.get("w"), rest])
        }
    };
    check_unencodable(
        with(Op::Mul, 0.3),
        &Unencodable::NoOperand("0.3".to_owned()),
    );
    check_unencodable(
        with(Op::Clip, 0.1),
        &Unencodable::OtherConstant(Op::Clip, "clip(g, 0.1)".to_owned()),
    );
    check_unencodable(
        with(Op::Drop, 0.2),
        &Unencodable::OtherConstant(Op::Drop, "drop(g, 0.2)".to_owned()),
    );
    check_unencodable(with(Op::Ema, 0.5), &Unencodable::NoToken(Op::Ema));
    check_unencodable(with(Op::Div, 0.25), &Unencodable::PlainDivision);
    check_unencodable(
        |world| world.graph.leaf(Leaf::Step),
        &Unencodable::NoOperand("t".to_owned()),
    );
}

#[test]
fn graph_of_any_size_ends_the_search() {
    let sum = |length: usize| {
        move |world: &mut World| {
            let mut sum = world.get("g");
            for index in 0..length {
                let (op, name) = [(Op::Add, "w"), (Op::Mul, "m"), (Op::Sub, "eps")][index % 3];
                let arg = world.get(name);
                sum = world.apply(op, &[sum, arg]);
            }
            sum
        }
    };
    let wide = |width: usize| {
        move |world: &mut World| {
            let (g, w) = (world.get("g"), world.get("w"));
            let mut sum = world.get("m");
            for index in 0..width {
                let unary = [Op::Neg, Op::Sign, Op::Exp][index % 3];
                let (x, y) = if index % 2 == 0 { (g, w) } else { (w, g) };
                let x = world.apply(unary, &[x]);
                let power = (index / 6) % 4;
                let y = (0..power).fold(y, |y, _| world.apply(Op::Sign, &[y]));
                let product = world.apply(Op::Mul, &[x, y]);
                sum = world.apply(Op::Add, &[sum, product]);
            }
            sum
        }
    };
    for width in [5, 12, 18, 24] {
        check_unencodable(wide(width), &Unencodable::TooManyGroups);
    }
    for length in [5, 12, 40, 20_000] {
        check_unencodable(sum(length), &Unencodable::TooManyGroups);
    }
    check_encoded(
        sum(4),
        "g w id id add; $1 m id id mul; $2 eps id id sub; $3 w id id add",
    );
}

#[test]
fn no_operands_means_no_string() {
    let mut graph = Graph::default();
    let g = graph.leaf(Leaf::Grad);
    assert_eq!(
        encode(&graph, g, &[]),
        Err(Unencodable::NoOperand("g".to_owned()))
    );
    assert_eq!(
        decode("g g id id left", &mut graph, &[])
            .expect_err("no operands")
            .range,
        0..1
    );
}

#[test]
fn faults_point_at_their_tokens() {
    check_fault("  ", "  ", &TokenFault::Empty);
    check_fault(
        "g g id id",
        "g g id id",
        &TokenFault::GroupLength { found: 4 },
    );
    check_fault(
        "g g id id left id  add",
        "id  add",
        &TokenFault::GroupLength { found: 7 },
    );
    check_fault("g g id id left;", "", &TokenFault::GroupLength { found: 0 });
    let group = "g g id id left";
    let five = [group; 5].join(";");
    check_fault(&five, group, &TokenFault::TooManyGroups { found: 5 });
    for (found, group) in [
        ("$2", 2),
        ("$1", 1),
        ("$0", 1),
        ("$99999999999999999999", 1),
    ] {
        let before = "g g sign id left; ".repeat(group - 1);
        check_fault(
            &format!("{before}{found} g id id add"),
            found,
            &TokenFault::NotEarlier {
                found: found.to_owned(),
                earlier: group - 1,
            },
        );
    }
}

#[test]
fn unknown_token_comes_with_the_known_ones() {
    let mut world = World::new();
    for (tokens, found, slot, known) in [
        ("γ g id id add", "γ", Slot::Operand, "adam"),
        ("g g id id add; $1 $x id id add", "$x", Slot::Operand, "$1"),
        ("g g id sgn add", "sgn", Slot::Unary, "clip(1e-3)"),
        ("g g id id plus", "plus", Slot::Binary, "left"),
    ] {
        let error = world.decode(tokens).expect_err("an unknown token");
        assert_eq!(&tokens[error.range.clone()], found);
        let TokenFault::UnknownToken {
            expected,
            candidates,
            ..
        } = error.fault
        else {
            panic!("{tokens}: {error}");
        };
        assert_eq!(expected, slot);
        assert!(candidates.iter().any(|name| name == known), "{tokens}");
    }
}
