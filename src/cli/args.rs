//! What can be written after `nos` on the command line.
//!
//! Numbers are checked here, so that a wrong one is a usage error that names its option, before any file is read.

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

/// A language and lab for the update rules of neural-network optimizers.
#[derive(Parser, Debug)]
#[command(
    name = "nos",
    version,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    override_usage = "nos [FILE]...\n       nos -e CODE\n       nos COMMAND",
    after_help = "Without arguments: the prompt on a terminal, otherwise the script on standard input.\n\
                  Exit codes: 0 success, 1 the program or a rule is wrong, 2 usage or files."
)]
pub struct Args {
    /// Runs this code
    #[arg(
        short,
        value_name = "CODE",
        allow_hyphen_values = true,
        conflicts_with = "files"
    )]
    pub(super) eval: Vec<String>,
    /// Scripts to run; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) outside: OutsideArgs,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// A subcommand.
#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Runs scripts
    Run {
        /// Scripts; `-` is standard input
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        outside: OutsideArgs,
    },
    /// Checks scripts without running them
    Check {
        /// Scripts; `-` is standard input
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Formats scripts in place
    Fmt {
        /// Changes nothing: lists the files that would change, and fails if there are any
        #[arg(long)]
        check: bool,
        /// Scripts; `-` formats standard input to standard output
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Applies a rule to recorded gradients and prints the weights after each step, as CSV
    Trace(TraceArgs),
    /// Races rules on a test function, or compares them by training a network
    Bench(BenchArgs),
    /// Trains a network with a rule, or goes on with an interrupted run
    Train(TrainArgs),
    /// Searches for rules as a script says, or goes on with an interrupted search
    Search(SearchArgs),
    /// Lists the runs of the store, the latest first
    Runs(OutsideArgs),
    /// Prints the report of a run of the store, draws it, or writes it as a page
    Report(ReportArgs),
    /// Writes rules as the paper's groups of five tokens
    Tokens {
        /// Reads groups of tokens and writes the rules they mean
        #[arg(long)]
        from: bool,
        /// Rules; without any, each line of standard input
        #[arg(value_name = "RULE")]
        rules: Vec<String>,
    },
    /// Writes rules in normal form: equal rules have one text
    Canon(CanonArgs),
    /// Writes rules as equal ones that are cheaper to read
    Simplify {
        /// Rules; without any, each line of standard input
        #[arg(value_name = "RULE", allow_hyphen_values = true)]
        rules: Vec<String>,
    },
    /// Compares two rules: exit code 0 for equal, 1 for not, 3 for unknown, 2 for wrong input
    Equal {
        /// A rule
        #[arg(value_name = "RULE", allow_hyphen_values = true)]
        first: String,
        /// Another
        #[arg(value_name = "OTHER", allow_hyphen_values = true)]
        second: String,
    },
    /// Explains what rules do: memory, operations, scaling, first and last step, relatives, a first learning rate
    Explain {
        /// Prints the loops that each rule is compiled to instead
        #[arg(long)]
        program: bool,
        /// Rules; without any, each line of standard input
        #[arg(value_name = "RULE", allow_hyphen_values = true)]
        rules: Vec<String>,
    },
    /// Explains a name, an operator or a diagnostic code such as E0301
    Help {
        /// What to explain
        #[arg(allow_hyphen_values = true)]
        topic: Option<String>,
    },
    /// Prints a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Arguments of `nos canon`.
#[derive(clap::Args, Debug)]
pub(super) struct CanonArgs {
    /// Prints 32 hexadecimal digits instead: equal rules and no others have the same
    #[arg(long)]
    pub(super) key: bool,
    /// Takes out a constant factor: a positive one (lr), or any (sign)
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(super) up_to: Option<UpTo>,
    /// Rules; without any, each line of standard input
    #[arg(value_name = "RULE", allow_hyphen_values = true)]
    pub(super) rules: Vec<String>,
}

/// Which difference between rules does not count.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum UpTo {
    /// A positive constant factor: the learning rate
    Lr,
    /// A constant factor of either sign
    Sign,
}

/// Arguments of `nos trace`.
#[derive(clap::Args, Debug)]
pub(super) struct TraceArgs {
    /// A rule: a name, a call or any expression
    pub(super) rule: String,
    /// Gradients: one row per step, one column per element, no header
    #[arg(long, value_name = "FILE.csv")]
    pub(super) grads: PathBuf,
    /// The learning rate
    #[arg(long, value_parser = positive, allow_hyphen_values = true)]
    pub(super) lr: f64,
    /// Total steps `T` of the run [default: the number of rows]
    #[arg(long, value_name = "T", value_parser = count, allow_hyphen_values = true)]
    pub(super) total: Option<u64>,
    /// Weights to start from, one row [default: zeros]
    #[arg(long, value_name = "FILE.csv")]
    pub(super) w0: Option<PathBuf>,
    /// Seed of noise and drop
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
    /// Treats the elements as a matrix, row by row, for rules that need one
    #[arg(long, value_name = "ROWSxCOLUMNS", value_parser = shape)]
    pub(super) shape: Option<(usize, usize)>,
}

/// What stands for the environment.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct OutsideArgs {
    /// The folder of the data that networks learn [default: `$NOS_DATA`]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<String>,
    /// The store of runs [default: `$NOS_STORE`, else nos.db]; races on test functions are kept where one is named
    #[arg(long, value_name = "FILE")]
    pub(crate) store: Option<String>,
}

