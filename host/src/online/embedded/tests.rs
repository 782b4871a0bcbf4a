use super::*;
use crate::online::Value;

fn name(version: u32) -> Name {
    Name::new(&"shop".parse().expect("a name"), "v", version)
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn state(through: i64, offline_version: u64) -> GenerationState {
    GenerationState {
        through: at(through),
        offline_version,
        columns: vec![("f".into(), "int64".into())],
        empty: Vec::new(),
        rules: String::new(),
    }
}

fn item(value: i64) -> Item {
    Item {
        timestamp: at(value),
        effective: at(0),
        expires: None,
        as_of: at(9),
        values: vec![Value::Int64(value)],
    }
}

fn load(store: &EmbeddedStore, name: &Name, state: &GenerationState, items: &[(&[u8], i64)]) -> u64 {
    let mut items = items.iter().map(|(key, value)| Ok((key.to_vec(), item(*value))));
    store.bulk_load(name, state, &mut items).expect("loaded")
}

fn get(store: &EmbeddedStore, keys: &[&[u8]]) -> Option<(u64, Vec<Option<i64>>)> {
    let keys = keys.iter().map(|key| key.to_vec()).collect();
    let read = store
        .get(&[(name(1), keys)])
        .expect("readable")
        .pop()
        .expect("one view")?;
    let items = read
        .items
        .into_iter()
        .map(|item| item.map(|item| item.timestamp.micros()))
        .collect();
    Some((read.live.generation, items))
}

#[test]
fn nothing_is_live_before_the_first_switch() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = EmbeddedStore::new(folder.path(), 1 << 26);
    assert_eq!(get(&store, &[b"a"]), None);
    let generation = load(&store, &name(1), &state(1, 1), &[(b"a", 1)]);
    assert_eq!(get(&store, &[b"a"]), None);
    store.switch(&name(1), generation, None, at(1)).expect("switched");
    assert_eq!(get(&store, &[b"a", b"b"]), Some((1, vec![Some(1), None])));
}

#[test]
fn long_and_empty_keys_are_found_by_what_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = EmbeddedStore::new(folder.path(), 1 << 26);
    let (long, other) = (vec![7; 4_000], vec![8; 4_000]);
    let generation = load(&store, &name(1), &state(1, 1), &[(&long, 1), (b"", 2)]);
    store.switch(&name(1), generation, None, at(1)).expect("switched");
    assert_eq!(
        get(&store, &[&long, &other, b""]),
        Some((1, vec![Some(1), None, Some(2)]))
    );
}

#[test]
fn a_change_is_whole_and_no_older_than_what_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = EmbeddedStore::new(folder.path(), 1 << 26);
    let generation = load(&store, &name(1), &state(1, 5), &[(b"a", 1), (b"b", 2)]);
    let live = store.switch(&name(1), generation, None, at(1)).expect("switched");
    let change = |offline_version| Change {
        puts: vec![(b"a".to_vec(), item(10))],
        deletes: vec![b"b".to_vec()],
        state: state(2, offline_version),
    };
    let older = store.write(&name(1), &live, &change(4));
    assert!(matches!(older, Err(OnlineError::Conflict { .. })), "{older:?}");
    assert_eq!(get(&store, &[b"a", b"b"]), Some((1, vec![Some(1), Some(2)])));
    store.write(&name(1), &live, &change(6)).expect("written");
    assert_eq!(get(&store, &[b"a", b"b"]), Some((1, vec![Some(10), None])));
    assert_eq!(
        store.live(&name(1)).expect("readable").map(|(_, state)| state),
        Some(state(2, 6))
    );
    let stale = LiveRecord { generation: 7, ..live };
    assert!(matches!(
        store.write(&name(1), &stale, &change(7)),
        Err(OnlineError::Conflict { .. })
    ));
}

#[test]
fn of_two_who_switch_one_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = EmbeddedStore::new(folder.path(), 1 << 26);
    let (first, second) = (
        load(&store, &name(1), &state(1, 1), &[]),
        load(&store, &name(2), &state(1, 1), &[(b"a", 3)]),
    );
    store.switch(&name(1), first, None, at(1)).expect("switched");
    assert!(matches!(
        store.switch(&name(2), second, None, at(1)),
        Err(OnlineError::Conflict { .. })
    ));
    let live = store.live(&name(1)).expect("readable").map(|(record, _)| record);
    let record = store.switch(&name(2), second, live.as_ref(), at(2)).expect("switched");
    assert_eq!((record.version, record.generation), (2, second));
    assert_eq!(get(&store, &[b"a"]), Some((1, vec![Some(3)])));
}

#[test]
fn what_was_switched_away_from_is_kept_for_a_while() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = EmbeddedStore::new(folder.path(), 1 << 26);
    let mut live = None;
    for value in 1..=3 {
        let generation = load(&store, &name(1), &state(value, 1), &[(b"a", value)]);
        live = Some(
            store
                .switch(&name(1), generation, live.as_ref(), at(value))
                .expect("switched"),
        );
    }
    let grace = Span::from_micros(10);
    assert_eq!(store.sweep(&name(1), grace, at(5)).expect("swept"), 0);
    // The first was switched away from at 2, the second at 3.
    assert_eq!(store.sweep(&name(1), grace, at(12)).expect("swept"), 1);
    assert_eq!(store.sweep(&name(1), grace, at(13)).expect("swept"), 1);
    assert_eq!(get(&store, &[b"a"]), Some((3, vec![Some(3)])));
}

#[test]
fn a_half_built_generation_is_swept_and_one_being_built_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = EmbeddedStore::new(folder.path(), 1 << 26);
    let unfinished = OnlineError::Unavailable {
        view: "v".into(),
        message: "on purpose".into(),
    };
    let mut items = [Ok((b"a".to_vec(), item(1))), Err(unfinished)].into_iter();
    assert!(store.bulk_load(&name(1), &state(1, 1), &mut items).is_err());
    let other = EmbeddedStore::new(folder.path(), 1 << 26);
    let building = load(&other, &name(1), &state(1, 1), &[(b"a", 2)]);
    assert_eq!(store.sweep(&name(1), Span::ZERO, at(1)).expect("swept"), 1);
    other.switch(&name(1), building, None, at(1)).expect("switched");
    assert_eq!(get(&store, &[b"a"]), Some((building, vec![Some(2)])));
}

#[test]
fn a_full_map_says_which_setting_to_raise() {
    use crate::error::Classified;
    let folder = tempfile::tempdir().expect("a folder");
    let store = EmbeddedStore::new(folder.path(), 1 << 20);
    let mut items = (0..100_000i64).map(|n| Ok((n.to_be_bytes().to_vec(), item(n))));
    let error = store
        .bulk_load(&name(1), &state(1, 1), &mut items)
        .expect_err("too much");
    assert!(matches!(error, OnlineError::Full { .. }), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("map_size_bytes")));
}
