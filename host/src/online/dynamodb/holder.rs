//! Who is building or writing, and whether they still are.
//!
//! A process that was killed leaves half of a generation behind, or a claim. On the same machine its end is seen at once: it holds a lock of a
//! file that is named for it, which the system lets go of. On another machine it is taken for dead when its record was not renewed for
//! [`DynamoOptions::lease`](super::DynamoOptions::lease) by the clock of who looks. Either way nothing that it does later does harm:
//! what it has built is not switched to, and what it writes is behind a later claim.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use tokio::task::AbortHandle;
use uuid::Uuid;

use super::client::{Cause, Dynamo, Failure, Patience};
use super::fields::{Fields, fields, number, number_of, text};
use super::tables::control;
use crate::time::Timestamp;

/// Records of processes that ended without a word go after a day.
const RECORD_SECONDS: i64 = 86_400;

/// A process, or one handle of it, while it is there.
pub(super) struct Holder {
    pub(super) id: String,
    path: PathBuf,
    _lock: Option<File>,
    beating: AbortHandle,
}

impl Holder {
    /// Makes itself known.
    pub(super) async fn new(dynamo: &Arc<Dynamo>) -> Result<Self, Failure> {
        let id = Uuid::new_v4().simple().to_string();
        let folder = &dynamo.options().locks;
        let path = path(folder, &id);
        // Without it, others wait for the lease.
        let lock = std::fs::create_dir_all(folder).and_then(|()| File::create_new(&path));
        let lock = lock.ok().filter(|file| file.try_lock().is_ok());
        beat(dynamo, &id).await?;
        let beating = tokio::spawn({
            let (dynamo, id) = (Arc::clone(dynamo), id.clone());
            async move {
                loop {
                    tokio::time::sleep(dynamo.options().lease / 4).await;
                    // If it fails for long, others take over, and find a later claim's number in our way.
                    let _ = beat(&dynamo, &id).await;
                }
            }
        });
        Ok(Self {
            id,
            path,
            _lock: lock,
            beating: beating.abort_handle(),
        })
    }

    /// Says that it is gone.
    pub(super) async fn end(&self, dynamo: &Dynamo) {
        self.beating.abort();
        // If this fails, the file stays, without its lock; elsewhere the lease runs out.
        if forget(dynamo, &self.id).await.is_ok() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.beating.abort();
    }
}

/// Whether nobody of this id is there any more.
pub(super) async fn is_dead(dynamo: &Dynamo, id: &str) -> Result<bool, Failure> {
    let path = path(&dynamo.options().locks, id);
    if let Ok(file) = File::open(&path) {
        match file.try_lock() {
            Ok(()) => {
                // First the record: without the file it is what counts.
                forget(dynamo, id).await?;
                let _ = std::fs::remove_file(&path);
                return Ok(true);
            }
            Err(TryLockError::WouldBlock) => return Ok(false),
            // A file system without locks.
            Err(TryLockError::Error(_)) => {}
        }
    }
    let table = control(dynamo.options());
    let found = dynamo
        .call("GetItem", Patience::Write, |client| {
            client
                .get_item()
                .table_name(&table)
                .set_key(Some(key(id)))
                .consistent_read(true)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
        })
        .await
        .map_err(Failure::from)?;
    dynamo.has_read(&found.consumed_capacity);
    let beat = found.item.as_ref().and_then(|item| number_of::<u64>(item, "beat_at"));
    let lease = dynamo.options().lease;
    Ok(beat.is_none_or(|beat| Duration::from_secs(beat) + lease < since_1970()))
}

async fn beat(dynamo: &Dynamo, id: &str) -> Result<(), Failure> {
    let now = since_1970().as_secs();
    let mut item = key(id);
    item.extend(fields([
        ("beat_at", number(now)),
        ("x", number(now as i64 + RECORD_SECONDS)),
    ]));
    let table = control(dynamo.options());
    let put = dynamo.call("PutItem", Patience::Write, |client| {
        client
            .put_item()
            .table_name(&table)
            .set_item(Some(item.clone()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
    });
    let put = put.await.map_err(Failure::from)?;
    dynamo.has_written(&put.consumed_capacity);
    Ok(())
}

async fn forget(dynamo: &Dynamo, id: &str) -> Result<(), Failure> {
    let table = control(dynamo.options());
    let deleted = dynamo.call("DeleteItem", Patience::Read, |client| {
        client
            .delete_item()
            .table_name(&table)
            .set_key(Some(key(id)))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
    });
    match deleted.await.map_err(Failure::from) {
        Ok(deleted) => dynamo.has_written(&deleted.consumed_capacity),
        Err(failure) if failure.cause == Cause::NotFound => {}
        Err(failure) => return Err(failure),
    }
    Ok(())
}

fn key(id: &str) -> Fields {
    fields([("p", text(format!("holder/{id}"))), ("s", text("-"))])
}

fn path(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.lock"))
}

/// By the clock of the wall: leases are seen by other machines, and times to live by the service.
#[expect(clippy::disallowed_methods, reason = "no decision about rows or items hangs on it")]
pub(super) fn since_1970() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

/// The same, for the times of items.
pub(super) fn wall_clock() -> Timestamp {
    Timestamp::from_micros(since_1970().as_micros() as i64)
}
