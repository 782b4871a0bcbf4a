use super::error::CliError;
use super::output::Printer;
use crate::definition::schema;

pub(crate) fn run(printer: &Printer) -> Result<(), CliError> {
    let schema = schema();
    printer.answer(&text(&schema), &schema);
    Ok(())
}

/// The schema as it is checked in and as new projects have it.
pub(super) fn text(schema: &serde_json::Value) -> String {
    format!("{schema:#}\n")
}
