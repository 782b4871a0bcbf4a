use std::io::{Error, Read};
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, Result};

use super::bucket::Bucket;
use super::pieces::{PIECE, is_empty};

/// The first piece: whoever looks at the first rows wants no more.
const FIRST: u64 = 256 << 10;

/// Reads an object from its beginning to its end, of one version, on a thread that may wait.
pub(super) struct ObjectReader {
    bucket: Arc<Bucket>,
    path: Path,
    /// Of the version; none before the first piece.
    e_tag: Option<String>,
    size: u64,
    /// Read so far.
    at: u64,
    /// How much comes next.
    length: u64,
    piece: Bytes,
}

impl ObjectReader {
    pub(super) fn open(bucket: &Arc<Bucket>, path: Path) -> Result<Self> {
        let mut reader = Self {
            bucket: Arc::clone(bucket),
            path,
            e_tag: None,
            size: FIRST,
            at: 0,
            length: FIRST,
            piece: Bytes::new(),
        };
        match reader.next() {
            Err(error) if is_empty(&error) => reader.size = 0,
            read => read?,
        }
        Ok(reader)
    }

    /// Reads the next piece.
    fn next(&mut self) -> Result<()> {
        let (path, options) = (
            self.path.clone(),
            GetOptions {
                range: Some(GetRange::Bounded(self.at..self.size.min(self.at + self.length))),
                if_match: self.e_tag.clone(),
                ..GetOptions::default()
            },
        );
        let (found, piece) = self.bucket.wait(|store| async move {
            let found = store.get_opts(&path, options).await?;
            Ok((found.meta.clone(), found.bytes().await?))
        })?;
        (self.e_tag, self.size) = (found.e_tag, found.size);
        self.at += piece.len() as u64;
        self.length = PIECE.min(4 * self.length);
        self.piece = piece;
        Ok(())
    }
}

impl Read for ObjectReader {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.piece.is_empty() && self.at < self.size {
            self.next().map_err(Error::other)?;
        }
        let count = out.len().min(self.piece.len());
        let piece = self.piece.split_to(count);
        if let Some(out) = out.get_mut(..count) {
            out.copy_from_slice(&piece);
        }
        Ok(count)
    }
}
