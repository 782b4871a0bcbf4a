use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::*;

/// Where the child works; unset in all other runs of it.
const FOLDER: &str = "SANDGLASS_TEST_ONLINE_SHARING";
const KEYS: [&[u8]; 3] = [b"a", b"b", b"c"];

fn changed(number: i64) -> Change {
    Change {
        puts: KEYS.map(|key| (key.to_vec(), item(number))).to_vec(),
        deletes: vec![],
        state: state(number, number.unsigned_abs()),
    }
}

/// Loads what is live again and again, and switches to it where nobody wrote meanwhile.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let store = store(Path::new(&folder));
    loop {
        let read = store
            .get(&[(clicks(), vec![])])
            .expect("a read")
            .remove(0)
            .expect("a view");
        let number = read.state.through.micros();
        let mut items = KEYS.iter().map(|key| Ok((key.to_vec(), item(number))));
        let generation = store.bulk_load(&clicks(), &read.state, &mut items).expect("a load");
        match store.switch(&clicks(), generation, Some(&read.live), at(0)) {
            Ok(_) | Err(OnlineError::Conflict { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        // No grace: readers find generations dropped between their two looks.
        store.sweep(&clicks(), Span::ZERO, LATE).expect("a sweep");
    }
}

struct Loader(Child);

impl Drop for Loader {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Lets the readers end, also when an assertion fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

const SWITCHES: usize = 20;
/// A change and a switch take some milliseconds each.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn processes_and_threads_read_and_write_at_once_and_lose_nothing() {
    let folder = folder();
    replace(
        &store(folder.path()),
        &clicks(),
        &state(1, 1),
        &KEYS.map(|key| (key, 1)),
    );
    let path = module_path!().split_once("::").map_or("", |(_, path)| path);
    let child = Command::new(std::env::current_exe().expect("this program"))
        .args([&format!("{path}::child"), "--exact"])
        .env(FOLDER, folder.path())
        .spawn()
        .expect("a child");
    let loader = Loader(child);
    let stop = AtomicBool::new(false);
    let reads = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let _stop = Stop(&stop);
        for _ in 0..2 {
            scope.spawn(|| {
                let store = store(folder.path());
                let mut last = 0;
                while !stop.load(Ordering::Acquire) {
                    let keys = KEYS.map(<[u8]>::to_vec).to_vec();
                    let read = match store.get_cached(&[(&clicks(), &keys)]) {
                        Some(mut cached) => cached.remove(0),
                        None => {
                            let mut read = store.get(&[(clicks(), keys)]).expect("a read");
                            read.remove(0).expect("a view")
                        }
                    };
                    let through = read.state.through.micros();
                    assert!(
                        read.items
                            .iter()
                            .all(|item| item.as_deref().map(|item| number(item)) == Some(through))
                    );
                    // A reader that is held up between its two looks at LMDB's head sees a commit that is written and not yet
                    // told; the next one may still see the one before. Never more than that.
                    assert!(through + 1 >= last, "{through} after {last}");
                    last = last.max(through);
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let store = store(folder.path());
        let began = Instant::now();
        let look = || store.live(&clicks()).expect("a look").expect("a view");
        let (mut number, mut switches, mut generation) = (1, 0, 0);
        while switches < SWITCHES {
            assert!(began.elapsed() < PATIENCE, "{number} changes, {switches} switches");
            let (live, state) = look();
            assert_eq!(state.through, at(number), "a change was lost");
            match store.write(&clicks(), &live, &changed(number + 1)) {
                Ok(()) => number += 1,
                Err(OnlineError::Conflict { .. }) => {}
                Err(error) => panic!("{error}"),
            }
            // The loader gets a chance to switch.
            while number % 8 == 0 && look().0.generation == generation && began.elapsed() < PATIENCE {
                std::thread::yield_now();
            }
            let found = look().0.generation;
            switches += usize::from(found != generation);
            generation = found;
        }
        println!(
            "{number} changes, {} reads in {:?}",
            reads.load(Ordering::Relaxed),
            began.elapsed()
        );
    });
    drop(loader);
    assert!(reads.into_inner() > 0, "nobody read anything");
}
