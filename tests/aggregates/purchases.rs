//! The CDNOW purchases: as the clock walks, online equals training data and `--from-source`, and all equal brute force; and however a
//! backfill is cut, everything is the same.

use std::collections::BTreeMap;

use super::json::Json;
use super::oracle::{Feature, Function, Row, View, Window};
use super::value::{Kind, Value};
use super::world::{
    DAY, HOUR, Materialized, Served, at, by_key, compare, get, project, shown, time, training, write_events,
    write_spine,
};
use crate::harness::{Http, InProcess, Project, purchases};

fn columns() -> Vec<(String, Kind)> {
    [
        ("quantity", Kind::Int64),
        ("amount", Kind::Float64),
        ("basket", Kind::Text),
    ]
    .map(|(name, kind)| (name.to_owned(), kind))
    .to_vec()
}

/// The purchases of every eighth customer, with what they bought as text, too.
fn rows() -> Vec<Row> {
    let rows = purchases().into_iter().filter(|row| row.customer_id % 8 == 0);
    rows.map(|row| Row {
        key: row.customer_id,
        at: row.timestamp,
        cells: vec![
            Value::Int(row.quantity),
            Value::Float(row.amount),
            Value::Text(format!("{} for {:.0}", row.quantity, row.amount / 10.0)),
        ],
    })
    .collect()
}

/// Fifty customers: the forty with most purchases, and ten others.
fn customers(rows: &BTreeMap<i64, Vec<Row>>) -> Vec<i64> {
    let mut keys: Vec<i64> = rows.keys().copied().collect();
    keys.sort_by_key(|key| std::cmp::Reverse(rows[key].len()));
    let others = keys[40..].iter().step_by(keys.len() / 11).take(10);
    let customers: Vec<i64> = keys[..40].iter().chain(others).copied().collect();
    assert_eq!(customers.len(), 50);
    customers
}

/// Every function over every column that it takes, over 7, 30 and 90 days, a lifetime, a week before, and a series.
fn views(more: &str) -> Vec<Materialized> {
    let windows = [
        Window::Sliding {
            size: 30 * DAY,
            offset: 0,
        },
        Window::Sliding {
            size: 90 * DAY,
            offset: 0,
        },
        Window::Lifetime,
        Window::Sliding {
            size: 7 * DAY,
            offset: 0,
        },
        Window::Sliding {
            size: 14 * DAY,
            offset: -7 * DAY,
        },
        Window::Series {
            start: -60 * DAY,
            end: 0,
            step: 10 * DAY,
            size: 20 * DAY,
        },
    ];
    let columns = columns();
    let mut features = Vec::new();
    for (column, (_, kind)) in columns.iter().enumerate() {
        for function in Function::all(*kind, 5) {
            for turn in [0, 3] {
                features.push(Feature {
                    name: format!("f{}", features.len()),
                    column,
                    function,
                    window: windows[(features.len() / 2 + turn) % windows.len()],
                });
            }
        }
    }
    let view = View {
        columns,
        feature_start: at("1997-01-01"),
        schedule: DAY,
        data_delay: 2 * HOUR,
        lifetime_start: Some(at("1997-01-15")),
        secondary: None,
        order_by: None,
        features,
    };
    let by_basket = View {
        secondary: Some(2),
        features: [Function::Count, Function::Sum, Function::StddevSamp, Function::Last]
            .into_iter()
            .zip([windows[0], windows[1], windows[2], windows[1]])
            .enumerate()
            .map(|(number, (function, window))| Feature {
                name: format!("f{number}"),
                column: 1,
                function,
                window,
            })
            .collect(),
        ..view.clone()
    };
    [("spend", view), ("by_basket", by_basket)]
        .map(|(name, view)| Materialized {
            name: name.to_owned(),
            view,
            aggregation_interval: DAY,
            more: more.to_owned(),
        })
        .to_vec()
}

const NAMES: [&str; 2] = ["spend", "by_basket"];

fn prepared(views: &[Materialized], rows: &[Row]) -> Project {
    let project = project(views);
    write_events(&project, &columns(), rows, 1_000);
    project
}

/// The features of customers in one request, as the server writes them.
fn vectors(http: &mut Http, view: &str, customers: &[i64]) -> Json {
    let rows = customers
        .iter()
        .map(|customer| serde_json::json!({ "joinKeyMap": { "user_id": customer } }));
    let rows: Vec<_> = rows.collect();
    let params = serde_json::json!({ "featureServiceName": view, "requestData": rows });
    let reply = http.post(
        "/api/v1/feature-service/get-features-batch",
        &serde_json::json!({ "params": params }),
    );
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("sandglass-stale"), None);
    Json::read(&reply.text()).get("result").clone()
}

