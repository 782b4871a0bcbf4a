//! The files of a case that hold rows: CSV for people, Parquet for what is large. Their columns are typed by the contract.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::{CastOptions, cast_with_options, concat_batches};
use arrow::datatypes::{Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use sandglass_runtime::kind_name;

use super::cell::{self, Wrong};
use super::csv::{self, Record};
use super::{Broken, ROWS_MAX, shown};

/// A file that is larger is no golden file.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// How a file of rows is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    Parquet,
}

impl Format {
    pub(super) const ALL: [Self; 2] = [Self::Csv, Self::Parquet];

    pub(super) fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

/// The first line of a CSV file with these columns.
pub(super) fn header(schema: &Schema) -> String {
    let names: Record = schema.fields().iter().map(|field| Some(field.name().clone())).collect();
    csv::write([&names]).trim_end().to_owned()
}

/// Reads a file's rows in the columns of a schema, whatever the order that the file has them in.
pub(super) fn read(path: &Path, format: Format, schema: &SchemaRef) -> Result<RecordBatch, Broken> {
    let unreadable = |error: &dyn std::fmt::Display| Broken::new(format!("cannot read {}: {error}", shown(path)));
    let bytes = std::fs::metadata(path).map_err(|error| unreadable(&error))?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(Broken::new(format!(
            "{} is larger than a golden file may be: {bytes} bytes, {FILE_BYTES_MAX} are allowed",
            shown(path)
        )));
    }
    match format {
        Format::Csv => {
            let text = std::fs::read_to_string(path).map_err(|error| unreadable(&error))?;
            of_csv(path, &text, schema)
        }
        // The library panics on some damaged files; that is this file's end and not the program's.
        Format::Parquet => std::panic::catch_unwind(|| of_parquet(path, schema))
            .unwrap_or_else(|_| Err(Broken::new(format!("{} is damaged", shown(path))).hint("write it again"))),
    }
}

fn of_csv(path: &Path, text: &str, schema: &SchemaRef) -> Result<RecordBatch, Broken> {
    let at = |line: usize, message: &dyn std::fmt::Display| Broken::new(format!("{}:{line}: {message}", shown(path)));
    let expected_header = || format!("its first line should be\n    {}", header(schema));
    let mut records = csv::read(text)
        .map_err(|problem| at(problem.line, &problem.message))?
        .into_iter();
    let Some((_, names)) = records.next() else {
        return Err(at(1, &"it is empty").hint(expected_header()));
    };
    let names: Vec<String> = names.into_iter().map(Option::unwrap_or_default).collect();
    for (place, name) in names.iter().enumerate() {
        if schema.field_with_name(name).is_err() {
            return Err(at(1, &format!("the contract has no column `{name}`")).hint(expected_header()));
        }
        if names.iter().take(place).any(|other| other == name) {
            return Err(at(1, &format!("two columns are named `{name}`")));
        }
    }
    // In a table of one column a line without anything is a null.
    let rows: Vec<(usize, Record)> = records
        .filter(|(_, record)| names.len() == 1 || *record != [None])
        .collect();
    if let Some((line, record)) = rows.iter().find(|(_, record)| record.len() != names.len()) {
        return Err(at(
            *line,
            &format!("{} cells, there are {} columns", record.len(), names.len()),
        ));
    }
    let mut columns = Vec::new();
    for field in schema.fields() {
        let Some(place) = names.iter().position(|name| name == field.name()) else {
            return Err(at(1, &format!("column `{}` is missing", field.name())).hint(expected_header()));
        };
        let cells: Vec<Option<&str>> = rows
            .iter()
            .map(|(_, record)| record.get(place).and_then(Option::as_deref))
            .collect();
        let line = |row: usize| rows.get(row).map_or(1, |(line, _)| *line);
        let column = cell::read(field.data_type(), &cells)
            .and_then(|column| never_null(field, column))
            .map_err(|Wrong { row, message }| at(line(row), &format!("column `{}`: {message}", field.name())))?;
        columns.push(column);
    }
    batch(path, schema, columns, rows.len())
}

