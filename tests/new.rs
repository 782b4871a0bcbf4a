//! `sandglass new`: a project that builds, tests and materializes at once, without a checkout of this repository.

use std::path::Path;
use std::process::Command;

use crate::harness::{Answer, Timed};

const NOW: &str = "2024-02-01";

fn sandglass(folder: &Path, arguments: &[&str]) -> Answer {
    let output = Command::new(env!("CARGO_BIN_EXE_sandglass"))
        .current_dir(folder)
        .args(["--now", NOW])
        .args(arguments)
        .output()
        .unwrap();
    Answer::of(&output)
}

fn well(folder: &Path, arguments: &[&str]) -> Answer {
    let answer = sandglass(folder, arguments);
    assert_eq!(answer.status, 0, "{arguments:?}: {}{}", answer.stdout, answer.stderr);
    answer
}

#[test]
fn a_new_project_builds_tests_and_materializes() {
    let _timed = Timed::new("new::a_new_project_builds_tests_and_materializes");
    let folder = tempfile::tempdir().unwrap();
    well(folder.path(), &["new", "shop"]);
    let project = folder.path().join("shop");
    let tested = well(&project, &["test"]);
    assert_eq!(tested.stdout, "passed   transformations/orders#order_details sizes\n");
    well(&project, &["apply"]);
    well(&project, &["materialize"]);
    let got = well(&project, &["get", "order_details", "--key", "customer_id=2"]);
    assert!(got.stdout.contains("order_details.is_large"), "{}", got.stdout);
    assert!(
        got.stdout.contains("true") && got.stdout.contains("PRESENT"),
        "{}",
        got.stdout
    );

    // Its own tests, without WebAssembly, with the versions that are locked.
    let guests = std::env::var_os("XDG_CACHE_HOME")
        .map(std::path::PathBuf::from)
        .unwrap_or_else(|| Path::new(&std::env::var_os("HOME").unwrap()).join(".cache"))
        .join("sandglass/guests");
    let output = Command::new(env!("CARGO"))
        .args(["test", "-q", "--locked"])
        .current_dir(project.join("transformations/orders"))
        .env("CARGO_TARGET_DIR", guests)
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_is_there_is_not_overwritten() {
    let _timed = Timed::new("new::what_is_there_is_not_overwritten");
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    let answer = well(folder.path(), &["--format", "json", "new", "shop", "--dir", "empty"]);
    let json: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(json["folder"], "empty");
    assert!(json["files"].as_array().unwrap().len() > 30);
    for (arguments, message) in [
        (
            vec!["new", "shop", "--dir", "empty"],
            "error: empty is not empty\nhint: name another folder with `--dir`\n",
        ),
        (
            vec!["new", "shop", "--dir", "empty/README.md"],
            "error: empty/README.md is a file\nhint: name another folder with `--dir`\n",
        ),
        (
            vec!["new", "My-Shop"],
            "error: `My-Shop` is not a name: lower-case letters, digits and `_`, a letter first, at most 63\n\
             hint: `my_shop` would do\n",
        ),
        (
            vec!["new", "../shop"],
            "error: `../shop` is not a name: lower-case letters, digits and `_`, a letter first, at most 63\n\
             hint: `shop` would do\n",
        ),
        (
            vec!["new", "shop", "--dir", "empty/README.md/below"],
            "error: cannot write empty/README.md/below/sandglass.toml: Not a directory (os error 20)\n",
        ),
    ] {
        let answer = sandglass(folder.path(), &arguments);
        assert_eq!((answer.status, answer.stderr.as_str()), (1, message));
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
