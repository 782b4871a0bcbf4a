use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use heed::types::{Bytes, Str};
use heed::{Database, Env, EnvFlags, EnvOpenOptions, MdbError, RwTxn, WithoutTls};

use crate::online::store::OnlineError;
use crate::online::view::View;

pub(super) type Environment = Env<WithoutTls>;
pub(super) type Transaction<'e> = heed::RoTxn<'e, WithoutTls>;
/// By text.
pub(super) type Records = Database<Str, Bytes>;
/// By key.
pub(super) type Items = Database<Bytes, Bytes>;

/// The file of LMDB in an environment's folder.
const DATA: &str = "data.mdb";
const READERS_MAX: u32 = 1024;
/// The table of readers, and what stands before it.
const LOCK: &str = "lock.mdb";
#[cfg(target_os = "linux")]
const LOCK_BYTES: u64 = 64 * READERS_MAX as u64 + 4096;
const DATABASES_MAX: u32 = 4;
/// How long an environment whose files were deleted may be read on before its folder's new one cannot be opened.
const CLOSING: Duration = Duration::from_secs(5);

/// Opens the environment in a folder that is there.
#[expect(unsafe_code, reason = "LMDB maps a file into memory, which Rust cannot watch")]
pub(super) fn open(
    path: &Path,
    map_size_bytes: usize,
    flags: EnvFlags,
    view: &View<'_>,
) -> Result<Environment, OnlineError> {
    reserve_lock(path, view)?;
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options
        .map_size(map_size_bytes)
        .max_readers(READERS_MAX)
        .max_dbs(DATABASES_MAX);
    // SAFETY: nothing but this module and LMDB writes to the files, and heed refuses to open one environment twice in this
    // process. NO_SYNC is for generations that nobody reads before they are synced.
    let environment = unsafe { options.flags(flags).open(path) }.map_err(|error| view.lmdb(error))?;
    environment.clear_stale_readers().map_err(|error| view.lmdb(error))?;
    Ok(environment)
}

/// Takes the room of an environment's table of readers before LMDB opens it. LMDB writes the table through a map of a file with holes,
/// and where the disk has no room for a page of it, that is not an error but the end of the process (SIGBUS). Only for files that are not
/// there yet: to close one that is open elsewhere in this process would let go of LMDB's locks on it.
fn reserve_lock(folder: &Path, view: &View<'_>) -> Result<(), OnlineError> {
    let path = folder.join(LOCK);
    let made = match OpenOptions::new().write(true).create_new(true).open(&path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        made => made.map_err(|error| view.io(&error))?,
    };
    let reserved = room_for_lock(&made).map_err(|error| view.io(&error));
    // Some file systems cannot.
    match reserved {
        Err(error @ OnlineError::NoSpace { .. }) => {
            let _ = std::fs::remove_file(&path);
            Err(error)
        }
        _ => Ok(()),
    }
}

#[cfg(target_os = "linux")]
fn room_for_lock(file: &std::fs::File) -> std::io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    Ok(fallocate(file, FallocateFlags::KEEP_SIZE, 0, LOCK_BYTES)?)
}

