//! Rows of a source in the columns and types that are wanted, with what is lossy refused and what is unusable counted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions, TimestampMicrosecondArray, new_null_array,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::{CastOptions, cast_with_options, filter_record_batch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit};
use sandglass_runtime::kind_name;

use super::times::{self, TimeKind};
use crate::time::{Interval, Span, Timestamp};

/// What a transformation (or nothing, for a view that passes rows on) asks of a source.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Columns and types.
    pub columns: SchemaRef,
    /// Columns that are never null; a row where one is, is dropped and counted.
    pub keys: Vec<String>,
    /// The rows that are wanted; none for all.
    pub range: Option<Interval>,
    /// Whether the rows' time comes last, as a column [`TIME`], whatever columns are wanted.
    pub and_time: bool,
}

impl Wanted {
    /// The shape of what comes out.
    pub(super) fn schema(&self) -> SchemaRef {
        if !self.and_time {
            return Arc::clone(&self.columns);
        }
        let time = Field::new(TIME, sandglass_runtime::host_type::timestamp(), false);
        let fields = self.columns.fields().iter().cloned().chain([Arc::new(time)]);
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }
}

/// The name of a time that was not asked for by the name it has. No contract's column has such a name.
pub(super) const TIME: &str = "\0time";

/// A column as files have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// By which it is seen; in the files it may have another name.
    pub name: String,
    /// Its place in the scan's schema.
    pub index: usize,
    /// Its type; none if it is read as whatever is wanted, as text where it has no parts (JSON).
    pub data_type: Option<DataType>,
}

/// What files of one schema have.
#[derive(Debug, Clone)]
pub struct Stored {
    /// In the order of the files.
    pub columns: Vec<Column>,
    /// The column that holds the rows' time.
    pub time_column: String,
    /// How it holds it.
    pub time_kind: TimeKind,
    /// Columns that other files of the source have and these do not.
    pub elsewhere: BTreeSet<String>,
    /// What the files are called in messages; none if all files of the source are alike.
    pub files: Option<String>,
    /// Where the time of a row's folder is in the scan's schema, and what is known of it.
    pub folders: Option<Folders>,
}

/// The time of folders, which that of their rows is held against.
#[derive(Debug, Clone)]
pub struct Folders {
    /// Two columns of int64 microseconds, from where on.
    pub index: usize,
    /// How far a row may lie outside.
    pub slack: Span,
    /// Their names by their start.
    pub names: Arc<BTreeMap<Timestamp, String>>,
}

/// Why a source cannot be had in the wanted shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ShapeError {
    /// In words, naming the column.
    pub message: String,
    /// The column whose type it is about.
    pub column: Option<String>,
}

fn wrong(message: String) -> ShapeError {
    ShapeError { message, column: None }
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
    time_column: String,
    time_kind: TimeKind,
    /// The columns that are read of the source, in its order, and as what those without a type are.
    projection: Vec<usize>,
    read_as: Vec<Option<DataType>>,
    /// For each wanted column its place in the projection; none where these files have no such column.
    places: Vec<Option<usize>>,
    time_place: usize,
    keys: Vec<usize>,
    /// The shape of what comes out.
    schema: SchemaRef,
    /// Where the time of a row's folder is in the projection.
    folders: Option<(usize, Folders)>,
}

impl Shape {
    /// Checks that every wanted column exists and can be cast without loss.
    pub fn new(stored: &Stored, wanted: Wanted) -> Result<Self, ShapeError> {
        let named = |message: String| match &stored.files {
            Some(files) => wrong(format!("{files}: {message}")),
            None => wrong(message),
        };
        let find = |name: &str| stored.columns.iter().find(|column| column.name == name);
        let missing = |name: &str| {
            let own = stored.columns.iter().map(|column| &column.name);
            let existing: Vec<_> = own.chain(&stored.elsewhere).map(|name| format!("`{name}`")).collect();
            wrong(format!("no column `{name}`; there are {}", existing.join(", ")))
        };
        let time = match find(&stored.time_column) {
            Some(time) => time,
            None if stored.elsewhere.contains(&stored.time_column) => {
                return Err(named(format!(
                    "no column `{}` for the time of its rows",
                    stored.time_column
                )));
            }
            None => return Err(missing(&stored.time_column)),
        };
        let mut reads: BTreeMap<usize, Option<DataType>> = BTreeMap::new();
        reads.insert(time.index, time.data_type.is_none().then_some(DataType::Utf8));
        let mut indices = Vec::new();
        for field in wanted.columns.fields() {
            let Some(column) = find(field.name()) else {
                if !stored.elsewhere.contains(field.name()) {
                    return Err(missing(field.name()));
                }
                if !field.is_nullable() || wanted.keys.contains(field.name()) {
                    return Err(named(format!(
                        "no column `{}`, which other files have, and nulls are not allowed in its place",
                        field.name()
                    )));
                }
                indices.push(None);
                continue;
            };
            let is_time = column.index == time.index;
            let from = match &column.data_type {
                Some(data_type) => data_type.clone(),
                None if is_time => DataType::Utf8,
                None => as_text(field.data_type()),
            };
            if is_time && *field.data_type() == sandglass_runtime::host_type::timestamp() {
                // Read by its own kind, whatever type it has.
            } else if !lossless(&from, field.data_type()) {
                let error = named(format!(
                    "column `{}` is {}, which is not {} without loss",
                    field.name(),
                    kind_name(&from),
                    kind_name(field.data_type())
                ));
                let column = Some(field.name().clone());
                return Err(ShapeError { column, ..error });
            }
            reads.insert(column.index, column.data_type.is_none().then_some(from));
            indices.push(Some(column.index));
        }
        if let Some(folders) = &stored.folders {
            reads.insert(folders.index, None);
            reads.insert(folders.index + 1, None);
        }
        let (projection, read_as): (Vec<usize>, Vec<_>) = reads.into_iter().unzip();
        let place = |index: usize| projection.iter().position(|&other| other == index).unwrap_or(0);
        let places = indices.into_iter().map(|index| index.map(place)).collect();
        let time_place = place(time.index);
        let folders = stored
            .folders
            .as_ref()
            .map(|folders| (place(folders.index), folders.clone()));
        let keys = wanted
            .keys
            .iter()
            .filter_map(|key| wanted.columns.index_of(key).ok())
            .collect();
        Ok(Self {
            schema: wanted.schema(),
            wanted,
            time_column: stored.time_column.clone(),
            time_kind: stored.time_kind.clone(),
            projection,
            read_as,
            places,
            time_place,
            keys,
            folders,
        })
    }

