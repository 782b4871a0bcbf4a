//! Loads by import, on moto, which has ImportTable and S3; what a service does that takes its time, or fails, a proxy does.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use flate2::read::GzDecoder;
use sandglass::aws::BucketAt;
use sandglass::definition::OnlineLoad;
use sandglass::error::{Classified, Kind};
use sandglass::online::{
    DynamoOptions, DynamoStore, GenerationState, Item, Load, LoadProgress, OnlineError, OnlineStore, StagingOptions,
    Value,
};
use sandglass::time::{Span, Timestamp};
use serde_json::{Value as JsonValue, json};

use super::local::{client_of, generations_of, items_of, options, records_of, tables_of};
use crate::harness::buckets::Bucket;
use crate::harness::proxy::{Asked, Fault, Proxy};
use crate::harness::runtime;
use crate::harness::servers::moto;
use crate::stores::kit::{LATE, NOW, clicks, item, live, numbers, state};
use crate::stores::{Fixture, ends, handles, items, loads, reads, switches, writes};

mod processes;

/// Stores that import, with a bucket of their own.
struct Imports {
    options: DynamoOptions,
    bucket: Arc<Bucket>,
    _locks: tempfile::TempDir,
}

impl Imports {
    /// Whose requests to DynamoDB and to S3 go to these addresses.
    fn at(dynamodb: &str, s3: &str) -> Self {
        let bucket = Bucket::new(&moto());
        let (mut options, locks) = options(dynamodb);
        options.shared_items_max = 0;
        options.staging = Some(StagingOptions {
            at: BucketAt {
                region: None,
                endpoint: Some(s3.to_owned()),
            },
            prefix: "staging/features".to_owned(),
            object_bytes: 20_000,
            ..StagingOptions::new(&bucket.name)
        });
        Self {
            options,
            bucket: Arc::new(bucket),
            _locks: locks,
        }
    }

    fn new() -> Self {
        Self::at(&moto(), &moto())
    }

    fn store(&self) -> DynamoStore {
        DynamoStore::new(self.options.clone()).unwrap()
    }

    fn prefix(&self) -> &str {
        &self.options.table_prefix
    }

    /// What there is of generations, in tables, records and objects.
    fn left(&self) -> (BTreeSet<u64>, BTreeMap<u64, usize>, Vec<String>) {
        let client = client_of(&moto());
        (
            records_of(&client, self.prefix()),
            generations_of(&client, self.prefix()),
            self.bucket.objects(),
        )
    }
}

impl Fixture for Imports {
    fn another(&self) -> Box<dyn Fixture> {
        Box::new(Self::new())
    }

    fn open(&self) -> Arc<dyn OnlineStore> {
        Arc::new(self.store())
    }

    fn writes_are_whole(&self) -> bool {
        false
    }
}

fn keys(count: u64) -> Vec<[u8; 8]> {
    (0..count).map(u64::to_be_bytes).collect()
}

/// Loads items of these keys, each with its place as its number.
fn load(store: &dyn OnlineStore, state: &GenerationState, count: u64) -> Result<u64, OnlineError> {
    let mut items = (0..count).map(|number| Ok((number.to_be_bytes().to_vec(), item(number as i64))));
    store.bulk_load(&clicks(), state, &mut items)
}

fn read(store: &dyn OnlineStore, count: u64) -> Option<Vec<Option<i64>>> {
    let keys = keys(count);
    let keys: Vec<&[u8]> = keys.iter().map(|key| key.as_slice()).collect();
    numbers(store, &clicks(), &keys)
}

fn all(count: u64) -> Option<Vec<Option<i64>>> {
    Some((0..count as i64).map(Some).collect())
}

