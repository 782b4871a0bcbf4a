use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use arrow::util::pretty::pretty_format_batches;
use futures::StreamExt;
use parquet::arrow::ArrowWriter;
use serde_json::json;

use super::compile;
use super::error::CliError;
use super::output::Printer;
use super::workbench::{Workbench, shown};
use crate::materialize::run_to_stream;
use crate::time::{Interval, Timestamp};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The feature view.
    view: String,
    /// Where the interval begins.
    #[arg(long)]
    start: Timestamp,
    /// Where it ends; one schedule interval after its start if it is not said.
    #[arg(long)]
    end: Option<Timestamp>,
    /// Writes the rows to a file instead: .parquet or .csv.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Shows so many rows.
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

enum Sink {
    Parquet(Box<ArrowWriter<std::fs::File>>),
    Csv(Box<arrow::csv::Writer<std::fs::File>>),
    Terminal,
}

pub(crate) async fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let compiled = compile::folder(bench, printer).await?;
    compile::is_kept(bench.project(), &arguments.view)?;
    let view = compile::view(&compiled.views, &arguments.view)?;
    if view.view.table.is_some() {
        let message = format!("`{}` is a feature table, and no job makes its rows", arguments.view);
        let hint = format!("`sandglass ingest {} --file …` brings them", arguments.view);
        return Err(CliError::invalid(message, Some(hint)));
    }
    let end = arguments
        .end
        .unwrap_or_else(|| arguments.start.saturating_add(view.view.batch_schedule));
    let interval = Interval::new(arguments.start, end)
        .filter(|interval| !interval.is_empty())
        .ok_or_else(|| {
            CliError::invalid(
                format!("the interval ends at {end} and begins at {}", arguments.start),
                None,
            )
        })?;
    let (mut rows, report) = run_to_stream(&bench.session, &bench.guests, view, interval).await?;
    let mut sink = open(arguments, view)?;
    let mut shown_rows: Vec<RecordBatch> = Vec::new();
    let mut count = 0;
    while let Some(batch) = rows.next().await {
        let batch =
            batch.map_err(|error| crate::materialize::MaterializeError::of_plan(&arguments.view, interval, error))?;
        match &mut sink {
            Sink::Parquet(writer) => writer.write(&batch).map_err(|error| unwritable(arguments, &error))?,
            Sink::Csv(writer) => writer.write(&batch).map_err(|error| unwritable(arguments, &error))?,
            Sink::Terminal => {
                let room = arguments.limit.saturating_sub(count);
                if room > 0 {
                    shown_rows.push(batch.slice(0, room.min(batch.num_rows())));
                }
            }
        }
        count += batch.num_rows();
    }
    if let Sink::Parquet(writer) = sink {
        writer.close().map_err(|error| unwritable(arguments, &error))?;
    }
    let (report, letters) = report();
    for letter in letters.iter().take(arguments.limit) {
        printer.tell(&format!("rejected: {letter}"));
    }
    let mut text = String::new();
    if arguments.out.is_none() && !printer.is_json() {
        text = drawn(&shown_rows).map_err(|error| CliError::internal(error.to_string()))?;
    }
    let more = if arguments.out.is_none() && count > arguments.limit {
        format!(", {} shown", arguments.limit)
    } else {
        String::new()
    };
    printer.tell(&format!(
        "{count} rows{more}; {} rows in, {} rejected",
        report.source.rows, report.rejected
    ));
    let values: Vec<serde_json::Value> = shown_rows.iter().flat_map(row_values).collect();
    printer.answer(&text, &json!({ "rows": values, "count": count, "report": report }));
    Ok(())
}

/// Characters of a cell that are drawn: the time to draw one rises with the square of its length.
const CELL_CHARS: usize = 200;

/// Rows as a table for people, with long cells cut.
fn drawn(batches: &[RecordBatch]) -> Result<String, ArrowError> {
    let options = FormatOptions::default();
    let cut = |batch: &RecordBatch| {
        let column = |column: &ArrayRef| {
            let cells = ArrayFormatter::try_new(column.as_ref(), &options)?;
            let cells = (0..column.len()).map(|row| cells.value(row).try_to_string().map(shortened));
            Ok(Arc::new(StringArray::from_iter_values(cells.collect::<Result<Vec<_>, _>>()?)) as ArrayRef)
        };
        let columns = batch
            .columns()
            .iter()
            .map(column)
            .collect::<Result<Vec<_>, ArrowError>>()?;
        let names = batch.schema_ref().fields().iter().map(|field| field.name().clone());
        RecordBatch::try_from_iter(names.zip(columns))
    };
    let cut = batches.iter().map(cut).collect::<Result<Vec<_>, _>>()?;
    Ok(pretty_format_batches(&cut)?.to_string())
}

fn shortened(cell: String) -> String {
    match cell.char_indices().nth(CELL_CHARS) {
        Some((end, _)) => format!("{} […]", cell.get(..end).unwrap_or_default()),
        None => cell,
    }
}

fn row_values(batch: &RecordBatch) -> Vec<serde_json::Value> {
    let value = |row: usize| {
        let fields = batch.schema_ref().fields().iter().zip(batch.columns());
        let object: serde_json::Map<_, _> = fields
            .map(|(field, column)| {
                let value =
                    crate::online::Value::of(column, row).map_or(serde_json::Value::Null, |value| value.to_json());
                (field.name().clone(), value)
            })
            .collect();
        serde_json::Value::Object(object)
    };
    (0..batch.num_rows()).map(value).collect()
}

fn open(arguments: &Arguments, view: &crate::project::CompiledView) -> Result<Sink, CliError> {
    let Some(path) = &arguments.out else {
        return Ok(Sink::Terminal);
    };
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if !matches!(ending, "parquet" | "csv") {
        let hint = Some("end it in .parquet or .csv".to_owned());
        return Err(CliError::invalid(
            format!("cannot tell the format of {}", shown(path)),
            hint,
        ));
    }
    let file = std::fs::File::create(path).map_err(|error| unwritable(arguments, &error))?;
    if ending == "csv" {
        return Ok(Sink::Csv(Box::new(
            arrow::csv::WriterBuilder::new().with_header(true).build(file),
        )));
    }
    let writer =
        ArrowWriter::try_new(file, Arc::clone(&view.schema), None).map_err(|error| unwritable(arguments, &error))?;
    Ok(Sink::Parquet(Box::new(writer)))
}

fn unwritable(arguments: &Arguments, error: &dyn std::fmt::Display) -> CliError {
    let path = arguments.out.as_deref().map(shown).unwrap_or_default();
    CliError::invalid(format!("cannot write {path}: {error}"), None)
}
