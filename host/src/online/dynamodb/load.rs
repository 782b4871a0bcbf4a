//! Building a generation beside the live one.

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use super::DynamoStore;
use super::client::{Cause, Failure};
use super::control::{Generation, Phase, generation_key};
use super::fields::{fields, number, text};
use super::holder::wall_clock;
use super::import::{Building, Import, TAKEN_FOR_DEAD};
use super::place::{Place, Stored};
use super::tables::{self, CONTROL_KEYS, OWN_KEYS, SHARED_KEYS};
use super::write::Writer;
use crate::online::item::Item;
use crate::online::store::{Load, OnlineError};
use crate::online::view::View;

/// The most that is kept in memory before it is known where it goes.
const SHARED_BYTES_MAX: usize = 8_000_000;
/// Partitions of a shared generation.
pub(super) const BUCKETS: u8 = 16;

/// What a generation was filled with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Filled {
    /// Keys with an item.
    pub(super) items: u64,
    /// Items that came, of which the last of a key stays, their bytes with their keys, and those of the largest.
    pub(super) loaded: u64,
    pub(super) bytes: u64,
    pub(super) bytes_max: u64,
}

impl DynamoStore {
    pub(super) fn load_generation(
        &self,
        load: &Load<'_>,
        items: &mut dyn Iterator<Item = Result<(Vec<u8>, Item), OnlineError>>,
    ) -> Result<u64, OnlineError> {
        let view = View(load.name);
        view.check_state(load.state)?;
        let failed = |failure: Failure| view.failed(failure);
        let state_json = view.encode_text(load.state)?;
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
                    (":state", text(state_json)),
                ]);
                let update =
                    "SET build_phase = :phase, view_version = :version, held_by = :holder, state_json = :state";
                let key = generation_key(&view, generation);
                self.dynamo.update_record(key, update, None, values).await?;
                Ok((generation, holder))
            })
            .map_err(failed)?;
        let building = Building {
            load,
            generation,
            holder: &holder,
        };
        let filled = self
            .fill(building, items)
            .and_then(|(filled, import)| self.wait(self.complete(building, filled, import.as_ref())));
        match filled {
            Ok(()) => Ok(generation),
            Err(error) => {
                // If this fails too, the next sweep drops it.
                let _ = self.wait(self.leave(building, &error));
                Err(error)
            }
        }
    }

    /// Drops what was built, or leaves it to whoever resumes it.
    pub(super) async fn leave(&self, building: Building<'_>, error: &OnlineError) -> Result<(), OnlineError> {
        let view = building.view();
        if let OnlineError::Unavailable { .. } | OnlineError::Denied { .. } | OnlineError::Budget { .. } = error
            && let Some(found) = self.dynamo.generation(&view, building.generation).await?
            && found.import.is_some_and(|import| import.staged.is_some())
        {
            let key = generation_key(&view, building.generation);
            let values = fields([(":holder", text(building.holder))]);
            let (update, condition) = ("REMOVE held_by", Some("held_by = :holder"));
            let released = self.dynamo.update_record(key, update, condition, values).await;
            return released.map(drop).map_err(|failure| view.failed(failure));
        }
        self.discard(building).await
    }

    /// Says that a generation is complete.
    pub(super) async fn complete(
        &self,
        building: Building<'_>,
        filled: Filled,
        import: Option<&Import>,
    ) -> Result<(), OnlineError> {
        let (view, generation, holder) = (building.view(), building.generation, building.holder);
        let values = fields([
            (":built", text(Phase::Built.as_str())),
            (":items", number(filled.items)),
            (":loaded", number(filled.loaded)),
            (":bytes", number(filled.bytes)),
            (":bytes_max", number(filled.bytes_max)),
            (":zero", number(0)),
        ]);
        let update = "SET build_phase = :built, item_count = :items, loaded_items = :loaded, loaded_bytes = :bytes, \
                      loaded_bytes_max = :bytes_max, change_count = :zero, claim_count = :zero, last_claim = :zero";
        match self.update_held(building, update, values).await {
            Ok(()) => {}
            // Somebody may have taken this process for dead.
            Err(failure) if failure.cause == Cause::Condition => {
                let found = self.dynamo.generation(&view, generation).await?;
                let is_ours =
                    |found: &Generation| found.phase == Phase::Built && found.held_by.as_deref() == Some(holder);
                // If it is, it was done, and the answer was lost.
                if !found.is_some_and(|found| is_ours(&found)) {
                    return Err(view.older(TAKEN_FOR_DEAD.to_owned()));
                }
            }
            Err(failure) => return Err(view.failed(failure)),
        }
        if let Some(import) = import {
            self.end_or_tell(building, import).await;
        }
        Ok(())
    }

    /// Writes the items to where they fit, or has them imported, and tells what there is.
    fn fill(
        &self,
        building: Building<'_>,
        items: &mut dyn Iterator<Item = Result<(Vec<u8>, Item), OnlineError>>,
    ) -> Result<(Filled, Option<Import>), OnlineError> {
        let (view, generation) = (building.view(), building.generation);
        let failed = |failure: Failure| view.failed(failure);
        let now = wall_clock();
        let options = self.dynamo.options();
        let most = options.shared_items_max;
        let (is_sorted, filled) = (Cell::new(true), Cell::new(Filled::default()));
        let mut last: Option<Vec<u8>> = None;
        let mut items = items
            .map(|item| {
                let (key, item) = item?;
                let stored = Stored::new(&key, &item, now);
                let (before, bytes) = (filled.get(), stored.size() as u64);
                filled.set(Filled {
                    items: 0,
                    loaded: before.loaded + 1,
                    bytes: before.bytes + bytes,
                    bytes_max: before.bytes_max.max(bytes),
                });
                if last.as_ref().is_some_and(|last| *last >= key) {
                    is_sorted.set(false);
                }
                last = Some(key);
                Ok(stored)
            })
            .fuse();
        let (mut first, mut bytes) = (Vec::new(), 0);
        let mut is_small = true;
        for stored in items.by_ref() {
            let stored: Stored = stored?;
            bytes += stored.size();
            first.push(stored);
            if first.len() > most as usize || bytes > SHARED_BYTES_MAX {
                is_small = false;
                break;
            }
        }
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
        // First where it is, so that whoever drops it finds it.
        let values = fields([(":place", text(place_json))]);
        self.wait(self.update_held(building, "SET place_json = :place", values))
            .map_err(failed)?;
        let is_imported = !is_small && is_sorted.get() && self.is_imported(building.load.way, &first);
        let mut items = first.into_iter().map(Ok).chain(items);
        if let (true, Some(staging)) = (is_imported, &options.staging) {
            let mut import = Import {
                bucket: staging.bucket.clone(),
                at: staging.at.clone(),
                prefix: staging.of(place.table(), building.holder),
                ..Import::default()
            };
            self.wait(self.keep_import(building, &import))?;
            let staged = self.stage(building, &import, &mut items, &|| is_sorted.get())?;
            let filled = Filled {
                items: staged.keys,
                ..filled.get()
            };
            (import.staged, import.filled) = (Some(staged), filled);
            self.wait(self.keep_import(building, &import))?;
            self.wait(self.import(building, import.clone()))?;
            return Ok((filled, Some(import)));
        }
        self.wait(async {
            match &place {
                Place::Own { table } => self.dynamo.ensure(table, OWN_KEYS).await,
                Place::Shared { table, .. } => self.ensure(table, SHARED_KEYS).await,
            }
        })
        .map_err(failed)?;
        let mut writer = Writer::new(&self.dynamo, place, generation);
        for stored in items {
            if writer.push(&stored?) {
                self.wait(writer.send()).map_err(failed)?;
            }
        }
        let items = self.wait(writer.finish()).map_err(failed)?;
        Ok((Filled { items, ..filled.get() }, None))
    }
}
