//! Folders of versions and tables, and what is left in them.

use std::io::ErrorKind;
use std::time::Duration;

use crate::offline::Size;
use crate::storage::{Place, StorageError};
use crate::time::{Span, Timestamp};

/// How the name of a folder begins that is being dropped. Of objects, which have no other name than theirs, there is one beside them that says so.
const DROPPED: &str = ".dropped-";

/// What was dropped, or would be.
pub type Dropped = Size;

/// The names in a folder, in order, without those of what is being dropped.
pub fn names(folder: &Place) -> Result<Vec<String>, StorageError> {
    let all = folder.names()?;
    let is_dropped = |name: &str| {
        let marked = || all.iter().any(|other| other.strip_prefix(DROPPED) == Some(name));
        name.starts_with('.') || folder.folder().is_none() && marked()
    };
    let mut kept: Vec<String> = all.iter().filter(|name| !is_dropped(name)).cloned().collect();
    kept.sort();
    Ok(kept)
}

/// Whether objects are being dropped, or were when that was cut off: what is left of them is no table.
pub fn is_being_dropped(parent: &Place, name: &str) -> Result<bool, StorageError> {
    match parent.folder() {
        Some(_) => Ok(false),
        None => Ok(parent.join(&format!("{DROPPED}{name}")).read()?.is_some()),
    }
}

/// The versions of a view whose folders are there.
pub fn versions(view: &Place) -> Result<Vec<u32>, StorageError> {
    let names = names(view)?.into_iter();
    let mut versions: Vec<u32> = names.filter_map(|name| name.strip_prefix('v')?.parse().ok()).collect();
    versions.sort_unstable();
    Ok(versions)
}

/// The files below a folder; nothing of one that is not there.
pub fn size(folder: &Place) -> Result<Size, StorageError> {
    let mut size = Size::default();
    for (bytes, _) in folder.files()? {
        size.files += 1;
        size.bytes += bytes;
    }
    Ok(size)
}

/// Drops a folder with all that is in it: in one step it is no folder of ours any more, whatever happens afterwards. One that is not
/// there is no error.
pub fn drop_folder(parent: &Place, name: &str) -> Result<Dropped, StorageError> {
    let (folder, doomed) = (parent.join(name), parent.join(&format!("{DROPPED}{name}")));
    let (Some(from), Some(to)) = (folder.folder(), doomed.folder()) else {
        let dropped = size(&folder)?;
        if dropped.files > 0 {
            doomed.put(b"")?;
        }
        remove_leftover(parent, &doomed.name())?;
        return Ok(dropped);
    };
    // What an earlier try has left.
    doomed.remove_all()?;
    match std::fs::rename(from, to) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Dropped::default()),
        Err(error) => return Err(folder.of_file(error)),
    }
    let dropped = size(&doomed)?;
    doomed.remove_all()?;
    Ok(dropped)
}

/// What is left in a folder of the host, by name: what is being dropped, and files that were never given their name, if they are older
/// than this by the machine's clock.
pub fn leftovers(folder: &Place, older_than: Span) -> Result<Vec<String>, StorageError> {
    let is_left = |name: &String| {
        let is_unfinished = name.starts_with('.') && name.ends_with(".tmp");
        name.starts_with(DROPPED) || is_unfinished && is_older(&folder.join(name), older_than)
    };
    Ok(folder.names()?.into_iter().filter(is_left).collect())
}

/// Objects are whole or not there.
fn is_older(file: &Place, than: Span) -> bool {
    let modified = file
        .folder()
        .map(|path| std::fs::symlink_metadata(path).and_then(|metadata| metadata.modified()));
    let age = modified.and_then(|modified| modified.ok()?.elapsed().ok());
    age.is_some_and(|age| age >= Duration::from_micros(than.micros().unsigned_abs()))
}

/// Removes what is left.
pub fn remove_leftover(folder: &Place, name: &str) -> Result<(), StorageError> {
    let left = folder.join(name);
    match (left.folder(), name.strip_prefix(DROPPED)) {
        (Some(path), _) if path.is_dir() => left.remove_all(),
        // What says that it is dropped goes last.
        (None, Some(dropped)) if !dropped.is_empty() => {
            let dropped = folder.join(dropped);
            // What was on its way when it was listed first.
            for _ in 0..2 {
                dropped.remove_all()?;
            }
            left.remove().map(drop)
        }
        _ => left.remove().map(drop),
    }
}

/// Whether nothing was committed to a table since a time.
pub fn table_is_older(table: &Place, than: Timestamp) -> Result<bool, StorageError> {
    let files = table.join("_delta_log").files()?;
    let newest = files.into_iter().map(|(_, modified)| modified).max();
    Ok(newest.is_some_and(|newest| newest <= than))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drop_that_was_cut_off_is_found_and_made_good() {
        let folder = tempfile::tempdir().expect("a folder");
        let view = Place::from(folder.path()).join("v");
        for path in ["v1/rows", "v2/rows", ".dropped-v1/rows", "v2/failed", "vx"] {
            std::fs::create_dir_all(view.join(path).folder().expect("a path")).expect("made");
        }
        view.join("v1/rows/a").put(b"abc").expect("written");
        view.join("v2/failed/.1.tmp").put(b"").expect("written");
        view.join("v2/failed/1.json").put(b"").expect("written");
        let left = |folder: &Place, span| leftovers(folder, span).expect("listed");
        assert_eq!(versions(&view).expect("listed"), [1, 2]);
        assert_eq!(left(&view, Span::DAY), [".dropped-v1"]);
        let dropped = drop_folder(&view, "v1").expect("dropped");
        assert_eq!((dropped.files, dropped.bytes), (1, 3));
        assert_eq!(versions(&view).expect("listed"), [2]);
        assert!(left(&view, Span::DAY).is_empty());
        assert_eq!(drop_folder(&view, "v1").expect("gone already"), Dropped::default());
        let failed = view.join("v2/failed");
        assert!(left(&failed, Span::DAY).is_empty());
        assert_eq!(left(&failed, Span::ZERO), [".1.tmp"]);
        remove_leftover(&failed, ".1.tmp").expect("removed");
        assert!(left(&failed, Span::ZERO).is_empty());
    }
}
