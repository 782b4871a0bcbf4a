//! Going on with a generation that a process which has ended was building.
//!
//! What is left of a load item by item is not worth it: nobody knows which items are there. What is staged, being imported, or complete is as
//! good as on the day, if it is of the very state that is asked for: the state says which versions of which tables the items were made of, and by
//! which rules.

use super::DynamoStore;
use super::client::{Cause, Failure};
use super::control::{Generation, Phase, generation_key, view_partition};
use super::fields::{fields, text};
use super::holder::is_dead;
use super::import::Building;
use super::tables::control;
use crate::definition::OnlineLoad;
use crate::online::store::{LiveRecord, Load, LoadProgress, OnlineError, Resumed};
use crate::online::view::View;

impl DynamoStore {
    pub(super) async fn resume_generation(&self, load: &Load<'_>) -> Result<Option<Resumed>, OnlineError> {
        let view = View(load.name);
        let table = control(self.dynamo.options());
        let records = match self.dynamo.partition(&table, view_partition(&view)).await {
            // Nothing was ever written.
            Err(failure) if failure.cause == Cause::NotFound => return Ok(None),
            records => records.map_err(|failure| view.failed(failure))?,
        };
        let mut left = Vec::new();
        for record in records {
            let generation = Generation::of(&view, &record)?;
            let is_far = match generation.phase {
                Phase::Building => {
                    let may_import = load.way != OnlineLoad::Rows && self.dynamo.options().staging.is_some();
                    may_import && (generation.import.as_ref()).is_some_and(|import| import.staged.is_some())
                }
                Phase::Built => generation.live_since.is_none() && generation.retired_at.is_none(),
                Phase::Doomed => false,
            };
            if is_far && generation.version == load.name.version() && generation.state.as_ref() == Some(load.state) {
                left.push(generation);
            }
        }
        left.sort_by_key(|generation| std::cmp::Reverse(generation.number));
        for generation in left {
            if !self.adopt(&view, &generation).await? {
                continue;
            }
            let holder = self.holder().await.map_err(|failure| view.failed(failure))?;
            let building = Building {
                load,
                generation: generation.number,
                holder: &holder,
            };
            (load.tell)(&LoadProgress::Resuming);
            match self.finish(building, &generation).await {
                Ok(resumed) => return Ok(Some(resumed)),
                Err(error) => {
                    // If this fails too, the next sweep drops it.
                    let _ = self.leave(building, &error).await;
                    if let OnlineError::Unavailable { .. } | OnlineError::Denied { .. } | OnlineError::Budget { .. } =
                        error
                    {
                        return Err(error);
                    }
                    // It cannot be gone on with, and a load from the start will tell why, or go well.
                }
            }
        }
        Ok(None)
    }

    /// Takes a generation over, if nobody else is at it.
    async fn adopt(&self, view: &View<'_>, generation: &Generation) -> Result<bool, OnlineError> {
        let failed = |failure: Failure| view.failed(failure);
        let before = match &generation.held_by {
            None => None,
            Some(holder) if self.is_mine(holder) => return Ok(false),
            Some(holder) => match is_dead(&self.dynamo, holder).await.map_err(failed)? {
                true => Some(holder),
                false => return Ok(false),
            },
        };
        let holder = self.holder().await.map_err(failed)?;
        let mut values = fields([(":phase", text(generation.phase.as_str())), (":holder", text(holder))]);
        let mut condition =
            "build_phase = :phase AND attribute_not_exists(live_since) AND attribute_not_exists(retired_at) AND "
                .to_owned();
        match before {
            None => condition.push_str("attribute_not_exists(held_by)"),
            Some(before) => {
                condition.push_str("held_by = :before");
                values.insert(":before".to_owned(), text(before));
            }
        }
        let key = generation_key(view, generation.number);
        let adopted = self
            .dynamo
            .update_record(key, "SET held_by = :holder", Some(&condition), values);
        match adopted.await {
            Ok(_) => Ok(true),
            Err(failure) if failure.cause == Cause::Condition => Ok(false),
            Err(failure) => Err(failed(failure)),
        }
    }

    async fn finish(&self, building: Building<'_>, generation: &Generation) -> Result<Resumed, OnlineError> {
        let resumed = |items, (bytes, bytes_max)| Resumed {
            generation: generation.number,
            items,
            bytes,
            bytes_max,
        };
        match (&generation.import, generation.phase) {
            (Some(import), Phase::Building) => {
                let filled = import.filled;
                self.import(building, import.clone()).await?;
                self.complete(building, filled, Some(import)).await?;
                Ok(resumed(filled.items, (filled.bytes, filled.bytes_max)))
            }
            (import, _) => {
                if let Some(import) = import {
                    self.end_or_tell(building, import).await;
                }
                Ok(resumed(generation.items, generation.loaded_bytes))
            }
        }
    }

    /// What an item of the live generation costs in a new one, where a write of it costs 1.
    pub(super) async fn price_of_load(&self, view: &View<'_>, live: &LiveRecord) -> Result<Option<f64>, OnlineError> {
        let options = self.dynamo.options();
        if live.items <= u64::from(options.shared_items_max) {
            // Each item is put, and each that was there before is deleted.
            return Ok(Some(2.0));
        }
        if options.staging.is_none() {
            return Ok(Some(1.0));
        }
        let Some(generation) = self.dynamo.generation(view, live.generation).await? else {
            return Ok(None);
        };
        let Some(mean) = generation.loaded_bytes.0.checked_div(generation.loaded_items) else {
            return Ok(None);
        };
        // Keys are some bytes of it; how many makes no difference that matters.
        Ok(self.dynamo.import_price(std::iter::once((0, mean))).await)
    }
}