fn never_null(field: &Field, column: ArrayRef) -> Result<ArrayRef, Wrong> {
    match (0..column.len()).find(|&row| !field.is_nullable() && column.is_null(row)) {
        None => Ok(column),
        Some(row) => Err(Wrong {
            row,
            message: "null, which it never is (an empty text is `\"\"`)".to_owned(),
        }),
    }
}

fn batch(path: &Path, schema: &SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch, Broken> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
        .map_err(|error| Broken::new(format!("{}: {error}", shown(path))))
}

fn of_parquet(path: &Path, schema: &SchemaRef) -> Result<RecordBatch, Broken> {
    let wrong = |error: &dyn std::fmt::Display| Broken::new(format!("{}: {error}", shown(path)));
    let file = File::open(path).map_err(|error| wrong(&error))?;
    // The writer's own Arrow schema is not asked for: the contract's types decide, and its reader panics on damaged ones.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(|error| wrong(&error))?;
    let rows = reader.metadata().file_metadata().num_rows();
    if !usize::try_from(rows).is_ok_and(|rows| rows <= ROWS_MAX) {
        return Err(wrong(&format!("{rows} rows, {ROWS_MAX} are allowed")));
    }
    let written = Arc::clone(reader.schema());
    let reader = reader.build().map_err(|error| wrong(&error))?;
    let batches: Vec<RecordBatch> = reader.collect::<Result<_, _>>().map_err(|error| wrong(&error))?;
    let found = concat_batches(&written, &batches).map_err(|error| wrong(&error))?;
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let mut columns = Vec::new();
    for field in schema.fields() {
        let Some(column) = found.column_by_name(field.name()) else {
            return Err(wrong(&format!("column `{}` is missing", field.name())));
        };
        let column = cast_with_options(column, field.data_type(), &options)
            .map_err(|error| wrong(&format!("column `{}`: {error}", field.name())))?;
        let column = never_null(field, column).map_err(|Wrong { row, message }| {
            wrong(&format!("row {}: column `{}`: {message}", row + 1, field.name()))
        })?;
        columns.push(column);
    }
    batch(path, schema, columns, found.num_rows())
}

/// The bytes of a file with these rows.
pub(super) fn write(format: Format, batch: &RecordBatch) -> Result<Vec<u8>, Broken> {
    match format {
        Format::Csv => {
            let names: Record = batch
                .schema_ref()
                .fields()
                .iter()
                .map(|field| Some(field.name().clone()))
                .collect();
            Ok(csv::write(std::iter::once(&names).chain(&rows(batch))).into_bytes())
        }
        Format::Parquet => {
            let failed = |error: parquet::errors::ParquetError| {
                let kinds: Vec<_> = batch
                    .schema_ref()
                    .fields()
                    .iter()
                    .map(|field| kind_name(field.data_type()))
                    .collect();
                Broken::new(format!("cannot write columns of {}: {error}", kinds.join(", ")))
            };
            let mut bytes = Vec::new();
            let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).map_err(failed)?;
            writer.write(batch).map_err(failed)?;
            writer.close().map_err(failed)?;
            Ok(bytes)
        }
    }
}

