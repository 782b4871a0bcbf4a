//! Writing many items that nobody else writes.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::types::{DeleteRequest, PutRequest, ReturnConsumedCapacity, WriteRequest};
use tokio::task::JoinSet;

use super::client::{Cause, Dynamo, Failure, Patience, Waits};
use super::fields::{Fields, bytes_in};
use super::place::{Place, Stored, is_there};
use crate::price::write_units;

/// Items of one request.
const BATCH: usize = 25;
/// Bytes of one request: the service takes 16 MB.
const BATCH_BYTES: usize = 8_000_000;
/// Requests at once.
const AT_ONCE: usize = 16;

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure {
        cause: Cause::Rejected,
        message: format!("BatchWriteItem: {error}"),
    }
}

pub(super) fn put(item: Fields) -> Result<WriteRequest, Failure> {
    let put = PutRequest::builder().set_item(Some(item)).build().map_err(broken)?;
    Ok(WriteRequest::builder().put_request(put).build())
}

pub(super) fn delete(key: Fields) -> Result<WriteRequest, Failure> {
    let delete = DeleteRequest::builder().set_key(Some(key)).build().map_err(broken)?;
    Ok(WriteRequest::builder().delete_request(delete).build())
}

impl Dynamo {
    /// Writes any number of items of a table, of different keys, in any order.
    pub(super) async fn write_all(self: &Arc<Self>, table: &str, writes: Vec<WriteRequest>) -> Result<(), Failure> {
        let mut flying = Flying::default();
        let mut writes = writes.into_iter();
        loop {
            let batch: Vec<_> = writes.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                return flying.land(0).await;
            }
            flying.send(self, table, batch).await?;
        }
    }

    /// One request, and what the service leaves over of it again.
    async fn batch_write(&self, table: String, writes: Vec<WriteRequest>) -> Result<(), Failure> {
        let mut writes = HashMap::from([(table, writes)]);
        let mut waits = Waits::new(self.options(), Patience::Write);
        loop {
            let answer = self.call("BatchWriteItem", Patience::Write, |client| {
                client
                    .batch_write_item()
                    .set_request_items(Some(writes.clone()))
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
            });
            let answer = answer.await.map_err(Failure::from)?;
            self.has_written(answer.consumed_capacity());
            let left = answer.unprocessed_items.unwrap_or_default();
            if left.is_empty() {
                return Ok(());
            }
            let count = |writes: &HashMap<String, Vec<WriteRequest>>| writes.values().map(Vec::len).sum();
            let counts = (count(&writes), count(&left));
            writes = left;
            self.again_for_rest("BatchWriteItem", &mut waits, Patience::Write, counts)
                .await?;
        }
    }
}

/// Requests under way.
#[derive(Default)]
struct Flying(JoinSet<Result<(), Failure>>);

impl Flying {
    /// Sends a request, when there are not too many under way.
    async fn send(&mut self, dynamo: &Arc<Dynamo>, table: &str, writes: Vec<WriteRequest>) -> Result<(), Failure> {
        self.land(AT_ONCE - 1).await?;
        let (dynamo, table) = (Arc::clone(dynamo), table.to_owned());
        self.0.spawn(async move { dynamo.batch_write(table, writes).await });
        Ok(())
    }

    /// Waits until at most so many are under way.
    async fn land(&mut self, most: usize) -> Result<(), Failure> {
        while self.0.len() > most {
            match self.0.join_next().await {
                Some(Ok(done)) => done?,
                Some(Err(error)) => return Err(broken(error)),
                None => break,
            }
        }
        Ok(())
    }
}

/// Fills a generation that nobody else writes and nobody reads.
pub(super) struct Writer {
    dynamo: Arc<Dynamo>,
    place: Place,
    generation: u64,
    /// The next request, by key: of one key the last item stays.
    open: HashMap<Vec<u8>, Vec<Fields>>,
    open_items: usize,
    open_bytes: usize,
    flying: Flying,
    /// The greatest key so far.
    greatest: Vec<u8>,
    /// Whether a key of the next request may be one of an earlier request, and of any of them.
    may_be_again: bool,
    may_have_been: bool,
    pushed: u64,
}

impl Writer {
    pub(super) fn new(dynamo: &Arc<Dynamo>, place: Place, generation: u64) -> Self {
        Self {
            dynamo: Arc::clone(dynamo),
            place,
            generation,
            open: HashMap::new(),
            open_items: 0,
            open_bytes: 0,
            flying: Flying::default(),
            greatest: Vec::new(),
            may_be_again: false,
            may_have_been: false,
            pushed: 0,
        }
    }

    /// Takes an item; true if [`Writer::send`] should be next.
    pub(super) fn push(&mut self, stored: &Stored) -> bool {
        if stored.key > self.greatest {
            self.greatest.clone_from(&stored.key);
        } else {
            self.may_be_again = true;
            self.may_have_been = true;
        }
        self.pushed += 1;
        let items = stored.loaded(&self.place, self.generation);
        self.open_items += items.len();
        self.open_bytes += stored.size();
        if let Some(before) = self.open.insert(stored.key.clone(), items) {
            self.open_items -= before.len();
        }
        self.open_items >= BATCH || self.open_bytes >= BATCH_BYTES
    }

    pub(super) async fn send(&mut self) -> Result<(), Failure> {
        if self.may_be_again {
            // Requests that are under way at once are done in any order.
            self.flying.land(0).await?;
        }
        let items: Vec<Fields> = std::mem::take(&mut self.open).into_values().flatten().collect();
        (self.open_items, self.open_bytes, self.may_be_again) = (0, 0, false);
        for items in items.chunks(BATCH) {
            let units: u64 = items.iter().map(|item| write_units(bytes_in(item))).sum();
            self.dynamo.afford(|price| price.writes(units as f64)).await?;
            let writes = items.iter().cloned().map(put).collect::<Result<_, _>>()?;
            self.flying.send(&self.dynamo, self.place.table(), writes).await?;
        }
        Ok(())
    }

    /// Waits until all is written, and tells how many items there are.
    pub(super) async fn finish(mut self) -> Result<u64, Failure> {
        self.send().await?;
        self.flying.land(0).await?;
        if !self.may_have_been {
            return Ok(self.pushed);
        }
        let attributes = format!("{}, d", self.place.attribute());
        let listed = self
            .dynamo
            .list(&self.place, self.generation, Some(&attributes))
            .await?;
        Ok(listed.iter().filter(|item| is_there(item)).count() as u64)
    }
}

impl Dynamo {
    /// Deletes all items of a generation in a shared table.
    pub(super) async fn empty(self: &Arc<Self>, place: &Place, generation: u64) -> Result<(), Failure> {
        let listed = match self.list(place, generation, Some("p, s")).await {
            Err(failure) if failure.cause == Cause::NotFound => return Ok(()),
            listed => listed?,
        };
        let deletes = listed.into_iter().map(delete).collect::<Result<_, _>>()?;
        self.write_all(place.table(), deletes).await
    }
}
