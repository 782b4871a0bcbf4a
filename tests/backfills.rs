//! However a backfill is cut, rows, effective times and reads are the same.

use crate::harness::{Project, component};

fn view(more: &str) -> String {
    let component = component("examples/purchases/transformations/purchases");
    format!(
        r#"
[[feature_view]]
name = "v"
kind = "batch"
entities = ["customer"]
sources = ["purchases"]
transformation = "{}#purchase_details"
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "1997-01-01"
ttl = "30d"
online = true
{more}
"#,
        component.display()
    )
}

const END: &str = "1997-02-10";

fn reads(project: &Project) -> Vec<String> {
    [1, 2, 3, 14048]
        .map(|id| {
            project
                .json(END, &["get", "v", "--key", &format!("customer_id={id}")])
                .to_string()
        })
        .to_vec()
}

#[test]
fn one_job_many_jobs_and_a_walking_clock() {
    let _timed = crate::harness::Timed::new("backfills::one_job_many_jobs_and_a_walking_clock");
    let one = Project::with_purchases(&view(""));
    one.apply_and_materialize(END);
    let many = Project::with_purchases(&view("max_backfill_interval = \"7d\""));
    assert_eq!(
        many.json(END, &["plan"])["feature_views"][0]["jobs"]
            .as_array()
            .unwrap()
            .len(),
        6
    );
    many.apply_and_materialize(END);
    let incremental = Project::with_purchases(&view("incremental_backfills = true"));
    incremental.json(END, &["apply"]);
    // Far more jobs at once than the engine has room for runs.
    incremental.json(END, &["materialize", "--parallel", "40"]);
    let walking = Project::with_purchases(&view(""));
    walking.json("1997-01-01", &["apply"]);
    for day in 1..=31 {
        // Some days in between are missed, and made up for.
        if day % 7 != 0 {
            walking.json(&format!("1997-01-{day:02}T03:00:00Z"), &["materialize"]);
        }
    }
    walking.json(END, &["materialize"]);
    let (rows, items, values) = (one.rows("v", 1), one.items("v"), reads(&one));
    assert!(rows.len() > 5_000 && items.len() > 3_000);
    for other in [&many, &incremental, &walking] {
        assert_eq!(other.rows("v", 1), rows);
        assert_eq!(reads(other), values);
        let others = other.items("v");
        let expired_too = items.len() != others.len();
        // What expired since it was written may still be there; nobody sees it.
        let now = END.parse().unwrap();
        let visible = |items: &[(Vec<u8>, sandglass::online::Item)]| {
            let visible = items.iter().filter(|(_, item)| item.is_visible(now));
            visible
                .map(|(key, item)| {
                    (
                        key.clone(),
                        item.timestamp,
                        item.effective,
                        item.expires,
                        item.values.clone(),
                    )
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(visible(&others), visible(&items), "{expired_too}");
    }
}

#[test]
fn overwriting_a_range_and_reading_the_past() {
    let _timed = crate::harness::Timed::new("backfills::overwriting_a_range_and_reading_the_past");
    let project = Project::with_purchases(&view(""));
    project.apply_and_materialize(END);
    let rows = project.rows("v", 1);
    let items = project.items("v");
    // Half of a month, out of the middle of the one big job: files are cut, the rows stay.
    let range = [
        "materialize",
        "--start",
        "1997-01-10",
        "--end",
        "1997-01-20",
        "--overwrite",
    ];
    let report = project.json(END, &range);
    assert_eq!(report["feature_views"][0]["jobs"], 1);
    assert_eq!(project.rows("v", 1), rows);
    assert_eq!(project.items("v"), items);
    let answer = project.run("1997-02-09T23:00:00Z", &["get", "v", "--key", "customer_id=1"]);
    assert_eq!(answer.status, 1);
    assert!(answer.stderr.contains("it holds no past"), "{}", answer.stderr);
}

#[test]
fn a_new_version_is_served_when_its_backfill_is_complete() {
    let _timed = crate::harness::Timed::new("backfills::a_new_version_is_served_when_its_backfill_is_complete");
    let project = Project::with_purchases(&view(""));
    project.apply_and_materialize(END);
    let before = reads(&project);
    project.define(&view("parameters = { big_basket = 100 }"));
    let plan = project.json(END, &["plan"]);
    assert_eq!(plan["feature_views"][0]["change"], "new version");
    assert_eq!(
        plan["feature_views"][0]["reasons"][0],
        "parameters: {} to {\"big_basket\":100}"
    );
    project.json(END, &["apply"]);
    assert_eq!(reads(&project), before, "applied is not live");
    project.json(END, &["materialize", "--start", "1997-01-01", "--end", "1997-01-11"]);
    assert_eq!(reads(&project), before, "half a backfill is not live");
    assert_eq!(project.json(END, &["status"])["feature_views"][0]["live_version"], 1);
    project.json(END, &["materialize"]);
    assert_ne!(reads(&project), before);
    let status = project.json(END, &["status"]);
    assert_eq!(status["feature_views"][0]["live_version"], 2);
    assert_eq!(status["feature_views"][0]["missing"].as_array().unwrap().len(), 0);
    assert_eq!(status["feature_views"][0]["freshness_seconds"], 0);
}
