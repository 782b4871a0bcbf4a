use std::io::{Error, Read};

use bytes::Bytes;
use futures::StreamExt;
use object_store::path::Path;
use object_store::{ObjectStoreExt, Result};
use tokio::sync::mpsc::{Receiver, channel};

use super::bucket::Bucket;

/// Pieces of an object that are there before they are asked for.
const AHEAD: usize = 8;

/// Reads an object from its beginning, on a thread that may wait.
pub(super) struct ObjectReader {
    pieces: Receiver<Result<Bytes>>,
    piece: Bytes,
}

impl ObjectReader {
    pub(super) fn open(bucket: &Bucket, path: Path) -> Result<Self> {
        let (tell, pieces) = channel(AHEAD);
        bucket.begin(|store| async move {
            let mut stream = match store.get(&path).await {
                Ok(found) => found.into_stream(),
                Err(error) => {
                    let _ = tell.send(Err(error)).await;
                    return;
                }
            };
            while let Some(piece) = stream.next().await {
                if tell.send(piece).await.is_err() {
                    // Nobody reads on.
                    return;
                }
            }
        })?;
        Ok(Self {
            pieces,
            piece: Bytes::new(),
        })
    }
}

impl Read for ObjectReader {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = piece.map_err(Error::other)?,
                None => return Ok(0),
            }
        }
        let count = out.len().min(self.piece.len());
        let piece = self.piece.split_to(count);
        if let Some(out) = out.get_mut(..count) {
            out.copy_from_slice(&piece);
        }
        Ok(count)
    }
}
