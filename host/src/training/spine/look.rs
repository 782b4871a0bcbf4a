//! The first reading of a spine, which finds its columns and looks at every time and key.

use std::fs::File as Handle;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use sha2::{Digest, Sha256};

use super::bind::{Bad, Layout, extent, not_a_key, not_a_time, not_context};
use super::cells::Seen;
use super::read::{Reader, open};
use super::text::{TextRows, line_of};
use super::{Cells, File, Spine, SpineOptions};
use crate::definition::{ContextField, JoinKey, list, similar};
use crate::source::Extent;
use crate::time::Timestamp;
use crate::training::{FileFormat, TrainingError, hex};

/// A column of this name has the times, where nothing else is said.
const TIMESTAMP: &str = "timestamp";

/// What tells that a file is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    size_bytes: u64,
    modified: Option<SystemTime>,
}

impl Stat {
    pub(super) fn of(path: &Path) -> Result<Self, TrainingError> {
        let found = std::fs::metadata(path).map_err(|error| TrainingError::io("read", path, error))?;
        if found.is_dir() {
            return Err(TrainingError::spine(path, "a folder; a spine is one file"));
        }
        Ok(Self {
            size_bytes: found.len(),
            modified: found.modified().ok(),
        })
    }
}

pub(super) fn look(path: &Path, keys: &[JoinKey], options: &SpineOptions) -> Result<Spine, TrainingError> {
    let stat = Stat::of(path)?;
    let format = match options.format {
        Some(format) => format,
        None => FileFormat::detect(path)?,
    };
    let reader = Reader::of(path, format)?;
    let schema = reader.schema(path)?;
    check_names(path, &schema)?;
    let keys = find_keys(path, &schema, keys)?;
    let context = find_context(path, &schema, &options.context)?;
    let named = named_time(path, &schema, options.timestamp_column.as_deref())?;
    let mut first = First::default();
    let layout = if reader == Reader::Csv {
        first.text(path, &schema, named, Bound { keys, context }, options.cells)?
    } else {
        let time = match named {
            Some(time) => time,
            None => only_time(path, &schema, &taken(&keys, &context), |index| {
                matches!(schema.field(index).data_type(), DataType::Timestamp(..))
            })?,
        };
        let layout = Layout::new(Arc::clone(&schema), time, keys, context);
        first.columns(path, reader, &schema, &layout)?;
        layout
    };
    if Stat::of(path)? != stat {
        return Err(TrainingError::Changed {
            path: path.display().to_string(),
        });
    }
    let micros = Timestamp::from_micros;
    Ok(Spine {
        times: first.extent.map(|(first, last)| Extent {
            first: micros(first),
            last: micros(last),
        }),
        null_times: first.null_times,
        digest: first.digest,
        file: Arc::new(File {
            path: path.to_owned(),
            format,
            cells: options.cells,
            reader,
            schema,
            layout,
            rows: first.rows,
            stat,
        }),
    })
}

/// The error of a value, by the line or row that it is in.
pub(super) fn at(path: &Path, reader: Reader, before: u64, bad: Bad) -> TrainingError {
    let row = before + bad.row as u64;
    let line = (reader == Reader::Csv).then(|| line_of(path, row)).flatten();
    let place = line.map_or_else(|| format!("row {}", row + 1), |line| format!("line {line}"));
    TrainingError::spine(path, format!("{place}: {}", bad.problem))
}

/// Columns that are found by the names of keys and of context.
struct Bound {
    keys: Vec<(usize, JoinKey)>,
    context: Vec<(usize, ContextField)>,
}

/// What the first reading gathers.
#[derive(Default)]
struct First {
    rows: u64,
    extent: Option<(i64, i64)>,
    null_times: u64,
    digest: String,
}

