//! The program `nos-lab`: requests on standard input, events on standard output, a JSON object a line ([`nos::lab::message`]).
//!
//! `nos` starts it. Without a partner it is of little use, but it answers: `nos-lab --version` says which libtorch it has.

use nos_lab::{server::Server, torch};
use std::io::{self, Write};
use std::process::ExitCode;
use std::thread;

fn main() -> ExitCode {
    torch::be_patient();
    torch::keep_memory();
    let mut args = std::env::args().skip(1);
    if let Some(arg) = args.next() {
        let version = env!("CARGO_PKG_VERSION");
        let (text, code) = match arg.as_str() {
            "--version" | "-V" => (
                format!("nos-lab {version}, libtorch {}", torch::VERSION),
                ExitCode::SUCCESS,
            ),
            "--help" | "-h" => (USAGE.to_owned(), ExitCode::SUCCESS),
            other => (
                format!("error: `nos-lab` takes no argument `{other}`\n{USAGE}"),
                ExitCode::from(2),
            ),
        };
        // Whoever does not listen does not need it.
        let _ = if code == ExitCode::SUCCESS {
            writeln!(io::stdout(), "{text}")
        } else {
            writeln!(io::stderr(), "{text}")
        };
        return code;
    }
    let server = Server::new(io::stdout());
    server.greet();
    thread::scope(|scope| {
        scope.spawn(|| server.listen(io::stdin().lock()));
        // Tensors are made by the first thread alone, whose freed memory the allocator keeps.
        server.work();
    });
    ExitCode::SUCCESS
}

const USAGE: &str = "usage: nos-lab\n\nTrains networks for `nos`, which starts it: requests on standard input, events on standard output,\none JSON object a line. It ends when its input ends.";
