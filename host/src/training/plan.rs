//! One plan for a set of training data: the spine, and one point-in-time join for each view and key.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::error::DataFusionError;
use datafusion::physical_expr::expressions::col;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::prelude::SessionContext;

use super::error::TrainingError;
use super::join::{Arrangement, AsOf, KeySet, PointInTimeExec, Side};
use super::order::InOrderExec;
use super::parked::Budget;
use super::requests::{RequestStage, TrainingRequest};
use super::spine::{KEY, ROW, TIME};
use crate::definition::{FeatureFrom, FeatureView, JoinKey, ResolvedService};
use crate::offline::{Coverage, OfflineTable};
use crate::tile::TileSpec;
use crate::time::{Interval, Span, Timestamp, union};

/// Rows of the spine in a partition, where that makes neither too few partitions nor too many.
const PARTITION_ROWS: u64 = 32_768;
const PARTITIONS_OF_A_THREAD: usize = 4;
const PARTITIONS_MAX: usize = 64;

/// A view and where its values come from.
pub struct TrainingView {
    /// The view.
    pub view: FeatureView,
    /// How late its rows arrive.
    pub data_delay: Span,
    /// Its rows.
    pub rows: Arc<OfflineTable>,
    /// Its tiles, if it has aggregations.
    pub tiles: Option<(Arc<TileSpec>, Arc<OfflineTable>)>,
}

/// The spine, as a leaf.
pub struct SpineRows {
    /// Its columns and ours.
    pub plan: Arc<dyn ExecutionPlan>,
    /// Its own columns.
    pub columns: Vec<String>,
    /// How many there are.
    pub rows: u64,
    /// The first and the last time; none if there is none.
    pub times: Option<(Timestamp, Timestamp)>,
}

impl TrainingView {
    /// The time of rows that values at these times are made of.
    pub fn needs(&self, first: Timestamp, last: Timestamp) -> Interval {
        let start = self.view.feature_start_time;
        let edge = |at: Timestamp| self.view.grid().floor(at.saturating_sub(self.data_delay));
        let range = match (&self.tiles, self.view.ttl) {
            (Some((spec, _)), _) => spec.reach(spec.leading_edge(first), spec.leading_edge(last)),
            // A row expires at the first effective boundary at or after its time and ttl.
            (None, Some(ttl)) => Interval {
                start: edge(first.saturating_sub(ttl)).saturating_sub(self.view.batch_schedule),
                end: edge(last),
            },
            (None, None) => Interval { start, end: edge(last) },
        };
        let start = range.start.max(start);
        Interval {
            start,
            end: range.end.max(start),
        }
    }

    /// The times in a range that have not been materialized, or whose tiles are not those of the rows.
    fn gaps(&self, range: Interval) -> Vec<Interval> {
        let rows = self.rows.coverage();
        let stale = match &self.tiles {
            None => Vec::new(),
            Some((_, tiles)) => stale_tiles(&rows, &tiles.coverage()),
        };
        let covered = subtract(rows.union(), &union(stale));
        subtract(vec![range], &covered)
    }
}

/// Where tiles are not those of the rows.
fn stale_tiles(rows: &Coverage, tiles: &Coverage) -> Vec<Interval> {
    let missing = rows.missing_from(tiles).into_iter();
    missing.map(|(interval, _)| interval).collect()
}

/// What of `from` is in none of `others`, all in order and without overlap.
fn subtract(from: Vec<Interval>, others: &[Interval]) -> Vec<Interval> {
    let mut left = Vec::new();
    for interval in from {
        let mut start = interval.start;
        for other in others.iter().filter(|other| other.overlaps(&interval)) {
            if other.start > start {
                left.push(Interval {
                    start,
                    end: other.start,
                });
            }
            start = start.max(other.end);
        }
        if start < interval.end {
            left.push(Interval {
                start,
                end: interval.end,
            });
        }
    }
    left
}

/// The plan, and its joins, which count.
pub struct TrainingPlan {
    /// The spine's columns and then the features, in the order of the spine, in one partition. Where there are request views, their
    /// features are not among these, and the columns that they are made of are behind the others.
    pub root: Arc<dyn ExecutionPlan>,
    /// What computes them, and puts the features in their order; none where there is nothing to compute.
    pub requests: Option<RequestStage>,
    joins: Vec<Arc<PointInTimeExec>>,
}

