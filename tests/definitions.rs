//! Golden folders: `sandglass.toml`, and the problems (`error.txt`) or warnings (`warnings.txt`, empty if there are none) that
//! it has. `SANDGLASS_UPDATE_GOLDEN=1` writes what comes out.

use std::path::Path;

use sandglass::definition::parse;

use crate::harness::{Random, cases, repository};

pub fn compare(path: &Path, given: &str) {
    if std::env::var_os("SANDGLASS_UPDATE_GOLDEN").is_some() {
        std::fs::write(path, given).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(given, expected, "{}", path.display());
}

#[test]
fn golden_definitions() {
    let _timed = crate::harness::Timed::new("definitions::golden_definitions");
    let folder = repository().join("tests/golden/definitions");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let case = entry.unwrap().path();
        let text = std::fs::read_to_string(case.join("sandglass.toml")).unwrap();
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        match parse("sandglass.toml", &text) {
            Ok(parsed) => {
                assert!(name.starts_with("ok_"), "{name} has no problem");
                let warnings: Vec<_> = parsed.warnings.iter().map(|warning| warning.message.clone()).collect();
                compare(&case.join("warnings.txt"), &warnings.join("\n"));
            }
            Err(problems) => compare(&case.join("error.txt"), &problems.render(true)),
        }
        count += 1;
    }
    assert!(count >= 12, "{count} cases");
}

/// No text makes the parser panic: valid definitions with bytes removed, doubled and replaced.
#[test]
fn no_text_panics() {
    let _timed = crate::harness::Timed::new("definitions::no_text_panics");
    let texts = ["examples/purchases", "tests/golden/definitions/ok_aggregations"]
        .map(|folder| std::fs::read_to_string(repository().join(folder).join("sandglass.toml")).unwrap());
    let mut random = Random(7);
    for round in 0..cases(6_000) {
        let mut bytes = texts[round % 2].clone().into_bytes();
        for _ in 0..=random.below(4) {
            let at = usize::try_from(random.below(bytes.len() as u64)).unwrap();
            match random.below(3) {
                0 => {
                    bytes.remove(at);
                }
                1 => bytes.insert(at, b"\"[]{}=-9\n #\xc3"[usize::try_from(random.below(11)).unwrap()]),
                _ => {
                    bytes.swap_remove(at);
                }
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Err(problems) = parse("sandglass.toml", &text) {
            assert!(!problems.render(true).is_empty());
        }
    }
}

/// The README's table has every function as it is written.
#[test]
fn functions_are_in_the_readme() {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    for (name, parameters) in sandglass::aggregate::FUNCTIONS {
        let shape = if parameters.is_empty() {
            format!("`{name}`")
        } else {
            format!("`{name}({parameters})`")
        };
        assert!(readme.contains(&shape), "{shape}");
    }
}
