use std::io::{BufRead, BufReader, Read};

use datafusion::datasource::file_format::file_compression_type::FileCompressionType;

use super::super::error::Unread;
use crate::storage::Place;

/// The longest line: 16 MiB, twice what a batch of rows may have at the boundary to a guest.
const LINE_BYTES_MAX: usize = 16 << 20;

/// The lines of a file that hold something, with their numbers, from 1.
pub(super) struct Lines {
    reader: BufReader<Box<dyn Read + Send>>,
    number: u64,
    place: Place,
}

impl Lines {
    pub(super) fn open(place: &Place, compression: FileCompressionType) -> Result<Self, Unread> {
        let file = place.reader().map_err(|error| Unread::reading(place, "", &error))?;
        let reader = compression
            .convert_read(file)
            .map_err(|error| error.strip_backtrace())?;
        Ok(Self {
            reader: BufReader::with_capacity(1 << 17, reader),
            number: 0,
            place: place.clone(),
        })
    }

    /// Appends the next line and a line feed; its number, or none at the end of the file.
    pub(super) fn next(&mut self, out: &mut Vec<u8>) -> Result<Option<u64>, Unread> {
        loop {
            let before = out.len();
            let limit = LINE_BYTES_MAX as u64 + 1;
            let read = self.reader.by_ref().take(limit).read_until(b'\n', out);
            self.number += 1;
            let read =
                read.map_err(|error| Unread::reading(&self.place, &format!("line {}: ", self.number), &error))?;
            if read == 0 {
                return Ok(None);
            }
            if read > LINE_BYTES_MAX {
                return Err(format!("line {} is longer than {LINE_BYTES_MAX} bytes", self.number).into());
            }
            let line = out.get_mut(before..).unwrap_or_default();
            // Some programs begin a file with a byte order mark.
            if self.number == 1 && line.starts_with(b"\xef\xbb\xbf") {
                line.iter_mut().take(3).for_each(|byte| *byte = b' ');
            }
            if line.iter().all(u8::is_ascii_whitespace) {
                out.truncate(before);
                continue;
            }
            if !out.ends_with(b"\n") {
                out.push(b'\n');
            }
            return Ok(Some(self.number));
        }
    }
}
