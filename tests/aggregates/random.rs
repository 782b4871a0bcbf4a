//! Random events, views and times: online, in training data and from the sources every value is what brute force says.
//!
//! A case is one view, key and time with all of the view's features. `SANDGLASS_TEST_FACTOR` makes it more projects, each of
//! some 500 cases.

use std::collections::BTreeMap;

use super::oracle::{Feature, Function, Row, View, Window};
use super::value::{Kind, Value};
use super::world::{
    DAY, HOUR, MINUTE, Materialized, SECOND, Served, Training, at, by_key, compare, definitions, get, project, shown,
    span, time, training, write_events, write_spine,
};
use crate::harness::{Project, Random, cases, seed};

pub const KEYS: u64 = 10;
const VIEWS: usize = 4;
const TIMES: u64 = 12;

pub fn columns() -> Vec<(String, Kind)> {
    [
        ("amount", Kind::Float64),
        ("price", Kind::Decimal),
        ("units", Kind::Int64),
        ("small", Kind::Int32),
        ("ratio", Kind::Float32),
        ("name", Kind::Text),
        ("flag", Kind::Boolean),
        ("day", Kind::Date),
        ("seen", Kind::Time),
        ("tags", Kind::Ints),
        ("merchant", Kind::Text),
        ("seq", Kind::Int64),
        ("nothing", Kind::Float64),
    ]
    .map(|(name, kind)| (name.to_owned(), kind))
    .to_vec()
}

const MERCHANT: usize = 10;
const SEQ: usize = 11;
const NOTHING: usize = 12;

impl Random {
    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize].clone()
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).cast_unsigned()).cast_signed()
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at as u64 + 1) as usize);
        }
    }
}

/// A project's definitions and data, made by a seed.
struct World {
    views: Vec<Materialized>,
    columns: Vec<(String, Kind)>,
    /// In the file at first.
    before: Vec<Row>,
    /// In the file at the end.
    rows: Vec<Row>,
    /// Where the two differ.
    changed: (i64, i64),
    /// When the program is run.
    nows: [i64; 3],
    spine: Vec<(i64, i64)>,
}

impl World {
    fn new(random: &mut Random) -> Self {
        let base = at("2024-02-20");
        let columns = columns();
        let mut pairs = pairs(random, &columns);
        let views: Vec<Materialized> = (0..VIEWS)
            .map(|number| view(random, number, base, &columns, &mut pairs))
            .collect();
        let rows = events(random, base, &columns, &views);
        let changed = (base + 6 * DAY, base + 9 * DAY + HOUR);
        let mut before = Vec::new();
        for row in &rows {
            if row.at < changed.0 || row.at >= changed.1 {
                before.push(row.clone());
            } else if random.one_in(2) {
                let other = random.pick(&rows);
                before.push(Row {
                    cells: other.cells,
                    ..row.clone()
                });
            }
        }
        let odd = random.between(0, DAY);
        let nows = [base + 12 * DAY + odd, base + 20 * DAY + odd, base + 30 * DAY + odd];
        let spine = spine(random, base, &views, &rows, nows[2]);
        Self {
            views,
            columns,
            before,
            rows,
            changed,
            nows,
            spine,
        }
    }
}

/// Every column with every function that takes it, in any order.
fn pairs(random: &mut Random, columns: &[(String, Kind)]) -> Vec<(usize, Function)> {
    let mut pairs: Vec<(usize, Function)> = Vec::new();
    for (column, (_, kind)) in columns.iter().enumerate() {
        let n = random.between(1, 5) as usize;
        pairs.extend(Function::all(*kind, n).into_iter().map(|function| (column, function)));
    }
    random.shuffle(&mut pairs);
    // Without a column that is always null but for a few.
    pairs.retain(|(column, _)| *column != NOTHING || random.one_in(4));
    pairs
}

/// Any view.
pub fn view_of(random: &mut Random, number: usize, base: i64) -> Materialized {
    let columns = columns();
    let mut pairs = pairs(random, &columns);
    view(random, number, base, &columns, &mut pairs)
}