/// Arguments of `nos bench`.
#[derive(clap::Args, Debug)]
pub(super) struct BenchArgs {
    /// Rules: names, calls or any expressions
    #[arg(required = true, value_name = "RULE")]
    pub(super) rules: Vec<String>,
    /// A test function such as rosenbrock, or a network with its data such as 'cifar(convnet)'
    #[arg(long, value_name = "TASK")]
    pub(super) on: String,
    /// Steps of every run on a test function
    #[arg(long, value_name = "N", value_parser = count, allow_hyphen_values = true)]
    pub(super) steps: Option<u64>,
    /// Starts on a test function: so many at random, or an expression such as `[[1, 2], [-1, 0]]`
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(super) starts: Option<String>,
    /// Leaves out the usual baselines
    #[arg(long)]
    pub(super) no_baselines: bool,
    #[command(flatten)]
    pub(super) training: TrainingArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    pub(super) outside: OutsideArgs,
}

/// Arguments of `nos train`.
#[derive(clap::Args, Debug)]
pub(super) struct TrainArgs {
    /// A rule: a name, a call or any expression
    #[arg(value_name = "RULE", required_unless_present = "resume")]
    pub(super) rule: Option<String>,
    /// A network with its data, such as 'cifar(convnet)'
    #[arg(long, value_name = "TASK", required_unless_present = "resume")]
    pub(super) on: Option<String>,
    /// Goes on with an interrupted run of the store instead
    #[arg(long, value_name = "RUN", value_parser = count, conflicts_with_all = ["rule", "on", "TrainingArgs"])]
    pub(super) resume: Option<u64>,
    #[command(flatten)]
    pub(super) training: TrainingArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Also writes the report as a page, to a file that ends in .html
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<String>,
    #[command(flatten)]
    pub(super) outside: OutsideArgs,
}

/// Arguments of `nos search`.
#[derive(clap::Args, Debug)]
pub(super) struct SearchArgs {
    /// A script whose last line is a search; `-` is standard input
    #[arg(value_name = "SPEC", required_unless_present = "resume")]
    pub(super) spec: Option<PathBuf>,
    /// Goes on with an interrupted search of the store instead
    #[arg(long, value_name = "RUN", value_parser = count, conflicts_with = "spec")]
    pub(super) resume: Option<u64>,
    /// How many networks are trained side by side [default: one a core]
    #[arg(long, value_name = "N", value_parser = count)]
    pub(super) workers: Option<u64>,
    /// Draws rewards over trials to a file that ends in .svg or .png
    #[arg(long, value_name = "FILE")]
    pub(super) plot: Option<String>,
    /// Also writes the report as a page, to a file that ends in .html
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<String>,
    #[command(flatten)]
    pub(super) outside: OutsideArgs,
}

/// Arguments of `nos report`.
#[derive(clap::Args, Debug)]
pub(super) struct ReportArgs {
    /// The number of a run, as `nos runs` lists it
    #[arg(value_parser = count)]
    pub(super) run: u64,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Writes the report as a page instead, to a file that ends in .html
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<String>,
    #[command(flatten)]
    pub(super) outside: OutsideArgs,
}

