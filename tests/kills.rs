//! The program is killed at random moments of materializing 30 days; what it was killed in is resumed.

use crate::harness::{Kills, Project, cases, component, seed};

const NOW: &str = "1997-01-31";

fn project() -> Project {
    Project::with_purchases(&definitions("-89d"))
}

fn definitions(lookback: &str) -> String {
    let component = component("examples/purchases/transformations/purchases");
    format!(
        r#"
[[feature_view]]
name = "v"
kind = "batch"
entities = ["customer"]
sources = [{{ name = "purchases", start_time_offset = "{lookback}" }}]
transformation = "{}#customer_rfm"
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "1997-01-01"
incremental_backfills = true
ttl = "30d"
online = true
"#,
        component.display()
    )
}

#[test]
fn killed_and_resumed() {
    let _timed = crate::harness::Timed::new("kills::killed_and_resumed");
    jobs(20, std::convert::identity);
}

/// So many kills of jobs, where projects keep what they have as they are told to.
pub fn jobs(count: usize, kept: fn(Project) -> Project) {
    let (seed, mut kills) = (seed(), Kills::new());
    let project = || kept(project());
    let undisturbed = project();
    undisturbed.json(NOW, &["apply"]);
    undisturbed.json(NOW, &["materialize"]);
    let (rows, items) = (undisturbed.rows("v", 1), undisturbed.items("v"));
    assert!(!rows.is_empty() && !items.is_empty());
    while kills.killed < cases(count) {
        let project = project();
        project.json(NOW, &["apply"]);
        // Several kills on the way of one project: a resumed run is killed too.
        for round in ["first", "second", "third"] {
            kills.kill(round, project.command(NOW, &["materialize"]));
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
    kills.tell("each was resumed");
}

/// Another definition is applied and materialized, and killed on the way again and again. Whoever reads meanwhile sees the old
/// version or the new one, whole.
#[test]
fn killed_in_a_switch_of_versions() {
    let _timed = crate::harness::Timed::new("kills::killed_in_a_switch_of_versions");
    switches(30, std::convert::identity);
}

/// The same for switches of versions.
pub fn switches(count: usize, kept: fn(Project) -> Project) {
    let (seed, mut kills) = (seed(), Kills::new());
    let project = || kept(project());
    let undisturbed = project();
    undisturbed.apply_and_materialize(NOW);
    let old = undisturbed.items("v");
    undisturbed.define(&definitions("-9d"));
    undisturbed.json(NOW, &["apply"]);
    undisturbed.json(NOW, &["materialize"]);
    let (rows, new) = (undisturbed.rows("v", 2), undisturbed.items("v"));
    assert_ne!(old, new);
    let (mut reads, mut switched) = (0, 0);
    while kills.killed < cases(count) {
        let project = project();
        project.apply_and_materialize(NOW);
        project.define(&definitions("-9d"));
        for (round, command) in ["apply", "apply", "materialize", "materialize", "materialize"]
            .into_iter()
            .enumerate()
        {
            kills.kill_while(&format!("{round} {command}"), project.command(NOW, &[command]), || {
                let items = project.items("v");
                assert!(items == old || items == new, "seed {seed}: neither version");
                switched += usize::from(items == new);
                reads += 1;
            });
            // An application is there or not, and can be made again.
            if command == "apply" {
                let plan = project.json(NOW, &["plan"]);
                let change = plan["feature_views"][0]["change"].as_str().unwrap();
                assert!(["new version", "none"].contains(&change), "{change}");
            } else {
                project.json(NOW, &["apply"]);
            }
        }
        project.json(NOW, &["apply"]);
        project.json(NOW, &["materialize"]);
        assert_eq!(project.rows("v", 2), rows, "seed {seed}");
        assert_eq!(project.items("v"), new, "seed {seed}");
        let status = project.json(NOW, &["status"]);
        let status = &status["feature_views"][0];
        assert_eq!((&status["version"], &status["live_version"]), (&2.into(), &2.into()));
    }
    kills.tell(&format!("{reads} reads, {switched} of the new version"));
    assert!(reads > kills.killed, "{reads} reads at {} kills", kills.killed);
}
