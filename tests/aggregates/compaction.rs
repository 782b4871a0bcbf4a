//! Passes of compaction in any order with jobs, overwrites, removals and kills: what is served is what brute force says of the rows
//! that the last pass saw, and what a pass that makes everything anew would serve.
//!
//! `SANDGLASS_TEST_FACTOR` makes it more projects.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use sandglass::online::{GenerationState, Item, LiveRecord};
use sandglass::time::Timestamp;
use sandglass::workspace::Name;
use serde_json::Value as JsonValue;

use super::oracle::{Row, View};
use super::random::{KEYS, columns, events, view_of};
use super::value::Kind;
use super::world::{
    DAY, Materialized, Served, at, by_key, compare, definitions, project, shown, span, time, write_events,
};
use crate::harness::{Project, Random, cases, seed};

/// Views of a project.
const VIEWS: usize = 3;
/// What is done to a project, one after the other.
const STEPS: usize = 14;

/// What the online store has of a view.
type Live = Option<(LiveRecord, GenerationState)>;

struct World {
    project: Project,
    views: Vec<Materialized>,
    columns: Vec<(String, Kind)>,
    /// In the file.
    rows: Vec<Row>,
    /// Not in the file: they come late, if at all.
    late: Vec<Row>,
    /// For each view, the rows that its last pass saw.
    online: Vec<Vec<Row>>,
    now: i64,
    /// For messages.
    done: Vec<String>,
}

/// How a view's items are written.
fn settings(random: &mut Random, view: &View) -> String {
    let mut lines = Vec::new();
    if random.one_in(5) {
        lines.push("compaction_enabled = false".to_owned());
    }
    if random.one_in(3) {
        let schedule = view.schedule * random.between(1, 3);
        lines.push(format!("compaction_schedule = \"{}\"", span(schedule)));
    }
    match random.below(6) {
        0 => lines.push("online_load = \"bulk\"".to_owned()),
        1 | 2 => lines.push("online_load = \"rows\"".to_owned()),
        _ => {}
    }
    lines.join("\n")
}

impl World {
    fn new(random: &mut Random, stores: &str) -> Self {
        let base = at("2024-02-20");
        let (columns, views) = (columns(), Self::views(random, base));
        let mut late = events(random, base, &columns, &views);
        let rows = late.split_off(late.len() / 5);
        let project = project(&views).on(stores);
        let online = vec![rows.clone(); VIEWS];
        write_events(&project, &columns, &rows, 64);
        let now = base + 12 * DAY + random.between(0, DAY);
        project.apply_and_materialize(&time(now));
        Self {
            project,
            views,
            columns,
            rows,
            late,
            online,
            now,
            done: Vec::new(),
        }
    }

    fn views(random: &mut Random, base: i64) -> Vec<Materialized> {
        let mut views: Vec<_> = (0..VIEWS).map(|number| view_of(random, number, base)).collect();
        for view in &mut views {
            let more = settings(random, &view.view);
            view.more = format!("{}\n{more}", view.more);
        }
        views
    }

    fn live(&self, view: usize) -> Live {
        self.project.store().live(&name(&self.views[view].name)).unwrap()
    }

    /// What the program answers to a command of all views or some; those whose pass did something have seen the rows that are there.
    fn run(&mut self, arguments: &[&str]) {
        self.done.push(format!("{} {}", time(self.now), arguments.join(" ")));
        let answer = self.project.json(&time(self.now), arguments);
        for told in answer["feature_views"].as_array().unwrap() {
            let view = self.views.iter().position(|view| told["name"] == view.name).unwrap();
            match &told["compaction"]["pass"] {
                JsonValue::String(pass) if pass == "changed" || pass == "loaded" => {
                    self.online[view] = self.rows.clone();
                }
                _ => {}
            }
        }
    }

