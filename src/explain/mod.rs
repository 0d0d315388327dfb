//! What a rule does, in words and numbers: a page that is computed from the rule, not looked up.
//!
//! [`explain`] asks a rule the questions that one asks of an optimizer: what it remembers and computes, how its update answers when the loss is
//! scaled or turned round, how large it can get, what it is at the first step, at the last and under a steady gradient, which known rule it is,
//! and which learning rate to try first. Answers come from the graph and the normal form and hold exactly; where they come from examples
//! the page says so. The standard library is reached through [`Library`].

mod page;
mod probe;
mod relative;
mod scaling;
mod special;
#[cfg(test)]
mod tests;
mod words;
mod work;

pub use page::{Explanation, FIELDS, Field, FieldKind};
pub use relative::{Library, Link, Relative, Shelf};
pub use scaling::{Degree, Parity};

use crate::algebra::Algebra;
use crate::ir::{self, Moment, NodeId, Rule};
use crate::types::Range;
use rustc_hash::FxHashMap;
use special::{Landmark, at, kinship, landmark};
use std::sync::Arc;
use work::{Memory, Operations};

/// The rule to be explained.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its name; empty where it has none.
    pub name: &'a str,
    /// Its formula, as it is shown elsewhere.
    pub formula: &'a str,
    /// The rule.
    pub rule: &'a Rule,
    /// Texts of expressions, each with the name that a reader knows it by: `m` for `ema(g, 0.9)`.
    pub operands: &'a FxHashMap<String, Arc<str>>,
}

/// The page about a rule.
pub fn explain(subject: &Subject<'_>, library: &mut dyn Library) -> Explanation {
    let rule = subject.rule;
    let mut algebra = Algebra::new();
    let normal_form = algebra.normal(rule);
    let normal = normal_form.rule();
    let text = |rule: &Rule, node: NodeId| subject.text(rule, node);
    let whole = |rule: &Rule| subject.text(rule, rule.root());
    let mut page = Explanation::new(subject.name, subject.formula);

    let written = whole(normal);
    let trouble = normal_form.trouble().map_or("", ir_trouble);
    page.tell("normal", &written);
    if written != subject.formula {
        page.line("normal form", &format!("{written}{trouble}"));
    }
    let ty = rule.ty().to_string();
    page.tell("type", &ty);
    page.line("type", &ty);

    let memory = Memory::of(rule, &text);
    #[allow(clippy::cast_precision_loss, reason = "small counts")]
    {
        page.tell_number("slots", memory.per_element.len() as f64);
        page.tell_number("bytes", memory.bytes() as f64);
    }
    page.line("memory", &memory.text());
    let operations = Operations::of(rule);
    page.tell_number("weight", f64::from(operations.weight));
    page.line("operations", &operations.text());

    let degree = degree(rule, normal);
    page.tell_number("degree", degree.degree());
    page.line("loss times c", &degree.text());
    let parity = parity(&mut algebra, rule, normal);
    page.tell("parity", parity.word());
    page.line("g to -g", &parity.text());
    let range = range(rule, normal);
    page.tell("range", &words::range(range));
    page.line("update", &words::range(range));

    let mut moment = |algebra: &mut Algebra, moment| {
        let then = at(algebra, normal, moment)?;
        let kin = kinship(algebra, &then, library);
        let text = whole(&then);
        let shown = if kin.is_empty() || kin == text {
            text.clone()
        } else {
            format!("{text}: {kin}")
        };
        Some((then, text, shown))
    };
    let mut steady_landmark = None;
    for (field, label, when) in [
        ("first", "at t = 0", Moment::First),
        ("last", "at t = T", Moment::Last),
        ("steady", "steady g", Moment::Steady),
    ] {
        let Some((then, text, shown)) = moment(&mut algebra, when) else {
            continue;
        };
        page.tell(field, &text);
        if when == Moment::Steady {
            steady_landmark = landmark(&mut algebra, &then);
        }
        if text != written {
            page.line(label, &shown);
        }
    }
    if rule.is_random() {
        page.line("noise", &special::sources(rule, &text).join("; "));
        let mean = special::mean_is_plain(normal)
            .then(|| moment(&mut algebra, Moment::Mean))
            .flatten();
        let mean = mean.map_or_else(
            || {
                "not the update at the mean of the noise, which it is no linear function of"
                    .to_owned()
            },
            |(_, _, shown)| shown,
        );
        page.line("on average", &mean);
    }

    let mut relatives = library.relatives(rule);
    relatives.retain(|relative| relative.name != subject.name || !relative.with.is_empty());
    relatives.truncate(MOST_RELATIVES);
    let texts: Vec<String> = relatives.iter().map(Relative::text).collect();
    page.tell_list("relatives", &texts);
    page.list("relatives", &texts);
    let advice = advice(subject, &relatives, degree, steady_landmark.as_ref(), rule);
    page.tell("lr", &advice);
    page.line("learning rate", &advice);
    let warnings = library.warnings(rule);
    page.tell_list("warnings", &warnings);
    page.list("warnings", &warnings);
    page
}

