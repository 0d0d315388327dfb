//! The commands of the prompt: one table for running, help and completion.

use super::{Flow, Session};
use crate::cli::{Trouble, write_file};
use crate::context::{Context, NameInfo};
use crate::diagnostic::{CODES, suggest};
use crate::eval::reason;
use rustyline::completion::Pair;
use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// A command of the prompt.
struct Command {
    name: &'static str,
    aliases: &'static [&'static str],
    /// What stands after it, for help; empty where nothing does.
    args: &'static str,
    help: &'static str,
    run: fn(&mut Session, &str) -> Flow,
}

#[rustfmt::skip] // a table reads better with one row a command
const COMMANDS: &[Command] = &[
    Command { name: "help", aliases: &["h", "?"], args: "[NAME]", help: "explains a name, an operator, a code or a command", run: help },
    Command { name: "type", aliases: &["t"], args: "EXPR", help: "the type of an expression, without running it", run: type_of },
    Command { name: "list", aliases: &["l"], args: "[TEXT]", help: "everything that can be named, or what contains a text", run: list },
    Command { name: "doc", aliases: &["d"], args: "NAME", help: "the documentation of a name", run: doc },
    Command { name: "load", aliases: &[], args: "FILE", help: "runs a file as if it were typed here", run: load },
    Command { name: "save", aliases: &[], args: "FILE", help: "writes the entries that succeeded into a file", run: save },
    Command { name: "reset", aliases: &[], args: "", help: "forgets all definitions", run: reset },
    Command { name: "time", aliases: &[], args: "EXPR", help: "runs an entry and says how long it took", run: time },
    Command { name: "quit", aliases: &["q", "exit"], args: "", help: "leaves, as Ctrl-D does", run: |_, _| Flow::Quit },
];

impl Command {
    fn is(&self, word: &str) -> bool {
        self.name == word || self.aliases.contains(&word)
    }

    fn head(&self) -> String {
        format!(":{} {}", self.name, self.args)
            .trim_end()
            .to_owned()
    }
}

/// Runs a command, given without its colon.
pub(super) fn run(session: &mut Session, line: &str) -> Flow {
    let line = line.trim();
    let (word, rest) = line
        .split_once(char::is_whitespace)
        .map_or((line, ""), |(word, rest)| (word, rest.trim()));
    let Some(command) = COMMANDS.iter().find(|command| command.is(word)) else {
        let names = COMMANDS.iter().map(|command| command.name);
        let help = suggest(word, names).map_or_else(
            || "`:help` lists the commands".to_owned(),
            |name| format!("did you mean `:{name}`?"),
        );
        session.trouble(format!("unknown command `:{word}`"), help);
        return Flow::Continue;
    };
    let needs_more = !command.args.is_empty() && !command.args.starts_with('[');
    if (needs_more && rest.is_empty()) || (command.args.is_empty() && !rest.is_empty()) {
        let message = if rest.is_empty() {
            format!("`:{}` needs something after it", command.name)
        } else {
            format!("`:{}` takes nothing after it", command.name)
        };
        session.trouble(message, format!("write `{}`", command.head()));
        return Flow::Continue;
    }
    (command.run)(session, rest)
}

/// The commands that start with a word, colon and all.
pub(super) fn completions(word: &str) -> Vec<Pair> {
    let fitting = COMMANDS.iter().filter(|command| {
        word.strip_prefix(':')
            .is_some_and(|word| command.name.starts_with(word))
    });
    fitting
        .map(|command| {
            let space = if command.args.is_empty() { "" } else { " " };
            Pair {
                display: format!("{:14}  {}", command.head(), command.help),
                replacement: format!(":{}{space}", command.name),
            }
        })
        .collect()
}

/// Whether what follows a command, colon and all, is a file.
pub(super) fn takes_file(word: &str) -> bool {
    COMMANDS.iter().any(|command| {
        command.args == "FILE" && word.strip_prefix(':').is_some_and(|word| command.is(word))
    })
}

impl Session {
    fn trouble(&self, message: impl Into<String>, help: impl Into<String>) {
        self.console.trouble(&Trouble::new(message).help(help));
    }

    fn file_trouble(&self, what: &str, file: &str, error: &std::io::Error) {
        let message = format!("cannot {what} `{file}`: {}", reason(error));
        self.console.trouble(&Trouble::new(message));
    }
}

fn help(session: &mut Session, topic: &str) -> Flow {
    let topic = topic.trim_matches('`');
    if topic.is_empty() {
        let mut text = session.context.help("").unwrap_or_default();
        text.push_str("\nCommands:\n");
        for command in COMMANDS {
            let _ = writeln!(text, "    {:14}  {}", command.head(), command.help);
        }
        text.push_str("\nTab completes names, Alt-Enter starts a new line, Ctrl-C stops a job, Ctrl-D leaves.\n");
        session.console.show(&text);
        return Flow::Continue;
    }
    if let Some(word) = topic.strip_prefix(':')
        && let Some(command) = COMMANDS.iter().find(|command| command.is(word))
    {
        session
            .console
            .show(&format!("{}: {}.", command.head(), command.help));
        return Flow::Continue;
    }
    match session.context.help(topic) {
        Some(text) => session.console.show(&text),
        None => session.unknown(topic),
    }
    Flow::Continue
}

