//! A backfill of any number of jobs writes each key once.

use super::world::{columns, days, live, row, told, view};
use crate::aggregates::oracle::Window;
use crate::aggregates::world::{DAY, Served, at, by_key, compare, project, time, write_events};
use crate::harness::{Random, seed};

const KEYS: i64 = 25;
const ROWS: i64 = 100;
const JOBS: i64 = 365;

#[test]
fn a_hundred_rows_a_key_and_365_jobs_write_each_key_once() {
    let _timed = crate::harness::Timed::new("compaction::consolidation");
    let mut random = Random(seed());
    let start = at("2023-01-01");
    let now = start + JOBS * DAY;
    let view = view(
        "v",
        start,
        &[days(30), days(365), Window::Lifetime],
        "incremental_backfills = true",
    );
    let project = project(std::slice::from_ref(&view));
    let mut rows = Vec::new();
    for key in 0..KEYS {
        for number in 0..ROWS {
            rows.push(row(key, random.between(start, now - 1), number));
        }
    }
    write_events(&project, &columns(), &rows, 1_000);
    let now_text = time(now);
    project.json(&now_text, &["apply"]);
    let answer = project.json(&now_text, &["materialize"]);
    let told = told(&answer, "v");
    assert_eq!(
        (&told["jobs"], &told["report"]["rows"]),
        (&JOBS.into(), &(KEYS * ROWS).into())
    );
    let compaction = &told["compaction"];
    assert_eq!(compaction["pass"], "loaded");
    assert_eq!(compaction["keys_written"], KEYS);
    assert_eq!(told["writes_saved"], KEYS * ROWS - KEYS);
    let (record, state) = live(&project, "v");
    // One generation, and nothing was written into it since it was loaded.
    assert_eq!((record.generation, record.changes, record.items), (1, 0, KEYS as u64));
    assert_eq!(state.through.to_string(), now_text);
    let served = Served::of(&project, "v", now);
    for (key, rows) in by_key(&rows) {
        compare(
            "online",
            served.get(key),
            &served.names,
            &view.view.values(&rows, now),
            || format!("key {key}"),
        );
    }
    let again = project.json(&now_text, &["materialize"]);
    assert_eq!(super::world::told(&again, "v")["compaction"]["pass"], "unchanged");
}
