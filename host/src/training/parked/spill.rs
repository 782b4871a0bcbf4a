use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::execution::disk_manager::DiskManager;
use datafusion::execution::spill_file::SpillFile;

use super::together::together;

/// What is read at once.
const BUFFER: usize = 1 << 20;

/// Rows on the disk in numbered pieces. Its file is removed when it is dropped.
pub(in crate::training) struct Spill {
    _kept: Arc<dyn SpillFile>,
    file: File,
    /// Number, where it begins in the file and where it ends; rising.
    pieces: Vec<(usize, u64, u64)>,
}

impl Spill {
    /// Puts pieces on the disk, their numbers rising. Also says how many bytes they are.
    pub(in crate::training) fn write(
        disk: &Arc<DiskManager>,
        schema: &SchemaRef,
        pieces: impl Iterator<Item = Result<(usize, Vec<RecordBatch>)>>,
    ) -> Result<(Self, u64)> {
        let kept = disk.create_tmp_file("training data")?;
        let mut writer = kept.open_writer()?;
        let (mut places, mut end, mut bytes) = (Vec::new(), 0, Vec::new());
        for piece in pieces {
            let (number, batches) = piece?;
            let start = end;
            let mut stream = StreamWriter::try_new(&mut bytes, schema)?;
            for some in together(batches, schema) {
                stream.write(&some?)?;
                writer.write_all(stream.get_ref())?;
                end += stream.get_ref().len() as u64;
                stream.get_mut().clear();
            }
            stream.finish()?;
            drop(stream);
            writer.write_all(&bytes)?;
            end += bytes.len() as u64;
            bytes.clear();
            places.push((number, start, end));
        }
        writer.flush()?;
        writer.finish()?;
        let path = kept
            .path()
            .ok_or_else(|| internal_datafusion_err!("a spilled file without a path"))?;
        let file = File::open(path)?;
        let spill = Self {
            _kept: kept,
            file,
            pieces: places,
        };
        Ok((spill, end))
    }

    /// The rows of a piece; none if there is no such piece.
    pub(in crate::training) fn read(
        self: &Arc<Self>,
        number: usize,
    ) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
        let found = self.pieces.binary_search_by_key(&number, |(number, ..)| *number);
        let found = found.ok().and_then(|found| self.pieces.get(found));
        let rows = found.map(|(_, start, end)| {
            let piece = Piece {
                spill: Arc::clone(self),
                at: *start,
                end: *end,
            };
            StreamReader::try_new(BufReader::with_capacity(BUFFER, piece), None)
        });
        Ok(rows.transpose()?.into_iter().flatten().map(|batch| Ok(batch?)))
    }
}

struct Piece {
    spill: Arc<Spill>,
    at: u64,
    end: u64,
}

impl Read for Piece {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let Some(buffer) = buffer.get_mut(..wanted) else {
            return Ok(0);
        };
        let read = self.spill.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
