use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, OnceLock};

use arrow::array::RecordBatch;
use datafusion::prelude::SessionContext;
use sandglass::offline::OfflineTable;
use sandglass::online::{GenerationState, Item, LiveRecord, OnlineStore, open};
use sandglass::project::Folder;
use sandglass::workspace::Name;
use serde_json::Value;
use tempfile::TempDir;

use super::buckets::{ACCESS, Bucket};
use super::servers::{run, s3};

/// The repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folder it was built of, where it is kept, and its path there.
type Built = (String, Arc<(TempDir, PathBuf)>);

/// A component of the repository, built once for all tests: the path of its `.wasm` file.
pub fn component(folder: &str) -> PathBuf {
    static BUILT: OnceLock<Mutex<Vec<Built>>> = OnceLock::new();
    let mut built = BUILT.get_or_init(Mutex::default).lock().unwrap();
    if let Some((_, found)) = built.iter().find(|(name, _)| name == folder) {
        return found.1.clone();
    }
    let made = sandglass::project::build(&repository(), folder, true).unwrap_or_else(|error| panic!("{error}"));
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("component.wasm");
    std::fs::write(&path, made.bytes).unwrap();
    built.push((folder.to_owned(), Arc::new((place, path.clone()))));
    path
}

/// Before the names of all objects of an offline store.
pub const OFFLINE: &str = "some/features";

/// A project in a folder of its own.
pub struct Project {
    folder: TempDir,
    /// `[stores]` of its definitions, if they are other than the usual ones.
    stores: String,
    /// What the offline store lies in, if that is no folder.
    bucket: Option<Arc<Bucket>>,
}

/// A project whose offline store is in its folder.
pub enum OnDisk<'a> {
    Itself(&'a Project),
    Copy(Project),
}

impl std::ops::Deref for OnDisk<'_> {
    type Target = Project;

    fn deref(&self) -> &Project {
        match self {
            Self::Itself(project) => project,
            Self::Copy(project) => project,
        }
    }
}

