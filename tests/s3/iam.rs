//! What commands ask S3 for is what `sandglass iam` prints, no less and no more.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::harness::buckets::{Bucket, status};
use crate::harness::iam::{Policy, Recorder, Right, if_missing, of_objects};
use crate::harness::proxy::Proxy;
use crate::harness::servers::s3;
use crate::harness::{OFFLINE, Project, ServerProcess, Timed, component, repository};
use crate::maintain::world::{ALONE, SPEND};
use crate::tables::http;

const NOW: &str = "1997-02-11";
const LATER: &str = "1997-02-21";
/// When nobody goes back to what was applied before.
const YEARS_LATER: &str = "2002-02-21";

/// No test has a file that is so long that it is written in parts, and it would be given up only where that fails.
const IN_PARTS: (&str, &str) = ("s3:AbortMultipartUpload", "Offline");

const PROFILE: &str = r#"
[[feature_view]]
name = "profile"
kind = "table"
entities = ["person"]
columns = { plan = "utf8" }
timestamp_column = "updated_at"
online = true
"#;

/// A project in a bucket behind a proxy that says which command has asked for what.
struct World {
    project: Project,
    endpoint: String,
    recorder: Arc<Recorder>,
    _proxy: Proxy,
}

impl World {
    fn new() -> Self {
        let recorder = Arc::<Recorder>::default();
        let bucket = Bucket::new(&s3());
        let data = std::fs::read(repository().join("examples/purchases/data/purchases.parquet")).unwrap();
        bucket.put("data/all/purchases.parquet", data.clone());
        bucket.put("more/day=1/a.parquet", data);
        let proxy = Proxy::start(&bucket.endpoint, {
            let (recorder, server) = (Arc::clone(&recorder), bucket.endpoint.clone());
            move |asked| {
                let missing = if_missing(asked).filter(|_| status(&server, "HEAD", asked.path) == "404");
                let rights = of_objects(asked).into_iter().chain(missing).collect();
                recorder.sees(asked.operation, rights)
            }
        });
        let endpoint = proxy.endpoint();
        Self {
            project: Project::new("").in_bucket_at(bucket, &endpoint),
            endpoint,
            recorder,
            _proxy: proxy,
        }
    }

    /// A view of all of a folder's objects with a transformation, one of a pattern's with tiles, and these.
    fn define(&self, start: &str, more: &str) {
        let bucket = self.project.bucket();
        let keys = bucket.keys(&self.endpoint);
        let source = |name: &str, path: &str| {
            format!(
                "[[source]]\nname = \"{name}\"\npath = \"s3://{}/{path}\"\n{keys}timestamp_column = \"timestamp\"\n\n",
                bucket.name
            )
        };
        let code = component("examples/purchases/transformations/purchases");
        let text = format!(
            "[project]\nname = \"shop\"\n\n[[entity]]\nname = \"customer\"\njoin_keys = {{ customer_id = \"int64\" }}\n\n\
             [[entity]]\nname = \"person\"\njoin_keys = {{ customer = \"utf8\" }}\n\n{}{}\n\
             [[feature_view]]\nname = \"details\"\nkind = \"batch\"\nentities = [\"customer\"]\nsources = [\"days\"]\n\
             transformation = \"{}#purchase_details\"\nparameters = {{ big_basket = 5 }}\ntimestamp_column = \"timestamp\"\n\
             batch_schedule = \"1d\"\nfeature_start_time = \"1997-01-01\"\nonline = true\n\n{SPEND}\n{more}",
            source("purchases", "data/all"),
            source("days", "more/day=*/*.parquet"),
            code.display(),
        );
        self.project.write_definitions(&text.replace("1997-01-01", start));
    }

    /// Runs a command to its end, which has to be a good one.
    fn run(&self, now: &str, arguments: &[&str]) -> Value {
        self.recorder.begins(arguments[0]);
        self.project.json(now, arguments)
    }

    /// Runs a command to its end, which has to be a bad one.
    fn fails(&self, now: &str, arguments: &[&str]) -> String {
        self.recorder.begins(arguments[0]);
        let answer = self.project.run(now, arguments);
        assert_ne!(answer.status, 0, "{}", answer.stdout);
        self.recorder.resumes();
        answer.stderr
    }

    /// All that a command has asked for is allowed to it, and nothing else but this.
    #[track_caller]
    fn is_all_but(&self, command: &str, but: &[(&str, &str)]) {
        self.recorder.is_all_but(&self.project, command, but);
    }