fn view(
    random: &mut Random,
    number: usize,
    base: i64,
    columns: &[(String, Kind)],
    pairs: &mut Vec<(usize, Function)>,
) -> Materialized {
    let (schedule, interval) = random.pick(&[
        (DAY, DAY),
        (DAY, HOUR),
        (DAY, 6 * HOUR),
        (6 * HOUR, 6 * HOUR),
        (6 * HOUR, 30 * MINUTE),
        (12 * HOUR, 4 * HOUR),
        (7 * DAY, 7 * DAY),
        (7 * DAY, DAY),
    ]);
    let on_grid = |at: i64| at.div_euclid(interval) * interval;
    let feature_start = on_grid(base + random.between(0, 3 * DAY));
    let data_delay = random.pick(&[0, 0, HOUR, 17 * MINUTE + SECOND + 3, 1, DAY, 3 * DAY]);
    let secondary = random.one_in(3).then_some(MERCHANT);
    let order_by = random.one_in(2).then_some(SEQ);
    let mut windows = Vec::new();
    for _ in 0..4 {
        let size = interval * random.between(1, (10 * DAY / interval).min(20));
        let choices = if secondary.is_some() { 3 } else { 4 };
        windows.push(match random.below(choices) {
            0 => Window::Lifetime,
            1 => Window::Sliding { size, offset: 0 },
            2 => Window::Sliding {
                size,
                offset: -interval * random.between(0, 5),
            },
            _ => {
                let size = interval * random.between(1, 4);
                let end = -interval * random.between(0, 3);
                Window::Series {
                    start: end - size - interval * random.between(0, 6),
                    end,
                    step: interval * random.between(1, 3),
                    size,
                }
            }
        });
    }
    let lifetime_start =
        (windows.contains(&Window::Lifetime)).then(|| feature_start + interval * random.between(-5, 8));
    let at = pairs.len().saturating_sub(28);
    let mut features = Vec::new();
    for (column, function) in pairs.split_off(at) {
        let window = random.pick(&windows);
        features.push(Feature {
            name: format!("f{}", features.len()),
            column,
            function,
            window,
        });
    }
    // So that the definition has a lifetime if and only if there is such a window.
    if lifetime_start.is_some() {
        features.push(Feature {
            name: "since".to_owned(),
            column: SEQ,
            function: Function::Count,
            window: Window::Lifetime,
        });
    }
    let more = match random.below(3) {
        0 => String::new(),
        1 => "incremental_backfills = true".to_owned(),
        _ => format!("max_backfill_interval = \"{}\"", span(schedule * random.between(1, 4))),
    };
    Materialized {
        name: format!("v{number}"),
        view: View {
            columns: columns.to_vec(),
            feature_start,
            schedule,
            data_delay,
            lifetime_start,
            secondary,
            order_by,
            features,
        },
        aggregation_interval: interval,
        more,
    }
}

pub fn events(random: &mut Random, base: i64, columns: &[(String, Kind)], views: &[Materialized]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for key in 0..KEYS {
        let mood = Mood::new(random);
        let first = rows.len();
        for _ in 0..random.between(1, 60) {
            let of_key = rows.len() - first;
            if of_key > 0 && random.one_in(12) {
                // The same row again.
                let before = first + random.below(of_key as u64) as usize;
                rows.push(rows[before].clone());
                continue;
            }
            let at = if of_key > 0 && random.one_in(4) {
                rows[first + random.below(of_key as u64) as usize].at
            } else {
                moment(random, base, views)
            };
            let cells = columns.iter().enumerate();
            let cells = cells
                .map(|(column, (_, kind))| mood.cell(random, column, *kind))
                .collect();
            rows.push(Row {
                key: key.cast_signed(),
                at,
                cells,
            });
        }
    }
    random.shuffle(&mut rows);
    rows
}

