use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader};
use arrow::ipc::{Block, root_as_footer, root_as_message};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::text::TextRows;
use crate::training::format::{FileFormat, Magic};
use crate::training::{ROWS_MAX, TrainingError};

/// A batch of a wide Parquet file has fewer rows, for about as many bytes.
const BATCH_BYTES: u64 = 8 << 20;
/// And never fewer than these.
const ROWS_MIN: u64 = 64;

/// Rows in the order of the file, in batches of at most [`ROWS_MAX`].
pub(super) type Batches = Box<dyn Iterator<Item = Result<RecordBatch, TrainingError>> + Send>;

/// How a spine is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    Parquet,
    ArrowFile,
    ArrowStream,
    Csv,
}

impl Reader {
    pub(super) fn of(path: &Path, format: FileFormat) -> Result<Self, TrainingError> {
        Ok(match format {
            FileFormat::Parquet => Self::Parquet,
            FileFormat::Csv => Self::Csv,
            FileFormat::Arrow => match Magic::of(path)? {
                Magic::ArrowFile => Self::ArrowFile,
                Magic::ArrowStream => Self::ArrowStream,
                _ => return Err(TrainingError::spine(path, "neither a file nor a stream of Arrow IPC")),
            },
        })
    }

    /// The columns as they are read, without what the file says of itself beside them; of CSV all are text.
    ///
    /// What an Arrow file says of its lengths is compared with its size here: its reader would believe it.
    pub(super) fn schema(self, path: &Path) -> Result<SchemaRef, TrainingError> {
        let damaged = |error: ArrowError| TrainingError::spine(path, error.to_string());
        let schema = match self {
            Self::Csv => return TextRows::header(path),
            Self::Parquet => {
                let builder = ParquetRecordBatchReaderBuilder::try_new(open(path)?)
                    .map_err(|error| TrainingError::spine(path, error.to_string()))?;
                Arc::clone(builder.schema())
            }
            Self::ArrowFile => {
                file_lengths(path)?;
                FileReader::try_new(open(path)?, None).map_err(damaged)?.schema()
            }
            Self::ArrowStream => {
                stream_lengths(path)?;
                StreamReader::try_new(BufReader::new(open(path)?), None)
                    .map_err(damaged)?
                    .schema()
            }
        };
        Ok(Arc::new(Schema::new(schema.fields().clone())))
    }

    /// The rows in some of the columns, which are in ascending order.
    pub(super) fn batches(self, path: &Path, schema: &SchemaRef, columns: &[usize]) -> Result<Batches, TrainingError> {
        let owned = path.to_owned();
        let damaged = move |error: ArrowError| TrainingError::spine(&owned, error.to_string());
        let file = open(path)?;
        Ok(match self {
            Self::Csv => Box::new(TextRows::open(path, file, schema, columns)?),
            Self::Parquet => {
                let wrong = |error: &dyn std::error::Error| TrainingError::spine(path, error.to_string());
                let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| wrong(&error))?;
                let mask = ProjectionMask::roots(builder.parquet_schema(), columns.iter().copied());
                let groups = builder.metadata().row_groups().iter();
                let widest = groups.map(|group| unsigned(group.total_byte_size()) / unsigned(group.num_rows()).max(1));
                let rows = BATCH_BYTES / widest.max().unwrap_or(1).max(1);
                let rows = usize::try_from(rows.max(ROWS_MIN)).unwrap_or(ROWS_MAX).min(ROWS_MAX);
                let reader = builder.with_projection(mask).with_batch_size(rows).build();
                let reader = reader.map_err(|error| wrong(&error))?;
                Box::new(reader.map(move |batch| batch.map_err(&damaged)))
            }
            Self::ArrowFile => {
                let reader = FileReader::try_new(file, Some(columns.to_vec())).map_err(&damaged)?;
                Box::new(reader.map(move |batch| batch.map_err(&damaged)).flat_map(cut))
            }
            Self::ArrowStream => {
                let reader = StreamReader::try_new(BufReader::new(file), Some(columns.to_vec())).map_err(&damaged)?;
                Box::new(reader.map(move |batch| batch.map_err(&damaged)).flat_map(cut))
            }
        })
    }
}

