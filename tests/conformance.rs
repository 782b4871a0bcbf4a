//! The conformance kit on a component of every SDK: same rows in, same bytes out. The program builds each from its sources, with compilers
//! that it installs itself where no installation of the language brings them along.

use serde_json::Value;

use crate::harness::{Project, repository};

fn program(arguments: &[&str]) -> (i32, Value, String) {
    let project = Project::new("");
    let answer = project.run("2024-01-01", &[&["--format", "json"], arguments].concat());
    let stdout = serde_json::from_str(&answer.stdout).unwrap_or_default();
    (answer.status, stdout, answer.stderr)
}

/// Builds `tests/conformance/<language>`, runs the kit, and looks at what the component imports.
fn conforms(language: &str) {
    let folder = repository().join("tests/conformance").join(language);
    let folder = folder.to_str().unwrap();
    let (status, report, stderr) = program(&["conformance", folder]);
    let failed: Vec<_> = report["cases"]
        .as_array()
        .unwrap_or_else(|| panic!("{language}: {stderr}"))
        .iter()
        .filter(|case| case["passed"] == false)
        .map(|case| format!("{}, {}: {}", case["transformation"], case["case"], case["difference"]))
        .collect();
    assert!(failed.is_empty(), "{language}:\n{}", failed.join("\n"));
    assert_eq!(status, 0, "{stderr}");
    assert!(report["cases"].as_array().unwrap().len() > 80);
    let (_, inspected, _) = program(&["inspect", folder]);
    let world = ["sandglass:transform/log@0.1.0", "sandglass:transform/types@0.1.0"];
    for import in inspected["imports"].as_array().unwrap() {
        assert!(world.contains(&import.as_str().unwrap()), "{language} imports {import}");
    }
}

#[test]
fn rust() {
    let _timed = crate::harness::Timed::new("conformance::rust");
    conforms("rust");
}

#[test]
fn python() {
    let _timed = crate::harness::Timed::new("conformance::python");
    conforms("python");
}

#[test]
fn javascript() {
    let _timed = crate::harness::Timed::new("conformance::javascript");
    conforms("js");
}

#[test]
fn go() {
    let _timed = crate::harness::Timed::new("conformance::go");
    conforms("go");
}

#[test]
fn c() {
    let _timed = crate::harness::Timed::new("conformance::c");
    conforms("c");
}

#[test]
fn cpp() {
    let _timed = crate::harness::Timed::new("conformance::cpp");
    conforms("cpp");
}

#[test]
fn zig() {
    let _timed = crate::harness::Timed::new("conformance::zig");
    conforms("zig");
}

/// A component of other transformations fails, and it is said which are missing and which are strange.
#[test]
fn other_components_fail() {
    let _timed = crate::harness::Timed::new("conformance::other_components_fail");
    let folder = repository().join("tests/guests/good");
    let (status, report, stderr) = program(&["conformance", folder.to_str().unwrap()]);
    assert_eq!(status, 1);
    assert!(stderr.contains("cases failed"), "{stderr}");
    let cases = report["cases"].as_array().unwrap();
    let missing = cases.iter().filter(|case| case["difference"] == "is missing");
    assert_eq!(missing.count(), 11);
    assert!(cases.iter().any(|case| case["case"] == "`distinct_merchants`"));
}
