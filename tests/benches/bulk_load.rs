//! What a bulk load costs, and what it does to who reads meanwhile. `cargo bench --bench bulk_load -- [--keys 10000000] [--rounds 5]
//! [--shuffled] [--pace-us 200] [--folder PATH]`; the table goes to stdout.
//!
//! A generation of int64 keys with eight float64 values each is built beside a live one of the same size, in this process. Another
//! process reads single keys of the live one, chosen at random, with 200 µs between two of them or `--pace-us`: first while nothing else happens, then during the
//! load. What it reads is in the page cache, and the store's memory of items is off. Both generations take about 150 bytes a key.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails may panic")]
#![expect(unreachable_pub, reason = "its modules are those of a test")]

#[path = "../harness/random.rs"]
mod random;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use random::Random;
use sandglass::key::KeyValue;
use sandglass::online::{EmbeddedStore, GenerationState, Item, LiveRecord, OnlineStore, Value};
use sandglass::time::{Span, Timestamp};
use sandglass::workspace::Name;

const MAP_BYTES: u64 = 64 << 30;
const VALUES: usize = 8;
/// How long nothing else happens.
const IDLE: Duration = Duration::from_secs(8);
/// How often memory is looked at.
const SAMPLE: Duration = Duration::from_millis(5);

struct Asked {
    keys: i64,
    rounds: usize,
    shuffled: bool,
    /// How long the other process waits between two reads.
    pace_us: u64,
    folder: Option<PathBuf>,
    /// Where to read, for the other process.
    reader: bool,
}

impl Asked {
    fn of(mut arguments: impl Iterator<Item = String>) -> Self {
        let mut asked = Self {
            keys: 10_000_000,
            rounds: 5,
            shuffled: false,
            pace_us: 200,
            folder: None,
            reader: false,
        };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--keys" => asked.keys = arguments.next().unwrap().parse().unwrap(),
                "--rounds" => asked.rounds = arguments.next().unwrap().parse().unwrap(),
                "--folder" => asked.folder = Some(arguments.next().unwrap().into()),
                "--pace-us" => asked.pace_us = arguments.next().unwrap().parse().unwrap(),
                "--shuffled" => asked.shuffled = true,
                "--reader" => asked.reader = true,
                "--bench" => {}
                other => panic!("`{other}` is none of --keys, --rounds, --pace-us, --folder, --shuffled"),
            }
        }
        asked
    }
}

fn main() {
    let asked = Asked::of(std::env::args().skip(1));
    match (&asked.folder, asked.reader) {
        (Some(folder), true) => read(folder, &asked),
        (Some(folder), false) => measure(&asked, folder),
        (None, _) => measure(&asked, tempfile::tempdir().unwrap().path()),
    }
}

fn name() -> Name {
    Name::new(&"bench".parse().unwrap(), "bulk", 1)
}

fn state() -> GenerationState {
    GenerationState {
        through: Timestamp::from_micros(0),
        offline_version: 1,
        tiles_version: None,
        columns: (0..VALUES).map(|n| (format!("f{n}"), "float64".to_owned())).collect(),
        empty: Vec::new(),
        rules: String::new(),
    }
}

fn key(number: i64) -> Vec<u8> {
    sandglass::key::encode(&[KeyValue::Int64(number)])
}

fn item(number: i64) -> Item {
    let at = Timestamp::from_micros(number);
    Item {
        timestamp: at,
        effective: at,
        expires: None,
        as_of: at,
        values: (0..VALUES)
            .map(|n| Value::Float64(number as f64 + n as f64 / 8.0))
            .collect(),
    }
}

/// Loads all keys, in their order or in one of chance.
fn load(store: &EmbeddedStore, asked: &Asked) -> u64 {
    // Odd, and no multiple of five: it steps through every power of ten once.
    let step = if asked.shuffled { 7_368_787 } else { 1 };
    let numbers = (0..asked.keys).map(|number| number * step % asked.keys);
    let mut items = numbers.map(|number| Ok((key(number), item(number))));
    store.bulk_load(&name(), &state(), &mut items).unwrap()
}

/// Switches, and drops what was live.
fn switch(store: &EmbeddedStore, generation: u64) -> LiveRecord {
    let live = store.live(&name()).unwrap().map(|(live, _)| live);
    let at = Timestamp::from_micros(0);
    let record = store.switch(&name(), generation, live.as_ref(), at).unwrap();
    store.sweep(&name(), Span::ZERO, at).unwrap();
    record
}

