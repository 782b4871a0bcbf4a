use std::io::Read;

use arrow::csv::reader::Format;
use arrow::datatypes::Schema;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;

use super::error::Unread;
use super::files::SourceFile;

/// Rows of a file that are looked at for what values look like.
const ROWS: usize = 1_000;
/// Bytes that they may have; what comes out of an archive has no size before.
const BYTES_MAX: u64 = 64 << 20;

/// How CSV is read. A quoted value may hold line feeds, so a file is read by one thread: where it could be cut cannot be told
/// from its middle.
pub(super) fn format(compression: FileCompressionType) -> CsvFormat {
    CsvFormat::default()
        .with_has_header(true)
        .with_newlines_in_values(true)
        .with_file_compression_type(compression)
}

/// The columns of the header, by what the first values look like. DataFusion looks at pieces that end at any line feed, also at
/// one in a quoted value.
pub(super) fn infer(file: &SourceFile) -> Result<Schema, Unread> {
    let away = |error| Unread::reading(&file.place, "", &error);
    let opened = file.place.reader().map_err(away)?;
    let reader = file
        .compression()
        .convert_read(opened)
        .map_err(|error| error.strip_backtrace())?;
    let inferred = Format::default()
        .with_header(true)
        .infer_schema(reader.take(BYTES_MAX), Some(ROWS));
    match inferred {
        Ok((schema, _)) => Ok(schema),
        // It tells what the reader said in words only: one that still cannot be read is away.
        Err(error) => Err(match file.place.reader() {
            Err(away_now) => away(away_now),
            Ok(_) => error.to_string().into(),
        }),
    }
}
