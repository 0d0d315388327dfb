//! The prompt.
//!
//! One [`Context`] lives as long as the session; an entry that fails leaves it as it was, so the prompt is always safe to
//! try things at. Editing, history and drawing are rustyline's; what to colour, complete and hint is computed by plain
//! functions over the tokens of the line.

mod command;
mod complete;
mod helper;
mod history;

use crate::cli::{Console, Exit, Interrupt, Terminal, Trouble};
use crate::context::{Context, Input, NameInfo};
use crate::syntax::token::KEYWORDS;
use helper::LineHelper;
use rustyline::config::Configurer;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Cmd, ColorMode, CompletionType, Config, Editor, KeyCode, KeyEvent, Modifiers};
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

/// What the prompt looks like.
const PROMPT: &str = "nos> ";

/// The names that can be completed, kept up to date after each entry.
type Known = Rc<RefCell<Vec<NameInfo>>>;

/// What the commands of the prompt work on.
struct Session {
    context: Context,
    console: Console,
    host: Terminal,
    known: Known,
    /// The entries that succeeded, for `:save`.
    kept: Vec<String>,
    /// How many entries there were.
    count: usize,
}

/// Whether the prompt comes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Flow {
    Continue,
    Quit,
}

/// Reads entries from the terminal and runs them, until the user leaves.
///
/// # Errors
/// The terminal cannot be used.
pub fn run(console: Console) -> Result<Exit, Trouble> {
    Interrupt::has_prompt();
    let mut session = Session::new(console);
    let mut editor = editor(console, &session.known).map_err(|error| broken(&error))?;
    let history = history::open(&mut editor);
    console.show(&format!(
        "nos {}: a language for update rules. :help for help, Ctrl-D to leave.",
        env!("CARGO_PKG_VERSION")
    ));
    let styled = format!("\x1b[1;32m{PROMPT}\x1b[0m");
    loop {
        let entry = match editor.readline(&(PROMPT, styled.as_str())) {
            Ok(entry) => entry,
            Err(ReadlineError::Interrupted | ReadlineError::Signal(_)) => continue,
            Err(ReadlineError::Eof) => return Ok(Exit::Success),
            Err(ReadlineError::Io(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
                console.trouble(&Trouble::new("what was typed is not UTF-8 text"));
                continue;
            }
            Err(error) => return Err(broken(&error)),
        };
        if entry.trim().is_empty() {
            continue;
        }
        if editor.add_history_entry(entry.trim_end()).unwrap_or(false)
            && let Some(path) = &history
        {
            // Where the file cannot be written the history lasts as long as the session.
            let _ = editor.append_history(path);
        }
        if session.enter(&entry) == Flow::Quit {
            return Ok(Exit::Success);
        }
    }
}

fn broken(error: &ReadlineError) -> Trouble {
    Trouble::new(format!("cannot use the terminal: {error}"))
        .help("run a script instead: `nos FILE`, or `nos -` for standard input")
}

fn editor(console: Console, known: &Known) -> rustyline::Result<Editor<LineHelper, FileHistory>> {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .max_history_size(10_000)?
        .build();
    let mut editor = Editor::with_config(config)?;
    editor.set_color_mode(if console.colour {
        ColorMode::Enabled
    } else {
        ColorMode::Disabled
    });
    editor.set_helper(Some(LineHelper::new(Rc::clone(known), console.colour)));
    editor.bind_sequence(KeyEvent(KeyCode::Enter, Modifiers::ALT), Cmd::Newline);
    Ok(editor)
}

impl Session {
    fn new(console: Console) -> Self {
        let session = Self {
            context: Context::new(),
            console,
            host: Terminal::new(console),
            known: Known::default(),
            kept: Vec::new(),
            count: 0,
        };
        session.learn();
        session
    }

    /// Brings the names for completion up to date.
    fn learn(&self) {
        let mut names = self.context.names();
        names.extend(KEYWORDS.iter().map(|word| NameInfo {
            name: (*word).to_owned(),
            kind: "keyword",
            ty: "keyword".to_owned(),
            summary: String::new(),
            is_user: false,
            params: Vec::new(),
        }));
        names.sort_by(|a, b| a.name.cmp(&b.name));
        *self.known.borrow_mut() = names;
    }

    fn enter(&mut self, entry: &str) -> Flow {
        if let Some(command) = entry.trim_start().strip_prefix(':') {
            return command::run(self, command);
        }
        self.evaluate(entry);
        Flow::Continue
    }

    /// A name for the next entry, under which its diagnostics appear.
    fn next_name(&mut self) -> String {
        self.count += 1;
        format!("repl:{}", self.count)
    }

    /// Runs an entry and shows what comes of it.
    fn evaluate(&mut self, text: &str) -> bool {
        let name = self.next_name();
        self.evaluate_as(&name, text, None)
    }

    fn evaluate_as(&mut self, name: &str, text: &str, path: Option<&Path>) -> bool {
        let (context, host) = (&mut self.context, &mut self.host);
        let outcome = Interrupt::during(|| context.run(name, text, path, Input::Prompt, host));
        Interrupt::forget();
        self.host.rest();
        self.console
            .diagnostics(&outcome.diagnostics, self.context.sources());
        if outcome.is_ok() {
            self.kept.push(text.trim_end().to_owned());
            self.learn();
        }
        outcome.is_ok()
    }
}
