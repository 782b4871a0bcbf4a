use std::sync::Arc;

use datafusion::prelude::SessionContext;
use futures::StreamExt;

use super::error::MaterializeError;
use super::latest::{Latest, sorted};
use super::windowed::{Windowed, tiles_by_key};
use crate::offline::OfflineTable;
use crate::online::{Change, GenerationState, Item, LiveRecord, OnlineError, OnlineStore};
use crate::project::CompiledView;
use crate::tile::TileSpec;
use crate::time::{Interval, Span, Timestamp};
use crate::workspace::Name;

/// What is to be brought online.
pub struct Visible<'a> {
    /// The view.
    pub compiled: &'a CompiledView,
    /// Its version.
    pub name: &'a Name,
    /// Its table.
    pub table: &'a OfflineTable,
    /// The tiles of its rows, if it has aggregations.
    pub tiles: Option<(&'a Arc<TileSpec>, &'a OfflineTable)>,
    /// The last boundary of the schedule that coverage reaches from the view's start on.
    pub through: Timestamp,
    /// The time.
    pub now: Timestamp,
    /// Whether another version has been applied meanwhile: then this one is not switched to.
    pub superseded: &'a (dyn Fn() -> bool + Send + Sync),
}

/// What was done to the online store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnlineOutcome {
    /// Nothing: it holds this already.
    Unchanged,
    /// A new generation.
    Loaded {
        /// Its items.
        keys: u64,
        /// Results that did not fit their type and are null.
        overflows: u64,
    },
    /// A change of the live generation with so many items.
    Written(u64),
    /// Nothing of the view is served any more.
    TakenDown,
    /// Nothing: another version was applied meanwhile.
    Superseded,
}

/// Items by key.
pub(super) type Items = Vec<(Vec<u8>, Item)>;

/// More rows than this are loaded as a generation.
const CHANGE_ROWS_MAX: u64 = 100_000;
/// How long a generation that was switched away from is kept for those who read it.
pub const GRACE: Span = Span::from_micros(60_000_000);

/// Brings the latest visible row of each key online.
pub async fn bring_online(
    session: &SessionContext,
    store: Arc<dyn OnlineStore>,
    visible: &Visible<'_>,
) -> Result<OnlineOutcome, MaterializeError> {
    let Visible {
        compiled,
        name,
        table,
        tiles,
        through,
        now,
        superseded,
    } = visible;
    let name = (*name).clone();
    if superseded() {
        return Ok(OnlineOutcome::Superseded);
    }
    let live = blocking({
        let (store, name) = (Arc::clone(&store), name.clone());
        move || store.live(&name)
    })
    .await?;
    let state = GenerationState {
        through: *through,
        offline_version: table.version(),
        columns: compiled.features(),
        empty: tiles.map(|(spec, _)| spec.empty()).unwrap_or_default(),
        rules: rules(compiled),
    };
    let start = compiled.view.feature_start_time;
    if let Some((record, old)) = &live
        && record.version == name.version()
        && old.columns == state.columns
        && old.rules == state.rules
    {
        if old.through == state.through && old.offline_version == state.offline_version {
            return Ok(OnlineOutcome::Unchanged);
        }
        // Every value of a window may change when its end moves. Of latest rows, only if nothing before `through` has changed are the rows after it the latest of their keys.
        let appended = table.changed_since(old.offline_version).await?.is_some_and(|changed| {
            old.through <= *through && changed.iter().all(|interval| interval.start >= old.through)
        });
        if appended && tiles.is_none() {
            let range = Interval {
                start: old.through,
                end: *through,
            };
            let items = latest(session, visible, range).await?;
            if let Some(puts) = items {
                let count = puts.len() as u64;
                let change = Change {
                    puts,
                    deletes: Vec::new(),
                    state,
                };
                let record = record.clone();
                blocking(move || store.write(&name, &record, &change)).await?;
                return Ok(OnlineOutcome::Written(count));
            }
        }
    }
    let range = Interval { start, end: *through };
    let live = live.map(|(record, _)| record);
    load(session, store, visible, range, state, live, *now).await
}

/// Ends that anything of a view is served.
pub async fn take_down(
    store: Arc<dyn OnlineStore>,
    name: &Name,
    grace: Span,
    now: Timestamp,
) -> Result<OnlineOutcome, MaterializeError> {
    let name = name.clone();
    blocking(move || {
        let outcome = match store.live(&name)? {
            None => OnlineOutcome::Unchanged,
            Some((record, _)) => {
                store.take_down(&name, &record, now)?;
                OnlineOutcome::TakenDown
            }
        };
        store.sweep(&name, grace, now)?;
        Ok(outcome)
    })
    .await
    .map_err(MaterializeError::from)
}

