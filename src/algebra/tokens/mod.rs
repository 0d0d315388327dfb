//! Rules as the paper's strings, whatever way they are written.
//!
//! A rule is first written as it stands, as its normal form and as the least-cost equal rule (`ir::tokens`). Where that leaves room for a shorter
//! string, more are looked for: a single group among all there are, several among the pieces of those forms and what single groups are
//! left over (`search`). Values at a few moments say where to look (`points`, `space`).
//!
//! *Invariant:* every string is compared with the rule by its key before it is given. A mistake in the search costs a string and never makes a
//! wrong one. The search is bounded by counts and not by time, so that an answer is the same everywhere.

mod missing;
mod parts;
mod points;
mod search;
mod space;

pub use missing::Missing;

use super::{Algebra, Simplifier, Trouble, UpTo};
use crate::ir::tokens::{
    GROUP_LENGTH, Group, MAX_GROUPS, Operand, Unencodable, decode, encode, write,
};
use crate::ir::{Checkpoint, Graph, Node, NodeId, Rule};
use crate::op::Leaf;
use points::{Points, Turned};
use search::Search;
use space::Space;

/// How many single groups with the values of a rule are compared with it by keys.
const MOST_TRIES: usize = 500;

/// Writes rules as strings over fixed operands; one serves for any number of rules.
#[derive(Debug)]
pub struct Encoder {
    algebra: Algebra,
    simplifier: Simplifier,
    space: Space,
    start: Checkpoint,
}

impl Encoder {
    /// An encoder for strings over these operands.
    pub fn new(graph: &Graph, operands: &[Operand<'_>]) -> Self {
        let mut algebra = Algebra::new();
        let space = Space::new(graph, operands, &mut algebra);
        let start = space.graph.checkpoint();
        Self {
            algebra,
            simplifier: Simplifier::new(),
            space,
            start,
        }
    }

    /// The shortest string found for a rule: its meaning has the rule's normal form. Without masks, a rule that one group can write is
    /// written as one group.
    ///
    /// # Errors
    /// What the rule has that strings do not, or that none was found.
    pub fn encode(&mut self, rule: &Rule) -> Result<String, Missing> {
        let answer = self.shortest(rule);
        self.space.reset(self.start);
        answer
    }

    fn shortest(&mut self, rule: &Rule) -> Result<String, Missing> {
        let normal = self.algebra.normal(rule);
        let key = normal.key();
        let written = self.as_it_is(rule);
        if !matches!(normal.trouble(), None | Some(Trouble::Partial)) {
            // Nothing is known of the rule but how it is written.
            return written.map_err(|why| Missing::new(&[(rule, Some(why))], &self.space));
        }
        let mut best = Best::default();
        best.offer(self.confirmed(written.as_ref().ok(), key));
        if best.groups == 1 {
            return best.or(Missing::NotFound);
        }
        let as_normal = self.as_it_is(normal.rule()).ok();
        best.offer(self.confirmed(as_normal.as_ref(), key));
        if best.groups > 1 {
            best.offer(self.single(normal.rule(), key));
        }
        if best.groups == 1 {
            return best.or(Missing::NotFound);
        }
        let simple = self.simplifier.simplify(rule);
        let as_simple = self.as_it_is(&simple);
        best.offer(self.confirmed(as_simple.as_ref().ok(), key));
        if best.groups > 2 {
            best.offer(self.several([rule, &simple, normal.rule()], key, best.groups - 1));
        }
        let forms = [(rule, written.err()), (&simple, as_simple.err())];
        best.or(Missing::new(&forms, &self.space))
    }

    /// The string of a rule as it is written.
    fn as_it_is(&mut self, rule: &Rule) -> Result<String, Unencodable> {
        let root = self.space.graph.graft(rule);
        encode(&self.space.graph, root, &self.space.operands())
    }

    /// A string, where its meaning has this key.
    fn confirmed(&mut self, text: Option<&String>, key: [u8; 16]) -> Option<String> {
        let text = text?;
        let mut graph = Graph::default();
        let operands: Vec<(String, NodeId)> = self
            .space
            .operands
            .iter()
            .map(|(name, node)| {
                let rule = Rule::new(&self.space.graph, *node);
                (name.clone(), graph.graft(&rule))
            })
            .collect();
        let operands: Vec<Operand<'_>> = operands
            .iter()
            .map(|(name, node)| Operand { name, node: *node })
            .collect();
        let root = decode(text, &mut graph, &operands).ok()?;
        let found = self.algebra.key(&Rule::new(&graph, root), UpTo::Nothing);
        (found == key).then(|| text.clone())
    }

    /// The simplest single group for a normal form.
    fn single(&mut self, normal: &Rule, key: [u8; 16]) -> Option<String> {
        let root = self.space.graph.graft(normal);
        let turns = |leaf: Leaf| {
            if normal.mentions(leaf) {
                &[false, true][..]
            } else {
                &[false]
            }
        };
        for noise in turns(Leaf::Noise) {
            for step_noise in turns(Leaf::StepNoise) {
                let turned = Turned {
                    noise: *noise,
                    step_noise: *step_noise,
                };
                let goal = Points::new(turned).at(&self.space.graph, root);
                if goal.iter().filter(|value| value.is_finite()).count() < 2 {
                    continue;
                }
                let groups = self.space.groups_of(&goal);
                for group in groups.into_iter().take(MOST_TRIES) {
                    let text = self.text(&[group]);
                    if let Some(text) = self.confirmed(Some(&text), key) {
                        return Some(text);
                    }
                }
            }
        }
        None
    }

    /// The first string with more than one and at most so many groups that the forms of a rule lead to.
    fn several(&mut self, forms: [&Rule; 3], key: [u8; 16], most: usize) -> Option<String> {
        let graph = &mut self.space.graph;
        let roots = forms.map(|form| graph.graft(form));
        let pieces = parts::pieces(graph, &roots);
        let goal = *roots.last()?;
        let is_plain = self.space.points.at(&self.space.graph, goal)[0].is_finite();
        if !is_plain {
            return None;
        }
        let mut search = Search::new(&mut self.space, &mut self.algebra, goal, key);
        for piece in pieces {
            search.add(piece);
        }
        search.prepare();
        let mut found = search.first(2..=most);
        let most = found.as_ref().map_or(most, |groups| groups.len() - 1);
        if most > 2 {
            search.deepen();
            found = search.first(3..=most).or(found);
        }
        let text = self.text(&found?);
        self.confirmed(Some(&text), key)
    }

    fn text(&self, groups: &[Group]) -> String {
        write(groups, |index| &self.space.operands[index].0)
    }
}

/// The shortest string so far; of equally long ones, the first.
struct Best {
    text: Option<String>,
    /// How many groups it has: one more than allowed where there is none.
    groups: usize,
}

impl Default for Best {
    fn default() -> Self {
        Self {
            text: None,
            groups: MAX_GROUPS + 1,
        }
    }
}

impl Best {
    fn offer(&mut self, text: Option<String>) {
        let Some(text) = text else { return };
        let groups = text.split_whitespace().count() / GROUP_LENGTH;
        if groups < self.groups {
            (self.text, self.groups) = (Some(text), groups);
        }
    }

    fn or(self, missing: Missing) -> Result<String, Missing> {
        self.text.ok_or(missing)
    }
}

/// Whether a node is an operand of strings: a group is not needed for it.
fn is_operand(space: &Space, node: NodeId) -> bool {
    space.operands.iter().any(|(_, operand)| *operand == node)
        || matches!(space.graph.node(node), Node::Number(_))
}
