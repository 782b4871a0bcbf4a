use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{Column, DataFrame, SessionContext, lit};
use deltalake::kernel::EagerSnapshot;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::schema::StructType;
use deltalake::operations::create::CreateBuilder;
use deltalake::protocol::SaveMode;
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use object_store::ObjectStore;
use url::Url;

use super::error::OfflineError;
use crate::time::{Interval, Span, Timestamp};
use crate::workspace::Name;

/// How long the intervals are that rows are kept together by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granularity {
    /// `__month`: 1997-01.
    Month,
    /// `__day`: 1997-01-31; for schedules under a day.
    Day,
}

impl Granularity {
    /// Months, or days where the schedule is under a day.
    pub fn of_schedule(schedule: Span) -> Self {
        if schedule < Span::DAY { Self::Day } else { Self::Month }
    }

    /// The partition column.
    pub fn column(self) -> &'static str {
        match self {
            Self::Month => "__month",
            Self::Day => "__day",
        }
    }

    /// The partition of a time.
    pub fn partition(self, at: Timestamp) -> Option<String> {
        let format = match self {
            Self::Month => "%Y-%m",
            Self::Day => "%Y-%m-%d",
        };
        Some(at.datetime()?.format(format).to_string())
    }
}

/// What a table is made of.
#[derive(Debug, Clone)]
pub struct TableSpec {
    /// The view's version, which the jobs' application ids are made of.
    pub name: Name,
    /// The view's columns; none begins with `__`.
    pub schema: SchemaRef,
    /// The column that holds the rows' time.
    pub time_column: String,
    /// How rows are partitioned.
    pub granularity: Granularity,
    /// How long the log and removed files are kept.
    pub retention: Span,
}

/// The table of one version of a view, at the version of the log that was last loaded.
#[derive(Clone)]
pub struct OfflineTable {
    pub(super) spec: TableSpec,
    pub(super) table: DeltaTable,
}

impl OfflineTable {
    /// Opens the table below the store's folder, or makes it.
    pub async fn open_or_create(store: &Path, spec: TableSpec) -> Result<Self, OfflineError> {
        if let Some(table) = Self::open(store, spec.clone()).await? {
            return Ok(table);
        }
        let label = spec.name.to_string();
        let delta = |source: DeltaTableError| OfflineError::Delta {
            table: label.clone(),
            source: Box::new(source),
        };
        let url = location(store, &spec)?;
        let table = DeltaTableBuilder::from_url(url)
            .and_then(DeltaTableBuilder::build)
            .map_err(delta)?;
        let schema: StructType =
            with_partition(&spec)
                .as_ref()
                .try_into_kernel()
                .map_err(|error| OfflineError::Rows {
                    table: label.clone(),
                    message: format!("{error}"),
                })?;
        let retention = format!("interval {} seconds", spec.retention.micros() / 1_000_000);
        let properties = [
            ("delta.logRetentionDuration", Some(retention.clone())),
            ("delta.deletedFileRetentionDuration", Some(retention)),
            ("delta.checkpointInterval", Some("50".to_owned())),
            // Statistics of every column: the time column may stand anywhere.
            ("delta.dataSkippingNumIndexedCols", Some("-1".to_owned())),
        ];
        let created = CreateBuilder::new()
            .with_log_store(table.log_store())
            .with_table_name(label.clone())
            .with_save_mode(SaveMode::Ignore)
            .with_columns(schema.fields().cloned())
            .with_partition_columns([spec.granularity.column()])
            .with_configuration(properties.map(|(key, value)| (key.to_owned(), value)))
            .await;
        match created {
            Ok(table) => Ok(Self { spec, table }),
            // Somebody made it at the same time; theirs is as good.
            Err(error) => match Self::open(store, spec).await? {
                Some(table) => Ok(table),
                None => Err(delta(error)),
            },
        }
    }

    /// Opens the table, none if it has not been made.
    pub async fn open(store: &Path, spec: TableSpec) -> Result<Option<Self>, OfflineError> {
        let url = location(store, &spec)?;
        let label = spec.name.to_string();
        let delta = |source: DeltaTableError| OfflineError::Delta {
            table: label.clone(),
            source: Box::new(source),
        };
        let mut table = DeltaTableBuilder::from_url(url)
            .and_then(DeltaTableBuilder::build)
            .map_err(delta)?;
        if !table.verify_deltatable_existence().await.map_err(delta)? {
            return Ok(None);
        }
        table.load().await.map_err(delta)?;
        Ok(Some(Self { spec, table }))
    }

    /// Loads what has been committed since.
    pub async fn refresh(&mut self) -> Result<(), OfflineError> {
        let label = self.spec.name.to_string();
        self.table.update_state().await.map_err(|source| OfflineError::Delta {
            table: label,
            source: Box::new(source),
        })
    }