impl First {
    fn add(&mut self, (extent, nulls): (Option<(i64, i64)>, u64)) {
        self.null_times += nulls;
        self.extent = match (self.extent, extent) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, other) => one.or(other),
        };
    }

    /// Times and keys of a file that has columns.
    fn columns(
        &mut self,
        path: &Path,
        reader: Reader,
        schema: &SchemaRef,
        layout: &Layout,
    ) -> Result<(), TrainingError> {
        let columns = layout.matching();
        for batch in reader.batches(path, schema, &columns)? {
            let batch = batch?;
            let bad = |bad| at(path, reader, self.rows, bad);
            let times = layout.times(&batch, &columns).map_err(bad)?;
            layout.bound(&batch, &columns).map_err(bad)?;
            self.add(extent(&times));
            self.rows += batch.num_rows() as u64;
        }
        let hashed = Hashed::new(open(path)?);
        hashed.clone().drain(path)?;
        self.digest = hashed.digest();
        Ok(())
    }

    /// Times, keys and types of a file that has text.
    fn text(
        &mut self,
        path: &Path,
        schema: &SchemaRef,
        named: Option<usize>,
        Bound { keys, context }: Bound,
        cells: Cells,
    ) -> Result<Layout, TrainingError> {
        let columns: Vec<usize> = (0..schema.fields().len()).collect();
        let mut seen: Vec<Seen> = columns.iter().map(|_| Seen::default()).collect();
        let hashed = Hashed::new(open(path)?);
        // Where the time is not known before its cells are seen, any column stands in for it, and is not read as times.
        let checked = Layout::new(Arc::clone(schema), named.unwrap_or_default(), keys, context);
        for batch in TextRows::of_reader(path, Box::new(hashed.clone()), schema, &columns)? {
            let batch = batch?;
            let bad = |bad| at(path, Reader::Csv, self.rows, bad);
            let times = named
                .map(|_| checked.times(&batch, &columns))
                .transpose()
                .map_err(bad)?;
            checked.bound(&batch, &columns).map_err(bad)?;
            see(&mut seen, &batch, &checked);
            self.rows += batch.num_rows() as u64;
            if let Some(times) = times {
                self.add(extent(&times));
            }
        }
        hashed.clone().drain(path)?;
        self.digest = hashed.digest();
        let (keys, context) = (checked.keys, checked.context);
        let time = match named {
            Some(time) => time,
            None => {
                let is_time = |index: usize| seen.get(index).is_some_and(Seen::is_time);
                let time = only_time(path, schema, &taken(&keys, &context), is_time)?;
                if let Some(seen) = seen.get(time) {
                    self.add((seen.extent(), seen.nulls()));
                }
                time
            }
        };
        let own = match cells {
            Cells::Text => Arc::clone(schema),
            Cells::Typed => typed(schema, &seen, &keys, &context),
        };
        Ok(Layout::new(own, time, keys, context))
    }
}

fn see(seen: &mut [Seen], batch: &RecordBatch, layout: &Layout) {
    for (index, (seen, column)) in seen.iter_mut().zip(batch.columns()).enumerate() {
        if !layout.keys.iter().any(|(key, _)| *key == index) {
            seen.see(column.as_string());
        }
    }
}

