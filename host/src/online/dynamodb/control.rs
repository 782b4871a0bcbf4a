//! The records of what is live and of generations, in the control table.
//!
//! | `p` | `s` | |
//! | --- | --- | --- |
//! | `live/<workspace>` | `-` | `live_views`: what is live of each view: `view_version`, `generation_number`, `switched_at` |
//! | `view/<workspace>/<view>` | `g<number>` | a generation |
//! | `generations` | `-` | `last_number` that was given to one |
//! | `holder/<id>` | `-` | who builds or writes |
//!
//! What is live of all views of a workspace is one item, so that it is read as one snapshot. A generation's record is changed with what is
//! live by one transaction, and by conditions only: what is planned is compared with what is there, and not with what was read before.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, ReturnValue};

use super::client::{Cause, Dynamo, Failure, Patience};
use super::fields::{Fields, fields, number, number_of, text, text_of};
use super::import::Import;
use super::place::Place;
use super::read::BATCH;
use super::tables::control;
use crate::online::store::{GenerationState, LiveRecord, OnlineError};
use crate::online::view::View;
use crate::time::Timestamp;
use crate::workspace::Workspace;

/// How far a generation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nobody may switch to it.
    Building,
    /// It is complete.
    Built,
    /// It is being dropped.
    Doomed,
}

impl Phase {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Built => "built",
            Self::Doomed => "doomed",
        }
    }
}

/// A generation's record.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Generation {
    pub(super) number: u64,
    pub(super) version: u32,
    pub(super) phase: Phase,
    /// Who builds it, or has built it and not yet switched to it.
    pub(super) held_by: Option<String>,
    pub(super) place: Option<Place>,
    pub(super) state: Option<GenerationState>,
    pub(super) items: u64,
    /// Bytes of the items with their keys, as they were loaded, and of the largest.
    pub(super) loaded_bytes: (u64, u64),
    pub(super) loaded_items: u64,
    /// The load by import that it is made by, while something of it is left.
    pub(super) import: Option<Import>,
    /// How often it was changed.
    pub(super) changes: u64,
    /// The last claim to change it, and the last one that was done.
    pub(super) claims: u64,
    pub(super) last_claim: u64,
    /// Who is changing it.
    pub(super) written_by: Option<String>,
    pub(super) live_since: Option<Timestamp>,
    /// When it was switched away from.
    pub(super) retired_at: Option<Timestamp>,
}

impl Generation {
    /// What the live record says of it.
    pub(super) fn record(&self, live: &Live) -> LiveRecord {
        LiveRecord {
            version: live.version,
            generation: live.generation,
            switched_at: live.switched_at,
            changes: self.changes,
            items: self.items,
            cut_off: self.is_cut_off(),
        }
    }

    /// Whether a change was begun and not done, and nobody is at it.
    pub(super) fn is_cut_off(&self) -> bool {
        self.claims > self.last_claim && self.written_by.is_none()
    }

    pub(super) fn of(view: &View<'_>, item: &Fields) -> Result<Self, OnlineError> {
        let read = || {
            let phase = match text_of(item, "build_phase")? {
                "building" => Phase::Building,
                "built" => Phase::Built,
                "doomed" => Phase::Doomed,
                _ => return None,
            };
            Some(Self {
                number: text_of(item, "s")?.strip_prefix('g')?.parse().ok()?,
                version: number_of(item, "view_version")?,
                phase,
                held_by: text_of(item, "held_by").map(str::to_owned),
                place: None,
                state: None,
                items: number_of(item, "item_count").unwrap_or(0),
                loaded_bytes: (
                    number_of(item, "loaded_bytes").unwrap_or(0),
                    number_of(item, "loaded_bytes_max").unwrap_or(0),
                ),
                loaded_items: number_of(item, "loaded_items").unwrap_or(0),
                import: None,
                changes: number_of(item, "change_count").unwrap_or(0),
                claims: number_of(item, "claim_count").unwrap_or(0),
                last_claim: number_of(item, "last_claim").unwrap_or(0),
                written_by: text_of(item, "written_by").map(str::to_owned),
                live_since: number_of(item, "live_since").map(Timestamp::from_micros),
                retired_at: number_of(item, "retired_at").map(Timestamp::from_micros),
            })
        };
        let generation =
            read().ok_or_else(|| view.corrupt(format!("a generation's record makes no sense: {item:?}")))?;
        let json = |name| text_of(item, name);
        Ok(Self {
            place: json("place_json")
                .map(|text| view.decode(text.as_bytes()))
                .transpose()?,
            state: json("state_json")
                .map(|text| view.decode(text.as_bytes()))
                .transpose()?,
            import: json("import_json")
                .map(|text| view.decode(text.as_bytes()))
                .transpose()?,
            ..generation
        })
    }

    /// Where its items lie and what it holds; every generation that is built has both.
    pub(super) fn built(&self, view: &View<'_>) -> Result<(&Place, &GenerationState), OnlineError> {
        match (&self.place, &self.state) {
            (Some(place), Some(state)) => Ok((place, state)),
            _ => Err(view.corrupt(format!("generation {} was never completed", self.number))),
        }
    }
}

/// What is live of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Live {
    pub(super) version: u32,
    pub(super) generation: u64,
    pub(super) switched_at: Timestamp,
}

