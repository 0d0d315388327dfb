//! The prompt: lines in, values and diagnostics out, until Ctrl-D.
//!
//! rustyline edits the line; what makes it know the language is in `helper`. Lines that start with `:` are commands and speak
//! about the session; all others are pieces of a program, named `repl:1`, `repl:2`, … in diagnostics. An input that fails
//! changes nothing, because `Context::run` rolls back.

mod command;
mod complete;
mod helper;
mod highlight;
mod hint;
mod history;
mod names;
mod session;

use crate::cli::{Exit, Failure, OutsideArgs, colour, complain, say};
use helper::NosHelper;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{ColorMode, CompletionType, Config, Editor};
use session::{Next, Session};
use std::io;

/// What stands before each input.
const PROMPT: &str = "nos> ";

/// The same in colour.
const PROMPT_IN_COLOUR: &str = "\x1b[1;36mnos>\x1b[0m ";

/// Runs the prompt on this terminal until the user leaves.
pub(crate) fn repl(outside: &OutsideArgs) -> Result<Exit, Failure> {
    let is_colourful = colour(&io::stdout());
    let mut session = Session::new(outside);
    let mut editor = editor(&session, is_colourful)
        .map_err(|error| Failure::Usage(format!("cannot use the terminal: {error}")))?;
    let history = history::path();
    if let Some(path) = &history {
        // No history yet, or none that can be read: the session starts without.
        let _ = editor.load_history(path);
    }
    say(&format!(
        "nos {}: update rules of neural-network optimizers. `:help` explains, Ctrl-D leaves.",
        env!("CARGO_PKG_VERSION")
    ))?;
    loop {
        match editor.readline(&(
            PROMPT,
            if is_colourful {
                PROMPT_IN_COLOUR
            } else {
                PROMPT
            },
        )) {
            Ok(line) => {
                let input = line.trim();
                if input.is_empty() {
                    continue;
                }
                // Before it runs, so that it is kept whatever happens then.
                let _ = editor.add_history_entry(line.trim_end());
                if let Some(path) = &history {
                    // Where it cannot be written the history lasts as long as the session.
                    let _ = editor.append_history(path);
                }
                if session.take(input)? == Next::Leave {
                    return Ok(Exit::Done);
                }
            }
            Err(ReadlineError::Interrupted) => {}
            // Bytes that are no text, such as a paste in another encoding: the line is lost, the session is not.
            Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                complain("what was typed is not UTF-8 text");
            }
            Err(ReadlineError::Eof) => return Ok(Exit::Done),
            Err(error) => {
                complain(&format!("cannot read the terminal: {error}"));
                return Ok(Exit::Unusable);
            }
        }
    }
}

fn editor(
    session: &Session,
    is_colourful: bool,
) -> rustyline::Result<Editor<NosHelper, FileHistory>> {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .completion_show_all_if_ambiguous(true)
        .color_mode(if is_colourful {
            ColorMode::Enabled
        } else {
            ColorMode::Disabled
        })
        .max_history_size(history::SIZE)?
        .history_ignore_dups(true)?
        .build();
    let mut editor = Editor::with_config(config)?;
    editor.set_helper(Some(NosHelper::new(session.names(), is_colourful)));
    Ok(editor)
}
