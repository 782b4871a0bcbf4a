use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::prelude::ParquetReadOptions;
use serde_json::json;

use super::error::CliError;
use super::output::{Printer, table};
use super::workbench::Workbench;
use super::{Global, apply, get, materialize, plan, training_data};
use crate::project::FILE;

const EXAMPLE: &str = "examples/purchases";
/// The day after the last purchase in the data.
const NOW: &str = "1998-07-01";
/// What the training set has of the feature service.
const FEATURES: [&str; 3] = [
    "purchase_details[weekday]",
    "customer_rfm[frequency]",
    "customer_spend[amount_sum_30d_1d,amount_mean_lifetime_1d,amount_last_5_90d_1d]",
];

pub(crate) async fn run(global: Global, printer: &Printer) -> Result<(), CliError> {
    let now = NOW.parse().map_err(|_| CliError::internal("the demo's time"))?;
    let global = Global {
        project: example()?,
        now: Some(global.now.unwrap_or(now)),
        ..global
    };
    let bench = Workbench::open(&global)?;
    printer.tell(&format!(
        "The project is {}: 69,659 purchases of 23,570 customers of a CD shop.",
        global.project.display()
    ));
    printer.tell("\n$ sandglass plan");
    plan::run(&bench, &plan::Arguments::default(), printer).await?;
    printer.tell("\n$ sandglass apply");
    apply::run(&bench, &apply::Arguments::default(), printer).await?;
    printer.tell("\n$ sandglass materialize");
    materialize::run(&bench, &materialize::Arguments::all(), printer).await?;
    for name in ["customer_rfm", "customer_features"] {
        printer.tell(&format!("\n$ sandglass get {name} --key customer_id=14048"));
        get::run(&bench, &get::Arguments::new(name, "customer_id=14048"), printer).await?;
    }
    let (spine, out) = (
        global.project.join("data/spine.csv"),
        global.project.join("store/training.parquet"),
    );
    printer.tell(&format!(
        "\n$ sandglass training-data --spine {} --features '{}' --out {} --overwrite",
        spine.display(),
        FEATURES.join(","),
        out.display()
    ));
    let arguments = training_data::Arguments::new(spine, &FEATURES, out.clone());
    training_data::run(&bench, &arguments, printer).await?;
    printer.tell("");
    show(&bench, &out, printer).await?;
    let project = global.project.display();
    printer.tell("\nWhat to try next:");
    printer.tell(&format!("  cargo run -- --project {project} --now {NOW} status"));
    printer.tell(&format!(
        "  cargo run -- --project {project} run customer_rfm --start 1997-06-01"
    ));
    printer.tell(&format!("  cargo run -- inspect {project}/transformations/purchases"));
    printer.tell(&format!(
        "  edit {project}/transformations/purchases/src/customer_rfm.rs, then"
    ));
    printer.tell(&format!("  cargo run -- --project {project} --now {NOW} plan"));
    Ok(())
}

/// The rows of a Parquet file.
async fn show(bench: &Workbench, path: &Path, printer: &Printer) -> Result<(), CliError> {
    let wrong = |error: &dyn std::error::Error| CliError::internal(format!("{}: {error}", path.display()));
    let options = ParquetReadOptions::default();
    let frame = bench
        .session
        .read_parquet(path.to_string_lossy().into_owned(), options)
        .await;
    let frame = frame.map_err(|error| wrong(&error))?;
    let schema = Arc::clone(frame.schema().inner());
    let batches = frame.collect().await.map_err(|error| wrong(&error))?;
    let mut rows: Vec<Vec<String>> = Vec::new();
    for batch in &batches {
        let columns = batch.columns().iter();
        let columns = columns.map(|column| ArrayFormatter::try_new(column.as_ref(), &FormatOptions::default()));
        let columns: Result<Vec<_>, ArrowError> = columns.collect();
        let columns = columns.map_err(|error| wrong(&error))?;
        let cells = |row: usize| columns.iter().map(|column| column.value(row).to_string()).collect();
        rows.extend((0..batch.num_rows()).map(cells));
    }
    let header: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let json = json!({ "file": path.display().to_string(), "rows": rows });
    printer.answer(&table(&header, &rows), &json);
    Ok(())
}

/// The example of this folder, or of the source tree that the program was built from.
fn example() -> Result<PathBuf, CliError> {
    let here = PathBuf::from(EXAMPLE);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(EXAMPLE);
    [here, source]
        .into_iter()
        .find(|folder| folder.join(FILE).is_file())
        .ok_or_else(|| {
            let hint = "run it in a clone of the repository".to_owned();
            CliError::invalid(format!("there is no {EXAMPLE} here"), Some(hint))
        })
}
