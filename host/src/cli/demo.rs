use std::path::{Path, PathBuf};

use super::error::CliError;
use super::output::Printer;
use super::workbench::Workbench;
use super::{Global, apply, get, materialize, plan};
use crate::project::FILE;

const EXAMPLE: &str = "examples/purchases";
/// The day after the last purchase in the data.
const NOW: &str = "1998-07-01";

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
    plan::run(&bench, printer).await?;
    printer.tell("\n$ sandglass apply");
    apply::run(&bench, &apply::Arguments::default(), printer).await?;
    printer.tell("\n$ sandglass materialize");
    materialize::run(&bench, &materialize::Arguments::all(), printer).await?;
    for view in ["customer_rfm", "purchase_details"] {
        printer.tell(&format!("\n$ sandglass get {view} --key customer_id=14048"));
        get::run(&bench, &get::Arguments::new(view, "customer_id=14048"), printer).await?;
    }
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
