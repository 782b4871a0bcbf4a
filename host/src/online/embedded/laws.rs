//! What is LMDB's own; what every store promises is tested by the conformance suite (`tests/stores`).

mod crash;
mod damage;
mod loads;
mod sharing;

use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::online::Value;

const MAP_BYTES: u64 = 64 << 20;
/// Longer than any grace in these tests, after all times in them.
const LATE: Timestamp = Timestamp::from_micros(1 << 50);

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn store(folder: &Path) -> EmbeddedStore {
    EmbeddedStore::new(folder, MAP_BYTES).with_cache(1 << 16)
}

/// As another process would find it.
fn reopened(folder: &Path) -> EmbeddedStore {
    generation::forget(folder);
    live::forget(folder);
    store(folder)
}

fn name_of(view: &str, version: u32) -> Name {
    Name::new(&"shop".parse().expect("a name"), view, version)
}

fn clicks() -> Name {
    name_of("clicks", 1)
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn item(number: i64) -> Item {
    Item {
        timestamp: at(number),
        effective: at(number),
        expires: None,
        as_of: at(number),
        values: vec![Value::Int64(number), Value::Utf8("x".repeat(100))],
    }
}

fn state(through: i64, offline_version: u64) -> GenerationState {
    GenerationState {
        through: at(through),
        offline_version,
        tiles_version: None,
        columns: vec![("count".to_owned(), "int64".to_owned())],
        empty: Vec::new(),
        rules: String::new(),
    }
}

fn load(store: &EmbeddedStore, name: &Name, state: &GenerationState, items: &[(&[u8], i64)]) -> u64 {
    let mut items = items.iter().map(|(key, number)| Ok((key.to_vec(), item(*number))));
    store.bulk_load(name, state, &mut items).expect("a generation")
}

/// Loads, and switches whatever is live.
fn replace(store: &EmbeddedStore, name: &Name, state: &GenerationState, items: &[(&[u8], i64)]) -> LiveRecord {
    let generation = load(store, name, state, items);
    let live = store.live(name).expect("a live record").map(|(live, _)| live);
    store
        .switch(name, generation, live.as_ref(), at(0))
        .expect("nobody else writes")
}

fn number(item: &Item) -> i64 {
    match item.values[0] {
        Value::Int64(number) => number,
        _ => panic!("{item:?}"),
    }
}

fn numbers(store: &EmbeddedStore, name: &Name, keys: &[&[u8]]) -> Option<Vec<Option<i64>>> {
    let keys: Vec<Vec<u8>> = keys.iter().map(|key| key.to_vec()).collect();
    let read = store.get(&[(name.clone(), keys.clone())]).expect("a read").remove(0);
    // What is in memory is what lies on the disk.
    if let Some(cached) = store.get_cached(&[(name, &keys)]) {
        assert_eq!(cached.first(), read.as_ref());
    }
    let read = read?;
    Some(
        read.items
            .iter()
            .map(|item| item.as_deref().map(|item| number(item)))
            .collect(),
    )
}

fn entries_of(folder: &Path, name: &Name) -> Vec<String> {
    let entries = std::fs::read_dir(folder.join(name.path())).expect("a folder");
    let mut found: Vec<_> = entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    found.sort();
    found
}

#[test]
fn a_look_makes_no_folder() {
    let folder = folder();
    let store = store(&folder.path().join("none"));
    assert_eq!(numbers(&store, &clicks(), &[b"a"]), None);
    assert_eq!(store.scan(&clicks()).expect("a scan"), []);
    assert_eq!(store.sweep(&clicks(), Span::ZERO, LATE).expect("a sweep"), 0);
    assert!(!folder.path().join("none").exists());
}

#[test]
fn what_was_written_is_there_when_it_is_opened_anew() {
    let folder = folder();
    let generation = load(&store(folder.path()), &clicks(), &state(1, 1), &[(b"a", 1), (b"b", 1)]);
    let live = reopened(folder.path()).switch(&clicks(), generation, None, at(0));
    let change = Change {
        puts: vec![(b"a".to_vec(), item(2)), (b"c".to_vec(), item(2))],
        deletes: vec![b"b".to_vec()],
        state: state(2, 2),
    };
    let live = live.expect("nothing was live");
    reopened(folder.path())
        .write(&clicks(), &live, &change)
        .expect("a change");
    let store = reopened(folder.path());
    let expected = vec![Some(2), None, Some(2)];
    assert_eq!(numbers(&store, &clicks(), &[b"a", b"b", b"c"]), Some(expected));
    let (found, found_state) = store.live(&clicks()).expect("a look").expect("a view");
    assert_eq!((found_state, found.changes, found.items), (state(2, 2), 1, 2));
}

#[test]
fn memory_is_never_older_than_the_disk() {
    let folder = folder();
    let reader = EmbeddedStore::new(folder.path(), MAP_BYTES).with_cache(1 << 20);
    let writer = store(folder.path());
    let keys = vec![b"a".to_vec(), b"z".to_vec()];
    let cached = || {
        let mut read = reader.get_cached(&[(&clicks(), &keys)])?;
        Some(read.remove(0).items[0].as_deref().map(|item| number(item)))
    };
    let read = || numbers(&reader, &clicks(), &[b"a", b"z"]);
    let live = replace(&writer, &clicks(), &state(1, 1), &[(b"a", 1)]);
    assert_eq!(cached(), None);
    assert_eq!(read(), Some(vec![Some(1), None]));
    assert_eq!(cached(), Some(Some(1)));
    // A change of the generation, one of another view, another generation, and its end.
    let change = Change {
        puts: vec![(b"a".to_vec(), item(2))],
        deletes: vec![],
        state: state(2, 2),
    };
    writer.write(&clicks(), &live, &change).expect("a change");
    assert_eq!(cached(), None);
    assert_eq!(read(), Some(vec![Some(2), None]));
    assert_eq!(cached(), Some(Some(2)));
    replace(&writer, &name_of("orders", 1), &state(1, 1), &[(b"a", 9)]);
    assert_ne!(cached(), Some(Some(9)));
    assert_eq!(read(), Some(vec![Some(2), None]));
    let live = replace(&writer, &clicks(), &state(3, 3), &[(b"a", 3)]);
    assert_eq!(cached(), None);
    assert_eq!(read(), Some(vec![Some(3), None]));
    writer.take_down(&clicks(), &live, at(9)).expect("taken down");
    assert_eq!(cached(), None);
    assert_eq!(read(), None);
}

#[test]
fn one_environment_by_two_paths() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("sub")).expect("a folder");
    replace(&store(folder.path()), &clicks(), &state(1, 1), &[(b"a", 1)]);
    let detour = store(&folder.path().join("sub").join(".."));
    assert_eq!(numbers(&detour, &clicks(), &[b"a"]), Some(vec![Some(1)]));
}

