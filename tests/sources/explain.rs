//! `plan --explain` says beforehand what a job then does.

use serde_json::Value;

use super::folders::by_day;
use super::world::{batch, day, json, number, project, project_with, rows, write_pages, write_text};
use crate::harness::Timed;

/// What each job skips, against the metrics of its run.
#[test]
fn what_is_explained_is_what_happens() {
    let _timed = Timed::new("sources::explain::what_is_explained_is_what_happens");
    let rows = rows(9, 200);
    let project = project("path = \"data\"\ntimestamp_column = \"timestamp\"");
    for (index, part) in rows.chunks(600).enumerate() {
        write_pages(&project.path(&format!("data/{index}.parquet")), &batch(part), 150, 50);
    }
    let plan = project.json("2024-01-10", &["plan", "--explain"]);
    let source = &plan["feature_views"][0]["explain"][0];
    assert_eq!(source["source"], "rows");
    let jobs = source["jobs"].as_array().unwrap();
    assert_eq!(jobs.len(), 9);
    for (index, job) in jobs.iter().enumerate() {
        let (skipped, scan) = (
            &job["skipped"],
            &day(&project, &format!("2024-01-0{}", index + 1))["report"]["scan"],
        );
        let compare = |explained: &Value, measured: &str| {
            assert_eq!(
                number(&explained["skipped"]),
                number(&scan[measured]),
                "{measured} of job {index}: {job} {scan}"
            );
        };
        compare(&skipped["files"], "files_pruned");
        compare(&skipped["row_groups"], "row_groups_pruned");
        compare(&skipped["page_rows"], "page_rows_pruned");
        assert_eq!(
            number(&skipped["row_groups"]["total"]) - number(&skipped["row_groups"]["skipped"]),
            number(&scan["row_groups_matched"])
        );
        assert!(number(&skipped["files"]["skipped"]) >= 2, "{job}");
    }
    let total = number(&source["total"]["files"]["skipped"]);
    assert_eq!(
        total,
        jobs.iter()
            .map(|job| number(&job["skipped"]["files"]["skipped"]))
            .sum::<u64>()
    );
}

#[test]
fn few_jobs_are_given_reasons() {
    let _timed = Timed::new("sources::explain::few_jobs_are_given_reasons");
    let source = "path = \"data\"\ntimestamp_column = \"timestamp\"\npartitions = \"date=%F\"";
    let project = project_with(source, "");
    for (folder, part) in by_day(&rows(12, 20), "date=%F") {
        write_text(&project.path(&format!("data/{folder}/x.jsonl")), &json(&part));
    }
    let answer = project.run("2024-01-03", &["plan", "--explain"]);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    for line in [
        "source `rows`: jsonl, 12 files of ",
        "[2024-01-01T00:00:00Z, 2024-01-03T00:00:00Z): skips 10 of 12 folders, 10 of 12 files, ",
        "folder date=2024-01-03: [2024-01-03T00:00:00Z, 2024-01-04T00:00:00Z) lies at or after 2024-01-03T00:00:00Z",
        "and 5 more folders",
    ] {
        assert!(answer.stdout.contains(line), "{line}: {}", answer.stdout);
    }
    // Nothing was run.
    assert!(
        !project
            .path("store/offline/shop/v/v1/rows/_delta_log/00000000000000000000.json")
            .exists()
    );
}
