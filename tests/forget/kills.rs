//! Killed at random moments, and done again: nothing of the key is left, nothing of others is lost.

use super::world::{NOW, OTHER, SECRET, WHO, found, project, values};
use super::{FORGET, forget};
use crate::harness::{Kills, Project, cases, seed};

#[test]
fn killed_and_done_again() {
    let _timed = crate::harness::Timed::new("forget::kills::killed_and_done_again");
    forgetting(20, std::convert::identity);
}

/// So many kills of forgetting, where projects keep what they have as they are told to.
pub fn forgetting(count: usize, kept: fn(Project) -> Project) {
    let (seed, mut kills) = (seed(), Kills::new());
    let prepared = project();
    let fresh = || {
        let fresh = kept(Project::new(""));
        fresh.take_offline(&prepared.path("store/offline"));
        for part in ["store/online", "data"] {
            crate::maintain::copy(&prepared.path(part), &fresh.path(part));
        }
        fresh.write_definitions(&std::fs::read_to_string(prepared.path("sandglass.toml")).unwrap());
        fresh
    };
    let undisturbed = fresh();
    forget(&undisturbed);
    let rows = |project: &Project| -> Vec<Vec<String>> {
        ["spend", "last", "pair"].map(|view| project.rows(view, 1)).to_vec()
    };
    let (right, others) = (rows(&undisturbed), values(&undisturbed, OTHER));
    let mut unfinished = 0;
    while kills.killed < cases(count) || unfinished == 0 {
        assert!(kills.killed < cases(200), "no kill left anything");
        let project = fresh();
        for round in ["first", "second"] {
            kills.kill(round, project.command(NOW, &[&FORGET[..], &["--yes"]].concat()));
            assert_eq!(values(&project, OTHER), others, "seed {seed}");
        }
        unfinished += usize::from(!found(&project.on_disk().path("store/offline"), SECRET).is_empty());
        forget(&project);
        assert_eq!(rows(&project), right, "seed {seed}");
        for text in [SECRET, "who-7"] {
            assert_eq!(
                found(&project.on_disk().path("store/offline"), text),
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
    kills.tell(&format!("{unfinished} projects had something left"));
}