    /// For each column of the projection the type that it is read as, where the source does not say.
    pub fn read_as(&self) -> &[Option<DataType>] {
        &self.read_as
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
        let times = times::read(batch.column(self.time_place), &self.time_kind)
            .map_err(|problem| wrong(format!("column `{}`: {problem}", self.time_column)))?;
        self.in_folders(&times.micros, batch)?;
        dropped.floored_times = times.floored;
        let micros: ArrayRef = Arc::new(times.micros.clone());
        let mut columns = self
            .places
            .iter()
            .zip(self.wanted.columns.fields())
            .map(|(&place, field)| {
                let Some(place) = place else {
                    return Ok(new_null_array(field.data_type(), batch.num_rows()));
                };
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

    /// Rows whose time is not that of their folder would be lost to the jobs that leave the folder out.
    fn in_folders(&self, micros: &TimestampMicrosecondArray, batch: &RecordBatch) -> Result<(), ShapeError> {
        let Some((place, folders)) = &self.folders else {
            return Ok(());
        };
        let bound = |place: usize| {
            let column = batch.columns().get(place);
            column
                .and_then(|column| column.as_primitive_opt::<Int64Type>())
                .ok_or_else(|| wrong("the time of its folders is missing".to_owned()))
        };
        let (starts, ends) = (bound(*place)?, bound(place + 1)?);
        for ((time, start), end) in micros.iter().zip(starts).zip(ends) {
            let (Some(time), Some(start), Some(end)) = (time, start, end) else {
                continue;
            };
            let range = Interval {
                start: Timestamp::from_micros(start),
                end: Timestamp::from_micros(end),
            };
            let time = Timestamp::from_micros(time);
            if time.is_representable() && !folders.holds(range, time) {
                return Err(wrong(folders.misplaced(range, time)));
            }
        }
        Ok(())
    }

    /// Which rows are handed on; none for all. A row counts for the first reason that drops it.
    fn keep(
        &self,
        micros: &TimestampMicrosecondArray,
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

impl Folders {
    /// The times that rows of a folder may have.
    pub fn widened(range: Interval, slack: Span) -> Interval {
        Interval {
            start: range.start.saturating_sub(slack),
            end: range.end.saturating_add(slack),
        }
    }

    fn holds(&self, range: Interval, time: Timestamp) -> bool {
        Self::widened(range, self.slack).contains(time)
    }

    /// What is said of a row outside of its folder's time.
    pub fn misplaced(&self, range: Interval, time: Timestamp) -> String {
        let folder = self.names.get(&range.start).map_or("", String::as_str);
        let outside = if time < range.start {
            range.start.since(time)
        } else {
            time.since(range.end).max(Span::from_micros(1))
        };
        let slack = if self.slack == Span::ZERO {
            String::new()
        } else {
            format!(" and partition_slack {}", self.slack)
        };
        format!(
            "a row at {time} lies in folder {folder}, {outside} outside of its time {range}{slack}: move it, or set \
             `partition_slack` so that it is looked for there"
        )
    }
}

/// The type that JSON is read as to become `wanted`: text in place of everything that has no parts, so that its letters say
/// whether it is the wanted value.
fn as_text(wanted: &DataType) -> DataType {
    let inner = |field: &Arc<Field>| {
        let data_type = as_text(field.data_type());
        Arc::new(Field::new(field.name(), data_type, true))
    };
    match wanted {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            DataType::List(inner(item))
        }
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        DataType::Map(entries, sorted) => match entries.data_type() {
            DataType::Struct(fields) => {
                let fields = fields.iter().map(|field| {
                    let data_type = as_text(field.data_type());
                    Arc::new(Field::new(field.name(), data_type, field.is_nullable()))
                });
                let entry = DataType::Struct(fields.collect());
                DataType::Map(Arc::new(Field::new(entries.name(), entry, false)), *sorted)
            }
            _ => DataType::Utf8,
        },
        _ => DataType::Utf8,
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
            range,
            and_time: false,
        }
    }

    fn stored(schema: &Schema) -> Stored {
        let column = |(index, field): (usize, &Arc<Field>)| Column {
            name: field.name().clone(),
            index,
            data_type: Some(field.data_type().clone()),
        };
        Stored {
            columns: schema.fields().iter().enumerate().map(column).collect(),
            time_column: "t".into(),
            time_kind: TimeKind::Ticks(TimestampUnit::S),
            elsewhere: BTreeSet::new(),
            files: None,
            folders: None,
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
        let shape = Shape::new(&stored(batch.schema_ref()), wanted(columns, Some(range))).expect("a shape");
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
        let error = Shape::new(&stored(batch.schema_ref()), wanted(columns, None)).expect_err("lossy");
        assert_eq!(error.message, "column `id` is uint64, which is not int64 without loss");
    }

    #[test]
    fn text_that_does_not_parse_is_an_error_of_the_row() {
        let ids: ArrayRef = Arc::new(StringArray::from(vec!["7", "seven"]));
        let times: ArrayRef = Arc::new(Int64Array::from(vec![1, 1]));
        let batch = RecordBatch::try_from_iter([("id", ids), ("t", times)]).expect("a batch");
        let columns = vec![Field::new("id", DataType::Int64, false), time()];
        let shape = Shape::new(&stored(batch.schema_ref()), wanted(columns, None)).expect("a shape");
        assert!(shape.apply(&batch.slice(0, 1)).is_ok());
        assert!(shape.apply(&batch).expect_err("no number").message.contains("seven"));
    }

    /// JSON of every nesting becomes what is wanted, digit by digit, or an error.
    #[test]
    fn text_within_parts_becomes_what_is_wanted() {
        let map = |value: DataType| {
            let key = Field::new("keys", DataType::Utf8, false);
            let entries = DataType::Struct(vec![key, Field::new("values", value, true)].into());
            DataType::Map(Arc::new(Field::new("entries", entries, false)), false)
        };
        let list = |item: DataType| DataType::List(Arc::new(Field::new("item", item, true)));
        let parts = DataType::Struct(
            vec![
                Field::new("x", DataType::Float64, true),
                Field::new("y", list(DataType::Date32), true),
            ]
            .into(),
        );
        let columns = vec![
            Field::new("id", DataType::Int64, false),
            time(),
            Field::new("list", list(DataType::Int64), true),
            Field::new("map", map(DataType::Int64), true),
            Field::new("parts", parts, true),
            Field::new("yes", DataType::Boolean, true),
            Field::new("price", DataType::Decimal128(10, 2), true),
        ];
        let column = |(index, field): (usize, &Field)| Column {
            name: field.name().clone(),
            index,
            data_type: None,
        };
        let stored = Stored {
            columns: columns.iter().enumerate().map(column).collect(),
            ..stored(&Schema::empty())
        };
        let shape = Shape::new(&stored, wanted(columns.clone(), None)).expect("a shape");
        let fields = columns
            .iter()
            .zip(shape.read_as())
            .map(|(field, data_type)| Field::new(field.name(), data_type.clone().expect("a type"), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let read = |text: &str| {
            let mut decoder = arrow::json::ReaderBuilder::new(Arc::clone(&schema))
                .with_coerce_primitive(true)
                .build_decoder()
                .expect("a decoder");
            decoder.decode(text.as_bytes()).expect("JSON");
            let batch = decoder.flush().expect("rows").expect("a batch");
            shape.apply(&batch)
        };
        let good = r#"{"id":9007199254740993,"t":1,"list":[9007199254740993,null,"7"],"map":{"a":9007199254740993},
            "parts":{"x":0.1,"y":["2024-01-01"],"z":{}},"yes":true,"price":12.30}"#;
        let (rows, _) = read(good).expect("shaped");
        assert_eq!(rows.schema().field(2).data_type(), &list(DataType::Int64));
        let shown = arrow::util::pretty::pretty_format_batches(&[rows])
            .expect("text")
            .to_string();
        for value in [
            "| 9007199254740993 |",
            "| [9007199254740993, , 7] | {a: 9007199254740993} | {x: 0.1, y: [2024-01-01]} | true | 12.30 |",
        ] {
            assert!(shown.contains(value), "{shown}");
        }
        for bad in [
            r#"{"id":1,"t":1,"list":[1.5]}"#,
            r#"{"id":1,"t":1,"map":{"a":1e30}}"#,
            r#"{"id":1,"t":1,"yes":"maybe"}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
