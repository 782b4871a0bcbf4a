//! Projects whose online store is on DynamoDB: what is served is what it is on the embedded store.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use serde_json::json;

use super::local::{generations, records, stores, stores_at, tables};
use crate::aggregates::compaction::serves_what_brute_force_says;
use crate::aggregates::world::{DAY, at, project, time, write_events};
use crate::compaction::kills::kill_and_resume;
use crate::compaction::world::{columns, days, items, row, told, view};
use crate::harness::proxy::{Fault, Proxy};
use crate::harness::servers::{dynamodb, unique};
use crate::harness::{Project, Random, ServerProcess, cases, seed};

pub const VIEW: &str = r#"
[[feature_view]]
name = "latest"
kind = "batch"
entities = ["customer"]
sources = ["purchases"]
timestamp_column = "timestamp"
batch_schedule = "30d"
feature_start_time = "1997-01-01"
online = true

[[feature_service]]
name = "s"
features = ["latest"]
"#;

#[test]
fn any_order_of_jobs_and_passes_serves_what_brute_force_says() {
    let _timed = crate::harness::Timed::new("dynamodb::any_order");
    let random = RefCell::new(Random(seed()));
    serves_what_brute_force_says(cases(1), || {
        let shared = random.borrow_mut().pick(&["", "shared_table_items = 3"]);
        stores(&format!("{}-", unique("order")), shared)
    });
}

#[test]
fn killed_anywhere_and_resumed() {
    let _timed = crate::harness::Timed::new("dynamodb::kills");
    let (last, random) = (RefCell::new(String::new()), RefCell::new(Random(seed())));
    let stores = || {
        let prefix = format!("{}-", unique("kills"));
        last.replace(prefix.clone());
        let shared = random.borrow_mut().pick(&["", "shared_table_items = 100"]);
        stores(&prefix, shared)
    };
    kill_and_resume(cases(5), false, stores, |project: &Project, live: u64| {
        let prefix = last.borrow();
        let kept = records(&prefix);
        // The one before is kept for those who read it.
        assert_eq!(kept.len(), 2, "{kept:?}");
        assert_eq!(kept.last(), Some(&live));
        let found = generations(&prefix);
        assert_eq!(found.keys().copied().collect::<BTreeSet<_>>(), kept);
        assert_eq!(found[&live], project.items("v").len());
        let own = tables(&prefix).into_iter().filter(|table| table.contains(".g")).count();
        assert!(own == 0 || own == 2, "{:?}", tables(&prefix));
    });
}

/// A day's change is cut off, and the next pass is two days later: a window that has gained a row and lost it again is not what was
/// written in between.
#[test]
fn a_change_that_was_cut_off_is_made_anew() {
    let broken = Arc::new(AtomicBool::new(false));
    let (is_broken, began) = (Arc::clone(&broken), OnceLock::new());
    let proxy = Proxy::start(&dynamodb(), move |asked| {
        let table = asked.body["TableName"].as_str().unwrap_or_default();
        let is_item = asked.operation == "UpdateItem" && table.ends_with("sandglass.items");
        // Of those under way at once none may be done when the last of them comes.
        let fails = is_broken.load(Ordering::Acquire) && is_item && asked.done >= began.get_or_init(|| asked.done) + 20;
        fails.then_some(Fault::Refused(400, "AccessDeniedException"))
    });
    let prefix = format!("{}-", unique("cut"));
    let start = at("2024-01-01");
    let project = project(&[view("v", start, &[days(1)], "online_load = \"rows\"")]);
    let project = project.on(&stores_at(&proxy.endpoint(), &prefix, ""));
    // Keys from 20 on have a row on day 5 alone, whose window no other pass would look at. Their items are written before those of
    // the others are deleted, and are more than are under way at once: some are there when the first is refused.
    let of_day = |day: i64| (0..100).filter(move |key| if *key < 20 { day != 5 } else { day == 5 });
    let rows: Vec<_> = (0..10)
        .flat_map(|day| of_day(day).map(move |key| row(key, start + day * DAY, key)))
        .collect();
    write_events(&project, &columns(), &rows, 1_000);
    project.apply_and_materialize(&time(start + 5 * DAY));
    let before = project.items("v").len();
    broken.store(true, Ordering::Release);
    let answer = project.run(&time(start + 6 * DAY), &["materialize"]);
    assert_ne!(answer.status, 0);
    assert!(answer.stderr.contains("AccessDeniedException"), "{}", answer.stderr);
    broken.store(false, Ordering::Release);
    let (record, _) = project.live("v").unwrap();
    assert!(
        record.cut_off && project.items("v").len() > before,
        "some of it was written"
    );
    let now = time(start + 8 * DAY);
    let answer = project.json(&now, &["materialize"]);
    assert_eq!(told(&answer, "v")["compaction"]["pass"], "loaded");
    let found = items(&project, "v");
    project.json(&now, &["compact", "--full"]);
    assert_eq!(found, items(&project, "v"));
    assert_eq!(found.len(), 20);
    assert!(!project.live("v").unwrap().0.cut_off);
}

