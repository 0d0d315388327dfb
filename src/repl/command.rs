//! The commands of the prompt, each once: parsing, `:help` and completion read this table.

use super::session::{Next, Session};
use crate::cli::{help::no_help, read_text, say, write_whole};
use crate::diagnostic::suggest;
use crate::eval::reason;
use std::fmt::Write;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// What a command's argument is, for completion and for telling that it is missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Argument {
    /// There is none.
    None,
    /// A name, which may be left out.
    MaybeName,
    /// A name.
    Name,
    /// An expression.
    Expression,
    /// A path.
    File,
}

impl Argument {
    /// As `:help` shows it.
    fn text(self) -> &'static str {
        match self {
            Self::None => "",
            Self::MaybeName => " [name]",
            Self::Name => " name",
            Self::Expression => " expr",
            Self::File => " file",
        }
    }
}

/// A command.
pub(super) struct Command {
    /// Its name, without the colon.
    pub(super) name: &'static str,
    /// Other names for it.
    pub(super) aliases: &'static [&'static str],
    /// What it takes.
    pub(super) argument: Argument,
    /// What it does.
    pub(super) help: &'static str,
    run: fn(&mut Session, &str) -> io::Result<Next>,
}

/// All commands.
#[rustfmt::skip] // One row a command.
pub(super) const COMMANDS: &[Command] = &[
    Command { name: "help", aliases: &["h", "?"], argument: Argument::MaybeName, help: "explains a name, an operator or a code such as E0301", run: help },
    Command { name: "type", aliases: &["t"], argument: Argument::Expression, help: "shows the type of an expression without running it", run: type_of },
    Command { name: "list", aliases: &["l"], argument: Argument::MaybeName, help: "lists your definitions; `:list all` those of the language too", run: list },
    Command { name: "doc", aliases: &["d"], argument: Argument::Name, help: "shows the documentation of a name as it was written", run: doc },
    Command { name: "load", aliases: &[], argument: Argument::File, help: "runs a file here", run: load },
    Command { name: "save", aliases: &[], argument: Argument::File, help: "writes the inputs that succeeded to a file", run: save },
    Command { name: "reset", aliases: &[], argument: Argument::None, help: "forgets all definitions", run: reset },
    Command { name: "time", aliases: &[], argument: Argument::Expression, help: "runs an expression and says how long it took", run: time },
    Command { name: "quit", aliases: &["q", "exit"], argument: Argument::None, help: "leaves, as Ctrl-D does", run: quit },
];

/// The command of a name or alias.
pub(super) fn by_name(name: &str) -> Option<&'static Command> {
    COMMANDS
        .iter()
        .find(|command| command.name == name || command.aliases.contains(&name))
}

