//! Spaces of rules: sentences of tokens, five to a group (section 3.1 of the paper).

use crate::ir::tokens::{Binary, GROUP_LENGTH, MAX_GROUPS, Unary};
use crate::ir::{Checkpoint, Graph, Node, NodeId, Rule};
use crate::types::Mismatch;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The paper's operands without decays (section 4.1), as tokens are spelled.
pub const PAPER: [&str; 17] = [
    "g",
    "g^2",
    "g^3",
    "mhat",
    "vhat",
    "gammahat",
    "sign(g)",
    "sign(mhat)",
    "1",
    "2",
    "eps",
    "1e-4*w",
    "1e-3*w",
    "1e-2*w",
    "1e-1*w",
    "adam",
    "rmsprop",
];
/// The paper's decays, and its annealed noise.
pub const DECAYS: [&str; 5] = ["ld", "cd", "rd(10)", "rd(20)", "eps_t"];
/// What the two rules that the paper found are made of.
pub const SIGNS: [&str; 6] = ["g", "m", "sign(g)", "sign(m)", "1", "2"];

/// A sentence: for each place the number of a token among those that can stand there.
pub type Sentence = Vec<u16>;

/// What a space is made of.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Space {
    operands: Vec<Operand>,
    unary: Vec<Unary>,
    binary: Vec<Binary>,
    groups: usize,
    constraints: Constraints,
}

/// A space as plain data, which may be none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    operands: Vec<Operand>,
    unary: Vec<Unary>,
    binary: Vec<Binary>,
    groups: usize,
    constraints: Constraints,
}

impl TryFrom<Written> for Space {
    type Error = SpaceError;

    fn try_from(written: Written) -> Result<Self, SpaceError> {
        Self::new(
            written.operands,
            written.unary,
            written.binary,
            written.groups,
            written.constraints,
        )
    }
}

/// An operand: a name and a rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operand {
    name: String,
    rule: Rule,
}

impl Operand {
    /// A rule under a name without spaces, as tokens are written.
    pub fn new(name: impl Into<String>, rule: Rule) -> Self {
        Self {
            name: name.into().replace(char::is_whitespace, ""),
            rule,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it computes.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }
}

/// What sentences must keep to. The first three are the paper's (section 3.1 and 4.1).
#[allow(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constraints {
    /// The two operands of a group differ.
    pub different_operands: bool,
    /// The last group is no sum.
    pub no_final_sum: bool,
    /// Every group after the first has the value of an earlier one among its operands.
    pub reuse: bool,
    /// The update mentions the gradient.
    pub needs_gradient: bool,
    /// The most values that all operands of a sentence may remember for a parameter.
    pub most_slots: Option<u32>,
    /// Pairs of tokens that do not stand in one group.
    pub forbidden: Vec<(String, String)>,
}

impl Default for Constraints {
    fn default() -> Self {
        Self {
            different_operands: true,
            no_final_sum: true,
            reuse: true,
            needs_gradient: true,
            most_slots: None,
            forbidden: Vec::new(),
        }
    }
}

impl Constraints {
    /// None at all.
    pub fn none() -> Self {
        Self {
            different_operands: false,
            no_final_sum: false,
            reuse: false,
            needs_gradient: false,
            most_slots: None,
            forbidden: Vec::new(),
        }
    }
}

/// Why there is no such space.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SpaceError {
    /// There are no operands, no unary or no binary functions.
    Nothing {
        /// What there is none of.
        what: &'static str,
    },
    /// Too few or too many groups.
    Groups {
        /// How many were asked for.
        found: usize,
    },
    /// Two tokens have one name.
    Twice {
        /// The name.
        name: String,
    },
    /// A forbidden pair mentions what is no token.
    Unknown {
        /// The name.
        name: String,
    },
    /// An operand that cannot stand in a rule for any parameter.
    Operand {
        /// Its name.
        name: String,
    },
    /// Operands that remember more than 64 values together.
    TooMuchState,
    /// No sentence keeps to the constraints.
    Empty,
}

impl fmt::Display for SpaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing { what } => write!(f, "expected at least one of the {what}"),
            Self::Groups { found } => write!(f, "expected 1 to {MAX_GROUPS} groups, found {found}"),
            Self::Twice { name } => write!(f, "two tokens are called `{name}`"),
            Self::Unknown { name } => write!(f, "no token of the space is called `{name}`"),
            Self::Operand { name } => {
                write!(f, "`{name}` needs a matrix, or does not fit a parameter")
            }
            Self::TooMuchState => f.write_str("the operands remember more than 64 values"),
            Self::Empty => f.write_str("no rule keeps to the constraints"),
        }
    }
}

