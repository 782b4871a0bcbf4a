//! What jobs and passes will take, before they are run: rows, keys, bytes of an item, writes.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BinaryArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use chrono::NaiveDate;
use datafusion::physical_plan::execute_stream;
use futures::StreamExt;
use serde::Serialize;

use super::error::CliError;
use super::workbench::Workbench;
use crate::aggregate::{Aggregation, Function, Rows};
use crate::compaction::{FEW, KeptPass, looked_through};
use crate::definition::{BillingMode, FeatureView, OnlineLoad, OnlineStoreKind};
use crate::key::{KeyColumns, data_type};
use crate::materialize::MaterializeError;
use crate::online::{GenerationState, Item, LiveRecord, OBJECT_BYTES, source_bytes};
use crate::plan::{Job, last_due};
use crate::price::{Prices, read_half_units};
use crate::project::{CompiledView, columns};
use crate::source::Wanted;
use crate::time::{Interval, Timestamp, union};

/// What is expected of a view's jobs and of the pass after them. None is what cannot be told.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Counts {
    /// Jobs that are left.
    pub(crate) jobs: usize,
    /// Rows that they read of their sources, each once.
    pub(crate) source_rows: Option<u64>,
    /// Keys that have an item when all is done, about: 0.4% of standard error, and what expires is counted in.
    pub(crate) keys: Option<u64>,
    /// Bytes of an item with its key: the mean of those that were written last, else by the features' types.
    pub(crate) item_bytes: u64,
    /// Bytes of the largest item that the passes so far have written.
    pub(crate) item_bytes_max: Option<u64>,
    /// Writes to the online store.
    pub(crate) online_writes: Writes,
    /// What they cost; none of a store that is not paid for by the request, and of a view that is not served.
    pub(crate) online_dollars: Option<Dollars>,
}

/// What a view costs on DynamoDB, in dollars. None is what cannot be told, and `import` where nothing is imported.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Dollars {
    /// The region whose prices these are: the tables', or the one that stands in for it.
    pub(crate) prices_of: String,
    /// Whether that is another one than the tables'.
    pub(crate) stands_in: bool,
    /// Since when they hold.
    pub(crate) since: NaiveDate,
    /// Where they were read.
    pub(crate) source: String,
    /// If each row were written when it is made.
    pub(crate) by_row: Option<f64>,
    /// Each key once, item by item.
    pub(crate) rows: Option<f64>,
    /// All keys, as an import.
    pub(crate) import: Option<f64>,
    /// Which of these two is done: `rows` or `import`.
    pub(crate) way: &'static str,
    /// A later pass over one interval of the schedule.
    pub(crate) per_pass: Option<f64>,
    /// A million reads of a key.
    pub(crate) million_reads: f64,
    /// A month of the items' being there.
    pub(crate) storage_month: Option<f64>,
    /// Bytes of the largest item that was written so far.
    pub(crate) item_bytes_max: Option<u64>,
}

impl Dollars {
    /// Of what is done.
    pub(crate) fn planned(&self) -> Option<f64> {
        match self.way {
            "import" => self.import,
            _ => self.rows,
        }
    }
}

/// Names of an item's attributes and what they have beside the key and the value, in bytes.
const BESIDE: u64 = 6;

/// Prices what is counted, on a store that is paid for by the request.
pub(crate) fn priced(
    bench: &Workbench,
    view: &FeatureView,
    counts: &mut Counts,
    is_live: bool,
) -> Result<(), CliError> {
    let OnlineStoreKind::DynamoDb(store) = &bench.project().stores.online else {
        return Ok(());
    };
    let prices = Prices::of_project(store.prices.as_deref(), &bench.folder.root)?;
    let environment = || {
        let names = ["AWS_REGION", "AWS_DEFAULT_REGION"];
        names.iter().find_map(|name| std::env::var(name).ok())
    };
    let region = store.region.clone().or_else(environment);
    let price = prices.at(region.as_deref(), super::workbench::wall_clock());
    let (true, Some(price)) = (view.online, price) else {
        return Ok(());
    };
    let price = price.billed(store.billing_mode);
    let item = counts.item_bytes + BESIDE;
    let is_provisioned = store.billing_mode != BillingMode::OnDemand;
    let rows = |items: u64| price.rows(items, item);
    let is_shared = |keys: u64| keys <= u64::from(store.shared_table_items);
    let imported = |keys: u64| {
        let bytes = keys * source_bytes(0, item);
        price.imported(bytes, bytes.div_ceil(OBJECT_BYTES) + 1)
    };
    // A load is of all keys, whatever few of them have changed.
    let import = counts
        .keys
        .filter(|keys| store.staging.is_some() && !is_shared(*keys))
        .map(imported);
    let is_imported = |written: Option<u64>, is_live: bool| match (view.online_load, import, written) {
        (_, None, _) | (OnlineLoad::Rows, ..) => false,
        (OnlineLoad::Bulk, ..) => true,
        (OnlineLoad::Auto, Some(_), Some(written)) if is_live && written <= FEW => false,
        (OnlineLoad::Auto, Some(import), Some(written)) => is_provisioned && !is_live || import < rows(written),
        (OnlineLoad::Auto, Some(_), None) => !is_live,
    };
    let writes = &counts.online_writes;
    let per_pass = match is_imported(writes.per_pass, true) {
        true => import,
        false => writes.per_pass.map(rows),
    };
    let half_units = read_half_units(item, store.consistent_reads);
    let nothing = writes.consolidated == Some(0);
    counts.online_dollars = Some(Dollars {
        prices_of: price.region.clone(),
        stands_in: region.as_ref() != Some(&price.region),
        since: price.from,
        source: price.source.clone(),
        by_row: writes.by_row.map(rows),
        rows: writes.consolidated.map(rows),
        import,
        way: match !nothing && is_imported(writes.consolidated, is_live) {
            true => "import",
            false => "rows",
        },
        per_pass,
        million_reads: price.reads(1e6 * half_units as f64 / 2.0),
        storage_month: counts.keys.map(|keys| price.stored(keys, item)),
        item_bytes_max: counts.item_bytes_max,
    });
    Ok(())
}

