//! The command line.
//!
//! Results go to standard output, everything else to standard error. Three exit codes: 0 where all went well, 1 where a
//! program, a rule or a table is wrong, 2 where the command line is, or a file cannot be read or written. Whoever stops a
//! job with Ctrl-C gets 130, as from any other program; a reader that has seen enough and closes the pipe is no error.

mod args;
mod bench;
mod console;
pub mod csv;
mod files;
mod fmt;
mod help;
mod interrupt;
mod rules;
mod script;
mod terminal;
mod tokens;
mod trace;

pub use console::{Console, Exit, Trouble};
pub use files::write as write_file;
pub use interrupt::Interrupt;
pub use terminal::Terminal;

use args::{Args, Command};
use clap::{CommandFactory, Parser};
use std::io::{self, IsTerminal};
use std::process::ExitCode;

/// The stack of the thread that reads and runs programs: deep nesting and deep calls end in a diagnostic long before this
/// is used up.
const STACK: usize = 256 << 20;

/// Runs the program on the arguments of the process.
pub fn main() -> ExitCode {
    let args = Args::parse();
    Interrupt::listen();
    let work = std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || {
            let console = Console::of_process();
            let exit = dispatch(args, console).unwrap_or_else(|trouble| {
                console.trouble(&trouble);
                Exit::Usage
            });
            if Interrupt::was_pressed() {
                Exit::Stopped
            } else {
                exit
            }
        });
    let exit = match work.map(std::thread::JoinHandle::join) {
        Ok(Ok(exit)) => exit,
        // The panic's own message is on standard error already.
        Ok(Err(_)) => return ExitCode::from(101),
        Err(error) => {
            Console::of_process().trouble(&Trouble::new(format!("cannot start: {error}")));
            Exit::Usage
        }
    };
    ExitCode::from(exit as u8)
}

fn dispatch(args: Args, console: Console) -> Result<Exit, Trouble> {
    Ok(match args.command {
        Some(Command::Run { files }) => script::run_files(&files, console),
        Some(Command::Check { files }) => script::check_files(&files, console),
        Some(Command::Fmt { check, files }) => fmt::fmt(&files, check, console),
        Some(Command::Trace(trace)) => trace::trace(&trace, console)?,
        Some(Command::Bench(bench)) => bench::bench(&bench, console)?,
        Some(Command::Tokens { from, rules }) => tokens::tokens(&rules, from, console)?,
        Some(Command::Help { topic }) => help::help(topic.as_deref(), console),
        Some(Command::Completions { shell }) => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "nos", &mut text);
            console.bytes(&text);
            Exit::Success
        }
        None => match args.code {
            Some(code) => script::run_text("-e", &code, None, console),
            None if !args.files.is_empty() => script::run_files(&args.files, console),
            None if io::stdin().is_terminal() => crate::repl::run(console)?,
            None => script::run_files(&["-".into()], console),
        },
    })
}
