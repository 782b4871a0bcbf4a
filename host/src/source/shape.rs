//! Rows of a source in the columns and types that are wanted, with what is lossy refused and what is unusable counted.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::{CastOptions, cast_with_options, filter_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use sandglass_runtime::kind_name;

use super::times::{self, TimeKind};
use crate::time::{Interval, Timestamp};

/// What a transformation (or nothing, for a view that passes rows on) asks of a source.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Columns and types.
    pub columns: SchemaRef,
    /// Columns that are never null; a row where one is, is dropped and counted.
    pub keys: Vec<String>,
    /// The source's time column, wanted or not.
    pub time_column: String,
    /// How it holds time.
    pub time_kind: TimeKind,
    /// The rows that are wanted; none for all.
    pub range: Option<Interval>,
    /// Whether the rows' time comes last, as a column [`TIME`], whatever columns are wanted.
    pub and_time: bool,
}

/// The name of a time that was not asked for by the name it has. No contract's column has such a name.
pub(super) const TIME: &str = "\0time";

/// Why a source cannot be had in the wanted shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ShapeError {
    /// In words, naming the column.
    pub message: String,
}

fn wrong(message: String) -> ShapeError {
    ShapeError { message }
}

/// What happened to the rows of a batch that are not handed on, or not as they were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// A key column was null.
    pub null_keys: u64,
    /// The time was null.
    pub null_times: u64,
    /// The time lies outside of the years 0001 to 9999.
    pub unrepresentable_times: u64,
    /// Times that had a fraction of a microsecond, which was cut off.
    pub floored_times: u64,
}

/// Brings batches of a source into the wanted shape; made once for a scan.
#[derive(Debug, Clone)]
pub struct Shape {
    wanted: Wanted,
    /// The columns that are read of the source, in its order.
    projection: Vec<usize>,
    /// For each wanted column its place in the projection.
    places: Vec<usize>,
    time_place: usize,
    keys: Vec<usize>,
    /// The shape of what comes out.
    schema: SchemaRef,
}

impl Shape {
    /// Checks that every wanted column exists and can be cast without loss.
    pub fn new(source: &Schema, wanted: Wanted) -> Result<Self, ShapeError> {
        let index_of = |name: &str| {
            source.index_of(name).map_err(|_| {
                let existing: Vec<_> = source
                    .fields()
                    .iter()
                    .map(|field| format!("`{}`", field.name()))
                    .collect();
                wrong(format!("no column `{name}`; there are {}", existing.join(", ")))
            })
        };
        let time_index = index_of(&wanted.time_column)?;
        let mut indices = Vec::new();
        for field in wanted.columns.fields() {
            let index = index_of(field.name())?;
            if index == time_index && *field.data_type() == sandglass_runtime::host_type::timestamp() {
                // Read by its own kind, whatever type it has.
            } else if !lossless(source.field(index).data_type(), field.data_type()) {
                return Err(wrong(format!(
                    "column `{}` is {}, which is not {} without loss",
                    field.name(),
                    kind_name(source.field(index).data_type()),
                    kind_name(field.data_type())
                )));
            }
            indices.push(index);
        }
        let mut projection: Vec<usize> = indices.iter().copied().chain([time_index]).collect();
        projection.sort_unstable();
        projection.dedup();
        let place = |index: usize| projection.iter().position(|&other| other == index).unwrap_or(0);
        let places = indices.into_iter().map(place).collect();
        let time_place = place(time_index);
        let keys = wanted
            .keys
            .iter()
            .filter_map(|key| wanted.columns.index_of(key).ok())
            .collect();
        let mut schema = wanted.columns.as_ref().clone();
        if wanted.and_time {
            let time = Field::new(TIME, sandglass_runtime::host_type::timestamp(), false);
            let fields = schema.fields().iter().cloned().chain([Arc::new(time)]);
            schema = Schema::new(fields.collect::<Vec<_>>());
        }
        Ok(Self {
            schema: Arc::new(schema),
            wanted,
            projection,
            places,
            time_place,
            keys,
        })
    }

    /// The columns of the source that are read, by index.
    pub fn projection(&self) -> &[usize] {
        &self.projection
    }

