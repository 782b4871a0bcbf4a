//! Real servers, fetched once into the user's cache and started for a run of the tests.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sandglass::folders;

use super::project::repository;
use super::python::python;

/// How long a server may take until it answers.
const READY: Duration = Duration::from_secs(60);

/// Makes a folder of the cache, once; others wait meanwhile. `make` is given it without what a killed run has left there.
pub fn once(name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let folder = folders::cache().join(name);
    let ready = folder.join("ready");
    // Several tests want the same one, and none is there on a new machine.
    std::fs::create_dir_all(folder.parent().unwrap()).unwrap();
    let lock = std::fs::File::create(folder.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    if !ready.exists() {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        make(&folder);
        std::fs::write(ready, "").unwrap();
    }
    folder
}

/// Runs a command to its end, which has to be a good one.
pub fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; it has to be installed for this test"));
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A server that ends with this process, however that ends: its shell waits for the end of a pipe that only this process holds.
struct Leashed(#[expect(dead_code, reason = "its standard input is what is held")] Child);

impl Leashed {
    fn start(command: &str, folder: &Path) -> Self {
        let script = format!("{command} & server=$!; cat >/dev/null; kill -9 $server");
        let log = || std::fs::File::create(folder.join("log")).unwrap();
        let child = Command::new("sh")
            .args(["-c", &script])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(log())
            .stderr(log())
            .spawn();
        Self(child.unwrap())
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

#[expect(clippy::disallowed_methods, reason = "a server says in no other way that it listens")]
fn answers(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let began = Instant::now();
    while began.elapsed() < READY {
        if TcpStream::connect_timeout(&address, READY).is_ok() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// A server that is started when it is first needed, for all tests of this run.
struct Shared(Mutex<Option<(Leashed, String)>>);

impl Shared {
    /// Its address; `command` starts it on a port.
    fn endpoint(&self, name: &str, command: impl FnOnce(u16) -> String) -> String {
        let mut started = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, endpoint)) = &*started {
            return endpoint.clone();
        }
        let port = free_port();
        let folder = tempfile::tempdir().unwrap().keep();
        let server = Leashed::start(&command(port), &folder);
        assert!(
            answers(port),
            "{name}: {}",
            std::fs::read_to_string(folder.join("log")).unwrap_or_default()
        );
        let endpoint = format!("http://127.0.0.1:{port}");
        *started = Some((server, endpoint.clone()));
        endpoint
    }
}

/// DynamoDB Local, in memory: the one of this run of the tests. Each test has tables of its own, by their prefix.
pub fn dynamodb() -> String {
    static STARTED: Shared = Shared(Mutex::new(None));
    STARTED.endpoint("DynamoDB Local", |port| {
        let jars = once("dynamodb-local-2.6.1", |folder| {
            let pom = repository().join("tests/fixtures/servers/pom.xml");
            run(Command::new("mvn")
                .args(["-q", "-B", "-ntp", "-P", "dynamodb", "dependency:copy-dependencies"])
                .arg("-f")
                .arg(&pom)
                .arg("-DincludeScope=runtime")
                .arg(format!("-DoutputDirectory={}", folder.display())));
        });
        let jars = jars.display();
        format!(
            "java -Xmx1g -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.library.path={jars} -cp '{jars}/*' \
             com.amazonaws.services.dynamodbv2.local.main.ServerRunner -disableTelemetry -port {port} -inMemory -sharedDb"
        )
    })
}

/// moto, in memory: DynamoDB with imports, and S3. Each test has tables and a bucket of its own.
pub fn moto() -> String {
    static STARTED: Shared = Shared(Mutex::new(None));
    STARTED.endpoint("moto", |port| {
        let packages = [
            "moto==5.2.5",
            "flask==3.1.3",
            "flask-cors==6.0.5",
            "py-partiql-parser==0.6.3",
            "pyyaml==6.0.3",
        ];
        let python = python("moto-5.2.5", &packages);
        let server = repository().join("tests/fixtures/servers/moto_server.py");
        format!("{} {} -H 127.0.0.1 -p {port}", python.display(), server.display())
    })
}

/// gofakes3, in memory: S3 with conditional puts, which asks nobody who they are. Each test has a bucket of its own.
pub fn s3() -> String {
    static STARTED: Shared = Shared(Mutex::new(None));
    STARTED.endpoint("gofakes3", |port| {
        let program = go(
            "gofakes3-1.2.0",
            "github.com/johannesboyne/gofakes3/cmd/gofakes3@v1.2.0",
        );
        format!(
            "{}/gofakes3 -quiet -host 127.0.0.1:{port} -backend memory",
            program.display()
        )
    })
}

/// versitygw, over a folder: S3 that checks signatures. Its address, and the folder whose folders are its buckets.
pub fn signed_s3() -> (String, PathBuf) {
    static STARTED: Shared = Shared(Mutex::new(None));
    let buckets = std::env::temp_dir().join(format!("sandglass-buckets-{}", std::process::id()));
    std::fs::create_dir_all(&buckets).unwrap();
    let endpoint = STARTED.endpoint("versitygw", |port| {
        let program = go("versitygw-1.8.0", "github.com/versity/versitygw/cmd/versitygw@v1.8.0");
        let [(_, key), (_, secret)] = super::buckets::ACCESS;
        format!(
            "ROOT_ACCESS_KEY={key} ROOT_SECRET_KEY={secret} {}/versitygw --port 127.0.0.1:{port} --region {} --quiet posix {}",
            program.display(),
            super::buckets::REGION,
            buckets.display()
        )
    });
    (endpoint, buckets)
}

/// The folder of a program in Go.
fn go(name: &str, package: &str) -> PathBuf {
    once(name, |folder| {
        run(Command::new("go")
            .args(["install", "-ldflags", "-s -w", package])
            .env("GOBIN", folder)
            .env("GOFLAGS", ""));
    })
}

/// A name that no other test of this run has.
pub fn unique(what: &str) -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    format!("{what}{}", LAST.fetch_add(1, Ordering::Relaxed))
}
