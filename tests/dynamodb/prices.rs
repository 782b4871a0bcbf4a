//! What a project costs on DynamoDB: told before, counted by the service, and never more than may be spent.

use serde_json::{Value, json};

use super::local::{client_of, items_of, stores, stores_at, tables, tables_of};
use super::projects::VIEW;
use crate::harness::buckets::Bucket;
use crate::harness::servers::{moto, unique};
use crate::harness::{Project, Timed};

/// Dollars of a write unit in us-east-1, which stands in for the region of the tests.
const WRITE_UNIT: f64 = 0.625e-6;
const EARLY: &str = "1997-06-01T00:00:00Z";
const LATE: &str = "1998-07-01T00:00:00Z";

fn view(answer: &Value) -> &Value {
    &answer["feature_views"][0]
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[track_caller]
fn about(found: &Value, expected: f64, within: f64) {
    let found = number(found);
    assert!(
        (found - expected).abs() <= within * expected,
        "{found}, not about {expected}"
    );
}

#[test]
fn item_by_item_plan_and_bill_agree() {
    let _timed = Timed::new("dynamodb::item_by_item_plan_and_bill_agree");
    let project = Project::with_purchases(VIEW).on(&stores(&format!("{}-", unique("priced")), ""));
    project.json(EARLY, &["apply"]);
    let planned = project.json(EARLY, &["plan"]);
    let cost = &view(&planned)["cost"];
    let dollars = &cost["online_dollars"];
    let (keys, rows) = (
        number(&cost["online_writes"]["consolidated"]),
        number(&cost["online_writes"]["by_row"]),
    );
    // Items of a customer's last purchase are under 1 KiB: a unit each.
    about(&dollars["rows"], keys * WRITE_UNIT, 1e-9);
    about(&dollars["by_row"], rows * WRITE_UNIT, 1e-9);
    about(&dollars["million_reads"], 0.125 / 2.0, 1e-9);
    let item = number(&cost["item_bytes"]);
    let storage = number(&cost["keys"]) * (item + 6.0 + 100.0) / f64::from(1 << 30) * 0.25;
    about(&dollars["storage_month"], storage, 1e-9);
    assert_eq!(
        (
            &dollars["way"],
            &dollars["import"],
            &dollars["prices_of"],
            &dollars["since"]
        ),
        (&json!("rows"), &Value::Null, &json!("us-east-1"), &json!("2024-11-01"))
    );
    let text = project.command(EARLY, &["plan"]).output().unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    let says = "prices of us-east-1, which stand in for those of the region, from 2024-11-01 on";
    assert!(text.contains("item by item") && text.contains(says), "{text}");
    let done = project.json(EARLY, &["materialize"]);
    let bill = &view(&done)["online_cost"];
    let written = number(&view(&done)["compaction"]["keys_written"]);
    about(&bill["planned_dollars"], number(&dollars["rows"]), 1e-9);
    // The keys are counted to 0.4%, and what is live takes some writes of its own.
    about(&bill["write_units"], written, 0.01);
    about(&bill["dollars"], number(&bill["planned_dollars"]), 0.02);
    let status = project.json(EARLY, &["status"]);
    let pass = view(&status)["passes"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(pass["cost"], *bill);
    // A change of few keys costs a write each; a plan knows how many may be.
    let planned = project.json(LATE, &["plan"]);
    let planned = number(&view(&planned)["cost"]["online_dollars"]["rows"]);
    let done = project.json(LATE, &["materialize"]);
    let bill = &view(&done)["online_cost"];
    about(&bill["planned_dollars"], planned, 1e-9);
    let written = number(&view(&done)["compaction"]["keys_written"]);
    about(&bill["write_units"], written, 0.02);
    assert!(number(&bill["dollars"]) <= 1.05 * planned, "{bill}, {planned}");
}

#[test]
fn an_import_is_planned_and_billed_by_its_source() {
    let _timed = Timed::new("dynamodb::an_import_is_planned_and_billed_by_its_source");
    let (prefix, bucket) = (format!("{}-", unique("billed")), Bucket::new(&moto()));
    let staging = format!(
        "shared_table_items = 100\nstaging = {{ location = \"s3://{}\", endpoint = \"{}\" }}",
        bucket.name,
        moto()
    );
    // A month of purchases, so that moto, which takes its time, has a few hundred to import.
    let recent = VIEW.replace("1997-01-01", "1998-06-01");
    let project = Project::with_purchases(&recent).on(&stores_at(&moto(), &prefix, &staging));
    project.json(LATE, &["apply"]);
    let planned = project.json(LATE, &["plan"]);
    let dollars = &view(&planned)["cost"]["online_dollars"];
    assert_eq!(dollars["way"], "import", "{dollars}");
    assert!(number(&dollars["import"]) < number(&dollars["rows"]) / 3.0, "{dollars}");
    let refused = project.run(LATE, &["materialize", "--budget", "0.00001"]);
    assert_ne!(refused.status, 0);
    assert!(
        refused.stderr.contains("the budget of $0.00001 would be passed"),
        "{}",
        refused.stderr
    );
    // What is staged is there for whoever may spend more.
    assert!(!bucket.objects().is_empty());
    assert!(project.live("latest").is_none());
    let done = project.json(LATE, &["materialize", "--budget", "1"]);
    assert_eq!(bucket.objects(), [""; 0]);
    let bill = &view(&done)["online_cost"];
    let keys = number(&view(&done)["compaction"]["keys_written"]);
    let client = client_of(&moto());
    let own: Vec<String> = tables_of(&client, &prefix)
        .into_iter()
        .filter(|table| table.contains(".g"))
        .collect();
    let [own] = own.as_slice() else { panic!("{own:?}") };
    assert_eq!(items_of(&client, own).len() as f64, keys);
    // The lines of an import are their text: base64, names and braces.
    let mean = number(&bill["imported_bytes"]) / keys;
    assert!((150.0..400.0).contains(&mean), "{mean}");
    about(&bill["planned_dollars"], number(&dollars["import"]), 1e-9);
    about(
        &json!(number(&bill["imported_bytes"]) / f64::from(1 << 30) * 0.15),
        number(&dollars["import"]),
        0.35,
    );
    // Beside the import there are the records of what is live only.
    assert!(number(&bill["write_units"]) < 60.0, "{bill}");
}

#[test]
fn no_more_is_spent_than_may_be() {
    let _timed = Timed::new("dynamodb::no_more_is_spent_than_may_be");
    let prefix = format!("{}-", unique("budget"));
    let project = Project::with_purchases(VIEW).on(&stores(&prefix, "shared_table_items = 1000"));
    project.json(EARLY, &["apply"]);
    // Some twenty thousand keys cost more than a thousandth of a dollar.
    let refused = project.run(EARLY, &["materialize", "--budget", "0.001"]);
    assert_ne!(refused.status, 0);
    for says in ["the budget of $0.001 would be passed", "raise `--budget`"] {
        assert!(refused.stderr.contains(says), "{}", refused.stderr);
    }
    assert!(project.live("latest").is_none());
    assert!(
        tables(&prefix).iter().all(|table| !table.contains(".g")),
        "nothing is left"
    );
    let done = project.json(EARLY, &["materialize", "--budget", "1"]);
    assert!(number(&view(&done)["online_cost"]["dollars"]) < 1.0);
    let before = project.items("latest");
    // A change is refused before it begins.
    let refused = project.run("1997-07-15T00:00:00Z", &["materialize", "--budget", "0.0001"]);
    assert_ne!(refused.status, 0);
    assert!(refused.stderr.contains("would be passed"), "{}", refused.stderr);
    assert!(project.items("latest") == before);
    let (record, _) = project.live("latest").unwrap();
    assert!(!record.cut_off);
    for wrong in ["-1", "nan", "much"] {
        let refused = project.run(EARLY, &["materialize", &format!("--budget={wrong}")]);
        assert!(
            refused.stderr.contains("give a number of dollars"),
            "{}",
            refused.stderr
        );
    }
    // A folder costs nothing.
    let embedded = Project::with_purchases(VIEW);
    embedded.json(EARLY, &["apply"]);
    let done = embedded.json(EARLY, &["materialize", "--budget", "0"]);
    assert_eq!(view(&done)["online_cost"], Value::Null);
}
