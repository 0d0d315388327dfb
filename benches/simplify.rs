//! How fast rules are simplified, and how well, beside equality saturation used in the plain way.
//!
//! The rules are the paper's strings of one group, evenly spread. The plain way gives the library unrestricted rules of order and its own limits on
//! nodes and rounds; it is shown on fewer rules, because it is slow. `RULES` and `PLAIN` set how many rules each gets.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

#[path = "census/random.rs"]
#[allow(dead_code, reason = "shared with the census")]
mod random;
#[path = "census/strings.rs"]
#[allow(dead_code, reason = "shared with the census")]
mod strings;

use egg::{
    CostFunction, Extractor, Id, Language, RecExpr, Rewrite, Runner, StopReason, SymbolLang,
    rewrite,
};
use nos::algebra::{Limits, Simplifier, cost};
use nos::ir::{Graph, Node, NodeId, Rule};
use nos::op::{Leaf, Op, TABLE};
use random::Random;
use std::time::Instant;
use strings::{Code, Maker, SINGLE};

/// The limits that the library has itself.
const WIDE: Limits = Limits {
    rounds: 30,
    nodes: 10_000,
    matches: usize::MAX,
};

fn count(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Rules spread evenly over all strings of one group.
fn single(count: usize) -> Vec<Rule> {
    let mut maker = Maker::new();
    // A stride without common divisors with the number of strings.
    (0..count)
        .map(|index| maker.rule(&Code::single((index * 104_729) % SINGLE)))
        .collect()
}

/// Random strings of two to four groups, the same in every run.
fn longer(count: usize) -> Vec<Rule> {
    let mut maker = Maker::new();
    let mut random = Random::new(1);
    (0..count)
        .map(|_| maker.rule(&Code::random(&mut random)))
        .collect()
}

#[allow(clippy::cast_precision_loss, reason = "counts are small")]
fn mean(rules: &[Rule]) -> f64 {
    rules.iter().map(|rule| cost(rule) as f64).sum::<f64>() / rules.len() as f64
}

#[allow(clippy::cast_precision_loss, reason = "counts are small")]
fn line(what: &str, rules: &[Rule], seconds: f64, after: &[Rule], cut_short: f64) {
    println!(
        "{what:<30} {:>6} {:>9.0} {:>10.2} {:>10.2} {:>9.1} %",
        rules.len(),
        rules.len() as f64 / seconds,
        mean(rules),
        mean(after),
        100.0 * cut_short
    );
}

fn main() {
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let (many, few) = (count("RULES", 10_000), count("PLAIN", 100));
    println!(
        "{:<30} {:>6} {:>9} {:>10} {:>10} {:>11}",
        "", "rules", "rules/s", "cost", "simplified", "at limits"
    );
    let (usual, wide) = (Limits::default(), WIDE);
    for (what, many, few) in [
        ("one group", single(many), single(few)),
        ("2 to 4 groups", longer(many / 4), longer(few / 4)),
    ] {
        ours(&format!("{what}: simplify"), &many, usual);
        ours(&format!("{what}: simplify"), &few, usual);
        ours(&format!("{what}: wide limits"), &few, wide);
        theirs(&format!("{what}: plain egg"), &few);
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts are small")]
fn ours(what: &str, rules: &[Rule], limits: Limits) {
    let mut simplifier = Simplifier::with_limits(limits);
    let mut cut_short = 0.0;
    let start = Instant::now();
    let simplify = |rule| {
        let before = simplifier.cut_short();
        let after = simplifier.simplify(rule);
        cut_short += f64::from(u8::from(simplifier.cut_short() > before));
        after
    };
    let after: Vec<Rule> = rules.iter().map(simplify).collect();
    let seconds = start.elapsed().as_secs_f64();
    line(what, rules, seconds, &after, cut_short / rules.len() as f64);
}

#[allow(clippy::cast_precision_loss, reason = "counts are small")]
fn theirs(what: &str, rules: &[Rule]) {
    let rewrites = plain_rewrites();
    let mut cut_short = 0.0;
    let start = Instant::now();
    let simplify = |rule| {
        let (rule, saturated) = plain(rule, &rewrites);
        cut_short += f64::from(u8::from(!saturated));
        rule
    };
    let after: Vec<Rule> = rules.iter().map(simplify).collect();
    let seconds = start.elapsed().as_secs_f64();
    line(what, rules, seconds, &after, cut_short / rules.len() as f64);
}

fn plain_rewrites() -> Vec<Rewrite<SymbolLang, ()>> {
    let mut out = vec![
        rewrite!("a"; "(Add ?a ?b)" => "(Add ?b ?a)"),
        rewrite!("b"; "(Mul ?a ?b)" => "(Mul ?b ?a)"),
        rewrite!("o"; "(Sub ?a (Neg ?b))" => "(Add ?a ?b)"),
        rewrite!("p"; "(Add ?a ?a)" => "(Mul 2 ?a)"),
        rewrite!("q"; "(Mul ?a ?a)" => "(Pow ?a 2)"),
        rewrite!("r"; "(Mul (Sign ?a) (Abs ?a))" => "?a"),
        rewrite!("u"; "(Mul (Abs ?a) (Abs ?b))" => "(Abs (Mul ?a ?b))"),
        rewrite!("v"; "(Add (Log (Abs ?a)) (Log (Abs ?b)))" => "(Log (Abs (Mul ?a ?b)))"),
        rewrite!("w"; "(Mul (Exp ?a) (Exp ?b))" => "(Exp (Add ?a ?b))"),
        rewrite!("x"; "(Neg (Neg ?a))" => "?a"),
        rewrite!("y"; "(Div (Div ?a ?b) ?c)" => "(Div ?a (Mul ?b ?c))"),
        rewrite!("z"; "(Add ?a (Mul ?a ?b))" => "(Mul ?a (Add 1 ?b))"),
    ];
    for pair in [
        rewrite!("c"; "(Add (Add ?a ?b) ?c)" <=> "(Add ?a (Add ?b ?c))"),
        rewrite!("d"; "(Mul (Mul ?a ?b) ?c)" <=> "(Mul ?a (Mul ?b ?c))"),
        rewrite!("e"; "(Sub ?a ?b)" <=> "(Add ?a (Neg ?b))"),
        rewrite!("f"; "(Mul ?a (Add ?b ?c))" <=> "(Add (Mul ?a ?b) (Mul ?a ?c))"),
        rewrite!("g"; "(Neg (Mul ?a ?b))" <=> "(Mul (Neg ?a) ?b)"),
        rewrite!("h"; "(Abs ?a)" <=> "(Mul (Sign ?a) ?a)"),
    ] {
        out.extend(pair);
    }
    out
}

/// A rule by the plain way, and whether nothing was left to find.
fn plain(rule: &Rule, rewrites: &[Rewrite<SymbolLang, ()>]) -> (Rule, bool) {
    let mut expr = RecExpr::default();
    let mut ids: Vec<Id> = Vec::new();
    for (_, node) in rule.graph().iter() {
        let children = node
            .args()
            .as_slice()
            .iter()
            .map(|arg| ids[arg.0 as usize])
            .collect();
        let name = match node {
            Node::Number(bits) => f64::from_bits(bits).to_string(),
            Node::Leaf(leaf) => leaf.info().unwrap().name.to_owned(),
            Node::Apply(op, _) => format!("{op:?}"),
            // Other nodes are kept by their place in the rule.
            Node::Drop { mask, .. } => format!("Drop{}", mask.0),
            Node::LastUpdate(_) | Node::Own { .. } => unreachable!("strings have none"),
        };
        ids.push(expr.add(SymbolLang::new(name, children)));
    }
    let runner = Runner::default().with_expr(&expr).run(rewrites);
    let saturated = matches!(runner.stop_reason, Some(StopReason::Saturated));
    let (_, best) = Extractor::new(&runner.egraph, Weights).find_best(runner.roots[0]);
    (rule_of(&best), saturated)
}

struct Weights;

impl CostFunction<SymbolLang> for Weights {
    type Cost = u64;

    fn cost<C: FnMut(Id) -> u64>(&mut self, term: &SymbolLang, mut costs: C) -> u64 {
        let name = term.op.as_str();
        let own = match name {
            "Abs" => 6,
            _ if name.starts_with("Drop") => 11,
            _ if name.parse::<f64>().is_ok() => 1,
            _ => op_of(name).map_or(3, |op| 2 * u64::from(op.info().cost)),
        };
        term.fold(own, |sum, id| sum.saturating_add(costs(id)))
    }
}

fn op_of(name: &str) -> Option<Op> {
    TABLE
        .iter()
        .map(|row| row.op)
        .find(|op| format!("{op:?}") == name)
}

fn rule_of(expr: &RecExpr<SymbolLang>) -> Rule {
    let mut graph = Graph::default();
    let mut nodes: Vec<NodeId> = Vec::new();
    for term in expr {
        let args: Vec<NodeId> = term
            .children()
            .iter()
            .map(|id| nodes[usize::from(*id)])
            .collect();
        let name = term.op.as_str();
        nodes.push(if let Ok(value) = name.parse::<f64>() {
            graph.number(value)
        } else if let Some(leaf) = Leaf::by_name(name) {
            graph.leaf(leaf)
        } else if let Some(op) = op_of(name) {
            graph.apply(op, &args).unwrap()
        } else {
            graph.apply(Op::Drop, &args).unwrap()
        });
    }
    Rule::new(&graph, *nodes.last().unwrap())
}
