//! Request views in training data: the transformation that answers requests runs on the rows of the spine, each at its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, UInt32Array, UInt64Array, new_null_array,
};
use arrow::buffer::NullBuffer;
use arrow::compute::{cast, concat, take};
use arrow::datatypes::{Field, Schema, SchemaRef, TimestampMicrosecondType};
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use sandglass_runtime::RunError;

use super::error::TrainingError;
use super::plan::value_column;
use super::spine::{CONTEXT, TIME};
use crate::definition::{FeatureFrom, InputFrom, ResolvedRequest, ResolvedService};
use crate::project::CompiledRequest;
use crate::transform::{Ask, Piece, RequestRuns, RowError, is_of_rows, row_as_json};

/// A request view and where its input comes from.
pub struct TrainingRequest {
    /// The view.
    pub compiled: CompiledRequest,
    /// For each column of the input.
    pub inputs: Vec<InputFrom>,
    /// The keys that what it reads is read with.
    pub resolved: ResolvedRequest,
    /// Where it runs.
    pub runs: Arc<RequestRuns>,
}

impl TrainingRequest {
    /// The features that it reads of a lookup.
    pub(super) fn reads(&self, lookup: usize) -> impl Iterator<Item = &str> {
        self.inputs.iter().filter_map(move |input| match input {
            InputFrom::Feature { entry, feature } if self.resolved.lookups.get(*entry) == Some(&lookup) => {
                Some(feature.as_str())
            }
            _ => None,
        })
    }

    /// The columns of its input as joins have them, and by the names that the stage finds them by.
    pub(super) fn columns(&self, place: usize) -> impl Iterator<Item = (String, String)> {
        let inputs = self.inputs.iter().enumerate();
        inputs.filter_map(move |(index, input)| {
            let column = match input {
                InputFrom::Context(field) => {
                    let field = self.compiled.view.request_context.get(*field)?;
                    format!("{CONTEXT}{}", field.name)
                }
                InputFrom::Feature { entry, feature } => value_column(*self.resolved.lookups.get(*entry)?, feature),
            };
            Some((column, input_column(place, index)))
        })
    }
}

fn input_column(request: usize, index: usize) -> String {
    format!("__input_{request}_{index}")
}

/// What request views did, once the rows are out.
#[derive(Debug, Default)]
pub struct RequestCounts {
    without: AtomicU64,
    rejected: Vec<AtomicU64>,
}

impl RequestCounts {
    /// Rows without what a view takes no null for, and so without its features; of all views.
    pub fn without(&self) -> u64 {
        self.without.load(Ordering::Relaxed)
    }

