//! Replays what fuzzing has found worth keeping, without a fuzzer; `tests/fuzz` is the crate that finds more.

#[path = "fuzz/src/component.rs"]
mod component;
#[path = "fuzz/src/contract.rs"]
mod contract;
#[path = "fuzz/src/definitions.rs"]
mod definitions;
#[path = "fuzz/src/lift.rs"]
mod lift;
#[path = "fuzz/src/request.rs"]
mod request;
#[path = "fuzz/src/schema.rs"]
mod schema;

use crate::harness::{Timed, repository};

/// Name and body of a target.
type Target = (&'static str, fn(&[u8]));

#[test]
fn corpus_is_replayed() {
    let _timed = Timed::new("fuzz::corpus_is_replayed");
    let targets: [Target; 5] = [
        ("component", component::run),
        ("contract", contract::run),
        ("definitions", definitions::run),
        ("lift", lift::run),
        ("request", request::run),
    ];
    for (target, run) in targets {
        let folder = repository().join("tests/fuzz/corpus").join(target);
        let mut count = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let file = entry.unwrap().path();
            // Shown if the file makes it fail.
            println!("{}", file.display());
            run(&std::fs::read(file).unwrap());
            count += 1;
        }
        assert!(count >= 10, "{count} files for {target}");
    }
}