impl std::error::Error for SpaceError {}

/// What stands at a place of a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Slot {
    /// The first or the second operand.
    Operand,
    /// The function of the first or the second operand.
    Unary,
    /// The function of both.
    Binary,
}

/// What stands at a place of a sentence.
pub fn slot(place: usize) -> Slot {
    match place % GROUP_LENGTH {
        0 | 1 => Slot::Operand,
        2 | 3 => Slot::Unary,
        _ => Slot::Binary,
    }
}

impl Space {
    /// A space of sentences of so many groups.
    ///
    /// # Errors
    /// What is missing, twice, unknown or too much, and a space without any sentence.
    pub fn new(
        operands: Vec<Operand>,
        unary: Vec<Unary>,
        binary: Vec<Binary>,
        groups: usize,
        constraints: Constraints,
    ) -> Result<Self, SpaceError> {
        for (what, is_empty) in [
            ("operands", operands.is_empty()),
            ("unary functions", unary.is_empty()),
            ("binary functions", binary.is_empty()),
        ] {
            if is_empty {
                return Err(SpaceError::Nothing { what });
            }
        }
        if !(1..=MAX_GROUPS).contains(&groups) {
            return Err(SpaceError::Groups { found: groups });
        }
        if let Some(bad) = operands
            .iter()
            .find(|each| each.rule.needs_matrix() || !each.rule.ty().shape.fits_parameter())
        {
            return Err(SpaceError::Operand {
                name: bad.name.clone(),
            });
        }
        let space = Self {
            operands,
            unary,
            binary,
            groups,
            constraints,
        };
        let names: Vec<&str> = [Slot::Operand, Slot::Unary, Slot::Binary]
            .into_iter()
            .flat_map(|slot| space.names(slot))
            .collect();
        for (index, name) in names.iter().enumerate() {
            if names[..index].contains(name) {
                return Err(SpaceError::Twice {
                    name: (*name).to_owned(),
                });
            }
        }
        for name in space.constraints.forbidden.iter().flat_map(|(a, b)| [a, b]) {
            if !names.contains(&name.as_str()) {
                return Err(SpaceError::Unknown { name: name.clone() });
            }
        }
        Ok(space)
    }

    /// The operands.
    pub fn operands(&self) -> &[Operand] {
        &self.operands
    }

    /// The unary functions.
    pub fn unary(&self) -> &[Unary] {
        &self.unary
    }

    /// The binary functions.
    pub fn binary(&self) -> &[Binary] {
        &self.binary
    }

    /// How many groups a sentence has.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// What sentences keep to.
    pub fn constraints(&self) -> &Constraints {
        &self.constraints
    }

    /// The same space under other constraints.
    #[must_use]
    pub fn with_constraints(&self, constraints: Constraints) -> Self {
        Self {
            constraints,
            ..self.clone()
        }
    }

    /// How many tokens a sentence has.
    pub fn places(&self) -> usize {
        self.groups * GROUP_LENGTH
    }

    /// How many tokens can stand at a place; the values of earlier groups come after the operands.
    pub fn choices(&self, place: usize) -> usize {
        match slot(place) {
            Slot::Operand => self.operands.len() + place / GROUP_LENGTH,
            Slot::Unary => self.unary.len(),
            Slot::Binary => self.binary.len(),
        }
    }

    /// The names of the tokens for a slot; of operands, without the values of earlier groups.
    fn names(&self, slot: Slot) -> Vec<&str> {
        match slot {
            Slot::Operand => self.operands.iter().map(Operand::name).collect(),
            Slot::Unary => self.unary.iter().map(|each| each.text()).collect(),
            Slot::Binary => self.binary.iter().map(|each| each.text()).collect(),
        }
    }

    /// The name of a token at a place.
    ///
    /// # Panics
    /// Where there is no such token.
    pub fn name(&self, place: usize, token: u16) -> String {
        let token = usize::from(token);
        match slot(place) {
            Slot::Operand if token >= self.operands.len() => {
                format!("${}", token - self.operands.len() + 1)
            }
            Slot::Operand | Slot::Unary | Slot::Binary => self.names(slot(place))[token].to_owned(),
        }
    }

    /// A sentence as the paper writes it: `g m sign sign mul; $1 g exp id mul`.
    pub fn text(&self, sentence: &[u16]) -> String {
        let groups = sentence.chunks(GROUP_LENGTH).enumerate().map(|(k, group)| {
            let names = group.iter().enumerate();
            let names = names.map(|(i, token)| self.name(k * GROUP_LENGTH + i, *token));
            names.collect::<Vec<_>>().join(" ")
        });
        groups.collect::<Vec<_>>().join("; ")
    }

