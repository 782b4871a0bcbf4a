//! Forgetting: rows are taken out of a table, and out of every file below it.
//!
//! Files of the current version that hold chosen rows are written anew without them, in one commit without a `txn` action: coverage and
//! attempts stay. Then files go that are of no version any more and hold such rows ([`holders`]), at once and not when their retention is
//! over; versions of the table that had them cannot be read from then on.
//!
//! The commit names the partitions that it touched, as intervals that have changed: what is being derived of them was derived of rows that are
//! forgotten, and is derived anew.
//!
//! Killed in between, it is finished by doing it again: what is left to do is found in the files.

mod holders;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::compute::not;
use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use deltalake::kernel::Action;
use deltalake::protocol::DeltaOperation;
use serde::Serialize;
use serde_json::json;

use self::holders::Holding;
use super::Size;
use super::next::{FORGOT, Newest, Planned, now_ms};
use super::replace::{Rewritten, TimeRange, write_kept};
use super::table::State;
use super::upkeep::{Lies, Stored, delete, is_unfinished, known, list};
use super::{OfflineError, OfflineTable};
use crate::time::{Interval, Span, Timestamp};

/// Which rows are forgotten.
pub trait Chosen: Send + Sync {
    /// The columns that decide.
    fn columns(&self) -> Vec<String>;

    /// Which rows of a batch with these columns, and maybe others, are.
    fn of(&self, batch: &RecordBatch) -> Result<BooleanArray, ArrowError>;

    /// Values, an array of one each, that chosen rows have in a column: a file that has none between its least and its greatest holds
    /// none of them.
    fn values(&self) -> Vec<(String, ArrayRef)> {
        Vec::new()
    }
}

/// What was forgotten of a table, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// Rows of the current version.
    pub rows: u64,
    /// Files of the current version that held them.
    pub rewritten: Size,
    /// Files that held such rows and are removed from the disk, those that were written anew among them.
    pub deleted: Size,
    /// Files that no version has and that may hold such rows, too young to be told from those of a running job.
    pub left: Size,
    /// The version that the commit made; none if there was nothing to write anew.
    #[serde(skip)]
    pub version: Option<u64>,
}

impl OfflineTable {
    /// What would be forgotten now.
    pub async fn plan_forget(&self, chosen: &Arc<dyn Chosen>, orphans_after: Span) -> Result<Forgotten, OfflineError> {
        let mut forgotten = Forgotten::default();
        self.refresh().await?;
        let mut seen = HashMap::new();
        for (path, rows) in self.holding(&self.state(), chosen, &mut seen).await? {
            forgotten.rows += rows;
            let size = self
                .files()
                .iter()
                .find(|file| file.path == path)
                .map_or(0, |file| file.size);
            forgotten.rewritten.add(size);
            forgotten.deleted.add(size);
        }
        for (file, goes) in self.others(chosen, orphans_after).await? {
            match goes {
                true => forgotten.deleted.add(file.size),
                false => forgotten.left.add(file.size),
            }
        }
        Ok(forgotten)
    }

    /// Forgets chosen rows. Files that the log does not name are left if they are younger than `orphans_after` by the machine's clock, as
    /// a running job may be about to commit them.
    pub async fn forget(&self, chosen: &Arc<dyn Chosen>, orphans_after: Span) -> Result<Forgotten, OfflineError> {
        let mut forgotten = self.rewrite_without(chosen).await?;
        let (mut doomed, mut left) = (Vec::new(), Size::default());
        for (file, goes) in self.others(chosen, orphans_after).await? {
            match goes {
                true => doomed.push(file),
                false => left.add(file.size),
            }
        }
        forgotten.deleted = Size::of(&doomed);
        forgotten.left = left;
        delete(self, doomed.into_iter().map(|file| file.path).collect()).await?;
        Ok(forgotten)
    }

