//! Faults between the client and DynamoDB or S3: a server that hands requests on, or does with them what the real one rarely does.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// The service refuses it with an error of this name, and does nothing.
    Refused(u16, &'static str),
    /// The connection is cut before the service has it.
    Cut,
    /// The service does it, and the connection is cut before the answer.
    Unanswered,
    /// The service does it, and the answer comes too late.
    Late(Duration),
    /// Of a batch, the service does the first half and leaves the rest over.
    Half,
    /// The service does it whatever is there already: it takes no notice of the condition.
    Unconditional,
    /// The service does it, and its answer is changed.
    Told(fn(&mut Value)),
}

/// A request, as a rule sees it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Such as `BatchGetItem`, or `PutObject`.
    pub operation: &'a str,
    /// How many of this operation came before it.
    pub before: u64,
    /// How many of this operation the service had done without a fault before it came.
    pub done: u64,
    /// As it is sent, with what follows a `?`.
    pub path: &'a str,
    /// Null if it is no JSON.
    pub body: &'a Value,
    pub bytes: &'a [u8],
}

type Rule = dyn Fn(&Asked<'_>) -> Option<Fault> + Send + Sync;

/// What was asked for so far.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Requests by operation, with and without faults.
    pub requests: BTreeMap<String, u64>,
    /// Those of them that the service has done without a fault.
    pub done: BTreeMap<String, u64>,
    /// Faults by their operation.
    pub faults: BTreeMap<String, u64>,
    /// Items that were put by `BatchWriteItem`, by table.
    pub puts: BTreeMap<String, u64>,
}

/// A proxy in front of a server, which ends when it is dropped.
pub struct Proxy {
    port: u16,
    seen: Arc<Mutex<Seen>>,
    ended: Arc<AtomicBool>,
}

impl Proxy {
    /// In front of the server at this address; the rule says what goes wrong.
    pub fn start(server: &str, rule: impl Fn(&Asked<'_>) -> Option<Fault> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, ended) = (Arc::<Mutex<Seen>>::default(), Arc::new(AtomicBool::new(false)));
        let shared = Arc::new(Shared {
            server: server.trim_start_matches("http://").to_owned(),
            rule: Box::new(rule),
            seen: Arc::clone(&seen),
        });
        let ends = Arc::clone(&ended);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ends.load(Ordering::Acquire) {
                    break;
                }
                let (Ok(stream), shared) = (stream, Arc::clone(&shared)) else {
                    continue;
                };
                std::thread::spawn(move || shared.serve(stream));
            }
        });
        Self { port, seen, ended }
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        // Wakes the listener.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

struct Shared {
    server: String,
    rule: Box<Rule>,
    seen: Arc<Mutex<Seen>>,
}

impl Shared {
    /// Requests of one connection, one after the other.
    fn serve(&self, mut stream: TcpStream) {
        while let Some((head, body)) = message(&mut stream) {
            let Some(answer) = self.answer(&head, body) else {
                let _ = stream.shutdown(Shutdown::Both);
                return;
            };
            if stream.write_all(&answer).is_err() {
                return;
            }
        }
    }

