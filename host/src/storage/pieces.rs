use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetRange, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

/// What one request reads at most. A request is given up after some time, and sent again: so none may depend on how fast what it reads is
/// worked on, or on how long an object is.
pub(super) const PIECE: u64 = 8 << 20;
/// Pieces that are read at once.
const AHEAD: usize = 2;

/// A bucket whose objects are read piece by piece, each of the same version.
#[derive(Debug, Clone)]
pub(super) struct Pieces(AmazonS3);

impl Pieces {
    pub(super) fn of(bucket: AmazonS3) -> Self {
        Self(bucket)
    }
}

impl fmt::Display for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is left of a range, in pieces.
fn pieces(range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let starts = (range.start..range.end).step_by(PIECE as usize);
    starts.map(move |start| start..range.end.min(start + PIECE))
}

/// An empty object has no range.
pub(super) fn is_empty(error: &Error) -> bool {
    error.to_string().contains("status code: 416")
}

#[async_trait]
impl ObjectStore for Pieces {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.0.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.0.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let wanted = match &options.range {
            _ if options.head => return self.0.get_opts(location, options).await,
            None => 0..u64::MAX,
            Some(GetRange::Offset(start)) => *start..u64::MAX,
            Some(GetRange::Bounded(range)) if range.end.saturating_sub(range.start) > PIECE => range.clone(),
            Some(_) => return self.0.get_opts(location, options).await,
        };
        let first = wanted.start..wanted.end.min(wanted.start.saturating_add(PIECE));
        let asked = GetOptions {
            range: Some(GetRange::Bounded(first)),
            ..options.clone()
        };
        let found = match self.0.get_opts(location, asked).await {
            Err(error) if options.range.is_none() && is_empty(&error) => {
                return self.0.get_opts(location, options).await;
            }
            found => found?,
        };
        let (meta, attributes, read) = (found.meta.clone(), found.attributes.clone(), found.range.clone());
        let range = read.start..wanted.end.min(meta.size);
        let (bucket, location) = (self.0.clone(), location.clone());
        let options = GetOptions {
            if_match: meta.e_tag.clone().or(options.if_match.clone()),
            ..options
        };
        let more = stream::iter(pieces(read.end..range.end)).map(move |piece| {
            let (bucket, location) = (bucket.clone(), location.clone());
            let options = GetOptions {
                range: Some(GetRange::Bounded(piece)),
                ..options.clone()
            };
            async move { bucket.get_opts(&location, options).await?.bytes().await }
        });
        let first: Bytes = found.bytes().await?;
        let all = stream::once(std::future::ready(Ok(first))).chain(more.buffered(AHEAD));
        Ok(GetResult {
            payload: GetResultPayload::Stream(all.boxed()),
            meta,
            range,
            attributes,
        })
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.0.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.0.rename_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_its_pieces() {
        assert_eq!(pieces(3..3).count(), 0);
        assert!(pieces(0..PIECE).eq(std::iter::once(0..PIECE)));
        let end = 2 * PIECE + 7;
        assert_eq!(
            pieces(5..end).collect::<Vec<_>>(),
            [5..PIECE + 5, PIECE + 5..2 * PIECE + 5, 2 * PIECE + 5..end]
        );
    }
}
