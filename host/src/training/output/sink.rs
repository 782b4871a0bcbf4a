use std::io::{BufWriter, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::ipc::writer::FileWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::columns::{Columns, GroupEnd};
use super::{Hashing, canonical, text};
use crate::training::{FileFormat, TrainingError};

/// A row group is held in memory until it is written.
const GROUP_END: GroupEnd = GroupEnd {
    rows: 1 << 20,
    bytes: 64 << 20,
};

/// A file that is being written.
pub(super) struct Sink {
    path: PathBuf,
    schema: SchemaRef,
    file: Kind,
}

enum Kind {
    Parquet(Box<Columns<Hashing>>),
    Csv(BufWriter<Hashing>),
    Arrow(Box<FileWriter<BufWriter<Hashing>>>),
}

impl Sink {
    pub(super) fn new(
        path: &Path,
        format: FileFormat,
        schema: &SchemaRef,
        file: Hashing,
    ) -> Result<Self, TrainingError> {
        let refused = |error: &dyn std::error::Error| TrainingError::output(path, error.to_string());
        let mut schema = Arc::new(Schema::new(schema.fields().clone()));
        let buffered = |file| BufWriter::with_capacity(1 << 17, file);
        let file = match format {
            FileFormat::Parquet => {
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(ZstdLevel::default()))
                    .set_max_row_group_row_count(Some(GROUP_END.rows))
                    .build();
                let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
                let columns = Columns::new(file, &schema, properties, GROUP_END, cores);
                Kind::Parquet(Box::new(columns.map_err(|error| refused(&error))?))
            }
            FileFormat::Csv => {
                let mut file = buffered(file);
                let header = text::header(&schema);
                file.write_all(header.as_bytes())
                    .map_err(|error| TrainingError::io("write", path, error))?;
                Kind::Csv(file)
            }
            FileFormat::Arrow => {
                // A file may have one dictionary for a column only, and batches come with one each.
                let fields = schema.fields().iter().map(undictionaried);
                schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
                let writer = FileWriter::try_new(buffered(file), &schema);
                Kind::Arrow(Box::new(writer.map_err(|error| refused(&error))?))
            }
        };
        Ok(Self {
            path: path.to_owned(),
            schema,
            file,
        })
    }

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// A batch in the types that are written.
    pub(super) fn shaped(&self, batch: RecordBatch) -> Result<RecordBatch, TrainingError> {
        let columns = batch.columns().iter().zip(self.schema.fields());
        let columns = columns.map(|(column, field)| match column.data_type() == field.data_type() {
            true => Ok(Arc::clone(column)),
            false => cast(column, field.data_type()),
        });
        columns
            .collect::<Result<Vec<_>, _>>()
            .and_then(|columns| RecordBatch::try_new(self.schema(), columns))
            .map_err(|error| TrainingError::output(&self.path, error.to_string()))
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), TrainingError> {
        match &mut self.file {
            Kind::Parquet(columns) => columns.write(batch).map_err(|error| parquet_error(&self.path, error)),
            Kind::Csv(file) => {
                let rows = text::rows(batch).map_err(|error| TrainingError::output(&self.path, error.to_string()))?;
                file.write_all(rows.as_bytes())
                    .map_err(|error| TrainingError::io("write", &self.path, error))
            }
            Kind::Arrow(writer) => canonical::canonical(batch)
                .and_then(|batch| writer.write(&batch))
                .map_err(|error| arrow_error(&self.path, error)),
        }
    }

    pub(super) fn finish(self) -> Result<Hashing, TrainingError> {
        let Self { path, schema: _, file } = self;
        let flushed = |file: BufWriter<Hashing>| {
            file.into_inner()
                .map_err(|error| TrainingError::io("write", &path, error.into_error()))
        };
        match file {
            Kind::Parquet(columns) => columns.finish().map_err(|error| parquet_error(&path, error)),
            Kind::Csv(file) => flushed(file),
            Kind::Arrow(writer) => {
                let file = writer.into_inner().map_err(|error| arrow_error(&path, error))?;
                flushed(file)
            }
        }
    }
}

/// A full disk is not what the rows are.
fn parquet_error(path: &Path, error: parquet::errors::ParquetError) -> TrainingError {
    match error {
        parquet::errors::ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(error) => TrainingError::io("write", path, *error),
            Err(inner) => TrainingError::output(path, inner.to_string()),
        },
        other => TrainingError::output(path, other.to_string()),
    }
}

fn arrow_error(path: &Path, error: arrow::error::ArrowError) -> TrainingError {
    match error {
        arrow::error::ArrowError::IoError(_, error) => TrainingError::io("write", path, error),
        other => TrainingError::output(path, other.to_string()),
    }
}

fn undictionaried(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        DataType::List(item) => DataType::List(undictionaried(item)),
        DataType::LargeList(item) => DataType::LargeList(undictionaried(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(undictionaried(item), *size),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(undictionaried).collect()),
        DataType::Map(entries, sorted) => DataType::Map(undictionaried(entries), *sorted),
        _ => return Arc::clone(field),
    };
    let kept = Field::new(field.name(), data_type, field.is_nullable()).with_metadata(field.metadata().clone());
    Arc::new(kept)
}
