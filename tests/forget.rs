//! `sandglass forget`: a key is in no row, tile, letter, item, old version, message or statistic; all others are where they were.

pub mod kills;
mod letters;
mod world;

use serde_json::Value;

use self::world::{NOW, OTHER, SECRET, WHO, found, project, values};
use crate::harness::Project;

const FORGET: [&str; 5] = ["forget", "customer", "--key", WHO, "--orphans-after=0s"];

fn forget(project: &Project) -> Value {
    project.json(NOW, &[&FORGET[..], &["--yes"]].concat())
}

fn sum(answer: &Value, table: &str, what: &str) -> u64 {
    let tables = answer["tables"].as_array().unwrap().iter();
    let tables = tables.filter(|found| found["table"].as_str().unwrap().starts_with(table));
    tables
        .map(|found| found[what].as_u64().or_else(|| found[what]["files"].as_u64()).unwrap())
        .sum()
}

#[test]
fn in_nothing_that_is_stored() {
    let _timed = crate::harness::Timed::new("forget::in_nothing_that_is_stored");
    let project = project();
    let (others, status) = (values(&project, OTHER), project.json(NOW, &["status"]));
    assert_eq!(others.len(), 7, "{others:?}");
    assert!(values(&project, WHO).iter().any(|value| value.contains(SECRET)));
    assert!(!found(&project.path("store/offline"), SECRET).is_empty());
    assert!(!found(&project.path("store/offline"), "who-7").is_empty());
    let spine = project.path("spine.csv");
    std::fs::write(
        &spine,
        "customer,timestamp\nwho-7,2024-02-10T00:00:00Z\nother-8,2024-02-10T00:00:00Z\n",
    )
    .unwrap();
    let training = |more: &[&str]| {
        let out = project.path("out.csv");
        let base = [
            "training-data",
            "--spine",
            spine.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
            "--overwrite",
        ];
        let answer = project.run(NOW, &[&base[..], more].concat());
        (answer, std::fs::read_to_string(out).unwrap_or_default())
    };
    let (made, before) = training(&["--features", "spend,last"]);
    assert_eq!(made.status, 0, "{}", made.stderr);
    let manifest = project.path("kept.json");
    std::fs::rename(project.path("out.csv.manifest.json"), &manifest).unwrap();

    let shown = project.json(NOW, &FORGET);
    assert_eq!((&shown["forgotten"], sum(&shown, "dead", "rows")), (&false.into(), 0));
    assert!(
        values(&project, WHO).iter().any(|value| value.contains(SECRET)),
        "nothing is removed yet"
    );
    let text = project.run(NOW, &FORGET);
    assert!(text.stdout.contains("nothing is removed yet"), "{}", text.stdout);
    assert!(
        text.stderr.contains("source `events` still has rows of this key"),
        "{}",
        text.stderr
    );

    let done = forget(&project);
    for (table, what) in [
        ("rows", "rows"),
        ("tiles", "rows"),
        ("rows", "deleted"),
        ("tiles", "deleted"),
    ] {
        assert_eq!(sum(&done, table, what), sum(&shown, table, what), "{table} {what}");
        assert!(sum(&done, table, what) > 0, "{table} {what}: {done}");
    }
    // One item in each of two views, and one for each shop in the third.
    assert_eq!(
        done["online_items"],
        serde_json::json!({ "last": 1, "pair": 2, "spend": 1 })
    );
    assert_eq!(done["sources"], serde_json::json!({ "events": true }));
    // Not in files of old versions, logs, statistics, reads or the registry either.
    for text in [SECRET, "who-7"] {
        assert_eq!(
            found(&project.path("store/offline"), text),
            Vec::<String>::new(),
            "{text}"
        );
    }
    assert!(values(&project, WHO).is_empty(), "{:?}", values(&project, WHO));
    assert_eq!(values(&project, OTHER), others);
    let now = project.json(NOW, &["status"]);
    for (now, before) in now["feature_views"]
        .as_array()
        .unwrap()
        .iter()
        .zip(status["feature_views"].as_array().unwrap())
    {
        for part in [
            "materialized",
            "missing",
            "missing_tiles",
            "online_through",
            "changed_sources",
        ] {
            assert_eq!(now[part], before[part], "{part}");
        }
    }
    // Nothing is made again of what is there, and what is not forgotten is told as before.
    let made = project.json(NOW, &["materialize"]);
    for view in made["feature_views"].as_array().unwrap() {
        assert_eq!(
            (&view["jobs"], view["online"].as_str()),
            (&0.into(), Some("unchanged")),
            "{view}"
        );
    }
    let (made, after) = training(&["--features", "spend,last"]);
    assert_eq!(made.status, 0, "{}", made.stderr);
    let (before, after): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    assert_eq!((before[0], before[2]), (after[0], after[2]));
    assert!(before[1].contains(SECRET) && !after[1].contains(SECRET), "{}", after[1]);
    // What was made of it cannot be made again.
    let (refused, _) = training(&["--manifest", manifest.to_str().unwrap()]);
    assert_eq!(refused.status, 1);
    assert!(refused.stderr.contains("is not kept any more"), "{}", refused.stderr);
    let again = forget(&project);
    assert_eq!((sum(&again, "", "rows"), sum(&again, "", "deleted")), (0, 0), "{again}");
    let text = project.run(NOW, &FORGET);
    assert!(text.stdout.contains("nothing is stored of this key"), "{}", text.stdout);
    // A job that is run again brings it back, as the source has it.
    let again = [
        "materialize",
        "last",
        "--start",
        "2024-01-05",
        "--end",
        "2024-01-09",
        "--overwrite",
    ];
    project.json(NOW, &again);
    assert!(!found(&project.path("store/offline"), "who-7").is_empty());
}

