//! What is not brought: a clear error, and nothing of the file.

use expect_test::expect;

use super::world::{NOW, define, definitions, get, ingest, nothing, project, put};
use crate::harness::{Project, Timed};

const COLUMNS: &str = "plan = \"utf8\", seats = \"int64\"";

/// What the program says.
fn refused(project: &Project, arguments: &[&str]) -> String {
    let answer = project.run(NOW, arguments);
    assert_eq!(answer.status, 1, "{}{}", answer.stdout, answer.stderr);
    answer
        .stderr
        .replace(&project.path("").display().to_string(), "PROJECT/")
}

#[test]
fn files_that_cannot_be_used_leave_nothing() {
    let _timed = Timed::new("tables::refusals::files_that_cannot_be_used_leave_nothing");
    let project = project(COLUMNS, "");
    ingest(
        &project,
        NOW,
        "first.csv",
        "customer,updated_at,plan,seats\nann,2024-02-01,gold,3\n",
    );
    let mut told = String::new();
    let header = "customer,updated_at,plan,seats\nbob,2024-02-01,gold,3\n";
    let files: [(&str, Vec<u8>); 10] = [
        ("missing.csv", b"customer,updated_at,plan\nbob,2024-02-01,gold\n".into()),
        ("lossy.csv", format!("{header}cid,2024-02-01,gold,1.5\n").into()),
        (
            "nokey.csv",
            format!("{header},2024-02-01,gold,1\n,2024-02-01,gold,1\n").into(),
        ),
        ("notime.csv", format!("{header}cid,,gold,1\n").into()),
        ("badtime.csv", format!("{header}cid,yesterday,gold,1\n").into()),
        (
            "future.csv",
            format!("{header}cid,2024-03-01T00:00:00Z,gold,1\n").into(),
        ),
        (
            "ancient.jsonl",
            br#"{"customer":"x","updated_at":"-0044-03-15T00:00:00Z","plan":"a","seats":1}"#.into(),
        ),
        ("text.parquet", b"customer,updated_at\n".into()),
        ("ragged.csv", format!("{header}cid,2024-02-01\n").into()),
        ("what.xlsx", b"PK".into()),
    ];
    for (name, content) in files {
        let path = put(&project, name, content);
        told.push_str(&refused(&project, &["ingest", "profile", "--file", &path]));
    }
    told.push_str(&refused(&project, &["ingest", "profile", "--file", "nothing.csv"]));
    expect![[r#""#]].assert_eq(&told);
    let status = project.json(NOW, &["status"]);
    assert_eq!(status["feature_views"][0]["offline_rows"], 1);
    assert_eq!(get(&project, NOW, "bob"), nothing(2));
}

#[test]
fn tables_that_are_not_there() {
    let _timed = Timed::new("tables::refusals::tables_that_are_not_there");
    let project = Project::with_purchases(
        "[[feature_view]]\nname = \"v\"\nkind = \"batch\"\nentities = [\"customer\"]\nsources = [\"purchases\"]\n\
         timestamp_column = \"timestamp\"\nbatch_schedule = \"1d\"\nfeature_start_time = \"1997-01-01\"\n",
    );
    let mut told = refused(&project, &["ingest", "v", "--file", "x.csv"]);
    project.json(NOW, &["apply"]);
    told.push_str(&refused(&project, &["ingest", "v", "--file", "x.csv"]));
    told.push_str(&refused(&project, &["ingest", "profile", "--file", "x.csv"]));
    define(&project, COLUMNS, "");
    project.json(NOW, &["apply"]);
    told.push_str(&refused(&project, &["ingest", "profil", "--file", "x.csv"]));
    told.push_str(&refused(&project, &["explain", "profile", "--key", "customer=ann"]));
    told.push_str(&refused(&project, &["run", "profile", "--start", "2024-01-01"]));
    let range = ["materialize", "profile", "--start", "2024-01-01", "--end", "2024-01-02"];
    told.push_str(&refused(&project, &range));
    expect![[r#""#]].assert_eq(&told);
}

#[test]
fn definitions_that_are_wrong() {
    let _timed = Timed::new("tables::refusals::definitions_that_are_wrong");
    let mut told = String::new();
    for (columns, more) in [
        ("", ""),
        ("plan = \"text\", Plan = \"utf8\", pLAN = \"utf8\"", ""),
        ("plan = \"list of list of int64\"", ""),
        (
            "customer = \"utf8\", updated_at = \"timestamp\", Plan = \"utf8\", plan = \"utf8\"",
            "",
        ),
        ("__plan = \"utf8\"", ""),
        ("plan = \"utf8\", tags_ = \"list of utf8\"", "order_by = \"plans\""),
        ("tags_ = \"list of utf8\"", "order_by = \"tags_\""),
        (
            "plan = \"utf8\"",
            "sources = [\"s\"]\nbatch_schedule = \"1d\"\noffline = false\nttl = \"-1d\"\nlimits = {}\n\
             [[feature_view.aggregation]]\ncolumn = \"plan\"\nfunction = \"count\"\ntime_window = \"1d\"",
        ),
    ] {
        let problems = sandglass::definition::parse("sandglass.toml", &definitions(columns, more)).unwrap_err();
        for problem in problems.problems() {
            let hint = problem.hint.as_deref().unwrap_or("-");
            told.push_str(&format!("{}\n  {hint}\n", problem.message));
        }
        told.push('\n');
    }
    expect![[r#""#]].assert_eq(&told);
}
