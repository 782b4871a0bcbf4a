//! What grows and is replaced by no job: rows of feature tables, and their columns.

use arrow::datatypes::Schema;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::{Action, MetadataExt, StructType};
use deltalake::protocol::{DeltaOperation, SaveMode};
use serde_json::json;

use super::layout::Layout;
use super::next::{APPENDED, Newest, Planned};
use super::upkeep::delete;
use super::{Committed, OfflineError, OfflineTable, Staged};

impl OfflineTable {
    /// Removes what was staged and will not be committed.
    pub async fn discard(&self, staged: Staged) -> Result<(), OfflineError> {
        delete(self, staged.adds.into_iter().map(|add| add.path).collect()).await
    }

    /// Adds rows to those that are there, in one version. Coverage stays as it is.
    ///
    /// What an error says of the log is what [`OfflineTable::commit`] says.
    pub async fn append(&self, staged: Staged) -> Result<Committed, OfflineError> {
        let paths: Vec<&str> = staged.adds.iter().map(|add| add.path.as_str()).collect();
        let details = [("rows", json!(staged.rows)), (APPENDED, json!(paths))];
        let committed = |version| Committed {
            version,
            added: staged.adds.len(),
            removed: 0,
            rewritten: 0,
            upkeep: None,
        };
        let mut entry = self.entry().await;
        loop {
            let state = match entry.newest().await? {
                Newest::Plan(state) => state,
                Newest::Entered(version) => return Ok(committed(version)),
            };
            self.check_staged(std::iter::once(&staged)).await?;
            let planned = Planned {
                operation: self.operation(SaveMode::Append),
                actions: staged.adds.iter().cloned().map(Action::Add).collect(),
                transactions: Vec::new(),
                details: details
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value.clone()))
                    .collect(),
            };
            if let Some(entered) = entry.write(&state, planned).await? {
                return Ok(Committed {
                    upkeep: entered.upkeep,
                    ..committed(entered.version)
                });
            }
        }
    }

    /// Adds the columns of a schema that the table does not have, as nulls of the rows that are there; whether there were any. This
    /// handle knows the table as it was: open it again.
    pub async fn add_columns(&self, schema: &Schema) -> Result<bool, OfflineError> {
        let unstorable = |error: &dyn std::fmt::Display| OfflineError::invalid(self.name(), error.to_string());
        let mut entry = self.entry().await;
        loop {
            let state = match entry.newest().await? {
                Newest::Plan(state) => state,
                Newest::Entered(_) => return Ok(true),
            };
            // Others may have added columns since this handle was opened.
            let now = Layout::of(self.name(), &state.delta)?.schema;
            let added = schema
                .fields()
                .iter()
                .filter(|field| now.index_of(field.name()).is_err());
            let added: Vec<_> = added.cloned().collect();
            if added.is_empty() {
                return Ok(false);
            }
            let all = now.fields().iter().cloned().chain(added.iter().cloned());
            let all = Schema::new(all.collect::<Vec<_>>());
            let all: StructType = (&Layout::table_schema(&all, self.layout.partition))
                .try_into_kernel()
                .map_err(|error| unstorable(&error))?;
            let fields: StructType = (&Schema::new(added))
                .try_into_kernel()
                .map_err(|error| unstorable(&error))?;
            let metadata = state.delta.snapshot().metadata().clone();
            let metadata = metadata.with_schema(&all).map_err(|error| unstorable(&error))?;
            let planned = Planned {
                operation: DeltaOperation::AddColumn {
                    fields: fields.fields().cloned().collect(),
                },
                actions: vec![Action::Metadata(metadata)],
                transactions: Vec::new(),
                details: serde_json::Map::new(),
            };
            if entry.write(&state, planned).await?.is_some() {
                return Ok(true);
            }
        }
    }
}
