//! The guest SDKs' sources, so that a new project needs no checkout of this repository: they are on no registry.

mod c;
mod go;
mod python;
mod rust;
mod typescript;

/// Paths below an SDK's folder, and texts.
pub(super) type Files = &'static [(&'static str, &'static str)];

macro_rules! sources {
    ($sdk:literal: $($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../../../../../guest-sdk/", $sdk, "/", $path)))),+]
    };
}
use sources;

pub(super) const RUST: Files = rust::FILES;
pub(super) const PYTHON: Files = python::FILES;
pub(super) const TYPESCRIPT: Files = typescript::FILES;
pub(super) const GO: Files = go::FILES;
pub(super) const C: Files = c::FILES;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Made by builds and tools, or for those who work on the SDK.
    const LEFT_OUT: [&str; 8] = [
        "target",
        "node_modules",
        "__pycache__",
        ".mypy_cache",
        ".pytest_cache",
        "tests",
        "Cargo.lock",
        ".gitignore",
    ];

    fn files(folder: &Path, below: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let entry = entry.expect("an entry");
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if LEFT_OUT.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                files(&path, below, found);
            } else {
                let path = path.strip_prefix(below).expect("it lies below");
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }

    #[test]
    fn every_file_of_the_sdks() {
        for (folder, listed) in [
            ("rust", RUST),
            ("python", PYTHON),
            ("js", TYPESCRIPT),
            ("go", GO),
            ("c", C),
        ] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-sdk").join(folder);
            let mut found = Vec::new();
            files(&folder, &folder, &mut found);
            found.sort();
            let mut listed: Vec<&str> = listed.iter().map(|(path, _)| *path).collect();
            listed.sort_unstable();
            assert_eq!(found, listed, "{}", folder.display());
        }
    }
}
