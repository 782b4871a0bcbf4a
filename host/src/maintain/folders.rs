//! Folders of versions and tables, and what is left in them.

use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::offline::Size;
use crate::time::{Span, Timestamp};

/// How the name of a folder begins that is being dropped.
const DROPPED: &str = ".dropped-";

/// What was dropped, or would be.
pub type Dropped = Size;

/// The versions of a view whose folders are there.
pub fn versions(view: &Path) -> Vec<u32> {
    let names = entries(view).filter_map(|entry| entry.file_name()?.to_str()?.strip_prefix('v')?.parse().ok());
    let mut versions: Vec<u32> = names.collect();
    versions.sort_unstable();
    versions
}

/// The files below a folder; nothing of one that is not there.
pub fn size(folder: &Path) -> Size {
    let mut size = Size::default();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_dir() => folders.push(path),
                Ok(metadata) => {
                    size.files += 1;
                    size.bytes += metadata.len();
                }
                // Gone meanwhile.
                Err(_) => {}
            }
        }
    }
    size
}

/// Drops a folder with all that is in it: in one step it is no folder of ours any more, whatever happens afterwards. One that is not
/// there is no error.
pub fn drop_folder(folder: &Path) -> Result<Dropped, Error> {
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else {
        return Err(Error::new(ErrorKind::InvalidInput, "no folder to drop"));
    };
    let mut doomed = std::ffi::OsString::from(DROPPED);
    doomed.push(name);
    let doomed = parent.join(doomed);
    // What an earlier try has left.
    remove(&doomed)?;
    match fs::rename(folder, &doomed) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Dropped::default()),
        Err(error) => return Err(error),
    }
    let dropped = size(&doomed);
    remove(&doomed)?;
    Ok(dropped)
}

fn remove(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What is left in a folder of the host: folders whose drop was cut off, and files that were never given their name, if they are older
/// than this by the machine's clock.
pub fn leftovers(folder: &Path, older_than: Span) -> Vec<PathBuf> {
    let is_left = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with(DROPPED) || name.starts_with('.') && name.ends_with(".tmp") && is_older(path, older_than)
    };
    entries(folder).filter(is_left).collect()
}

fn is_older(path: &Path, than: Span) -> bool {
    let modified = fs::symlink_metadata(path).and_then(|metadata| metadata.modified());
    let age = modified.map(|modified| modified.elapsed().unwrap_or_default());
    age.is_ok_and(|age| age >= Duration::from_micros(than.micros().unsigned_abs()))
}

/// Whether nothing was committed to a table since a time.
pub fn table_is_older(table: &Path, than: Timestamp) -> bool {
    let modified = |path: PathBuf| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let newest = entries(&table.join("_delta_log")).filter_map(modified).max();
    let newest = newest.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    newest.is_some_and(|since| i64::try_from(since.as_micros()).is_ok_and(|micros| micros <= than.micros()))
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drop_that_was_cut_off_is_found_and_made_good() {
        let folder = tempfile::tempdir().expect("a folder");
        let view = folder.path().join("v");
        for path in ["v1/rows", "v2/rows", ".dropped-v1/rows", "v2/failed", "vx"] {
            fs::create_dir_all(view.join(path)).expect("made");
        }
        fs::write(view.join("v1/rows/a"), "abc").expect("written");
        fs::write(view.join("v2/failed/.1.tmp"), "").expect("written");
        fs::write(view.join("v2/failed/1.json"), "").expect("written");
        assert_eq!(versions(&view), [1, 2]);
        assert_eq!(leftovers(&view, Span::DAY), [view.join(".dropped-v1")]);
        let dropped = drop_folder(&view.join("v1")).expect("dropped");
        assert_eq!((dropped.files, dropped.bytes), (1, 3));
        assert_eq!(versions(&view), [2]);
        assert!(leftovers(&view, Span::DAY).is_empty());
        assert_eq!(drop_folder(&view.join("v1")).expect("gone already"), Dropped::default());
        assert!(leftovers(&view.join("v2/failed"), Span::DAY).is_empty());
        assert_eq!(
            leftovers(&view.join("v2/failed"), Span::ZERO),
            [view.join("v2/failed/.1.tmp")]
        );
    }
}