    /// A table's log becomes one that the next entry sums up, with nothing in it that is kept for longer.
    fn fill_log(&self, table: &str) {
        let bucket = self.project.bucket();
        let log = format!("{OFFLINE}/shop/{table}/_delta_log");
        let entry = |number: usize| format!("{log}/{number:020}.json");
        let first = String::from_utf8(bucket.get(&entry(0))).unwrap();
        let kept = "\"delta.logRetentionDuration\":\"interval 30 days\"";
        assert!(first.contains(kept), "{first}");
        let none = kept.replace("30 days", "0 seconds");
        bucket.put(&entry(0), first.replace(kept, &none).into_bytes());
        let objects = bucket.objects();
        let missing = (1..19).map(entry).filter(|entry| !objects.contains(entry));
        let nothing = json!({ "commitInfo": { "timestamp": 852_076_800_000_u64, "operation": "WRITE", "operationParameters": {} } });
        missing.for_each(|entry| bucket.put(&entry, nothing.to_string().into_bytes()));
        assert!(!objects.contains(&entry(19)), "{objects:?}");
    }

    /// The one folder of tiles.
    fn tiles(&self) -> String {
        let begin = format!("{OFFLINE}/shop/");
        let objects = self.project.bucket().objects();
        let mut tables = objects
            .iter()
            .filter_map(|object| object.strip_prefix(&begin)?.split_once("/_delta_log/"));
        let tiles = tables.find(|(table, _)| table.starts_with("spend/v1/tiles/"));
        tiles.unwrap().0.to_owned()
    }
}

/// Applied, looked at, and made with what fails on the way.
fn made(world: &World) {
    world.run(NOW, &["apply"]);
    world.run(NOW, &["apply"]);
    world.is_all_but("apply", &[]);
    world.run(NOW, &["plan"]);
    world.run(NOW, &["materialize"]);
    world.recorder.refuses(("PutObject", "/details/v1/rows/__month"));
    world.fails("1997-02-13", &["materialize", "details", "--retries", "0"]);
    let failed = world.run("1997-02-13", &["status"]);
    assert!(
        failed.to_string().contains("a file of rows cannot be written"),
        "{failed}"
    );
    world.fill_log("details/v1/rows");
    world.run("1997-02-13", &["materialize"]);
    world.is_all_but("materialize", &[IN_PARTS]);
    world.run("1997-02-13", &["status"]);
    world.is_all_but("status", &[]);
    world.run(LATER, &["plan"]);
    world.is_all_but("plan", &[]);
    // Rows are committed, and their tiles are not.
    let tiles = world.tiles();
    world.recorder.refuses(("PutLogEntry", "/tiles/"));
    world.fails(LATER, &["materialize", "spend"]);
    world.fill_log(&tiles);
    world.run(LATER, &["compact"]);
    world.is_all_but("compact", &[IN_PARTS]);
}

