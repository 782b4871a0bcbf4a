use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sandglass::error::Kind;
use sandglass::online::{Change, LiveRecord, OnlineStore};
use sandglass::time::Span;

use super::Fixture;
use super::kit::{LATE, NOW, clicks, item, live, load, numbers, refused, replace, scanned, state};
use crate::harness::cases;

type Map = BTreeMap<Vec<u8>, i64>;

#[derive(Debug, Clone)]
enum Step {
    Load(Map),
    Write(Vec<(Vec<u8>, i64)>, Vec<Vec<u8>>),
    /// Writes from an earlier version of the offline table.
    Older(Vec<(Vec<u8>, i64)>),
    /// Loads what nobody switches to.
    Abandon(Map),
    /// Switches with a record that is not live any more.
    Late(Map),
    TakeDown,
    /// Another process goes on.
    Reopen,
    Sweep,
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        1 => Just(Vec::new()),
        12 => (0_u8..12).prop_map(|n| vec![b'k', n]),
        4 => (0_u8..4).prop_map(|n| [vec![b'l'; 600], vec![n]].concat()),
    ]
}

fn map() -> impl Strategy<Value = Map> {
    proptest::collection::btree_map(key(), any::<i64>(), 0..10)
}

fn step() -> impl Strategy<Value = Step> {
    let puts = || proptest::collection::vec((key(), any::<i64>()), 0..6);
    let deletes = proptest::collection::vec(key(), 0..4);
    prop_oneof![
        3 => map().prop_map(Step::Load),
        5 => (puts(), deletes).prop_map(|(puts, deletes)| Step::Write(puts, deletes)),
        1 => puts().prop_map(Step::Older),
        1 => map().prop_map(Step::Abandon),
        1 => map().prop_map(Step::Late),
        1 => Just(Step::TakeDown),
        1 => Just(Step::Reopen),
        1 => Just(Step::Sweep),
    ]
}

fn entries(map: &Map) -> Vec<(&[u8], i64)> {
    map.iter().map(|(key, number)| (key.as_slice(), *number)).collect()
}

/// What is live: its items, how far it is, how often it was changed.
struct Model {
    items: Map,
    clock: i64,
    changes: u64,
}

fn check(store: &dyn OnlineStore, model: Option<&Model>) {
    let found = store.live(&clicks()).unwrap();
    let expected = model.map(|model| {
        let items = model.items.len() as u64;
        (items, model.changes, state(model.clock, model.clock.unsigned_abs()))
    });
    assert_eq!(found.map(|(live, state)| (live.items, live.changes, state)), expected);
    let none = Map::new();
    let items = model.map_or(&none, |model| &model.items);
    assert_eq!(scanned(store, &clicks()).into_iter().collect::<Map>(), *items);
    let (mut keys, mut expected): (Vec<&[u8]>, Vec<_>) = entries(items)
        .into_iter()
        .map(|(key, number)| (key, Some(number)))
        .unzip();
    keys.push(b"none");
    expected.push(None);
    assert_eq!(numbers(store, &clicks(), &keys), model.map(|_| expected));
}

fn run(fixture: &dyn Fixture, steps: Vec<Step>) {
    let mut store = fixture.open();
    let mut model: Option<Model> = None;
    for (step, clock) in steps.into_iter().zip(1..) {
        let now = state(clock, clock.unsigned_abs());
        let record = live(&*store, &clicks());
        match (step, &mut model, record) {
            (Step::Load(items), ..) => {
                replace(&*store, &clicks(), &now, &entries(&items));
                let changes = 0;
                model = Some(Model { items, clock, changes });
            }
            (Step::Write(puts, deletes), Some(model), Some(record)) => {
                model.items.retain(|key, _| !deletes.contains(key));
                model.items.extend(puts.iter().cloned());
                model.clock = clock;
                model.changes += 1;
                let puts = puts.into_iter().map(|(key, number)| (key, item(number))).collect();
                let state = now;
                store
                    .write(&clicks(), &record, &Change { puts, deletes, state })
                    .unwrap();
            }
            (Step::Older(puts), Some(model), Some(record)) => {
                let change = Change {
                    deletes: model.items.keys().cloned().collect(),
                    puts: puts.into_iter().map(|(key, number)| (key, item(number))).collect(),
                    state: state(LATE.micros(), model.clock.unsigned_abs() - 1),
                };
                refused(store.write(&clicks(), &record, &change), Kind::Conflict);
            }
            (Step::Abandon(items), ..) => drop(load(&*store, &clicks(), &now, &entries(&items))),
            (Step::Late(items), _, record) => {
                let generation = load(&*store, &clicks(), &now, &entries(&items));
                let old = LiveRecord {
                    version: 1,
                    generation: record.map_or(0, |record| record.generation - 1),
                    switched_at: NOW,
                    changes: 0,
                    items: 0,
                    cut_off: false,
                };
                refused(store.switch(&clicks(), generation, Some(&old), NOW), Kind::Conflict);
            }
            (Step::TakeDown, _, Some(record)) => {
                store.take_down(&clicks(), &record, NOW).unwrap();
                model = None;
            }
            (Step::Reopen, ..) => store = fixture.open(),
            (Step::Sweep, ..) => drop(store.sweep(&clicks(), Span::ZERO, LATE).unwrap()),
            // Nothing is live to be changed.
            (Step::Write(..) | Step::Older(_) | Step::TakeDown, ..) => {}
        }
        check(&*store, model.as_ref());
    }
    check(&*fixture.open(), model.as_ref());
}

pub fn the_store_is_a_map(fixture: &dyn Fixture) {
    let config = Config {
        cases: u32::try_from(cases(24)).unwrap(),
        failure_persistence: None,
        ..Config::default()
    };
    let steps = proptest::collection::vec(step(), 1..16);
    let ran = TestRunner::new(config).run(&steps, |steps| {
        run(&*fixture.another(), steps);
        Ok(())
    });
    ran.unwrap_or_else(|error| panic!("{error}"));
}
