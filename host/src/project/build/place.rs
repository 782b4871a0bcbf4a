use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{BuildError, Need};

/// Where sources are, and how what happens to them is told.
pub(super) struct Place<'a> {
    /// As it is written in the definitions.
    pub(super) path: &'a str,
    /// From here.
    pub(super) folder: PathBuf,
    /// Whether what compilers say is kept for the error, instead of shown as they say it.
    pub(super) quiet: bool,
}

impl Place<'_> {
    /// Says what is done, unless nobody wants to know.
    pub(super) fn tell(&self, what: &str) {
        if !self.quiet {
            eprintln!("{what}");
        }
    }

    /// Runs a compiler, or what installs one, to its end, and answers what it wrote to stdout. Its stderr, with colours and file names, is
    /// the user's own.
    pub(super) fn run(&self, name: &str, mut command: Command, need: &Need) -> Result<Vec<u8>, BuildError> {
        let output = command
            .stdin(Stdio::null())
            .stderr(if self.quiet { Stdio::piped() } else { Stdio::inherit() })
            .output()
            .map_err(|error| BuildError::Command {
                command: name.to_owned(),
                problem: error.to_string(),
                install: need.install(),
            })?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(BuildError::Compiler {
            path: self.path.to_owned(),
            output: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// The path names nothing that can be built.
    pub(super) fn wrong(&self, problem: String) -> BuildError {
        BuildError::Path {
            path: self.path.to_owned(),
            problem,
        }
    }

    /// What the compiler made is not of the contract.
    pub(super) fn not_a_component(&self, problem: String) -> BuildError {
        BuildError::Component {
            path: self.path.to_owned(),
            problem,
        }
    }

    /// A folder for what a compiler makes, which is gone in the end.
    pub(super) fn scratch(&self) -> Result<tempfile::TempDir, BuildError> {
        tempfile::tempdir().map_err(|error| self.wrong(format!("cannot make a temporary folder: {error}")))
    }
}
