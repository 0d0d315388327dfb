//! The command line: arguments in, exit codes out.
//!
//! Each subcommand is a file with one entry function. Results go to standard output and diagnostics to standard error; a
//! function returns how the program ends or a `Failure`, and only [`main`] turns either into an exit code. The work is
//! done on a thread of its own, whose stack is large enough for the deepest program the checker lets through.

mod args;
mod bench;
mod canon;
mod csv;
mod equal;
mod explain;
mod files;
mod filter;
mod fmt;
pub(crate) mod help;
mod input;
mod output;
mod outside;
mod program;
mod rules;
mod search;
mod simplify;
mod terminal;
mod tokens;
mod trace;

pub use args::Args;
pub(crate) use args::OutsideArgs;
pub(crate) use files::{read_text, write_whole};
pub(crate) use output::{Exit, Failure, colour, complain, report, say};
pub(crate) use outside::Outside;
pub(crate) use terminal::Terminal;

use args::Command;
use clap::Parser;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

/// Bytes of stack for the interpreter; pages that are never touched cost nothing.
const STACK: usize = 256 << 20;

/// Runs the program with the arguments of this process.
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            return match error.print() {
                Err(problem) if problem.kind() != io::ErrorKind::BrokenPipe => {
                    Exit::Unusable.into()
                }
                Ok(()) | Err(_) => ExitCode::from(code),
            };
        }
    };
    let worker = std::thread::Builder::new()
        .name("nos".to_owned())
        .stack_size(STACK)
        .spawn(move || output::end(run(args)));
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(exit)) => exit.into(),
        // The panic has printed its message.
        Ok(Err(_)) => ExitCode::from(101),
        Err(error) => output::end(Err(Failure::Usage(format!("cannot start: {error}")))).into(),
    }
}

fn run(args: Args) -> Result<Exit, Failure> {
    match args.command {
        Some(Command::Run { files, outside }) => program::run(&files, &outside),
        Some(Command::Check { files }) => program::check(&files),
        Some(Command::Fmt { check, files }) => fmt::fmt(&files, check),
        Some(Command::Trace(args)) => trace::trace(&args),
        Some(Command::Bench(args)) => bench::bench(&args),
        Some(Command::Train(args)) => bench::train(&args),
        Some(Command::Search(args)) => search::search(&args),
        Some(Command::Runs(args)) => bench::runs(&args),
        Some(Command::Report(args)) => bench::kept(&args),
        Some(Command::Tokens { from, rules }) => tokens::tokens(&rules, from),
        Some(Command::Canon(args)) => canon::canon(&args),
        Some(Command::Simplify { rules }) => simplify::simplify(&rules),
        Some(Command::Equal { first, second }) => equal::equal(&first, &second),
        Some(Command::Explain { program, rules }) => explain::explain(&rules, program),
        Some(Command::Help { topic }) => help::help(topic.as_deref()),
        Some(Command::Completions { shell }) => help::completions(shell),
        None if !args.eval.is_empty() => program::eval(&args.eval.join("\n"), &args.outside),
        None if !args.files.is_empty() => program::run(&args.files, &args.outside),
        None if io::stdin().is_terminal() => crate::repl::repl(&args.outside),
        None => program::run(&["-".into()], &args.outside),
    }
}
