use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use sandglass::error::{Classified, Kind};
use sandglass::online::{Change, OnlineStore, Read};
use sandglass::time::Span;

use super::Fixture;
use super::kit::{
    LATE, NOW, PATIENCE, at, change, clicks, live, load, name_of, number, numbers, replace, scanned, state, swept,
    write,
};
use crate::harness::cases;

pub fn a_reader_sees_what_another_handle_did(fixture: &dyn Fixture) {
    let (writer, reader) = (fixture.open(), fixture.open());
    let keys = vec![b"a".to_vec(), b"z".to_vec()];
    // What is in memory is of now, or it is not answered.
    let read = |expected: Option<i64>| {
        if let Some(cached) = reader.get_cached(&[(&clicks(), &keys)]) {
            assert_eq!(cached[0].items[0].as_deref().map(|item| number(item)), expected);
        }
        assert_eq!(
            numbers(&*reader, &clicks(), &[b"a", b"z"]),
            expected.map(|number| vec![Some(number), None])
        );
    };
    read(None);
    let record = replace(&*writer, &clicks(), &state(1, 1), &[(b"a", 1)]);
    read(Some(1));
    writer
        .write(&clicks(), &record, &change(&[b"a"], 2, state(2, 2)))
        .unwrap();
    read(Some(2));
    replace(&*writer, &name_of("orders", 1), &state(1, 1), &[(b"a", 9)]);
    read(Some(2));
    replace(&*writer, &clicks(), &state(3, 3), &[(b"a", 3)]);
    read(Some(3));
    swept(&*writer, &clicks(), Span::ZERO, LATE, 1);
    read(Some(3));
    let record = replace(&*writer, &name_of("clicks", 2), &state(1, 1), &[(b"a", 4)]);
    read(Some(4));
    writer.take_down(&clicks(), &record, NOW).unwrap();
    read(None);
    // What is gone by the time it is looked at again.
    replace(&*writer, &clicks(), &state(1, 1), &[(b"a", 5)]);
    writer.sweep(&clicks(), Span::ZERO, LATE).unwrap();
    read(Some(5));
}

pub fn two_handles_write_in_turns(fixture: &dyn Fixture) {
    let stores = [fixture.open(), fixture.open()];
    replace(&*stores[0], &clicks(), &state(0, 0), &[]);
    for (turn, version) in (1..=20_i64).zip(1..) {
        let (mine, other) = (&stores[usize::from(turn % 2 == 0)], &stores[usize::from(turn % 2 == 1)]);
        let key = turn.to_be_bytes();
        write(&**mine, &clicks(), &change(&[&key], turn, state(turn, version)));
        assert_eq!(scanned(&**other, &clicks()).len() as i64, 1 + (turn - 1) % 5);
        if turn % 5 == 0 {
            replace(&**other, &clicks(), &state(turn, version), &[]);
        }
    }
}

const KEYS: u8 = 20;

fn keys() -> Vec<Vec<u8>> {
    (0..KEYS).map(|key| vec![key]).collect()
}

/// Lets the readers end, also when an assertion fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Acts while two handles read, from memory where they can; every key but one has the number of the state.
fn beside_readers(fixture: &dyn Fixture, act: impl FnOnce(&AtomicU64)) {
    let (stop, reads) = (AtomicBool::new(false), AtomicU64::new(0));
    let whole = |read: &Read| {
        let through = read.state.through.micros();
        let expected = (0..KEYS).map(|key| (i64::from(key) != through % i64::from(KEYS)).then_some(through));
        let found = read.items.iter().map(|item| item.as_deref().map(|item| number(item)));
        assert!(found.eq(expected), "through {through}: {read:?}");
        assert_eq!(read.live.items, u64::from(KEYS) - 1);
        reads.fetch_add(1, Ordering::Relaxed);
    };
    std::thread::scope(|scope| {
        let _stop = Stop(&stop);
        for _ in 0..2 {
            scope.spawn(|| {
                let store = fixture.open();
                while !stop.load(Ordering::Acquire) {
                    let cached = store.get_cached(&[(&clicks(), &keys())]);
                    cached.iter().flatten().for_each(whole);
                    store
                        .get(&[(clicks(), keys())])
                        .unwrap()
                        .iter()
                        .flatten()
                        .for_each(whole);
                }
            });
        }
        act(&reads);
    });
    assert!(reads.into_inner() > 0, "nobody read anything");
}

/// Every key but one has the number.
fn next(number: i64) -> Change {
    let gone = number % i64::from(KEYS);
    let mut keys = keys();
    let gone = keys.remove(usize::try_from(gone).unwrap());
    let borrowed: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    Change {
        deletes: vec![gone],
        ..change(&borrowed, number, state(number, 1))
    }
}

fn replaced(store: &dyn OnlineStore, number: i64) {
    let change = next(number);
    let items: Vec<(&[u8], i64)> = change.puts.iter().map(|(key, _)| (key.as_slice(), number)).collect();
    replace(store, &clicks(), &change.state, &items);
}

pub fn readers_never_see_half_of_a_change(fixture: &dyn Fixture) {
    if !fixture.writes_are_whole() {
        return;
    }
    let writer = fixture.open();
    replaced(&*writer, 0);
    beside_readers(fixture, |reads| {
        let began = Instant::now();
        for number in 1..=i64::try_from(cases(100)).unwrap() {
            let seen = reads.load(Ordering::Relaxed);
            write(&*writer, &clicks(), &next(number));
            // Each change is one that somebody reads.
            while reads.load(Ordering::Relaxed) == seen && began.elapsed() < PATIENCE {
                std::thread::yield_now();
            }
        }
    });
}

pub fn readers_never_see_half_of_a_switch(fixture: &dyn Fixture) {
    let writer = fixture.open();
    replaced(&*writer, 0);
    beside_readers(fixture, |_| {
        for number in 1..=i64::try_from(cases(25)).unwrap() {
            replaced(&*writer, number);
            // No grace: readers find generations dropped between their looks.
            writer.sweep(&clicks(), Span::ZERO, LATE).unwrap();
        }
    });
}

pub fn of_many_who_switch_at_once_one_does(fixture: &dyn Fixture) {
    let store = fixture.open();
    for round in 0..i64::try_from(cases(5)).unwrap() {
        let expected = live(&*store, &clicks());
        let built: Vec<_> = (0..4)
            .map(|n| {
                let store = fixture.open();
                let generation = load(&*store, &clicks(), &state(round, 1), &[(b"a", 10 * round + n)]);
                (store, generation)
            })
            .collect();
        let switched: Vec<_> = std::thread::scope(|scope| {
            let switch = |(store, generation): &(std::sync::Arc<dyn OnlineStore>, u64)| {
                store.switch(&clicks(), *generation, expected.as_ref(), at(round))
            };
            let threads: Vec<_> = built.iter().map(|built| scope.spawn(move || switch(built))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let winners: Vec<_> = switched
            .iter()
            .zip(0..)
            .filter(|(switched, _)| switched.is_ok())
            .collect();
        let losers = switched.iter().filter_map(|switched| switched.as_ref().err());
        assert!(losers.into_iter().all(|error| error.kind() == Kind::Conflict));
        let [(Ok(record), winner)] = winners.as_slice() else {
            panic!("{switched:?}");
        };
        assert_eq!(live(&*store, &clicks()).as_ref(), Some(record));
        assert_eq!(
            numbers(&*store, &clicks(), &[b"a"]),
            Some(vec![Some(10 * round + winner)])
        );
    }
}
