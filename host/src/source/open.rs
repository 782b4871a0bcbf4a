//! From a definition to files with their schemas: the only part that depends on what the files are.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use futures::{StreamExt, TryStreamExt};
use parquet::arrow::arrow_reader::ArrowReaderMetadata;

use super::error::{SourceError, Unread};
use super::files::{SourceFile, resolve};
use super::footer::{self, Extent};
use super::group::{Added, Group, Kind};
use super::lines;
use super::natural::widen;
use super::shape::{Column, Folders};
use super::table::{Contents, SourceTable};
use super::times::{self, TimeKind};
use super::{csv, delta};
use crate::definition::{Format, Source};
use crate::storage::Place;
use crate::time::Timestamp;

/// Files whose schemas are read at the same time.
const FILES_AT_ONCE: usize = 16;

/// Follows a folder's name where others have the same time.
const OR_ANOTHER: &str = " or another of its time";

/// What was found at a source's path.
pub(super) struct Opened {
    format: Format,
    version: Option<u64>,
    files: Vec<SourceFile>,
    added: Added,
    declared: Option<Schema>,
    groups: Vec<Group>,
    contents: Vec<Contents>,
    footers: Vec<Option<ArrowReaderMetadata>>,
}

/// A file's schema, and what its values look like.
struct Look {
    kind: Kind,
    schema: SchemaRef,
    looks: Vec<DataType>,
    footer: Option<ArrowReaderMetadata>,
}

impl Opened {
    pub(super) async fn new(root: &Path, source: &Source) -> Result<Self, SourceError> {
        let wrong = |problem: String| SourceError::Format {
            source_name: source.name.clone(),
            problem,
        };
        let place = Place::new(&source.path, &source.bucket, root);
        let (at, of) = (place.clone(), source.clone());
        // Looking at folders and buckets waits for them.
        let resolved = tokio::task::spawn_blocking(move || resolve(&at, &of)).await;
        let (format, files) = resolved.map_err(|error| wrong(error.to_string()))??;
        let mut opened = Self {
            format,
            version: None,
            files,
            added: Added::default(),
            declared: None,
            groups: Vec::new(),
            contents: Vec::new(),
            footers: Vec::new(),
        };
        if let Some(partitions) = &source.partitions {
            opened.added = Added {
                columns: partitions.columns().to_vec(),
                has_time: partitions.has_time(),
            };
        }
        if format == Format::Delta {
            let table = delta::open(&place, source.version).await;
            let table = table.map_err(|error| error.of_source(&source.name, wrong))?;
            opened.version = Some(table.version);
            opened.files = table.files;
            opened.added.columns = table.partition_columns;
            opened.declared = Some(table.schema);
        }
        let looked = if format == Format::Jsonl {
            opened.json().await
        } else {
            opened.each().await
        };
        looked.map_err(|error| error.of_source(&source.name, wrong))?;
        Ok(opened)
    }

    /// All JSON files are one group: each has the keys that it has.
    async fn json(&mut self) -> Result<(), Unread> {
        let files = self.files.clone();
        let inferred = tokio::task::spawn_blocking(move || lines::infer(&files))
            .await
            .map_err(|_| Unread::from("its files cannot be read".to_owned()))??;
        let fields = inferred
            .columns
            .iter()
            .map(|(name, _)| Field::new(name, DataType::Utf8, true));
        let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let example = self
            .files
            .first()
            .map(|file| file.place.to_string())
            .unwrap_or_default();
        self.groups.push(Group {
            kind: Kind::Json,
            schema,
            looks: inferred.columns.into_iter().map(|(_, look)| look).collect(),
            example,
            columns: Vec::new(),
            time: None,
        });
        self.contents = vec![
            Contents {
                group: Some(0),
                ..Contents::default()
            };
            self.files.len()
        ];
        self.footers = self.files.iter().map(|_| None).collect();
        Ok(())
    }

    async fn each(&mut self) -> Result<(), Unread> {
        let format = self.format;
        let looks: Vec<Look> = futures::stream::iter(self.files.clone())
            .map(|file| async move {
                let place = file.place.clone();
                let look = match format {
                    Format::Csv => csv_look(file).await,
                    _ => parquet_look(file).await,
                };
                look.map_err(|problem| problem.of(&place))
            })
            .buffered(FILES_AT_ONCE)
            .try_collect()
            .await?;
        for (file, look) in self.files.iter().zip(looks) {
            if let Some(twice) = twice(&look.schema) {
                return Err(Unread::from(format!("two columns are named `{twice}`")).of(&file.place));
            }
            let group = (!look.schema.fields().is_empty()).then(|| place(&mut self.groups, &look, &file.place));
            self.footers.push(look.footer);
            self.contents.push(Contents {
                group,
                ..Contents::default()
            });
        }
        Ok(())
    }

