//! Data frames over HTTP, as Tecton's clients bring them.

use serde_json::{Value, json};

use super::world::{NOW, get, nothing, project};
use crate::harness::{Http, Project, Reply, ServerProcess, Timed};

const INFO: &str = "/api/v1/jobs/get-dataframe-info";
const INGEST: &str = "/api/v1/jobs/ingest-dataframe";
const JOB: &str = "/api/v1/jobs/get-materialization-job";
const JOBS: &str = "/api/v1/jobs/list-materialization-jobs";

fn asked(more: Value) -> Value {
    let mut body = json!({ "workspace": "shop", "feature_view": "profile", "use_tecton_managed_retries": false });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// A place for a data frame: its `df_path`, and the path of its URL.
fn place(http: &mut Http) -> (String, String) {
    let reply = http.post(INFO, &asked(json!({})));
    assert_eq!(reply.status, 200, "{}", reply.text());
    let (info, text) = (reply.json(), |value: &Value| value.as_str().unwrap().to_owned());
    let url = text(&info["signed_url_for_df_upload"]);
    let path = url.strip_prefix("http://test").unwrap_or_else(|| panic!("{url}"));
    (text(&info["df_path"]), path.to_owned())
}

/// Parquet of these customers, plans and seconds since 1970.
fn parquet(rows: &[(&str, &str, i64)]) -> Vec<u8> {
    use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampNanosecondArray};
    use std::sync::Arc;
    let customers: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.0)));
    let plans: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.1)));
    // As pandas has times.
    let times: ArrayRef = Arc::new(TimestampNanosecondArray::from_iter_values(
        rows.iter().map(|row| row.2 * 1_000_000_000),
    ));
    let batch = RecordBatch::try_from_iter([("customer", customers), ("updated_at", times), ("plan", plans)]).unwrap();
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

/// Asks about a job until it has ended.
fn ended(http: &mut Http, id: &str) -> Value {
    let ask = |http: &mut Http| http.post(JOB, &asked(json!({ "job_id": id })));
    let is_over = |reply: &Reply| !reply.json()["job"]["state"].as_str().unwrap().ends_with("RUNNING");
    crate::serving::world::until(http, ask, is_over).json()["job"].clone()
}

/// Puts these rows as a data frame and has them ingested; the job at its end.
pub fn brought(http: &mut Http, rows: &[(&str, &str, i64)]) -> Value {
    let (df_path, url) = place(http);
    assert_eq!(http.request("PUT", &url, &[], &parquet(rows)).status, 200);
    let reply = http.post(INGEST, &asked(json!({ "df_path": df_path })));
    assert_eq!(reply.status, 200, "{}", reply.text());
    ended(http, reply.json()["job"]["id"].as_str().unwrap())
}

fn serve(project: &Project, arguments: &[&str]) -> ServerProcess {
    ServerProcess::start(project, NOW, arguments)
}

const DAY_32: i64 = 1_706_745_600;

