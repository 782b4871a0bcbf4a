//! What `plan` counts before anything runs is what `materialize` does, and what `status` remembers.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::world::{columns, days, row, told, view};
use crate::aggregates::oracle::{Function, Row};
use crate::aggregates::world::{DAY, at, project, time, write_events};

#[test]
fn what_is_counted_before_is_what_is_done() {
    let start = at("2024-01-01");
    let day = |day: i64| start + day * DAY;
    let mut windows = view("v", start, &[days(7), days(20)], "incremental_backfills = true");
    // Of fixed length, so that an item's bytes are known before.
    windows
        .view
        .features
        .retain(|feature| !matches!(feature.function, Function::LastN(_)));
    let mut offline = view("offline_only", start, &[days(7)], "");
    offline.more = String::new();
    let project = project(&[windows, offline]);
    let text = std::fs::read_to_string(project.path("sandglass.toml")).unwrap();
    let (first, second) = text.split_at(text.find("name = \"offline_only\"").unwrap());
    let second = second.replace("online = true", "online = false");
    std::fs::write(project.path("sandglass.toml"), format!("{first}{second}")).unwrap();
    // Three rows a day; key k has rows on days k, k + 50 and so on, and key 1000 on each.
    let of_day = |number: i64| {
        let time = day(number) + DAY / 3;
        [
            row(number % 50, time, 1),
            row(number % 50, time + 1, 2),
            row(1_000, time, 3),
        ]
    };
    let rows: Vec<Row> = (0..60).flat_map(of_day).collect();
    // A row group for each day.
    write_events(&project, &columns(), &rows, 3);
    let keys_on = |days: &[i64]| -> usize {
        let keys = days.iter().flat_map(|day| of_day(*day)).map(|row| row.key);
        keys.collect::<BTreeSet<_>>().len()
    };
    let plan = |now: i64, arguments: &[&str]| {
        let mut all = vec!["plan"];
        all.extend(arguments);
        let plan = project.json(&time(now), &all);
        (
            told(&plan, "v")["cost"].clone(),
            told(&plan, "offline_only")["cost"].clone(),
        )
    };
    let last_20: Vec<i64> = (20..40).collect();
    let (before, not_served) = plan(day(40), &[]);
    // A pass at the end of day 39 finds keys of that day, of day 32, and of day 19.
    let per_pass = keys_on(&[39, 32, 19]);
    assert_eq!((&before["jobs"], &before["source_rows"]), (&json!(40), &json!(120)));
    assert_eq!(before["keys"], keys_on(&last_20));
    let writes = json!({ "by_row": 120, "consolidated": keys_on(&last_20), "per_pass": per_pass });
    assert_eq!(before["online_writes"], writes);
    let nothing = json!({ "by_row": 0, "consolidated": 0, "per_pass": 0 });
    assert_eq!(not_served["online_writes"], nothing);

    project.json(&time(day(40)), &["apply"]);
    let answer = project.json(&time(day(40)), &["materialize"]);
    let done = &told(&answer, "v")["compaction"];
    assert_eq!(done["keys_written"], before["keys"]);
    let item_bytes = |done: &Value| done["bytes_written"].as_u64().unwrap() / done["keys_written"].as_u64().unwrap();
    // Of some keys the week is empty, and null takes less.
    assert_eq!(done["item_bytes_max"], before["item_bytes"]);
    assert!(item_bytes(done) <= before["item_bytes"].as_u64().unwrap());
    let status = project.json(&time(day(40)), &["status"]);
    let status = told(&status, "v");
    assert_eq!(status["online_items"], before["keys"]);
    let passes = status["passes"].as_array().unwrap();
    assert_eq!(passes.len(), 1);
    for (key, value) in [
        ("pass", json!("loaded")),
        ("rows_staged", json!(120)),
        ("writes_saved", json!(120 - keys_on(&last_20))),
        ("keys_written", before["keys"].clone()),
        ("through", json!(time(day(40)))),
    ] {
        assert_eq!(passes[0][key], value, "{key}");
    }

    let (idle, _) = plan(day(40), &[]);
    assert_eq!(
        idle["online_writes"],
        json!({ "by_row": 0, "consolidated": 0, "per_pass": per_pass })
    );
    let (next, _) = plan(day(41), &["--count"]);
    let per_pass = keys_on(&[40, 33, 20]);
    assert_eq!(
        next["online_writes"],
        json!({ "by_row": 3, "consolidated": per_pass, "per_pass": per_pass })
    );
    let answer = project.json(&time(day(41)), &["materialize"]);
    assert_eq!(told(&answer, "v")["compaction"]["keys_affected"], per_pass);
    let status = project.json(&time(day(41)), &["status"]);
    let passes = told(&status, "v")["passes"].as_array().unwrap();
    assert_eq!((passes.len(), &passes[1]["pass"]), (2, &json!("changed")));
    let answer = project.run(&time(day(41)), &["status"]);
    assert!(answer.stdout.contains("keys written"), "{}", answer.stdout);
}
