//! Laws of strings: what is decoded encodes, to the same rule and no longer than it was.
//!
//! Whether two rules are the same is decided by evaluating them, not by the identities that encoding uses.

use super::World;
use crate::ir::tokens::{Binary, MAX_GROUPS, Unary, decode};
use crate::ir::{Graph, Node, NodeId, Rule};
use crate::op::Leaf;
use proptest::prelude::*;
use std::collections::HashMap;

#[test]
fn every_group_of_one_round_trips() {
    let mut world = World::new();
    for (op1, op2) in [("g", "m"), ("1", "2"), ("w", "w"), ("2", "eps"), ("v", "1")] {
        for u1 in Unary::ALL {
            for u2 in Unary::ALL {
                for b in Binary::ALL {
                    let (u1, u2, b) = (u1.text(), u2.text(), b.text());
                    let tokens = format!("{op1} {op2} {u1} {u2} {b}");
                    let root = world.decode(&tokens).expect("a string without mistakes");
                    let found = world.encode(root).expect("what was decoded encodes");
                    assert_eq!(found.split(';').count(), 1, "{tokens} became {found}");
                    let again = world.decode(&found).expect("what was encoded decodes");
                    assert_eq!(world.text(again), world.text(root), "{tokens}");
                    if !tokens.contains("drop") {
                        assert_eq!(again, root, "{tokens}");
                    }
                }
            }
        }
    }
}

/// The value of a node: leaves and state are fixed numbers, masks a mixture no identity moves through.
fn value(graph: &Graph, id: NodeId, seen: &mut HashMap<NodeId, f64>) -> f64 {
    if let Some(known) = seen.get(&id) {
        return *known;
    }
    let args: Vec<f64> = graph
        .node(id)
        .args()
        .as_slice()
        .iter()
        .map(|arg| value(graph, *arg, seen))
        .collect();
    let found = match graph.node(id) {
        Node::Number(bits) => f64::from_bits(bits),
        Node::Leaf(Leaf::Grad) => 0.731,
        Node::Leaf(Leaf::Weight) => -1.37,
        Node::Leaf(_) | Node::LastUpdate(_) => 0.0217,
        Node::Own { .. } => args[0],
        Node::Drop { .. } => 0.7 * args[0] + args[1],
        Node::Apply(op, _) => op.apply(&args).unwrap_or_else(|| 0.31 * args[0] - 0.05),
    };
    seen.insert(id, found);
    found
}

pub(super) fn same_values(graph: &Graph, a: NodeId, b: NodeId) -> bool {
    let (x, y) = (
        value(graph, a, &mut HashMap::new()),
        value(graph, b, &mut HashMap::new()),
    );
    // What is not finite may come out of zeros with different signs.
    !x.is_finite() || !y.is_finite() || (x - y).abs() <= 1e-9 * x.abs().max(y.abs()).max(1e-9)
}

fn masks(graph: &Graph, root: NodeId) -> usize {
    let rule = Rule::new(graph, root);
    let nodes = rule.graph().iter();
    nodes
        .filter(|(_, node)| matches!(node, Node::Drop { .. }))
        .count()
}

/// A group as indices: operands count on into the groups before.
fn any_group() -> impl Strategy<Value = [usize; 5]> {
    [0..1000_usize, 0..1000, 0..12, 0..12, 0..6]
}

fn spell(groups: &[[usize; 5]], world: &World) -> String {
    let spelled: Vec<String> = groups
        .iter()
        .enumerate()
        .map(|(index, [op1, op2, u1, u2, b])| {
            let operand = |choice: usize| {
                // Earlier groups are named often: a group that nothing uses tests nothing.
                let choices = world.operands.len() + 6 * index;
                let choice = choice % choices;
                match world.operands.get(choice) {
                    Some(operand) => operand.name.to_owned(),
                    None => format!("${}", (choice - world.operands.len()) % index + 1),
                }
            };
            let (u1, u2, b) = (Unary::ALL[*u1], Unary::ALL[*u2], Binary::ALL[*b]);
            let (op1, op2) = (operand(*op1), operand(*op2));
            format!("{op1} {op2} {} {} {}", u1.text(), u2.text(), b.text())
        })
        .collect();
    spelled.join("; ")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decoded_string_encodes_to_the_same_rule(
        groups in proptest::collection::vec(any_group(), 1..=MAX_GROUPS),
    ) {
        let mut world = World::new();
        let tokens = spell(&groups, &world);
        let root = world.decode(&tokens).expect("a string without mistakes");
        let text = world.text(root);
        // How many groups are numbers: folding leaves no trace of how they were made.
        let folded = (0..groups.len()).filter(|last| {
            let part: Vec<&str> = tokens.split(';').take(last + 1).collect();
            let mut graph = world.graph.clone();
            let value = decode(&part.join(";"), &mut graph, &world.operands);
            value.is_ok_and(|id| graph.node(id).as_number().is_some())
        }).count();
        match world.encode(root) {
            Ok(found) => {
                // A number that has to be made may be made twice where the string uses it twice.
                prop_assert!(found.split(';').count() <= groups.len() + folded, "{} became {}", tokens, found);
                let again = world.decode(&found).expect("what was encoded decodes");
                prop_assert!(same_values(&world.graph, root, again), "{} became {}", tokens, found);
                prop_assert_eq!(masks(&world.graph, root), masks(&world.graph, again));
                // With numbers that have to be made, the terms of a sum may come in another order.
                if folded == 0 && found.split(';').count() == groups.len() {
                    prop_assert_eq!(world.text(again), text);
                }
            }
            Err(why) => {
                let is_full = groups.len() == MAX_GROUPS;
                prop_assert!(folded > 1 || folded == 1 && is_full, "{}: {}", tokens, why);
            }
        }
    }

    #[test]
    fn any_text_decodes_or_says_where_it_does_not(text in "[g1$;β ]{0,12}|(g |\\$1 |id |add|;| ){0,24}") {
        let mut world = World::new();
        if let Err(error) = world.decode(&text) {
            prop_assert!(text.get(error.range).is_some());
        }
    }
}
