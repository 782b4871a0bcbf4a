//! Building a generation item by item.

use super::DynamoStore;
use super::client::{Cause, Failure};
use super::control::{Generation, Phase, generation_key};
use super::fields::{fields, number, text};
use super::holder::wall_clock;
use super::place::{Place, Stored};
use super::tables::{self, CONTROL_KEYS, OWN_KEYS, SHARED_KEYS};
use super::write::Writer;
use crate::online::item::Item;
use crate::online::store::{GenerationState, OnlineError};
use crate::online::view::View;

/// The most that is kept in memory before it is known where it goes.
const SHARED_BYTES_MAX: usize = 8_000_000;
/// Partitions of a shared generation.
pub(super) const BUCKETS: u8 = 16;

impl DynamoStore {
    pub(super) fn load(
        &self,
        view: &View<'_>,
        state: &GenerationState,
        items: &mut dyn Iterator<Item = Result<(Vec<u8>, Item), OnlineError>>,
    ) -> Result<u64, OnlineError> {
        view.check_state(state)?;
        let failed = |failure: Failure| view.failed(failure);
        let state_json = view.encode_text(state)?;
        let (generation, holder) = self
            .wait(async {
                self.ensure(&tables::control(self.dynamo.options()), CONTROL_KEYS)
                    .await?;
                let holder = self.holder().await?;
                let generation = self.dynamo.next_generation().await?;
                let values = fields([
                    (":phase", text(Phase::Building.as_str())),
                    (":version", number(view.0.version())),
                    (":holder", text(&holder)),
                ]);
                let update = "SET build_phase = :phase, view_version = :version, held_by = :holder";
                let key = generation_key(view, generation);
                self.dynamo.update_record(key, update, None, values).await?;
                Ok((generation, holder))
            })
            .map_err(failed)?;
        let filled = self
            .fill(view, generation, &holder, items)
            .and_then(|items| self.wait(self.complete(view, generation, &holder, &state_json, items)));
        match filled {
            Ok(_) => Ok(generation),
            Err(error) => {
                // If this fails too, the next sweep drops it.
                let _ = self.wait(self.discard(view, generation));
                Err(error)
            }
        }
    }

    /// Says that a generation is complete.
    async fn complete(
        &self,
        view: &View<'_>,
        generation: u64,
        holder: &str,
        state_json: &str,
        items: u64,
    ) -> Result<(), OnlineError> {
        let values = fields([
            (":building", text(Phase::Building.as_str())),
            (":built", text(Phase::Built.as_str())),
            (":holder", text(holder)),
            (":state", text(state_json)),
            (":items", number(items)),
            (":zero", number(0)),
        ]);
        let update = "SET build_phase = :built, state_json = :state, item_count = :items, change_count = :zero, \
                      claim_count = :zero, last_claim = :zero";
        // Somebody may have taken this process for dead.
        let condition = "build_phase = :building AND held_by = :holder";
        let key = generation_key(view, generation);
        match self.dynamo.update_record(key, update, Some(condition), values).await {
            Ok(_) => Ok(()),
            Err(failure) if failure.cause == Cause::Condition => {
                let found = self.dynamo.generation(view, generation).await?;
                let is_ours =
                    |found: &Generation| found.phase == Phase::Built && found.held_by.as_deref() == Some(holder);
                match found.is_some_and(|found| is_ours(&found)) {
                    // It was done, and the answer was lost.
                    true => Ok(()),
                    false => {
                        Err(view
                            .older("this process was taken for dead, and what it has loaded was dropped".to_owned()))
                    }
                }
            }
            Err(failure) => Err(view.failed(failure)),
        }
    }

    /// Writes the items to where they fit, and tells how many there are.
    fn fill(
        &self,
        view: &View<'_>,
        generation: u64,
        holder: &str,
        items: &mut dyn Iterator<Item = Result<(Vec<u8>, Item), OnlineError>>,
    ) -> Result<u64, OnlineError> {
        let failed = |failure: Failure| view.failed(failure);
        let now = wall_clock();
        let most = self.dynamo.options().shared_items_max;
        let mut items = items
            .map(|item| item.map(|(key, item)| Stored::new(&key, &item, now)))
            .fuse();
        let (mut first, mut bytes) = (Vec::new(), 0);
        let mut is_small = true;
        for stored in items.by_ref() {
            let stored = stored?;
            bytes += stored.size();
            first.push(stored);
            if first.len() > most as usize || bytes > SHARED_BYTES_MAX {
                is_small = false;
                break;
            }
        }
        let options = self.dynamo.options();
        let place = match is_small {
            true => Place::Shared {
                table: tables::shared(options),
                buckets: BUCKETS,
            },
            false => Place::Own {
                table: tables::own(options, view.0, generation),
            },
        };
        let place_json = view.encode_text(&place)?;
        self.wait(async {
            // First where it is, so that whoever drops it finds it.
            let values = fields([
                (":place", text(place_json)),
                (":building", text(Phase::Building.as_str())),
                (":holder", text(holder)),
            ]);
            let key = generation_key(view, generation);
            let (update, condition) = (
                "SET place_json = :place",
                "build_phase = :building AND held_by = :holder",
            );
            self.dynamo.update_record(key, update, Some(condition), values).await?;
            match &place {
                Place::Own { table } => self.dynamo.ensure(table, OWN_KEYS).await,
                Place::Shared { table, .. } => self.ensure(table, SHARED_KEYS).await,
            }
        })
        .map_err(failed)?;
        let mut writer = Writer::new(&self.dynamo, place, generation);
        for stored in first.into_iter().map(Ok).chain(items) {
            if writer.push(&stored?) {
                self.wait(writer.send()).map_err(failed)?;
            }
        }
        self.wait(writer.finish()).map_err(failed)
    }
}
