//! Equality saturation: all equal ways to write an expression at once, as far as the limits go.
//!
//! The one file that knows the library for it. Its graph holds classes of equal expressions; each round looks for all rewrites in all classes
//! and adds what they give. Limits are on rounds, on matches of a rewrite and on the size of the graph, and everything is kept in order of
//! insertion, so a rule has the same answer on every run and machine.

use super::super::cost::{self, NAME, NUMBER};
use super::super::number::{Exact, as_double, exact};
use super::super::rational::Rational;
use super::pattern::{Part, Pattern};
use super::rewrites::{REWRITES, Way};
use crate::ir::{Graph, Node, NodeId, Origin, Rule};
use crate::op::{Kind, Leaf, Op};
use egg::{
    Analysis, DidMerge, EGraph, ENodeOrVar, Id, Language, RecExpr, SearchMatches, Searcher, Var,
};

/// How far a search may go.
#[derive(Clone, Copy, Debug)]
struct Limits {
    rounds: usize,
    nodes: usize,
    matches: usize,
}

const LIMITS: Limits = Limits {
    rounds: 6,
    nodes: 300,
    matches: 100,
};

/// The rewrites, ready to be searched for.
#[derive(Debug)]
pub(super) struct Search {
    rewrites: Vec<Rewrite>,
    limits: Limits,
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

/// What an expression is, apart from its arguments.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Head {
    Number(u64),
    Leaf(Leaf),
    LastUpdate(Origin),
    Apply(Op),
    Drop(Origin),
    Own(Origin),
}

/// An expression over classes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Term {
    head: Head,
    args: [Id; 3],
    len: usize,
}

impl Term {
    fn new(head: Head, args: &[Id]) -> Self {
        let mut all = [Id::from(0); 3];
        all[..args.len()].copy_from_slice(args);
        Self {
            head,
            args: all,
            len: args.len(),
        }
    }

    fn number(value: f64) -> Self {
        Self::new(Head::Number(value.to_bits()), &[])
    }

    /// An op on arguments; `e^x` and `exp(x)` are one.
    fn apply(op: Op, args: &[Id], is_euler: impl Fn(Id) -> bool) -> Self {
        match (op, args) {
            (Op::Pow, [base, exponent]) if is_euler(*base) => {
                Self::new(Head::Apply(Op::Exp), &[*exponent])
            }
            _ => Self::new(Head::Apply(op), args),
        }
    }
}

impl Language for Term {
    type Discriminant = Head;

    fn discriminant(&self) -> Head {
        self.head
    }

    fn matches(&self, other: &Self) -> bool {
        self.head == other.head && self.len == other.len
    }

    fn children(&self) -> &[Id] {
        &self.args[..self.len]
    }

    fn children_mut(&mut self) -> &mut [Id] {
        &mut self.args[..self.len]
    }
}

/// Keeps for each class the fraction it is, where it is one: sums and products of numerals are folded without rounding.
#[derive(Default, Debug)]
struct Numerals;

impl Analysis<Term> for Numerals {
    type Data = Option<Rational>;

    fn make(egraph: &mut EGraph<Term, Self>, term: &Term, _: Id) -> Self::Data {
        let arg = |index: usize| egraph[term.args[index]].data;
        match term.head {
            Head::Number(bits) => fraction(f64::from_bits(bits)),
            Head::Apply(Op::Add) => arg(0)?.add(arg(1)?),
            Head::Apply(Op::Sub) => arg(0)?.add(arg(1)?.neg()),
            Head::Apply(Op::Mul) => arg(0)?.mul(arg(1)?),
            Head::Apply(Op::Div) => {
                let divisor = arg(1)?;
                (!divisor.is_zero())
                    .then(|| arg(0)?.mul(divisor.recip()))
                    .flatten()
            }
            Head::Apply(Op::Neg) => Some(arg(0)?.neg()),
            Head::Leaf(_) | Head::LastUpdate(_) | Head::Drop(_) | Head::Own(_) | Head::Apply(_) => {
                None
            }
        }
    }

    fn merge(&mut self, to: &mut Self::Data, from: Self::Data) -> DidMerge {
        match (*to, from) {
            (None, Some(_)) => {
                *to = from;
                DidMerge(true, false)
            }
            (Some(_), None) => DidMerge(false, true),
            (None, None) | (Some(_), Some(_)) => DidMerge(false, false),
        }
    }

    fn modify(egraph: &mut EGraph<Term, Self>, id: Id) {
        if let Some(double) = egraph[id].data.and_then(as_double) {
            let number = egraph.add(Term::number(double));
            egraph.union(id, number);
        }
    }
}

