//! Definitions of tables that have rows change: rows stay.

use serde_json::json;

use super::world::{NOW, define, definitions, get, ingest, project, trained};
use crate::harness::Timed;

#[test]
fn columns_come_and_go_and_rows_stay() {
    let _timed = Timed::new("tables::columns::columns_come_and_go_and_rows_stay");
    let project = project("plan = \"utf8\", seats = \"int64\"", "");
    ingest(
        &project,
        NOW,
        "1.csv",
        "customer,updated_at,plan,seats\nann,2024-02-01,gold,3\nbob,2024-02-01,tin,1\n",
    );
    let apply = |columns: &str, more: &str| {
        define(&project, columns, more);
        let plan = project.json(NOW, &["plan"])["feature_views"][0].clone();
        let applied = project.json(NOW, &["apply"])["feature_views"][0].clone();
        assert_eq!(plan["change"], applied["change"]);
        assert_eq!(applied["version"], 1);
        (applied["change"].clone(), applied["reasons"].clone())
    };
    // A column more: what is there has none.
    let (change, reasons) = apply("plan = \"utf8\", seats = \"int64\", vip = \"boolean\"", "");
    assert_eq!((change, reasons), (json!("online"), json!(["column vip added"])));
    project.json(NOW, &["materialize"]);
    assert_eq!(get(&project, NOW, "ann"), json!(["gold", "3", null]));
    ingest(
        &project,
        NOW,
        "2.csv",
        "customer,updated_at,plan,seats,vip\nann,2024-02-02,gold,4,true\n",
    );
    assert_eq!(get(&project, NOW, "ann"), json!(["gold", "4", true]));
    assert_eq!(get(&project, NOW, "bob"), json!(["tin", "1", null]));
    // One less, and another in its place; files do not have the old one any more.
    let (change, _) = apply("plan = \"utf8\", vip = \"boolean\", tags = \"list of utf8\"", "");
    assert_eq!(change, "online");
    let line = r#"{"customer":"bob","updated_at":"2024-02-03T00:00:00Z","plan":"gold","vip":false,"tags":["a",null]}"#;
    ingest(&project, NOW, "3.jsonl", line);
    assert_eq!(get(&project, NOW, "ann"), json!(["gold", true, null]));
    assert_eq!(get(&project, NOW, "bob"), json!(["gold", false, ["a", null]]));
    // It comes back, with what it was.
    apply("seats = \"int64\", plan = \"utf8\"", "");
    project.json(NOW, &["materialize"]);
    assert_eq!(get(&project, NOW, "ann"), json!(["4", "gold"]));
    assert_eq!(get(&project, NOW, "bob"), json!([null, "gold"]));
    let spine = [
        ("bob", "2024-02-02"),
        ("bob", "2024-02-04"),
        ("ann", "2024-02-02"),
        ("ann", "2024-02-02T00:00:00.000001Z"),
    ];
    assert_eq!(
        trained(&project, NOW, &spine),
        [["tin", "1"], ["gold", ""], ["gold", "3"], ["gold", "4"]]
    );
    // How long rows are served is online again of what is there.
    let (change, _) = apply("seats = \"int64\", plan = \"utf8\"", "ttl = \"29d\"");
    assert_eq!(change, "online");
    project.json(NOW, &["materialize"]);
    assert_eq!(get(&project, NOW, "ann"), json!(["4", "gold"]));
    assert_eq!(get(&project, "2024-03-02", "ann"), json!([null, null]));
    let (change, _) = apply(
        "seats = \"int64\", plan = \"utf8\"",
        "ttl = \"29d\"\ndescription = \"Who they are.\"",
    );
    assert_eq!(change, "metadata");
}

