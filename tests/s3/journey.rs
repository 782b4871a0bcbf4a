//! One project on disk and one in S3, its sources too: every command says and keeps the same.

use serde_json::{Value, json};

use crate::harness::{Http, OFFLINE, Project, Reply, ServerProcess, repository};
use crate::maintain::world::{ALONE, SPEND, of};
use crate::serving::world;

const NOW: &str = "1997-02-11";
const LATER: &str = "1997-02-21";

const MORE: &str = r#"
[[feature_view]]
name = "profile"
kind = "table"
entities = ["customer"]
columns = { tier = "string" }
timestamp_column = "at"
online = true

[[feature_service]]
name = "both"
features = ["spend", "profile"]
"#;

/// The same project twice: in folders, and with its source, offline store and registry in a bucket.
fn both() -> [Project; 2] {
    let on_disk = Project::with_purchases(&format!("{SPEND}{MORE}"));
    let in_bucket = Project::new("").in_bucket();
    let bucket = in_bucket.bucket();
    let data = repository().join("examples/purchases/data/purchases.parquet");
    bucket.put("data/all/purchases.parquet", std::fs::read(data).unwrap());
    let text = std::fs::read_to_string(on_disk.path("sandglass.toml")).unwrap();
    let source = format!(
        "path = \"s3://{}/data/all\"\n{}",
        bucket.name,
        bucket.keys(&bucket.endpoint)
    );
    let text = text.replace("path = \"data/purchases.parquet\"\n", &source);
    assert!(text.contains("s3://"), "{text}");
    in_bucket.write_definitions(&text);
    [on_disk, in_bucket]
}

/// What a command says, without what differs each time.
fn told(project: &Project, now: &str, command: &[&str]) -> Value {
    let mut answer = project.json(now, command);
    clean(&mut answer);
    answer
}

fn clean(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for key in [
                "seconds",
                "peak_memory_bytes",
                "bytes",
                "planned_at",
                "view_id",
                "rows_per_second",
            ] {
                fields.remove(key);
            }
            fields.values_mut().for_each(clean);
        }
        Value::Array(values) => values.iter_mut().for_each(clean),
        _ => {}
    }
}

fn differences(one: &Value, other: &Value, at: &str, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) if one.keys().eq(other.keys()) => {
            let both = one.iter().zip(other.values());
            both.for_each(|((key, one), other)| differences(one, other, &format!("{at}.{key}"), found));
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let both = one.iter().zip(other).enumerate();
            both.for_each(|(place, (one, other))| differences(one, other, &format!("{at}[{place}]"), found));
        }
        _ if one == other => {}
        _ => found.push(format!("{at}: on disk {one}, in S3 {other}")),
    }
}

/// Both say the same.
fn same(projects: &[Project; 2], now: &str, command: &[&str]) -> Value {
    let [on_disk, in_bucket] = projects.each_ref().map(|project| told(project, now, command));
    let mut others = Vec::new();
    differences(&on_disk, &in_bucket, "", &mut others);
    assert!(others.is_empty(), "{command:?}: {others:#?}");
    in_bucket
}

fn keep_the_same(projects: &[Project; 2], view: &str, version: u32) {
    let [on_disk, in_bucket] = projects
        .each_ref()
        .map(|project| (project.rows(view, version), project.items(view)));
    assert!(!on_disk.0.is_empty() && !on_disk.1.is_empty());
    assert_eq!(in_bucket, on_disk);
}

