//! Both views of the example, every row, against answers computed another way.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};

use crate::harness::{Project, component, purchases};

const DAY: i64 = 86_400_000_000;
const START: &str = "1997-01-01";
const END: &str = "1998-07-01";

fn views() -> String {
    let component = component("examples/purchases/transformations/purchases");
    let component = component.display();
    format!(
        r#"
[[feature_view]]
name = "purchase_details"
kind = "batch"
entities = ["customer"]
sources = ["purchases"]
transformation = "{component}#purchase_details"
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "{START}"

[[feature_view]]
name = "customer_rfm"
kind = "batch"
entities = ["customer"]
sources = [{{ name = "purchases", start_time_offset = "-89d" }}]
transformation = "{component}#customer_rfm"
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "{START}"
incremental_backfills = true
"#
    )
}

#[test]
fn every_row_of_both_example_views() {
    let _timed = crate::harness::Timed::new("oracle::every_row_of_both_example_views");
    let project = Project::with_purchases(&views());
    let plan = project.json(END, &["plan"]);
    let jobs: Vec<usize> = plan["feature_views"]
        .as_array()
        .unwrap()
        .iter()
        .map(|view| view["jobs"].as_array().unwrap().len())
        .collect();
    assert_eq!(jobs, [1, 546]);
    // Neighbouring jobs read their source once.
    let read = |view: usize| &plan["feature_views"][view]["cost"]["source_rows"];
    assert_eq!((read(0), read(1)), (&69_659.into(), &69_659.into()));
    project.apply_and_materialize(END);

    // SQL over the source file: what the transformation gives beside what SQL gives, in both directions.
    let expected = "select customer_id, \"timestamp\", amount / quantity as price_per_cd, \
        case cast(date_part('dow', \"timestamp\") as int) when 0 then 'sunday' when 1 then 'monday' when 2 then 'tuesday' \
        when 3 then 'wednesday' when 4 then 'thursday' when 5 then 'friday' else 'saturday' end as weekday, \
        quantity >= 5 as is_big_basket from purchases where quantity <> 0";
    let given = "select * from rows where price_per_cd is not null";
    for (left, right) in [(given, expected), (expected, given)] {
        let sql = format!("select count(*) from ({left} except all {right})");
        let count = project.sql("purchase_details", 1, &sql)[0]
            .column(0)
            .as_primitive::<Int64Type>()
            .value(0);
        assert_eq!(count, 0, "{sql}");
    }
    let rows = project.rows("purchase_details", 1);
    assert_eq!(rows.len(), purchases().len());

    rfm_rows(&project);

    // Nothing is left to do, and doing it changes nothing.
    let plan = project.json(END, &["plan"]);
    assert!(
        plan["feature_views"]
            .as_array()
            .unwrap()
            .iter()
            .all(|view| view["jobs"].as_array().unwrap().is_empty())
    );
    project.json(END, &["materialize"]);
    assert_eq!(project.rows("purchase_details", 1), rows);
}

/// Brute force: each day's window, customer by customer, in the order of time and then of the row's columns.
fn rfm_rows(project: &Project) {
    let mut by_customer: BTreeMap<i64, Vec<(i64, f64)>> = BTreeMap::new();
    for row in purchases() {
        by_customer
            .entry(row.customer_id)
            .or_default()
            .push((row.timestamp, row.amount));
    }
    let start = 852_076_800_000_000;
    let mut expected = BTreeMap::new();
    for (customer, rows) in &mut by_customer {
        rows.sort_by(|a, b| a.partial_cmp(b).unwrap());
        for day in 0..546 {
            let end = start + (day + 1) * DAY;
            let window: Vec<_> = rows
                .iter()
                .filter(|(at, _)| (end - 90 * DAY..end).contains(at))
                .collect();
            if let Some((latest, _)) = window.last() {
                let monetary: f64 = window.iter().map(|(_, amount)| amount).sum();
                expected.insert(
                    (*customer, end - 1),
                    ((end - latest).div_euclid(DAY), window.len() as i64, monetary.to_bits()),
                );
            }
        }
    }
    let mut given = BTreeMap::new();
    for batch in project.sql("customer_rfm", 1, "select * from rows") {
        let numbers = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().clone();
        let times = batch
            .column_by_name("timestamp")
            .unwrap()
            .as_primitive::<TimestampMicrosecondType>()
            .clone();
        let monetary = batch
            .column_by_name("monetary")
            .unwrap()
            .as_primitive::<Float64Type>()
            .clone();
        let (ids, recency, frequency) = (numbers("customer_id"), numbers("recency_days"), numbers("frequency"));
        for row in 0..batch.num_rows() {
            assert!(ids.is_valid(row) && monetary.is_valid(row));
            let value = (recency.value(row), frequency.value(row), monetary.value(row).to_bits());
            let before = given.insert((ids.value(row), times.value(row)), value);
            assert_eq!(
                before,
                None,
                "customer {} has two rows at {}",
                ids.value(row),
                times.value(row)
            );
        }
    }
    assert_eq!(given.len(), expected.len());
    let different = expected.iter().find(|(key, value)| given.get(key) != Some(value));
    assert_eq!(different.map(|(key, value)| (key, value, given.get(key))), None);
}
