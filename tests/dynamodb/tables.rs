//! What tables are made like, and what lies in them, as the service has it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sandglass::definition::BillingMode;
use sandglass::online::{Change, DynamoOptions, DynamoStore, Item, OnlineStore, Value};
use sandglass::time::Timestamp;
use serde_json::{Value as JsonValue, json};

use super::local::{client, items, options};
use crate::harness::proxy::{Fault, Proxy};
use crate::harness::runtime;
use crate::harness::servers::dynamodb;
use crate::stores::kit::{NOW, change, clicks, item, live, load, name_of, numbers, replace, state};

#[test]
fn tables_are_made_as_the_definition_says() {
    let made: Arc<Mutex<Vec<JsonValue>>> = Arc::default();
    let seen = Arc::clone(&made);
    let proxy = Proxy::start(&dynamodb(), move |asked| {
        if asked.operation == "CreateTable" {
            seen.lock().unwrap().push(asked.body.clone());
        }
        None
    });
    let (options, _locks) = options(&proxy.endpoint());
    let provisioned = BillingMode::Provisioned {
        read_units: 7,
        write_units: 9,
    };
    for billing in [BillingMode::OnDemand, provisioned] {
        let mut options = options.clone();
        options.table_prefix = format!("{}{billing:?}-", options.table_prefix).replace([' ', '{', '}', ':', ','], "");
        options.billing_mode = billing;
        options.tags = [("team".to_owned(), "growth".to_owned())].into();
        options.kms_key_id = (billing == BillingMode::OnDemand).then(|| "alias/features".to_owned());
        options.shared_items_max = 1;
        let prefix = options.table_prefix.clone();
        let store = DynamoStore::new(options).unwrap();
        replace(&store, &clicks(), &state(1, 1), &[(b"a", 1), (b"b", 2)]);
        replace(&store, &name_of("small", 1), &state(1, 1), &[(b"a", 1)]);
        let generation = live(&store, &clicks()).unwrap().generation;
        let names = [
            "sandglass.control".to_owned(),
            "sandglass.items".to_owned(),
            format!("sandglass.shop.clicks.v1.g{generation}"),
        ];
        for name in names {
            let table = format!("{prefix}{name}");
            runtime().block_on(async {
                let described = client().describe_table().table_name(&table).send().await.unwrap();
                let described = described.table.unwrap();
                let throughput = described.provisioned_throughput.unwrap();
                let units = (
                    throughput.read_capacity_units.unwrap(),
                    throughput.write_capacity_units.unwrap(),
                );
                let expected = if billing == BillingMode::OnDemand {
                    (0, 0)
                } else {
                    (7, 9)
                };
                assert_eq!(units, expected, "{table}");
                let lives = client()
                    .describe_time_to_live()
                    .table_name(&table)
                    .send()
                    .await
                    .unwrap();
                let lives = lives.time_to_live_description.unwrap();
                assert_eq!(lives.attribute_name.as_deref(), Some("x"), "{table}");
            });
            // DynamoDB Local takes both and has neither.
            let made = made.lock().unwrap();
            let asked: Vec<&JsonValue> = made.iter().filter(|asked| asked["TableName"] == table).collect();
            assert!(!asked.is_empty(), "{table} of {made:?}");
            let encryption = match billing {
                BillingMode::OnDemand => {
                    json!({ "Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": "alias/features" })
                }
                BillingMode::Provisioned { .. } => JsonValue::Null,
            };
            // A server with much to do may be asked again.
            for asked in asked {
                assert_eq!(asked["Tags"], json!([{ "Key": "team", "Value": "growth" }]));
                assert_eq!(asked["SSESpecification"], encryption);
            }
        }
    }
}

/// When an item may be deleted is said in seconds, rounded up, and unsaid when it stays.
#[test]
fn times_to_live_come_and_go() {
    let (options, _locks) = options(&dynamodb());
    let table = format!("{}sandglass.items", options.table_prefix);
    let store = DynamoStore::new(options).unwrap();
    let year_3000 = 32_503_680_000_i64;
    let expiring = |expires: Option<i64>| Item {
        expires: expires.map(Timestamp::from_micros),
        ..item(1)
    };
    let of = |key: &[u8], expires| (key.to_vec(), expiring(expires));
    let loaded = [
        of(b"later", Some(year_3000 * 1_000_000 + 1)),
        of(b"over", Some(1_000_000)),
        of(b"stays", None),
    ];
    let generation = store
        .bulk_load(&clicks(), &state(1, 1), &mut loaded.into_iter().map(Ok))
        .unwrap();
    let record = store.switch(&clicks(), generation, None, NOW).unwrap();
    let times = || {
        let mut times: Vec<(String, Option<String>)> = items(&table)
            .iter()
            .map(|item| {
                let key = String::from_utf8(item["s"].as_b().unwrap().as_ref()[1..].to_vec()).unwrap();
                (key, item.get("x").map(|x| x.as_n().unwrap().clone()))
            })
            .collect();
        times.sort();
        times
    };
    let later = Some((year_3000 + 1).to_string());
    let named = |key: &str, time: &Option<String>| (key.to_owned(), time.clone());
    // What is over by now stays until it is deleted by name: readers look at the time, and the service deletes nothing older than years.
    assert_eq!(
        times(),
        [named("later", &later), named("over", &None), named("stays", &None)]
    );
    let mut changed = change(&[], 1, state(2, 2));
    changed.puts = vec![of(b"later", None), of(b"stays", Some(year_3000 * 1_000_000))];
    store.write(&clicks(), &record, &changed).unwrap();
    let year = Some((year_3000 + 1).to_string());
    assert_eq!(
        times(),
        [named("later", &None), named("over", &None), named("stays", &year)]
    );
}