fn ingested(world: &World) {
    let put = |text: &str| {
        let file = world.project.path("rows.csv");
        std::fs::write(&file, format!("customer,updated_at,plan\n{text}")).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let rows = "ann,1997-01-05T00:00:00Z,gold\n";
    world.run(LATER, &["ingest", "profile", "--file", &put(rows)]);
    // What is written already is removed again.
    let said = world.fails(
        LATER,
        &[
            "ingest",
            "profile",
            "--file",
            &put(&format!("{rows},1997-01-06T00:00:00Z,tin\n")),
        ],
    );
    assert!(said.contains("a null key"), "{said}");
    world.is_all_but("ingest", &[IN_PARTS]);
}

fn read(world: &World) {
    world.run(
        LATER,
        &["get", "both", "--key", "customer_id=1", "--key", "customer=ann"],
    );
    world.is_all_but("get", &[]);
    world.run(LATER, &["explain", "spend", "--key", "customer_id=1", "--at", LATER]);
    world.is_all_but("explain", &[]);
    world.run(LATER, &["run", "details", "--start", "1997-02-01"]);
    world.is_all_but("run", &[]);
    world.run(LATER, &["test"]);
    world.is_all_but("test", &[]);
    let [spine, out] = ["spine.csv", "out.csv"].map(|name| world.project.path(name));
    std::fs::write(&spine, "customer_id,timestamp\n1,1997-01-20T00:00:00Z\n").unwrap();
    let [spine, out] = [&spine, &out].map(|path| path.to_str().unwrap());
    let train = [
        "training-data",
        "--spine",
        spine,
        "--features",
        "spend,details",
        "--out",
        out,
    ];
    world.run(LATER, &train);
    world.run(LATER, &[&train[..], &["--from-source", "--overwrite"]].concat());
    world.is_all_but("training-data", &[]);
}

fn served(world: &World) {
    let made = world.run(LATER, &["key", "create", "--name", "web"]);
    world.run(LATER, &["key", "list"]);
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    world.recorder.begins("serve");
    let server = ServerProcess::start(&world.project, LATER, &["--require-keys"]);
    let header = format!("Bearer {key}");
    let body = json!({ "params": {
        "workspaceName": "shop", "featureServiceName": "both", "joinKeyMap": { "customer_id": "1", "customer": "ann" },
    }});
    let reply = server.http().request(
        "POST",
        "/api/v1/feature-service/get-features",
        &[("authorization", &header)],
        body.to_string().as_bytes(),
    );
    assert_eq!(reply.status, 200, "{}", reply.text());
    drop(server);
    // Where nobody can bring data frames in.
    world.define("1997-01-01", "");
    world.is_all_but("serve", &[]);
    world.define("1997-01-01", &all());
    world.recorder.begins("serve");
    let server = ServerProcess::start(&world.project, LATER, &[]);
    let job = http::brought(&mut server.http(), &[("ann", "lead", 852_508_800)]);
    assert_eq!(job["state"], "MATERIALIZATION_TASK_STATUS_SUCCESS", "{job}");
    drop(server);
    world.recorder.is_allowed(&world.project, "serve");
    world.run(LATER, &["key", "remove", id]);
    world.is_all_but("key", &[]);
}

/// The table, and a service of it and of tiles.
fn all() -> String {
    format!("{PROFILE}\n[[feature_service]]\nname = \"both\"\nfeatures = [\"spend\", \"profile\"]\n")
}

fn removed(world: &World) {
    let forget = [
        "forget",
        "customer",
        "--key",
        "customer_id=1",
        "--orphans-after",
        "0s",
        "--yes",
    ];
    world.run(LATER, &forget);
    world.is_all_but("forget", &[IN_PARTS]);
    world.run(LATER, &ALONE);
    // Two other versions, of the first of which nothing is made, back, and there again.
    for start in ["1997-01-06", "1997-01-11"] {
        world.define(start, &all());
        world.run(LATER, &["apply"]);
    }
    world.run(LATER, &["rollback", "spend"]);
    world.is_all_but("rollback", &[]);
    world.run(LATER, &["apply"]);
    world.run(LATER, &["materialize"]);
    let objects = || world.project.bucket().objects();
    let has = |version: &str| objects().iter().any(|object| object.contains(version));
    assert!(has("/spend/v1/rows/"));
    world.run(YEARS_LATER, &ALONE);
    assert!(!has("/spend/v1/rows/") && has("/spend/v3/rows/"));
    world.is_all_but("maintain", &[IN_PARTS]);
    world.define("1997-01-11", PROFILE);
    world.run(YEARS_LATER, &["apply"]);
    // What was being dropped when that was cut off.
    let mark = format!("{OFFLINE}/shop/spend/.dropped-v1");
    world.project.bucket().put(&mark, Vec::new());
    world.run(YEARS_LATER, &["destroy", "spend", "--yes"]);
    world.is_all_but("destroy", &[]);
    assert!(!has("/spend/"));
    for command in ["apply", "materialize", "status", "plan"] {
        world.recorder.is_allowed(&world.project, command);
    }
}

#[test]
fn what_is_asked_for_is_allowed_and_nothing_else() {
    let _timed = Timed::new("s3::iam::what_is_asked_for_is_allowed_and_nothing_else");
    let world = World::new();
    world.define("1997-01-01", &all());
    made(&world);
    ingested(&world);
    read(&world);
    served(&world);
    removed(&world);
}

/// Who makes tables does not make keys, components or applications, who serves reads no rows, and nobody reads other buckets' objects.
#[test]
fn what_is_not_allowed_is_denied() {
    let project = Project::new("").on("[stores]\noffline = \"s3://bucket/some/features\"\n");
    let text = std::fs::read_to_string(project.path("sandglass.toml")).unwrap();
    let text = text.replace("data/purchases.parquet", "s3://raw/data/day=*/*.parquet");
    std::fs::write(project.path("sandglass.toml"), text + SPEND).unwrap();
    let policy = |command: &str| Policy::of(&Recorder::document(&project, &[command]));
    let object = |action: &str, name: &str| Right::new(&format!("s3:{action}"), &format!("arn:aws:s3:::{name}"));
    let list = |bucket: &str, prefix: &str| object("ListBucket", bucket).with("s3:prefix", prefix);
    let registry = "bucket/some/features/shop/_registry";
    let table = "bucket/some/features/shop/spend/v1/rows";
    let of_table = |action: &str| object(action, &format!("{table}/_delta_log/00000000000000000000.json"));
    let key = |action: &str| object(action, &format!("{registry}/keys/0123456789abcdef.json"));
    let component = |action: &str| object(action, &format!("{registry}/components/0af.wasm"));
    let application = |action: &str| object(action, &format!("{registry}/applied/000000000001.json"));
    for (command, allowed, denied) in [
        (
            "materialize",
            vec![
                of_table("PutObject"),
                of_table("DeleteObject"),
                component("GetObject"),
                list("bucket", "some/features/shop/spend/v1/rows/_delta_log/"),
                list("raw", "data/"),
                object("GetObject", "raw/data/day=1/a.parquet"),
            ],
            vec![
                key("GetObject"),
                key("PutObject"),
                component("PutObject"),
                application("PutObject"),
                object("DeleteObject", &format!("{table}/__month=1997-01/a.parquet")),
                object("PutObject", "raw/data/day=1/a.parquet"),
                object("GetObject", "raw/data/other.parquet"),
                list("raw", ""),
                object("ListBucket", "raw"),
                list("bucket", "some/features/other/spend/v1/"),
                object("GetObject", "bucket/some/features/other/spend/v1/rows/a.parquet"),
                object("GetObject", "other/some/features/shop/spend/v1/rows/a.parquet"),
            ],
        ),
        (
            "serve",
            vec![key("GetObject"), application("GetObject"), component("GetObject")],
            vec![of_table("GetObject"), key("PutObject"), application("PutObject")],
        ),
        (
            "key",
            vec![key("PutObject"), key("DeleteObject")],
            vec![application("GetObject"), component("PutObject"), of_table("GetObject")],
        ),
        (
            "status",
            vec![object(
                "DeleteObject",
                "bucket/some/features/shop/spend/v1/failed/1-2.json",
            )],
            vec![
                of_table("DeleteObject"),
                of_table("PutObject"),
                application("DeleteObject"),
            ],
        ),
        (
            "maintain",
            vec![of_table("DeleteObject"), application("PutObject")],
            vec![application("DeleteObject"), key("DeleteObject"), key("GetObject")],
        ),
    ] {
        let policy = policy(command);
        for right in allowed {
            assert!(policy.allows(&right), "{command}: {right:?}");
        }
        for right in denied {
            assert!(!policy.allows(&right), "{command}: {right:?}");
        }
    }
}

/// Stores and sources that are folders are named where some are, and nothing is where all are in the cloud.
#[test]
fn what_lies_on_this_machine_is_told() {
    let told = |stores: &str, source: &str, command: &str| {
        let project = Project::new("").on(stores);
        let text = std::fs::read_to_string(project.path("sandglass.toml")).unwrap();
        std::fs::write(
            project.path("sandglass.toml"),
            text.replace("data/purchases.parquet", source),
        )
        .unwrap();
        let answer = project.run(NOW, &["iam", command]);
        assert_eq!((answer.status, answer.stdout.as_str()), (0, ""));
        answer.stderr
    };
    let nothing = |command: &str| format!("nothing is asked of AWS by `{command}`, and no policy is needed\n");
    let (bucket, dynamodb) = (
        "[stores]\noffline = \"s3://bucket/x\"\n",
        "[stores.online]\nkind = \"dynamodb\"\n",
    );
    for (stores, source, command, here) in [
        (
            "",
            "data/x.csv",
            "explain",
            "the stores and the sources are on this machine: ",
        ),
        ("", "s3://raw/x.csv", "get", "the stores are on this machine: "),
        (
            bucket,
            "data/x.csv",
            "run",
            "the online store and the sources are on this machine: ",
        ),
        (
            bucket,
            "s3://raw/x.csv",
            "test",
            "the online store is on this machine: ",
        ),
        (
            dynamodb,
            "s3://raw/x.csv",
            "explain",
            "the offline store is on this machine: ",
        ),
        (&format!("{bucket}{dynamodb}"), "s3://raw/x.csv", "test", ""),
    ] {
        assert_eq!(told(stores, source, command), format!("{here}{}", nothing(command)));
    }
}
