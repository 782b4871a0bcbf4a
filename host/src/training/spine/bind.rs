//! The time and the keys of a spine's rows, found among its columns and brought into the types that are compared.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{
    DataType, Date32Type, Field, FieldRef, Float64Type, Int64Type, Schema, SchemaRef, TimeUnit,
    TimestampMicrosecondType,
};
use arrow::util::display::array_value_to_string;

use super::cells;
use super::{CONTEXT, KEY, ROW, TIME};
use crate::definition::{ContextField, ContextKind, JoinKey, KeyKind};
use crate::key::data_type;
use crate::source::{TimeKind, read_times};
use crate::time::Timestamp;

/// A value that is not what its column has to hold; `row` counts from 0, in its batch.
#[derive(Debug)]
pub(super) struct Bad {
    pub(super) row: usize,
    pub(super) problem: String,
}

/// Where the time and the keys lie, and which columns are handed on.
#[derive(Debug)]
pub(super) struct Layout {
    /// The spine's own columns, as they are kept.
    pub(super) own: SchemaRef,
    /// They, and ours.
    pub(super) whole: SchemaRef,
    /// Only ours.
    pub(super) ours: SchemaRef,
    pub(super) time: usize,
    pub(super) keys: Vec<(usize, JoinKey)>,
    pub(super) context: Vec<(usize, ContextField)>,
}

impl Layout {
    pub(super) fn new(
        own: SchemaRef,
        time: usize,
        keys: Vec<(usize, JoinKey)>,
        context: Vec<(usize, ContextField)>,
    ) -> Self {
        let mut ours = vec![
            Field::new(ROW, DataType::UInt64, false),
            Field::new(TIME, sandglass_runtime::host_type::timestamp(), true),
        ];
        let key = |(_, key): &(usize, JoinKey)| Field::new(format!("{KEY}{}", key.name), data_type(key.kind), true);
        ours.extend(keys.iter().map(key));
        let field = |(_, field): &(usize, ContextField)| {
            Field::new(format!("{CONTEXT}{}", field.name), field.kind.data_type(), true)
        };
        ours.extend(context.iter().map(field));
        let ours: Vec<FieldRef> = ours.into_iter().map(Arc::new).collect();
        let whole: Vec<FieldRef> = own.fields().iter().chain(&ours).map(Arc::clone).collect();
        Self {
            own,
            whole: Arc::new(Schema::new(whole)),
            ours: Arc::new(Schema::new(ours)),
            time,
            keys,
            context,
        }
    }

    /// The columns of the file that ours are made from, in ascending order.
    pub(super) fn matching(&self) -> Vec<usize> {
        let keys = self.keys.iter().map(|(index, _)| *index);
        let context = self.context.iter().map(|(index, _)| *index);
        let mut columns: Vec<usize> = keys.chain(context).chain([self.time]).collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// Our columns for a batch in these columns of the file, whose first row has this place.
    pub(super) fn ours(&self, batch: &RecordBatch, columns: &[usize], first: u64) -> Result<Vec<ArrayRef>, Bad> {
        let rows = UInt64Array::from_iter_values((0..batch.num_rows() as u64).map(|row| first + row));
        let mut ours: Vec<ArrayRef> = vec![Arc::new(rows), Arc::new(self.times(batch, columns)?)];
        ours.extend(self.bound(batch, columns)?);
        Ok(ours)
    }

    pub(super) fn times(&self, batch: &RecordBatch, columns: &[usize]) -> Result<TimestampMicrosecondArray, Bad> {
        times(found(batch, columns, self.time)?).map_err(|bad| self.in_column(self.time, bad))
    }

    /// Keys, then context.
    pub(super) fn bound(&self, batch: &RecordBatch, columns: &[usize]) -> Result<Vec<ArrayRef>, Bad> {
        let keys = self.keys.iter().map(|(index, key)| (*index, key.kind.into()));
        let context = self.context.iter().map(|(index, field)| (*index, field.kind));
        keys.chain(context)
            .map(|(index, kind)| {
                let column = found(batch, columns, index)?;
                brought(column, kind).map_err(|bad| self.in_column(index, bad))
            })
            .collect()
    }

    /// The spine's own columns for a batch in all of them: as they are, or text in the types that it was seen to have.
    pub(super) fn own(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>, Bad> {
        let columns = batch.columns().iter().zip(self.own.fields()).enumerate();
        columns
            .map(|(index, (column, field))| {
                if column.data_type() == field.data_type() {
                    return Ok(Arc::clone(column));
                }
                let cells: &StringArray = column.as_string();
                let key = self.keys.iter().find(|(place, _)| *place == index);
                let brings = self.context.iter().find(|(place, _)| *place == index);
                let kind = key
                    .map(|(_, key)| key.kind.into())
                    .or(brings.map(|(_, field)| field.kind));
                let read = match kind {
                    Some(kind) => brought(column, kind),
                    None => {
                        cells::column(cells, field.data_type()).map_err(|row| of_text(cells, row, field.data_type()))
                    }
                };
                read.map_err(|bad| self.in_column(index, bad))
            })
            .collect()
    }

    fn in_column(&self, index: usize, bad: Bad) -> Bad {
        let name = self.own.fields().get(index).map_or("?", |field| field.name());
        Bad {
            row: bad.row,
            problem: format!("column `{name}`: {}", bad.problem),
        }
    }
}

/// A column of the file, in a batch that has these.
fn found<'a>(batch: &'a RecordBatch, columns: &[usize], index: usize) -> Result<&'a ArrayRef, Bad> {
    let place = columns.binary_search(&index).ok();
    place.and_then(|place| batch.columns().get(place)).ok_or_else(|| Bad {
        row: 0,
        problem: "a column is gone".to_owned(),
    })
}

