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
    Space,
    Search,
    Logistic,
    Mlp,
    Convnet,
    Wrn,
    Lstm,
    Cifar,
    Ptb,
    Synthetic,
    Bench,
    Train,
    Resume,
    Runs,
    Leaderboard,
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
    /// Operands of a space: rules, or the name of a set.
    Operands,
    /// A space of rules.
    Space,
    /// What `Task` takes, or a list of that.
    Tasks,
    /// A test function, a network with its data, or the name of one.
    Task,
    /// A network with its data.
    NetTask,
    /// A network.
    Net,
    /// A truth value known when the script runs.
    Truth,
    /// A file name, the number of a run, or a record that has one.
    Kept,
    /// A report, a run, a list of numbers or lists, a schedule.
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

/// The parameters of `bench` that only training has.
pub const TRAINING: [&str; 16] = [
    "seed",
    "epochs",
    "examples",
    "sweep_epochs",
    "sweep_examples",
    "batch",
    "unroll",
    "augment",
    "weight_decay",
    "clip_norm",
    "early_stop",
    "test",
    "device",
    "threads",
    "patience",
    "checkpoint_every",
];

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
const DEPTH: Takes = Takes::Num(
    Range {
        lo: 1.0,
        hi: 4.0,
        zero: false,
        whole: true,
    },
    "a whole number from 1 to 4",
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
const NET_SIDE: Takes = Takes::Num(
    Range {
        lo: 1.0,
        hi: 4096.0,
        zero: false,
        whole: true,
    },
    "a whole number from 1 to 4096",
);
const SHARE: Takes = Takes::Num(
    Range {
        lo: 0.0,
        hi: 0.99,
        zero: true,
        whole: false,
    },
    "from 0 to 0.99",
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
    Any, Drawable, Expr, Formula, Function, Kept, List, Net, NetTask, Nums, Operands, Points, Rows,
    Rule, Rules, Savable, Schedule, Sized, Space, Task, Tasks, Text, Truth,
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
    row(Builtin::Space, "space", &[may("operands", Operands), may("unary", List), may("binary", List), may("depth", DEPTH), may("different", Truth), may("no_final_sum", Truth), may("reuse", Truth), may("needs_g", Truth), may("slots", STEP), may("forbidden", List)], "Space",
        "A space of rules for `search`: sentences of `depth` (1) groups of five tokens. `operands` is \"paper\" (the seventeen of section 4.1), \"decays\" (those and the schedules), \"signs\" (what PowerSign and AddSign are made of, with few functions), or a list of rules of your own. The constraints of the paper are on unless they are turned off: different operands in a group, no sum at the end, later groups use earlier ones; so is `needs_g`. `slots` is the most state, `forbidden` lists pairs of tokens that share no group.", "space(\"signs\", depth: 2)"),
    row(Builtin::Search, "search", &[need("space", Space), need("on", Tasks), may("budget", COUNT), may("policies", List), may("seeds", COUNT), may("steps", COUNT), may("lr", Nums), may("controller", Text), may("rules", Rules), may("starts", Points), may("epochs", COUNT), may("examples", COUNT), may("sweep_epochs", COUNT), may("sweep_examples", COUNT), may("batch", COUNT), may("threads", COUNT), may("workers", COUNT), may("patience", RATE)], "Search",
        "Neural Optimizer Search: the paper's controller (\"ppo\"), random search and regularised evolution each try `budget` (1000) rules of a space with as many `seeds` (1). On a test function a trial gets the best of the learning rates `lr` (1e-4 … 0.1) after `steps` (4000), from the function's own start and two others, or from `starts`; on a network with its data it is trained as by `train`, by so many `workers` side by side. The best rules run once more with new seeds and starts, beside baselines. `controller` is \"quick\" or \"paper\"; the controller starts from `rules`. What happens is written to the store of runs: `resume(3)` goes on, `load(3)` tells it again.", "search(space(\"signs\"), on: rosenbrock, budget: 200).best"),
    row(Builtin::Logistic, "logistic", &[], "Net",
        "Softmax regression on pixels.", "synthetic(logistic)"),
    row(Builtin::Mlp, "mlp", &[may("hidden", Nums)], "Net",
        "Fully connected layers with ReLU; `hidden` has the units of each hidden layer ([100]).", "synthetic(mlp(hidden: [64, 32]))"),
    row(Builtin::Convnet, "convnet", &[may("filters", NET_SIDE), may("pool", Truth)], "Net",
        "The paper's child network: two 3x3 convolutions of 32 filters, each with ReLU and batch normalization. The paper does not say whether there is pooling; here 2x2 maxima follow each layer unless `pool: false`.", "cifar(convnet)"),
    row(Builtin::Wrn, "wrn", &[may("depth", NET_SIDE), may("width", NET_SIDE)], "Net",
        "A wide residual network (Zagoruyko and Komodakis 2016) of 6 n + 4 layers (16), `width` (2) times 16, 32 and 64 filters. The paper's has depth 40 and width 4.", "cifar(wrn(depth: 40, width: 4))"),
    row(Builtin::Lstm, "lstm", &[may("units", NET_SIDE), may("dropout", SHARE)], "Net",
        "A language model: embedding, one LSTM of so many `units` (200), an output tied to the embedding, variational dropout (0.2).", "ptb(lstm(units: 650, dropout: 0.5))"),
    row(Builtin::Cifar, "cifar", &[may("net", Net), may("data", Text)], "Task",
        "A network (`convnet`) that learns CIFAR-10. The files, in their original binary layout, are in the folder `data`, else in the one of `--data` or NOS_DATA.", "cifar(convnet)"),
    row(Builtin::Ptb, "ptb", &[may("net", Net), may("data", Text), may("train", Text), may("valid", Text)], "Task",
        "A network (`lstm`) that learns the next word of the Penn Treebank: of the text `train` (\"ptb.train.txt\"), measured on the text `valid` (\"ptb.valid.txt\"). The files are in the folder `data`, else in the one of `--data` or NOS_DATA.", "ptb(lstm(units: 650))"),
    row(Builtin::Synthetic, "synthetic", &[may("net", Net), may("examples", COUNT)], "Task",
        "A network (`convnet`) that learns images, or sentences for an `lstm`, made from a seed: it needs no files. `examples` counts images or words.", "synthetic(convnet)"),
    row(Builtin::Bench, "bench", &[need("rules", Rules), need("on", Task), may("steps", COUNT), may("lr", Nums), may("seeds", COUNT), may("schedule", Schedule), may("baselines", Any), may("starts", Points), may("seed", SEED), may("epochs", COUNT), may("examples", COUNT), may("sweep_epochs", COUNT), may("sweep_examples", COUNT), may("batch", COUNT), may("unroll", COUNT), may("augment", Truth), may("weight_decay", DEVIATION), may("clip_norm", RATE), may("early_stop", Truth), may("test", Truth), may("device", Text), may("threads", COUNT), may("patience", RATE), may("checkpoint_every", RATE)], "Report or Training",
        "Races rules on a test function: every rule gets the same steps (1000) and the same grid of learning rates (1e-5, 1e-4, …, 10). SGD, Momentum, RMSProp and Adam stand beside them unless `baselines: false`. Where there is noise, every cell is run with several seeds (5). On a network with its data, such as `cifar(convnet)`, rules are trained as by `train`, with AdamW among the baselines.", "bench([powersign], on: rosenbrock, steps: 4000, lr: grid(1e-4, 1e-1, 4))"),
    row(Builtin::Train, "train", &[need("rule", Rule), need("on", NetTask), may("lr", Nums), may("seeds", COUNT), may("seed", SEED), may("schedule", Schedule), may("epochs", COUNT), may("examples", COUNT), may("sweep_epochs", COUNT), may("sweep_examples", COUNT), may("batch", COUNT), may("unroll", COUNT), may("augment", Truth), may("weight_decay", DEVIATION), may("clip_norm", RATE), may("early_stop", Truth), may("test", Truth), may("device", Text), may("threads", COUNT), may("patience", RATE), may("checkpoint_every", RATE)], "Training",
        "Trains a network with a rule by the paper's protocol: each learning rate (`paper`: 1e-5, 1e-4, …, 10) gets one epoch on 10,000 examples, the best one trains for 5 `epochs` on all, or on so many `examples`, with each seed. One learning rate trains at once. What happens is written to the store of runs. `patience` is for how many seconds (600) nothing may be heard of the training; every so many seconds (30) as `checkpoint_every` its state is written.", "train(powersign, on: synthetic(convnet), lr: 0.1)"),
    row(Builtin::Resume, "resume", &[need("run", Kept), may("workers", COUNT)], "Training or Search",
        "Goes on with a run of the store that was interrupted: what is done is not done again, and training goes on from where its state was last written.", "resume(3)"),
    row(Builtin::Runs, "runs", &[], "List",
        "The runs of the store, the latest first: records with the number, task, rules, status, start and best result of each. `load(3)` is the report of run 3, `plot(3)` its picture. A bench on a test function is a run where `--store` or NOS_STORE names the store.", "runs()"),
    row(Builtin::Leaderboard, "leaderboard", &[need("task", Task)], "List",
        "Every result of the store on a task, best first: records with the rule, its learning rate, reward (on a test function the last value), budget and run.", "leaderboard(cifar(convnet))"),
    row(Builtin::Plot, "plot", &[need("x", Drawable), may("T", COUNT)], "Picture",
        "A picture of a report (trajectories and curves), of a run of the store by its number or record, of a list of numbers, or of a schedule over `T` steps (1000).", "plot(ld)"),
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
        "Writes a picture (.svg, .png; a graph also .dot), a report (.json, .ron, a page of .html) or a text to a file.", "save(plot(ld), \"ld.svg\")"),
    row(Builtin::Load, "load", &[need("file", Kept)], "Report or Training",
        "Reads a report that `save` wrote (.json, .ron), or the report of a run of the store by its number.", "load(\"race.ron\")"),
    row(Builtin::Help, "help", &[may("x", Any)], "nothing",
        "Shows what a name means: its documentation, type and an example.", "help(powersign)"),
];

impl Builtin {
    /// The built-in's row of the table.
    pub fn info(self) -> &'static BuiltinInfo {
        &BUILTINS[self as usize]
    }

    /// Whether its bare name stands for a network.
    pub fn is_net(self) -> bool {
        matches!(
            self,
            Self::Logistic | Self::Mlp | Self::Convnet | Self::Wrn | Self::Lstm
        )
    }

    /// Whether its bare name stands for a network with its data.
    pub fn is_task(self) -> bool {
        matches!(self, Self::Cifar | Self::Ptb | Self::Synthetic)
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
