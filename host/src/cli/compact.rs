use std::time::Instant;

use serde_json::json;

use super::compile::is_kept;
use super::error::CliError;
use super::online::{self, Rows, bring};
use super::output::{Printer, table};
use super::workbench::{Opened, Workbench};
use crate::compaction::Mode;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only these views.
    views: Vec<String>,
    /// Makes every item anew, as a generation beside the live one, even if nothing has changed.
    #[arg(long)]
    full: bool,
    /// Stops before the online store would cost more dollars than this; nothing that is live has changed then, or all of a change.
    #[arg(long, value_name = "DOLLARS", value_parser = super::counts::dollars)]
    budget: Option<f64>,
}

pub(crate) async fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    bench.spend_at_most(arguments.budget);
    let applied = bench.applied()?;
    for name in &arguments.views {
        is_kept(&applied.project, name)?;
        let Some(view) = applied.project.feature_view(name) else {
            let names = applied
                .project
                .feature_views
                .iter()
                .map(|view| format!("`{}`", view.name));
            let names = names.collect::<Vec<_>>().join(", ");
            return Err(CliError::invalid(
                format!("no feature view `{name}`; there are {names}"),
                None,
            ));
        };
        if !view.online {
            let hint = "set `online = true`, and apply".to_owned();
            return Err(CliError::invalid(
                format!("feature view `{name}` is not served"),
                Some(hint),
            ));
        }
    }
    let chosen = applied
        .project
        .feature_views
        .iter()
        .filter(|view| match arguments.views.is_empty() {
            true => view.online,
            false => arguments.views.contains(&view.name),
        });
    let mode = match arguments.full {
        true => Mode::Full,
        false => Mode::Now,
    };
    let (mut rows, mut list) = (Vec::new(), Vec::new());
    for view in chosen {
        let started = Instant::now();
        if view.table.is_some() && arguments.views.is_empty() {
            // One that nothing was brought into yet keeps no other from its pass.
            let version = applied.views.get(&view.name).map_or(0, |view| view.version);
            if bench
                .tables()
                .rows(&bench.name(&view.name, version), None)
                .await?
                .is_none()
            {
                continue;
            }
        }
        let Opened {
            view,
            version,
            data_delay,
            rows: of_rows,
            tiles,
        } = bench.opened(&applied, &view.name).await?;
        let name = bench.name(&view.name, version.version);
        let brought = bring(
            bench,
            &Rows {
                view: &view,
                data_delay,
                version: &version,
                name: &name,
                table: &of_rows,
                staged: 0,
                spec: tiles.as_ref().map(|(spec, _)| spec),
                planned: None,
            },
            mode,
            printer,
        )
        .await?;
        let (done, seconds) = (brought.online.as_ref(), started.elapsed().as_secs_f64());
        let report = done.map(|done| done.report).unwrap_or_default();
        rows.push(vec![
            view.name.clone(),
            format!("v{}", version.version),
            online::text(done),
            report.keys_affected.map(|keys| keys.to_string()).unwrap_or_default(),
            report.rows_read.to_string(),
            report.bytes_written.to_string(),
            online::spent(brought.cost.as_ref()),
            format!("{seconds:.1} s"),
        ]);
        list.push(json!({
            "name": view.name,
            "version": version.version,
            "online": online::text(done),
            "compaction": online::json(done),
            "online_cost": brought.cost,
            "seconds": seconds,
        }));
    }
    let header = [
        "feature view",
        "version",
        "online",
        "keys affected",
        "rows read",
        "bytes written",
        "online cost",
        "time",
    ];
    printer.answer(&table(&header, &rows), &json!({ "feature_views": list }));
    Ok(())
}