/// Why a column of this type cannot hold the times, if it cannot.
pub(super) fn not_a_time(data_type: &DataType) -> Option<(String, &'static str)> {
    match plain(data_type) {
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 | DataType::Null => None,
        other if is_text(other) => None,
        other => Some((
            format!("is {other}, which does not say what it counts from"),
            "write times as timestamps or as text in RFC 3339; in pandas, \
             `pd.to_datetime(column, unit=\"s\", utc=True)`",
        )),
    }
}

/// Why a column of this type cannot hold such keys, if it cannot.
pub(super) fn not_a_key(data_type: &DataType, kind: KeyKind) -> Option<(String, &'static str)> {
    let from = plain(data_type);
    let fits = match kind {
        KeyKind::Int64 => from.is_integer() || is_text(from),
        KeyKind::Utf8 => is_text(from),
        KeyKind::Boolean => *from == DataType::Boolean || is_text(from),
        KeyKind::Date => matches!(from, DataType::Date32 | DataType::Date64) || is_text(from),
        KeyKind::Timestamp => {
            matches!(from, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64) || is_text(from)
        }
    };
    if fits || *from == DataType::Null {
        return None;
    }
    let hint = if from.is_floating() {
        "floats are no keys: make them whole numbers first; in pandas, \
         `column.astype(\"Int64\")`, which keeps missing ones"
    } else {
        "cast the column to the type of the join key first"
    };
    Some((format!("is {from}, and its join key is {}", kind.name()), hint))
}

/// Why a column of this type cannot hold such context, if it cannot.
pub(super) fn not_context(data_type: &DataType, kind: ContextKind) -> Option<(String, &'static str)> {
    let from = plain(data_type);
    let fits = match kind.key_kind() {
        Some(kind) => not_a_key(data_type, kind).is_none(),
        None => from.is_integer() || from.is_floating() || is_text(from) || *from == DataType::Null,
    };
    let message = || format!("is {from}, and the request context has it as {}", kind.name());
    (!fits).then(|| (message(), "cast the column to that type first"))
}

/// A column in the type of a key or of the context; the row whose value is none.
fn brought(column: &ArrayRef, kind: ContextKind) -> Result<ArrayRef, Bad> {
    match kind.key_kind() {
        Some(kind) => key(column, kind),
        None => number(column),
    }
}

/// A column of float64; the row whose value is none.
fn number(column: &ArrayRef) -> Result<ArrayRef, Bad> {
    if *column.data_type() == DataType::Float64 {
        return Ok(Arc::clone(column));
    }
    if is_text(plain(column.data_type())) {
        let text = text(column)?;
        let read = cells::each::<Float64Type>(&text, cells::number);
        return read.map(|read| Arc::new(read) as _).map_err(|row| Bad {
            row,
            problem: format!("`{}` is not float64", shown(text.value(row))),
        });
    }
    // The nearest one of a large whole number, as of one in a request.
    cast(column, &DataType::Float64).map_err(whole_batch)
}

