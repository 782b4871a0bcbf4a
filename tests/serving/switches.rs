//! Generations, versions and views that change in other processes while requests are answered: none fails, none is mixed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Value, json};

use super::world::{GET, NOW, until};
use crate::harness::{Http, Project, ServerProcess, cases};

/// Two views whose features all come from one constant: an answer with two of them is mixed.
fn definitions(constant: i64, more: &str) -> String {
    let view = |name: &str| {
        format!(
            "[[feature_view]]\nname = \"{name}\"\nkind = \"batch\"\nentities = [\"customer\"]\nsources = [\"numbers\"]\n\
             timestamp_column = \"timestamp\"\nbatch_schedule = \"1d\"\nfeature_start_time = \"1997-01-01\"\nonline = true\n\n"
        )
    };
    format!(
        "[[source]]\nname = \"numbers\"\npath = \"data/numbers_{constant}.csv\"\ntimestamp_column = \"timestamp\"\n\n{}{}{more}\
         [[feature_service]]\nname = \"all\"\nfeatures = [\"left\", \"right\"]\n",
        view("left"),
        view("right"),
    )
}

const KEYS: i64 = 20;

/// Rows of which each has the constant in all columns but the key; other constants have other columns beside it.
fn write(project: &Project, constant: i64) {
    let extra = constant % 3;
    let mut text = "customer_id,timestamp,value".to_owned();
    (0..extra).for_each(|column| text.push_str(&format!(",more_{column}")));
    for key in 0..KEYS {
        text.push_str(&format!("\n{key},1997-01-01T00:00:00Z,{constant}"));
        (0..extra).for_each(|_| text.push_str(&format!(",{constant}")));
    }
    text.push('\n');
    std::fs::create_dir_all(project.path("data")).unwrap();
    std::fs::write(project.path(&format!("data/numbers_{constant}.csv")), text).unwrap();
}

/// The constant of each view in an answer; all of a view's columns have the same.
fn constants(answer: &Value) -> Vec<(String, i64)> {
    let mut found: Vec<(String, i64)> = Vec::new();
    for (name, value) in super::world::named(answer) {
        let view = name.split_once('.').unwrap().0.to_owned();
        let value: i64 = value
            .as_str()
            .unwrap_or_else(|| panic!("{name} is not there: {answer}"))
            .parse()
            .unwrap();
        match found.last() {
            Some((last, constant)) if *last == view => {
                assert_eq!(*constant, value, "two versions in one answer: {answer}")
            }
            _ => found.push((view, value)),
        }
    }
    for (view, constant) in &found {
        let columns = super::world::named(answer)
            .iter()
            .filter(|(name, _)| name.starts_with(&format!("{view}.")))
            .count();
        assert_eq!(columns as i64, 1 + constant % 3, "columns of another version: {answer}");
    }
    found
}

