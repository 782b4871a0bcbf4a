//! What a service far away does: it is slow, it has too much to do, it does what it is asked and does not say so.

use std::time::Duration;

use crate::harness::buckets::{ACCESS, Bucket};
use crate::harness::proxy::{Asked, Fault, Proxy};
use crate::harness::servers::s3;
use crate::harness::{Answer, Project, Random, seed};
use crate::maintain::world::SPEND;

const NOW: &str = "1997-01-21";

/// When jobs are run: commits for each of these times.
const TIMES: [&str; 5] = ["1997-01-05", "1997-01-09", "1997-01-13", "1997-01-17", NOW];

/// What is undisturbed.
fn right() -> (Vec<String>, Vec<(Vec<u8>, sandglass::online::Item)>) {
    let project = Project::with_purchases(SPEND);
    project.json(NOW, &["apply"]);
    TIMES.iter().for_each(|now| drop(project.json(now, &["materialize"])));
    (project.rows("spend", 1), project.items("spend"))
}

fn project(rule: impl Fn(&Asked<'_>) -> Option<Fault> + Send + Sync + 'static) -> (Project, Proxy) {
    let bucket = Bucket::new(&s3());
    let proxy = Proxy::start(&bucket.endpoint, rule);
    let project = Project::with_purchases(SPEND).in_bucket_at(bucket, &proxy.endpoint());
    (project, proxy)
}

/// Each kind of request fails now and then in each way that passes.
#[test]
fn what_passes_is_waited_for() {
    let _timed = crate::harness::Timed::new("s3::faults::what_passes");
    let right = right();
    let faults = [
        Fault::Refused(503, "SlowDown"),
        Fault::Refused(500, "InternalError"),
        Fault::Late(Duration::from_millis(30)),
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        let (project, proxy) = project(move |asked| ((asked.before + number as u64) % 5 == 2).then_some(fault));
        project.json(NOW, &["apply"]);
        TIMES.iter().for_each(|now| drop(project.json(now, &["materialize"])));
        assert_eq!((project.rows("spend", 1), project.items("spend")), right, "{fault:?}");
        let seen = proxy.seen();
        for operation in ["GetObject", "PutObject", "PutLogEntry", "ListObjectsV2"] {
            assert!(seen.faults.get(operation) > Some(&1), "{operation} {fault:?} {seen:?}");
        }
    }
}

/// An entry of the log is written and its answer is lost, or it is not written and nobody says so: either way a job is done once.
#[test]
fn a_commit_without_an_answer_is_found_or_made_again() {
    let _timed = crate::harness::Timed::new("s3::faults::commits");
    let right = right();
    for fault in [Fault::Unanswered, Fault::Cut] {
        let (project, proxy) =
            project(move |asked| (asked.operation == "PutLogEntry" && asked.before % 3 == 1).then_some(fault));
        project.json(NOW, &["apply"]);
        TIMES.iter().for_each(|now| drop(project.json(now, &["materialize"])));
        assert_eq!((project.rows("spend", 1), project.items("spend")), right, "{fault:?}");
        assert!(proxy.seen().faults["PutLogEntry"] > 3);
    }
}

/// Anything is cut off at any time. What is run again until it succeeds has done all once.
#[test]
fn cut_off_at_random() {
    let _timed = crate::harness::Timed::new("s3::faults::cut_off");
    let right = right();
    let random = std::sync::Mutex::new(Random(seed()));
    let (project, proxy) = project(move |asked| {
        let mut random = random.lock().unwrap();
        let fault = random.pick(&[Fault::Cut, Fault::Unanswered, Fault::Refused(500, "InternalError")]);
        (asked.before > 0 && random.below(10) == 0).then_some(fault)
    });
    let mut failed = 0;
    let jobs = TIMES.map(|now| (now, "materialize"));
    for (now, command) in std::iter::once((NOW, "apply")).chain(jobs) {
        loop {
            let answer = project.run(now, &[command]);
            if answer.status == 0 {
                break;
            }
            assert_eq!(answer.status, 2, "{}", answer.stderr);
            failed += 1;
            assert!(failed < 50, "{}", answer.stderr);
        }
    }
    eprintln!("{failed} runs failed, {:?}", proxy.seen().faults);
    assert_eq!((project.rows("spend", 1), project.items("spend")), right);
}

/// Objects of a source that cannot be had any more: nobody's rows are wrong, and it is tried again.
#[test]
fn sources_that_go_away_are_waited_for() {
    let _timed = crate::harness::Timed::new("s3::faults::sources");
    let (folder, bucket) = (Project::with_purchases(""), Bucket::new(&s3()));
    let data = std::fs::read(folder.path("data/purchases.parquet")).unwrap();
    bucket.put("data/purchases.parquet", data);
    // Its footer is read when it is opened, and its rows later.
    for (fault, status, kind) in [
        (Fault::Refused(403, "AccessDenied"), 1, "invalid"),
        (Fault::Refused(400, "InvalidRequest"), 1, "invalid"),
    ] {
        for after in [0, 1] {
            let proxy = Proxy::start(&bucket.endpoint, move |asked| {
                (asked.operation == "GetObject" && asked.before >= after).then_some(fault)
            });
            let project = Project::with_purchases(SPEND);
            let text = std::fs::read_to_string(project.path("sandglass.toml")).unwrap();
            let source = format!(
                "path = \"s3://{}/data\"\n{}",
                bucket.name,
                bucket.keys(&proxy.endpoint())
            );
            project.json(NOW, &["apply"]);
            project.write_definitions(&text.replace("path = \"data/purchases.parquet\"\n", &source));
            let mut command = project.command(NOW, &["--format", "json", "apply"]);
            let applied = Answer::of(&command.envs(ACCESS).output().unwrap());
            let answer = match after {
                0 => applied,
                _ => {
                    assert_eq!(applied.status, 0, "{}", applied.stderr);
                    let mut command = project.command(NOW, &["--format", "json", "materialize", "--retries", "0"]);
                    Answer::of(&command.envs(ACCESS).output().unwrap())
                }
            };
            assert_eq!(answer.status, status, "{fault:?} {after}: {}", answer.stderr);
            assert!(
                answer.stderr.contains(&format!("\"kind\":\"{kind}\"")),
                "{}",
                answer.stderr
            );
            assert!(!answer.stderr.contains("row"), "{}", answer.stderr);
        }
    }
}

/// What is not to be had is said, by whose fault it is.
#[test]
fn what_does_not_pass_is_said() {
    let _timed = crate::harness::Timed::new("s3::faults::what_does_not_pass");
    let refused = |fault: Fault| {
        let (project, _proxy) = project(move |_| Some(fault));
        project.run(NOW, &["apply"])
    };
    for (fault, says) in [
        (Fault::Refused(403, "AccessDenied"), "credentials are looked for"),
        (Fault::Refused(400, "ExpiredToken"), "credentials are looked for"),
        (Fault::Refused(404, "NoSuchBucket"), "check the bucket's name"),
    ] {
        let answer = refused(fault);
        assert_eq!(answer.status, 1, "{fault:?}: {}", answer.stderr);
        assert!(answer.stderr.contains(says), "{fault:?}: {}", answer.stderr);
        assert!(answer.stderr.contains("s3://bucket-"), "{}", answer.stderr);
    }
}
