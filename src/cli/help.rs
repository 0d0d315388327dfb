//! `nos help`: what names, operators and codes mean.

use super::args::Args;
use super::{Console, Exit, Trouble};
use crate::context::Context;
use crate::diagnostic::{CODES, suggest};
use clap::CommandFactory;

/// Explains a topic, or the command line where there is none.
pub(super) fn help(topic: Option<&str>, console: Console) -> Exit {
    let mut command = Args::command();
    let Some(topic) = topic.filter(|topic| !matches!(*topic, "-h" | "--help")) else {
        console.show(&command.render_long_help().to_string());
        return Exit::Success;
    };
    command.build();
    let subcommand = command.find_subcommand_mut(topic);
    let context = Context::new();
    match (context.help(topic), subcommand) {
        (Some(text), None) => console.show(&text),
        (Some(text), Some(_)) => {
            console.show(&format!(
                "{text}\nThe command of that name: nos {topic} --help\n"
            ));
        }
        (None, Some(subcommand)) => console.show(&subcommand.render_long_help().to_string()),
        (None, None) => {
            console.trouble(&unknown(topic, &context, &command));
            return Exit::Wrong;
        }
    }
    Exit::Success
}

fn unknown(topic: &str, context: &Context, command: &clap::Command) -> Trouble {
    let names = context.names();
    let candidates = names
        .iter()
        .map(|info| info.name.as_str())
        .chain(CODES.iter().map(|row| row.name))
        .chain(command.get_subcommands().map(clap::Command::get_name));
    let help = suggest(topic, candidates).map_or_else(
        || {
            "give a name such as `powersign`, an operator such as `@`, or a code such as E0301"
                .to_owned()
        },
        |name| format!("did you mean `{name}`?"),
    );
    Trouble::new(format!("no help on `{topic}`")).help(help)
}
