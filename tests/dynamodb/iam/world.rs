//! A project behind a proxy that says which command has asked for what, and cuts commands off.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;

use super::asked::{KEY, rights};
use crate::dynamodb::local::stores_at;
use crate::harness::buckets::Bucket;
use crate::harness::iam::Recorder;
use crate::harness::proxy::Proxy;
use crate::harness::servers::{moto, unique};
use crate::harness::{Answer, Project};

pub const NOW: &str = "2024-02-02T00:00:00Z";
pub const LATER: &str = "2024-02-03T00:00:00Z";

/// Of the views, `profile` shares a table, `many` is written item by item, `staged` imported.
pub const VIEWS: [(&str, &str); 3] = [("profile", "auto"), ("many", "rows"), ("staged", "bulk")];

/// Keys of a thousand bytes, which are stored by their hashes, and so in no order.
fn long_keys() -> impl Iterator<Item = String> {
    (0..8).map(|key| format!("{key}{}", "x".repeat(1_100)))
}

/// The first rows of a view: of `big` there are some in each, in `many` with more than an item takes.
pub fn rows(view: &str) -> String {
    let names = |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    let (keys, big) = match view {
        "profile" => (names(&["ann", "bob"]), 1),
        "many" => (long_keys().chain(names(&["ann"])).collect(), 400_000),
        _ => ((0..10).map(|key| format!("c{key}")).collect(), 1),
    };
    let mut text = "customer,updated_at,plan\n".to_owned();
    for key in keys {
        writeln!(text, "{key},2024-02-01T06:00:00Z,tin").unwrap();
    }
    writeln!(text, "big,2024-02-01T06:00:00Z,{}", "y".repeat(big)).unwrap();
    text
}

/// A row of a day later.
pub const ROW: &str = "ann,2024-02-02T06:00:00Z,gold\n";

pub struct World {
    pub project: Project,
    definitions: String,
    stores: String,
    pub prefix: String,
    recorder: Arc<Recorder>,
    /// Another machine's: locks of its processes are not seen.
    elsewhere: TempDir,
    _proxy: Proxy,
    _bucket: Bucket,
}

impl World {
    /// A project with all that a store may have, and nothing applied.
    pub fn new(views: &str) -> Self {
        let recorder = Arc::<Recorder>::default();
        let proxy = Proxy::start(&moto(), {
            let recorder = Arc::clone(&recorder);
            move |asked| recorder.sees(asked.operation, rights(asked))
        });
        let (bucket, prefix) = (Bucket::new(&moto()), format!("{}-", unique("iam")));
        let stores = stores_at(
            &proxy.endpoint(),
            &prefix,
            &format!(
                "shared_table_items = 5\ntags = {{ team = \"growth\" }}\nkms_key_id = \"{KEY}\"\n\
                 warm_read_units = 20000\nwarm_write_units = 5000\n\
                 staging = {{ location = \"s3://{}/load\", endpoint = \"{}\" }}",
                bucket.name,
                proxy.endpoint()
            ),
        );
        let definitions = format!(
            "[project]\nname = \"shop\"\n\n[[entity]]\nname = \"customer\"\njoin_keys = {{ customer = \"utf8\" }}\n\n{views}"
        );
        let world = Self {
            project: Project::new(""),
            definitions,
            stores,
            prefix,
            recorder,
            elsewhere: tempfile::tempdir().unwrap(),
            _proxy: proxy,
            _bucket: bucket,
        };
        world.define(&world.stores);
        world
    }

    fn define(&self, stores: &str) {
        self.project
            .write_definitions(&format!("{}\n{stores}", self.definitions));
    }

    /// Does something while the online store is a folder.
    pub fn embedded(&self, work: impl FnOnce(&Project)) {
        self.define("");
        work(&self.project);
        self.define(&self.stores);
    }

    /// From now on this command asks.
    pub fn begins(&self, command: &str) {
        self.recorder.begins(command);
    }

    /// Runs a command to its end, which has to be a good one.
    pub fn run(&self, now: &str, arguments: &[&str]) -> Value {
        self.begins(arguments[0]);
        self.project.json(now, arguments)
    }

    /// Runs a command that ends when the service has done a request; nothing is done of what it asks for after that.
    pub fn cut(&self, now: &str, arguments: &[&str], last: (&'static str, &'static str)) {
        self.cut_on(now, arguments, last, true);
    }

    /// The same, of a process whose end is not seen here.
    pub fn cut_elsewhere(&self, now: &str, arguments: &[&str], last: (&'static str, &'static str)) {
        self.cut_on(now, arguments, last, false);
    }

    fn cut_on(&self, now: &str, arguments: &[&str], last: (&'static str, &'static str), here: bool) {
        self.begins(arguments[0]);
        self.recorder.cuts(last);
        let mut command = self.project.command(now, arguments);
        if !here {
            command.env("XDG_CACHE_HOME", self.elsewhere.path());
        }
        let answer = Answer::of(&command.output().unwrap());
        assert!(
            self.recorder.resumes(),
            "{arguments:?} does not ask for {last:?}: {}",
            answer.stderr
        );
        assert!(answer.stderr.contains("AccessDenied"), "{}", answer.stderr);
    }

    /// The document that `sandglass iam` prints of some commands.
    pub fn document(&self, commands: &[&str]) -> Value {
        Recorder::document(&self.project, commands)
    }

    /// All that a command has asked for is allowed to it.
    #[track_caller]
    pub fn is_allowed(&self, command: &str) {
        self.recorder.is_allowed(&self.project, command);
    }

    /// And nothing else is.
    #[track_caller]
    pub fn is_all(&self, command: &str) {
        self.recorder.is_all_but(&self.project, command, &[]);
    }
}
