//! Changes of the live generation.
//!
//! The service has no transaction over thousands of items, so a change is seen item by item, and its state last. What keeps it whole is a
//! claim: a number from the generation's record, which only one writer has at a time and every item that it writes bears. An item is
//! written only over those of earlier claims, so a writer that was taken for dead and goes on finds the numbers of its successor; a key
//! that is deleted keeps an item that stands for it for a day, so that it cannot be brought back either.
//!
//! A writer that was cut off leaves some items that are newer than the state. The next change is the difference to that state, which may
//! pass over their keys: a window that has gained a row since, and lost it again, has not changed. So the record says that claims were
//! begun that were not done, [`LiveRecord::cut_off`] tells it, and the next pass makes everything anew.
//!
//! How many items there are is counted on the way: each item says whether it was there before, if its claim is not done.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure,
};
use futures::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use super::DynamoStore;
use super::client::{Cause, Failed, Failure, Patience};
use super::control::{Generation, Phase, generation_key};
use super::fields::{Fields, boolean_of, fields, number, number_of, text};
use super::holder::{is_dead, since_1970, wall_clock};
use super::place::{Place, Stored, chunks_of, stored_key};
use super::write::{delete, put};
use crate::online::store::{Change, LiveRecord, OnlineError};
use crate::online::view::View;
use crate::price::write_units;

/// Items that are written at once.
const AT_ONCE: usize = 64;
/// How long what stands for a deleted key is kept: longer than any writer that was taken for dead may sleep.
const DELETED_SECONDS: u64 = 86_400;
/// How often to look whether another writer is done, and for how long.
const LOOK: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(600);

/// A change under way.
struct Claim<'a> {
    generation: u64,
    place: &'a Place,
    number: u64,
    /// The last one that was done.
    last: u64,
    /// Whether one after it was not, and some items may be newer than the state.
    is_after_cut_off: bool,
}

impl Claim<'_> {
    /// The last one that was done, when this one is. What was cut off before stays so, until all is made anew.
    fn last_after(&self) -> u64 {
        match self.is_after_cut_off {
            true => self.last,
            false => self.number,
        }
    }
}

/// What was there before an item was written.
struct Before {
    was_there: bool,
    /// Chunks that nothing leads to any more.
    chunks: Vec<Vec<u8>>,
}

impl DynamoStore {
    pub(super) async fn change(
        &self,
        view: &View<'_>,
        expected: &LiveRecord,
        change: &Change,
    ) -> Result<(), OnlineError> {
        view.check_state(&change.state)?;
        let (live, generation) = self.dynamo.live(view).await?;
        let (Some(live), Some(generation)) = (live, generation) else {
            return Err(view.conflict(None));
        };
        let found = generation.record(&live);
        if (found.version, found.generation) != (expected.version, expected.generation) {
            return Err(view.conflict(Some(&found)));
        }
        let (place, state) = generation.built(view)?;
        view.check_not_older(state, &change.state)?;
        // All of it or nothing: a change that stops in the middle would have everything made anew.
        let puts = change
            .puts
            .iter()
            .map(|(key, item)| (key.len() + item.encoded_len(key)) as u64);
        let units = puts.map(write_units).sum::<u64>() + change.deletes.len() as u64;
        let affordable = self.dynamo.afford(|price| price.writes(units as f64)).await;
        affordable.map_err(|failure| view.failed(failure))?;
        let holder = self.holder().await.map_err(|failure| view.failed(failure))?;
        let me = format!("{holder}/{}", Uuid::new_v4().simple());
        let claimed = self.claim(view, generation.clone(), expected, change, &me).await?;
        let claim = Claim {
            generation: generation.number,
            place,
            number: claimed.claims,
            last: claimed.last_claim,
            is_after_cut_off: claimed.claims > claimed.last_claim + 1,
        };
        let done = async {
            let (delta, loose) = self.write_items(view, &claim, change).await?;
            let items = claimed.items.checked_add_signed(delta).unwrap_or_default();
            let values = fields([
                (":changes", number(expected.changes)),
                (":next", number(expected.changes + 1)),
                (":claim", number(claim.number)),
                (":last", number(claim.last_after())),
                (":items", number(items)),
                (":state", text(view.encode_text(&change.state)?)),
                (":me", text(&me)),
            ]);
            let commit = self.generation_update(
                view,
                claim.generation,
                "SET change_count = :next, last_claim = :last, item_count = :items, state_json = :state REMOVE written_by",
                "change_count = :changes AND written_by = :me AND claim_count = :claim",
                values,
            );
            self.transact(view, vec![self.live_check(view, &live), commit]).await?;
            Ok(loose)
        };
        match done.await {
            Ok(loose) => {
                let deletes = loose.iter().map(|key| delete(place.key(claim.generation, key)));
                let deleted = async {
                    self.dynamo
                        .write_all(place.table(), deletes.collect::<Result<_, _>>()?)
                        .await
                };
                // Done again, the change finds them again.
                deleted.await.map_err(|failure| view.failed(failure))
            }
            Err(error) => {
                // If this fails too, others see when this process has ended.
                let writes = !change.puts.is_empty() || !change.deletes.is_empty();
                let _ = self.give_up(view, &claim, &me, writes).await;
                Err(error)
            }
        }
    }

