use sandglass::error::Kind;
use sandglass::online::{Change, Item, OnlineError, Value};
use sandglass::time::Timestamp;

use super::Fixture;
use super::kit::{NOW, change, clicks, item, live, name_of, numbers, refused, replace, scanned, state, write};

pub fn puts_and_deletes_are_read_together_with_their_state(fixture: &dyn Fixture) {
    let store = fixture.open();
    let record = replace(&*store, &clicks(), &state(1, 1), &[(b"a", 1), (b"b", 1), (b"d", 1)]);
    let changed = Change {
        deletes: vec![b"b".to_vec(), b"z".to_vec()],
        ..change(&[b"a", b"c"], 2, state(2, 2))
    };
    store.write(&clicks(), &record, &changed).unwrap();
    for store in [store, fixture.open()] {
        let expected = vec![Some(2), None, Some(2), Some(1)];
        assert_eq!(numbers(&*store, &clicks(), &[b"a", b"b", b"c", b"d"]), Some(expected));
        assert_eq!(store.live(&clicks()).unwrap().unwrap().1, state(2, 2));
    }
}

pub fn deletes_come_before_puts(fixture: &dyn Fixture) {
    let store = fixture.open();
    replace(&*store, &clicks(), &state(1, 1), &[(b"a", 1)]);
    let keys: [&[u8]; 2] = [b"a", b"b"];
    let put = Change {
        deletes: keys.map(<[u8]>::to_vec).to_vec(),
        ..change(&keys, 2, state(1, 1))
    };
    write(&*store, &clicks(), &put);
    assert_eq!(numbers(&*store, &clicks(), &keys), Some(vec![Some(2), Some(2)]));
    // Deleted and put again, one after the other.
    let gone = Change {
        puts: Vec::new(),
        ..put
    };
    write(&*store, &clicks(), &gone);
    assert_eq!(numbers(&*store, &clicks(), &keys), Some(vec![None, None]));
    write(&*store, &clicks(), &change(&[b"a"], 3, state(1, 1)));
    assert_eq!(scanned(&*store, &clicks()), [(b"a".to_vec(), 3)]);
}

pub fn what_comes_as_it_is_made_is_one_change(fixture: &dyn Fixture) {
    let store = fixture.open();
    let before = [(b"a".as_slice(), 1), (b"b", 1), (b"d", 1)];
    let record = replace(&*store, &clicks(), &state(1, 1), &before);
    let keys: [&[u8]; 5] = [b"a", b"b", b"c", b"d", b"z"];
    let kept = Some(vec![Some(1), Some(1), None, Some(1), None]);
    let changes = || {
        [
            (b"a".to_vec(), Some(item(2))),
            (b"b".to_vec(), None),
            (b"c".to_vec(), Some(item(2))),
            (b"z".to_vec(), None),
        ]
    };
    // What ends with an error has changed nothing, however late it comes.
    for good in 0..=changes().len() {
        let lost = || OnlineError::Unavailable {
            view: "clicks".to_owned(),
            message: "it was given up".to_owned(),
        };
        let mut items = changes().into_iter().take(good).map(Ok).chain([Err(lost())]);
        let error = store.write_streamed(&clicks(), &record, &mut items, &state(2, 2));
        assert_eq!(error.unwrap_err().to_string(), lost().to_string());
        for store in [&store, &fixture.open()] {
            assert_eq!(numbers(&**store, &clicks(), &keys), kept, "after {good}");
            assert_eq!(store.live(&clicks()).unwrap().unwrap(), (record.clone(), state(1, 1)));
        }
    }
    // Nor has an older one, or one that somebody else was faster than.
    let older = store.write_streamed(&clicks(), &record, &mut changes().map(Ok).into_iter(), &state(0, 0));
    refused(older, Kind::Conflict);
    let items = &mut changes().map(Ok).into_iter();
    store.write_streamed(&clicks(), &record, items, &state(2, 2)).unwrap();
    for store in [&store, &fixture.open()] {
        let expected = Some(vec![Some(2), None, Some(2), Some(1), None]);
        assert_eq!(numbers(&**store, &clicks(), &keys), expected);
        assert_eq!(store.live(&clicks()).unwrap().unwrap().1, state(2, 2));
    }
    let again = store.write_streamed(&clicks(), &record, &mut changes().map(Ok).into_iter(), &state(3, 3));
    refused(again, Kind::Conflict);
    // Nothing is a change, too.
    let record = live(&*store, &clicks()).unwrap();
    let nothing = store.write_streamed(&clicks(), &record, &mut std::iter::empty(), &state(4, 4));
    nothing.unwrap();
    assert_eq!(store.live(&clicks()).unwrap().unwrap().1, state(4, 4));
}

pub fn a_change_of_nothing_moves_the_state(fixture: &dyn Fixture) {
    let store = fixture.open();
    let record = replace(&*store, &clicks(), &state(1, 1), &[(b"a", 1)]);
    store.write(&clicks(), &record, &change(&[], 0, state(2, 3))).unwrap();
    assert_eq!(store.live(&clicks()).unwrap().unwrap().1, state(2, 3));
    assert_eq!(numbers(&*store, &clicks(), &[b"a"]), Some(vec![Some(1)]));
}

