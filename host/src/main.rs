//! The `sandglass` program; see [`sandglass::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    sandglass::cli::main()
}
