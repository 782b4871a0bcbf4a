use std::time::{Duration, Instant};

use sandglass::error::{Classified, Kind};
use sandglass::online::{Change, GenerationState, Item, LiveRecord, OnlineError, OnlineStore, Value};
use sandglass::time::{Span, Timestamp};
use sandglass::workspace::Name;

pub const NOW: Timestamp = Timestamp::from_micros(0);
/// After all times in these tests, by more than any grace in them.
pub const LATE: Timestamp = Timestamp::from_micros(1 << 50);
/// How long something that does happen may take.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn name_of(view: &str, version: u32) -> Name {
    Name::new(&"shop".parse().unwrap(), view, version)
}

pub fn clicks() -> Name {
    name_of("clicks", 1)
}

pub fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

pub fn item(number: i64) -> Item {
    Item {
        timestamp: at(number),
        effective: at(number),
        expires: None,
        as_of: at(number),
        values: vec![Value::Int64(number), Value::Utf8("x".repeat(100))],
    }
}

pub fn number(item: &Item) -> i64 {
    match item.values[0] {
        Value::Int64(number) => number,
        _ => panic!("{item:?}"),
    }
}

pub fn state(through: i64, offline_version: u64) -> GenerationState {
    GenerationState {
        through: at(through),
        offline_version,
        tiles_version: None,
        columns: vec![("count".to_owned(), "int64".to_owned())],
        empty: Vec::new(),
        rules: String::new(),
    }
}

/// Puts `number` for these keys.
pub fn change(keys: &[&[u8]], number: i64, state: GenerationState) -> Change {
    Change {
        puts: keys.iter().map(|key| (key.to_vec(), item(number))).collect(),
        deletes: Vec::new(),
        state,
    }
}

pub fn load(store: &dyn OnlineStore, name: &Name, state: &GenerationState, items: &[(&[u8], i64)]) -> u64 {
    let mut items = items.iter().map(|(key, number)| Ok((key.to_vec(), item(*number))));
    store.bulk_load(name, state, &mut items).unwrap()
}

/// Loads, and switches whatever is live; nobody else writes.
pub fn replace(store: &dyn OnlineStore, name: &Name, state: &GenerationState, items: &[(&[u8], i64)]) -> LiveRecord {
    let generation = load(store, name, state, items);
    store.switch(name, generation, live(store, name).as_ref(), NOW).unwrap()
}

/// Changes what is live; nobody else writes.
pub fn write(store: &dyn OnlineStore, name: &Name, change: &Change) {
    let record = live(store, name).expect("something is live");
    store.write(name, &record, change).unwrap();
}

pub fn live(store: &dyn OnlineStore, name: &Name) -> Option<LiveRecord> {
    store.live(name).unwrap().map(|(record, _)| record)
}

/// The numbers of keys' items; none if nothing is live. Nobody writes meanwhile, so what is in memory is what is read.
pub fn numbers(store: &dyn OnlineStore, name: &Name, keys: &[&[u8]]) -> Option<Vec<Option<i64>>> {
    let keys: Vec<Vec<u8>> = keys.iter().map(|key| key.to_vec()).collect();
    let read = store.get(&[(name.clone(), keys.clone())]).unwrap().remove(0);
    if let Some(cached) = store.get_cached(&[(name, &keys)]) {
        assert_eq!(cached.first(), read.as_ref());
    }
    let found = store.live(name).unwrap();
    assert_eq!(
        read.as_ref().map(|read| (&read.live, &*read.state)),
        found.as_ref().map(|(live, state)| (live, state))
    );
    let read = read?;
    assert_eq!(read.items.len(), keys.len());
    Some(
        read.items
            .iter()
            .map(|item| item.as_deref().map(|item| number(item)))
            .collect(),
    )
}

/// All keys and numbers of what is live, and as many as it says.
pub fn scanned(store: &dyn OnlineStore, name: &Name) -> Vec<(Vec<u8>, i64)> {
    let items = store.scan(name).unwrap();
    assert_eq!(items.len() as u64, live(store, name).map_or(0, |live| live.items));
    items.into_iter().map(|(key, item)| (key, number(&item))).collect()
}

#[track_caller]
pub fn refused<T: std::fmt::Debug>(result: Result<T, OnlineError>, kind: Kind) {
    let error = result.expect_err("it has to be refused");
    assert_eq!(error.kind(), kind, "{error}");
}

/// Sweeps so many generations, and then no more. A process that another test is starting holds the locks of this one until it runs its
/// own program, so a generation may look as if it were being built for a moment.
#[track_caller]
pub fn swept(store: &dyn OnlineStore, name: &Name, grace: Span, now: Timestamp, generations: usize) {
    let began = Instant::now();
    let mut swept = 0;
    while swept < generations {
        swept += store.sweep(name, grace, now).unwrap();
        assert!(began.elapsed() < PATIENCE, "{swept} of {generations} were swept");
    }
    assert_eq!(swept + store.sweep(name, grace, now).unwrap(), generations);
}
