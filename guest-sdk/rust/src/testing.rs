//! Transformations in unit tests, without WebAssembly, through the same conversions as in a component.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Field, Schema};

use crate::context::{Context, Interval, Mode};
use crate::contract::Value;
use crate::convert::{decode, encode};
use crate::error::{Error, Result};
use crate::group::concatenate;
use crate::run::Run;
use crate::transformation::{Body, Transformation};

/// A batch of these columns, for an input.
///
/// # Panics
/// Columns have different lengths.
pub fn batch<'a>(columns: impl IntoIterator<Item = (&'a str, ArrayRef)>) -> RecordBatch {
    let (fields, columns): (Vec<_>, Vec<_>) = columns
        .into_iter()
        .map(|(name, column)| (Field::new(name, column.data_type().clone(), true), column))
        .unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).expect("columns of one length")
}

/// What a run returned.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// All rows.
    pub batch: RecordBatch,
    /// The row of the input that each came from, in the row and aligned scopes.
    pub source_rows: Option<Vec<u32>>,
    /// Rejected rows of the input and their reasons.
    pub rejected: Vec<(u32, String)>,
}

/// A run in the making. Parameters have their defaults, the interval is the first day of 1970 unless it is said.
pub struct Test {
    transformation: Transformation,
    context: Context,
}

impl Test {
    /// A run of this transformation.
    pub fn new(transformation: Transformation) -> Self {
        let interval = Interval {
            start: 0,
            end: 86_400_000_000,
        };
        let parameters = transformation
            .parameters
            .iter()
            .filter_map(|parameter| Some((parameter.name.clone(), parameter.default.clone()?)))
            .collect();
        let ranges = transformation.inputs.iter().map(|_| Some(interval)).collect();
        let context = Context {
            mode: Mode::Materialize(interval),
            ranges,
            parameters,
            lineage: true,
        };
        Self {
            transformation,
            context,
        }
    }

    /// The interval whose rows are made, `[start, end)` in microseconds since 1970; also every input's range.
    pub fn interval(mut self, start: i64, end: i64) -> Self {
        let interval = Interval { start, end };
        self.context.mode = Mode::Materialize(interval);
        self.context.ranges.fill(Some(interval));
        self
    }

    /// The value of a parameter.
    pub fn parameter(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.context.parameters.retain(|(other, _)| other != name);
        self.context.parameters.push((name.to_owned(), value.into()));
        self
    }

    /// Runs it over one batch for each input, whose columns are found by name. For the keyed scope rows come sorted by key,
    /// then time, as the host sorts them.
    pub fn run(self, inputs: impl IntoIterator<Item = RecordBatch>) -> Result<Outcome> {
        let keyed = matches!(self.transformation.body, Body::Keyed(_));
        let output = Arc::clone(&self.transformation.output);
        let declared = self.transformation.inputs.clone();
        let batches: Vec<_> = inputs.into_iter().collect();
        if batches.len() != declared.len() {
            return Err(Error::new(format!(
                "{} batches for {} inputs",
                batches.len(),
                declared.len()
            )));
        }
        let mut run = Run::open(self.transformation, self.context)?;
        let mut outputs = Vec::new();
        for (index, (input, batch)) in declared.iter().zip(&batches).enumerate() {
            let places = input
                .columns
                .fields()
                .iter()
                .map(|field| batch.schema().index_of(field.name()));
            let projected = batch.project(&places.collect::<Result<Vec<_>, _>>()?)?;
            let projected = RecordBatch::try_new(Arc::clone(&input.columns), projected.columns().to_vec())?;
            run.push(index, decode(&input.columns, encode(&projected)?)?)?;
            outputs.extend(std::iter::from_fn(|| run.next()));
        }
        if keyed {
            run.end_keys()?;
        }
        run.finish()?;
        outputs.extend(std::iter::from_fn(|| run.next()));
        let mut parts = Vec::new();
        let (mut source_rows, mut rejected) = (None::<Vec<u32>>, Vec::new());
        for finished in outputs {
            parts.push(decode(&output, encode(&finished.batch)?)?);
            if let Some(rows) = finished.source_rows {
                source_rows.get_or_insert_default().extend(rows);
            }
            rejected.extend(finished.rejected);
        }
        let shape = crate::contract::Input {
            name: String::new(),
            columns: output,
            keys: Vec::new(),
        };
        Ok(Outcome {
            batch: concatenate(&shape, &parts)?,
            source_rows,
            rejected,
        })
    }
}
