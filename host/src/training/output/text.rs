//! Rows as CSV. Nothing between the commas is null, `""` an empty text. Floats are the shortest text that reads back
//! the same, with `NaN`, `Infinity` and `-Infinity` as `get` and HTTP have them; times are RFC 3339, with a `Z` where
//! they have a zone; bytes are hexadecimal. Lists, structs and maps are JSON: numbers stay numbers, what JSON has no
//! number for is a string.

use std::fmt::Write;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{
    ArrowTimestampType, DataType, Float16Type, Float32Type, Float64Type, Schema, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

pub(super) fn header(schema: &Schema) -> String {
    let mut line = String::new();
    for (index, field) in schema.fields().iter().enumerate() {
        if index > 0 {
            line.push(',');
        }
        cell(field.name(), &mut line);
    }
    line.push('\n');
    line
}

pub(super) fn rows(batch: &RecordBatch) -> Result<String, ArrowError> {
    let columns: Vec<Column> = batch.columns().iter().map(Column::new).collect::<Result<_, _>>()?;
    let writers: Vec<Writer<'_>> = columns.iter().map(Column::writer).collect::<Result<_, _>>()?;
    let (mut text, mut value) = (String::new(), String::new());
    for row in 0..batch.num_rows() {
        for (index, writer) in writers.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            if !writer.is_null(row) {
                value.clear();
                writer.write(row, false, &mut value)?;
                cell(&value, &mut text);
            }
        }
        text.push('\n');
    }
    Ok(text)
}

fn cell(value: &str, out: &mut String) {
    let spaced = value.starts_with(char::is_whitespace) || value.ends_with(char::is_whitespace);
    if value.is_empty() || spaced || value.contains([',', '"', '\n', '\r', '\u{feff}']) {
        out.push('"');
        for piece in value.split_inclusive('"') {
            out.push_str(piece);
            if piece.ends_with('"') {
                out.push('"');
            }
        }
        out.push('"');
    } else {
        out.push_str(value);
    }
}

/// A column in a type that is written: no dictionary, and times in UTC, whose names of zones nobody has to know.
struct Column {
    array: ArrayRef,
    children: Vec<Column>,
}

/// Writes the values of a column, as cells or as JSON.
enum Writer<'a> {
    Float(&'a dyn Array),
    List(&'a dyn Array, Box<Writer<'a>>),
    Struct(&'a dyn Array, Vec<(String, Writer<'a>)>),
    Map(&'a dyn Array, Box<(Writer<'a>, Writer<'a>)>),
    Plain {
        array: &'a dyn Array,
        formatter: ArrayFormatter<'a>,
        is_bare: bool,
    },
}

impl Column {
    fn new(array: &ArrayRef) -> Result<Self, ArrowError> {
        let array = match array.data_type() {
            DataType::Dictionary(_, values) => return Self::new(&cast(array, values)?),
            DataType::Timestamp(TimeUnit::Second, Some(_)) => utc::<TimestampSecondType>(array),
            DataType::Timestamp(TimeUnit::Millisecond, Some(_)) => utc::<TimestampMillisecondType>(array),
            DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => utc::<TimestampMicrosecondType>(array),
            DataType::Timestamp(TimeUnit::Nanosecond, Some(_)) => utc::<TimestampNanosecondType>(array),
            _ => std::sync::Arc::clone(array),
        };
        let children = match array.data_type() {
            DataType::List(_) => vec![Self::new(array.as_list::<i32>().values())?],
            DataType::LargeList(_) => vec![Self::new(array.as_list::<i64>().values())?],
            DataType::FixedSizeList(..) => vec![Self::new(array.as_fixed_size_list().values())?],
            DataType::Struct(_) => {
                let columns = array.as_struct().columns().iter();
                columns.map(Self::new).collect::<Result<_, _>>()?
            }
            DataType::Map(..) => vec![Self::new(array.as_map().keys())?, Self::new(array.as_map().values())?],
            _ => Vec::new(),
        };
        Ok(Self { array, children })
    }

    fn writer(&self) -> Result<Writer<'_>, ArrowError> {
        let array: &dyn Array = self.array.as_ref();
        let mut children = self.children.iter().map(Self::writer).collect::<Result<Vec<_>, _>>()?;
        Ok(match array.data_type() {
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Writer::Float(array),
            DataType::Struct(fields) => {
                let names = fields.iter().map(|field| field.name().clone());
                Writer::Struct(array, names.zip(children).collect())
            }
            data_type => match (children.pop(), children.pop()) {
                (Some(values), Some(keys)) => Writer::Map(array, Box::new((keys, values))),
                (Some(items), None) => Writer::List(array, Box::new(items)),
                (None, _) => Writer::Plain {
                    array,
                    formatter: ArrayFormatter::try_new(array, &FORMAT)?,
                    is_bare: data_type.is_integer() || *data_type == DataType::Boolean,
                },
            },
        })
    }
}