    /// The same, killed after a while.
    fn killed(&mut self, random: &mut Random, arguments: &[&str]) {
        self.done
            .push(format!("{} {} (killed)", time(self.now), arguments.join(" ")));
        let before: Vec<Live> = (0..VIEWS).map(|view| self.live(view)).collect();
        let mut command = self.project.command(&time(self.now), arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        #[expect(clippy::disallowed_methods, reason = "a random moment is a time")]
        std::thread::sleep(Duration::from_millis(random.below(500)));
        child.kill().unwrap();
        child.wait().unwrap();
        for (view, before) in before.iter().enumerate() {
            if self.live(view) != *before {
                self.online[view] = self.rows.clone();
            }
        }
    }

    /// Changes the file in a range, and makes that range again in every view.
    fn heal(&mut self, random: &mut Random) {
        let first = self.views.iter().map(|view| view.view.feature_start).min().unwrap();
        let start = random.between(first - DAY, self.now - DAY);
        let end = start + random.between(1, 4 * DAY);
        let inside = |row: &Row| (start..end).contains(&row.at);
        // Rows go, and others come.
        let keep = random.pick(&[0, 1, 3]);
        self.rows
            .retain(|row| !inside(row) || (keep > 0 && !random.one_in(keep + 1)));
        let (come, late) = self.late.drain(..).partition(inside);
        self.rows.extend::<Vec<Row>>(come);
        self.late = late;
        write_events(&self.project, &self.columns, &self.rows, 64);
        self.done
            .push(format!("rows of {} to {} change", time(start), time(end)));
        for view in self.views.clone() {
            let grid = |at: i64| {
                let view = &view.view;
                view.feature_start + (at - view.feature_start).div_euclid(view.schedule) * view.schedule
            };
            let (start, end) = (
                grid(start).max(view.view.feature_start),
                grid(end - 1) + view.view.schedule,
            );
            let due = view.view.edge(self.now);
            let end = end.min(due);
            if start < end {
                let (start, end) = (time(start), time(end));
                self.run(&[
                    "materialize",
                    &view.name,
                    "--start",
                    &start,
                    "--end",
                    &end,
                    "--overwrite",
                ]);
            }
        }
    }

    fn step(&mut self, random: &mut Random) {
        match random.below(9) {
            0..3 => {
                self.now += random.pick(&[DAY / 4, DAY, 2 * DAY, 5 * DAY]) + random.between(0, DAY / 8);
                if random.one_in(3) {
                    self.killed(random, &["materialize"]);
                }
                self.run(&["materialize"]);
            }
            3..6 => self.heal(random),
            6 => {
                self.run(&["materialize"]);
                self.run(&["compact"]);
            }
            7 => {
                self.killed(random, &["compact", "--full"]);
                let view = random.pick(&self.views).name;
                self.run(&["compact", &view, "--full"]);
            }
            _ => {
                for view in &mut self.views {
                    let kept = view.more.lines().next().unwrap_or_default().to_owned();
                    view.more = format!("{kept}\n{}", settings(random, &view.view));
                }
                self.project.write_definitions(&definitions(&self.views));
                self.done.push("other settings".to_owned());
                let tables = self.tables();
                self.project.json(&time(self.now), &["apply"]);
                assert_eq!(
                    self.tables(),
                    tables,
                    "settings of compaction touch the online store only"
                );
            }
        }
    }

    /// Entries in the logs of all offline tables.
    fn tables(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.project.path("store/offline/shop")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.ends_with("_registry") {
                    folders.push(path);
                } else if path.parent().unwrap().ends_with("_delta_log") {
                    found.push(path.display().to_string());
                }
            }
        }
        found.sort();
        found
    }

    /// Everything that is served is what brute force says of the rows that the last pass saw, at the edge that it reached.
    fn check(&self, context: &str) -> usize {
        let mut checked = 0;
        for (number, view) in self.views.iter().enumerate() {
            let Some((_, state)) = self.live(number) else {
                assert!(
                    view.view.edge(self.now) <= view.view.feature_start,
                    "{}",
                    self.told(context)
                );
                continue;
            };
            let served = Served::of(&self.project, &view.name, self.now);
            let rows = by_key(&self.online[number]);
            let edge = state.through.micros() + view.view.data_delay;
            for key in 0..=KEYS.cast_signed() {
                let rows = rows.get(&key).map_or(&[][..], Vec::as_slice);
                let expected = view.view.values(rows, edge);
                compare("online", served.get(key), &served.names, &expected, || {
                    let definitions = definitions(std::slice::from_ref(view));
                    let rows = shown(&self.columns, rows);
                    format!(
                        "{}, key {key}, through {}\n{definitions}\nrows:\n{rows}",
                        self.told(context),
                        state.through
                    )
                });
                checked += 1;
            }
        }
        checked
    }

    fn told(&self, context: &str) -> String {
        format!("{context}, after\n  {}\n", self.done.join("\n  "))
    }

    /// What a pass over everything serves is what is served.
    fn check_full(&mut self, context: &str) {
        self.run(&["compact"]);
        self.check(context);
        let visible = |world: &Self, view: &Materialized| -> BTreeMap<Vec<u8>, Vec<u8>> {
            let items = world.project.store().scan(&name(&view.name)).unwrap().into_iter();
            let now = Timestamp::from_micros(world.now);
            let items = items.filter(|(_, item)| item.is_visible(now));
            // When an item was made is not a part of what is served. Bytes, as no NaN is itself.
            items
                .map(|(key, item)| {
                    let none = Timestamp::from_micros(0);
                    let (timestamp, effective, as_of) = (none, none, none);
                    let item = Item {
                        timestamp,
                        effective,
                        as_of,
                        ..item
                    };
                    let bytes = item.encode(&key);
                    (key, bytes)
                })
                .collect()
        };
        let before: Vec<_> = self.views.iter().map(|view| visible(self, view)).collect();
        let live: Vec<Live> = (0..VIEWS).map(|view| self.live(view)).collect();
        self.run(&["compact", "--full"]);
        for (number, view) in self.views.iter().enumerate() {
            let told = self.told(context);
            assert_eq!(visible(self, view), before[number], "{}: {told}", view.name);
            let is_new = |(old, new): (&(LiveRecord, GenerationState), &(LiveRecord, GenerationState))| {
                old.0.generation < new.0.generation && old.1 == new.1
            };
            assert!(
                live[number].as_ref().zip(self.live(number).as_ref()).is_none_or(is_new),
                "{told}"
            );
        }
    }
}

fn name(view: &str) -> Name {
    Name::new(&"shop".parse().unwrap(), view, 1)
}

#[test]
fn any_order_of_jobs_overwrites_passes_and_kills_serves_what_brute_force_says() {
    let _timed = crate::harness::Timed::new("aggregates::compaction");
    serves_what_brute_force_says(cases(4), String::new);
}

/// Of so many projects, each with the `[stores]` that it is given.
pub fn serves_what_brute_force_says(projects: usize, stores: impl Fn() -> String) {
    let seed = seed();
    let (mut checked, mut changed) = (0, 0);
    for number in 0..projects {
        let mut random = Random(seed.wrapping_mul(1_000_003).wrapping_add(number as u64));
        let context = format!("SANDGLASS_TEST_SEED={seed} (project {number})");
        let mut world = World::new(&mut random, &stores());
        checked += world.check(&context);
        for _ in 0..STEPS {
            world.step(&mut random);
            checked += world.check(&context);
        }
        world.check_full(&context);
        let lives = (0..VIEWS).filter_map(|view| world.live(view));
        changed += lives.filter(|(live, _)| live.generation > 1).count();
    }
    eprintln!("{checked} keys of a view were compared; {changed} views ended with a later generation than their first");
    assert!(checked > 0);
}
