//! The standard rules as relatives of a rule: which of them it equals, is a multiple of, or is a special case of.
//!
//! They live in a context of their own, so that no definition of a program hides them, and are put in normal form when first asked for: a program that
//! asks for no relatives pays nothing. A family is searched by giving its parameters the numbers that stand in the rule, and the standard
//! schedules.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "few values and expressions are rules; that one is none is one case"
)]

use super::{Context, Silent};
use crate::diagnostic::Diagnostic;
use crate::eval::Value;
use crate::explain::{Library, Link, Relative, Shelf};
use crate::ir::{self, Node, Rule};
use crate::op::{Kind, Leaf, Op};
use crate::source::FileId;
use crate::syntax;
use crate::syntax::ast::{ExprId, ExprKind, StmtKind, Tree};
use crate::types::Stage;
use std::fmt::Write;

/// The standard library as others ask for it: nothing until they do.
#[derive(Default)]
pub(super) struct Standard(Option<Box<Relatives>>);

struct Relatives {
    context: Context,
    shelf: Shelf,
    families: Vec<Family>,
}

/// A rule with parameters.
struct Family {
    name: String,
    params: Vec<String>,
    traits: Traits,
}

/// What a rule and its relatives have in common whatever the parameters.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Traits {
    slots: ir::Slots,
    needs_matrix: bool,
    has_weight: bool,
    has_noise: bool,
    /// The ops that no parameter brings in or takes away, one bit each.
    ops: u64,
}

/// Schedules that a family's parameter may be.
const SCHEDULES: [&str; 7] = [
    "ld",
    "cd",
    "rd(10)",
    "rd(20)",
    "linear_cosine",
    "linear_cosine + 0.001",
    "noisy_linear_cosine",
];

/// The most numbers of a rule that are tried as parameters.
const MOST_NUMBERS: usize = 6;
/// The most members of a family that are tried for one rule.
const MOST_TRIED: usize = 250;

impl Library for Standard {
    fn relatives(&mut self, rule: &Rule) -> Vec<Relative> {
        self.get().of(rule)
    }

    fn warnings(&mut self, rule: &Rule) -> Vec<String> {
        self.get().warnings(rule)
    }
}

impl Standard {
    fn get(&mut self) -> &mut Relatives {
        self.0.get_or_insert_with(|| Box::new(Relatives::new()))
    }
}

impl Context {
    /// What a reader at the prompt may not know of the rule just entered: that it is a standard one in other words. None for everything
    /// else, and for a standard rule by its own name.
    pub fn remark(&mut self, text: &str, value: &Value) -> Option<String> {
        // Nothing here keeps a place in the text, so the file's number does not matter.
        let (tree, _) = syntax::parse(FileId(0), text, &mut self.names);
        let stmt = tree.stmt(*tree.body.last()?);
        let value = match &stmt.kind {
            StmtKind::Rule(name, ..) => self.values.get(name.name, u32::MAX)?,
            StmtKind::Expr(id) if !stmt.quiet && !self.is_standard(&tree, *id) => value,
            StmtKind::Expr(_)
            | StmtKind::Use(_)
            | StmtKind::Let(..)
            | StmtKind::Fn(..)
            | StmtKind::For(..)
            | StmtKind::Broken(_) => return None,
        };
        let node = match value {
            Value::Expr(node) => *node,
            Value::Rule(rule) => rule.node,
            _ => return None,
        };
        if ir::is_truth(&self.graph, node) || !ir::fits_parameter(self.graph.facts(node)) {
            return None;
        }
        let rule = Rule::new(&self.graph, node);
        let relatives = self.shelf.relatives(&rule);
        relatives.first().map(Relative::text)
    }

    /// Whether an expression is the name of something in the standard library, or a call of it.
    fn is_standard(&self, tree: &Tree, id: ExprId) -> bool {
        match tree.expr(tree.unparen(id)).kind {
            ExprKind::Name(name) => self
                .types
                .get(name, u32::MAX)
                .is_some_and(|global| global.is_std),
            ExprKind::Call(callee, _) => self.is_standard(tree, callee),
            _ => false,
        }
    }
}

impl Relatives {
    fn new() -> Self {
        let context = Context::new();
        let mut shelf = Shelf::default();
        let mut families = Vec::new();
        for (_, symbol, value) in context.values.iter() {
            let Value::Rule(rule) = value else { continue };
            if context.graph.ty(rule.node).stage < Stage::Tensor {
                continue;
            }
            let graph = Rule::new(&context.graph, rule.node);
            if !graph.uses_grad() {
                continue;
            }
            let name = context.names.text(symbol).to_string();
            shelf.add(&name, &graph);
            if let Some(family) = &rule.family {
                let params = family.tree.params(family.params).iter();
                families.push(Family {
                    name,
                    params: params
                        .map(|param| context.names.text(param.name.name).to_string())
                        .collect(),
                    traits: Traits::of(&shelf.normal(&graph)),
                });
            }
        }
        Self {
            context,
            shelf,
            families,
        }
    }