    /// The shape of what comes out.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Brings one projected batch into shape.
    pub fn apply(&self, batch: &RecordBatch) -> Result<(RecordBatch, Dropped), ShapeError> {
        let mut dropped = Dropped::default();
        let times = times::read(batch.column(self.time_place), &self.wanted.time_kind)
            .map_err(|problem| wrong(format!("column `{}`: {problem}", self.wanted.time_column)))?;
        dropped.floored_times = times.floored;
        let micros: ArrayRef = Arc::new(times.micros.clone());
        let mut columns = self
            .places
            .iter()
            .zip(self.wanted.columns.fields())
            .map(|(&place, field)| {
                if place == self.time_place && *field.data_type() == sandglass_runtime::host_type::timestamp() {
                    return Ok(Arc::clone(&micros));
                }
                convert(batch.column(place), field.data_type(), &mut dropped.floored_times)
                    .map_err(|problem| wrong(format!("column `{}`: {problem}", field.name())))
            })
            .collect::<Result<Vec<_>, _>>()?;
        if self.wanted.and_time {
            columns.push(micros);
        }
        let keep = self.keep(&times.micros, &columns, &mut dropped);
        // Nullability is checked below: only of the rows that are kept.
        let fields: Vec<Field> = self
            .schema
            .fields()
            .iter()
            .map(|field| field.as_ref().clone().with_nullable(true))
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let shaped = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
            .map_err(|error| wrong(error.to_string()))?;
        let shaped = match keep {
            None => shaped,
            Some(keep) => filter_record_batch(&shaped, &keep).map_err(|error| wrong(error.to_string()))?,
        };
        for (field, column) in self.schema.fields().iter().zip(shaped.columns()) {
            if !field.is_nullable() && column.null_count() > 0 {
                return Err(wrong(format!(
                    "column `{}` has nulls, and the transformation says that it never has: make the column nullable there",
                    field.name()
                )));
            }
        }
        let options = RecordBatchOptions::new().with_row_count(Some(shaped.num_rows()));
        let shaped = RecordBatch::try_new_with_options(Arc::clone(&self.schema), shaped.columns().to_vec(), &options)
            .map_err(|error| wrong(error.to_string()))?;
        Ok((shaped, dropped))
    }

    /// Which rows are handed on; none for all. A row counts for the first reason that drops it.
    fn keep(
        &self,
        micros: &arrow::array::TimestampMicrosecondArray,
        columns: &[ArrayRef],
        dropped: &mut Dropped,
    ) -> Option<BooleanArray> {
        let rows = micros.len();
        let key_nulls: Vec<&NullBuffer> = self.keys.iter().filter_map(|&key| columns[key].nulls()).collect();
        let values = micros.values();
        let keep = BooleanBuffer::collect_bool(rows, |row| {
            let at = Timestamp::from_micros(values[row]);
            if micros.is_null(row) {
                dropped.null_times += 1;
                false
            } else if !at.is_representable() {
                dropped.unrepresentable_times += 1;
                false
            } else if self.wanted.range.is_some_and(|range| !range.contains(at)) {
                false
            } else if key_nulls.iter().any(|nulls| nulls.is_null(row)) {
                dropped.null_keys += 1;
                false
            } else {
                true
            }
        });
        (keep.count_set_bits() < rows).then(|| BooleanArray::new(keep, None))
    }
}

fn convert(column: &ArrayRef, to: &DataType, floored: &mut u64) -> Result<ArrayRef, String> {
    if column.data_type() == to {
        return Ok(Arc::clone(column));
    }
    // A timestamp without a zone is UTC; arrow would take a named zone for the local one.
    if let (DataType::Timestamp(..) | DataType::Date32, true) =
        (column.data_type(), *to == sandglass_runtime::host_type::timestamp())
    {
        let kind = TimeKind::of(column.data_type(), None, None)?;
        let times = times::read(column, &kind)?;
        *floored += times.floored;
        return Ok(Arc::new(times.micros));
    }
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(column, to, &options).map_err(|error| error.to_string())
}

