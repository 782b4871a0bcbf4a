use sandglass::error::Kind;
use sandglass::time::Span;

use super::Fixture;
use super::kit::{LATE, NOW, at, change, clicks, live, load, name_of, numbers, refused, replace, state, swept};

pub fn of_two_who_switch_one_is_told(fixture: &dyn Fixture) {
    let (one, other) = (fixture.open(), fixture.open());
    let first = load(&*one, &clicks(), &state(1, 1), &[(b"a", 1)]);
    let second = load(&*other, &clicks(), &state(2, 1), &[(b"a", 2)]);
    let record = one.switch(&clicks(), first, None, at(1)).unwrap();
    refused(other.switch(&clicks(), second, None, at(2)), Kind::Conflict);
    assert_eq!(live(&*other, &clicks()), Some(record));
    assert_eq!(numbers(&*other, &clicks(), &[b"a"]), Some(vec![Some(1)]));
    // What was refused is given up.
    swept(&*one, &clicks(), Span::ZERO, LATE, 1);
}

pub fn what_was_written_since_is_not_hidden(fixture: &dyn Fixture) {
    let (builder, writer) = (fixture.open(), fixture.open());
    let record = replace(&*builder, &clicks(), &state(1, 1), &[(b"a", 1)]);
    let generation = load(&*builder, &clicks(), &state(1, 1), &[(b"a", 1)]);
    writer
        .write(&clicks(), &record, &change(&[b"a"], 2, state(2, 2)))
        .unwrap();
    refused(
        builder.switch(&clicks(), generation, Some(&record), NOW),
        Kind::Conflict,
    );
    assert_eq!(numbers(&*builder, &clicks(), &[b"a"]), Some(vec![Some(2)]));
    swept(&*writer, &clicks(), Span::ZERO, LATE, 1);
}

pub fn a_switch_that_was_not_looked_at_first_is_refused(fixture: &dyn Fixture) {
    let store = fixture.open();
    let first = replace(&*store, &clicks(), &state(1, 1), &[]);
    let second = replace(&*store, &clicks(), &state(2, 2), &[]);
    for expected in [None, Some(&first)] {
        let generation = load(&*store, &clicks(), &state(3, 3), &[]);
        refused(store.switch(&clicks(), generation, expected, NOW), Kind::Conflict);
    }
    // Where nothing is live, nothing has to be expected.
    let generation = load(&*store, &name_of("orders", 1), &state(3, 3), &[]);
    refused(
        store.switch(&name_of("orders", 1), generation, Some(&second), NOW),
        Kind::Conflict,
    );
    assert_eq!(live(&*store, &clicks()), Some(second));
    assert_eq!(live(&*store, &name_of("orders", 1)), None);
}

pub fn the_same_generation_twice(fixture: &dyn Fixture) {
    let store = fixture.open();
    let generation = load(&*store, &clicks(), &state(1, 1), &[(b"a", 1)]);
    let record = store.switch(&clicks(), generation, None, at(1)).unwrap();
    // Once more without having looked, and after a look.
    refused(store.switch(&clicks(), generation, None, at(2)), Kind::Conflict);
    let again = store.switch(&clicks(), generation, Some(&record), at(3)).unwrap();
    assert_eq!(
        (again.generation, again.switched_at, again.items),
        (generation, at(3), 1)
    );
    assert_eq!(live(&*store, &clicks()), Some(again));
    // It was not switched away from.
    swept(&*store, &clicks(), Span::ZERO, LATE, 0);
    assert_eq!(numbers(&*fixture.open(), &clicks(), &[b"a"]), Some(vec![Some(1)]));
}

pub fn a_generation_that_is_not_there(fixture: &dyn Fixture) {
    let store = fixture.open();
    refused(store.switch(&clicks(), 3, None, NOW), Kind::Invalid);
    let record = replace(&*store, &clicks(), &state(1, 1), &[(b"a", 1)]);
    refused(
        store.switch(&clicks(), record.generation + 1, Some(&record), NOW),
        Kind::Invalid,
    );
    // A generation is one of its version.
    refused(
        store.switch(&name_of("clicks", 2), record.generation, Some(&record), NOW),
        Kind::Invalid,
    );
    let old = record.generation;
    let record = replace(&*store, &clicks(), &state(2, 2), &[(b"a", 2)]);
    swept(&*store, &clicks(), Span::ZERO, LATE, 1);
    refused(store.switch(&clicks(), old, Some(&record), NOW), Kind::Invalid);
    assert_eq!(live(&*store, &clicks()), Some(record));
    assert_eq!(numbers(&*store, &clicks(), &[b"a"]), Some(vec![Some(2)]));
}

pub fn a_view_that_nobody_knows(fixture: &dyn Fixture) {
    let store = fixture.open();
    let record = replace(&*store, &clicks(), &state(1, 1), &[(b"a", 1)]);
    let nobody = name_of("nobody", 1);
    refused(store.switch(&nobody, 1, None, NOW), Kind::Invalid);
    refused(
        store.write(&nobody, &record, &change(&[b"a"], 2, state(2, 2))),
        Kind::Conflict,
    );
    refused(store.take_down(&nobody, &record, NOW), Kind::Conflict);
    swept(&*store, &nobody, Span::ZERO, LATE, 0);
    assert_eq!(numbers(&*store, &nobody, &[b"a"]), None);
    assert_eq!(live(&*store, &clicks()), Some(record));
}

pub fn what_was_live_may_be_live_again(fixture: &dyn Fixture) {
    let store = fixture.open();
    let first = replace(&*store, &clicks(), &state(1, 1), &[(b"a", 1)]);
    let second = replace(&*store, &clicks(), &state(2, 2), &[(b"a", 2)]);
    store
        .switch(&clicks(), first.generation, Some(&second), at(50))
        .unwrap();
    let grace = Span::from_micros(10);
    swept(&*store, &clicks(), grace, at(55), 0);
    swept(&*store, &clicks(), grace, at(60), 1);
    assert_eq!(numbers(&*store, &clicks(), &[b"a"]), Some(vec![Some(1)]));
}

pub fn versions_take_turns(fixture: &dyn Fixture) {
    let store = fixture.open();
    let (first, second) = (name_of("clicks", 1), name_of("clicks", 2));
    let old = replace(&*store, &first, &state(9, 9), &[(b"a", 1)]);
    let new = replace(&*store, &second, &state(1, 1), &[(b"a", 2)]);
    assert_eq!((old.version, new.version), (1, 2));
    // Whatever the name's version, what is live is what is read.
    for name in [&first, &second] {
        assert_eq!(numbers(&*store, name, &[b"a"]), Some(vec![Some(2)]));
        assert_eq!(store.scan(name).unwrap().len(), 1);
    }
    let back = store.switch(&first, old.generation, Some(&new), at(5)).unwrap();
    assert_eq!((back.version, back.generation), (1, old.generation));
    assert_eq!(numbers(&*store, &second, &[b"a"]), Some(vec![Some(1)]));
    swept(&*store, &first, Span::ZERO, LATE, 1);
}