/// The promises of every store, where each load is an import.
#[test]
fn a_load_by_import_is_a_load() {
    let _timed = crate::harness::Timed::new("dynamodb::a_load_by_import_is_a_load");
    let cases: [fn(&dyn Fixture); 15] = [
        loads::what_is_loaded_is_read_after_the_switch_and_not_before,
        loads::generations_have_numbers_of_their_own,
        loads::a_load_that_fails_leaves_what_is_live,
        loads::a_load_of_nothing_is_a_generation,
        switches::of_two_who_switch_one_is_told,
        switches::what_was_written_since_is_not_hidden,
        switches::the_same_generation_twice,
        switches::versions_take_turns,
        writes::puts_and_deletes_are_read_together_with_their_state,
        ends::a_view_that_is_taken_down_is_gone,
        ends::a_sweep_leaves_what_is_built_and_takes_what_nobody_builds,
        handles::a_reader_sees_what_another_handle_did,
        items::items_of_a_mebibyte,
        reads::keys_of_several_views_are_read_by_one_call,
        reads::views_versions_and_workspaces_do_not_mix,
    ];
    for case in cases {
        let imports = Imports::new();
        case(&imports);
        assert_eq!(imports.bucket.objects(), [""; 0], "nothing stays staged");
    }
}

#[test]
fn what_is_staged_is_imported_and_goes() {
    let _timed = crate::harness::Timed::new("dynamodb::what_is_staged_is_imported_and_goes");
    let sources: Arc<Mutex<Vec<u8>>> = Arc::default();
    let asked_for: Arc<Mutex<Vec<JsonValue>>> = Arc::default();
    let imports = {
        let bucket: Arc<Mutex<Option<Arc<Bucket>>>> = Arc::default();
        let (theirs, sources, asked_for) = (Arc::clone(&bucket), Arc::clone(&sources), Arc::clone(&asked_for));
        let proxy = Box::leak(Box::new(Proxy::start(&moto(), move |asked| {
            if asked.operation == "ImportTable" {
                let bucket = theirs.lock().unwrap().clone().unwrap();
                let prefix = asked.body["S3BucketSource"]["S3KeyPrefix"].as_str().unwrap();
                let objects = bucket.objects();
                let data: Vec<&String> = objects.iter().filter(|object| object.starts_with(prefix)).collect();
                assert!(data.len() > 5, "{objects:?}");
                for object in data {
                    let compressed = bucket.get(object);
                    GzDecoder::new(compressed.as_slice())
                        .read_to_end(&mut sources.lock().unwrap())
                        .unwrap();
                }
            }
            if ["ImportTable", "UpdateTable", "TagResource", "UpdateTimeToLive"].contains(&asked.operation) {
                let mut body = asked.body.clone();
                body["asked"] = json!(asked.operation);
                asked_for.lock().unwrap().push(body);
            }
            // It takes its time, and more than anybody looks at once.
            let waits = asked.operation == "DescribeImport" && asked.before < 4;
            waits.then_some(Fault::Told(|answer| {
                let told = &mut answer["ImportTableDescription"];
                told["ImportStatus"] = json!("IN_PROGRESS");
                told["ProcessedItemCount"] = json!(7);
            }))
        })));
        let mut imports = Imports::at(&proxy.endpoint(), &moto());
        imports.options.tags = [("team".to_owned(), "growth".to_owned())].into();
        imports.options.warm = (Some(20_000), Some(5_000));
        *bucket.lock().unwrap() = Some(Arc::clone(&imports.bucket));
        imports
    };
    let store = imports.store();
    let told: Mutex<Vec<LoadProgress>> = Mutex::default();
    let tell = |step: &LoadProgress| told.lock().unwrap().push(step.clone());
    let state = state(1, 1);
    let name = clicks();
    let load = Load {
        tell: &tell,
        ..Load::new(&name, &state)
    };
    let year_3000 = Timestamp::from_micros(32_503_680_000_000_001);
    let items = || {
        (0..1_000_u64).map(move |number| {
            let item = Item {
                expires: (number == 3).then_some(year_3000),
                ..item(number as i64)
            };
            Ok((number.to_be_bytes().to_vec(), item))
        })
    };
    let generation = store.load(&load, &mut items()).unwrap();
    assert_eq!(imports.bucket.objects(), [""; 0]);
    store.switch(&clicks(), generation, None, NOW).unwrap();
    assert_eq!(read(&store, 1_001), Some((0..1_000).map(Some).chain([None]).collect()));
    // No item was written by us, and the import's are as a load item by item writes them.
    let requests = store.requests();
    assert_eq!(requests.sent["ImportTable"], 1);
    assert_eq!(requests.sent["DescribeImport"], 5);
    let mut lines: Vec<JsonValue> = (sources.lock().unwrap().split(|byte| *byte == b'\n'))
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    lines.sort_by_key(|line| line["Item"]["k"]["B"].as_str().unwrap().len());
    assert_eq!(lines.len(), 1_000);
    let client = client_of(&moto());
    let table = format!("{}sandglass.shop.clicks.v1.g{generation}", imports.prefix());
    let found = items_of(&client, &table);
    assert_eq!(found.len(), 1_000);
    let expiring = found.iter().filter(|item| item.contains_key("x"));
    let expiring: Vec<_> = expiring.map(|item| item["x"].as_n().unwrap().as_str()).collect();
    assert_eq!(expiring, ["32503680001"]);
    let by_row = {
        let mut rows = imports.options.clone();
        rows.table_prefix = format!("rows{}", rows.table_prefix);
        let store = DynamoStore::new(rows.clone()).unwrap();
        let load = Load {
            way: OnlineLoad::Rows,
            ..Load::new(&name, &state)
        };
        let generation = store.load(&load, &mut items()).unwrap();
        assert_eq!(store.requests().sent.get("ImportTable"), None);
        items_of(
            &client,
            &format!("{}sandglass.shop.clicks.v1.g{generation}", rows.table_prefix),
        )
    };
    let by_key = |items: Vec<super::local::Item>| -> BTreeMap<Vec<u8>, super::local::Item> {
        let keyed = items
            .into_iter()
            .map(|item| (item["k"].as_b().unwrap().clone().into_inner(), item));
        keyed.collect()
    };
    assert_eq!(by_key(found), by_key(by_row));
    // What an import does not give, the table has.
    let asked_for = asked_for.lock().unwrap();
    let asked = |operation: &str| {
        let mut asked = asked_for.iter().filter(|body| body["asked"] == operation);
        asked.find(|body| {
            operation == "TagResource" || body["TableName"].as_str() == Some(&table) || operation == "ImportTable"
        })
    };
    let import = asked("ImportTable").unwrap();
    assert_eq!(import["InputFormat"], "DYNAMODB_JSON");
    assert_eq!(import["InputCompressionType"], "GZIP");
    assert_eq!(import["TableCreationParameters"]["BillingMode"], "PAY_PER_REQUEST");
    assert!(!import["ClientToken"].as_str().unwrap().is_empty());
    assert_eq!(
        asked("TagResource").unwrap()["Tags"],
        json!([{ "Key": "team", "Value": "growth" }])
    );
    let warm = &asked("UpdateTable").unwrap()["WarmThroughput"];
    assert_eq!(
        *warm,
        json!({ "ReadUnitsPerSecond": 20_000, "WriteUnitsPerSecond": 5_000 })
    );
    let lives = &asked("UpdateTimeToLive").unwrap()["TimeToLiveSpecification"];
    assert_eq!(*lives, json!({ "AttributeName": "x", "Enabled": true }));
    // And whoever waited was told.
    let told = told.lock().unwrap();
    assert!(
        told.contains(&LoadProgress::Importing { items: 7, of: 1_000 }),
        "{told:?}"
    );
    assert_eq!(told.last(), Some(&LoadProgress::Verifying));
}

