//! DynamoDB Local, as these tests look at it past the store.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use tempfile::TempDir;

use crate::harness::runtime;
use crate::harness::servers::{dynamodb, unique};
use sandglass::aws::Access;
use sandglass::online::DynamoOptions;

pub const REGION: &str = "eu-central-1";

/// `[stores]` of a project with tables of its own; the secrets lie in files that nothing else has.
pub fn stores(prefix: &str, more: &str) -> String {
    stores_at(&dynamodb(), prefix, more)
}

/// The same, through another address.
pub fn stores_at(endpoint: &str, prefix: &str, more: &str) -> String {
    let secrets = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/servers/key");
    format!(
        "[stores.online]\nkind = \"dynamodb\"\nregion = \"{REGION}\"\nendpoint = \"{endpoint}\"\ntable_prefix = \"{prefix}\"\n{more}\n\
         [stores.online.credentials]\naccess_key_id = {{ file = \"{secrets}\" }}\nsecret_access_key = {{ file = \"{secrets}\" }}\n"
    )
}

/// What a store of a test is opened with; the folder is for its locks.
pub fn options(endpoint: &str) -> (DynamoOptions, TempDir) {
    let locks = tempfile::tempdir().unwrap();
    let options = DynamoOptions {
        endpoint: Some(endpoint.to_owned()),
        access: Access {
            region: Some(REGION.to_owned()),
            credentials: Some(credentials()),
            ..Access::default()
        },
        locks: locks.path().to_owned(),
        ..DynamoOptions::new(&format!("{}-", unique("test")))
    };
    (options, locks)
}

fn credentials() -> Credentials {
    Credentials::new("test", "test", None, None, "test")
}

pub fn client() -> Client {
    client_of(&dynamodb())
}

pub fn client_of(endpoint: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new(REGION))
        .credentials_provider(credentials());
    Client::from_conf(config.build())
}

pub type Item = std::collections::HashMap<String, AttributeValue>;

/// All items of a table.
pub fn items(table: &str) -> Vec<Item> {
    items_of(&client(), table)
}

pub fn items_of(client: &Client, table: &str) -> Vec<Item> {
    runtime().block_on(async {
        let pages = client
            .scan()
            .table_name(table)
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        pages.collect::<Result<Vec<_>, _>>().await.unwrap()
    })
}

/// The tables with a prefix.
pub fn tables(prefix: &str) -> BTreeSet<String> {
    tables_of(&client(), prefix)
}

pub fn tables_of(client: &Client, prefix: &str) -> BTreeSet<String> {
    runtime().block_on(async {
        let pages = client.list_tables().into_paginator().send();
        let pages = pages.collect::<Result<Vec<_>, _>>().await.unwrap();
        let names = pages.iter().flat_map(|page| page.table_names());
        names.filter(|name| name.starts_with(prefix)).cloned().collect()
    })
}

/// How many items there are of each generation, wherever they lie.
pub fn generations(prefix: &str) -> BTreeMap<u64, usize> {
    generations_of(&client(), prefix)
}

pub fn generations_of(client: &Client, prefix: &str) -> BTreeMap<u64, usize> {
    let mut found = BTreeMap::new();
    for table in tables_of(client, prefix) {
        if table.ends_with("sandglass.control") {
            continue;
        }
        for item in items_of(client, &table) {
            let own = table.rsplit(".g").next().and_then(|number| number.parse().ok());
            let shared = || {
                let partition = item["p"].as_b().unwrap().as_ref();
                u64::from_be_bytes(partition[..8].try_into().unwrap())
            };
            *found.entry(own.unwrap_or_else(shared)).or_default() += 1;
        }
    }
    found
}

/// The generations that there are records of.
pub fn records(prefix: &str) -> BTreeSet<u64> {
    records_of(&client(), prefix)
}

pub fn records_of(client: &Client, prefix: &str) -> BTreeSet<u64> {
    let items = items_of(client, &format!("{prefix}sandglass.control"));
    let generations = items
        .iter()
        .filter(|item| item["p"].as_s().unwrap().starts_with("view/"));
    let number = |item: &Item| item["s"].as_s().unwrap()[1..].parse().unwrap();
    generations.map(number).collect()
}
