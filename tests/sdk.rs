//! The guest crates' own tests, and that the contract is one.

use std::path::PathBuf;
use std::process::Command;

use crate::harness::repository;

#[test]
fn guest_crates_pass_their_own_tests() {
    let _timed = crate::harness::Timed::new("sdk::guest_crates_pass_their_own_tests");
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"));
    for folder in [
        "guest-sdk/rust",
        "examples/purchases/transformations/purchases",
        "tests/guests/good",
    ] {
        let output = Command::new(env!("CARGO"))
            .args(["test", "-q"])
            .current_dir(repository().join(folder))
            .env("CARGO_TARGET_DIR", cache.join("sandglass/guests"))
            .env_remove("RUSTFLAGS")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{folder}:\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
