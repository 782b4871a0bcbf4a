use std::path::PathBuf;

use arrow::datatypes::Schema;
use sandglass_runtime::{Contract, kind_name, recorded_sources};
use serde_json::json;

use super::error::CliError;
use super::loader::load_path;
use super::output::Printer;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A `.wasm` file, or a crate's folder.
    component: PathBuf,
}

pub(crate) fn run(arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let (component, bytes) = load_path(&arguments.component, printer)?;
    let mut text = format!(
        "digest   {}\nsize     {} bytes\n",
        component.digest(),
        component.size_bytes()
    );
    let sources = recorded_sources(&bytes);
    if let Some(sources) = &sources {
        text.push_str(&format!("sources  {sources}\n"));
    }
    text.push_str(&format!("imports  {}\n", component.imports().join(", ")));
    for contract in component.contracts() {
        text.push_str(&describe(contract));
    }
    let transformations: Vec<_> = component.contracts().iter().map(|contract| to_json(contract)).collect();
    let json = json!({
        "digest": component.digest(),
        "sources": sources,
        "size_bytes": component.size_bytes(),
        "imports": component.imports(),
        "transformations": transformations,
    });
    printer.answer(&text, &json);
    Ok(())
}

fn columns(schema: &Schema) -> String {
    let column = |field: &std::sync::Arc<arrow::datatypes::Field>| {
        let nullable = if field.is_nullable() { ", nullable" } else { "" };
        format!("    {}: {}{nullable}\n", field.name(), kind_name(field.data_type()))
    };
    schema.fields().iter().map(column).collect()
}

fn describe(contract: &Contract) -> String {
    let mut text = format!("\n{} ({})\n", contract.name, contract.scope.name());
    if !contract.doc.is_empty() {
        text.push_str(&format!("  {}\n", contract.doc));
    }
    for input in &contract.inputs {
        let keys = if input.keys.is_empty() {
            String::new()
        } else {
            format!(", by {}", input.keys.join(", "))
        };
        text.push_str(&format!("  input {}{keys}\n{}", input.name, columns(&input.columns)));
    }
    for parameter in &contract.parameters {
        let default = match &parameter.default {
            Some(value) => format!(" = {value:?}"),
            None => String::new(),
        };
        text.push_str(&format!(
            "  parameter {}: {}{default}  {}\n",
            parameter.name,
            parameter.kind.name(),
            parameter.doc
        ));
    }
    text.push_str(&format!("  output\n{}", columns(&contract.output)));
    text
}

fn schema(schema: &Schema) -> serde_json::Value {
    let field = |field: &std::sync::Arc<arrow::datatypes::Field>| json!({ "name": field.name(), "type": kind_name(field.data_type()), "nullable": field.is_nullable() });
    schema.fields().iter().map(field).collect()
}

fn to_json(contract: &Contract) -> serde_json::Value {
    let inputs: Vec<_> = contract
        .inputs
        .iter()
        .map(|input| json!({ "name": input.name, "columns": schema(&input.columns), "keys": input.keys }))
        .collect();
    let parameters: Vec<_> = contract
        .parameters
        .iter()
        .map(|parameter| {
            json!({ "name": parameter.name, "type": parameter.kind, "default": parameter.default, "doc": parameter.doc })
        })
        .collect();
    json!({
        "name": contract.name,
        "doc": contract.doc,
        "scope": contract.scope,
        "inputs": inputs,
        "output": schema(&contract.output),
        "parameters": parameters,
    })
}
