//! Maintenance is killed at random moments, with jobs before, between and beside it; what it was killed in is made good by the next one.

use std::process::Stdio;

use super::world::{ALONE, SPEND, copy, everything, tables, unnamed};
use crate::harness::{Kills, Project, cases, seed};

const NOW: &str = "1997-04-11";
const LATER: &str = "2200-01-01";

#[test]
fn killed_and_done_again() {
    let _timed = crate::harness::Timed::new("maintain::kills::killed_and_done_again");
    maintenance(24, std::convert::identity);
}

/// So many kills of maintenance, where projects keep what they have as they are told to.
pub fn maintenance(count: usize, kept: fn(Project) -> Project) {
    let (seed, mut kills) = (seed(), Kills::new());
    let prepared = Project::with_purchases(SPEND);
    prepared.apply_and_materialize(NOW);
    let again = [
        "materialize",
        "--start",
        "1997-01-20",
        "--end",
        "1997-02-03",
        "--overwrite",
    ];
    prepared.json(NOW, &again);
    let (rows, items) = (everything(&prepared, "spend", 1), prepared.items("spend"));
    let fresh = || {
        let project = kept(Project::with_purchases(SPEND));
        project.take_offline(&prepared.path("store/offline"));
        copy(&prepared.path("store/online"), &project.path("store/online"));
        project
    };
    let mut left = 0;
    while kills.killed < cases(count) {
        let project = fresh();
        for (round, now) in [("first", NOW), ("second", LATER)] {
            kills.kill(round, project.command(now, &["maintain"]));
            assert_eq!(everything(&project.on_disk(), "spend", 1), rows, "seed {seed}");
            if now == NOW {
                left += tables(&project.on_disk(), "spend", 1)
                    .iter()
                    .map(|table| unnamed(table).len())
                    .sum::<usize>();
            }
        }
        project.json(NOW, &ALONE);
        assert_eq!(everything(&project.on_disk(), "spend", 1), rows, "seed {seed}");
        assert_eq!(project.items("spend"), items, "seed {seed}");
        // Jobs go on where it was killed, and once all retention is over nothing is left but what is read.
        project.json(NOW, &again);
        for _ in 0..2 {
            project.json(LATER, &ALONE);
        }
        assert_eq!(everything(&project.on_disk(), "spend", 1), rows, "seed {seed}");
        let there = project.on_disk();
        for table in tables(&there, "spend", 1) {
            let files = crate::harness::runtime().block_on(async {
                let table = sandglass::offline::OfflineTable::open(table.to_str().unwrap())
                    .await
                    .unwrap()
                    .unwrap();
                table.files().len() + table.reads().await.unwrap().len()
            });
            let there = super::world::below(&table);
            let there = there
                .iter()
                .filter(|file| !file.starts_with("_delta_log/") || file.contains('#'));
            assert_eq!(there.count(), files, "seed {seed}: {}", table.display());
        }
    }
    kills.tell(&format!("{left} files that nobody names were left, and removed"));
}

/// Jobs and maintenance at once, as two processes.
#[test]
fn beside_jobs() {
    let _timed = crate::harness::Timed::new("maintain::kills::beside_jobs");
    let project = Project::with_purchases(SPEND);
    project.apply_and_materialize("1997-03-11");
    let undisturbed = Project::with_purchases(SPEND);
    undisturbed.apply_and_materialize("1997-07-01");
    let mut maintained = 0;
    for (now, redone) in [
        ("1997-05-01", "1997-01-10"),
        ("1997-06-01", "1997-02-10"),
        ("1997-07-01", "1997-03-10"),
    ] {
        let jobs = [
            vec!["materialize", "--parallel", "1"],
            vec![
                "materialize",
                "--start",
                redone,
                "--end",
                now,
                "--overwrite",
                "--parallel",
                "1",
            ],
        ];
        for job in jobs {
            let mut child = project
                .command(now, &job)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            while child.try_wait().unwrap().is_none() {
                project.json(now, &["maintain"]);
                maintained += 1;
            }
            assert!(child.wait().unwrap().success(), "{job:?}");
        }
    }
    assert!(maintained > 3, "{maintained}");
    assert_eq!(everything(&project, "spend", 1), everything(&undisturbed, "spend", 1));
    assert_eq!(project.items("spend"), undisturbed.items("spend"));
}