/// The fraction that a number stands for.
fn fraction(value: f64) -> Option<Rational> {
    match exact(value.abs()) {
        Exact::Fraction(size) if value < 0.0 => Some(size.neg()),
        Exact::Fraction(size) => Some(size),
        Exact::PowerOfE(_)
        | Exact::Log(_)
        | Exact::Root { .. }
        | Exact::Pi(_)
        | Exact::Opaque(_) => None,
    }
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
            limits: LIMITS,
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

/// Adds the formula of a rule.
fn insert(egraph: &mut EGraph<Term, Numerals>, rule: &Rule) -> Id {
    let graph = rule.graph();
    let mut ids: Vec<Id> = Vec::with_capacity(graph.len());
    for (node_id, node) in graph.iter() {
        let args: Vec<Id> = node
            .args()
            .as_slice()
            .iter()
            .map(|arg| ids[arg.0 as usize])
            .collect();
        let term = match node {
            Node::Number(bits) => Term::new(Head::Number(bits), &[]),
            Node::Leaf(leaf) => Term::new(Head::Leaf(leaf), &[]),
            Node::LastUpdate(origin) => Term::new(Head::LastUpdate(origin), &[]),
            Node::Drop { mask, .. } => Term::new(Head::Drop(mask), &args),
            // That a rule remembers its own update is around its formula, not in it.
            Node::Own { .. } if node_id == rule.root() => {
                ids.push(args[0]);
                continue;
            }
            Node::Own { rule, .. } => Term::new(Head::Own(rule), &args),
            Node::Apply(op, nodes) => {
                let first = nodes.as_slice()[0];
                let is_euler = graph.node(first).as_number().is_some_and(cost::is_euler);
                Term::apply(op, &args, |_| is_euler)
            }
        };
        ids.push(egraph.add(term));
    }
    ids[rule.root().0 as usize]
}

fn is_quotient(term: &Term) -> bool {
    term.head == Head::Apply(Op::Div)
}

/// The cheapest expression of every class.
struct Extraction<'a> {
    egraph: &'a EGraph<Term, Numerals>,
    best: Vec<Option<(u64, Term)>>,
}

impl<'a> Extraction<'a> {
    fn new(egraph: &'a EGraph<Term, Numerals>) -> Self {
        let largest = egraph.classes().map(|class| usize::from(class.id)).max();
        let mut extraction = Self {
            egraph,
            best: vec![None; largest.map_or(0, |largest| largest + 1)],
        };
        let mut has_changed = true;
        while has_changed {
            has_changed = false;
            for class in egraph.classes() {
                for term in class.iter() {
                    let Some(cost) = extraction.cost(term) else {
                        continue;
                    };
                    let slot = &mut extraction.best[usize::from(class.id)];
                    let is_better = match slot {
                        None => true,
                        // Of equal cost the smaller in the order of terms, which is the same everywhere; but a quotient of
                        // products reads better than a product of quotients.
                        Some((least, best)) => {
                            (cost, !is_quotient(term), term) < (*least, !is_quotient(best), best)
                        }
                    };
                    if is_better {
                        *slot = Some((cost, term.clone()));
                        has_changed = true;
                    }
                }
            }
        }
        extraction
    }

    fn of(&self, id: Id) -> Option<&(u64, Term)> {
        self.best[usize::from(self.egraph.find(id))].as_ref()
    }

    /// The cost of a term over the cheapest expressions of its arguments.
    fn cost(&self, term: &Term) -> Option<u64> {
        let mut sum = 0u64;
        let mut numbers = [None; 3];
        for (number, arg) in numbers.iter_mut().zip(term.children()) {
            let (cost, best) = self.of(*arg)?;
            sum = sum.saturating_add(*cost);
            if let Head::Number(bits) = best.head {
                *number = Some(f64::from_bits(bits));
            }
        }
        let own = match term.head {
            Head::Number(_) => NUMBER,
            Head::Leaf(_) | Head::LastUpdate(_) => NAME,
            Head::Own(_) => 1,
            Head::Drop(_) => NAME + cost::weight(Op::Drop, |_| None),
            Head::Apply(op) => {
                let mut values = [0.0; 3];
                let is_constant =
                    values
                        .iter_mut()
                        .zip(&numbers[..term.len])
                        .all(|(value, number)| {
                            number.is_some_and(|number| {
                                *value = number;
                                true
                            })
                        });
                // The graph would compute it, with rounding.
                if is_constant && op.apply(&values[..term.len]).is_some() {
                    return None;
                }
                let mention = if op.info().kind == Kind::State {
                    NAME
                } else {
                    0
                };
                mention + cost::weight(op, |index| numbers[index])
            }
        };
        Some(sum.saturating_add(own))
    }

    /// The cheapest expression of a class as a graph; none where shapes do not fit.
    fn graph(&self, root: Id) -> Option<(Graph, NodeId)> {
        let mut graph = Graph::default();
        let mut made: Vec<Option<NodeId>> = vec![None; self.best.len()];
        let mut stack = vec![(self.egraph.find(root), false)];
        while let Some((id, is_ready)) = stack.pop() {
            let index = usize::from(id);
            if made[index].is_some() {
                continue;
            }
            let (_, term) = self.best[index].as_ref()?;
            if !is_ready {
                stack.push((id, true));
                for arg in term.children().iter().rev() {
                    stack.push((self.egraph.find(*arg), false));
                }
                continue;
            }
            let args: Vec<NodeId> = term
                .children()
                .iter()
                .map(|arg| made[usize::from(self.egraph.find(*arg))])
                .collect::<Option<_>>()?;
            made[index] = Some(match term.head {
                Head::Number(bits) => graph.number(f64::from_bits(bits)),
                Head::Leaf(leaf) => graph.leaf(leaf),
                Head::LastUpdate(origin) => graph.last_update(origin),
                Head::Own(origin) => graph.own(origin, args[0]),
                Head::Drop(mask) => graph.drop_masked(args[0], args[1], mask).ok()?,
                Head::Apply(Op::Exp) => {
                    let base = graph.number(std::f64::consts::E);
                    graph.apply(Op::Pow, &[base, args[0]]).ok()?
                }
                Head::Apply(op) => graph.apply(op, &args).ok()?,
            });
        }
        let root = made[usize::from(self.egraph.find(root))]?;
        Some((graph, root))
    }
}