/// What is cheaper is done: few keys as writes, many as an import.
#[test]
fn what_is_cheaper() {
    let imports = Imports::new();
    let store = imports.store();
    let name = clicks();
    let generation = load(&store, &state(1, 1), 500).unwrap();
    let record = store.switch(&name, generation, None, NOW).unwrap();
    // An item of some 180 bytes takes a write unit, or some 300 bytes of source: 0.15 $/GiB against 0.625 $ a million.
    let price = store.load_price(&name, &record).unwrap().unwrap();
    assert!((0.03..0.2).contains(&price), "{price}");
    // Without a place to stage, a new generation costs what its writes cost.
    let mut rows = imports.options.clone();
    rows.staging = None;
    let store = DynamoStore::new(rows).unwrap();
    assert_eq!(store.load_price(&name, &record).unwrap(), Some(1.0));
    let shared = DynamoOptions {
        shared_items_max: 1_000,
        ..imports.options.clone()
    };
    assert_eq!(
        DynamoStore::new(shared).unwrap().load_price(&name, &record).unwrap(),
        Some(2.0)
    );
}

fn failed(imports: &Imports, count: u64) -> OnlineError {
    let store = imports.store();
    let error = load(&store, &state(2, 2), count).expect_err("it fails");
    assert_eq!(live(&store, &clicks()), None);
    error
}

