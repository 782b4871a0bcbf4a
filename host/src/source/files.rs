use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;

use super::error::SourceError;
use crate::definition::{COMPRESSED, Format, Partition, Source};
use crate::time::Timestamp;

/// One file of a source, as it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Absolute.
    pub path: PathBuf,
    /// Its size.
    pub size_bytes: u64,
    /// When it was last changed.
    pub modified: Timestamp,
    /// What its folders, or a Delta table's log, say of its rows.
    pub partition: Partition,
}

impl SourceFile {
    /// How it is compressed, by its name.
    pub(super) fn compression(&self) -> FileCompressionType {
        match self.path.extension().and_then(|ending| ending.to_str()) {
            Some("gz") => FileCompressionType::GZIP,
            Some("zst") => FileCompressionType::ZSTD,
            Some("bz2") => FileCompressionType::BZIP2,
            Some("xz") => FileCompressionType::XZ,
            _ => FileCompressionType::UNCOMPRESSED,
        }
    }
}

/// Folders within folders that are looked into; a link to a folder above would go on for ever.
const DEPTH_MAX: usize = 64;
/// Folders that are looked into at all: several such links would be as good as for ever.
const FOLDERS_MAX: usize = 1_000_000;

/// The files that a source's path names, in the order of their paths, and what they are: one file, what a glob matches, or
/// what lies in a folder and below. Files and folders that begin with `.` or `_` are left out, as everybody does. Of a Delta
/// table no files are listed: its log does.
pub(super) fn resolve(root: &Path, source: &Source) -> Result<(Format, Vec<SourceFile>), SourceError> {
    let name = source.name.as_str();
    let wrong = |problem: String| SourceError::Path {
        source_name: name.into(),
        path: source.path.clone(),
        problem,
    };
    let absolute = root.join(&source.path);
    let is_delta = absolute.join("_delta_log").is_dir();
    match source.format {
        Format::Delta if is_delta => return Ok((Format::Delta, Vec::new())),
        Format::Delta if absolute.exists() => {
            return Err(wrong("no Delta table: there is no folder `_delta_log` in it".into()));
        }
        Format::Detect if is_delta => return Ok((Format::Delta, Vec::new())),
        format if is_delta => {
            return Err(wrong(format!(
                "a Delta table, and its folder may hold files that are no part of it: leave `format = \"{}\"` out, or say \"delta\"",
                format.name()
            )));
        }
        _ => {}
    }
    let mut found = Found {
        source,
        files: Vec::new(),
        folders: 0,
    };
    if source.path.contains(['*', '?', '[']) {
        let pattern = absolute.to_string_lossy();
        let matches = glob::glob(&pattern).map_err(|error| wrong(error.to_string()))?;
        for entry in matches {
            let entry = entry.map_err(|error| unreadable(name, error.path(), error.error()))?;
            if entry.is_dir() {
                found.walk(&entry, &mut Vec::new())?;
            } else {
                found.file(&entry, &[])?;
            }
        }
    } else if absolute.is_dir() {
        found.walk(&absolute, &mut Vec::new())?;
    } else if absolute.exists() {
        if source.partitions.is_some() {
            return Err(wrong(
                "a file; with `partitions` it is the folder that holds them".into(),
            ));
        }
        found.file(&absolute, &[])?;
    } else {
        return Err(wrong(format!("there is no file or folder {}", absolute.display())));
    }
    let mut files = found.files;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    if files.is_empty() {
        let endings: Vec<String> = match source.format {
            Format::Detect => vec![".parquet".into(), ".csv".into(), ".jsonl".into()],
            format => endings(format),
        };
        return Err(wrong(format!("no file there ends in {}", endings.join(" or "))));
    }
    let format = match source.format {
        Format::Detect => detect(&files).map_err(wrong)?,
        format => format,
    };
    Ok((format, files))
}