/// Dollars on the command line.
pub(crate) fn dollars(text: &str) -> Result<f64, String> {
    let dollars = text.strip_prefix('$').unwrap_or(text).parse::<f64>();
    let dollars = dollars.ok().filter(|dollars| dollars.is_finite() && *dollars >= 0.0);
    dollars.ok_or_else(|| "give a number of dollars, such as 2.50".to_owned())
}

/// Writes to the online store, one for an item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Writes {
    /// If each row were written when it is made, a source row taken for a row.
    pub(crate) by_row: Option<u64>,
    /// As they are made: each key once, when the jobs are done.
    pub(crate) consolidated: Option<u64>,
    /// Of a later pass over one interval of the schedule, if the keys are active that were so in the last one.
    pub(crate) per_pass: Option<u64>,
}

/// Sources with more rows in the time that is looked at are not read for their keys, unless somebody asks for it.
const COUNTED_ROWS_MAX: u64 = 20_000_000;

/// Registers of 2^16 hold distinct keys with a standard error of 0.4%.
const PRECISION: u8 = 16;

/// Counts what is left to do for a view; `live` is what is online of it.
pub(crate) async fn counts(
    bench: &Workbench,
    compiled: &CompiledView,
    jobs: &[Job],
    source_rows: Option<u64>,
    live: Option<&(LiveRecord, GenerationState)>,
    passes: &[KeptPass],
    count: bool,
) -> Result<Counts, CliError> {
    let view = &compiled.view;
    if view.table.is_some() {
        let mut counts = Counts {
            jobs: 0,
            source_rows: None,
            keys: live.map(|(record, _)| record.items),
            item_bytes: item_bytes(compiled, passes),
            item_bytes_max: item_bytes_max(passes),
            // What is brought is written when it is, and nobody knows what will be.
            online_writes: Writes {
                by_row: Some(0),
                consolidated: Some(0),
                per_pass: None,
            },
            online_dollars: None,
        };
        priced(bench, view, &mut counts, live.is_some())?;
        return Ok(counts);
    }
    let start = view.feature_start_time;
    let due = last_due(view, compiled.data_delay, bench.now);
    let before = Timestamp::from_micros(due.micros().saturating_sub(view.batch_schedule.micros())).max(start);
    let tiles = compiled.tiles.as_deref();
    let reach = match tiles {
        Some(spec) => spec.reach(due, due),
        None => Interval { start, end: due },
    };
    let all = Interval {
        start: reach.start.max(start).min(due),
        end: due,
    };
    let counting = Counting { bench, compiled, count };
    let keys = counting.keys(&[all]).await?;
    let last_pass = looked_through(view, tiles, before, due);
    let (consolidated, per_pass) = match view.online {
        false => (Some(0), Some(0)),
        true => {
            let per_pass = counting.keys(&last_pass).await?;
            let consolidated = match live {
                None => keys,
                Some((_, state)) if jobs.is_empty() && state.through >= due => Some(0),
                Some((_, state)) => counting.keys(&looked_through(view, tiles, state.through, due)).await?,
            };
            (consolidated, per_pass)
        }
    };
    let by_row = match view.online {
        true => counting.rows(jobs),
        false => Some(0),
    };
    let mut counts = Counts {
        jobs: jobs.len(),
        source_rows,
        keys,
        item_bytes: item_bytes(compiled, passes),
        item_bytes_max: item_bytes_max(passes),
        online_writes: Writes {
            by_row,
            consolidated,
            per_pass,
        },
        online_dollars: None,
    };
    priced(bench, view, &mut counts, live.is_some())?;
    Ok(counts)
}

