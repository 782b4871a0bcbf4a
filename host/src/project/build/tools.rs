//! Compilers that come from a package registry: installed once, at a version that is named here, in the user's cache.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{BuildError, Place};
use crate::folders;

pub(super) const PYTHON: &str = "install Python 3.9 or later with pip, so that `python3 -m pip --version` answers";

/// A package of PyPI in a folder of its own.
pub(super) struct PythonPackage {
    pub(super) folder: PathBuf,
}

impl PythonPackage {
    /// Its module, as a program.
    pub(super) fn module(&self, module: &str) -> Command {
        let mut command = self.python();
        command.args(["-m", module]);
        command
    }

    /// Python, which finds the package.
    pub(super) fn python(&self) -> Command {
        let mut command = Command::new("python3");
        command
            .env("PYTHONPATH", &self.folder)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("PYTHONHOME");
        command
    }
}

/// A package of PyPI, which is installed if it is not there yet.
pub(super) fn python_package(place: &Place<'_>, name: &str, version: &str) -> Result<PythonPackage, BuildError> {
    let folder = installed(place, &format!("{name}-{version}"), |folder| {
        place.tell(&format!("installing {name} {version} from PyPI, once"));
        let mut command = Command::new("python3");
        command
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-deps",
                "--no-compile",
                "--disable-pip-version-check",
            ])
            .args(["--root-user-action", "ignore", "--target"])
            .arg(folder)
            .arg(format!("{name}=={version}"));
        place.run("python3 -m pip install", command, PYTHON).map(|_| ())
    })?;
    Ok(PythonPackage { folder })
}

/// A folder of the cache that is whole or not there: what `install` writes comes to its place when it is done.
pub(super) fn installed(
    place: &Place<'_>,
    name: &str,
    install: impl FnOnce(&Path) -> Result<(), BuildError>,
) -> Result<PathBuf, BuildError> {
    let tools = folders::cache().join("tools");
    let folder = tools.join(name);
    if folder.is_dir() {
        return Ok(folder);
    }
    let failed = |error: std::io::Error| place.wrong(format!("cannot install into {}: {error}", tools.display()));
    std::fs::create_dir_all(&tools).map_err(failed)?;
    let lock = File::create(tools.join("lock")).map_err(failed)?;
    match lock.lock() {
        Err(error) if error.kind() != std::io::ErrorKind::Unsupported => return Err(failed(error)),
        _ => {}
    }
    // Somebody else may have been faster.
    if folder.is_dir() {
        return Ok(folder);
    }
    let scratch = tempfile::Builder::new()
        .prefix("new-")
        .tempdir_in(&tools)
        .map_err(failed)?;
    let made = scratch.path().join(name);
    std::fs::create_dir(&made).map_err(failed)?;
    install(&made)?;
    std::fs::rename(&made, &folder).map_err(failed)?;
    Ok(folder)
}
