use std::fmt;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use datafusion::execution::object_store::ObjectStoreUrl;
use object_store::{Error, ObjectStore, Result};
use tokio::runtime::{Builder, Handle, Runtime};

use super::pieces::Pieces;
use crate::aws::{Access, BucketAt, Counted, bucket};

/// How long a request is sent again that fails for a reason that passes.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long one may take until it is sent again: no request is about more than some megabytes.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A bucket, which is looked for when it is first used.
pub(super) struct Bucket {
    pub(super) name: String,
    at: BucketAt,
    access: Access,
    config: OnceLock<SdkConfig>,
    /// For requests that somebody waits for here. Connections belong to the threads that made them, so these are not shared.
    own: OnceLock<Pieces>,
    /// For plans and tables.
    shared: OnceLock<Pieces>,
    counted: Arc<Counted>,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket")
            .field("name", &self.name)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl Bucket {
    pub(super) fn new(name: &str, at: &BucketAt, access: &Access) -> Self {
        Self {
            name: name.to_owned(),
            at: at.clone(),
            access: access.clone(),
            config: OnceLock::new(),
            own: OnceLock::new(),
            shared: OnceLock::new(),
            counted: Arc::default(),
        }
    }

    /// What plans know it by: two buckets of one name at different servers are two.
    pub(super) fn url(&self) -> datafusion::error::Result<ObjectStoreUrl> {
        let mut at = DefaultHasher::new();
        (&self.at.region, &self.at.endpoint).hash(&mut at);
        ObjectStoreUrl::parse(format!("s3-{:x}://{}", at.finish(), self.name))
    }

    /// Its objects, for work on threads of somebody else.
    pub(super) fn shared(&self) -> Result<Arc<dyn ObjectStore>> {
        Ok(Arc::new(self.made(&self.shared)?))
    }

    /// Does this on threads of its own, and waits for it.
    pub(super) fn wait<T, F>(&self, work: impl FnOnce(Pieces) -> F) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        wait(work(self.made(&self.own)?))?
    }

    fn made(&self, made: &OnceLock<Pieces>) -> Result<Pieces> {
        if let Some(made) = made.get() {
            return Ok(made.clone());
        }
        if self.config.get().is_none() {
            let mut access = self.access.clone();
            access.region = self.at.region.clone().or(access.region);
            let config = wait(async move { access.load().await })?;
            let _ = self.config.set(config);
        }
        let config = self.config.get().ok_or_else(ended)?;
        let bucket = bucket(config, &self.name, &self.at, PATIENCE, TIMEOUT, &self.counted)?;
        Ok(made.get_or_init(|| Pieces::of(bucket)).clone())
    }
}

fn wait<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T> {
    let (tell, told) = sync_channel(1);
    threads()?.spawn(async move {
        // Whoever waits is there until it is told.
        let _ = tell.send(work.await);
    });
    told.recv().map_err(|_| ended())
}

/// The threads that requests run on: a few for the process, from the first request on.
fn threads() -> Result<Handle> {
    static THREADS: Mutex<Option<Runtime>> = Mutex::new(None);
    let mut threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(threads) = &*threads {
        return Ok(threads.handle().clone());
    }
    let made = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("sandglass-objects")
        .enable_all()
        .build();
    let made = made.map_err(|error| generic(error.into()))?;
    Ok(threads.insert(made).handle().clone())
}

fn ended() -> Error {
    generic("the request ended without an answer".into())
}

pub(super) fn generic(source: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::Generic { store: "S3", source }
}
