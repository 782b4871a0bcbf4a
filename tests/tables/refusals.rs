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
    expect![[r#"
        error: source `PROJECT/missing.csv`: no column `seats`; there are `customer`, `updated_at`, `plan`
        error: feature table `profile`: source `PROJECT/lossy.csv`: column `seats`: Cast error: Cannot cast string '1.5' to value of Int64 type
        error: feature table `profile`: nothing was ingested, for of its file's 3 rows so many have a null key: 2
        hint: mend or leave out these rows: every row needs its keys and its time
        error: feature table `profile`: nothing was ingested, for of its file's 2 rows so many have no time: 1
        hint: mend or leave out these rows: every row needs its keys and its time
        error: feature table `profile`: source `PROJECT/badtime.csv`: column `updated_at`: `yesterday` is not a time in the form RFC 3339
        error: feature table `profile`: nothing was ingested, for a row is at 2024-03-01T00:00:00Z, and it is 2024-03-01T00:00:00Z now: no read could see it yet
        hint: bring rows once their time has come; times without a zone are UTC
        error: feature table `profile`: source `PROJECT/ancient.jsonl`: column `updated_at`: `-0044-03-15T00:00:00Z` is not a time in the form RFC 3339
        error: source `PROJECT/text.parquet`: PROJECT/text.parquet: Parquet error: Invalid Parquet file. Corrupt footer
        error: source `PROJECT/ragged.csv`: PROJECT/ragged.csv: Csv error: Encountered unequal lengths between records on CSV file. Expected 4 records, found 2 records at line 3
        error: source `PROJECT/what.xlsx`: PROJECT/what.xlsx: EOF: Parquet file too small. Size is 2 but need 8
        error: source `nothing.csv`: path `nothing.csv`: there is no file or folder nothing.csv
    "#]].assert_eq(&told);
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
    expect![[r#"
        error: nothing has been applied yet
        hint: run `sandglass apply` first
        error: `v` is a batch view, and no feature table
        hint: `sandglass materialize` makes its rows of its sources
        error: no feature table `profile`; none is applied
        error: no feature table `profil`; there are `profile`
        error: feature view `profile` has no rows yet
        hint: run `sandglass ingest profile` first
        error: `profile` is a feature table, and no job makes its rows
        hint: `sandglass ingest profile --file …` brings them
        error: feature view `profile`: it is a feature table, and no job makes its rows
        hint: bring rows with `sandglass ingest`; those of a key and time take the place of others
    "#]]
    .assert_eq(&told);
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
    expect![[r#"
        `columns` names no feature
          write `columns = { plan = "utf8" }`

        `text` is not a type of a feature table's column; there are `boolean`, `int32`, `int64`, `float32`, `float64`, `utf8`, `string`, `date`, `timestamp`, and `list of ` before each
          -

        `list of list of int64` is not a type of a feature table's column; there are `boolean`, `int32`, `int64`, `float32`, `float64`, `utf8`, `string`, `date`, `timestamp`, and `list of ` before each
          -

        `customer` is a join key already
          leave keys and the time out of `columns`, and give each feature a name of its own
        `updated_at` is the timestamp column already
          leave keys and the time out of `columns`, and give each feature a name of its own
        columns `Plan` and `plan` differ in nothing but case
          leave keys and the time out of `columns`, and give each feature a name of its own

        `__plan` cannot be a column: names that begin with `__` are the store's own
          -

        `order_by` names no column `plans`; there are `plan`, `tags_`
          -

        column `tags_` is a list; it cannot order rows
          -

        `sources` is for views that make their rows, and a feature table's are brought along
          leave it out; `sandglass ingest` brings a table's rows
        `batch_schedule` is for views that make their rows, and a feature table's are brought along
          leave it out; `sandglass ingest` brings a table's rows
        a feature table is kept offline always: its rows are nowhere else
          set `online = true` or false as you like, and leave `offline` out
        `ttl` should be longer than nothing
          -
        `limits` is for views that make their rows, and a feature table's are brought along
          leave it out; `sandglass ingest` brings a table's rows
        `aggregation` is for views that make their rows, and a feature table's are brought along
          leave it out; to aggregate rows, let a batch view read them from a source

    "#]].assert_eq(&told);
}
