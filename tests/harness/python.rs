use std::path::PathBuf;
use std::process::Command;

use super::servers::{once, run};

/// What Python's guest SDK and what is written with it are tested with, in the environment `guest-1`.
pub const GUEST_TOOLS: &[&str] = &["pytest==9.2.0", "mypy==2.4.1"];

/// A Python with these packages, installed once into the user's cache, in a folder that other packages have another name for.
pub fn python(name: &str, packages: &[&str]) -> PathBuf {
    let folder = once(&format!("python-{name}"), |folder| {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder));
        run(Command::new(folder.join("bin/python"))
            .args(["-m", "pip", "install", "-q"])
            .args(packages));
    });
    folder.join("bin/python")
}
