//! A vector reads one item of each key and view, however long the windows are.

use serde_json::json;

use super::world::{columns, days, row, view};
use crate::aggregates::oracle::Window;
use crate::aggregates::world::{DAY, at, project, time, write_events};
use crate::harness::{Http, ServerProcess};

/// Items that the server has read, from its memory or from the store.
fn items_read(http: &mut Http) -> u64 {
    let metrics = http.get("/metrics").text();
    let counter = |name: &str| -> u64 {
        let line = metrics.lines().find(|line| line.starts_with(&format!("{name} ")));
        let line = line.unwrap_or_else(|| panic!("no {name} in {metrics}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    counter("sandglass_item_cache_hits_total") + counter("sandglass_item_cache_misses_total")
}

#[test]
fn a_vector_reads_one_item_for_each_key_and_view() {
    let start = at("2014-01-01");
    let now = start + 3_660 * DAY;
    let of = |name: &str, windows: &[Window]| view(name, start, windows, "");
    let views = [
        of("day", &[days(1)]),
        of("decade", &[days(1), days(30), days(365), days(3_650)]),
        of("lifetime", &[days(3_650), Window::Lifetime]),
    ];
    let project = project(&views);
    let mut text = std::fs::read_to_string(project.path("sandglass.toml")).unwrap();
    text.push_str("\n[[feature_service]]\nname = \"all\"\nfeatures = [\"day\", \"decade\", \"lifetime\"]\n");
    std::fs::write(project.path("sandglass.toml"), text).unwrap();
    let rows: Vec<_> = (0..3_660).map(|day| row(day % 10, start + day * DAY, day)).collect();
    write_events(&project, &columns(), &rows, 1_000);
    project.apply_and_materialize(&time(now));
    let server = ServerProcess::start(&project, &time(now), &[]);
    let mut http = server.http();
    for key in [3, 3, 7, 999] {
        let before = items_read(&mut http);
        let answer = http.features(json!({
            "workspaceName": "shop",
            "featureServiceName": "all",
            "joinKeyMap": { "user_id": key.to_string() },
        }));
        assert_eq!(answer["result"]["features"].as_array().unwrap().len(), 3 * (1 + 4 + 2));
        assert_eq!(items_read(&mut http) - before, 3, "one for each view");
    }
    let before = items_read(&mut http);
    let maps: Vec<_> = (0..10)
        .map(|key| json!({ "joinKeyMap": { "user_id": key.to_string() } }))
        .collect();
    let reply = http.post(
        "/api/v1/feature-service/get-features-batch",
        &json!({ "params": { "workspaceName": "shop", "featureServiceName": "all", "requestData": maps } }),
    );
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(items_read(&mut http) - before, 30, "one for each view and key");
}
