use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::generation;
use super::live::Live;
use super::load::lock_path;
use crate::online::store::OnlineError;
use crate::online::view::View;
use crate::time::{Span, Timestamp};

/// How the folder of a generation begins that is not one any more.
const DOOMED: &str = "dropped-";

/// Drops generations of all versions of a view that are not live: those that were switched away from more than `grace` ago, and
/// those that nobody is building any more; and folders of versions that hold none.
pub(super) fn sweep(root: &Path, view: &View<'_>, grace: Span, now: Timestamp) -> Result<usize, OnlineError> {
    let folder = root.join(view.0.workspace().as_str()).join(view.0.view());
    let versions = numbers::<u32>(&folder, "v");
    if versions.is_empty() {
        return Ok(0);
    }
    let live = Live::create(root, view)?;
    let dropped = live.locked(view, |locked| {
        let record = locked.record()?;
        let is_live = |version, generation| {
            record
                .as_ref()
                .is_some_and(|live| (live.version, live.generation) == (version, generation))
        };
        let mut dropped = 0;
        for version in &versions {
            let name = view.version(*version);
            let folder = root.join(name.path());
            for generation in generations(&folder) {
                let retired = locked.retired_at(&name, generation)?;
                if is_live(*version, generation) || retired.is_some_and(|at| at.saturating_add(grace) > now) {
                    continue;
                }
                let path = folder.join(format!("g{generation}"));
                // Somebody is building it, or is about to switch to what they built.
                let lock = OpenOptions::new()
                    .write(true)
                    .create(true)
                    .truncate(false)
                    .open(lock_path(&path));
                let lock = lock.map_err(|error| view.io(&error))?;
                if lock.try_lock().is_err() {
                    continue;
                }
                // One step, so that what is dropped half is no generation.
                let doomed = folder.join(format!("{DOOMED}{generation}"));
                std::fs::rename(&path, doomed).map_err(|error| view.io(&error))?;
                locked.forget(&name, generation)?;
                generation::forget(&path);
                dropped += 1;
            }
        }
        Ok(dropped)
    })?;
    for version in &versions {
        let folder = root.join(view.version(*version).path());
        for path in doomed(&folder) {
            match std::fs::remove_dir_all(&path) {
                // Another sweep removes it, too.
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(view.io(&error)),
                _ => {}
            }
        }
    }
    // Under the lock, as a generation's folder is made in that of its version under it.
    live.locked(view, |_| {
        for version in versions {
            let folder = root.join(view.version(version).path());
            match std::fs::remove_dir(&folder) {
                Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty) => {
                    return Err(view.io(&error));
                }
                _ => {}
            }
        }
        Ok(())
    })?;
    Ok(dropped)
}

/// Drops what a load that failed has left, while its lock is held: a disk that is full needs the room now, and may have none for a
/// sweep's transaction. What cannot be dropped stays for a sweep.
pub(super) fn discard(root: &Path, view: &View<'_>, generation: u64) -> Result<(), OnlineError> {
    let folder = root.join(view.0.path());
    let doomed = folder.join(format!("{DOOMED}{generation}"));
    let live = Live::create(root, view)?;
    // Not while a sweep looks at it.
    let renamed = live.held(view, || std::fs::rename(folder.join(format!("g{generation}")), &doomed))?;
    renamed
        .and_then(|()| std::fs::remove_dir_all(&doomed))
        .map_err(|error| view.io(&error))
}

/// The generations in the folder of a view's version.
pub(super) fn generations(folder: &Path) -> Vec<u64> {
    numbers(folder, "g")
}

fn doomed(folder: &Path) -> Vec<PathBuf> {
    numbers::<u64>(folder, DOOMED)
        .into_iter()
        .map(|number| folder.join(format!("{DOOMED}{number}")))
        .collect()
}

fn numbers<T: std::str::FromStr>(folder: &Path, prefix: &str) -> Vec<T> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok();
    entries.filter_map(|entry| number(entry.ok()?)).collect()
}
