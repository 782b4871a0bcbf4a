use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::*;

/// Where the child works; unset in all other runs of it.
const FOLDER: &str = "SANDGLASS_TEST_ONLINE_CRASH";
const KEYS: i64 = 40;
const KILLS: u64 = 20;

/// State `n`: every key but one has the value `n`, and the view is through `n`. A conflict if a killed process got further than
/// it seemed.
fn step(store: &EmbeddedStore, number: i64) -> Result<(), OnlineError> {
    let gone = number.rem_euclid(KEYS);
    let keys = || (0..KEYS).filter(move |key| *key != gone);
    let live = store.live(&clicks()).expect("a look").map(|(live, _)| live);
    let now = state(number, number.unsigned_abs());
    match live {
        Some(live) if number % 5 != 0 => {
            let change = Change {
                puts: keys().map(|key| (key.to_be_bytes().to_vec(), item(number))).collect(),
                deletes: vec![gone.to_be_bytes().to_vec()],
                state: now,
            };
            store.write(&clicks(), &live, &change)
        }
        live => {
            let mut items = keys().map(|key| Ok((key.to_be_bytes().to_vec(), item(number))));
            let generation = store.bulk_load(&clicks(), &now, &mut items).expect("a load");
            store.switch(&clicks(), generation, live.as_ref(), at(0))?;
            store.sweep(&clicks(), Span::ZERO, LATE).map(drop)
        }
    }
}

fn next(store: &EmbeddedStore) -> i64 {
    loop {
        let number = whole(store) + 1;
        match step(store, number) {
            Ok(()) => return number,
            Err(OnlineError::Conflict { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// The number of the state that is there, which is a whole one.
fn whole(store: &EmbeddedStore) -> i64 {
    let keys = (0..KEYS).map(|key| key.to_be_bytes().to_vec()).collect();
    let Some(read) = store.get(&[(clicks(), keys)]).expect("a read").remove(0) else {
        return 0;
    };
    let found = read.state.through.micros();
    let expected = |key| (key != found.rem_euclid(KEYS)).then_some(found);
    let numbers: Vec<_> = read
        .items
        .iter()
        .map(|item| item.as_deref().map(|item| number(item)))
        .collect();
    assert_eq!(numbers, (0..KEYS).map(expected).collect::<Vec<_>>(), "through {found}");
    assert_eq!(*read.state, state(found, found.unsigned_abs()));
    found
}

#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let store = store(Path::new(&folder));
    loop {
        println!("\ndone {}", next(&store));
    }
}

#[expect(clippy::disallowed_methods, reason = "a kill at any moment, not after an event")]
#[test]
fn a_kill_at_any_moment_leaves_one_whole_state() {
    let folder = folder();
    let seed = std::env::var("SANDGLASS_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| RandomState::new().hash_one(0));
    println!("SANDGLASS_TEST_SEED={seed}");
    let mut random = seed;
    let mut last = 0;
    for kill in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args([&format!("{}::child", crate_path()), "--exact", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let output = child.stdout.take().expect("it is piped");
        let done = Arc::new(AtomicI64::new(last));
        let listening = std::thread::spawn({
            let done = Arc::clone(&done);
            move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    if let Some(number) = line.strip_prefix("done ").and_then(|number| number.parse().ok()) {
                        done.store(number, Ordering::Release);
                    }
                }
            }
        });
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        std::thread::sleep(Duration::from_micros(20_000 + (random >> 33) % 150_000));
        child.kill().expect("it runs");
        child.wait().expect("it was killed");
        listening.join().expect("no panic");
        // What was open before the kill, and what is opened after it.
        let store = if kill % 2 == 0 {
            reopened(folder.path())
        } else {
            store(folder.path())
        };
        let (found, acknowledged) = (whole(&store), done.load(Ordering::Acquire));
        assert!(
            found == acknowledged || found == acknowledged + 1,
            "{found} is there, {acknowledged} was done"
        );
        assert!(found >= last);
        last = found;
    }
    assert!(last > 0, "no child did anything");
    let store = store(folder.path());
    let number = next(&store);
    assert!(number == last + 1 || number == last + 2, "{number} after {last}");
    store.sweep(&clicks(), Span::ZERO, LATE).expect("a sweep");
    assert_eq!(whole(&store), number);
    let left = std::fs::read_dir(folder.path().join(clicks().path())).expect("a folder");
    assert_eq!(left.count(), 1, "half generations are swept");
}

/// The path of this module as the test program knows it: without the crate's name.
fn crate_path() -> &'static str {
    module_path!().split_once("::").map_or("", |(_, path)| path)
}
