//! Connections that are slow, cut, idle or too many; and an end that lets answers out.

use std::io::Read;
use std::net::Shutdown;
use std::process::Command;

use serde_json::json;

use super::world::{GET, params, prepared, serve};
use crate::harness::{Http, cases};

fn body() -> String {
    json!({ "params": params("spend", 1) }).to_string()
}

fn head(length: usize) -> String {
    format!("POST {GET} HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\r\n")
}

/// Open files of a process.
fn open_files(id: u32) -> usize {
    std::fs::read_dir(format!("/proc/{id}/fd")).unwrap().count()
}

#[test]
fn requests_that_are_cut_anywhere() {
    let _timed = crate::harness::Timed::new("serving::connections::requests_that_are_cut_anywhere");
    let project = prepared();
    let server = serve(&project, &[]);
    let mut http = server.http();
    let expected = http.post(GET, &serde_json::from_str(&body()).unwrap()).body;
    // All views' files are open from now on.
    http.features(params("customer_features", 1));
    let before = open_files(server.id());
    let request = format!("{}{}", head(body().len()), body());
    for cut in 0..request.len() {
        let mut other = server.http();
        other.send(&request.as_bytes()[..cut]);
        other.stream().shutdown(Shutdown::Write).unwrap();
        // Either the connection is closed, or what is wrong is told.
        if let Some(reply) = other.reply() {
            assert_eq!(reply.status, 400, "cut at {cut}");
        }
    }
    // Byte by byte it is a request like any other.
    let mut slow = server.http();
    for byte in request.as_bytes() {
        slow.send(&[*byte]);
    }
    assert_eq!(slow.reply().unwrap().body, expected);
    drop(slow);
    // Several at once on one connection are answered in their order.
    http.send(request.repeat(3).as_bytes());
    for _ in 0..3 {
        assert_eq!(http.reply().unwrap().body, expected);
    }
    // A length that does not fit, and what is no HTTP at all.
    for wrong in [
        "POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n".to_owned(),
        "\u{0}\u{1}\u{2}\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(100_000)),
    ] {
        let mut other = server.http();
        other.send(wrong.as_bytes());
        let reply = other.reply();
        assert!(
            reply.as_ref().is_none_or(|reply| (400..500).contains(&reply.status)),
            "{reply:?}"
        );
    }
    // Chunks are read, up to the same bound.
    let mut chunked = server.http();
    chunked.send(format!("POST {GET} HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n").as_bytes());
    let chunk = |bytes: usize| format!("{bytes:x}\r\n{}\r\n", " ".repeat(bytes));
    for _ in 0..10 {
        chunked.send(chunk(100_000).as_bytes());
    }
    // One byte too many. Whoever goes on may find the connection closed before the answer is read.
    chunked.send(chunk((1 << 20) - 1_000_000 + 1).as_bytes());
    assert_eq!(chunked.reply().unwrap().status, 413);
    drop(chunked);
    let started = std::time::Instant::now();
    while open_files(server.id()) > before {
        assert!(
            started.elapsed().as_secs() < 30,
            "{} open files, {before} before",
            open_files(server.id())
        );
    }
    assert_eq!(http.post(GET, &serde_json::from_str(&body()).unwrap()).body, expected);
    assert_eq!(server.stop().0, 0);
}

#[test]
fn ten_thousand_open_connections() {
    let _timed = crate::harness::Timed::new("serving::connections::ten_thousand_open_connections");
    let project = prepared();
    let server = serve(&project, &["--max-connections", "10100"]);
    // Each end is an open file of a process, and this one may have fewer of them.
    let files: usize = String::from_utf8(Command::new("sh").args(["-c", "ulimit -Hn"]).output().unwrap().stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap_or(usize::MAX);
    assert!(
        files >= 10_300,
        "this machine allows {files} open files, and the test needs 10,300"
    );
    let raised = rustix::process::Rlimit {
        current: Some(files as u64),
        maximum: Some(files as u64),
    };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Nofile, raised);
    let mut open: Vec<Http> = (0..10_000).map(|_| server.http()).collect();
    // Those that were opened first, in the middle and last are answered.
    for at in [0, 5_000, 9_999] {
        assert_eq!(open[at].get("/health").status, 200);
    }
    // Some more are let in, and the rest are told that there is no room, before they have asked for anything.
    let mut more: Vec<Http> = (0..200).map(|_| server.http()).collect();
    for http in more.split_off(150).iter_mut() {
        let refused = http.reply().unwrap();
        assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    }
    drop(open.split_off(100));
    let started = std::time::Instant::now();
    loop {
        let mut http = server.http();
        http.send(b"GET /health HTTP/1.1\r\nhost: test\r\n\r\n");
        if http.reply().is_some_and(|reply| reply.status == 200) {
            break;
        }
        assert!(started.elapsed().as_secs() < 30);
    }
    assert_eq!(server.stop().0, 0);
}

#[test]
fn a_body_that_does_not_come() {
    let _timed = crate::harness::Timed::new("serving::connections::a_body_that_does_not_come");
    let project = prepared();
    let server = serve(&project, &["--body-timeout-ms", "50"]);
    let mut slow = server.http();
    slow.send(head(100).as_bytes());
    assert!(slow.reply().unwrap().error(408).contains("did not come within 50 ms"));
    // What comes after it would be taken for the next request, so the connection is closed.
    let mut rest = Vec::new();
    let mut stream = slow.stream();
    stream.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
}

#[test]
fn what_has_begun_is_answered_before_the_end() {
    let _timed = crate::harness::Timed::new("serving::connections::what_has_begun_is_answered_before_the_end");
    let runs = cases(3);
    let project = prepared();
    for _ in 0..runs {
        let server = serve(&project, &[]);
        let mut idle = server.http();
        idle.get("/health");
        let mut begun = server.http();
        // The server asks for the body, so it has begun.
        let asks = head(body().len()).replace("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n");
        begun.send(asks.as_bytes());
        assert_eq!(begun.reply().unwrap().status, 100);
        let address = server.address.clone();
        let stopping = std::thread::spawn(move || server.stop());
        // No connection is taken any more when the server stops.
        let started = std::time::Instant::now();
        while std::net::TcpStream::connect(&address).is_ok() {
            assert!(started.elapsed().as_secs() < 30);
        }
        begun.send(body().as_bytes());
        assert_eq!(begun.reply().unwrap().status, 200);
        let (status, log) = stopping.join().unwrap();
        assert_eq!((status, log.contains("cut off")), (0, false), "{log}");
    }
}
