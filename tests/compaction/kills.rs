//! Passes are killed at random moments: what is live is what was before or what is after, whole, and the same command goes on.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use sandglass::online::Item;

use super::world::{columns, days, items, live, row, store, view};
use crate::aggregates::oracle::{Row, Window};
use crate::aggregates::world::{DAY, at, project, time, write_events};
use crate::harness::{Project, Random, cases, seed};

const KEYS: i64 = 3_000;

fn rows(healed: bool) -> Vec<Row> {
    let start = at("2024-01-01");
    let of_day = |day: i64| {
        let keys = (0..KEYS).filter(move |key| (key + day) % 10 == 0 && !(healed && day == 12 && key % 20 == 8));
        keys.map(move |key| row(key, start + day * DAY + key, key * day))
    };
    (0..40).flat_map(of_day).collect()
}

/// At the end of day 20.
fn prepared() -> Project {
    let start = at("2024-01-01");
    let project = project(&[view("v", start, &[days(1), days(9), Window::Lifetime], "")]);
    write_events(&project, &columns(), &rows(false), 1_000);
    project.apply_and_materialize(&time(start + 20 * DAY));
    project
}

/// What is done to it, and when.
fn commands() -> Vec<(i64, Vec<String>)> {
    let start = at("2024-01-01");
    let text = |list: &[&str]| list.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
    let (from, to) = (time(start + 12 * DAY), time(start + 13 * DAY));
    vec![
        (21, text(&["materialize"])),
        (21, text(&["compact", "--full"])),
        (
            21,
            text(&["materialize", "--start", &from, "--end", &to, "--overwrite"]),
        ),
        (25, text(&["materialize"])),
        (25, text(&["compact", "v", "--full"])),
    ]
}

type Items = BTreeMap<Vec<u8>, Item>;

#[test]
fn killed_anywhere_and_resumed() {
    let _timed = crate::harness::Timed::new("compaction::kills");
    let start = at("2024-01-01");
    let mut random = Random(seed());
    // What is live after each command, and how long it takes.
    let undisturbed = prepared();
    let before = items(&store(&undisturbed), "v");
    let mut after: Vec<(Items, u64)> = Vec::new();
    for (day, command) in commands() {
        if command.iter().any(|part| part == "--overwrite") {
            write_events(&undisturbed, &columns(), &rows(true), 1_000);
        }
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let began = Instant::now();
        undisturbed.json(&time(start + day * DAY), &command);
        let took = u64::try_from(began.elapsed().as_micros()).unwrap();
        after.push((items(&store(&undisturbed), "v"), took));
    }
    assert_ne!(after[0].0, before);
    assert_eq!(after[1].0, after[0].0);
    assert_ne!(after[2].0, after[1].0);
    let (mut killed, mut cut_short, mut changed) = (0, 0, 0);
    while killed < cases(15) {
        let project = prepared();
        let mut old = &before;
        for ((day, command), (new, took)) in commands().iter().zip(&after) {
            if command.iter().any(|part| part == "--overwrite") {
                write_events(&project, &columns(), &rows(true), 1_000);
            }
            let (now, command) = (time(start + day * DAY), command.iter().map(String::as_str));
            let command: Vec<&str> = command.collect();
            let mut child = project
                .command(&now, &command)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            #[expect(clippy::disallowed_methods, reason = "a random moment is a time")]
            std::thread::sleep(Duration::from_micros(random.below(took * 9 / 8)));
            child.kill().unwrap();
            cut_short += usize::from(!child.wait().unwrap().success());
            killed += 1;
            let found = items(&store(&project), "v");
            assert!(
                found == *old || found == *new,
                "seed {}: neither before nor after {command:?}",
                seed()
            );
            changed += usize::from(found == *new);
            project.json(&now, &command);
            assert!(
                items(&store(&project), "v") == *new,
                "seed {}: resumed {command:?}",
                seed()
            );
            old = new;
        }
        // Minutes later, after one more pass, nothing is left of what was killed.
        let now = time(start + 25 * DAY + 3_600_000_000);
        project.json(&now, &["compact", "--full"]);
        let generation = live(&store(&project), "v").0.generation;
        project.json(&time(start + 25 * DAY + 2 * 3_600_000_000), &["compact", "--full"]);
        let folder = store(&project).join("shop/v/v1");
        let mut left: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        // The one before is kept for those who read it.
        assert_eq!(left, [format!("g{generation}"), format!("g{}", generation + 1)]);
    }
    eprintln!("{killed} kills, {cut_short} before the end, {changed} after the change");
    assert!(
        cut_short * 3 > killed,
        "{cut_short} of {killed} kills came before the end: too few to tell"
    );
}
