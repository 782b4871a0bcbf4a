//! Sources that change after they were read: told, and made good by what is proposed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::harness::{Project, Row, component, purchases, write_rows};

const END: &str = "1997-02-10";
const DAY: i64 = 86_400_000_000;
/// 1997-01-01.
const START: i64 = 852_076_800_000_000;

/// One view whose rows are made one by one, in one job, and one with a lookback, day by day.
fn definitions() -> String {
    let code = component("examples/purchases/transformations/purchases");
    let code = code.display();
    format!(
        r#"
[project]
name = "shop"

[[entity]]
name = "customer"
join_keys = {{ customer_id = "int64" }}

[[source]]
name = "purchases"
path = "data"
timestamp_column = "timestamp"

[[feature_view]]
name = "v"
kind = "batch"
entities = ["customer"]
sources = ["purchases"]
transformation = "{code}#purchase_details"
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "1997-01-01"
online = true

[[feature_view]]
name = "w"
kind = "batch"
entities = ["customer"]
sources = [{{ name = "purchases", start_time_offset = "-4d" }}]
transformation = "{code}#customer_rfm"
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "1997-01-01"
incremental_backfills = true
online = true
"#
    )
}

/// Rows of these days.
fn days(rows: &[Row], from: i64, to: i64) -> Vec<Row> {
    let range = START + from * DAY..START + to * DAY;
    rows.iter()
        .filter(|row| range.contains(&row.timestamp))
        .copied()
        .collect()
}

/// A project over ten days in each file.
fn project(rows: &[Row]) -> Project {
    let project = Project::new("");
    std::fs::write(project.path("sandglass.toml"), definitions()).unwrap();
    std::fs::create_dir_all(project.path("data")).unwrap();
    for ten in 0..4 {
        write(
            &project.path("data"),
            &format!("{ten}"),
            &days(rows, ten * 10, ten * 10 + 10),
        );
    }
    project
}

fn write(folder: &Path, name: &str, rows: &[Row]) {
    write_rows(&folder.join(format!("{name}.parquet")), rows, 500);
}

fn view<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let views = answer["feature_views"].as_array().unwrap();
    views.iter().find(|view| view["name"] == name).unwrap()
}

/// The days that a plan would make again.
fn redo(plan: &Value, name: &str) -> Vec<(String, String)> {
    let jobs = view(plan, name)["redo"].as_array().unwrap();
    let time = |job: &Value, key: &str| job[key].as_str().unwrap()[..10].to_owned();
    jobs.iter().map(|job| (time(job, "start"), time(job, "end"))).collect()
}

fn between(from: &str, to: &str) -> Vec<(String, String)> {
    vec![(from.to_owned(), to.to_owned())]
}

/// What both views hold, offline and online.
fn all(project: &Project) -> Vec<(Vec<String>, Vec<String>)> {
    let items = |view: &str| {
        let items = project.items(view).into_iter();
        items
            .map(|(key, item)| format!("{key:?} {} {} {:?}", item.timestamp, item.effective, item.values))
            .collect()
    };
    ["v", "w"].map(|view| (project.rows(view, 1), items(view))).to_vec()
}

#[test]
fn rewritten_added_and_removed_files() {
    let _timed = crate::harness::Timed::new("changed_sources::rewritten_added_and_removed_files");
    let rows: Vec<Row> = purchases().into_iter().filter(|row| row.customer_id % 7 == 0).collect();
    let project = project(&rows);
    project.apply_and_materialize(END);
    let plan = project.json(END, &["plan"]);
    assert!(redo(&plan, "v").is_empty() && redo(&plan, "w").is_empty());

    // Rewritten: the second file, eleventh to twentieth of January, has other amounts.
    let mut dearer = days(&rows, 10, 20);
    dearer.iter_mut().for_each(|row| row.amount += 1.0);
    write(&project.path("data"), "1", &dearer);
    let plan = project.json(END, &["plan"]);
    // One job read all files; the whole of it is made again.
    assert_eq!(redo(&plan, "v"), between("1997-01-01", "1997-02-10"));
    let days_of_w = redo(&plan, "w");
    assert_eq!(days_of_w.first(), between("1997-01-11", "1997-01-12").first());
    // The last rows of the twentieth are looked back at for four days.
    assert_eq!(days_of_w.last(), between("1997-01-24", "1997-01-25").first());
    assert_eq!(days_of_w.len(), 14);
    let status = project.json(END, &["status"]);
    let told = view(&status, "w")["changed_sources"][0]["changes"][0].as_str().unwrap();
    assert!(told.ends_with("1.parquet was rewritten"), "{told}");
    // Nobody is made to.
    assert_eq!(view(&project.json(END, &["materialize"]), "w")["jobs"], 0);
    let dry = project.json(END, &["materialize", "--redo-changed", "--dry-run"]);
    assert_eq!(view(&dry, "w")["jobs"].as_array().unwrap().len(), 14);
    let done = project.json(END, &["materialize", "--redo-changed"]);
    assert_eq!(
        (&view(&done, "v")["jobs"], &view(&done, "w")["jobs"]),
        (&1.into(), &14.into())
    );
    assert!(redo(&project.json(END, &["plan"]), "w").is_empty());
    let mut now = days(&rows, 0, 10);
    now.extend(dearer);
    now.extend(days(&rows, 20, 40));
    let fresh = self::project(&now);
    fresh.apply_and_materialize(END);
    assert_eq!(all(&project), all(&fresh));

    // Late rows of the third of January come in a file of their own.
    let late: Vec<Row> = days(&rows, 2, 3)
        .iter()
        .map(|row| Row { amount: 9.5, ..*row })
        .collect();
    assert!(!late.is_empty());
    write(&project.path("data"), "late", &late);
    let plan = project.json(END, &["plan"]);
    let days_of_w = redo(&plan, "w");
    assert_eq!((days_of_w.len(), &days_of_w[0].0[..]), (5, "1997-01-03"));
    project.json(END, &["materialize", "--redo-changed"]);
    now.extend(&late);
    let fresh = Project::new("");
    std::fs::write(fresh.path("sandglass.toml"), definitions()).unwrap();
    std::fs::create_dir_all(fresh.path("data")).unwrap();
    write(&fresh.path("data"), "all", &now);
    fresh.apply_and_materialize(END);
    assert_eq!(all(&project), all(&fresh));

    // And go again.
    std::fs::remove_file(project.path("data/late.parquet")).unwrap();
    assert_eq!(redo(&project.json(END, &["plan"]), "w"), days_of_w);
    let status = project.run(END, &["status"]);
    assert!(status.stderr.contains("late.parquet is gone"), "{}", status.stderr);
    project.json(END, &["materialize", "--redo-changed"]);
    now.truncate(now.len() - late.len());
    let fresh = self::project(&now);
    fresh.apply_and_materialize(END);
    assert_eq!(all(&project), all(&fresh));

    // A file of days to come changes nothing that was made.
    write(&project.path("data"), "4", &days(&rows, 40, 50));
    let plan = project.json(END, &["plan"]);
    assert!(redo(&plan, "w").is_empty());
    // One job read everything: a file without rows of its range is not among what it read.
    assert!(redo(&plan, "v").is_empty());
}

