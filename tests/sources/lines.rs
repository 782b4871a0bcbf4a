//! JSON lines: what is wrong is named by file and line, and numbers are what was written or an error.

use super::world::{day, definition, project_with, refused, says, write_text};
use crate::harness::{Project, Timed};

fn lines(text: &str) -> Project {
    let project = project_with("path = \"rows.jsonl\"\ntimestamp_column = \"timestamp\"", "");
    write_text(&project.path("rows.jsonl"), text);
    project
}

const GOOD: &str = "{\"customer_id\":1,\"timestamp\":\"2024-01-01T01:00:00Z\",\"amount\":1.5,\"note\":\"a\"}\n";

#[test]
fn damaged_lines_are_named() {
    let _timed = Timed::new("sources::lines::damaged_lines_are_named");
    let long = GOOD.repeat(9_000);
    for (text, problem) in [
        // Beyond the rows that are looked at when the source is opened, and beyond the first batch.
        (
            format!("{}{}{GOOD}", GOOD.repeat(120_000), "{\"customer_id\":1,"),
            "rows.jsonl, line 120001: ",
        ),
        (
            format!("{}{{\"a\":{}}}\n", GOOD.repeat(100_001), "[".repeat(1_000_000)),
            "rows.jsonl, line 100002: ",
        ),
        (
            format!("{long}\n\n{{\"customer_id\":}}\n"),
            "rows.jsonl: line 9003: expected value",
        ),
        (
            format!("{GOOD}[1]\n"),
            "rows.jsonl: line 2 is no JSON object; each line is one",
        ),
        (
            format!("{GOOD}{{\n\"customer_id\": 1\n}}\n"),
            "rows.jsonl: line 2: EOF while parsing",
        ),
        (
            format!("{}{{\"a\":{}}}\n", GOOD, "[".repeat(100_000)),
            "rows.jsonl: line 2: recursion limit exceeded",
        ),
        (
            format!("{}{}", GOOD, "\"".repeat(17 << 20)),
            "rows.jsonl: line 2 is longer than 16777216 bytes",
        ),
    ] {
        let error = refused(&lines(&text), &["run", "v", "--start", "2024-01-01"]);
        assert!(says(&error, problem), "{problem}: {error}");
    }
}

#[test]
fn numbers_are_what_was_written_or_an_error() {
    let _timed = Timed::new("sources::lines::numbers_are_what_was_written_or_an_error");
    let with = |id: &str, amount: &str| {
        format!("{GOOD}{{\"customer_id\":{id},\"timestamp\":\"2024-01-01\",\"amount\":{amount}}}\n")
    };
    let project = lines(&with("9223372036854775807", "0.1"));
    let answer = day(&project, "2024-01-01");
    assert_eq!(answer["rows"][0]["customer_id"], "9223372036854775807", "{answer}");
    assert_eq!(answer["rows"][0]["amount"], 0.1);
    // Numbers as text are numbers.
    let project = lines(&with("\"7\"", "\"0.5\""));
    assert_eq!(day(&project, "2024-01-01")["rows"][0]["customer_id"], "7");
    for (id, amount, problem) in [
        ("9223372036854775808", "1", "column `customer_id`: "),
        ("1.5", "1", "column `customer_id`: "),
        ("true", "1", "column `customer_id`: "),
        ("{}", "1", "rows.jsonl, line 2: "),
        ("1", "[1]", "rows.jsonl, line 2: "),
        ("1", "\"many\"", "column `amount`: "),
    ] {
        let error = refused(&lines(&with(id, amount)), &["run", "v", "--start", "2024-01-01"]);
        assert!(says(&error, problem), "{id} {amount}: {error}");
    }
}

/// Keys that are missing, or null, or there in some rows only; lists and objects; a mark at the beginning, CRLF, empty lines.
#[test]
fn rows_that_are_passed_on() {
    let _timed = Timed::new("sources::lines::rows_that_are_passed_on");
    let text = "\u{feff}{\"customer_id\":1,\"timestamp\":1704067200,\"tags\":[\"a\",\"b\"],\"of\":{\"x\":1,\"y\":[1.5]},\"none\":[]}\r\n\r\n\
                {\"customer_id\":2,\"timestamp\":1704067201,\"big\":18446744073709551615,\"of\":{\"x\":2.5}}\n   \n\
                {\"customer_id\":null,\"timestamp\":1704067202,\"tags\":null}";
    let project = Project::new("");
    let source = "path = \"rows.jsonl\"\ntimestamp_column = \"timestamp\"\ntimestamp_unit = \"s\"";
    let definition = definition(source, "");
    let definition: String = definition
        .lines()
        .filter(|line| !line.starts_with("transformation"))
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(project.path("sandglass.toml"), definition).unwrap();
    write_text(&project.path("rows.jsonl"), text);
    let answer = day(&project, "2024-01-01");
    assert_eq!(answer["count"], 2, "{answer}");
    assert_eq!(answer["report"]["source"]["null_keys"], 1);
    let rows = answer["rows"].as_array().unwrap();
    assert_eq!(rows[0]["tags"], serde_json::json!(["a", "b"]), "{answer}");
    assert_eq!(rows[0]["of"], serde_json::json!({ "x": 1.0, "y": [1.5] }), "{answer}");
    assert_eq!(rows[0]["none"], serde_json::json!([]), "{answer}");
    assert_eq!(rows[1]["big"], "18446744073709551615", "{answer}");
    assert_eq!(rows[1]["tags"], serde_json::Value::Null, "{answer}");
}

#[test]
fn a_truncated_archive_is_an_error() {
    let _timed = Timed::new("sources::lines::a_truncated_archive_is_an_error");
    let project = project_with("path = \"rows.jsonl.gz\"\ntimestamp_column = \"timestamp\"", "");
    let path = project.path("rows.jsonl.gz");
    let mut random = crate::harness::Random(3);
    let text: String = (0..5_000)
        .map(|_| GOOD.replace("1.5", &random.next().to_string()))
        .collect();
    write_text(&path, &text);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let error = refused(&project, &["run", "v", "--start", "2024-01-01"]);
    assert!(says(&error, "rows.jsonl.gz: line "), "{error}");
}
