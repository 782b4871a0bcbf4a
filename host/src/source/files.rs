use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, Utc};

use super::table::SourceError;
use crate::time::Timestamp;

/// One file of a source, as it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceFile {
    /// Absolute.
    pub path: PathBuf,
    /// Its size.
    pub size_bytes: u64,
    /// When it was last changed.
    pub modified: Timestamp,
}

/// The files that a source's path names, in the order of their paths: one file, what a glob matches, or what lies in a
/// folder and below. Files and folders that begin with `.` or `_` are left out, as everybody does.
pub fn resolve(root: &Path, source: &str, path: &str, endings: &[&str]) -> Result<Vec<SourceFile>, SourceError> {
    let absolute = root.join(path);
    let mut found = Vec::new();
    if path.contains(['*', '?', '[']) {
        let pattern = absolute.to_string_lossy();
        let matches = glob::glob(&pattern).map_err(|error| SourceError::Path {
            source_name: source.into(),
            path: path.into(),
            problem: error.to_string(),
        })?;
        for entry in matches {
            let entry = entry.map_err(|error| unreadable(source, error.path(), error.error()))?;
            if entry.is_dir() {
                walk(source, &entry, endings, &mut found)?;
            } else {
                found.push(look_at(source, &entry)?);
            }
        }
    } else if absolute.is_dir() {
        walk(source, &absolute, endings, &mut found)?;
    } else if absolute.exists() {
        found.push(look_at(source, &absolute)?);
    } else {
        return Err(SourceError::Path {
            source_name: source.into(),
            path: path.into(),
            problem: format!("there is no file or folder {}", absolute.display()),
        });
    }
    if found.is_empty() {
        let problem = format!("no file there ends in {}", endings.join(" or "));
        return Err(SourceError::Path {
            source_name: source.into(),
            path: path.into(),
            problem,
        });
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn walk(source: &str, folder: &Path, endings: &[&str], found: &mut Vec<SourceFile>) -> Result<(), SourceError> {
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(source, folder, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(source, folder, &error))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(['.', '_']) {
            continue;
        }
        let path = entry.path();
        if path.is_dir() {
            walk(source, &path, endings, found)?;
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(look_at(source, &path)?);
        }
    }
    Ok(())
}

fn look_at(source: &str, path: &Path) -> Result<SourceFile, SourceError> {
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(source, path, &error))?;
    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let modified = Timestamp::from_micros(DateTime::<Utc>::from(modified).timestamp_micros());
    let path = std::path::absolute(path).map_err(|error| unreadable(source, path, &error))?;
    Ok(SourceFile {
        path,
        size_bytes: metadata.len(),
        modified,
    })
}

fn unreadable(source: &str, path: &Path, error: &std::io::Error) -> SourceError {
    SourceError::Unreadable {
        source_name: source.into(),
        problem: format!("{}: {error}", path.display()),
    }
}
