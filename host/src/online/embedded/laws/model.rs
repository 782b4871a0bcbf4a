use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

type Map = BTreeMap<Vec<u8>, i64>;

#[derive(Debug, Clone)]
enum Step {
    Load(Map),
    Write(Vec<(Vec<u8>, i64)>, Vec<Vec<u8>>),
    /// Loads what nobody switches to.
    Abandon(Map),
    /// Switches with a record that is not live any more.
    Late(Map),
    Reopen,
    Sweep,
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (0_u8..12).prop_map(|n| vec![b'k', n]),
        (0_u8..4).prop_map(|n| [vec![b'l'; 600], vec![n]].concat()),
    ]
}

fn map() -> impl Strategy<Value = Map> {
    proptest::collection::btree_map(key(), any::<i64>(), 0..10)
}

fn step() -> impl Strategy<Value = Step> {
    let puts = proptest::collection::vec((key(), any::<i64>()), 0..6);
    let deletes = proptest::collection::vec(key(), 0..4);
    prop_oneof![
        2 => map().prop_map(Step::Load),
        5 => (puts, deletes).prop_map(|(puts, deletes)| Step::Write(puts, deletes)),
        1 => map().prop_map(Step::Abandon),
        1 => map().prop_map(Step::Late),
        1 => Just(Step::Reopen),
        1 => Just(Step::Sweep),
    ]
}

fn entries(map: &Map) -> Vec<(&[u8], i64)> {
    map.iter().map(|(key, number)| (key.as_slice(), *number)).collect()
}

fn check(store: &EmbeddedStore, model: Option<&(Map, i64)>) {
    let found = store.live(&clicks()).expect("a look").map(|(_, state)| state);
    let through = model.map(|(_, clock)| state(*clock, clock.unsigned_abs()));
    assert_eq!(found, through);
    let Some((map, _)) = model else { return };
    let scanned: Map = store
        .scan(&clicks())
        .expect("a scan")
        .iter()
        .map(|(key, item)| (key.clone(), number(item)))
        .collect();
    assert_eq!(scanned, *map);
    let keys: Vec<&[u8]> = map.keys().map(Vec::as_slice).collect();
    let expected = map.values().copied().map(Some).collect();
    assert_eq!(numbers(store, &clicks(), &keys), Some(expected));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_store_is_a_map(steps in proptest::collection::vec(step(), 1..16)) {
        let folder = folder();
        let mut store = store(folder.path());
        let mut model: Option<(Map, i64)> = None;
        for (step, clock) in steps.into_iter().zip(1..) {
            let now = state(clock, clock.unsigned_abs());
            match step {
                Step::Load(map) => {
                    replace(&store, &clicks(), &now, &entries(&map));
                    model = Some((map, clock));
                }
                Step::Write(puts, deletes) => {
                    let Some((map, through)) = &mut model else { continue };
                    let (live, _) = store.live(&clicks()).expect("a look").expect("a view");
                    map.retain(|key, _| !deletes.contains(key));
                    map.extend(puts.iter().cloned());
                    *through = clock;
                    let puts = puts.into_iter().map(|(key, number)| (key, item(number))).collect();
                    store.write(&clicks(), &live, &Change { puts, deletes, state: now }).expect("a change");
                }
                Step::Abandon(map) => drop(load(&store, &clicks(), &now, &entries(&map))),
                Step::Late(map) => {
                    let generation = load(&store, &clicks(), &now, &entries(&map));
                    let old = LiveRecord { version: 1, generation: 0, switched_at: at(0), changes: 0 };
                    store.switch(&clicks(), generation, Some(&old), at(0)).expect_err("that is not live");
                }
                Step::Reopen => store = reopened(folder.path()),
                Step::Sweep => {
                    store.sweep(&clicks(), Span::ZERO, LATE).expect("a sweep");
                }
            }
            check(&store, model.as_ref());
        }
        // Whoever was building is gone.
        let store = reopened(folder.path());
        store.building.lock().expect("no panic").clear();
        check(&store, model.as_ref());
    }
}
