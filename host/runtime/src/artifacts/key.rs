use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::process::geteuid;

use super::{private_file, private_folder};

const KEY_BYTES: usize = 32;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyProblem {
    /// Others may read or change it.
    #[error("{path} can be {by}, so it does not tell whose machine code is: `{remedy}`")]
    NotPrivate {
        /// The file or folder.
        path: PathBuf,
        /// What others may do.
        by: &'static str,
        /// A command that helps.
        remedy: String,
    },
    /// It is not a key.
    #[error("{path} is not a key of {KEY_BYTES} bytes: remove it, and a new one is made")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read or written.
    #[error("{path}: {problem}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        problem: io::Error,
    },
}

/// A secret of the user's.
pub(super) struct Key([u8; KEY_BYTES]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// The key of this file; a new one if there is none.
    pub(super) fn open(path: &Path) -> Result<Self, KeyProblem> {
        let io = |problem| KeyProblem::Io {
            path: path.to_owned(),
            problem,
        };
        let folder = path.parent().unwrap_or(Path::new("."));
        private_folder(folder).map_err(io)?;
        check(folder, &fs::metadata(folder).map_err(io)?, 0o022)?;
        match read(path) {
            Err(KeyProblem::Io { problem, .. }) if problem.kind() == io::ErrorKind::NotFound => {
                make(path).map_err(io)?;
                read(path)
            }
            read => read,
        }
    }

    /// The hash of machine code and of what it is for.
    pub(super) fn hash(&self, name: &str, code: &[u8]) -> [u8; 32] {
        *self.keyed(name, code).as_bytes()
    }

    /// Whether this is that hash; in a time that does not tell how much of it is right.
    pub(super) fn is_hash_of(&self, hash: &[u8], name: &str, code: &[u8]) -> bool {
        <[u8; 32]>::try_from(hash).is_ok_and(|hash| self.keyed(name, code) == blake3::Hash::from_bytes(hash))
    }

    fn keyed(&self, name: &str, code: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
        hasher.update(code);
        hasher.finalize()
    }
}

fn read(path: &Path) -> Result<Key, KeyProblem> {
    let io = |problem| KeyProblem::Io {
        path: path.to_owned(),
        problem,
    };
    let mut file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)
        .map_err(io)?;
    // Of the file that is open, not of whatever has its name by now.
    check(path, &file.metadata().map_err(io)?, 0o077)?;
    let mut bytes = Vec::new();
    (&mut file)
        .take(KEY_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    let bytes = <[u8; KEY_BYTES]>::try_from(bytes).map_err(|_| KeyProblem::Malformed { path: path.to_owned() })?;
    Ok(Key(bytes))
}

/// Whole or not at all, and never over one that is there: of two that make one at once, both read the first.
fn make(path: &Path) -> io::Result<()> {
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let _ = fs::remove_file(&temporary);
    let made = private_file(&temporary)
        .and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::hard_link(&temporary, path));
    let _ = fs::remove_file(&temporary);
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// `others` are the bits of the mode that nobody but the user may have.
fn check(path: &Path, metadata: &fs::Metadata, others: u32) -> Result<(), KeyProblem> {
    let shown = path.display();
    let not_private = |by: &'static str, remedy: String| {
        Err(KeyProblem::NotPrivate {
            path: path.to_owned(),
            by,
            remedy,
        })
    };
    let owner = metadata.uid();
    if owner != geteuid().as_raw() && owner != 0 {
        return not_private("changed by another user, who owns it", format!("chown $USER {shown}"));
    }
    if metadata.mode() & others != 0 {
        return if metadata.is_dir() {
            not_private("changed by others", format!("chmod go-w {shown}"))
        } else {
            not_private("read by others", format!("chmod 600 {shown}"))
        };
    }
    Ok(())
}
