//! `sandglass new`: a project that builds, tests and materializes at once, without a checkout of this repository.

use std::path::Path;
use std::process::Command;

use crate::harness::{Answer, GUEST_TOOLS, Timed, python};

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

/// What the README of a new project says, in its order.
fn builds_tests_and_materializes(lang: &str, own_tests: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    well(folder.path(), &["new", "shop", "--lang", lang]);
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
    own_tests(&project.join("transformations/orders"));
}

/// The transformation's own tests, without WebAssembly.
fn passes(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_new_project_in_rust() {
    let _timed = Timed::new("new::a_new_project_in_rust");
    builds_tests_and_materializes("rust", |orders| {
        let guests = sandglass::folders::cache().join("guests");
        // With the versions that are locked.
        let mut command = Command::new(env!("CARGO"));
        command
            .args(["test", "-q", "--locked"])
            .current_dir(orders)
            .env("CARGO_TARGET_DIR", guests)
            .env_remove("RUSTFLAGS");
        passes(&mut command);
    });
}

#[test]
fn a_new_project_in_python() {
    let _timed = Timed::new("new::a_new_project_in_python");
    builds_tests_and_materializes("python", |orders| {
        let mut command = Command::new(python("guest-1", GUEST_TOOLS));
        passes(command.args(["-m", "pytest", "-q"]).current_dir(orders));
    });
}

#[test]
fn a_new_project_in_typescript() {
    let _timed = Timed::new("new::a_new_project_in_typescript");
    builds_tests_and_materializes("typescript", |orders| {
        let npm = |arguments: &[&str]| passes(Command::new("npm").args(arguments).current_dir(orders));
        npm(&["install", "--silent", "--no-audit", "--no-fund"]);
        npm(&["test", "--silent"]);
        npm(&["run", "--silent", "check"]);
    });
}

#[test]
fn a_new_project_in_go() {
    let _timed = Timed::new("new::a_new_project_in_go");
    builds_tests_and_materializes("go", |orders| {
        passes(Command::new("go").args(["test", "./..."]).current_dir(orders));
    });
}

#[test]
fn a_new_project_in_c() {
    let _timed = Timed::new("new::a_new_project_in_c");
    builds_tests_and_materializes("c", |orders| {
        passes(Command::new("make").args(["-s", "test"]).current_dir(orders));
    });
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