    fn of(&mut self, rule: &Rule) -> Vec<Relative> {
        if !rule.uses_grad() || rule.ty().stage < Stage::Tensor {
            return Vec::new();
        }
        let mut found = self.shelf.find(rule);
        if !found.iter().any(|relative| relative.link == Link::Equal) {
            let members = self.members(rule);
            // A family with another name for the same thing says no more.
            let is_multiple = !found.is_empty();
            found.extend(
                members
                    .into_iter()
                    .filter(|member| member.link == Link::Equal || !is_multiple),
            );
            found.sort_by_key(Relative::distance);
        }
        found
    }

    /// Members of families that a rule is a multiple of, one a family.
    fn members(&mut self, rule: &Rule) -> Vec<Relative> {
        let normal = self.shelf.normal(rule);
        let traits = Traits::of(&normal);
        let values = values(rule, &normal);
        let mut found: Vec<Relative> = Vec::new();
        for index in 0..self.families.len() {
            let family = &self.families[index];
            if family.traits != traits {
                continue;
            }
            let name = family.name.clone();
            let mut best: Option<Relative> = None;
            for with in choices(&family.params, &values)
                .into_iter()
                .take(MOST_TRIED)
            {
                let Some(member) = self.member(&name, &with) else {
                    continue;
                };
                let relative = self.shelf.compare(rule, &name, &with, &member);
                if let Some(relative) = relative
                    && best.as_ref().is_none_or(|best| {
                        (relative.link, relative.with.len()) < (best.link, best.with.len())
                    })
                {
                    best = Some(relative);
                }
            }
            found.extend(best);
        }
        found.sort_by_key(|relative| (relative.link, relative.with.len()));
        found
    }

    /// A member of a family; none where its parameters do not take these values.
    fn member(&mut self, name: &str, with: &[(String, String)]) -> Option<Rule> {
        let mut text = format!("{name}(");
        for (index, (param, value)) in with.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            let _ = write!(text, "{comma}{param}: {value}");
        }
        text.push(')');
        let sources = self.context.sources.len();
        let member = self.context.rule("member", &text, &mut Silent).ok();
        self.context.forget_sources(sources);
        member
    }

    fn warnings(&mut self, rule: &Rule) -> Vec<String> {
        let sources = self.context.sources.len();
        let text = rule.text();
        let problems = self.context.check(
            "rule",
            &format!("rule explained = {text}"),
            None,
            &mut Silent,
        );
        let told = problems
            .iter()
            .filter(|problem| !problem.is_error() && problem.code != crate::diagnostic::Code::W0301)
            .map(|problem: &Diagnostic| {
                let place = self.context.sources.slice(problem.primary.span);
                format!("{}: {}, in `{place}`", problem.code, problem.headline)
            })
            .collect();
        self.context.forget_sources(sources);
        told
    }
}

impl Traits {
    fn of(normal: &Rule) -> Self {
        Self {
            slots: normal.slots(),
            needs_matrix: normal.needs_matrix(),
            has_weight: normal.mentions(Leaf::Weight),
            has_noise: normal.is_random(),
            ops: normal
                .graph()
                .iter()
                .fold(0, |ops, (_, node)| ops | lasting(node)),
        }
    }
}

/// The bit of an op that stays whatever the parameters: elementwise ones may come with a schedule or vanish with a number.
fn lasting(node: Node) -> u64 {
    match node {
        Node::Apply(op, _)
            if op == Op::Sign
                || matches!(
                    op.info().kind,
                    Kind::State | Kind::Reduction | Kind::Matrix | Kind::Choice
                ) =>
        {
            1 << op as u8
        }
        _ => 0,
    }
}

/// The values that parameters may have in a rule: its numbers, as written and in normal form, the limits 0 and 1, and schedules.
fn values(rule: &Rule, normal: &Rule) -> Vec<String> {
    let mut numbers: Vec<String> = Vec::new();
    for (_, node) in rule.graph().iter().chain(normal.graph().iter()) {
        if let Node::Number(bits) = node {
            let text = ir::number_text(f64::from_bits(bits));
            if !numbers.contains(&text) {
                numbers.push(text);
            }
        }
    }
    numbers.truncate(MOST_NUMBERS);
    // The ends of a family: without its guard against zero, its decay or its memory.
    for end in ["0", "1"] {
        if !numbers.iter().any(|number| number == end) {
            numbers.push(end.to_owned());
        }
    }
    if rule.mentions(Leaf::Step) {
        numbers.extend(SCHEDULES.map(str::to_owned));
    }
    numbers
}

/// Parameters with values for one or two of them, those with one first.
fn choices(params: &[String], values: &[String]) -> Vec<Vec<(String, String)>> {
    let mut out: Vec<Vec<(String, String)>> = Vec::new();
    let pair = |param: &String, value: &String| (param.clone(), value.clone());
    for param in params {
        out.extend(values.iter().map(|value| vec![pair(param, value)]));
    }
    for (index, first) in params.iter().enumerate() {
        for second in &params[index + 1..] {
            for value in values {
                out.extend(
                    values
                        .iter()
                        .map(|other| vec![pair(first, value), pair(second, other)]),
                );
            }
        }
    }
    out
}
