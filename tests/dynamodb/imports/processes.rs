//! Processes that end, are killed or stand still while they import.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use sandglass::error::{Classified, Kind};
use sandglass::online::{DynamoOptions, DynamoStore, Load, OnlineStore};
use sandglass::time::Span;

use super::{Imports, all, keys, load, read};
use crate::compaction::kills::kill_and_resume;
use crate::dynamodb::local::{client_of, generations_of, records_of, stores_at, tables_of};
use crate::harness::buckets::Bucket;
use crate::harness::proxy::{Asked, Fault, Proxy};
use crate::harness::servers::{moto, unique};
use crate::harness::{Project, cases};
use crate::stores::kit::{LATE, NOW, PATIENCE, change, clicks, state, write};

/// A process that ends at any step: nothing that it asks for is answered any more.
#[test]
fn a_load_that_was_cut_off_goes_on_where_it_was() {
    let _timed = crate::harness::Timed::new("dynamodb::a_load_that_was_cut_off_goes_on_where_it_was");
    // The request that is not answered, how often it is asked for before, whether the service does it, whether the load is resumed, and how many
    // imports are asked for then.
    let steps = [
        ("PutObject", 0, false, false, 1),
        ("PutObject", 3, true, false, 1),
        ("ImportTable", 0, false, true, 1),
        // The table is there, and it is not known of which import: it is given up.
        ("ImportTable", 0, true, false, 2),
        ("DescribeImport", 0, false, true, 0),
        ("GetObject", 0, true, true, 0),
        ("UpdateTimeToLive", 1, true, true, 0),
        ("ListObjectsV2", 0, true, true, 0),
        ("DeleteObjects", 0, true, true, 0),
    ];
    for (operation, before, is_done, is_resumed, imports) in steps {
        let is_dead = Arc::new(AtomicBool::new(false));
        let rule = {
            let (is_dead, counted) = (Arc::clone(&is_dead), AtomicU64::new(0));
            move |asked: &Asked<'_>| {
                if is_dead.load(Ordering::Acquire) {
                    return Some(Fault::Cut);
                }
                let is_it = asked.operation == operation && counted.fetch_add(1, Ordering::AcqRel) == before;
                is_it.then(|| {
                    is_dead.store(true, Ordering::Release);
                    if is_done { Fault::Unanswered } else { Fault::Cut }
                })
            }
        };
        // One proxy for both services, as one process ends for both.
        let rule = Arc::new(rule);
        let proxies: Vec<Proxy> = (0..2)
            .map(|_| {
                let rule = Arc::clone(&rule);
                Proxy::start(&moto(), move |asked: &Asked<'_>| rule(asked))
            })
            .collect();
        let mut dying = Imports::at(&proxies[0].endpoint(), &proxies[1].endpoint());
        dying.options.patience = (Duration::from_millis(100), Duration::from_millis(100));
        let store = dying.store();
        let loaded = load(&store, &state(1, 1), 400);
        let is_complete = loaded.is_ok();
        assert!(is_dead.load(Ordering::Acquire), "{operation}, {before}");
        // Its lock is let go of, and its record stays, as nothing that it asked for at its end was answered.
        drop(store);
        is_dead.store(false, Ordering::Release);
        let options = DynamoOptions {
            patience: DynamoOptions::new("").patience,
            ..dying.options.clone()
        };
        let store = DynamoStore::new(options).unwrap();
        let (name, same, other) = (clicks(), state(1, 1), state(1, 2));
        assert_eq!(
            store.resume(&Load::new(&name, &other)).unwrap(),
            None,
            "of another state"
        );
        let resumed = store.resume(&Load::new(&name, &same)).unwrap();
        let asked = |operation: &str| store.requests().sent.get(operation).copied().unwrap_or(0);
        let generation = match resumed {
            Some(resumed) => {
                assert_eq!(resumed.items, 400);
                resumed.generation
            }
            None => load(&store, &same, 400).unwrap(),
        };
        assert_eq!(
            resumed.is_some(),
            is_resumed,
            "{operation}, {before}, complete: {is_complete}"
        );
        assert_eq!(asked("PutObject") == 0, is_resumed, "{operation}, {before}");
        assert_eq!(asked("ImportTable"), imports, "{operation}, {before}");
        store.switch(&name, generation, None, NOW).unwrap();
        assert_eq!(read(&store, 400), all(400), "{operation}, {before}");
        store.sweep(&name, Span::ZERO, LATE).unwrap();
        let (records, generations, objects) = dying.left();
        assert_eq!(records, [generation].into(), "{operation}, {before}");
        assert_eq!(generations, [(generation, 400)].into(), "{operation}, {before}");
        assert_eq!(objects, [""; 0], "{operation}, {before}");
        // And it may be changed as any other.
        let changed = change(&[&keys(1)[0]], -1, state(2, 2));
        write(&store, &name, &changed);
        assert_eq!(read(&store, 1), Some(vec![Some(-1)]));
    }
}