#[test]
fn a_data_frame_becomes_features() {
    let _timed = Timed::new("tables::http::a_data_frame_becomes_features");
    let project = project("plan = \"utf8\"", "");
    let server = serve(&project, &[]);
    let mut http = server.http();
    let (df_path, url) = place(&mut http);
    let rows = parquet(&[("ann", "gold", DAY_32), ("bob", "tin", DAY_32)]);
    assert_eq!(http.request("PUT", &url, &[], &rows).status, 200);
    let reply = http.post(INGEST, &asked(json!({ "df_path": df_path })));
    assert_eq!(reply.status, 200, "{}", reply.text());
    let job = reply.json()["job"].clone();
    assert_eq!(job["feature_view"], "profile");
    let job = ended(&mut http, job["id"].as_str().unwrap());
    assert_eq!(job["state"], "MATERIALIZATION_TASK_STATUS_SUCCESS", "{job}");
    assert_eq!((&job["rows"], &job["error"]), (&json!(2), &Value::Null));
    // The same server answers with what came, at once.
    let vector = http.features(json!({
        "workspaceName": "shop", "featureServiceName": "profile", "joinKeyMap": { "customer": "ann" },
    }));
    assert_eq!(vector["result"]["features"], json!(["gold"]));
    // Once more is the same job; and the rows lie nowhere else any more.
    let again = http.post(INGEST, &asked(json!({ "df_path": df_path }))).json()["job"].clone();
    assert_eq!(again, job);
    let jobs = http.post(JOBS, &asked(json!({}))).json();
    assert_eq!(jobs["jobs"], json!([job]));
    let left = crate::maintain::below(&project.path("store/offline/shop/_dataframes"));
    assert!(!left.iter().any(|file| file.ends_with(".parquet")), "{left:?}");
    let (status, log) = server.stop();
    assert_eq!(status, 0);
    assert!(log.contains("ingest-dataframe"), "{log}");
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_brought() {
    let _timed = Timed::new("tables::http::what_is_wrong_is_said_and_nothing_is_brought");
    let project = project("plan = \"utf8\"", "");
    let server = serve(&project, &["--max-upload-bytes", "4096"]);
    let mut http = server.http();
    let refused = |http: &mut Http, path: &str, body: Value, status: u16| {
        let reply = http.post(path, &body);
        let message = reply.error(status);
        assert_eq!(reply.json()["error"], message);
        message
    };
    let mut told = vec![
        refused(&mut http, INFO, json!({ "workspace": "shop" }), 400),
        refused(
            &mut http,
            INFO,
            json!({ "workspace": "other", "feature_view": "profile" }),
            404,
        ),
        refused(
            &mut http,
            INFO,
            json!({ "workspace": "shop", "feature_view": "x" }),
            404,
        ),
        refused(&mut http, INGEST, asked(json!({})), 400),
        refused(&mut http, INGEST, asked(json!({ "df_path": "s3://bucket/x" })), 400),
        refused(
            &mut http,
            INGEST,
            asked(json!({ "df_path": "sandglass-dataframe:../../x" })),
            404,
        ),
        refused(
            &mut http,
            JOB,
            asked(json!({ "job_id": "00000000000000000000000000000000" })),
            404,
        ),
    ];
    let (df_path, url) = place(&mut http);
    told.push(refused(&mut http, INGEST, asked(json!({ "df_path": df_path })), 400));
    let rows = parquet(&[("ann", "gold", DAY_32)]);
    for wrong in [
        url.split_once('?').unwrap().0.to_owned(),
        format!("{url}0"),
        url.replace("signature=", "signature=f"),
    ] {
        told.push(http.request("PUT", &wrong, &[], &rows).error(401));
    }
    told.push(http.request("PUT", &url, &[], &[0; 5_000]).error(413));
    // What is too large ends the connection.
    let mut http = server.http();
    expect_test::expect![[r#"
        the request's body is not as it should be: missing field `feature_view` at line 1 column 20
        there is no workspace `other` here
        there is no feature table `x`
        the request has no `df_path`
        `df_path` is not one that `get-dataframe-info` gave: ask for one, and put the rows there
        there is no data frame or job `../../x`, or not any more
        there is no data frame or job `00000000000000000000000000000000`, or not any more
        no rows were put there yet: put them as Parquet to `signed_url_for_df_upload` first
        the signature of the URL is not the one that was given out for it
        the signature of the URL is not the one that was given out for it
        the signature of the URL is not the one that was given out for it
        a data frame has at most 4096 bytes; send it in parts"#]]
    .assert_eq(&told.join("\n"));
    // What was cut off on its way is not there.
    let mut cut = server.http();
    cut.send(format!("PUT {url} HTTP/1.1\r\nhost: test\r\ncontent-length: 4000\r\n\r\nPAR1").as_bytes());
    drop(cut);
    told.push(refused(&mut http, INGEST, asked(json!({ "df_path": df_path })), 400));
    // Rows that the table does not take fail the job, and say why.
    for (bytes, why) in [
        (b"PAR1 and no more".to_vec(), "parquet"),
        (parquet(&[("ann", "gold", 4_000_000_000)]), "2096-10-02"),
    ] {
        let (df_path, url) = place(&mut http);
        assert_eq!(http.request("PUT", &url, &[], &bytes).status, 200);
        let job = http.post(INGEST, &asked(json!({ "df_path": df_path }))).json();
        let job = ended(&mut http, job["job"]["id"].as_str().unwrap());
        assert_eq!(job["state"], "MATERIALIZATION_TASK_STATUS_FAILURE", "{job}");
        assert!(job["error"].as_str().unwrap().to_lowercase().contains(why), "{job}");
    }
    assert_eq!(project.json(NOW, &["status"])["feature_views"][0]["offline_rows"], 0);
}

#[test]
fn only_keys_that_may_bring_rows() {
    let _timed = Timed::new("tables::http::only_keys_that_may_bring_rows");
    let project = project("plan = \"utf8\"", "");
    let server = serve(&project, &["--require-keys"]);
    let mut http = server.http();
    let key = |more: &[&str]| {
        let made = project.json(NOW, &[&["key", "create", "--name", "k"][..], more].concat());
        format!("Tecton-key {}", made["key"].as_str().unwrap())
    };
    let (reads, brings) = (key(&[]), key(&["--may-ingest"]));
    let body = asked(json!({})).to_string();
    let ask = |http: &mut Http, headers: &[(&str, &str)]| {
        http.request(
            "POST",
            INFO,
            &[headers, &[("content-type", "application/json")]].concat(),
            body.as_bytes(),
        )
    };
    ask(&mut http, &[]).error(401);
    let message = ask(&mut http, &[("authorization", &reads)]).error(403);
    assert!(message.contains("--may-ingest"), "{message}");
    let reply = ask(
        &mut http,
        &[
            ("authorization", &brings),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "features.example"),
        ],
    );
    assert_eq!(reply.status, 200);
    let url = reply.json()["signed_url_for_df_upload"].as_str().unwrap().to_owned();
    let path = url
        .strip_prefix("https://features.example")
        .unwrap_or_else(|| panic!("{url}"));
    // The URL alone opens the place.
    assert_eq!(
        http.request("PUT", path, &[], &parquet(&[("ann", "gold", DAY_32)]))
            .status,
        200
    );
    for path in [INGEST, JOB, JOBS] {
        http.post(path, &asked(json!({}))).error(401);
    }
}

/// Clients that try again, and two servers of one project, make one job of a data frame.
#[test]
fn a_data_frame_is_one_job() {
    let _timed = Timed::new("tables::http::a_data_frame_is_one_job");
    let project = project("plan = \"utf8\"", "");
    let servers = [serve(&project, &[]), serve(&project, &[])];
    let mut http = servers[0].http();
    for round in 0..4 {
        let (df_path, url) = place(&mut http);
        let rows = parquet(&[("ann", "gold", DAY_32 + round)]);
        assert_eq!(http.request("PUT", &url, &[], &rows).status, 200);
        let body = asked(json!({ "df_path": df_path }));
        let ids: Vec<String> = std::thread::scope(|scope| {
            let asking = (0..4).map(|client| {
                let (server, body) = (&servers[client % 2], &body);
                scope.spawn(move || {
                    server.http().post(INGEST, body).json()["job"]["id"]
                        .as_str()
                        .unwrap()
                        .to_owned()
                })
            });
            let asking: Vec<_> = asking.collect();
            asking.into_iter().map(|asked| asked.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        let job = ended(&mut http, &ids[0]);
        assert_eq!(job["state"], "MATERIALIZATION_TASK_STATUS_SUCCESS", "{job}");
        // What comes when it is over changes nothing.
        let message = http.request("PUT", &url, &[], b"PAR1").error(400);
        assert!(message.contains("ingested already"), "{message}");
    }
    // A page of another site can send this without being asked, and so it is not taken.
    let reply = http.request(
        "POST",
        INFO,
        &[("content-type", "text/plain")],
        asked(json!({})).to_string().as_bytes(),
    );
    assert!(reply.error(400).contains("application/json"));
}

/// What was begun before a server was killed is ingested in the order in which it was begun.
#[test]
fn corrections_come_after_what_they_correct() {
    let _timed = Timed::new("tables::http::corrections_come_after_what_they_correct");
    let project = project("plan = \"utf8\"", "");
    let server = serve(&project, &[]);
    let mut http = server.http();
    let mut ids = Vec::new();
    for number in 0..6 {
        let (df_path, url) = place(&mut http);
        let rows = parquet(&[("ann", ["a", "b", "c", "d", "e", "f"][number], DAY_32)]);
        assert_eq!(http.request("PUT", &url, &[], &rows).status, 200);
        let job = http.post(INGEST, &asked(json!({ "df_path": df_path }))).json();
        ids.push(job["job"]["id"].as_str().unwrap().to_owned());
    }
    drop(server);
    let server = serve(&project, &[]);
    let mut http = server.http();
    for id in &ids {
        let job = ended(&mut http, id);
        assert_eq!(job["state"], "MATERIALIZATION_TASK_STATUS_SUCCESS", "{job}");
    }
    assert_eq!(get(&project, NOW, "ann"), json!(["f"]));
    let jobs = http.post(JOBS, &asked(json!({}))).json()["jobs"].clone();
    let listed: Vec<&str> = jobs
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["id"].as_str().unwrap())
        .collect();
    assert_eq!(listed, ids);
}

/// A server is killed while rows are ingested; the next one goes on.
#[test]
fn a_server_that_is_killed_goes_on() {
    let _timed = Timed::new("tables::http::a_server_that_is_killed_goes_on");
    let project = project("plan = \"utf8\"", "");
    let mut id = String::new();
    for round in 0..3 {
        let server = serve(&project, &[]);
        let mut http = server.http();
        if round == 0 {
            let (df_path, url) = place(&mut http);
            let rows = parquet(&[("ann", "gold", DAY_32)]);
            assert_eq!(http.request("PUT", &url, &[], &rows).status, 200);
            assert_eq!(get_or_nothing(&project), nothing(1));
            let job = http.post(INGEST, &asked(json!({ "df_path": df_path }))).json();
            id = job["job"]["id"].as_str().unwrap().to_owned();
        }
        if round == 2 {
            let job = ended(&mut http, &id);
            assert_eq!(job["state"], "MATERIALIZATION_TASK_STATUS_SUCCESS", "{job}");
        }
        // Killed where it is not stopped.
        drop(server);
    }
    assert_eq!(get(&project, NOW, "ann"), json!(["gold"]));
}

fn get_or_nothing(project: &Project) -> Value {
    let answer = project.run(NOW, &["--format", "json", "get", "profile", "--key", "customer=ann"]);
    match answer.status {
        0 => get(project, NOW, "ann"),
        _ => nothing(1),
    }
}