/// A key column in the type of its join key; the row whose value is none.
fn key(column: &ArrayRef, kind: KeyKind) -> Result<ArrayRef, Bad> {
    let to = data_type(kind);
    if *column.data_type() == to {
        return Ok(Arc::clone(column));
    }
    if is_text(plain(column.data_type())) && kind != KeyKind::Utf8 {
        let text = text(column)?;
        let read: Result<ArrayRef, usize> = match kind {
            KeyKind::Int64 => cells::each::<Int64Type>(&text, |cell| cell.parse().ok()).map(|read| Arc::new(read) as _),
            KeyKind::Boolean => cells::flags(&text, cells::boolean).map(|read| Arc::new(read) as _),
            KeyKind::Date => cells::each::<Date32Type>(&text, cells::date).map(|read| Arc::new(read) as _),
            KeyKind::Timestamp => cells::times(&text).map(|read| Arc::new(read.with_timezone("UTC")) as _),
            KeyKind::Utf8 => Ok(Arc::new(text.clone())),
        };
        return read.map_err(|row| Bad {
            row,
            problem: format!("`{}` is not {}", shown(text.value(row)), kind.name()),
        });
    }
    if kind == KeyKind::Timestamp {
        return Ok(Arc::new(times(column)?));
    }
    let options = CastOptions {
        safe: true,
        ..CastOptions::default()
    };
    let read = cast_with_options(column, &to, &options).map_err(whole_batch)?;
    match (0..column.len()).find(|&row| read.is_null(row) && !column.is_null(row) && !is_null_value(column, row)) {
        None => Ok(read),
        Some(row) => Err(Bad {
            row,
            problem: format!("{} is not {}", value(column, row), kind.name()),
        }),
    }
}

/// A time column in microseconds UTC; the row whose value is none, or lies outside of the years 0001 to 9999.
fn times(column: &ArrayRef) -> Result<TimestampMicrosecondArray, Bad> {
    let from = plain(column.data_type()).clone();
    if is_text(&from) {
        let text = text(column)?;
        return match cells::times(&text) {
            Ok(times) => Ok(times.with_timezone("UTC")),
            Err(row) => Err(Bad {
                row,
                problem: format!(
                    "`{}` is not a time in the form 2024-01-31T12:30:00Z",
                    shown(text.value(row))
                ),
            }),
        };
    }
    let ticks = match from {
        DataType::Null => cast(column, &sandglass_runtime::host_type::timestamp()),
        DataType::Date64 => cast(column, &DataType::Timestamp(TimeUnit::Millisecond, None)),
        ref from => cast(column, from),
    };
    let ticks = ticks.map_err(whole_batch)?;
    let problem = |problem| Bad { row: 0, problem };
    let kind = TimeKind::of(ticks.data_type(), None, None).map_err(problem)?;
    let times = read_times(&ticks, &kind).map_err(problem)?.micros;
    let outside = |row: &usize| !times.is_null(*row) && !Timestamp::from_micros(times.value(*row)).is_representable();
    match (0..times.len()).find(outside) {
        None => Ok(times),
        Some(row) => Err(Bad {
            row,
            problem: "its time lies outside of the years 0001 to 9999".to_owned(),
        }),
    }
}

/// The first and the last of some times, and how many are null.
pub(super) fn extent(times: &TimestampMicrosecondArray) -> (Option<(i64, i64)>, u64) {
    let first = arrow::compute::min::<TimestampMicrosecondType>(times);
    let last = arrow::compute::max::<TimestampMicrosecondType>(times);
    (first.zip(last), times.null_count() as u64)
}

fn plain(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, values) => plain(values),
        other => other,
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn text(column: &ArrayRef) -> Result<StringArray, Bad> {
    let text = cast(column, &DataType::Utf8).map_err(whole_batch)?;
    Ok(text.as_string().clone())
}

/// A dictionary may hold nulls among its values, and a column of nulls has no other.
fn is_null_value(column: &ArrayRef, row: usize) -> bool {
    column.logical_nulls().is_some_and(|nulls| nulls.is_null(row))
}

fn whole_batch(error: arrow::error::ArrowError) -> Bad {
    Bad {
        row: 0,
        problem: error.to_string(),
    }
}

fn of_text(cells: &StringArray, row: usize, to: &DataType) -> Bad {
    Bad {
        row,
        problem: format!("`{}` is not {to}", shown(cells.value(row))),
    }
}

fn value(column: &ArrayRef, row: usize) -> String {
    array_value_to_string(column, row).map_or_else(|_| "what is there".to_owned(), |text| format!("`{}`", shown(&text)))
}

