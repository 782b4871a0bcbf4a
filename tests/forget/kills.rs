//! Killed at random moments, and done again: nothing of the key is left, nothing of others is lost.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::world::{NOW, OTHER, SECRET, WHO, found, project, values};
use super::{FORGET, forget};
use crate::harness::{Project, Random, cases};

#[test]
fn killed_and_done_again() {
    let _timed = crate::harness::Timed::new("forget::kills::killed_and_done_again");
    let seed = crate::harness::seed();
    let mut random = Random(seed);
    let prepared = project();
    let fresh = || {
        let fresh = Project::new("");
        for part in ["store", "data"] {
            crate::maintain::copy(&prepared.path(part), &fresh.path(part));
        }
        std::fs::copy(prepared.path("sandglass.toml"), fresh.path("sandglass.toml")).unwrap();
        fresh
    };
    let undisturbed = fresh();
    let started = Instant::now();
    forget(&undisturbed);
    let whole = u64::try_from(started.elapsed().as_micros()).unwrap();
    let rows = |project: &Project| -> Vec<Vec<String>> {
        ["spend", "last", "pair"].map(|view| project.rows(view, 1)).to_vec()
    };
    let (right, others) = (rows(&undisturbed), values(&undisturbed, OTHER));
    let (mut killed, mut cut_short, mut unfinished) = (0, 0, 0);
    while killed < cases(20) {
        let project = fresh();
        for _ in 0..2 {
            let mut child = project
                .command(NOW, &[&FORGET[..], &["--yes"]].concat())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            #[expect(clippy::disallowed_methods, reason = "a random moment is a time")]
            std::thread::sleep(Duration::from_micros(random.below(whole * 5 / 4)));
            child.kill().unwrap();
            cut_short += usize::from(!child.wait().unwrap().success());
            killed += 1;
            assert_eq!(values(&project, OTHER), others, "seed {seed}");
        }
        unfinished += usize::from(!found(&project.path("store/offline"), SECRET).is_empty());
        forget(&project);
        assert_eq!(rows(&project), right, "seed {seed}");
        for text in [SECRET, "who-7"] {
            assert_eq!(
                found(&project.path("store/offline"), text),
                Vec::<String>::new(),
                "seed {seed}"
            );
        }
        assert!(values(&project, WHO).is_empty(), "seed {seed}");
        assert_eq!(values(&project, OTHER), others, "seed {seed}");
        // And what comes after goes on, with nothing left behind.
        project.json(NOW, &["materialize"]);
        project.json("2200-01-01", &["maintain", "--orphans-after", "0s"]);
        assert_eq!(rows(&project), right, "seed {seed}");
        assert!(values(&project, WHO).is_empty(), "seed {seed}");
    }
    eprintln!("{killed} kills, {cut_short} before the end, {unfinished} projects had something left");
    assert!(
        cut_short * 3 > killed,
        "{cut_short} of {killed} kills came before the end: too few to tell"
    );
    assert!(unfinished > 0, "no kill left anything");
}
