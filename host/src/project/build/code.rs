//! What stands for a component's code when definitions are compared: the digest of what it is made of, or its own. A component's
//! bytes differ from one checkout to another (panic messages hold paths), and its sources do not.

use std::path::{Component as Part, Path, PathBuf};

use sandglass_runtime::{Digest, SOURCES_SECTION};
use serde::{Deserialize, Serialize};

/// What a component's code is told apart by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The digest of its sources, their dependencies and the compiler.
    Sources(Digest),
    /// The digest of the component itself, which was made elsewhere.
    Component(Digest),
}

/// The digest of the files that a component is made of, named by their ways from its folder, and of what made it.
pub(super) fn of_files(folder: &Path, files: &[PathBuf], compiler: &str) -> Result<Digest, String> {
    let folder = absolute(folder)?;
    let mut lines = Vec::new();
    for file in files {
        let file = absolute(file)?;
        let bytes = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        lines.push(format!("{} {}", relative(&folder, &file), Digest::of(&bytes)));
    }
    lines.sort();
    lines.dedup();
    lines.insert(0, compiler.to_owned());
    Ok(Digest::of(lines.join("\n").as_bytes()))
}

/// A component with the digest of its sources written into it, as a section that nothing else reads.
pub(super) fn record(mut component: Vec<u8>, sources: &Digest) -> Vec<u8> {
    let digest = sources.to_string();
    let mut section = Vec::new();
    length(&mut section, SOURCES_SECTION.len());
    section.extend_from_slice(SOURCES_SECTION.as_bytes());
    section.extend_from_slice(digest.as_bytes());
    component.push(0);
    length(&mut component, section.len());
    component.extend(section);
    component
}

/// LEB128.
fn length(bytes: &mut Vec<u8>, mut value: usize) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

/// The files of a Makefile's rule, as compilers write them: separated by spaces, with a backslash before those that belong to names.
pub(super) fn listed(text: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in text.lines() {
        let Some((_, prerequisites)) = line.split_once(": ") else {
            continue;
        };
        let mut name = String::new();
        let mut characters = prerequisites.chars();
        while let Some(character) = characters.next() {
            match character {
                '\\' => name.extend(characters.next()),
                ' ' => files.push(PathBuf::from(std::mem::take(&mut name))),
                other => name.push(other),
            }
        }
        files.push(PathBuf::from(name));
    }
    files.retain(|file| !file.as_os_str().is_empty());
    files
}

pub(super) fn absolute(path: &Path) -> Result<PathBuf, String> {
    path.canonicalize()
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// The way from a folder to a file, the same in every checkout.
fn relative(folder: &Path, file: &Path) -> String {
    let shared = folder
        .components()
        .zip(file.components())
        .take_while(|(left, right)| left == right)
        .count();
    let up = folder.components().skip(shared).map(|_| "..".to_owned());
    let down = file.components().skip(shared).filter_map(|part| match part {
        Part::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    });
    up.chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_files_are_read() {
        let text = "/t/lib.wasm: /a/src/lib.rs /a/with\\ space/x.rs /b/src/lib.rs\n";
        let files: Vec<_> = listed(text).iter().map(|file| file.display().to_string()).collect();
        assert_eq!(files, ["/a/src/lib.rs", "/a/with space/x.rs", "/b/src/lib.rs"]);
    }

    #[test]
    fn paths_are_those_of_every_checkout() {
        let way = |folder: &str, file: &str| relative(Path::new(folder), Path::new(file));
        assert_eq!(way("/x/repo/guest", "/x/repo/guest/src/lib.rs"), "src/lib.rs");
        assert_eq!(way("/x/repo/a/guest", "/x/repo/sdk/src/lib.rs"), "../../sdk/src/lib.rs");
    }

    #[test]
    fn a_component_with_its_sources_is_one_still() {
        let digest = Digest::of(b"sources");
        let long = record(b"\0asm\x0d\0\x01\0".to_vec(), &digest);
        assert_eq!(&long[8..10], [0, (SOURCES_SECTION.len() + 1 + 71) as u8]);
        assert!(long.ends_with(digest.to_string().as_bytes()));
        let mut bytes = Vec::new();
        length(&mut bytes, 300);
        assert_eq!(bytes, [0xac, 2]);
    }
}