    /// The table, with columns by the names that the definition gives them.
    pub(super) fn table(mut self, source: &Source) -> Result<SourceTable, SourceError> {
        let wrong = |problem: String| SourceError::Columns {
            source_name: source.name.clone(),
            problem,
        };
        let declared_any = self.declared.as_ref().is_some_and(|schema| !schema.fields().is_empty());
        if !declared_any && self.groups.iter().all(|group| group.schema.fields().is_empty()) {
            return Err(wrong("no columns: the files are empty".to_owned()));
        }
        let seen = Seen {
            columns: &source.columns,
        };
        self.unknown(source).map_err(wrong)?;
        let mut names: Vec<String> = Vec::new();
        let mut name_it = |name: String| {
            if !names.contains(&name) {
                names.push(name);
            }
        };
        for group in &mut self.groups {
            group.columns = columns(group, &self.added, &seen);
        }
        if let Some(declared) = &self.declared {
            let fields = declared.fields().iter();
            fields
                .filter_map(|field| seen.name(field.name()))
                .for_each(&mut name_it);
        }
        let (own, of_folders): (Vec<_>, Vec<_>) = self
            .groups
            .iter()
            .flat_map(|group| group.columns.iter().map(move |column| (group, column)))
            .partition(|(group, column)| column.index < group.schema.fields().len());
        for (_, column) in own.into_iter().chain(of_folders) {
            name_it(column.name.clone());
        }
        let declared = self.declared.as_ref().map(|declared| {
            let fields = declared.fields().iter();
            let renamed = fields.filter_map(|field| Some(field.as_ref().clone().with_name(seen.name(field.name())?)));
            Schema::new(renamed.collect::<Vec<_>>())
        });
        let time_column = source.timestamp_column.clone();
        if !names.contains(&time_column) {
            let existing: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            return Err(wrong(format!(
                "no column `{time_column}` for its time; there are {}",
                existing.join(", ")
            )));
        }
        let several = self.groups.len() > 1;
        for group in &mut self.groups {
            group.time = time(group, source)
                .map_err(|problem| match several {
                    true => format!("file {}: {problem}", group.example),
                    false => problem,
                })
                .map_err(wrong)?;
        }
        self.extents();
        let mut folders: BTreeMap<Timestamp, String> = BTreeMap::new();
        for file in &self.files {
            let Some(range) = file.partition.range else {
                continue;
            };
            let name = folders
                .entry(range.start)
                .or_insert_with(|| file.partition.folder.clone());
            if *name != file.partition.folder && !name.ends_with(OR_ANOTHER) {
                name.push_str(OR_ANOTHER);
            }
        }
        let table = SourceTable {
            name: source.name.clone(),
            format: self.format,
            version: self.version,
            folders: Arc::new(folders),
            files: self.files,
            contents: self.contents,
            groups: self.groups,
            added: self.added,
            names,
            declared,
            time_column,
            slack: source.partition_slack,
        };
        misplaced(&table)?;
        Ok(table)
    }

    /// Names that the definition maps and nobody has.
    fn unknown(&self, source: &Source) -> Result<(), String> {
        let mut existing: Vec<&String> = Vec::new();
        let own = self.groups.iter().flat_map(|group| group.schema.fields());
        let declared = self.declared.iter().flat_map(|schema| schema.fields());
        let all = own.chain(declared).map(|field| field.name()).chain(&self.added.columns);
        for name in all {
            if !existing.contains(&name) {
                existing.push(name);
            }
        }
        let unknown = source.columns.iter().find(|(_, stored)| !existing.contains(stored));
        let Some((name, stored)) = unknown else {
            return Ok(());
        };
        let existing: Vec<_> = existing.into_iter().map(|name| format!("`{name}`")).collect();
        Err(format!(
            "`columns` calls `{stored}` of the files `{name}`, and they have no such column; there are {}",
            existing.join(", ")
        ))
    }

    /// The time of files' rows, by their footers or, where it is the time of a folder, by its name.
    fn extents(&mut self) {
        for ((file, contents), look) in self.files.iter().zip(&mut self.contents).zip(&self.footers) {
            let group = contents.group.and_then(|group| self.groups.get(group));
            let Some((group, (index, _, kind))) = group.and_then(|group| Some((group, group.time.as_ref()?))) else {
                continue;
            };
            let own = group.schema.fields().get(*index);
            if let (Some(field), Some(footer)) = (own, look) {
                contents.row_groups = footer::row_groups(footer, field.name(), kind);
                let extents = contents.row_groups.iter().map(|group| group.extent);
                contents.extent = extents.reduce(|a, b| Some(a?.and(b?))).flatten();
                continue;
            }
            let place = index.checked_sub(group.schema.fields().len());
            let value = place
                .and_then(|place| file.partition.values.get(place))
                .cloned()
                .flatten();
            if let (None, Some(value)) = (own, value) {
                let column: ArrayRef = Arc::new(StringArray::from(vec![value]));
                let micros = times::read(&column, kind)
                    .ok()
                    .and_then(|times| times.micros.iter().next().flatten());
                contents.extent = micros
                    .map(Timestamp::from_micros)
                    .map(|at| Extent { first: at, last: at });
            }
        }
    }
}

/// The names that columns are seen by.
struct Seen<'a> {
    columns: &'a BTreeMap<String, String>,
}

