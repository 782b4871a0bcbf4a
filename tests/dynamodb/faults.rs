//! A service that is far away and has much to do.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sandglass::error::{Classified, Kind};
use sandglass::online::{DynamoOptions, DynamoStore, OnlineError, OnlineStore, Requests};

use super::local::options;
use crate::harness::proxy::{Asked, Fault, Proxy};
use crate::harness::servers::dynamodb;
use crate::harness::{Random, seed};
use crate::stores::kit::{NOW, clicks, item, load, name_of, numbers, replace, state};
use crate::stores::{Fixture, handles, loads, model, switches, writes};

/// A store behind a proxy.
struct Behind {
    proxy: Arc<Proxy>,
    options: DynamoOptions,
    _locks: tempfile::TempDir,
}

impl Behind {
    fn new(rule: impl Fn(&Asked<'_>) -> Option<Fault> + Send + Sync + 'static) -> Self {
        let proxy = Proxy::start(&dynamodb(), rule);
        let (options, locks) = options(&proxy.endpoint());
        Self {
            proxy: Arc::new(proxy),
            options,
            _locks: locks,
        }
    }

    fn store(&self) -> DynamoStore {
        DynamoStore::new(self.options.clone()).unwrap()
    }
}

impl Fixture for Behind {
    fn another(&self) -> Box<dyn Fixture> {
        Box::new(unreliable())
    }

    fn open(&self) -> Arc<dyn OnlineStore> {
        Arc::new(self.store())
    }

    fn writes_are_whole(&self) -> bool {
        false
    }
}

/// Every tenth request goes wrong in some way that passes.
fn unreliable() -> Behind {
    let random = Mutex::new(Random(seed()));
    Behind::new(move |asked| {
        let mut random = random.lock().unwrap();
        let is_batch = asked.operation.starts_with("Batch");
        random.one_in(10).then(|| match random.below(9) {
            0 => Fault::Refused(400, "ProvisionedThroughputExceededException"),
            1 => Fault::Refused(400, "ThrottlingException"),
            2 => Fault::Refused(400, "RequestLimitExceeded"),
            3 => Fault::Refused(500, "InternalServerError"),
            4 => Fault::Refused(503, "ServiceUnavailable"),
            5 => Fault::Cut,
            _ if is_batch => Fault::Half,
            _ => Fault::Unanswered,
        })
    })
}

/// The promises of every store, kept by a service that fails every tenth time.
#[test]
fn what_passes_is_tried_again() {
    let _timed = crate::harness::Timed::new("dynamodb::what_passes_is_tried_again");
    let behind = unreliable();
    model::the_store_is_a_map(&behind);
    let cases: [fn(&dyn Fixture); 9] = [
        loads::generations_have_numbers_of_their_own,
        loads::a_load_that_fails_leaves_what_is_live,
        switches::of_two_who_switch_one_is_told,
        switches::what_was_written_since_is_not_hidden,
        switches::the_same_generation_twice,
        writes::puts_and_deletes_are_read_together_with_their_state,
        writes::deletes_come_before_puts,
        writes::a_change_of_what_has_been_changed_since_is_refused,
        handles::of_many_who_switch_at_once_one_does,
    ];
    for case in cases {
        case(&unreliable());
    }
}

fn again(requests: &Requests, why: &str) -> u64 {
    requests.again.get(why).copied().unwrap_or(0)
}

#[test]
fn what_the_service_leaves_over_is_written_and_read_once() {
    let behind = Behind::new(|asked| {
        asked
            .operation
            .starts_with("Batch")
            .then_some(Fault::Half)
            .filter(|_| asked.before % 2 == 0)
    });
    let store = behind.store();
    let keys: Vec<[u8; 8]> = (0..500_u64).map(u64::to_be_bytes).collect();
    let items: Vec<(&[u8], i64)> = keys.iter().map(|key| (key.as_slice(), 7)).collect();
    replace(&store, &clicks(), &state(1, 1), &items);
    let asked: Vec<&[u8]> = keys.iter().map(|key| key.as_slice()).collect();
    assert_eq!(numbers(&store, &clicks(), &asked), Some(vec![Some(7); 500]));
    let requests = store.requests();
    assert!(again(&requests, "unprocessed") > 10, "{requests:?}");
    // Counted where the service has it: each item was put once.
    let puts: u64 = behind.proxy.seen().puts.values().sum();
    assert_eq!(puts, 500);
}

#[test]
fn a_backfill_writes_each_key_once_and_a_vector_is_one_request() {
    let behind = Behind::new(|_| None);
    let store = behind.store();
    let keys: Vec<[u8; 8]> = (0..20_000_u64).map(u64::to_be_bytes).collect();
    let items: Vec<(&[u8], i64)> = keys.iter().map(|key| (key.as_slice(), 7)).collect();
    // One in a table of its own, others in the shared one.
    replace(&store, &clicks(), &state(1, 1), &items);
    for view in ["b", "c", "d"] {
        replace(&store, &name_of(view, 1), &state(1, 1), &items[..100]);
    }
    let seen = behind.proxy.seen();
    let puts: u64 = seen.puts.values().sum();
    assert_eq!(puts, 20_300, "{seen:?}");
    let writes = seen.requests["BatchWriteItem"];
    assert_eq!(writes, 20_300 / 25);
    let reader = DynamoStore::new(DynamoOptions {
        poll: Duration::from_secs(3600),
        ..behind.options.clone()
    });
    let reader = reader.unwrap();
    let wanted = ["clicks", "b", "c", "d"].map(|view| (name_of(view, 1), vec![5_u64.to_be_bytes().to_vec()]));
    let read = || {
        let before = behind.proxy.seen().requests;
        let read = reader.get(&wanted).unwrap();
        assert!(
            read.iter()
                .all(|read| **read.as_ref().unwrap().items[0].as_deref().unwrap() == item(7))
        );
        let after = behind.proxy.seen().requests;
        let sum = |requests: &std::collections::BTreeMap<String, u64>| requests.values().sum::<u64>();
        sum(&after) - sum(&before)
    };
    // What is live, and the generations, are looked at first.
    assert_eq!(read(), 3);
    for _ in 0..10 {
        assert_eq!(read(), 1, "four views of two tables");
    }
    let requests = reader.requests();
    assert_eq!(requests.sent["BatchGetItem"], 13);
    // Four items of less than 4 KiB, read as they are now, are four units.
    assert!(requests.read_half_units >= 11 * 8, "{requests:?}");
    assert_eq!(requests.write_half_units, 0);
}

#[track_caller]
fn refused(result: Result<u64, OnlineError>, kind: Kind, says: &str) {
    let error = result.expect_err("it has to be refused");
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(says), "{error}");
    assert!(kind != Kind::Invalid || error.hint().is_some());
}