/// Nothing is left of a load that fails for good.
fn nothing_is_left(imports: &Imports) {
    assert_eq!(imports.left(), (BTreeSet::new(), BTreeMap::new(), vec![]));
    assert_eq!(
        tables_of(&client_of(&moto()), imports.prefix()),
        [format!("{}sandglass.control", imports.prefix())].into()
    );
}

#[test]
fn an_import_that_fails_is_told_and_leaves_nothing() {
    let proxy = Proxy::start(&moto(), |asked| {
        (asked.operation == "DescribeImport").then_some(Fault::Told(|answer| {
            let told = &mut answer["ImportTableDescription"];
            told["ImportStatus"] = json!("FAILED");
            told["FailureCode"] = json!("S3AccessDenied");
            told["FailureMessage"] = json!("the bucket says no");
            told["ImportedItemCount"] = json!(40);
        }))
    });
    let imports = Imports::at(&proxy.endpoint(), &moto());
    let error = failed(&imports, 40);
    assert_eq!(error.kind(), Kind::Invalid);
    let message = error.to_string();
    assert!(
        message.contains("is FAILED: S3AccessDenied: the bucket says no"),
        "{message}"
    );
    nothing_is_left(&imports);
    // There is no such bucket, and whoever corrects that finds nothing in the way.
    let mut imports = Imports::new();
    imports.options.staging.as_mut().unwrap().bucket = "nobodys-bucket".to_owned();
    let error = failed(&imports, 40);
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.to_string().contains("NoSuchBucket"), "{error}");
    nothing_is_left(&imports);
}

/// A rule that asks for a change of the table when an import is first looked at.
fn meddling(meddle: impl Fn(&str) + Send + Sync + 'static, told: fn(&mut JsonValue)) -> Proxy {
    let table = Mutex::new(String::new());
    Proxy::start(&moto(), move |asked: &Asked<'_>| {
        if asked.operation == "ImportTable" {
            let name = asked.body["TableCreationParameters"]["TableName"].as_str().unwrap();
            *table.lock().unwrap() = name.to_owned();
        }
        if asked.operation != "DescribeImport" {
            return None;
        }
        if asked.before == 0 {
            meddle(&table.lock().unwrap());
        }
        Some(Fault::Told(told))
    })
}

fn stored(number: u64) -> AttributeValue {
    let key = [&[0][..], &number.to_be_bytes()].concat();
    AttributeValue::B(Blob::new(key))
}

#[test]
fn items_that_are_not_imported_are_listed() {
    let delete = |table: &str| {
        for number in [3, 11] {
            let delete = client_of(&moto())
                .delete_item()
                .table_name(table)
                .key("k", stored(number))
                .send();
            runtime().block_on(delete).unwrap();
        }
    };
    let proxy = meddling(delete, |answer| {
        let told = &mut answer["ImportTableDescription"];
        told["ErrorCount"] = json!(2);
        told["ImportedItemCount"] = json!(238);
        told["CloudWatchLogGroupArn"] = json!("arn:aws:logs:eu-central-1:1:log-group:/aws-dynamodb/imports");
    });
    let imports = Imports::at(&proxy.endpoint(), &moto());
    let message = failed(&imports, 240).to_string();
    for says in [
        "is COMPLETED; of 240 items 238 were imported, with 2 errors",
        "log-group:/aws-dynamodb/imports",
        "0000000000000003",
        "000000000000000b",
    ] {
        assert!(message.contains(says), "{message}");
    }
    nothing_is_left(&imports);
}