    /// Rows that a view failed on, of all views.
    pub fn rejected(&self) -> u64 {
        self.rejected.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

/// Where a column of the training data comes from.
enum Column {
    /// From the rows, by its place.
    Row(usize),
    /// From a request view, by its place and that of its column.
    Request(usize, usize),
}

/// What computes the features of request views.
pub struct RequestStage {
    requests: Vec<TrainingRequest>,
    /// For each request view the places of its input's columns among those of the rows.
    inputs: Vec<Vec<usize>>,
    time: usize,
    columns: Vec<Column>,
    schema: SchemaRef,
    counts: Arc<RequestCounts>,
}

impl RequestStage {
    /// For rows in these columns: the spine's own, features, the time, and the input of request views.
    pub(super) fn new(
        rows: &SchemaRef,
        own: &[String],
        service: &ResolvedService,
        requests: Vec<TrainingRequest>,
    ) -> Result<Self, TrainingError> {
        let place = |name: &str| {
            rows.index_of(name)
                .map_err(|error| TrainingError::Internal(error.to_string()))
        };
        let (mut columns, mut fields) = (Vec::new(), Vec::new());
        for (index, _) in own.iter().enumerate() {
            columns.push(Column::Row(index));
            fields.push(rows.field(index).clone());
        }
        for feature in &service.features {
            let name = feature.training_name();
            let (column, field) = match feature.from {
                FeatureFrom::Lookup(_) => {
                    let place = place(&name)?;
                    (Column::Row(place), rows.field(place).clone())
                }
                FeatureFrom::Request(request) => {
                    let compiled = requests.get(request).map(|request| &request.compiled);
                    let found = compiled.and_then(|compiled| compiled.features.column_with_name(&feature.feature));
                    let (column, field) = found.ok_or_else(|| TrainingError::Internal(format!("no `{name}`")))?;
                    let field = Field::new(&name, field.data_type().clone(), true);
                    (Column::Request(request, column), field)
                }
            };
            columns.push(column);
            fields.push(field);
        }
        let inputs = requests.iter().enumerate().map(|(at, request)| {
            let columns = 0..request.inputs.len();
            columns.map(|index| place(&input_column(at, index))).collect()
        });
        Ok(Self {
            inputs: inputs.collect::<Result<_, _>>()?,
            time: place(TIME)?,
            columns,
            schema: Arc::new(Schema::new(fields)),
            counts: Arc::new(RequestCounts {
                without: AtomicU64::new(0),
                rejected: requests.iter().map(|_| AtomicU64::new(0)).collect(),
            }),
            requests,
        })
    }

    /// The counts, which rise as rows come out.
    pub fn counts(&self) -> Arc<RequestCounts> {
        Arc::clone(&self.counts)
    }

    /// The training data of these rows, in their order. So many batches are computed at once.
    pub fn stream(self, rows: SendableRecordBatchStream, batches: usize) -> SendableRecordBatchStream {
        let schema = Arc::clone(&self.schema);
        let this = Arc::new(self);
        let computed = rows
            .map(move |batch| {
                let this = Arc::clone(&this);
                async move {
                    let computed = this.batch(&batch?).await;
                    computed.map_err(|error| DataFusionError::External(Box::new(error)))
                }
            })
            .buffered(batches.max(1));
        Box::pin(RecordBatchStreamAdapter::new(schema, computed))
    }

    async fn batch(&self, rows: &RecordBatch) -> Result<RecordBatch, TrainingError> {
        let mut computed = Vec::with_capacity(self.requests.len());
        for at in 0..self.requests.len() {
            computed.push(self.features(at, rows).await?);
        }
        let columns = self.columns.iter().map(|column| match *column {
            Column::Row(place) => Arc::clone(rows.column(place)),
            Column::Request(request, column) => Arc::clone(&computed[request][column]),
        });
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns.collect(), &options).map_err(internal)
    }

    /// The columns that a request view makes of rows. Rows without a time, and those without what it takes no null for, have
    /// none: no request could have asked for them.
    async fn features(&self, at: usize, rows: &RecordBatch) -> Result<Vec<ArrayRef>, TrainingError> {
        let request = &self.requests[at];
        let input = &request.compiled.input;
        let columns = self.inputs[at].iter().zip(input.fields());
        let columns = columns.map(|(place, field)| cast(rows.column(*place), field.data_type()).map_err(internal));
        let columns = columns.collect::<Result<Vec<ArrayRef>, _>>()?;
        let times = rows.column(self.time).as_primitive::<TimestampMicrosecondType>();
        let needed = input
            .fields()
            .iter()
            .zip(&columns)
            .filter(|(field, _)| !field.is_nullable());
        let nulls = needed.fold(times.nulls().cloned(), |nulls, (_, column)| {
            NullBuffer::union(nulls.as_ref(), column.nulls())
        });
        let is_usable = |row: &u32| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*row as usize));
        let mut usable: Vec<u32> = (0..rows.num_rows() as u32).filter(is_usable).collect();
        let without = rows.num_rows() - times.null_count() - usable.len();
        self.counts.without.fetch_add(without as u64, Ordering::Relaxed);
        // Rows of one time are one run, wherever they are in the batch.
        usable.sort_by_key(|row| times.value(*row as usize));
        let usable = UInt32Array::from(usable);
        let kept = columns.iter().map(|column| take(column, &usable, None));
        let kept = kept.collect::<Result<Vec<ArrayRef>, _>>().map_err(internal)?;
        let options = RecordBatchOptions::new().with_row_count(Some(usable.len()));
        let kept = RecordBatch::try_new_with_options(Arc::clone(input), kept, &options).map_err(internal)?;
        let times = take(times, &usable, None).map_err(internal)?;
        let times = times.as_primitive::<TimestampMicrosecondType>().clone();
        let ask = Ask {
            deadline: None,
            row_by_row: true,
        };
        let computed = request.runs.compute(kept.clone(), times, ask).await;
        let computed = computed.map_err(|error| self.failed(at, error, String::new()))?;
        let made = self.pieces(at, &kept, computed.pieces)?;
        // Back to the rows' places.
        let mut places = vec![None; rows.num_rows()];
        for (place, row) in usable.values().iter().enumerate() {
            places[*row as usize] = Some(place as u64);
        }
        let places = UInt64Array::from(places);
        let columns = made.iter().zip(request.compiled.features.fields());
        columns
            .map(|(column, field)| {
                let column = take(column, &places, None).map_err(internal)?;
                cast(&column, field.data_type()).map_err(internal)
            })
            .collect()
    }

    /// The columns of pieces, in their order; null where rows were rejected.
    fn pieces(&self, at: usize, input: &RecordBatch, pieces: Vec<Piece>) -> Result<Vec<ArrayRef>, TrainingError> {
        let request = &self.requests[at];
        let output = request.runs.output();
        let mut columns: Vec<Vec<ArrayRef>> = output.fields().iter().map(|_| Vec::new()).collect();
        for Piece { rows, outcome } in pieces {
            match outcome {
                Ok(batch) => {
                    for (column, made) in columns.iter_mut().zip(batch.columns()) {
                        column.push(Arc::clone(made));
                    }
                }
                Err(RowError::Run(error)) if is_of_rows(&error) => {
                    let allowed = request.compiled.view.max_rejected;
                    let rejected = &self.counts.rejected[at];
                    let (first, rows) = (rows.start, rows.len());
                    if rejected.fetch_add(rows as u64, Ordering::Relaxed) + rows as u64 > allowed {
                        return Err(self.failed(at, error, row_as_json(input, first)));
                    }
                    for (column, field) in columns.iter_mut().zip(output.fields()) {
                        column.push(new_null_array(field.data_type(), rows));
                    }
                }
                Err(RowError::Run(error)) => return Err(self.failed(at, error, String::new())),
                Err(RowError::OutOfTime) => return Err(TrainingError::Internal("no deadline was given".to_owned())),
            }
        }
        columns
            .iter()
            .zip(output.fields())
            .map(|(parts, field)| match parts.as_slice() {
                [] => Ok(new_null_array(field.data_type(), 0)),
                parts => {
                    let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
                    concat(&parts).map_err(internal)
                }
            })
            .collect()
    }

    fn failed(&self, at: usize, error: RunError, row: String) -> TrainingError {
        let view = &self.requests[at].compiled.view;
        TrainingError::Request {
            view: view.name.clone(),
            row,
            allowed: view.max_rejected,
            error: Box::new(error),
        }
    }
}

fn internal(error: arrow::error::ArrowError) -> TrainingError {
    TrainingError::Internal(error.to_string())
}
