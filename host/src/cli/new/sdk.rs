//! The guest SDK's sources, so that a new project needs no checkout of this repository: it is on no registry.

macro_rules! sources {
    ($($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../../../../guest-sdk/rust/", $path)))),+]
    };
}

/// Paths below the SDK's folder, and texts.
pub(super) const SDK: &[(&str, &str)] = sources![
    "Cargo.toml",
    "rustfmt.toml",
    "src/batch.rs",
    "src/bindings.rs",
    "src/builder.rs",
    "src/cell.rs",
    "src/column.rs",
    "src/component.rs",
    "src/context.rs",
    "src/contract.rs",
    "src/decode.rs",
    "src/encode.rs",
    "src/encode/tests.rs",
    "src/error.rs",
    "src/gather.rs",
    "src/group.rs",
    "src/group/tests.rs",
    "src/inputs.rs",
    "src/key.rs",
    "src/lib.rs",
    "src/log.rs",
    "src/map.rs",
    "src/output.rs",
    "src/retain.rs",
    "src/retain/tests.rs",
    "src/rows.rs",
    "src/run.rs",
    "src/run/tests.rs",
    "src/runs.rs",
    "src/schema.rs",
    "src/testing.rs",
    "src/transformation.rs",
    "wit/transform.wit",
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn files(folder: &Path, below: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            match path.is_dir() {
                true if name != "target" => files(&path, below, found),
                false if name != "Cargo.lock" => {
                    let path = path.strip_prefix(below).expect("it lies below");
                    found.push(path.to_string_lossy().into_owned());
                }
                _ => {}
            }
        }
    }

    #[test]
    fn every_file_of_the_sdk() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-sdk/rust");
        let mut found = Vec::new();
        files(&folder, &folder, &mut found);
        found.sort();
        let mut listed: Vec<&str> = SDK.iter().map(|(path, _)| *path).collect();
        listed.sort_unstable();
        assert_eq!(found, listed);
    }
}