/// A time: a boundary of a schedule or of tiles, one microsecond around it, or any.
fn moment(random: &mut Random, base: i64, views: &[Materialized]) -> i64 {
    let any = random.between(base - 3 * DAY, base + 32 * DAY);
    let beside = random.between(-1, 1);
    let Materialized {
        view,
        aggregation_interval,
        ..
    } = random.pick(views);
    match random.below(4) {
        0 => view.feature_start + (any - view.feature_start).div_euclid(view.schedule) * view.schedule + beside,
        1 => any.div_euclid(aggregation_interval) * aggregation_interval + beside,
        2 => any.div_euclid(HOUR) * HOUR,
        _ => any,
    }
}

/// What a key's values are like.
pub struct Mood {
    /// One in so many is null.
    nulls: u64,
    floats: u64,
    wholes: u64,
}

impl Mood {
    pub fn new(random: &mut Random) -> Self {
        Self {
            nulls: random.pick(&[2, 5, 20, 1000]),
            floats: random.below(6),
            wholes: random.below(3),
        }
    }

    pub fn cell(&self, random: &mut Random, column: usize, kind: Kind) -> Value {
        if column == NOTHING || random.one_in(self.nulls) {
            return Value::Null;
        }
        match kind {
            Kind::Float64 => Value::Float(self.float(random)),
            Kind::Float32 => Value::Float(f64::from(self.float(random) as f32)),
            Kind::Int64 => Value::Int(match self.wholes {
                0 => random.between(-5, 5),
                1 => random.between(-1_000_000, 1_000_000),
                _ => random.pick(&[i64::MAX, i64::MIN, i64::MAX - 1, 1, -1, 0]),
            }),
            Kind::Int32 => Value::Int(match self.wholes {
                0 => random.between(-5, 5),
                1 => random.between(-1_000, 1_000),
                _ => i64::from(random.pick(&[i32::MAX, i32::MIN, 0])),
            }),
            Kind::Decimal => Value::Decimal(i128::from(match self.wholes {
                0 => random.between(-500, 500),
                1 => random.between(-1_000_000, 1_000_000),
                _ => random.pick(&[999_999_999_999, -999_999_999_999, 1]),
            })),
            Kind::Text if column == MERCHANT => Value::Text(random.pick(&["a", "b", "é", "ba", ""]).to_owned()),
            Kind::Text => {
                let length = random.below(3);
                Value::Text(
                    (0..length)
                        .map(|_| random.pick(&['x', 'y', 'é', '\u{1f600}', '\0', ' ']))
                        .collect(),
                )
            }
            Kind::Boolean => Value::Boolean(random.one_in(2)),
            Kind::Date => Value::Date(i32::try_from(random.between(-3, 3)).unwrap()),
            Kind::Time => Value::Time(random.between(-2, 2) * 1_000_001),
            Kind::Ints => {
                let items = (0..random.below(3)).map(|_| match random.below(3) {
                    0 => Value::Null,
                    value => Value::Int(value.cast_signed()),
                });
                Value::List(items.collect())
            }
        }
    }

    fn float(&self, random: &mut Random) -> f64 {
        let cents = random.between(-10_000, 10_000) as f64 / 100.0;
        match self.floats {
            0 => cents,
            1 => random.between(-3, 3) as f64,
            2 => f64::from_bits(random.next()),
            3 => random.pick(&[f64::MAX, f64::MIN, 1.0, 1e16, -1e16, 1e300, 1e-300, 0.1]),
            4 => random.pick(&[5e-324, -5e-324, f64::MIN_POSITIVE, 1.5e-310, 0.0, -0.0, 1e-200]),
            _ => random.pick(&[
                cents,
                cents,
                cents,
                0.0,
                -0.0,
                f64::NAN,
                f64::INFINITY,
                f64::NEG_INFINITY,
            ]),
        }
    }
}

/// For each key, and for one that has no rows, some times: most of them at an edge, or one microsecond beside it.
fn spine(random: &mut Random, base: i64, views: &[Materialized], rows: &[Row], now: i64) -> Vec<(i64, i64)> {
    let of = by_key(rows);
    let mut spine = Vec::new();
    for key in 0..=KEYS {
        let key = key.cast_signed();
        let rows = of.get(&key).map_or(rows, Vec::as_slice);
        for number in 0..TIMES {
            let beside = random.between(-1, 1);
            let view = random.pick(views).view;
            let any = random.between(base - 2 * DAY, now);
            let at = match random.below(10) {
                _ if number == 0 => now,
                0..2 => view.edge(any) + view.data_delay + beside,
                2..4 => effective(&view, random.pick(rows).at) + beside,
                4..7 => {
                    let at = random.pick(rows).at;
                    leaves(random, &view, at) + beside
                }
                7 => random.pick(rows).at + beside,
                8 => view.feature_start + view.data_delay + beside,
                _ => any,
            };
            spine.push((key, at.min(now)));
        }
    }
    random.shuffle(&mut spine);
    spine
}

