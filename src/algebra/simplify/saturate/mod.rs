//! Equality saturation: all equal ways to write an expression at once, as far as the limits go.
//!
//! The one folder that knows the library for it. Its graph holds classes of equal expressions; each round looks for all rewrites in all classes
//! and adds what they give. Limits are on rounds, on matches of a rewrite and on the size of the graph, and everything is kept in order of
//! insertion, so a rule has the same answer on every run and machine.

mod extract;
mod term;

use super::Limits;
use super::pattern::{Part, Pattern};
use super::rewrites::{REWRITES, Way};
use crate::algebra::cost;
use crate::algebra::rational::Rational;
use crate::ir::{Node, Rule};
use egg::{EGraph, ENodeOrVar, Id, RecExpr, SearchMatches, Searcher, Var};
use extract::Extraction;
use term::{Numerals, Term, insert};

/// The rewrites, ready to be searched for.
#[derive(Debug)]
pub(super) struct Search {
    rewrites: Vec<Rewrite>,
    pub(super) limits: Limits,
    /// How many searches ended at a limit.
    pub(super) cut_short: u64,
}

#[derive(Debug)]
struct Rewrite {
    from: egg::Pattern<Term>,
    to: RecExpr<ENodeOrVar<Term>>,
    /// Letters that stand for numerals only.
    numerals: Vec<(Var, char)>,
}

impl Default for Search {
    fn default() -> Self {
        let mut rewrites = Vec::new();
        for row in REWRITES {
            let [from, to] = [row.from, row.to].map(|side| {
                Pattern::read(side).unwrap_or_else(|| unreachable!("`{side}` is an expression"))
            });
            rewrites.push(Rewrite::new(&from, &to));
            if row.way == Way::Both {
                rewrites.push(Rewrite::new(&to, &from));
            }
        }
        Self {
            rewrites,
            limits: Limits::default(),
            cut_short: 0,
        }
    }
}

impl Rewrite {
    fn new(from: &Pattern, to: &Pattern) -> Self {
        let numerals = from.parts.iter().filter_map(|part| match part {
            Part::Any(letter) if NUMERALS.contains(letter) => Some((var(*letter), *letter)),
            Part::Any(_) | Part::Number(_) | Part::Apply(..) => None,
        });
        Self {
            numerals: numerals.collect(),
            from: egg::Pattern::new(compiled(from)),
            to: compiled(to),
        }
    }

    fn fits(&self, egraph: &EGraph<Term, Numerals>, found: &egg::Subst) -> bool {
        self.numerals.iter().all(|(var, letter)| {
            found
                .get(*var)
                .and_then(|id| egraph[*id].data)
                .is_some_and(|value| is_for(*letter, value))
        })
    }
}

/// The letters that stand for numerals.
const NUMERALS: [char; 8] = ['n', 'k', 's', 'i', 'j', 'r', 'q', 'p'];

/// Whether a letter stands for this number.
fn is_for(letter: char, value: Rational) -> bool {
    let whole = value.as_small();
    match letter {
        'n' | 'k' => whole.is_some_and(|whole| (2..=16).contains(&whole)),
        's' => whole.is_some_and(|whole| (-16..=-1).contains(&whole)),
        'i' | 'j' => whole.is_some_and(|whole| (2..=16).contains(&whole) && whole % 2 == 0),
        'p' => value.is_positive(),
        _ => true,
    }
}

fn var(letter: char) -> Var {
    Var::from(u32::from(letter))
}

fn compiled(pattern: &Pattern) -> RecExpr<ENodeOrVar<Term>> {
    let mut expr = RecExpr::default();
    let mut ids: Vec<Id> = Vec::new();
    for part in &pattern.parts {
        let node = match part {
            Part::Any(letter) => ENodeOrVar::Var(var(*letter)),
            Part::Number(value) => ENodeOrVar::ENode(Term::number(*value)),
            Part::Apply(op, args) => {
                let is_euler = |id: Id| {
                    let index = ids.iter().position(|other| *other == id);
                    matches!(index.map(|index| &pattern.parts[index]), Some(Part::Number(value)) if cost::is_euler(*value))
                };
                let args: Vec<Id> = args.iter().map(|arg| ids[*arg]).collect();
                ENodeOrVar::ENode(Term::apply(*op, &args, is_euler))
            }
        };
        ids.push(expr.add(node));
    }
    expr
}

impl Search {
    /// The cheapest rule found that is equal to rules that are equal value by value.
    pub(super) fn cheapest(&mut self, starts: &[&Rule]) -> Option<Rule> {
        let first = *starts.first()?;
        let mut egraph = EGraph::<Term, Numerals>::default();
        let mut root = None;
        for rule in starts {
            let id = insert(&mut egraph, rule);
            if let Some(root) = root {
                egraph.union(root, id);
            }
            root = Some(id);
        }
        egraph.rebuild();
        self.cut_short += u64::from(!self.saturate(&mut egraph));
        let mut graph = Extraction::new(&egraph).graph(root?)?;
        let mut body = graph.1;
        if let Node::Own { rule, .. } = first.graph().node(first.root()) {
            body = graph.0.own(rule, body);
        }
        Some(Rule::new(&graph.0, body))
    }

    /// Adds what the rewrites give; whether that was all.
    fn saturate(&self, egraph: &mut EGraph<Term, Numerals>) -> bool {
        for _ in 0..self.limits.rounds {
            let found: Vec<Vec<SearchMatches<'_, Term>>> = self
                .rewrites
                .iter()
                .map(|rewrite| rewrite.from.search_with_limit(egraph, self.limits.matches))
                .collect();
            let before = (egraph.total_number_of_nodes(), egraph.number_of_classes());
            'round: for (rewrite, found) in self.rewrites.iter().zip(&found) {
                for matches in found {
                    for subst in &matches.substs {
                        if egraph.total_size() > self.limits.nodes {
                            break 'round;
                        }
                        if rewrite.fits(egraph, subst) {
                            let id = egraph.add_instantiation(&rewrite.to, subst);
                            egraph.union(matches.eclass, id);
                        }
                    }
                }
            }
            egraph.rebuild();
            let after = (egraph.total_number_of_nodes(), egraph.number_of_classes());
            if egraph.total_size() > self.limits.nodes {
                return false;
            }
            if after == before {
                return true;
            }
        }
        false
    }
}
