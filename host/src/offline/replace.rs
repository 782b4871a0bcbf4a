//! What a commit takes away: the rows that its intervals held before.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use deltalake::kernel::{Action, Add, LogicalFileView};
use futures::StreamExt;

use super::layout::Layout;
use super::provider::RowsProvider;
use super::stage::write_sorted;
use super::table::State;
use super::{OfflineError, OfflineTable};
use crate::time::{Interval, Timestamp};

/// The least and the greatest timestamp that a file may hold, both inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeRange {
    pub(super) min: Timestamp,
    pub(super) max: Timestamp,
}

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// No row of it lies in an interval.
    Stays,
    /// Every row does.
    Goes,
    /// It has to be read.
    Splits,
}

/// Decides by the range alone. The intervals are in order and do not touch.
pub(super) fn fate(range: TimeRange, intervals: &[Interval]) -> Fate {
    let first = intervals.partition_point(|interval| interval.end <= range.min);
    match intervals.get(first) {
        Some(interval) if interval.start <= range.min && range.max < interval.end => Fate::Goes,
        Some(interval) if interval.start <= range.max => Fate::Splits,
        _ => Fate::Stays,
    }
}

impl TimeRange {
    /// By the statistics, and by the partition where there are none. Statistics hold milliseconds, cut off, so the
    /// greatest timestamp may be up to 999 microseconds later.
    pub(super) fn of(layout: &Layout, file: &LogicalFileView, partition: Interval) -> Self {
        let whole = Self {
            min: partition.start,
            max: Timestamp::from_micros(partition.end.micros() - 1),
        };
        let stats = file
            .stats()
            .and_then(|stats| serde_json::from_str::<serde_json::Value>(&stats).ok());
        let time = |bound: &str| -> Option<Timestamp> {
            stats
                .as_ref()?
                .get(bound)?
                .get(&layout.time_column)?
                .as_str()?
                .parse()
                .ok()
        };
        let max = time("maxValues").map(|max| match max.micros().rem_euclid(1000) {
            0 => Timestamp::from_micros(max.micros().saturating_add(999)),
            _ => max,
        });
        Self {
            min: time("minValues").unwrap_or(whole.min).max(whole.min),
            max: max.unwrap_or(whole.max).min(whole.max),
        }
    }

    pub(super) fn partition_of(file: &LogicalFileView, column: &str) -> Option<String> {
        file.partition_values_map().remove(column).flatten()
    }
}

/// What takes the place of a file that had rows on both sides.
#[derive(Debug, Clone)]
pub(super) struct Rewritten {
    pub(super) adds: Vec<Add>,
    /// Rows that it does not have any more.
    pub(super) dropped: u64,
}

/// Files that have been rewritten, by path. A file never changes, so what was made of it stays right when the commit is
/// planned again on a later version.
#[derive(Debug, Default)]
pub(super) struct Rewrites(HashMap<String, Rewritten>);

/// The actions that empty the intervals, in one version.
#[derive(Debug, Default)]
pub(super) struct Replacement {
    pub(super) actions: Vec<Action>,
    pub(super) removed: usize,
    pub(super) rewritten: usize,
}

/// Plans to empty `intervals` (in order, not touching) in the version of `state`.
pub(super) async fn replace(
    table: &OfflineTable,
    state: &State,
    intervals: &[Interval],
    rewrites: &mut Rewrites,
) -> Result<Replacement, OfflineError> {
    let layout = table.layout.as_ref();
    let mut replacement = Replacement::default();
    for file in state.delta.log_data().iter() {
        let partition = TimeRange::partition_of(&file, layout.partition.column())
            .and_then(|value| layout.partition.interval(&value))
            .ok_or_else(|| {
                OfflineError::corrupt(&layout.label, format!("file {} lies in no partition", file.path()))
            })?;
        let first = intervals.partition_point(|interval| interval.end <= partition.start);
        if intervals
            .get(first)
            .is_none_or(|interval| interval.start >= partition.end)
        {
            continue;
        }
        match fate(TimeRange::of(layout, &file, partition), intervals) {
            Fate::Stays => {}
            Fate::Goes => {
                replacement.actions.push(file.remove_action(true).into());
                replacement.removed += 1;
            }
            Fate::Splits => {
                let path = file.path().into_owned();
                if !rewrites.0.contains_key(&path) {
                    let rewritten = rewrite(table, state, &path, intervals).await?;
                    rewrites.0.insert(path.clone(), rewritten);
                }
                let rewritten = &rewrites.0[&path];
                if rewritten.dropped > 0 {
                    replacement.actions.push(file.remove_action(true).into());
                    replacement
                        .actions
                        .extend(rewritten.adds.iter().cloned().map(Action::Add));
                    replacement.removed += 1;
                    replacement.rewritten += rewritten.adds.len();
                }
            }
        }
    }
    Ok(replacement)
}

