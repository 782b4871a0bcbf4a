//! The compile wall: components are compiled in a process with limits, and machine code is kept only in files that are ours.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use sandglass_runtime::{
    Artifacts, CompileLimits, Compiler, Limits, LoadError, Loader, Origin, Profile, Run, Sandbox, Unaccounted,
};

use crate::harness::{Project, component, context};

fn sandbox(profile: Profile) -> Sandbox {
    Sandbox::new(profile, 4).unwrap()
}

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_sandglass"))
}

fn process(limits: CompileLimits) -> Compiler {
    Compiler::Process {
        program: program(),
        arguments: vec!["__compile".to_owned()],
        limits,
    }
}

fn good() -> Vec<u8> {
    std::fs::read(component("tests/guests/good")).unwrap()
}

fn runs(component: &sandglass_runtime::Component) {
    let mut run = Run::open(
        component,
        "passthrough",
        context(1),
        &Limits::default(),
        Box::new(Unaccounted),
        |_, _| {},
    )
    .unwrap();
    run.finish().unwrap();
    assert!(run.next_output().unwrap().is_none());
}

fn only_file(folder: &Path) -> PathBuf {
    let files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

#[test]
fn machine_code_is_kept_for_its_engine_and_made_again_when_it_is_damaged() {
    let _timed = crate::harness::Timed::new("wall::machine_code_is_kept_for_its_engine");
    let place = tempfile::tempdir().unwrap();
    let (folder, key) = (place.path().join("artifacts"), place.path().join("config/key"));
    let loader = |profile| {
        let artifacts = Artifacts::open(&folder, &key).unwrap();
        Loader::new(sandbox(profile), process(CompileLimits::default())).with_artifacts(artifacts)
    };
    let load = |profile| {
        let loaded = loader(profile).load(&good(), &Limits::default()).unwrap();
        runs(&loaded);
        loaded.origin()
    };
    assert_eq!(load(Profile::Production), Origin::Compiled);
    assert_eq!(load(Profile::Production), Origin::Kept);
    // Whole, of another component; with a byte changed in the code; cut off; empty; of another key.
    let file = only_file(&folder);
    let whole = std::fs::read(&file).unwrap();
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    for damaged in [
        &changed[..],
        &whole[..whole.len() - 1],
        &whole[..middle],
        &[],
        b"\x7fELF",
    ] {
        std::fs::write(&file, damaged).unwrap();
        assert_eq!(load(Profile::Production), Origin::Compiled);
        assert_eq!(std::fs::read(&file).unwrap().len(), whole.len());
        assert_eq!(load(Profile::Production), Origin::Kept);
    }
    std::fs::remove_file(&key).unwrap();
    assert_eq!(load(Profile::Production), Origin::Compiled, "a new key");
    assert_eq!(load(Profile::Deterministic), Origin::Compiled, "another engine");
    assert_eq!(load(Profile::Deterministic), Origin::Kept);
    assert_eq!(load(Profile::Production), Origin::Kept);
}

/// A component whose compilation takes many seconds: one function of many blocks that all live at once.
pub fn compile_bomb() -> Vec<u8> {
    let mut body = String::new();
    for local in 0..2_000 {
        body.push_str(&format!("(local.set {local} (i64.load offset={local} (i32.const 0)))"));
    }
    for round in 0..60_000u32 {
        let (a, b) = (round.wrapping_mul(7_919) % 2_000, round.wrapping_mul(104_729) % 2_000);
        body.push_str(&format!(
            "(if (i64.lt_s (local.get {a}) (local.get {b})) (then (local.set {b} (i64.add (local.get {a}) (local.get {b})))))"
        ));
    }
    let locals = "(local i64)".repeat(2_000);
    let text = format!("(component (core module (memory 1) (func {locals} {body})))");
    wat::parse_str(text).unwrap()
}

#[test]
fn the_compiler_ends_at_its_limits() {
    let _timed = crate::harness::Timed::new("wall::the_compiler_ends_at_its_limits");
    let load = |bytes: &[u8], limits: CompileLimits| {
        let loaded = Loader::new(sandbox(Profile::Production), process(limits)).load(bytes, &Limits::default());
        match loaded {
            Ok(_) => panic!("it was taken"),
            Err(error) => error,
        }
    };
    let defaults = CompileLimits::default();
    let bomb = compile_bomb();
    let time = load(
        &bomb,
        CompileLimits {
            time: Duration::from_millis(500),
            ..defaults
        },
    );
    assert_eq!(
        time.to_string(),
        "compiling the component hit its limit of time: allowed 0.5 s"
    );
    // From hardly enough to begin to nearly enough.
    for mebibytes in [48, 64, 96, 128, 160] {
        let memory_bytes = mebibytes << 20;
        let memory = load(
            &good(),
            CompileLimits {
                memory_bytes,
                ..defaults
            },
        );
        assert_eq!(
            memory.to_string(),
            format!("compiling the component hit its limit of memory: allowed {mebibytes} MiB")
        );
    }
    let code = load(
        &good(),
        CompileLimits {
            artifact_bytes: 100 << 10,
            ..defaults
        },
    );
    assert_eq!(
        code.to_string(),
        "compiling the component hit its limit of machine code: allowed 0 MiB"
    );
    // Neither is left running or waited for.
    let children = std::fs::read_to_string(format!("/proc/self/task/{}/children", rustix_thread_id())).unwrap();
    assert_eq!(children.trim(), "");
}

fn rustix_thread_id() -> i32 {
    // The name of this thread's own folder.
    let path = std::fs::read_link("/proc/thread-self").unwrap();
    path.file_name().unwrap().to_str().unwrap().parse().unwrap()
}

#[test]
fn what_the_compiler_refuses_is_told_in_its_words() {
    let _timed = crate::harness::Timed::new("wall::what_the_compiler_refuses_is_told_in_its_words");
    let loader = Loader::new(sandbox(Profile::Production), process(CompileLimits::default()));
    let said = |text: &str| {
        loader
            .load(&wat::parse_str(text).unwrap(), &Limits::default())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        said("(component (core module (func (param i32) (result i64) local.get 0)))"),
        "not a component that can be loaded: failed to compile: wasm[0]::function[0]: WebAssembly translation error: \
         Invalid input WebAssembly code at offset 37: type mismatch: expected i64, found i32"
    );
    assert!(said("(component (core module (memory i64 1)))").contains("memory64"));
    let missing = Compiler::Process {
        program: PathBuf::from("/nowhere/sandglass"),
        arguments: Vec::new(),
        limits: CompileLimits::default(),
    };
    let error = Loader::new(sandbox(Profile::Production), missing).load(&good(), &Limits::default());
    assert!(matches!(error, Err(LoadError::CompilerUnavailable { .. })));
    let other = Compiler::Process {
        program: PathBuf::from("/bin/false"),
        arguments: Vec::new(),
        limits: CompileLimits::default(),
    };
    let error = Loader::new(sandbox(Profile::Production), other).load(&good(), &Limits::default());
    assert!(matches!(error, Err(LoadError::CompilerFailed { .. })));
}

/// The process that compiles takes its limits upon itself before it reads: it opens no file and writes none.
#[test]
fn the_hidden_command_refuses_what_it_cannot_use() {
    let _timed = crate::harness::Timed::new("wall::the_hidden_command_refuses_what_it_cannot_use");
    let run = |arguments: &[&str], input: &[u8]| {
        let mut child = Command::new(program())
            .arg("__compile")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It may have ended before it reads.
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    };
    for arguments in [&[][..], &["production"], &["fast", "1", "1"], &["production", "x", "1"]] {
        let output = run(arguments, b"");
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("for the program itself"));
    }
    let output = run(&["production", "10", "4294967296"], b"\0asm garbage");
    assert!(output.status.success());
    assert_eq!(output.stdout[0], 2, "refused");
}

#[test]
fn a_key_that_others_can_read_is_said_and_nothing_is_kept() {
    let _timed = crate::harness::Timed::new("wall::a_key_that_others_can_read_is_said_and_nothing_is_kept");
    use std::os::unix::fs::PermissionsExt;
    let project = Project::new("");
    let path = component("tests/guests/good");
    let inspect = || {
        let mut command = project.command("2024-01-01", &["inspect", path.to_str().unwrap()]);
        command
            .env("XDG_CACHE_HOME", project.path("cache"))
            .env("XDG_CONFIG_HOME", project.path("config"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert_eq!(inspect(), "");
    let kept = only_file(&project.path("cache/sandglass/artifacts"));
    std::fs::remove_file(&kept).unwrap();
    let key = project.path("config/sandglass/artifact.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = inspect();
    assert!(said.contains("warning: compiled components are not kept"), "{said}");
    assert!(said.contains(&format!("chmod 600 {}", key.display())), "{said}");
    assert!(!kept.exists());
}
