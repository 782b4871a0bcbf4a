use std::sync::Arc;

use deltalake::logstore::{LogStoreRef, StorageConfig, default_logstore, logstore_with};
use deltalake::{DeltaResult, DeltaTableError, ensure_table_uri};
use object_store::prefix::PrefixStore;
use url::Url;

use super::Place;
use super::durable::DurableFolder;

/// The log of the Delta table at a place. An entry is written if there is none of its number: on S3 by a conditional put, so nothing beside the
/// bucket decides which of two writers was first.
pub(crate) fn log_store(place: &Place) -> DeltaResult<LogStoreRef> {
    let (Some((store, path)), Some(bucket)) = (place.store()?, place.bucket()) else {
        let url: Url = ensure_table_uri(place.to_string())?;
        return logstore_with(Arc::new(DurableFolder::root()), &url, StorageConfig::default());
    };
    let invalid = || DeltaTableError::InvalidTableLocation(place.to_string());
    let mut url = Url::parse(&format!("s3://{bucket}")).map_err(|_| invalid())?;
    // Whatever is in a name stays in it.
    url.path_segments_mut()
        .map_err(|()| invalid())?
        .extend(path.parts().map(|part| part.as_ref().to_owned()));
    let below = Arc::new(PrefixStore::new(Arc::clone(&store), path));
    Ok(default_logstore(below, store, &url, &StorageConfig::default()))
}
