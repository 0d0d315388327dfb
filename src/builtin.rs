//! The functions of the language that are no ops: lists, text, test functions, benchmarks, pictures, files.
//!
//! One row each, as for the op table; the checker reads what they take and give, the evaluator runs them, help and
//! completion show their documentation.

use crate::types::Range;

/// A built-in function.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
#[allow(missing_docs, reason = "the table documents each")]
pub enum Builtin {
    Print,
    Str,
    Round,
    Len,
    Range,
    Grid,
    Map,
    Filter,
    Sort,
    Reverse,
    Zip,
    At,
    Run,
    Own,
    Objective,
    Bench,
    Plot,
    Graph,
    Explain,
    Canon,
    Key,
    Equal,
    Dedup,
    Tokens,
    FromTokens,
    Simplify,
    Cost,
    Save,
    Load,
    Help,
}

/// What a parameter takes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Takes {
    /// Anything.
    Any,
    /// A number known when the script runs, in a range described in words.
    Num(Range, &'static str),
    /// A number or a list of numbers.
    Nums,
    /// Text.
    Text,
    /// A list.
    List,
    /// A list or text.
    Sized,
    /// A function of one argument.
    Function,
    /// A function of numbers, for a test function.
    Formula,
    /// A numeric expression.
    Expr,
    /// A number known at each step.
    Schedule,
    /// A rule.
    Rule,
    /// A rule or a list of rules.
    Rules,
    /// A test function or its name.
    Task,
    /// A report, a list of numbers or lists, a schedule.
    Drawable,
    /// Numbers, one row per step.
    Rows,
    /// Something that can be written to a file.
    Savable,
    /// Numbers, one per coordinate, or lists of those.
    Points,
}

/// A parameter of a built-in.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Param {
    /// Its name, for named arguments.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// Whether it must be given.
    pub required: bool,
}

/// What there is to know of a built-in.
#[derive(Clone, Copy, Debug)]
pub struct BuiltinInfo {
    /// The built-in.
    pub builtin: Builtin,
    /// Its name.
    pub name: &'static str,
    /// Its parameters.
    pub params: &'static [Param],
    /// Whether any number of positional arguments may be given.
    pub variadic: bool,
    /// What it gives, in words of types.
    pub gives: &'static str,
    /// Its documentation.
    pub doc: &'static str,
    /// An example.
    pub example: &'static str,
}

const fn need(name: &'static str, takes: Takes) -> Param {
    Param {
        name,
        takes,
        required: true,
    }
}

const fn may(name: &'static str, takes: Takes) -> Param {
    Param {
        name,
        takes,
        required: false,
    }
}

/// A whole number of at least 1, in range of what a run can take.
const COUNT: Takes = Takes::Num(
    Range {
        lo: 1.0,
        hi: 1e9,
        zero: false,
        whole: true,
    },
    "a whole number from 1 to 1e9",
);
const NUM: Takes = Takes::Num(Range::ANY, "");
const RATE: Takes = Takes::Num(
    Range {
        lo: 0.0,
        hi: f64::MAX,
        zero: false,
        whole: false,
    },
    "above 0",
);
const DIGITS: Takes = Takes::Num(
    Range {
        lo: 0.0,
        hi: 15.0,
        zero: true,
        whole: true,
    },
    "a whole number from 0 to 15",
);
const SEED: Takes = Takes::Num(
    Range {
        lo: 0.0,
        hi: 9_007_199_254_740_992.0,
        zero: true,
        whole: true,
    },
    "a whole number from 0",
);
const STEP: Takes = Takes::Num(
    Range {
        lo: 0.0,
        hi: 1e15,
        zero: true,
        whole: true,
    },
    "a whole number from 0",
);
const DEVIATION: Takes = Takes::Num(
    Range {
        lo: 0.0,
        hi: f64::MAX,
        zero: true,
        whole: false,
    },
    "at least 0",
);

use Takes::{
    Any, Drawable, Expr, Formula, Function, List, Nums, Points, Rows, Rule, Rules, Savable,
    Schedule, Sized, Task, Text,
};

const fn row(
    builtin: Builtin,
    name: &'static str,
    params: &'static [Param],
    gives: &'static str,
    doc: &'static str,
    example: &'static str,
) -> BuiltinInfo {
    BuiltinInfo {
        builtin,
        name,
        params,
        variadic: false,
        gives,
        doc,
        example,
    }
}

