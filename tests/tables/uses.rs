//! Tables are views like any other: in services, kept in order, forgotten; and few writes for few rows.

use serde_json::json;

use super::world::{NOW, get, ingest, nothing, project, put};
use crate::harness::{Project, Timed};

#[test]
fn a_few_rows_are_a_few_writes() {
    let _timed = Timed::new("tables::uses::a_few_rows_are_a_few_writes");
    let project = project("seats = \"int64\"", "");
    let row = |key: usize, day: usize| format!("c{key},2024-02-{day:02}T00:00:00Z,{}\n", key * day);
    let all: String = (0..20_000).map(|key| row(key, 1 + key % 20)).collect();
    let answer = ingest(&project, NOW, "all.csv", format!("customer,updated_at,seats\n{all}"));
    assert_eq!(answer["compaction"]["pass"], "loaded");
    assert_eq!(answer["compaction"]["keys_written"], 20_000);
    // Ten keys, of which three are new and two are corrected in the past, with times all over the month.
    let some: String = (0..7).map(|key| row(key * 1_000, 1 + key * 3)).collect();
    let new: String = (0..3).map(|key| row(50_000 + key, 5)).collect();
    let answer = ingest(
        &project,
        NOW,
        "some.csv",
        format!("customer,updated_at,seats\n{some}{new}"),
    );
    assert_eq!(answer["compaction"]["pass"], "changed");
    let report = &answer["compaction"];
    assert_eq!(report["keys_affected"], 10, "{report}");
    assert_eq!(report["keys_written"], 10, "{report}");
    // What was brought again is read, and no key's rows beside those of the ten.
    assert_eq!(report["rows_read"], 17, "{report}");
    let answer = project.json(NOW, &["compact"]);
    assert_eq!(answer["feature_views"][0]["compaction"]["pass"], "unchanged");
    let later = project.json("2024-03-02", &["materialize"]);
    assert_eq!(later["feature_views"][0]["compaction"]["pass"], "unchanged");
    assert_eq!(later["feature_views"][0]["jobs"], 0);
    let plan = project.json(NOW, &["plan"]);
    assert_eq!(plan["feature_views"][0]["cost"]["keys"], 20_003);
    assert_eq!(get(&project, NOW, "c50001"), json!(["250005"]));
}

#[test]
fn in_a_service_beside_a_batch_view() {
    let _timed = Timed::new("tables::uses::in_a_service_beside_a_batch_view");
    let project = Project::with_purchases(
        "[[feature_view]]\nname = \"spend\"\nkind = \"batch\"\nentities = [\"customer\"]\nsources = [\"purchases\"]\n\
         timestamp_column = \"timestamp\"\nbatch_schedule = \"1d\"\nfeature_start_time = \"1997-01-01\"\nonline = true\n\n\
         [[feature_view.aggregation]]\ncolumn = \"amount\"\nfunction = \"sum\"\ntime_window = \"30d\"\n\n\
         [[feature_view]]\nname = \"profile\"\nkind = \"table\"\nentities = [\"customer\"]\ncolumns = { plan = \"utf8\" }\n\
         timestamp_column = \"updated_at\"\nonline = true\n\n\
         [[feature_service]]\nname = \"both\"\nfeatures = [\"spend\", \"profile\"]\n",
    );
    let now = "1997-04-01";
    project.apply_and_materialize(now);
    let customer = crate::harness::purchases()[0].customer_id;
    let path = put(
        &project,
        "p.csv",
        format!("customer_id,updated_at,plan\n{customer},1997-02-01,gold\n"),
    );
    project.json(now, &["ingest", "profile", "--file", &path]);
    let answer = project.json(now, &["get", "both", "--key", &format!("customer_id={customer}")]);
    let names: Vec<&str> = answer["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|feature| feature["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["profile.plan", "spend.amount_sum_30d_1d"], "{answer}");
    assert_eq!(answer["features"][0]["value"], "gold");
    assert_eq!(
        answer["features"][0]["effective_time"], "1997-02-01T00:00:00Z",
        "{answer}"
    );
    // Tables and sources: the table's rows are where they are.
    let spine = put(
        &project,
        "spine.csv",
        format!("customer_id,timestamp\n{customer},1997-03-15\n{customer},1997-01-15\n"),
    );
    let mut files = Vec::new();
    for (more, out) in [(None, "a.csv"), (Some("--from-source"), "b.csv")] {
        let out = project.path(out);
        let mut arguments = vec![
            "training-data",
            "--spine",
            &spine,
            "--features",
            "both",
            "--out",
            out.to_str().unwrap(),
        ];
        arguments.extend(more);
        project.json(now, &arguments);
        files.push(std::fs::read_to_string(&out).unwrap());
    }
    assert_eq!(files[0], files[1]);
    let plans: Vec<&str> = files[0]
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(2).unwrap())
        .collect();
    assert_eq!(plans, ["gold", ""], "{}", files[0]);
    // Made again from its manifest after more rows came, it is what it was.
    let path = put(
        &project,
        "p.csv",
        format!("customer_id,updated_at,plan\n{customer},1997-02-02,tin\n"),
    );
    project.json(now, &["ingest", "profile", "--file", &path]);
    for name in ["a.csv", "b.csv"] {
        let manifest = project.path(&format!("{name}.manifest.json"));
        let again = project.path(&format!("again-{name}"));
        let arguments = [
            "training-data",
            "--spine",
            &spine,
            "--manifest",
            manifest.to_str().unwrap(),
            "--out",
            again.to_str().unwrap(),
        ];
        project.json(now, &arguments);
        assert_eq!(std::fs::read_to_string(again).unwrap(), files[0]);
    }
}