#[test]
fn what_does_not_pass_is_told_at_once() {
    for (code, says) in [
        ("ExpiredTokenException", "ExpiredTokenException"),
        ("AccessDeniedException", "AccessDeniedException"),
        ("UnrecognizedClientException", "UnrecognizedClientException"),
    ] {
        let behind = Behind::new(move |_| Some(Fault::Refused(400, code)));
        let store = behind.store();
        let loaded = store.bulk_load(&clicks(), &state(1, 1), &mut std::iter::empty());
        refused(loaded, Kind::Invalid, says);
        assert!(store.live(&clicks()).is_err());
        assert_eq!(
            behind.proxy.seen().requests.values().sum::<u64>(),
            2,
            "nothing is tried twice"
        );
        assert!(store.requests().again.is_empty());
    }
}

#[test]
fn patience_ends() {
    let is_write = |asked: &Asked<'_>| asked.operation == "BatchWriteItem";
    let throttled = Fault::Refused(400, "ProvisionedThroughputExceededException");
    for (fault, why) in [
        (throttled, "ProvisionedThroughputExceededException"),
        (Fault::Refused(500, "InternalServerError"), "InternalServerError"),
        (Fault::Cut, "connection"),
        (Fault::Late(Duration::from_millis(700)), "timeout"),
    ] {
        let mut behind = Behind::new(move |asked| is_write(asked).then_some(fault));
        behind.options.patience = (Duration::from_millis(200), Duration::from_secs(2));
        behind.options.timeout = Duration::from_millis(500);
        let store = behind.store();
        let mut items = std::iter::once(Ok((b"a".to_vec(), item(1))));
        let loaded = store.bulk_load(&clicks(), &state(1, 1), &mut items);
        refused(loaded, Kind::Unavailable, "");
        let requests = store.requests();
        assert!(again(&requests, why) > 2, "{why}: {requests:?}");
        // What is live is as it was: nothing.
        assert!(store.live(&clicks()).unwrap().is_none());
    }
}

/// A load that is given up half-way is dropped with its table, also by somebody else.
#[test]
fn a_load_that_was_given_up_is_swept() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let broken = Arc::new(AtomicBool::new(true));
    let is_broken = Arc::clone(&broken);
    let mut behind = Behind::new(move |asked| {
        let fails = ["BatchWriteItem", "DeleteTable"].contains(&asked.operation) && asked.before > 3;
        (fails && is_broken.load(Ordering::Acquire)).then_some(Fault::Cut)
    });
    behind.options.patience = (Duration::from_millis(200), Duration::from_millis(500));
    behind.options.shared_items_max = 10;
    let prefix = behind.options.table_prefix.clone();
    let keys: Vec<[u8; 8]> = (0..1_000_u64).map(u64::to_be_bytes).collect();
    let items = || keys.iter().map(|key| Ok((key.to_vec(), item(1))));
    let store = behind.store();
    refused(
        store.bulk_load(&clicks(), &state(1, 1), &mut items()),
        Kind::Unavailable,
        "",
    );
    drop(store);
    broken.store(false, Ordering::Release);
    let other = behind.store();
    let grace = sandglass::time::Span::ZERO;
    let _ = other.sweep(&clicks(), grace, NOW).unwrap();
    assert!(super::local::records(&prefix).is_empty());
    assert!(super::local::tables(&prefix).iter().all(|table| !table.contains(".g")));
    let generation = load(&other, &clicks(), &state(1, 1), &[(b"a", 1)]);
    other.switch(&clicks(), generation, None, NOW).unwrap();
    assert_eq!(numbers(&other, &clicks(), &[b"a"]), Some(vec![Some(1)]));
}