#[test]
fn every_command_does_what_it_does_on_disk() {
    let _timed = crate::harness::Timed::new("s3::journey");
    let projects = both();
    let [_, in_bucket] = &projects;
    same(&projects, NOW, &["plan"]);
    same(&projects, NOW, &["apply"]);
    same(&projects, NOW, &["materialize"]);
    keep_the_same(&projects, "spend", 1);
    for project in &projects {
        std::fs::write(
            project.path("tiers.csv"),
            "customer_id,at,tier\n1,1997-01-05T00:00:00Z,gold\n2,1997-01-06T00:00:00Z,new\n",
        )
        .unwrap();
        let file = project.path("tiers.csv");
        project.json(NOW, &["ingest", "profile", "--file", file.to_str().unwrap()]);
    }
    keep_the_same(&projects, "profile", 1);
    same(&projects, NOW, &["status"]);
    same(&projects, LATER, &["plan"]);
    same(&projects, LATER, &["materialize"]);
    keep_the_same(&projects, "spend", 1);
    same(&projects, LATER, &["get", "both", "--key", "customer_id=1"]);
    same(
        &projects,
        LATER,
        &["explain", "spend", "--key", "customer_id=1", "--at", LATER],
    );
    same(&projects, LATER, &["compact"]);
    let spine = "customer_id,timestamp\n1,1997-01-20T00:00:00Z\n2,1997-02-03T12:00:00Z\n3,1997-02-20T00:00:00Z\n";
    let trained = projects.each_ref().map(|project| {
        let [spine_file, out] = ["spine.csv", "out.csv"].map(|name| project.path(name));
        std::fs::write(&spine_file, spine).unwrap();
        let files = [spine_file.to_str().unwrap(), out.to_str().unwrap()];
        let command = [
            "training-data",
            "--spine",
            files[0],
            "--features",
            "both",
            "--out",
            files[1],
        ];
        project.json(LATER, &command);
        std::fs::read_to_string(&out).unwrap()
    });
    assert_eq!(trained[0], trained[1]);
    assert!(
        trained[1].lines().count() == 4 && trained[1].contains("gold"),
        "{}",
        trained[1]
    );
    // Small files are merged, what nobody reads any more goes.
    let maintained = same(&projects, LATER, &ALONE);
    assert!(
        of(&maintained, "spend")["versions"][0]["tables"][0]["merged"]["files"]
            .as_u64()
            .unwrap()
            > 1
    );
    keep_the_same(&projects, "spend", 1);
    let forgotten = same(
        &projects,
        LATER,
        &[
            "forget",
            "customer",
            "--key",
            "customer_id=1",
            "--orphans-after",
            "0s",
            "--yes",
        ],
    );
    assert_eq!(forgotten["forgotten"], true);
    keep_the_same(&projects, "spend", 1);
    same(&projects, LATER, &["status"]);
    // Another version, and back.
    for project in &projects {
        let text = std::fs::read_to_string(project.path("sandglass.toml")).unwrap();
        std::fs::write(project.path("sandglass.toml"), text.replace("1997-01-01", "1997-01-11")).unwrap();
    }
    same(&projects, LATER, &["plan"]);
    same(&projects, LATER, &["apply"]);
    same(&projects, LATER, &["materialize"]);
    keep_the_same(&projects, "spend", 2);
    same(&projects, LATER, &["rollback", "spend"]);
    same(&projects, LATER, &["materialize"]);
    for project in &projects {
        let text = std::fs::read_to_string(project.path("sandglass.toml")).unwrap();
        let without = text.replace("\"spend\", ", "");
        std::fs::write(project.path("sandglass.toml"), without).unwrap();
    }
    same(&projects, LATER, &["apply"]);
    same(&projects, LATER, &["destroy", "spend", "--yes"]);
    let objects = in_bucket.bucket().objects();
    assert!(!objects.iter().any(|object| object.contains("/spend/")), "{objects:?}");
    assert!(
        objects
            .iter()
            .any(|object| object.starts_with(&format!("{OFFLINE}/shop/_registry/applied/")))
    );
}

fn until(http: &mut Http, ask: impl FnMut(&mut Http) -> Reply, status: u16) {
    world::until(http, ask, |reply| reply.status == status);
}

/// A server sees what another process applies and materializes, and which keys there are.
#[test]
fn a_server_reads_the_registry_in_a_bucket() {
    let _timed = crate::harness::Timed::new("s3::journey::served");
    let [_, project] = both();
    project.json(NOW, &["apply"]);
    let server = ServerProcess::start(&project, NOW, &["--require-keys"]);
    let mut http = server.http();
    let ask = |http: &mut Http, key: &str| {
        let body = json!({ "params": {
            "workspaceName": "shop",
            "featureServiceName": "both",
            "joinKeyMap": { "customer_id": "1" },
        }});
        let header = format!("Bearer {key}");
        let path = "/api/v1/feature-service/get-features";
        http.request("POST", path, &[("authorization", &header)], body.to_string().as_bytes())
    };
    let unknown = format!("sg_{}_{}", "0".repeat(16), "0".repeat(64));
    assert_eq!(ask(&mut http, &unknown).status, 401);
    let made = project.json(NOW, &["key", "create", "--name", "web"]);
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    assert_eq!(project.json(NOW, &["key", "list"])["keys"].as_array().unwrap().len(), 1);
    assert_ne!(ask(&mut http, key).status, 401);
    project.json(NOW, &["materialize"]);
    std::fs::write(
        project.path("tiers.csv"),
        "customer_id,at,tier\n1,1997-01-05T00:00:00Z,gold\n",
    )
    .unwrap();
    project.json(
        NOW,
        &[
            "ingest",
            "profile",
            "--file",
            project.path("tiers.csv").to_str().unwrap(),
        ],
    );
    until(&mut http, |http| ask(http, key), 200);
    project.json(NOW, &["key", "remove", id]);
    until(&mut http, |http| ask(http, key), 401);
}
