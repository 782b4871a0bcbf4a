//! Sources that change after they were read: told, and made good by what is proposed.

use std::path::Path;

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
