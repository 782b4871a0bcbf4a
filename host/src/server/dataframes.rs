//! Data frames of clients, on their way into feature tables: a client asks where to put one, puts it there as Parquet, and has it
//! ingested by a job that it then asks about.
//!
//! What is known of a data frame lies in a folder of its own beside the offline store, so that any server of the project can answer, and
//! one that starts again goes on: `record.json`, and the rows until they are ingested. Rows may be ingested twice without harm.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use futures::future::BoxFuture;
use http_body_util::BodyExt;
use sandglass_runtime::{Digest, hex};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::sync::{Semaphore, mpsc};

use super::limits::Limits;
use crate::serving::{Clock, ServeError};
use crate::time::{Span, Timestamp};

/// What brings a file's rows into a feature table: how many there were, or what is wrong.
pub trait Ingest: Send + Sync {
    /// Brings them, all or none.
    fn ingest(&self, table: String, file: PathBuf) -> BoxFuture<'static, Result<u64, String>>;
}

/// Data frames that come at once.
const UPLOADS: usize = 8;
/// Data frames that may be waited for, or lie and wait to be ingested.
const WAITING_MAX: usize = 100;
/// How long a place for a data frame is kept that nothing is done with.
const PLACE_KEPT: Span = Span::from_days(1);
/// How long it is known what became of a data frame.
const RECORD_KEPT: Span = Span::from_days(7);
/// Before a data frame's number in its `df_path`.
const SCHEME: &str = "sandglass-dataframe:";
/// A data frame in its folder, until it is ingested.
pub const DATAFRAME_ROWS: &str = "rows.parquet";
const RECORD: &str = "record.json";
const LOCK: &str = "lock";

/// Where a data frame is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// It is waited for, or it is there.
    Place,
    /// It is being ingested.
    Running,
    Success,
    Failure,
}

/// What is known of a data frame.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    id: String,
    workspace: String,
    feature_view: String,
    /// Of the signature that whoever puts it has to know.
    signature_sha256: String,
    state: State,
    /// Which it is of those that were begun; 0 if it was not.
    number: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
    #[serde(default)]
    rows: Option<u64>,
    #[serde(default)]
    error: Option<String>,
}

impl Record {
    /// The job, as Tecton's clients read it.
    fn job(&self) -> Value {
        let state = match self.state {
            State::Place | State::Running => "RUNNING",
            State::Success => "SUCCESS",
            State::Failure => "FAILURE",
        };
        json!({
            "id": self.id,
            "workspace": self.workspace,
            "feature_view": self.feature_view,
            "job_type": "ingest",
            "state": format!("MATERIALIZATION_TASK_STATUS_{state}"),
            "online": true,
            "offline": true,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "rows": self.rows,
            "error": self.error,
        })
    }
}

/// The data frames of a workspace.
pub(super) struct Dataframes {
    folder: PathBuf,
    clock: Clock,
    uploads: Semaphore,
    /// Held between reading a record and writing it.
    writing: Mutex<()>,
    /// Those that are to be ingested, in their order: a correction comes after what it corrects.
    queue: mpsc::UnboundedSender<String>,
}

impl Dataframes {
    /// Goes on with what a server before this one had begun, and removes what nobody asks for any more.
    pub(super) fn new(folder: PathBuf, ingest: Arc<dyn Ingest>, clock: Clock) -> Arc<Self> {
        let (queue, mut queued) = mpsc::unbounded_channel::<String>();
        let this = Arc::new(Self {
            folder,
            clock,
            uploads: Semaphore::new(UPLOADS),
            writing: Mutex::new(()),
            queue,
        });
        let _ = this.sweep();
        let mut begun = this.records();
        begun.retain(|record| record.state == State::Running);
        begun.sort_by(|a, b| (a.number, &a.id).cmp(&(b.number, &b.id)));
        for record in begun {
            let _ = this.queue.send(record.id);
        }
        let weak = Arc::downgrade(&this);
        // One after the other: each takes the memory of a job.
        tokio::spawn(async move {
            while let Some(id) = queued.recv().await {
                let Some(this) = weak.upgrade() else { break };
                this.run(&id, ingest.as_ref()).await;
            }
        });
        this
    }

