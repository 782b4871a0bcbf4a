use std::collections::BTreeMap;

use datafusion::datasource::file_format::file_compression_type::FileCompressionType;

use super::error::SourceError;
use super::{folders, objects};
use crate::definition::{COMPRESSED, Format, Partition, Source};
use crate::storage::Place;
use crate::time::Timestamp;

/// One file of a source, as it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Absolute.
    pub place: Place,
    /// Its size.
    pub size_bytes: u64,
    /// When it was last changed.
    pub modified: Timestamp,
    /// What S3 calls these bytes.
    pub e_tag: Option<String>,
    /// What its folders, or a Delta table's log, say of its rows.
    pub partition: Partition,
}

impl SourceFile {
    /// How it is compressed, by its name.
    pub(super) fn compression(&self) -> FileCompressionType {
        match self.place.name().rsplit_once('.').map(|(_, ending)| ending) {
            Some("gz") => FileCompressionType::GZIP,
            Some("zst") => FileCompressionType::ZSTD,
            Some("bz2") => FileCompressionType::BZIP2,
            Some("xz") => FileCompressionType::XZ,
            _ => FileCompressionType::UNCOMPRESSED,
        }
    }
}

/// What lies at a source's path.
pub(super) enum Lies {
    /// Its log says which files are its.
    DeltaTable,
    Files(Vec<SourceFile>),
}

/// The files that a source's path names, in the order of their paths, and what they are: one file, what a glob matches, or
/// what lies in a folder and below. Files and folders that begin with `.` or `_` are left out, as everybody does. Of a Delta
/// table no files are listed: its log does.
pub(super) fn resolve(place: &Place, source: &Source) -> Result<(Format, Vec<SourceFile>), SourceError> {
    let wrong = |problem: String| wrong(source, problem);
    let lies = match place.folder() {
        Some(path) => folders::find(path, source)?,
        None => objects::find(place, source)?,
    };
    let mut files = match (source.format, lies) {
        (Format::Delta | Format::Detect, Lies::DeltaTable) => return Ok((Format::Delta, Vec::new())),
        (format, Lies::DeltaTable) => {
            return Err(wrong(format!(
                "a Delta table, and its folder may hold files that are no part of it: leave `format = \"{}\"` out, or say \"delta\"",
                format.name()
            )));
        }
        (_, Lies::Files(files)) => files,
    };
    files.sort_by(|a, b| a.place.cmp(&b.place));
    files.dedup_by(|a, b| a.place == b.place);
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

pub(super) fn wrong(source: &Source, problem: String) -> SourceError {
    SourceError::Path {
        source_name: source.name.clone(),
        path: source.path.clone(),
        problem,
    }
}

/// Whether a file of a folder is one of the source's, by its name.
pub(super) fn is_meant(source: &Source, file: &str) -> bool {
    match source.format {
        Format::Detect => Format::of(file).is_some(),
        format => endings(format).iter().any(|ending| file.ends_with(ending.as_str())),
    }
}

/// Whether files and folders of that name are left out.
pub(super) fn is_hidden(name: &str) -> bool {
    name.starts_with(['.', '_'])
}

/// What the folders say that a file lies in, below the source's.
pub(super) fn partition(source: &Source, folders: &[&str], file: &Place) -> Result<Partition, SourceError> {
    let Some(partitions) = &source.partitions else {
        return Ok(Partition::default());
    };
    partitions.read(folders).map_err(|problem| {
        wrong(
            source,
            format!("{file} does not fit `partitions = \"{partitions}\"`: {problem}"),
        )
    })
}

/// A Delta table among files, whose folder may hold files that are no part of it.
pub(super) fn nested_table(source: &Source, folder: impl std::fmt::Display) -> SourceError {
    let problem = format!(
        "{folder} is a Delta table, and its folder may hold files that are no part of it: let `path` be that folder alone"
    );
    wrong(source, problem)
}

/// There is something, and no Delta table, which was meant.
pub(super) fn no_other(source: &Source) -> Result<(), SourceError> {
    match source.format {
        Format::Delta => Err(wrong(
            source,
            "no Delta table: there is no folder `_delta_log` in it".into(),
        )),
        _ => Ok(()),
    }
}

/// The source is one file, and a folder was meant.
pub(super) fn no_folder(source: &Source) -> Result<(), SourceError> {
    match source.partitions {
        Some(_) => Err(wrong(
            source,
            "a file; with `partitions` it is the folder that holds them".into(),
        )),
        None => Ok(()),
    }
}

/// The one format of these files.
fn detect(files: &[SourceFile]) -> Result<Format, String> {
    let mut seen: BTreeMap<&str, (Format, usize)> = BTreeMap::new();
    for file in files {
        let format = Format::of(&file.place.name()).unwrap_or(Format::Parquet);
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
