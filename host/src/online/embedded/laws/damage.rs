use super::*;
use crate::error::{Classified, Kind};

#[test]
fn a_full_map_names_its_setting() {
    let folder = folder();
    let store = EmbeddedStore::new(folder.path(), 1 << 20);
    let live = replace(&store, &clicks(), &state(1, 1), &[(b"a", 1)]);
    let mut items = (0_u32..100_000).map(|n| Ok((n.to_be_bytes().to_vec(), item(0))));
    let error = store
        .bulk_load(&clicks(), &state(2, 2), &mut items)
        .expect_err("more than 1 MiB");
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.hint().is_some_and(|hint| hint.contains("map_size_bytes")));
    let puts = (0_u32..100_000).map(|n| (n.to_be_bytes().to_vec(), item(0))).collect();
    let change = Change {
        puts,
        deletes: vec![],
        state: state(2, 2),
    };
    let error = store.write(&clicks(), &live, &change).expect_err("more than 1 MiB");
    assert_eq!(error.kind(), Kind::Invalid);
    // Nothing is left of either, and nothing for a sweep.
    assert_eq!(entries_of(folder.path(), &clicks()), ["g1"]);
    assert_eq!(store.sweep(&clicks(), Span::ZERO, LATE).expect("a sweep"), 0);
    assert_eq!(store.scan(&clicks()).expect("a scan"), [(b"a".to_vec(), item(1))]);
}

#[test]
fn a_flipped_bit_is_found_and_names_view_and_key() {
    let folder = folder();
    replace(&store(folder.path()), &clicks(), &state(1, 1), &[(b"a", 1), (b"b", 2)]);
    reopened(folder.path());
    let file = folder.path().join(clicks().path()).join("g1").join("data.mdb");
    let mut bytes = std::fs::read(&file).expect("the file");
    let encoded = item(2).encode(b"b");
    let place = bytes
        .windows(encoded.len())
        .position(|window| window == encoded)
        .expect("the item is there");
    bytes[place + encoded.len() - 1] ^= 1;
    std::fs::write(&file, bytes).expect("the file");
    let store = store(folder.path());
    assert_eq!(numbers(&store, &clicks(), &[b"a"]), Some(vec![Some(1)]));
    let error = store.get(&[(clicks(), vec![b"b".to_vec()])]).expect_err("damaged");
    assert_eq!(error.kind(), Kind::Corrupt);
    let text = "online store, shop.clicks: item of key 62: its checksum does not match";
    assert_eq!(error.to_string(), text);
    assert_eq!(store.scan(&clicks()).expect_err("damaged").kind(), Kind::Corrupt);
}

#[test]
fn a_view_whose_folder_was_deleted_is_built_anew() {
    let folder = folder();
    replace(&store(folder.path()), &clicks(), &state(1, 1), &[(b"a", 1)]);
    replace(&store(folder.path()), &name_of("orders", 1), &state(1, 1), &[(b"a", 2)]);
    let store = reopened(folder.path());
    std::fs::remove_dir_all(folder.path().join("shop").join("clicks")).expect("it is there");
    let error = store.get(&[(clicks(), vec![])]).expect_err("it is not there");
    assert_eq!(error.kind(), Kind::Corrupt);
    assert_eq!(store.live(&clicks()).expect("a look"), None);
    let live = replace(&store, &clicks(), &state(1, 1), &[(b"a", 3)]);
    assert_eq!(live.generation, 2);
    assert_eq!(numbers(&store, &clicks(), &[b"a"]), Some(vec![Some(3)]));
    assert_eq!(numbers(&store, &name_of("orders", 1), &[b"a"]), Some(vec![Some(2)]));
}

#[test]
fn a_store_that_was_deleted_under_a_running_process_is_another_one() {
    let folder = folder();
    let root = folder.path().join("online");
    let store = store(&root);
    replace(&store, &clicks(), &state(1, 1), &[(b"a", 1)]);
    assert_eq!(numbers(&store, &clicks(), &[b"a"]), Some(vec![Some(1)]));
    std::fs::remove_dir_all(&root).expect("it is there");
    assert_eq!(numbers(&store, &clicks(), &[b"a"]), None);
    // The same generation number, another generation.
    let live = replace(&store, &clicks(), &state(1, 1), &[(b"a", 2)]);
    assert_eq!(live.generation, 1);
    assert_eq!(numbers(&store, &clicks(), &[b"a"]), Some(vec![Some(2)]));
}

#[test]
fn a_generation_without_state_is_not_complete() {
    let folder = folder();
    let store = store(folder.path());
    let name = clicks();
    let view = View(&name);
    let reserved = store.reserve(&view).expect("a folder");
    let generation = Generation::create(&reserved.path, 1 << 20, &view).expect("an environment");
    generation.into_environment().prepare_for_closing().wait();
    let error = store
        .switch(&clicks(), reserved.generation, None, at(0))
        .expect_err("half a generation");
    assert_eq!(error.kind(), Kind::Corrupt);
    assert_eq!(store.live(&clicks()).expect("a look"), None);
}