#[test]
fn what_would_leave_rows_behind_is_refused() {
    let _timed = Timed::new("tables::columns::what_would_leave_rows_behind_is_refused");
    let project = project("plan = \"utf8\", seats = \"int64\"", "");
    ingest(
        &project,
        NOW,
        "1.csv",
        "customer,updated_at,plan,seats\nann,2024-02-01,gold,3\n",
    );
    let refused = |columns: &str, from: &str, to: &str| {
        define(&project, columns, "");
        let text = std::fs::read_to_string(project.path("sandglass.toml")).unwrap();
        std::fs::write(project.path("sandglass.toml"), text.replace(from, to)).unwrap();
        let said = ["plan", "apply"].map(|command| {
            let answer = project.run(NOW, &[command]);
            assert_eq!(answer.status, 1, "{}", answer.stdout);
            answer.stderr
        });
        assert_eq!(said[0], said[1]);
        said[0].clone()
    };
    let mut told = refused("plan = \"utf8\", seats = \"float64\"", "", "");
    told.push_str(&refused(
        "plan = \"utf8\", seats = \"int64\"",
        "updated_at",
        "changed_at",
    ));
    told.push_str(&refused(
        "plan = \"utf8\", seats = \"int64\"",
        "customer = \"utf8\"",
        "customer = \"int64\"",
    ));
    // A column that was there once keeps its type.
    define(&project, "plan = \"utf8\"", "");
    project.json(NOW, &["apply"]);
    told.push_str(&refused("plan = \"utf8\", seats = \"utf8\"", "", ""));
    told.push_str(&refused("PLAN = \"utf8\"", "", ""));
    // Nor does it become another kind of view, or come back as something else when it was left out for a while.
    let batch = "kind = \"batch\"\nsources = [\"s\"]\nbatch_schedule = \"1d\"\nfeature_start_time = \"2024-01-01\"";
    std::fs::write(project.path("s.csv"), "customer,updated_at,plan\nann,2024-02-01,gold\n").unwrap();
    let source = "[[source]]\nname = \"s\"\npath = \"s.csv\"\ntimestamp_column = \"updated_at\"\n\n[[feature_view]]";
    let text = definitions("plan = \"utf8\"", "").replace("columns = { plan = \"utf8\" }\n", "");
    let text = text
        .replace("kind = \"table\"", batch)
        .replace("[[feature_view]]", source);
    std::fs::write(project.path("sandglass.toml"), text).unwrap();
    let answer = project.run(NOW, &["apply"]);
    assert_eq!(answer.status, 1, "{}", answer.stdout);
    assert!(
        answer.stderr.contains("nothing can make them again"),
        "{}",
        answer.stderr
    );
    let nothing = definitions("plan = \"utf8\"", "");
    let nothing = nothing.split("[[feature_view]]").next().unwrap();
    std::fs::write(project.path("sandglass.toml"), nothing).unwrap();
    project.json(NOW, &["apply"]);
    told.push_str(&refused("plan = \"int64\"", "", ""));
    define(&project, "plan = \"utf8\", seats = \"int64\"", "");
    project.json(NOW, &["apply"]);
    project.json(NOW, &["materialize"]);
    expect_test::expect![[r#"
        error: feature table `profile`: its rows would not fit any more, and nothing can make them again: column seats: "int64" to "float64"
        hint: add columns of other names, give the new table a name of its own, or remove this one with `sandglass destroy profile` first
        error: feature table `profile`: its rows would not fit any more, and nothing can make them again: timestamp_column: "updated_at" to "changed_at"
        hint: add columns of other names, give the new table a name of its own, or remove this one with `sandglass destroy profile` first
        error: feature table `profile`: its rows would not fit any more, and nothing can make them again: join_keys: [{"kind":"utf8","name":"customer"}] to [{"kind":"int64","name":"customer"}]
        hint: add columns of other names, give the new table a name of its own, or remove this one with `sandglass destroy profile` first
        error: feature table `profile`: column `seats` is utf8, and rows that are there have it as int64
        hint: give the new column a name of its own
        error: feature table `profile`: column `PLAN` and `plan`, which rows that are there have, differ in nothing but case
        hint: give the new column a name of its own
        error: feature table `profile`: its rows would not fit any more, and nothing can make them again: column plan: "utf8" to "int64"
        hint: add columns of other names, give the new table a name of its own, or remove this one with `sandglass destroy profile` first
    "#]].assert_eq(&told);
    assert_eq!(get(&project, NOW, "ann"), json!(["gold", "3"]));
}