#[expect(clippy::disallowed_methods, reason = "nothing else happens for a time")]
fn measure(asked: &Asked, folder: &Path) {
    let store = EmbeddedStore::new(folder, MAP_BYTES);
    let record = switch(&store, load(&store, asked));
    assert_eq!(
        record.items,
        asked.keys.unsigned_abs(),
        "--shuffled takes powers of ten"
    );
    let mut rounds = Vec::new();
    for _ in 0..asked.rounds {
        let mut reader = Reader::start(folder, asked);
        std::thread::sleep(IDLE);
        reader.next();
        let memory = Memory::watch();
        let began = Instant::now();
        let generation = load(&store, asked);
        let seconds = began.elapsed().as_secs_f64();
        let peak = memory.peak();
        let [idle, loading] = reader.end();
        let file = folder
            .join(name().path())
            .join(format!("g{generation}"))
            .join("data.mdb");
        let bytes = std::fs::metadata(file).unwrap().len();
        rounds.push(vec![
            asked.keys as f64 / seconds / 1e6,
            bytes as f64 / asked.keys as f64,
            peak as f64 / 1024.0,
            idle[0],
            loading[0],
            idle[1],
            loading[1],
            loading[1] / idle[1],
            loading[2],
            loading[3],
        ]);
        switch(&store, generation);
    }
    println!("\n| {} keys | median (min-max) |\n| --- | --- |", asked.keys);
    let rows = [
        "rows a second, millions",
        "bytes of the file a key",
        "peak of anonymous memory, MiB",
        "read of a key, idle, p50, µs",
        "beside the load, p50, µs",
        "idle, p99, µs",
        "beside the load, p99, µs",
        "times idle, p99",
        "beside the load, p99.9, µs",
        "beside the load, longest, µs",
    ];
    for (place, row) in rows.into_iter().enumerate() {
        let mut values: Vec<f64> = rounds.iter().map(|round| round[place]).collect();
        values.sort_by(f64::total_cmp);
        let (least, median, most) = (values[0], values[values.len() / 2], values[values.len() - 1]);
        println!("| {row} | {median:.2} ({least:.2}-{most:.2}) |");
    }
}

/// The most that this process has of memory which no file backs.
struct Memory {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<u64>,
}

impl Memory {
    #[expect(clippy::disallowed_methods, reason = "memory is looked at from time to time")]
    fn watch() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let stop = Arc::clone(&stop);
            move || {
                let mut peak = 0;
                while !stop.load(Ordering::Acquire) {
                    peak = peak.max(anonymous_kib());
                    std::thread::sleep(SAMPLE);
                }
                peak
            }
        });
        Self { stop, thread }
    }

    fn peak(self) -> u64 {
        self.stop.store(true, Ordering::Release);
        self.thread.join().unwrap()
    }
}

fn anonymous_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The process that reads.
struct Reader(Child);

impl Reader {
    fn start(folder: &Path, asked: &Asked) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--reader", "--keys", &asked.keys.to_string()])
            .args(["--pace-us", &asked.pace_us.to_string(), "--folder"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = [0];
        child.stdout.as_mut().unwrap().read_exact(&mut ready).unwrap();
        Self(child)
    }

    /// The next phase begins.
    fn next(&mut self) {
        self.0.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    /// Of both phases p50, p99, p99.9 and the longest, in microseconds.
    fn end(mut self) -> [[f64; 4]; 2] {
        self.next();
        let output = self.0.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut numbers = text.split_whitespace().map(|number| number.parse().unwrap());
        std::array::from_fn(|_| std::array::from_fn(|_| numbers.next().unwrap()))
    }
}

/// Reads until it is told twice that a phase has ended.
#[expect(clippy::disallowed_methods, reason = "reads come at a pace")]
fn read(folder: &Path, asked: &Asked) {
    let (keys, pace) = (asked.keys, Duration::from_micros(asked.pace_us));
    let store = EmbeddedStore::new(folder, MAP_BYTES);
    let mut random = Random(1);
    let get = |number: i64| {
        let wanted = [(name(), vec![key(number)])];
        let began = Instant::now();
        let read = store.get(&wanted).unwrap();
        let took = began.elapsed();
        assert!(read[0].as_ref().unwrap().items[0].is_some());
        took
    };
    // Every page that is read later is mapped.
    for number in (0..keys).step_by(16) {
        get(number);
    }
    println!();
    let phase = Arc::new(AtomicUsize::new(0));
    std::thread::spawn({
        let phase = Arc::clone(&phase);
        move || {
            for line in BufReader::new(std::io::stdin()).lines() {
                line.unwrap();
                phase.fetch_add(1, Ordering::Release);
            }
            // Nobody is there any more to be answered.
            if phase.load(Ordering::Acquire) < 2 {
                std::process::exit(1);
            }
        }
    });
    let mut times = [Vec::new(), Vec::new()];
    loop {
        let phase = phase.load(Ordering::Acquire);
        if phase >= times.len() {
            break;
        }
        times[phase].push(get((random.below(keys.unsigned_abs())).cast_signed()));
        if !pace.is_zero() {
            std::thread::sleep(pace);
        }
    }
    for mut times in times {
        times.sort_unstable();
        for part in [0.5, 0.99, 0.999, 1.0] {
            let place = (times.len() as f64 * part) as usize;
            println!("{:.2}", times[place.min(times.len() - 1)].as_nanos() as f64 / 1e3);
        }
    }
}
