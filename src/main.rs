//! The program `nos`.

fn main() -> std::process::ExitCode {
    nos::cli::main()
}