const FORMAT: FormatOptions<'static> = FormatOptions::new().with_display_error(false);

impl Writer<'_> {
    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Float(array) | Self::List(array, _) | Self::Struct(array, _) | Self::Map(array, _) => {
                array.is_null(row)
            }
            Self::Plain { array, .. } => array.is_null(row) || *array.data_type() == DataType::Null,
        }
    }

    fn write(&self, row: usize, as_json: bool, out: &mut String) -> Result<(), ArrowError> {
        if self.is_null(row) {
            out.push_str("null");
            return Ok(());
        }
        match self {
            Self::Float(array) => {
                let (text, is_finite) = float(*array, row);
                match as_json && !is_finite {
                    true => quoted(&text, out),
                    false => out.push_str(&text),
                }
            }
            Self::List(array, items) => {
                out.push('[');
                for (place, item) in range(*array, row).enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    items.write(item, true, out)?;
                }
                out.push(']');
            }
            Self::Struct(_, fields) => {
                out.push('{');
                for (place, (name, field)) in fields.iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    quoted(name, out);
                    out.push(':');
                    field.write(row, true, out)?;
                }
                out.push('}');
            }
            Self::Map(array, entries) => {
                let (keys, values) = entries.as_ref();
                out.push('{');
                for (place, entry) in range(*array, row).enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    let mut key = String::new();
                    keys.write(entry, false, &mut key)?;
                    quoted(&key, out);
                    out.push(':');
                    values.write(entry, true, out)?;
                }
                out.push('}');
            }
            Self::Plain {
                array,
                formatter,
                is_bare,
            } => {
                let mut text = String::new();
                if write!(text, "{}", formatter.value(row)).is_err() {
                    // A time that no calendar has.
                    text = raw(*array, row)?;
                }
                match as_json && !is_bare {
                    true => quoted(&text, out),
                    false => out.push_str(&text),
                }
            }
        }
        Ok(())
    }
}

fn utc<T: ArrowTimestampType>(array: &ArrayRef) -> ArrayRef {
    std::sync::Arc::new(array.as_primitive::<T>().clone().with_timezone("UTC"))
}

fn float(array: &dyn Array, row: usize) -> (String, bool) {
    let (text, value) = match array.data_type() {
        DataType::Float32 => {
            let value = array.as_primitive::<Float32Type>().value(row);
            (format!("{value:?}"), f64::from(value))
        }
        DataType::Float16 => {
            let value = array.as_primitive::<Float16Type>().value(row).to_f32();
            (format!("{value:?}"), f64::from(value))
        }
        _ => {
            let value = array.as_primitive::<Float64Type>().value(row);
            (format!("{value:?}"), value)
        }
    };
    match value {
        value if value.is_nan() => ("NaN".to_owned(), false),
        f64::INFINITY => ("Infinity".to_owned(), false),
        f64::NEG_INFINITY => ("-Infinity".to_owned(), false),
        _ => (text, true),
    }
}

/// The places of a list's items, or a map's entries.
fn range(array: &dyn Array, row: usize) -> std::ops::Range<usize> {
    let whole = |number: i64| usize::try_from(number).unwrap_or(0);
    match array.data_type() {
        DataType::List(_) => {
            let offsets = array.as_list::<i32>().value_offsets();
            whole(offsets[row].into())..whole(offsets[row + 1].into())
        }
        DataType::LargeList(_) => {
            let offsets = array.as_list::<i64>().value_offsets();
            whole(offsets[row])..whole(offsets[row + 1])
        }
        DataType::Map(..) => {
            let offsets = array.as_map().value_offsets();
            whole(offsets[row].into())..whole(offsets[row + 1].into())
        }
        _ => {
            let list = array.as_fixed_size_list();
            let start = whole(list.value_offset(row).into());
            start..start + whole(list.value_length().into())
        }
    }
}

fn raw(array: &dyn Array, row: usize) -> Result<String, ArrowError> {
    let number = cast(&array.slice(row, 1), &DataType::Int64)?;
    let value = number.as_primitive::<arrow::datatypes::Int64Type>().value(0);
    Ok(format!("{value} since 1970"))
}

fn quoted(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}
