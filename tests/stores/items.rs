use sandglass::online::{Change, GenerationState, Item, OnlineStore, Value};
use sandglass::time::Timestamp;
use sandglass::workspace::Name;

use super::Fixture;
use super::kit::{NOW, at, clicks, item, live, state};

fn given(store: &dyn OnlineStore, name: &Name, key: &[u8]) -> Item {
    let read = store
        .get(&[(name.clone(), vec![key.to_vec()])])
        .unwrap()
        .remove(0)
        .unwrap();
    Item::clone(read.items[0].as_deref().unwrap())
}

/// Loads the one half of items and writes the other; all of them come back, to the bit.
fn come_back(fixture: &dyn Fixture, items: Vec<Item>) {
    let store = fixture.open();
    let mut loaded = items
        .iter()
        .step_by(2)
        .zip(0_u8..)
        .map(|(item, key)| Ok((vec![key], item.clone())));
    let generation = store.bulk_load(&clicks(), &state(1, 1), &mut loaded).unwrap();
    let record = store.switch(&clicks(), generation, None, NOW).unwrap();
    let written = items
        .iter()
        .skip(1)
        .step_by(2)
        .zip(100_u8..)
        .map(|(item, key)| (vec![key], item.clone()));
    let change = Change {
        puts: written.collect(),
        deletes: Vec::new(),
        state: state(1, 1),
    };
    store.write(&clicks(), &record, &change).unwrap();
    // NaN is not equal to itself, its bytes are.
    let bytes = |item: &Item| item.encode(b"");
    for store in [store, fixture.open()] {
        for (place, item) in items.iter().enumerate() {
            let key = [u8::try_from(place / 2 + 100 * (place % 2)).unwrap()];
            // Read, and read again, which may be from memory.
            for _ in 0..2 {
                assert_eq!(bytes(&given(&*store, &clicks(), &key)), bytes(item), "item {place}");
            }
        }
        let mut scanned: Vec<_> = store
            .scan(&clicks())
            .unwrap()
            .iter()
            .map(|(_, item)| bytes(item))
            .collect();
        let mut all: Vec<_> = items.iter().map(bytes).collect();
        scanned.sort();
        all.sort();
        assert!(scanned == all);
        assert_eq!(live(&*store, &clicks()).unwrap().items, items.len() as u64);
    }
}

pub fn values_of_every_kind_come_back_to_the_bit(fixture: &dyn Fixture) {
    let text = |text: &str| Value::Utf8(text.to_owned());
    let values = vec![
        Value::Null,
        Value::Boolean(true),
        Value::Boolean(false),
        Value::Int64(i64::MIN),
        Value::Int64(i64::MAX),
        Value::Int64((1 << 53) + 1),
        Value::Float64(-0.0),
        Value::Float64(f64::MIN_POSITIVE / 2.0),
        Value::Float64(f64::NEG_INFINITY),
        Value::Float64(f64::from_bits(0x7ff8_0000_0000_0001)),
        text(""),
        text("grüße\u{0}\u{10ffff}"),
        Value::Binary(Vec::new()),
        Value::Binary((0..=255).collect()),
        Value::Date(i32::MIN),
        Value::Timestamp(i64::MAX),
        Value::Decimal(-99_999_999_999_999_999_999_999_999_999_999_999_999, 10),
        Value::List(Vec::new()),
        Value::List(vec![Value::Int64(1), Value::Null, Value::List(vec![text("x")])]),
        Value::Struct(vec![
            ("a".to_owned(), Value::Float64(1.5)),
            (String::new(), Value::Null),
        ]),
        Value::Map(vec![(text("k"), Value::Map(Vec::new())), (text("l"), Value::Null)]),
    ];
    let one = |values| Item { values, ..item(1) };
    let mut items: Vec<Item> = values.iter().map(|value| one(vec![value.clone()])).collect();
    items.extend([one(Vec::new()), one(values)]);
    come_back(fixture, items);
}

pub fn items_of_a_mebibyte(fixture: &dyn Fixture) {
    let bytes = |length: usize| Value::Binary((0..length).map(|n| (n * n / 7) as u8).collect());
    let lengths = [
        4_000,
        65_536,
        399_000,
        400_000,
        (1 << 20) - 1,
        1 << 20,
        (1 << 20) + 5_000,
    ];
    let items = lengths.map(|length| Item {
        values: vec![bytes(length), Value::Int64(1)],
        ..item(1)
    });
    come_back(fixture, items.to_vec());
}

pub fn what_is_not_visible_is_given_back(fixture: &dyn Fixture) {
    let times = [i64::MIN, -1, 0, 1, i64::MAX - 1];
    let item = |effective, expires: Option<i64>| Item {
        effective: at(effective),
        expires: expires.map(at),
        ..item(effective)
    };
    let mut items: Vec<Item> = times.iter().map(|time| item(*time, None)).collect();
    items.extend(times.iter().map(|time| item(0, Some(*time))));
    come_back(fixture, items);
}

pub fn states_come_back_as_they_were(fixture: &dyn Fixture) {
    let store = fixture.open();
    let mut states = vec![
        state(0, 0),
        GenerationState {
            through: Timestamp::MIN,
            offline_version: u64::MAX,
            tiles_version: None,
            columns: Vec::new(),
            empty: Vec::new(),
            rules: "\"\n\u{0}".to_owned(),
        },
    ];
    states.push(GenerationState {
        through: Timestamp::MAX,
        offline_version: u64::MAX,
        tiles_version: None,
        columns: (0..500)
            .map(|n| (format!("größe_{n}"), "list<float64>".to_owned()))
            .collect(),
        empty: (0..500).map(|n| (n % 2 == 0).then_some(n)).collect(),
        rules: "x".repeat(10_000),
    });
    for (number, state) in states.iter().enumerate() {
        let expected = live(&*store, &clicks());
        let generation = store.bulk_load(&clicks(), state, &mut std::iter::empty()).unwrap();
        let record = store
            .switch(
                &clicks(),
                generation,
                expected.as_ref(),
                at(i64::try_from(number).unwrap()),
            )
            .unwrap();
        assert_eq!(fixture.open().live(&clicks()).unwrap(), Some((record, state.clone())));
    }
    // The last state can follow the one before it, as a change.
    let record = live(&*store, &clicks()).unwrap();
    let change = Change {
        puts: Vec::new(),
        deletes: Vec::new(),
        state: states[2].clone(),
    };
    store.write(&clicks(), &record, &change).unwrap();
    assert_eq!(store.live(&clicks()).unwrap().map(|(_, state)| state), states.pop());
}
