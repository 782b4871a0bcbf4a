use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use sandglass_runtime::host_type;

use super::exec::NormalizeExec;
use super::files::{SourceFile, resolve};
use super::filter;
use super::shape::{Shape, Wanted};
use super::times::TimeKind;
use crate::definition::{Format, Source};
use crate::error::{Classified, Kind};
use crate::time::Interval;

/// What is wrong with a source.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Its path names nothing.
    #[error("source `{source_name}`: path `{path}`: {problem}")]
    Path {
        /// The source.
        source_name: String,
        /// As it is written.
        path: String,
        /// In words.
        problem: String,
    },
    /// A file or folder cannot be read.
    #[error("source `{source_name}`: cannot read {problem}")]
    Unreadable {
        /// The source.
        source_name: String,
        /// Path and reason.
        problem: String,
    },
    /// A file is not what its format says, or files differ.
    #[error("source `{source_name}`: {problem}")]
    Format {
        /// The source.
        source_name: String,
        /// In words.
        problem: String,
    },
    /// Columns are missing or of the wrong type.
    #[error("source `{source_name}`: {problem}")]
    Columns {
        /// The source.
        source_name: String,
        /// In words.
        problem: String,
    },
    /// A row cannot be used.
    #[error("source `{source_name}`: {problem}")]
    Rows {
        /// The source.
        source_name: String,
        /// In words.
        problem: String,
    },
}

impl Classified for SourceError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unreadable { .. } => Kind::Unavailable,
            _ => Kind::Invalid,
        }
    }
}

/// A source as it was when it was opened: its files, its columns, and how to scan them.
pub struct SourceTable {
    name: String,
    files: Vec<SourceFile>,
    /// Types as the rows have them once they are read; for CSV what the values look like.
    schema: SchemaRef,
    time_column: String,
    time_kind: TimeKind,
    /// The time column's type in the files.
    time_type: DataType,
    provider: Arc<ListingTable>,
}

impl SourceTable {
    /// Finds the files and reads their schemas.
    pub async fn open(session: &SessionContext, root: &Path, source: &Source) -> Result<Self, SourceError> {
        let name = source.name.clone();
        let format_error = |error: DataFusionError| SourceError::Format {
            source_name: name.clone(),
            problem: error.strip_backtrace(),
        };
        let columns_error = |problem: String| SourceError::Columns {
            source_name: name.clone(),
            problem,
        };
        let endings: &[&str] = match source.format {
            Format::Parquet => &[".parquet"],
            Format::Csv => &[".csv", ".csv.gz", ".csv.zst"],
        };
        let files = resolve(root, &name, &source.path, endings)?;
        let urls = files
            .iter()
            .map(|file| ListingTableUrl::parse(file.path.to_string_lossy()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(format_error)?;
        let state = session.state();
        let format: Arc<dyn FileFormat> = match source.format {
            // Row groups and pages are pruned by the filter; rows are looked at once, by the shape.
            Format::Parquet => Arc::new(ParquetFormat::default().with_skip_metadata(true)),
            Format::Csv => {
                let compression = compression(&files).map_err(columns_error)?;
                Arc::new(
                    CsvFormat::default()
                        .with_has_header(true)
                        .with_file_compression_type(compression),
                )
            }
        };
        // The files are listed already; their endings say nothing more.
        let options = ListingOptions::new(format).with_file_extension("");
        let config = ListingTableConfig::new_with_multi_paths(urls.clone()).with_listing_options(options.clone());
        let inferred = config.infer_schema(&state).await.map_err(format_error)?;
        let inferred = inferred
            .file_schema
            .ok_or_else(|| columns_error("no columns".to_owned()))?;
        if inferred.fields().is_empty() {
            return Err(columns_error("no columns: the files are empty".to_owned()));
        }
        let (stored, schema) = match source.format {
            Format::Parquet => (Arc::clone(&inferred), inferred),
            Format::Csv => {
                let text = |field: &Arc<Field>| Field::new(field.name(), DataType::Utf8, true);
                (
                    Arc::new(Schema::new(inferred.fields().iter().map(text).collect::<Vec<_>>())),
                    inferred,
                )
            }
        };
        let time_column = source.timestamp_column.clone();
        let time_type = match stored.field_with_name(&time_column) {
            Ok(field) => field.data_type().clone(),
            Err(_) => {
                let existing: Vec<_> = stored
                    .fields()
                    .iter()
                    .map(|field| format!("`{}`", field.name()))
                    .collect();
                return Err(columns_error(format!(
                    "no column `{time_column}` for its time; there are {}",
                    existing.join(", ")
                )));
            }
        };
        let time_kind = TimeKind::of(&time_type, source.timestamp_unit, source.timestamp_format.as_deref())
            .map_err(|problem| columns_error(format!("column `{time_column}` {problem}")))?;
        let config = ListingTableConfig::new_with_multi_paths(urls)
            .with_listing_options(options)
            .with_schema(stored);
        let provider = Arc::new(ListingTable::try_new(config).map_err(format_error)?);
        let schema = Arc::new(natural(&schema, &time_column));
        Ok(Self {
            name,
            files,
            schema,
            time_column,
            time_kind,
            time_type,
            provider,
        })
    }

    /// The source's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its files, in the order of their paths.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// Its columns as rows that are passed on have them: times are microseconds UTC, text and numbers have one type each.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The column that holds the rows' time.
    pub fn time_column(&self) -> &str {
        &self.time_column
    }

    /// The shape of these columns, with every key non-null; an error says what does not fit.
    pub fn shape(&self, columns: SchemaRef, keys: Vec<String>, range: Option<Interval>) -> Result<Shape, SourceError> {
        let wanted = Wanted {
            columns,
            keys,
            time_column: self.time_column.clone(),
            time_kind: self.time_kind.clone(),
            range,
            and_time: false,
        };
        self.shape_of(wanted)
    }

    /// As [`shape`](Self::shape), with the rows' time last: what a [`SharedScan`](super::SharedScan) reads.
    pub fn shape_with_time(
        &self,
        columns: SchemaRef,
        keys: Vec<String>,
        range: Option<Interval>,
    ) -> Result<Shape, SourceError> {
        self.shape_of(Wanted {
            columns,
            keys,
            time_column: self.time_column.clone(),
            time_kind: self.time_kind.clone(),
            range,
            and_time: true,
        })
    }

    fn shape_of(&self, wanted: Wanted) -> Result<Shape, SourceError> {
        Shape::new(&self.provider.schema(), wanted).map_err(|error| SourceError::Columns {
            source_name: self.name.clone(),
            problem: error.message,
        })
    }

    /// The scan of a shape, with its range pushed down.
    pub async fn scan(
        &self,
        session: &SessionContext,
        shape: Shape,
        range: Option<Interval>,
    ) -> Result<Arc<NormalizeExec>, SourceError> {
        let plan = self
            .physical(session, &shape, range)
            .await
            .map_err(|error| SourceError::Format {
                source_name: self.name.clone(),
                problem: error.strip_backtrace(),
            })?;
        Ok(Arc::new(NormalizeExec::new(self.name.clone(), Arc::new(shape), plan)))
    }

    async fn physical(
        &self,
        session: &SessionContext,
        shape: &Shape,
        range: Option<Interval>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let provider = Arc::clone(&self.provider) as Arc<dyn TableProvider>;
        let mut frame = session.read_table(provider)?;
        if let Some(filter) =
            range.and_then(|range| filter::in_range(&self.time_column, &self.time_type, &self.time_kind, range))
        {
            frame = frame.filter(filter)?;
        }
        let schema = self.provider.schema();
        let columns: Vec<_> = shape
            .projection()
            .iter()
            .map(|&index| {
                datafusion::prelude::Expr::Column(datafusion::common::Column::new_unqualified(
                    schema.field(index).name(),
                ))
            })
            .collect();
        frame.select(columns)?.create_physical_plan().await
    }
}

fn compression(files: &[SourceFile]) -> Result<FileCompressionType, String> {
    let kind = |file: &SourceFile| match file.path.extension().and_then(|ending| ending.to_str()) {
        Some("gz") => FileCompressionType::GZIP,
        Some("zst") => FileCompressionType::ZSTD,
        _ => FileCompressionType::UNCOMPRESSED,
    };
    let mut kinds = files.iter().map(kind);
    let first = kinds.next().unwrap_or(FileCompressionType::UNCOMPRESSED);
    if kinds.any(|other| other != first) {
        return Err(
            "some of its files are compressed in another way than others: give each kind a source of its own".into(),
        );
    }
    Ok(first)
}

/// The types that rows which are passed on as they are have.
fn natural(schema: &Schema, time_column: &str) -> Schema {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| {
            if field.name() == time_column {
                return Field::new(field.name(), host_type::timestamp(), false);
            }
            Field::new(field.name(), natural_type(field.data_type()), field.is_nullable())
        })
        .collect();
    Schema::new(fields)
}

fn natural_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, values) => natural_type(values),
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 => DataType::Int64,
        DataType::Timestamp(_, _) => host_type::timestamp(),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => DataType::List(
            Arc::new(item.as_ref().clone().with_data_type(natural_type(item.data_type()))),
        ),
        other => other.clone(),
    }
}