/// When a row is seen first.
fn effective(view: &View, at: i64) -> i64 {
    let since = (at - view.feature_start).div_euclid(view.schedule) + 1;
    view.feature_start + since * view.schedule + view.data_delay
}

/// When a row leaves a window of the view, or enters one that is shifted.
fn leaves(random: &mut Random, view: &View, at: i64) -> i64 {
    let back = match random.pick(&view.features).window {
        Window::Lifetime => 0,
        Window::Sliding { size, offset } => random.pick(&[-offset, size - offset]),
        Window::Series { start, end, step, size } => random.pick(&[-end, -start, -start - size, -start - step]),
    };
    effective(view, at + back)
}

/// What the oracle is asked for: rows by key, and how a failure shows where it was.
struct Check<'a> {
    world: &'a World,
    seed: u64,
    number: usize,
}

impl Check<'_> {
    fn context(&self, rows: &[Row], view: &Materialized, key: i64, at: i64) -> String {
        format!(
            "SANDGLASS_TEST_SEED={} (project {}), {} of key {key} at {} (leading edge {}), materialized at {:?}\n{}\nrows of the key:\n{}",
            self.seed,
            self.number,
            view.name,
            time(at),
            time(view.view.edge(at)),
            self.world.nows.map(time),
            definitions(std::slice::from_ref(view)),
            shown(&self.world.columns, rows)
        )
    }

    /// Every key of every view that has something online, as it lies in the store.
    fn online(&self, project: &Project, rows: &BTreeMap<i64, Vec<Row>>, now: i64) {
        for view in &self.world.views {
            if view.view.edge(now) <= view.view.feature_start {
                continue;
            }
            let served = Served::of(project, &view.name, now);
            assert_eq!(served.names, view.view.names());
            for key in 0..=KEYS.cast_signed() {
                let rows = rows.get(&key).map_or(&[][..], Vec::as_slice);
                compare(
                    "online",
                    served.get(key),
                    &served.names,
                    &view.view.values(rows, now),
                    || self.context(rows, view, key, now),
                );
            }
        }
    }

    /// The same, by the program's answers for some keys.
    fn get(&self, project: &Project, rows: &BTreeMap<i64, Vec<Row>>, now: i64, key: i64) {
        for view in &self.world.views {
            if view.view.edge(now) <= view.view.feature_start {
                continue;
            }
            let rows = rows.get(&key).map_or(&[][..], Vec::as_slice);
            let answer = get(project, &time(now), &view.name, key);
            let expected = view.view.values(rows, now);
            assert!(answer.iter().map(|(name, _)| name).eq(&view.view.names()), "{answer:?}");
            for ((name, said), expected) in answer.iter().zip(&expected) {
                assert!(
                    expected.is_said_by(said),
                    "get: {name} is {said:?}; by brute force it is {expected:?}\n{}",
                    self.context(rows, view, key, now)
                );
            }
        }
    }

    /// Every row of the spine; tells how many cases these are.
    fn training(&self, what: &str, training: &Training, rows: &BTreeMap<i64, Vec<Row>>) -> usize {
        let mut cases = 0;
        for view in &self.world.views {
            let (names, values) = &training[&view.name];
            assert_eq!(*names, view.view.names());
            for ((key, at), given) in self.world.spine.iter().zip(values) {
                let rows = rows.get(key).map_or(&[][..], Vec::as_slice);
                compare(what, given, names, &view.view.values(rows, *at), || {
                    self.context(rows, view, *key, *at)
                });
                cases += 1;
            }
        }
        cases
    }
}