pub(super) fn open(path: &Path) -> Result<File, TrainingError> {
    File::open(path).map_err(|error| TrainingError::io("read", path, error))
}

/// Slices of a batch that was written larger; they share its buffers.
fn cut(batch: Result<RecordBatch, TrainingError>) -> impl Iterator<Item = Result<RecordBatch, TrainingError>> {
    let (batch, error) = match batch {
        Ok(batch) => (Some(batch), None),
        Err(error) => (None, Some(Err(error))),
    };
    let rows = batch.as_ref().map_or(0, RecordBatch::num_rows);
    let slices = (0..rows)
        .step_by(ROWS_MAX)
        .filter_map(move |start| Some(Ok(batch.as_ref()?.slice(start, ROWS_MAX.min(rows - start)))));
    slices.chain(error)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A column of text for each name.
pub(super) fn text_schema<'a>(names: impl Iterator<Item = &'a str>) -> SchemaRef {
    let fields = names.map(|name| Field::new(name, DataType::Utf8, true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Whether the blocks of an Arrow file lie in it.
fn file_lengths(path: &Path) -> Result<(), TrainingError> {
    let damaged = || TrainingError::spine(path, "a damaged Arrow file: its footer names what is not there");
    let io = |error| TrainingError::io("read", path, error);
    let mut file = open(path)?;
    let size = file.metadata().map_err(io)?.len();
    let end = size.checked_sub(10).ok_or_else(damaged)?;
    let mut trailer = [0; 4];
    file.seek(SeekFrom::Start(end)).map_err(io)?;
    file.read_exact(&mut trailer).map_err(io)?;
    let length = u64::try_from(i32::from_le_bytes(trailer)).map_err(|_| damaged())?;
    let start = end.checked_sub(length).ok_or_else(damaged)?;
    let mut footer = Vec::new();
    file.seek(SeekFrom::Start(start)).map_err(io)?;
    file.take(length).read_to_end(&mut footer).map_err(io)?;
    let footer = root_as_footer(&footer).map_err(|_| damaged())?;
    let within = |block: &Block| {
        let lengths = [block.offset(), i64::from(block.metaDataLength()), block.bodyLength()];
        let lengths = lengths.map(|length| u64::try_from(length).ok());
        let end = lengths
            .into_iter()
            .try_fold(0_u64, |sum, length| sum.checked_add(length?));
        end.is_some_and(|end| end <= size)
    };
    let blocks = footer.recordBatches().into_iter().chain(footer.dictionaries());
    match blocks.flatten().all(within) {
        true => Ok(()),
        false => Err(damaged()),
    }
}

/// Whether the messages of an Arrow stream end where it does.
fn stream_lengths(path: &Path) -> Result<(), TrainingError> {
    let io = |error| TrainingError::io("read", path, error);
    let mut file = BufReader::new(open(path)?);
    let size = file.get_ref().metadata().map_err(io)?.len();
    let mut at = 0_u64;
    while at < size {
        let damaged = || {
            TrainingError::spine(
                path,
                format!("a damaged Arrow stream: its message at byte {at} is cut off"),
            )
        };
        let mut prefix = [0; 8];
        if size - at < 8 {
            return Err(damaged());
        }
        file.read_exact(&mut prefix).map_err(io)?;
        let [0xff, 0xff, 0xff, 0xff, length @ ..] = prefix else {
            return Err(damaged());
        };
        let length = u64::try_from(i32::from_le_bytes(length)).map_err(|_| damaged())?;
        if length == 0 {
            return Ok(());
        }
        if length > size - at - 8 {
            return Err(damaged());
        }
        let mut metadata = Vec::new();
        file.by_ref().take(length).read_to_end(&mut metadata).map_err(io)?;
        let message = root_as_message(&metadata).map_err(|_| damaged())?;
        let body = u64::try_from(message.bodyLength()).map_err(|_| damaged())?;
        let next = (at + 8 + length).checked_add(body).filter(|next| *next <= size);
        let next = next.ok_or_else(damaged)?;
        let skip = i64::try_from(body).map_err(|_| damaged())?;
        file.seek_relative(skip).map_err(io)?;
        at = next;
    }
    Ok(())
}
