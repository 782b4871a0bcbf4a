//! Two builds of the same sources in two folders.

use std::path::Path;
use std::process::Command;

use crate::harness::repository;

/// Copies an SDK and the conformance component of a language into a folder, in the repository's shape.
fn copy(language: &str, sdk: &str, to: &Path) {
    for from in [
        format!("guest-sdk/{sdk}"),
        format!("tests/conformance/{language}"),
        "wit".to_owned(),
    ] {
        let target = to.join(&from);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        let done = Command::new("cp")
            .arg("-r")
            .arg(repository().join(&from))
            .arg(&target)
            .status()
            .unwrap();
        assert!(done.success());
    }
}

fn same_in_two_folders(language: &str, sdk: &str) {
    let parent = tempfile::tempdir().unwrap();
    let build = |name: &str| {
        let folder = parent.path().join(name);
        copy(language, sdk, &folder);
        let path = format!("tests/conformance/{language}");
        sandglass::project::build(&folder, &path, true).unwrap_or_else(|error| panic!("{error}"))
    };
    let (one, other) = (build("one"), build("a folder of another name/and depth"));
    assert_eq!(one.code, other.code);
    assert!(one.bytes == other.bytes, "{language}: the components differ");
}

#[test]
fn rust() {
    let _timed = crate::harness::Timed::new("languages::folders::rust");
    same_in_two_folders("rust", "rust");
}

#[test]
fn go() {
    let _timed = crate::harness::Timed::new("languages::folders::go");
    same_in_two_folders("go", "go");
}

#[test]
fn c() {
    let _timed = crate::harness::Timed::new("languages::folders::c");
    same_in_two_folders("c", "c");
}