/// Whether every value of `from` is the same value in `to`. Text becomes anything: a value that does not parse is an error
/// of that row, not a loss (CSV files have nothing but text).
pub(super) fn lossless(from: &DataType, to: &DataType) -> bool {
    use DataType::{
        Binary, BinaryView, Date32, Decimal128, Dictionary, FixedSizeBinary, FixedSizeList, Float32, Float64, Int8,
        Int16, Int32, Int64, LargeBinary, LargeList, LargeUtf8, List, Map, Struct, Timestamp, UInt8, UInt16, UInt32,
        Utf8, Utf8View,
    };
    if from == to {
        return true;
    }
    match (from, to) {
        (Dictionary(_, values), to) => lossless(values, to),
        (Int8, Int16 | Int32 | Int64 | Float32 | Float64) => true,
        (Int16, Int32 | Int64 | Float32 | Float64) => true,
        (Int32, Int64 | Float64) => true,
        (UInt8, Int16 | Int32 | Int64 | UInt16 | UInt32 | DataType::UInt64 | Float32 | Float64) => true,
        (UInt16, Int32 | Int64 | UInt32 | DataType::UInt64 | Float32 | Float64) => true,
        (UInt32, Int64 | DataType::UInt64 | Float64) => true,
        (Float32, Float64) => true,
        (Decimal128(p, s), Decimal128(q, t)) => {
            t >= s && i16::from(*q) - i16::from(*t) >= i16::from(*p) - i16::from(*s)
        }
        (Timestamp(..), Timestamp(TimeUnit::Microsecond, _)) => true,
        (Date32, Timestamp(TimeUnit::Microsecond, _)) => true,
        (LargeUtf8 | Utf8View, Utf8) | (LargeBinary | BinaryView | FixedSizeBinary(_), Binary) => true,
        (
            Utf8 | LargeUtf8 | Utf8View,
            Int8
            | Int16
            | Int32
            | Int64
            | Float32
            | Float64
            | DataType::Boolean
            | Date32
            | Decimal128(..)
            | Timestamp(..),
        ) => true,
        (List(a) | LargeList(a) | FixedSizeList(a, _), List(b)) => lossless(a.data_type(), b.data_type()),
        (Struct(a), Struct(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|(a, b)| a.name() == b.name() && lossless(a.data_type(), b.data_type()))
        }
        (Map(a, _), Map(b, _)) => lossless(a.data_type(), b.data_type()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::TimestampUnit;
    use arrow::array::{Int32Array, Int64Array, StringArray, UInt64Array};

    fn wanted(columns: Vec<Field>, range: Option<Interval>) -> Wanted {
        Wanted {
            columns: Arc::new(Schema::new(columns)),
            keys: vec!["id".into()],
            time_column: "t".into(),
            time_kind: TimeKind::Ticks(TimestampUnit::S),
            range,
            and_time: false,
        }
    }

    fn time() -> Field {
        Field::new("t", sandglass_runtime::host_type::timestamp(), false)
    }

    #[test]
    fn rows_are_dropped_for_one_reason_each_and_counted() {
        let ids: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(3), Some(4), None]));
        // In range, in range, null, beyond the year 9999, null and out of range.
        let times: ArrayRef = Arc::new(Int64Array::from(vec![
            Some(1),
            Some(1),
            None,
            Some(i64::MAX),
            Some(100),
        ]));
        let batch = RecordBatch::try_from_iter([("id", ids), ("t", times)]).expect("a batch");
        let range = Interval {
            start: Timestamp::from_micros(1_000_000),
            end: Timestamp::from_micros(2_000_000),
        };
        let columns = vec![Field::new("id", DataType::Int64, false), time()];
        let shape = Shape::new(batch.schema_ref(), wanted(columns, Some(range))).expect("a shape");
        let (rows, dropped) = shape.apply(&batch).expect("shaped");
        assert_eq!(rows.num_rows(), 1);
        let expected = Dropped {
            null_keys: 1,
            null_times: 1,
            unrepresentable_times: 1,
            floored_times: 0,
        };
        assert_eq!(dropped, expected);
    }

    #[test]
    fn what_would_be_lossy_is_refused_by_name() {
        let big: ArrayRef = Arc::new(UInt64Array::from(vec![u64::MAX]));
        let times: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let batch = RecordBatch::try_from_iter([("id", big), ("t", times)]).expect("a batch");
        let columns = vec![Field::new("id", DataType::Int64, false), time()];
        let error = Shape::new(batch.schema_ref(), wanted(columns, None)).expect_err("lossy");
        assert_eq!(error.message, "column `id` is uint64, which is not int64 without loss");
    }

    #[test]
    fn text_that_does_not_parse_is_an_error_of_the_row() {
        let ids: ArrayRef = Arc::new(StringArray::from(vec!["7", "seven"]));
        let times: ArrayRef = Arc::new(Int64Array::from(vec![1, 1]));
        let batch = RecordBatch::try_from_iter([("id", ids), ("t", times)]).expect("a batch");
        let columns = vec![Field::new("id", DataType::Int64, false), time()];
        let shape = Shape::new(batch.schema_ref(), wanted(columns, None)).expect("a shape");
        assert!(shape.apply(&batch.slice(0, 1)).is_ok());
        assert!(shape.apply(&batch).expect_err("no number").message.contains("seven"));
    }
}
