//! Buckets of S3 servers, as tests look at them past the program.

use std::io::{Read, Write};
use std::net::TcpStream;

use futures::TryStreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::runtime;
use super::servers::unique;

/// A bucket of its own at a server.
pub struct Bucket {
    pub name: String,
    store: object_store::aws::AmazonS3,
}

impl Bucket {
    pub fn new(endpoint: &str) -> Self {
        let name = unique("bucket-");
        make(endpoint, &name);
        let store = AmazonS3Builder::new()
            .with_bucket_name(&name)
            .with_region("eu-central-1")
            .with_endpoint(endpoint)
            .with_allow_http(true)
            .with_access_key_id("test")
            .with_secret_access_key("test")
            .build()
            .unwrap();
        Self { name, store }
    }

    /// The names of all objects.
    pub fn objects(&self) -> Vec<String> {
        runtime().block_on(async {
            let objects = self.store.list(None).map_ok(|object| object.location.to_string());
            let mut objects: Vec<String> = objects.try_collect().await.unwrap();
            objects.sort();
            objects
        })
    }

    pub fn get(&self, object: &str) -> Vec<u8> {
        runtime().block_on(async {
            let got = self.store.get(&Path::from(object)).await.unwrap();
            got.bytes().await.unwrap().to_vec()
        })
    }
}

/// A client of objects cannot make buckets, and this server asks nobody who they are.
fn make(endpoint: &str, name: &str) {
    let host = endpoint.trim_start_matches("http://");
    let mut server = TcpStream::connect(host).unwrap();
    let request = format!("PUT /{name} HTTP/1.0\r\nhost: {host}\r\ncontent-length: 0\r\n\r\n");
    server.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    server.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
