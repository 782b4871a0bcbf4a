//! The program is killed at random moments of materializing 30 days; what it was killed in is resumed.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::harness::{Project, Random, cases, component};

const NOW: &str = "1997-01-31";

fn project() -> Project {
    let component = component("examples/purchases/transformations/purchases");
    Project::with_purchases(&format!(
        r#"
[[feature_view]]
name = "v"
kind = "batch"
entities = ["customer"]
sources = [{{ name = "purchases", start_time_offset = "-89d" }}]
transformation = "{}#customer_rfm"
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "1997-01-01"
incremental_backfills = true
ttl = "30d"
online = true
"#,
        component.display()
    ))
}

#[test]
fn killed_and_resumed() {
    let _timed = crate::harness::Timed::new("kills::killed_and_resumed");
    let seed = crate::harness::seed();
    let mut random = Random(seed);
    let undisturbed = project();
    undisturbed.json(NOW, &["apply"]);
    let started = Instant::now();
    undisturbed.json(NOW, &["materialize"]);
    let whole = u64::try_from(started.elapsed().as_micros()).unwrap();
    let (rows, items) = (undisturbed.rows("v", 1), undisturbed.items("v"));
    assert!(!rows.is_empty() && !items.is_empty());
    let (mut killed, mut cut_short) = (0, 0);
    while killed < cases(20) {
        let project = project();
        project.json(NOW, &["apply"]);
        // Several kills on the way of one project: a resumed run is killed too.
        for _ in 0..3 {
            let mut child = project
                .command(NOW, &["materialize"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            #[expect(clippy::disallowed_methods, reason = "a random moment is a time")]
            std::thread::sleep(Duration::from_micros(random.below(whole)));
            child.kill().unwrap();
            cut_short += usize::from(!child.wait().unwrap().success());
            killed += 1;
            for (_, item) in project.items("v") {
                assert_eq!(
                    item.as_of.to_string(),
                    "1997-01-31T00:00:00Z",
                    "nothing is online before the backfill is complete"
                );
            }
        }
        project.json(NOW, &["materialize"]);
        assert_eq!(project.rows("v", 1), rows, "seed {seed}");
        assert_eq!(project.items("v"), items, "seed {seed}");
        let plan = project.json(NOW, &["plan"]);
        assert_eq!(plan["feature_views"][0]["jobs"].as_array().unwrap().len(), 0);
    }
    assert!(
        cut_short * 2 > killed,
        "{cut_short} of {killed} kills came before the end: too few to tell"
    );
}
