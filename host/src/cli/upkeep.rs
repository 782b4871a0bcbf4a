//! The upkeep of a version's tables: rows, tiles of each definition, dead letters.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::error::CliError;
use super::tables::RETENTION;
use super::workbench::Workbench;
use crate::definition::{FeatureView, Project};
use crate::maintain::{Dropped, drop_folder, size, table_is_older};
use crate::offline::{OfflineTable, Size, Upkeep, UpkeepReport};
use crate::storage::{Place, StorageError};
use crate::tile::TileSpec;
use crate::workspace::Name;

/// What became of a table, or would.
pub(crate) enum TableFate {
    /// It was kept up.
    Kept(UpkeepReport),
    /// Its tiles are of a definition that is not applied, and it goes when nothing was written to it for long enough.
    Unused(Size),
    /// It was dropped.
    Dropped(Dropped),
    /// It could not be kept up.
    Failed(CliError),
}

/// A table of a version.
pub(crate) struct TableOutcome {
    /// Its name within the version.
    pub(crate) table: String,
    pub(crate) fate: TableFate,
}

/// What is done to all tables.
pub(crate) struct Task<'a> {
    pub(crate) bench: &'a Workbench,
    pub(crate) upkeep: Upkeep,
    pub(crate) dry_run: bool,
}

impl Task<'_> {
    /// Keeps up the tables of a version. `definition` is what it was last applied with; without one all of its tiles stay.
    pub(crate) async fn version(&self, name: &Name, definition: Option<&(Project, FeatureView)>) -> Vec<TableOutcome> {
        let tables = self.bench.tables();
        let mut outcomes = Vec::new();
        let rows = tables.rows(name, None).await;
        let used = match &rows {
            Ok(Some(rows)) => definition.and_then(|(project, view)| used(project, view, rows)),
            _ => None,
        };
        outcomes.extend(self.table("rows", rows).await);
        let kinds = match tables.tile_kinds(name) {
            Ok(kinds) => kinds,
            Err(error) => {
                let (table, fate) = ("tiles".to_owned(), TableFate::Failed(error));
                outcomes.push(TableOutcome { table, fate });
                Vec::new()
            }
        };
        for kind in kinds {
            let table = format!("tiles/{kind}");
            if used.as_ref().is_none_or(|used| used.contains(&kind)) {
                outcomes.extend(self.table(&table, tables.tiles_of(name, &kind).await).await);
                continue;
            }
            let fate = self.unused(&tables.tiles_folder(name), &kind);
            let fate = fate.unwrap_or_else(|error| TableFate::Failed(error.into()));
            outcomes.push(TableOutcome { table, fate });
        }
        let dead = match tables.dead_letters(name) {
            Ok(dead) => dead.table().await.map_err(CliError::from),
            Err(error) => Err(error),
        };
        let runtime = self.bench.session.runtime_env();
        let dead = dead.map(|table| table.map(|table| table.with_runtime(runtime)));
        outcomes.extend(self.table("dead", dead).await);
        outcomes
    }

    /// What becomes of a table of tiles that no definition uses.
    fn unused(&self, folder: &Place, kind: &str) -> Result<TableFate, StorageError> {
        let table = folder.join(kind);
        Ok(
            match table_is_older(&table, self.upkeep.now.saturating_sub(RETENTION))? {
                false => TableFate::Unused(size(&table)?),
                true if self.dry_run => TableFate::Dropped(size(&table)?),
                true => TableFate::Dropped(drop_folder(folder, kind)?),
            },
        )
    }

    async fn table(&self, name: &str, table: Result<Option<OfflineTable>, CliError>) -> Option<TableOutcome> {
        let fate = match table {
            Ok(None) => return None,
            Ok(Some(table)) => {
                let report = match self.dry_run {
                    true => table.plan_upkeep(&self.upkeep).await,
                    false => table.keep_up(&self.upkeep).await,
                };
                report.map_or_else(|error| TableFate::Failed(error.into()), TableFate::Kept)
            }
            Err(error) => TableFate::Failed(error),
        };
        Some(TableOutcome {
            table: name.to_owned(),
            fate,
        })
    }
}

/// The tables of tiles that a definition uses; none if that cannot be told.
fn used(project: &Project, view: &FeatureView, rows: &OfflineTable) -> Option<BTreeSet<String>> {
    let Some(aggregation) = &view.aggregation else {
        return Some(BTreeSet::new());
    };
    let spec = TileSpec::new(view, aggregation, rows.schema(), project.data_delay(view)).ok()?;
    let levels = spec.levels();
    Some(
        std::iter::once(&spec)
            .chain(&levels)
            .map(super::tables::tile_kind)
            .collect(),
    )
}

impl TableOutcome {
    /// The cells of a table for people: files, bytes, merged, expired, orphans, log.
    pub(crate) fn cells(&self) -> [String; 6] {
        let none = String::new;
        match &self.fate {
            TableFate::Kept(report) => {
                let change = |of: fn(&Size) -> u64| match report.after.as_ref().map(of) {
                    Some(after) if after != of(&report.before) => format!("{} to {after}", of(&report.before)),
                    _ => of(&report.before).to_string(),
                };
                let merged = match report.into {
                    _ if report.merged.files == 0 => none(),
                    Some(into) => format!("{} into {}", report.merged.files, into.files),
                    None => report.merged.files.to_string(),
                };
                let count = |size: Size| {
                    if size.files == 0 {
                        none()
                    } else {
                        size.files.to_string()
                    }
                };
                let log = match (report.checkpoint, report.log_entries.unwrap_or(0)) {
                    (false, 0) => none(),
                    (true, 0) => "summed up".to_owned(),
                    (false, entries) => format!("{entries} removed"),
                    (true, entries) => format!("summed up, {entries} removed"),
                };
                [
                    change(|size| size.files),
                    change(|size| size.bytes),
                    merged,
                    count(report.expired),
                    count(report.orphans),
                    log,
                ]
            }
            TableFate::Unused(size) => {
                let cells = [size.files.to_string(), size.bytes.to_string()];
                let [files, bytes] = cells;
                [files, bytes, "unused".to_owned(), none(), none(), none()]
            }
            TableFate::Dropped(size) => {
                let gone = |count: u64| format!("{count} to 0");
                [
                    gone(size.files),
                    gone(size.bytes),
                    "dropped".to_owned(),
                    none(),
                    none(),
                    none(),
                ]
            }
            TableFate::Failed(_) => [none(), none(), "failed".to_owned(), none(), none(), none()],
        }
    }

    pub(crate) fn json(&self) -> Value {
        let (state, more) = match &self.fate {
            TableFate::Kept(report) => ("kept", json!(report)),
            TableFate::Unused(size) => ("unused", json!({ "before": size })),
            TableFate::Dropped(size) => ("dropped", json!({ "before": size })),
            TableFate::Failed(error) => ("failed", error.json()),
        };
        let mut object = json!({ "table": self.table, "state": state });
        if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
            object.extend(more);
        }
        object
    }
}
