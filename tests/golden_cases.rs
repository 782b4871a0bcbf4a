//! `sandglass test`: golden cases beside transformations, right and wrong ones, and what `apply` makes of them.

use std::path::Path;

use crate::definitions::compare;
use crate::harness::{Answer, Project, Random, Timed, cases, component, repository};

const NOW: &str = "2024-02-01";

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// The project of `tests/golden/cases` with the good guests as `good.wasm`.
fn project() -> Project {
    let project = Project::new("");
    let folder = repository().join("tests/golden/cases");
    std::fs::copy(folder.join("sandglass.toml"), project.path("sandglass.toml")).unwrap();
    std::fs::copy(component("tests/guests/good"), project.path("good.wasm")).unwrap();
    project
}

fn with_cases(names: &[&str]) -> Project {
    let project = project();
    for name in names {
        let from = repository().join("tests/golden/cases/good.golden").join(name);
        copy(&from, &project.path("good.golden").join(name));
    }
    project
}

fn json(answer: &Answer) -> serde_json::Value {
    serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", answer.stdout, answer.stderr))
}

fn write(project: &Project, path: &str, text: &str) {
    let path = project.path(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn read(project: &Project, path: &str) -> String {
    std::fs::read_to_string(project.path(path)).unwrap()
}

/// Cases in all shapes, and what is said of each.
#[test]
fn every_case_has_its_answer() {
    let _timed = Timed::new("golden_cases::every_case_has_its_answer");
    let project = project();
    let folder = repository().join("tests/golden/cases");
    copy(&folder.join("good.golden"), &project.path("good.golden"));
    let answer = project.run(NOW, &["test"]);
    assert_eq!(answer.status, 1, "{}", answer.stderr);
    let said = answer
        .stdout
        .replace(&project.path("").display().to_string(), "PROJECT/");
    compare(&folder.join("answer.txt"), &said);
    assert!(
        answer.stderr.contains("good.wasm#nans has no golden cases"),
        "{}",
        answer.stderr
    );
    assert!(answer.stderr.contains(" golden cases: "), "{}", answer.stderr);
}

#[test]
fn the_examples_cases_pass() {
    let _timed = Timed::new("golden_cases::the_examples_cases_pass");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_sandglass"))
        .args(["--format", "json", "--project"])
        .arg(repository().join("examples/purchases"))
        .arg("test")
        .output()
        .unwrap();
    let answer = Answer::of(&output);
    assert_eq!(answer.status, 0, "{}{}", answer.stdout, answer.stderr);
    let report = json(&answer);
    assert_eq!(
        (report["passed"].as_u64(), report["failed"].as_u64()),
        (Some(5), Some(0))
    );
    assert_eq!(report["cases"][0]["transformation"], "basket_check");
    assert_eq!(report["cases"][0]["outcome"], "passed");
}

#[test]
fn cases_are_chosen_by_view_transformation_and_folder() {
    let _timed = Timed::new("golden_cases::cases_are_chosen_by_view_transformation_and_folder");
    let project = with_cases(&[
        "explode/passes",
        "explode/columns_in_any_order",
        "reject_negative/rejected_rows",
    ]);
    let folder = project.path("good.golden/explode/passes");
    for (name, count) in [
        ("exploded", 2),
        ("explode", 2),
        ("reject_negative", 1),
        (folder.to_str().unwrap(), 1),
        (project.path("good.golden").to_str().unwrap(), 3),
    ] {
        let answer = project.run(NOW, &["--format", "json", "test", name]);
        assert_eq!(json(&answer)["passed"], count, "{name}: {}", answer.stderr);
    }
    let answer = project.run(NOW, &["test", "exploder"]);
    assert_eq!(answer.status, 1);
    assert_eq!(
        answer.stderr,
        "error: `exploder` has no golden cases; there are some of `explode`, `reject_negative`\n\
         hint: name a feature view, a transformation, or a folder\n"
    );
}

#[test]
fn a_folder_of_no_transformation_is_named() {
    let _timed = Timed::new("golden_cases::a_folder_of_no_transformation_is_named");
    let project = with_cases(&["explode/passes"]);
    std::fs::rename(
        project.path("good.golden/explode"),
        project.path("good.golden/explodes"),
    )
    .unwrap();
    let answer = project.run(NOW, &["test"]);
    assert_eq!(answer.status, 1);
    assert!(
        answer.stderr.contains("good.wasm has no transformation `explodes`"),
        "{}",
        answer.stderr
    );
}

#[test]
fn what_a_case_gives_is_accepted() {
    let _timed = Timed::new("golden_cases::what_a_case_gives_is_accepted");
    let project = with_cases(&[
        "traps_on_negative/trapped_rows",
        "explode/differs",
        "explode/passes",
        "fails/another_error",
    ]);
    let trapped = "good.golden/traps_on_negative/trapped_rows";
    write(
        &project,
        "good.golden/fails/now_rows/rows.csv",
        "customer_id,timestamp,amount\n1,2024-01-01,\n",
    );
    write(
        &project,
        "good.golden/fails/now_rows/context.toml",
        "parameters = { how = \"ok\" }\n",
    );
    write(&project, "good.golden/fails/now_rows/error.txt", "something\n");
    let answer = project.run(NOW, &["--format", "json", "test"]);
    assert_eq!(answer.status, 1);
    assert_eq!(json(&answer)["failed"], 4);
    let before = read(&project, "good.golden/explode/passes/expected.csv");

    let answer = project.run(NOW, &["--format", "json", "test", "--update"]);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    let report = json(&answer);
    assert_eq!(
        (report["passed"].as_u64(), report["updated"].as_u64()),
        (Some(1), Some(4))
    );
    let files = |case: &str| {
        let all = report["cases"].as_array().unwrap().iter();
        let mut found = all.filter(|found| found["case"] == case);
        found.next().unwrap()["files"].to_string()
    };
    assert_eq!(files("trapped_rows"), r#"["expected.csv","rejected.jsonl"]"#);
    assert_eq!(files("now_rows"), r#"["expected.csv","error.txt"]"#);
    assert_eq!(files("another_error"), r#"["error.txt"]"#);
    assert_eq!(
        read(&project, &format!("{trapped}/expected.csv")),
        "customer_id,timestamp,amount\n1,2024-01-01T10:00:00Z,1.5\n3,2024-01-01T12:00:00Z,3.0\n"
    );
    let rejected = read(&project, &format!("{trapped}/rejected.jsonl"));
    assert!(
        rejected.contains("\"cause\": \"trapped\"") && rejected.contains("is negative"),
        "{rejected}"
    );
    assert_eq!(read(&project, "good.golden/explode/passes/expected.csv"), before);

    let answer = project.run(NOW, &["test"]);
    assert_eq!(answer.status, 0, "{}{}", answer.stdout, answer.stderr);
    assert!(
        answer.stderr.ends_with("5 golden cases: 5 passed\n"),
        "{}",
        answer.stderr
    );
}

/// Parquet goes in and comes out as CSV does.
#[test]
fn parquet_files_are_golden_too() {
    let _timed = Timed::new("golden_cases::parquet_files_are_golden_too");
    let project = Project::new("");
    let text = definitions("traps_on_negative");
    std::fs::write(project.path("sandglass.toml"), text).unwrap();
    std::fs::copy(component("tests/guests/good"), project.path("good.wasm")).unwrap();
    let row = |customer_id, amount| crate::harness::Row {
        customer_id,
        timestamp: 1_704_067_200_000_000,
        quantity: 1,
        amount,
    };
    let folder = project.path("good.golden/traps_on_negative/as_parquet");
    std::fs::create_dir_all(&folder).unwrap();
    crate::harness::write_rows(&folder.join("rows.parquet"), &[row(1, 1.5), row(2, 2.5)], 1);
    crate::harness::write_rows(&folder.join("expected.parquet"), &[row(1, 1.5)], 1);
    let answer = project.run(NOW, &["test"]);
    assert_eq!(answer.status, 1);
    assert!(
        answer.stdout.contains("1 row expected, 2 given, 1 differs"),
        "{}",
        answer.stdout
    );
    let answer = project.run(NOW, &["test", "--update"]);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    assert!(!folder.join("expected.csv").exists());
    let answer = project.run(NOW, &["test"]);
    assert!(answer.stdout.starts_with("passed "), "{}", answer.stdout);
}

fn definitions(transformation: &str) -> String {
    let text = std::fs::read_to_string(repository().join("tests/golden/cases/sandglass.toml")).unwrap();
    text.replace("good.wasm#explode", &format!("good.wasm#{transformation}"))
}

#[test]
fn apply_runs_the_cases_first() {
    let _timed = Timed::new("golden_cases::apply_runs_the_cases_first");
    let view = "[[feature_view]]\nname = \"v\"\nkind = \"batch\"\nentities = [\"customer\"]\nsources = [\"purchases\"]\n\
        transformation = \"good.wasm#outside\"\ntimestamp_column = \"timestamp\"\nbatch_schedule = \"1d\"\n\
        feature_start_time = \"2024-01-01\"\n";
    let project = Project::with_purchases(view);
    std::fs::copy(component("tests/guests/good"), project.path("good.wasm")).unwrap();
    let case = "good.golden/outside/ends";
    write(
        &project,
        &format!("{case}/rows.csv"),
        "customer_id,timestamp,amount\n1,2024-01-01,\n2,2024-01-01,\n",
    );
    write(
        &project,
        &format!("{case}/expected.csv"),
        "customer_id,timestamp,amount\n1,2024-01-02,\n2,2024-01-02,\n",
    );
    let answer = project.run(NOW, &["apply"]);
    assert_eq!((answer.status, answer.stdout.as_str()), (1, ""));
    assert!(answer.stderr.contains("1 differs"), "{}", answer.stderr);
    assert!(
        answer.stderr.ends_with(
            "error: nothing was applied: golden cases failed: `good.wasm#outside ends`\nhint: mend the transformation, accept what \
             it gives now with `sandglass test --update`, or `apply --skip-tests`\n"
        ),
        "{}",
        answer.stderr
    );
    let answer = project.run(NOW, &["--format", "json", "apply"]);
    let error: serde_json::Value = serde_json::from_str(&answer.stderr).unwrap();
    assert_eq!(error["error"]["kind"], "invalid");
    assert!(!project.path("store").exists());

    project.json(NOW, &["apply", "--skip-tests"]);
    let text = "customer_id,timestamp,amount\n1,2024-01-02,\n2,2024-01-01T23:59:59.999999Z,\n";
    write(&project, &format!("{case}/expected.csv"), text);
    let answer = project.run(NOW, &["apply"]);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    assert!(answer.stderr.contains("1 golden case: 1 passed"), "{}", answer.stderr);
}

/// No file makes the program panic: a case's files with bytes removed, doubled and replaced.
#[test]
fn no_file_panics() {
    let _timed = Timed::new("golden_cases::no_file_panics");
    let mut random = Random(crate::harness::seed());
    let project = project();
    let whole = [
        (
            "rows.csv",
            "customer_id,timestamp,amount\n1,2024-01-01T10:00:00Z,1.5\n2,\"2024-01-01\",-2\n",
        ),
        (
            "context.toml",
            "start = 2024-01-01\nmax_rejected = 3\n[inputs.rows]\nstart_time_offset = \"-1d\"\n",
        ),
        (
            "expected.csv",
            "customer_id,timestamp,amount\n1,2024-01-01T10:00:00Z,1.5\n",
        ),
        (
            "rejected.jsonl",
            "{\"input\": \"rows\", \"row\": {\"customer_id\":2}, \"cause\": \"rejected\", \"reason\": \"amount is negative\"}\n",
        ),
    ];
    let count = cases(150);
    for case in 0..count {
        for (file, text) in whole {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..random.below(3) {
                let at = usize::try_from(random.below(bytes.len() as u64)).unwrap();
                match random.below(3) {
                    0 => {
                        bytes.remove(at);
                    }
                    1 => bytes.insert(
                        at,
                        b"\",\n\r[]{}=-9 #\xc3\0"[usize::try_from(random.below(15)).unwrap()],
                    ),
                    _ => {
                        bytes.swap_remove(at);
                    }
                }
            }
            let path = project.path(&format!("good.golden/reject_negative/{case}/{file}"));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
    for update in [false, true] {
        let arguments = if update { vec!["--update"] } else { vec![] };
        let answer = project.run(NOW, &[vec!["--format", "json", "test"], arguments].concat());
        assert!(!answer.stderr.contains("panicked"), "{}", answer.stderr);
        let report = json(&answer);
        assert_eq!(report["cases"].as_array().unwrap().len(), count);
        assert!(!update || report["updated"].as_u64().unwrap() > 10, "{report}");
    }
    // What was accepted passes.
    let answer = project.run(NOW, &["--format", "json", "test"]);
    let report = json(&answer);
    let states: Vec<_> = report["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| case["outcome"].clone())
        .collect();
    assert!(
        states.iter().all(|state| state == "passed" || state == "broken"),
        "{states:?}"
    );
}

/// A damaged Parquet file breaks its case and no other, even where the library panics on it.
#[test]
fn damaged_parquet_files_break_their_cases_only() {
    let _timed = Timed::new("golden_cases::damaged_parquet_files_break_their_cases_only");
    let mut random = Random(crate::harness::seed());
    let project = project();
    let count = cases(150);
    let parquet = project.path("whole.parquet");
    let row = |customer_id| crate::harness::Row {
        customer_id,
        timestamp: 1_704_067_200_000_000,
        quantity: 1,
        amount: 1.5,
    };
    crate::harness::write_rows(&parquet, &(0..20).map(row).collect::<Vec<_>>(), 5);
    let parquet = std::fs::read(parquet).unwrap();
    for case in 0..count {
        let mut bytes = parquet.clone();
        for _ in 0..=random.below(3) {
            // What is at the end says what the rest is.
            let near = if random.below(2) == 0 { 600 } else { bytes.len() as u64 };
            let from_end = random.below(near);
            let at = bytes.len() - 1 - usize::try_from(from_end).unwrap();
            bytes[at] = random.below(256) as u8;
        }
        let path = project.path(&format!("good.golden/traps_on_negative/{case}/rows.parquet"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let answer = project.run(NOW, &["--format", "json", "test", "--update"]);
    let report = json(&answer);
    let cases = report["cases"].as_array().unwrap();
    assert_eq!(cases.len(), count, "{}", answer.stderr);
    let is = |outcome: &'static str| cases.iter().filter(move |case| case["outcome"] == outcome).count();
    assert!(is("updated") > 10 && is("broken") > 10, "{report}");
    assert_eq!(is("updated") + is("broken"), count, "{report}");
}
