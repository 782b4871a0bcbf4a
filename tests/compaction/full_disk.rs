//! A disk that is full at any stage of jobs and passes: the error says so, what is live stays, and the same command goes on when there
//! is room.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::path::Path;

use super::world::{columns, days, items, live, row, view};
use crate::aggregates::oracle::{Row, Window};
use crate::aggregates::world::{DAY, at, project, time, write_events};
use crate::harness::Project;
use crate::stores::full_disk::{FOLDER, NAMESPACE, PAGE, fill, in_child};

/// Pages that are given back at a time.
const STEP: u64 = 6;
const STEPS: u64 = 60;

#[test]
fn each_stage_is_told_and_goes_on() {
    let _timed = crate::harness::Timed::new("compaction::full_disk");
    // Projects, stores and spilled rows all lie there.
    let script = r#"mount -t tmpfs -o size=24m none "$1" && TMPDIR="$1" exec "$2" --exact compaction::full_disk::child --nocapture"#;
    let answer = in_child("unshare", &NAMESPACE, script);
    if answer.stderr.contains("unshare") {
        eprintln!("no namespaces here: {}", answer.stderr);
        return;
    }
    assert_eq!(answer.status, 0, "{}{}", answer.stdout, answer.stderr);
    let told = answer.stdout.lines().find(|line| line.contains("refused")).unwrap();
    eprintln!("{told}");
}

fn rows() -> Vec<Row> {
    let of_day = |day: i64| {
        let keys = (0..200).filter(move |key| (key * 7 + day) % 5 == 0);
        keys.map(move |key| row(key, at("2024-01-01") + day * DAY + key, key * day))
    };
    (0..40).flat_map(of_day).collect()
}

#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let start = at("2024-01-01");
    let project = project(&[view(
        "v",
        start,
        &[days(1), days(7), Window::Lifetime],
        "incremental_backfills = true",
    )]);
    assert!(project.path(".").starts_with(folder));
    write_events(&project, &columns(), &rows(), 1_000);
    let mut day = 20;
    project.apply_and_materialize(&time(start + day * DAY));
    let full = fill(folder);
    assert!(full, "a small disk is filled");
    let ballast = OpenOptions::new().write(true).open(folder.join("ballast")).unwrap();
    let (mut done, mut errors) = (0, BTreeSet::new());
    for _ in 0..STEPS {
        let before = (live(&project, "v"), items(&project, "v"));
        let now = time(start + (day + 1) * DAY);
        let answer = project.run(&now, &["--format", "json", "materialize", "--retries", "0"]);
        if answer.status == 0 {
            done += 1;
            day += 1;
        } else {
            assert_eq!(answer.status, 2, "{}", answer.stderr);
            // It may have found no room for what comes after the switch.
            if live(&project, "v") != before.0 {
                day += 1;
            } else {
                assert!(items(&project, "v") == before.1, "what is live is as it was");
            }
            let error: serde_json::Value = serde_json::from_str(answer.stderr.lines().last().unwrap()).unwrap();
            let message = error["error"]["message"].as_str().unwrap();
            assert!(message.contains("o space left on device"), "{message}");
            assert_eq!(error["error"]["kind"], "unavailable", "{message}");
            errors.insert(stage(message));
        }
        let room = ballast.metadata().unwrap().len().saturating_sub(STEP * PAGE);
        ballast.set_len(room).unwrap();
    }
    println!("\n{done} of {STEPS} commands did it, the others were refused by {errors:?}");
    assert!(done > 0 && errors.len() > 1);
    // There is room again, and nothing was lost or doubled.
    ballast.set_len(0).unwrap();
    let now = time(start + 30 * DAY);
    project.json(&now, &["materialize"]);
    let served = items(&project, "v");
    project.json(&now, &["compact", "--full"]);
    assert_eq!(items(&project, "v"), served);
    assert_eq!(served, undisturbed(&now));
}

/// Who said it.
fn stage(message: &str) -> String {
    message.split([',', ':']).next().unwrap_or_default().to_owned()
}

fn undisturbed(now: &str) -> std::collections::BTreeMap<Vec<u8>, sandglass::online::Item> {
    let start = at("2024-01-01");
    let project: Project = project(&[view("v", start, &[days(1), days(7), Window::Lifetime], "")]);
    write_events(&project, &columns(), &rows(), 1_000);
    project.apply_and_materialize(now);
    items(&project, "v")
}