fn shown(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let mut shown: String = text.chars().take(CHARS_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        BooleanArray, Date32Array, Date64Array, DictionaryArray, Float64Array, Int32Array, Int64Array,
        LargeStringArray, NullArray, StringViewArray, TimestampMillisecondArray, TimestampNanosecondArray,
    };
    use arrow::datatypes::Int8Type;

    use super::*;

    fn as_key(column: impl Array + 'static, kind: KeyKind) -> Result<ArrayRef, String> {
        let column: ArrayRef = Arc::new(column);
        if let Some((problem, _)) = not_a_key(column.data_type(), kind) {
            return Err(problem);
        }
        key(&column, kind).map_err(|bad| format!("{}: {}", bad.row, bad.problem))
    }

    #[test]
    fn keys_of_other_widths_are_the_same_keys() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), None]));
        for column in [
            as_key(Int32Array::from(vec![Some(7), None]), KeyKind::Int64),
            as_key(UInt64Array::from(vec![Some(7), None]), KeyKind::Int64),
            as_key(StringArray::from(vec![Some("7"), None]), KeyKind::Int64),
        ] {
            assert_eq!(column.expect("a key").as_ref(), numbers.as_ref());
        }
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
        let dictionary: DictionaryArray<Int8Type> = vec![Some("a"), None].into_iter().collect();
        for column in [
            as_key(LargeStringArray::from(vec![Some("a"), None]), KeyKind::Utf8),
            as_key(StringViewArray::from(vec![Some("a"), None]), KeyKind::Utf8),
            as_key(dictionary, KeyKind::Utf8),
        ] {
            assert_eq!(column.expect("a key").as_ref(), texts.as_ref());
        }
        assert_eq!(
            as_key(NullArray::new(2), KeyKind::Int64).expect("nulls").null_count(),
            2
        );
        let days = as_key(Date64Array::from(vec![86_400_000]), KeyKind::Date).expect("days");
        assert_eq!(days.as_primitive::<Date32Type>().values(), &[1]);
        let flags = as_key(BooleanArray::from(vec![true]), KeyKind::Boolean).expect("flags");
        assert!(flags.as_boolean().value(0));
        let days = as_key(Date32Array::from(vec![1]), KeyKind::Timestamp).expect("midnights");
        assert_eq!(
            days.as_primitive::<TimestampMicrosecondType>().values(),
            &[86_400_000_000]
        );
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let error = as_key(Float64Array::from(vec![1.0]), KeyKind::Int64).expect_err("a float");
        assert_eq!(error, "is Float64, and its join key is int64");
        let error = as_key(Int32Array::from(vec![1]), KeyKind::Utf8).expect_err("a number");
        assert_eq!(error, "is Int32, and its join key is utf8");
        let error = as_key(UInt64Array::from(vec![1, u64::MAX]), KeyKind::Int64).expect_err("too large");
        assert_eq!(error, "1: `18446744073709551615` is not int64");
        let error = as_key(StringArray::from(vec!["x"]), KeyKind::Int64).expect_err("text");
        assert_eq!(error, "0: `x` is not int64");
    }

    #[test]
    fn times_of_any_unit() {
        let of = |column: ArrayRef| {
            let micros = times(&column).map_err(|bad| bad.problem)?;
            Ok::<_, String>(micros.iter().collect::<Vec<_>>())
        };
        let nanos = TimestampNanosecondArray::from(vec![Some(1_999), Some(-1), None]);
        assert_eq!(of(Arc::new(nanos)), Ok(vec![Some(1), Some(-1), None]));
        let millis = TimestampMillisecondArray::from(vec![2]).with_timezone("Europe/Berlin");
        assert_eq!(of(Arc::new(millis)), Ok(vec![Some(2_000)]));
        let text = LargeStringArray::from(vec![
            Some("1970-01-01 00:00:01"),
            None,
            Some("1970-01-01T00:00:00-00:01"),
        ]);
        assert_eq!(of(Arc::new(text)), Ok(vec![Some(1_000_000), None, Some(60_000_000)]));
        assert_eq!(
            of(Arc::new(Date32Array::from(vec![-1]))),
            Ok(vec![Some(-86_400_000_000)])
        );
        assert_eq!(of(Arc::new(NullArray::new(1))), Ok(vec![None]));
        let far = TimestampMillisecondArray::from(vec![i64::MAX]);
        assert!(of(Arc::new(far)).is_err());
        assert!(not_a_time(&DataType::Int64).is_some());
    }
}
