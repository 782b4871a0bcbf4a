use super::Fixture;
use super::kit::{
    LATE, NOW, change, clicks, item, live, load, name_of, number, numbers, replace, scanned, state, write,
};
use crate::harness::{Random, seed};
use sandglass::online::CacheCounts;
use sandglass::time::Span;
use sandglass::workspace::Name;

pub fn an_empty_store_has_nothing(fixture: &dyn Fixture) {
    let store = fixture.open();
    assert_eq!(numbers(&*store, &clicks(), &[b"a"]), None);
    assert_eq!(store.live(&clicks()).unwrap(), None);
    assert_eq!(store.scan(&clicks()).unwrap(), []);
    assert_eq!(store.sweep(&clicks(), Span::ZERO, LATE).unwrap(), 0);
    assert_eq!(store.get(&[]).unwrap(), []);
    assert_eq!(store.cache_counts(), CacheCounts::default());
}

pub fn keys_of_several_views_are_read_by_one_call(fixture: &dyn Fixture) {
    let store = fixture.open();
    let (mut wanted, mut expected) = (Vec::new(), Vec::new());
    for view in 0..5_i64 {
        let name = name_of(&format!("v{view}"), 1);
        let keys: Vec<Vec<u8>> = (0..300_i64).map(|key| key.to_be_bytes().to_vec()).collect();
        // Each view has its own keys, of its own numbers.
        let has = |key: i64| key % 5 != view;
        let items: Vec<(&[u8], i64)> = keys
            .iter()
            .zip(0..)
            .filter(|(_, key)| has(*key))
            .map(|(bytes, key)| (bytes.as_slice(), 1_000 * view + key))
            .collect();
        if view != 3 {
            replace(&*store, &name, &state(view, 1), &items);
        }
        let numbers = || (0..300).map(|key| has(key).then_some(1_000 * view + key));
        // Backwards, and one of them twice.
        let order = || (0..300_usize).rev().chain([7]);
        let all: Vec<_> = numbers().collect();
        wanted.push((name, order().map(|key| keys[key].clone()).collect::<Vec<_>>()));
        expected.push((view != 3).then(|| order().map(|key| all[key]).collect::<Vec<_>>()));
    }
    wanted.push((name_of("nobody", 1), vec![vec![1]]));
    expected.push(None);
    // A view may be asked for twice.
    wanted.push((wanted[1].0.clone(), vec![vec![1]]));
    expected.push(Some(vec![None]));
    for _ in 0..2 {
        let reads = store.get(&wanted).unwrap();
        let found = reads.iter().map(|read| {
            Some(
                read.as_ref()?
                    .items
                    .iter()
                    .map(|item| item.as_deref().map(|item| number(item)))
                    .collect(),
            )
        });
        assert_eq!(found.collect::<Vec<_>>(), expected);
        for (read, (name, _)) in reads.iter().zip(&wanted) {
            assert_eq!(read.as_ref().map(|read| &read.live), live(&*store, name).as_ref());
        }
    }
}

pub fn views_versions_and_workspaces_do_not_mix(fixture: &dyn Fixture) {
    let store = fixture.open();
    let elsewhere = Name::new(&"shop2".parse().unwrap(), "clicks", 1);
    replace(&*store, &clicks(), &state(1, 9), &[(b"a", 1)]);
    replace(&*store, &name_of("orders", 1), &state(2, 1), &[(b"a", 2)]);
    // Another version is of another offline table, whose versions count anew.
    replace(&*store, &name_of("clicks", 2), &state(3, 1), &[(b"a", 3)]);
    replace(&*store, &elsewhere, &state(4, 1), &[(b"a", 4)]);
    let names = [name_of("orders", 1), name_of("nothing", 1), clicks(), elsewhere];
    let wanted = names.map(|name| (name, vec![b"a".to_vec()]));
    let found: Vec<_> = (store.get(&wanted).unwrap().into_iter())
        .map(|read| read.map(|read| (read.live.version, read.items[0].as_deref().map(|item| number(item)))))
        .collect();
    assert_eq!(
        found,
        [Some((1, Some(2))), None, Some((2, Some(3))), Some((1, Some(4)))]
    );
}

pub fn keys_of_any_length_and_any_bytes(fixture: &dyn Fixture) {
    let store = fixture.open();
    let mut random = Random(seed());
    // Around the longest keys of stores, and far beyond.
    let lengths = [
        0, 1, 2, 510, 511, 512, 1_023, 1_024, 1_025, 2_047, 2_048, 2_049, 4_000, 5_000,
    ];
    let mut keys: Vec<Vec<u8>> = lengths.iter().map(|length| vec![b'k'; *length]).collect();
    keys.extend(
        lengths[1..]
            .iter()
            .map(|length| (0..*length).map(|_| random.next() as u8).collect()),
    );
    keys.extend([
        vec![0],
        vec![0, 0],
        vec![255],
        vec![255; 511],
        vec![0; 512],
        b"a/b#c\n\"\xff".to_vec(),
    ]);
    keys.sort();
    keys.dedup();
    let items: Vec<(&[u8], i64)> = keys
        .iter()
        .zip(0..)
        .map(|(key, number)| (key.as_slice(), number))
        .collect();
    let record = replace(&*store, &clicks(), &state(1, 1), &items);
    assert_eq!(record.items, keys.len() as u64);
    let (wanted, expected): (Vec<&[u8]>, Vec<_>) = items.iter().map(|(key, number)| (*key, Some(*number))).unzip();
    assert_eq!(numbers(&*store, &clicks(), &wanted), Some(expected));
    // What is nearly a key is none.
    let others: Vec<Vec<u8>> = keys.iter().map(|key| [key.as_slice(), b"."].concat()).collect();
    let others: Vec<&[u8]> = others.iter().map(Vec::as_slice).collect();
    assert_eq!(numbers(&*store, &clicks(), &others), Some(vec![None; others.len()]));
    let mut all = scanned(&*store, &clicks());
    all.sort();
    assert_eq!(
        all,
        items
            .iter()
            .map(|(key, number)| (key.to_vec(), *number))
            .collect::<Vec<_>>()
    );
}

