//! One pass over a view.

use std::sync::Arc;
use std::time::Duration;

use datafusion::prelude::SessionContext;
use tokio::sync::mpsc::channel;
use tokio::task::JoinError;
use uuid::Uuid;

use super::affected::Keys;
use super::error::CompactionError;
use super::feed::{Fed, to_the_end};
use super::items::make;
use super::load::load;
use super::policy::{Affected, CHANGE_BYTES_MAX, Way, change_keys_max, is_due, next_due, of_rows, of_windows, way};
use super::report::{Compacted, Pass, Report};
use super::visible::{Mode, Visible};
use crate::definition::OnlineLoad;
use crate::offline::OfflineTable;
use crate::online::{GenerationState, Item, KeyChange, LiveRecord, OnlineError, OnlineStore};
use crate::time::{Span, Timestamp};
use crate::workspace::Name;

/// How long a generation that was switched away from is kept for those who read it.
pub const GRACE: Span = Span::from_micros(60_000_000);

/// Times that a pass is begun because somebody else wrote meanwhile; the last one makes everything anew. A process that was killed may
/// have written more than could be seen before somebody writes again.
const TRIES: u32 = 3;
/// The same for feature tables, into which any number of clients may bring rows at once: each time at least one of them has succeeded.
const TRIES_OF_TABLES: u32 = 30;
/// The longest wait before the next of these, in milliseconds.
const WAIT_MAX_MS: u128 = 200;

/// Lists of items between what makes them and the store that takes them.
const AHEAD: usize = 4;

/// Brings a view online as its tables have it at the boundary: as a change of the live generation where few keys are affected, else
/// as a new generation.
pub async fn compact(
    session: &SessionContext,
    store: Arc<dyn OnlineStore>,
    visible: &Visible<'_>,
    mode: Mode,
) -> Result<Compacted, CompactionError> {
    let tries = match visible.view.table.is_some() {
        true => TRIES_OF_TABLES,
        false => TRIES,
    };
    for tried in 1..tries {
        match pass(session, Arc::clone(&store), visible, mode).await {
            Err(CompactionError::Online(OnlineError::Conflict { .. })) => {}
            done => return done,
        }
        if visible.view.table.is_some() {
            // Different for each, so that they do not stay in step.
            let most = (1 << tried.min(16)).min(WAIT_MAX_MS);
            let spread = Uuid::new_v4().as_u128() % most;
            tokio::time::sleep(Duration::from_millis(spread as u64)).await;
        }
    }
    pass(session, store, visible, Mode::Full).await
}

async fn pass(
    session: &SessionContext,
    store: Arc<dyn OnlineStore>,
    visible: &Visible<'_>,
    mode: Mode,
) -> Result<Compacted, CompactionError> {
    if (visible.superseded)() {
        return Ok(Compacted::of(Pass::Superseded));
    }
    let live = blocking(visible.name, {
        let (store, name) = (Arc::clone(&store), visible.name.clone());
        move || store.live(&name)
    })
    .await?;
    let latest;
    let visible = match &live {
        // Others may have brought rows to a feature table since it was opened, and brought them online: no pass goes back behind that.
        Some((record, old)) if visible.view.table.is_some() && record.version == visible.name.version() => {
            visible.rows.refresh().await?;
            latest = visible.not_before(old.through);
            &latest
        }
        _ => visible,
    };
    let same = live.as_ref().filter(|(record, old)| {
        record.version == visible.name.version() && !record.cut_off && is_same_kind(old, &visible.state())
    });
    if let (Some((record, old)), false) = (same, mode == Mode::Full) {
        let state = visible.state();
        let is_there = old.offline_version == state.offline_version && old.tiles_version == state.tiles_version;
        if is_there && old.through == state.through {
            return Ok(Compacted::of(Pass::Unchanged));
        }
        if mode == Mode::AfterJobs
            && !is_due(visible.view, old.through, visible.through)
            && let Some(due) = next_due(visible.view, old.through)
        {
            return Ok(Compacted::of(Pass::Waiting(due)));
        }
        if let Some(done) = change(session, &store, visible, record, old).await? {
            return Ok(done);
        }
    }
    load(session, store, visible, live.map(|(record, _)| record)).await
}

/// Ends that anything of a view is served.
pub async fn take_down(
    store: Arc<dyn OnlineStore>,
    name: &Name,
    grace: Span,
    now: Timestamp,
) -> Result<Pass, CompactionError> {
    let taken = blocking(name, {
        let name = name.clone();
        move || {
            let pass = match store.live(&name)? {
                None => Pass::Unchanged,
                Some((record, _)) => {
                    store.take_down(&name, &record, now)?;
                    Pass::TakenDown
                }
            };
            store.sweep(&name, grace, now)?;
            Ok(pass)
        }
    });
    Ok(taken.await?)
}

/// Whether items of two states are made alike, so that they may lie in one generation.
fn is_same_kind(old: &GenerationState, new: &GenerationState) -> bool {
    old.columns == new.columns && old.rules == new.rules && old.tiles_version.is_some() == new.tiles_version.is_some()
}

