//! Diagrams of graphs built by hand: what is one part, what is left out.

use super::*;
use crate::op::Leaf;

fn apply(graph: &mut Graph, op: Op, args: &[NodeId]) -> NodeId {
    graph.apply(op, args).expect("shapes fit")
}

fn diagram(graph: &Graph, root: NodeId) -> Diagram {
    Diagram::new(graph, root, "update", &FxHashMap::default())
}

fn labels(diagram: &Diagram) -> Vec<&str> {
    let parts = diagram.parts().iter();
    parts.map(|part| part.label.as_str()).collect()
}

/// Lines are as wide as they may be, and say how much they leave out.
fn assert_fits(tree: &str, width: usize) {
    assert!(
        tree.lines().all(|line| line.chars().count() <= width),
        "{tree}"
    );
    assert!(tree.contains("parts left out"), "{tree}");
    assert!(tree.lines().count() < 500);
}

#[test]
fn operand_is_one_part_and_number_one_each_use() {
    let mut graph = Graph::default();
    let g = graph.leaf(Leaf::Grad);
    let two = graph.number(2.0);
    let power = apply(&mut graph, Op::Pow, &[g, two]);
    let twice = apply(&mut graph, Op::Mul, &[two, power]);
    let root = apply(&mut graph, Op::Add, &[twice, g]);
    let diagram = diagram(&graph, root);
    assert_eq!(labels(&diagram), ["g", "2", "^", "2", "*", "+"]);
    assert_eq!(diagram.parts()[5].args, [4, 0]);
}

#[test]
fn setting_is_in_the_label_unless_it_is_computed() {
    let mut graph = Graph::default();
    let g = graph.leaf(Leaf::Grad);
    let beta = graph.number(0.9);
    let zero = graph.number(0.0);
    let mean = apply(&mut graph, Op::Ema, &[g, beta]);
    let last = apply(&mut graph, Op::Last, &[mean, zero]);
    assert_eq!(labels(&diagram(&graph, last)), ["g", "ema(0.9)", "last"]);
    let drop = apply(&mut graph, Op::Drop, &[last, beta]);
    let least = apply(&mut graph, Op::Min, &[drop, beta]);
    let shown = diagram(&graph, least);
    assert_eq!(labels(&shown)[3..], ["drop(0.9)", "0.9", "min"]);
    let (t, total) = (graph.leaf(Leaf::Step), graph.leaf(Leaf::Total));
    let share = apply(&mut graph, Op::Div, &[t, total]);
    let mean = apply(&mut graph, Op::Ema, &[g, share]);
    let shown = diagram(&graph, mean);
    assert_eq!(labels(&shown), ["g", "t", "T", "/", "ema"]);
    assert_eq!(shown.parts()[4].kind, PartKind::Binary);
}

#[test]
fn named_node_is_an_operand_unless_it_is_the_root() {
    let mut graph = Graph::default();
    let g = graph.leaf(Leaf::Grad);
    let beta = graph.number(0.9);
    let m = apply(&mut graph, Op::Ema, &[g, beta]);
    let sign = apply(&mut graph, Op::Sign, &[m]);
    let names = FxHashMap::from_iter([(m, Arc::from("m"))]);
    let named = |root| Diagram::new(&graph, root, "update", &names);
    assert_eq!(labels(&named(sign)), ["m", "sign"]);
    assert_eq!(labels(&named(m)), ["g", "ema(0.9)"]);
}

#[test]
fn only_an_inner_own_is_a_part() {
    let mut graph = Graph::default();
    let g = graph.leaf(Leaf::Grad);
    let (inner, outer) = (graph.origin(), graph.origin());
    let last = graph.last_update(inner);
    let sum = apply(&mut graph, Op::Add, &[g, last]);
    let own = graph.own(inner, sum);
    let sign = apply(&mut graph, Op::Sign, &[own]);
    let root = graph.own(outer, sign);
    let shown = diagram(&graph, root);
    assert_eq!(labels(&shown), ["g", "last(update)", "+", "own", "sign"]);
}

#[test]
fn number_is_a_diagram_of_one_part() {
    let mut graph = Graph::default();
    let two = graph.number(2.0);
    let shown = diagram(&graph, two);
    assert_eq!(labels(&shown), ["2"]);
    assert_eq!(shown.tree(80, false), "update\n└─ 2");
}

