use std::collections::BTreeMap;

use super::super::load::{PIECE_BYTES, fill};
use super::*;

type Items = Vec<(Vec<u8>, i64)>;

/// A generation of items, filled in pieces of so many bytes.
fn filled(folder: &Path, items: &Items, piece_bytes: usize) -> Generation {
    let name = clicks();
    let view = View(&name);
    let generation = Generation::create(folder, 64 << 20, &view).expect("an environment");
    let mut items = items.iter().map(|(key, number)| Ok((key.clone(), item(*number))));
    fill(&view, &generation, &state(1, 1), &mut items, piece_bytes).expect("a load");
    generation
}

/// Its items, and the bytes that their pages take.
fn held(generation: &Generation) -> (Items, usize) {
    let name = clicks();
    let view = View(&name);
    let items = generation
        .snapshot(&view)
        .and_then(|snapshot| snapshot.scan())
        .expect("a scan");
    let items = items.into_iter().map(|(key, item)| (key, number(&item))).collect();
    (items, generation.bytes())
}

fn sorted(count: u64) -> Items {
    (0..count)
        .map(|key| (key.to_be_bytes().to_vec(), key.cast_signed()))
        .collect()
}

/// The same items in an order of chance.
fn shuffled(mut items: Items) -> Items {
    items.sort_by_key(|(key, number)| (crc32fast::hash(key), *number));
    items
}

#[test]
fn pieces_of_any_size_are_one_generation() {
    let mut twice = sorted(600);
    twice.extend(sorted(900).into_iter().map(|(key, number)| (key, -number)));
    // Sorted with equal neighbours, sorted twice over, in no order.
    let mut neighbours = twice.clone();
    neighbours.sort_by(|(left, _), (right, _)| left.cmp(right));
    for items in [neighbours, twice.clone(), shuffled(twice)] {
        let expected: BTreeMap<_, _> = items.iter().cloned().collect();
        for piece_bytes in [0, 1_000, 20_000, PIECE_BYTES] {
            let folder = folder();
            let (found, _) = held(&filled(folder.path(), &items, piece_bytes));
            assert!(found.into_iter().eq(expected.clone()), "pieces of {piece_bytes}");
        }
    }
}

#[test]
fn what_comes_in_order_fills_its_pages() {
    let bytes = |items| held(&filled(folder().path(), &items, PIECE_BYTES)).1;
    let (ordered, unordered) = (bytes(sorted(20_000)), bytes(shuffled(sorted(20_000))));
    // Pages that are split where they are full stay half empty, or a third.
    assert!(
        ordered * 5 < unordered * 4,
        "{ordered} bytes, and {unordered} in another order"
    );
}

#[test]
fn a_load_that_fails_leaves_no_files() {
    let folder = folder();
    let store = store(folder.path());
    replace(&store, &clicks(), &state(1, 1), &[(b"a", 1)]);
    let failed = || View(&clicks()).unavailable("the source has ended".to_owned());
    let mut items = [Ok((b"a".to_vec(), item(2))), Err(failed())].into_iter();
    store
        .bulk_load(&clicks(), &state(2, 2), &mut items)
        .expect_err("the source's");
    assert_eq!(entries_of(folder.path(), &clicks()), ["g1"]);
    // Its number is not given again.
    assert_eq!(load(&store, &clicks(), &state(2, 2), &[]), 3);
}