    /// The version of the log.
    pub fn version(&self) -> u64 {
        self.table.version().unwrap_or(0)
    }

    /// What it is made of.
    pub fn spec(&self) -> &TableSpec {
        &self.spec
    }

    /// Rows of a time range, all if none, in the view's columns. The range is pushed into partitions, files and row groups.
    pub async fn scan(&self, session: &SessionContext, range: Option<Interval>) -> Result<DataFrame, OfflineError> {
        let provider = self.provider().await?;
        let frame = session
            .read_table(provider)
            .map_err(|error| self.io(&error.strip_backtrace()))?;
        let columns: Vec<Expr> = self
            .spec
            .schema
            .fields()
            .iter()
            .map(|field| column(field.name()))
            .collect();
        let frame = match range.map(|range| self.filter(range)) {
            Some(filter) => frame.filter(filter),
            None => Ok(frame),
        };
        frame
            .and_then(|frame| frame.select(columns))
            .map_err(|error| self.io(&error.strip_backtrace()))
    }

    async fn provider(&self) -> Result<Arc<dyn TableProvider>, OfflineError> {
        let provider = self.table.table_provider().build().await;
        provider
            .map(|provider| Arc::new(provider) as Arc<dyn TableProvider>)
            .map_err(|error| self.delta(error.into()))
    }

    /// Time in range, and the partitions that can hold it.
    fn filter(&self, range: Interval) -> Expr {
        let filter = self.in_range(range);
        let last = range.end.saturating_sub(Span::from_micros(1));
        match (
            self.spec.granularity.partition(range.start),
            self.spec.granularity.partition(last),
        ) {
            (Some(first), Some(last)) => {
                let partition = || column(self.spec.granularity.column());
                filter
                    .and(partition().gt_eq(lit(first)))
                    .and(partition().lt_eq(lit(last)))
            }
            _ => filter,
        }
    }

    pub(super) fn in_range(&self, range: Interval) -> Expr {
        let bound = |at: Timestamp| lit(ScalarValue::TimestampMicrosecond(Some(at.micros()), Some("UTC".into())));
        let time = || column(&self.spec.time_column);
        time().gt_eq(bound(range.start)).and(time().lt(bound(range.end)))
    }

    /// A batch in exactly the view's types: a scan may bring text as views.
    pub fn retyped(&self, batch: &RecordBatch) -> Result<RecordBatch, OfflineError> {
        let columns = self
            .spec
            .schema
            .fields()
            .iter()
            .map(|field| {
                let column = batch
                    .column_by_name(field.name())
                    .ok_or_else(|| self.corrupt(format!("no column `{}`", field.name())))?;
                arrow::compute::cast(column, field.data_type()).map_err(|error| self.corrupt(error.to_string()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        RecordBatch::try_new(Arc::clone(&self.spec.schema), columns).map_err(|error| self.corrupt(error.to_string()))
    }

    pub(super) fn snapshot(&self) -> Result<&EagerSnapshot, OfflineError> {
        self.table
            .snapshot()
            .map(|state| state.snapshot())
            .map_err(|error| self.delta(error))
    }

    pub(super) fn object_store(&self) -> Arc<dyn ObjectStore> {
        self.table.log_store().object_store(None)
    }

    pub(super) fn delta(&self, source: DeltaTableError) -> OfflineError {
        OfflineError::Delta {
            table: self.spec.name.to_string(),
            source: Box::new(source),
        }
    }

    pub(super) fn io(&self, error: &dyn std::fmt::Display) -> OfflineError {
        OfflineError::Io {
            table: self.spec.name.to_string(),
            message: error.to_string(),
        }
    }

    pub(super) fn corrupt(&self, message: String) -> OfflineError {
        OfflineError::Corrupt {
            table: self.spec.name.to_string(),
            message,
        }
    }
}

pub(super) fn column(name: &str) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}

/// The view's columns and the partition column.
pub(super) fn with_partition(spec: &TableSpec) -> SchemaRef {
    let partition = Field::new(spec.granularity.column(), DataType::Utf8, false);
    let fields: Vec<_> = spec
        .schema
        .fields()
        .iter()
        .cloned()
        .chain([Arc::new(partition)])
        .collect();
    Arc::new(Schema::new_with_metadata(fields, HashMap::new()))
}

fn location(store: &Path, spec: &TableSpec) -> Result<Url, OfflineError> {
    let folder = store.join(spec.name.rows_path());
    let error = |message: String| OfflineError::Io {
        table: spec.name.to_string(),
        message,
    };
    std::fs::create_dir_all(&folder).map_err(|problem| error(format!("{}: {problem}", folder.display())))?;
    let folder = folder
        .canonicalize()
        .map_err(|problem| error(format!("{}: {problem}", folder.display())))?;
    Url::from_directory_path(&folder).map_err(|()| error(format!("{} is not a path", folder.display())))
}