    /// None if the connection is to be cut.
    fn answer(&self, head: &str, body: Vec<u8>) -> Option<Vec<u8>> {
        let operation = match header(head, "x-amz-target") {
            Some(target) => target.rsplit('.').next().unwrap_or_default(),
            None => of_objects(head),
        };
        let parsed: Value = serde_json::from_slice(&body).unwrap_or_default();
        let fault = {
            let mut seen = self.seen();
            let done = seen.done.get(operation).copied().unwrap_or_default();
            let before = seen.requests.entry(operation.to_owned()).or_default();
            let asked = Asked {
                operation,
                before: *before,
                done,
                path: asked_for(head).map_or("", |(_, path)| path),
                body: &parsed,
                bytes: &body,
            };
            *before += 1;
            let fault = (self.rule)(&asked);
            if fault.is_some() {
                *seen.faults.entry(operation.to_owned()).or_default() += 1;
            }
            fault
        };
        match fault {
            None => {
                self.count(operation, &parsed);
                let answer = self.forward(head, &body);
                *self.seen().done.entry(operation.to_owned()).or_default() += 1;
                answer
            }
            Some(Fault::Refused(status, name)) => {
                let answer =
                    json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{name}"), "message": "injected" });
                Some(reply(status, &answer))
            }
            Some(Fault::Cut) => None,
            Some(Fault::Unanswered) => {
                self.count(operation, &parsed);
                self.forward(head, &body);
                None
            }
            Some(Fault::Unconditional) => self.forward(&head.replace("if-none-match", "x-no-condition"), &body),
            Some(Fault::Late(late)) => {
                self.count(operation, &parsed);
                let answer = self.forward(head, &body);
                #[expect(clippy::disallowed_methods, reason = "an answer that comes late")]
                std::thread::sleep(late);
                answer
            }
            Some(Fault::Half) => self.half(head, operation, parsed),
            Some(Fault::Told(change)) => {
                self.count(operation, &parsed);
                let done = self.forward(head, &body)?;
                let split = done.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
                let mut answer = serde_json::from_slice(&done[split + 4..]).ok()?;
                change(&mut answer);
                Some(reply(200, &answer))
            }
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, operation: &str, body: &Value) {
        if operation != "BatchWriteItem" {
            return;
        }
        let mut seen = self.seen();
        for (table, writes) in body["RequestItems"].as_object().into_iter().flatten() {
            let puts = writes.as_array().into_iter().flatten();
            let puts = puts.filter(|write| write.get("PutRequest").is_some());
            *seen.puts.entry(table.clone()).or_default() += puts.count() as u64;
        }
    }

    /// Of a batch the first half of each table, with the rest as what is left over.
    fn half(&self, head: &str, operation: &str, mut body: Value) -> Option<Vec<u8>> {
        let is_write = operation == "BatchWriteItem";
        let mut over = json!({});
        for (table, asked) in body["RequestItems"].as_object_mut()? {
            let items = if is_write { &mut *asked } else { &mut asked["Keys"] };
            let items = items.as_array_mut()?;
            let rest = items.split_off(items.len() / 2);
            if rest.is_empty() {
                continue;
            }
            over[table] = match is_write {
                true => json!(rest),
                false => {
                    let mut again = asked.clone();
                    again["Keys"] = json!(rest);
                    again
                }
            };
        }
        // A request without items is none.
        let is_empty = |asked: &Value| {
            let items = if is_write { asked } else { &asked["Keys"] };
            items.as_array().is_none_or(Vec::is_empty)
        };
        body["RequestItems"]
            .as_object_mut()?
            .retain(|_, asked| !is_empty(asked));
        let mut answer = json!({ "Responses": {} });
        if body["RequestItems"].as_object().is_some_and(|left| !left.is_empty()) {
            self.count(operation, &body);
            let done = self.forward(head, &serde_json::to_vec(&body).ok()?)?;
            let split = done.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
            answer = serde_json::from_slice(&done[split + 4..]).ok()?;
        }
        let key = if is_write {
            "UnprocessedItems"
        } else {
            "UnprocessedKeys"
        };
        answer[key] = over;
        Some(reply(200, &answer))
    }

    /// What the server answers, on a connection of its own.
    fn forward(&self, head: &str, body: &[u8]) -> Option<Vec<u8>> {
        let mut server = TcpStream::connect(&self.server).ok()?;
        let kept = head.lines().skip(1).filter(|line| {
            let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
            !line.is_empty() && !["connection", "content-length", "transfer-encoding", "expect"].contains(&&*name)
        });
        // 1.0: the answer ends with the connection, and is not in chunks.
        let (method, path) = asked_for(head)?;
        let mut request = format!("{method} {path} HTTP/1.0\r\n");
        for line in kept {
            request.push_str(line);
            request.push_str("\r\n");
        }
        request.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len()));
        server.write_all(request.as_bytes()).ok()?;
        server.write_all(body).ok()?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer).ok()?;
        let split = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&answer[..split]).into_owned();
        let status: u16 = head.split(' ').nth(1)?.parse().ok()?;
        let mut kept = format!("HTTP/1.1 {status} X\r\n");
        for line in head.lines().skip(1) {
            let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
            // The answer to HEAD has no body, and the length of what GET would answer.
            let is_kept = name == "content-length" && method == "HEAD";
            if is_kept || !["connection", "content-length", "transfer-encoding"].contains(&&*name) {
                kept.push_str(line);
                kept.push_str("\r\n");
            }
        }
        let body = &answer[split + 4..];
        if method != "HEAD" {
            kept.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        kept.push_str("\r\n");
        Some([kept.as_bytes(), body].concat())
    }
}

/// The method and path of a request.
fn asked_for(head: &str) -> Option<(&str, &str)> {
    let mut parts = head.lines().next()?.split(' ');
    Some((parts.next()?, parts.next()?))
}

/// What a request asks of S3.
fn of_objects(head: &str) -> &'static str {
    match asked_for(head) {
        Some(("PUT", path)) if path.contains("partNumber=") => "UploadPart",
        Some(("PUT", path)) if path.contains("/_delta_log/") => "PutLogEntry",
        Some(("PUT", _)) => "PutObject",
        Some(("POST", path)) if path.contains("uploads") => "CreateMultipartUpload",
        Some(("POST", path)) if path.contains("uploadId=") => "CompleteMultipartUpload",
        Some(("POST", _)) => "DeleteObjects",
        Some(("DELETE", path)) if path.contains("uploadId=") => "AbortMultipartUpload",
        Some(("DELETE", _)) => "DeleteObject",
        Some(("GET", path)) if path.contains("list-type=") => "ListObjectsV2",
        Some(("GET", _)) => "GetObject",
        Some(("HEAD", _)) => "HeadObject",
        _ => "",
    }
}

fn reply(status: u16, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// A message's head and body; none at the connection's end.
fn message(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut piece = [0; 65_536];
    let split = loop {
        if let Some(split) = bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break split;
        }
        let read = stream.read(&mut piece).ok().filter(|read| *read > 0)?;
        bytes.extend(&piece[..read]);
    };
    let head = String::from_utf8_lossy(&bytes[..split]).into_owned();
    let mut body = bytes.split_off(split + 4);
    let length: usize = match header(&head, "content-length") {
        Some(length) => length.parse().ok()?,
        None => 0,
    };
    while body.len() < length {
        let read = stream.read(&mut piece).ok().filter(|read| *read > 0)?;
        body.extend(&piece[..read]);
    }
    Some((head, body))
}
