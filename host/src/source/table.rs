use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::DataFusionError;
use datafusion::prelude::SessionContext;
use sandglass_runtime::{host_type, kind_name};

use super::error::SourceError;
use super::exec::NormalizeExec;
use super::files::SourceFile;
use super::footer::{Extent, RowGroup};
use super::group::{Added, Group, Kind};
use super::metrics::ScanMetrics;
use super::natural::{natural_type, text_for_null, widen};
use super::open::Opened;
use super::scan::{SourceScan, spread};
use super::shape::{Folders, Shape, Stored, Wanted};
use super::times::TimeKind;
use crate::definition::{Format, Source};
use crate::storage::StorageError;
use crate::time::{Interval, Span, Timestamp};

/// Objects that are looked for when a job has failed.
const LOOKED_AT_MAX: usize = 100;

/// A source as it was when it was opened: its files, their columns and times, and how to scan them.
///
/// Files whose schemas differ are scanned in groups, each with a filter in its own types, and brought into the wanted shape
/// before they are put together. So no schema that would fit all of them is needed.
pub struct SourceTable {
    pub(super) name: String,
    pub(super) format: Format,
    pub(super) version: Option<u64>,
    pub(super) files: Vec<SourceFile>,
    /// For each file what is known of its rows.
    pub(super) contents: Vec<Contents>,
    pub(super) groups: Vec<Group>,
    pub(super) added: Added,
    /// Columns by the names that they are seen by, in the order in which they were met; those of folders at the end.
    pub(super) names: Vec<String>,
    /// What a Delta table says of its columns, as they are seen.
    pub(super) declared: Option<Schema>,
    pub(super) time_column: String,
    pub(super) slack: Span,
    pub(super) folders: Arc<BTreeMap<Timestamp, String>>,
}

/// What is known of a file's rows without reading them.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// Which files it is like; none for an empty one, which is not read.
    pub(super) group: Option<usize>,
    /// The time of its rows; none where nothing says.
    pub extent: Option<Extent>,
    /// Of a Parquet file.
    pub row_groups: Vec<RowGroup>,
}

/// Why a file is left out of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skip {
    /// The time of its folder, widened by the slack.
    Folder(Interval),
    /// The time of its rows.
    Rows(Extent),
}

impl SourceTable {
    /// Finds the files and reads their schemas.
    pub async fn open(root: &Path, source: &Source) -> Result<Self, SourceError> {
        Opened::new(root, source).await?.table(source)
    }

    /// The source's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it turned out to be.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The version of the Delta table, if it is one.
    pub fn version(&self) -> Option<u64> {
        self.version
    }

    /// The names of its columns, as they are seen.
    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Its files in the order of their paths, each with what is known of its rows.
    pub fn files(&self) -> impl Iterator<Item = (&SourceFile, &Contents)> {
        self.files.iter().zip(&self.contents)
    }

    /// How many rows a read of these ranges looks at, all for none; none where a file does not tell how many it has.
    pub fn rows(&self, ranges: Option<&[Interval]>) -> Option<u64> {
        let mut rows = 0;
        for (file, contents) in self.files() {
            let meets = |extent: Option<Extent>| match (ranges, extent) {
                (Some(ranges), Some(extent)) => ranges.iter().any(|range| extent.meets(*range)),
                _ => true,
            };
            let is_read = match ranges {
                Some(ranges) => ranges
                    .iter()
                    .any(|range| self.skip(file, contents, Some(*range)).is_none()),
                None => true,
            };
            if !is_read || contents.group.is_none() {
                continue;
            }
            if contents.row_groups.is_empty() {
                return None;
            }
            let groups = contents.row_groups.iter().filter(|group| meets(group.extent));
            rows += groups.map(|group| group.rows).sum::<u64>();
        }
        Some(rows)
    }

