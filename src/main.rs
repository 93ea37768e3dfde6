//! Passes the command line to the library, and ends with the code that it returns.

fn main() -> std::process::ExitCode {
    capr::cli::run(std::env::args_os())
}
