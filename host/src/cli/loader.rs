//! How this program loads components: compiled by a process of its own, which is this program again, and kept in the user's
//! cache.

use std::path::{Path, PathBuf};

use sandglass_runtime::{Artifacts, CompileLimits, Compiler, Component, Limits, Loader, Profile, Sandbox};

use super::error::CliError;
use super::output::Printer;
use crate::folders;
use crate::project::build;

/// Builds what a path names, from here, and loads it: the component, and its bytes.
pub(crate) fn load_path(path: &Path, printer: &Printer) -> Result<(Component, Vec<u8>), CliError> {
    let built = build(Path::new("."), &path.to_string_lossy(), printer.is_json())?;
    let sandbox = Sandbox::new(Profile::Production, 2).map_err(CliError::internal)?;
    let component = loader(sandbox, printer).load(&built.bytes, &Limits::default())?;
    Ok((component, built.bytes))
}

/// The hidden subcommand of the process that compiles.
pub(super) const COMPILE: &str = "__compile";

pub(crate) fn loader(sandbox: Sandbox, printer: &Printer) -> Loader {
    let compiler = Compiler::Process {
        // Also where the file has been replaced since this process began.
        program: PathBuf::from("/proc/self/exe"),
        arguments: vec![COMPILE.to_owned()],
        limits: CompileLimits::default(),
    };
    let loader = Loader::new(sandbox, compiler);
    let key = folders::config().join("artifact.key");
    match Artifacts::open(&folders::cache().join("artifacts"), &key) {
        Ok(artifacts) => loader.with_artifacts(artifacts),
        Err(problem) => {
            printer.tell(&format!("warning: compiled components are not kept: {problem}"));
            loader
        }
    }
}
