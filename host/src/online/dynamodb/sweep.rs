//! Dropping generations that nobody reads.

use super::DynamoStore;
use super::client::{Cause, Failure};
use super::control::{Generation, Phase, generation_key, view_partition};
use super::fields::{fields, number, text};
use super::holder::is_dead;
use super::import::{Building, Import};
use super::load::BUCKETS;
use super::place::Place;
use super::tables::{control, own, shared};
use crate::online::store::OnlineError;
use crate::online::view::View;
use crate::time::{Span, Timestamp};

impl DynamoStore {
    pub(super) async fn sweep_view(&self, view: &View<'_>, grace: Span, now: Timestamp) -> Result<usize, OnlineError> {
        let failed = |failure: Failure| view.failed(failure);
        let table = control(self.dynamo.options());
        let records = match self.dynamo.partition(&table, view_partition(view)).await {
            // Nothing was ever written.
            Err(failure) if failure.cause == Cause::NotFound => return Ok(0),
            records => records.map_err(failed)?,
        };
        let (mut swept, mut left) = (0, None);
        for record in records {
            let generation = Generation::of(view, &record)?;
            if self.is_left(view, &generation, grace, now).await? && self.doom(view, &generation).await? {
                // One that cannot be dropped keeps no other from it.
                match self.drop_generation(view, &generation).await {
                    Ok(is_dropped) => swept += usize::from(is_dropped),
                    Err(failure) => left = Some(failure),
                }
            } else if let (Phase::Built, Some(import)) = (generation.phase, &generation.import) {
                // Whoever completed it could not delete what was staged, or is at it; if this fails too, it is for the next sweep.
                let _ = self.end_import(view, generation.number, import).await;
            }
        }
        match left {
            None => Ok(swept),
            Some(failure) => Err(failed(failure)),
        }
    }

    /// Drops a generation that this process was building.
    pub(super) async fn discard(&self, building: Building<'_>) -> Result<(), OnlineError> {
        let (view, number) = (building.view(), building.generation);
        let failed = |failure: Failure| view.failed(failure);
        match self.dynamo.generation(&view, number).await? {
            // Whoever took this process for dead may have taken the generation over.
            Some(generation) if generation.held_by.as_deref() != Some(building.holder) => {}
            Some(generation) if generation.phase == Phase::Doomed || self.doom(&view, &generation).await? => {
                self.drop_generation(&view, &generation).await.map_err(failed)?;
            }
            Some(_) => {}
            // This process was taken for dead and what it built was dropped; it may have gone on building since.
            None => {
                let options = self.dynamo.options();
                let table = own(options, view.0, number);
                self.dynamo.drop_table(&table).await.map_err(failed)?;
                if let Some(staging) = &options.staging {
                    let import = Import {
                        bucket: staging.bucket.clone(),
                        at: staging.at.clone(),
                        prefix: staging.of(&table, building.holder),
                        ..Import::default()
                    };
                    self.clear_staged(&import).await.map_err(failed)?;
                }
                let place = Place::Shared {
                    table: shared(options),
                    buckets: BUCKETS,
                };
                self.dynamo.empty(&place, number).await.map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Whether nobody reads or builds it.
    async fn is_left(
        &self,
        view: &View<'_>,
        generation: &Generation,
        grace: Span,
        now: Timestamp,
    ) -> Result<bool, OnlineError> {
        if generation.phase == Phase::Doomed {
            return Ok(true);
        }
        if generation.live_since.is_some() {
            return Ok(false);
        }
        // What somebody is writing would be there again when all else is gone.
        if let Some(writer) = &generation.written_by {
            let has_ended = self.has_ended(writer).await;
            if !has_ended.map_err(|failure| view.failed(failure))? {
                return Ok(false);
            }
        }
        if let Some(retired) = generation.retired_at {
            return Ok(retired.saturating_add(grace) <= now);
        }
        match &generation.held_by {
            None => Ok(true),
            Some(holder) if self.is_mine(holder) => Ok(false),
            Some(holder) => is_dead(&self.dynamo, holder)
                .await
                .map_err(|failure| view.failed(failure)),
        }
    }

    /// Says of a generation that nobody may switch to it any more, unless somebody just did, or has begun to build it; whether it is said.
    async fn doom(&self, view: &View<'_>, generation: &Generation) -> Result<bool, OnlineError> {
        let mut values = fields([
            (":doomed", text(Phase::Doomed.as_str())),
            (":phase", text(generation.phase.as_str())),
        ]);
        let mut condition = "build_phase = :phase AND attribute_not_exists(live_since)".to_owned();
        match &generation.held_by {
            None => condition.push_str(" AND attribute_not_exists(held_by)"),
            Some(holder) => {
                condition.push_str(" AND held_by = :holder");
                values.insert(":holder".to_owned(), text(holder));
            }
        }
        match &generation.written_by {
            None => condition.push_str(" AND attribute_not_exists(written_by)"),
            Some(writer) => {
                condition.push_str(" AND written_by = :writer");
                values.insert(":writer".to_owned(), text(writer));
            }
        }
        match generation.retired_at {
            None => condition.push_str(" AND attribute_not_exists(retired_at)"),
            Some(retired) => {
                condition.push_str(" AND retired_at = :retired");
                values.insert(":retired".to_owned(), number(retired.micros()));
            }
        }
        let key = generation_key(view, generation.number);
        let doomed = self
            .dynamo
            .update_record(key, "SET build_phase = :doomed", Some(&condition), values);
        match doomed.await {
            Ok(_) => Ok(true),
            Err(failure) if failure.cause == Cause::Condition => Ok(false),
            Err(failure) => Err(view.failed(failure)),
        }
    }

    /// First what it holds, then its record: whoever is killed in between is followed by another sweep. False if it cannot be dropped yet,
    /// as the service is at importing it.
    async fn drop_generation(&self, view: &View<'_>, generation: &Generation) -> Result<bool, Failure> {
        if let Some(import) = &generation.import {
            let table = own(self.dynamo.options(), view.0, generation.number);
            if generation.phase != Phase::Built && self.dynamo.is_importing(&table, import).await? {
                return Ok(false);
            }
            self.clear_staged(import).await?;
        }
        match &generation.place {
            None => {}
            Some(Place::Own { table }) => self.dynamo.drop_table(table).await?,
            Some(place @ Place::Shared { .. }) => self.dynamo.empty(place, generation.number).await?,
        }
        let table = control(self.dynamo.options());
        let delete = super::write::delete(generation_key(view, generation.number))?;
        self.dynamo.write_all(&table, vec![delete]).await?;
        Ok(true)
    }
}
