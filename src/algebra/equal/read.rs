//! Two rules in one store, with names for what only they know.
//!
//! The number of an origin means something in its own rule alone. Parts that see their own updates, and memories of masks and noise, are therefore
//! known by their normal forms, so that the same one in two rules is one input.

use super::super::Algebra;
use super::super::store::{Kind, PolyId, Store, Trouble, ZERO};
use super::evaluate::{Reading, remembers};
use crate::ir::{Node, NodeId, Origin, Rule};
use rustc_hash::FxHashMap;

/// What the rules' own parts are called.
#[derive(Debug, Default)]
pub(super) struct Keys {
    owners: [FxHashMap<Origin, u32>; 2],
    random_states: [FxHashMap<NodeId, u32>; 2],
}

/// The number of a whole rule among those that see their own updates.
const WHOLE: u32 = 0;

impl Algebra {
    /// Names for the parts of two rules.
    pub(super) fn keys(&mut self, rules: [&Rule; 2]) -> Keys {
        let mut texts = vec![String::new()];
        let mut keys = Keys::default();
        for (place, rule) in rules.into_iter().enumerate() {
            let surface = surface(rule);
            for (id, node) in rule.graph().iter() {
                match node {
                    Node::Own { rule: origin, .. } => {
                        let number = if id == rule.root() {
                            WHOLE
                        } else {
                            self.number_of(rule, id, &mut texts)
                        };
                        keys.owners[place].insert(origin, number);
                    }
                    Node::Apply(op, _)
                        if remembers(op)
                            && surface[id.0 as usize]
                            && rule.graph().facts(id).is_random =>
                    {
                        let number = self.number_of(rule, id, &mut texts);
                        keys.random_states[place].insert(id, number);
                    }
                    _ => {}
                }
            }
        }
        keys
    }

    fn number_of(&mut self, rule: &Rule, part: NodeId, texts: &mut Vec<String>) -> u32 {
        let part = Rule::new(rule.graph(), part);
        let text = self.normal(&part).text().to_owned();
        let known = texts.iter().skip(1).position(|known| *known == text);
        let number = if let Some(index) = known {
            index + 1
        } else {
            texts.push(text);
            texts.len() - 1
        };
        u32::try_from(number).unwrap_or(u32::MAX)
    }
}

/// The nodes whose values of this step the update is made of.
fn surface(rule: &Rule) -> Vec<bool> {
    let graph = rule.graph();
    let mut out = vec![false; graph.len()];
    let mut stack = vec![rule.root()];
    while let Some(id) = stack.pop() {
        if std::mem::replace(&mut out[id.0 as usize], true) {
            continue;
        }
        match graph.node(id) {
            Node::Apply(op, _) if remembers(op) => {}
            node => stack.extend_from_slice(node.args().as_slice()),
        }
    }
    out
}

impl Store {
    /// Both rules as polynomials, node by node.
    pub(super) fn read_pair<'a>(&mut self, rules: [&'a Rule; 2], keys: &Keys) -> [Reading<'a>; 2] {
        let mut place = 0;
        rules.map(|rule| {
            let owners = keys.owners[place].clone();
            let random_states = keys.random_states[place].clone();
            place += 1;
            let (polys, trouble) = self.read_nodes(rule, &owners);
            Reading {
                rule,
                polys,
                trouble,
                owners,
                random_states,
                surface: surface(rule),
            }
        })
    }

    fn read_nodes(
        &mut self,
        rule: &Rule,
        owners: &FxHashMap<Origin, u32>,
    ) -> (Vec<Option<PolyId>>, Option<Trouble>) {
        let graph = rule.graph();
        let mut polys: Vec<Option<PolyId>> = Vec::with_capacity(graph.len());
        // What is missing is never looked at: a node without all its arguments is missing itself.
        let mut plain: Vec<PolyId> = Vec::with_capacity(graph.len());
        let mut masks = Vec::new();
        let mut first_trouble = None;
        for (id, node) in graph.iter() {
            let args = node.args();
            let is_whole = args
                .as_slice()
                .iter()
                .all(|arg| polys[arg.0 as usize].is_some());
            let poly = if is_whole {
                let poly = match node {
                    Node::LastUpdate(origin) => {
                        let atom = self.intern_atom(Kind::LastUpdate(owners[&origin]));
                        self.poly_of(atom)
                    }
                    Node::Own { body, .. } if id == rule.root() => plain[body.0 as usize],
                    Node::Own { rule, body } => {
                        let body = plain[body.0 as usize];
                        let atom = self.intern_atom(Kind::Own(owners[&rule], body));
                        self.poly_of(atom)
                    }
                    node => self.node(graph, node, &plain, &mut masks),
                };
                let trouble = self.trouble.take();
                first_trouble = first_trouble.or(trouble);
                trouble.is_none().then_some(poly)
            } else {
                None
            };
            polys.push(poly);
            plain.push(poly.unwrap_or(ZERO));
        }
        (polys, first_trouble)
    }
}
