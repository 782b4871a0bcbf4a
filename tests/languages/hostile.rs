//! What strangers do in Python, TypeScript and Go: every word of a hostile component is a run of its own, which ends with an error that says what
//! happened, or with a harmless answer; the same one the second time. `tests/guests/languages` has many more words than are run here.

use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};

use crate::harness::{Project, component};

const WORDS: [&str; 20] = [
    "loop",
    "regex",
    "sort",
    "power",
    "memory",
    "memory_at_once",
    "recursion",
    "threads",
    "deadlock",
    "sleep",
    "clock",
    "random",
    "file",
    "environment",
    "socket",
    "process",
    "exit",
    "print",
    "huge_message",
    "bad_text",
];

/// Words whose end is that of their time; the others have more than they need, on a busy machine too.
const ENDLESS: [&str; 4] = ["loop", "regex", "sort", "power"];

fn project(component: &Path, word: &str) -> Project {
    let project = Project::new("");
    let seconds = if ENDLESS.contains(&word) { 1 } else { 60 };
    let text = format!(
        r#"
[project]
name = "hostile"
[[entity]]
name = "word"
join_keys = {{ what = "utf8" }}
[[source]]
name = "rows"
path = "rows.csv"
timestamp_column = "timestamp"
[[feature_view]]
name = "v"
kind = "batch"
entities = ["word"]
sources = ["rows"]
transformation = "{}#misbehaves"
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "2024-01-01"
limits = {{ guest_time = "{seconds}s" }}
"#,
        component.display()
    );
    std::fs::write(project.path("sandglass.toml"), text).unwrap();
    std::fs::write(
        project.path("rows.csv"),
        format!("what,timestamp\n{word},2024-01-01T01:00:00Z\n"),
    )
    .unwrap();
    project
}

/// How the run of a word ended, in one line without what changes from run to run.
fn ending(component: &Path, word: &str) -> String {
    let project = project(component, word);
    let answer = project.run("2024-02-01", &["--format", "json", "run", "v", "--start", "2024-01-01"]);
    if answer.status == 0 {
        let answer: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
        return short(format!("said {}", answer["rows"][0]["said"]));
    }
    let line = answer
        .stderr
        .lines()
        .find(|line| line.starts_with("{\"error\""))
        .unwrap_or_default();
    let error: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{word}: {}", answer.stderr));
    let message = error["error"]["message"].as_str().unwrap();
    let (_, message) = message.split_once("): ").unwrap_or(("", message));
    let first = message.lines().next().unwrap_or_default();
    short(format!("exit {}: {}", answer.status, without_amounts(first)))
}

/// The first of its characters, which show what it is.
fn short(line: String) -> String {
    match line.char_indices().nth(160) {
        Some((end, _)) => format!("{} […]", &line[..end]),
        None => line,
    }
}

/// `used 1.041 s` and `used 256.7 MiB` are of the machine.
fn without_amounts(message: &str) -> String {
    let Some((before, after)) = message.split_once("used ") else {
        return message.to_owned();
    };
    let rest = after.split_once(' ').map_or("", |(_, rest)| rest);
    format!("{before}used … {rest}")
}

fn endings(language: &str, expected: &Expect) {
    let built: PathBuf = component(&format!("tests/guests/languages/{language}"));
    let mut text = String::new();
    for word in WORDS {
        let ended = ending(&built, word);
        text.push_str(&format!("{word}: {ended}\n"));
        if ended.starts_with("said") {
            assert_eq!(ended, ending(&built, word), "{language} {word} differs from run to run");
        }
    }
    expected.assert_eq(&text);
}

