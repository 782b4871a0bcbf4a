use super::*;
use crate::error::{Classified, Kind};

fn change(number: i64, through: i64, offline_version: u64) -> Change {
    Change {
        puts: vec![(b"a".to_vec(), item(number))],
        deletes: vec![],
        state: state(through, offline_version),
    }
}

#[test]
fn an_older_writer_is_refused() {
    let folder = folder();
    let store = store(folder.path());
    let live = replace(&store, &clicks(), &state(5, 5), &[(b"a", 5)]);
    for (through, version) in [(9, 4), (4, 5)] {
        let error = store
            .write(&clicks(), &live, &change(0, through, version))
            .expect_err("what is there is newer");
        assert_eq!(error.kind(), Kind::Conflict);
    }
    // A rewrite of history brings an older row back.
    store.write(&clicks(), &live, &change(1, 4, 6)).expect("newer");
    assert_eq!(numbers(&store, &clicks(), &[b"a"]), Some(vec![Some(1)]));
}

#[test]
fn a_change_of_a_generation_that_was_switched_away_from_is_refused() {
    let folder = folder();
    let store = store(folder.path());
    let old = replace(&store, &clicks(), &state(1, 1), &[(b"a", 1)]);
    replace(&store, &clicks(), &state(2, 2), &[(b"a", 2)]);
    let error = store
        .write(&clicks(), &old, &change(3, 3, 3))
        .expect_err("another generation is live");
    assert_eq!(error.kind(), Kind::Conflict);
    assert!(error.to_string().contains("live is version 1, generation 2"), "{error}");
    assert_eq!(numbers(&store, &clicks(), &[b"a"]), Some(vec![Some(2)]));
}

#[test]
fn what_was_written_since_is_not_hidden_by_a_switch() {
    let folder = folder();
    let store = store(folder.path());
    let live = replace(&store, &clicks(), &state(1, 1), &[(b"a", 1)]);
    let generation = load(&store, &clicks(), &state(1, 1), &[(b"a", 1)]);
    store.write(&clicks(), &live, &change(2, 2, 2)).expect("a change");
    let error = store
        .switch(&clicks(), generation, Some(&live), at(0))
        .expect_err("it would lose the change");
    assert_eq!(error.kind(), Kind::Conflict);
    assert_eq!(numbers(&store, &clicks(), &[b"a"]), Some(vec![Some(2)]));
    // The generation was given up. A child that another test is starting may hold its lock's file for a moment, until it runs its own
    // program.
    let started = std::time::Instant::now();
    while store.sweep(&clicks(), Span::ZERO, LATE).expect("a sweep") == 0 {
        assert!(started.elapsed().as_secs() < 30, "nothing was given up");
    }
    assert_eq!(generations_of(folder.path(), &clicks()), [live.generation]);
}

#[test]
fn of_two_who_switch_one_wins() {
    let folder = folder();
    let store = store(folder.path());
    let generations = [1, 2].map(|n| load(&store, &clicks(), &state(n, 1), &[(b"a", n)]));
    store.switch(&clicks(), generations[0], None, at(0)).expect("the first");
    let error = store
        .switch(&clicks(), generations[1], None, at(0))
        .expect_err("the second");
    assert_eq!(error.kind(), Kind::Conflict);
    assert_eq!(numbers(&store, &clicks(), &[b"a"]), Some(vec![Some(1)]));
}

#[test]
fn a_generation_that_is_not_there_is_not_switched_to() {
    let folder = folder();
    let store = store(folder.path());
    let error = store.switch(&clicks(), 3, None, at(0)).expect_err("there is none");
    assert_eq!(error.kind(), Kind::Invalid);
}

#[test]
fn a_sweep_keeps_what_is_live_what_is_read_and_what_is_built() {
    let folder = folder();
    let store = store(folder.path());
    let grace = Span::from_micros(100);
    replace(&store, &clicks(), &state(1, 1), &[(b"a", 1)]);
    replace(&store, &clicks(), &state(2, 2), &[(b"a", 2)]);
    let built = load(&store, &clicks(), &state(3, 3), &[(b"a", 3)]);
    // As a process that was killed leaves it.
    let left = load(&store, &clicks(), &state(4, 4), &[]);
    store.release(&folder.path().join(clicks().path()).join(format!("g{left}")));
    assert_eq!((built, left), (3, 4));
    // Another process sweeps; `retired` was told time 0.
    let other = super::store(folder.path());
    // A process that another test starts holds this one's locks, too, between its fork and its exec.
    let swept = (0..100_000).map(|_| other.sweep(&clicks(), grace, at(99)).expect("a sweep"));
    assert_eq!(swept.into_iter().find(|swept| *swept > 0), Some(1));
    assert_eq!(generations_of(folder.path(), &clicks()), [1, 2, 3]);
    assert_eq!(other.sweep(&clicks(), grace, at(100)).expect("a sweep"), 1);
    assert_eq!(generations_of(folder.path(), &clicks()), [2, 3]);
    // Its number is not given again.
    assert_eq!(load(&store, &clicks(), &state(5, 5), &[]), 5);
    let live = store.live(&clicks()).expect("a look").map(|(live, _)| live);
    store
        .switch(&clicks(), built, live.as_ref(), at(0))
        .expect("it was kept");
    assert_eq!(numbers(&store, &clicks(), &[b"a"]), Some(vec![Some(3)]));
}

#[test]
fn what_was_live_may_be_live_again() {
    let folder = folder();
    let store = store(folder.path());
    let first = replace(&store, &clicks(), &state(1, 1), &[(b"a", 1)]);
    let second = replace(&store, &clicks(), &state(2, 2), &[(b"a", 2)]);
    store
        .switch(&clicks(), first.generation, Some(&second), at(50))
        .expect("it is kept for its grace");
    assert_eq!(
        store.sweep(&clicks(), Span::from_micros(10), at(55)).expect("a sweep"),
        0
    );
    assert_eq!(
        store.sweep(&clicks(), Span::from_micros(10), at(60)).expect("a sweep"),
        1
    );
    assert_eq!(numbers(&store, &clicks(), &[b"a"]), Some(vec![Some(1)]));
}