/// The one format of these files.
fn detect(files: &[SourceFile]) -> Result<Format, String> {
    let mut seen: BTreeMap<&str, (Format, usize)> = BTreeMap::new();
    for file in files {
        let format = Format::of(&file.path.to_string_lossy()).unwrap_or(Format::Parquet);
        seen.entry(format.name()).or_insert((format, 0)).1 += 1;
    }
    let mut formats = seen.values();
    match (formats.next(), formats.next()) {
        (Some((format, _)), None) => Ok(*format),
        _ => {
            let counts: Vec<_> = seen
                .iter()
                .map(|(name, (_, count))| format!("{count} of {name}"))
                .collect();
            Err(format!(
                "files of several formats ({}): say which are meant with `format`",
                counts.join(", ")
            ))
        }
    }
}

/// The endings that a folder's files of a format have.
fn endings(format: Format) -> Vec<String> {
    let bare = format.endings().iter();
    match format {
        Format::Csv | Format::Jsonl => bare
            .flat_map(|ending| {
                let compressed = COMPRESSED.iter().map(move |more| format!("{ending}{more}"));
                std::iter::once((*ending).to_owned()).chain(compressed)
            })
            .collect(),
        _ => bare.map(|ending| (*ending).to_owned()).collect(),
    }
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
        let source_path = self.source.path.clone();
        let wrong = |problem: String| SourceError::Path {
            source_name: name.clone(),
            path: source_path.clone(),
            problem,
        };
        self.folders += 1;
        if below.len() > DEPTH_MAX || self.folders > FOLDERS_MAX {
            return Err(wrong(format!(
                "more than {DEPTH_MAX} folders within each other, or {FOLDERS_MAX} of them, at {}",
                folder.display()
            )));
        }
        if folder.join("_delta_log").is_dir() {
            return Err(wrong(format!(
                "{} is a Delta table, and its folder may hold files that are no part of it: let `path` be that folder alone",
                folder.display()
            )));
        }
        let entries = std::fs::read_dir(folder).map_err(|error| unreadable(&name, folder, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(&name, folder, &error))?;
            let file = entry.file_name();
            let file = file.to_string_lossy();
            if file.starts_with(['.', '_']) {
                continue;
            }
            let path = entry.path();
            if path.is_dir() {
                below.push(file.into_owned());
                self.walk(&path, below)?;
                below.pop();
            } else if self.is_meant(&file) {
                self.file(&path, below)?;
            }
        }
        Ok(())
    }

    fn is_meant(&self, file: &str) -> bool {
        match self.source.format {
            Format::Detect => Format::of(file).is_some(),
            format => endings(format).iter().any(|ending| file.ends_with(ending.as_str())),
        }
    }

    fn file(&mut self, path: &Path, below: &[String]) -> Result<(), SourceError> {
        let name = &self.source.name;
        let metadata = std::fs::metadata(path).map_err(|error| unreadable(name, path, &error))?;
        let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let modified = Timestamp::from_micros(DateTime::<Utc>::from(modified).timestamp_micros());
        let path = std::path::absolute(path).map_err(|error| unreadable(name, path, &error))?;
        let partition = match &self.source.partitions {
            None => Partition::default(),
            Some(partitions) => {
                let folders: Vec<&str> = below.iter().map(String::as_str).collect();
                partitions.read(&folders).map_err(|problem| SourceError::Path {
                    source_name: name.clone(),
                    path: self.source.path.clone(),
                    problem: format!(
                        "{} does not fit `partitions = \"{partitions}\"`: {problem}",
                        path.display()
                    ),
                })?
            }
        };
        self.files.push(SourceFile {
            path,
            size_bytes: metadata.len(),
            modified,
            partition,
        });
        Ok(())
    }
}

pub(super) fn unreadable(source: &str, path: &Path, error: &std::io::Error) -> SourceError {
    SourceError::Unreadable {
        source_name: source.into(),
        problem: format!("{}: {error}", path.display()),
    }
}