/// What a scan read and what it could leave out, from DataFusion's own metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct ScanMetrics {
    /// Bytes read of files.
    pub bytes_scanned: u64,
    /// Files that the filter ruled out.
    pub files_pruned: u64,
    /// Row groups that the filter ruled out by their statistics.
    pub row_groups_pruned: u64,
    /// Row groups read.
    pub row_groups_matched: u64,
    /// Rows that page statistics ruled out.
    pub page_rows_pruned: u64,
}

impl ScanMetrics {
    /// Adds up two scans.
    pub fn add(&mut self, other: &Self) {
        let Self {
            bytes_scanned,
            files_pruned,
            row_groups_pruned,
            row_groups_matched,
            page_rows_pruned,
        } = other;
        self.bytes_scanned += bytes_scanned;
        self.files_pruned += files_pruned;
        self.row_groups_pruned += row_groups_pruned;
        self.row_groups_matched += row_groups_matched;
        self.page_rows_pruned += page_rows_pruned;
    }
}

/// Adds up the scans of a plan that has run.
pub fn scan_metrics(plan: &Arc<dyn ExecutionPlan>) -> ScanMetrics {
    let mut total = ScanMetrics::default();
    if let Some(metrics) = plan.metrics() {
        for metric in metrics.iter() {
            use datafusion::physical_plan::metrics::MetricValue;
            match metric.value() {
                MetricValue::Count { name, count } if name == "bytes_scanned" => {
                    total.bytes_scanned += count.value() as u64
                }
                MetricValue::PruningMetrics { name, pruning_metrics } => {
                    let (pruned, matched) = (pruning_metrics.pruned() as u64, pruning_metrics.matched() as u64);
                    match name.as_ref() {
                        "files_ranges_pruned_statistics" => total.files_pruned += pruned,
                        "row_groups_pruned_statistics" => {
                            total.row_groups_pruned += pruned;
                            total.row_groups_matched += matched;
                        }
                        "page_index_rows_pruned" => total.page_rows_pruned += pruned,
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }
    for child in plan.children() {
        total.add(&scan_metrics(child));
    }
    total
}
