//! The program `nos`.
//!
//! All of it is in the library, where tests and other hosts reach it too.

fn main() -> std::process::ExitCode {
    nos::cli::main()
}
