use serde_json::json;

use super::compile;
use super::error::CliError;
use super::output::{Printer, table};
use super::plan::{change, removed};
use super::test;
use super::workbench::Workbench;
use crate::registry::Applied;

#[derive(clap::Args, Default)]
pub(crate) struct Arguments {
    /// Applies without running the golden cases first.
    #[arg(long)]
    skip_tests: bool,
}

pub(crate) async fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let compiled = compile::folder(bench, printer).await?;
    if !arguments.skip_tests {
        test::before_apply(bench, &compiled.by_path, printer).await?;
    }
    let registry = bench.registry();
    let before = registry.latest()?;
    let project = bench.project();
    let (mut rows, mut list) = (Vec::new(), Vec::new());
    let mut views = std::collections::BTreeMap::new();
    for view in &compiled.views {
        let change = change(bench, project, view, before.as_ref());
        rows.push(vec![
            view.view.name.clone(),
            change.kind.to_owned(),
            format!("v{}", change.after.version),
        ]);
        list.push(json!({
            "name": view.view.name,
            "change": change.kind,
            "reasons": change.reasons,
            "version": change.after.version,
        }));
        views.insert(view.view.name.clone(), change.after);
    }
    for name in removed(project, before.as_ref()) {
        rows.push(vec![name.clone(), "remove".to_owned(), String::new()]);
        list.push(json!({ "name": name, "change": "remove", "reasons": ["not in the definitions"] }));
    }
    let unchanged = before
        .as_ref()
        .is_some_and(|before| before.project == *project && before.views == views);
    if !unchanged {
        for bytes in compiled.components.values() {
            registry.put_component(bytes)?;
        }
        let number = before.as_ref().map_or(1, |before| before.number + 1);
        registry.put(&Applied {
            number,
            at: bench.now,
            project: project.clone(),
            views,
        })?;
    }
    printer.tell(if unchanged {
        "nothing to apply"
    } else {
        "applied; `sandglass materialize` runs what is due"
    });
    printer.answer(
        &table(&["feature view", "change", "version"], &rows),
        &json!({ "feature_views": list }),
    );
    Ok(())
}
