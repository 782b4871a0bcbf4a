use std::collections::HashMap;
use std::sync::Arc;

use deltalake::kernel::{Action, Add};
use deltalake::protocol::DeltaOperation;

use super::plan_merges::{Merge, TARGET_BYTES};
use super::{Size, inventory};
use crate::offline::next::{Newest, Planned};
use crate::offline::provider::RowsProvider;
use crate::offline::stage::write_sorted;
use crate::offline::table::State;
use crate::offline::{OfflineError, OfflineTable};

/// Bytes that are merged between two commits, compressed: what a kill loses.
const COMMIT_BYTES: u64 = 1 << 30;

/// What became of some merges.
#[derive(Debug, Default)]
pub(super) struct Merged {
    pub(super) merged: Size,
    pub(super) into: Size,
    /// Whether somebody took files away meanwhile, so that there may be others to merge.
    pub(super) again: bool,
}

/// A merge whose rows lie in new files that nobody sees yet.
struct Ready {
    merge: Merge,
    adds: Vec<Add>,
}

/// Writes the rows of each merge into new files, sorted by time as jobs write them, and puts these in the place of the old ones.
pub(super) async fn merge(table: &OfflineTable, merges: Vec<Merge>) -> Result<Merged, OfflineError> {
    let mut done = Merged::default();
    let (mut ready, mut bytes) = (Vec::new(), 0);
    for merge in merges {
        let state = table.state();
        if !all_there(&state, &merge) {
            done.again = true;
            continue;
        }
        bytes += merge.bytes;
        ready.push(stage(table, &state, merge).await?);
        if bytes >= COMMIT_BYTES {
            commit(table, std::mem::take(&mut ready), &mut done).await?;
            bytes = 0;
        }
    }
    commit(table, ready, &mut done).await?;
    Ok(done)
}

fn all_there(state: &State, merge: &Merge) -> bool {
    let files = state.delta.log_data();
    let found = files
        .iter()
        .filter(|file| merge.files.iter().any(|path| *path == file.path()));
    found.count() == merge.files.len()
}

async fn stage(table: &OfflineTable, state: &State, merge: Merge) -> Result<Ready, OfflineError> {
    let layout = table.layout.as_ref();
    let failed = |error| {
        let reason = format!("files of partition {} cannot be merged", merge.partition);
        OfflineError::rows(&layout.label, reason, error)
    };
    let expected: Option<u64> = (state.delta.log_data().iter())
        .filter(|file| merge.files.iter().any(|path| *path == file.path()))
        // What a foreign writer has struck out of a file, the log counts.
        .map(|file| match file.deletion_vector_descriptor() {
            Some(_) => None,
            None => file.num_records().map(|rows| rows as u64),
        })
        .sum();
    let provider = RowsProvider::new(table, state, Some(&merge.files)).map_err(failed)?;
    let rows = table.session().read_table(Arc::new(provider)).map_err(failed)?;
    let rows = rows.execute_stream().await.map_err(failed)?;
    let written = write_sorted(table, None, rows).await?;
    if let Some(expected) = expected.filter(|expected| *expected != written.rows) {
        let found = written.rows;
        forget_files(table, &written.adds).await;
        let reason = format!(
            "{} hold {found} rows, and the log says {expected}",
            merge.files.join(", ")
        );
        return Err(OfflineError::corrupt(&layout.label, reason));
    }
    let unchanged = |mut add: Add| {
        add.data_change = false;
        add
    };
    Ok(Ready {
        merge,
        adds: written.adds.into_iter().map(unchanged).collect(),
    })
}

/// Puts in the log what is still right there: a merge of a file that somebody else has taken away meanwhile is given up.
async fn commit(table: &OfflineTable, ready: Vec<Ready>, done: &mut Merged) -> Result<(), OfflineError> {
    // As many files as before are no gain.
    let (ready, useless): (Vec<_>, Vec<_>) = ready
        .into_iter()
        .partition(|ready| ready.adds.len() < ready.merge.files.len());
    for ready in &useless {
        forget_files(table, &ready.adds).await;
    }
    if ready.is_empty() {
        return Ok(());
    }
    let mut entry = table.entry().await;
    let mut kept: Vec<usize> = Vec::new();
    loop {
        let state = match entry.newest().await? {
            Newest::Plan(state) => state,
            Newest::Entered(_) => break,
        };
        table.check_layout(&state)?;
        let (places, actions) = replacing(&state, &ready);
        kept = places;
        let planned = Planned {
            operation: DeltaOperation::Optimize {
                predicate: None,
                target_size: TARGET_BYTES as i64,
            },
            actions,
            transactions: Vec::new(),
            details: serde_json::Map::new(),
        };
        if kept.is_empty() || entry.write(&state, planned).await?.is_some() {
            break;
        }
    }
    for (place, ready) in ready.iter().enumerate() {
        if kept.contains(&place) {
            done.merged = done.merged.and(ready.merge.size());
            for add in &ready.adds {
                done.into.add(u64::try_from(add.size).unwrap_or(0));
            }
        } else {
            done.again = true;
            forget_files(table, &ready.adds).await;
        }
    }
    Ok(())
}

/// Which merges are right on a version, and what they do to it.
fn replacing(state: &State, ready: &[Ready]) -> (Vec<usize>, Vec<Action>) {
    let files = state.delta.log_data();
    let files: HashMap<_, _> = (files.iter()).map(|file| (file.path().into_owned(), file)).collect();
    let (mut places, mut actions) = (Vec::new(), Vec::new());
    for (place, ready) in ready.iter().enumerate() {
        let removed: Option<Vec<_>> = ready.merge.files.iter().map(|path| files.get(path)).collect();
        let Some(removed) = removed else { continue };
        places.push(place);
        actions.extend(
            removed
                .into_iter()
                .map(|file| Action::Remove(file.remove_action(false))),
        );
        actions.extend(ready.adds.iter().cloned().map(Action::Add));
    }
    (places, actions)
}

/// Removes files that the log does not have, and will not have. What cannot be removed is an orphan.
async fn forget_files(table: &OfflineTable, adds: &[Add]) {
    let paths = adds.iter().map(|add| add.path.clone()).collect();
    let _ = inventory::delete(table, paths).await;
}
