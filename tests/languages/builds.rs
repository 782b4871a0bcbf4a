//! What is said of folders that make no component, in each language, and of a machine that lacks its compiler.

use std::path::Path;
use std::process::Command;

use crate::harness::{Answer, repository};

/// A folder with these files, and what `inspect` says of it.
fn said(files: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join("it").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let answer = program(folder.path(), &["inspect", "it"], None);
    assert_eq!(answer.status, 1, "{}", answer.stderr);
    answer.stderr
}

/// The program, which finds other programs in `path` alone if that is said.
fn program(folder: &Path, arguments: &[&str], path: Option<&Path>) -> Answer {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandglass"));
    command.current_dir(folder).args(arguments);
    if let Some(path) = path {
        command.env("PATH", path);
    }
    Answer::of(&command.output().unwrap())
}

fn sdk(language: &str) -> String {
    let path = repository().join("guest-sdk").join(language);
    path.canonicalize().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn folders_that_make_no_component() {
    let _timed = crate::harness::Timed::new("languages::builds::folders_that_make_no_component");
    let python = format!("[tool.sandglass]\nmodule = \"orders\"\nsdk = \"{}\"\n", sdk("python"));
    let package = format!(
        "{{ \"type\": \"module\", \"main\": \"index.ts\", \"dependencies\": {{ \"sandglass-guest\": \"file:{}\" }} }}",
        sdk("js")
    );
    let go = format!(
        "module orders\n\ngo 1.24\n\nrequire sandglass.dev/guest v0.0.0\n\nreplace sandglass.dev/guest => {}\n",
        sdk("go")
    );
    let c = format!("-I{}\n", sdk("c"));
    for (files, words) in [
        (
            vec![("notes.txt", "")],
            "no folder with sources of a language: `Cargo.toml` (Rust)",
        ),
        (
            vec![("go.mod", ""), ("package.json", "{}")],
            "`package.json` and `go.mod` say that it is of several languages",
        ),
        // Python.
        (vec![("pyproject.toml", "[tool")], "pyproject.toml"),
        (
            vec![("pyproject.toml", "")],
            "does not say where the SDK is; write `[tool.sandglass]`",
        ),
        (
            vec![("pyproject.toml", "[tool.sandglass]\nsdk = \"nowhere\"\n")],
            "there is no SDK at ./it/nowhere",
        ),
        (vec![("pyproject.toml", python.as_str())], "there is no module 'orders'"),
        (
            vec![("pyproject.toml", python.as_str()), ("orders.py", "def f(:\n")],
            "orders.py\", line 1",
        ),
        // TypeScript.
        (vec![("package.json", "{")], "package.json"),
        (
            vec![("package.json", "{}")],
            "there is no SDK where it says; write `\"dependencies\"",
        ),
        (vec![("package.json", package.as_str())], "there is no index.ts in"),
        (
            vec![
                ("package.json", package.as_str()),
                ("index.ts", "export default = 1;\n"),
            ],
            "index.ts:1:",
        ),
        (
            vec![
                ("package.json", package.as_str()),
                ("index.ts", "import { open } from \"fs\";\nopen();\n"),
            ],
            "a transformation has no Node.js",
        ),
        // Go.
        (
            vec![
                ("go.mod", go.as_str()),
                ("main.go", "package main\n\nfunc main() { x := }\n"),
            ],
            "main.go:3",
        ),
        (
            vec![("go.mod", go.as_str()), ("orders.go", "package orders\n")],
            "requires exactly one main package",
        ),
        (
            vec![("go.mod", go.as_str()), ("main.go", "package main\n\nfunc main() {}\n")],
            "it does not export `describe`, `open`",
        ),
        // C.
        (
            vec![("compile_flags.txt", "-std=c11\n"), ("a.c", "")],
            "no folder of `compile_flags.txt` has the SDK's `sandglass.c`",
        ),
        (
            vec![("compile_flags.txt", c.as_str()), ("a_test.c", "")],
            "there is no source",
        ),
        (
            vec![("compile_flags.txt", c.as_str()), ("a.c", "int x = ;\n")],
            "a.c:1:9",
        ),
    ] {
        let said = said(&files);
        assert!(said.contains(words), "{files:?}\n{said}");
    }
}

#[test]
fn what_a_machine_lacks() {
    let _timed = crate::harness::Timed::new("languages::builds::what_a_machine_lacks");
    let folder = tempfile::tempdir().unwrap();
    let nothing = tempfile::tempdir().unwrap();
    let nowhere = Some(nothing.path());
    // Here everything is there, or these tests could not be.
    let whole = program(
        folder.path(),
        &["doctor", "rust", "python", "typescript", "go", "c", "zig"],
        None,
    );
    assert_eq!(whole.status, 0, "{}", whole.stderr);
    assert!(whole.stdout.contains("Node.js"), "{}", whole.stdout);
    for (language, command) in [
        ("rust", "https://sh.rustup.rs"),
        ("python", "apt-get install -y python3"),
        ("typescript", "https://nodejs.org/dist/"),
        ("go", "https://go.dev/dl/"),
        ("c", "python3-pip"),
    ] {
        let answer = program(folder.path(), &["doctor", language], nowhere);
        assert_eq!(answer.status, 1, "{language}");
        assert!(answer.stdout.contains("missing"), "{}", answer.stdout);
        assert!(answer.stderr.contains(command), "{}", answer.stderr);
    }
    // Without a language it only tells.
    assert_eq!(program(folder.path(), &["doctor"], nowhere).status, 0);
    let unknown = program(folder.path(), &["doctor", "cobol"], None);
    assert_eq!(unknown.status, 1);
    assert!(
        unknown.stderr.contains("there are `rust`, `python`"),
        "{}",
        unknown.stderr
    );
    // A build says it, too.
    std::fs::create_dir(folder.path().join("it")).unwrap();
    std::fs::write(folder.path().join("it/go.mod"), "module it\n").unwrap();
    let built = program(folder.path(), &["inspect", "it"], nowhere);
    assert!(
        built.stderr.contains("cannot run `go build`") && built.stderr.contains("https://go.dev/dl/"),
        "{}",
        built.stderr
    );
}
