//! Transformations in unit tests, without WebAssembly, through the same conversions and checks as in a component.

use std::rc::Rc;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::context::{Context, Interval, Mode};
use crate::contract::{Input, Value};
use crate::decode::decode;
use crate::encode::Encoded;
use crate::error::{Error, Result};
use crate::gather::{concatenate, take_rows};
use crate::key::key_columns;
use crate::log::{Level, capture};
use crate::output::{Checked, by_name, conform};
use crate::run::Driver;
use crate::schema::nodes;
use crate::transformation::{Scope, Transformation};

/// A batch of these columns, for an input.
///
/// # Panics
/// Columns have different lengths.
pub fn batch<'a>(columns: impl IntoIterator<Item = (&'a str, ArrayRef)>) -> RecordBatch {
    let (fields, columns): (Vec<_>, Vec<_>) = columns
        .into_iter()
        .map(|(name, column)| {
            let field = Field::new(name, column.data_type().clone(), true);
            (field, column)
        })
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
    /// What was logged.
    pub logs: Vec<(Level, String)>,
}

/// A run in the making. Parameters have their defaults, the interval is the first day of 1970 and the host wants source rows,
/// unless it is said otherwise.
pub struct Test {
    transformation: Transformation,
    context: Context,
    given: Vec<(String, Value)>,
    batch_rows: usize,
}

impl Test {
    /// A run of this transformation.
    pub fn new(transformation: Transformation) -> Self {
        let day = Interval {
            start: 0,
            end: 86_400_000_000,
        };
        let context = Context {
            mode: Mode::Materialize(day),
            ranges: vec![Some(day); transformation.inputs.len()],
            parameters: Vec::new(),
            lineage: true,
            properties: Vec::new(),
        };
        Self {
            transformation,
            context,
            given: Vec::new(),
            batch_rows: 8_192,
        }
    }

    /// The interval whose rows are made, `[start, end)` in microseconds since 1970; also every input's range.
    pub fn interval(mut self, start: i64, end: i64) -> Self {
        let interval = Interval { start, end };
        self.context.mode = Mode::Materialize(interval);
        self.context.ranges.fill(Some(interval));
        self
    }

    /// Rows as they arrive, instead of an interval's.
    pub fn streaming(mut self) -> Self {
        self.context.mode = Mode::Streaming;
        self.unfiltered()
    }

    /// One request at this time, instead of an interval.
    pub fn request(mut self, at: i64) -> Self {
        self.context.mode = Mode::Request(at);
        self.unfiltered()
    }

    /// The time range that an input was filtered to.
    pub fn range(mut self, input: usize, start: i64, end: i64) -> Self {
        self.context.ranges[input] = Some(Interval { start, end });
        self
    }

    /// No input was filtered.
    pub fn unfiltered(mut self) -> Self {
        self.context.ranges.fill(None);
        self
    }

    /// Whether the host wants source rows.
    pub fn lineage(mut self, wanted: bool) -> Self {
        self.context.lineage = wanted;
        self
    }

    /// The value of a parameter.
    pub fn parameter(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.given.retain(|(other, _)| other != name);
        self.given.push((name.to_owned(), value.into()));
        self
    }

    /// Hands rows in by batches of so many, to test what happens at their edges.
    pub fn batch_rows(mut self, rows: usize) -> Self {
        self.batch_rows = rows.max(1);
        self
    }

    /// Runs it over the rows of each input, whose columns are found by name. As the host does, it sorts the rows of a keyed
    /// transformation by key, then by time: the column `timestamp`, or else the first of that kind.
    pub fn run(self, inputs: impl IntoIterator<Item = RecordBatch>) -> Result<Outcome> {
        let inputs: Vec<_> = inputs.into_iter().collect();
        let (outcome, logs) = capture(|| self.run_uncaptured(&inputs));
        outcome.map(|outcome| Outcome { logs, ..outcome })
    }