#[test]
fn what_was_imported_is_compared() {
    let change = |table: &str| {
        let put = client_of(&moto())
            .put_item()
            .table_name(table)
            .item("k", stored(5))
            .item("b", AttributeValue::B(Blob::new([1])))
            .item("d", AttributeValue::Bool(true))
            .send();
        runtime().block_on(put).unwrap();
    };
    let proxy = meddling(change, |_| ());
    let imports = Imports::at(&proxy.endpoint(), &moto());
    let message = failed(&imports, 40).to_string();
    assert!(
        message.contains("of a random sample these keys do not have their items: 0000000000000005"),
        "{message}"
    );
    nothing_is_left(&imports);
}

#[test]
fn keys_come_in_order_or_item_by_item() {
    let imports = Imports::new();
    let store = imports.store();
    let (name, state) = (clicks(), state(1, 1));
    let unordered = || [1_u64, 2, 2, 1].map(|number| Ok((number.to_be_bytes().to_vec(), item(number as i64))));
    let error = store
        .bulk_load(&name, &state, &mut unordered().into_iter())
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.to_string().contains("ascending order"), "{error}");
    nothing_is_left(&imports);
    let rows = Load {
        way: OnlineLoad::Rows,
        ..Load::new(&name, &state)
    };
    let generation = store.load(&rows, &mut unordered().into_iter()).unwrap();
    let record = store.switch(&name, generation, None, NOW).unwrap();
    assert_eq!(record.items, 2);
}

/// What goes wrong with S3 and passes is tried again, and counted; what does not pass is told.
#[test]
fn s3_fails_and_recovers() {
    let proxy = Proxy::start(&moto(), |asked| match (asked.operation, asked.before % 5) {
        ("PutObject", 0) => Some(Fault::Refused(503, "SlowDown")),
        ("PutObject", 1) => Some(Fault::Unanswered),
        ("PutObject", 2) => Some(Fault::Cut),
        ("GetObject" | "ListObjectsV2" | "DeleteObjects", 0) => Some(Fault::Refused(500, "InternalError")),
        _ => None,
    });
    let imports = Imports::at(&moto(), &proxy.endpoint());
    let store = imports.store();
    let generation = load(&store, &state(1, 1), 500).unwrap();
    store.switch(&clicks(), generation, None, NOW).unwrap();
    assert_eq!(read(&store, 500), all(500));
    assert_eq!(imports.bucket.objects(), [""; 0]);
    let requests = store.requests();
    let faults: u64 = proxy.seen().faults.values().sum();
    let again: u64 = requests.again.values().sum();
    assert!(faults >= 5 && again >= faults, "{faults}, {requests:?}");
    assert_eq!(requests.sent["PutObject"], proxy.seen().requests["PutObject"]);
    // Who asks is not known any more.
    let proxy = Proxy::start(&moto(), |asked| {
        (asked.operation == "PutObject").then_some(Fault::Refused(400, "ExpiredToken"))
    });
    let error = failed(&Imports::at(&moto(), &proxy.endpoint()), 40);
    assert!(matches!(error, OnlineError::Denied { .. }), "{error}");
    // Nobody is there, for longer than is waited.
    let mut imports = Imports::at(&moto(), "http://127.0.0.1:9");
    imports.options.patience.1 = Duration::from_millis(200);
    let error = failed(&imports, 40);
    assert!(matches!(error, OnlineError::Unavailable { .. }), "{error}");
}