/// How networks are trained.
#[derive(clap::Args, Debug)]
pub(super) struct TrainingArgs {
    /// Learning rates: `0.1,0.01`, or an expression such as `grid(1e-4, 1e-1, 4)`
    #[arg(long, value_name = "LIST", allow_hyphen_values = true)]
    pub(super) lr: Option<String>,
    /// How many seeds
    #[arg(long, value_name = "K", value_parser = count, allow_hyphen_values = true)]
    pub(super) seeds: Option<u64>,
    /// The first seed of networks
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// What multiplies the learning rate at each step, such as `ld`
    #[arg(long, value_name = "SCHEDULE")]
    pub(super) schedule: Option<String>,
    /// Epochs at the best learning rate
    #[arg(long, value_name = "N", value_parser = count)]
    pub(super) epochs: Option<u64>,
    /// Training examples of these epochs
    #[arg(long, value_name = "N", value_parser = count)]
    pub(super) examples: Option<u64>,
    /// Epochs that try a learning rate
    #[arg(long, value_name = "N", value_parser = count)]
    pub(super) sweep_epochs: Option<u64>,
    /// Training examples of those
    #[arg(long, value_name = "N", value_parser = count)]
    pub(super) sweep_examples: Option<u64>,
    /// Examples a step
    #[arg(long, value_name = "N", value_parser = count)]
    pub(super) batch: Option<u64>,
    /// Words that a step of a language model looks back over
    #[arg(long, value_name = "N", value_parser = count)]
    pub(super) unroll: Option<u64>,
    /// Whether images are shifted and mirrored at random
    #[arg(long, value_name = "true|false")]
    pub(super) augment: Option<bool>,
    /// The gradient gets this times the weight
    #[arg(long, value_name = "X")]
    pub(super) weight_decay: Option<f64>,
    /// Gradients of a greater norm are scaled to it
    #[arg(long, value_name = "X", value_parser = positive)]
    pub(super) clip_norm: Option<f64>,
    /// Whether a run that has not left chance ends after its first epoch
    #[arg(long, value_name = "true|false")]
    pub(super) early_stop: Option<bool>,
    /// Also measures on test data at the end
    #[arg(long)]
    pub(super) test: bool,
    /// What to train on: cpu, cuda, cuda:1
    #[arg(long, value_name = "DEVICE")]
    pub(super) device: Option<String>,
    /// Threads of a training
    #[arg(long, value_name = "N", value_parser = count)]
    pub(super) threads: Option<u64>,
    /// Seconds without a sign of life after which a training is given up
    #[arg(long, value_name = "SECONDS", value_parser = positive)]
    pub(super) patience: Option<f64>,
    /// Seconds after which the state of a training is written within an epoch too
    #[arg(long, value_name = "SECONDS", value_parser = positive)]
    pub(super) checkpoint_every: Option<f64>,
}

/// What becomes of a report.
#[derive(clap::Args, Debug)]
pub(super) struct OutputArgs {
    /// How to print the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
    /// Also draws the report, to a file that ends in .svg or .png
    #[arg(long, value_name = "FILE")]
    pub(super) plot: Option<String>,
}

/// How a report is printed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    /// A table
    Text,
    /// JSON
    Json,
    /// RON
    Ron,
}

/// A learning rate.
fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        Ok(_) | Err(_) => Err("expected a number above 0, such as 0.1".to_owned()),
    }
}

/// A number of steps or seeds.
fn count(text: &str) -> Result<u64, String> {
    match text.replace('_', "").parse::<u64>() {
        Ok(number @ 1..=1_000_000_000) => Ok(number),
        Ok(_) | Err(_) => Err("expected a whole number from 1 to 1000000000".to_owned()),
    }
}

/// `2x3` as rows and columns.
fn shape(text: &str) -> Result<(usize, usize), String> {
    let sides = text
        .split_once('x')
        .and_then(|(rows, columns)| Some((rows.parse().ok()?, columns.parse().ok()?)));
    match sides {
        Some((rows, columns)) if rows > 0 && columns > 0 => Ok((rows, columns)),
        Some(_) | None => Err("expected rows and columns, such as 2x3".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_consistent() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn numbers_have_ranges() {
        assert_eq!(positive("0.1"), Ok(0.1));
        assert!(
            ["0", "-1", "nan", "inf", "x", ""]
                .iter()
                .all(|text| positive(text).is_err())
        );
        assert_eq!(count("4_000"), Ok(4000));
        assert!(
            ["0", "-1", "1.5", "x", "1000000001", ""]
                .iter()
                .all(|text| count(text).is_err())
        );
        assert_eq!(shape("2x3"), Ok((2, 3)));
        assert!(
            ["", "x", "2x", "0x3", "2x3x4", "-1x2"]
                .iter()
                .all(|text| shape(text).is_err())
        );
    }
}