    /// The sentence of a text of tokens, as [`Space::text`] writes it; none where a token is not of this space. A rule of fewer groups is handed on by groups
    /// that add nothing to it, `$1 operand id id left`, where the space has these tokens.
    pub fn read(&self, text: &str) -> Option<Sentence> {
        let mut sentence = Sentence::new();
        let mut token = |name: &str| {
            let place = sentence.len();
            let choices = u16::try_from(self.choices(place)).ok()?;
            let token = (0..choices).find(|token| self.name(place, *token) == name)?;
            sentence.push(token);
            (sentence.len() <= self.places()).then_some(())
        };
        let mut groups = 0;
        for group in text.split(';') {
            for name in group.split_whitespace() {
                token(name)?;
            }
            groups += 1;
        }
        for k in groups..self.groups {
            for name in [
                &format!("${k}"),
                self.operands[0].name(),
                "id",
                "id",
                "left",
            ] {
                token(name)?;
            }
        }
        (sentence.len() == self.places()).then_some(sentence)
    }
}

/// Makes rules of sentences: the operands are read once.
#[derive(Clone, Debug)]
pub struct Builder {
    graph: Graph,
    operands: Vec<NodeId>,
    unary: Vec<Unary>,
    binary: Vec<Binary>,
    base: Checkpoint,
    /// The nodes with state that an operand needs, as bits.
    state: Vec<u64>,
}

impl Builder {
    /// The operands of a space in a graph.
    ///
    /// # Errors
    /// Operands that remember too much.
    pub fn new(space: &Space) -> Result<Self, SpaceError> {
        let mut graph = Graph::default();
        let operands: Vec<NodeId> = space
            .operands
            .iter()
            .map(|operand| graph.graft(&operand.rule))
            .collect();
        let kept: Vec<NodeId> = graph
            .iter()
            .filter(|(id, node)| {
                let keeps = match node {
                    Node::Apply(op, _) => op.has_state(),
                    Node::Own { .. } => true,
                    Node::Number(_) | Node::Leaf(_) | Node::Drop { .. } | Node::LastUpdate(_) => {
                        false
                    }
                };
                keeps && !graph.is_old_value(*id)
            })
            .map(|(id, _)| id)
            .collect();
        if kept.len() > 64 {
            return Err(SpaceError::TooMuchState);
        }
        let state = operands.iter().map(|root| state(&graph, *root, &kept));
        Ok(Self {
            state: state.collect(),
            base: graph.checkpoint(),
            operands,
            unary: space.unary.clone(),
            binary: space.binary.clone(),
            graph,
        })
    }

    /// What an operand remembers, one bit for each value a parameter.
    pub(super) fn state(&self, operand: usize) -> u64 {
        self.state[operand]
    }

    /// The rule that a sentence means.
    ///
    /// # Errors
    /// Shapes that do not fit each other.
    ///
    /// # Panics
    /// On tokens that the space does not have.
    pub fn rule(&mut self, sentence: &[u16]) -> Result<Rule, Mismatch> {
        self.graph.truncate(self.base);
        let mut values: Vec<NodeId> = Vec::with_capacity(MAX_GROUPS);
        for group in sentence.chunks_exact(GROUP_LENGTH) {
            let operand = |token: u16| {
                let token = usize::from(token);
                let known = self.operands.get(token).copied();
                known.unwrap_or_else(|| values[token - self.operands.len()])
            };
            let (x, y) = (operand(group[0]), operand(group[1]));
            let (u1, u2) = (
                self.unary[usize::from(group[2])],
                self.unary[usize::from(group[3])],
            );
            let binary = self.binary[usize::from(group[4])];
            let x = u1.node(&mut self.graph, x)?;
            let value = if binary == Binary::Left {
                x
            } else {
                let y = u2.node(&mut self.graph, y)?;
                binary.node(&mut self.graph, x, y)?
            };
            values.push(value);
        }
        let root = values.last().copied().unwrap_or(self.operands[0]);
        Ok(Rule::new(&self.graph, root))
    }
}

/// The nodes with state that a node needs.
fn state(graph: &Graph, root: NodeId, kept: &[NodeId]) -> u64 {
    let mut seen = vec![false; graph.len()];
    let mut stack = vec![root];
    let mut bits = 0;
    while let Some(id) = stack.pop() {
        if std::mem::replace(&mut seen[id.0 as usize], true) {
            continue;
        }
        if let Some(bit) = kept.iter().position(|each| *each == id) {
            bits |= 1 << bit;
        }
        stack.extend(graph.node(id).args().as_slice());
    }
    bits
}