#[test]
fn reads_are_as_consistent_as_they_should_be() {
    let (options, _locks) = options(&dynamodb());
    let store = DynamoStore::new(options.clone()).unwrap();
    let long = Item {
        values: vec![Value::Binary(vec![7; 6_000])],
        ..item(1)
    };
    let mut loaded = [(b"a".to_vec(), item(1)), (b"b".to_vec(), long)].into_iter().map(Ok);
    let generation = store.bulk_load(&clicks(), &state(1, 1), &mut loaded).unwrap();
    store.switch(&clicks(), generation, None, NOW).unwrap();
    let wanted = [(clicks(), vec![b"a".to_vec(), b"b".to_vec()])];
    // A unit for each 4 KiB of an item.
    for (consistent_reads, halves) in [(true, 2 * (1 + 2)), (false, 1 + 2)] {
        let proxy = Proxy::start(&dynamodb(), move |asked| {
            let tables = asked.body["RequestItems"].as_object().into_iter().flatten();
            for (table, keys) in tables {
                let is_consistent = consistent_reads || table.ends_with("sandglass.control");
                // What is live is always looked at as it is.
                if keys["ConsistentRead"].as_bool().unwrap_or(false) != is_consistent {
                    return Some(Fault::Refused(400, "ValidationException"));
                }
            }
            None
        });
        let reader = DynamoStore::new(DynamoOptions {
            endpoint: Some(proxy.endpoint()),
            consistent_reads,
            poll: Duration::from_secs(3_600),
            ..options.clone()
        });
        let reader = reader.unwrap();
        reader.get(&wanted).unwrap();
        let before = reader.requests().read_half_units;
        reader.get(&wanted).unwrap();
        assert_eq!(reader.requests().read_half_units - before, halves);
    }
}

/// What a long item goes on in goes with its key.
#[test]
fn pieces_of_a_deleted_key_go_with_it() {
    let (options, _locks) = options(&dynamodb());
    let table = format!("{}sandglass.items", options.table_prefix);
    let store = DynamoStore::new(options).unwrap();
    let long = Item {
        values: vec![Value::Binary(vec![7; 400_000])],
        ..item(1)
    };
    let mut loaded = [(b"a".to_vec(), item(1)), (b"b".to_vec(), long)].into_iter().map(Ok);
    let generation = store.bulk_load(&clicks(), &state(1, 1), &mut loaded).unwrap();
    let record = store.switch(&clicks(), generation, None, NOW).unwrap();
    let pieces = || {
        let items = items(&table);
        items
            .iter()
            .filter(|item| item["s"].as_b().unwrap().as_ref()[0] == 2)
            .count()
    };
    assert_eq!(pieces(), 1);
    let deleted = Change {
        deletes: vec![b"b".to_vec()],
        ..change(&[], 0, state(2, 2))
    };
    store.write(&clicks(), &record, &deleted).unwrap();
    assert_eq!(pieces(), 0);
    assert_eq!(numbers(&store, &clicks(), &[b"a", b"b"]), Some(vec![Some(1), None]));
}

/// What a server believes is as old as it may be, and not older.
#[test]
fn a_reader_that_polls_sees_a_switch_in_time() {
    let (options, _locks) = options(&dynamodb());
    let writer = DynamoStore::new(options.clone()).unwrap();
    let poll = Duration::from_millis(300);
    let reader = DynamoStore::new(DynamoOptions { poll, ..options }).unwrap();
    let keys = vec![b"a".to_vec()];
    let read = || {
        let read = reader.get(&[(clicks(), keys.clone())]).unwrap().remove(0);
        read.map(|read| (read.live.generation, read.items[0].as_deref().cloned()))
    };
    assert_eq!(read(), None);
    for number in 1..=3 {
        let generation = load(&writer, &clicks(), &state(number, 1), &[(b"a", number)]);
        writer
            .switch(&clicks(), generation, live(&writer, &clicks()).as_ref(), NOW)
            .unwrap();
        let switched = std::time::Instant::now();
        loop {
            let asked = switched.elapsed();
            // Never one's record with another's item.
            match read() {
                Some((found, found_item)) if found == generation => {
                    assert_eq!(found_item, Some(item(number).into()));
                    break;
                }
                Some((_, found_item)) => assert_eq!(found_item, Some(item(number - 1).into())),
                None => assert_eq!(number, 1),
            }
            assert!(asked <= poll, "{asked:?} after the switch");
        }
    }
    assert_eq!(numbers(&writer, &clicks(), &[b"a"]), Some(vec![Some(3)]));
}
