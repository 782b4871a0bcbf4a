use std::sync::{Arc, PoisonError, RwLock};

use datafusion::execution::runtime_env::RuntimeEnv;
use deltalake::kernel::transaction::CommitProperties;
use deltalake::kernel::{StructType, engine::arrow_conversion::TryIntoKernel};
use deltalake::logstore::{LogStore, LogStoreRef};
use deltalake::operations::create::CreateBuilder;
use deltalake::protocol::SaveMode;
use deltalake::table::state::DeltaTableState;
use deltalake::{DeltaTableError, TableProperty};
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStoreExt;

use super::layout::{Layout, TIME_COLUMN_PROPERTY};
use super::log::{Changed, Transactions};
use super::reads::reads_path;
use super::replace::TimeRange;
use super::{Coverage, Done, Granularity, JobReads, OfflineError, TableSpec};
use crate::storage::{Place, log_store};
use crate::time::Span;

/// Entries between two checkpoints.
pub(super) const CHECKPOINT_INTERVAL: u64 = 20;

/// Small files that are read or written at the same time.
pub(super) const FILES_AT_ONCE: usize = 16;

/// The table of one view version. It holds a snapshot: everything that reads answers as of [`OfflineTable::version`], until
/// [`OfflineTable::refresh`] or a commit of its own moves it on.
///
/// Durability: in a local folder every file is synced before its name appears, and the folder after it, so a commit that
/// has been reported outlives a loss of power. On object stores it is what the store promises.
#[derive(Debug)]
pub struct OfflineTable {
    pub(super) log: LogStoreRef,
    pub(super) layout: Arc<Layout>,
    pub(super) runtime: Arc<RuntimeEnv>,
    state: RwLock<Arc<State>>,
    /// One commit at a time per process; between processes the log decides.
    pub(super) committing: tokio::sync::Mutex<()>,
}

/// One version.
#[derive(Debug)]
pub(super) struct State {
    pub(super) delta: DeltaTableState,
    pub(super) transactions: Transactions,
}

/// A file of the current version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFile {
    /// Below the table.
    pub path: String,
    /// In bytes.
    pub size: u64,
    /// The value of the partition column.
    pub partition: String,
    /// From the log's statistics.
    pub rows: Option<u64>,
}

impl OfflineTable {
    /// Opens the newest version of the table at a place; none if there is none.
    pub async fn open(location: impl Into<Place>) -> Result<Option<Self>, OfflineError> {
        Self::open_at(location, None).await
    }

    /// Opens a version of it, or the newest. A version that is not kept any more is [`OfflineError::Invalid`].
    pub async fn open_at(location: impl Into<Place>, version: Option<u64>) -> Result<Option<Self>, OfflineError> {
        let (location, log) = log_at(location.into())?;
        let location = location.as_str();
        match DeltaTableState::try_new(log.as_ref(), version).await {
            Ok(delta) => Self::with_state(location, log, delta).await.map(Some),
            Err(DeltaTableError::NotATable(_)) if version.is_none() || !is_there(log.as_ref()).await => Ok(None),
            Err(error) => match version {
                None => Err(OfflineError::delta(location, "the log cannot be read", error)),
                Some(version) => Err(OfflineError::invalid(
                    location,
                    format!("version {version} is not kept any more, or never was: {error}"),
                )),
            },
        }
    }

    /// Makes the table. Of several drivers that do so at once one wins; the others get [`OfflineError::Invalid`], as
    /// they do if it is there already, and open it.
    pub async fn create(location: impl Into<Place>, spec: TableSpec) -> Result<Self, OfflineError> {
        spec.check()?;
        let (location, log) = log_at(location.into())?;
        let location = location.as_str();
        let unstorable = |error: String| OfflineError::invalid(&spec.name, error);
        let table_schema = Layout::table_schema(&spec.schema, spec.partition);
        let table_schema: StructType = (&table_schema)
            .try_into_kernel()
            .map_err(|error| unstorable(error.to_string()))?;
        let retention = delta_interval(spec.retention);
        let properties = [
            (TableProperty::LogRetentionDuration.as_ref(), retention.clone()),
            (TableProperty::DeletedFileRetentionDuration.as_ref(), retention),
            (
                TableProperty::CheckpointInterval.as_ref(),
                CHECKPOINT_INTERVAL.to_string(),
            ),
            (
                TableProperty::DataSkippingStatsColumns.as_ref(),
                format!("`{}`", spec.time_column),
            ),
            (TIME_COLUMN_PROPERTY, spec.time_column.clone()),
        ];
        let created = CreateBuilder::new()
            .with_log_store(log.clone())
            .with_table_name(&spec.name)
            .with_comment(&spec.description)
            .with_columns(table_schema.fields().cloned())
            .with_partition_columns([spec.partition.column()])
            .with_raise_if_key_not_exists(false)
            .with_configuration(properties.map(|(key, value)| (key, Some(value))))
            .with_save_mode(SaveMode::ErrorIfExists)
            // With a retry, the loser of a race would write its metadata over the winner's.
            .with_commit_properties(CommitProperties::default().with_max_retries(0))
            .await;
        if let Err(error) = created {
            return match log.is_delta_table_location().await {
                Ok(true) => Err(OfflineError::invalid(
                    &spec.name,
                    format!("is there already, at {location}"),
                )),
                _ => Err(OfflineError::delta(&spec.name, "the table cannot be made", error)),
            };
        }
        let delta = DeltaTableState::try_new(log.as_ref(), None)
            .await
            .map_err(|error| OfflineError::delta(&spec.name, "the new table cannot be read", error))?;
        Self::with_state(location, log, delta).await
    }

