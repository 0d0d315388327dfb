//! Names that belong to the language, by symbol: what checker and evaluator look up for every name they meet.

use crate::builtin::{BUILTINS, Builtin, CONSTANTS};
use crate::explain::FIELDS;
use crate::op::{LEAVES, Leaf, Op, TABLE};
use crate::syntax::names::{Names, Symbol};

/// What a name of the language is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Primitive {
    /// Something a rule can mention.
    Leaf(Leaf),
    /// A number.
    Constant(f64),
    /// An op.
    Op(Op),
    /// A built-in function.
    Builtin(Builtin),
    /// `update`, inside `last(update)`.
    Update,
}

/// The names of the language.
#[derive(Clone, Debug)]
pub struct Known {
    /// By symbol: the names of the language come first in the table of names.
    primitives: Vec<Option<Primitive>>,
    /// The columns of a report's rows.
    pub columns: Vec<Symbol>,
    /// The fields of an explanation.
    pub explanation: Vec<Symbol>,
    /// The fields of what `equal` gives.
    pub verdict: [Symbol; 3],
    /// The fields of what `dedup` gives.
    pub dedup: [Symbol; 2],
    /// The fields of a class of equal rules.
    pub class: [Symbol; 3],
    /// The fields of a report.
    pub rows: Symbol,
    /// The number of steps of a report.
    pub steps: Symbol,
    /// The name of a report's task.
    pub task: Symbol,
    /// The number of a run.
    pub run: Symbol,
    /// The curves of a report on training.
    pub curves: Symbol,
    /// What was measured.
    pub metric: Symbol,
    /// The columns of a report on training.
    pub trained: Vec<Symbol>,
    /// The fields of a curve.
    pub curve: Vec<Symbol>,
    /// The fields of a run.
    pub runs: Vec<Symbol>,
    /// The fields of a row of a leaderboard.
    pub leaders: Vec<Symbol>,
}

/// The columns of a report on training.
pub const TRAINED: &[&str] = &[
    "rule",
    "formula",
    "verdict",
    "slots",
    "lr",
    "last",
    "half_width",
    "best",
    "test",
    "seconds",
    "failures",
];

/// The fields of a curve: one number an epoch in its lists.
pub const CURVE: &[&str] = &[
    "rule",
    "stage",
    "end",
    "lr",
    "seed",
    "epochs",
    "loss",
    "valid_loss",
    "metric",
];

/// The fields of a run.
pub const RUNS: &[&str] = &[
    "run", "status", "task", "rules", "started", "best", "reward",
];

/// The fields of a row of a leaderboard.
pub const LEADERS: &[&str] = &[
    "rule",
    "formula",
    "lr",
    "reward",
    "half_width",
    "seeds",
    "steps",
    "epochs",
    "run",
];

/// The columns of a report's rows, in order; the first two are text, all others numbers.
pub const COLUMNS: &[&str] = &[
    "rule", "formula", "slots", "lr", "last", "best", "distance", "to_1e3", "to_1e6", "solved",
    "failures",
];

impl Known {
    /// Adds the names of the language to a table of names.
    pub fn new(names: &mut Names) -> Self {
        let mut primitives = Vec::new();
        let mut add = |name: Symbol, primitive| {
            let index = name.0 as usize;
            if primitives.len() <= index {
                primitives.resize(index + 1, None);
            }
            primitives[index] = Some(primitive);
        };
        for row in LEAVES {
            add(names.symbol(row.name), Primitive::Leaf(row.leaf));
        }
        for (name, value, _) in CONSTANTS {
            add(names.symbol(name), Primitive::Constant(*value));
        }
        for row in TABLE.iter().filter(|row| row.is_call()) {
            add(names.symbol(row.name), Primitive::Op(row.op));
        }
        for row in BUILTINS {
            add(names.symbol(row.name), Primitive::Builtin(row.builtin));
        }
        add(names.symbol("update"), Primitive::Update);
        Self {
            primitives,
            columns: COLUMNS.iter().map(|name| names.symbol(name)).collect(),
            explanation: FIELDS.iter().map(|(name, _)| names.symbol(name)).collect(),
            verdict: ["verdict", "why", "multiple"].map(|name| names.symbol(name)),
            dedup: ["rules", "classes"].map(|name| names.symbol(name)),
            class: ["rule", "key", "absorbed"].map(|name| names.symbol(name)),
            rows: names.symbol("rows"),
            steps: names.symbol("steps"),
            task: names.symbol("task"),
            run: names.symbol("run"),
            curves: names.symbol("curves"),
            metric: names.symbol("metric"),
            trained: TRAINED.iter().map(|name| names.symbol(name)).collect(),
            curve: CURVE.iter().map(|name| names.symbol(name)).collect(),
            runs: RUNS.iter().map(|name| names.symbol(name)).collect(),
            leaders: LEADERS.iter().map(|name| names.symbol(name)).collect(),
        }
    }

    /// What a name of the language is.
    pub fn primitive(&self, name: Symbol) -> Option<Primitive> {
        self.primitives.get(name.0 as usize).copied().flatten()
    }

    /// All names of the language.
    pub fn symbols(&self) -> impl Iterator<Item = Symbol> + '_ {
        (0u32..)
            .zip(&self.primitives)
            .filter_map(|(symbol, primitive)| primitive.map(|_| Symbol(symbol)))
    }
}
