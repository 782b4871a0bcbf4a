//! Versions that nobody can go back to any more are dropped, and so are tiles that nobody reads.

use super::world::{ALONE, SPEND, everything, of};
use crate::harness::Project;

/// By the commands' own clock.
const NOW: &str = "1997-02-11";

fn with_start(start: &str) -> String {
    SPEND.replace(
        "feature_start_time = \"1997-01-01\"",
        &format!("feature_start_time = \"{start}\""),
    )
}

#[test]
fn dropped_when_nobody_can_go_back_to_them() {
    let _timed = crate::harness::Timed::new("maintain::versions::dropped_when_nobody_can_go_back_to_them");
    let project = Project::with_purchases(SPEND);
    let place = |path: &str| project.path(path).exists();
    project.apply_and_materialize("1997-02-01");
    // The second is superseded on the 11th, the first on the 5th.
    project.define(&with_start("1997-01-03"));
    project.apply_and_materialize("1997-02-05");
    project.define(&with_start("1997-01-06"));
    project.json(NOW, &["apply"]);
    let states = |answer: &serde_json::Value| {
        let versions = of(answer, "spend")["versions"].as_array().unwrap().clone();
        let state = |found: &serde_json::Value| format!("{} {}", found["version"], found["state"].as_str().unwrap());
        versions.iter().map(state).collect::<Vec<_>>()
    };
    let early = project.json("1997-03-06", &ALONE);
    assert_eq!(states(&early), ["1 kept", "2 live", "3 applied"]);
    assert_eq!(of(&early, "spend")["versions"][0]["kept_until"], "1997-03-07T00:00:00Z");
    assert!(place("store/online/shop/spend/v2") && !place("store/online/shop/spend/v1"));
    let rolled = project.run(NOW, &["rollback", "spend", "--to", "1"]);
    assert_eq!(rolled.status, 0, "{}", rolled.stderr);
    let rolled = project.run(NOW, &["rollback", "spend", "--to", "3"]);
    assert_eq!(rolled.status, 0, "{}", rolled.stderr);
    // It was current for a moment on the 11th, and is kept as long as the others.
    let again = project.json("1997-03-12", &["maintain", "--dry-run"]);
    assert_eq!(states(&again), ["1 kept", "2 live", "3 applied"]);
    let dry = project.json("1997-03-14", &["maintain", "--dry-run"]);
    assert_eq!(states(&dry), ["1 dropped", "2 live", "3 applied"]);
    assert!(place("store/offline/shop/spend/v1"));
    let numbers = || {
        std::fs::read_dir(project.path("store/offline/shop/_registry/applied"))
            .unwrap()
            .count()
    };
    let before = numbers();
    // A process that was killed while it removed.
    std::fs::create_dir_all(project.path("store/offline/shop/spend/.dropped-v1/rows")).unwrap();
    let done = project.json("1997-03-14", &ALONE);
    assert_eq!(states(&done), ["1 dropped", "2 live", "3 applied"]);
    assert!(!place("store/offline/shop/spend/v1") && !place("store/offline/shop/spend/.dropped-v1"));
    assert_eq!(numbers(), before + 1, "the registry does not know it any more");
    let refused = project.run(NOW, &["rollback", "spend", "--to", "1"]);
    assert!(refused.stderr.contains("kept are 2"), "{}", refused.stderr);
    // What is live is not dropped however old it is; once another one is live, it is.
    project.json(NOW, &["materialize"]);
    let rows = everything(&project, "spend", 3);
    let late = project.json("1997-04-01", &ALONE);
    assert_eq!(states(&late), ["2 dropped", "3 applied"]);
    assert!(!place("store/offline/shop/spend/v2") && !place("store/online/shop/spend/v2"));
    assert_eq!(numbers(), before + 2);
    project.json("1997-04-01", &ALONE);
    assert_eq!(numbers(), before + 2, "there is nothing to drop");
    assert_eq!(everything(&project, "spend", 3), rows);
    // Going back to the first definition is a version anew, and numbers are not used again.
    project.define(SPEND);
    project.apply_and_materialize(NOW);
    assert_eq!(of(&project.json(NOW, &["status"]), "spend")["live_version"], 4);
}

#[test]
fn tiles_of_definitions_that_are_gone() {
    let _timed = crate::harness::Timed::new("maintain::versions::tiles_of_definitions_that_are_gone");
    let project = Project::with_purchases(SPEND);
    project.apply_and_materialize(NOW);
    project.define(&SPEND.replace("\"sum\"", "\"max\""));
    project.apply_and_materialize(NOW);
    let folder = project.path("store/offline/shop/spend/v1/tiles");
    let count = || std::fs::read_dir(&folder).unwrap().count();
    let tables = |answer: &serde_json::Value| {
        let tables = of(answer, "spend")["versions"][0]["tables"].as_array().unwrap().clone();
        let mut states: Vec<_> = tables
            .iter()
            .map(|table| table["state"].as_str().unwrap().to_owned())
            .collect();
        states.sort();
        states
    };
    assert_eq!(count(), 2);
    assert_eq!(tables(&project.json(NOW, &ALONE)), ["kept", "kept", "unused"]);
    assert_eq!(count(), 2, "somebody may go back to it");
    assert_eq!(
        tables(&project.json("2200-01-01", &["maintain", "--dry-run"])),
        ["dropped", "kept", "kept"]
    );
    assert_eq!(count(), 2);
    assert_eq!(tables(&project.json("2200-01-01", &ALONE)), ["dropped", "kept", "kept"]);
    assert_eq!(count(), 1);
    let status = project.json(NOW, &["status"]);
    assert_eq!(of(&status, "spend")["missing_tiles"], serde_json::json!([]));
    // Whoever goes back makes them again.
    project.define(SPEND);
    project.apply_and_materialize(NOW);
    assert_eq!(count(), 2);
}