#[cfg(not(target_os = "linux"))]
fn room_for_lock(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

/// Commits, and says so if the disk was full.
pub(super) fn commit(view: &View<'_>, environment: &Environment, transaction: RwTxn<'_>) -> Result<(), OnlineError> {
    transaction
        .commit()
        .map_err(|error| failed_write(view, environment, error))
}

/// What a write's error means. A full disk cuts a write short, and LMDB calls that EIO as it does a broken disk, so whether the file can
/// grow is tried once more; what lies behind its last page is never looked at.
pub(super) fn failed_write(view: &View<'_>, environment: &Environment, error: heed::Error) -> OnlineError {
    const EIO: i32 = 5;
    const PAGE: [u8; 4096] = [0; 4096];
    match error {
        heed::Error::Io(error) if error.raw_os_error() == Some(EIO) => {
            let file = OpenOptions::new().append(true).open(environment.path().join(DATA));
            match file.and_then(|mut file| file.write_all(&PAGE)) {
                Err(error) => view.io(&error),
                Ok(()) => view.io(&error),
            }
        }
        error => view.lmdb(error),
    }
}

/// Environments that this process has opened, with the handles of their databases. LMDB must not open one environment twice in
/// a process, nor a database while another thread does, so both are done once, under the lock of this.
pub(super) struct Opened<T> {
    by_path: Mutex<HashMap<PathBuf, (FileId, T)>>,
}

impl<T> Default for Opened<T> {
    fn default() -> Self {
        Self {
            by_path: Mutex::default(),
        }
    }
}

impl<T: Clone + AsRef<Environment>> Opened<T> {
    /// The environment in a folder; if there is none, it is made or none is answered. `checked` are the files for being those that
    /// were opened: the path of a generation is never used again, that of `live/` is, if the store was deleted. What was opened before and whose files have been deleted since is
    /// closed whenever another one is opened, so that its space is freed.
    pub(super) fn get(
        &self,
        path: &Path,
        view: &View<'_>,
        checked: bool,
        make: bool,
        open: impl FnOnce() -> Result<T, OnlineError>,
    ) -> Result<Option<T>, OnlineError> {
        let mut by_path = self.by_path.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((id, opened)) = by_path.get(path)
            && (!checked || FileId::of(path) == Some(*id))
        {
            return Ok(Some(opened.clone()));
        }
        by_path.retain(|other, (id, _)| other == path || FileId::of(other) == Some(*id));
        if let Some((_, deleted)) = by_path.remove(path) {
            let closing = deleted.as_ref().clone().prepare_for_closing();
            drop(deleted);
            if !closing.wait_timeout(CLOSING) {
                return Err(view.unavailable(format!("{} was deleted and is still being read", path.display())));
            }
        }
        if !make && FileId::of(path).is_none() {
            return Ok(None);
        }
        let opened = open()?;
        if let Some(id) = FileId::of(path) {
            by_path.insert(path.to_owned(), (id, opened.clone()));
        }
        Ok(Some(opened))
    }

    /// Closes what lies below a folder, once it is read no more.
    pub(super) fn forget(&self, folder: &Path) {
        let mut by_path = self.by_path.lock().unwrap_or_else(PoisonError::into_inner);
        by_path.retain(|path, _| !path.starts_with(folder));
    }
}

/// Whether there is an environment in a folder.
pub(super) fn exists(folder: &Path) -> bool {
    FileId::of(folder).is_some()
}

/// What tells a file from another one of the same name.
#[derive(Clone, Copy, PartialEq, Eq)]
struct FileId(u64, u64);

impl FileId {
    #[cfg(unix)]
    fn of(folder: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = std::fs::metadata(folder.join(DATA)).ok()?;
        Some(Self(metadata.dev(), metadata.ino()))
    }

    #[cfg(not(unix))]
    fn of(folder: &Path) -> Option<Self> {
        // Here a file cannot be deleted while it is mapped.
        std::fs::metadata(folder.join(DATA)).ok().map(|_| Self(0, 0))
    }
}

impl View<'_> {
    pub(super) fn lmdb(&self, error: heed::Error) -> OnlineError {
        match error {
            heed::Error::Mdb(MdbError::MapFull) => OnlineError::Full { view: self.label() },
            heed::Error::Mdb(MdbError::MapResized) => {
                self.invalid("another process uses a larger `map_size_bytes`; it has to be the same in all".to_owned())
            }
            heed::Error::Mdb(MdbError::BadValSize) => self.invalid("an item is larger than 4 GiB".to_owned()),
            heed::Error::Mdb(MdbError::Corrupted | MdbError::PageNotFound | MdbError::Invalid) => {
                self.corrupt(error.to_string())
            }
            heed::Error::Io(error) if error.kind() == std::io::ErrorKind::OutOfMemory => {
                self.invalid("there is no room in memory for a map of `map_size_bytes`; make it smaller".to_owned())
            }
            heed::Error::Io(error) => self.io(&error),
            error => self.unavailable(error.to_string()),
        }
    }

    pub(super) fn io(&self, error: &std::io::Error) -> OnlineError {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => OnlineError::NoSpace {
                view: self.label(),
                message: error.to_string(),
            },
            _ => self.unavailable(error.to_string()),
        }
    }

    pub(super) fn missing(&self, path: &Path) -> OnlineError {
        OnlineError::Missing {
            view: self.label(),
            path: path.to_owned(),
        }
    }
}
