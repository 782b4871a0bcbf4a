use std::collections::HashSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{DataFrame, SessionContext, ident, lit};
use deltalake::DeltaTable;
use deltalake::delta_datafusion::{DeltaScanConfig, DeltaScanNext, FileSelection};
use deltalake::logstore::LogStoreRef;

use super::layout::Layout;
use super::replace::{Fate, TimeRange, fate};
use super::table::State;
use super::{OfflineError, OfflineTable};
use crate::time::{Interval, Timestamp};

/// The rows of one version: the view's columns, without ours. Bounds on the time column are pushed into partitions, files
/// and row groups.
#[derive(Debug)]
pub struct RowsProvider {
    scan: DeltaScanNext,
    layout: Arc<Layout>,
    log: LogStoreRef,
}

impl OfflineTable {
    /// The rows of the snapshot, for any plan.
    pub fn provider(&self) -> Result<Arc<dyn TableProvider>, OfflineError> {
        let provider = RowsProvider::new(self, &self.state(), None);
        provider
            .map(|provider| Arc::new(provider) as _)
            .map_err(|error| self.cannot_scan(error))
    }

    /// The rows of the snapshot in `range`, with these columns (all, if none are given), in no order. Of files that lie in it as a
    /// whole no row's time is looked at.
    pub fn scan(
        &self,
        session: &SessionContext,
        range: Option<Interval>,
        columns: Option<&[String]>,
    ) -> Result<DataFrame, OfflineError> {
        let state = self.state();
        let scan = || {
            let read = |files| session.read_table(Arc::new(RowsProvider::new(self, &state, files)?));
            let filtered = |files, range: Interval| {
                let (time, bound) = (ident(self.time_column()), |at| lit(timestamp(at)));
                read(files)?.filter(time.clone().gt_eq(bound(range.start)).and(time.lt(bound(range.end))))
            };
            let rows = match range.map(|range| (range, self.files_in(&state, range))) {
                None => read(None)?,
                Some((range, Files { whole, .. })) if whole.is_empty() => filtered(None, range)?,
                Some((_, Files { whole, part })) if part.is_empty() => read(Some(&whole))?,
                Some((range, Files { whole, part })) => read(Some(&whole))?.union(filtered(Some(&part), range)?)?,
            };
            match columns {
                Some(columns) => rows.select(columns.iter().map(ident)),
                None => Ok(rows),
            }
        };
        scan().map_err(|error| self.cannot_scan(error))
    }

    /// The files with rows in a range, as their partitions and statistics tell.
    fn files_in(&self, state: &State, range: Interval) -> Files {
        let mut files = Files::default();
        for file in state.delta.log_data().iter() {
            let partition = TimeRange::partition_of(&file, self.layout.partition.column());
            let partition = partition.and_then(|value| self.layout.partition.interval(&value));
            let fate = match partition {
                Some(partition) if partition.end <= range.start || range.end <= partition.start => Fate::Stays,
                Some(partition) if range.start <= partition.start && partition.end <= range.end => Fate::Goes,
                Some(partition) => fate(TimeRange::of(&self.layout, &file, partition), &[range]),
                // Whatever is wrong there, the scan says it.
                None => Fate::Splits,
            };
            match fate {
                Fate::Stays => {}
                Fate::Goes => files.whole.push(file.path().into_owned()),
                Fate::Splits => files.part.push(file.path().into_owned()),
            }
        }
        files
    }

    /// The rows of some of the snapshot's files, with these columns; none if it does not have all of these files.
    pub fn scan_files(
        &self,
        session: &SessionContext,
        files: &[String],
        columns: &[String],
    ) -> Result<Option<DataFrame>, OfflineError> {
        let state = self.state();
        let there: HashSet<_> = state
            .delta
            .log_data()
            .iter()
            .map(|file| file.path().into_owned())
            .collect();
        if !files.iter().all(|file| there.contains(file)) {
            return Ok(None);
        }
        let rows = RowsProvider::new(self, &state, Some(files))
            .and_then(|rows| session.read_table(Arc::new(rows))?.select(columns.iter().map(ident)));
        rows.map(Some).map_err(|error| self.cannot_scan(error))
    }

    fn cannot_scan(&self, error: DataFusionError) -> OfflineError {
        OfflineError::rows(self.name(), "the table cannot be scanned", error)
    }
}

/// Files with rows in a range.
#[derive(Default)]
struct Files {
    /// With no other rows.
    whole: Vec<String>,
    /// With others, too, as far as is known.
    part: Vec<String>,
}

fn timestamp(at: Timestamp) -> ScalarValue {
    ScalarValue::TimestampMicrosecond(Some(at.micros()), Some("UTC".into()))
}

impl RowsProvider {
    /// The rows of a version, or of some files of it.
    pub(super) fn new(table: &OfflineTable, state: &State, files: Option<&[String]>) -> Result<Self> {
        let config = DeltaScanConfig {
            file_column_name: None,
            wrap_partition_values: false,
            enable_parquet_pushdown: true,
            // Rows come back in the types that they were stored in.
            schema_force_view_types: false,
            schema: None,
        };
        let mut scan = DeltaScanNext::new(state.delta.snapshot().clone(), config)?;
        if let Some(files) = files {
            scan = scan.with_file_selection(FileSelection::from_file_paths(files));
        }
        Ok(Self {
            scan,
            layout: table.layout.clone(),
            log: table.log.clone(),
        })
    }
}

#[async_trait]
impl TableProvider for RowsProvider {
    fn schema(&self) -> SchemaRef {
        self.layout.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        DeltaTable::new(self.log.clone()).update_datafusion_session(session)?;
        // Our column is the last, so the others have the same places with it and without.
        let all = (0..self.layout.schema.fields().len()).collect();
        let mut filters = filters.to_vec();
        filters.extend(partition_filters(&self.layout, &filters));
        self.scan
            .scan(session, Some(projection.unwrap_or(&all)), &filters, limit)
            .await
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.scan.supports_filters_pushdown(filters)
    }
}

/// What bounds on the time column say of the partition.
fn partition_filters(layout: &Layout, filters: &[Expr]) -> Vec<Expr> {
    let mut found = Vec::new();
    let mut rest: Vec<&Expr> = filters.iter().collect();
    while let Some(filter) = rest.pop() {
        let Expr::BinaryExpr(BinaryExpr { left, op, right }) = filter else {
            continue;
        };
        if *op == Operator::And {
            rest.extend([left.as_ref(), right.as_ref()]);
            continue;
        }
        let (operator, bound) = match (left.as_ref(), right.as_ref()) {
            (Expr::Column(column), Expr::Literal(bound, _)) if column.name == layout.time_column => (*op, bound),
            (Expr::Literal(bound, _), Expr::Column(column)) if column.name == layout.time_column => {
                let Some(operator) = op.swap() else { continue };
                (operator, bound)
            }
            _ => continue,
        };
        let utc = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, Some("UTC".into()));
        let Ok(ScalarValue::TimestampMicrosecond(Some(micros), _)) = bound.cast_to(&utc) else {
            continue;
        };
        let column = || ident(layout.partition.column());
        // A literal finer than a microsecond is cut off, so `<` keeps the partition of its own microsecond.
        let Some(value) = layout.partition.value(Timestamp::from_micros(micros)) else {
            continue;
        };
        match operator {
            Operator::Gt | Operator::GtEq => found.push(column().gt_eq(lit(value))),
            Operator::Lt | Operator::LtEq => found.push(column().lt_eq(lit(value))),
            Operator::Eq => found.push(column().eq(lit(value))),
            _ => {}
        }
    }
    found
}