/// What the program answered.
#[derive(Debug)]
pub struct Answer {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    pub fn of(output: &Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Project {
    /// A project with these definitions, behind `[project] name = "shop"`, the entity and the source of the purchases.
    pub fn new(views: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = Self {
            folder,
            stores: String::new(),
            bucket: None,
        };
        project.define(views);
        project
    }

    /// The example's data in `data/purchases.parquet`.
    pub fn with_purchases(views: &str) -> Self {
        let project = Self::new(views);
        std::fs::create_dir_all(project.path("data")).unwrap();
        let from = repository().join("examples/purchases/data/purchases.parquet");
        std::fs::copy(from, project.path("data/purchases.parquet")).unwrap();
        project
    }

    pub fn define(&self, views: &str) {
        let text = format!(
            "[project]\nname = \"shop\"\n\n[[entity]]\nname = \"customer\"\njoin_keys = {{ customer_id = \"int64\" }}\n\n\
             [[source]]\nname = \"purchases\"\npath = \"data/purchases.parquet\"\ntimestamp_column = \"timestamp\"\n\n{views}"
        );
        self.write_definitions(&text);
    }

    /// The whole text of its definitions, but for where the stores are.
    pub fn write_definitions(&self, text: &str) {
        std::fs::write(self.path("sandglass.toml"), format!("{text}\n{}", self.stores)).unwrap();
    }

    /// The same with other stores: the text of `[stores]`.
    pub fn on(self, stores: &str) -> Self {
        let text = std::fs::read_to_string(self.path("sandglass.toml")).unwrap();
        let project = Self {
            stores: stores.to_owned(),
            ..self
        };
        project.write_definitions(&text);
        project
    }

    /// The same with its offline store in a bucket of its own.
    pub fn in_bucket(self) -> Self {
        let bucket = Bucket::new(&s3());
        let endpoint = bucket.endpoint.clone();
        self.in_bucket_at(bucket, &endpoint)
    }

    /// The same with another server before that of the bucket.
    pub fn in_bucket_at(self, bucket: Bucket, endpoint: &str) -> Self {
        let stores = format!(
            "[stores.offline]\nlocation = \"s3://{}/{OFFLINE}\"\n{}",
            bucket.name,
            bucket.keys(endpoint)
        );
        let project = Self {
            bucket: Some(Arc::new(bucket)),
            ..self
        };
        project.on(&stores)
    }

    /// The bucket of the offline store.
    pub fn bucket(&self) -> &Bucket {
        self.bucket.as_ref().unwrap()
    }

    /// The same, if it lies in one.
    pub fn in_some_bucket(&self) -> Option<&Bucket> {
        self.bucket.as_deref()
    }

    /// What the offline store has below a path, in a folder: that itself, or a copy of the objects.
    pub fn offline(&self, below: &str) -> (PathBuf, Option<TempDir>) {
        let Some(bucket) = &self.bucket else {
            return (self.path("store/offline").join(below), None);
        };
        let copy = tempfile::tempdir().unwrap();
        bucket.download(&format!("{OFFLINE}/{below}"), copy.path());
        (copy.path().to_owned(), Some(copy))
    }

    /// The same to look at: with its offline store in its folder, a copy if it is none.
    pub fn on_disk(&self) -> OnDisk<'_> {
        let Some(bucket) = &self.bucket else {
            return OnDisk::Itself(self);
        };
        let copy = Self {
            folder: tempfile::tempdir().unwrap(),
            stores: String::new(),
            bucket: None,
        };
        bucket.download(OFFLINE, &copy.path("store/offline"));
        OnDisk::Copy(copy)
    }

    /// Takes what is in a folder for its offline store.
    pub fn take_offline(&self, folder: &Path) {
        match &self.bucket {
            Some(bucket) => bucket.upload(folder, OFFLINE),
            None => {
                std::fs::create_dir_all(self.path("store/offline")).unwrap();
                run(Command::new("cp")
                    .arg("-r")
                    .arg(folder.join("."))
                    .arg(self.path("store/offline")));
            }
        }
    }

    /// Another one with all that is in its folder.
    pub fn copy(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        run(Command::new("cp").arg("-r").arg(self.path(".")).arg(folder.path()));
        Self {
            folder,
            stores: self.stores.clone(),
            bucket: self.bucket.clone(),
        }
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub fn command(&self, now: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sandglass"));
        command
            .arg("--project")
            .arg(self.folder.path())
            .args(["--now", now])
            .args(arguments);
        if self.bucket.is_some() {
            command.envs(ACCESS).env("AWS_EC2_METADATA_DISABLED", "true");
        }
        command
    }

    pub fn run(&self, now: &str, arguments: &[&str]) -> Answer {
        Answer::of(&self.command(now, arguments).output().unwrap())
    }

    /// The program's answer as JSON; it has to succeed.
    pub fn json(&self, now: &str, arguments: &[&str]) -> Value {
        let mut all = vec!["--format", "json"];
        all.extend(arguments);
        let answer = self.run(now, &all);
        assert_eq!(answer.status, 0, "{}", answer.stderr);
        serde_json::from_str(&answer.stdout).unwrap()
    }

    pub fn apply_and_materialize(&self, now: &str) {
        self.json(now, &["apply"]);
        self.json(now, &["materialize"]);
    }

    /// All offline rows of a view's version, by SQL, `rows` being the table.
    pub fn sql(&self, view: &str, version: u32, sql: &str) -> Vec<RecordBatch> {
        let (location, _copy) = self.offline(&name(view, version).rows_path());
        runtime().block_on(async {
            let session = session_over(&location).await;
            let source = self.path("data/purchases.parquet");
            if source.exists() {
                session
                    .register_parquet("purchases", source.to_str().unwrap(), Default::default())
                    .await
                    .unwrap();
            }
            session.sql(sql).await.unwrap().collect().await.unwrap()
        })
    }

    /// All offline rows of a view's version in one order, as text.
    pub fn rows(&self, view: &str, version: u32) -> Vec<String> {
        let batches = self.sql(view, version, "select * from rows");
        let mut rows: Vec<String> = batches.iter().flat_map(as_text).collect();
        rows.sort();
        rows
    }

    /// The online store of its definitions.
    pub fn store(&self) -> Arc<dyn OnlineStore> {
        let folder = Folder::open(self.folder.path()).unwrap();
        open(&folder.project().stores.online, &folder.root).unwrap()
    }

    /// What is online of a view.
    pub fn live(&self, view: &str) -> Option<(LiveRecord, GenerationState)> {
        self.store().live(&name(view, 1)).unwrap()
    }

    /// All online items of a view.
    pub fn items(&self, view: &str) -> Vec<(Vec<u8>, Item)> {
        self.store().scan(&name(view, 1)).unwrap()
    }
}

/// A session in which a Delta table is `rows`.
async fn session_over(location: &Path) -> SessionContext {
    let session = SessionContext::new();
    let table = OfflineTable::open(location.to_str().unwrap()).await.unwrap().unwrap();
    session.register_table("rows", table.provider().unwrap()).unwrap();
    session
}

/// What a query of a Delta table, `rows`, answers.
pub fn table_rows(location: &Path, sql: &str) -> Vec<RecordBatch> {
    runtime().block_on(async {
        let session = session_over(location).await;
        session.sql(sql).await.unwrap().collect().await.unwrap()
    })
}

fn as_text(batch: &RecordBatch) -> Vec<String> {
    let value = |row: usize| {
        let columns = batch.columns().iter();
        columns
            .map(|column| format!("{:?}", sandglass::online::Value::of(column, row).unwrap()))
            .collect::<Vec<_>>()
            .join("|")
    };
    (0..batch.num_rows()).map(value).collect()
}

fn name(view: &str, version: u32) -> Name {
    Name::new(&"shop".parse().unwrap(), view, version)
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}
