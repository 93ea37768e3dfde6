//! Hands what was typed to the library, and ends with the code it gives.

fn main() -> std::process::ExitCode {
    capr::cli::run(std::env::args_os())
}