#[test]
fn failed_jobs_are_listed_until_they_are_made_good() {
    let _timed = crate::harness::Timed::new("changed_sources::failed_jobs_are_listed_until_they_are_made_good");
    let rows: Vec<Row> = purchases()
        .into_iter()
        .filter(|row| row.customer_id % 50 == 0)
        .collect();
    let project = project(&rows);
    project.apply_and_materialize("1997-01-21");
    let good = std::fs::read(project.path("data/3.parquet")).unwrap();
    // Its footer says the same, and its pages are damaged.
    let mut bad = good.clone();
    bad[4..good.len() / 2].fill(0xff);
    std::fs::write(project.path("data/3.parquet"), bad).unwrap();
    let failed = project.run(END, &["materialize", "w", "--retries", "0"]);
    assert_ne!(failed.status, 0);
    let status = project.json(END, &["status"]);
    let listed = view(&status, "w")["failed"].as_array().unwrap();
    assert_eq!(listed.len(), 1, "{status}");
    let message = listed[0]["message"].as_str().unwrap();
    assert!(failed.stderr.contains(message), "{message}");
    assert_eq!(listed[0]["at"], "1997-02-10T00:00:00Z");
    std::fs::write(project.path("data/3.parquet"), good).unwrap();
    project.json(END, &["materialize"]);
    let status = project.json(END, &["status"]);
    assert!(view(&status, "w")["failed"].as_array().unwrap().is_empty());
}

/// A file is away for a while, between two reads of the source.
#[test]
fn what_cannot_be_reached_is_tried_again() {
    let _timed = crate::harness::Timed::new("changed_sources::what_cannot_be_reached_is_tried_again");
    let rows: Vec<Row> = purchases()
        .into_iter()
        .filter(|row| row.customer_id % 20 == 0)
        .collect();
    let project = Project::new("");
    std::fs::write(project.path("sandglass.toml"), definitions()).unwrap();
    std::fs::create_dir_all(project.path("data")).unwrap();
    write(&project.path("data"), "first", &days(&rows, 0, 150));
    write(&project.path("data"), "second", &days(&rows, 150, 400));
    let end = "1997-07-20";
    project.json(end, &["apply"]);
    // What is left is two stretches of days, which are read one after the other.
    project.json(
        end,
        &["materialize", "w", "--start", "1997-05-25", "--end", "1997-06-25"],
    );
    let commits = project.path("store/offline/shop/w/v1/rows/_delta_log");
    let committed = || std::fs::read_dir(&commits).map_or(0, Iterator::count);
    let before = committed();
    let (second, away) = (project.path("data/second.parquet"), project.path("away"));
    let mut child = project
        .command(end, &["--format", "json", "materialize", "w"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The first 32 jobs are done, and more than a hundred are left before the second file is read.
    while committed() == before {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it committed");
        std::thread::yield_now();
    }
    std::fs::rename(&second, &away).unwrap();
    let mut told = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        if line.contains("trying again in 1 s") {
            std::fs::rename(&away, &second).unwrap();
        }
        told += &line;
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{told}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(view(&answer, "w")["retries"], 1, "{told}");
    assert_eq!(view(&answer, "w")["jobs"], 200 - 31);
    // Rows that are wrong are not tried twice.
    let mut bad = std::fs::read(&second).unwrap();
    let half = bad.len() / 2;
    bad[4..half].fill(0xff);
    std::fs::write(&second, bad).unwrap();
    let failed = project.run(
        end,
        &[
            "materialize",
            "w",
            "--start",
            "1997-07-01",
            "--end",
            "1997-07-05",
            "--overwrite",
        ],
    );
    assert_ne!(failed.status, 0);
    assert!(!failed.stderr.contains("trying again"), "{}", failed.stderr);
}
