use std::io::{Error, Read};
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore, Result};

use super::bucket::Bucket;
use super::pieces::{PIECE, is_empty};

/// The first piece: whoever looks at the first rows wants no more.
const FIRST: u64 = 256 << 10;

/// Reads an object from its beginning to its end, of one version, on a thread that may wait.
pub(super) struct ObjectReader {
    bucket: Arc<Bucket>,
    path: Path,
    found: ObjectMeta,
    /// Read so far.
    at: u64,
    /// How much comes next.
    length: u64,
    piece: Bytes,
}

impl ObjectReader {
    pub(super) fn open(bucket: &Arc<Bucket>, path: Path) -> Result<Self> {
        let (found, piece) = match read(bucket, &path, Some(0..FIRST), None) {
            Err(error) if is_empty(&error) => read(bucket, &path, None, None)?,
            found => found?,
        };
        Ok(Self {
            bucket: Arc::clone(bucket),
            path,
            found,
            at: piece.len() as u64,
            length: 4 * FIRST,
            piece,
        })
    }
}

fn read(
    bucket: &Bucket,
    path: &Path,
    range: Option<std::ops::Range<u64>>,
    of: Option<&ObjectMeta>,
) -> Result<(ObjectMeta, Bytes)> {
    let (path, options) = (
        path.clone(),
        GetOptions {
            range: range.map(GetRange::Bounded),
            if_match: of.and_then(|of| of.e_tag.clone()),
            ..GetOptions::default()
        },
    );
    bucket.wait(|store| async move {
        let found = store.get_opts(&path, options).await?;
        Ok((found.meta.clone(), found.bytes().await?))
    })
}

impl Read for ObjectReader {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.piece.is_empty() && self.at < self.found.size {
            let range = self.at..self.found.size.min(self.at + self.length);
            let (_, piece) = read(&self.bucket, &self.path, Some(range), Some(&self.found)).map_err(Error::other)?;
            self.at += piece.len() as u64;
            self.length = PIECE.min(4 * self.length);
            self.piece = piece;
        }
        let count = out.len().min(self.piece.len());
        let piece = self.piece.split_to(count);
        if let Some(out) = out.get_mut(..count) {
            out.copy_from_slice(&piece);
        }
        Ok(count)
    }
}
