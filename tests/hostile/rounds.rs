//! Many runs, good and hostile ones, in one process: what it holds does not grow.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use sandglass_runtime::{GuestThreads, Limits};

use super::texts;
use super::world::{World, drive, ids, limits};
use crate::harness::{Random, cases};

const SEED: u64 = 31;
const WARM_UP: usize = 100;
const ROUNDS: usize = 1_000;
/// What resident memory may differ by at the end: the allocator's own.
const SLACK: u64 = 16 << 20;

/// Components that fail to load, or after it.
const TEXTS: [&str; 8] = [
    "loop_in_start",
    "memory_at_start",
    "trap_in_describe",
    "aliased_strings",
    "deep_contract",
    "string_past_the_end",
    "wasi_clock",
    "log_in_realloc",
];

/// Runs the rounds in a process of their own.
pub fn parent() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hostile::rounds_child", "--ignored", "--nocapture"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{said}");
    // It has run, and did not only find no test of that name.
    assert!(said.contains("1 passed"), "{said}");
    for line in said.lines().filter(|line| line.starts_with("rounds: ")) {
        eprintln!("{line}");
    }
}

/// What a process holds.
#[derive(Debug, Clone, Copy)]
struct Held {
    resident: u64,
    threads: usize,
    files: usize,
}

impl Held {
    fn now() -> Self {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
        let count = |path: &str| std::fs::read_dir(Path::new(path)).unwrap().count();
        Self {
            resident: pages * 4_096,
            threads: count("/proc/self/task"),
            files: count("/proc/self/fd"),
        }
    }
}

/// The rounds themselves.
pub fn child() {
    let world = Arc::new(World::new());
    let threads = GuestThreads::new(2).unwrap();
    let texts: Arc<Vec<Vec<u8>>> = Arc::new(TEXTS.iter().map(|name| texts::component(name)).collect());
    let mut random = Random(SEED);
    let mut round = || {
        let (world, texts) = (Arc::clone(&world), Arc::clone(&texts));
        let mut dice = Random(random.next());
        let (sender, receiver) = mpsc::channel();
        threads.submit(move || sender.send(one(&world, &texts, &mut dice)).unwrap());
        receiver.recv().expect("a round that does not panic")
    };
    for _ in 0..WARM_UP {
        round();
    }
    let before = Held::now();
    let rounds = cases(ROUNDS);
    let failed = (0..rounds).filter(|_| round()).count();
    let after = Held::now();
    eprintln!("rounds: {rounds}, of them {failed} failed as they should, seed {SEED}; {before:?}, then {after:?}");
    assert!(failed > rounds / 4 && failed < rounds * 3 / 4, "{failed}");
    assert!(after.resident < before.resident + SLACK, "{before:?}, then {after:?}");
    assert_eq!((after.threads, after.files), (before.threads, before.files));
}

/// One round: a good run, a hostile one, or a hostile component. Whether it failed.
fn one(world: &World, texts: &[Vec<u8>], random: &mut Random) -> bool {
    let limits = Limits {
        guest_time: Duration::from_millis(100),
        ..limits()
    };
    match random.below(10) {
        0..=3 => {
            world.assert_clean();
            false
        }
        4..=8 => {
            let contracts = world.hostile.contracts();
            let contract = &contracts[random.below(contracts.len() as u64) as usize];
            let (_, end) = drive(&world.hostile, &contract.name, &limits, &ids());
            let well = ["honest", "loop_in_drop"].contains(&contract.name.as_str());
            assert_eq!(end.is_ok(), well, "{}: {end:?}", contract.name);
            !well
        }
        _ => {
            let index = random.below(texts.len() as u64) as usize;
            match world.load(&texts[index], &limits) {
                Err(_) => {}
                Ok(component) => {
                    assert_eq!(TEXTS[index], "log_in_realloc");
                    drive(&component, "liar", &limits, &ids()).1.unwrap_err();
                }
            }
            true
        }
    }
}
