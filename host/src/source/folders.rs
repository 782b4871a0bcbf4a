//! Files of this machine.

use std::path::Path;
use std::time::SystemTime;

use super::error::SourceError;
use super::files::{Lies, SourceFile, is_hidden, is_meant, nested_table, no_folder, no_other, partition, wrong};
use crate::definition::{Source, before_pattern};
use crate::storage::Place;

/// Folders within folders that are looked into; a link to a folder above would go on for ever.
const DEPTH_MAX: usize = 64;
/// Folders that are looked into at all: several such links would be as good as for ever.
const FOLDERS_MAX: usize = 1_000_000;

/// What lies at a path.
pub(super) fn find(path: &Path, source: &Source) -> Result<Lies, SourceError> {
    let name = source.name.as_str();
    if path.join("_delta_log").is_dir() {
        return Ok(Lies::DeltaTable);
    }
    if path.exists() {
        no_other(source)?;
    }
    let mut found = Found {
        source,
        files: Vec::new(),
        folders: 0,
    };
    if before_pattern(&source.path).is_some() {
        let pattern = path.to_string_lossy();
        let matches = glob::glob(&pattern).map_err(|error| wrong(source, error.to_string()))?;
        for entry in matches {
            let entry = entry.map_err(|error| unreadable(name, error.path(), error.error()))?;
            if entry.is_dir() {
                found.walk(&entry, &mut Vec::new())?;
            } else {
                found.file(&entry, &[])?;
            }
        }
    } else if path.is_dir() {
        found.walk(path, &mut Vec::new())?;
    } else if path.exists() {
        no_folder(source)?;
        found.file(path, &[])?;
    } else {
        return Err(wrong(source, format!("there is no file or folder {}", path.display())));
    }
    Ok(Lies::Files(found.files))
}

struct Found<'a> {
    source: &'a Source,
    files: Vec<SourceFile>,
    /// Looked into so far.
    folders: usize,
}

impl Found<'_> {
    fn walk(&mut self, folder: &Path, below: &mut Vec<String>) -> Result<(), SourceError> {
        let name = self.source.name.clone();
        self.folders += 1;
        if below.len() > DEPTH_MAX || self.folders > FOLDERS_MAX {
            let folder = folder.display();
            let problem =
                format!("more than {DEPTH_MAX} folders within each other, or {FOLDERS_MAX} of them, at {folder}");
            return Err(wrong(self.source, problem));
        }
        if folder.join("_delta_log").is_dir() {
            return Err(nested_table(self.source, folder.display()));
        }
        let entries = std::fs::read_dir(folder).map_err(|error| unreadable(&name, folder, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(&name, folder, &error))?;
            let file = entry.file_name();
            let file = file.to_string_lossy();
            if is_hidden(&file) {
                continue;
            }
            let path = entry.path();
            if path.is_dir() {
                below.push(file.into_owned());
                self.walk(&path, below)?;
                below.pop();
            } else if is_meant(self.source, &file) {
                self.file(&path, below)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, below: &[String]) -> Result<(), SourceError> {
        let name = &self.source.name;
        let metadata = std::fs::metadata(path).map_err(|error| unreadable(name, path, &error))?;
        let place = Place::from(std::path::absolute(path).map_err(|error| unreadable(name, path, &error))?);
        let folders: Vec<&str> = below.iter().map(String::as_str).collect();
        let partition = partition(self.source, &folders, &place)?;
        self.files.push(SourceFile {
            place,
            size_bytes: metadata.len(),
            modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH).into(),
            e_tag: None,
            partition,
        });
        Ok(())
    }
}

fn unreadable(source: &str, path: &Path, error: &std::io::Error) -> SourceError {
    SourceError::Unreadable {
        source_name: source.into(),
        problem: format!("{}: {error}", path.display()),
    }
}
