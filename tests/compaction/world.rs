use std::collections::BTreeMap;

use sandglass::online::{GenerationState, Item, LiveRecord};
use sandglass::time::Timestamp;
use serde_json::Value;

use crate::aggregates::oracle::{Feature, Function, Row, View, Window};
use crate::aggregates::value::{self, Kind};
use crate::aggregates::world::{DAY, Materialized};
use crate::harness::Project;

/// The last so many days.
pub fn days(days: i64) -> Window {
    Window::Sliding {
        size: days * DAY,
        offset: 0,
    }
}

/// A view by day of the sum, the count and the last three amounts over each window.
pub fn view(name: &str, start: i64, windows: &[Window], more: &str) -> Materialized {
    let functions = [Function::Sum, Function::Count, Function::LastN(3)];
    let pairs = windows
        .iter()
        .flat_map(|window| functions.map(|function| (*window, function)));
    let features = pairs.enumerate().map(|(number, (window, function))| Feature {
        name: format!("f{number:02}"),
        column: 0,
        function,
        window,
    });
    Materialized {
        name: name.to_owned(),
        view: View {
            columns: columns(),
            feature_start: start,
            schedule: DAY,
            data_delay: 0,
            lifetime_start: windows.contains(&Window::Lifetime).then_some(start),
            secondary: None,
            order_by: None,
            features: features.collect(),
        },
        aggregation_interval: DAY,
        more: more.to_owned(),
    }
}

pub fn columns() -> Vec<(String, Kind)> {
    vec![("amount".to_owned(), Kind::Int64)]
}

pub fn row(key: i64, at: i64, amount: i64) -> Row {
    let cells = vec![value::Value::Int(amount)];
    Row { key, at, cells }
}

/// What is live of a view.
pub fn live(project: &Project, view: &str) -> (LiveRecord, GenerationState) {
    project.live(view).expect("something is live")
}

/// Items by key, without the times at which they were made.
pub fn items(project: &Project, view: &str) -> BTreeMap<Vec<u8>, Item> {
    without_times(project.items(view))
}

/// Items by key, without the times at which they were made.
fn without_times(items: Vec<(Vec<u8>, Item)>) -> BTreeMap<Vec<u8>, Item> {
    let none = Timestamp::from_micros(0);
    items
        .into_iter()
        .map(|(key, item)| {
            let (timestamp, effective, as_of) = (none, none, none);
            (
                key,
                Item {
                    timestamp,
                    effective,
                    as_of,
                    ..item
                },
            )
        })
        .collect()
}

/// What a command says of a view.
pub fn told<'a>(answer: &'a Value, view: &str) -> &'a Value {
    let views = answer["feature_views"].as_array().unwrap();
    views.iter().find(|told| told["name"] == view).unwrap()
}
