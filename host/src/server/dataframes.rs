//! Data frames of clients, on their way into feature tables: a client asks where to put one, puts it there as Parquet, and has it
//! ingested by a job that it then asks about.
//!
//! What is known of a data frame lies in a folder of its own beside the offline store, so that any server of the project can answer, and
//! one that starts again goes on: `record.json`, and the rows until they are ingested. Rows may be ingested twice without harm.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use futures::future::BoxFuture;
use http_body_util::BodyExt;
use sandglass_runtime::{Digest, hex};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;

use super::limits::Limits;
use crate::serving::ServeError;
use crate::time::{Span, Timestamp};

/// What brings a file's rows into a feature table: how many there were, or what is wrong.
pub trait Ingest: Send + Sync {
    /// Brings them, all or none.
    fn ingest(&self, table: String, file: PathBuf) -> BoxFuture<'static, Result<u64, String>>;
}

/// Data frames that are ingested at once: each takes the memory of a job.
const JOBS: usize = 1;
/// Data frames that come at once.
const UPLOADS: usize = 8;
/// Data frames that may lie and wait to be ingested.
const WAITING_MAX: usize = 1_000;
/// How long a place for a data frame is kept that nothing is done with.
const PLACE_KEPT: Span = Span::from_days(1);
/// How long it is known what became of a data frame.
const RECORD_KEPT: Span = Span::from_days(7);
/// Before a data frame's number in its `df_path`.
const SCHEME: &str = "sandglass-dataframe:";
const ROWS: &str = "rows.parquet";
const RECORD: &str = "record.json";

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
    ingest: Arc<dyn Ingest>,
    jobs: Arc<Semaphore>,
    uploads: Semaphore,
}

impl Dataframes {
    pub(super) fn new(folder: PathBuf, ingest: Arc<dyn Ingest>) -> Self {
        Self {
            folder,
            ingest,
            jobs: Arc::new(Semaphore::new(JOBS)),
            uploads: Semaphore::new(UPLOADS),
        }
    }

    /// Goes on with what a server before this one had begun.
    pub(super) fn resume(self: &Arc<Self>, now: Timestamp) {
        for record in self.records() {
            if record.state == State::Running {
                self.start(record, now);
            }
        }
    }

    /// Makes a place for a data frame; the path and query of its URL, and its number.
    pub(super) fn place(&self, workspace: &str, table: &str, now: Timestamp) -> Result<(String, String), ServeError> {
        self.sweep(now)?;
        let mut random = [0; 48];
        getrandom::fill(&mut random).map_err(|error| ServeError::Internal(error.to_string()))?;
        let (id, signature) = random.split_at(16);
        let (id, signature) = (hex(id), hex(signature));
        let record = Record {
            workspace: workspace.to_owned(),
            feature_view: table.to_owned(),
            signature_sha256: sha256(&signature),
            state: State::Place,
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
        if record.state != State::Place {
            return Err(ServeError::Invalid(
                "this data frame was ingested already; ask for another place".to_owned(),
            ));
        }
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
        path.persist(folder.join(ROWS))
            .map_err(|error| unwritable(&folder, &error.error))
    }

    /// Begins to ingest a data frame that was put; says how it stands if that has begun already.
    pub(super) fn begin(self: &Arc<Self>, table: &str, df_path: &str, now: Timestamp) -> Result<Value, ServeError> {
        let id = df_path.strip_prefix(SCHEME).ok_or_else(|| {
            let message = "`df_path` is not one that `get-dataframe-info` gave: ask for one, and put the rows there";
            ServeError::Invalid(message.to_owned())
        })?;
        let mut record = self.of_table(id, table)?;
        if record.state != State::Place {
            return Ok(record.job());
        }
        if !self.folder.join(id).join(ROWS).exists() {
            let message = "no rows were put there yet: put them as Parquet to `signed_url_for_df_upload` first";
            return Err(ServeError::Invalid(message.to_owned()));
        }
        (record.state, record.updated_at) = (State::Running, now);
        self.put(&record)?;
        let job = record.job();
        self.start(record, now);
        Ok(job)
    }

    /// How a job stands.
    pub(super) fn job(&self, table: &str, id: &str) -> Result<Value, ServeError> {
        Ok(self.of_table(id, table)?.job())
    }

    /// The jobs of a table, the first one first.
    pub(super) fn jobs_of(&self, table: &str) -> Vec<Value> {
        let mut records = self.records();
        records.retain(|record| record.feature_view == table && record.state != State::Place);
        records.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        records.iter().map(Record::job).collect()
    }

    /// Runs a job and writes down what came of it.
    fn start(self: &Arc<Self>, mut record: Record, now: Timestamp) {
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let Ok(_permit) = Arc::clone(&this.jobs).acquire_owned().await else {
                return;
            };
            let rows = this.folder.join(&record.id).join(ROWS);
            record.updated_at = now;
            match this.ingest.ingest(record.feature_view.clone(), rows.clone()).await {
                Ok(rows) => (record.state, record.rows) = (State::Success, Some(rows)),
                Err(error) => (record.state, record.error) = (State::Failure, Some(error)),
            }
            let written = tokio::task::spawn_blocking(move || {
                // Only then: whoever finds it running ingests the rows again.
                this.put(&record).map(|()| std::fs::remove_file(rows))
            });
            match written.await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::error!(%error, "what came of a data frame cannot be written down"),
                Err(error) => tracing::error!(%error, "what came of a data frame cannot be written down"),
            }
        });
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
        Ok(())
    }

    /// All that can be read.
    fn records(&self) -> Vec<Record> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten();
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.filter_map(|id| self.get(&id).ok()).collect()
    }

    /// Removes what nobody asks for any more; an error if too many wait.
    fn sweep(&self, now: Timestamp) -> Result<(), ServeError> {
        let mut waiting = 0;
        for record in self.records() {
            let (kept, waits) = match record.state {
                State::Place => (PLACE_KEPT, true),
                State::Running => continue,
                State::Success | State::Failure => (RECORD_KEPT, false),
            };
            if now.since(record.updated_at) > kept {
                let _ = std::fs::remove_dir_all(self.folder.join(&record.id));
            } else if waits {
                waiting += 1;
            }
        }
        match waiting < WAITING_MAX {
            true => Ok(()),
            false => Err(ServeError::Busy(format!(
                "{waiting} places for data frames were given out, and nothing was ingested of them; they are kept for a day"
            ))),
        }
    }
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