    /// Makes a place for a data frame; the path and query of its URL, and its number.
    pub(super) fn place(&self, workspace: &str, table: &str) -> Result<(String, String), ServeError> {
        self.sweep()?;
        let mut random = [0; 48];
        getrandom::fill(&mut random).map_err(|error| ServeError::Internal(error.to_string()))?;
        let (id, signature) = random.split_at(16);
        let (id, signature) = (hex(id), hex(signature));
        let now = (self.clock)();
        let record = Record {
            workspace: workspace.to_owned(),
            feature_view: table.to_owned(),
            signature_sha256: sha256(&signature),
            state: State::Place,
            number: 0,
            created_at: now,
            updated_at: now,
            rows: None,
            error: None,
            id,
        };
        let folder = self.folder.join(&record.id);
        std::fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, &error))?;
        self.put(&record)?;
        let url = format!("/api/v1/dataframes/{}?signature={signature}", record.id);
        Ok((url, format!("{SCHEME}{}", record.id)))
    }

    /// Takes a data frame. Whoever knows the signature may, until it is ingested.
    pub(super) async fn upload(
        &self,
        id: &str,
        signature: Option<&str>,
        body: Body,
        limits: Limits,
    ) -> Result<(), ServeError> {
        let _permit = self.uploads.try_acquire().map_err(|_| {
            ServeError::Busy(format!(
                "{UPLOADS} data frames are coming, which is this server's limit"
            ))
        })?;
        let record = self.get(id)?;
        if signature.is_none_or(|signature| sha256(signature) != record.signature_sha256) {
            let message = "the signature of the URL is not the one that was given out for it".to_owned();
            return Err(ServeError::Unauthorized(message));
        }
        self.is_waiting(&record)?;
        let folder = self.folder.join(id);
        // Two that are put at once do not mix: each has a file of its own until it is whole.
        let part = tempfile::Builder::new().prefix("part-").tempfile_in(&folder);
        let part = part.map_err(|error| unwritable(&folder, &error))?;
        let (file, path) = part.into_parts();
        let mut file = tokio::fs::File::from_std(file);
        let mut body = std::pin::pin!(body);
        let mut bytes = 0;
        loop {
            let frame = tokio::time::timeout(limits.body_timeout, body.frame()).await;
            let frame = frame.map_err(|_| {
                let millis = limits.body_timeout.as_millis();
                ServeError::Slow(format!("nothing came of the data frame for {millis} ms"))
            })?;
            let Some(frame) = frame else { break };
            let frame =
                frame.map_err(|error| ServeError::Invalid(format!("the data frame could not be read: {error}")))?;
            let Ok(data) = frame.into_data() else { continue };
            bytes += data.len() as u64;
            if bytes > limits.upload_bytes_max {
                let most = limits.upload_bytes_max;
                return Err(ServeError::TooLarge(format!(
                    "a data frame has at most {most} bytes; send it in parts"
                )));
            }
            file.write_all(&data)
                .await
                .map_err(|error| unwritable(&folder, &error))?;
        }
        file.sync_all().await.map_err(|error| unwritable(&folder, &error))?;
        drop(file);
        // What is being ingested by now stays what it is.
        let _writing = self.writing();
        self.is_waiting(&self.get(id)?)?;
        path.persist(folder.join(DATAFRAME_ROWS))
            .map_err(|error| unwritable(&folder, &error.error))?;
        synced(&folder)
    }

    /// Begins to ingest a data frame that was put; says how it stands if that has begun already.
    pub(super) fn begin(&self, table: &str, df_path: &str) -> Result<Value, ServeError> {
        let id = df_path.strip_prefix(SCHEME).ok_or_else(|| {
            let message = "`df_path` is not one that `get-dataframe-info` gave: ask for one, and put the rows there";
            ServeError::Invalid(message.to_owned())
        })?;
        self.of_table(id, table)?;
        let _writing = self.writing();
        let lock = self
            .lock(id)
            .map_err(|error| unwritable(&self.folder.join(id), &error))?;
        if lock.try_lock().is_err() {
            // Another server of the project is at it.
            return Ok(self.of_table(id, table)?.job());
        }
        let mut record = self.of_table(id, table)?;
        if record.state != State::Place {
            return Ok(record.job());
        }
        self.is_waiting(&record)?;
        if !self.folder.join(id).join(DATAFRAME_ROWS).exists() {
            let message = "no rows were put there yet: put them as Parquet to `signed_url_for_df_upload` first";
            return Err(ServeError::Invalid(message.to_owned()));
        }
        let last = self.records().iter().map(|record| record.number).max();
        record.number = last.unwrap_or(0) + 1;
        (record.state, record.updated_at) = (State::Running, (self.clock)());
        self.put(&record)?;
        let _ = self.queue.send(record.id.clone());
        Ok(record.job())
    }

    /// How a job stands.
    pub(super) fn job(&self, table: &str, id: &str) -> Result<Value, ServeError> {
        let record = self.of_table(id, table)?;
        match record.state {
            State::Place => Err(unknown(id)),
            State::Running | State::Success | State::Failure => Ok(record.job()),
        }
    }

    /// The jobs of a table, in the order in which they were begun.
    pub(super) fn jobs_of(&self, table: &str) -> Vec<Value> {
        let mut records = self.records();
        records.retain(|record| record.feature_view == table && record.state != State::Place);
        records.sort_by(|a, b| (a.number, &a.id).cmp(&(b.number, &b.id)));
        records.iter().map(Record::job).collect()
    }

    /// Runs a job and writes down what came of it.
    async fn run(&self, id: &str, ingest: &dyn Ingest) {
        let folder = self.folder.join(id);
        // Another server of the project may be at it, which is waited for; whoever ends lets go of it, however it ends.
        let locked = self.lock(id).map(|lock| {
            tokio::task::spawn_blocking(move || {
                lock.lock()?;
                Ok::<_, std::io::Error>(lock)
            })
        });
        let locked = match locked {
            Ok(locked) => locked.await.unwrap_or_else(|error| Err(std::io::Error::other(error))),
            Err(error) => Err(error),
        };
        let Ok(_locked) = locked.map_err(|error| tracing::error!(%error, id, "a data frame cannot be ingested")) else {
            return;
        };
        let Ok(mut record) = self.get(id) else { return };
        if record.state != State::Running {
            return;
        }
        let rows = folder.join(DATAFRAME_ROWS);
        match ingest.ingest(record.feature_view.clone(), rows.clone()).await {
            Ok(rows) => (record.state, record.rows) = (State::Success, Some(rows)),
            Err(error) => (record.state, record.error) = (State::Failure, Some(error)),
        }
        record.updated_at = (self.clock)();
        // Only then: whoever finds it running ingests the rows again.
        match self.put(&record) {
            Ok(()) => drop(std::fs::remove_file(rows)),
            Err(error) => tracing::error!(%error, id, "what came of a data frame cannot be written down"),
        }
    }

    /// What whoever changes how a data frame stands has to hold, in whatever process.
    fn lock(&self, id: &str) -> std::io::Result<std::fs::File> {
        std::fs::File::create(self.folder.join(id).join(LOCK))
    }

    fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An error if rows are not waited for any more.
    fn is_waiting(&self, record: &Record) -> Result<(), ServeError> {
        if record.state != State::Place {
            let message = "this data frame was ingested already; ask for another place".to_owned();
            return Err(ServeError::Invalid(message));
        }
        match (self.clock)().since(record.created_at) > PLACE_KEPT {
            true => Err(unknown(&record.id)),
            false => Ok(()),
        }
    }

    fn of_table(&self, id: &str, table: &str) -> Result<Record, ServeError> {
        let record = self.get(id)?;
        match record.feature_view == table {
            true => Ok(record),
            false => Err(unknown(id)),
        }
    }

    fn get(&self, id: &str) -> Result<Record, ServeError> {
        if id.len() != 32 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(unknown(id));
        }
        let path = self.folder.join(id).join(RECORD);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(unknown(id)),
            Err(error) => {
                return Err(ServeError::Unavailable(format!(
                    "cannot read {}: {error}",
                    path.display()
                )));
            }
        };
        serde_json::from_slice(&bytes)
            .map_err(|error| ServeError::Internal(format!("{} is damaged: {error}", path.display())))
    }

    fn put(&self, record: &Record) -> Result<(), ServeError> {
        let folder = self.folder.join(&record.id);
        let failed = |error: &std::io::Error| unwritable(&folder, error);
        let bytes = serde_json::to_vec_pretty(record).map_err(|error| ServeError::Internal(error.to_string()))?;
        let file = tempfile::Builder::new().prefix("record-").tempfile_in(&folder);
        let mut file = file.map_err(|error| failed(&error))?;
        std::io::Write::write_all(&mut file, &bytes).map_err(|error| failed(&error))?;
        file.as_file().sync_all().map_err(|error| failed(&error))?;
        file.persist(folder.join(RECORD))
            .map_err(|error| failed(&error.error))?;
        synced(&folder)
    }

    /// All that can be read.
    fn records(&self) -> Vec<Record> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten();
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.filter_map(|id| self.get(&id).ok()).collect()
    }

    /// Removes what nobody asks for any more; an error if too many wait.
    fn sweep(&self) -> Result<(), ServeError> {
        let _writing = self.writing();
        let (mut waiting, now) = (0, (self.clock)());
        for record in self.records() {
            let kept = match record.state {
                State::Running => Span::from_micros(i64::MAX),
                State::Place => PLACE_KEPT,
                State::Success | State::Failure => RECORD_KEPT,
            };
            if now.since(record.updated_at) > kept {
                let _ = std::fs::remove_dir_all(self.folder.join(&record.id));
            } else if matches!(record.state, State::Place | State::Running) {
                waiting += 1;
            }
        }
        match waiting < WAITING_MAX {
            true => Ok(()),
            false => Err(ServeError::Busy(format!(
                "{waiting} data frames are waited for or wait to be ingested, which is this server's limit"
            ))),
        }
    }
}

/// Makes sure that names in a folder outlive a loss of power.
fn synced(folder: &Path) -> Result<(), ServeError> {
    let synced = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| unwritable(folder, &error))
}

fn sha256(text: &str) -> String {
    Digest::of(text.as_bytes()).hex().to_owned()
}

fn unknown(id: &str) -> ServeError {
    ServeError::Unknown(format!("there is no data frame or job `{id}`, or not any more"))
}

fn unwritable(path: &Path, error: &std::io::Error) -> ServeError {
    ServeError::Unavailable(format!("cannot write to {}: {error}", path.display()))
}