/// Figures, for who wants them: `cargo test --release -- --ignored --nocapture speed`.
#[test]
#[ignore = "a measurement"]
fn speed() {
    const COUNT: u64 = 1_000_000;
    let folder = folder();
    let store = EmbeddedStore::new(folder.path(), 8 << 30);
    let began = std::time::Instant::now();
    let mut items = (0..COUNT).map(|n| Ok((n.to_be_bytes().to_vec(), item(n.cast_signed()))));
    let generation = store.bulk_load(&clicks(), &state(1, 1), &mut items).expect("a load");
    println!("bulk load of {COUNT}: {:?}", began.elapsed());
    let live = store.switch(&clicks(), generation, None, at(0)).expect("a switch");
    let mut seed = 1_u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((seed >> 33) % COUNT).to_be_bytes().to_vec()
    };
    for keys in [1, 100] {
        let mut times: Vec<_> = (0..20_000 / keys)
            .map(|_| {
                let wanted = [(clicks(), (0..keys).map(|_| next()).collect())];
                let began = std::time::Instant::now();
                store.get(&wanted).expect("a read");
                began.elapsed()
            })
            .collect();
        times.sort();
        println!(
            "get of {keys}: p50 {:?}, p99 {:?}",
            times[times.len() / 2],
            times[times.len() * 99 / 100]
        );
    }
    for keys in [1, 100] {
        let mut times: Vec<_> = (0..50)
            .map(|_| {
                let puts = (0..keys).map(|n| (next(), item(n))).collect();
                let change = Change {
                    puts,
                    deletes: vec![],
                    state: state(1, 1),
                };
                let began = std::time::Instant::now();
                store.write(&clicks(), &live, &change).expect("a change");
                began.elapsed()
            })
            .collect();
        times.sort();
        println!("write of {keys}: p50 {:?}, max {:?}", times[25], times[49]);
    }
}