    /// Ends a change that failed; `writes` says whether it is one of items, of which some may have been written.
    async fn give_up(&self, view: &View<'_>, claim: &Claim<'_>, me: &str, writes: bool) -> Result<(), OnlineError> {
        let failed = |failure: Failure| view.failed(failure);
        let key = generation_key(view, claim.generation);
        let mut values = fields([(":me", text(me))]);
        let update = match writes || claim.is_after_cut_off {
            // Some items may be newer than the state, and the record says so.
            true => "REMOVE written_by",
            false => {
                values.insert(":claim".to_owned(), number(claim.number));
                "SET last_claim = :claim REMOVE written_by"
            }
        };
        let given_up = self
            .dynamo
            .update_record(key, update, Some("written_by = :me"), values)
            .await;
        match given_up {
            Err(failure) if failure.cause == Cause::Condition => {}
            given_up => return given_up.map(drop).map_err(failed),
        }
        // This process was taken for dead. If what it has changed was dropped since, it has brought some of it back.
        let found = self.dynamo.generation(view, claim.generation).await?;
        if found.is_none_or(|found| found.phase == Phase::Doomed)
            && let Place::Shared { .. } = claim.place
        {
            self.dynamo.empty(claim.place, claim.generation).await.map_err(failed)?;
        }
        Ok(())
    }

    /// Claims the next change of a generation. Waits for a writer that is at it. Where one was cut off, keys may still be deleted, but a
    /// difference to the state says nothing of what that one has written.
    async fn claim(
        &self,
        view: &View<'_>,
        mut generation: Generation,
        expected: &LiveRecord,
        change: &Change,
        me: &str,
    ) -> Result<Generation, OnlineError> {
        let failed = |failure: Failure| view.failed(failure);
        let began = Instant::now();
        loop {
            if generation.written_by.as_deref() == Some(me) {
                // It was done, and the answer was lost.
                return Ok(generation);
            }
            view.check_unchanged(generation.changes, expected)?;
            let key = generation_key(view, generation.number);
            match &generation.written_by {
                None if generation.is_cut_off() && !change.puts.is_empty() => {
                    return Err(view
                        .older("another process was cut off while it changed it: it has to be made anew".to_owned()));
                }
                None => {
                    let values = fields([
                        (":one", number(1)),
                        (":me", text(me)),
                        (":changes", number(expected.changes)),
                        (":claims", number(generation.claims)),
                        (":built", text(Phase::Built.as_str())),
                    ]);
                    let condition = "change_count = :changes AND claim_count = :claims AND build_phase = :built \
                                     AND attribute_not_exists(written_by)";
                    let update = "SET claim_count = claim_count + :one, written_by = :me";
                    match self.dynamo.update_record(key, update, Some(condition), values).await {
                        Ok(claimed) => return Generation::of(view, &claimed),
                        Err(failure) if failure.cause == Cause::Condition => {}
                        Err(failure) => return Err(failed(failure)),
                    }
                }
                Some(other) if self.has_ended(other).await.map_err(failed)? => {
                    let values = fields([(":other", text(other))]);
                    let ended =
                        self.dynamo
                            .update_record(key, "REMOVE written_by", Some("written_by = :other"), values);
                    match ended.await {
                        Err(failure) if failure.cause == Cause::Condition => {}
                        ended => drop(ended.map_err(failed)?),
                    }
                }
                Some(_) if began.elapsed() > PATIENCE => {
                    return Err(view.unavailable(format!(
                        "another process has been changing it for {} s",
                        PATIENCE.as_secs()
                    )));
                }
                Some(_) => tokio::time::sleep(LOOK).await,
            }
            let found = self.dynamo.generation(view, generation.number).await?;
            generation = found.ok_or_else(|| view.conflict(None))?;
        }
    }

