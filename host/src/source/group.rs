use std::path::Component;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::common::{DFSchema, DataFusionError, ScalarValue};
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, FileSource, ParquetSource};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use object_store::ObjectMeta;
use object_store::path::Path as ObjectPath;

use super::csv;
use super::files::SourceFile;
use super::filter;
use super::lines::{JsonFile, JsonLinesExec};
use super::shape::{Column, Shape};
use super::times::TimeKind;
use crate::time::Interval;

/// What a group's files are.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Parquet,
    Csv(FileCompressionType),
    Json,
}

/// Files of one schema. They are scanned together, with a filter in the types that they have.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) kind: Kind,
    /// Columns as the files have them. CSV files have text; for JSON it is only names.
    pub(super) schema: SchemaRef,
    /// What the values of text look like; the types of `schema` for others.
    pub(super) looks: Vec<DataType>,
    /// One of the files, for messages.
    pub(super) example: String,
    /// The columns as they are seen.
    pub(super) columns: Vec<Column>,
    /// The time column's place in the scan's schema, its type there, and how it holds time; none if these files lack it.
    pub(super) time: Option<(usize, DataType, TimeKind)>,
}

/// What files add to their columns: values of their folders, and the time of these.
#[derive(Debug, Clone, Default)]
pub(super) struct Added {
    /// Text, named as in the template or in the Delta table.
    pub(super) columns: Vec<String>,
    /// Whether the folders have a time; then there are two more columns with its bounds.
    pub(super) has_time: bool,
}

impl Added {
    fn fields(&self) -> Vec<FieldRef> {
        let text = |name: &String| Arc::new(Field::new(name, DataType::Utf8, true));
        let bound = |name: &str| Arc::new(Field::new(name, DataType::Int64, true));
        let bounds = self.has_time.then(|| [bound("__folder_start"), bound("__folder_end")]);
        self.columns
            .iter()
            .map(text)
            .chain(bounds.into_iter().flatten())
            .collect()
    }

    fn values(&self, file: &SourceFile) -> Vec<ScalarValue> {
        let mut values: Vec<_> = (0..self.columns.len())
            .map(|index| ScalarValue::Utf8(file.partition.values.get(index).cloned().flatten()))
            .collect();
        if self.has_time {
            let range = file.partition.range;
            values.push(ScalarValue::Int64(range.map(|range| range.start.micros())));
            values.push(ScalarValue::Int64(range.map(|range| range.end.micros())));
        }
        values
    }
}

impl Group {
    /// The scan of some of the group's files in the shape's projection. What the filter cannot rule out is read: the shape
    /// looks at all of it.
    pub(super) async fn scan(
        &self,
        session: &SessionContext,
        source: &str,
        files: &[&SourceFile],
        added: &Added,
        shape: &Shape,
        range: Option<Interval>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let state = session.state();
        let target = state.config().target_partitions().max(1);
        let (format, source): (Arc<dyn FileFormat>, Arc<dyn FileSource>) = match &self.kind {
            Kind::Json => return Ok(self.lines(source, files, added, shape, target)),
            Kind::Parquet => {
                let table = self.table(added);
                let filter = range.and_then(|range| self.filter(range));
                let mut parquet = ParquetSource::new(table.clone());
                if let Some(filter) = filter {
                    let schema = DFSchema::try_from(table.table_schema().as_ref().clone())?;
                    parquet = parquet.with_predicate(state.create_physical_expr(filter, &schema)?);
                }
                let format = ParquetFormat::default().with_skip_metadata(true);
                (Arc::new(format), Arc::new(parquet))
            }
            Kind::Csv(compression) => {
                let format = csv::format(*compression);
                let table = self.table(added);
                let source = format.file_source(table);
                (Arc::new(format), source)
            }
        };
        let listed = files
            .iter()
            .map(|file| Ok(PartitionedFile::new_from_meta(meta(file)?).with_partition_values(added.values(file))))
            .collect::<Result<Vec<_>, DataFusionError>>()?;
        let config = FileScanConfigBuilder::new(store(session, files)?, source)
            .with_file_groups(FileGroup::new(listed).split_files(target))
            .with_projection_indices(Some(shape.projection().to_vec()))?
            .build();
        let plan = format.create_physical_plan(&state, config).await?;
        Ok(plan.repartitioned(target, state.config_options())?.unwrap_or(plan))
    }

    fn table(&self, added: &Added) -> TableSchema {
        TableSchema::builder(Arc::clone(&self.schema))
            .with_table_partition_cols(added.fields())
            .build()
    }

    fn filter(&self, range: Interval) -> Option<datafusion::logical_expr::Expr> {
        let (index, data_type, kind) = self.time.as_ref()?;
        let field = self.schema.fields().get(*index)?;
        filter::in_range(field.name(), data_type, kind, range)
    }

    fn lines(
        &self,
        source: &str,
        files: &[&SourceFile],
        added: &Added,
        shape: &Shape,
        target: usize,
    ) -> Arc<dyn ExecutionPlan> {
        let own = self.schema.fields();
        let more = added.fields();
        let (mut keys, mut constants, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for (&index, read_as) in shape.projection().iter().zip(shape.read_as()) {
            if let Some(field) = own.get(index) {
                let data_type = read_as.clone().unwrap_or(DataType::Utf8);
                keys.push(Field::new(field.name(), data_type, true));
            } else if let Some(field) = index.checked_sub(own.len()).and_then(|place| more.get(place)) {
                constants.push(Arc::clone(field));
                places.push(index - own.len());
            }
        }
        let files = files
            .iter()
            .map(|file| {
                let values = added.values(file);
                JsonFile {
                    place: file.place.clone(),
                    size_bytes: file.size_bytes,
                    compression: file.compression(),
                    constants: places.iter().filter_map(|place| values.get(*place).cloned()).collect(),
                }
            })
            .collect();
        Arc::new(JsonLinesExec::new(
            source.to_owned(),
            Arc::new(Schema::new(keys)),
            &Schema::new(constants),
            files,
            target,
        ))
    }
}

/// What the files' store is called in plans, which know it from here on.
fn store(session: &SessionContext, files: &[&SourceFile]) -> Result<ObjectStoreUrl, DataFusionError> {
    let Some(first) = files.first() else {
        return Ok(ObjectStoreUrl::local_filesystem());
    };
    match (first.place.store()?, first.place.store_url()?) {
        (Some((store, _)), Some(url)) => {
            session.runtime_env().register_object_store(url.as_ref(), store);
            Ok(url)
        }
        _ => Ok(ObjectStoreUrl::local_filesystem()),
    }
}

/// A file as object stores name it, whose paths do not go up.
fn meta(file: &SourceFile) -> Result<ObjectMeta, DataFusionError> {
    let location = match (file.place.store()?, file.place.folder()) {
        (Some((_, path)), _) => path,
        (None, Some(path)) if path.components().any(|part| part == Component::ParentDir) => {
            ObjectPath::from_filesystem_path(path)?
        }
        (None, path) => ObjectPath::from_absolute_path(path.unwrap_or("/".as_ref()))?,
    };
    Ok(ObjectMeta {
        location,
        last_modified: file.modified.datetime().unwrap_or_default(),
        size: file.size_bytes,
        e_tag: file.e_tag.clone(),
        version: None,
    })
}