#[test]
fn as_the_clock_walks() {
    let _timed = crate::harness::Timed::new("aggregates::purchases::as_the_clock_walks");
    let rows = rows();
    let of = by_key(&rows);
    let customers = customers(&of);
    let views = views("");
    let project = prepared(&views, &rows);
    let boundary = |day: i64| at("1997-06-20") + day * DAY + 2 * HOUR;
    let mut spine = Vec::new();
    let mut walked: Vec<Vec<Vec<Value>>> = vec![Vec::new(); views.len()];
    project.json(&time(boundary(0)), &["apply"]);
    // One server for all of them: what other processes materialize is seen without a restart.
    let server = InProcess::start(&project);
    let mut http = Http::connect(&server.address);
    for day in 0..20 {
        let now = boundary(day);
        project.json(&time(now), &["materialize"]);
        server.at(now);
        for (view, walked) in views.iter().zip(&mut walked) {
            let served = Served::of(&project, &view.name, now);
            let over_http = vectors(&mut http, &view.name, &customers);
            for (customer, over_http) in customers.iter().zip(over_http.list()) {
                let given = served.get(*customer);
                let said = over_http.get("features").list();
                assert_eq!(said.len(), given.len());
                for (name, (said, value)) in served.names.iter().zip(said.iter().zip(given)) {
                    assert!(
                        value.is_said_by(said),
                        "{name} of {customer} at {}: {said:?} for {value:?}",
                        time(now)
                    );
                }
                let expected = view.view.values(&of[customer], now);
                compare("online", given, &served.names, &expected, || {
                    let shown = shown(&columns(), &of[customer]);
                    format!("{} of customer {customer} at {}\n{shown}", view.name, time(now))
                });
                walked.push(given.to_vec());
            }
            // What the program says of some of them.
            let customer = customers[day as usize];
            for ((_, said), value) in get(&project, &time(now), &view.name, customer)
                .iter()
                .zip(served.get(customer))
            {
                assert!(value.is_said_by(said), "{said:?} for {value:?}");
            }
        }
        spine.extend(customers.iter().map(|customer| (*customer, now)));
    }
    write_spine(&project, "spine.parquet", &spine);
    let now = time(boundary(19));
    let tiles = training(&project, &now, "spine.parquet", spine.len(), &NAMES, &[]);
    let source = training(&project, &now, "spine.parquet", spine.len(), &NAMES, &["--from-source"]);
    for (view, walked) in views.iter().zip(&walked) {
        for (row, (customer, now)) in spine.iter().enumerate() {
            for (what, given) in [("training data", &tiles), ("from the sources", &source)] {
                let (names, values) = &given[&view.name];
                compare(what, &values[row], names, &walked[row], || {
                    format!(
                        "{} of customer {customer} at {}, against what was online",
                        view.name,
                        time(*now)
                    )
                });
            }
        }
    }
    let values: usize = walked.iter().flatten().map(Vec::len).sum();
    eprintln!(
        "{} customers at 20 boundaries, {values} values, each four ways and by brute force",
        customers.len()
    );
}

#[test]
fn however_a_backfill_is_cut() {
    let _timed = crate::harness::Timed::new("aggregates::purchases::however_a_backfill_is_cut");
    let rows = rows();
    let of = by_key(&rows);
    let now = at("1997-05-01") + 2 * HOUR;
    let mut random = crate::harness::Random(3);
    let keys: Vec<i64> = of.keys().copied().collect();
    let spine: Vec<(i64, i64)> = (0..2_000)
        .map(|_| {
            let key = keys[random.below(keys.len() as u64) as usize];
            (key, now - (random.next() % (110 * DAY).cast_unsigned()).cast_signed())
        })
        .collect();
    let mut first = None;
    for (more, jobs) in [
        ("", 1),
        ("max_backfill_interval = \"30d\"", 4),
        ("incremental_backfills = true", 120),
    ] {
        let views = views(more);
        let project = prepared(&views, &rows);
        project.json(&time(now), &["apply"]);
        let report = project.json(&time(now), &["materialize"]);
        assert_eq!(report["feature_views"][0]["jobs"], jobs, "{more}");
        write_spine(&project, "spine.parquet", &spine);
        let training = training(&project, &time(now), "spine.parquet", spine.len(), &NAMES, &[]);
        let served: Vec<Vec<Vec<Value>>> = views
            .iter()
            .map(|view| {
                let served = Served::of(&project, &view.name, now);
                assert!(served.keys() > 1_000, "{}", served.keys());
                keys.iter().map(|key| served.get(*key).to_vec()).collect()
            })
            .collect();
        match &first {
            None => first = Some((training, served)),
            Some(first) => assert!(*first == (training, served), "{more} is not as one job"),
        }
    }
}