/// Changes the live generation; none if it has to be made anew.
async fn change(
    session: &SessionContext,
    store: &Arc<dyn OnlineStore>,
    visible: &Visible<'_>,
    record: &LiveRecord,
    old: &GenerationState,
) -> Result<Option<Compacted>, CompactionError> {
    let price = match visible.view.online_load {
        OnlineLoad::Auto => {
            let (store, name, record) = (Arc::clone(store), visible.name.clone(), record.clone());
            blocking(visible.name, move || store.load_price(&name, &record)).await?
        }
        _ => None,
    };
    let most = change_keys_max(visible.view.online_load, record.items, price);
    if !visible.view.compaction_enabled || most == 0 || visible.through < old.through {
        return Ok(None);
    }
    let Some((affected, before)) = affected(visible, old).await? else {
        return Ok(None);
    };
    let Some(keys) = Keys::find(session, visible, &affected, before.as_ref(), most).await? else {
        return Ok(None);
    };
    // A feature table is brought online as of any time: where nothing was brought, there is nothing to do.
    let is_there = old.offline_version == visible.rows.version();
    if visible.view.table.is_some() && keys.encoded.is_empty() && is_there {
        return Ok(Some(Compacted::of(Pass::Unchanged)));
    }
    if way(visible.view.online_load, most, keys.encoded.len() as u64) == Way::Generation {
        return Ok(None);
    }
    let mut report = Report {
        keys_affected: Some(keys.encoded.len() as u64),
        ..Report::default()
    };
    // What is made first is written while the rest is being made.
    let (sender, receiver) = channel(AHEAD);
    let writing = tokio::task::spawn_blocking({
        let (store, name, record) = (Arc::clone(store), visible.name.clone(), record.clone());
        let state = visible.state();
        move || store.write_streamed(&name, &record, &mut to_the_end(&name, receiver), &state)
    });
    let (mut is_large, mut without) = (false, keys.encoded.clone());
    let made = make(session, visible, Some(&keys), async |mut items| {
        // What has expired by now is not written, and goes if it is there.
        items.retain(|(_, item)| item.expires.is_none_or(|expires| visible.now < expires));
        for (key, item) in &items {
            let bytes = stored_bytes(key, item);
            report.bytes_written += bytes;
            report.item_bytes_max = report.item_bytes_max.max(bytes);
        }
        report.keys_written += items.len() as u64;
        is_large |= report.bytes_written > CHANGE_BYTES_MAX;
        if !is_large {
            for (key, _) in &items {
                without.remove(key);
            }
            let items = items.into_iter().map(|(key, item)| (key, Some(item)));
            // If nobody receives any more, the change has failed, and says why itself.
            let _ = sender.send(Fed::More(items.collect())).await;
        }
    })
    .await;
    let superseded = (visible.superseded)();
    report.keys_deleted = without.len() as u64;
    if made.is_ok() && !is_large && !superseded {
        let without: Vec<KeyChange> = without.into_iter().map(|key| (key, None)).collect();
        let _ = sender.send(Fed::More(without)).await;
        let _ = sender.send(Fed::Whole).await;
    }
    drop(sender);
    let written = match writing.await {
        Ok(written) => written,
        Err(error) => Err(panicked(visible.name, &error)),
    };
    made?.add_to(&mut report);
    if superseded {
        return Ok(Some(Compacted::of(Pass::Superseded)));
    }
    if is_large {
        return Ok(None);
    }
    written?;
    let pass = Pass::Changed;
    Ok(Some(Compacted { pass, report }))
}

/// Where keys are affected, and the table as it was when the live generation was made if that has to be looked at; none if it
/// cannot be told any more.
async fn affected(
    visible: &Visible<'_>,
    old: &GenerationState,
) -> Result<Option<(Affected, Option<OfflineTable>)>, CompactionError> {
    let start = visible.view.feature_start_time;
    let (table, version) = match (visible.tiles, old.tiles_version) {
        (Some((_, tiles)), Some(version)) => (tiles, version),
        _ => (visible.rows, old.offline_version),
    };
    if version > table.version() {
        return Ok(None);
    }
    let Some(changed) = table.changed_since(version).await? else {
        return Ok(None);
    };
    let mut affected = match visible.tiles {
        Some((spec, _)) => of_windows(spec, old.through, visible.through, &changed.intervals),
        None => of_rows(start, old.through, visible.through, &changed.intervals),
    };
    affected.appended = changed.appended;
    if affected.before.is_empty() {
        return Ok(Some((affected, None)));
    }
    let before = table.at_version(version).await?;
    Ok(before.map(|before| (affected, Some(before))))
}

/// Bytes of an item in a store, with its key.
pub(super) fn stored_bytes(key: &[u8], item: &Item) -> u64 {
    (key.len() + item.encoded_len(key)) as u64
}

/// Work that waits for files.
pub(super) async fn blocking<T: Send + 'static>(
    name: &Name,
    work: impl FnOnce() -> Result<T, OnlineError> + Send + 'static,
) -> Result<T, OnlineError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(panicked(name, &error)),
    }
}

pub(super) fn panicked(name: &Name, error: &JoinError) -> OnlineError {
    OnlineError::Unavailable {
        view: name.to_string(),
        message: error.to_string(),
    }
}
