//! The README's first command, in a copy of the example.

use std::process::Command;

use crate::harness::{Answer, repository};

#[test]
fn the_demo_ends_with_values() {
    let _timed = crate::harness::Timed::new("demo::the_demo_ends_with_values");
    let folder = tempfile::tempdir().unwrap();
    let example = folder.path().join("examples/purchases");
    let copy = |from: &str| {
        let target = example.join(from);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(repository().join("examples/purchases").join(from), target).unwrap();
    };
    copy("data/purchases.parquet");
    copy("data/spine.csv");
    let text = std::fs::read_to_string(repository().join("examples/purchases/sandglass.toml")).unwrap();
    // The crate's path to the SDK holds in the repository only.
    let component = crate::harness::component("examples/purchases/transformations/purchases");
    let text = text.replace("transformations/purchases#", &format!("{}#", component.display()));
    std::fs::write(example.join("sandglass.toml"), text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_sandglass"))
        .arg("demo")
        .current_dir(folder.path())
        .output()
        .unwrap();
    let answer = Answer::of(&output);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    assert!(answer.stdout.contains("customer_rfm.frequency"), "{}", answer.stdout);
    assert!(answer.stdout.contains("546"), "{}", answer.stdout);
    assert!(answer.stdout.contains("purchase_details.weekday"), "{}", answer.stdout);
    assert!(answer.stdout.contains("PRESENT"), "{}", answer.stdout);
    assert!(
        answer.stdout.contains("customer_spend.amount_sum_lifetime_1d"),
        "{}",
        answer.stdout
    );
    // The training set, and what made it.
    assert!(answer.stdout.contains("8 rows, 5 features"), "{}", answer.stdout);
    assert!(
        answer.stdout.contains("customer_spend__amount_last_5_90d_1d"),
        "{}",
        answer.stdout
    );
    assert!(example.join("store/training.parquet.manifest.json").is_file());
}