fn typed(schema: &SchemaRef, seen: &[Seen], keys: &[(usize, JoinKey)], context: &[(usize, ContextField)]) -> SchemaRef {
    let fields = schema.fields().iter().zip(seen).enumerate();
    let fields = fields.map(|(index, (field, seen))| {
        let key = keys.iter().find(|(key, _)| *key == index);
        let key = key.map(|(_, key)| crate::key::data_type(key.kind));
        let field_of = context.iter().find(|(column, _)| *column == index);
        let data_type = key.or_else(|| field_of.map(|(_, field)| field.kind.data_type()));
        let data_type = data_type.unwrap_or_else(|| seen.data_type());
        Field::new(field.name(), data_type, true)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn names(schema: &Schema) -> impl Iterator<Item = &str> + Clone {
    schema.fields().iter().map(|field: &FieldRef| field.name().as_str())
}

fn check_names(path: &Path, schema: &Schema) -> Result<(), TrainingError> {
    let mut known = std::collections::BTreeSet::new();
    for name in names(schema) {
        if name.starts_with("__") {
            let hint = match name.starts_with("__index_level_") {
                true => "pandas wrote its index: leave it out with `to_parquet(…, index=False)`",
                false => "columns that begin with `__` are ours: rename it",
            };
            return Err(TrainingError::spine(path, format!("column `{name}` has a name of ours")).with_hint(hint));
        }
        if name.is_empty() {
            return Err(TrainingError::spine(path, "a column has no name")
                .with_hint("pandas writes its index so: leave it out with `to_csv(…, index=False)`"));
        }
        if !known.insert(name) {
            return Err(TrainingError::spine(path, format!("there are two columns `{name}`")));
        }
    }
    Ok(())
}

fn missing(path: &Path, schema: &Schema, name: &str, what: &str) -> TrainingError {
    let existing = list(names(schema));
    let error = TrainingError::spine(path, format!("there is no column `{name}`{what}; there are {existing}"));
    match similar(name, names(schema)) {
        Some(other) => error.with_hint(format!("did you mean `{other}`?")),
        None => error,
    }
}

fn find_keys(path: &Path, schema: &Schema, keys: &[JoinKey]) -> Result<Vec<(usize, JoinKey)>, TrainingError> {
    let mut found: Vec<(usize, JoinKey)> = Vec::new();
    for key in keys {
        match found.iter().find(|(_, other)| other.name == key.name) {
            Some((_, other)) if other.kind == key.kind => continue,
            Some((_, other)) => {
                return Err(TrainingError::spine(
                    path,
                    format!(
                        "column `{}` is wanted as {} and as {}",
                        key.name,
                        other.kind.name(),
                        key.kind.name()
                    ),
                ));
            }
            None => {}
        }
        let index = schema
            .index_of(&key.name)
            .map_err(|_| missing(path, schema, &key.name, " for the join key"))?;
        if let Some((problem, hint)) = not_a_key(schema.field(index).data_type(), key.kind) {
            return Err(TrainingError::spine(path, format!("column `{}` {problem}", key.name)).with_hint(hint));
        }
        found.push((index, key.clone()));
    }
    Ok(found)
}

fn find_context(
    path: &Path,
    schema: &Schema,
    fields: &[ContextField],
) -> Result<Vec<(usize, ContextField)>, TrainingError> {
    let found = fields.iter().map(|field| {
        let index = schema
            .index_of(&field.name)
            .map_err(|_| missing(path, schema, &field.name, " for the request context"))?;
        match not_context(schema.field(index).data_type(), field.kind) {
            None => Ok((index, field.clone())),
            Some((problem, hint)) => {
                Err(TrainingError::spine(path, format!("column `{}` {problem}", field.name)).with_hint(hint))
            }
        }
    });
    found.collect()
}

/// The column that is named for the times, or that has their name.
fn named_time(path: &Path, schema: &Schema, name: Option<&str>) -> Result<Option<usize>, TrainingError> {
    let index = match name {
        Some(name) => schema
            .index_of(name)
            .map_err(|_| missing(path, schema, name, " for the times"))?,
        None => match schema.index_of(TIMESTAMP) {
            Ok(index) => index,
            Err(_) => return Ok(None),
        },
    };
    let field = schema.field(index);
    match not_a_time(field.data_type()) {
        None => Ok(Some(index)),
        Some((problem, hint)) => {
            Err(TrainingError::spine(path, format!("column `{}` {problem}", field.name())).with_hint(hint))
        }
    }
}

/// Columns that are keys or context.
fn taken(keys: &[(usize, JoinKey)], context: &[(usize, ContextField)]) -> Vec<usize> {
    let keys = keys.iter().map(|(index, _)| *index);
    keys.chain(context.iter().map(|(index, _)| *index)).collect()
}

/// The only column of timestamps that is not taken for something else.
fn only_time(
    path: &Path,
    schema: &Schema,
    taken: &[usize],
    is_time: impl Fn(usize) -> bool,
) -> Result<usize, TrainingError> {
    let found: Vec<usize> = (0..schema.fields().len())
        .filter(|index| is_time(*index) && !taken.contains(index))
        .collect();
    let problem = match found.as_slice() {
        [index] => return Ok(*index),
        [] => format!("no column has the times; there are {}", list(names(schema))),
        several => {
            let several = several.iter().map(|index| schema.field(*index).name().as_str());
            format!("several columns may have the times: {}", list(several))
        }
    };
    Err(TrainingError::spine(path, problem).with_hint("name the column, or call it `timestamp`"))
}

/// A file whose bytes are hashed as they are read.
#[derive(Clone)]
struct Hashed(Arc<Mutex<(Handle, Sha256)>>);

impl Hashed {
    fn new(file: Handle) -> Self {
        Self(Arc::new(Mutex::new((file, Sha256::new()))))
    }

    /// Reads what is left.
    fn drain(mut self, path: &Path) -> Result<(), TrainingError> {
        let mut buffer = vec![0; 1 << 17];
        loop {
            match self.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) => return Err(TrainingError::io("read", path, error)),
            }
        }
    }

    fn digest(&self) -> String {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hex(&inner.1.clone().finalize())
    }
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, hash) = &mut *inner;
        let read = file.read(buffer)?;
        hash.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}
