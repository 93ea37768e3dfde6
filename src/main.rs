//! Passes the command line to the library, and ends with the code that it returns.

/// Hands out the memory in place of musl's own allocator, which takes several times as long.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> std::process::ExitCode {
    capr::cli::run(std::env::args_os())
}