pub fn keys_that_begin_alike_for_480_bytes(fixture: &dyn Fixture) {
    let store = fixture.open();
    let key = |end: &[u8]| [&[b'p'; 480], end].concat();
    let long = |n: u32| key(&[n.to_be_bytes().as_slice(), &[b'q'; 600]].concat());
    let short = |n: u32| key(&n.to_be_bytes());
    let keys: Vec<Vec<u8>> = (0..200).flat_map(|n| [short(n), long(n)]).collect();
    let items: Vec<(&[u8], i64)> = keys
        .iter()
        .zip(0..)
        .map(|(key, number)| (key.as_slice(), number))
        .collect();
    let record = replace(&*store, &clicks(), &state(1, 1), &items);
    let (wanted, expected): (Vec<&[u8]>, Vec<_>) = items.iter().map(|(key, number)| (*key, Some(*number))).unzip();
    assert_eq!(numbers(&*store, &clicks(), &wanted), Some(expected));
    let (gone, absent) = (long(5), [long(200), short(200), key(b"")]);
    let mut without = change(&[], 0, state(1, 1));
    without.deletes = vec![gone.clone(), long(200)];
    store.write(&clicks(), &record, &without).unwrap();
    let wanted = [&gone[..], &long(6), &absent[0], &absent[1], &absent[2]];
    assert_eq!(
        numbers(&*store, &clicks(), &wanted),
        Some(vec![None, Some(13), None, None, None])
    );
    assert_eq!(scanned(&*store, &clicks()).len(), 399);
}

pub fn a_scan_is_complete_and_in_the_order_of_keys(fixture: &dyn Fixture) {
    let store = fixture.open();
    let mut random = Random(seed());
    let mut keys: Vec<Vec<u8>> = (0..3_000)
        .map(|_| random.next().to_le_bytes()[..1 + random.below(8) as usize].to_vec())
        .collect();
    let items: Vec<(&[u8], i64)> = keys.iter().map(|key| (key.as_slice(), 7)).collect();
    replace(&*store, &clicks(), &state(1, 1), &items);
    keys.sort();
    keys.dedup();
    let found = scanned(&*store, &clicks());
    assert!(found.iter().map(|(key, _)| key).eq(&keys));
    assert!(found.iter().all(|(_, number)| *number == 7));
}

pub fn items_and_changes_are_counted(fixture: &dyn Fixture) {
    let store = fixture.open();
    let counts = |store: &dyn sandglass::online::OnlineStore| {
        // A read that is answered from memory is of the same record.
        numbers(store, &clicks(), &[b"a"]);
        live(store, &clicks()).map(|live| (live.items, live.changes))
    };
    let generation = load(&*store, &clicks(), &state(1, 1), &[(b"a", 1), (b"b", 2), (b"a", 3)]);
    let record = store.switch(&clicks(), generation, None, NOW).unwrap();
    assert_eq!((record.items, record.changes), (2, 0));
    assert_eq!(counts(&*store), Some((2, 0)));
    // One is put anew, one is new, one goes that was there, one that was not.
    let mut changed = change(&[b"a", b"c"], 4, state(2, 2));
    changed.deletes = vec![b"b".to_vec(), b"z".to_vec()];
    store.write(&clicks(), &record, &changed).unwrap();
    assert_eq!(counts(&*store), Some((2, 1)));
    write(&*store, &clicks(), &change(&[], 0, state(3, 3)));
    assert_eq!(counts(&*store), Some((2, 2)));
    let record = live(&*store, &clicks()).unwrap();
    store
        .write(&clicks(), &record, &change(&[b"d"], 0, state(0, 0)))
        .unwrap_err();
    assert_eq!(counts(&*store), Some((2, 2)));
    store
        .write(&clicks(), &record, &change(&[b"d"], 5, state(4, 4)))
        .unwrap();
    assert_eq!(counts(&*fixture.open()), Some((3, 3)));
    // The next generation counts anew, and this one goes on where it was.
    let next = replace(&*store, &clicks(), &state(5, 5), &[]);
    assert_eq!(counts(&*store), Some((0, 0)));
    let back = store.switch(&clicks(), generation, Some(&next), NOW).unwrap();
    assert_eq!((back.items, back.changes), (3, 3));
    assert_eq!(counts(&*store), Some((3, 3)));
    let read = store
        .get(&[(clicks(), vec![b"d".to_vec()])])
        .unwrap()
        .remove(0)
        .unwrap();
    assert_eq!((read.live, read.items[0].as_deref()), (back, Some(&item(5).into())));
}
