//! What is live, switched and taken down: one transaction each, with the records of the generations that it is about.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, TransactWriteItem, Update};

use super::DynamoStore;
use super::client::{Cause, Failure};
use super::control::{Live, Phase, generation_key, live_key};
use super::fields::{Fields, fields, number, text};
use super::tables::control;
use crate::online::store::{LiveRecord, OnlineError};
use crate::online::view::View;
use crate::time::Timestamp;

impl DynamoStore {
    pub(super) async fn switch_to(
        &self,
        view: &View<'_>,
        generation: u64,
        expected: Option<&LiveRecord>,
        now: Timestamp,
    ) -> Result<LiveRecord, OnlineError> {
        let switched = self.try_switch(view, generation, expected, now).await;
        if let Err(OnlineError::Conflict { .. }) = &switched {
            // It is given up, and goes with the next sweep.
            let values = fields([(":built", text(Phase::Built.as_str()))]);
            let condition = Some("build_phase = :built");
            let key = generation_key(view, generation);
            let _ = self
                .dynamo
                .update_record(key, "REMOVE held_by", condition, values)
                .await;
        }
        switched
    }

    async fn try_switch(
        &self,
        view: &View<'_>,
        generation: u64,
        expected: Option<&LiveRecord>,
        now: Timestamp,
    ) -> Result<LiveRecord, OnlineError> {
        let version = view.0.version();
        let no_such = || {
            view.invalid(format!(
                "there is no generation {generation} of version {version} to switch to"
            ))
        };
        let built = self.dynamo.generation(view, generation).await?;
        let built = built.filter(|built| built.version == version && built.phase == Phase::Built);
        let built = built.ok_or_else(no_such)?;
        built.built(view)?;
        let (live, old) = self.dynamo.live(view).await?;
        let found = match (&live, &old) {
            (Some(live), Some(old)) => Some(old.record(live)),
            _ => None,
        };
        if found.as_ref() != expected {
            return Err(view.conflict(found.as_ref()));
        }
        let next = Live {
            version,
            generation,
            switched_at: now,
        };
        if live.is_none() {
            let values = fields([(":none", AttributeValue::M(Fields::new()))]);
            let made = self.dynamo.update_record(
                live_key(view.0.workspace()),
                "SET live_views = if_not_exists(live_views, :none)",
                None,
                values,
            );
            made.await.map_err(|failure| view.failed(failure))?;
        }
        let mut values = fields([(":next", next.value())]);
        let condition = is_live(live.as_ref(), &mut values);
        let mut writes = vec![self.live_update(view, "SET live_views.#view = :next", condition, values)];
        let built_values = fields([
            (":built", text(Phase::Built.as_str())),
            (":changes", number(built.changes)),
            (":now", number(now.micros())),
        ]);
        writes.push(self.generation_update(
            view,
            generation,
            "SET live_since = :now REMOVE held_by, retired_at",
            "build_phase = :built AND change_count = :changes",
            built_values,
        ));
        if let Some(old) = old.filter(|old| old.number != generation) {
            let values = fields([(":changes", number(old.changes)), (":now", number(now.micros()))]);
            writes.push(self.generation_update(
                view,
                old.number,
                "SET retired_at = :now REMOVE live_since",
                "change_count = :changes",
                values,
            ));
        }
        self.transact(view, writes).await?;
        Ok(built.record(&next))
    }

    pub(super) async fn end(&self, view: &View<'_>, expected: &LiveRecord, now: Timestamp) -> Result<(), OnlineError> {
        let (live, generation) = self.dynamo.live(view).await?;
        let same = |live: &Live| (live.version, live.generation) == (expected.version, expected.generation);
        let Some(live) = live.filter(same) else {
            let found = live.zip(generation).map(|(live, generation)| generation.record(&live));
            return Err(view.conflict(found.as_ref()));
        };
        let mut values = Fields::new();
        let condition = is_live(Some(&live), &mut values);
        let mut writes = vec![self.live_update(view, "REMOVE live_views.#view", condition, values)];
        if generation.is_some() {
            writes.push(self.generation_update(
                view,
                live.generation,
                "SET retired_at = :now REMOVE live_since",
                "attribute_exists(p)",
                fields([(":now", number(now.micros()))]),
            ));
        }
        self.transact(view, writes).await
    }

    /// All or nothing; a condition that does not hold is a conflict.
    pub(super) async fn transact(
        &self,
        view: &View<'_>,
        writes: Vec<Result<TransactWriteItem, OnlineError>>,
    ) -> Result<(), OnlineError> {
        let writes = writes.into_iter().collect::<Result<_, _>>()?;
        match self.dynamo.transact(writes).await {
            Err(Failure {
                cause: Cause::Condition,
                ..
            }) => {
                let (live, generation) = self.dynamo.live(view).await?;
                let found = live.zip(generation).map(|(live, generation)| generation.record(&live));
                Err(view.conflict(found.as_ref()))
            }
            done => done.map_err(|failure| view.failed(failure)),
        }
    }

    /// That a generation is still what is live.
    pub(super) fn live_check(&self, view: &View<'_>, live: &Live) -> Result<TransactWriteItem, OnlineError> {
        let mut values = Fields::new();
        let condition = is_live(Some(live), &mut values);
        let check = ConditionCheck::builder()
            .table_name(control(self.dynamo.options()))
            .set_key(Some(live_key(view.0.workspace())))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names(view)))
            .set_expression_attribute_values(Some(values))
            .build();
        let check = check.map_err(|error| view.invalid(error.to_string()))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    fn live_update(
        &self,
        view: &View<'_>,
        update: &str,
        condition: &str,
        values: Fields,
    ) -> Result<TransactWriteItem, OnlineError> {
        let update = Update::builder()
            .table_name(control(self.dynamo.options()))
            .set_key(Some(live_key(view.0.workspace())))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names(view)))
            .set_expression_attribute_values((!values.is_empty()).then_some(values))
            .build();
        let update = update.map_err(|error| view.invalid(error.to_string()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    pub(super) fn generation_update(
        &self,
        view: &View<'_>,
        generation: u64,
        update: &str,
        condition: &str,
        values: Fields,
    ) -> Result<TransactWriteItem, OnlineError> {
        let update = Update::builder()
            .table_name(control(self.dynamo.options()))
            .set_key(Some(generation_key(view, generation)))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_values(Some(values))
            .build();
        let update = update.map_err(|error| view.invalid(error.to_string()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// The condition that this is what is live of a view; its values are added.
fn is_live(live: Option<&Live>, values: &mut Fields) -> &'static str {
    let Some(live) = live else {
        return "attribute_not_exists(live_views.#view)";
    };
    values.extend([
        (":generation".to_owned(), number(live.generation)),
        (":version".to_owned(), number(live.version)),
        (":switched".to_owned(), number(live.switched_at.micros())),
    ]);
    "live_views.#view.generation_number = :generation AND live_views.#view.view_version = :version \
     AND live_views.#view.switched_at = :switched"
}

fn names(view: &View<'_>) -> HashMap<String, String> {
    HashMap::from([("#view".to_owned(), view.0.view().to_owned())])
}