#[test]
fn nothing_fails_and_nothing_is_mixed() {
    let _timed = crate::harness::Timed::new("serving::switches::nothing_fails_and_nothing_is_mixed");
    let project = Project::new("");
    (0..8).for_each(|constant| write(&project, constant));
    let extra = "[[feature_view]]\nname = \"third\"\nkind = \"batch\"\nentities = [\"customer\"]\nsources = [\"numbers\"]\n\
                 timestamp_column = \"timestamp\"\nbatch_schedule = \"1d\"\nfeature_start_time = \"1997-01-01\"\nonline = true\n\n";
    project.define(&definitions(0, extra));
    project.apply_and_materialize(NOW);
    // Its clock stands at the last of the days below.
    let server = ServerProcess::start(&project, "1997-01-07", &[]);
    let stop = AtomicBool::new(false);
    let answered = AtomicU64::new(0);
    let wanted = cases(100_000) as u64;
    let (mut switches, mut generations) = (0, 0);
    std::thread::scope(|scope| {
        for thread in 0..4_i64 {
            let (server, stop, answered) = (&server, &stop, &answered);
            scope.spawn(move || {
                let _stop = Stop(stop);
                let mut http: Http = server.http();
                let mut last = [0; 2];
                let mut key = thread;
                while !stop.load(Ordering::Acquire) {
                    key = (key + 1) % KEYS;
                    let batch = key % 5 == 0;
                    let answer = match batch {
                        false => http.features(json!({
                            "featureServiceName": "all", "joinKeyMap": { "customer_id": key },
                            "metadataOptions": { "includeNames": true }, "requestOptions": { "readFromCache": key % 3 > 0 },
                        })),
                        true => {
                            let rows: Vec<Value> = (0..4).map(|more| json!({ "joinKeyMap": { "customer_id": (key + more) % KEYS } })).collect();
                            let body = json!({ "params": { "featureServiceName": "all", "requestData": rows, "metadataOptions": { "includeNames": true } } });
                            let reply = http.post(super::world::BATCH, &body);
                            assert_eq!(reply.status, 200, "{}", reply.text());
                            let mut answer = reply.json();
                            let rows = answer["result"].as_array().unwrap().clone();
                            for row in &rows {
                                assert_eq!(row, &rows[0], "rows of two versions: {answer}");
                            }
                            answer["result"] = rows[0].clone();
                            answer
                        }
                    };
                    for ((_, constant), last) in constants(&answer).iter().zip(&mut last) {
                        // A reader that is held up may see a commit before it is told, and the one before it once more.
                        assert!(*constant + 1 >= *last, "back from {last} to {constant}");
                        *last = *constant.max(last);
                    }
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let _stop = Stop(&stop);
        // Another version of both views, again and again; the view that is not served any more is destroyed meanwhile.
        for constant in 1..8 {
            project.define(&definitions(constant, ""));
            project.json(NOW, &["apply"]);
            project.json(NOW, &["materialize"]);
            switches += 2;
            if constant == 2 {
                project.json(NOW, &["destroy", "third", "--yes"]);
            }
        }
        // Days that become due are small changes of what is live.
        for day in 4..8 {
            project.json(&format!("1997-01-{day:02}"), &["materialize"]);
            generations += 1;
        }
        while answered.load(Ordering::Relaxed) < wanted && !stop.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
    });
    let answered = answered.into_inner();
    assert!(answered >= wanted, "{answered}");
    eprintln!(
        "{answered} answers over {switches} switches of versions and {generations} days, none failed, none mixed"
    );
    let last = server.http().features(json!({
        "featureServiceName": "all", "joinKeyMap": { "customer_id": 1 }, "metadataOptions": { "includeNames": true },
    }));
    assert_eq!(constants(&last), [("left".to_owned(), 7), ("right".to_owned(), 7)]);
    let (status, log) = server.stop();
    assert_eq!((status, log.contains("ERROR")), (0, false), "{log}");
}

#[test]
fn keys_of_another_version_are_not_looked_up() {
    let _timed = crate::harness::Timed::new("serving::switches::keys_of_another_version_are_not_looked_up");
    let project = Project::new("");
    let define = |keys: &str| {
        let text = format!(
            "[project]\nname = \"shop\"\n\n[[entity]]\nname = \"pair\"\njoin_keys = {{ {keys} }}\n\n[[source]]\nname = \"pairs\"\n\
             path = \"data/pairs.csv\"\ntimestamp_column = \"timestamp\"\n\n[[feature_view]]\nname = \"of_pairs\"\nkind = \"batch\"\n\
             entities = [\"pair\"]\nsources = [\"pairs\"]\ntimestamp_column = \"timestamp\"\nbatch_schedule = \"1d\"\n\
             feature_start_time = \"1997-01-01\"\nonline = true\n"
        );
        std::fs::write(project.path("sandglass.toml"), text).unwrap();
    };
    std::fs::create_dir_all(project.path("data")).unwrap();
    let rows = "a,b,timestamp,value\n1,2,1997-01-01T00:00:00Z,12\n2,1,1997-01-01T00:00:00Z,21\n";
    std::fs::write(project.path("data/pairs.csv"), rows).unwrap();
    define("a = \"int64\", b = \"int64\"");
    project.apply_and_materialize(NOW);
    let server = ServerProcess::start(&project, NOW, &[]);
    let mut http = server.http();
    let params = json!({ "featureServiceName": "of_pairs", "joinKeyMap": { "a": 1, "b": 2 } });
    let ask = |http: &mut Http| http.post(GET, &json!({ "params": params }));
    assert_eq!(ask(&mut http).json()["result"]["features"], json!(["12"]));
    // The keys' order is that of the stored key. Until the new version is there, no answer is better than another pair's.
    define("b = \"int64\", a = \"int64\"");
    project.json(NOW, &["apply"]);
    let answered = until(&mut http, ask, |reply| {
        reply.status != 200 || reply.json()["result"]["features"] != json!(["12"])
    });
    assert!(answered.error(503).contains("has other join keys in version 1"));
    let get = project.run(NOW, &["get", "of_pairs", "--key", "a=1", "--key", "b=2"]);
    assert!(
        get.status == 1 && get.stderr.contains("has other join keys in version 1"),
        "{}",
        get.stderr
    );
    project.json(NOW, &["materialize"]);
    assert_eq!(ask(&mut http).json()["result"]["features"], json!(["12"]));
}

struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