/// A process that stands still for so long that it is taken for dead, while another one goes on with its import, harms nothing when it
/// goes on itself.
#[test]
fn who_was_taken_for_dead_leaves_the_import_to_others() {
    let _timed = crate::harness::Timed::new("dynamodb::who_was_taken_for_dead_leaves_the_import_to_others");
    for stands_at in ["ImportTable", "DescribeImport"] {
        let (stands, goes_on) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new((Mutex::new(false), Condvar::new())),
        );
        let proxy = Proxy::start(&moto(), {
            let (stands, goes_on) = (Arc::clone(&stands), Arc::clone(&goes_on));
            move |asked| {
                if asked.operation == stands_at && asked.before == 0 {
                    stands.store(true, Ordering::Release);
                    let (may, told) = &*goes_on;
                    let guard = told.wait_while(may.lock().unwrap(), |may| !*may);
                    drop(guard.unwrap());
                }
                None
            }
        });
        let mut first = Imports::at(&proxy.endpoint(), &moto());
        first.options.timeout = PATIENCE;
        let other_locks = tempfile::tempdir().unwrap();
        // Another machine, which believes nobody for long.
        let second = DynamoOptions {
            endpoint: Some(moto()),
            locks: other_locks.path().to_owned(),
            lease: Duration::ZERO,
            ..first.options.clone()
        };
        let (name, same) = (clicks(), state(1, 1));
        let store = first.store();
        std::thread::scope(|scope| {
            let standing = scope.spawn(|| load(&store, &same, 300));
            let began = Instant::now();
            while !stands.load(Ordering::Acquire) {
                assert!(began.elapsed() < PATIENCE);
                std::thread::yield_now();
            }
            let other = DynamoStore::new(second).unwrap();
            let resumed = loop {
                assert!(began.elapsed() < PATIENCE);
                if let Some(resumed) = other.resume(&Load::new(&name, &same)).unwrap() {
                    break resumed;
                }
            };
            other.switch(&name, resumed.generation, None, NOW).unwrap();
            *goes_on.0.lock().unwrap() = true;
            goes_on.1.notify_all();
            let error = standing.join().unwrap().unwrap_err();
            assert_eq!(error.kind(), Kind::Conflict, "{stands_at}: {error}");
            assert_eq!(read(&other, 300), all(300), "{stands_at}");
            let (records, generations, objects) = first.left();
            assert_eq!(records, [resumed.generation].into(), "{stands_at}");
            assert_eq!(generations, [(resumed.generation, 300)].into(), "{stands_at}");
            assert_eq!(objects, [""; 0], "{stands_at}");
        });
    }
}

/// The program killed anywhere while it loads by imports, or changes what was imported, and run again.
#[test]
fn killed_anywhere_and_resumed() {
    let _timed = crate::harness::Timed::new("dynamodb::imports_killed");
    let last: RefCell<Option<(String, Bucket)>> = RefCell::default();
    let stores = || {
        let (prefix, bucket) = (format!("{}-", unique("imported")), Bucket::new(&moto()));
        let stores = stores_at(
            &moto(),
            &prefix,
            &format!(
                "shared_table_items = 10\nstaging = {{ location = \"s3://{}/load\", endpoint = \"{}\" }}",
                bucket.name,
                moto()
            ),
        );
        last.replace(Some((prefix, bucket)));
        stores
    };
    kill_and_resume(cases(3), false, stores, |project: &Project, live: u64| {
        let last = last.borrow();
        let (prefix, bucket) = last.as_ref().expect("a project");
        let client = client_of(&moto());
        let kept = records_of(&client, prefix);
        // The one before is kept for those who read it.
        assert_eq!(kept.len(), 2, "{kept:?}");
        assert_eq!(kept.last(), Some(&live));
        let found = generations_of(&client, prefix);
        assert_eq!(found.keys().copied().collect::<BTreeSet<_>>(), kept);
        assert_eq!(found[&live], project.items("v").len());
        let own = tables_of(&client, prefix)
            .into_iter()
            .filter(|table| table.contains(".g"));
        assert_eq!(own.count(), 2);
        assert_eq!(bucket.objects(), [""; 0]);
    });
}