    /// A file that was there when the source was opened and cannot be opened now. The engine's own errors do not tell it from a file
    /// that is damaged.
    pub fn unreachable(&self) -> Option<SourceError> {
        let mut looked_at = 0;
        self.files.iter().find_map(|file| {
            let problem = match file.place.folder() {
                Some(path) => std::fs::File::open(path).err()?.to_string(),
                // Each is a request: if these are there, it is not that they are away.
                None if looked_at >= LOOKED_AT_MAX => return None,
                None => match file.place.look() {
                    Ok(Some(_)) => {
                        looked_at += 1;
                        return None;
                    }
                    Ok(None) => "there is no such object any more".to_owned(),
                    Err(error) => return Some(self.objects_error(error)),
                },
            };
            Some(SourceError::Unreadable {
                source_name: self.name.clone(),
                problem: format!("{}: {problem}", file.place),
            })
        })
    }

    /// Why a file holds no row of the range, if it can be told.
    pub fn skip(&self, file: &SourceFile, contents: &Contents, range: Option<Interval>) -> Option<Skip> {
        let range = range?;
        if let Some(folder) = file.partition.range {
            let widened = Folders::widened(folder, self.slack);
            if !widened.overlaps(&range) {
                return Some(Skip::Folder(widened));
            }
        }
        let extent = contents.extent.filter(|extent| !extent.meets(range));
        extent.map(Skip::Rows)
    }

    /// The column that holds the rows' time.
    pub fn time_column(&self) -> &str {
        &self.time_column
    }

    /// Its columns as rows that are passed on have them: times are microseconds UTC, text and numbers have one type each, and
    /// where files differ it is the type that holds the values of all. What only folders say is there if it is asked for.
    pub fn natural(&self, asked: &[&str]) -> Result<Schema, SourceError> {
        let mut fields = Vec::new();
        for name in &self.names {
            if *name == self.time_column {
                fields.push(Field::new(name, host_type::timestamp(), false));
                continue;
            }
            let is_asked = asked.contains(&name.as_str());
            if let Some(field) = self.natural_field(name, is_asked)? {
                fields.push(field);
            }
        }
        Ok(Schema::new(fields))
    }

    fn natural_field(&self, name: &str, is_asked: bool) -> Result<Option<Field>, SourceError> {
        if let Some(declared) = self
            .declared
            .as_ref()
            .and_then(|schema| schema.field_with_name(name).ok())
        {
            return Ok(Some(Field::new(name, natural_type(declared.data_type()), true)));
        }
        let mut known: Option<(DataType, &Group)> = None;
        for group in &self.groups {
            let Some(column) = group.columns.iter().find(|column| column.name == name) else {
                continue;
            };
            let look = match group.looks.get(column.index) {
                Some(look) => natural_type(look),
                // Of a folder.
                None if is_asked => DataType::Utf8,
                None => continue,
            };
            known = Some(match known {
                None => (look, group),
                Some((data_type, first)) => match widen(&data_type, &look, group.kind != Kind::Parquet) {
                    Some(widened) => (widened, first),
                    None => {
                        return Err(self.columns_error(format!(
                            "column `{name}` is {} in {} and {} in {}, and no type holds both",
                            kind_name(&data_type),
                            first.example,
                            kind_name(&look),
                            group.example
                        )));
                    }
                },
            });
        }
        Ok(known.map(|(data_type, group)| {
            let data_type = match group.kind {
                Kind::Parquet => data_type,
                _ => text_for_null(&data_type),
            };
            Field::new(name, data_type, true)
        }))
    }

    fn objects_error(&self, error: StorageError) -> SourceError {
        SourceError::Objects {
            source_name: self.name.clone(),
            error,
        }
    }

    fn columns_error(&self, problem: String) -> SourceError {
        SourceError::Columns {
            source_name: self.name.clone(),
            problem,
        }
    }

