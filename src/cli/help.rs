//! `nos help` and `nos completions`.

use super::args::Args;
use super::{Exit, Failure, complain, say};
use crate::context::Context;
use crate::diagnostic::{CODES, suggest};
use clap::CommandFactory;
use clap_complete::Shell;
use std::fmt::Write;

/// Explains a name, an operator or a diagnostic code; without one, the command line.
pub(super) fn help(topic: Option<&str>) -> Result<Exit, Failure> {
    let mut command = Args::command();
    let Some(topic) = topic else {
        say(&command.render_help().to_string())?;
        return Ok(Exit::Done);
    };
    let context = Context::new();
    let mut text = context
        .help(topic)
        .filter(|_| !topic.trim().is_empty())
        .unwrap_or_default();
    // Some words are subcommands and names of the language alike, such as `trace`.
    if let Some(sub) = command.find_subcommand_mut(topic) {
        if text.is_empty() {
            text = sub
                .clone()
                .bin_name(format!("nos {topic}"))
                .render_help()
                .to_string();
        } else {
            let _ = write!(text, "\nThe command of that name: nos {topic} --help\n");
        }
    }
    if text.is_empty() {
        let commands: Vec<&str> = command
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        complain(&no_help(topic, &context, &commands));
        return Ok(Exit::Wrong);
    }
    say(&text)?;
    Ok(Exit::Done)
}

/// Says that there is no help, and what was probably meant.
pub(crate) fn no_help(topic: &str, context: &Context, commands: &[&str]) -> String {
    let names = context.names();
    let known = names
        .iter()
        .map(|info| info.name.as_str())
        .chain(CODES.iter().map(|row| row.name))
        .chain(commands.iter().copied());
    let meant =
        suggest(topic, known).map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
    format!("no help on `{topic}`{meant}")
}

/// Prints a completion script.
pub(super) fn completions(shell: Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "nos", &mut script);
    say(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
