//! What the footer of a Parquet file says: its columns, and the time that its row groups lie in.

use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, TryFutureExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::MetadataFetch;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};

use super::error::Unread;
use super::files::SourceFile;
use super::times::{self, TimeKind};
use crate::error::cause;
use crate::time::{Interval, Timestamp};

/// The end of an object that is read at once: most footers are shorter.
const FOOTER_BYTES: usize = 64 << 10;

/// The first and the last time of some rows, both among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The earliest.
    pub first: Timestamp,
    /// The latest.
    pub last: Timestamp,
}

impl Extent {
    /// Whether a row may lie in the range.
    pub fn meets(&self, range: Interval) -> bool {
        self.first < range.end && range.start <= self.last
    }

    /// What holds both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }
}

/// A row group of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowGroup {
    /// Its rows.
    pub rows: u64,
    /// The time that they lie in; none where the file does not say.
    pub extent: Option<Extent>,
}

fn load(file: &SourceFile, index: PageIndexPolicy) -> Result<ArrowReaderMetadata, Unread> {
    let options = ArrowReaderOptions::new().with_page_index_policy(index);
    let size = file.size_bytes;
    let of_object = file.place.with_object(|store, key| async move {
        let reader = ParquetMetaDataReader::new()
            .with_page_index_policy(index)
            .with_prefetch_hint(Some(FOOTER_BYTES));
        Ok(reader.load_and_finish(Ranges { store, key }, size).await)
    });
    let footer = match (of_object, file.place.folder()) {
        (Some(read), _) => {
            let metadata = read.map_err(|error| Unread::Away(file.place.of_object(&error)))?;
            metadata.and_then(|metadata| ArrowReaderMetadata::try_new(Arc::new(metadata), options))
        }
        (None, Some(path)) => {
            let opened = File::open(path).map_err(|error| Unread::from(error.to_string()))?;
            ArrowReaderMetadata::load(&opened, options)
        }
        (None, None) => return Err("it is no file".to_owned().into()),
    };
    footer.map_err(|error| match cause(&error) {
        Some(object) => Unread::Away(file.place.of_object(object)),
        None => error.to_string().into(),
    })
}

/// Parts of an object.
struct Ranges {
    store: Arc<dyn ObjectStore>,
    key: Path,
}

impl MetadataFetch for Ranges {
    fn fetch(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        let read = self.store.get_range(&self.key, range);
        read.map_err(|error| ParquetError::External(Box::new(error))).boxed()
    }
}

/// A file's columns, without what it says of itself beside them, and with nulls allowed: files differ there for no reason.
pub(super) fn columns(file: &SourceFile) -> Result<(ArrowReaderMetadata, SchemaRef), Unread> {
    let footer = load(file, PageIndexPolicy::Skip)?;
    let fields = footer
        .schema()
        .fields()
        .iter()
        .map(|field| Field::new(field.name(), field.data_type().clone(), true));
    let schema = Schema::new(fields.collect::<Vec<_>>());
    Ok((footer, schema.into()))
}

/// The row groups, with the time of this column.
pub(super) fn row_groups(footer: &ArrowReaderMetadata, column: &str, kind: &TimeKind) -> Vec<RowGroup> {
    let metadata = footer.metadata().row_groups();
    let extents = StatisticsConverter::try_new(column, footer.schema(), footer.parquet_schema())
        .and_then(|converter| {
            Ok((
                converter.row_group_mins(metadata)?,
                converter.row_group_maxes(metadata)?,
            ))
        })
        .ok()
        .and_then(|(mins, maxes)| extents(&mins, &maxes, kind));
    metadata
        .iter()
        .enumerate()
        .map(|(index, group)| RowGroup {
            rows: u64::try_from(group.num_rows()).unwrap_or(0),
            extent: extents
                .as_ref()
                .and_then(|extents| extents.get(index).copied().flatten()),
        })
        .collect()
}

/// For each row group its pages' rows, with the time of this column; nothing where there is no page index.
pub(super) fn pages(file: &SourceFile, column: &str, kind: &TimeKind) -> Result<Vec<Vec<RowGroup>>, Unread> {
    let footer = load(file, PageIndexPolicy::Optional)?;
    let metadata = footer.metadata();
    let (Some(columns), Some(offsets)) = (metadata.column_index(), metadata.offset_index()) else {
        return Ok(Vec::new());
    };
    let converter = StatisticsConverter::try_new(column, footer.schema(), footer.parquet_schema())
        .map_err(|error| Unread::from(error.to_string()))?;
    let of_group = |group: usize| {
        let groups = [group];
        let mins = converter.data_page_mins(columns, offsets, &groups).ok()?;
        let maxes = converter.data_page_maxes(columns, offsets, &groups).ok()?;
        let counts = converter
            .data_page_row_counts(offsets, metadata.row_groups(), &groups)
            .ok()??;
        let extents = extents(&mins, &maxes, kind)?;
        let pages = counts.iter().zip(extents);
        Some(
            pages
                .map(|(rows, extent)| RowGroup {
                    rows: rows.unwrap_or(0),
                    extent,
                })
                .collect(),
        )
    };
    Ok((0..metadata.num_row_groups())
        .map(|group| of_group(group).unwrap_or_default())
        .collect())
}

fn extents(mins: &ArrayRef, maxes: &ArrayRef, kind: &TimeKind) -> Option<Vec<Option<Extent>>> {
    kind.ratio()?;
    let micros = |column: &ArrayRef| -> Option<Int64Array> {
        let times = times::read(column, kind).ok()?;
        let micros = arrow::compute::cast(&times.micros, &DataType::Int64).ok()?;
        micros.as_primitive_opt::<Int64Type>().cloned()
    };
    let (mins, maxes) = (micros(mins)?, micros(maxes)?);
    if mins.len() != maxes.len() {
        return None;
    }
    let extent = |(min, max): (Option<i64>, Option<i64>)| {
        Some(Extent {
            first: Timestamp::from_micros(min?),
            last: Timestamp::from_micros(max?),
        })
    };
    Some(mins.iter().zip(maxes.iter()).map(extent).collect())
}