/// Writes the rows of one file that lie outside of the intervals into a new one.
async fn rewrite(
    table: &OfflineTable,
    state: &State,
    path: &str,
    intervals: &[Interval],
) -> Result<Rewritten, OfflineError> {
    let (outside, time_column) = (intervals.to_vec(), table.layout.time_column.clone());
    write_kept(table, state, path, move |batch| {
        let times = batch
            .column_by_name(&time_column)
            .and_then(|times| times.as_primitive_opt());
        let times = times.ok_or_else(|| DataFusionError::Internal("the table lost its time column".to_owned()))?;
        let times = arrow::array::PrimitiveArray::<TimestampMicrosecondType>::iter(times);
        Ok(times
            .map(|time| Some(time.is_none_or(|time| !holds(&outside, Timestamp::from_micros(time)))))
            .collect())
    })
    .await
}

/// Writes the rows of one file that are to be kept into a new one.
pub(super) async fn write_kept(
    table: &OfflineTable,
    state: &State,
    path: &str,
    keep: impl Fn(&RecordBatch) -> Result<BooleanArray, DataFusionError> + Send + 'static,
) -> Result<Rewritten, OfflineError> {
    let layout = table.layout.clone();
    let failed = |error| OfflineError::rows(&layout.label, format!("{path} cannot be rewritten"), error);
    let provider = RowsProvider::new(table, state, Some(&[path.to_owned()])).map_err(failed)?;
    let rows = table.session().read_table(Arc::new(provider)).map_err(failed)?;
    let rows = rows.execute_stream().await.map_err(failed)?;
    let dropped = Arc::new(AtomicU64::new(0));
    let (counter, schema) = (dropped.clone(), rows.schema());
    let kept = rows.map(move |batch| {
        let batch = batch?;
        let keep = keep(&batch)?;
        counter.fetch_add((keep.len() - keep.true_count()) as u64, Ordering::Relaxed);
        Ok(filter_record_batch(&batch, &keep)?)
    });
    let kept = Box::pin(RecordBatchStreamAdapter::new(schema, kept));
    let written = write_sorted(table, None, kept).await?;
    Ok(Rewritten {
        adds: written.adds,
        dropped: dropped.load(Ordering::Relaxed),
    })
}

fn holds(intervals: &[Interval], at: Timestamp) -> bool {
    let first = intervals.partition_point(|interval| interval.end <= at);
    intervals.get(first).is_some_and(|interval| interval.contains(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates() {
        let at = Timestamp::from_micros;
        let intervals = [(0, 10), (20, 30)].map(|(start, end)| Interval {
            start: at(start),
            end: at(end),
        });
        for (min, max, expected) in [
            (0, 9, Fate::Goes),
            (0, 10, Fate::Splits),
            (-1, 9, Fate::Splits),
            (10, 19, Fate::Stays),
            (10, 20, Fate::Splits),
            (20, 29, Fate::Goes),
            (30, 30, Fate::Stays),
            (5, 25, Fate::Splits),
            (-5, -1, Fate::Stays),
            (-5, 35, Fate::Splits),
        ] {
            assert_eq!(
                fate(
                    TimeRange {
                        min: at(min),
                        max: at(max)
                    },
                    &intervals
                ),
                expected,
                "{min} {max}"
            );
        }
    }
}