    /// Whether the writer of this name has ended without a word.
    pub(super) async fn has_ended(&self, writer: &str) -> Result<bool, Failure> {
        let holder = writer.split('/').next().unwrap_or(writer);
        // Another thread of this process is alive.
        Ok(!self.is_mine(holder) && is_dead(&self.dynamo, holder).await?)
    }

    /// Writes the items of a change; how many more there are then, and chunks that nothing leads to any more.
    async fn write_items(
        &self,
        view: &View<'_>,
        claim: &Claim<'_>,
        change: &Change,
    ) -> Result<(i64, Vec<Vec<u8>>), OnlineError> {
        let (now, gone_at) = (wall_clock(), since_1970().as_secs() + DELETED_SECONDS);
        // Deletes come first, and of puts of one key the last one counts.
        let puts: HashMap<&[u8], usize> = change.puts.iter().zip(0..).map(|((key, _), at)| (&**key, at)).collect();
        let deletes: HashSet<&[u8]> = change.deletes.iter().map(Vec::as_slice).collect();
        let deletes = deletes
            .into_iter()
            .filter(|key| !puts.contains_key(key))
            .map(|key| (key, None));
        let writes = puts.iter().map(|(key, at)| (*key, Some(*at))).chain(deletes);
        let writes: Vec<(&[u8], Option<usize>)> = writes.collect();
        let done = stream::iter(writes).map(async |(key, at)| {
            let before = match at.and_then(|at| change.puts.get(at)) {
                Some((_, item)) => self.put(view, claim, &Stored::new(key, item, now)).await?,
                None => self.delete(view, claim, key, gone_at).await?,
            };
            let there = i64::from(at.is_some()) - i64::from(before.was_there);
            Ok::<_, OnlineError>((there, before.chunks))
        });
        let done = done.buffer_unordered(AT_ONCE);
        done.try_fold((0, Vec::new()), async |(all, mut loose), (there, chunks)| {
            loose.extend(chunks);
            Ok((all + there, loose))
        })
        .await
    }

    async fn put(&self, view: &View<'_>, claim: &Claim<'_>, stored: &Stored) -> Result<Before, OnlineError> {
        if !stored.chunks.is_empty() {
            let chunks = stored.chunk_items(claim.place, claim.generation, claim.number);
            let chunks = chunks.into_iter().map(put).collect::<Result<_, _>>();
            let written = async { self.dynamo.write_all(claim.place.table(), chunks?).await };
            written.await.map_err(|failure| view.failed(failure))?;
        }
        let mut set = stored.fields(claim.number);
        set.insert("n".to_owned(), number(claim.number));
        self.write_item(view, claim, &stored.key, set).await
    }

