use serde_json::json;

use super::error::CliError;
use super::keys::key;
use super::output::{Printer, table};
use super::workbench::Workbench;
use crate::time::Timestamp;
use crate::training::{Question, explain};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The feature view.
    view: String,
    /// The key: `customer_id=7`, once for each join key.
    #[arg(long = "key", value_name = "NAME=VALUE", required = true)]
    keys: Vec<String>,
    /// The time of the read; now if it is not said.
    #[arg(long)]
    at: Option<Timestamp>,
    /// Rows that are shown, at most: the last ones.
    #[arg(long, default_value_t = 100)]
    rows: usize,
}

pub(crate) async fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let applied = bench.applied()?;
    let opened = bench.opened(&applied, &arguments.view).await?;
    let values = key(&opened.view, &arguments.keys)?;
    let at = arguments.at.unwrap_or(bench.now);
    let question = Question {
        view: &opened.view,
        data_delay: opened.data_delay,
        rows: &opened.rows,
        tiles: opened.tiles.as_ref().map(|(spec, tiles)| (spec, tiles)),
        key: &values,
        at,
        rows_max: arguments.rows,
    };
    let explanation = explain(&bench.session, &question).await?;
    let mut text = format!("{} at {at}\n", opened.view.name);
    if let Some(edge) = explanation.leading_edge {
        text.push_str(&format!("windows end at {edge}\n"));
    }
    for feature in &explanation.features {
        text.push_str(&format!("\n{} = {}\n", feature.name, feature.value));
        for window in &feature.windows {
            text.push_str(&format!("  window {window}\n"));
        }
        for tile in &feature.tiles {
            let secondary = tile.secondary_key.as_ref().map(|key| format!(" of {key}"));
            text.push_str(&format!(
                "    tile {}{} = {}\n",
                tile.interval,
                secondary.unwrap_or_default(),
                tile.value
            ));
        }
    }
    text.push_str(&format!("\n{} rows", explanation.row_count));
    if explanation.rows.len() < explanation.row_count {
        text.push_str(&format!(", the last {}", explanation.rows.len()));
    }
    text.push('\n');
    let columns: Vec<&String> = explanation
        .rows
        .first()
        .map(|row| row.columns.keys().collect())
        .unwrap_or_default();
    let header: Vec<&str> = ["timestamp", "effective"]
        .into_iter()
        .chain(columns.iter().map(|name| name.as_str()))
        .collect();
    let rows: Vec<Vec<String>> = explanation
        .rows
        .iter()
        .map(|row| {
            let mut cells = vec![row.timestamp.to_string(), row.effective.to_string()];
            cells.extend(
                columns
                    .iter()
                    .map(|name| row.columns.get(*name).map(ToString::to_string).unwrap_or_default()),
            );
            cells
        })
        .collect();
    text.push_str(&table(&header, &rows));
    let json = json!({ "feature_view": opened.view.name, "at": at, "explanation": explanation });
    printer.answer(&text, &json);
    Ok(())
}