    fn run_uncaptured(mut self, batches: &[RecordBatch]) -> Result<Outcome> {
        self.context.parameters = self.parameters()?;
        let Transformation {
            inputs,
            output,
            scope,
            ..
        } = self.transformation.clone();
        let schemas = inputs.iter().map(|input| &input.columns).chain([&output]);
        schemas.map(nodes).collect::<Result<Vec<_>>>()?;
        if batches.len() != inputs.len() {
            let (have, want) = (batches.len(), inputs.len());
            return Err(Error::new(format!("{have} batches for {want} inputs")));
        }
        let mut driver = Driver::open(Rc::new(self.transformation), self.context)?;
        let mut seen = Seen::default();
        for (index, (input, rows)) in inputs.iter().zip(batches).enumerate() {
            let rows = prepare(input, rows, scope)?;
            for from in (0..rows.num_rows()).step_by(self.batch_rows) {
                let part = rows.slice(from, self.batch_rows.min(rows.num_rows() - from));
                driver.push(
                    index as u32,
                    crossed(&input.columns, part.columns(), part.num_rows())?,
                )?;
                seen.drain(&mut driver, from as u32)?;
            }
        }
        if scope == Scope::Keyed {
            driver.end_keys()?;
            seen.drain(&mut driver, 0)?;
        }
        driver.finish()?;
        seen.drain(&mut driver, 0)?;
        Ok(Outcome {
            batch: concatenate(&output, &seen.parts)?,
            source_rows: seen.source_rows,
            rejected: seen.rejected,
            logs: Vec::new(),
        })
    }

    /// What the host would hand over: the given ones, and defaults for the rest.
    fn parameters(&self) -> Result<Vec<(String, Value)>> {
        let declared = &self.transformation.parameters;
        for (name, _) in &self.given {
            if !declared.iter().any(|parameter| parameter.name == *name) {
                return Err(Error::parameter(format!("there is no parameter `{name}`")));
            }
        }
        let value = |parameter: &crate::Parameter| {
            let name = &parameter.name;
            let mut given = self.given.iter();
            let given = given.find(|(other, _)| other == name);
            let value = given.map(|(_, value)| parameter.kind.of(value.clone()));
            value
                .or_else(|| parameter.default.clone())
                .map(|value| (name.clone(), value))
                .ok_or_else(|| Error::parameter(format!("parameter `{name}` must be given")))
        };
        declared.iter().map(value).collect()
    }
}

/// What the other side of the boundary has of these columns: all in memory of its own.
pub(crate) fn crossed(
    schema: &SchemaRef,
    columns: &[ArrayRef],
    rows: usize,
) -> Result<RecordBatch> {
    let mut encoded = Encoded::default();
    encoded.fill(schema, columns, rows)?;
    let nodes = std::mem::take(&mut encoded.nodes);
    decode(schema, encoded.rows, &nodes, &mut encoded.take_buffers())
}

/// The rows as the host would hand them in.
fn prepare(input: &Input, rows: &RecordBatch, scope: Scope) -> Result<RecordBatch> {
    let named = |error: Error| Error::new(format!("input `{}`: {}", input.name, error.message));
    let columns = by_name(&input.columns, rows).map_err(named)?;
    conform(&input.columns, &columns, rows.num_rows()).map_err(named)?;
    let rows = crossed(&input.columns, &columns, rows.num_rows())?;
    if scope != Scope::Keyed {
        return Ok(rows);
    }
    let keys = key_columns(&input.columns, &input.keys, &rows)?;
    let times = key_columns(&input.columns, &time_column(input), &rows)?;
    let mut order: Vec<u32> = (0..rows.num_rows() as u32).collect();
    order.sort_by_key(|row| {
        let columns = keys.iter().chain(&times);
        columns
            .map(|column| column.value(*row as usize))
            .collect::<Vec<_>>()
    });
    take_rows(&rows, &order)
}

fn time_column(input: &Input) -> Vec<String> {
    let is_time = |field: &&Arc<Field>| matches!(field.data_type(), DataType::Timestamp(..));
    let fields = input.columns.fields().iter();
    let mut times = fields.filter(is_time).map(|field| field.name().clone());
    let first = times.next();
    if times.any(|name| name == "timestamp") {
        return vec!["timestamp".to_owned()];
    }
    first.into_iter().collect()
}

#[derive(Default)]
struct Seen {
    parts: Vec<RecordBatch>,
    source_rows: Option<Vec<u32>>,
    rejected: Vec<(u32, String)>,
}

impl Seen {
    /// Takes what is ready; `from` is where the batch last pushed starts in its input.
    fn drain(&mut self, driver: &mut Driver, from: u32) -> Result<()> {
        while let Some(checked) = driver.next()? {
            let Checked {
                schema,
                columns,
                rows,
                source_rows,
                rejected,
            } = checked;
            self.parts.push(crossed(&schema, &columns, rows)?);
            if let Some(rows) = source_rows {
                let rows = rows.into_iter().map(|row| row + from);
                self.source_rows.get_or_insert_default().extend(rows);
            }
            let rejected = rejected.into_iter();
            self.rejected
                .extend(rejected.map(|(row, message)| (row + from, message)));
        }
        driver.check_aligned()
    }
}