#[test]
fn deep_chain_is_cut() {
    let mut graph = Graph::default();
    let mut deep = graph.leaf(Leaf::Grad);
    let w = graph.leaf(Leaf::Weight);
    for level in 0..20_000 {
        deep = match level % 2 {
            0 => apply(&mut graph, Op::Sign, &[deep]),
            _ => apply(&mut graph, Op::Add, &[deep, w]),
        };
    }
    let shown = diagram(&graph, deep);
    assert_eq!(shown.parts().len(), 20_002);
    for width in [40, 80, 300] {
        assert_fits(&shown.tree(width, false), width);
    }
    assert_eq!(shown.dot().lines().count(), 6 + 20_002 + 30_000 + 1);
}

#[test]
fn deep_chain_of_single_readers_is_cut() {
    let mut graph = Graph::default();
    let mut deep = graph.leaf(Leaf::Grad);
    for _ in 0..1000 {
        deep = apply(&mut graph, Op::Tanh, &[deep]);
    }
    let shown = diagram(&graph, deep);
    for width in [40, 80] {
        assert_fits(&shown.tree(width, false), width);
    }
}

#[test]
fn wide_graph_is_cut_breadth_first() {
    let mut graph = Graph::default();
    let g = graph.leaf(Leaf::Grad);
    let mut row: Vec<NodeId> = (0..4096)
        .map(|index| {
            let factor = graph.number(f64::from(index) + 2.0);
            apply(&mut graph, Op::Mul, &[factor, g])
        })
        .collect();
    while row.len() > 1 {
        row = row
            .chunks(2)
            .map(|pair| apply(&mut graph, Op::Sub, pair))
            .collect();
    }
    let shown = diagram(&graph, row[0]);
    assert_fits(&shown.tree(80, false), 80);
    let near = shown.nearest(7);
    assert_eq!(
        near.tree(80, false),
        "\
update
└─ -
   ├─ -
   │  ├─ -
   │  │  ├─ …
   │  │  └─ …
   │  └─ -
   │     ├─ …
   │     └─ …
   └─ -
      ├─ -
      │  ├─ …
      │  └─ …
      └─ -
         ├─ …
         └─ …
… 12281 of 12288 parts left out
  a .dot file has all"
    );
}

#[test]
fn doubled_graph_is_as_long_as_its_nodes() {
    let mut graph = Graph::default();
    let mut node = graph.leaf(Leaf::Grad);
    for _ in 0..4 {
        node = apply(&mut graph, Op::Mul, &[node, node]);
    }
    assert_eq!(
        diagram(&graph, node).tree(80, false),
        "\
update
└─ *
   ├─ [1] *
   │      ├─ [2] *
   │      │      ├─ [3] *
   │      │      │      ├─ g
   │      │      │      └─ g
   │      │      └─ [3]
   │      └─ [2]
   └─ [1]"
    );
}

#[test]
fn colour_adds_escapes_and_nothing_else() {
    let mut graph = Graph::default();
    let g = graph.leaf(Leaf::Grad);
    let sign = apply(&mut graph, Op::Sign, &[g]);
    assert_eq!(
        diagram(&graph, sign).tree(80, true),
        "update\n└─ \u{1b}[33msign\u{1b}[0m ─ \u{1b}[36mg\u{1b}[0m"
    );
}

#[test]
fn dot_text_escapes_what_means_something() {
    let mut graph = Graph::default();
    let g = graph.leaf(Leaf::Grad);
    let dot = Diagram::new(&graph, g, "a \"b\" \\ c\nd\u{1}", &FxHashMap::default()).dot();
    assert_eq!(
        dot,
        "\
digraph \"a \\\"b\\\" \\\\ c\\nd\u{FFFD}\" {
  label=\"a \\\"b\\\" \\\\ c\\nd\u{FFFD}\";
  labelloc=t;
  rankdir=BT;
  ordering=in;
  node [shape=box, style=filled];
  n0 [label=\"g\", fillcolor=\"#cfe2f3\", penwidth=2];
}
"
    );
}