/// The most relatives that are shown.
const MOST_RELATIVES: usize = 5;

fn ir_trouble(trouble: crate::algebra::Trouble) -> &'static str {
    match trouble {
        crate::algebra::Trouble::LargeNumber | crate::algebra::Trouble::TooLong => {
            " (as written: too large for exact arithmetic)"
        }
        crate::algebra::Trouble::Partial => " (not multiplied out)",
    }
}

impl Subject<'_> {
    /// An expression's text, with the operands by their names.
    fn text(&self, rule: &Rule, node: NodeId) -> String {
        let mut names = FxHashMap::default();
        for (id, part) in rule.graph().iter() {
            let may_have_name =
                matches!(part, ir::Node::Apply(op, _) if op.info().kind == crate::op::Kind::State);
            if may_have_name && let Some(name) = self.operands.get(&ir::text(rule.graph(), id)) {
                names.insert(id, Arc::clone(name));
            }
        }
        ir::text_with(rule.graph(), node, &names)
    }
}

/// What is known of the degree, and from where.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Scaling {
    /// It follows from the parts.
    Known(Degree),
    /// All examples show it.
    Seen(f64),
    /// There is none: an example shows that.
    None,
}

impl Scaling {
    fn degree(self) -> f64 {
        match self {
            Self::Known(Degree { degree, .. }) | Self::Seen(degree) => degree,
            Self::None => f64::NAN,
        }
    }

    #[allow(clippy::float_cmp, reason = "degrees are small exact numbers")]
    fn text(self) -> String {
        let number = self.degree();
        let what = if number == 0.0 {
            "the update stays as it is (degree 0)".to_owned()
        } else if number == 1.0 {
            "the update is c times as large, as SGD's (degree 1)".to_owned()
        } else {
            format!(
                "the update is c^({0}) times as large (degree {0})",
                words::degree(number)
            )
        };
        match self {
            Self::Known(Degree {
                apart_from: Some(small),
                ..
            }) => format!(
                "{what}, almost: {} breaks it where gradients are as small",
                crate::op::number_text(small)
            ),
            Self::Known(_) => what,
            Self::Seen(_) => format!("{what}, in all examples tried"),
            Self::None => "the update changes in no fixed proportion (no degree)".to_owned(),
        }
    }
}

/// The degree of a rule: from its parts as written or in normal form, else from examples.
pub(crate) fn degree(rule: &Rule, normal: &Rule) -> Scaling {
    let found = [scaling::degree(rule), scaling::degree(normal)];
    let mut known = found.into_iter().flatten();
    let exact = found
        .iter()
        .flatten()
        .find(|degree| degree.apart_from.is_none());
    if let Some(degree) = exact.copied().or_else(|| known.next()) {
        return Scaling::Known(degree);
    }
    probe::degree(rule).map_or(Scaling::None, Scaling::Seen)
}

/// What is known of the parity, and from where.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Turning {
    parity: Parity,
    is_seen: bool,
}

impl Turning {
    fn word(self) -> &'static str {
        match self.parity {
            Parity::Even => "even",
            Parity::Odd => "odd",
            Parity::Neither => "neither",
        }
    }

    fn text(self) -> String {
        let what = match self.parity {
            Parity::Odd => "the update turns round too (odd)",
            Parity::Even => "the update stays as it is (even)",
            Parity::Neither => "the update is another one (neither odd nor even)",
        };
        if self.is_seen {
            format!("{what}, in all examples tried")
        } else {
            what.to_owned()
        }
    }
}

