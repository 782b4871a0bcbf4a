use std::fs::File;
use std::path::{Path, PathBuf};

use super::EmbeddedStore;
use super::environment::failed_write;
use super::generation::Generation;
use super::live::Live;
use super::sweep::generations;
use crate::online::item::Item;
use crate::online::store::{GenerationState, OnlineError};
use crate::online::view::View;

/// A bulk load commits in pieces of about this many bytes: LMDB keeps the pages that a transaction has written in memory until then.
pub(super) const PIECE_BYTES: usize = 64 << 20;

/// A folder for a new generation, with its lock, which is held until it is switched to. A process that dies lets go of it.
pub(super) struct Reserved {
    pub(super) generation: u64,
    pub(super) path: PathBuf,
    pub(super) lock: File,
}

impl EmbeddedStore {
    pub(super) fn reserve(&self, view: &View<'_>) -> Result<Reserved, OnlineError> {
        std::fs::create_dir_all(&self.folder).map_err(|error| view.io(&error))?;
        let live = Live::create(self.root(), view)?;
        let folder = self.root().join(view.0.path());
        // A sweep cannot come between the folder and its lock: it looks under the same lock of `live/`.
        live.locked(view, |locked| {
            let io = |error: std::io::Error| view.io(&error);
            std::fs::create_dir_all(&folder).map_err(io)?;
            let generation = locked.next_number(generations(&folder).into_iter().max().unwrap_or(0))?;
            let path = self.path(view.0, generation);
            std::fs::create_dir(&path).map_err(io)?;
            let lock = File::create(lock_path(&path)).map_err(io)?;
            lock.try_lock().map_err(|error| io(error.into()))?;
            Ok(Reserved { generation, path, lock })
        })
    }
}

pub(super) fn lock_path(generation: &Path) -> PathBuf {
    generation.join("building")
}

/// Fills a new generation and makes it durable. Of items with one key the last one stays.
pub(super) fn load(
    view: &View<'_>,
    root: &Path,
    path: &Path,
    map_size_bytes: usize,
    state: &GenerationState,
    items: &mut dyn Iterator<Item = Result<(Vec<u8>, Item), OnlineError>>,
) -> Result<(), OnlineError> {
    let generation = Generation::create(path, map_size_bytes, view)?;
    let loaded = fill(view, &generation, state, items, PIECE_BYTES);
    let environment = generation.into_environment();
    let synced = loaded.and_then(|()| {
        let synced = environment.force_sync();
        synced.map_err(|error| failed_write(view, &environment, error))
    });
    environment.prepare_for_closing().wait();
    synced?;
    sync_folders(path, root).map_err(|error| view.io(&error))
}

/// Puts items and state into a generation, in pieces.
pub(super) fn fill(
    view: &View<'_>,
    generation: &Generation,
    state: &GenerationState,
    items: &mut dyn Iterator<Item = Result<(Vec<u8>, Item), OnlineError>>,
    piece_bytes: usize,
) -> Result<(), OnlineError> {
    let mut transaction = generation.begin(view)?;
    let page_bytes = generation.page_bytes();
    let (mut piece, mut last, mut bytes) = (0, Vec::new(), Vec::new());
    for item in items {
        let (key, item) = item?;
        item.encode_into(&key, &mut bytes);
        let appended = generation.append(view, &mut transaction, &mut last, &key, &bytes)?;
        // What is not appended may lie in a page of its own.
        piece += key.len() + bytes.len() + if appended { 0 } else { page_bytes };
        if piece > piece_bytes {
            generation.commit(view, transaction)?;
            transaction = generation.begin(view)?;
            piece = 0;
        }
    }
    generation.put_state(view, &mut transaction, state, 0)?;
    generation.commit(view, transaction)
}

/// Makes the entries of a folder durable, and those that lead to it from `root`, which LMDB does not.
pub(super) fn sync_folders(path: &Path, root: &Path) -> std::io::Result<()> {
    for folder in path.ancestors().take_while(|folder| folder.starts_with(root)) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
