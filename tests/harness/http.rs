//! The feature server as a process, and a client that says every byte itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::Project;

/// A server that ends with the test.
pub struct ServerProcess {
    child: Child,
    pub address: String,
    log: std::thread::JoinHandle<String>,
}

impl ServerProcess {
    /// `sandglass serve` of a project, on a port of its own.
    pub fn start(project: &Project, now: &str, arguments: &[&str]) -> Self {
        let mut all = vec!["--format", "json", "serve", "--listen", "127.0.0.1:0"];
        all.extend(arguments);
        Self::of(project.command(now, &all))
    }

    pub fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        // Read as it comes, so that the server never waits for its log.
        let log = std::thread::spawn(move || {
            let mut log = Vec::new();
            stderr.read_to_end(&mut log).unwrap();
            String::from_utf8_lossy(&log).into_owned()
        });
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        if line.is_empty() {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the server did not start: {}", log.join().unwrap());
        }
        let said: Value = serde_json::from_str(&line).unwrap();
        let address = said["listening"].as_str().unwrap().to_owned();
        Self { child, address, log }
    }

    pub fn http(&self) -> Http {
        Http::connect(&self.address)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end; answers its status and its log.
    pub fn stop(mut self) -> (i32, String) {
        let ended = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(ended.success());
        let status = self.child.wait().unwrap().code().unwrap_or(-1);
        let log = std::mem::replace(&mut self.log, std::thread::spawn(String::new));
        (status, log.join().unwrap())
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that is kept.
pub struct Http {
    stream: BufReader<TcpStream>,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The message of an error of this status.
    pub fn error(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        let body = self.json();
        assert_eq!(body["requestId"].as_str(), self.header("x-request-id"), "{body}");
        body["message"].as_str().unwrap().to_owned()
    }
}

impl Http {
    pub fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        // A server that hangs is a failed test and not one that never ends.
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    pub fn stream(&self) -> &TcpStream {
        self.stream.get_ref()
    }

    /// The next answer; none if the connection was closed instead.
    pub fn reply(&mut self) -> Option<Reply> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            line.clear();
            self.stream.read_line(&mut line).ok()?;
            match line.trim_end().split_once(": ") {
                Some((name, value)) => headers.push((name.to_owned(), value.to_owned())),
                None => break,
            }
        }
        let mut reply = Reply {
            status,
            headers,
            body: Vec::new(),
        };
        let length = reply
            .header("content-length")
            .map_or(0, |length| length.parse().unwrap());
        reply.body.resize(length, 0);
        self.stream.read_exact(&mut reply.body).ok()?;
        Some(reply)
    }

    pub fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        self.send(&bytes);
        self.reply().expect("an answer")
    }

    pub fn get(&mut self, path: &str) -> Reply {
        self.request("GET", path, &[], b"")
    }

    pub fn post(&mut self, path: &str, body: &Value) -> Reply {
        self.request(
            "POST",
            path,
            &[("content-type", "application/json")],
            body.to_string().as_bytes(),
        )
    }

    /// One vector; it has to be answered.
    pub fn features(&mut self, params: Value) -> Value {
        let reply = self.post(
            "/api/v1/feature-service/get-features",
            &serde_json::json!({ "params": params }),
        );
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }
}

/// A server in this process, whose clock a test moves while other processes apply and materialize.
pub struct InProcess {
    pub address: String,
    clock: Arc<AtomicI64>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl InProcess {
    pub fn start(project: &Project) -> Self {
        use sandglass::online::open_to_serve;
        use sandglass::server::{Limits, Server};
        use sandglass::serving::{Clock, Serving};

        let folder = sandglass::project::Folder::open(&project.path("")).unwrap();
        let store = open_to_serve(&folder.project().stores.online, &folder.root, 16 << 20).unwrap();
        let registry = sandglass::registry::Registry::new(folder.offline(), folder.project());
        let clock = Arc::new(AtomicI64::new(0));
        let shown = Arc::clone(&clock);
        let now: Clock = Arc::new(move || sandglass::time::Timestamp::from_micros(shown.load(Ordering::Acquire)));
        let workspace = folder.project().name.clone();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            super::runtime().block_on(async {
                let serving = Serving::new(workspace, registry, store, None, now, Duration::from_secs(10)).unwrap();
                let address = "127.0.0.1:0".parse().unwrap();
                let server = Server::bind(address, Arc::new(serving), None, Limits::default())
                    .await
                    .unwrap();
                tell.send(server.address().unwrap().to_string()).unwrap();
                server.run(async { drop(stopped.await) }).await;
            });
        });
        Self {
            address: told.recv().unwrap(),
            clock,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// From now on it is this time.
    pub fn at(&self, micros: i64) {
        self.clock.store(micros, Ordering::Release);
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