/// From the definition to the server: everything that a command does online.
#[test]
fn every_command_knows_it() {
    let _timed = crate::harness::Timed::new("dynamodb::every_command");
    let prefix = format!("{}-", unique("commands"));
    // Both write in the same way: when an item was last looked at is in it.
    let view = VIEW.replace("online = true", "online = true\nonline_load = \"rows\"");
    let project = Project::with_purchases(&view).on(&stores(&prefix, "tags = { team = \"growth\" }"));
    let embedded = Project::with_purchases(&view);
    let (early, late) = ("1997-06-01T00:00:00Z", "1998-07-01T00:00:00Z");
    for project in [&project, &embedded] {
        project.apply_and_materialize(early);
        project.json(late, &["materialize"]);
    }
    let items = project.items("latest");
    assert!(items.len() > 20_000);
    assert!(items == embedded.items("latest"), "the same items to the bit");
    let own = tables(&prefix)
        .into_iter()
        .filter(|table| table.contains("sandglass.shop.latest.v1.g"));
    assert!(own.count() >= 1);
    // What a secret is, is nowhere.
    let applied = project.json(late, &["status"]);
    assert!(!applied.to_string().contains("secret_access_key"));
    let vector = |project: &Project, key: &str| project.json(late, &["get", "latest", "--key", key]);
    for key in ["customer_id=1", "customer_id=14048", "customer_id=999999"] {
        assert_eq!(
            vector(&project, key)["features"],
            vector(&embedded, key)["features"],
            "{key}"
        );
    }
    let server = ServerProcess::start(&project, late, &[]);
    let mut http = server.http();
    let answer = http.features(json!({
        "workspaceName": "shop",
        "featureServiceName": "s",
        "joinKeyMap": { "customer_id": "14048" },
    }));
    let expected = vector(&embedded, "customer_id=14048");
    let expected: Vec<_> = expected["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|feature| &feature["value"])
        .collect();
    assert_eq!(answer["result"]["features"].as_array().unwrap().len(), expected.len());
    let metrics = http.get("/metrics").text();
    assert!(
        metrics.contains("sandglass_store_requests_total{operation=\"BatchGetItem\"} "),
        "{metrics}"
    );
    assert!(metrics.contains("sandglass_store_read_units_total "), "{metrics}");
    drop(server);
    // A key goes everywhere, and a view with all that it has.
    for project in [&project, &embedded] {
        project.json(late, &["forget", "customer", "--key", "customer_id=14048", "--yes"]);
    }
    assert!(project.items("latest") == embedded.items("latest"));
    assert_eq!(project.items("latest").len(), items.len() - 1);
    project.json(late, &["maintain"]);
    let left = Project::define;
    left(&project, "");
    project.json(late, &["apply"]);
    project.json(late, &["destroy", "latest", "--yes"]);
    assert_eq!(generations(&prefix).len(), 0);
    assert_eq!(records(&prefix).len(), 0);
    assert!(tables(&prefix).iter().all(|table| !table.contains("latest")));
}

/// The text of a wrong store, and what is said of it.
#[test]
fn what_is_wrong_is_told() {
    let store = |more: &str| format!("[stores.online]\nkind = \"dynamodb\"\nregion = \"eu-central-1\"\n{more}\n");
    let nobody = "endpoint = \"http://127.0.0.1:9\"\n";
    let keys =
        |place: &str| format!("[stores.online.credentials]\naccess_key_id = {place}\nsecret_access_key = {place}\n");
    let cases = [
        (
            keys("{ env = \"SANDGLASS_TEST_UNSET\" }"),
            "the environment variable SANDGLASS_TEST_UNSET is not set",
        ),
        (keys("{ file = \"nowhere\" }"), "nowhere cannot be read: No such file"),
        (keys("{ file = \"empty\" }"), "it is empty"),
        (format!("{nobody}{}", keys("{ file = \"key\" }")), "Connection refused"),
    ];
    for (more, says) in cases {
        let project = Project::with_purchases(VIEW).on(&store(&more));
        std::fs::write(project.path("empty"), "\n").unwrap();
        std::fs::write(project.path("key"), "hunter2\n").unwrap();
        let now = "1997-06-01T00:00:00Z";
        project.json(now, &["apply"]);
        let answer = project.run(now, &["get", "latest", "--key", "customer_id=1"]);
        assert_ne!(answer.status, 0);
        assert!(answer.stderr.contains(says), "{}", answer.stderr);
        assert!(!answer.stderr.contains("hunter2"), "{}", answer.stderr);
    }
}
