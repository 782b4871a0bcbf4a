//! The keys whose items may differ from those that are live.

use std::collections::HashSet;

use arrow::array::RecordBatch;
use datafusion::common::{DataFusionError, JoinType};
use datafusion::prelude::{DataFrame, SessionContext, ident};

use super::error::CompactionError;
use super::policy::{Affected, fewer};
use super::visible::Visible;
use crate::key::KeyColumns;
use crate::offline::OfflineTable;

/// Scans that a pass looks for keys with, at most so many of each table; neighbouring intervals share one.
const SCANS_MAX: usize = 16;

/// Keys in memory, each once.
pub(super) struct Keys {
    batches: Vec<RecordBatch>,
    /// Their canonical bytes.
    pub(super) encoded: HashSet<Vec<u8>>,
}

impl Keys {
    /// Looks for the keys with rows or tiles in these intervals of a table and of an earlier version of it, and in these files of it;
    /// none if there are more than so many, or if a file is one of its no more.
    pub(super) async fn find(
        session: &SessionContext,
        visible: &Visible<'_>,
        affected: &Affected,
        before: Option<&OfflineTable>,
        most: u64,
    ) -> Result<Option<Self>, CompactionError> {
        let label = visible.label();
        let failed = |error| CompactionError::from_plan(&label, error);
        let now = visible.tiles.map_or(visible.rows, |(_, tiles)| tiles);
        let names: Vec<String> = visible.view.join_keys.iter().map(|key| key.name.clone()).collect();
        let mut all: Option<DataFrame> = None;
        if !affected.appended.is_empty() {
            all = now.scan_files(session, &affected.appended, &names)?;
            if all.is_none() {
                return Ok(None);
            }
        }
        let of_before = before.into_iter().map(|table| (table, &affected.before));
        for (table, intervals) in of_before.chain([(now, &affected.now)]) {
            for interval in fewer(intervals.clone(), SCANS_MAX) {
                let keys = table.scan(session, Some(interval), Some(&names))?;
                all = Some(match all {
                    None => keys,
                    Some(others) => others.union(keys).map_err(failed)?,
                });
            }
        }
        let mut found = Self {
            batches: Vec::new(),
            encoded: HashSet::new(),
        };
        let Some(all) = all else {
            return Ok(Some(found));
        };
        let enough = usize::try_from(most).unwrap_or(usize::MAX).saturating_add(1);
        let distinct = all.distinct().and_then(|keys| keys.limit(0, Some(enough)));
        let batches = distinct.map_err(failed)?.collect().await.map_err(failed)?;
        if batches.iter().map(RecordBatch::num_rows).sum::<usize>() as u64 > most {
            return Ok(None);
        }
        for batch in &batches {
            let columns = KeyColumns::new(batch, &visible.view.join_keys);
            let columns = columns.map_err(|error| CompactionError::Internal {
                label: label.clone(),
                message: error.message,
            })?;
            found
                .encoded
                .extend((0..batch.num_rows()).map(|row| columns.encode(row)));
        }
        found.batches = batches;
        Ok(Some(found))
    }

    /// A session whose scans step over the rows of other keys. Few rows are left of a page, here and there, where Parquet's reader
    /// would decode all of it by itself and mask them.
    pub(super) fn skipping(session: &SessionContext) -> SessionContext {
        let mut state = session.state();
        let options = state.config_mut().options_mut();
        options.execution.parquet.force_filter_selections = true;
        SessionContext::new_with_state(state)
    }

    /// The rows of a frame that are of these keys.
    pub(super) fn only(
        &self,
        session: &SessionContext,
        visible: &Visible<'_>,
        rows: DataFrame,
    ) -> Result<DataFrame, DataFusionError> {
        let keys = visible.view.join_keys.iter();
        let names: Vec<(String, String)> = keys
            .enumerate()
            .map(|(at, key)| (format!("__key_{at}"), key.name.clone()))
            .collect();
        let columns = names.iter().map(|(ours, name)| ident(name).alias(ours));
        let keys = session.read_batches(self.batches.clone())?.select(columns)?;
        // The keys are what is held in memory, and the rows what streams by.
        keys.join_on(
            rows,
            JoinType::RightSemi,
            names.iter().map(|(ours, name)| ident(ours).eq(ident(name))),
        )
    }
}
