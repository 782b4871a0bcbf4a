use std::collections::BTreeMap;
use std::sync::Arc;

use sandglass::error::Kind;
use sandglass::online::{OnlineError, Read};
use sandglass::time::Span;

use super::Fixture;
use super::kit::{LATE, NOW, at, clicks, item, live, load, name_of, numbers, refused, replace, scanned, state, swept};
use crate::harness::{Random, cases, seed};

pub fn what_is_loaded_is_read_after_the_switch_and_not_before(fixture: &dyn Fixture) {
    let (writer, reader) = (fixture.open(), fixture.open());
    let generation = load(&*writer, &clicks(), &state(1, 1), &[(b"a", 1)]);
    for store in [&writer, &reader] {
        assert_eq!(numbers(&**store, &clicks(), &[b"a"]), None);
        assert_eq!(scanned(&**store, &clicks()), []);
    }
    let live = writer.switch(&clicks(), generation, None, at(7)).unwrap();
    assert_eq!(
        (live.version, live.generation, live.switched_at),
        (1, generation, at(7))
    );
    let expected = Read {
        live,
        state: Arc::new(state(1, 1)),
        items: vec![Some(Arc::new(item(1).into())), None],
    };
    let wanted = [(clicks(), vec![b"a".to_vec(), b"b".to_vec()])];
    assert_eq!(reader.get(&wanted).unwrap(), [Some(expected.clone())]);
    // The next one, of another version, is beside it.
    let next = load(&*writer, &name_of("clicks", 2), &state(2, 2), &[(b"a", 2), (b"b", 2)]);
    assert_eq!(reader.get(&wanted).unwrap(), [Some(expected.clone())]);
    writer
        .switch(&name_of("clicks", 2), next, Some(&expected.live), at(8))
        .unwrap();
    assert_eq!(
        numbers(&*reader, &clicks(), &[b"a", b"b"]),
        Some(vec![Some(2), Some(2)])
    );
}

pub fn a_load_of_nothing_is_a_generation(fixture: &dyn Fixture) {
    let store = fixture.open();
    replace(&*store, &clicks(), &state(1, 1), &[(b"a", 1)]);
    let record = replace(&*store, &clicks(), &state(2, 2), &[]);
    assert_eq!(record.items, 0);
    assert_eq!(numbers(&*store, &clicks(), &[b"a"]), Some(vec![None]));
    assert_eq!(scanned(&*store, &clicks()), []);
}

pub fn items_come_in_any_order_and_of_one_key_the_last_stays(fixture: &dyn Fixture) {
    let mut random = Random(seed());
    for round in 0..cases(8) {
        let store = fixture.open();
        let mut items: Vec<(Vec<u8>, i64)> = (0..2_000)
            .map(|number| {
                let key = random.below(700).to_be_bytes();
                let key = if random.below(9) == 0 {
                    key.repeat(80)
                } else {
                    key.to_vec()
                };
                (key, number)
            })
            .collect();
        match round % 4 {
            // Sorted, then a few that are not; backwards; as they come; sorted.
            0 => items[..1_900].sort(),
            1 => items.sort_by(|left, right| right.cmp(left)),
            2 => {}
            _ => items.sort(),
        }
        let expected: BTreeMap<_, _> = items.iter().cloned().collect();
        let borrowed: Vec<(&[u8], i64)> = items.iter().map(|(key, number)| (key.as_slice(), *number)).collect();
        replace(&*store, &clicks(), &state(1, 1), &borrowed);
        let found: BTreeMap<_, _> = scanned(&*store, &clicks()).into_iter().collect();
        assert!(found == expected, "round {round}");
        let keys: Vec<&[u8]> = expected.keys().map(Vec::as_slice).collect();
        assert_eq!(
            numbers(&*store, &clicks(), &keys),
            Some(expected.values().copied().map(Some).collect())
        );
    }
}

pub fn a_load_that_fails_leaves_what_is_live(fixture: &dyn Fixture) {
    let store = fixture.open();
    for before in [0, 1, 5_000_i64] {
        let old = live(&*store, &clicks());
        let read = numbers(&*store, &clicks(), &[b"a"]);
        let failed = || OnlineError::Unavailable {
            view: "clicks".to_owned(),
            message: "the source has ended".to_owned(),
        };
        let items = (0..before).map(|number| Ok((number.to_be_bytes().to_vec(), item(number))));
        let mut items = items.chain([Err(failed()), Ok((b"a".to_vec(), item(9)))]);
        let error = store.bulk_load(&clicks(), &state(9, 9), &mut items).unwrap_err();
        assert_eq!(error.to_string(), failed().to_string());
        assert_eq!(live(&*store, &clicks()), old);
        assert_eq!(numbers(&*store, &clicks(), &[b"a"]), read);
        // Whatever is left of it goes, and cannot be switched to.
        fixture.open().sweep(&clicks(), Span::ZERO, LATE).unwrap();
        let next = old.as_ref().map_or(1, |old| old.generation + 1);
        refused(store.switch(&clicks(), next, old.as_ref(), NOW), Kind::Invalid);
        replace(&*store, &clicks(), &state(before, 1), &[(b"a", before)]);
        assert_eq!(numbers(&*store, &clicks(), &[b"a"]), Some(vec![Some(before)]));
        store.sweep(&clicks(), Span::ZERO, LATE).unwrap();
    }
}

pub fn generations_have_numbers_of_their_own(fixture: &dyn Fixture) {
    let store = fixture.open();
    let mut numbers: Vec<u64> = (0..3).map(|n| load(&*store, &clicks(), &state(n, 1), &[])).collect();
    drop(store);
    // Nobody builds them any more. Their numbers are not given again.
    let store = fixture.open();
    swept(&*store, &clicks(), Span::ZERO, LATE, 3);
    numbers.extend([&*store, &*fixture.open()].map(|store| load(store, &clicks(), &state(4, 1), &[])));
    assert!(numbers.is_sorted_by(|left, right| left < right), "{numbers:?}");
}
