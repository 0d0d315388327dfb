//! The prompt in a real pseudo-terminal.
//!
//! A test types and then waits for text that only the answer holds, never for a time; the limit is there for the day it hangs.
//! Keys are only sent once the prompt is there, and a prompt is only trusted after an answer: the editor draws it again with
//! every key, and drops what was typed ahead of it.

use rexpect::process::{Signal, WaitStatus};
use rexpect::session::{PtySession, spawn_command};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const LIMIT_MS: u64 = 60_000;
const TAB: &str = "\t";
const UP: &str = "\x1b[A";

struct Prompt {
    session: PtySession,
    folder: TempDir,
}

impl Prompt {
    /// A prompt without colours in a scratch folder, ready for keys.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let history = folder.path().join("history");
        let session = spawn(folder.path(), &history, false);
        let mut prompt = Self { session, folder };
        prompt.expect("nos> ");
        prompt
    }

    /// Types keys.
    fn keys(&mut self, keys: &str) {
        self.session.send(keys).unwrap();
        self.session.flush().unwrap();
    }

    /// Types a line and Enter.
    fn line(&mut self, line: &str) {
        self.keys(line);
        self.keys("\r");
    }

    /// Waits for a text.
    #[track_caller]
    fn expect(&mut self, text: &str) -> String {
        self.session
            .exp_string(text)
            .unwrap_or_else(|error| panic!("expected {text:?}: {error}"))
    }

    /// Types a line, waits for a line of its answer and for the next prompt.
    #[track_caller]
    fn ask(&mut self, line: &str, answer: &str) {
        self.line(line);
        self.expect(&format!("\n{answer}"));
        self.expect("nos> ");
    }

    #[track_caller]
    fn leave(&mut self) {
        self.session.send_control('d').unwrap();
        self.ends();
    }

    #[track_caller]
    fn ends(&mut self) {
        self.session.exp_eof().unwrap();
        let status = self.session.process().wait().unwrap();
        assert!(matches!(status, WaitStatus::Exited(_, 0)), "{status:?}");
    }
}

fn spawn(folder: &Path, history: &Path, is_colourful: bool) -> PtySession {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nos"));
    command
        .current_dir(folder)
        .env("NOS_HISTORY", history)
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR");
    if !is_colourful {
        command.env("NO_COLOR", "1");
    }
    spawn_command(command, Some(LIMIT_MS)).unwrap()
}

#[test]
fn values_are_shown_and_errors_change_nothing() {
    let mut prompt = Prompt::new();
    prompt.ask("let a = 40", "");
    prompt.ask("a + 2", "42");
    prompt.ask("sgin(g)", "error[E0301]: unknown name `sgin`");
    prompt.line("let b = [1][7]");
    prompt.expect("repl:4:1");
    prompt.expect("nos> ");
    prompt.ask("b", "error[E0301]");
    prompt.ask("a + 3", "43");
    prompt.leave();
}

#[test]
fn unfinished_input_goes_on() {
    let mut prompt = Prompt::new();
    prompt.ask("let a = (1 +\r41); a * 1000", "42000");
    prompt.ask("a", "42");
    // Enter on an empty line asks for the report on what is there.
    prompt.keys("(1 +\r\r");
    prompt.expect("error[E02");
    prompt.expect("nos> ");
    prompt.ask("a + 1", "43");
    prompt.leave();
}

#[test]
fn control_c_drops_the_line() {
    let mut prompt = Prompt::new();
    prompt.keys("oops +");
    prompt.expect("oops +");
    prompt.session.send_control('c').unwrap();
    prompt.expect("nos> ");
    prompt.ask("40 + 2", "42");
    prompt.leave();
}

#[test]
fn control_c_stops_the_job_and_not_the_prompt() {
    let mut prompt = Prompt::new();
    prompt.line("bench([sgd], on: rosenbrock, steps: 1e9, lr: [1e-9])");
    // The progress bar shows that the job is under way.
    prompt.expect(" %  ");
    prompt.session.send_control('c').unwrap();
    prompt.expect("nos> ");
    prompt.ask("40 + 2", "42");
    prompt.leave();
}

#[test]
fn control_c_in_a_script_keeps_what_is_done() {
    let args = [
        "bench",
        "sgd",
        "--on",
        "rosenbrock",
        "--steps",
        "1000000000",
        "--lr",
        "1e-9",
    ];
    let mut command = Command::new(env!("CARGO_BIN_EXE_nos"));
    command.args(args).env("TERM", "xterm-256color");
    let mut session = spawn_command(command, Some(LIMIT_MS)).unwrap();
    session.exp_string(" %  ").unwrap();
    session.send_control('c').unwrap();
    session.exp_string("rosenbrock from (-2, 2)").unwrap();
    session.exp_eof().unwrap();
    let status = session.process().wait().unwrap();
    assert!(matches!(status, WaitStatus::Exited(_, 1)), "{status:?}");
}

#[test]
fn bytes_that_are_no_text_lose_the_line_only() {
    use std::io::Write;
    let mut prompt = Prompt::new();
    prompt.ask("let a = 40", "");
    let mut terminal = prompt.session.process().get_file_handle().unwrap();
    terminal.write_all(b"\xff\xfe").unwrap();
    prompt.expect("not UTF-8 text");
    prompt.expect("nos> ");
    prompt.ask("a + 2", "42");
    prompt.leave();
}

