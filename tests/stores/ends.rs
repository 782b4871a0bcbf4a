use sandglass::error::Kind;
use sandglass::time::Span;

use super::Fixture;
use super::kit::{
    LATE, NOW, at, change, clicks, live, load, name_of, numbers, refused, replace, scanned, state, swept,
};

pub fn a_view_that_is_taken_down_is_gone(fixture: &dyn Fixture) {
    let (store, reader) = (fixture.open(), fixture.open());
    let record = replace(&*store, &clicks(), &state(1, 1), &[(b"a", 1)]);
    replace(&*store, &name_of("orders", 1), &state(1, 1), &[(b"a", 2)]);
    assert_eq!(numbers(&*reader, &clicks(), &[b"a"]), Some(vec![Some(1)]));
    store.take_down(&clicks(), &record, at(100)).unwrap();
    for store in [&store, &reader] {
        assert_eq!(numbers(&**store, &clicks(), &[b"a"]), None);
        assert_eq!(scanned(&**store, &clicks()), []);
        assert_eq!(numbers(&**store, &name_of("orders", 1), &[b"a"]), Some(vec![Some(2)]));
    }
    refused(store.take_down(&clicks(), &record, at(101)), Kind::Conflict);
    // Its generation goes after the grace, and the view may come again.
    let grace = Span::from_micros(10);
    swept(&*store, &clicks(), grace, at(109), 0);
    swept(&*store, &clicks(), grace, at(110), 1);
    let next = load(&*store, &clicks(), &state(1, 1), &[(b"a", 3)]);
    assert!(next > record.generation);
    store.switch(&clicks(), next, None, NOW).unwrap();
    assert_eq!(numbers(&*reader, &clicks(), &[b"a"]), Some(vec![Some(3)]));
}

pub fn taking_down_what_somebody_else_switched_is_a_conflict(fixture: &dyn Fixture) {
    let (store, other) = (fixture.open(), fixture.open());
    let old = replace(&*store, &clicks(), &state(1, 1), &[(b"a", 1)]);
    let new = replace(&*other, &clicks(), &state(2, 2), &[(b"a", 2)]);
    refused(store.take_down(&clicks(), &old, at(1)), Kind::Conflict);
    assert_eq!(live(&*store, &clicks()), Some(new.clone()));
    // A change does not make it another one.
    other.write(&clicks(), &new, &change(&[b"a"], 3, state(3, 3))).unwrap();
    store.take_down(&clicks(), &new, at(1)).unwrap();
    assert_eq!(live(&*other, &clicks()), None);
}

pub fn a_sweep_waits_for_its_grace(fixture: &dyn Fixture) {
    let store = fixture.open();
    let mut record = None;
    for number in 1..=3 {
        let generation = load(&*store, &clicks(), &state(number, 1), &[(b"a", number)]);
        record = Some(
            store
                .switch(&clicks(), generation, record.as_ref(), at(number))
                .unwrap(),
        );
    }
    let grace = Span::from_micros(10);
    // The first was switched away from at 2, the second at 3.
    swept(&*store, &clicks(), grace, at(11), 0);
    swept(&*store, &clicks(), grace, at(12), 1);
    swept(&*store, &clicks(), grace, at(13), 1);
    swept(&*store, &clicks(), Span::ZERO, LATE, 0);
    assert_eq!(live(&*store, &clicks()), record);
    assert_eq!(numbers(&*store, &clicks(), &[b"a"]), Some(vec![Some(3)]));
}

pub fn a_sweep_leaves_what_is_built_and_takes_what_nobody_builds(fixture: &dyn Fixture) {
    let (store, builder, killed) = (fixture.open(), fixture.open(), fixture.open());
    replace(&*store, &clicks(), &state(1, 1), &[(b"a", 1)]);
    let record = replace(&*store, &clicks(), &state(2, 2), &[(b"a", 2)]);
    let built = load(&*builder, &clicks(), &state(3, 3), &[(b"a", 3)]);
    load(&*killed, &clicks(), &state(4, 4), &[]);
    drop(killed);
    // What nobody builds goes at once; what was live waits.
    let grace = Span::from_micros(100);
    swept(&*store, &clicks(), grace, at(99), 1);
    swept(&*store, &clicks(), grace, at(100), 1);
    swept(&*store, &clicks(), Span::ZERO, LATE, 0);
    builder.switch(&clicks(), built, Some(&record), at(100)).unwrap();
    assert_eq!(numbers(&*store, &clicks(), &[b"a"]), Some(vec![Some(3)]));
}

pub fn a_sweep_is_of_one_view(fixture: &dyn Fixture) {
    let store = fixture.open();
    let views = [clicks(), name_of("orders", 1), name_of("orders", 2)];
    for name in &views {
        for number in 1..=2 {
            replace(&*store, name, &state(number, 1), &[(b"a", number)]);
        }
    }
    swept(&*store, &views[0], Span::ZERO, LATE, 1);
    // Of all versions.
    swept(&*store, &views[1], Span::ZERO, LATE, 3);
    for name in &views {
        assert_eq!(numbers(&*store, name, &[b"a"]), Some(vec![Some(2)]));
    }
}
