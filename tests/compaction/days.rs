//! Day after day with few active keys: passes over those that are affected serve what one over everything would, and take as
//! much work as there are such keys.

use std::collections::{BTreeMap, BTreeSet};

use super::world::{columns, days, items, live, row, told, view};
use crate::aggregates::oracle::{Row, Window};
use crate::aggregates::world::{DAY, at, project, time, write_events};
use crate::harness::{Project, Random, cases, seed};

const KEYS: u64 = 2_000;
/// One in a hundred.
const ACTIVE: u64 = KEYS / 100;
const BEFORE: i64 = 120;
const WINDOWS: [i64; 3] = [1, 7, 90];

#[test]
fn sixty_days_of_few_active_keys() {
    let _timed = crate::harness::Timed::new("compaction::days");
    let days_after = cases(60) as i64;
    let mut random = Random(seed());
    let start = at("2023-01-01");
    let last = start + (BEFORE + days_after) * DAY;
    let windows: Vec<Window> = WINDOWS.map(days).into_iter().chain([Window::Lifetime]).collect();
    let project = project(&[view("v", start, &windows, ""), view("short", start, &[days(7)], "")]);
    let mut rows = Vec::new();
    let mut day = start;
    while day < last {
        for _ in 0..ACTIVE {
            let key = random.below(KEYS).cast_signed();
            rows.push(row(key, day + random.between(0, DAY - 1), random.between(0, 99)));
        }
        day += DAY;
    }
    write_events(&project, &columns(), &rows, 1_000);
    project.apply_and_materialize(&time(start + BEFORE * DAY));
    let first = live(&project, "v").0;
    let (mut written, mut all) = (0, 0);
    for number in BEFORE + 1..=BEFORE + days_after {
        let now = start + number * DAY;
        let answer = project.json(&time(now), &["materialize"]);
        for (name, windows, lifetime) in [("v", &WINDOWS[..], true), ("short", &[7], false)] {
            let told = &told(&answer, name)["compaction"];
            assert_eq!(told["pass"], "changed", "{told}");
            let affected = affected(&rows, start, now, windows, lifetime);
            assert_eq!(told["keys_affected"], affected.len(), "{name}, day {number}");
            let kept = in_reach(&rows, &affected, start, now, (!lifetime).then_some(7));
            assert_eq!(told["keys_written"], kept.len());
            assert_eq!(told["keys_deleted"], affected.len() - kept.len());
            let tiles: usize = kept.values().map(BTreeSet::len).sum();
            let read = told["rows_read"].as_u64().unwrap() as usize;
            assert!(read <= tiles, "{read} tiles were read of {tiles} that the keys have");
            written += kept.len();
        }
        all += live(&project, "v").0.items as usize + live(&project, "short").0.items as usize;
        if number % 15 == 0 {
            same_as_full(&project, &time(now));
        }
    }
    let (record, _) = live(&project, "v");
    // One generation all the time, changed once a day.
    assert_eq!(
        (record.generation, record.changes),
        (first.generation, days_after as u64)
    );
    eprintln!("{written} items were written in {days_after} days, where making all of them anew would have been {all}");
    assert!(all > 10 * written);
}

/// Keys with rows in what a window gains or loses on a day.
fn affected(rows: &[Row], start: i64, now: i64, windows: &[i64], _lifetime: bool) -> BTreeSet<i64> {
    let mut days = vec![now - DAY];
    days.extend(windows.iter().map(|window| now - (window + 1) * DAY));
    let touched = rows.iter().filter(|row| row.at >= start);
    touched
        .filter(|row| days.iter().any(|day| (*day..day + DAY).contains(&row.at)))
        .map(|row| row.key)
        .collect()
}

/// The tiles of the keys that have any: the days on which they have rows.
fn in_reach(
    rows: &[Row],
    keys: &BTreeSet<i64>,
    start: i64,
    now: i64,
    days: Option<i64>,
) -> BTreeMap<i64, BTreeSet<i64>> {
    let from = days.map_or(start, |days| now - days * DAY);
    let mut tiles: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    for row in rows
        .iter()
        .filter(|row| keys.contains(&row.key) && (from..now).contains(&row.at))
    {
        tiles.entry(row.key).or_default().insert(row.at.div_euclid(DAY));
    }
    tiles
}

/// A copy of the project in which everything is made anew serves the same.
fn same_as_full(project: &Project, now: &str) {
    let copy = project.copy();
    copy.json(now, &["compact", "--full"]);
    for view in ["v", "short"] {
        let (ours, theirs) = (items(project, view), items(&copy, view));
        assert!(!ours.is_empty());
        assert_eq!(ours, theirs, "{view} at {now}");
        let copied = live(&copy, view).0;
        assert_eq!((copied.generation, copied.changes), (2, 0));
    }
}
