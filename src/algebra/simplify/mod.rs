//! An equal rule of least cost for reading.
//!
//! The search ([`saturate`]) starts from the rule as it is given and from its normal form: the one keeps what the writer found, the other has
//! multiplied out what stood in the way. It adds all that the rewrites give within fixed limits on size, not on time, and takes what is cheapest. The
//! answer is then put in a reader's order.
//!
//! *Invariant:* the answer costs no more than the rule, and has the same normal form. Both are looked at for every answer, so a rewrite that was
//! wrong would cost a simplification and never make a wrong rule.

mod order;
#[cfg(feature = "saturation")]
mod pattern;
#[cfg(feature = "saturation")]
mod rewrites;
#[cfg(feature = "saturation")]
mod saturate;
#[cfg(all(test, feature = "saturation"))]
mod soundness;

use super::{Algebra, Normal, Trouble, cost};
#[cfg(feature = "saturation")]
use crate::ir::Node;
use crate::ir::Rule;

/// The workshop in which rules are simplified; one serves for any number of rules and keeps nothing of them.
#[derive(Debug, Default)]
pub struct Simplifier {
    algebra: Algebra,
    #[cfg(feature = "saturation")]
    search: saturate::Search,
}

/// How far a search may go. There is none on time, so that an answer is the same everywhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// How often all rewrites are tried.
    pub rounds: usize,
    /// How many expressions may be found.
    pub nodes: usize,
    /// In how many places one rewrite may be used in one round.
    pub matches: usize,
}

impl Default for Limits {
    /// Enough for what a person writes.
    fn default() -> Self {
        Self {
            rounds: 4,
            nodes: 200,
            matches: 50,
        }
    }
}

/// Rules with more nodes are only compared with their normal form.
const MOST_NODES: usize = 200;
/// How often the answer is simplified again: each time must make it cheaper.
const MOST_ROUNDS: usize = 8;

impl Simplifier {
    /// A workshop.
    pub fn new() -> Self {
        Self::default()
    }

    /// A workshop with other limits.
    #[cfg(feature = "saturation")]
    pub fn with_limits(limits: Limits) -> Self {
        let mut simplifier = Self::default();
        simplifier.search.limits = limits;
        simplifier
    }

    /// An equal rule that costs no more than the rule: the rule itself where no cheaper one is found. Simplifying the answer again gives
    /// the answer.
    pub fn simplify(&mut self, rule: &Rule) -> Rule {
        let mut best = rule.clone();
        if rule.graph().len() <= 1 {
            return best;
        }
        let normal = self.algebra.normal(rule);
        if !matches!(normal.trouble(), None | Some(Trouble::Partial)) {
            return best;
        }
        let mut least = cost(&best);
        for _ in 0..MOST_ROUNDS {
            let Some((rule, cost)) = self.cheaper(&best, &normal, least) else {
                break;
            };
            (best, least) = (rule, cost);
        }
        best
    }

    /// How many searches so far ended at a limit and not because all was found.
    #[cfg(feature = "saturation")]
    pub fn cut_short(&self) -> u64 {
        self.search.cut_short
    }

    /// An equal rule that costs less, with its cost.
    fn cheaper(&mut self, rule: &Rule, normal: &Normal, least: u64) -> Option<(Rule, u64)> {
        let mut found = self.candidates(rule, normal);
        found.push(order::in_order(normal.rule(), MOST_NODES));
        found.push(Some(normal.rule().clone()));
        let mut found: Vec<(u64, Rule)> = found
            .into_iter()
            .flatten()
            .map(|rule| (cost(&rule), rule))
            .filter(|(cost, _)| *cost < least)
            .collect();
        // The sort is stable: of those that cost the same, the first found.
        found.sort_by_key(|(cost, _)| *cost);
        found.into_iter().find_map(|(cost, candidate)| {
            let is_equal = candidate.ty() == rule.ty()
                && self.algebra.normal(&candidate).text() == normal.text();
            is_equal.then_some((candidate, cost))
        })
    }

    #[cfg(feature = "saturation")]
    fn candidates(&mut self, rule: &Rule, normal: &Normal) -> Vec<Option<Rule>> {
        let is_short = |rule: &Rule| rule.graph().len() <= MOST_NODES;
        let starts: Vec<&Rule> = [rule, normal.rule()]
            .into_iter()
            .filter(|rule| is_short(rule))
            .collect();
        let found = if may_meet(rule) {
            vec![self.search.cheapest(&starts)]
        } else {
            starts
                .iter()
                .map(|start| self.search.cheapest(&[*start]))
                .collect()
        };
        found
            .into_iter()
            .map(|rule| order::in_order(&rule?, MOST_NODES))
            .collect()
    }

    #[cfg(not(feature = "saturation"))]
    #[allow(
        clippy::unused_self,
        reason = "the search is a part where there is one"
    )]
    fn candidates(&mut self, _: &Rule, _: &Normal) -> Vec<Option<Rule>> {
        Vec::new()
    }
}

/// Whether a rule and its normal form are equal value by value, and their parts with the same names too. Rules with noise and masks are equal in
/// distribution only, and several `last(update)` may be numbered in another order; such starts are searched one by one.
#[cfg(feature = "saturation")]
fn may_meet(rule: &Rule) -> bool {
    !rule.is_random()
        && rule.graph().origin_count() <= 1
        && !rule
            .graph()
            .iter()
            .any(|(id, node)| matches!(node, Node::Own { .. }) && id != rule.root())
}
