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