fn one_project(seed: u64, number: usize) -> usize {
    let mut random = Random(seed.wrapping_mul(1_000_003).wrapping_add(number as u64));
    let world = World::new(&mut random);
    let check = Check {
        world: &world,
        seed,
        number,
    };
    let project = project(&world.views);
    let (before, after) = (by_key(&world.before), by_key(&world.rows));
    let [first, second, last] = world.nows;
    write_events(&project, &world.columns, &world.before, 64);
    project.apply_and_materialize(&time(first));
    check.online(&project, &before, first);
    project.json(&time(second), &["materialize"]);
    check.online(&project, &before, second);
    // The past changes, and what it changed is made again.
    write_events(&project, &world.columns, &world.rows, 64);
    let now = time(last);
    for view in &world.views {
        let (name, view) = (&view.name, &view.view);
        let boundary =
            |at: i64| view.feature_start + (at - view.feature_start).div_euclid(view.schedule) * view.schedule;
        let start = boundary(world.changed.0).max(view.feature_start);
        let end = boundary(world.changed.1 - 1) + view.schedule;
        let range = [
            "materialize",
            name,
            "--start",
            &time(start),
            "--end",
            &time(end),
            "--overwrite",
        ];
        project.json(&now, &range);
    }
    project.json(&now, &["materialize"]);
    check.online(&project, &after, last);
    for key in [0, random.between(1, KEYS.cast_signed() - 1), KEYS.cast_signed()] {
        check.get(&project, &after, last, key);
    }
    write_spine(&project, "spine.parquet", &world.spine);
    let names: Vec<&str> = world.views.iter().map(|view| view.name.as_str()).collect();
    let rows = world.spine.len();
    let tiles = training(&project, &now, "spine.parquet", rows, &names, &[]);
    let cases = check.training("training data", &tiles, &after);
    let source = training(&project, &now, "spine.parquet", rows, &names, &["--from-source"]);
    check.training("training data from the sources", &source, &after);
    assert!(!project.path("training.parquet").exists());
    cases
}

#[test]
fn online_training_and_sources_are_what_brute_force_says() {
    let _timed = crate::harness::Timed::new("aggregates::random");
    let seed = seed();
    let (mut done, mut projects) = (0, 0);
    while done < cases(2_000) {
        done += one_project(seed, projects);
        projects += 1;
    }
    eprintln!("{done} cases (a view, a key and a time, with all features) in {projects} projects, each three times");
}

/// The generator makes what the oracle can tell apart: a wrong edge, order or window shows.
#[test]
fn the_oracle_tells_wrong_rules_from_right_ones() {
    let mut random = Random(11);
    let world = World::new(&mut random);
    let rows = by_key(&world.rows);
    let differs = |wrong: &dyn Fn(&mut View)| {
        let mut count = 0;
        for view in &world.views {
            let mut right = view.view.clone();
            // The sketches are the library's own.
            let sketch = |function| {
                matches!(
                    function,
                    Function::ApproxCountDistinct(_) | Function::ApproxPercentile(..)
                )
            };
            right.features.retain(|feature| !sketch(feature.function));
            let mut other = right.clone();
            wrong(&mut other);
            for (key, at) in &world.spine {
                let rows = rows.get(key).map_or(&[][..], Vec::as_slice);
                count += usize::from(right.values(rows, *at) != other.values(rows, *at));
            }
        }
        count
    };
    let same = differs(&|_| ());
    let late = differs(&|view| view.data_delay += 1);
    let early = differs(&|view| view.data_delay -= 1);
    let start = differs(&|view| view.feature_start -= view.schedule);
    let order = differs(&|view| view.order_by = if view.order_by.is_some() { None } else { Some(SEQ) });
    let size = differs(&|view| {
        for feature in &mut view.features {
            if let Window::Sliding { size, .. } = &mut feature.window {
                *size += 1;
            }
        }
    });
    eprintln!("late {late}, early {early}, start {start}, order {order}, size {size}");
    assert_eq!(same, 0);
    assert!([late, early, start, order, size].iter().all(|count| *count > 0));
}