    async fn delete(
        &self,
        view: &View<'_>,
        claim: &Claim<'_>,
        key: &[u8],
        gone_at: u64,
    ) -> Result<Before, OnlineError> {
        let set = fields([
            ("d", AttributeValue::Bool(false)),
            ("n", number(claim.number)),
            ("x", number(gone_at)),
        ]);
        self.write_item(view, claim, &stored_key(key), set).await
    }

    /// Writes an item over one of an earlier claim, or where there is none.
    async fn write_item(
        &self,
        view: &View<'_>,
        claim: &Claim<'_>,
        stored: &[u8],
        set: Fields,
    ) -> Result<Before, OnlineError> {
        let key = claim.place.key(claim.generation, stored);
        let mut sets: Vec<String> = set.keys().map(|name| format!("{name} = :{name}")).collect();
        sets.sort();
        let is_put = set.contains_key("b");
        // What stands for a deleted key knows its chunks until they are gone.
        let others: &[&str] = if is_put { &["c", "v", "x"] } else { &["b"] };
        // They are told only if they are changed, or all is.
        let told = if is_put {
            ReturnValue::UpdatedOld
        } else {
            ReturnValue::AllOld
        };
        let removed: Vec<&str> = others.iter().copied().filter(|name| !set.contains_key(*name)).collect();
        let remove = match removed.is_empty() {
            true => String::new(),
            false => format!(" REMOVE {}", removed.join(", ")),
        };
        let mut values: Fields = set
            .into_iter()
            .map(|(name, value)| (format!(":{name}"), value))
            .collect();
        values.insert(":seen".to_owned(), number(claim.last));
        let mut condition = "attribute_not_exists(n) OR n <= :seen";
        values.insert(":no".to_owned(), AttributeValue::Bool(false));
        sets.push("w = if_not_exists(d, :no)".to_owned());
        let mut left: Option<Fields> = None;
        loop {
            let update = format!("SET {}{remove}", sets.join(", "));
            let updated = self.dynamo.call("UpdateItem", Patience::Write, |client| {
                client
                    .update_item()
                    .table_name(claim.place.table())
                    .set_key(Some(key.clone()))
                    .update_expression(&update)
                    .condition_expression(condition)
                    .set_expression_attribute_values(Some(values.clone()))
                    .return_values(told.clone())
                    .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
            });
            let failed: Failed<UpdateItemError> = match updated.await {
                Ok(updated) => {
                    self.dynamo.has_written(&updated.consumed_capacity);
                    let old = updated.attributes.unwrap_or_default();
                    let was_there = match &left {
                        Some(left) => boolean_of(left, "w") == Some(true),
                        None => boolean_of(&old, "d") == Some(true),
                    };
                    let chunks = chunks_of(stored, left.as_ref().unwrap_or(&old));
                    return Ok(Before { was_there, chunks });
                }
                Err(failed) => failed,
            };
            if failed.failure.cause != Cause::Condition {
                return Err(view.failed(failed.failure));
            }
            let found = match failed.answer {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => failed.item,
                _ => None,
            };
            // A server that does not say what it found has not been met.
            let Some(found) = found else {
                return Err(view.failed(failed.failure));
            };
            let number_found: u64 = number_of(&found, "n").unwrap_or(0);
            if number_found == claim.number {
                // It was done, and the answer was lost.
                return Ok(Before {
                    was_there: boolean_of(&found, "w") == Some(true),
                    // Those of an item that was put over are not known any more, and go with the generation.
                    chunks: match is_put {
                        true => Vec::new(),
                        false => chunks_of(stored, &found),
                    },
                });
            }
            if number_found > claim.number {
                return Err(view.older(
                    "this process was taken for dead, and another one has claimed the change since".to_owned(),
                ));
            }
            // Of a claim that was never done: what was there before it is what was there before.
            sets.retain(|set| !set.starts_with("w = "));
            values.remove(":no");
            values.insert(":seen".to_owned(), number(number_found));
            condition = "n = :seen";
            left = Some(found);
        }
    }
}