#[test]
fn the_service_has_much_to_do() {
    let proxy = Proxy::start(&moto(), |asked| match (asked.operation, asked.before) {
        ("ImportTable", 0) => Some(Fault::Refused(400, "LimitExceededException")),
        ("ImportTable", 1) => Some(Fault::Cut),
        // Asked for, and the answer is lost: it is asked for once more, and the table is there.
        ("ImportTable", 2) => Some(Fault::Unanswered),
        ("DescribeImport", 0) => Some(Fault::Refused(400, "ThrottlingException")),
        ("DescribeImport", 1) => Some(Fault::Refused(500, "InternalServerError")),
        _ => None,
    });
    let imports = Imports::at(&proxy.endpoint(), &moto());
    let store = imports.store();
    // Asked for once more, Amazon's service knows the import by its token. moto does not, and says that the table is there, as Amazon's does when
    // the import has ended meanwhile: then it is given up, which a pass answers with another one.
    let lost = load(&store, &state(1, 1), 300).unwrap_err();
    assert_eq!(lost.kind(), Kind::Conflict, "{lost}");
    nothing_is_left(&imports);
    let generation = load(&store, &state(1, 1), 300).unwrap();
    store.switch(&clicks(), generation, None, NOW).unwrap();
    assert_eq!(read(&store, 300), all(300));
    let (records, generations, objects) = imports.left();
    assert_eq!(records, [generation].into());
    assert_eq!(generations, [(generation, 300)].into());
    assert_eq!(objects, [""; 0]);
    let again = store.requests().again;
    for why in [
        "LimitExceededException",
        "connection",
        "ThrottlingException",
        "InternalServerError",
    ] {
        assert!(again.contains_key(why), "{why}: {again:?}");
    }
}

/// The service does not let go of a table that it is importing: it goes when it does.
#[test]
fn an_import_that_nobody_wants_any_more_goes_when_it_ends() {
    let is_importing = Arc::new(AtomicBool::new(true));
    let importing = Arc::clone(&is_importing);
    let proxy = Proxy::start(&moto(), move |asked| match asked.operation {
        "DescribeImport" if importing.load(Ordering::Acquire) => Some(match asked.before {
            // The process that waits ends.
            0 => Fault::Refused(400, "AccessDeniedException"),
            _ => Fault::Told(|answer| answer["ImportTableDescription"]["ImportStatus"] = json!("IN_PROGRESS")),
        }),
        "DeleteTable" if importing.load(Ordering::Acquire) => Some(Fault::Refused(400, "ResourceInUseException")),
        _ => None,
    });
    let imports = Imports::at(&proxy.endpoint(), &moto());
    let error = failed(&imports, 40);
    assert!(matches!(error, OnlineError::Denied { .. }), "{error}");
    let store = imports.store();
    assert_eq!(store.sweep(&clicks(), Span::ZERO, LATE).unwrap(), 0);
    assert_eq!(imports.left().0.len(), 1, "its record");
    is_importing.store(false, Ordering::Release);
    assert_eq!(store.sweep(&clicks(), Span::ZERO, LATE).unwrap(), 1);
    nothing_is_left(&imports);
}

/// A long item goes in pieces, through an import too.
#[test]
fn long_items_are_imported_in_pieces() {
    let imports = Imports::new();
    let store = imports.store();
    let long = |bytes: usize| Item {
        values: vec![Value::Int64(9), Value::Utf8("y".repeat(bytes))],
        ..item(9)
    };
    let sizes = [10, 389_000, 391_000, 1_200_000];
    let mut items = sizes
        .iter()
        .zip(0_u64..)
        .map(|(bytes, key)| Ok((key.to_be_bytes().to_vec(), long(*bytes))));
    let generation = store.bulk_load(&clicks(), &state(1, 1), &mut items).unwrap();
    let record = store.switch(&clicks(), generation, None, NOW).unwrap();
    assert_eq!(record.items, 4);
    let found: Vec<Item> = store
        .scan(&clicks())
        .unwrap()
        .into_iter()
        .map(|(_, item)| item)
        .collect();
    assert_eq!(found, sizes.map(long));
}