/// Obeys a line after its colon.
pub(super) fn obey(session: &mut Session, line: &str) -> io::Result<Next> {
    let (name, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let argument = argument.trim();
    let Some(command) = by_name(name) else {
        let meant = suggest(name, COMMANDS.iter().map(|command| command.name)).map_or_else(
            || "`:help` lists them".to_owned(),
            |name| format!("did you mean `:{name}`?"),
        );
        Session::complain(&format!("unknown command `:{name}`; {meant}"));
        return Ok(Next::Prompt);
    };
    match command.argument {
        Argument::None if !argument.is_empty() => {
            Session::complain(&format!(
                "`:{}` takes nothing, found `{argument}`",
                command.name
            ));
        }
        Argument::Name | Argument::Expression | Argument::File if argument.is_empty() => {
            Session::complain(&format!(
                "write `:{}{}`",
                command.name,
                command.argument.text()
            ));
        }
        Argument::None
        | Argument::MaybeName
        | Argument::Name
        | Argument::Expression
        | Argument::File => {
            return (command.run)(session, argument);
        }
    }
    Ok(Next::Prompt)
}

fn help(session: &mut Session, topic: &str) -> io::Result<Next> {
    if topic.is_empty() {
        say(&overview())?;
    } else if let Some(command) = topic.strip_prefix(':').and_then(by_name) {
        say(&row(command))?;
    } else if let Some(text) = session.context.help(topic) {
        say(&text)?;
    } else {
        Session::complain(&no_help(topic, &session.context, &[]));
    }
    Ok(Next::Prompt)
}

fn overview() -> String {
    let mut text = String::from(
        "Type a rule, such as `sign(g) * m`, to see it; `bench([it], on: rosenbrock)` races it.\nTab completes, an unfinished input goes on in the next line, Ctrl-C drops it.\n\n",
    );
    for command in COMMANDS {
        text.push_str(&row(command));
    }
    text
}

fn row(command: &Command) -> String {
    let mut line = format!(
        "  {:16}{}",
        format!(":{}{}", command.name, command.argument.text()),
        command.help
    );
    if !command.aliases.is_empty() {
        let names: Vec<String> = command
            .aliases
            .iter()
            .map(|alias| format!(":{alias}"))
            .collect();
        let _ = write!(line, " ({})", names.join(", "));
    }
    line + "\n"
}

fn type_of(session: &mut Session, text: &str) -> io::Result<Next> {
    let name = session.next_name();
    match session.context.type_of(&name, text) {
        Ok(ty) => say(&ty)?,
        Err(problems) => session.report(&problems),
    }
    Ok(Next::Prompt)
}

fn list(session: &mut Session, which: &str) -> io::Result<Next> {
    if !matches!(which, "" | "all") {
        Session::complain("write `:list` or `:list all`; `:help name` explains one name");
        return Ok(Next::Prompt);
    }
    let mut text = String::new();
    for info in session.context.names() {
        if info.is_user || which == "all" {
            let _ = write!(text, "{} : {}", info.name, info.ty);
            let _ = if info.summary.is_empty() {
                writeln!(text)
            } else {
                writeln!(text, "  # {}", info.summary)
            };
        }
    }
    if text.is_empty() {
        text.push_str("nothing defined yet; `:list all` lists the language and its library\n");
    }
    say(&text)?;
    Ok(Next::Prompt)
}

fn doc(session: &mut Session, name: &str) -> io::Result<Next> {
    let text = session.context.doc(name).or_else(|| {
        let info = session
            .context
            .names()
            .into_iter()
            .find(|info| info.name == name)?;
        Some(if info.summary.is_empty() {
            format!("`{name}` has no documentation")
        } else {
            info.summary
        })
    });
    match text {
        Some(text) => say(&text)?,
        None => Session::complain(&no_help(name, &session.context, &[])),
    }
    Ok(Next::Prompt)
}

fn load(session: &mut Session, file: &str) -> io::Result<Next> {
    match read_text(Path::new(file)) {
        Ok(text) => {
            session.run_as(file, &text, Some(Path::new(file)))?;
        }
        Err(message) => Session::complain(&message),
    }
    Ok(Next::Prompt)
}

fn save(session: &mut Session, file: &str) -> io::Result<Next> {
    let mut text = String::new();
    for input in &session.inputs {
        text.push_str(input.trim_end());
        text.push('\n');
    }
    match write_whole(Path::new(file), text.as_bytes()) {
        Ok(()) => {
            let count = session.inputs.len();
            let plural = if count == 1 { "" } else { "s" };
            say(&format!("{count} input{plural} saved to {file}"))?;
        }
        Err(error) => Session::complain(&format!("cannot write `{file}`: {}", reason(&error))),
    }
    Ok(Next::Prompt)
}

fn reset(session: &mut Session, _: &str) -> io::Result<Next> {
    session.reset();
    say("all definitions forgotten")?;
    Ok(Next::Prompt)
}

fn time(session: &mut Session, text: &str) -> io::Result<Next> {
    let began = Instant::now();
    if session.run(text)? {
        say(&format!("took {}", duration(began.elapsed())))?;
    }
    Ok(Next::Prompt)
}

/// A duration with three digits.
fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let (value, unit) = if seconds >= 1.0 {
        (seconds, "s")
    } else if seconds >= 1e-3 {
        (seconds * 1e3, "ms")
    } else {
        (seconds * 1e6, "µs")
    };
    let digits = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.digits$} {unit}")
}

#[allow(clippy::unnecessary_wraps, reason = "as all commands of the table")]
fn quit(_: &mut Session, _: &str) -> io::Result<Next> {
    Ok(Next::Leave)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_names_are_unique() {
        let mut names: Vec<&str> = COMMANDS
            .iter()
            .flat_map(|command| {
                [command.name]
                    .into_iter()
                    .chain(command.aliases.iter().copied())
            })
            .collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn duration_has_three_digits() {
        let text: Vec<String> = [2.0, 0.0123, 0.1234, 4.5e-6]
            .map(|seconds| duration(Duration::from_secs_f64(seconds)))
            .into();
        assert_eq!(text, ["2.00 s", "12.3 ms", "123 ms", "4.50 µs"]);
    }
}
