use std::collections::BTreeSet;

use serde_json::json;

use super::error::CliError;
use super::output::{Printer, table};
use super::workbench::Workbench;
use crate::project::build;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Writes the components to this folder, by the name of their crate or file.
    #[arg(long)]
    out: Option<std::path::PathBuf>,
}

pub(crate) async fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let transformations = bench.project().transformations();
    let paths: BTreeSet<&str> = transformations
        .map(|transformation| transformation.path.as_str())
        .collect();
    let (mut rows, mut list) = (Vec::new(), Vec::new());
    for path in paths {
        let built = build(&bench.folder.root, path, printer.is_json())?;
        let digest = sandglass_runtime::Digest::of(&built.bytes).to_string();
        if let Some(out) = &arguments.out {
            let stem = std::path::Path::new(path)
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let file = out.join(format!("{stem}.wasm"));
            std::fs::create_dir_all(out)
                .and_then(|()| std::fs::write(&file, &built.bytes))
                .map_err(|error| CliError::invalid(format!("cannot write {}: {error}", file.display()), None))?;
        }
        rows.push(vec![
            path.to_owned(),
            format!("{} bytes", built.bytes.len()),
            digest.clone(),
        ]);
        list.push(json!({ "path": path, "size_bytes": built.bytes.len(), "digest": digest }));
    }
    printer.answer(
        &table(&["component", "size", "digest"], &rows),
        &json!({ "components": list }),
    );
    Ok(())
}