#[test]
fn maintained_and_forgotten() {
    let _timed = Timed::new("tables::uses::maintained_and_forgotten");
    let project = project("plan = \"utf8\"", "");
    for day in 1..=20 {
        let rows = format!("customer,updated_at,plan\nann,2024-02-{day:02},p{day}\nbob,2024-02-{day:02},q{day}\n");
        ingest(&project, NOW, "rows.csv", rows);
    }
    let files = |project: &Project| {
        let table = project.path("store/offline/shop/profile/v1/rows");
        let found = crate::maintain::below(&table);
        found
            .iter()
            .filter(|file| file.ends_with(".parquet") && !file.contains("_delta_log"))
            .count()
    };
    let before = files(&project);
    assert_eq!(before, 20);
    let rows = project.rows("profile", 1);
    project.json("2200-01-01", &["maintain", "--orphans-after", "0s"]);
    assert_eq!(files(&project), 1);
    assert_eq!(project.rows("profile", 1), rows);
    // What comes next does not miss the files that were merged.
    ingest(
        &project,
        NOW,
        "rows.csv",
        "customer,updated_at,plan\nbob,2024-02-25,z\n",
    );
    assert_eq!(get(&project, NOW, "ann"), json!(["p20"]));
    assert_eq!(get(&project, NOW, "bob"), json!(["z"]));
    let forget = [
        "forget",
        "customer",
        "--key",
        "customer=ann",
        "--orphans-after",
        "0s",
        "--yes",
    ];
    let told = project.json(NOW, &forget);
    assert_eq!(told["online_items"]["profile"], 1, "{told}");
    assert_eq!(get(&project, NOW, "ann"), nothing(1));
    assert_eq!(get(&project, NOW, "bob"), json!(["z"]));
    assert_eq!(project.rows("profile", 1).len(), 21);
    // It may come again.
    ingest(
        &project,
        NOW,
        "rows.csv",
        "customer,updated_at,plan\nann,2024-02-26,new\n",
    );
    assert_eq!(get(&project, NOW, "ann"), json!(["new"]));
}

