//! Guests in the whole program: scopes, contexts, limits and failures.

use crate::harness::{Project, component};

fn merchants(project: &Project, rows: &str) {
    std::fs::write(
        project.path("transactions.csv"),
        format!("user_id,merchant,timestamp\n{rows}"),
    )
    .unwrap();
}

fn merchants_project(view: &str) -> Project {
    let good = component("tests/guests/good");
    let project = Project::new("");
    let text = format!(
        r#"
[project]
name = "shop"
[[entity]]
name = "user"
join_keys = {{ user_id = "utf8" }}
[[source]]
name = "transactions"
path = "transactions.csv"
timestamp_column = "timestamp"
{}
"#,
        view.replace("GOOD", &good.display().to_string())
    );
    std::fs::write(project.path("sandglass.toml"), text).unwrap();
    project
}

fn merchants_view(name: &str, source: &str, transformation: &str) -> String {
    format!(
        r#"
[[feature_view]]
name = "{name}"
kind = "batch"
entities = ["user"]
sources = [{{ name = "transactions", {source} }}]
transformation = "GOOD#{transformation}"
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "2022-04-01"
incremental_backfills = true
"#
    )
}

/// The case is from tecton-ai/tecton-sample-repo, spark/fraud/features/batch_features/tests/
/// test_user_distinct_merchant_transaction_count_30d.py.
#[test]
fn tecton_materialization_context_distinct_merchants() {
    let _timed = crate::harness::Timed::new("guests::tecton_materialization_context_distinct_merchants");
    let view = merchants_view("v", "start_time_offset = \"-29d\"", "distinct_merchants");
    let project = merchants_project(&view);
    merchants(
        &project,
        "user_1,merchant_1,2022-04-10\nuser_1,merchant_2,2022-04-25\nuser_2,merchant_1,2022-05-01\n",
    );
    let out = project.json(
        "2022-06-01",
        &["run", "v", "--start", "2022-05-01", "--end", "2022-05-02"],
    );
    let mut rows: Vec<_> = out["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    rows.sort();
    assert_eq!(
        rows,
        [
            r#"{"distinct_merchants":"1","timestamp":"2022-05-01T23:59:59.999999Z","user_id":"user_2"}"#,
            r#"{"distinct_merchants":"2","timestamp":"2022-05-01T23:59:59.999999Z","user_id":"user_1"}"#,
        ]
    );
}

/// Seven days by a filtered source, and by the guest's own filter on the context.
#[test]
fn a_filtered_source_is_the_guests_own_filter() {
    let _timed = crate::harness::Timed::new("guests::a_filtered_source_is_the_guests_own_filter");
    let views = merchants_view("filtered", "start_time_offset = \"-6d\"", "distinct_merchants")
        + &merchants_view("own", "unfiltered = true", "distinct_merchants_own_filter");
    let project = merchants_project(&views);
    let mut random = crate::harness::Random(11);
    let rows: String = (0..400)
        .map(|_| {
            let (user, merchant, day, hour) = (
                random.below(20),
                random.below(9),
                random.below(30) + 1,
                random.below(24),
            );
            format!("user_{user},merchant_{merchant},2022-04-{day:02}T{hour:02}:00:00Z\n")
        })
        .collect();
    merchants(&project, &rows);
    project.apply_and_materialize("2022-05-05");
    let filtered = project.rows("filtered", 1);
    assert!(filtered.len() > 300, "{}", filtered.len());
    assert_eq!(filtered, project.rows("own", 1));
}

fn good_view(transformation: &str, more: &str) -> String {
    let good = component("tests/guests/good");
    format!(
        r#"
[[feature_view]]
name = "v"
kind = "batch"
entities = ["customer"]
sources = [{{ name = "purchases", input = "rows" }}]
transformation = "{}#{transformation}"
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "1997-01-01"
{more}
"#,
        good.display()
    )
}

fn fails(transformation: &str, more: &str) -> String {
    let project = Project::with_purchases(&good_view(transformation, more));
    let answer = project.run("1997-02-01", &["run", "v", "--start", "1997-01-01"]);
    assert_eq!(answer.status, 1, "{}{}", answer.stdout, answer.stderr);
    answer.stderr
}

#[test]
fn failures_carry_view_interval_and_the_guests_own_words() {
    let _timed = crate::harness::Timed::new("guests::failures_carry_view_interval_and_the_guests_own_words");
    let stderr = fails("fails", "parameters = { how = \"failure\" }");
    let interval = "feature view `v`, interval [1997-01-01T00:00:00Z, 1997-01-02T00:00:00Z)";
    assert!(
        stderr.contains(&format!(
            "{interval}: the guest failed in `push`: amount 3 is odd (row 1)"
        )),
        "{stderr}"
    );
    let stderr = fails("fails", "parameters = { how = \"panic\" }");
    assert!(stderr.contains("the guest trapped in `push`"), "{stderr}");
    assert!(stderr.contains("the guest panicked on purpose"), "{stderr}");
}

#[test]
fn limits_end_a_run_and_say_what_was_used_and_allowed() {
    let _timed = crate::harness::Timed::new("guests::limits_end_a_run_and_say_what_was_used_and_allowed");
    let stderr = fails("loops", "limits = { guest_time = \"200ms\" }");
    assert!(
        stderr.contains("the guest hit its limit of time inside the guest in `push`"),
        "{stderr}"
    );
    assert!(stderr.contains("allowed 0.200 s"), "{stderr}");
    let stderr = fails("hungry", "limits = { memory_bytes = 33554432 }");
    assert!(
        stderr.contains("the guest hit its limit of memory in `push`: used 3"),
        "{stderr}"
    );
    assert!(stderr.contains("allowed 32.0 MiB"), "{stderr}");
}

#[test]
fn interval_scope_sees_the_whole_interval_in_one_run() {
    let _timed = crate::harness::Timed::new("guests::interval_scope_sees_the_whole_interval_in_one_run");
    let project = Project::with_purchases(&good_view("daily_total", "incremental_backfills = true"));
    project.apply_and_materialize("1997-01-11");
    let sql = "select count(*) from rows r join (select date_trunc('day', \"timestamp\") as day, count(*) as n, \
        sum(amount) as total from purchases where \"timestamp\" < timestamp '1997-01-11' group by 1) p \
        on date_trunc('day', r.\"timestamp\") = p.day and r.rows = p.n and abs(r.total - p.total) < 1e-6";
    let found = project.sql("v", 1, sql);
    let count = arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(found[0].column(0)).value(0);
    assert_eq!(count, 10);
}

#[test]
fn a_key_of_two_inputs_meets_itself() {
    let _timed = crate::harness::Timed::new("guests::a_key_of_two_inputs_meets_itself");
    let good = component("tests/guests/good");
    let view = format!(
        r#"
[[source]]
name = "again"
path = "data/purchases.parquet"
timestamp_column = "timestamp"
[[feature_view]]
name = "v"
kind = "batch"
entities = ["customer"]
sources = [{{ name = "purchases", input = "left" }}, {{ name = "again", input = "right", start_time_offset = "-3d" }}]
transformation = "{}#two_inputs"
timestamp_column = "timestamp"
batch_schedule = "7d"
feature_start_time = "1997-01-01"
incremental_backfills = true
"#,
        good.display()
    );
    let project = Project::with_purchases(&view);
    project.apply_and_materialize("1997-03-26");
    let sql = "select sum(left_rows), sum(right_rows), count(*), count(distinct (customer_id, \"timestamp\")), \
        sum(case when left_rows > right_rows then 1 else 0 end) from rows";
    let found = project.sql("v", 1, sql);
    let value = |column: usize| {
        arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(found[0].column(column)).value(0)
    };
    let (start, end, day) = (852_076_800_000_000, 859_334_400_000_000, 86_400_000_000);
    let rows = crate::harness::purchases();
    let left = rows.iter().filter(|row| (start..end).contains(&row.timestamp)).count() as i64;
    let right: i64 = (0..12)
        .map(|week| {
            let (from, to) = (start + week * 7 * day - 3 * day, start + (week + 1) * 7 * day);
            rows.iter().filter(|row| (from..to).contains(&row.timestamp)).count() as i64
        })
        .sum();
    assert_eq!((value(0), value(1)), (left, right));
    assert_eq!(value(2), value(3), "a key is in one group");
    assert_eq!(value(4), 0);
}

#[test]
fn rows_outside_of_the_interval_are_counted_and_not_written() {
    let _timed = crate::harness::Timed::new("guests::rows_outside_of_the_interval_are_counted_and_not_written");
    let project = Project::with_purchases(&good_view("outside", ""));
    project.json("1997-02-01", &["apply"]);
    let report = project.json("1997-02-01", &["materialize"]);
    let report = &report["feature_views"][0]["report"];
    let (outside, rows) = (
        report["cut"]["outside_interval"].as_u64().unwrap(),
        report["rows"].as_u64().unwrap(),
    );
    assert!(outside > 0 && rows > 0);
    let all = crate::harness::purchases()
        .iter()
        .filter(|row| row.timestamp < 854_755_200_000_000)
        .count() as u64;
    assert_eq!(outside + rows, all);
}
