//! How fast a load by import is staged: items encoded, written as DynamoDB JSON, compressed and put into S3.
//! `cargo bench --bench staging -- [--items 2000000] [--rounds 5] [--python PATH]`; the table goes to stdout.
//!
//! Items have a key of eight bytes and are of 100 bytes with it. The server is moto, in a process of its own on the same cores, started by
//! this program with the Python that the tests install (`--python` names another that has moto). The time is that from the first item to the
//! service's first answer about the import; what the service does with it is not waited for. Beside it stand the same items, encoded
//! only.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails may panic")]
#![expect(clippy::disallowed_methods, reason = "a server says in no other way that it listens")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::config::Credentials;
use sandglass::aws::{Access, BucketAt};
use sandglass::definition::OnlineLoad;
use sandglass::folders;
use sandglass::online::{
    DynamoOptions, DynamoStore, GenerationState, Item, Load, LoadProgress, OnlineStore, StagingOptions, Value,
};
use sandglass::time::Timestamp;
use sandglass::workspace::Name;

/// Of the text in an item that is of 100 bytes with its key of eight.
const TEXT: usize = 41;

struct Moto {
    process: Child,
    endpoint: String,
}

impl Moto {
    fn start(python: &PathBuf) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/servers/moto_server.py");
        let process = Command::new(python)
            .args([script, "-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        write!(stream, "PUT /staged HTTP/1.0\r\nhost: s3\r\ncontent-length: 0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let endpoint = format!("http://127.0.0.1:{port}");
        Self { process, endpoint }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn item(number: u64) -> (Vec<u8>, Item) {
    let time = Timestamp::from_micros(1_700_000_000_000_000 + number as i64);
    // No two are alike, as no two keys' features are.
    let text: String = (0..TEXT as u64)
        .map(|place| {
            char::from(b'!' + (number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(place as u32) % 90) as u8)
        })
        .collect();
    let item = Item {
        timestamp: time,
        effective: time,
        expires: None,
        as_of: time,
        values: vec![Value::Utf8(text)],
    };
    (number.to_be_bytes().to_vec(), item)
}

fn main() {
    let (mut items, mut rounds) = (2_000_000_u64, 5);
    let mut python = folders::cache().join("python-moto-5.2.5/bin/python");
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--items" => items = arguments.next().unwrap().parse().unwrap(),
            "--rounds" => rounds = arguments.next().unwrap().parse().unwrap(),
            "--python" => python = arguments.next().unwrap().into(),
            "--bench" => {}
            other => panic!("{other}"),
        }
    }
    let (key, one) = item(7);
    // As it lies in the service's table: the key with its kind, and the item without the key.
    assert_eq!(key.len() + 1 + one.encode(&[]).len(), 100);
    let (mut staged, mut encoded) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let moto = Moto::start(&python);
        let options = DynamoOptions {
            endpoint: Some(moto.endpoint.clone()),
            access: Access {
                region: Some("us-east-1".to_owned()),
                credentials: Some(Credentials::new("test", "test", None, None, "bench")),
                ..Access::default()
            },
            staging: Some(StagingOptions {
                at: BucketAt {
                    region: None,
                    endpoint: Some(moto.endpoint.clone()),
                },
                ..StagingOptions::new("staged")
            }),
            // What comes after the staging ends with the server.
            patience: (Duration::ZERO, Duration::from_secs(5)),
            ..DynamoOptions::new("bench-")
        };
        let store = DynamoStore::new(options).unwrap();
        let name = Name::new(&"bench".parse().unwrap(), "v", 1);
        let state = GenerationState {
            through: Timestamp::from_micros(0),
            offline_version: 1,
            tiles_version: None,
            columns: vec![("text".to_owned(), "utf8".to_owned())],
            empty: Vec::new(),
            rules: String::new(),
        };
        let (moto, ended) = (Mutex::new(Some(moto)), Mutex::new(None));
        let tell = |step: &LoadProgress| {
            if !matches!(step, LoadProgress::Staging { .. }) {
                ended.lock().unwrap().get_or_insert_with(Instant::now);
                moto.lock().unwrap().take();
            }
        };
        let load = Load {
            way: OnlineLoad::Bulk,
            tell: &tell,
            ..Load::new(&name, &state)
        };
        let mut began = None;
        let mut made = (0..items).map(|number| {
            began.get_or_insert_with(Instant::now);
            Ok(item(number))
        });
        let _ = store.load(&load, &mut made);
        let ended = ended.into_inner().unwrap().expect("the import began");
        let seconds = ended.duration_since(began.unwrap()).as_secs_f64();
        staged.push(items as f64 / seconds);
        let began = Instant::now();
        let mut bytes = 0;
        for number in 0..items {
            let (_, item) = item(number);
            bytes += item.encode(&[]).len();
        }
        encoded.push(items as f64 / began.elapsed().as_secs_f64());
        eprintln!("round {round}: {:.0} items/s staged, {bytes} bytes", staged[round]);
    }
    let line = |what: &str, mut rates: Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        let (least, most) = (rates[0], rates[rates.len() - 1]);
        println!("| {what} | {:.0} | {least:.0} to {most:.0} |", rates[rates.len() / 2]);
    };
    println!("| {items} items of 100 bytes | items a second, median | of {rounds} rounds |");
    println!("| --- | --- | --- |");
    line("staged", staged);
    line("made and encoded only", encoded);
}
