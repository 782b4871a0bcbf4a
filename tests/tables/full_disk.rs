//! A disk that is full while rows are brought: the error says so, what is read stays whole, and the same file goes in when there is room.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::path::Path;

use super::world::{NOW, project, put, trained};
use crate::compaction::world::items;
use crate::stores::full_disk::{FOLDER, NAMESPACE, PAGE, fill, in_child};

/// Pages that are given back at a time.
const STEP: u64 = 4;
const STEPS: usize = 40;
const KEYS: usize = 60;

#[test]
fn each_stage_is_told_and_goes_on() {
    let _timed = crate::harness::Timed::new("tables::full_disk::each_stage_is_told_and_goes_on");
    let script =
        r#"mount -t tmpfs -o size=24m none "$1" && TMPDIR="$1" exec "$2" --exact tables::full_disk::child --nocapture"#;
    let answer = in_child("unshare", &NAMESPACE, script);
    if answer.stderr.contains("unshare") {
        eprintln!("no namespaces here: {}", answer.stderr);
        return;
    }
    assert_eq!(answer.status, 0, "{}{}", answer.stdout, answer.stderr);
    let told = answer.stdout.lines().find(|line| line.contains("refused")).unwrap();
    eprintln!("{told}");
}

#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let project = project("seats = \"int64\"", "");
    assert!(project.path(".").starts_with(folder));
    // Every key has another value in each file, and a later time.
    let file = |number: usize| {
        let row = |key: usize| format!("c{key},2024-02-01T00:00:{number:02}Z,{number}\n");
        let rows: String = (0..KEYS).map(row).collect();
        put(
            &project,
            &format!("{number}.csv"),
            format!("customer,updated_at,seats\n{rows}"),
        )
    };
    let files: Vec<String> = (0..=STEPS).map(file).collect();
    let ingest = |number: usize| {
        project.run(
            NOW,
            &["--format", "json", "ingest", "profile", "--file", &files[number]],
        )
    };
    assert_eq!(ingest(0).status, 0);
    assert!(fill(folder), "a small disk is filled");
    let ballast = OpenOptions::new().write(true).open(folder.join("ballast")).unwrap();
    let (mut done, mut errors) = (0, BTreeSet::new());
    for number in 1..=STEPS {
        let before = items(&project, "profile");
        let answer = ingest(number);
        let after = items(&project, "profile");
        let are_new = after
            .values()
            .all(|item| item.values == [sandglass::online::Value::Int64(number as i64)]);
        if answer.status == 0 {
            done += 1;
            assert!(are_new, "{}", answer.stdout);
        } else {
            assert_eq!(answer.status, 2, "{}", answer.stderr);
            // It may have found no room for what comes after the change.
            assert!(are_new || after == before, "what is live is whole");
            let error: serde_json::Value = serde_json::from_str(answer.stderr.lines().last().unwrap()).unwrap();
            let message = error["error"]["message"].as_str().unwrap();
            assert!(message.contains("o space left on device"), "{message}");
            assert_eq!(error["error"]["kind"], "unavailable", "{message}");
            let first = message.split([',', ':']).next().unwrap_or_default();
            errors.insert(first.to_owned());
        }
        assert_eq!(after.len(), KEYS);
        let room = ballast.metadata().unwrap().len().saturating_sub(STEP * PAGE);
        ballast.set_len(room).unwrap();
    }
    println!("\n{done} of {STEPS} files went in, the others were refused by {errors:?}");
    assert!(done > 0 && !errors.is_empty());
    // There is room again, and those that were refused go in, in any order.
    ballast.set_len(0).unwrap();
    for number in (0..=STEPS).rev() {
        assert_eq!(ingest(number).status, 0);
    }
    let times: Vec<String> = (0..=STEPS)
        .map(|number| format!("2024-02-01T00:00:{number:02}.5Z"))
        .collect();
    let spine: Vec<(&str, &str)> = times.iter().map(|at| ("c7", at.as_str())).collect();
    let found = trained(&project, NOW, &spine);
    let expected: Vec<Vec<String>> = (0..=STEPS).map(|number| vec![number.to_string()]).collect();
    assert_eq!(found, expected);
    let served = items(&project, "profile");
    project.json(NOW, &["compact", "--full"]);
    assert_eq!(items(&project, "profile"), served);
}
