//! Arguments of the command line, and the numbers among them.
//!
//! A number that makes no sense is turned away here, with the value that was given and what would do: nothing has run yet.

use crate::op::number_text;
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A language about one thing: how a weight changes in one training step.
#[derive(Parser, Debug)]
#[command(
    name = "nos",
    version,
    disable_help_subcommand = true,
    args_conflicts_with_subcommands = true,
    after_help = "Without arguments: the prompt, or on a pipe the script on standard input.\n\
                  `nos help NAME` explains a name, an operator or the code of a diagnostic."
)]
pub(super) struct Args {
    /// Runs this code
    #[arg(
        short = 'e',
        value_name = "CODE",
        conflicts_with = "files",
        allow_hyphen_values = true
    )]
    pub(super) code: Option<String>,
    /// Scripts to run, one after the other; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Runs scripts, one after the other; `-` is standard input
    Run {
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Checks scripts without running them
    Check {
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Formats scripts in place; `-` formats standard input to standard output
    Fmt {
        /// Changes nothing; lists the files that would change and exits with 1 if there are any
        #[arg(long)]
        check: bool,
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Runs a rule over a table of gradients and prints the weights after each step
    Trace(Trace),
    /// Races rules on a test function, beside SGD, Momentum, `RMSProp` and Adam
    Bench(Bench),
    /// Writes rules as the five-token strings of the paper, or reads such strings
    Tokens {
        /// Reads five-token strings and writes rules
        #[arg(long)]
        from: bool,
        /// The rules; each line of standard input if there are none
        #[arg(value_name = "RULE")]
        rules: Vec<String>,
    },
    /// Explains a name, an operator or the code of a diagnostic
    Help {
        /// What to explain: `powersign`, `ema`, `@`, `E0301`
        #[arg(allow_hyphen_values = true)]
        topic: Option<String>,
    },
    /// Writes the completion script of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(clap::Args, Debug)]
pub(super) struct Trace {
    /// The rule: a name, a call or any expression
    pub(super) rule: String,
    /// The gradients: one row per step, one column per element, no header; `-` is standard input
    #[arg(long, value_name = "FILE.csv")]
    pub(super) grads: PathBuf,
    /// The learning rate
    #[arg(long, value_parser = rate, allow_negative_numbers = true)]
    pub(super) lr: f64,
    /// How many steps the whole training has, `T`; as many as there are rows if not given
    #[arg(long, value_name = "T", value_parser = count, allow_negative_numbers = true)]
    pub(super) total: Option<u64>,
    /// The weights before the first step, one row; zeros if not given
    #[arg(long, value_name = "FILE.csv")]
    pub(super) w0: Option<PathBuf>,
    /// The seed of all noise in the rule
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = seed, allow_negative_numbers = true)]
    pub(super) seed: u64,
}

#[derive(clap::Args, Debug)]
pub(super) struct Bench {
    /// The rules: names, calls or any expressions
    #[arg(value_name = "RULE", required = true)]
    pub(super) rules: Vec<String>,
    /// The test function: a name, or an expression that makes one
    #[arg(long, value_name = "TASK")]
    pub(super) on: String,
    /// Steps of every run; 1000 if not given
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    pub(super) steps: Option<u64>,
    /// Learning rates, separated by commas; 1e-5, 1e-4, … 10 if not given
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = rate, allow_negative_numbers = true)]
    pub(super) lr: Vec<f64>,
    /// How many seeds every run is repeated with; 5 where anything is random, otherwise 1
    #[arg(long, value_name = "K", value_parser = seeds, allow_negative_numbers = true)]
    pub(super) seeds: Option<u64>,
    /// How to print the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
    /// Draws the paths and curves into a file, .svg or .png
    #[arg(long, value_name = "FILE.svg")]
    pub(super) plot: Option<PathBuf>,
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

/// A learning rate: finite and above 0.
fn rate(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        Ok(rate) if rate.is_finite() => Err(format!(
            "expected a number above 0, found {}",
            number_text(rate)
        )),
        Ok(_) | Err(_) => Err("expected a finite number above 0, such as 0.01".to_owned()),
    }
}

fn whole(text: &str, least: u64, most: u64) -> Result<u64, String> {
    let wanted = || format!("expected a whole number from {least} to {most}");
    let text = text.trim();
    // `1e4` and `1_000` are whole numbers in the language, so they are here.
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    if let Ok(number) = plain.parse::<u64>() {
        return if (least..=most).contains(&number) {
            Ok(number)
        } else {
            Err(wanted())
        };
    }
    match plain.parse::<f64>() {
        #[allow(
            clippy::cast_precision_loss,
            reason = "limits are far below 2^53, or exact"
        )]
        Ok(number) if number.fract() == 0.0 && (least as f64..=most as f64).contains(&number) =>
        {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole and in range"
            )]
            Ok(number as u64)
        }
        Ok(_) | Err(_) => Err(wanted()),
    }
}

fn count(text: &str) -> Result<u64, String> {
    whole(text, 1, 1_000_000_000)
}

fn seeds(text: &str) -> Result<u64, String> {
    whole(text, 1, 1_000_000)
}

fn seed(text: &str) -> Result<u64, String> {
    whole(text, 0, 1 << 53)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn definition_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn numbers_that_make_no_sense_are_turned_away() {
        for text in ["", "0", "-1", "nan", "inf", "1e999", "fast", "0x1"] {
            assert!(rate(text).is_err(), "{text}");
        }
        for text in ["", "0", "-1", "1.5", "nan", "1e10", "many"] {
            assert!(count(text).is_err(), "{text}");
        }
        assert_eq!(rate("1e-3"), Ok(1e-3));
        assert_eq!(count("1_000"), Ok(1000));
        assert_eq!(count("1e4"), Ok(10_000));
        assert_eq!(seed("0"), Ok(0));
    }
}