impl TrainingPlan {
    /// Joins features to a spine. `view` opens each view of the service.
    pub async fn new(
        session: &SessionContext,
        spine: SpineRows,
        service: &ResolvedService,
        view: impl Fn(&str) -> Option<Arc<TrainingView>>,
        requests: Vec<TrainingRequest>,
        allow_gaps: bool,
    ) -> Result<Self, TrainingError> {
        let threads = session.copied_config().target_partitions();
        let arrangement = Arrangement {
            partitions: partitions(spine.rows, threads),
            budget: Budget::of(session.runtime_env().memory_pool.as_ref()),
        };
        let mut plan = spine.plan;
        let mut sets: BTreeMap<Vec<String>, Arc<KeySet>> = BTreeMap::new();
        for lookup in &service.lookups {
            let columns = key_columns(&lookup.keys);
            if let Entry::Vacant(vacant) = sets.entry(columns) {
                let (set, noting) = KeySet::of(plan, vacant.key().clone(), spine.rows);
                vacant.insert(set);
                plan = noting;
            }
        }
        let mut joins = Vec::new();
        for (at, lookup) in service.lookups.iter().enumerate() {
            let asked = service
                .features
                .iter()
                .filter(|feature| feature.from == FeatureFrom::Lookup(at));
            let asked = asked.map(|feature| feature.feature.as_str());
            let mut names: Vec<&str> = asked
                .chain(requests.iter().flat_map(|request| request.reads(at)))
                .collect();
            names.sort_unstable();
            names.dedup();
            let view = view(&lookup.view)
                .ok_or_else(|| TrainingError::Internal(format!("feature view `{}` was not opened", lookup.view)))?;
            let (first, last) = spine
                .times
                .unwrap_or((view.view.feature_start_time, view.view.feature_start_time));
            let range = view.needs(first, last);
            if !allow_gaps {
                refuse_gaps(&view, range)?;
            }
            let columns = key_columns(&lookup.keys);
            let keys = view.view.join_keys.iter().zip(&columns).map(|(key, name)| JoinKey {
                name: name.clone(),
                kind: key.kind,
            });
            let left = Side {
                plan,
                keys: keys.collect(),
                then_by: vec![TIME.to_owned()],
            };
            let (mut right, as_of) = other_side(session, &view, range, &names).await?;
            if let Some(set) = sets.get(&columns) {
                let keys = right.keys.iter().map(|key| key.name.clone());
                right.plan = set.sift(right.plan, keys.collect());
            }
            // What is not asked for is left out at the end.
            let name = |feature: &str| value_column(at, feature);
            let join =
                PointInTimeExec::try_new(left, right, TIME, as_of, name, &arrangement).map_err(TrainingError::Rows)?;
            let join = Arc::new(join);
            joins.push(Arc::clone(&join));
            plan = join;
        }
        let own: Vec<(String, String)> = spine.columns.into_iter().map(|name| (name.clone(), name)).collect();
        let features = service.features.iter().filter_map(|feature| match feature.from {
            FeatureFrom::Lookup(at) => Some((value_column(at, &feature.feature), feature.training_name())),
            FeatureFrom::Request(_) => None,
        });
        let mut columns: Vec<(String, String)> = own.iter().cloned().chain(features).collect();
        if requests.is_empty() {
            let root = in_order(plan, &columns, spine.rows, &arrangement.budget).map_err(TrainingError::Rows)?;
            return Ok(Self {
                root,
                requests: None,
                joins,
            });
        }
        columns.push((TIME.to_owned(), TIME.to_owned()));
        for (place, request) in requests.iter().enumerate() {
            columns.extend(request.columns(place));
        }
        let root = in_order(plan, &columns, spine.rows, &arrangement.budget).map_err(TrainingError::Rows)?;
        let names: Vec<String> = own.into_iter().map(|(_, name)| name).collect();
        let requests = Some(RequestStage::new(&root.schema(), &names, service, requests)?);
        Ok(Self { root, requests, joins })
    }

    /// Results that did not fit their type and are null, once the rows are out.
    pub fn overflows(&self) -> u64 {
        self.joins.iter().map(|join| join.overflows()).sum()
    }
}

/// How many partitions rows are joined in. Small ones are sorted in the processor's cache, give their memory back before others begin, and
/// leave no thread without work at the end; but each takes a share of every batch.
fn partitions(rows: u64, threads: usize) -> usize {
    let least = PARTITIONS_OF_A_THREAD * threads;
    let wanted = usize::try_from(rows / PARTITION_ROWS).unwrap_or(usize::MAX);
    wanted.clamp(least, least.max(PARTITIONS_MAX))
}

