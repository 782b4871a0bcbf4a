//! The example in five languages: equal rows, bit for bit, offline and online.

use std::process::Command;

use arrow::array::RecordBatch;

use crate::harness::{Answer, repository};

const NOW: &str = "1998-07-01";
const LANGUAGES: [&str; 5] = ["rust", "python", "typescript", "go", "c"];

#[test]
fn five_languages() {
    let _timed = crate::harness::Timed::new("languages::five_languages");
    let folder = tempfile::tempdir().unwrap();
    let example = repository().join("examples/five-languages");
    // Its stores are in a folder of the test's own, its sources where they are.
    let text = std::fs::read_to_string(example.join("sandglass.toml")).unwrap();
    let text = text
        .replace("\"../purchases/", &format!("\"{}/../purchases/", example.display()))
        .replace(
            "\"transformations/",
            &format!("\"{}/transformations/", example.display()),
        );
    std::fs::write(folder.path().join("sandglass.toml"), text).unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_sandglass"))
            .arg("--project")
            .arg(folder.path())
            .args(["--now", NOW, "--format", "json"])
            .args(arguments)
            .output()
            .unwrap();
        let answer = Answer::of(&output);
        assert_eq!(answer.status, 0, "{arguments:?}: {}", answer.stderr);
        answer.stdout
    };
    run(&["apply"]);
    run(&["materialize"]);
    let rows = |language: &str| -> Vec<RecordBatch> {
        let location = folder
            .path()
            .join(format!("store/offline/five_languages/rfm_{language}/v1/rows"));
        crate::harness::table_rows(&location, "select * from rows order by customer_id, timestamp")
    };
    let first = rows(LANGUAGES[0]);
    assert!(first.iter().map(RecordBatch::num_rows).sum::<usize>() > 3_000);
    for language in &LANGUAGES[1..] {
        assert!(
            rows(language) == first,
            "rows of rfm_{language} are not those of rfm_rust"
        );
    }
    let got: serde_json::Value = serde_json::from_str(&run(&["get", "rfm", "--key", "customer_id=4"])).unwrap();
    let features = got["features"].as_array().unwrap();
    let values = |language: &str| -> Vec<String> {
        let prefix = format!("rfm_{language}.");
        let own = features
            .iter()
            .filter(|feature| feature["name"].as_str().unwrap().starts_with(&prefix));
        own.map(|feature| feature["value"].to_string()).collect()
    };
    assert_eq!(values("rust").len(), 3);
    for language in LANGUAGES {
        assert_eq!(values(language), values("rust"), "{language}");
    }
}