/// A pass that began earlier, by its own clock, takes nothing back that came meanwhile.
#[test]
fn no_pass_goes_back_behind_what_was_brought() {
    let _timed = Timed::new("tables::uses::no_pass_goes_back_behind_what_was_brought");
    let project = project("plan = \"utf8\"", "");
    ingest(
        &project,
        NOW,
        "a.csv",
        "customer,updated_at,plan\nann,2024-02-01,a\nbob,2024-02-01,a\n",
    );
    let later = "2024-04-01";
    ingest(&project, later, "b.csv", "customer,updated_at,plan\nann,2024-03-15,b\n");
    for command in [&["compact"][..], &["compact", "--full"], &["materialize"]] {
        project.json(NOW, command);
        assert_eq!(get(&project, later, "ann"), json!(["b"]), "{command:?}");
    }
    // Nor does one that brings rows itself.
    ingest(&project, NOW, "c.csv", "customer,updated_at,plan\nbob,2024-02-02,c\n");
    assert_eq!(get(&project, later, "ann"), json!(["b"]));
    assert_eq!(get(&project, later, "bob"), json!(["c"]));
}

/// Several processes bring rows into a table that is not made yet, and none is lost.
#[test]
fn many_at_once() {
    let _timed = Timed::new("tables::uses::many_at_once");
    let project = project("seats = \"int64\"", "");
    let file = |number: usize| {
        let rows: String = (0..300)
            .map(|key| format!("c{key},2024-02-{:02},{number}\n", 1 + number))
            .collect();
        put(
            &project,
            &format!("{number}.csv"),
            format!("customer,updated_at,seats\n{rows}"),
        )
    };
    let files: Vec<String> = (0..8).map(file).collect();
    let children: Vec<_> = files
        .iter()
        .map(|file| {
            let mut command = project.command(NOW, &["ingest", "profile", "--file", file]);
            command
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(project.rows("profile", 1).len(), 8 * 300);
    // All are online, whoever came last.
    for key in [0, 7, 299] {
        assert_eq!(get(&project, NOW, &format!("c{key}")), json!(["7"]));
    }
}

#[test]
fn tables_stand_in_nobodys_way() {
    let _timed = Timed::new("tables::uses::tables_stand_in_nobodys_way");
    let project = Project::with_purchases(
        "[[feature_view]]\nname = \"profile\"\nkind = \"table\"\nentities = [\"customer\"]\ncolumns = { plan = \"utf8\" }\n\
         timestamp_column = \"updated_at\"\nonline = true\n\n\
         [[feature_view]]\nname = \"v\"\nkind = \"batch\"\nentities = [\"customer\"]\nsources = [\"purchases\"]\n\
         timestamp_column = \"timestamp\"\nbatch_schedule = \"1d\"\nfeature_start_time = \"1997-01-01\"\nonline = true\n",
    );
    let now = "1997-02-01";
    project.json(now, &["apply"]);
    let range = ["materialize", "--start", "1997-01-01", "--end", "1997-01-10"];
    let done = project.json(now, &range);
    assert_eq!(done["feature_views"].as_array().unwrap().len(), 1);
    project.json(now, &["materialize", "v"]);
    // The table has no rows, and so no pass.
    let done = project.json(now, &["compact", "--full"]);
    assert_eq!(done["feature_views"].as_array().unwrap().len(), 1);
    project.json(now, &["materialize"]);
    project.json(now, &["status"]);
    let answer = project.json(now, &["get", "profile", "--key", "customer_id=1"]);
    assert_eq!(answer["features"][0]["value"], serde_json::Value::Null);
    assert_eq!(answer["stale"], false);
}

/// What the README shows of `examples/segments`.
#[test]
fn the_example() {
    let _timed = Timed::new("tables::uses::the_example");
    let project = Project::new("");
    let example = crate::harness::repository().join("examples/segments");
    std::fs::copy(example.join("sandglass.toml"), project.path("sandglass.toml")).unwrap();
    let (now, file) = ("1998-07-02", example.join("data/segments.csv"));
    project.json(now, &["apply"]);
    let told = project.json(now, &["ingest", "customer_segment", "--file", file.to_str().unwrap()]);
    assert_eq!(told["ingested"]["rows"], 6_553);
    assert_eq!(
        (&told["online"], &told["writes_saved"]),
        (&json!("1154 keys loaded"), &json!(5_399))
    );
    let answer = project.json(now, &["get", "customer_segment", "--key", "customer_id=14048"]);
    assert_eq!(answer["features"][0]["value"], "active");
    assert_eq!(answer["features"][1]["value"], 0.135);
}