/// Every built-in, in the order of [`Builtin`].
#[rustfmt::skip] // a table reads better with one row a function
pub const BUILTINS: &[BuiltinInfo] = &[
    BuiltinInfo { variadic: true, ..row(Builtin::Print, "print", &[], "nothing",
        "Shows its arguments on one line.", "print(\"rate\", 0.1)") },
    row(Builtin::Str, "str", &[need("x", Any)], "Str",
        "A value as text, as it is shown.", "str(sign(g)) + \"!\"") ,
    row(Builtin::Round, "round", &[need("x", NUM), may("digits", DIGITS)], "Num",
        "Rounds to some digits after the point; to a whole number unless told.", "round(2/3, 2)"),
    row(Builtin::Len, "len", &[need("xs", Sized)], "Num",
        "How many items a list has, or characters a text.", "len([1, 2, 3])"),
    row(Builtin::Range, "range", &[need("start", NUM), may("stop", NUM), may("step", NUM)], "List[Num]",
        "The numbers from `start` up to, but not including, `stop`; `range(n)` counts from 0.", "range(3)"),
    row(Builtin::Grid, "grid", &[need("lo", RATE), need("hi", RATE), need("n", COUNT)], "List[Num]",
        "`n` numbers from `lo` to `hi` with equal ratios between neighbours.", "grid(1e-3, 1, 4)"),
    row(Builtin::Map, "map", &[need("xs", List), need("f", Function)], "List",
        "The results of a function on each item.", "[1, 2, 3] |> map(fn(x) => x^2)"),
    row(Builtin::Filter, "filter", &[need("xs", List), need("f", Function)], "List",
        "The items for which a function gives true.", "[1, 2, 3] |> filter(fn(x) => x > 1)"),
    row(Builtin::Sort, "sort", &[need("xs", List), may("by", Function)], "List",
        "The items in ascending order, of themselves or of what `by` gives for each; equal ones keep their order.", "sort([3, 1, 2])"),
    row(Builtin::Reverse, "reverse", &[need("xs", List)], "List",
        "The items in opposite order.", "reverse([1, 2, 3])"),
    row(Builtin::Zip, "zip", &[need("xs", List), need("ys", List)], "List",
        "Pairs of items of two lists, as long as the shorter.", "zip([1, 2], [3, 4])"),
    row(Builtin::At, "at", &[need("f", Schedule), need("t", STEP), need("T", COUNT), may("seed", SEED)], "Num",
        "The value of a schedule at step `t` of `T`.", "at(ld, 250, T: 1000)"),
    row(Builtin::Run, "run", &[need("rule", Rule), need("grads", Rows), may("lr", RATE), may("w0", Points), may("T", COUNT), may("seed", SEED)], "List",
        "The weights after each step of a rule that is fed the given gradients: one number, one list, or one matrix (a list of rows) a step. `lr` is 0.1, `w0` 0 and `T` the number of gradients unless told.", "run(sgd, [1, 1], lr: 0.5)"),
    row(Builtin::Own, "own", &[need("x", Expr)], "Tensor[*]",
        "A part of a rule as a rule of its own: `last(update)` inside it is the part's own previous value.", "2 * own(g + 0.9 * last(update))"),
    row(Builtin::Objective, "objective", &[need("f", Formula), need("start", Nums), may("minimum", Points), may("noise", DEVIATION), may("within", Points)], "Objective",
        "A test function to minimise, differentiated symbolically. `minimum` is the best point, or a list of them; `noise` the standard deviation of what is added to each coordinate of the gradient.", "objective(fn(x, y) => x^2 + 10*y^2, start: [1, 1], minimum: [0, 0])"),
    row(Builtin::Bench, "bench", &[need("rules", Rules), need("on", Task), may("steps", COUNT), may("lr", Nums), may("seeds", COUNT), may("schedule", Schedule), may("baselines", Any), may("starts", Points)], "Report",
        "Races rules on a test function: every rule gets the same steps (1000) and the same grid of learning rates (1e-5, 1e-4, …, 10). SGD, Momentum, RMSProp and Adam stand beside them unless `baselines: false`. Where there is noise, every cell is run with several seeds (5).", "bench([powersign], on: rosenbrock, steps: 4000, lr: grid(1e-4, 1e-1, 4))"),
    row(Builtin::Plot, "plot", &[need("x", Drawable), may("T", COUNT)], "Picture",
        "A picture of a report (trajectories and curves), a list of numbers, or a schedule over `T` steps (1000).", "plot(ld)"),
    row(Builtin::Graph, "graph", &[need("rule", Rule)], "Picture",
        "The computation graph of a rule: operands at the leaves, functions between them, the update at the root. What is computed once is drawn once.", "graph(powersign)"),
    row(Builtin::Explain, "explain", &[need("rule", Rule)], "record",
        "What a rule does: its memory and operations, how it answers to scaled and turned gradients, the values of the update, the first and the last step, known rules it is akin to, a first learning rate. A page for a reader, with a field for each answer.", "explain(powersign)"),
    row(Builtin::Canon, "canon", &[need("rule", Rule), may("up_to", Text)], "Tensor[*]",
        "The normal form of a rule: equal rules have the same. `up_to: \"lr\"` takes out a positive constant factor, `\"sign\"` any.", "canon((1 + sign(g) * sign(m)) * g)"),
    row(Builtin::Key, "key", &[need("rule", Rule), may("up_to", Text)], "Str",
        "32 hexadecimal digits that equal rules share and no others: the key of the normal form.", "key(g * m) == key(m * g)"),
    row(Builtin::Equal, "equal", &[need("a", Rule), need("b", Rule)], "record",
        "Whether two rules give the same update: its `verdict` is \"yes\", \"no\" or \"unknown\"; `why` has a counter-example or what was tried; `multiple` the constant by which the first is the second, where it is one.", "equal(momentum, m).why"),
    row(Builtin::Dedup, "dedup", &[need("rules", Rules), may("up_to", Text)], "record",
        "One rule of each class of equal ones, in order: its `rules`, and its `classes` with the key of each and the rules it absorbed.", "dedup([g * m, m * g, g]).rules"),
    row(Builtin::Tokens, "tokens", &[need("rule", Rule)], "Str",
        "A rule as the paper's groups of five tokens.", "tokens(powersign)"),
    row(Builtin::FromTokens, "from_tokens", &[need("text", Text)], "Tensor[*]",
        "The rule that the paper's groups of five tokens write.", "from_tokens(\"g m sign sign mul; $1 g exp id mul\")"),
    row(Builtin::Simplify, "simplify", &[need("rule", Rule)], "Tensor[*]",
        "An equal rule of least cost for reading; the rule itself where no cheaper one is found.", "simplify(g + sign(w) * |g|)"),
    row(Builtin::Cost, "cost", &[need("rule", Rule)], "Num",
        "How much there is to read and compute in a rule: 3 a name, 1 a number, and the weight of each operation; what is remembered counts once.", "cost(powersign)"),
    row(Builtin::Save, "save", &[need("x", Savable), need("file", Text)], "nothing",
        "Writes a picture (.svg, .png; a graph also .dot), a report (.json, .ron) or a text to a file.", "save(plot(ld), \"ld.svg\")"),
    row(Builtin::Load, "load", &[need("file", Text)], "Report",
        "Reads a report that `save` wrote (.json, .ron).", "load(\"race.ron\")"),
    row(Builtin::Help, "help", &[may("x", Any)], "nothing",
        "Shows what a name means: its documentation, type and an example.", "help(powersign)"),
];

