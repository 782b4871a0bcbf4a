//! Two processes at once over one bucket.

use std::process::Stdio;

use crate::harness::{Answer, Project};
use crate::maintain::world::SPEND;

const NOW: &str = "1997-02-11";

#[test]
fn two_who_materialize_make_each_job_once() {
    let _timed = crate::harness::Timed::new("s3::races::materialize");
    let alone = Project::with_purchases(SPEND);
    alone.apply_and_materialize(NOW);
    let project = Project::with_purchases(SPEND).in_bucket();
    project.json(NOW, &["apply"]);
    let both: Vec<_> = (0..2)
        .map(|_| {
            let mut command = project.command(NOW, &["materialize", "--parallel", "1"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut done = 0;
    for child in both {
        let answer = Answer::of(&child.wait_with_output().unwrap());
        // The other may have made what this one was about to.
        assert!(
            answer.status == 0 || answer.stderr.contains("another driver"),
            "{}",
            answer.stderr
        );
        done += usize::from(answer.status == 0);
    }
    assert!(done > 0);
    project.json(NOW, &["materialize"]);
    assert_eq!(project.rows("spend", 1), alone.rows("spend", 1));
    assert_eq!(project.items("spend"), alone.items("spend"));
    // Every interval was committed by one attempt, and the log has no gap.
    let (table, _copy) = project.offline("shop/spend/v1/rows");
    crate::harness::runtime().block_on(async {
        let table = sandglass::offline::OfflineTable::open(table.to_str().unwrap())
            .await
            .unwrap()
            .unwrap();
        let coverage = table.coverage();
        assert!(
            coverage
                .done
                .iter()
                .all(|done| done.attempt == sandglass::offline::Attempt::FIRST)
        );
        assert_eq!(coverage.union().len(), 1);
    });
}

#[test]
fn of_two_who_apply_one_is_told_of_the_other() {
    let project = Project::with_purchases(SPEND).in_bucket();
    let other = project.copy();
    other.define(&SPEND.replace("\"7d\", \"2d\"", "\"7d\""));
    project.json(NOW, &["apply"]);
    for round in 0..5 {
        let windows = format!("\"{}d\"", round + 10);
        let views = [
            SPEND.replace("\"2d\"", &windows),
            SPEND.replace("\"7d\", ", &format!("{windows}, ")),
        ];
        for (project, view) in [&project, &other].into_iter().zip(&views) {
            project.define(view);
        }
        let both = [&project, &other].map(|project| {
            let mut command = project.command(NOW, &["apply"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        });
        let answers = both.map(|child| Answer::of(&child.wait_with_output().unwrap()));
        let won = answers.iter().filter(|answer| answer.status == 0).count();
        let lost = answers
            .iter()
            .filter(|answer| answer.stderr.contains("somebody else has applied"))
            .count();
        // They may also have come one after the other.
        assert!(won == 2 || (won, lost) == (1, 1), "{answers:?}");
    }
    let names: Vec<_> = project.bucket().objects();
    let applied: Vec<_> = names
        .iter()
        .filter(|name| name.contains("/_registry/applied/"))
        .collect();
    assert!(
        applied.len() > 5
            && applied
                .iter()
                .zip(1..)
                .all(|(name, number)| name.ends_with(&format!("{number:012}.json")))
    );
}
