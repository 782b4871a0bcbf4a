use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Cells, FileFormat, Spine, TrainingError, Written};
use crate::offline::SourceRead;
use crate::time::Timestamp;

/// The version of the manifest's form that is written and read here.
const FORMAT: u64 = 1;
/// A manifest is no larger.
const BYTES_MAX: u64 = 64 << 20;

/// What an output was made from: with it, the same bytes are made again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this form.
    manifest: u64,
    /// The version of the program.
    pub program: String,
    /// The workspace.
    pub workspace: String,
    /// The number of the application that was current.
    pub application: u64,
    /// The features as they were asked for, in order.
    pub features: Vec<String>,
    /// The views they come from.
    pub views: Vec<ViewRecord>,
    /// The spine.
    pub spine: SpineRecord,
    /// How it was asked for.
    pub options: Options,
    /// What was written.
    pub output: OutputRecord,
}

/// A view, as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewRecord {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u64,
    /// The version of the table of its rows; none where nothing of it was read.
    pub rows: Option<u64>,
    /// The version of the table of its tiles, where it has one.
    pub tiles: Option<u64>,
    /// The digest of its component, where it has one.
    pub component: Option<String>,
    /// A digest for each part of its definition.
    pub definition: BTreeMap<String, String>,
    /// What was read of its sources, where it was computed from them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceRead>,
}

/// The spine, as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpineRecord {
    /// The name of its file.
    pub file: String,
    /// What it is.
    pub format: FileFormat,
    /// The SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// Its rows.
    pub rows: u64,
    /// The column with its times.
    pub timestamp_column: String,
    /// What became of the cells of CSV.
    pub cells: Cells,
}

/// How the features were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Whether an interval without data was passed over.
    pub allow_gaps: bool,
    /// Whether values were computed from the sources.
    pub from_source: bool,
    /// The time of the command.
    pub now: Timestamp,
}

/// The output, as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputRecord {
    /// What it is.
    pub format: FileFormat,
    /// Its rows.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// The SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// Where the manifest of an output lies: beside it, with `.manifest.json` behind its name.
pub fn manifest_path(output: &Path) -> PathBuf {
    let mut name = OsString::from(output.as_os_str());
    name.push(".manifest.json");
    PathBuf::from(name)
}

impl Manifest {
    /// A manifest of this program's version.
    pub fn new(
        workspace: String,
        application: u64,
        features: Vec<String>,
        views: Vec<ViewRecord>,
        spine: SpineRecord,
        options: Options,
        output: OutputRecord,
    ) -> Self {
        Self {
            manifest: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            workspace,
            application,
            features,
            views,
            spine,
            options,
            output,
        }
    }

    /// Reads a manifest, of this form only.
    pub fn read(path: &Path) -> Result<Self, TrainingError> {
        let wrong = |problem: String, hint: Option<&str>| TrainingError::Manifest {
            path: path.display().to_string(),
            problem,
            hint: hint.map(str::to_owned),
        };
        let size = std::fs::metadata(path).map_err(|error| TrainingError::io("read", path, error))?;
        if size.len() > BYTES_MAX {
            return Err(wrong("too large to be one".to_owned(), None));
        }
        let bytes = std::fs::read(path).map_err(|error| TrainingError::io("read", path, error))?;
        let value: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|error| wrong(format!("not JSON: {error}"), None))?;
        match value.get("manifest").map(|version| (version.as_u64(), version)) {
            Some((Some(FORMAT), _)) => {}
            Some((_, version)) => {
                return Err(wrong(
                    format!("its form is version {version}, and this program reads {FORMAT}"),
                    Some("use the version of sandglass that wrote it, or a later one"),
                ));
            }
            None => return Err(wrong("no manifest of training data".to_owned(), None)),
        }
        serde_json::from_value(value).map_err(|error| wrong(error.to_string(), None))
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, TrainingError> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|error| TrainingError::Internal(error.to_string()))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Whether a spine is the one that the output was made for.
    pub fn check_spine(&self, spine: &Spine) -> Result<(), TrainingError> {
        let found = SpineRecord::of(spine);
        let SpineRecord {
            // It may have been moved.
            file: _,
            format,
            sha256,
            rows,
            timestamp_column,
            cells,
        } = &self.spine;
        let problem = if found.sha256 != *sha256 {
            format!("its SHA-256 is {}, and the manifest names {sha256}", found.sha256)
        } else if (found.format, found.rows, &found.timestamp_column, found.cells)
            != (*format, *rows, timestamp_column, *cells)
        {
            "it was read in another way than the manifest says".to_owned()
        } else {
            return Ok(());
        };
        Err(TrainingError::spine(spine.path(), problem).with_hint("take the spine that the output was made for"))
    }

    /// Whether what was written is what the manifest names.
    pub fn check_output(&self, path: &Path, written: &Written) -> Result<(), TrainingError> {
        match self.output.sha256 == written.digest {
            true => Ok(()),
            false => Err(TrainingError::output(
                path,
                format!(
                    "its SHA-256 is {}, and the manifest names {}",
                    written.digest, self.output.sha256
                ),
            )
            .with_hint(format!(
                "the manifest is of sandglass {}; this is {}",
                self.program,
                env!("CARGO_PKG_VERSION")
            ))),
        }
    }
}

impl SpineRecord {
    /// What a spine is known by.
    pub fn of(spine: &Spine) -> Self {
        let file = spine.path().file_name().unwrap_or_default();
        Self {
            file: file.to_string_lossy().into_owned(),
            format: spine.format(),
            sha256: spine.digest().to_owned(),
            rows: spine.rows(),
            timestamp_column: spine.timestamp_column().to_owned(),
            cells: spine.cells(),
        }
    }
}

impl OutputRecord {
    /// What an output is known by.
    pub fn of(format: FileFormat, written: &Written) -> Self {
        Self {
            format,
            rows: written.rows,
            bytes: written.bytes,
            sha256: written.digest.clone(),
        }
    }
}
