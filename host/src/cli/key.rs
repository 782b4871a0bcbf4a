use serde_json::json;

use super::error::CliError;
use super::output::{Printer, table};
use super::workbench::Workbench;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Makes a key and shows it, once: only its hash is kept.
    Create {
        /// What it is for.
        #[arg(long)]
        name: String,
        /// It also brings rows into feature tables; without it, it only reads.
        #[arg(long)]
        may_ingest: bool,
    },
    /// Lists the keys.
    List,
    /// Removes a key; servers refuse it within a second.
    Remove {
        /// Its number, as `list` shows it.
        id: String,
    },
}

pub(crate) fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let registry = bench.registry();
    match &arguments.action {
        Action::Create { name, may_ingest } => {
            let (record, key) = registry.create_key(name, *may_ingest, bench.now)?;
            printer.tell("keep the key: it is not shown again");
            printer.answer(
                &format!("{key}\n"),
                &json!({
                    "id": record.id,
                    "name": record.name,
                    "may_ingest": record.may_ingest,
                    "created_at": record.created_at,
                    "key": key,
                }),
            );
        }
        Action::List => {
            let keys = registry.keys()?;
            let rows: Vec<Vec<String>> = keys
                .values()
                .map(|key| {
                    let may = if key.may_ingest { "read, ingest" } else { "read" };
                    vec![
                        key.id.clone(),
                        key.name.clone(),
                        may.to_owned(),
                        key.created_at.to_string(),
                    ]
                })
                .collect();
            let objects: Vec<_> = keys
                .values()
                .map(|key| {
                    json!({ "id": key.id, "name": key.name, "may_ingest": key.may_ingest, "created_at": key.created_at })
                })
                .collect();
            printer.answer(
                &table(&["id", "name", "may", "created at"], &rows),
                &json!({ "keys": objects }),
            );
        }
        Action::Remove { id } => {
            if !registry.remove_key(id)? {
                let hint = Some("`sandglass key list` shows them".to_owned());
                return Err(CliError::invalid(format!("there is no key `{id}`"), hint));
            }
            printer.answer(&format!("removed {id}\n"), &json!({ "removed": id }));
        }
    }
    Ok(())
}
