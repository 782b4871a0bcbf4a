//! Passes are killed at random moments: what is live is what was before or what is after, whole, and the same command goes on.

use std::collections::BTreeMap;

use sandglass::online::Item;

use super::world::{columns, days, row, view};
use crate::aggregates::oracle::{Row, Window};
use crate::aggregates::world::{DAY, at, project, time, write_events};
use crate::harness::{Kills, Project, cases, seed};

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
fn prepared(stores: &str) -> Project {
    let start = at("2024-01-01");
    let project = project(&[view("v", start, &[days(1), days(9), Window::Lifetime], "")]).on(stores);
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

fn items(project: &Project) -> Items {
    super::world::items(project, "v")
}

#[test]
fn killed_anywhere_and_resumed() {
    let _timed = crate::harness::Timed::new("compaction::kills");
    let nothing_is_left = |project: &Project, generation: u64| {
        let folder = project.path("store/online/shop/v/v1");
        let mut left: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        // The one before is kept for those who read it.
        assert_eq!(left, [format!("g{}", generation - 1), format!("g{generation}")]);
    };
    kill_and_resume(cases(15), true, String::new, nothing_is_left);
}

/// Kills the program so often, in projects each with the `[stores]` that it is given. `is_whole` says whether a change of items is seen
/// at once; `nothing_is_left` is asked at the end of each, with the generation that is live.
pub fn kill_and_resume(
    times: usize,
    is_whole: bool,
    stores: impl Fn() -> String,
    nothing_is_left: impl Fn(&Project, u64),
) {
    let start = at("2024-01-01");
    let mut kills = Kills::new();
    // What is live after each command.
    let undisturbed = prepared(&stores());
    let before = items(&undisturbed);
    let mut after: Vec<Items> = Vec::new();
    for (day, command) in commands() {
        if command.iter().any(|part| part == "--overwrite") {
            write_events(&undisturbed, &columns(), &rows(true), 1_000);
        }
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        undisturbed.json(&time(start + day * DAY), &command);
        after.push(items(&undisturbed));
    }
    assert_ne!(after[0], before);
    assert_eq!(after[1], after[0]);
    assert_ne!(after[2], after[1]);
    let mut changed = 0;
    while kills.killed < times {
        let project = prepared(&stores());
        let mut old = &before;
        for ((day, command), new) in commands().iter().zip(&after) {
            if command.iter().any(|part| part == "--overwrite") {
                write_events(&project, &columns(), &rows(true), 1_000);
            }
            let (now, command) = (time(start + day * DAY), command.iter().map(String::as_str));
            let command: Vec<&str> = command.collect();
            let run = format!("{day} {}", command.join(" "));
            kills.kill(&run, project.command(&now, &command));
            let found = items(&project);
            let each = |key| [old.get(key), new.get(key)].contains(&found.get(key));
            assert!(
                found == *old
                    || found == *new
                    || !is_whole && old.keys().chain(new.keys()).chain(found.keys()).all(each),
                "seed {}: neither before nor after {command:?}",
                seed()
            );
            changed += usize::from(found == *new);
            project.json(&now, &command);
            assert!(items(&project) == *new, "seed {}: resumed {command:?}", seed());
            old = new;
        }
        // Minutes later, after one more pass, nothing is left of what was killed.
        let now = time(start + 25 * DAY + 3_600_000_000);
        project.json(&now, &["compact", "--full"]);
        project.json(&time(start + 25 * DAY + 2 * 3_600_000_000), &["compact", "--full"]);
        let (record, _) = project.live("v").expect("something is live");
        assert_eq!(record.items as usize, items(&project).len());
        nothing_is_left(&project, record.generation);
    }
    kills.tell(&format!("{changed} after the change"));
}