    async fn with_state(location: &str, log: LogStoreRef, delta: DeltaTableState) -> Result<Self, OfflineError> {
        let layout = Layout::of(location, &delta)?;
        let transactions = Transactions::load(&layout.label, log.as_ref(), delta.version()).await?;
        Ok(Self {
            log,
            layout: Arc::new(layout),
            runtime: Arc::new(RuntimeEnv::default()),
            state: RwLock::new(Arc::new(State { delta, transactions })),
            committing: tokio::sync::Mutex::new(()),
        })
    }

    /// With the memory pool and disk manager that sorting takes from.
    #[must_use]
    pub fn with_runtime(mut self, runtime: Arc<RuntimeEnv>) -> Self {
        self.runtime = runtime;
        self
    }

    /// The label of the view's version.
    pub fn name(&self) -> &str {
        &self.layout.label
    }

    /// The view's columns, as the table gives them back.
    pub fn schema(&self) -> &arrow::datatypes::SchemaRef {
        &self.layout.schema
    }

    /// The column with the event time.
    pub fn time_column(&self) -> &str {
        &self.layout.time_column
    }

    /// What was committed after a version; none if the log does not go back that far.
    pub async fn changed_since(&self, version: u64) -> Result<Option<Changed>, OfflineError> {
        Transactions::changed(self.name(), self.log.as_ref(), version, self.version()).await
    }

    /// How long a partition is.
    pub fn partition(&self) -> Granularity {
        self.layout.partition
    }

    /// The version of the snapshot.
    pub fn version(&self) -> u64 {
        self.state().transactions.version
    }

    /// Moves on to the newest version, and says which that is.
    pub async fn refresh(&self) -> Result<u64, OfflineError> {
        let state = self.state();
        let mut delta = state.delta.clone();
        delta
            .update(self.log.as_ref(), None)
            .await
            .map_err(|error| OfflineError::delta(self.name(), "the log cannot be read", error))?;
        self.install(delta).await
    }

    /// The table as an earlier version of it has it, none if that or one of its files is not kept any more.
    pub async fn at_version(&self, version: u64) -> Result<Option<Self>, OfflineError> {
        let delta = match DeltaTableState::try_new(self.log.as_ref(), Some(version)).await {
            Ok(delta) if delta.version() == version => delta,
            Ok(_) => return Ok(None),
            // Versions whose entries have been cleaned up are told in several ways.
            Err(error) if self.version() >= version => {
                return match self.log.is_delta_table_location().await {
                    Ok(true) => Ok(None),
                    _ => Err(OfflineError::delta(self.name(), "the log cannot be read", error)),
                };
            }
            Err(error) => return Err(OfflineError::delta(self.name(), "the log cannot be read", error)),
        };
        let transactions = Transactions::load(self.name(), self.log.as_ref(), version).await?;
        let table = Self {
            log: Arc::clone(&self.log),
            layout: Arc::clone(&self.layout),
            runtime: Arc::clone(&self.runtime),
            state: RwLock::new(Arc::new(State { delta, transactions })),
            committing: tokio::sync::Mutex::new(()),
        };
        Ok(table.missing_file().await?.is_none().then_some(table))
    }