/// What items depend on beside rows.
fn rules(compiled: &CompiledView) -> String {
    let view = &compiled.view;
    serde_json::json!({
        "aggregation": view.aggregation,
        "ttl": view.ttl,
        "order_by": view.order_by,
        "batch_schedule": view.batch_schedule,
        "feature_start_time": view.feature_start_time,
        "data_delay": compiled.data_delay,
    })
    .to_string()
}

/// The latest row of each key in a range, none if there are too many rows for a change.
async fn latest(
    session: &SessionContext,
    visible: &Visible<'_>,
    range: Interval,
) -> Result<Option<Items>, MaterializeError> {
    let label = visible.compiled.view.name.clone();
    let engine = |error| MaterializeError::from_plan(&label, error);
    if range.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let rows = visible
        .table
        .scan(session, Some(range), None)?
        .count()
        .await
        .map_err(engine)?;
    if rows as u64 > CHANGE_ROWS_MAX {
        return Ok(None);
    }
    let mut items = Vec::new();
    feed(session, visible, range, async |some| items.extend(some)).await?;
    Ok(Some(items))
}

/// The items of rows in a range, in batches; how many results did not fit their type and are null.
async fn feed(
    session: &SessionContext,
    visible: &Visible<'_>,
    range: Interval,
    mut out: impl AsyncFnMut(Items),
) -> Result<u64, MaterializeError> {
    let engine = |error| MaterializeError::from_plan(&visible.compiled.view.name, error);
    if let Some((spec, table)) = visible.tiles {
        let mut tiles = tiles_by_key(session, spec, table, visible.through)?
            .execute_stream()
            .await
            .map_err(engine)?;
        let mut windowed = Windowed::new(visible, spec);
        while let Some(batch) = tiles.next().await {
            out(windowed.push(&batch.map_err(engine)?)?).await;
        }
        let (items, overflows) = windowed.finish()?;
        out(items).await;
        return Ok(overflows);
    }
    let mut last = Latest::default();
    let mut rows = sorted(session, visible, range)?
        .execute_stream()
        .await
        .map_err(engine)?;
    while let Some(batch) = rows.next().await {
        let mut items = Vec::new();
        last.push(visible, &batch.map_err(engine)?, &mut |key, item| {
            items.push((key, item))
        })?;
        out(items).await;
    }
    out(last.take().into_iter().collect()).await;
    Ok(0)
}

/// Builds a generation and switches to it, unless another version was applied meanwhile.
async fn load(
    session: &SessionContext,
    store: Arc<dyn OnlineStore>,
    visible: &Visible<'_>,
    range: Interval,
    state: GenerationState,
    expected: Option<LiveRecord>,
    now: Timestamp,
) -> Result<OnlineOutcome, MaterializeError> {
    let name = visible.name.clone();
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<(Vec<u8>, Item), OnlineError>>(1024);
    let loading = tokio::task::spawn_blocking({
        let (store, name) = (Arc::clone(&store), name.clone());
        move || {
            let mut receiver = receiver;
            let mut items = std::iter::from_fn(|| receiver.blocking_recv());
            store.bulk_load(&name, &state, &mut items)
        }
    });
    let mut keys = 0;
    let fed: Result<u64, MaterializeError> = async {
        feed(session, visible, range, async |items| {
            for item in items {
                keys += u64::from(item.1.expires.is_none_or(|expires| now < expires));
                send(&sender, item, now).await;
            }
        })
        .await
    }
    .await;
    if let Err(error) = &fed {
        // Without this the half of the items that were fed would be a complete generation.
        let message = error.to_string();
        let _ = sender
            .send(Err(OnlineError::Unavailable {
                view: name.to_string(),
                message,
            }))
            .await;
    }
    drop(sender);
    let loaded = loading.await.unwrap_or_else(|error| Err(panicked(&error)));
    let overflows = fed?;
    let generation = loaded?;
    if (visible.superseded)() {
        // The generation is nobody's, and goes with the next sweep after this process.
        return Ok(OnlineOutcome::Superseded);
    }
    blocking(move || {
        store.switch(&name, generation, expected.as_ref(), now)?;
        store.sweep(&name, GRACE, now)
    })
    .await?;
    Ok(OnlineOutcome::Loaded { keys, overflows })
}

/// Items that are expired already are not written.
async fn send(
    sender: &tokio::sync::mpsc::Sender<Result<(Vec<u8>, Item), OnlineError>>,
    item: (Vec<u8>, Item),
    now: Timestamp,
) {
    if item.1.expires.is_none_or(|expires| now < expires) {
        // Nobody receives any more: the load has failed, and says why itself.
        let _ = sender.send(Ok(item)).await;
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OnlineError> + Send + 'static,
) -> Result<T, OnlineError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(panicked(&error)))
}

fn panicked(error: &tokio::task::JoinError) -> OnlineError {
    OnlineError::Unavailable {
        view: "?".to_owned(),
        message: error.to_string(),
    }
}
