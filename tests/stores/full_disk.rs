//! A disk without room, for the embedded store: a file system in memory, mounted in a namespace of the child's own so that nothing of it
//! is left, or a limit of the size of files where that is not allowed.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::Command;

use sandglass::error::{Classified, Kind};
use sandglass::online::{EmbeddedStore, OnlineError, OnlineStore};

use super::kit::{NOW, change, clicks, item, live, load, refused, replace, scanned, state};
use crate::harness::Answer;

/// Where the child works; unset in all other runs of it.
pub const FOLDER: &str = "SANDGLASS_TEST_FULL_DISK";
pub const PAGE: u64 = 4096;
/// Arguments of `unshare` for mounts that nobody else sees and that go with the process.
pub const NAMESPACE: [&str; 3] = ["--user", "--map-root-user", "--mount"];

pub fn in_child(program: &str, arguments: &[&str], script: &str) -> Answer {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(program)
        .args(arguments)
        .args(["sh", "-c", script, "sh"])
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    Answer::of(&output)
}

#[test]
fn a_full_disk_is_told_and_what_is_live_stays() {
    let allowed = Command::new("unshare").args(NAMESPACE).arg("true").status();
    if !allowed.is_ok_and(|status| status.success()) {
        eprintln!("no namespaces here: only the limit of files is tested");
        return;
    }
    let script = r#"mount -t tmpfs -o size=8m none "$1" && exec "$2" --exact stores::full_disk::child --nocapture"#;
    let answer = in_child("unshare", &NAMESPACE, script);
    assert_eq!(answer.status, 0, "{}{}", answer.stdout, answer.stderr);
    assert!(answer.stdout.contains("steps of a page"), "{}", answer.stdout);
}

#[test]
fn a_limit_of_files_is_told_and_what_is_live_stays() {
    // Ignored, so that a write beyond the limit is an error and not the end of the process.
    let script = r#"trap '' XFSZ; ulimit -f 8192; exec "$2" --exact stores::full_disk::child --nocapture"#;
    let answer = in_child("env", &[], script);
    assert_eq!(answer.status, 0, "{}{}", answer.stdout, answer.stderr);
    assert!(answer.stdout.contains("limit"), "{}", answer.stdout);
}

fn load_many(store: &dyn OnlineStore, items: u32) -> Result<u64, OnlineError> {
    let mut items = (0..items).map(|key| Ok((key.to_be_bytes().to_vec(), item(2))));
    store.bulk_load(&clicks(), &state(2, 2), &mut items)
}

#[track_caller]
fn no_room<T: std::fmt::Debug>(result: Result<T, OnlineError>) {
    let error = result.expect_err("there is no room");
    assert!(matches!(error, OnlineError::NoSpace { .. }), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("make room")));
    refused(Err::<(), _>(error), Kind::Unavailable);
}

#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let store = EmbeddedStore::new(&folder.join("online"), 1 << 30);
    let keys: Vec<[u8; 4]> = (0..1_000_u32).map(u32::to_be_bytes).collect();
    let items: Vec<(&[u8], i64)> = keys.iter().map(|key| (key.as_slice(), 1)).collect();
    let record = replace(&store, &clicks(), &state(1, 1), &items);
    let before = scanned(&store, &clicks());
    no_room(load_many(&store, 200_000));
    assert_eq!(live(&store, &clicks()), Some(record.clone()));
    assert!(scanned(&store, &clicks()) == before);
    let generations = || {
        std::fs::read_dir(folder.join("online").join(clicks().path()))
            .unwrap()
            .count()
    };
    assert_eq!(generations(), 1, "what was built has gone at once");
    let full = fill(folder);
    if full {
        in_steps_of_a_page(&store, &folder.join("ballast"));
    } else {
        println!("\na limit of the size of files");
    }
    // There is room again.
    let generation = load_many(&store, 10_000).unwrap();
    let record = live(&store, &clicks()).unwrap();
    let record = store.switch(&clicks(), generation, Some(&record), NOW).unwrap();
    store
        .write(&clicks(), &record, &change(&[b"a"], 3, state(3, 3)))
        .unwrap();
    assert_eq!(scanned(&store, &clicks()).len(), 10_001);
}

/// Takes all the room of a small disk; a large one is not filled.
pub fn fill(folder: &Path) -> bool {
    let mut ballast = File::create(folder.join("ballast")).unwrap();
    for _ in 0..8 * 256 {
        match ballast.write_all(&[1; 4 * PAGE as usize]) {
            Err(error) if error.kind() == ErrorKind::StorageFull => return true,
            Err(error) if error.kind() == ErrorKind::FileTooLarge => return false,
            written => written.unwrap(),
        }
    }
    false
}

/// Gives room back page by page, and loads and writes each time: whatever it is that finds no room, what is live stays, and the process.
fn in_steps_of_a_page(store: &dyn OnlineStore, ballast: &Path) {
    let ballast = OpenOptions::new().write(true).open(ballast).unwrap();
    let (mut loads, mut writes, mut refusals) = (0, 0, 0);
    let large: Vec<[u8; 4]> = (5_000..5_300_u32).map(u32::to_be_bytes).collect();
    let large: Vec<&[u8]> = large.iter().map(<[u8; 4]>::as_slice).collect();
    for _ in 0..150 {
        let before = store.live(&clicks()).unwrap();
        let record = before.clone().unwrap().0;
        match load_many(store, 1_000) {
            // Nobody switches to it: the room is for the next.
            Ok(generation) => {
                loads += 1;
                refused(store.switch(&clicks(), generation, None, NOW), Kind::Conflict);
                while store.sweep(&clicks(), sandglass::time::Span::ZERO, NOW).unwrap() == 0 {}
            }
            refused => no_room(refused),
        }
        assert_eq!(store.live(&clicks()).unwrap(), before);
        assert_eq!(scanned(store, &clicks()).len() as u64, record.items);
        match store.write(&clicks(), &record, &change(&large, 3, state(1, 1))) {
            Ok(()) => writes += 1,
            refusal => {
                refusals += 1;
                no_room(refusal);
                assert_eq!(store.live(&clicks()).unwrap(), before);
            }
        }
        let room = ballast.metadata().unwrap().len() - PAGE;
        ballast.set_len(room).unwrap();
    }
    println!("\n150 steps of a page: {loads} loads, {writes} changes, {refusals} refused");
    assert!(loads > 0 && loads < 150 && writes > 0 && refusals > 0);
    ballast.set_len(0).unwrap();
    load(store, &clicks(), &state(1, 1), &[]);
}