impl Seen<'_> {
    /// None for a column whose name another one has taken.
    fn name(&self, stored: &str) -> Option<String> {
        let renamed = self.columns.iter().find(|(_, other)| *other == stored);
        match renamed {
            Some((name, _)) => Some(name.clone()),
            None => (!self.columns.contains_key(stored)).then(|| stored.to_owned()),
        }
    }
}

/// A group's columns: those of its files, and of folders those that the files lack.
fn columns(group: &Group, added: &Added, seen: &Seen<'_>) -> Vec<Column> {
    let own = group.schema.fields().iter().map(|field| {
        let data_type = (group.kind != Kind::Json).then(|| field.data_type().clone());
        (field.name(), data_type)
    });
    let of_folders = added.columns.iter().map(|name| (name, Some(DataType::Utf8)));
    let mut columns: Vec<Column> = Vec::new();
    for (index, (stored, data_type)) in own.chain(of_folders).enumerate() {
        if let Some(name) = seen.name(stored)
            && !columns.iter().any(|column| column.name == name)
        {
            columns.push(Column { name, index, data_type });
        }
    }
    columns
}

fn time(group: &Group, source: &Source) -> Result<Option<(usize, DataType, TimeKind)>, String> {
    let name = &source.timestamp_column;
    let Some(column) = group.columns.iter().find(|column| column.name == *name) else {
        return Err(format!("no column `{name}` for the time of its rows"));
    };
    let data_type = column.data_type.clone().unwrap_or(DataType::Utf8);
    let kind = TimeKind::of(&data_type, source.timestamp_unit, source.timestamp_format.as_deref())
        .map_err(|problem| format!("column `{name}` {problem}"))?;
    Ok(Some((column.index, data_type, kind)))
}

/// The group that a file belongs to, a new one if it is like no other.
fn place(groups: &mut Vec<Group>, look: &Look, file: &Place) -> usize {
    let like = |group: &Group| {
        if group.kind != look.kind || group.schema.fields().len() != look.schema.fields().len() {
            return false;
        }
        match group.kind {
            // Columns are found by name.
            Kind::Parquet => look.schema.fields().iter().all(|field| {
                group
                    .schema
                    .field_with_name(field.name())
                    .is_ok_and(|own| own == field.as_ref())
            }),
            _ => group.schema == look.schema,
        }
    };
    if let Some(index) = groups.iter().position(like) {
        if let Some(group) = groups.get_mut(index)
            && group.kind != Kind::Parquet
        {
            for (known, look) in group.looks.iter_mut().zip(&look.looks) {
                *known = widen(known, look, true).unwrap_or(DataType::Utf8);
            }
        }
        return index;
    }
    groups.push(Group {
        kind: look.kind.clone(),
        schema: Arc::clone(&look.schema),
        looks: look.looks.clone(),
        example: file.to_string(),
        columns: Vec::new(),
        time: None,
    });
    groups.len() - 1
}

fn twice(schema: &Schema) -> Option<&str> {
    let mut names = std::collections::BTreeSet::new();
    let mut fields = schema.fields().iter();
    fields
        .find(|field| !names.insert(field.name()))
        .map(|field| field.name().as_str())
}

async fn parquet_look(file: SourceFile) -> Result<Look, Unread> {
    let (footer, schema) = tokio::task::spawn_blocking(move || footer::columns(&file))
        .await
        .map_err(|_| Unread::from("its footer is damaged".to_owned()))??;
    let looks = schema.fields().iter().map(|field| field.data_type().clone());
    Ok(Look {
        kind: Kind::Parquet,
        looks: looks.collect(),
        schema,
        footer: Some(footer),
    })
}

async fn csv_look(file: SourceFile) -> Result<Look, Unread> {
    let compression = file.compression();
    let inferred = tokio::task::spawn_blocking(move || csv::infer(&file))
        .await
        .map_err(|_| Unread::from("its first rows cannot be read".to_owned()))??;
    let fields = inferred.fields().iter();
    let text = fields
        .clone()
        .map(|field| Field::new(field.name(), DataType::Utf8, true));
    Ok(Look {
        kind: Kind::Csv(compression),
        schema: Arc::new(Schema::new(text.collect::<Vec<_>>())),
        looks: fields.map(|field| field.data_type().clone()).collect(),
        footer: None,
    })
}

/// Rows whose time is not that of their folder, as far as footers tell: jobs that leave the folder out would lose them.
fn misplaced(table: &SourceTable) -> Result<(), SourceError> {
    let folders = Folders {
        index: 0,
        slack: table.slack,
        names: Arc::clone(&table.folders),
    };
    for (file, contents) in table.files() {
        let (Some(range), Some(extent)) = (file.partition.range, contents.extent) else {
            continue;
        };
        for at in [extent.first, extent.last] {
            if at.is_representable() && !Folders::widened(range, table.slack).contains(at) {
                return Err(SourceError::Rows {
                    source_name: table.name.clone(),
                    problem: format!("{}: {}", file.place, folders.misplaced(range, at)),
                });
            }
        }
    }
    Ok(())
}
