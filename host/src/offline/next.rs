//! The very next entry of the log: planned on the newest version, written as the one after it, or planned again.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use deltalake::DeltaTableError;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties, TransactionError};
use deltalake::kernel::{Action, Transaction};
use deltalake::protocol::DeltaOperation;
use tokio::sync::MutexGuard;
use uuid::Uuid;

use super::table::{CHECKPOINT_INTERVAL, State};
use super::{OfflineError, OfflineTable};
use crate::error::{Classified, Kind};

/// How often a commit is planned again because others were faster. Each time at least one of them has succeeded.
const TRIES: u32 = 100;

/// How often an entry is planned again because nobody said whether it was written.
pub(super) const LOST_MAX: u32 = 3;

/// In an entry's details: intervals of which rows were taken away by no job.
pub(super) const FORGOT: &str = "forgot";

/// In an entry's details: files whose rows came to the others.
pub(super) const APPENDED: &str = "appended";

/// What an entry is to hold, planned on the version before it.
pub(super) struct Planned {
    pub(super) operation: DeltaOperation,
    /// Files that come and go.
    pub(super) actions: Vec<Action>,
    pub(super) transactions: Vec<Transaction>,
    /// What it does, in our words: `sandglass` in the commit's info.
    pub(super) details: serde_json::Map<String, serde_json::Value>,
}

/// An entry on its way. It is planned on the newest version and written as the very next one, or planned again: so what is planned is
/// right at its place in the log. An error says that the entry is not in the log, except [`OfflineError::Unavailable`], after which
/// only the log says whether it is.
pub(super) struct Entry<'a> {
    table: &'a OfflineTable,
    _one_at_a_time: MutexGuard<'a, ()>,
    id: String,
    tries: u32,
    /// How often the storage failed to say what it did.
    lost: u32,
    looked_at: u64,
    failure: Option<OfflineError>,
}

/// Where an entry is.
pub(super) enum Newest {
    /// To be planned on this version.
    Plan(Arc<State>),
    /// In the log already: the storage had failed to say so.
    Entered(u64),
}

/// An entry that was written.
pub(super) struct Entered {
    pub(super) version: u64,
    /// What went wrong afterwards.
    pub(super) upkeep: Option<String>,
}

impl OfflineTable {
    /// Begins an entry. There is one at a time.
    pub(super) async fn entry(&self) -> Entry<'_> {
        Entry {
            table: self,
            _one_at_a_time: self.committing.lock().await,
            id: Uuid::new_v4().to_string(),
            tries: 0,
            lost: 0,
            looked_at: self.version(),
            failure: None,
        }
    }
}

impl Entry<'_> {
    /// The newest version, to plan on.
    pub(super) async fn newest(&mut self) -> Result<Newest, OfflineError> {
        let table = self.table;
        table.refresh().await?;
        if self.tries > 0
            && let Some(version) = table.find_entry(&self.id, self.looked_at).await?
        {
            return Ok(Newest::Entered(version));
        }
        if let Some(failure) = self.failure.take() {
            // What a service far away did not do, or not say, is worth another try; a disk says at once what is wrong with it.
            let is_far = table.log.root_url().scheme() != "file";
            if self.lost == LOST_MAX || !is_far || failure.kind() != Kind::Unavailable {
                return Err(failure);
            }
            self.lost += 1;
        }
        if self.tries == TRIES {
            let reason = format!("others were faster {TRIES} times; the rows are staged but not committed");
            return Err(OfflineError::Unavailable {
                table: table.name().to_owned(),
                reason,
                source: None,
            });
        }
        let state = table.state();
        self.looked_at = state.transactions.version;
        Ok(Newest::Plan(state))
    }

    /// Writes what was planned on a version as the one after it; none if others were faster, or if it cannot be told.
    pub(super) async fn write(&mut self, state: &State, planned: Planned) -> Result<Option<Entered>, OfflineError> {
        let table = self.table;
        let actions = with_info(&self.id, &planned.operation, planned.details, planned.actions);
        let written = table.write(state, actions, planned.operation, planned.transactions);
        match written.await {
            Ok((version, upkeep)) => return Ok(Some(Entered { version, upkeep })),
            Err(DeltaTableError::VersionAlreadyExists(_))
            | Err(DeltaTableError::Transaction {
                source: TransactionError::MaxCommitAttempts(_),
            }) => {
                // Different for each driver, so that they do not stay in step.
                let spread = Uuid::new_v4().as_u128() % (1 << self.tries.min(6));
                tokio::time::sleep(Duration::from_millis(spread as u64)).await;
            }
            Err(error) => {
                self.failure = Some(OfflineError::delta(table.name(), "the log cannot be written", error));
            }
        }
        self.tries += 1;
        Ok(None)
    }
}

impl OfflineTable {
    /// Writes the version after `state`'s, and no other.
    async fn write(
        &self,
        state: &State,
        actions: Vec<Action>,
        operation: DeltaOperation,
        transactions: Vec<Transaction>,
    ) -> Result<(u64, Option<String>), DeltaTableError> {
        let version = state.transactions.version + 1;
        let checkpoint = (version + 1).is_multiple_of(CHECKPOINT_INTERVAL);
        let properties = CommitProperties::default()
            .with_max_retries(0)
            .with_application_transactions(transactions)
            .with_create_checkpoint(checkpoint)
            .with_cleanup_expired_logs(Some(checkpoint));
        let prepared = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(&state.delta), self.log.clone(), operation)
            .into_prepared_commit_future()
            .await?;
        let written = prepared.await?;
        // From here on the commit is in the log, whatever happens.
        let upkeep = match written.await {
            Ok(finalized) => self
                .install(finalized.snapshot())
                .await
                .err()
                .map(|error| error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        Ok((version, upkeep))
    }

    /// The version after `base` that has this entry.
    async fn find_entry(&self, id: &str, base: u64) -> Result<Option<u64>, OfflineError> {
        for version in base + 1..=self.version() {
            let entry = self.log.read_commit_entry(version).await;
            let entry = entry.map_err(|error| OfflineError::delta(self.name(), "the log cannot be read", error))?;
            if entry.is_some_and(|entry| entry.windows(id.len()).any(|text| text == id.as_bytes())) {
                return Ok(Some(version));
            }
        }
        Ok(None)
    }
}

fn with_info(
    id: &str,
    operation: &DeltaOperation,
    mut details: serde_json::Map<String, serde_json::Value>,
    actions: Vec<Action>,
) -> Vec<Action> {
    // The library drops an engine's name, unless the whole of the commit's info comes from outside.
    let mut info = operation.get_commit_info();
    info.timestamp = Some(now_ms());
    info.engine_info = Some(format!("sandglass/{}", env!("CARGO_PKG_VERSION")));
    info.is_blind_append = Some(false);
    details.insert("commit".to_owned(), id.into());
    info.info.insert("sandglass".to_owned(), details.into());
    std::iter::once(Action::CommitInfo(info)).chain(actions).collect()
}

/// Milliseconds since 1970, by the machine's clock.
pub(super) fn now_ms() -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the log records when it was written, whatever time a command takes for now"
    )]
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
