//! Two writers of one generation, of whom one was taken for dead.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sandglass::error::{Classified, Kind};
use sandglass::online::{Change, DynamoOptions, DynamoStore, LiveRecord, OnlineStore};
use sandglass::time::Span;

use super::local::{generations, options};
use crate::harness::proxy::Proxy;
use crate::harness::servers::dynamodb;
use crate::stores::kit::{LATE, NOW, change, clicks, live, load, numbers, refused, replace, scanned, state};

#[test]
fn a_writer_that_was_taken_for_dead_is_passed() {
    let _timed = crate::harness::Timed::new("dynamodb::a_writer_that_was_taken_for_dead_is_passed");
    let (sender, has_begun) = channel();
    let go_on = Arc::new(Mutex::new(()));
    let gate = Arc::clone(&go_on);
    let written = Mutex::new(0);
    // Writers of items are held up from the third item on, until they are told to go on.
    let proxy = Proxy::start(&dynamodb(), move |asked| {
        let table = asked.body["TableName"].as_str().unwrap_or_default();
        if asked.operation == "UpdateItem" && table.ends_with("sandglass.items") {
            let mut written = written.lock().unwrap();
            *written += 1;
            if *written > 2 {
                let _ = sender.send(());
                // A test that has failed lets it go on.
                drop(gate.lock().unwrap_or_else(PoisonError::into_inner));
            }
        }
        None
    });
    let (options, _locks) = options(&proxy.endpoint());
    let prefix = options.table_prefix.clone();
    let slow = DynamoStore::new(options.clone()).unwrap();
    // Of another machine, which does not see the lock, and has no patience.
    let elsewhere = tempfile::tempdir().unwrap();
    let other = DynamoStore::new(DynamoOptions {
        endpoint: Some(dynamodb()),
        locks: elsewhere.path().to_owned(),
        lease: Duration::from_secs(1),
        ..options
    });
    let other = other.unwrap();
    let keys: Vec<[u8; 8]> = (0..40_u64).map(u64::to_be_bytes).collect();
    let keys: Vec<&[u8]> = keys.iter().map(|key| key.as_slice()).collect();
    let all: Vec<(&[u8], i64)> = keys[..30].iter().map(|key| (*key, 0)).collect();
    let record = replace(&other, &clicks(), &state(0, 0), &all);
    let stopped = go_on.lock().unwrap();
    std::thread::scope(|scope| {
        let passed = scope.spawn(|| {
            // Puts the first 35, and with them five that were not there.
            slow.write(&clicks(), &record, &change(&keys[..35], 1, state(1, 1)))
        });
        has_begun.recv().unwrap();
        assert_eq!(live(&other, &clicks()).unwrap(), record);
        // What it has written, a difference to the state says nothing of.
        let second = change(&keys[..20], 2, state(2, 2));
        refused(other.write(&clicks(), &record, &second), Kind::Conflict);
        let cut_off = live(&other, &clicks()).unwrap();
        assert_eq!(
            cut_off,
            LiveRecord {
                cut_off: true,
                ..record.clone()
            }
        );
        refused(other.write(&clicks(), &cut_off, &second), Kind::Conflict);
        // Keys may be deleted all the same, and what was begun is not forgotten over it.
        let deleted = Change {
            deletes: keys[25..40].iter().map(|key| key.to_vec()).collect(),
            ..change(&[], 0, state(2, 2))
        };
        other.write(&clicks(), &cut_off, &deleted).unwrap();
        let after = live(&other, &clicks()).unwrap();
        assert!(after.cut_off);
        assert_eq!((after.changes, after.items), (1, 25));
        assert_eq!(numbers(&other, &clicks(), &keys[25..]), Some(vec![None; 15]));
        // All is made anew, and the old generation goes at once.
        let anew: Vec<(&[u8], i64)> = keys[..20].iter().map(|key| (*key, 2)).collect();
        let generation = load(&other, &clicks(), &state(2, 2), &anew);
        let record = other.switch(&clicks(), generation, Some(&after), NOW).unwrap();
        assert!(!record.cut_off);
        assert_eq!(other.sweep(&clicks(), Span::ZERO, LATE).unwrap(), 1);
        drop(stopped);
        refused(passed.join().unwrap(), Kind::Conflict);
        let expected: Vec<_> = (0..40).map(|key| (key < 20).then_some(2)).collect();
        assert_eq!(numbers(&other, &clicks(), &keys), Some(expected));
    });
    // What it has brought back of the old one, it has taken away again.
    let record = live(&other, &clicks()).unwrap();
    assert_eq!(generations(&prefix), [(record.generation, 20)].into());
    other.write(&clicks(), &record, &change(&keys, 3, state(3, 3))).unwrap();
    assert_eq!(scanned(&other, &clicks()).len(), 40);
    assert_eq!(live(&other, &clicks()).unwrap().items, 40);
}

/// Of a writer that is at work on the same machine, the end is waited for.
#[test]
fn a_writer_that_is_at_it_is_waited_for() {
    let (options, _locks) = options(&dynamodb());
    let stores = [(); 4].map(|()| DynamoStore::new(options.clone()).unwrap());
    let keys: Vec<[u8; 8]> = (0..200_u64).map(u64::to_be_bytes).collect();
    let keys: Vec<&[u8]> = keys.iter().map(|key| key.as_slice()).collect();
    for round in 1..=3_i64 {
        let record = match live(&stores[0], &clicks()) {
            Some(record) => record,
            None => replace(&stores[0], &clicks(), &state(0, 0), &[]),
        };
        let written: Vec<_> = std::thread::scope(|scope| {
            let write = |(number, store): (usize, &DynamoStore)| {
                let number = 10 * round + i64::try_from(number).unwrap();
                let done = store.write(&clicks(), &record, &change(&keys, number, state(round, 1)));
                (number, done)
            };
            let writers: Vec<_> = stores
                .iter()
                .enumerate()
                .map(|writer| scope.spawn(move || write(writer)))
                .collect();
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        let winners: Vec<i64> = written
            .iter()
            .filter(|(_, done)| done.is_ok())
            .map(|(number, _)| *number)
            .collect();
        let [winner] = winners.as_slice() else {
            panic!("{written:?}");
        };
        assert!(
            written
                .iter()
                .all(|(_, done)| done.as_ref().err().is_none_or(|error| error.kind() == Kind::Conflict))
        );
        assert_eq!(numbers(&stores[1], &clicks(), &keys), Some(vec![Some(*winner); 200]));
        assert_eq!(live(&stores[1], &clicks()).unwrap().items, 200);
    }
}