impl Live {
    pub(super) fn value(self) -> AttributeValue {
        AttributeValue::M(fields([
            ("view_version", number(self.version)),
            ("generation_number", number(self.generation)),
            ("switched_at", number(self.switched_at.micros())),
        ]))
    }

    fn of(value: &AttributeValue) -> Option<Self> {
        let fields = value.as_m().ok()?;
        Some(Self {
            version: number_of(fields, "view_version")?,
            generation: number_of(fields, "generation_number")?,
            switched_at: Timestamp::from_micros(number_of(fields, "switched_at")?),
        })
    }
}

/// What is live in a workspace.
#[derive(Debug, Clone, Default)]
pub(super) struct LiveViews(HashMap<String, AttributeValue>);

impl LiveViews {
    pub(super) fn of(&self, view: &View<'_>) -> Result<Option<Live>, OnlineError> {
        match self.0.get(view.0.view()) {
            None => Ok(None),
            Some(value) => match Live::of(value) {
                Some(live) => Ok(Some(live)),
                None => Err(view.corrupt(format!("what is live makes no sense: {value:?}"))),
            },
        }
    }
}

pub(super) fn live_key(workspace: &Workspace) -> Fields {
    fields([("p", text(format!("live/{workspace}"))), ("s", text("-"))])
}

/// The partition of a view's generations.
pub(super) fn view_partition(view: &View<'_>) -> AttributeValue {
    text(format!("view/{}", view.key()))
}

pub(super) fn generation_key(view: &View<'_>, number: u64) -> Fields {
    fields([("p", view_partition(view)), ("s", text(format!("g{number:020}")))])
}

impl Dynamo {
    /// A change of one record by conditions; what it is afterwards.
    pub(super) async fn update_record(
        &self,
        key: Fields,
        update: &str,
        condition: Option<&str>,
        values: Fields,
    ) -> Result<Fields, Failure> {
        let table = control(self.options());
        let updated = self.call("UpdateItem", Patience::Write, |client| {
            client
                .update_item()
                .table_name(&table)
                .set_key(Some(key.clone()))
                .update_expression(update)
                .set_condition_expression(condition.map(str::to_owned))
                .set_expression_attribute_values((!values.is_empty()).then(|| values.clone()))
                .return_values(ReturnValue::AllNew)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
        });
        let updated = updated.await.map_err(Failure::from)?;
        self.has_written(&updated.consumed_capacity);
        Ok(updated.attributes.unwrap_or_default())
    }

    /// Some records as they are; those that are not there are left out.
    pub(super) async fn records(&self, keys: Vec<Fields>, patience: Patience) -> Result<Vec<Fields>, Failure> {
        let table = control(self.options());
        let mut found = Vec::new();
        let keys: Vec<(&str, Fields)> = keys.into_iter().map(|key| (table.as_str(), key)).collect();
        for keys in keys.chunks(BATCH) {
            match self.batch_get(self.batch(keys, true)?, patience).await {
                Ok(items) => found.extend(items.into_iter().map(|(_, item)| item)),
                // Nothing was ever written.
                Err(failure) if failure.cause == Cause::NotFound => return Ok(Vec::new()),
                Err(failure) => return Err(failure),
            }
        }
        Ok(found)
    }

    /// What is live in some workspaces.
    pub(super) async fn live_views(
        &self,
        workspaces: &[&Workspace],
        patience: Patience,
    ) -> Result<Vec<LiveViews>, Failure> {
        let keys = workspaces.iter().map(|workspace| live_key(workspace)).collect();
        let records = self.records(keys, patience).await?;
        let views = workspaces.iter().map(|workspace| {
            let partition = format!("live/{workspace}");
            let record = records.iter().find(|record| text_of(record, "p") == Some(&partition));
            let views = record.and_then(|record| record.get("live_views")?.as_m().ok());
            LiveViews(views.cloned().unwrap_or_default())
        });
        Ok(views.collect())
    }

    /// A generation's record.
    pub(super) async fn generation(&self, view: &View<'_>, number: u64) -> Result<Option<Generation>, OnlineError> {
        let found = self.records(vec![generation_key(view, number)], Patience::Write).await;
        let found = found.map_err(|failure| view.failed(failure))?;
        found.first().map(|item| Generation::of(view, item)).transpose()
    }

    /// What is live of a view, and its generation's record; both are none if nothing is, the second if it was dropped meanwhile.
    pub(super) async fn live(&self, view: &View<'_>) -> Result<(Option<Live>, Option<Generation>), OnlineError> {
        let found = self.live_views(&[view.0.workspace()], Patience::Write).await;
        let found = found.map_err(|failure| view.failed(failure))?;
        let live = found.first().map(|views| views.of(view)).transpose()?.flatten();
        let generation = match live {
            Some(live) => self.generation(view, live.generation).await?,
            None => None,
        };
        Ok((live, generation))
    }

    /// A new number; none is given twice.
    pub(super) async fn next_generation(&self) -> Result<u64, Failure> {
        let key = fields([("p", text("generations")), ("s", text("-"))]);
        let values = fields([(":one", number(1))]);
        let counted = self.update_record(key, "ADD last_number :one", None, values).await?;
        number_of(&counted, "last_number").ok_or_else(|| Failure {
            cause: Cause::Rejected,
            message: "the counter of generations has no number".to_owned(),
        })
    }
}