#[test]
fn python() {
    let _timed = crate::harness::Timed::new("languages::hostile::python");
    endings(
        "python",
        &expect![[r#"
        loop: exit 1: the guest hit its limit of time inside the guest in `push`: used … s, allowed 1.000 s
        regex: exit 1: the guest hit its limit of time inside the guest in `push`: used … s, allowed 1.000 s
        sort: exit 1: the guest hit its limit of time inside the guest in `push`: used … s, allowed 1.000 s
        power: exit 1: the guest hit its limit of time inside the guest in `push`: used … s, allowed 1.000 s
        memory: exit 1: the guest hit its limit of memory in `push`: used … MiB, allowed 256.0 MiB; the guest said: Traceback (most recent call last):
        memory_at_once: exit 1: the guest failed in `push`: OverflowError: cannot fit 'int' into an index-sized integer
        recursion: exit 1: the guest failed in `push`: RecursionError: maximum recursion depth exceeded
        threads: said "Thread: RuntimeError: can't start new thread\nTimer: RuntimeError: can't start new thread\nThreadPoolExecutor: ModuleNotFoundError: No module named 'concu […]
        deadlock: exit 1: the guest failed in `push`: RuntimeError: a deadlock: a transformation has one thread, and it waits for a lock that it holds
        sleep: said "slept"
        clock: said "before: (1704153600.0, 1e-06, 2e-06)\nchanged: [3600.0, 3600.0, 3600.0]\ndatetime.now: '2024-01-02T01:00:00'\ndatetime.now(utc): '2024-01-02T01:00:00+00:0 […]
        random: said "random: 0.8444218515250481\nRandom(): 0.09943250824355643\nSystemRandom: 0.6730352495859786\nurandom: b'U\\x94\\xaak'\ngetrandom: AttributeError: module ' […]
        file: said "open: PermissionError: [Errno 63] open: a transformation has no files: read them when the module is imported, which is while it is built\nwrite: Permissio […]
        environment: said "argv: []\norig_argv: []\nenviron: {}\ngetenv: None\npath: ['/python', '/world', '/0', '/1', '/2', '/3', '/bundled', '/python/lib/python314.zip', '/python/ […]
        socket: exit 1: the guest failed in `push`: ModuleNotFoundError: No module named 'ssl' was built in: import it at the top of the module, and put what is not of the stan […]
        process: said "system: AttributeError: module 'os' has no attribute 'system'\npopen: OSError: [Errno 58] wasi does not support processes.\nrun: OSError: [Errno 58] wasi  […]
        exit: exit 1: the guest failed in `push`: SystemExit: 3
        print: exit 1: the guest hit its limit of log bytes in `push`: used … MiB, allowed 1.0 MiB
        huge_message: exit 1: the guest failed in `push`: ValueError: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx […]
        bad_text: exit 1: the guest failed in `next`: output: column `said`: utf8 cannot hold 'half a pair \ud800' (value 0): it has half a surrogate pair
    "#]],
    );
}

#[test]
fn javascript() {
    let _timed = crate::harness::Timed::new("languages::hostile::javascript");
    endings(
        "js",
        &expect![[r#"
        loop: exit 1: the guest hit its limit of time inside the guest in `push`: used … s, allowed 1.000 s
        regex: exit 1: the guest hit its limit of time inside the guest in `push`: used … s, allowed 1.000 s
        sort: exit 1: the guest hit its limit of time inside the guest in `push`: used … s, allowed 1.000 s
        power: exit 1: the guest failed in `push`: RangeError: BigInt is too large to allocate
        memory: exit 1: the guest hit its limit of memory in `push`: used … MiB, allowed 256.0 MiB; the guest said: InternalError: out of memory
        memory_at_once: exit 1: the guest failed in `push`: RangeError: invalid array buffer length
        recursion: exit 1: row {"what":"recursion","timestamp":"2024-01-01T01:00:00Z"} of input `rows`: the guest trapped in `push`: wasm trap: call stack exhausted (0 rejected ro […]
        threads: said "0 ran"
        deadlock: exit 1: the guest failed in `push`: a transformation cannot be asynchronous: it returned a promise
        sleep: said "setTimeout: Error: setTimeout: there are no timers in a transformation\nsetInterval: Error: setInterval: there are no timers in a transformation\nsetImmed […]
        clock: said "now: 1704153600000\nnew: 2024-01-02T00:00:00.000Z\ncall: Tue Jan 02 2024 00:00:00 GMT+0000\nreflect: 2024-01-02T00:00:00.000Z\nbelow: 2024-01-02T00:00:00. […]
        random: said "random: [0.0589929255656898,0.9682782108429819]\ngetRandomValues: [219,209,243,47]\nrandomUUID: TypeError: not a function\nsubtle: undefined"
        file: said "require: TypeError: not a function\nstd: TypeError: cannot read property 'open' of undefined\nos: TypeError: cannot read property 'open' of undefined\nloa […]
        environment: said "argv: TypeError: cannot read property 'argv' of undefined\nenv: TypeError: cannot read property 'env' of undefined\nscriptArgs: undefined\nnavigator: unde […]
        socket: said "fetch: Error: fetch: there is no network in a transformation: bring what it needs in as an input\nXMLHttpRequest: Error: XMLHttpRequest: there is no netwo […]
        process: said "child: TypeError: not a function\nexec: TypeError: cannot read property 'exec' of undefined\nkill: TypeError: cannot read property 'kill' of undefined"
        exit: said "process: TypeError: cannot read property 'exit' of undefined\nstd: TypeError: cannot read property 'exit' of undefined\nquit: TypeError: not a function\no […]
        print: exit 1: the guest hit its limit of log bytes in `push`: used … MiB, allowed 1.0 MiB
        huge_message: exit 1: the guest failed in `push`: Error: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx […]
        bad_text: exit 1: the guest failed in `push`: Error: a text with half of a surrogate pair, which UTF-8 cannot hold; `text.toWellFormed()` makes U+FFFD of it
    "#]],
    );
}

#[test]
fn go() {
    let _timed = crate::harness::Timed::new("languages::hostile::go");
    endings(
        "go",
        &expect![[r#"
        loop: exit 1: the guest hit its limit of time inside the guest in `push`: used … s, allowed 1.000 s
        regex: exit 1: the guest hit its limit of time inside the guest in `push`: used … s, allowed 1.000 s
        sort: exit 1: the guest hit its limit of time inside the guest in `push`: used … s, allowed 1.000 s
        power: exit 1: the guest hit its limit of time inside the guest in `push`: used … s, allowed 1.000 s
        memory: exit 1: the guest hit its limit of memory in `push`: used … MiB, allowed 256.0 MiB; the guest said: fatal error: out of memory
        memory_at_once: exit 1: the guest hit its limit of memory in `push`: used … MiB, allowed 256.0 MiB; the guest said: fatal error: out of memory
        recursion: exit 1: row {"what":"recursion","timestamp":"2024-01-01T01:00:00Z"} of input `rows`: the guest trapped in `push`: wasm trap: call stack exhausted (0 rejected ro […]
        threads: exit 1: the guest hit its limit of memory in `push`: used … MiB, allowed 256.0 MiB; the guest said: fatal error: out of memory
        deadlock: exit 1: row {"what":"deadlock","timestamp":"2024-01-01T01:00:00Z"} of input `rows`: the guest trapped in `push`: wasm trap: wasm `unreachable` instruction execu […]
        sleep: said "slept"
        clock: said "2024-01-02 00:00:00 +0000 UTC; an hour's sleep changes 1h0m0.000002s; monotonic 1h0m0.000004s; zone UTC 0; Berlin: unknown time zone Europe/Berlin"
        random: said "5194116808522943997 15238568161537706070 [4 5 0 1 3 2] ba6694b5 <nil>"
        file: said "read: *fs.PathError: open /etc/passwd: Bad file number\nwrite: *fs.PathError: open written.txt: Bad file number\nmkdir: *fs.PathError: mkdir x: Bad file n […]
        environment: said "args []; env []; pid 3; uid 1; folder \"\" <nil>; host \"wasip1\" <nil>; home \"\" $HOME is not defined; program \"\" Executable not implemented for wasip […]
        socket: said "dial: *net.OpError: dial tcp 127.0.0.1:80: address 127.0.0.1:80: connect: Connection refused\ntimeout: *net.OpError: dial tcp 127.0.0.1:80: address 127.0. […]
        process: said "command: *exec.Error: exec: \"id\": executable file not found in $PATH\npath: *fs.PathError: open /dev/null: Bad file number\nstart: *fs.PathError: fork/e […]
        exit: exit 1: row {"what":"exit","timestamp":"2024-01-01T01:00:00Z"} of input `rows`: the guest trapped in `push`: wasm trap: wasm `unreachable` instruction executed; […]
        print: exit 1: the guest hit its limit of log bytes in `push`: used … MiB, allowed 1.0 MiB
        huge_message: exit 1: the guest failed in `push`: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx […]
        bad_text: exit 1: the guest failed in `push`: column `said` has text that is not UTF-8 in its row 0: use strings.ToValidUTF8, or the kind binary
    "#]],
    );
}