impl Builtin {
    /// The built-in's row of the table.
    pub fn info(self) -> &'static BuiltinInfo {
        &BUILTINS[self as usize]
    }

    /// The built-in of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        BUILTINS
            .iter()
            .find(|row| row.name == name)
            .map(|row| row.builtin)
    }
}

impl BuiltinInfo {
    /// The head for help: `grid(lo, hi, n)`.
    pub fn signature(&self) -> String {
        if self.variadic {
            return format!("{}(…)", self.name);
        }
        let params: Vec<String> = self
            .params
            .iter()
            .map(|param| {
                if param.required {
                    param.name.to_owned()
                } else {
                    format!("[{}:]", param.name)
                }
            })
            .collect();
        format!("{}({})", self.name, params.join(", "))
    }
}

/// Numbers with a fixed name.
#[rustfmt::skip] // a table reads better with one row a constant
pub const CONSTANTS: &[(&str, f64, &str)] = &[
    ("e", std::f64::consts::E, "Euler's number, 2.718…."),
    ("pi", std::f64::consts::PI, "The circle number, 3.141…."),
    ("delta", 1e-8, "The small number that keeps divisors above zero: 1e-8."),
];

/// The value of a constant.
pub fn constant(name: &str) -> Option<f64> {
    CONSTANTS.iter().find(|row| row.0 == name).map(|row| row.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_row_order_is_enum_order() {
        for (index, row) in BUILTINS.iter().enumerate() {
            assert_eq!(row.builtin as usize, index, "{}", row.name);
            assert_eq!(Builtin::by_name(row.name), Some(row.builtin));
            assert!(
                crate::op::Op::by_name(row.name).is_none(),
                "{} is one thing",
                row.name
            );
        }
    }
}