    /// Whether these columns can be had, with every key non-null; an error says what does not fit.
    pub fn check(&self, columns: SchemaRef, keys: Vec<String>) -> Result<(), SourceError> {
        let wanted = Wanted {
            columns,
            keys,
            range: None,
            and_time: false,
        };
        self.shapes(&wanted).map(|_| ())
    }

    fn shapes(&self, wanted: &Wanted) -> Result<Vec<Shape>, SourceError> {
        let shape = |(index, group): (usize, &Group)| {
            Shape::new(&self.stored(group), wanted.clone()).map_err(|error| {
                let others = self.groups.iter().enumerate().filter(|(other, _)| *other != index);
                let differs = error.column.as_ref().and_then(|name| {
                    let find = |group: &Group| {
                        let column = group.columns.iter().find(|column| column.name == *name)?;
                        column.data_type.clone()
                    };
                    let own = find(group);
                    let other = others
                        .map(|(_, other)| (find(other), other))
                        .find(|(data_type, _)| data_type.is_some() && *data_type != own)?;
                    Some(format!("; in {} it is {}", other.1.example, kind_name(&other.0?)))
                });
                self.columns_error(format!("{}{}", error.message, differs.unwrap_or_default()))
            })
        };
        self.groups.iter().enumerate().map(shape).collect()
    }

    fn stored(&self, group: &Group) -> Stored {
        let own: BTreeSet<&String> = group.columns.iter().map(|column| &column.name).collect();
        let elsewhere = self.names.iter().filter(|name| !own.contains(name)).cloned();
        let kind = group.time.as_ref().map(|(_, _, kind)| kind.clone());
        Stored {
            columns: group.columns.clone(),
            time_column: self.time_column.clone(),
            time_kind: kind.unwrap_or(TimeKind::Text),
            elsewhere: elsewhere.collect(),
            files: (self.groups.len() > 1).then(|| format!("file {}", group.example)),
            folders: self.added.has_time.then(|| Folders {
                index: group.schema.fields().len() + self.added.columns.len(),
                slack: self.slack,
                names: Arc::clone(&self.folders),
            }),
        }
    }

    /// The scan of what is wanted.
    pub async fn scan(&self, session: &SessionContext, wanted: Wanted) -> Result<SourceScan, SourceError> {
        let range = wanted.range;
        let shapes = self.shapes(&wanted)?;
        let mut left_out = ScanMetrics::default();
        let mut files: Vec<Vec<&SourceFile>> = vec![Vec::new(); self.groups.len()];
        let mut folders: BTreeMap<&str, bool> = BTreeMap::new();
        for (file, contents) in self.files() {
            let Some(of_group) = contents.group.and_then(|group| files.get_mut(group)) else {
                continue;
            };
            let skip = self.skip(file, contents, range);
            if file.partition.range.is_some() {
                folders.insert(&file.partition.folder, matches!(skip, Some(Skip::Folder(_))));
            }
            match skip {
                Some(_) => left_out.files_pruned += 1,
                None => {
                    left_out.files_matched += 1;
                    of_group.push(file);
                }
            }
        }
        left_out.partitions_pruned = folders.values().filter(|skipped| **skipped).count() as u64;
        let format_error = |error: DataFusionError| SourceError::Format {
            source_name: self.name.clone(),
            problem: error.strip_backtrace(),
        };
        let partitions = session.copied_config().target_partitions().max(1);
        let mut parts = Vec::new();
        for ((group, shape), files) in self.groups.iter().zip(shapes).zip(files) {
            if files.is_empty() {
                continue;
            }
            let plan = group
                .scan(session, &self.name, &files, &self.added, &shape, range)
                .await
                .map_err(format_error)?;
            let bytes = files.iter().map(|file| file.size_bytes).sum();
            let plan = spread(plan, bytes, partitions).map_err(format_error)?;
            parts.push(Arc::new(NormalizeExec::new(self.name.clone(), Arc::new(shape), plan)));
        }
        SourceScan::new(&wanted.schema(), parts, left_out, partitions).map_err(format_error)
    }
}
