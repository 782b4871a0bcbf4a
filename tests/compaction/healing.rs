//! History is corrected: exactly the keys that were touched are repaired, removals included.

use serde_json::json;

use super::world::{columns, days, items, live, row, told, view};
use crate::aggregates::oracle::Row;
use crate::aggregates::world::{DAY, at, project, time, write_events};
use crate::harness::Project;

/// A view of the latest row beside one of windows.
fn prepared(rows: &[Row], start: i64, now: i64) -> Project {
    let windows = view("v", start, &[days(7), days(30)], "");
    let project = project(&[windows]);
    let mut text = std::fs::read_to_string(project.path("sandglass.toml")).unwrap();
    text.push_str(&format!(
        "\n[[feature_view]]\nname = \"latest\"\nkind = \"batch\"\nentities = [\"user\"]\nsources = [\"events_v\"]\n\
         timestamp_column = \"timestamp\"\nbatch_schedule = \"1d\"\nfeature_start_time = \"{}\"\nttl = \"20d\"\nonline = true\n",
        time(start)
    ));
    std::fs::write(project.path("sandglass.toml"), text).unwrap();
    write_events(&project, &columns(), rows, 100);
    project.apply_and_materialize(&time(now));
    project
}

/// What a full pass over a new project with these rows would serve.
fn expected(rows: &[Row], start: i64, now: i64) -> [std::collections::BTreeMap<Vec<u8>, sandglass::online::Item>; 2] {
    let project = prepared(rows, start, now);
    ["v", "latest"].map(|view| items(&project, view))
}

fn heal(project: &Project, from: i64, to: i64, now: i64) -> serde_json::Value {
    let (from, to) = (time(from), time(to));
    project.json(
        &time(now),
        &["materialize", "--start", &from, "--end", &to, "--overwrite"],
    )
}

#[test]
fn a_day_of_history_is_made_again() {
    let start = at("2024-01-01");
    let now = start + 40 * DAY;
    let day = |day: i64| start + day * DAY + DAY / 2;
    // Key k has a row on days k and k + 20.
    let before: Vec<Row> = (0..20)
        .flat_map(|key| [row(key, day(key), key), row(key, day(key + 20), 100 + key)])
        .collect();
    let project = prepared(&before, start, now);
    let first = ["v", "latest"].map(|view| live(&project, view).0.generation);

    // The row of key 15 on day 35 was wrong, that of key 3 on day 23 never was, and key 77 comes in on day 35.
    let mut after = before.clone();
    after.retain(|row| (row.key, row.at) != (3, day(23)));
    for row in &mut after {
        if (row.key, row.at) == (15, day(35)) {
            *row = super::world::row(15, day(35), 7_000);
        }
    }
    after.push(row(77, day(35), 1));
    write_events(&project, &columns(), &after, 100);
    let answer = heal(&project, start + 35 * DAY, start + 36 * DAY, now);
    for view in ["v", "latest"] {
        let compaction = &told(&answer, view)["compaction"];
        assert_eq!(compaction["pass"], "changed");
        // Keys 15 and 77 have rows on that day, and no other key has.
        assert_eq!(compaction["keys_affected"], 2, "{compaction}");
        assert_eq!(
            (&compaction["keys_written"], &compaction["keys_deleted"]),
            (&json!(2), &json!(0))
        );
    }
    let answer = heal(&project, start + 23 * DAY, start + 24 * DAY, now);
    for view in ["v", "latest"] {
        let compaction = &told(&answer, view)["compaction"];
        assert_eq!(compaction["keys_affected"], 1, "{compaction}");
        // Its row of day 3 is out of every window, and has expired.
        assert_eq!(
            (&compaction["keys_written"], &compaction["keys_deleted"]),
            (&json!(0), &json!(1)),
            "{view}"
        );
    }
    let served = ["v", "latest"].map(|view| items(&project, view));
    assert_eq!(served, expected(&after, start, now));
    assert_eq!(["v", "latest"].map(|view| live(&project, view).0.generation), first);

    // An older row is back when the later one goes.
    after.retain(|row| (row.key, row.at) != (15, day(35)));
    after.push(row(15, day(30), 5));
    write_events(&project, &columns(), &after, 100);
    heal(&project, start + 30 * DAY, start + 36 * DAY, now);
    let served = ["v", "latest"].map(|view| items(&project, view));
    assert_eq!(served, expected(&after, start, now));
    // Nothing has changed, and nothing is written.
    let again = heal(&project, start + 30 * DAY, start + 36 * DAY, now);
    let keys = told(&again, "v")["compaction"]["keys_written"].as_u64().unwrap();
    assert!(
        keys <= 8,
        "those with rows in what was made again, and no others: {keys}"
    );
    assert_eq!(["v", "latest"].map(|view| items(&project, view)), served);
}

#[test]
fn intervals_whose_source_has_changed_are_repaired() {
    let start = at("2024-01-01");
    let now = start + 40 * DAY;
    let rows: Vec<Row> = (0..40).map(|day| row(day % 7, start + day * DAY, day)).collect();
    let project = prepared(&rows, start, now);
    let mut after = rows;
    after.remove(36);
    write_events(&project, &columns(), &after, 100);
    let now_text = time(now);
    project.json(&now_text, &["materialize", "--redo-changed"]);
    assert_eq!(
        ["v", "latest"].map(|view| items(&project, view)),
        expected(&after, start, now)
    );
}
