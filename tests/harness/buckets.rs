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
    pub endpoint: String,
    store: object_store::aws::AmazonS3,
}

/// Where all of these servers are, as they are told.
pub const REGION: &str = "eu-central-1";
/// What requests are signed with.
pub const ACCESS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "testsecret")];

impl Bucket {
    /// At a server that asks nobody who they are.
    pub fn new(endpoint: &str) -> Self {
        let name = unique("bucket-");
        make(endpoint, &name);
        Self::of(endpoint, &name)
    }

    /// One that is there.
    pub fn of(endpoint: &str, name: &str) -> Self {
        let [(_, key), (_, secret)] = ACCESS;
        let store = AmazonS3Builder::new()
            .with_bucket_name(name)
            .with_region(REGION)
            .with_endpoint(endpoint)
            .with_allow_http(true)
            .with_access_key_id(key)
            .with_secret_access_key(secret)
            .build()
            .unwrap();
        Self {
            name: name.to_owned(),
            endpoint: endpoint.to_owned(),
            store,
        }
    }

    /// As definitions say where it is, with another server before its own.
    pub fn keys(&self, endpoint: &str) -> String {
        format!("region = \"{REGION}\"\nendpoint = \"{endpoint}\"\n")
    }

    pub fn put(&self, object: &str, bytes: Vec<u8>) {
        runtime()
            .block_on(self.store.put(&Path::parse(object).unwrap(), bytes.into()))
            .unwrap();
    }

    /// What a console puts for a folder: an empty object whose name ends in a slash, and whatever other names clients of objects do not take.
    pub fn put_empty(&self, name: &str) {
        put_nothing(&self.endpoint, &format!("/{}/{name}", self.name));
    }

    /// Puts the files of a folder below a name.
    pub fn upload(&self, folder: &std::path::Path, below: &str) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{below}/{}", path.file_name().unwrap().to_str().unwrap());
            match path.is_dir() {
                true => self.upload(&path, &name),
                false => self.put(&name, std::fs::read(&path).unwrap()),
            }
        }
    }

    /// Copies the objects below a name into a folder.
    pub fn download(&self, below: &str, folder: &std::path::Path) {
        runtime().block_on(async {
            let below = Path::parse(below).unwrap();
            let mut objects = self.store.list(Some(&below));
            while let Some(object) = objects.try_next().await.unwrap() {
                let parts: Vec<_> = object.location.prefix_match(&below).unwrap().collect();
                let path = parts
                    .iter()
                    .fold(folder.to_owned(), |path, part| path.join(part.as_ref()));
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                // One that is removed meanwhile is not copied.
                if let Ok(found) = self.store.get(&object.location).await {
                    std::fs::write(path, found.bytes().await.unwrap()).unwrap();
                }
            }
        });
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
    put_nothing(endpoint, &format!("/{name}"));
}

fn put_nothing(endpoint: &str, path: &str) {
    assert_eq!(status(endpoint, "PUT", path), "200");
}

/// What a server says to a request without a body.
pub fn status(endpoint: &str, method: &str, path: &str) -> String {
    let host = endpoint.trim_start_matches("http://");
    let mut server = TcpStream::connect(host).unwrap();
    let request = format!("{method} {path} HTTP/1.0\r\nhost: {host}\r\ncontent-length: 0\r\n\r\n");
    server.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    server.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}
