use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{ArrayRef, RecordBatch, StringBuilder};
use arrow::datatypes::SchemaRef;
use csv::{ByteRecord, ErrorKind};

use super::read::{open, text_schema};
use crate::training::format::compression;
use crate::training::{ROWS_MAX, TrainingError};

/// The longest record: a quote that is not closed must not take the whole file.
const RECORD_BYTES_MAX: u64 = 64 << 20;
/// A batch ends early at this many bytes of text.
const BATCH_BYTES: usize = 8 << 20;

/// The rows of a CSV file as text; what is empty is null. Lines without anything are no rows.
pub(super) struct TextRows {
    path: PathBuf,
    reader: csv::Reader<Metered>,
    schema: SchemaRef,
    columns: Vec<usize>,
    since_record: Arc<AtomicU64>,
    rows: u64,
    failed: bool,
}

impl TextRows {
    /// The columns that the first line names.
    pub(super) fn header(path: &Path) -> Result<SchemaRef, TrainingError> {
        let mut rows = Self::over(path, Box::new(open(path)?))?;
        let names = match rows.reader.headers() {
            Ok(names) => names.clone(),
            Err(error) => return Err(rows.wrong(error)),
        };
        if names.is_empty() {
            return Err(
                TrainingError::spine(path, "there is no header").with_hint("name the columns in the first line")
            );
        }
        Ok(text_schema(names.iter()))
    }

    /// The rows in some columns of the file.
    pub(super) fn open(path: &Path, file: File, schema: &SchemaRef, columns: &[usize]) -> Result<Self, TrainingError> {
        Self::of_reader(path, Box::new(file), schema, columns)
    }

    /// The same of the file's bytes as they are read elsewhere.
    pub(super) fn of_reader(
        path: &Path,
        bytes: Box<dyn Read + Send>,
        schema: &SchemaRef,
        columns: &[usize],
    ) -> Result<Self, TrainingError> {
        let mut rows = Self::over(path, bytes)?;
        let schema = schema.project(columns);
        rows.schema = Arc::new(schema.map_err(|error| TrainingError::Internal(error.to_string()))?);
        rows.columns = columns.to_vec();
        Ok(rows)
    }

    fn over(path: &Path, bytes: Box<dyn Read + Send>) -> Result<Self, TrainingError> {
        let inner = compression(path)
            .convert_read(bytes)
            .map_err(|error| TrainingError::spine(path, error.strip_backtrace()))?;
        let since_record = Arc::new(AtomicU64::new(0));
        let metered = Metered {
            inner,
            since_record: Arc::clone(&since_record),
        };
        Ok(Self {
            path: path.to_owned(),
            reader: csv::ReaderBuilder::new().buffer_capacity(1 << 17).from_reader(metered),
            schema: text_schema([].into_iter()),
            columns: Vec::new(),
            since_record,
            rows: 0,
            failed: false,
        })
    }

    fn batch(&mut self) -> Result<Option<RecordBatch>, TrainingError> {
        let mut columns: Vec<_> = self.columns.iter().map(|_| StringBuilder::new()).collect();
        let mut record = ByteRecord::new();
        let (mut rows, mut bytes) = (0, 0);
        while rows < ROWS_MAX && bytes < BATCH_BYTES {
            match self.reader.read_byte_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Err(self.wrong(error)),
            }
            self.since_record.store(0, Ordering::Relaxed);
            for (builder, index) in columns.iter_mut().zip(&self.columns) {
                let cell = record.get(*index).unwrap_or_default();
                if cell.is_empty() {
                    builder.append_null();
                    continue;
                }
                match std::str::from_utf8(cell) {
                    Ok(text) => builder.append_value(text),
                    Err(_) => return Err(self.at_line(self.rows, "what is there is not UTF-8")),
                }
            }
            bytes += record.as_slice().len();
            rows += 1;
            self.rows += 1;
        }
        if rows == 0 {
            return Ok(None);
        }
        let columns = columns.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef);
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns.collect());
        batch
            .map(Some)
            .map_err(|error| TrainingError::Internal(error.to_string()))
    }

    fn wrong(&self, error: csv::Error) -> TrainingError {
        let text = error.to_string();
        match error.into_kind() {
            ErrorKind::UnequalLengths { expected_len, len, .. } => {
                self.at_line(self.rows, &format!("{len} values, and the header names {expected_len}"))
            }
            ErrorKind::Utf8 { .. } => TrainingError::spine(&self.path, "its header is not UTF-8"),
            ErrorKind::Io(error) => match error.kind() {
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput => {
                    TrainingError::spine(&self.path, error.to_string())
                }
                // What decoders say of bytes that are not theirs.
                io::ErrorKind::Other => TrainingError::spine(&self.path, error.to_string()),
                _ => TrainingError::io("read", &self.path, error),
            },
            _ => TrainingError::spine(&self.path, text),
        }
    }

    fn at_line(&self, row: u64, problem: &str) -> TrainingError {
        let place = line_of(&self.path, row).map_or_else(|| format!("row {}", row + 1), |line| format!("line {line}"));
        TrainingError::spine(&self.path, format!("{place}: {problem}"))
    }
}

impl Iterator for TextRows {
    type Item = Result<RecordBatch, TrainingError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let batch = self.batch().transpose();
        self.failed = matches!(batch, Some(Err(_)));
        batch
    }
}

/// Counts what is read since the last record.
struct Metered {
    inner: Box<dyn Read + Send>,
    since_record: Arc<AtomicU64>,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let before = self.since_record.fetch_add(read as u64, Ordering::Relaxed);
        if before > RECORD_BYTES_MAX {
            let problem = format!("a row of more than {RECORD_BYTES_MAX} bytes: is there a quote that is not closed?");
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        Ok(read)
    }
}

/// The line that a row begins at, from 1; rows count from 0, behind the header. For messages: it reads the file once
/// more.
pub(super) fn line_of(path: &Path, row: u64) -> Option<u64> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        Record,
        Field,
        Plain,
        Quoted,
        Quote,
    }
    let mut reader = compression(path).convert_read(File::open(path).ok()?).ok()?;
    let mut buffer = vec![0; 1 << 16];
    let (mut state, mut line, mut record) = (State::Record, 1, 0);
    loop {
        let read = reader.read(&mut buffer).ok().filter(|read| *read > 0)?;
        for byte in buffer.get(..read)? {
            if state == State::Record && !matches!(byte, b'\r' | b'\n') {
                if record == row + 1 {
                    return Some(line);
                }
                record += 1;
            }
            state = match (state, byte) {
                (State::Quoted, b'"') => State::Quote,
                (State::Quoted, _) | (State::Record | State::Field | State::Quote, b'"') => State::Quoted,
                (_, b'\r' | b'\n') => State::Record,
                (_, b',') => State::Field,
                _ => State::Plain,
            };
            line += u64::from(*byte == b'\n');
        }
    }
}
