use std::fs::File;
use std::io::Read;
use std::path::Path;

use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use serde::{Deserialize, Serialize};

use super::TrainingError;
use crate::definition::COMPRESSED;

/// What a spine or an output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileFormat {
    /// Apache Parquet.
    Parquet,
    /// Text with a header, separated by commas.
    Csv,
    /// Arrow IPC; written as a file, read as a file or a stream.
    Arrow,
}

impl FileFormat {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Parquet, Self::Csv, Self::Arrow];

    /// As options spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Arrow => "arrow",
        }
    }

    /// The endings of its files.
    pub fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Parquet => &[".parquet"],
            Self::Csv => &[".csv"],
            Self::Arrow => &[".arrow", ".arrows", ".feather", ".ipc"],
        }
    }

    /// The format that a file's name says; of CSV also a compressed one.
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let bare = COMPRESSED.iter().find_map(|ending| name.strip_suffix(ending));
        let of = |name: &str, formats: &[Self]| {
            let named = |format: &&Self| format.endings().iter().any(|ending| name.ends_with(ending));
            formats.iter().find(named).copied()
        };
        match bare {
            Some(bare) => of(bare, &[Self::Csv]),
            None => of(name, &Self::ALL),
        }
    }

    /// The format that a file's name says, or else its first bytes.
    pub(super) fn detect(path: &Path) -> Result<Self, TrainingError> {
        if let Some(format) = Self::of(path) {
            return Ok(format);
        }
        match Magic::of(path)? {
            Magic::Parquet => Ok(Self::Parquet),
            Magic::ArrowFile | Magic::ArrowStream => Ok(Self::Arrow),
            Magic::Other => Err(
                TrainingError::spine(path, "neither its name nor its first bytes say what it is").with_hint(format!(
                    "say so with its format, or by its ending: {}",
                    Self::ALL.map(|format| format.endings().join(", ")).join(", ")
                )),
            ),
        }
    }
}

/// How a text file is compressed, by its name.
pub(super) fn compression(path: &Path) -> FileCompressionType {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("gz") => FileCompressionType::GZIP,
        Some("zst") => FileCompressionType::ZSTD,
        Some("bz2") => FileCompressionType::BZIP2,
        Some("xz") => FileCompressionType::XZ,
        _ => FileCompressionType::UNCOMPRESSED,
    }
}

/// What a file's first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Magic {
    Parquet,
    ArrowFile,
    ArrowStream,
    Other,
}

impl Magic {
    pub(super) fn of(path: &Path) -> Result<Self, TrainingError> {
        let mut first = Vec::new();
        File::open(path)
            .and_then(|file| file.take(6).read_to_end(&mut first))
            .map_err(|error| TrainingError::io("read", path, error))?;
        Ok(match first.as_slice() {
            b"ARROW1" => Self::ArrowFile,
            [b'P', b'A', b'R', b'1', ..] => Self::Parquet,
            [0xff, 0xff, 0xff, 0xff, ..] => Self::ArrowStream,
            _ => Self::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, format) in [
            ("a/b.parquet", Some(FileFormat::Parquet)),
            ("b.csv", Some(FileFormat::Csv)),
            ("b.csv.gz", Some(FileFormat::Csv)),
            ("b.feather", Some(FileFormat::Arrow)),
            ("b.parquet.gz", None),
            ("csv", None),
            ("", None),
        ] {
            assert_eq!(FileFormat::of(Path::new(name)), format, "{name}");
        }
    }
}
