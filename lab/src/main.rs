//! The program `nos-lab`: requests on standard input, events on standard output, a JSON object a line ([`nos::lab::message`]).
//!
//! `nos` starts it. Without a partner it is of little use, but it answers: `nos-lab --version` says which libtorch it has.

use nos_lab::{server::Server, torch};
use std::io::{self, Write};
use std::process::ExitCode;
use std::thread;

fn main() -> ExitCode {
    be_patient();
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

/// Sees to it that threads of libtorch sleep while they wait for each other.
///
/// By default they spin for milliseconds, which on cores that others use as well makes a step four times as long: a thread that spins keeps the one it waits for
/// from running. The library of OpenMP reads the setting when it is loaded, before anything here runs, so the program starts itself again with it. Whoever
/// has set it already spares the second start.
fn be_patient() {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::process::CommandExt;
        let is_set = ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT"]
            .iter()
            .any(|name| std::env::var_os(name).is_some());
        if !is_set && let Ok(program) = std::env::current_exe() {
            // It only comes back where it fails; then spinning it is.
            let _ = std::process::Command::new(program)
                .args(std::env::args_os().skip(1))
                .env("OMP_WAIT_POLICY", "passive")
                .exec();
        }
    }
}

const USAGE: &str = "usage: nos-lab\n\nTrains networks for `nos`, which starts it: requests on standard input, events on standard output,\none JSON object a line. It ends when its input ends.";