/// A batch's rows as text.
pub(super) fn rows(batch: &RecordBatch) -> Vec<Record> {
    let mut columns: Vec<_> = batch
        .columns()
        .iter()
        .map(|column| cell::write(column).into_iter())
        .collect();
    (0..batch.num_rows())
        .map(|_| columns.iter_mut().map(|column| column.next().flatten()).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, TimeUnit};

    use super::*;

    fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new("id", DataType::Int64, false),
            Field::new("text", DataType::Utf8, true),
        ]))
    }

    fn refused(text: &str) -> String {
        of_csv(Path::new("rows.csv"), text, &schema())
            .expect_err(text)
            .to_string()
    }

    #[test]
    fn rows_in_any_order_of_columns_with_nulls() {
        let batch = of_csv(Path::new("rows.csv"), "text,id\n\"\",1\n\n,2\n", &schema()).expect("valid");
        let text = String::from_utf8(write(Format::Csv, &batch).expect("text")).expect("UTF-8");
        assert_eq!(text, "id,text\n1,\"\"\n2,\n");
    }

    #[test]
    fn parquet_and_csv_are_one() {
        let batch = of_csv(Path::new("rows.csv"), "id,text\n1,a\n", &schema()).expect("valid");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rows.parquet");
        std::fs::write(&path, write(Format::Parquet, &batch).expect("bytes")).expect("a file");
        assert_eq!(read(&path, Format::Parquet, &schema()).expect("the same"), batch);
        std::fs::write(&path, "PAR1 and no more").expect("a file");
        assert!(read(&path, Format::Parquet, &schema()).is_err());
    }

    #[test]
    fn parquet_keeps_every_type() {
        let list = |size: Option<i32>| {
            let item = Arc::new(Field::new("item", DataType::Float32, true));
            size.map_or(DataType::List(Arc::clone(&item)), |size| {
                DataType::FixedSizeList(item, size)
            })
        };
        let map = [
            Field::new("keys", DataType::Utf8, false),
            Field::new("values", DataType::Int64, true),
        ];
        let entries = Field::new("entries", DataType::Struct(map.to_vec().into()), false);
        let columns = [
            ("boolean", DataType::Boolean, "true"),
            ("uint8", DataType::UInt8, "255"),
            ("uint64", DataType::UInt64, "18446744073709551615"),
            ("float64", DataType::Float64, "-0.0"),
            ("decimal", DataType::Decimal128(20, 3), "-1.005"),
            ("binary", DataType::Binary, "00ff"),
            ("fixed", DataType::FixedSizeBinary(2), "00ff"),
            ("date", DataType::Date32, "1969-12-31"),
            (
                "timestamp",
                sandglass_runtime::host_type::timestamp(),
                "1969-12-31T23:59:59.999999Z",
            ),
            ("duration", DataType::Duration(TimeUnit::Microsecond), "-1d"),
            ("list", list(None), "[0.5,null]"),
            ("fixed_list", list(Some(2)), "[0.5,null]"),
            (
                "struct",
                DataType::Struct(map.to_vec().into()),
                "{\"keys\":\"a\",\"values\":null}",
            ),
            (
                "map",
                DataType::Map(Arc::new(entries), false),
                "[[\"b\",1],[\"a\",null]]",
            ),
        ];
        let folder = tempfile::tempdir().expect("a folder");
        for (name, data_type, value) in columns {
            let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new(name, data_type.clone(), true)]));
            let column = cell::read(&data_type, &[Some(value), None]).expect(value);
            let batch = RecordBatch::try_new(Arc::clone(&schema), vec![column]).expect("a batch");
            let path = folder.path().join(format!("{name}.parquet"));
            std::fs::write(&path, write(Format::Parquet, &batch).expect("bytes")).expect("a file");
            let read = read(&path, Format::Parquet, &schema).unwrap_or_else(|broken| panic!("{name}: {broken}"));
            assert_eq!(rows(&read), [[Some(value.to_owned())], [None]], "{name}");
        }
    }

    #[test]
    fn what_is_wrong_has_its_line() {
        assert_eq!(refused(""), "rows.csv:1: it is empty");
        assert_eq!(refused("id\n1\n"), "rows.csv:1: column `text` is missing");
        assert_eq!(refused("id,text,txt\n"), "rows.csv:1: the contract has no column `txt`");
        assert_eq!(refused("id,text,id\n"), "rows.csv:1: two columns are named `id`");
        assert_eq!(refused("id,text\n1,a\n2\n"), "rows.csv:3: 1 cells, there are 2 columns");
        assert_eq!(
            refused("id,text\n1,\"a\nb\"\nx,\n"),
            "rows.csv:4: column `id`: `x` is not int64"
        );
        assert!(refused("id,text\n,a\n").starts_with("rows.csv:2: column `id`: null, which it never is"));
    }
}
