//! Golden folders of projects that are wrong in ways only files and components show: `sandglass.toml`, data, `command.txt`
//! (what is run, one command a line) and what the last command says on stderr (`error.txt`).

use crate::definitions::compare;
use crate::harness::{Project, component, repository};

#[test]
fn golden_projects() {
    let _timed = crate::harness::Timed::new("bad_input::golden_projects");
    let example = component("examples/purchases/transformations/purchases");
    let good = component("tests/guests/good");
    let mut count = 0;
    let mut cases: Vec<_> = std::fs::read_dir(repository().join("tests/golden/projects"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    for case in cases {
        let project = Project::new("");
        for entry in std::fs::read_dir(&case).unwrap() {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().to_str().unwrap();
            if !matches!(file, "error.txt" | "command.txt") {
                std::fs::copy(&path, project.path(file)).unwrap();
            }
        }
        let text = std::fs::read_to_string(project.path("sandglass.toml")).unwrap();
        let text = text
            .replace("EXAMPLE", &example.display().to_string())
            .replace("GOOD", &good.display().to_string());
        std::fs::write(project.path("sandglass.toml"), text).unwrap();
        let commands = std::fs::read_to_string(case.join("command.txt")).unwrap();
        let mut last = None;
        for line in commands.lines() {
            if let Some(before) = last.replace(project.run("2024-02-01", &line.split(' ').collect::<Vec<_>>())) {
                assert_eq!(before.status, 0, "{}: {}", case.display(), before.stderr);
            }
        }
        let last = last.unwrap();
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(
            last.status,
            i32::from(!name.starts_with("ok_")),
            "{name}: {}{}",
            last.stdout,
            last.stderr
        );
        let said = last
            .stderr
            .replace(&project.path("").display().to_string(), "PROJECT/")
            .replace(&example.display().to_string(), "EXAMPLE")
            .replace(&good.display().to_string(), "GOOD");
        // Times that a limit was hit after differ from run to run.
        let said = said
            .lines()
            .map(|line| line.trim_end().to_owned() + "\n")
            .collect::<String>();
        let said = match said.split_once("used 0.") {
            Some((before, after)) => format!(
                "{before}used 0.… {}",
                after.split_once(' ').map_or("", |(_, rest)| rest)
            ),
            None => said,
        };
        // The mark under a path is as long as the path.
        let said = said
            .split('^')
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("^");
        compare(&case.join("error.txt"), &said);
        count += 1;
    }
    assert!(count >= 12, "{count} cases");
}

#[test]
fn errors_are_one_object_for_programs() {
    let _timed = crate::harness::Timed::new("bad_input::errors_are_one_object_for_programs");
    let project = Project::new("[[feature_view]]\nname = \"v\"\nkind = \"bach\"\n");
    let answer = project.run("2024-02-01", &["--format", "json", "plan"]);
    assert_eq!((answer.status, answer.stdout.as_str()), (1, ""));
    let error: serde_json::Value = serde_json::from_str(&answer.stderr).unwrap();
    assert_eq!(error["error"]["kind"], "invalid");
    assert_eq!(error["error"]["line"], 14);
    assert!(error["error"]["problems"].as_array().unwrap().len() > 1);
}
