//! Keys of clients.

use serde_json::json;

use super::world::{GET, NOW, params, prepared, serve, until};
use crate::harness::{Http, Reply};

fn ask(http: &mut Http, header: Option<&str>) -> Reply {
    let headers: Vec<(&str, &str)> = header.map(|value| ("authorization", value)).into_iter().collect();
    http.request(
        "POST",
        GET,
        &headers,
        json!({ "params": params("spend", 1) }).to_string().as_bytes(),
    )
}

#[test]
fn only_who_has_a_key_is_answered() {
    let _timed = crate::harness::Timed::new("serving::keys::only_who_has_a_key_is_answered");
    let project = prepared();
    let server = serve(&project, &["--require-keys"]);
    let mut http = server.http();
    assert!(ask(&mut http, None).error(401).contains("Tecton-key"));
    let made = project.json(NOW, &["key", "create", "--name", "web shop"]);
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    // A key that was just made is known at once.
    for header in [
        format!("Tecton-key {key}"),
        format!("Bearer {key}"),
        format!("bearer  {key} "),
    ] {
        assert_eq!(ask(&mut http, Some(&header)).status, 200, "{header}");
    }
    let other_secret = format!(
        "Bearer {}{}",
        &key[..key.len() - 1],
        if key.ends_with('0') { '1' } else { '0' }
    );
    for header in [
        key,
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Bearer sg_../../applied/000000000001_x",
        "Bearer sg__",
        other_secret.as_str(),
    ] {
        assert_eq!(ask(&mut http, Some(header)).status, 401, "{header}");
    }
    // Neither do other paths tell anything without one, but for those that say nothing of features.
    for (path, status) in [
        ("/metrics", 401),
        ("/health", 200),
        ("/ready", 200),
        ("/openapi.json", 200),
    ] {
        assert_eq!(http.get(path).status, status, "{path}");
    }
    // What is stored is not the key.
    let stored =
        std::fs::read_to_string(project.path(&format!("store/offline/shop/_registry/keys/{id}.json"))).unwrap();
    assert!(
        !stored.contains(key) && !stored.contains(key.rsplit_once('_').unwrap().1),
        "{stored}"
    );
    let listed = project.json(NOW, &["key", "list"]);
    assert_eq!(listed["keys"][0]["name"], "web shop");
    assert!(listed["keys"][0].get("hash").is_none());
    project.json(NOW, &["key", "remove", id]);
    let header = format!("Bearer {key}");
    until(&mut http, |http| ask(http, Some(&header)), |reply| reply.status == 401);
    let again = project.run(NOW, &["key", "remove", id]);
    assert_eq!((again.status, again.stderr.contains("there is no key")), (1, true));
    assert_eq!(
        project.run(NOW, &["key", "remove", "../applied/000000000001"]).status,
        1
    );
}

#[test]
fn other_addresses_than_loopback_always_need_one() {
    let _timed = crate::harness::Timed::new("serving::keys::other_addresses_than_loopback_always_need_one");
    let project = prepared();
    let command = project.command(NOW, &["--format", "json", "serve", "--listen", "0.0.0.0:0"]);
    let server = crate::harness::ServerProcess::of(command);
    let port = server.address.rsplit_once(':').unwrap().1;
    let mut http = Http::connect(&format!("127.0.0.1:{port}"));
    assert_eq!(ask(&mut http, None).status, 401);
    let (_, log) = server.stop();
    assert!(log.contains("there is no key yet"), "{log}");
}
