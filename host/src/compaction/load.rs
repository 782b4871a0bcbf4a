//! A pass that makes every item anew: a generation beside the live one, and the switch to it.

use std::sync::Arc;

use datafusion::prelude::SessionContext;
use tokio::sync::mpsc::{Sender, channel};

use super::error::CompactionError;
use super::items::make;
use super::job::{GRACE, blocking, stored_bytes};
use super::report::{Compacted, Pass, Report};
use super::visible::Visible;
use crate::online::{Item, LiveRecord, Load, LoadProgress, OnlineError, OnlineStore};

/// Items between the plan that makes them and the store that takes them.
const AHEAD: usize = 1024;

type Entry = Result<(Vec<u8>, Item), OnlineError>;

/// Builds a generation and switches to it, unless another version was applied meanwhile. If what is live has changed meanwhile, that
/// is a conflict, and the generation is given up.
pub(super) async fn load(
    session: &SessionContext,
    store: Arc<dyn OnlineStore>,
    visible: &Visible<'_>,
    expected: Option<LiveRecord>,
) -> Result<Compacted, CompactionError> {
    let (name, now, state) = (visible.name.clone(), visible.now, visible.state());
    let (way, tell) = (visible.view.online_load, Arc::clone(&visible.tell));
    let mut report = Report::default();
    let resumed = blocking(&name, {
        let (store, name, state, tell) = (Arc::clone(&store), name.clone(), state.clone(), Arc::clone(&tell));
        move || {
            store.resume(&Load {
                name: &name,
                state: &state,
                way,
                tell: &*tell,
            })
        }
    })
    .await?;
    if let Some(resumed) = resumed {
        report.keys_written = resumed.items;
        report.bytes_written = resumed.bytes;
        report.item_bytes_max = resumed.bytes_max;
        return switch(store, visible, resumed.generation, expected, report).await;
    }
    let (sender, mut receiver) = channel::<Entry>(AHEAD);
    let loading = tokio::task::spawn_blocking({
        let (store, name) = (Arc::clone(&store), name.clone());
        move || {
            let mut items = std::iter::from_fn(|| receiver.blocking_recv());
            let load = Load {
                name: &name,
                state: &state,
                way,
                tell: &*tell,
            };
            store.load(&load, &mut items)
        }
    });
    let fed = make(session, visible, None, async |items| {
        for (key, item) in items {
            // What has expired by now is not written.
            if item.expires.is_none_or(|expires| now < expires) {
                let bytes = stored_bytes(&key, &item);
                report.keys_written += 1;
                report.bytes_written += bytes;
                report.item_bytes_max = report.item_bytes_max.max(bytes);
                send(&sender, Ok((key, item))).await;
            }
        }
    })
    .await;
    if let Err(error) = &fed {
        // Without this the half of the items that were fed would be a complete generation.
        let message = error.to_string();
        let view = name.to_string();
        send(&sender, Err(OnlineError::Unavailable { view, message })).await;
    }
    drop(sender);
    let loaded = match loading.await {
        Ok(loaded) => loaded,
        Err(error) => Err(super::job::panicked(&name, &error)),
    };
    fed?.add_to(&mut report);
    switch(store, visible, loaded?, expected, report).await
}

async fn switch(
    store: Arc<dyn OnlineStore>,
    visible: &Visible<'_>,
    generation: u64,
    expected: Option<LiveRecord>,
    report: Report,
) -> Result<Compacted, CompactionError> {
    let (name, now) = (visible.name.clone(), visible.now);
    if (visible.superseded)() {
        // The generation is nobody's, and goes with the next sweep after this process.
        return Ok(Compacted::of(Pass::Superseded));
    }
    let tell = Arc::clone(&visible.tell);
    blocking(&name.clone(), move || {
        store.switch(&name, generation, expected.as_ref(), now)?;
        match store.sweep(&name, GRACE, now) {
            // What is served is right, and the next sweep tries again.
            Err(
                error @ (OnlineError::Unavailable { .. }
                | OnlineError::Denied { .. }
                | OnlineError::Invalid { .. }
                | OnlineError::Conflict { .. }),
            ) => tell(&LoadProgress::Left {
                message: error.to_string(),
            }),
            swept => drop(swept?),
        }
        Ok(())
    })
    .await?;
    let pass = Pass::Loaded;
    Ok(Compacted { pass, report })
}

/// If nobody receives any more, the load has failed, and says why itself.
async fn send(sender: &Sender<Entry>, entry: Entry) {
    let _ = sender.send(entry).await;
}
