//! Machine code on disk. Whoever can write such a file can run what they like in this process, so each carries a keyed hash
//! of its content and of what it is for, and is looked at only after that has been checked.

mod key;

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use wasmtime::Engine;

use crate::component::Digest;
use crate::sandbox::Profile;

use key::Key;
pub use key::KeyProblem;

const MAGIC: &[u8; 8] = b"SGLASS\x01\n";
const HASH_BYTES: usize = 32;
/// What a folder keeps; the oldest go first.
const FOLDER_BYTES_MAX: u64 = 4 << 30;

/// The machine code of one component for one engine: the component's digest, the profile, and a hash of everything else that
/// the code depends on, wasmtime's version included.
pub(crate) struct ArtifactName(String);

impl ArtifactName {
    pub(crate) fn new(digest: &Digest, profile: Profile, engine: &Engine) -> Self {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Self(format!("{}-{}-{:016x}", digest.hex(), profile.name(), hasher.finish()))
    }
}

/// A folder of machine code, and the key that tells whose it is.
#[derive(Debug)]
pub struct Artifacts {
    folder: PathBuf,
    key: Key,
}

impl Artifacts {
    /// Opens the folder, which is made if it is not there, with the key of this file, which is made too.
    ///
    /// # Errors
    /// Others than the user may read the key or write beside it, or there is no place for it.
    pub fn open(folder: &Path, key: &Path) -> Result<Self, KeyProblem> {
        let key = Key::open(key)?;
        private_folder(folder).map_err(|problem| KeyProblem::Io {
            path: folder.to_owned(),
            problem,
        })?;
        Ok(Self {
            folder: folder.to_owned(),
            key,
        })
    }

    /// The machine code of that name, if it is there and ours. What is damaged or foreign is removed.
    pub(crate) fn get(&self, name: &ArtifactName) -> Option<Vec<u8>> {
        let path = self.path(name);
        let mut bytes = fs::read(&path).ok()?;
        let content = MAGIC.len() + HASH_BYTES;
        let is_ours = bytes.len() > content
            && bytes.starts_with(MAGIC)
            && self
                .key
                .is_hash_of(&bytes[MAGIC.len()..content], &name.0, &bytes[content..]);
        if !is_ours {
            self.remove(name);
            return None;
        }
        bytes.drain(..content);
        Some(bytes)
    }

    /// Keeps machine code; whole or not at all. It is a cache: what cannot be kept is made again.
    pub(crate) fn put(&self, name: &ArtifactName, code: &[u8]) -> io::Result<()> {
        let path = self.path(name);
        let temporary = self.folder.join(format!(".{}-{}", std::process::id(), name.0));
        let written = fs::File::create(&temporary).and_then(|mut file| {
            file.write_all(MAGIC)?;
            file.write_all(&self.key.hash(&name.0, code))?;
            file.write_all(code)
        });
        let placed = written.and_then(|()| fs::rename(&temporary, &path));
        if placed.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        self.make_room();
        placed
    }

    /// Throws away what is of no use.
    pub(crate) fn remove(&self, name: &ArtifactName) {
        // It may be gone already.
        let _ = fs::remove_file(self.path(name));
    }

    fn path(&self, name: &ArtifactName) -> PathBuf {
        self.folder.join(format!("{}.cwasm", name.0))
    }

    fn make_room(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let metadata = entry.metadata().ok()?;
                Some((metadata.modified().ok()?, metadata.len(), entry.path()))
            })
            .collect();
        files.sort();
        let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
        for (_, size, path) in files {
            if total <= FOLDER_BYTES_MAX {
                return;
            }
            let _ = fs::remove_file(path);
            total -= size;
        }
    }
}

fn private_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// A new file that only the user may read.
fn private_file(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

#[cfg(test)]
mod tests;