/// The parity of a rule: from its parts, else by turning the gradient in the normal form, else from examples.
pub(crate) fn parity(algebra: &mut Algebra, rule: &Rule, normal: &Rule) -> Turning {
    let known = scaling::parity(rule).or_else(|| scaling::parity(normal));
    if let Some(parity) = known.or_else(|| parity_of_normal(algebra, normal)) {
        return Turning {
            parity,
            is_seen: false,
        };
    }
    let parity = probe::parity(rule);
    Turning {
        parity,
        // One example is enough to show that it is neither.
        is_seen: parity != Parity::Neither,
    }
}

fn parity_of_normal(algebra: &mut Algebra, normal: &Rule) -> Option<Parity> {
    if matches!(normal.graph().node(normal.root()), ir::Node::Own { .. }) {
        return None;
    }
    let turned = algebra.normal(&normal.at(Moment::Negated)?).key();
    let mut graph = normal.graph().clone();
    let minus = graph.apply(crate::op::Op::Neg, &[normal.root()]).ok()?;
    let minus = algebra.normal(&Rule::new(&graph, minus)).key();
    if turned == minus {
        Some(Parity::Odd)
    } else if turned == algebra.normal(normal).key() {
        Some(Parity::Even)
    } else {
        None
    }
}

/// The values of the update: what the rule as written and its normal form both say.
fn range(rule: &Rule, normal: &Rule) -> Range {
    let [a, b] = [rule, normal].map(|rule| rule.graph().facts(rule.root()).range);
    Range {
        lo: a.lo.max(b.lo),
        hi: a.hi.min(b.hi),
        zero: a.zero && b.zero,
        whole: a.whole || b.whole,
    }
}

/// A factor beyond which the first guess is corrected: learning rates are tried in steps of about this much.
const MUCH: f64 = 3.5;

/// The first learning rate to try, relative to SGD's, and why.
#[allow(clippy::float_cmp, reason = "degrees are small exact numbers")]
fn advice(
    subject: &Subject<'_>,
    relatives: &[Relative],
    degree: Scaling,
    steady: Option<&Landmark>,
    rule: &Rule,
) -> String {
    if !rule.uses_grad() {
        return "none: the update does not depend on the gradient".to_owned();
    }
    let is_in = |family: &str| {
        subject.name.starts_with(family)
            || relatives
                .iter()
                .any(|relative| relative.name.starts_with(family) && relative.link != Link::Sign)
    };
    let times = steady.map_or(1.0, |landmark| landmark.times);
    let number = degree.degree();
    let is_much = !(1.0 / MUCH..=MUCH).contains(&times);
    let factor = relative::factor_text(times);
    if number == 1.0 {
        let mut out = if is_much {
            format!(
                "SGD's divided by {factor}: under a steady gradient the update is {factor} times SGD's"
            )
        } else {
            "SGD's: the update grows with the gradient as SGD's does".to_owned()
        };
        for (family, decay) in [("powersign", "cosine"), ("addsign", "linear")] {
            if is_in(family) {
                out.push_str("; it is the paper's first choice for this family (Bello et al. 2017, appendix 8.1), which works best with ");
                out.push_str(decay);
                out.push_str(" internal decay");
                break;
            }
        }
        return out;
    }
    if number == 0.0 {
        let guess = if is_much {
            format!("about 0.001 / {factor}")
        } else {
            "about 0.001".to_owned()
        };
        return format!(
            "{guess}, whatever SGD's is: the size of the update does not depend on the gradient's, so a step moves a weight by about the learning rate"
        );
    }
    if number > 1.0 {
        return "above SGD's where gradients are below 1: the update shrinks faster than they do"
            .to_owned();
    }
    if number > 0.0 {
        return "below SGD's where gradients are below 1: the update shrinks slower than they do"
            .to_owned();
    }
    if number < 0.0 {
        return "found by trying: the update grows as gradients shrink".to_owned();
    }
    "SGD's to begin with, and a wide search: the update is in no fixed proportion to the gradient"
        .to_owned()
}