/// Also of versions that can be gone back to, and of tiles that nothing is made of now.
#[test]
fn of_all_versions_and_definitions() {
    let _timed = crate::harness::Timed::new("forget::of_all_versions_and_definitions");
    let project = project();
    let text = std::fs::read_to_string(project.path("sandglass.toml")).unwrap();
    let apply = |text: &str| {
        std::fs::write(project.path("sandglass.toml"), text).unwrap();
        project.apply_and_materialize(NOW);
    };
    apply(&text.replace("\"sum\"", "\"max\""));
    let later = text.replace(
        "feature_start_time = \"2024-01-01\"",
        "feature_start_time = \"2024-01-03\"",
    );
    apply(&later);
    // One of the views is not defined any more.
    let without = later.split("[[feature_view]]\nname = \"pair\"").next().unwrap();
    apply(without);
    let done = forget(&project);
    let tables: Vec<String> = (done["tables"].as_array().unwrap().iter())
        .filter(|table| table["rows"].as_u64() > Some(0))
        .map(|table| {
            format!(
                "{} v{} {}",
                table["view"],
                table["version"],
                &table["table"].as_str().unwrap()[..4]
            )
        })
        .collect();
    let views = |view: &str| tables.iter().filter(|table| table.contains(view)).count();
    assert_eq!(
        (views("spend"), views("last"), views("pair")),
        (2 + 3, 2, 2),
        "{tables:?}"
    );
    assert_eq!(found(&project.path("store/offline"), "who-7"), Vec::<String>::new());
    project.json(NOW, &["rollback", "last"]);
    project.json(NOW, &["materialize"]);
    assert!(values(&project, WHO).is_empty());
    assert!(!values(&project, OTHER).is_empty());
}

#[test]
fn what_is_refused() {
    let _timed = crate::harness::Timed::new("forget::what_is_refused");
    let project = project();
    for (arguments, message) in [
        (
            &["forget", "buyer", "--key", "customer=a"][..],
            "no entity `buyer`; this project has `customer`, `shop`",
        ),
        (&["forget", "customer"][..], "the join key `customer` is missing"),
        (
            &["forget", "customer", "--key", "shop=a"][..],
            "entity `customer` has no join key `shop`; it has `customer`",
        ),
        (
            &["forget", "customer", "--key", WHO, "--orphans-after=-1d"][..],
            "`--orphans-after` cannot be negative",
        ),
    ] {
        let refused = project.run(NOW, arguments);
        assert_eq!(refused.status, 1);
        assert!(refused.stderr.contains(message), "{}", refused.stderr);
    }
}
