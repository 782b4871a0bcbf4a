//! The tables of an offline store, by the names of view versions.

use std::sync::Arc;

use datafusion::prelude::SessionContext;
use sandglass_runtime::Digest;

use super::error::CliError;
use crate::definition::FeatureView;
use crate::ingest;
use crate::maintain::{is_being_dropped, names};
use crate::materialize::DeadLetters;
use crate::offline::{Granularity, OfflineTable, TableSpec};
use crate::project::CompiledView;
use crate::storage::Place;
use crate::tile::{START, TileSpec};
use crate::time::Span;
use crate::workspace::Name;

/// How long the log and removed files of an offline table are kept.
pub(crate) const RETENTION: Span = Span::from_days(30);

/// The tables of a place.
pub(crate) struct Tables {
    pub(crate) root: Place,
    pub(crate) session: SessionContext,
}

impl Tables {
    /// The rows of a view's version, none if nothing has been materialized; those of a version of the table, or the newest.
    pub(crate) async fn rows(&self, name: &Name, version: Option<u64>) -> Result<Option<OfflineTable>, CliError> {
        let table = OfflineTable::open_at(&self.location(&name.rows_path())?, version).await?;
        Ok(table.map(|table| table.with_runtime(self.session.runtime_env())))
    }

    /// The rows of a view's version; the table is made if it is not there.
    pub(crate) async fn rows_or_new(&self, compiled: &CompiledView, name: &Name) -> Result<OfflineTable, CliError> {
        if let Some(table) = self.rows(name, None).await? {
            return Ok(table);
        }
        let is_table = compiled.view.table.is_some();
        let spec = TableSpec {
            name: name.to_string(),
            description: compiled.view.meta.description.clone().unwrap_or_default(),
            schema: match is_table {
                true => ingest::stored(&compiled.schema),
                false => Arc::clone(&compiled.schema),
            },
            time_column: compiled.view.timestamp_column.clone(),
            partition: partition(&compiled.view),
            derived: is_table,
            retention: RETENTION,
        };
        match OfflineTable::create(&self.location(&name.rows_path())?, spec).await {
            Ok(table) => Ok(table.with_runtime(self.session.runtime_env())),
            // Somebody else may have made it meanwhile.
            Err(error) => self.rows(name, None).await?.ok_or_else(|| error.into()),
        }
    }

    /// The rows of a view's version, ready for those that come: the table is made if it is not there, and that of a feature table has
    /// the columns that its definition has.
    pub(crate) async fn rows_to_write(&self, compiled: &CompiledView, name: &Name) -> Result<OfflineTable, CliError> {
        let mut table = self.rows_or_new(compiled, name).await?;
        if compiled.view.table.is_some() {
            if ingest::fit(&table, &compiled.view.name, &compiled.schema).await? {
                table = self.rows_or_new(compiled, name).await?;
            }
            ingest::begin(&table).await?;
        }
        Ok(table)
    }

    /// The tiles of a view's version, none if the table has not been made.
    pub(crate) async fn tiles(
        &self,
        spec: &TileSpec,
        name: &Name,
        version: Option<u64>,
    ) -> Result<Option<OfflineTable>, CliError> {
        let (folder, kind) = (self.tiles_folder(name), tile_kind(spec));
        if is_being_dropped(&folder, &kind)? {
            let message = format!(
                "the table of tiles {} is being dropped, or was when that was cut off",
                folder.join(&kind)
            );
            return Err(CliError::unavailable(
                message,
                "run `sandglass maintain`, which ends that, and then the same command again",
            ));
        }
        let table = OfflineTable::open_at(folder.join(&kind).absolute()?, version).await?;
        Ok(table.map(|table| table.with_runtime(self.session.runtime_env())))
    }

    /// The tiles of a view's version; the table is made if it is not there.
    pub(crate) async fn tiles_or_new(
        &self,
        view: &FeatureView,
        spec: &TileSpec,
        name: &Name,
    ) -> Result<OfflineTable, CliError> {
        if let Some(table) = self.tiles(spec, name, None).await? {
            return Ok(table);
        }
        let table = TableSpec {
            name: name.to_string(),
            description: format!("tiles of {}: {}", view.name, spec.identity()),
            schema: spec.schema(),
            time_column: START.to_owned(),
            partition: partition(view),
            derived: true,
            retention: RETENTION,
        };
        match OfflineTable::create(&self.location(&name.tiles_path(&tile_kind(spec)))?, table).await {
            Ok(table) => Ok(table.with_runtime(self.session.runtime_env())),
            // Somebody else may have made it meanwhile, or this one without being told.
            Err(error) => self.tiles(spec, name, None).await?.ok_or_else(|| error.into()),
        }
    }

    /// All tables of tiles that were made of a version's rows, as they are now; none where one cannot be read.
    pub(crate) async fn all_tiles(&self, name: &Name) -> Result<Vec<Option<OfflineTable>>, CliError> {
        let mut tables = Vec::new();
        for kind in self.tile_kinds(name)? {
            tables.push(self.tiles_of(name, &kind).await.ok().flatten());
        }
        Ok(tables)
    }

    /// What the tables of tiles are called that were made of a version's rows, in order.
    pub(crate) fn tile_kinds(&self, name: &Name) -> Result<Vec<String>, CliError> {
        Ok(names(&self.tiles_folder(name))?)
    }

    /// What they lie in.
    pub(crate) fn tiles_folder(&self, name: &Name) -> Place {
        self.root.join(&name.path()).join("tiles")
    }

    /// One of them.
    pub(crate) async fn tiles_of(&self, name: &Name, kind: &str) -> Result<Option<OfflineTable>, CliError> {
        let table = OfflineTable::open(&self.location(&name.tiles_path(kind))?).await?;
        Ok(table.map(|table| table.with_runtime(self.session.runtime_env())))
    }

    /// The dead letters of a view's version.
    pub(crate) fn dead_letters(&self, name: &Name) -> Result<DeadLetters, CliError> {
        Ok(DeadLetters {
            name: name.clone(),
            location: self.location(&name.dead_path())?,
            retention: RETENTION,
        })
    }

    fn location(&self, path: &str) -> Result<Place, CliError> {
        Ok(self.root.join(path).absolute()?)
    }
}

fn partition(view: &FeatureView) -> Granularity {
    match view.batch_schedule < Span::DAY && view.table.is_none() {
        true => Granularity::Day,
        false => Granularity::Month,
    }
}

/// What a table of tiles is called: tiles that hold something else lie somewhere else.
pub(crate) fn tile_kind(spec: &TileSpec) -> String {
    let digest = Digest::of(spec.identity().as_bytes());
    digest.hex().get(..16).unwrap_or_default().to_owned()
}
