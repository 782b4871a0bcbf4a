//! Reading many items at once.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnConsumedCapacity};
use futures::{StreamExt, TryStreamExt, stream};

use super::client::{Cause, Dynamo, Failure, Patience, Waits};
use super::fields::{Fields, bytes_of};
use super::place::Place;

/// Keys of one request.
pub(super) const BATCH: usize = 100;
/// Requests at once.
const AT_ONCE: usize = 8;
/// Parts of a table that are scanned at once.
const SEGMENTS: i32 = 4;

/// An item's table and the bytes of its key there.
pub(super) type Address = (String, Vec<u8>);

/// What is looked for: where, and with which key.
pub(super) struct Wanted<'a> {
    pub(super) place: &'a Place,
    pub(super) generation: u64,
    pub(super) stored: Vec<u8>,
}

impl Wanted<'_> {
    pub(super) fn address(&self) -> Address {
        let key = self.place.key(self.generation, &self.stored);
        (self.place.table().to_owned(), key_bytes(&key))
    }
}

/// The bytes of an item's key.
fn key_bytes(item: &Fields) -> Vec<u8> {
    let bytes = |name| bytes_of(item, name).unwrap_or_default();
    [bytes("p"), bytes("s"), bytes("k")].concat()
}

impl Dynamo {
    /// Items of any tables by their addresses; each is asked for once.
    pub(super) async fn fetch(
        &self,
        wanted: &[Wanted<'_>],
        is_consistent: bool,
        patience: Patience,
    ) -> Result<HashMap<Address, Fields>, Failure> {
        let mut seen = HashSet::new();
        let keys: Vec<(&str, Fields)> = wanted
            .iter()
            .filter(|wanted| seen.insert(wanted.address()))
            .map(|wanted| {
                let key = wanted.place.key(wanted.generation, &wanted.stored);
                (wanted.place.table(), key)
            })
            .collect();
        let batches: Vec<_> = keys.chunks(BATCH).map(|keys| self.batch(keys, is_consistent)).collect();
        let fetched: Vec<Vec<(String, Fields)>> = stream::iter(batches)
            .map(|batch| async { self.batch_get(batch?, patience).await })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let items = fetched.into_iter().flatten();
        Ok(items.map(|(table, item)| ((table, key_bytes(&item)), item)).collect())
    }

    /// A request for keys with their tables.
    pub(super) fn batch(
        &self,
        keys: &[(&str, Fields)],
        is_consistent: bool,
    ) -> Result<HashMap<String, KeysAndAttributes>, Failure> {
        let mut by_table: HashMap<String, Vec<Fields>> = HashMap::new();
        for (table, key) in keys {
            by_table.entry((*table).to_owned()).or_default().push(key.clone());
        }
        let tables = by_table.into_iter().map(|(table, keys)| {
            let keys = KeysAndAttributes::builder()
                .consistent_read(is_consistent)
                .set_keys(Some(keys))
                .build();
            keys.map(|keys| (table, keys))
        });
        tables.collect::<Result<_, _>>().map_err(|error| Failure {
            cause: Cause::Rejected,
            message: error.to_string(),
        })
    }

    /// Items with their tables, in no order. What the service leaves over is asked for again.
    pub(super) async fn batch_get(
        &self,
        mut wanted: HashMap<String, KeysAndAttributes>,
        patience: Patience,
    ) -> Result<Vec<(String, Fields)>, Failure> {
        let mut found = Vec::new();
        let mut waits = Waits::new(self.options(), patience);
        loop {
            let answer = self.call("BatchGetItem", patience, |client| {
                client
                    .batch_get_item()
                    .set_request_items(Some(wanted.clone()))
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
            });
            let answer = answer.await.map_err(Failure::from)?;
            self.has_read(answer.consumed_capacity());
            for (table, items) in answer.responses.unwrap_or_default() {
                found.extend(items.into_iter().map(|item| (table.clone(), item)));
            }
            let left = answer.unprocessed_keys.unwrap_or_default();
            if left.is_empty() {
                return Ok(found);
            }
            let count = |wanted: &HashMap<String, KeysAndAttributes>| -> usize {
                wanted.values().map(|keys| keys.keys().len()).sum()
            };
            let counts = (count(&wanted), count(&left));
            wanted = left;
            self.again_for_rest("BatchGetItem", &mut waits, patience, counts)
                .await?;
        }
    }

    /// All items of a generation, chunks and deleted ones too, with all attributes or some.
    pub(super) async fn list(
        &self,
        place: &Place,
        generation: u64,
        attributes: Option<&str>,
    ) -> Result<Vec<Fields>, Failure> {
        let parts: Vec<Part> = match place {
            Place::Own { .. } => (0..SEGMENTS).map(Part::Segment).collect(),
            Place::Shared { .. } => {
                let partitions = place.partitions(generation).into_iter();
                partitions.map(Part::Partition).collect()
            }
        };
        let lists: Vec<Vec<Fields>> = stream::iter(parts)
            .map(|part| self.list_part(place.table(), part, attributes))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(lists.into_iter().flatten().collect())
    }

    async fn list_part(&self, table: &str, part: Part, attributes: Option<&str>) -> Result<Vec<Fields>, Failure> {
        let mut items = Vec::new();
        let mut from: Option<Fields> = None;
        loop {
            let next = match &part {
                Part::Segment(segment) => {
                    let answer = self.call("Scan", Patience::Write, |client| {
                        client
                            .scan()
                            .table_name(table)
                            .consistent_read(true)
                            .segment(*segment)
                            .total_segments(SEGMENTS)
                            .set_projection_expression(attributes.map(str::to_owned))
                            .set_exclusive_start_key(from.clone())
                            .return_consumed_capacity(ReturnConsumedCapacity::Total)
                            .send()
                    });
                    let answer = answer.await.map_err(Failure::from)?;
                    self.has_read(&answer.consumed_capacity);
                    items.extend(answer.items.unwrap_or_default());
                    answer.last_evaluated_key
                }
                Part::Partition(partition) => {
                    let answer = self.query(table, partition, attributes, from.clone()).await?;
                    items.extend(answer.0);
                    answer.1
                }
            };
            match next {
                Some(next) if !next.is_empty() => from = Some(next),
                _ => return Ok(items),
            }
        }
    }

    /// A page of a partition, and where the next one begins.
    async fn query(
        &self,
        table: &str,
        partition: &AttributeValue,
        attributes: Option<&str>,
        from: Option<Fields>,
    ) -> Result<(Vec<Fields>, Option<Fields>), Failure> {
        let answer = self.call("Query", Patience::Write, |client| {
            client
                .query()
                .table_name(table)
                .consistent_read(true)
                .key_condition_expression("p = :p")
                .expression_attribute_values(":p", partition.clone())
                .set_projection_expression(attributes.map(str::to_owned))
                .set_exclusive_start_key(from.clone())
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
        });
        let answer = answer.await.map_err(Failure::from)?;
        self.has_read(&answer.consumed_capacity);
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key))
    }

    /// All items of a partition.
    pub(super) async fn partition(&self, table: &str, partition: AttributeValue) -> Result<Vec<Fields>, Failure> {
        self.list_part(table, Part::Partition(partition), None).await
    }
}

enum Part {
    Segment(i32),
    Partition(AttributeValue),
}