/// Our column with the values of a lookup's feature.
pub(super) fn value_column(lookup: usize, feature: &str) -> String {
    format!("__value_{lookup}_{feature}")
}

/// The names that a spine's columns with keys have among ours.
fn key_columns(keys: &[String]) -> Vec<String> {
    keys.iter().map(|name| format!("{KEY}{name}")).collect()
}

fn refuse_gaps(view: &TrainingView, range: Interval) -> Result<(), TrainingError> {
    let gaps = view.gaps(range);
    let Some(first) = gaps.first() else { return Ok(()) };
    let more = match gaps.len() {
        1 => String::new(),
        several => format!(" and {} more", several - 1),
    };
    Err(TrainingError::Gap {
        view: view.view.name.clone(),
        gap: format!("{first}{more}"),
    })
}

async fn other_side(
    session: &SessionContext,
    view: &TrainingView,
    range: Interval,
    asked: &[&str],
) -> Result<(Side, AsOf), TrainingError> {
    let keys = view.view.join_keys.clone();
    if let Some((spec, tiles)) = &view.tiles {
        let spec = Arc::new(spec.only(asked));
        let columns = spec.columns();
        let plan = physical(tiles.scan(session, Some(range), Some(&columns))?).await?;
        let side = Side {
            plan,
            then_by: spec.sort_columns().into_iter().skip(keys.len()).collect(),
            keys,
        };
        return Ok((side, AsOf::Windows { spec }));
    }
    // Columns that order rows are read, too.
    let rows = physical(view.rows.scan(session, Some(range), None)?).await?;
    let schema = view.rows.schema();
    let fields = schema
        .fields()
        .iter()
        .filter(|field| asked.contains(&field.name().as_str()));
    let as_of = AsOf::Latest {
        view: Box::new(view.view.clone()),
        data_delay: view.data_delay,
        features: Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>())),
    };
    let side = Side {
        plan: rows,
        then_by: view.view.row_order(schema),
        keys,
    };
    Ok((side, as_of))
}

async fn physical(frame: datafusion::prelude::DataFrame) -> Result<Arc<dyn ExecutionPlan>, TrainingError> {
    frame.create_physical_plan().await.map_err(TrainingError::Rows)
}

/// These columns by these names, in the order of the spine.
fn in_order(
    plan: Arc<dyn ExecutionPlan>,
    columns: &[(String, String)],
    rows: u64,
    budget: &Arc<Budget>,
) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    // Each once: what has several names goes under one.
    let mut kept: Vec<&str> = Vec::new();
    for (column, _) in columns {
        if !kept.contains(&column.as_str()) {
            kept.push(column);
        }
    }
    let kept = kept.into_iter().chain([ROW]).map(|column| (column, column));
    let plan: Arc<dyn ExecutionPlan> = Arc::new(projection(plan, kept)?);
    let plan = InOrderExec::of(plan, ROW, rows, budget)?;
    let named = columns.iter().map(|(column, name)| (column.as_str(), name.as_str()));
    Ok(Arc::new(projection(plan, named)?))
}

fn projection<'a>(
    plan: Arc<dyn ExecutionPlan>,
    columns: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<ProjectionExec, DataFusionError> {
    let schema = plan.schema();
    let expressions = columns.map(|(column, name)| {
        Ok(ProjectionExpr {
            expr: col(column, &schema)?,
            alias: name.to_owned(),
        })
    });
    ProjectionExec::try_new(expressions.collect::<Result<Vec<_>, DataFusionError>>()?, plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intervals(ends: &[(i64, i64)]) -> Vec<Interval> {
        let at = Timestamp::from_micros;
        let each = ends.iter().map(|(start, end)| Interval {
            start: at(*start),
            end: at(*end),
        });
        each.collect()
    }

    #[test]
    fn what_is_left_of_intervals() {
        for (from, others, left) in [
            (&[(0, 10)][..], &[][..], &[(0, 10)][..]),
            (&[(0, 10)], &[(0, 10)], &[]),
            (&[(0, 10)], &[(-5, 3), (8, 20)], &[(3, 8)]),
            (&[(0, 10), (20, 30)], &[(5, 25)], &[(0, 5), (25, 30)]),
            (&[(0, 10)], &[(2, 3), (3, 4), (10, 11)], &[(0, 2), (4, 10)]),
        ] {
            assert_eq!(subtract(intervals(from), &intervals(others)), intervals(left));
        }
    }
}