impl Session {
    fn unknown(&self, topic: &str) {
        let names = self.context.names();
        let candidates = names.iter().map(|info| info.name.as_str());
        let help = suggest(topic, candidates.chain(CODES.iter().map(|row| row.name))).map_or_else(
            || "`:list` shows all names".to_owned(),
            |name| format!("did you mean `{name}`?"),
        );
        self.trouble(format!("no help on `{topic}`"), help);
    }
}

fn type_of(session: &mut Session, text: &str) -> Flow {
    let name = session.next_name();
    match session.context.type_of(&name, text) {
        Ok(ty) => session.console.show(&ty),
        Err(diagnostics) => session
            .console
            .diagnostics(&diagnostics, session.context.sources()),
    }
    Flow::Continue
}

fn list(session: &mut Session, part: &str) -> Flow {
    let names = session.context.names();
    let fits = |info: &&NameInfo| info.name.contains(part);
    let mut text = String::new();
    let groups: [(&str, &[&str]); 6] = [
        ("Rules", &["rule"]),
        ("Operands and constants", &["operand", "constant"]),
        ("Values", &["let"]),
        ("Test functions", &["objective"]),
        ("Functions", &["fn", "function"]),
        ("Yours", &[]),
    ];
    for (title, kinds) in groups {
        let rows: Vec<&NameInfo> = names
            .iter()
            .filter(|info| {
                if kinds.is_empty() {
                    info.is_user
                } else {
                    !info.is_user && kinds.contains(&info.kind)
                }
            })
            .filter(fits)
            .collect();
        if rows.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{}{title}:", if text.is_empty() { "" } else { "\n" });
        let widest = rows.iter().map(|info| info.name.chars().count()).max();
        for info in rows {
            let about = if info.summary.is_empty() {
                &info.ty
            } else {
                &info.summary
            };
            let width = widest.unwrap_or(0);
            let _ = writeln!(text, "    {:width$}  {about}", info.name);
        }
    }
    if text.is_empty() {
        session.trouble(format!("no name contains `{part}`"), "`:list` shows all");
    } else {
        session.console.show(&text);
    }
    Flow::Continue
}

fn doc(session: &mut Session, name: &str) -> Flow {
    match (session.context.doc(name), session.context.help(name)) {
        (Some(text), _) | (None, Some(text)) => session.console.show(&text),
        (None, None) => session.unknown(name),
    }
    Flow::Continue
}

fn load(session: &mut Session, file: &str) -> Flow {
    match std::fs::read(file).map(String::from_utf8) {
        Ok(Ok(text)) => {
            session.evaluate_as(file, &text, Some(Path::new(file)));
        }
        Ok(Err(_)) => session.trouble(
            format!("cannot read `{file}`: it is not UTF-8 text"),
            "save it as UTF-8",
        ),
        Err(error) => session.file_trouble("read", file, &error),
    }
    Flow::Continue
}

fn save(session: &mut Session, file: &str) -> Flow {
    let mut text = session.kept.join("\n");
    text.push('\n');
    match write_file(Path::new(file), text.as_bytes()) {
        Ok(()) => session.console.show(&format!("saved {file}")),
        Err(error) => session.file_trouble("write", file, &error),
    }
    Flow::Continue
}

fn reset(session: &mut Session, _: &str) -> Flow {
    session.context = Context::new();
    session.kept.clear();
    session.learn();
    Flow::Continue
}

fn time(session: &mut Session, text: &str) -> Flow {
    let start = Instant::now();
    if session.evaluate(text) {
        let took = start.elapsed();
        session.console.show(&format!("took {}", duration(took)));
    }
    Flow::Continue
}

/// A duration in three digits.
fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let (number, unit) = if seconds >= 1.0 {
        (seconds, "s")
    } else if seconds >= 1e-3 {
        (seconds * 1e3, "ms")
    } else {
        (seconds * 1e6, "µs")
    };
    let digits = if number >= 99.5 {
        0
    } else if number >= 9.95 {
        1
    } else {
        2
    };
    format!("{number:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_commands_share_a_word() {
        let mut words: Vec<&str> = COMMANDS
            .iter()
            .flat_map(|command| command.aliases.iter().chain([&command.name]))
            .copied()
            .collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
    }

    #[test]
    fn duration_has_three_digits() {
        assert_eq!(duration(Duration::from_micros(12)), "12.0 µs");
        assert_eq!(duration(Duration::from_micros(1234)), "1.23 ms");
        assert_eq!(duration(Duration::from_millis(250)), "250 ms");
        assert_eq!(duration(Duration::from_secs(75)), "75.0 s");
    }
}
