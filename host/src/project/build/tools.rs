//! Compilers that come from a package registry: installed once, at a version that is named here, in the user's cache.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use sandglass_runtime::Digest;

use super::{BuildError, Place, needs};
use crate::folders;

/// A package of PyPI in a folder of its own.
pub(super) struct PythonPackage {
    pub(super) folder: PathBuf,
}

impl PythonPackage {
    /// Its module, as a program.
    pub(super) fn module(&self, module: &str) -> Command {
        let mut command = Command::new("python3");
        command
            .args(["-m", module])
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
        place.run("python3 -m pip install", command, &needs::PIP).map(|_| ())
    })?;
    Ok(PythonPackage { folder })
}

/// The file of the contract.
pub(super) const CONTRACT_FILE: &str = "transform.wit";
const CONTRACT: &str = include_str!("../../../../wit/transform.wit");

/// A folder with the contract, for generators of bindings.
pub(super) fn contract(place: &Place<'_>) -> Result<PathBuf, BuildError> {
    let digest = Digest::of(CONTRACT.as_bytes());
    let short = digest.hex().get(..16).unwrap_or_default();
    installed(place, &format!("wit-{short}"), |folder| {
        std::fs::write(folder.join(CONTRACT_FILE), CONTRACT)
            .map_err(|error| place.wrong(format!("cannot write {}: {error}", folder.display())))
    })
}

/// What a slow compiler made before of the same sources, or makes now.
pub(super) fn kept(
    place: &Place<'_>,
    name: &str,
    make: impl FnOnce(&Path) -> Result<(), BuildError>,
) -> Result<Vec<u8>, BuildError> {
    let folder = folders::cache().join("components");
    let failed = |error: std::io::Error| place.wrong(format!("{}: {error}", folder.join(name).display()));
    let file = folder.join(name);
    if let Ok(bytes) = std::fs::read(&file) {
        // The ones that are used stay.
        let _ = File::options()
            .append(true)
            .open(&file)
            .and_then(|file| file.set_modified(now()));
        return Ok(bytes);
    }
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let scratch = tempfile::Builder::new()
        .prefix("new-")
        .tempdir_in(&folder)
        .map_err(failed)?;
    let made = scratch.path().join(name);
    make(&made)?;
    let bytes = std::fs::read(&made).map_err(failed)?;
    std::fs::rename(&made, &file).map_err(failed)?;
    forget_old(&folder);
    Ok(bytes)
}

#[expect(clippy::disallowed_methods, reason = "when a file of the cache was used last")]
fn now() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

/// Components that are kept; one of Python has some 18 MB.
const KEPT: usize = 32;

fn forget_old(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .filter_map(|entry| {
            let data = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
            Some((data.modified().ok()?, entry.path()))
        })
        .collect();
    files.sort_by(|left, right| right.cmp(left));
    for (_, path) in files.into_iter().skip(KEPT) {
        // It can be made again, and so can it be removed another time.
        let _ = std::fs::remove_file(path);
    }
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
