//! A pass that makes every item anew: a generation beside the live one, and the switch to it.

use std::sync::Arc;

use datafusion::prelude::SessionContext;
use tokio::sync::mpsc::channel;

use super::error::CompactionError;
use super::feed::{Fed, to_the_end};
use super::items::make;
use super::job::{GRACE, blocking, stored_bytes};
use super::report::{Compacted, Pass, Report};
use super::visible::Visible;
use crate::online::{LiveRecord, Load, LoadProgress, OnlineError, OnlineStore};

/// Items between the plan that makes them and the store that takes them.
const AHEAD: usize = 1024;

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
    let (sender, receiver) = channel(AHEAD);
    let loading = tokio::task::spawn_blocking({
        let (store, name) = (Arc::clone(&store), name.clone());
        move || {
            let load = Load {
                name: &name,
                state: &state,
                way,
                tell: &*tell,
            };
            store.load(&load, &mut to_the_end(&name, receiver))
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
                // If nobody receives any more, the load has failed, and says why itself.
                let _ = sender.send(Fed::More(Some((key, item)))).await;
            }
        }
    })
    .await;
    if fed.is_ok() {
        let _ = sender.send(Fed::Whole).await;
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
