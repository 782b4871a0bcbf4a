use std::path::PathBuf;

use serde_json::json;

use super::error::CliError;
use super::loader::load_path;
use super::output::{Printer, table};
use crate::conformance::check;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A `.wasm` file, or a folder of sources, with the kit's transformations; see docs/languages/new.md.
    component: PathBuf,
}

pub(crate) fn run(arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let (component, _) = load_path(&arguments.component, printer)?;
    let report = check(&component);
    let rows: Vec<Vec<String>> = report
        .failures()
        .map(|result| {
            vec![
                result.transformation.to_owned(),
                result.name.clone(),
                result.difference.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let list: Vec<_> = report
        .results
        .iter()
        .map(|result| {
            json!({
                "transformation": result.transformation,
                "case": result.name,
                "passed": result.difference.is_none(),
                "difference": result.difference,
            })
        })
        .collect();
    let text = if rows.is_empty() {
        String::new()
    } else {
        table(&["transformation", "case", "difference"], &rows)
    };
    printer.answer(&text, &json!({ "cases": list }));
    let (failed, all) = (rows.len(), report.results.len());
    if failed == 0 {
        printer.tell(&format!("all {all} cases passed"));
        return Ok(());
    }
    Err(CliError::invalid(
        format!("{failed} of {all} cases failed"),
        Some("an SDK is right when all pass: the same rows give the same bytes in every language".to_owned()),
    ))
}