#[test]
fn tab_completes_names_and_named_arguments() {
    let mut prompt = Prompt::new();
    prompt.keys("powersi");
    prompt.keys(TAB);
    prompt.expect("powersign");
    prompt.keys("(ba");
    prompt.keys(TAB);
    prompt.expect("base: ");
    prompt.line("2)");
    prompt.expect("\n");
    prompt.expect("2^(sign(g) * sign(m)) * g");
    prompt.expect("nos> ");
    // Several names fit: they are listed with their types.
    prompt.keys("sig");
    prompt.keys(TAB);
    prompt.expect("sigmoid : ");
    prompt.expect("sign : ");
    prompt.expect("nos> sig");
    prompt.session.send_control('c').unwrap();
    prompt.expect("\n");
    prompt.expect("nos> ");
    prompt.keys(":ti");
    prompt.keys(TAB);
    prompt.expect(":time");
    prompt.line(" 40 + 2");
    prompt.expect("\n42");
    prompt.expect("took ");
    prompt.expect("nos> ");
    prompt.leave();
}

#[test]
fn history_outlives_a_killed_session() {
    let mut prompt = Prompt::new();
    prompt.ask("let answer = (40 +\r2); answer * 1000", "42000");
    prompt.ask("answer", "42");
    prompt.session.process_mut().kill(Signal::SIGKILL).unwrap();
    let history = prompt.folder.path().join("history");
    prompt.session = spawn(prompt.folder.path(), &history, false);
    prompt.expect("nos> ");
    prompt.ask("answer", "error[E0301]");
    // The entry before `answer`, in its two lines.
    prompt.keys(UP);
    prompt.expect("answer");
    prompt.keys(UP);
    prompt.expect("let answer");
    prompt.ask("", "42000");
    prompt.ask("answer + 1", "43");
    prompt.leave();
}

#[test]
fn history_that_cannot_be_written_stays_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    // A file is no folder, for any user.
    std::fs::write(folder.path().join("file"), "").unwrap();
    let history = folder.path().join("file/history");
    let mut prompt = Prompt {
        session: spawn(folder.path(), &history, false),
        folder,
    };
    prompt.expect("nos> ");
    prompt.ask("40 + 2", "42");
    prompt.keys(UP);
    prompt.expect("40 + 2");
    prompt.keys("\r");
    prompt.expect("\n42");
    prompt.expect("nos> ");
    prompt.leave();
}

#[test]
fn saved_inputs_load_again() {
    let mut prompt = Prompt::new();
    prompt.ask("let a = 40", "");
    prompt.ask("let a = oops", "error[E0301]");
    prompt.ask("fn f(x) =\rx + a; f(1000)", "1040");
    prompt.ask(":save kept.nos", "2 inputs saved to kept.nos");
    assert_eq!(
        std::fs::read_to_string(prompt.folder.path().join("kept.nos")).unwrap(),
        "let a = 40\nfn f(x) =\nx + a; f(1000)\n"
    );
    prompt.ask(":reset", "");
    prompt.ask("f(2)", "error[E0301]");
    prompt.ask(":load kept.nos", "");
    prompt.ask("f(2)", "42");
    prompt.ask(
        ":load missing.nos",
        "error: cannot read `missing.nos`: there is no such file or folder",
    );
    prompt.ask(
        ":save no/such/file.nos",
        "error: cannot write `no/such/file.nos`: there is no such file or folder",
    );
    prompt.leave();
}

#[test]
fn commands_answer() {
    let mut prompt = Prompt::new();
    prompt.ask(":type sign(g) * m", "Tensor[*]");
    prompt.ask(":list", "nothing defined yet");
    prompt.ask(
        "## Twice the gradient.\rrule twice = 2 * g; twice",
        "twice = 2 * g",
    );
    prompt.ask(":list", "twice : ");
    prompt.ask(":doc twice", "Twice the gradient.");
    prompt.ask(":help twice", "twice : ");
    prompt.ask(":help", "Type a rule");
    prompt.ask(":help E0301", "E0301");
    prompt.ask(":help :save", "  :save file");
    prompt.ask(
        ":help powersing",
        "error: no help on `powersing`; did you mean `powersign`?",
    );
    prompt.ask(
        ":tpye 1",
        "error: unknown command `:tpye`; did you mean `:type`?",
    );
    prompt.ask(":type", "error: write `:type expr`");
    prompt.ask(":reset now", "error: `:reset` takes nothing");
    prompt.line(":quit");
    prompt.ends();
}

#[test]
fn what_is_typed_is_coloured_by_class() {
    let folder = tempfile::tempdir().unwrap();
    let mut prompt = Prompt {
        session: spawn(folder.path(), &folder.path().join("history"), true),
        folder,
    };
    prompt.expect("nos>");
    prompt.keys("let a = 1");
    prompt.expect("\x1b[1;35mlet\x1b[0m a = \x1b[36m1\x1b[0m");
    prompt.keys("\r");
    prompt.expect("\n");
    prompt.expect("nos>");
    prompt.keys("powersi");
    // The hint is dim.
    prompt.expect("\x1b[2mgn\x1b[0m");
    prompt.session.send_control('c').unwrap();
    prompt.expect("nos>");
    prompt.leave();
}

#[test]
fn known_rules_in_other_words_are_named() {
    let mut prompt = Prompt::new();
    prompt.line("rule mine = 5^(sign(m) * sign(g)) * g");
    prompt.expect("\n  this is powersign with base 5");
    prompt.expect("nos> ");
    prompt.line("3 * g");
    prompt.expect("Tensor[*]");
    prompt.expect("\n  equal to sgd up to learning rate: 3 times");
    prompt.expect("nos> ");
    // Nothing is said of a standard name, nor of what equals none.
    prompt.line("sgd");
    let echo = prompt.expect("nos> ");
    assert!(!echo.contains("equal"), "{echo:?}");
    prompt.ask("tanh(g)", "tanh(g)");
    prompt.leave();
}
