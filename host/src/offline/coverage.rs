//! Which jobs are done, read from the log in one pass: the newest checkpoint and the commits after it. (The Delta kernel
//! looks application ids up one by one, which for 546 jobs is 546 passes.)

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::error::OfflineError;
use super::table::OfflineTable;
use crate::time::{Interval, Timestamp, union};
use crate::workspace::Name;

/// A job that is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Done {
    /// Its interval.
    pub interval: Interval,
    /// How often it has been done, from 1.
    pub attempt: i64,
}

/// The jobs that are done, at one version of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    done: BTreeMap<Interval, i64>,
}

impl Coverage {
    /// The jobs, in order of their intervals.
    pub fn done(&self) -> impl Iterator<Item = Done> + '_ {
        self.done.iter().map(|(&interval, &attempt)| Done { interval, attempt })
    }

    /// How often the job of this interval has been done.
    pub fn attempts(&self, interval: Interval) -> i64 {
        self.done.get(&interval).copied().unwrap_or(0)
    }

    /// The time that is covered, in order and without overlap.
    pub fn intervals(&self) -> Vec<Interval> {
        union(self.done.keys().copied().collect())
    }

    /// Where the coverage that begins at `start` ends; `start` itself if it is not covered.
    pub fn contiguous_from(&self, start: Timestamp) -> Timestamp {
        self.intervals()
            .iter()
            .find(|interval| interval.contains(start))
            .map_or(start, |interval| interval.end)
    }
}

const PREFIX: &str = "sandglass";

/// `sandglass:<workspace>.<view>.v<N>:<start>/<end>`, in microseconds.
pub(super) fn application_id(name: &Name, interval: Interval) -> String {
    format!("{PREFIX}:{name}:{}/{}", interval.start.micros(), interval.end.micros())
}

fn interval_of(name: &Name, application_id: &str) -> Option<Interval> {
    let rest = application_id.strip_prefix(PREFIX)?.strip_prefix(':')?;
    let (start, end) = rest
        .strip_prefix(&name.to_string())?
        .strip_prefix(':')?
        .split_once('/')?;
    Interval::new(
        Timestamp::from_micros(start.parse().ok()?),
        Timestamp::from_micros(end.parse().ok()?),
    )
}

impl OfflineTable {
    /// Which jobs are done at the loaded version of the log.
    pub async fn coverage(&self) -> Result<Coverage, OfflineError> {
        let store = self.object_store();
        let version = self.version();
        let log = Log::list(store.as_ref(), version)
            .await
            .map_err(|error| self.io(&error))?;
        let mut coverage = Coverage::default();
        let mut note = |id: &str, attempt: i64| {
            if let Some(interval) = interval_of(&self.spec.name, id) {
                coverage.done.insert(interval, attempt);
            }
        };
        for path in &log.checkpoint {
            let bytes = self.get(store.as_ref(), path).await?;
            checkpoint_transactions(bytes, &mut note).map_err(|message| self.corrupt(format!("{path}: {message}")))?;
        }
        for path in &log.commits {
            let bytes = self.get(store.as_ref(), path).await?;
            commit_transactions(&bytes, &mut note).map_err(|message| self.corrupt(format!("{path}: {message}")))?;
        }
        Ok(coverage)
    }

    async fn get(&self, store: &dyn ObjectStore, path: &Path) -> Result<bytes::Bytes, OfflineError> {
        let found = store.get(path).await.map_err(|error| self.io(&error))?;
        found.bytes().await.map_err(|error| self.io(&error))
    }
}

/// The files of the log that say what is done.
struct Log {
    checkpoint: Vec<Path>,
    commits: Vec<Path>,
}

impl Log {
    async fn list(store: &dyn ObjectStore, version: u64) -> Result<Self, object_store::Error> {
        let entries: Vec<_> = store.list(Some(&Path::from("_delta_log"))).try_collect().await?;
        let mut checkpoints: BTreeMap<u64, Vec<Path>> = BTreeMap::new();
        let mut commits: BTreeMap<u64, Path> = BTreeMap::new();
        for entry in entries {
            let name = entry.location.filename().unwrap_or_default().to_owned();
            let Some(number) = name.get(..20).and_then(|digits| digits.parse::<u64>().ok()) else {
                continue;
            };
            if number > version {
                continue;
            }
            match &name[20..] {
                ".json" => {
                    commits.insert(number, entry.location);
                }
                rest if rest.starts_with(".checkpoint") && rest.ends_with(".parquet") => {
                    checkpoints.entry(number).or_default().push(entry.location);
                }
                _ => {}
            }
        }
        let (after, checkpoint) = match checkpoints.pop_last() {
            Some((number, parts)) => (number + 1, parts),
            None => (0, Vec::new()),
        };
        Ok(Self {
            checkpoint,
            commits: commits.split_off(&after).into_values().collect(),
        })
    }
}

fn commit_transactions(bytes: &[u8], note: &mut impl FnMut(&str, i64)) -> Result<(), String> {
    #[derive(serde::Deserialize)]
    struct Line {
        txn: Option<Txn>,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Txn {
        app_id: String,
        version: i64,
    }
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let line: Line = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        if let Some(txn) = line.txn {
            note(&txn.app_id, txn.version);
        }
    }
    Ok(())
}

fn checkpoint_transactions(bytes: bytes::Bytes, note: &mut impl FnMut(&str, i64)) -> Result<(), String> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|error| error.to_string())?;
    let leaves = builder.parquet_schema().columns().iter().enumerate();
    let wanted: Vec<usize> = leaves
        .filter(|(_, leaf)| matches!(leaf.path().string().as_str(), "txn.appId" | "txn.version"))
        .map(|(index, _)| index)
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let mask = ProjectionMask::leaves(builder.parquet_schema(), wanted);
    let reader = builder
        .with_projection(mask)
        .build()
        .map_err(|error| error.to_string())?;
    for batch in reader {
        read_transactions(&batch.map_err(|error| error.to_string())?, note)
            .ok_or("no txn column of the usual shape")?;
    }
    Ok(())
}

fn read_transactions(batch: &RecordBatch, note: &mut impl FnMut(&str, i64)) -> Option<()> {
    let txn = batch.column_by_name("txn")?.as_struct_opt()?;
    let ids = arrow::compute::cast(txn.column_by_name("appId")?, &arrow::datatypes::DataType::Utf8).ok()?;
    let ids = ids.as_string_opt::<i32>()?;
    let versions = txn.column_by_name("version")?.as_primitive_opt::<Int64Type>()?;
    for row in 0..batch.num_rows() {
        if txn.is_valid(row) && ids.is_valid(row) && versions.is_valid(row) {
            note(ids.value(row), versions.value(row));
        }
    }
    Some(())
}