pub fn an_older_writer_is_refused_and_nothing_has_changed(fixture: &dyn Fixture) {
    let store = fixture.open();
    let record = replace(&*store, &clicks(), &state(5, 5), &[(b"a", 1), (b"b", 1)]);
    store
        .write(&clicks(), &record, &change(&[b"a"], 2, state(6, 6)))
        .unwrap();
    let before = store.live(&clicks()).unwrap().unwrap();
    // An earlier version of the offline table, whatever the time; an earlier time of the same one.
    for (through, version) in [
        (7, 5),
        (5, 5),
        (5, 6),
        (Timestamp::MIN.micros(), 6),
        (Timestamp::MAX.micros(), 0),
    ] {
        let older = Change {
            deletes: vec![b"b".to_vec()],
            ..change(&[b"a", b"c"], 3, state(through, version))
        };
        for store in [&store, &fixture.open()] {
            refused(store.write(&clicks(), &before.0, &older), Kind::Conflict);
            assert_eq!(store.live(&clicks()).unwrap().as_ref(), Some(&before));
            assert_eq!(
                numbers(&**store, &clicks(), &[b"a", b"b", b"c"]),
                Some(vec![Some(2), Some(1), None])
            );
        }
    }
}

pub fn equal_and_newer_writers_are_not(fixture: &dyn Fixture) {
    let store = fixture.open();
    replace(&*store, &clicks(), &state(5, 5), &[(b"a", 0)]);
    // The same once more; a later time; a later version, whose rewrite of history brings an older row back.
    for (number, (through, version)) in (1..).zip([(5, 5), (6, 5), (4, 6), (4, 6), (Timestamp::MAX.micros(), u64::MAX)])
    {
        write(&*store, &clicks(), &change(&[b"a"], number, state(through, version)));
        assert_eq!(numbers(&*store, &clicks(), &[b"a"]), Some(vec![Some(number)]));
        assert_eq!(store.live(&clicks()).unwrap().unwrap().1, state(through, version));
    }
}

/// A change is the difference to what its writer saw: of two who saw the same, one is told, however new what they have is.
pub fn a_change_of_what_has_been_changed_since_is_refused(fixture: &dyn Fixture) {
    let (store, other) = (fixture.open(), fixture.open());
    let record = replace(&*store, &clicks(), &state(1, 1), &[(b"a", 1)]);
    other
        .write(&clicks(), &record, &change(&[b"a"], 2, state(2, 2)))
        .unwrap();
    let newer = Change {
        deletes: vec![b"a".to_vec()],
        ..change(&[b"b"], 3, state(9, 9))
    };
    for store in [&store, &other] {
        refused(store.write(&clicks(), &record, &newer), Kind::Conflict);
        assert_eq!(scanned(&**store, &clicks()), [(b"a".to_vec(), 2)]);
    }
    write(&*store, &clicks(), &newer);
    assert_eq!(scanned(&*other, &clicks()), [(b"b".to_vec(), 3)]);
}

pub fn a_change_of_what_is_not_live_is_refused(fixture: &dyn Fixture) {
    let store = fixture.open();
    let old = replace(&*store, &clicks(), &state(1, 1), &[(b"a", 1)]);
    let new = replace(&*store, &clicks(), &state(2, 2), &[(b"a", 2)]);
    let newest = change(&[b"a"], 3, state(9, 9));
    refused(store.write(&clicks(), &old, &newest), Kind::Conflict);
    let mut unknown = new.clone();
    unknown.generation += 7;
    refused(store.write(&clicks(), &unknown, &newest), Kind::Conflict);
    let mut another = new.clone();
    another.version = 2;
    refused(store.write(&clicks(), &another, &newest), Kind::Conflict);
    assert_eq!(numbers(&*store, &clicks(), &[b"a"]), Some(vec![Some(2)]));
    // The same number in another version.
    let version = replace(&*store, &name_of("clicks", 2), &state(1, 1), &[(b"a", 4)]);
    refused(store.write(&clicks(), &new, &newest), Kind::Conflict);
    store.take_down(&clicks(), &version, NOW).unwrap();
    refused(store.write(&clicks(), &version, &newest), Kind::Conflict);
    assert_eq!(live(&*store, &clicks()), None);
}

pub fn a_state_that_could_not_be_read_is_refused(fixture: &dyn Fixture) {
    let store = fixture.open();
    let record = replace(&*store, &clicks(), &state(1, 1), &[(b"a", 1)]);
    for through in [i64::MIN, i64::MAX] {
        let never = state(through, 2);
        refused(
            store.bulk_load(&clicks(), &never, &mut std::iter::empty()),
            Kind::Invalid,
        );
        refused(
            store.write(&clicks(), &record, &change(&[b"a"], 2, never)),
            Kind::Invalid,
        );
    }
    assert_eq!(live(&*store, &clicks()), Some(record));
    assert_eq!(numbers(&*store, &clicks(), &[b"a"]), Some(vec![Some(1)]));
}

pub fn many_items_and_large_ones_in_one_change(fixture: &dyn Fixture) {
    let store = fixture.open();
    let record = replace(&*store, &clicks(), &state(1, 1), &[]);
    let keys: Vec<[u8; 8]> = (0..5_000_u64).map(u64::to_be_bytes).collect();
    let borrowed: Vec<&[u8]> = keys.iter().map(<[u8; 8]>::as_slice).collect();
    let mut many = change(&borrowed, 1, state(2, 2));
    let large = Item {
        values: vec![Value::Int64(2), Value::Utf8("é".repeat(1 << 19))],
        ..item(2)
    };
    many.puts.extend((0..4_u8).map(|key| (vec![key], large.clone())));
    store.write(&clicks(), &record, &many).unwrap();
    let mut expected: Vec<(Vec<u8>, i64)> = keys.iter().map(|key| (key.to_vec(), 1)).collect();
    expected.extend((0..4_u8).map(|key| (vec![key], 2)));
    expected.sort();
    assert!(scanned(&*store, &clicks()) == expected);
    many.deletes = many.puts.drain(..).skip(1).map(|(key, _)| key).collect();
    write(&*store, &clicks(), &many);
    assert_eq!(scanned(&*fixture.open(), &clicks()), [(keys[0].to_vec(), 1)]);
}
