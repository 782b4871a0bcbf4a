//! Rows of any time come in any order, twice, or half: what is read is what brute force says of all that came.
//!
//! `SANDGLASS_TEST_FACTOR` makes it more tables.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::world::{NOW, get, project, put, trained};
use crate::compaction::world::items;
use crate::harness::{Kills, Project, Random, Timed, cases};

const KEYS: u64 = 6;
/// Of these days of February, every hour or none.
const DAYS: u64 = 29;
const TTL_DAYS: u64 = 10;
/// What is done to a table, one after the other.
const STEPS: usize = 12;

/// A row: its time in hours of February, what it is ordered by, and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    hour: u64,
    /// Which that was brought.
    ingest: usize,
    rank: Option<i64>,
    seats: Option<i64>,
}

#[derive(Clone, Default)]
struct Model {
    rows: BTreeMap<u64, Vec<Row>>,
    ingests: usize,
}

impl Model {
    fn add(&mut self, rows: &[(u64, Row)]) {
        self.ingests += 1;
        for (key, row) in rows {
            let ingest = self.ingests;
            self.rows.entry(*key).or_default().push(Row { ingest, ..*row });
        }
    }

    /// What a read of a key sees so many microseconds after an hour.
    fn read(&self, key: u64, hour: u64, micros: u64) -> Option<Row> {
        let rows = self.rows.get(&key).into_iter().flatten();
        let last = rows
            .filter(|row| row.hour < hour || row.hour == hour && micros > 0)
            .max()?;
        let end = last.hour + TTL_DAYS * 24;
        (hour < end).then_some(*last)
    }
}

fn time(hour: u64, micros: u64) -> String {
    format!("2024-02-{:02}T{:02}:00:00.{micros:06}Z", 1 + hour / 24, hour % 24)
}

fn rows(random: &mut Random) -> Vec<(u64, Row)> {
    let count = [0, 1, 3, 40][usize::try_from(random.below(4)).unwrap()];
    let few = random.below(2) == 0;
    let number = |random: &mut Random, end: u64| {
        let number = i64::try_from(random.below(end)).unwrap();
        (number > 0).then_some(number)
    };
    let row = |random: &mut Random| {
        // Few instants, so that rows meet.
        let hour = if few {
            random.below(4) * 7
        } else {
            random.below(DAYS * 24)
        };
        let (rank, seats) = (number(random, 3), number(random, 1_000));
        (
            random.below(KEYS),
            Row {
                hour,
                ingest: 0,
                rank,
                seats,
            },
        )
    };
    (0..count).map(|_| row(random)).collect()
}

fn write(project: &Project, random: &mut Random, rows: &[(u64, Row)]) -> String {
    let text = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
    // A file of JSON without rows has no columns.
    if rows.is_empty() || random.below(2) == 0 {
        let lines = rows
            .iter()
            .map(|(key, row)| format!("c{key},{},{},{}\n", time(row.hour, 0), text(row.rank), text(row.seats)));
        return put(
            project,
            "rows.csv",
            format!("customer,updated_at,rank,seats\n{}", lines.collect::<String>()),
        );
    }
    let lines = rows.iter().map(|(key, row)| {
        let line = json!({
            "customer": format!("c{key}"), "updated_at": time(row.hour, 0), "rank": row.rank, "seats": row.seats,
        });
        format!("{line}\n")
    });
    put(project, "rows.jsonl", lines.collect::<String>())
}

/// What is online of all keys.
fn online(project: &Project) -> Vec<Value> {
    (0..KEYS).map(|key| get(project, NOW, &format!("c{key}"))).collect()
}

fn expected(model: &Model) -> Vec<Value> {
    let value = |value: Option<i64>| value.map_or(Value::Null, |value| json!(value.to_string()));
    (0..KEYS)
        .map(|key| match model.read(key, DAYS * 24, 0) {
            Some(row) => json!([value(row.rank), value(row.seats)]),
            None => json!([null, null]),
        })
        .collect()
}

/// Training data at many times.
fn check(project: &Project, model: &Model, random: &mut Random, told: &str) {
    let mut asked = Vec::new();
    for key in 0..=KEYS {
        asked.extend((0..12).map(|_| (key, random.below(DAYS * 24), random.below(2))));
        asked.extend((0..4).map(|instant| (key, instant * 7, 1)));
        asked.extend((0..4).map(|instant| (key, instant * 7 + TTL_DAYS * 24, random.below(2))));
    }
    let keys: Vec<String> = asked.iter().map(|(key, _, _)| format!("c{key}")).collect();
    let times: Vec<String> = asked.iter().map(|(_, hour, micros)| time(*hour, *micros)).collect();
    let spine: Vec<(&str, &str)> = keys
        .iter()
        .zip(&times)
        .map(|(key, at)| (key.as_str(), at.as_str()))
        .collect();
    let found = trained(project, NOW, &spine);
    assert_eq!(found.len(), asked.len());
    let text = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
    for ((key, hour, micros), found) in asked.iter().zip(found) {
        let row = model.read(*key, *hour, *micros);
        let expected = [text(row.and_then(|row| row.rank)), text(row.and_then(|row| row.seats))];
        assert_eq!(found, expected, "c{key} at {}: {told}", time(*hour, *micros));
    }
}

#[test]
fn any_rows_in_any_order_read_as_brute_force_says() {
    let _timed = Timed::new("tables::oracle::any_rows_in_any_order_read_as_brute_force_says");
    let mut kills = Kills::new();
    let seed = kills.random.0;
    let mut random = Random(seed.wrapping_mul(7_919));
    for table in 0..cases(3) {
        let more = format!("order_by = \"rank\"\nttl = \"{TTL_DAYS}d\"");
        let project = project("rank = \"int64\", seats = \"int64\"", &more);
        let mut model = Model::default();
        let mut told = format!("seed {seed}, table {table}:");
        for _ in 0..STEPS {
            match random.below(8) {
                0..6 => {
                    let rows = rows(&mut random);
                    let path = write(&project, &mut random, &rows);
                    let before = model.clone();
                    model.add(&rows);
                    let arguments = ["ingest", "profile", "--file", &path];
                    if random.below(2) == 0 {
                        told.push_str(&format!(" {} rows, killed;", rows.len()));
                        let run = format!("ingest {}", before.ingests == 0);
                        kills.kill(&run, project.command(NOW, &arguments));
                        // All of them are there, or none. Nothing is online before the first pass.
                        if project.path("store/online/shop/profile").exists() && before.ingests > 0 {
                            let found = online(&project);
                            assert!(found == expected(&before) || found == expected(&model), "{told}");
                        }
                        // They may be there twice then, which is as good as once.
                        model.add(&rows);
                    }
                    project.json(NOW, &arguments);
                    told.push_str(&format!(" {} rows;", rows.len()));
                }
                6 => {
                    project.json(NOW, &["materialize"]);
                    let before = items(&project, "profile");
                    project.json(NOW, &["compact", "--full"]);
                    assert!(items(&project, "profile") == before, "{told}");
                    told.push_str(" full;");
                }
                _ if model.ingests > 0 => {
                    project.json("2200-01-01", &["maintain", "--orphans-after", "0s"]);
                    told.push_str(" maintained;");
                }
                _ => continue,
            }
            assert_eq!(online(&project), expected(&model), "{told}");
        }
        check(&project, &model, &mut random, &told);
        let before = items(&project, "profile");
        project.json(NOW, &["compact", "--full"]);
        assert!(items(&project, "profile") == before, "{told}");
    }
    kills.tell("each was done again");
}
