//! The guest crates' own tests, and that the contract is one.

use std::process::Command;

use crate::harness::repository;

#[test]
fn guest_crates_pass_their_own_tests() {
    let _timed = crate::harness::Timed::new("sdk::guest_crates_pass_their_own_tests");
    for folder in [
        "guest-sdk/rust",
        "examples/purchases/transformations/purchases",
        "tests/guests/good",
    ] {
        let output = Command::new(env!("CARGO"))
            .args(["test", "-q"])
            .current_dir(repository().join(folder))
            .env("CARGO_TARGET_DIR", sandglass::folders::cache().join("guests"))
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
