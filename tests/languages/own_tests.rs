//! The SDKs' own tests, and those of what is written with them, natively: by each language's usual runner.

use std::path::Path;
use std::process::Command;

use crate::harness::{GUEST_TOOLS, cases, python, repository};

fn passes(folder: &str, command: &mut Command) {
    let output = command.current_dir(repository().join(folder)).output().unwrap();
    assert!(
        output.status.success(),
        "{folder}: {command:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn go() {
    let _timed = crate::harness::Timed::new("languages::own_tests::go");
    for folder in [
        "guest-sdk/go",
        "tests/conformance/go",
        "examples/five-languages/transformations/rfm_go",
    ] {
        for what in [&["vet", "./..."][..], &["test", "./..."]] {
            passes(
                folder,
                Command::new("go").args(what).env("GOWORK", "off").env_remove("GOFLAGS"),
            );
        }
        let unformatted = Command::new("gofmt")
            .args(["-l", "."])
            .current_dir(repository().join(folder))
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&unformatted.stdout), "", "{folder}");
    }
}

#[test]
fn python_code() {
    let _timed = crate::harness::Timed::new("languages::own_tests::python_code");
    let python = python("guest-1", GUEST_TOOLS);
    // Those in `tests/wasm` are a test of their own below.
    let mut command = Command::new(&python);
    passes(
        "guest-sdk/python",
        command.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "--ignore", "tests/wasm"]),
    );
    let mut command = Command::new(&python);
    passes(
        "guest-sdk/python",
        command.args([
            "-m",
            "mypy",
            "--strict",
            "--cache-dir",
            "/dev/null",
            "src/sandglass_guest",
        ]),
    );
    passes(
        "examples/five-languages/transformations/rfm_python",
        Command::new(&python).args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]),
    );
}

/// Components that Python makes, in a host of Python's. Building them takes minutes, and other tests build and run such components too: a
/// longer run (`SANDGLASS_TEST_FACTOR=2`) has these, the normal one has the kit, the hostile guests and the golden cases.
#[test]
fn python_components() {
    let _timed = crate::harness::Timed::new("languages::own_tests::python_components");
    if cases(1) == 1 {
        println!("    a longer run (SANDGLASS_TEST_FACTOR=2) builds some thirty components here");
        return;
    }
    let packages = [GUEST_TOOLS, &["wasmtime==50.0.1", "componentize-py==0.25.1"]].concat();
    let python = python("guest-wasm-1", &packages);
    passes(
        "guest-sdk/python",
        Command::new(python).args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/wasm"]),
    );
}

#[test]
fn javascript() {
    let _timed = crate::harness::Timed::new("languages::own_tests::javascript");
    // TypeScript and the types of Node.js; nothing else is needed to test.
    let sdk = repository().join("guest-sdk/js");
    if !sdk.join("node_modules/.package-lock.json").is_file() {
        passes(
            "guest-sdk/js",
            Command::new("npm").args(["ci", "--silent", "--no-audit", "--no-fund"]),
        );
    }
    passes("guest-sdk/js", Command::new("npm").args(["run", "--silent", "check"]));
    // Some build components, with the tools that the program installs.
    sandglass::project::build(&repository(), "tests/conformance/js", true).unwrap_or_else(|error| panic!("{error}"));
    let tools = sandglass::folders::cache().join("tools");
    let installed = std::fs::read_dir(tools).unwrap().map(|entry| entry.unwrap().path());
    let npm = installed.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("npm-"));
    let newest = npm
        .max_by_key(|path| path.metadata().unwrap().modified().unwrap())
        .unwrap();
    passes(
        "guest-sdk/js",
        Command::new("npm")
            .args(["test", "--silent"])
            .env("SANDGLASS_TOOLS", newest),
    );
    shipped_files_are_those_of_the_sources(&sdk);
}

/// `dist` is in the repository, so that whoever uses the SDK builds nothing of it.
fn shipped_files_are_those_of_the_sources(sdk: &Path) {
    let folder = tempfile::tempdir().unwrap();
    passes(
        "guest-sdk/js",
        Command::new("npx")
            .args(["tsc", "-p", "tsconfig.json", "--outDir"])
            .arg(folder.path()),
    );
    let made = Command::new("diff")
        .args(["-r"])
        .arg(folder.path())
        .arg(sdk.join("dist"))
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "guest-sdk/js/dist is not what `npm run build` makes:\n{}",
        String::from_utf8_lossy(&made.stdout)
    );
}

#[test]
fn c() {
    let _timed = crate::harness::Timed::new("languages::own_tests::c");
    // What has not changed is not compiled again, which with its sanitizers takes a while.
    let build = concat!("BUILD=", env!("CARGO_TARGET_TMPDIR"), "/guest-sdk-c");
    passes("guest-sdk/c", Command::new("make").args(["-s", "test", build]));
}