    /// Takes the rows out of the current version.
    pub(super) async fn rewrite_without(&self, chosen: &Arc<dyn Chosen>) -> Result<Forgotten, OfflineError> {
        let (mut seen, mut written) = (HashMap::new(), HashMap::<String, Rewritten>::new());
        let mut entry = self.entry().await;
        loop {
            let state = match entry.newest().await? {
                Newest::Plan(state) => state,
                Newest::Entered(version) => {
                    return Ok(Forgotten {
                        version: Some(version),
                        ..Forgotten::default()
                    });
                }
            };
            self.check_layout(&state)?;
            let mut forgotten = Forgotten::default();
            let (mut actions, mut touched) = (Vec::new(), Vec::new());
            let holding: HashMap<String, u64> = self.holding(&state, chosen, &mut seen).await?.into_iter().collect();
            for file in state.delta.log_data().iter() {
                let path = file.path().into_owned();
                let Some(rows) = holding.get(&path) else { continue };
                if !written.contains_key(&path) {
                    let kept = self.without(&state, &path, chosen).await?;
                    if kept.dropped != *rows {
                        let reason = format!(
                            "{path} held {rows} chosen rows, and {} when it was read again",
                            kept.dropped
                        );
                        return Err(OfflineError::internal(self.name(), reason));
                    }
                    written.insert(path.clone(), kept);
                }
                forgotten.rows += rows;
                forgotten.rewritten.add(u64::try_from(file.size()).unwrap_or(0));
                actions.push(Action::Remove(file.remove_action(true)));
                actions.extend(written[&path].adds.iter().cloned().map(Action::Add));
                touched.extend(self.partition_interval(TimeRange::partition_of(&file, self.layout.partition.column())));
            }
            if actions.is_empty() {
                return Ok(forgotten);
            }
            let planned = Planned {
                operation: DeltaOperation::Delete { predicate: None },
                actions,
                transactions: Vec::new(),
                details: [(FORGOT.to_owned(), json!(intervals(touched)))].into_iter().collect(),
            };
            if let Some(entered) = entry.write(&state, planned).await? {
                forgotten.version = Some(entered.version);
                return Ok(forgotten);
            }
        }
    }

    fn partition_interval(&self, value: Option<String>) -> Option<Interval> {
        self.layout.partition.interval(&value?)
    }

    /// The files of a version that hold chosen rows, and how many. A file never changes, so what was `seen` of one stays right.
    async fn holding(
        &self,
        state: &State,
        chosen: &Arc<dyn Chosen>,
        seen: &mut HashMap<String, u64>,
    ) -> Result<Vec<(String, u64)>, OfflineError> {
        let paths: Vec<String> = state
            .delta
            .log_data()
            .iter()
            .map(|file| file.path().into_owned())
            .collect();
        let mut holding = Vec::new();
        for path in paths {
            let rows = match seen.get(&path) {
                Some(rows) => *rows,
                None => match holders::look(self, &path, chosen).await? {
                    Holding::Rows(rows) => *seen.entry(path.clone()).or_insert(rows),
                    Holding::Unreadable(problem) => {
                        return Err(OfflineError::corrupt(
                            self.name(),
                            format!("{path} cannot be read: {problem}"),
                        ));
                    }
                },
            };
            if rows > 0 {
                holding.push((path, rows));
            }
        }
        Ok(holding)
    }

    /// The rows of a file that are not chosen, in new files.
    async fn without(&self, state: &State, path: &str, chosen: &Arc<dyn Chosen>) -> Result<Rewritten, OfflineError> {
        let chosen = Arc::clone(chosen);
        write_kept(self, state, path, move |batch| {
            let goes = chosen.of(batch).map_err(DataFusionError::from)?;
            Ok(not(&goes)?)
        })
        .await
    }

    /// Files that are of no version any more, or of none yet, and that hold chosen rows or cannot be read; and whether they go.
    async fn others(&self, chosen: &Arc<dyn Chosen>, orphans_after: Span) -> Result<Vec<(Stored, bool)>, OfflineError> {
        let files = list(self).await?;
        let known = known(self).await?;
        let written_by = Timestamp::from_micros(now_ms().saturating_mul(1000)).saturating_sub(orphans_after);
        let mut found = Vec::new();
        for file in files {
            let goes = match known.lies(&file.path) {
                Lies::Removed(_) => true,
                Lies::Nowhere => file.modified <= written_by,
                Lies::InTable | Lies::Elsewhere => continue,
            };
            let holds = match is_unfinished(&file.path) {
                true => true,
                false => match holders::look(self, &file.path, chosen).await? {
                    Holding::Rows(rows) => rows > 0,
                    // Half of a file, or what became of one.
                    Holding::Unreadable(_) => true,
                },
            };
            if holds {
                found.push((file, goes));
            }
        }
        Ok(found)
    }
}

/// Partitions, each once, as the log has intervals.
fn intervals(mut touched: Vec<Interval>) -> Vec<String> {
    touched.sort();
    touched.dedup();
    let text = |interval: Interval| format!("{}/{}", interval.start, interval.end);
    touched.into_iter().map(text).collect()
}