fn item_bytes_max(passes: &[KeptPass]) -> Option<u64> {
    let largest = passes.iter().map(|pass| pass.compacted.report.item_bytes_max).max();
    largest.filter(|bytes| *bytes > 0)
}

/// The mean of the last pass that wrote anything, else by types.
fn item_bytes(compiled: &CompiledView, passes: &[KeptPass]) -> u64 {
    let written = passes.iter().rev().map(|pass| pass.compacted.report);
    if let Some(report) = written.into_iter().find(|report| report.keys_written > 0) {
        return report.bytes_written / report.keys_written;
    }
    let view = &compiled.view;
    let keys = view.join_keys.iter().map(|key| match data_type(key.kind) {
        DataType::Utf8 => crate::online::TEXT_BYTES + 2,
        DataType::Boolean => 1,
        _ => 8,
    });
    let key_bytes: usize = keys.sum();
    let types: Vec<DataType> = match compiled.tiles.as_deref() {
        Some(spec) => spec.fields().iter().map(|field| field.data_type().clone()).collect(),
        None => {
            let fields = columns(view, &compiled.schema).into_iter();
            fields.map(|field| field.data_type().clone()).collect()
        }
    };
    (key_bytes + Item::estimated_len(key_bytes, &types)) as u64
}

struct Counting<'a> {
    bench: &'a Workbench,
    compiled: &'a CompiledView,
    count: bool,
}

impl Counting<'_> {
    /// Rows of the sources in the jobs' own intervals; none where a source does not tell.
    fn rows(&self, jobs: &[Job]) -> Option<u64> {
        let intervals = union(jobs.iter().map(|job| job.interval).collect());
        let inputs = self.compiled.inputs.iter();
        inputs.map(|(_, table)| table.rows(Some(&intervals))).sum()
    }

    /// Distinct keys of the sources' rows in these intervals, about; none if a source has no columns of that name, or too many rows.
    async fn keys(&self, intervals: &[Interval]) -> Result<Option<u64>, CliError> {
        let intervals = union(intervals.to_vec());
        let rows: Option<u64> = (self.compiled.inputs.iter())
            .map(|(_, table)| table.rows(Some(&intervals)))
            .sum();
        if !self.count && rows.is_none_or(|rows| rows > COUNTED_ROWS_MAX) {
            return Ok(None);
        }
        let join_keys = &self.compiled.view.join_keys;
        let fields = join_keys
            .iter()
            .map(|key| Field::new(&key.name, data_type(key.kind), false));
        let columns = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let names: Vec<String> = join_keys.iter().map(|key| key.name.clone()).collect();
        let wrong =
            |message: String| CliError::internal(format!("feature view `{}`: {message}", self.compiled.view.name));
        let aggregation = Aggregation::new(Function::ApproxCountDistinct(PRECISION), &DataType::Binary)
            .map_err(|error| wrong(error.to_string()))?;
        let mut states = aggregation.states();
        states.grow(1);
        for (_, table) in &self.compiled.inputs {
            let has_keys = names
                .iter()
                .all(|name| table.column_names().any(|column| column == name));
            if !has_keys {
                return Ok(None);
            }
            for interval in &intervals {
                let wanted = Wanted {
                    columns: Arc::clone(&columns),
                    keys: names.clone(),
                    range: Some(*interval),
                    and_time: false,
                };
                let scan = table.scan(&self.bench.session, wanted).await?;
                let failed = |error| MaterializeError::of_plan(&self.compiled.view.name, *interval, error);
                let mut batches =
                    execute_stream(Arc::clone(&scan.plan), self.bench.session.task_ctx()).map_err(failed)?;
                while let Some(batch) = batches.next().await {
                    let batch = batch.map_err(failed)?;
                    let keys = KeyColumns::new(&batch, join_keys).map_err(|error| wrong(error.message))?;
                    let encoded = BinaryArray::from_iter_values((0..batch.num_rows()).map(|row| keys.encode(row)));
                    let prepared = aggregation
                        .prepare(&(Arc::new(encoded) as ArrayRef))
                        .map_err(|error| wrong(error.to_string()))?;
                    let groups = vec![0; batch.num_rows()];
                    let rows = Rows {
                        values: prepared.as_ref(),
                        order: None,
                    };
                    states.update(&groups, rows).map_err(|error| wrong(error.to_string()))?;
                }
            }
        }
        let found = aggregation
            .finalize(states.as_ref())
            .map_err(|error| wrong(error.to_string()))?;
        let found = found.values.as_primitive::<Int64Type>().iter().next().flatten();
        Ok(Some(u64::try_from(found.unwrap_or(0)).unwrap_or(0)))
    }
}

/// A number of a table's cell.
pub(crate) fn cell(number: Option<u64>) -> String {
    number.map_or_else(|| "unknown".to_owned(), |number| number.to_string())
}