    pub(super) async fn install(&self, delta: DeltaTableState) -> Result<u64, OfflineError> {
        let state = self.state();
        let version = delta.version();
        if version == state.transactions.version {
            return Ok(version);
        }
        let transactions = state
            .transactions
            .advance(self.name(), self.log.as_ref(), version)
            .await?;
        let mut current = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if current.transactions.version < version {
            *current = Arc::new(State { delta, transactions });
        }
        Ok(current.transactions.version)
    }

    /// An error if the table has other columns by now than this handle knows: what is written by it would lack them.
    pub(super) fn check_layout(&self, state: &State) -> Result<(), OfflineError> {
        match Layout::of(self.name(), &state.delta)?.schema == self.layout.schema {
            true => Ok(()),
            false => Err(OfflineError::Unavailable {
                table: self.name().to_owned(),
                reason: "columns were added meanwhile; run the same command again".to_owned(),
                source: None,
            }),
        }
    }

    pub(super) fn state(&self) -> Arc<State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What has been materialized.
    pub fn coverage(&self) -> Coverage {
        let state = self.state();
        let mut done: Vec<Done> = (state.transactions.last.iter())
            .map(|(interval, entry)| Done {
                interval: *interval,
                attempt: entry.attempt,
            })
            .collect();
        done.sort_by_key(|done| done.interval);
        Coverage {
            version: state.transactions.version,
            done,
        }
    }

    /// What the last attempt at each interval read, by interval. Files that other attempts left are not looked at.
    pub async fn reads(&self) -> Result<Vec<JobReads>, OfflineError> {
        let state = self.state();
        let store = self.log.object_store(None);
        let mut entries: Vec<_> = state
            .transactions
            .last
            .iter()
            .map(|(interval, entry)| (*interval, *entry))
            .collect();
        entries.sort_by_key(|(interval, _)| *interval);
        futures::stream::iter(entries)
            .map(|(interval, entry)| {
                let (store, path) = (&store, reads_path(interval, entry.attempt, entry.committed_ms));
                async move {
                    let read = JobReads::get(self.name(), store.as_ref(), &path).await?;
                    Ok(JobReads {
                        committed_ms: entry.committed_ms,
                        ..read
                    })
                }
            })
            .buffered(FILES_AT_ONCE)
            .try_collect()
            .await
    }

    /// The files of the snapshot, in order of partition and path.
    pub fn files(&self) -> Vec<TableFile> {
        let state = self.state();
        let mut files: Vec<_> = (state.delta.log_data().iter())
            .map(|file| TableFile {
                path: file.path().into_owned(),
                size: u64::try_from(file.size()).unwrap_or(0),
                partition: TimeRange::partition_of(&file, self.layout.partition.column()).unwrap_or_default(),
                rows: file.num_records().map(|rows| rows as u64),
            })
            .collect();
        files.sort_by(|a, b| (&a.partition, &a.path).cmp(&(&b.partition, &b.path)));
        files
    }

    /// A file of the snapshot that is not kept any more; none if all are.
    pub async fn missing_file(&self) -> Result<Option<String>, OfflineError> {
        let state = self.state();
        let store = self.log.object_store(None);
        let paths: Vec<_> = (state.delta.log_data().iter())
            .map(|file| file.object_store_path())
            .collect();
        let mut heads = futures::stream::iter(paths)
            .map(|path| {
                let store = &store;
                async move { (store.head(&path).await, path) }
            })
            .buffer_unordered(FILES_AT_ONCE);
        while let Some((head, path)) = heads.next().await {
            match head {
                Ok(_) => {}
                Err(object_store::Error::NotFound { .. }) => return Ok(Some(path.to_string())),
                Err(error) => {
                    let error = DeltaTableError::from(error);
                    return Err(OfflineError::delta(
                        self.name(),
                        "its files cannot be looked for",
                        error,
                    ));
                }
            }
        }
        Ok(None)
    }
}

/// What the place is called, and the log there.
fn log_at(place: Place) -> Result<(String, LogStoreRef), OfflineError> {
    let location = place.to_string();
    match log_store(&place) {
        Ok(log) => Ok((location, log)),
        Err(error) => Err(OfflineError::delta(&location, "the location cannot be used", error)),
    }
}

/// Whether there is a table, of whatever versions.
async fn is_there(log: &dyn LogStore) -> bool {
    log.is_delta_table_location().await.unwrap_or(false)
}

fn delta_interval(span: Span) -> String {
    if span.is_multiple_of(Span::DAY) {
        format!("interval {} days", span.micros() / Span::DAY.micros())
    } else {
        format!("interval {} microseconds", span.micros())
    }
}
